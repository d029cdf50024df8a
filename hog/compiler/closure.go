package compiler

import (
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// closure writes a function value: its body inline, then what it captures.
func (f *function) closure(name string, params []ast.Name, span ast.Span, body func(*function)) {
	inner := f.newFunction(f)
	f.emit(span, bytecode.IntElem(int64(bytecode.Callable)), bytecode.StringElem(name))
	f.emit(span, bytecode.IntElem(int64(len(params))), bytecode.IntElem(0), bytecode.IntElem(0))
	start := len(f.code)
	inner.start = start
	for _, p := range params {
		inner.declare(p)
	}
	body(inner)
	inner.finish()
	f.set(start-2, len(inner.upvalues))
	f.set(start-1, len(f.code)-start)
	f.op(span, bytecode.Closure, len(inner.upvalues))
	for _, u := range inner.upvalues {
		f.emit(span, bytecode.BoolElem(u.isLocal), bytecode.IntElem(int64(u.index)))
	}
}

// functionBody compiles a block with a bare return at its end unless it ends
// in one. The return stands inside the block, so the pops of the block's
// locals follow it as dead code.
func (f *function) functionBody(b *ast.Block) {
	f.beginScope()
	f.statements(b.Stmts)
	if n := len(b.Stmts); n == 0 || !isReturn(b.Stmts[n-1]) {
		f.bareReturn(endOf(b.Span))
	}
	f.endScope(endOf(b.Span))
}

func isReturn(s ast.Stmt) bool {
	_, ok := s.(*ast.Return)
	return ok
}

func (f *function) bareReturn(span ast.Span) {
	f.op(span, bytecode.Null)
	f.op(span, bytecode.Return)
}

func (f *function) lambda(n *ast.Lambda) {
	f.closure("lambda", n.Params, n.Span, func(inner *function) {
		switch {
		case n.Block != nil:
			inner.functionBody(n.Block)
		case isPlaceholder(n.Expr):
			// { x } is evaluated for its effect, like the block { x; }.
			ph := n.Expr.(*ast.Placeholder)
			inner.lintPlaceholder(ph)
			inner.expr(ph.Expr)
			inner.op(ph.Span, bytecode.Pop)
			inner.bareReturn(endOf(ph.Span))
		default:
			inner.expr(n.Expr)
			inner.op(n.Span, bytecode.Return)
		}
	})
}

func isPlaceholder(e ast.Expr) bool {
	_, ok := e.(*ast.Placeholder)
	return ok
}

// lintPlaceholder warns when the name `return` was read as a variable, which
// happens in braces without a semicolon.
func (f *function) lintPlaceholder(ph *ast.Placeholder) {
	ast.Walk(ph.Expr, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			if n.Chain[0] == "return" {
				f.warn(n.Span, "`return` is read as a variable here", "write a semicolon at the end of the statement")
			}
		case *ast.Call:
			if n.Name == "return" {
				f.warn(n.Span, "`return` is read as a function here", "write a semicolon at the end of the statement")
			}
		case *ast.Lambda:
			return false
		}
		return true
	})
}
