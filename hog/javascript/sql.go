package javascript

import (
	"strconv"

	"hogpen/hog/ast"
)

// sql writes an expression in AST mode, see compiler: an object that describes
// it, with Hog again inside of placeholders.
func (p *printer) sql(n ast.Node) {
	switch n := n.(type) {
	case *ast.Placeholder:
		p.expr(n.Expr)
		return
	case *ast.Tag:
		if _, isVariable := p.find(n.Kind); isVariable {
			p.tag(n)
			return
		}
	}
	class, fields := ast.Mode(n)
	if class == "" {
		if e, ok := n.(ast.Expr); ok {
			p.reject(e)
		}
		return
	}
	p.w(`{"__hx_ast": `, quote(class))
	for _, f := range fields {
		p.w(", ", quote(f.Name), ": ")
		p.modeValue(f.Value)
	}
	p.w("}")
}

func (p *printer) modeValue(v ast.ModeValue) {
	switch v.Kind {
	case ast.ModeNode:
		p.sql(v.Node)
	case ast.ModeLiteral:
		if c, ok := v.Node.(*ast.Constant); ok {
			p.constant(c)
		}
	case ast.ModeText:
		p.w(quote(v.Text))
	case ast.ModeBool:
		p.w(strconv.FormatBool(v.Bool))
	case ast.ModeList, ast.ModeDict:
		p.modeList(v)
	default:
		p.w("null")
	}
}

func (p *printer) modeList(v ast.ModeValue) {
	open, end := "[", "]"
	if v.Kind == ast.ModeDict {
		open, end = "{", "}"
	}
	p.w(open)
	for i, e := range v.List {
		if i > 0 {
			p.w(", ")
		}
		if v.Kind == ast.ModeDict {
			p.w("[", quote(v.Names[i]), "]: ")
		}
		p.modeValue(e)
	}
	p.w(end)
}
