package compiler

import (
	"fmt"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// callByName compiles a call: the forms that are control flow or operators
// first, then variables that hold functions, then functions by name.
func (f *function) callByName(n *ast.Call) {
	if n.Params != nil {
		f.curried(n)
		return
	}
	if f.specialCall(n) {
		return
	}
	f.exprs(n.Args)
	f.invoke(n, n.Args)
}

// curried compiles f(x)(y).
func (f *function) curried(n *ast.Call) {
	f.exprs(n.Args)
	f.callByName(&ast.Call{At: n.At, Name: n.Name, NameSpan: n.NameSpan, Args: n.Params})
	f.op(n.Span, bytecode.CallLocal, len(n.Args))
}

// invoke writes the call itself, its arguments being on the stack.
func (f *function) invoke(n *ast.Call, args []ast.Expr) {
	p, index := f.find(n.Name)
	if p != isGlobal {
		f.read(n.Span, p, index)
		f.op(n.Span, bytecode.CallLocal, len(args))
		return
	}
	f.checkCall(n, len(args))
	f.call(n.Span, n.Name, len(args))
}

// specialCall compiles the calls that are no calls and reports whether n was
// one of them.
func (f *function) specialCall(n *ast.Call) bool {
	argc := len(n.Args)
	switch n.Name {
	case "not":
		if argc == 1 {
			f.expr(n.Args[0])
			f.op(n.Span, bytecode.Not)
			return true
		}
	case "and", "or":
		if argc >= 2 {
			op := bytecode.And
			if n.Name == "or" {
				op = bytecode.Or
			}
			f.junction(n.Args, op, n.Span)
			return true
		}
	case "if":
		if argc >= 2 {
			f.ifCall(n, n.Args)
			return true
		}
	case "multiIf":
		if argc >= 2 {
			f.multiIf(n, n.Args)
			return true
		}
	case "ifNull":
		if argc == 2 {
			f.ifNull(n)
			return true
		}
	case "sql":
		if argc == 1 {
			f.sql(n.Args[0], n.Span)
			return true
		}
	case "inCohort", "notInCohort":
		f.fault(n.Span, fmt.Sprintf("Can't call %s() directly. Use a cohort property filter instead.", n.Name), "")
		return true
	}
	return false
}

// ifCall writes a conditional expression. Without an else part nothing is
// pushed when the condition is false, as in PostHog's compiler.
func (f *function) ifCall(n *ast.Call, args []ast.Expr) {
	f.expr(args[0])
	skip := f.jump(n.Span, bytecode.JumpIfFalse)
	f.expr(args[1])
	if len(args) == 2 {
		f.warn(n.Span, "Without an else value this gives nothing, not even null, when the condition is false", "add a value for that case")
		f.land(skip)
		return
	}
	end := f.jump(n.Span, bytecode.Jump)
	f.land(skip)
	f.expr(args[2])
	f.land(end)
	if len(args) > 3 {
		f.warn(n.Span, "`if` takes three arguments; the others are left out", "use multiIf")
	}
}

// multiIf nests its pairs from the last one inwards.
func (f *function) multiIf(n *ast.Call, args []ast.Expr) {
	if len(args) <= 3 {
		f.ifCall(n, args)
		return
	}
	f.expr(args[0])
	skip := f.jump(n.Span, bytecode.JumpIfFalse)
	f.expr(args[1])
	end := f.jump(n.Span, bytecode.Jump)
	f.land(skip)
	f.multiIf(n, args[2:])
	f.land(end)
}

func (f *function) ifNull(n *ast.Call) {
	f.expr(n.Args[0])
	keep := f.jump(n.Span, bytecode.JumpIfStackNotNull)
	f.op(n.Span, bytecode.Pop)
	f.expr(n.Args[1])
	f.land(keep)
}
