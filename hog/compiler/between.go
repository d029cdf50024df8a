package compiler

import (
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// between writes PostHog's lowering: a result slot and three hidden locals. It
// is only right when nothing lies on the stack above the locals.
func (f *function) between(n *ast.Between) {
	if f.opt.Repair {
		f.expr(soundBetween(n))
		return
	}
	at := n.Span
	f.op(at, bytecode.Null)
	f.beginScope()
	result := f.hidden("__result__")
	f.expr(n.Expr)
	expr := f.hidden("__expr__")
	f.expr(n.Low)
	low := f.hidden("__low__")
	f.expr(n.High)
	high := f.hidden("__high__")
	for _, slot := range []int{low, high, expr} {
		f.read(at, isLocal, slot)
		f.op(at, bytecode.Null)
		f.op(at, bytecode.NotEq)
	}
	f.op(at, bytecode.And, 3)
	toFalse := f.jump(at, bytecode.JumpIfFalse)
	lowOp, highOp, join := bytecode.GtEq, bytecode.LtEq, bytecode.And
	if n.Negated {
		lowOp, highOp, join = bytecode.Lt, bytecode.Gt, bytecode.Or
	}
	f.read(at, isLocal, low)
	f.read(at, isLocal, expr)
	f.op(at, lowOp)
	f.read(at, isLocal, high)
	f.read(at, isLocal, expr)
	f.op(at, highOp)
	f.op(at, join, 2)
	toEnd := f.jump(at, bytecode.Jump)
	f.land(toFalse)
	f.op(at, bytecode.False)
	f.land(toEnd)
	f.op(at, bytecode.SetLocal, result)
	for range 3 {
		f.dropLocal(at)
	}
	// The result stays where it is, as the value of the expression.
	f.forget()
	f.depth--
}

// soundBetween is the repaired lowering. Operands that are cheap and without
// effect are simply repeated; others are evaluated once, as the arguments of a
// function that is called on the spot.
func soundBetween(n *ast.Between) ast.Expr {
	if isSimple(n.Expr) && isSimple(n.Low) && isSimple(n.High) {
		return betweenTest(n, n.Expr, n.Low, n.High)
	}
	at := ast.At{Span: n.Span}
	names := []string{"__expr__", "__low__", "__high__"}
	fields := make([]ast.Expr, len(names))
	params := make([]ast.Name, len(names))
	for i, name := range names {
		fields[i] = &ast.Field{At: at, Chain: []string{name}}
		params[i] = ast.Name{Text: name, Span: n.Span}
	}
	body := betweenTest(n, fields[0], fields[1], fields[2])
	callee := &ast.Lambda{At: at, Params: params, Expr: body}
	return &ast.ExprCall{At: at, Callee: callee, Args: []ast.Expr{n.Expr, n.Low, n.High}}
}

func isSimple(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Constant, *ast.Field:
		return true
	}
	return false
}

// betweenTest is if(low, high and e are not null, e within the bounds, false).
func betweenTest(n *ast.Between, e, low, high ast.Expr) ast.Expr {
	at := ast.At{Span: n.Span}
	compare := func(op ast.CompareOp, a, b ast.Expr) ast.Expr {
		return &ast.Compare{At: at, Op: op, Left: a, Right: b}
	}
	null := &ast.Constant{At: at, Kind: ast.KindNull}
	known := &ast.And{At: at, Exprs: []ast.Expr{
		compare(ast.NotEq, low, null), compare(ast.NotEq, high, null), compare(ast.NotEq, e, null),
	}}
	var within ast.Expr
	if n.Negated {
		within = &ast.Or{At: at, Exprs: []ast.Expr{compare(ast.Lt, e, low), compare(ast.Gt, e, high)}}
	} else {
		within = &ast.And{At: at, Exprs: []ast.Expr{compare(ast.GtEq, e, low), compare(ast.LtEq, e, high)}}
	}
	no := &ast.Constant{At: at, Kind: ast.KindBool}
	return &ast.Call{At: at, Name: "if", Args: []ast.Expr{known, within, no}}
}
