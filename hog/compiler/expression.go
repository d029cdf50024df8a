package compiler

import (
	"fmt"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

func (f *function) expr(e ast.Expr) {
	switch n := e.(type) {
	case *ast.Constant:
		f.constant(n)
	case *ast.Field:
		f.field(n)
	case *ast.Call:
		f.callByName(n)
	case *ast.ExprCall:
		f.exprs(n.Args)
		f.expr(n.Callee)
		f.op(n.Span, bytecode.CallLocal, len(n.Args))
	case *ast.Arithmetic:
		f.expr(n.Right)
		f.expr(n.Left)
		f.op(n.Span, arithmeticOp(n.Op))
	case *ast.Compare:
		f.compare(n)
	case *ast.And:
		f.junction(n.Exprs, bytecode.And, n.Span)
	case *ast.Or:
		f.junction(n.Exprs, bytecode.Or, n.Span)
	case *ast.Not:
		f.expr(n.Expr)
		f.op(n.Span, bytecode.Not)
	case *ast.Between:
		f.between(n)
	case *ast.Array:
		f.junction(n.Exprs, bytecode.Array, n.Span)
	case *ast.Tuple:
		f.junction(n.Exprs, bytecode.Tuple, n.Span)
	case *ast.Dict:
		f.dict(n)
	case *ast.ArrayAccess:
		f.arrayAccess(n)
	case *ast.TupleAccess:
		f.tupleAccess(n)
	case *ast.Lambda:
		f.lambda(n)
	case *ast.Tag:
		f.tag(n)
	case *ast.Select, *ast.SelectSet:
		f.sql(n, e.Place())
	default:
		f.reject(e)
	}
}

// reject reports an expression that has no bytecode.
func (f *function) reject(e ast.Expr) {
	switch n := e.(type) {
	case *ast.Placeholder:
		hint := "for a dict write {key: value}"
		if f.opt.Template {
			hint = "write single braces: {name}"
		}
		f.fault(n.Span, "Placeholders are not allowed in this context", hint)
	case *ast.NamedArg:
		f.fault(n.Span, "A named argument has no meaning in Hog", "an assignment is a statement of its own; to compare, write `==`")
	case *ast.Alias:
		f.fault(n.Span, "An alias (`as`) has no meaning in Hog", "")
	case *ast.Bad:
		f.fault(n.Span, "This expression could not be read", "")
	default:
		if construct, visitor, ok := ast.Rejected(e); ok {
			f.fault(e.Place(), "Hog cannot compile a "+construct, "BytecodeCompiler has no method visit_"+visitor)
			return
		}
		f.fault(ast.Span{}, fmt.Sprintf("Hog cannot compile %T", e), "")
	}
}

func (f *function) exprs(list []ast.Expr) {
	for _, e := range list {
		f.expr(e)
	}
}

// junction writes operands in order, an operation and their count.
func (f *function) junction(list []ast.Expr, op bytecode.Op, span ast.Span) {
	f.exprs(list)
	f.op(span, op, len(list))
}

func (f *function) integer(span ast.Span, i int64) {
	f.emit(span, bytecode.IntElem(int64(bytecode.Integer)), bytecode.IntElem(i))
}

func (f *function) constant(n *ast.Constant) {
	switch n.Kind {
	case ast.KindNull:
		f.op(n.Span, bytecode.Null)
	case ast.KindBool:
		if n.Bool {
			f.op(n.Span, bytecode.True)
		} else {
			f.op(n.Span, bytecode.False)
		}
	case ast.KindInteger:
		f.integer(n.Span, n.Int)
	case ast.KindBigInteger:
		f.emit(n.Span, bytecode.IntElem(int64(bytecode.Integer)), bytecode.Elem{Kind: bytecode.KindBigInt, Str: n.Str})
	case ast.KindFloat:
		f.emit(n.Span, bytecode.IntElem(int64(bytecode.Float)), bytecode.FloatElem(n.Float))
	case ast.KindString:
		f.str(n.Span, n.Str)
	}
}

func (f *function) field(n *ast.Field) {
	p, index := f.find(n.Chain[0])
	if p == isGlobal {
		f.global(n)
		return
	}
	f.read(n.Span, p, index)
	for _, part := range n.Chain[1:] {
		f.str(n.Span, part)
		f.op(n.Span, bytecode.GetProperty)
	}
}

func (f *function) global(n *ast.Field) {
	f.globals = append(f.globals, GlobalRead{Chain: n.Chain, Span: n.Span})
	f.checkGlobal(n)
	for i := len(n.Chain) - 1; i >= 0; i-- {
		f.str(n.Span, n.Chain[i])
	}
	f.op(n.Span, bytecode.GetGlobal, len(n.Chain))
}

func arithmeticOp(op ast.ArithmeticOp) bytecode.Op {
	switch op {
	case ast.Add:
		return bytecode.Plus
	case ast.Sub:
		return bytecode.Minus
	case ast.Mul:
		return bytecode.Multiply
	case ast.Div:
		return bytecode.Divide
	}
	return bytecode.Mod
}

func compareOp(op ast.CompareOp) bytecode.Op {
	switch op {
	case ast.Eq:
		return bytecode.Eq
	case ast.NotEq:
		return bytecode.NotEq
	case ast.Lt:
		return bytecode.Lt
	case ast.LtEq:
		return bytecode.LtEq
	case ast.Gt:
		return bytecode.Gt
	case ast.GtEq:
		return bytecode.GtEq
	case ast.Like:
		return bytecode.Like
	case ast.ILike:
		return bytecode.ILike
	case ast.NotLike:
		return bytecode.NotLike
	case ast.NotILike:
		return bytecode.NotILike
	case ast.In:
		return bytecode.In
	case ast.NotIn:
		return bytecode.NotIn
	case ast.Regex:
		return bytecode.Regex
	case ast.NotRegex:
		return bytecode.NotRegex
	case ast.IRegex:
		return bytecode.IRegex
	}
	return bytecode.NotIRegex
}

func (f *function) compare(n *ast.Compare) {
	switch n.Op {
	case ast.InCohort, ast.NotInCohort:
		f.cohort(n)
		return
	case ast.Lt, ast.LtEq, ast.Gt, ast.GtEq:
		if f.nullSafe {
			f.nullSafeCompare(n)
			return
		}
	}
	f.expr(n.Right)
	f.expr(n.Left)
	f.op(n.Span, compareOp(n.Op))
}

// nullSafeCompare writes if(or(isNull(a), isNull(b)), false, a op b).
func (f *function) nullSafeCompare(n *ast.Compare) {
	f.nullSafe = false
	f.expr(n.Left)
	f.call(n.Span, "isNull", 1)
	f.expr(n.Right)
	f.call(n.Span, "isNull", 1)
	f.op(n.Span, bytecode.Or, 2)
	toCompare := f.jump(n.Span, bytecode.JumpIfFalse)
	f.op(n.Span, bytecode.False)
	toEnd := f.jump(n.Span, bytecode.Jump)
	f.land(toCompare)
	f.expr(n.Right)
	f.expr(n.Left)
	f.op(n.Span, compareOp(n.Op))
	f.land(toEnd)
	f.nullSafe = true
}

func (f *function) cohort(n *ast.Compare) {
	if !f.cohorts {
		f.fault(n.Span, "Can't use cohorts in real-time filters. Please inline the relevant expressions"+cohortName(n.Right)+".", "")
		return
	}
	name := "inCohort"
	if n.Op == ast.NotInCohort {
		name = "notInCohort"
	}
	f.expr(n.Right)
	f.expr(&ast.Field{At: ast.At{Span: n.Span}, Chain: []string{"cohort_ids"}})
	f.call(n.Span, name, 2)
}

func cohortName(e ast.Expr) string {
	c, ok := e.(*ast.Constant)
	if !ok {
		return ""
	}
	switch c.Kind {
	case ast.KindInteger:
		return fmt.Sprintf(" (cohort id=%d)", c.Int)
	case ast.KindString:
		return " (cohort: " + c.Str + ")"
	}
	return " (cohort: " + ast.Dump(c) + ")"
}

func (f *function) dict(n *ast.Dict) {
	for _, item := range n.Items {
		f.expr(item.Key)
		f.expr(item.Value)
	}
	f.op(n.Span, bytecode.Dict, len(n.Items))
}

func (f *function) arrayAccess(n *ast.ArrayAccess) {
	f.expr(n.Array)
	if c, ok := n.Property.(*ast.Constant); ok && c.Kind == ast.KindInteger && c.Int == 0 {
		f.fault(c.Span, "Array access starts from 1", "the first element is [1]")
	}
	f.expr(n.Property)
	f.op(n.Span, propertyOp(n.Nullish))
}

func (f *function) tupleAccess(n *ast.TupleAccess) {
	f.expr(n.Tuple)
	if n.Index == 0 {
		f.fault(n.Span, "Array access starts from 1", "the first element is .1")
	}
	f.integer(n.Span, n.Index)
	f.op(n.Span, propertyOp(n.Nullish))
}

func propertyOp(nullish bool) bytecode.Op {
	if nullish {
		return bytecode.GetPropertyNullish
	}
	return bytecode.GetProperty
}

// tag calls the function that the tag is named after, or makes a dict.
func (f *function) tag(n *ast.Tag) {
	p, index := f.find(n.Kind)
	if p == isGlobal {
		f.str(n.Span, "__hx_tag")
		f.str(n.Span, n.Kind)
	}
	for _, a := range n.Attributes {
		f.str(a.Value.Place(), a.Name)
		f.expr(a.Value)
	}
	if p == isGlobal {
		f.op(n.Span, bytecode.Dict, len(n.Attributes)+1)
		return
	}
	f.op(n.Span, bytecode.Dict, len(n.Attributes))
	f.read(n.Span, p, index)
	f.op(n.Span, bytecode.CallLocal, 1)
}
