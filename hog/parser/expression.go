package parser

import (
	"hogpen/hog/ast"
)

// The levels of precedence, from loosest to tightest.
const (
	precLowest = iota
	precAlias
	precTernary
	precOr
	precAnd
	precNot
	precBetween
	precNullish
	precIsNull
	precCompare
	precAdd
	precMul
	precUnary
	precPostfix
)

// expr reads an expression whose operators are at least as tight as min.
func (p *parser) expr(min int) ast.Expr {
	if p.bad {
		return p.bads(p.cur().span())
	}
	if !p.enter() {
		p.leave()
		return p.bads(p.cur().span())
	}
	left := p.operand()
	for links := 0; !p.bad; links++ {
		next := p.extend(left, min)
		if next == nil {
			break
		}
		if next == left {
			links--
		}
		if links > maxChain {
			p.fail(next.Place(), "This chain of operators is too long", "split it into variables")
			p.fatal = true
		}
		left = next
	}
	p.leave()
	return left
}

// extend reads one operator after left with its right side. It returns nil
// when the expression ends here, and left itself when left only grew.
func (p *parser) extend(left ast.Expr, min int) ast.Expr {
	if a, ok := left.(*ast.Alias); ok && !a.Parens {
		return nil // nothing binds what has got its name
	}
	t := p.cur()
	switch t.kind {
	case tokLParen:
		if p.parenIsHead(p.pos) {
			return nil // a lambda that is the next statement
		}
		return p.postfix(left)
	case tokLBracket, tokDot, tokNullDot, tokDoubleColon:
		return p.postfix(left)
	case tokStar:
		return p.arithmetic(left, min, precMul, ast.Mul)
	case tokSlash:
		return p.arithmetic(left, min, precMul, ast.Div)
	case tokPercent:
		return p.arithmetic(left, min, precMul, ast.Mod)
	case tokPlus:
		return p.arithmetic(left, min, precAdd, ast.Add)
	case tokMinus:
		return p.arithmetic(left, min, precAdd, ast.Sub)
	case tokConcat:
		return p.concat(left, min)
	case tokNullish:
		return p.nullish(left, min)
	case tokQuestion:
		return p.ternary(left, min)
	case tokIdent:
		return p.wordOperator(left, min, t.kw)
	}
	if op := compareOp(t.kind); op != "" {
		return p.compare(left, min, op, 1)
	}
	return nil
}

func compareOp(k kind) ast.CompareOp {
	switch k {
	case tokEq, tokEqEq:
		return ast.Eq
	case tokNotEq:
		return ast.NotEq
	case tokLt:
		return ast.Lt
	case tokLtEq:
		return ast.LtEq
	case tokGt:
		return ast.Gt
	case tokGtEq:
		return ast.GtEq
	case tokRegex:
		return ast.Regex
	case tokNotRegex:
		return ast.NotRegex
	case tokIRegex:
		return ast.IRegex
	case tokNotIRegex:
		return ast.NotIRegex
	}
	return ""
}

func (p *parser) arithmetic(left ast.Expr, min, prec int, op ast.ArithmeticOp) ast.Expr {
	if prec < min {
		return nil
	}
	p.next()
	n := &ast.Arithmetic{Op: op, Left: left, Right: p.expr(prec + 1)}
	n.Span = p.since(left)
	return n
}

// compare reads a comparison whose operator is words tokens long.
func (p *parser) compare(left ast.Expr, min int, op ast.CompareOp, words int) ast.Expr {
	if precCompare < min {
		return nil
	}
	written := ""
	if words == 1 {
		written = p.text(p.pos)
	}
	p.pos += words
	n := &ast.Compare{Op: op, Left: left, Written: written, Right: p.expr(precCompare + 1)}
	n.Span = p.since(left)
	return n
}

// concat joins a || b || c into one call, also with what stands in
// parentheses and in calls of concat.
func (p *parser) concat(left ast.Expr, min int) ast.Expr {
	if precAdd < min {
		return nil
	}
	p.next()
	right := p.expr(precAdd + 1)
	if call, ok := left.(*ast.Call); ok && call.Form == ast.FormConcat && !call.Parens {
		call.Args = append(call.Args, concatParts(right)...)
		call.Operands = append(call.Operands, right)
		call.Span = p.since(call)
		return call
	}
	args := append([]ast.Expr(nil), concatParts(left)...)
	n := &ast.Call{Name: "concat", Form: ast.FormConcat, Operands: []ast.Expr{left, right}}
	n.Args = append(args, concatParts(right)...)
	n.Span = p.since(left)
	return n
}

func concatParts(e ast.Expr) []ast.Expr {
	if call, ok := e.(*ast.Call); ok && call.Name == "concat" && call.Params == nil {
		return call.Args
	}
	return []ast.Expr{e}
}

func (p *parser) nullish(left ast.Expr, min int) ast.Expr {
	if precNullish < min {
		return nil
	}
	p.next()
	right := p.expr(precNullish + 1)
	n := &ast.Call{Name: "ifNull", Args: []ast.Expr{left, right}, Form: ast.FormNullish}
	n.Span = p.since(left)
	return n
}

func (p *parser) ternary(cond ast.Expr, min int) ast.Expr {
	if precTernary < min {
		return nil
	}
	p.next()
	then := p.expr(precLowest)
	p.expect(tokColon, "`:` of the ternary")
	n := &ast.Call{Name: "if", Form: ast.FormTernary}
	n.Args = []ast.Expr{cond, then, p.expr(precTernary)}
	n.Span = p.since(cond)
	return n
}

// wordOperator reads the operators that are words.
func (p *parser) wordOperator(left ast.Expr, min int, k keyword) ast.Expr {
	switch k {
	case kwAnd:
		return p.and(left, min)
	case kwOr:
		return p.or(left, min)
	case kwNot:
		return p.notOperator(left, min)
	case kwIn:
		return p.in(left, min, ast.In, ast.InCohort, 1)
	case kwLike:
		return p.compare(left, min, ast.Like, 1)
	case kwILike:
		return p.compare(left, min, ast.ILike, 1)
	case kwBetween:
		if !p.startsOperand(p.pos + 1) {
			return nil
		}
		return p.between(left, min, false)
	case kwIs:
		return p.is(left, min)
	case kwIgnore:
		if p.peek(1).kw == kwNulls && precIsNull >= min {
			p.pos += 2
			return left
		}
	case kwAs:
		return p.alias(left, min)
	}
	return nil
}

func (p *parser) notOperator(left ast.Expr, min int) ast.Expr {
	switch p.peek(1).kw {
	case kwIn:
		return p.in(left, min, ast.NotIn, ast.NotInCohort, 2)
	case kwLike:
		return p.compare(left, min, ast.NotLike, 2)
	case kwILike:
		return p.compare(left, min, ast.NotILike, 2)
	case kwBetween:
		if p.startsOperand(p.pos + 2) {
			return p.between(left, min, true)
		}
	}
	return nil
}

// in reads in and in cohort; words is the length without cohort.
func (p *parser) in(left ast.Expr, min int, plain, cohort ast.CompareOp, words int) ast.Expr {
	after := p.pos + words
	if p.tok(after).kw == kwCohort && p.startsOperand(after+1) && !p.startsLine(after+1) && !isOperatorWord(p.tok(after+1).kw) {
		return p.compare(left, min, cohort, words+1)
	}
	return p.compare(left, min, plain, words)
}

// isOperatorWord reports whether a word would continue an expression.
func isOperatorWord(k keyword) bool {
	switch k {
	case kwAnd, kwOr, kwNot, kwIn, kwIs, kwLike, kwILike, kwBetween, kwAs, kwIgnore:
		return true
	}
	return false
}

// and flattens, with what stands in parentheses too.
func (p *parser) and(left ast.Expr, min int) ast.Expr {
	if precAnd < min {
		return nil
	}
	p.next()
	right := p.expr(precAnd + 1)
	n, ok := left.(*ast.And)
	if !ok {
		n = &ast.And{Exprs: []ast.Expr{left}}
	}
	n.Span = p.since(left)
	n.Parens = false
	if r, ok := right.(*ast.And); ok {
		n.Exprs = append(n.Exprs, r.Exprs...)
	} else {
		n.Exprs = append(n.Exprs, right)
	}
	return n
}

func (p *parser) or(left ast.Expr, min int) ast.Expr {
	if precOr < min {
		return nil
	}
	p.next()
	right := p.expr(precOr + 1)
	n, ok := left.(*ast.Or)
	if !ok {
		n = &ast.Or{Exprs: []ast.Expr{left}}
	}
	n.Span = p.since(left)
	n.Parens = false
	if r, ok := right.(*ast.Or); ok {
		n.Exprs = append(n.Exprs, r.Exprs...)
	} else {
		n.Exprs = append(n.Exprs, right)
	}
	return n
}

// between reads its upper bound above its own level, so that a following `and`
// stays outside; the lower one may be a between of its own.
func (p *parser) between(left ast.Expr, min int, negated bool) ast.Expr {
	if precBetween < min {
		return nil
	}
	p.next()
	if negated {
		p.next()
	}
	n := &ast.Between{Expr: left, Negated: negated, Low: p.expr(precBetween)}
	if !p.bad && !p.atKw(kwAnd) {
		p.expected("`and` between the bounds", "")
	}
	if !p.bad {
		p.next()
		n.High = p.expr(precBetween + 1)
	}
	n.Span = p.since(left)
	return n
}

func (p *parser) is(left ast.Expr, min int) ast.Expr {
	if precIsNull < min {
		return nil
	}
	i, op := 1, ast.Eq
	if p.peek(1).kw == kwNot {
		i, op = 2, ast.NotEq
	}
	if p.peek(i).kw == kwDistinct && p.wordAt(p.pos+i+1, "from") {
		p.pos += i + 2
		n := &ast.IsDistinct{Left: left, Negated: op == ast.NotEq, Right: p.expr(precIsNull + 1)}
		n.Span = p.since(left)
		n.Text = p.sourceOf(n.Span)
		return n
	}
	if p.peek(i).kw != kwNull {
		return nil
	}
	p.pos += i + 1
	null := &ast.Constant{Kind: ast.KindNull}
	null.Span = p.tok(p.pos - 1).span()
	n := &ast.Compare{Op: op, Left: left, Right: null, Form: ast.FormIsNull}
	n.Span = p.since(left)
	return n
}

func (p *parser) wordAt(i int, word string) bool {
	return p.tok(i).kind == tokIdent && equalFold(p.text(i), word)
}

func (p *parser) alias(left ast.Expr, min int) ast.Expr {
	if precAlias < min || !p.isName(p.pos+1) && p.peek(1).kind != tokString {
		return nil
	}
	p.pos += 2
	name := ""
	if t := p.tok(p.pos - 1); t.kind == tokString {
		name = validText(unquote(p.text(p.pos - 1)))
	} else {
		name = p.nameText(p.pos - 1)
	}
	n := &ast.Alias{Expr: left, Name: name}
	n.Span = p.since(left)
	return n
}

func (p *parser) unsupported(span ast.Span, construct, visitor string) ast.Expr {
	n := &ast.Unsupported{Construct: construct, Visitor: visitor}
	n.Span = span
	n.Text = p.sourceOf(span)
	return n
}

// sourceOf is the text of a span.
func (p *parser) sourceOf(span ast.Span) string { return validText(p.src[span.Start:span.End]) }

// postfix reads what is attached to left: a call, an index, a property.
func (p *parser) postfix(left ast.Expr) ast.Expr {
	switch p.cur().kind {
	case tokLParen:
		n := &ast.ExprCall{Callee: left, Args: p.args("")}
		n.Span = p.since(left)
		return n
	case tokLBracket:
		return p.index(left, false)
	case tokDot:
		return p.property(left)
	case tokNullDot:
		return p.nullProperty(left)
	}
	return p.cast(left)
}

func (p *parser) index(left ast.Expr, nullish bool) ast.Expr {
	open := p.pos
	p.next()
	if p.at(tokColon) {
		return p.slice(left, nil, open)
	}
	e := p.expr(precLowest)
	if !p.bad && p.at(tokColon) {
		return p.slice(left, e, open)
	}
	p.closeBracket(open, tokRBracket, "`]` after the index")
	n := &ast.ArrayAccess{Array: left, Property: e, Nullish: nullish}
	n.Span = p.since(left)
	return n
}

func (p *parser) slice(left, first ast.Expr, open int) ast.Expr {
	p.next()
	n := &ast.Slice{Array: left, From: first}
	if !p.at(tokRBracket) {
		n.To = p.expr(precLowest)
	}
	p.closeBracket(open, tokRBracket, "`]` after the slice")
	n.Span = p.since(left)
	n.Text = p.sourceOf(n.Span)
	return n
}

// property reads .name and .3. A number with a leading zero is no index: it
// starts the next statement, as in PostHog's parser.
func (p *parser) property(left ast.Expr) ast.Expr {
	i := p.pos + 1
	switch {
	case p.isName(i):
		p.pos += 2
		return p.dotted(left, i, false)
	case p.tok(i).kind == tokInt:
		text := p.text(i)
		if !isTupleIndex(text) {
			return nil
		}
		p.pos += 2
		return p.tupleAccess(left, text, false)
	}
	p.badProperty(i)
	return nil
}

func (p *parser) badProperty(i int) {
	if p.tok(i).kw.reserved() {
		word := p.text(i)
		p.failAt(p.tok(i), "`"+word+"` is a reserved word and cannot be a property after a dot", "write ['"+word+"']")
		return
	}
	p.failAt(p.tok(i), "Expected a property name after the dot, found "+p.describe(i), "")
}

func isTupleIndex(text string) bool {
	octal := len(text) > 1 && text[0] == '0'
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
		if text[i] > '7' {
			octal = false
		}
	}
	return !octal
}

func (p *parser) dotted(left ast.Expr, nameAt int, nullish bool) ast.Expr {
	key := ast.String(p.nameText(nameAt))
	key.Span = p.tok(nameAt).span()
	n := &ast.ArrayAccess{Array: left, Property: key, Nullish: nullish, Dotted: true}
	n.Span = p.since(left)
	return n
}

func (p *parser) tupleAccess(left ast.Expr, text string, nullish bool) ast.Expr {
	index := integer(text)
	if index.Kind != ast.KindInteger {
		p.failAt(p.tok(p.pos-1), "This index is too large", "")
	}
	n := &ast.TupleAccess{Tuple: left, Index: index.Int, Nullish: nullish}
	n.Span = p.since(left)
	return n
}

func (p *parser) nullProperty(left ast.Expr) ast.Expr {
	i := p.pos + 1
	switch {
	case p.isName(i):
		p.pos += 2
		return p.dotted(left, i, true)
	case p.tok(i).kind == tokInt && isTupleIndex(p.text(i)):
		p.pos += 2
		return p.tupleAccess(left, p.text(i), true)
	case p.tok(i).kind == tokLBracket:
		p.next()
		return p.index(left, true)
	}
	if p.tok(i).kind == tokInt {
		p.failAt(p.tok(i), "Expected a property after `?.`, found "+p.describe(i), "for a ternary put a space between `?` and `.`")
		return nil
	}
	p.badProperty(i)
	return nil
}

// cast reads ::Type.
func (p *parser) cast(left ast.Expr) ast.Expr {
	p.next()
	from := p.pos
	p.name("a type after `::`")
	for !p.bad && p.at(tokDot) && p.isName(p.pos+1) {
		p.pos += 2
	}
	p.skipParens()
	n := &ast.Cast{Expr: left}
	n.Span = p.since(left)
	n.Text = p.sourceOf(n.Span)
	n.Type = p.sourceOf(p.spanFrom(from))
	return n
}

// skipParens passes over a parenthesised part that carries no meaning here.
func (p *parser) skipParens() {
	if !p.bad && p.at(tokLParen) && p.match[p.pos] > 0 {
		p.pos = int(p.match[p.pos]) + 1
	}
}
