package compiler

import (
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// sql writes an expression in AST mode: as a dict that describes it, with the
// name of its class under __hx_ast and its fields behind (specification 3.8).
// A placeholder switches back to Hog and puts its value there, and a tag that
// is named after a variable calls it.
func (f *function) sql(n ast.Node, span ast.Span) {
	if at := n.Place(); at != (ast.Span{}) {
		span = at
	}
	switch n := n.(type) {
	case *ast.Placeholder:
		f.expr(n.Expr)
		return
	case *ast.Tag:
		if p, _ := f.find(n.Kind); p != isGlobal {
			f.tag(n)
			return
		}
	}
	class, fields := ast.Mode(n)
	if class == "" {
		if e, ok := n.(ast.Expr); ok {
			f.reject(e)
		}
		return
	}
	f.str(span, "__hx_ast")
	f.str(span, class)
	for _, field := range fields {
		f.str(span, field.Name)
		f.modeValue(field.Value, span)
	}
	f.op(span, bytecode.Dict, len(fields)+1)
}

func (f *function) modeValue(v ast.ModeValue, span ast.Span) {
	switch v.Kind {
	case ast.ModeNode:
		f.sql(v.Node, span)
	case ast.ModeLiteral:
		if c, ok := v.Node.(*ast.Constant); ok {
			f.constant(c)
		}
	case ast.ModeText:
		f.str(span, v.Text)
	case ast.ModeBool:
		f.emit(span, bytecode.IntElem(int64(bytecode.Integer)), bytecode.BoolElem(v.Bool))
	case ast.ModeList:
		for _, e := range v.List {
			f.modeValue(e, span)
		}
		f.op(span, bytecode.Array, len(v.List))
	case ast.ModeDict:
		for i, name := range v.Names {
			f.str(span, name)
			f.modeValue(v.List[i], span)
		}
		f.op(span, bytecode.Dict, len(v.Names))
	default:
		f.op(span, bytecode.Null)
	}
}
