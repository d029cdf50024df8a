package printer_test

import (
	"math/rand/v2"
	"testing"

	"hogpen/hog/ast"
	"hogpen/hog/parser"
	"hogpen/hog/printer"
)

// grower makes random trees, without hints, as they are built by hand.
type grower struct {
	*rand.Rand
}

var names = []string{"a", "b", "event", "date", "if", "in", "not", "array", "a b", "true", "let", "case", "x`y", "end", "*x"}

var texts = []string{"", "a", "it's", "back\\slash", "{brace}", "line\nbreak", "é😀", "--", "`"}

func (g grower) name() string { return names[g.IntN(len(names))] }

func (g grower) list(depth, least int) []ast.Expr {
	var list []ast.Expr
	for range least + g.IntN(3) {
		list = append(list, g.expr(depth-1))
	}
	return list
}

func (g grower) leaf() ast.Expr {
	switch g.IntN(8) {
	case 0:
		return ast.Null()
	case 1:
		return ast.Bool(g.IntN(2) == 0)
	case 2:
		return ast.Integer(int64(g.IntN(20) - 10))
	case 3:
		return ast.Float(float64(g.IntN(20)-10) / 4)
	case 4:
		return ast.String(texts[g.IntN(len(texts))])
	case 5:
		return ast.Chain(g.name(), g.name())
	}
	return ast.Chain(g.name())
}

func (g grower) expr(depth int) ast.Expr {
	if depth <= 0 {
		return g.leaf()
	}
	switch d := depth - 1; g.IntN(18) {
	case 0:
		ops := []ast.ArithmeticOp{ast.Add, ast.Sub, ast.Mul, ast.Div, ast.Mod}
		return &ast.Arithmetic{Op: ops[g.IntN(len(ops))], Left: g.expr(d), Right: g.expr(d)}
	case 1:
		ops := []ast.CompareOp{ast.Eq, ast.Lt, ast.NotILike, ast.In, ast.NotIn, ast.IRegex, ast.Gt}
		return ast.CompareOf(ops[g.IntN(len(ops))], g.expr(d), g.expr(d))
	case 2:
		return ast.CallOf(g.name(), g.list(depth, 0)...)
	case 3:
		return &ast.Call{Name: g.name(), Params: append([]ast.Expr{}, g.list(depth, 0)...), Args: g.list(depth, 0)}
	case 4:
		return &ast.ExprCall{Callee: g.expr(d), Args: g.list(depth, 0)}
	case 5:
		return &ast.Between{Expr: g.expr(d), Low: g.expr(d), High: g.expr(d), Negated: g.IntN(2) == 0}
	case 6:
		return ast.ArrayOf(g.list(depth, 0)...)
	case 7:
		return ast.TupleOf(g.list(depth, 1)...)
	case 8:
		return &ast.Dict{Items: []ast.DictItem{{Key: g.expr(d), Value: g.expr(d)}, {Key: g.expr(d), Value: g.expr(d)}}}
	case 9:
		return &ast.Dict{}
	case 10:
		return &ast.ArrayAccess{Array: g.expr(d), Property: g.expr(d), Nullish: g.IntN(2) == 0}
	case 11:
		return &ast.ArrayAccess{Array: g.expr(d), Property: ast.String(g.name()), Nullish: g.IntN(2) == 0, Dotted: true}
	case 12:
		return &ast.TupleAccess{Tuple: g.expr(d), Index: int64(g.IntN(12)), Nullish: g.IntN(2) == 0}
	case 13:
		return ast.LambdaOf(g.expr(d), []string{"x", "y", "z"}[:g.IntN(4)]...)
	case 14:
		return &ast.Arithmetic{Op: ast.Sub, Left: ast.Integer(0), Right: g.expr(d), Form: ast.FormNegate}
	case 15:
		return &ast.Call{Name: "if", Args: []ast.Expr{g.expr(d), g.expr(d), g.expr(d)}, Form: ast.FormTernary}
	case 16:
		return &ast.Call{Name: "ifNull", Args: []ast.Expr{g.expr(d), g.expr(d)}, Form: ast.FormNullish}
	}
	return &ast.Compare{Op: ast.Eq, Left: g.expr(depth - 1), Right: ast.Null(), Form: ast.FormIsNull}
}

// TestHandBuiltTreesPrint: a tree without any hint is printed so that it reads
// back as itself, also as a statement. And, Or and Not are left out: the parser
// flattens the first two, and reads `not (` as a call.
func TestHandBuiltTreesPrint(t *testing.T) {
	t.Parallel()
	g := grower{rand.New(rand.NewPCG(1, 2))}
	for range 3000 {
		tree := g.expr(1 + g.IntN(4))
		out := printer.Expr(tree)
		again, diags := parser.Expr(out)
		if diags.Failed() {
			t.Fatalf("%s\nis printed as\n%s\n%s", ast.Dump(tree), out, diags[0].Render(out))
		}
		if have, want := ast.Dump(again), ast.Dump(tree); have != want {
			t.Fatalf("printed as\n%s\nhave %s\nwant %s", out, have, want)
		}
		prog := &ast.Program{Stmts: []ast.Stmt{
			&ast.ExprStmt{Expr: tree}, &ast.If{Cond: ast.Bool(true), Then: &ast.Block{}}, &ast.ExprStmt{Expr: tree},
		}}
		checkStable(t, printer.Print(prog))
		if reread, _ := parser.Program(printer.Print(prog)); ast.Dump(reread) != ast.Dump(prog) {
			t.Fatalf("printed as\n%s\nhave %s\nwant %s", printer.Print(prog), ast.Dump(reread), ast.Dump(prog))
		}
	}
}
