package parser

import "strings"

// tagAhead decides whether the < at the current position starts a HogQLX tag
// or is the less-than operator: after a name there must follow > or /, or
// white space and then something that could be an attribute or the end.
func (l *lexer) tagAhead() bool {
	c := l.peek(1)
	if !isLetter(c) && c != '_' {
		return false
	}
	i := l.pos + 1
	for i < len(l.src) && isTagNamePart(l.src[i]) {
		i++
	}
	if i == len(l.src) {
		return false
	}
	if l.src[i] == '>' || l.src[i] == '/' {
		return true
	}
	after := skipBlank(l.src, i)
	if after == i || after == len(l.src) {
		return false
	}
	c = l.src[after]
	return isLetter(c) || isDigit(c) || c == '_' || c == '>' || c == '/'
}

func isTagNamePart(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '-' }

// skipBlank skips ASCII white space and line comments.
func skipBlank(s string, i int) int {
	for i < len(s) {
		switch {
		case strings.IndexByte(" \t\r\n\f\v", s[i]) >= 0:
			i++
		case strings.HasPrefix(s[i:], "//"), strings.HasPrefix(s[i:], "--"):
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				return len(s)
			}
			i += end
		default:
			return i
		}
	}
	return i
}

// tagOpen reads <name.
func (l *lexer) tagOpen() {
	start := l.pos
	l.pos++
	l.tagName()
	l.open = append(l.open, openTag{len(l.tokens), len(l.comments)})
	l.emit(tokTagOpen, start)
	l.push(modeTag)
}

func (l *lexer) tagName() {
	for l.pos < len(l.src) && isTagNamePart(l.src[l.pos]) {
		l.pos++
	}
}

// tagInside reads attributes up to > or />.
func (l *lexer) tagInside() {
	start := l.pos
	c := l.src[l.pos]
	switch {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		l.pos++
	case strings.HasPrefix(l.src[l.pos:], "/>"):
		l.pos += 2
		l.emit(tokTagSelfClose, start)
		l.pop()
		l.closeTag()
	case c == '>':
		l.pos++
		l.emit(tokTagEnd, start)
		l.pop()
		l.push(modeTagText)
	case isTagNamePart(c):
		l.tagName()
		l.emit(tokTagName, start)
	case c == '=':
		l.pos++
		l.emit(tokEq, start)
	case c == '\'':
		l.quoted('\'', tokString)
	case c == '{':
		l.openHole()
	case l.comment():
	default:
		l.notATag()
	}
}

// tagText reads the children of a tag: text, { … }, further tags, the end.
func (l *lexer) tagText() {
	start := l.pos
	for l.pos < len(l.src) && l.src[l.pos] != '<' && l.src[l.pos] != '{' {
		l.pos++
	}
	l.textToken(start)
	if l.pos == len(l.src) {
		return
	}
	switch next := l.peek(1); {
	case l.src[l.pos] == '{':
		l.openHole()
	case next == '/':
		l.tagClose()
	case isLetter(next) || next == '_':
		l.tagOpen()
	default:
		l.fault(l.pos, l.pos+1, "A `<` in the text of a HogQLX tag must start a tag", "write {'<'}")
		l.pos++
	}
}

// tagClose reads </name>.
func (l *lexer) tagClose() {
	start := l.pos
	l.pos = skipBlank(l.src, l.pos+2)
	l.tagName()
	l.pos = skipBlank(l.src, l.pos)
	if l.peek(0) == '>' {
		l.pos++
	} else {
		l.fault(start, l.pos, "This closing tag lacks its `>`", "")
	}
	l.emit(tokTagClose, start)
	l.pop()
	l.closeTag()
}

// openTag remembers where a tag began, as counts of tokens and comments.
type openTag struct {
	tokens, comments int
}

func (l *lexer) closeTag() {
	if len(l.open) > 0 {
		l.open = l.open[:len(l.open)-1]
	}
}

// notATag ends a tag that cannot be one. Most likely it is a comparison that
// was written without a space, so it is reported and read as one, unless an
// expression inside the tag was read already.
func (l *lexer) notATag() {
	tag := l.open[len(l.open)-1]
	l.closeTag()
	l.pop()
	t := &l.tokens[tag.tokens]
	text := l.src[t.start:t.end]
	l.fault(int(t.start), int(t.end), "`"+text+"` is read as the start of a HogQLX tag here", "to compare, put a space after `<`")
	for _, inner := range l.tokens[tag.tokens:] {
		if inner.kind == tokLBrace {
			t.kind = tokBad
			return
		}
	}
	l.pos = int(t.start) + 1
	t.kind, t.end = tokLt, int32(l.pos)
	l.tokens = l.tokens[:tag.tokens+1]
	l.comments = l.comments[:tag.comments]
}
