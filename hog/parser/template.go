package parser

import (
	"strings"

	"hogpen/hog/ast"
)

// template reads f'…'.
func (p *parser) template() ast.Expr {
	from := p.pos
	p.next()
	e := p.templateParts(tokTemplateEnd, func(s string) string { return decode(s, 0) })
	if !p.bad && !p.accept(tokTemplateEnd) {
		p.failAt(p.toks[from], "This template string is never closed", "add a closing '")
	}
	if c, ok := e.(*ast.Call); ok && c.Form == ast.FormTemplate {
		c.At = p.here(from)
	}
	return e
}

// templateParts reads text and { … } up to end, which is left. No part gives
// the empty string, one part itself, several a call of concat.
func (p *parser) templateParts(end kind, text func(string) string) ast.Expr {
	from := p.pos
	var parts []ast.Expr
	for !p.bad && !p.at(end) && !p.at(tokEOF) {
		switch t := p.cur(); t.kind {
		case tokText:
			s := ast.String(validText(text(p.text(p.pos))))
			s.Span = t.span()
			if end == tokTemplateEnd {
				s.Written, s.Raw = validText(p.text(p.pos)), true
			}
			p.next()
			parts = append(parts, s)
		case tokLBrace:
			parts = append(parts, p.hole())
		default:
			p.failAt(t, "Unexpected "+p.describe(p.pos)+" in a template", "")
		}
	}
	switch len(parts) {
	case 0:
		return &ast.Constant{At: ast.At{Span: p.tok(from).span()}, Kind: ast.KindString}
	case 1:
		if c, ok := parts[0].(*ast.Constant); ok && c.Raw {
			c.Written, c.Raw = "", false
		}
		return parts[0]
	}
	n := &ast.Call{Name: "concat", Args: parts, Operands: parts, Form: ast.FormTemplate}
	n.At = p.here(from)
	return n
}

// hole reads { expr } of a template or a tag.
func (p *parser) hole() ast.Expr {
	open := p.pos
	p.next()
	if p.at(tokRBrace) {
		p.fail(p.spanFrom(open).Cover(p.cur().span()), "Expected an expression in the braces", "write \\{ for a literal brace")
		return p.bads(p.spanFrom(open))
	}
	e := p.expr(precLowest)
	if !p.bad && p.at(tokColon) {
		p.expected("`}` after the expression", "write \\{ for a literal brace, {{key: value}} for a dict")
	}
	p.closeBracket(open, tokRBrace, "`}` after the expression")
	return e
}

// tag reads a HogQLX element.
func (p *parser) tag() ast.Expr {
	if !p.enter() {
		p.leave()
		return p.bads(p.cur().span())
	}
	defer p.leave()
	from := p.pos
	n := &ast.Tag{Kind: p.text(from)[1:]}
	p.next()
	p.attributes(n)
	switch {
	case p.bad:
	case p.accept(tokTagSelfClose):
	case p.accept(tokTagEnd):
		p.children(n)
	default:
		p.expected("an attribute or the end of the tag", "to compare, put a space after `<`")
	}
	n.At = p.here(from)
	return n
}

func (p *parser) attributes(n *ast.Tag) {
	for !p.bad && p.at(tokTagName) {
		i := p.pos
		p.next()
		a := ast.TagAttribute{Name: p.text(i), Value: ast.Bool(true)}
		ast.AtOf(a.Value).Span = p.tok(i).span()
		if p.accept(tokEq) {
			a.Value = p.attributeValue()
		}
		n.Attributes = append(n.Attributes, a)
	}
}

func (p *parser) attributeValue() ast.Expr {
	switch p.cur().kind {
	case tokString:
		return p.operand()
	case tokLBrace:
		return p.hole()
	}
	p.failAt(p.cur(), "An attribute's value is a string in single quotes or { … }, found "+p.describe(p.pos), "")
	return p.bads(p.cur().span())
}

// children reads what stands between the tags. White space with a line break
// is layout and dropped.
func (p *parser) children(n *ast.Tag) {
	from := p.pos
	var list []ast.Expr
	for !p.bad && !p.at(tokTagClose) {
		switch t := p.cur(); t.kind {
		case tokText:
			p.next()
			text := p.src[t.start:t.end]
			if strings.TrimSpace(text) == "" && strings.ContainsAny(text, "\r\n") {
				continue
			}
			s := ast.String(validText(text))
			s.Span = t.span()
			list = append(list, s)
		case tokLBrace:
			list = append(list, p.hole())
		case tokTagOpen:
			list = append(list, p.tag())
		default:
			p.failAt(t, "The tag <"+n.Kind+"> is never closed", "")
		}
	}
	if p.bad {
		return
	}
	p.closeTag(n)
	if len(list) == 0 {
		return
	}
	for _, a := range n.Attributes {
		if a.Name == "children" {
			p.fail(p.spanFrom(from), "Can't have a HogQLX tag with both children and a 'children' attribute", "")
		}
	}
	array := &ast.Array{Exprs: list}
	array.Span = p.spanFrom(from)
	n.Attributes = append(n.Attributes, ast.TagAttribute{Name: "children", Value: array, Children: true})
}

func (p *parser) closeTag(n *ast.Tag) {
	t := p.cur()
	name := strings.Trim(p.text(p.pos), "</> \t\r\n\f\v")
	if name != n.Kind {
		p.failAt(t, "Opening and closing HogQLX tags must match. Got "+n.Kind+" and "+name, "")
		return
	}
	p.next()
}
