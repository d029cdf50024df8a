package parser

import (
	"strings"

	"hogpen/hog/ast"
)

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }

// operand reads what an operator works on: a literal, a name, a bracketed
// expression, a lambda, or a prefix operator with its operand.
func (p *parser) operand() ast.Expr {
	switch t := p.cur(); t.kind {
	case tokIdent:
		return p.word(t.kw)
	case tokQuoted:
		return p.named()
	case tokInt, tokFloat:
		return p.numberLiteral(p.pos)
	case tokDot:
		if p.peek(1).kind == tokInt {
			return p.numberLiteral(p.pos)
		}
	case tokMinus, tokPlus:
		return p.signed()
	case tokString:
		p.next()
		s := ast.String(validText(unquote(p.text(p.pos - 1))))
		s.Span = t.span()
		s.Written = validText(p.text(p.pos - 1))
		return s
	case tokTemplateStart:
		return p.template()
	case tokTagOpen:
		return p.tag()
	case tokLParen:
		return p.parenthesised()
	case tokLBracket:
		return p.array(p.pos)
	case tokLBrace:
		return p.braces()
	case tokHash:
		return p.positional()
	case tokStar:
		if p.starIsField() {
			p.next()
			return &ast.Field{At: ast.At{Span: t.span()}, Chain: []string{"*"}}
		}
	}
	return p.noOperand()
}

func (p *parser) noOperand() ast.Expr {
	t := p.cur()
	hint := ""
	if t.kind == tokRegex || t.kind == tokEq || t.kind == tokEqEq {
		hint = "an operator needs something on both sides"
	}
	p.expected("an expression", hint)
	return p.bads(t.span())
}

// starIsField tells the field `*` from a multiplication that lacks its left
// side: what follows must end the expression.
func (p *parser) starIsField() bool {
	switch p.peek(1).kind {
	case tokRParen, tokRBracket, tokRBrace, tokComma, tokSemicolon, tokEOF:
		return true
	}
	return false
}

// word reads an operand that starts with an unquoted word.
func (p *parser) word(k keyword) ast.Expr {
	switch {
	case k == kwNone:
		return p.named()
	case k.reserved():
		return p.reservedOperand(k)
	}
	if e := p.construct(k); e != nil {
		return e
	}
	return p.named()
}

func (p *parser) reservedOperand(k keyword) ast.Expr {
	t := p.cur()
	at := ast.At{Span: t.span()}
	switch k {
	case kwNull:
		p.next()
		return &ast.Constant{At: at, Kind: ast.KindNull}
	case kwNan, kwInf, kwInfinity:
		p.next()
		c := special(false, k, strings.ToLower(p.text(p.pos-1)))
		c.At = at
		return c
	}
	hint := "`" + p.text(p.pos) + "` is a reserved word; write it in backticks to use it as a name"
	if k == kwFn || k == kwFun {
		hint = "a function inside an expression is a lambda: `(x) -> { … }`"
	}
	if startsStatementWord(k) && p.startsLine(p.pos) {
		hint = "" // the next statement; what is missing is before it
	}
	p.expected("an expression", hint)
	return p.bads(t.span())
}

// construct reads the constructs that start with a word which may also be a
// name; nil means that it is one here.
func (p *parser) construct(k keyword) ast.Expr {
	next := p.peek(1)
	switch k {
	case kwNot:
		if next.kind != tokLParen && p.startsOperand(p.pos+1) && !p.lambdaHead(p.pos) && next.kind != tokDot {
			return p.not()
		}
	case kwCase:
		return p.caseWhen()
	case kwInterval:
		return p.interval()
	case kwDate, kwTimestamp:
		if next.kind == tokString {
			return p.dateLiteral(k)
		}
	case kwArray:
		if next.kind == tokLBracket {
			from := p.pos
			p.next()
			return p.array(from)
		}
	case kwLambda:
		if p.lambdaWordAhead() {
			return p.lambdaWord()
		}
	case kwTrim:
		return p.trimFrom()
	case kwCast, kwTryCast:
		return p.castCall()
	case kwColumns:
		if next.kind == tokLParen {
			return p.columns()
		}
	}
	return nil
}

func (p *parser) not() ast.Expr {
	from := p.pos
	p.next()
	e := p.expr(precNot)
	return &ast.Not{At: p.here(from), Expr: e}
}

// numberLiteral reads an unsigned number; from is where it starts, sign
// included.
func (p *parser) numberLiteral(from int) ast.Expr {
	sign := ""
	if from < p.pos {
		sign = p.text(from)
	}
	at := func(c *ast.Constant) ast.Expr {
		c.At = p.here(from)
		if sign == "+" {
			c.Written = c.Written[1:]
		}
		return c
	}
	t := p.next()
	text := sign + p.src[t.start:t.end]
	switch {
	case t.kind == tokIdent:
		return at(special(sign == "-", t.kw, sign+strings.ToLower(p.src[t.start:t.end])))
	case t.kind == tokFloat:
		return at(float(text))
	case t.kind == tokDot:
		p.next()
		return at(float(text + p.text(p.pos-1)))
	}
	if p.at(tokDot) && isTupleIndex(p.text(p.pos-1)) {
		p.next()
		text += "."
		if p.at(tokInt) && isDecimal(p.text(p.pos)) {
			text += p.text(p.pos)
			p.next()
		}
		return at(float(text))
	}
	return at(integer(text))
}

func isDecimal(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return true
}

// signed reads a minus or plus in operand position: part of a literal, or the
// minus operator.
func (p *parser) signed() ast.Expr {
	from := p.pos
	minus := p.at(tokMinus)
	p.next()
	if p.isNumber(p.pos) {
		return p.numberLiteral(from)
	}
	if !minus {
		p.failAt(p.tok(from), "A leading `+` is only allowed before a number", "")
		return p.bads(p.tok(from).span())
	}
	zero := ast.Integer(0)
	zero.Span = p.tok(from).span()
	n := &ast.Arithmetic{Op: ast.Sub, Left: zero, Right: p.expr(precUnary), Form: ast.FormNegate}
	n.At = p.here(from)
	return n
}

// named reads a name with what makes it more than a variable: a chain of
// properties, a call, a lambda head.
func (p *parser) named() ast.Expr {
	if p.lambdaHead(p.pos) {
		return p.lambda(p.pos)
	}
	from := p.pos
	quoted := p.at(tokQuoted)
	name := p.nameText(from)
	p.next()
	switch {
	case p.at(tokLParen):
		return p.call(name, from)
	case p.at(tokAssign) && from != p.first:
		p.next()
		n := &ast.NamedArg{Name: name, Value: p.expr(precLowest)}
		n.At = p.here(from)
		return n
	case p.at(tokDot):
		return p.chain(name, from, quoted)
	}
	return p.field([]string{name}, from, quoted)
}

// field makes the node of a chain; a lone unquoted true or false is a constant.
func (p *parser) field(chain []string, from int, quoted bool) ast.Expr {
	at := p.here(from)
	if len(chain) == 1 && !quoted {
		if equalFold(chain[0], "true") || equalFold(chain[0], "false") {
			return &ast.Constant{At: at, Kind: ast.KindBool, Bool: equalFold(chain[0], "true")}
		}
	}
	return &ast.Field{At: at, Chain: chain, DoubleQuoted: p.src[at.Span.Start] == '"'}
}

func (p *parser) chain(first string, from int, quoted bool) ast.Expr {
	chain := []string{first}
	for p.at(tokDot) {
		switch i := p.pos + 1; {
		case p.isName(i):
			chain = append(chain, p.nameText(i))
		case p.tok(i).kind == tokStar:
			chain = append(chain, "*")
		default:
			return p.field(chain, from, quoted)
		}
		p.pos += 2
	}
	return p.field(chain, from, quoted)
}

// call reads the argument list after a name, and a second one directly
// behind it.
func (p *parser) call(name string, from int) ast.Expr {
	n := &ast.Call{Name: name, NameSpan: p.tok(from).span()}
	n.Args = p.args(name)
	if !p.bad && p.at(tokLParen) && !p.parenIsHead(p.pos) {
		n.Params = n.Args
		if n.Params == nil {
			n.Params = []ast.Expr{}
		}
		n.Args = p.args("")
	}
	n.At = p.here(from)
	return p.aggregate(n, from)
}

// aggregate reads what SQL allows behind a call: `filter (where …)`, which is
// dropped, and `over (…)`, which makes it a window function.
func (p *parser) aggregate(n *ast.Call, from int) ast.Expr {
	if p.bad {
		return n
	}
	if p.atKw(kwFilter) && p.peek(1).kind == tokLParen && p.wordAt(p.pos+2, "where") {
		p.next()
		p.skipParens()
		n.At = p.here(from)
	}
	if p.atKw(kwOver) && p.peek(1).kind == tokLParen && p.windowAhead(p.pos+2) {
		p.next()
		p.skipParens()
		return p.unsupported(p.spanFrom(from), "window function", "window_function")
	}
	return n
}

func (p *parser) windowAhead(i int) bool {
	return p.tok(i).kind == tokRParen || p.wordAt(i, "partition") || p.wordAt(i, "order") || p.wordAt(i, "rows")
}

// args reads a parenthesised argument list of the function called name.
func (p *parser) args(name string) []ast.Expr {
	open := p.pos
	if !p.expect(tokLParen, "`(`") {
		return nil
	}
	if p.selectAhead(false) {
		return []ast.Expr{p.selectQuery(open)} // sql(select …)
	}
	if p.atKw(kwDistinct) && p.startsOperand(p.pos+1) {
		p.next()
	}
	list := p.list(tokRParen)
	if !p.bad && name != "" && equalFold(name, "substring") && p.wordAt(p.pos, "from") {
		p.failAt(p.cur(), "Unsupported rule: ColumnExprSubstring", "write substring(text, start, length)")
	}
	if !p.bad && p.wordAt(p.pos, "order") && p.wordAt(p.pos+1, "by") && p.match[open] > 0 {
		p.pos = int(p.match[open])
	}
	p.closeBracket(open, tokRParen, "`,` or `)`")
	return list
}

// list reads expressions and commas up to a closing token, which is left.
func (p *parser) list(end kind) []ast.Expr {
	var list []ast.Expr
	for !p.bad && !p.at(end) {
		list = append(list, p.expr(precLowest))
		if p.bad || !p.accept(tokComma) {
			break
		}
	}
	return list
}

func (p *parser) array(from int) ast.Expr {
	open := p.pos
	p.next()
	n := &ast.Array{Exprs: p.list(tokRBracket)}
	p.closeBracket(open, tokRBracket, "`,` or `]`")
	n.At = p.here(from)
	return n
}

// parenthesised reads a lambda head, a group or a tuple.
func (p *parser) parenthesised() ast.Expr {
	open := p.pos
	if p.parenIsHead(open) {
		return p.lambda(open)
	}
	p.next()
	if p.selectAhead(true) {
		return p.selectQuery(open)
	}
	if p.at(tokRParen) {
		p.failAt(p.cur(), "Expected an expression in the parentheses", "empty parentheses only stand before `->`")
		return p.bads(p.spanFrom(open))
	}
	e := p.expr(precLowest)
	if !p.bad && p.at(tokComma) {
		p.next()
		n := &ast.Tuple{Exprs: append([]ast.Expr{e}, p.list(tokRParen)...)}
		p.closeBracket(open, tokRParen, "`,` or `)`")
		n.At = p.here(open)
		return n
	}
	if set := p.moreQueries(e, open+1); set != nil {
		e = set
	}
	p.closeBracket(open, tokRParen, "`)`")
	ast.AtOf(e).Parens = true
	return e
}

// parenIsHead reports whether the parenthesis at open holds the parameters of
// a lambda.
func (p *parser) parenIsHead(open int) bool {
	end := p.match[open]
	return end > 0 && p.tok(int(end)+1).kind == tokArrow
}

// selectAhead tells a query from a variable called select. In parentheses of
// its own, as in (select [1]), it is one where it can be; as an argument, as in
// sql(select [1]), only where it can be nothing else.
func (p *parser) selectAhead(alone bool) bool {
	if !p.atKw(kwSelect) && !p.atKw(kwWith) {
		return false
	}
	switch t := p.peek(1); t.kind {
	case tokLParen, tokLBracket, tokMinus, tokPlus:
		return alone && p.atKw(kwSelect)
	case tokIdent, tokQuoted, tokInt, tokFloat, tokString, tokStar, tokTemplateStart, tokLBrace, tokTagOpen:
		return !isOperatorWord(t.kw)
	}
	return false
}

// braces reads a dict or a placeholder.
func (p *parser) braces() ast.Expr {
	open := p.pos
	p.next()
	if p.at(tokRBrace) {
		p.next()
		return &ast.Dict{At: p.here(open)}
	}
	first := p.expr(precLowest)
	if !p.bad && p.at(tokColon) {
		return p.dict(open, first)
	}
	p.closeBracket(open, tokRBrace, "`:` or `}`")
	return &ast.Placeholder{At: p.here(open), Expr: first}
}

func (p *parser) dict(open int, key ast.Expr) ast.Expr {
	n := &ast.Dict{}
	for !p.bad {
		if !p.expect(tokColon, "`:` after the key") {
			break
		}
		n.Items = append(n.Items, ast.DictItem{Key: key, Value: p.expr(precLowest)})
		if p.bad || !p.accept(tokComma) || p.at(tokRBrace) {
			break
		}
		key = p.expr(precLowest)
	}
	p.closeBracket(open, tokRBrace, "`,` or `}`")
	n.At = p.here(open)
	return n
}

func (p *parser) positional() ast.Expr {
	from := p.pos
	p.next()
	if !p.accept(tokInt) {
		return p.noOperand()
	}
	return &ast.Positional{At: p.here(from), Index: p.text(p.pos - 1)}
}
