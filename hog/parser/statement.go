package parser

import (
	"strings"

	"hogpen/hog/ast"
)

// statements reads statements up to the token with index end. After a fault it
// goes on with the next statement.
func (p *parser) statements(end int) []ast.Stmt {
	var list []ast.Stmt
	for p.pos < end && !p.fatal {
		from := p.pos
		if p.accept(tokSemicolon) {
			continue
		}
		s := p.statement()
		if p.bad {
			p.recover(from, end)
		}
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// recover skips to where a statement starts, inside the block that ends at
// end, and at least one token past from.
func (p *parser) recover(from, end int) {
	p.pos = min(max(p.pos, from+1), end)
	for p.pos < end {
		t := p.toks[p.pos]
		switch {
		case t.kind == tokSemicolon:
			p.pos++
			p.bad = false
			return
		case p.startsLine(p.pos) && (startsStatementWord(t.kw) || p.startsAnew(p.pos)):
			p.bad = false
			return
		case p.match[p.pos] > int32(p.pos) && int(p.match[p.pos]) < end:
			p.pos = int(p.match[p.pos]) + 1
			continue
		}
		p.pos++
	}
	p.bad = false
}

// startsAnew reports whether token i, the first of its line, most likely starts
// a statement: it is a name or a literal, and what is before it does not ask
// for more.
func (p *parser) startsAnew(i int) bool {
	switch p.toks[i].kind {
	case tokIdent, tokQuoted, tokString, tokInt:
	default:
		return false
	}
	switch k := p.toks[i-1].kind; k {
	case tokIdent, tokQuoted, tokString, tokInt, tokFloat, tokTemplateEnd, tokRParen, tokRBracket, tokRBrace, tokBad:
		return true
	}
	return false
}

func startsStatementWord(k keyword) bool {
	switch k {
	case kwLet, kwFn, kwFun, kwWhile, kwTry, kwThrow, kwReturn, kwIf, kwFor:
		return true
	}
	return false
}

// startsLine reports whether token i is the first on its line.
func (p *parser) startsLine(i int) bool {
	if i == 0 {
		return true
	}
	return strings.IndexByte(p.src[p.toks[i-1].end:p.toks[i].start], '\n') >= 0
}

// statement reads one statement. It returns nil when none could be read.
func (p *parser) statement() ast.Stmt {
	if !p.enter() {
		p.leave()
		return nil
	}
	defer p.leave()
	p.first = p.pos
	switch t := p.cur(); {
	case t.kind == tokLBrace:
		if p.braceIsBlock(p.pos) {
			return p.block("a block")
		}
	case t.kind == tokIdent && t.kw != kwNone:
		if s, ok := p.keywordStatement(t.kw); ok {
			return s
		}
	}
	return p.simple(true)
}

// keywordStatement reads the statements that start with a word; ok is false
// when the word turns out to be a name.
func (p *parser) keywordStatement(k keyword) (s ast.Stmt, ok bool) {
	switch k {
	case kwLet:
		return p.let(), true
	case kwReturn:
		if p.peek(1).kind == tokAssign {
			return nil, false
		}
		return p.returns(), true
	case kwThrow:
		return p.throws(), true
	case kwTry:
		return p.try(), true
	case kwIf:
		if p.ifIsStatement() {
			return p.ifStatement(), true
		}
	case kwWhile:
		return p.while(), true
	case kwFor:
		if p.forIsStatement() {
			return p.forStatement(), true
		}
	case kwFn, kwFun:
		return p.function(), true
	}
	return nil, false
}

// simple reads an assignment or an expression statement. With semicolon the
// latter takes one that follows.
func (p *parser) simple(semicolon bool) ast.Stmt {
	from := p.pos
	p.first = from
	e := p.expr(precLowest)
	if p.accept(tokAssign) {
		if c, ok := e.(*ast.Constant); ok && c.Kind == ast.KindBool {
			e = &ast.Field{At: c.At, Chain: []string{p.nameText(from)}} // a variable called true
		}
		value := p.expr(precLowest)
		return &ast.Assign{At: p.here(from), Target: e, Value: value}
	}
	s := &ast.ExprStmt{At: p.here(from), Expr: e}
	if semicolon && !p.bad {
		p.accept(tokSemicolon)
	}
	return s
}

func (p *parser) here(from int) ast.At { return ast.At{Span: p.spanFrom(from)} }

func (p *parser) let() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.Let{Name: p.name("a name to declare")}
	switch {
	case p.bad:
	case p.accept(tokAssign):
		s.Value = p.expr(precLowest)
	case p.at(tokEq):
		p.failAt(p.cur(), "A variable is declared with `:=`", "write `let "+s.Name.Text+" := …`")
	}
	s.At = p.here(from)
	return s
}

func (p *parser) returns() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.Return{}
	blockNext := p.at(tokLBrace) && !p.braceHoldsExpr(p.pos)
	if p.startsOperand(p.pos) && !p.forLetAhead() && !blockNext {
		s.Value = p.expr(precLowest)
	}
	s.At = p.here(from)
	if !p.bad {
		p.accept(tokSemicolon)
	}
	return s
}

// forLetAhead tells a for statement from a call of a function called for.
func (p *parser) forLetAhead() bool {
	return p.atKw(kwFor) && p.peek(1).kind == tokLParen && p.peek(2).kw == kwLet
}

func (p *parser) throws() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.Throw{Value: p.expr(precLowest)}
	s.At = p.here(from)
	if !p.bad {
		p.accept(tokSemicolon)
	}
	return s
}

func (p *parser) try() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.Try{Body: p.block("a block after `try`")}
	for !p.bad && p.atKw(kwCatch) {
		s.Catches = append(s.Catches, p.catch())
	}
	if !p.bad && p.atKw(kwFinally) {
		p.next()
		s.Finally = p.block("a block after `finally`")
	}
	s.At = p.here(from)
	return s
}

func (p *parser) catch() ast.Catch {
	from := p.pos
	p.next()
	var c ast.Catch
	if open := p.pos; p.accept(tokLParen) {
		c.Var = p.name("a name for the error")
		if !p.bad && p.accept(tokColon) {
			c.Type = p.name("an error type")
		}
		p.closeBracket(open, tokRParen, "`)` after the catch variable")
	}
	c.Body = p.block("a block after `catch`")
	c.Span = p.spanFrom(from)
	return c
}

// ifIsStatement looks at what follows `if (…)`.
func (p *parser) ifIsStatement() bool {
	open := p.pos + 1
	if p.tok(open).kind != tokLParen {
		return false
	}
	end := int(p.match[open])
	if end < 0 {
		return true // the fault is then reported for the statement
	}
	if p.commaAfterHead(open) {
		return false
	}
	return p.startsStatement(end + 1)
}

// commaAfterHead is hasAtTop for a comma that does not part the parameters of
// a lambda at the start.
func (p *parser) commaAfterHead(open int) bool {
	if !p.hasAtTop(open, tokComma) {
		return false
	}
	i := open + 1
	if p.tok(i).kw == kwLambda {
		i++
	}
	for p.isName(i) && p.tok(i+1).kind == tokComma {
		i += 2
	}
	if k := p.tok(i + 1).kind; !p.isName(i) || k != tokArrow && k != tokColon {
		return true
	}
	for end := int(p.match[open]); i < end; i++ {
		if p.toks[i].kind == tokComma {
			return true
		}
		i = p.skip(i)
	}
	return false
}

// hasAtTop reports whether a token of kind k stands directly inside the
// bracket at open, and not in a bracket of its own.
func (p *parser) hasAtTop(open int, k kind) bool {
	end := int(p.match[open])
	for i := open + 1; i < end; i++ {
		if p.toks[i].kind == k {
			return true
		}
		i = p.skip(i)
	}
	return false
}

// skip returns the partner of an opening bracket at i, else i.
func (p *parser) skip(i int) int {
	if int(p.match[i]) > i {
		return int(p.match[i])
	}
	return i
}

func (p *parser) ifStatement() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.If{Cond: p.condition("if")}
	s.Then = p.body()
	if !p.bad && p.atKw(kwElse) {
		p.next()
		s.Else = p.body()
	}
	s.At = p.here(from)
	return s
}

// condition reads the parenthesised expression after if and while.
func (p *parser) condition(word string) ast.Expr {
	open := p.pos
	if !p.expect(tokLParen, "`(` after `"+word+"`") {
		return p.bads(p.cur().span())
	}
	e := p.expr(precLowest)
	if !p.bad && p.at(tokAssign) {
		p.failAt(p.cur(), "An assignment is no condition", "to compare, write `==`")
	}
	p.closeBracket(open, tokRParen, "`)` after the condition")
	return e
}

// body reads the statement that if, else and loops govern. A lone semicolon is
// the empty statement.
func (p *parser) body() ast.Stmt {
	if !p.bad && p.at(tokSemicolon) {
		p.next()
		return &ast.ExprStmt{At: p.here(p.pos - 1)}
	}
	if p.at(tokEOF) || p.at(tokRBrace) {
		p.expected("a statement", "")
	}
	if p.bad {
		return &ast.ExprStmt{}
	}
	s := p.statement()
	if s == nil {
		return &ast.ExprStmt{}
	}
	return s
}

func (p *parser) while() ast.Stmt {
	from := p.pos
	p.next()
	s := &ast.While{Cond: p.condition("while")}
	s.Body = p.loopBody()
	s.At = p.here(from)
	return s
}

func (p *parser) loopBody() ast.Stmt {
	if p.bad {
		return &ast.ExprStmt{}
	}
	s := p.body()
	if !p.bad {
		p.accept(tokSemicolon)
	}
	return s
}

// forIsStatement tells the loop from a call of a function called for.
func (p *parser) forIsStatement() bool {
	open := p.pos + 1
	if p.tok(open).kind != tokLParen {
		return false
	}
	return p.tok(open+1).kw == kwLet || p.match[open] < 0 || p.hasAtTop(open, tokSemicolon)
}

func (p *parser) forStatement() ast.Stmt {
	from := p.pos
	p.next()
	open := p.pos
	p.next()
	if p.forInAhead() {
		return p.forIn(from, open)
	}
	s := &ast.For{}
	if !p.at(tokSemicolon) {
		s.Init = p.forPart()
	}
	p.expect(tokSemicolon, "`;` after the loop's start")
	if !p.bad && !p.at(tokSemicolon) {
		s.Cond = p.expr(precLowest)
	}
	p.expect(tokSemicolon, "`;` after the loop's condition")
	if !p.bad && !p.at(tokRParen) {
		s.Post = p.forPart()
	}
	p.closeBracket(open, tokRParen, "`)` after the loop's head")
	s.Body = p.loopBody()
	s.At = p.here(from)
	return s
}

// forInAhead looks for `let a in` and `let a, b in` after the parenthesis.
func (p *parser) forInAhead() bool {
	if !p.atKw(kwLet) || !p.isName(p.pos+1) {
		return false
	}
	return p.peek(2).kw == kwIn || p.peek(2).kind == tokComma
}

func (p *parser) forIn(from, open int) ast.Stmt {
	p.next()
	s := &ast.ForIn{Value: p.name("a name for the element")}
	if p.accept(tokComma) {
		s.Key = s.Value
		s.Value = p.name("a name for the value")
	}
	if !p.bad && !p.atKw(kwIn) {
		p.expected("`in`", "")
	}
	if !p.bad {
		p.next()
		s.Expr = p.expr(precLowest)
	}
	p.closeBracket(open, tokRParen, "`)` after the loop's head")
	s.Body = p.loopBody()
	s.At = p.here(from)
	return s
}

func (p *parser) forPart() ast.Stmt {
	if p.atKw(kwLet) {
		return p.let()
	}
	return p.simple(false)
}

func (p *parser) function() ast.Stmt {
	from := p.pos
	p.next()
	if p.at(tokLParen) {
		p.failAt(p.cur(), "A function declaration needs a name", "for a function without one write a lambda: `(x) -> { … }`")
	}
	s := &ast.Function{Name: p.name("a function name")}
	open := p.pos
	if p.expect(tokLParen, "`(` after the function's name") {
		s.Params = p.params(tokRParen)
		p.closeBracket(open, tokRParen, "`)` after the parameters")
	}
	s.Body = p.block("the function's block")
	s.At = p.here(from)
	return s
}

// params reads names up to a closing token. A dotted parameter a.b is the one
// name "a.b".
func (p *parser) params(end kind) []ast.Name {
	var list []ast.Name
	for !p.bad && !p.at(end) {
		n := p.name("a parameter name")
		for !p.bad && p.accept(tokDot) {
			part := p.name("a name after the dot")
			n.Text += "." + part.Text
			n.Span = n.Span.Cover(part.Span)
		}
		list = append(list, n)
		if !p.accept(tokComma) {
			break
		}
	}
	return list
}

// block reads { … }; what it is goes into the message.
func (p *parser) block(what string) *ast.Block {
	b := &ast.Block{}
	if p.bad {
		return b
	}
	open := p.pos
	if !p.expect(tokLBrace, what) {
		return b
	}
	end := int(p.match[open])
	if end < 0 {
		b.Stmts = p.statements(len(p.toks) - 1)
		b.At = p.here(open)
		p.failAt(p.toks[open], "This `{` is never closed", "")
		return b
	}
	if !p.enter() {
		p.leave()
		return b
	}
	b.Stmts = p.statements(end)
	p.leave()
	if !p.fatal {
		p.pos = end + 1
	}
	b.At = p.here(open)
	return b
}

// braceIsBlock decides for a brace at the start of a statement: it is a block
// unless it holds key: value pairs or what follows cannot start a statement.
func (p *parser) braceIsBlock(open int) bool {
	end := int(p.match[open])
	if end < 0 {
		return true
	}
	if p.holdsPairs(open) {
		return false
	}
	after := p.tok(end + 1)
	return after.kind == tokEOF || after.kind == tokRBrace || p.startsStatement(end+1)
}

// holdsPairs reports whether the braces at open hold a dict: a colon stands
// directly inside that belongs to no ternary and no `lambda x:`.
func (p *parser) holdsPairs(open int) bool {
	end := int(p.match[open])
	waiting := 0
	for i := open + 1; i < end; i++ {
		switch t := p.toks[i]; {
		case t.kind == tokQuestion, t.kw == kwLambda && p.isName(i+1):
			waiting++
		case t.kind == tokColon && waiting > 0:
			waiting--
		case t.kind == tokColon:
			return true
		case t.kind == tokSemicolon, t.kind == tokAssign, t.kw == kwLet:
			return false
		}
		i = p.skip(i)
	}
	return false
}

// startsStatement reports whether token i can start a statement.
func (p *parser) startsStatement(i int) bool {
	t := p.tok(i)
	if t.kind == tokSemicolon || p.startsOperand(i) {
		return true
	}
	switch t.kw {
	case kwLet, kwFn, kwFun, kwWhile, kwTry, kwThrow:
		return true
	}
	return false
}

// startsOperand reports whether token i can start an expression.
func (p *parser) startsOperand(i int) bool {
	switch t := p.tok(i); t.kind {
	case tokIdent:
		return !t.kw.reserved() || t.kw >= kwNull
	case tokQuoted, tokInt, tokFloat, tokString, tokTemplateStart, tokTagOpen,
		tokLParen, tokLBracket, tokLBrace, tokMinus, tokHash, tokBad:
		return true
	case tokPlus:
		return p.isNumber(i + 1)
	case tokDot:
		return p.tok(i+1).kind == tokInt
	}
	return false
}

// isNumber reports whether a numeric literal starts at token i.
func (p *parser) isNumber(i int) bool {
	switch t := p.tok(i); t.kind {
	case tokInt, tokFloat:
		return true
	case tokDot:
		return p.tok(i+1).kind == tokInt
	case tokIdent:
		return t.kw == kwNan || t.kw == kwInf || t.kw == kwInfinity
	}
	return false
}
