package parser

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"hogpen/hog/ast"
)

// mode is what the lexer reads at the moment. Modes are a stack: a brace in a
// template opens an expression, a template in that expression opens text, …
type mode uint8

const (
	modeCode    mode = iota // the outermost code, or the inside of { in code
	modeHole                // { … } of a template or a tag
	modeString              // the text of f'…'
	modeFull                // the text of an input template, which no quote ends
	modeTag                 // between <name and >
	modeTagText             // between <name …> and </name>
)

// lexer turns source into tokens, all at once: the parser looks ahead a lot,
// and knows where each bracket ends before it decides what the bracket is.
type lexer struct {
	src      string
	pos      int
	modes    []mode
	tokens   []token
	comments []ast.Comment
	open     []openTag
	diags    ast.Diagnostics
	// broken is set when the rest of the source was swallowed by something
	// unterminated, so that complaints about the end would only repeat it.
	broken bool
}

func lex(src string, start mode) *lexer {
	l := &lexer{src: src, modes: []mode{start}, tokens: make([]token, 0, len(src)/4+8)}
	for l.pos < len(l.src) {
		l.step()
	}
	l.finish()
	l.emit(tokEOF, len(src))
	return l
}

func (l *lexer) step() {
	switch l.modes[len(l.modes)-1] {
	case modeString:
		l.templateText()
	case modeFull:
		l.fullText()
	case modeTag:
		l.tagInside()
	case modeTagText:
		l.tagText()
	default:
		l.code()
	}
}

// finish complains about what is still open at the end of the source. Open
// braces are the parser's to report.
func (l *lexer) finish() {
	for i := len(l.modes) - 1; i > 0; i-- {
		switch l.modes[i] {
		case modeString:
			l.fault(len(l.src), len(l.src), "This template string is never closed", "add a closing '")
			l.broken = true
			l.emit(tokTemplateEnd, l.pos)
		case modeTag, modeTagText:
			t := l.tokens[l.open[len(l.open)-1].tokens]
			l.closeTag()
			l.fault(int(t.start), int(t.end), "This HogQLX tag is never closed", "to compare, put a space after `<`")
			l.broken = true
		}
	}
}

func (l *lexer) push(m mode) { l.modes = append(l.modes, m) }

func (l *lexer) pop() {
	if len(l.modes) > 1 {
		l.modes = l.modes[:len(l.modes)-1]
	}
}

// emit adds a token from start to the current position.
func (l *lexer) emit(k kind, start int) {
	l.tokens = append(l.tokens, token{kind: k, start: int32(start), end: int32(l.pos)})
}

func (l *lexer) fault(start, end int, message, hint string) {
	l.diags = append(l.diags, ast.Diagnostic{
		Span: ast.Span{Start: int32(start), End: int32(end)}, Severity: ast.SeverityError, Message: message, Hint: hint,
	})
}

func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) {
		return l.src[l.pos+n]
	}
	return 0
}

func (l *lexer) code() {
	c := l.src[l.pos]
	switch {
	case c == ' ' || c == '\n' || c == '\t' || c == '\r':
		l.pos++
	case c == 'f' && l.peek(1) == '\'':
		start := l.pos
		l.pos += 2
		l.emit(tokTemplateStart, start)
		l.push(modeString)
	case isNameStart(c):
		l.word()
	case isDigit(c), c == '.' && isDigit(l.peek(1)):
		l.number()
	case c == '\'':
		l.quoted('\'', tokString)
	case c == '"' || c == '`':
		l.quoted(c, tokQuoted)
	case l.comment():
	case c == '<' && l.tagAhead():
		l.tagOpen()
	default:
		l.punctuation()
	}
}

func (l *lexer) word() {
	start := l.pos
	for l.pos < len(l.src) && isNamePart(l.src[l.pos]) {
		l.pos++
	}
	l.emit(tokIdent, start)
	l.tokens[len(l.tokens)-1].kw = keywordOf(l.src[start:l.pos])
}

// comment skips a comment and reports whether there was one. A # before a
// digit is a positional reference; a /* without end is two operators.
func (l *lexer) comment() bool {
	rest := l.src[l.pos:]
	switch {
	case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "--"):
	case rest[0] == '#' && !isDigit(l.peek(1)):
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			return false
		}
		l.noteComment(l.pos + end + 4)
		return true
	default:
		return false
	}
	end := strings.IndexByte(rest, '\n')
	if end < 0 {
		end = len(rest)
	}
	l.noteComment(l.pos + end)
	return true
}

func (l *lexer) noteComment(end int) {
	text := strings.TrimRight(l.src[l.pos:end], " \t\r")
	span := ast.Span{Start: int32(l.pos), End: int32(l.pos + len(text))}
	l.comments = append(l.comments, ast.Comment{Span: span, Text: text})
	l.pos = end
}

// number reads an integer, or a float that has an exponent. The parser puts
// 1.5 together from its parts, since t.1.2 is two tuple accesses.
func (l *lexer) number() {
	start := l.pos
	if l.peek(0) == '0' && l.prefixedNumber(start) {
		return
	}
	l.digits()
	mark := l.pos
	if l.peek(0) == '.' {
		l.pos++
		l.digits()
	}
	if l.exponent('e') {
		l.emit(tokFloat, start)
		return
	}
	l.pos = mark
	if l.pos == start { // a dot before digits without exponent
		l.pos++
		l.emit(tokDot, start)
		return
	}
	l.emit(tokInt, start)
}

func (l *lexer) digits() {
	for isDigit(l.peek(0)) {
		l.pos++
	}
}

// exponent reads e or p, an optional sign and digits.
func (l *lexer) exponent(letter byte) bool {
	if l.peek(0)|0x20 != letter {
		return false
	}
	n := 1
	if s := l.peek(1); s == '+' || s == '-' {
		n = 2
	}
	if !isDigit(l.peek(n)) {
		return false
	}
	l.pos += n
	l.digits()
	return true
}

// prefixedNumber reads 0x…, 0b… and refuses 0o….
func (l *lexer) prefixedNumber(start int) bool {
	switch l.peek(1) | 0x20 {
	case 'x':
		if !isHex(l.peek(2)) {
			return l.badNumber(start)
		}
		l.pos += 2
		return l.hexNumber(start)
	case 'b':
		l.pos += 2
		for c := l.peek(0); c == '0' || c == '1'; c = l.peek(0) {
			l.pos++
		}
		if l.pos == start+2 || isNamePart(l.peek(0)) {
			return l.badNumber(start)
		}
		l.emit(tokInt, start)
		return true
	case 'o':
		return l.badNumber(start)
	}
	return false
}

func (l *lexer) hexNumber(start int) bool {
	for isHex(l.peek(0)) {
		l.pos++
	}
	mark := l.pos
	if l.peek(0) == '.' {
		l.pos++
		for isHex(l.peek(0)) {
			l.pos++
		}
	}
	if l.exponent('p') {
		l.emit(tokFloat, start)
		return true
	}
	l.pos = mark
	l.emit(tokInt, start)
	return true
}

func (l *lexer) badNumber(start int) bool {
	l.pos = start
	for isNamePart(l.peek(0)) {
		l.pos++
	}
	text := l.src[start:l.pos]
	if text[1]|0x20 == 'o' {
		l.fault(start, l.pos, fmt.Sprintf("HogQL does not support `0o`-prefixed octal integer literals; got `%s`. Use a plain decimal literal instead.", text), "")
	} else {
		l.fault(start, l.pos, fmt.Sprintf("Malformed number `%s`", text), "")
	}
	l.emit(tokInt, start)
	l.tokens[len(l.tokens)-1].kind = tokBad
	return true
}

// quoted reads a string or a quoted identifier up to its closing quote.
func (l *lexer) quoted(quote byte, k kind) {
	start := l.pos
	l.pos++
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == quote && l.peek(1) == quote:
			l.pos += 2
		case c == quote:
			l.pos++
			l.emit(k, start)
			return
		case c == '\\':
			l.escape(quote)
		default:
			l.pos++
		}
	}
	what, hint := "string", "add a closing '"
	if k == tokQuoted {
		what, hint = "quoted name", "add a closing "+string(quote)
	}
	var first int
	if i := strings.IndexByte(l.src[start:], '\n'); i > 0 {
		first = start + i
	} else {
		first = len(l.src)
	}
	l.fault(start, first, "This "+what+" is never closed", hint)
	l.broken = true
	l.emit(tokBad, start)
}

// escape skips a backslash with what follows it, and complains when that is no
// escape of the quoted text it stands in.
func (l *lexer) escape(quote byte) {
	start := l.pos
	n, ok := escapeLen(l.src[l.pos:], quote)
	l.pos += n
	if ok {
		return
	}
	hint := "write \\\\ for a backslash"
	if quote == '`' && l.peek(0) == '`' {
		hint = "write `` for a backtick"
	}
	l.fault(start, min(l.pos+1, len(l.src)), "Unknown escape in a quoted text", hint)
}

// escapeLen tells how long the escape is at the start of s, and whether it is
// one that quote accepts. A wrong escape counts as its backslash alone, unless
// that would leave a quote to end the text by surprise.
func escapeLen(s string, quote byte) (int, bool) {
	if len(s) < 2 {
		return 1, false
	}
	switch c := s[1]; {
	case strings.IndexByte("bfrntavBFRNTAV0\\", c) >= 0:
		return 2, true
	case c == '\'':
		return 2, true
	case c == '"' && quote == '"':
		return 2, true
	case c == '{' && quote == 0:
		return 2, true
	case c|0x20 == 'x' && len(s) >= 4 && isHex(s[2]) && isHex(s[3]):
		return 4, true
	}
	return 1, false
}

// templateText reads text of f'…' up to a brace or the closing quote. The
// quote 0 stands for the escapes of a template.
func (l *lexer) templateText() {
	start := l.pos
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\'' && l.peek(1) == '\'':
			l.pos += 2
			continue
		case c == '\'':
			l.textToken(start)
			l.pos++
			l.emit(tokTemplateEnd, l.pos-1)
			l.pop()
			return
		case c == '{':
			l.textToken(start)
			l.openHole()
			return
		case c == '\\':
			l.escape(0)
			continue
		}
		l.pos++
	}
	l.textToken(start)
}

// fullText reads text of an input template. Backslashes directly before a
// brace make it literal, however many they are (longest match).
func (l *lexer) fullText() {
	start := l.pos
	for l.pos < len(l.src) && l.src[l.pos] != '{' {
		if l.src[l.pos] != '\\' {
			l.pos++
			continue
		}
		for l.peek(0) == '\\' {
			l.pos++
		}
		if l.peek(0) == '{' {
			l.pos++
		}
	}
	l.textToken(start)
	if l.pos < len(l.src) {
		l.openHole()
	}
}

func (l *lexer) textToken(start int) {
	if l.pos > start {
		l.emit(tokText, start)
	}
}

func (l *lexer) openHole() {
	l.pos++
	l.emit(tokLBrace, l.pos-1)
	l.push(modeHole)
}

// punctuation reads the longest operator, or complains about the character.
func (l *lexer) punctuation() {
	start := l.pos
	k, n := operatorAt(l.src[l.pos:])
	if n > 0 {
		l.pos += n
		l.emit(k, start)
		switch k {
		case tokLBrace:
			l.push(modeCode)
		case tokRBrace:
			l.pop()
		}
		return
	}
	r, size := utf8.DecodeRuneInString(l.src[l.pos:])
	l.pos += size
	if unicode.IsSpace(r) || unicode.Is(unicode.White_Space, r) || r == '\ufeff' {
		return
	}
	l.unexpected(r, start)
}

func (l *lexer) unexpected(r rune, start int) {
	if r >= utf8.RuneSelf {
		l.fault(start, l.pos, fmt.Sprintf("Unexpected character U+%04X", r), "")
		l.foreignWord()
		l.emit(tokBad, start)
		return
	}
	hint := ""
	switch r {
	case '&':
		hint = "did you mean `and`?"
	case '|':
		hint = "did you mean `or`?"
	case '!':
		hint = "did you mean `not`?"
	}
	if (r == '&' || r == '|') && l.peek(0) == byte(r) {
		l.pos++
	}
	l.fault(start, l.pos, fmt.Sprintf("Unexpected character '%c' (U+%04X)", r, r), hint)
	l.emit(tokBad, start)
}

// foreignWord skips the rest of a word that has letters which names cannot have.
func (l *lexer) foreignWord() {
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' {
			return
		}
		l.pos += size
	}
}

func operatorAt(s string) (kind, int) {
	for n := min(3, len(s)); n > 0; n-- {
		if k := operator(s[:n]); k != tokEOF {
			return k, n
		}
	}
	return tokEOF, 0
}

func operator(s string) kind {
	switch s {
	case "=~*", "~*":
		return tokIRegex
	case "!~*":
		return tokNotIRegex
	case "=~", "~":
		return tokRegex
	case "!~":
		return tokNotRegex
	case "->":
		return tokArrow
	case ":=":
		return tokAssign
	case "::":
		return tokDoubleColon
	case "?.":
		return tokNullDot
	case "??":
		return tokNullish
	case "||":
		return tokConcat
	case "==":
		return tokEqEq
	case "!=", "<>":
		return tokNotEq
	case "<=":
		return tokLtEq
	case ">=":
		return tokGtEq
	case "/>":
		return tokSlashGt
	case "</":
		return tokLtSlash
	}
	if len(s) == 1 {
		return singleOperator(s[0])
	}
	return tokEOF
}

func singleOperator(c byte) kind {
	switch c {
	case '(':
		return tokLParen
	case ')':
		return tokRParen
	case '[':
		return tokLBracket
	case ']':
		return tokRBracket
	case '{':
		return tokLBrace
	case '}':
		return tokRBrace
	case ',':
		return tokComma
	case ';':
		return tokSemicolon
	case '.':
		return tokDot
	case '?':
		return tokQuestion
	case ':':
		return tokColon
	case '+':
		return tokPlus
	case '-':
		return tokMinus
	case '*':
		return tokStar
	case '/':
		return tokSlash
	case '%':
		return tokPercent
	case '=':
		return tokEq
	case '<':
		return tokLt
	case '>':
		return tokGt
	case '#':
		return tokHash
	}
	return tokEOF
}
