package ast_test

import (
	"strings"
	"testing"

	"hogpen/hog/ast"
)

func TestPositionOf(t *testing.T) {
	t.Parallel()
	const src = "a\n\té😀b\n"
	for _, tt := range []struct {
		offset int
		want   ast.Position
	}{
		{0, ast.Position{Line: 1, Column: 1, Offset: 0}},
		{2, ast.Position{Line: 2, Column: 1, Offset: 2}},
		{strings.Index(src, "b"), ast.Position{Line: 2, Column: 4, Offset: 9}},
		{99, ast.Position{Line: 3, Column: 1, Offset: len(src)}},
		{-1, ast.Position{Line: 1, Column: 1, Offset: 0}},
	} {
		if have := ast.PositionOf(src, tt.offset); have != tt.want {
			t.Errorf("offset %d: have %+v, want %+v", tt.offset, have, tt.want)
		}
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	const src = "let a := 1\n\tlet é := tirm(a)\nlast"
	at := int32(strings.Index(src, "tirm"))
	d := ast.Diagnostic{Span: ast.Span{Start: at, End: at + 4}, Message: "unknown function \"tirm\"", Hint: "did you mean \"trim\"?"}
	const want = "2:11: unknown function \"tirm\", did you mean \"trim\"?\n    \tlet é := tirm(a)\n    \t         ^^^^"
	if have := d.Render(src); have != want {
		t.Errorf("have\n%s\nwant\n%s", have, want)
	}
	// A span over several lines is marked to the end of its first line; one at
	// the end of the source still has a caret.
	d.Span.End = int32(len(src))
	if have := d.Render(src); !strings.HasSuffix(have, "         ^^^^^^^") {
		t.Errorf("have\n%s", have)
	}
	d.Span = ast.Span{Start: int32(len(src)), End: int32(len(src))}
	if have := d.Render(src); !strings.HasSuffix(have, "    last\n        ^") {
		t.Errorf("have\n%s", have)
	}
}

func TestWalkVisitsEveryNodeOnce(t *testing.T) {
	t.Parallel()
	leaf := func() ast.Expr { return ast.Chain("x") }
	block := func() *ast.Block { return &ast.Block{Stmts: []ast.Stmt{&ast.ExprStmt{Expr: leaf()}}} }
	prog := &ast.Program{Stmts: []ast.Stmt{
		&ast.Let{Value: leaf()}, &ast.Assign{Target: leaf(), Value: leaf()}, &ast.Return{Value: leaf()}, &ast.Return{}, &ast.Throw{Value: leaf()},
		&ast.If{Cond: leaf(), Then: block()}, &ast.While{Cond: leaf(), Body: block()}, &ast.For{Cond: leaf(), Body: block()},
		&ast.ForIn{Expr: leaf(), Body: block()}, &ast.Function{Body: block()},
		&ast.Try{Body: block(), Catches: []ast.Catch{{Body: block()}}, Finally: block()},
		&ast.ExprStmt{Expr: &ast.Dict{Items: []ast.DictItem{{Key: leaf(), Value: leaf()}}}},
		&ast.ExprStmt{Expr: &ast.Between{Expr: leaf(), Low: leaf(), High: leaf()}},
		&ast.ExprStmt{Expr: &ast.Call{Params: []ast.Expr{leaf()}, Args: []ast.Expr{leaf()}, Operands: []ast.Expr{leaf()}}},
		&ast.ExprStmt{Expr: &ast.Lambda{Block: block()}}, &ast.ExprStmt{Expr: ast.LambdaOf(leaf())},
		&ast.ExprStmt{Expr: &ast.Tag{Attributes: []ast.TagAttribute{{Value: leaf()}}}},
	}}
	fields := 0
	ast.Walk(prog, func(n ast.Node) bool {
		if _, ok := n.(*ast.Field); ok {
			fields++
		}
		return true
	})
	if fields != 27 {
		t.Errorf("%d fields were visited, want 27", fields)
	}
}
