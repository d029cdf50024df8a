// Package parser turns Hog source into its tree.
//
// The lexer makes all tokens first, with a stack of modes for the text of
// templates and tags. A pass over the tokens then notes for every bracket
// where it ends. With both at hand the parser (recursive descent, precedence
// climbing for operators) settles nearly every choice that Hog leaves open by
// looking instead of trying: whether `(` heads a lambda, whether `{` is a dict,
// whether `if (…)` is a statement or a call. The one thing it tries is whether
// the braces after `->` hold an expression, and it remembers the answer for
// each brace, so that time stays linear in the length of the source.
//
// A fault is reported once, where it is; the parser then goes on at the next
// statement of the same block, so that one reading finds several faults.
// Nesting is limited to MaxDepth levels.
package parser

import (
	"fmt"
	"sort"

	"hogpen/hog/ast"
)

// MaxDepth is how deep brackets, operators and statements may nest.
const MaxDepth = 500

// maxChain is how many operators may follow one another on one level.
const maxChain = 5000

// maxFaults is how many faults are reported for one source.
const maxFaults = 50

// parser holds the tokens and where it is among them.
type parser struct {
	src   string
	toks  []token
	match []int32 // for a bracket the index of its partner, else -1
	pos   int
	depth int
	diags ast.Diagnostics
	// bad is set from a fault until the parser has found the next statement.
	bad bool
	// fatal is set when going on makes no sense.
	fatal bool
	// broken tells that the lexer has swallowed the end of the source.
	broken bool
	// first is the token that starts the current statement or for-part: there
	// `a := 1` is an assignment and no named argument.
	first int
	// The last run of names and commas that was looked at, and whether an
	// arrow follows it.
	runFrom, runTo int
	runIsHead      bool
	// holdsExpr remembers for a brace after -> whether an expression fills it.
	holdsExpr map[int]bool
}

func newParser(src string, start mode) (*parser, *lexer) {
	l := lex(src, start)
	p := &parser{src: src, toks: l.tokens, diags: l.diags, broken: l.broken, first: -1, runTo: -1}
	p.matchBrackets()
	return p, l
}

// Program reads a whole program. The tree is always there and complete as far
// as it could be read; the diagnostics are in source order.
func Program(src string) (*ast.Program, ast.Diagnostics) {
	p, l := newParser(src, modeCode)
	prog := &ast.Program{Source: src, Comments: l.comments}
	prog.Stmts = p.statements(len(p.toks) - 1)
	prog.Span = ast.Span{End: int32(len(src))}
	return prog, p.result()
}

// Expr reads a single expression.
func Expr(src string) (ast.Expr, ast.Diagnostics) {
	p, _ := newParser(src, modeCode)
	e := p.expr(precLowest)
	if !p.bad && !p.at(tokEOF) {
		p.failAt(p.cur(), "Unexpected "+p.describe(p.pos)+" after the expression", "")
	}
	return e, p.result()
}

// Template reads the text of an input template, where { … } holds expressions
// and all else is text.
func Template(text string) (ast.Expr, ast.Diagnostics) {
	p, _ := newParser(text, modeFull)
	e := p.templateParts(tokEOF, decodeFull)
	ast.AtOf(e).Span = ast.Span{End: int32(len(text))}
	return e, p.result()
}

func (p *parser) result() ast.Diagnostics {
	sort.SliceStable(p.diags, func(i, j int) bool { return p.diags[i].Span.Start < p.diags[j].Span.Start })
	if len(p.diags) > maxFaults {
		p.diags = p.diags[:maxFaults]
	}
	return p.diags
}

// matchBrackets pairs the brackets. A closing bracket that fits none of the
// open ones is left alone; one that fits an outer one leaves the inner open.
func (p *parser) matchBrackets() {
	p.match = make([]int32, len(p.toks))
	var open []int
	for i, t := range p.toks {
		p.match[i] = -1
		switch t.kind {
		case tokLParen, tokLBracket, tokLBrace:
			open = append(open, i)
		case tokRParen, tokRBracket, tokRBrace:
			for j := len(open) - 1; j >= 0; j-- {
				if p.toks[open[j]].kind == t.kind-1 {
					p.match[i], p.match[open[j]] = int32(open[j]), int32(i)
					open = open[:j]
					break
				}
				// A brace ends everything inside it; the other brackets do
				// not reach across one.
				if p.toks[open[j]].kind == tokLBrace {
					break
				}
			}
		}
	}
}

func (p *parser) cur() token          { return p.toks[p.pos] }
func (p *parser) at(k kind) bool      { return p.toks[p.pos].kind == k }
func (p *parser) atKw(k keyword) bool { return p.toks[p.pos].kw == k }

// peek returns the token n places on; past the end it is the last one.
func (p *parser) peek(n int) token { return p.tok(p.pos + n) }

func (p *parser) tok(i int) token { return p.toks[min(i, len(p.toks)-1)] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) accept(k kind) bool {
	if p.at(k) {
		p.next()
		return true
	}
	return false
}

// expect takes a token of kind k, or fails saying what was wanted.
func (p *parser) expect(k kind, wanted string) bool {
	if p.bad {
		return false
	}
	if p.accept(k) {
		return true
	}
	p.expected(wanted, "")
	return false
}

// expected reports that something is missing. When the next token stands on
// another line, the place is behind the last one: that is where it is missing.
func (p *parser) expected(wanted, hint string) {
	if p.pos > 0 && p.pos != p.first && (p.at(tokEOF) || p.startsLine(p.pos)) {
		p.failAt(p.toks[p.pos-1], "Expected "+wanted+" after "+p.describe(p.pos-1), hint)
		return
	}
	p.failAt(p.cur(), "Expected "+wanted+", found "+p.describe(p.pos), hint)
}

// closeBracket takes the closing bracket that belongs to the one at open.
func (p *parser) closeBracket(open int, k kind, wanted string) bool {
	if p.bad {
		return false
	}
	if p.accept(k) {
		return true
	}
	if p.at(tokEOF) && p.match[open] < 0 {
		p.failAt(p.toks[open], "This `"+p.text(open)+"` is never closed", "")
		return false
	}
	p.expected(wanted, "")
	return false
}

func (p *parser) text(i int) string {
	t := p.tok(i)
	return p.src[t.start:t.end]
}

// describe names a token for a message.
func (p *parser) describe(i int) string {
	t := p.tok(i)
	switch t.kind {
	case tokEOF:
		return "the end of the source"
	case tokText:
		return "text"
	}
	text := p.text(i)
	if len(text) > 40 {
		text = validText(text[:37]) + "..."
	}
	return "`" + text + "`"
}

func (p *parser) failAt(t token, message, hint string) { p.fail(t.span(), message, hint) }

// fail reports a fault, unless one is being recovered from already or the
// lexer has reported the cause.
func (p *parser) fail(span ast.Span, message, hint string) {
	if p.bad {
		return
	}
	p.bad = true
	if p.tok(p.pos).kind == tokBad || p.broken && p.at(tokEOF) {
		if len(p.diags) > 0 {
			return
		}
	}
	p.report(span, message, hint)
}

// report notes a fault and goes on.
func (p *parser) report(span ast.Span, message, hint string) {
	p.diags = append(p.diags, ast.Diagnostic{Span: span, Severity: ast.SeverityError, Message: message, Hint: hint})
	if len(p.diags) >= maxFaults {
		p.fatal = true
	}
}

func (p *parser) enter() bool {
	p.depth++
	if p.depth <= MaxDepth {
		return true
	}
	if !p.bad {
		p.fail(p.cur().span(), fmt.Sprintf("This is nested deeper than %d levels", MaxDepth), "split it into functions or variables")
	}
	p.fatal = true
	return false
}

func (p *parser) leave() { p.depth-- }

// spanFrom is the stretch from the token at index i to the last one taken.
func (p *parser) spanFrom(i int) ast.Span {
	s := ast.Span{Start: p.tok(i).start, End: p.tok(i).end}
	if p.pos > i {
		s.End = p.toks[p.pos-1].end
	}
	return s
}

// since is the stretch from a node to the last token taken.
func (p *parser) since(n ast.Node) ast.Span {
	s := n.Place()
	if at := ast.AtOf(n); at.Parens && p.pos > 0 {
		// The parenthesis itself belongs to what grows out of it.
		s.Start = min(s.Start, p.openBefore(s.Start))
	}
	if p.pos > 0 {
		s.End = max(s.End, p.toks[p.pos-1].end)
	}
	return s
}

// openBefore finds the start of the parenthesis that directly encloses what
// starts at offset.
func (p *parser) openBefore(offset int32) int32 {
	i := sort.Search(len(p.toks), func(i int) bool { return p.toks[i].start >= offset })
	if i > 0 && p.toks[i-1].kind == tokLParen {
		return p.toks[i-1].start
	}
	return offset
}

func (p *parser) bads(span ast.Span) ast.Expr { return &ast.Bad{At: ast.At{Span: span}} }

// isName reports whether token i can be a name.
func (p *parser) isName(i int) bool {
	t := p.tok(i)
	return t.kind == tokQuoted || t.kind == tokIdent && !t.kw.reserved()
}

// name takes a name; what it is for goes into the message.
func (p *parser) name(what string) ast.Name {
	if p.bad {
		return ast.Name{}
	}
	if !p.isName(p.pos) {
		hint := ""
		if p.cur().kw.reserved() {
			hint = "`" + p.text(p.pos) + "` is a reserved word; write it in backticks to use it as a name"
		}
		p.expected(what, hint)
		return ast.Name{}
	}
	i := p.pos
	p.next()
	return ast.Name{Text: p.nameText(i), Span: p.tok(i).span()}
}

func (p *parser) nameText(i int) string {
	if p.tok(i).kind == tokQuoted {
		return validText(unquote(p.text(i)))
	}
	return p.text(i)
}
