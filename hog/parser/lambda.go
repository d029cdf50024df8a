package parser

import "hogpen/hog/ast"

// lambdaHead reports whether the names from token i on, separated by commas,
// end in an arrow. The answer holds for every name of the run, so each run is
// looked at once.
func (p *parser) lambdaHead(i int) bool {
	if k := p.tok(i + 1).kind; k != tokArrow && k != tokComma {
		return false
	}
	if i >= p.runFrom && i < p.runTo {
		return p.runIsHead
	}
	j := i
	for p.isName(j) {
		j++
		if p.tok(j).kind != tokComma {
			break
		}
		j++
	}
	p.runFrom, p.runTo, p.runIsHead = i, j, p.tok(j).kind == tokArrow
	return p.runIsHead
}

// lambda reads a head, with or without parentheses, the arrow and the body.
func (p *parser) lambda(from int) ast.Expr {
	n := &ast.Lambda{}
	if p.accept(tokLParen) {
		n.Params = p.lambdaParams(tokRParen)
		if !p.bad && !p.accept(tokRParen) {
			p.failAt(p.cur(), "A lambda's parameters are names, found "+p.describe(p.pos), "")
		}
	} else {
		n.Params = p.lambdaParams(tokArrow)
	}
	p.expect(tokArrow, "`->`")
	p.lambdaBody(n)
	n.At = p.here(from)
	return n
}

func (p *parser) lambdaParams(end kind) []ast.Name {
	var list []ast.Name
	for !p.bad && !p.at(end) {
		if !p.isName(p.pos) {
			p.failAt(p.cur(), "A lambda's parameters are names, found "+p.describe(p.pos), "")
			break
		}
		list = append(list, p.name("a parameter name"))
		if !p.accept(tokComma) {
			break
		}
	}
	return list
}

// lambdaBody reads an expression or a block. Braces are a dict or placeholder
// if an expression fills them, else a block.
func (p *parser) lambdaBody(n *ast.Lambda) {
	if p.bad {
		return
	}
	if !p.at(tokLBrace) {
		n.Expr = p.expr(precLowest)
		return
	}
	open := p.pos
	if p.braceHoldsExpr(open) {
		n.Expr = p.expr(precLowest)
		return
	}
	if !p.enter() {
		p.leave()
		return
	}
	n.Block = p.block("the lambda's block")
	p.leave()
}

// braceHoldsExpr decides what braces after an arrow are. Most cases are clear
// from the tokens directly inside; for the rest the expression is tried, and
// the answer kept, so that a nested lambda is not tried again each time that
// one around it is.
func (p *parser) braceHoldsExpr(open int) bool {
	end := int(p.match[open])
	switch {
	case end < 0:
		return false
	case end == open+1 || p.holdsPairs(open):
		return true
	case p.holdsStatements(open):
		return false
	}
	if known, ok := p.holdsExpr[open]; ok {
		return known
	}
	if p.holdsExpr == nil {
		p.holdsExpr = map[int]bool{}
	}
	p.holdsExpr[open] = p.tryExpr(open+1, end)
	return p.holdsExpr[open]
}

// holdsStatements reports whether something stands directly inside the braces
// that no expression can hold.
func (p *parser) holdsStatements(open int) bool {
	end := int(p.match[open])
	for i := open + 1; i < end; i++ {
		switch t := p.toks[i]; {
		case t.kind == tokSemicolon, t.kind == tokAssign:
			return true
		case t.kw != kwNone && t.kw.reserved() && t.kw < kwNull && p.tok(i-1).kind != tokDot:
			return true
		}
		i = p.skip(i)
	}
	return false
}

// tryExpr reports whether the tokens from index from up to end are one
// expression. The parser is left as it was, unless the nesting is too deep:
// then that is the fault, whatever the braces are.
func (p *parser) tryExpr(from, end int) bool {
	saved := *p
	p.pos, p.first = from, -1
	p.expr(precLowest)
	if p.fatal {
		return false
	}
	ok := !p.bad && p.pos == end && len(p.diags) == len(saved.diags)
	known := p.holdsExpr
	*p = saved
	p.holdsExpr = known
	return ok
}

// lambdaWordAhead looks for `lambda x, y:`.
func (p *parser) lambdaWordAhead() bool {
	i := p.pos + 1
	for p.isName(i) {
		i++
		if p.tok(i).kind == tokColon {
			return true
		}
		if p.tok(i).kind != tokComma {
			return false
		}
		i++
	}
	return false
}

func (p *parser) lambdaWord() ast.Expr {
	from := p.pos
	p.next()
	n := &ast.Lambda{Params: p.lambdaParams(tokColon)}
	p.expect(tokColon, "`:` after the parameters")
	n.Expr = p.expr(precLowest)
	n.At = p.here(from)
	return n
}
