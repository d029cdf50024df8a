package compiler

import (
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

func (f *function) statements(list []ast.Stmt) {
	for _, s := range list {
		f.statement(s)
	}
}

func (f *function) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.ExprStmt:
		f.exprStatement(s)
	case *ast.Let:
		f.let(s)
	case *ast.Assign:
		f.assign(s)
	case *ast.Return:
		f.exprOrNull(s.Value, s.Span)
		f.op(s.Span, bytecode.Return)
	case *ast.Throw:
		f.expr(s.Value)
		f.op(s.Span, bytecode.Throw)
	case *ast.Block:
		f.block(s)
	case *ast.If:
		f.ifStatement(s)
	case *ast.While:
		f.while(s)
	case *ast.For:
		f.forStatement(s)
	case *ast.ForIn:
		f.forIn(s)
	case *ast.Function:
		f.declare(s.Name)
		f.closure(s.Name.Text, s.Params, s.Span, func(inner *function) { inner.functionBody(s.Body) })
	case *ast.Try:
		f.try(s)
	}
}

func (f *function) exprStatement(s *ast.ExprStmt) {
	if s.Expr == nil {
		return
	}
	f.lintStatement(s.Expr)
	f.expr(s.Expr)
	f.op(s.Span, bytecode.Pop)
}

// lintStatement warns of expressions that make no sense as statements and are
// most likely meant as something else.
func (f *function) lintStatement(e ast.Expr) {
	switch e := e.(type) {
	case *ast.Compare:
		if e.Op == ast.Eq && e.Form != ast.FormIsNull {
			f.warn(e.Span, "You must use ':=' for assignment instead of '='.", "")
		}
	case *ast.Field:
		if len(e.Chain) > 1 {
			return
		}
		switch p, _ := f.find(e.Chain[0]); {
		case p != isGlobal:
		case e.Chain[0] == "else":
			f.warn(e.Span, "This `else` belongs to no `if`", "take away the `;` before it, or use braces")
		case e.Chain[0] == "break" || e.Chain[0] == "continue":
			f.warn(e.Span, "Hog has no `"+e.Chain[0]+"`", "use a condition, or a function with `return`")
		}
	}
}

func (f *function) exprOrNull(e ast.Expr, span ast.Span) {
	if e == nil {
		f.op(span, bytecode.Null)
		return
	}
	f.expr(e)
}

// let declares before it compiles the value: `let x := x` reads the new slot.
func (f *function) let(s *ast.Let) {
	f.declare(s.Name)
	f.exprOrNull(s.Value, s.Span)
	f.born()
}

func (f *function) assign(s *ast.Assign) {
	switch t := s.Target.(type) {
	case *ast.Field:
		f.assignField(s, t)
	case *ast.ArrayAccess:
		f.expr(t.Array)
		f.expr(t.Property)
		f.expr(s.Value)
		f.op(s.Span, bytecode.SetProperty)
	case *ast.TupleAccess:
		f.expr(t.Tuple)
		f.integer(t.Span, t.Index)
		f.expr(s.Value)
		f.op(s.Span, bytecode.SetProperty)
	default:
		f.fault(s.Target.Place(), "Can not assign to this type of expression", "only variables, properties and elements can be assigned to")
	}
}

func (f *function) assignField(s *ast.Assign, t *ast.Field) {
	p, index := f.find(t.Chain[0])
	if p == isGlobal {
		f.fault(t.Span, "Variable \""+t.Chain[0]+"\" not declared in this scope. Can not assign to globals.", f.variableHint(t.Chain[0]))
		f.expr(s.Value)
		return
	}
	if len(t.Chain) == 1 {
		f.expr(s.Value)
		op := bytecode.SetLocal
		if p == isUpvalue {
			op = bytecode.SetUpvalue
		}
		f.op(s.Span, op, index)
		return
	}
	f.read(t.Span, p, index)
	last := len(t.Chain) - 1
	for _, part := range t.Chain[1:last] {
		f.str(t.Span, part)
		f.op(t.Span, bytecode.GetProperty)
	}
	f.str(t.Span, t.Chain[last])
	f.expr(s.Value)
	f.op(s.Span, bytecode.SetProperty)
}

func (f *function) block(b *ast.Block) {
	f.beginScope()
	f.statements(b.Stmts)
	f.endScope(endOf(b.Span))
}

// endOf is the last byte of a span: the closing brace of a block.
func endOf(s ast.Span) ast.Span {
	return ast.Span{Start: max(s.Start, s.End-1), End: s.End}
}

func (f *function) ifStatement(s *ast.If) {
	f.expr(s.Cond)
	skipThen := f.jump(s.Span, bytecode.JumpIfFalse)
	f.statement(s.Then)
	if s.Else == nil {
		f.land(skipThen)
		return
	}
	skipElse := f.jump(s.Span, bytecode.Jump)
	start := len(f.code)
	f.land(skipThen)
	f.statement(s.Else)
	if len(f.code) == start {
		// An else that compiles to nothing counts as absent.
		f.cut(start - 2)
		f.land(skipThen)
		return
	}
	f.land(skipElse)
}

// cut takes back the code from index n on.
func (u *unit) cut(n int) {
	u.code = u.code[:n]
	u.spans = u.spans[:n]
}

func (f *function) while(s *ast.While) {
	start := len(f.code)
	f.expr(s.Cond)
	exit := f.jump(s.Span, bytecode.JumpIfFalse)
	f.statement(s.Body)
	f.back(s.Span, start)
	f.land(exit)
}

func (f *function) forStatement(s *ast.For) {
	if s.Init != nil {
		f.beginScope()
		f.forPart(s.Init)
	}
	start := len(f.code)
	if s.Cond != nil {
		f.expr(s.Cond)
	} else {
		f.warn(s.Span, "A `for` without a condition fails at run time", "write `while (true)`")
	}
	exit := f.jump(s.Span, bytecode.JumpIfFalse)
	f.statement(s.Body)
	if s.Post != nil {
		f.forPart(s.Post)
	}
	f.back(s.Span, start)
	f.land(exit)
	if s.Init != nil {
		f.endScope(endOf(s.Span))
	}
}

// forPart compiles the start or the step of a loop. The value of an expression
// is left on the stack, as PostHog's compiler leaves it.
func (f *function) forPart(s ast.Stmt) {
	e, ok := s.(*ast.ExprStmt)
	if !ok {
		f.statement(s)
		return
	}
	f.warn(e.Span, "The value of this expression stays on the stack and shifts the variables", "use an assignment here")
	f.expr(e.Expr)
}

// forIn keeps the keys, the values, the running index and the limit in hidden
// locals.
func (f *function) forIn(s *ast.ForIn) {
	f.beginScope()
	at := s.Expr.Place()
	f.expr(s.Expr)
	expr := f.hidden("__H_expr_H__")
	keys := 0
	if s.Key.Text != "" || s.Key.Span != (ast.Span{}) {
		keys = f.hidden("__H_keys_H__")
		f.read(at, isLocal, expr)
		f.call(at, "keys", 1)
	}
	values := f.hidden("__H_values_H__")
	f.read(at, isLocal, expr)
	f.call(at, "values", 1)
	index := f.hidden("__H_index_H__")
	f.integer(at, 1)
	limit := f.hidden("__H_limit_H__")
	f.read(at, isLocal, values)
	f.call(at, "length", 1)
	var key int
	if keys != 0 {
		key = f.declare(s.Key)
		f.op(at, bytecode.Null)
	}
	value := f.declare(s.Value)
	f.op(at, bytecode.Null)

	start := len(f.code)
	f.read(at, isLocal, limit)
	f.read(at, isLocal, index)
	f.op(at, bytecode.LtEq)
	exit := f.jump(s.Span, bytecode.JumpIfFalse)
	if keys != 0 {
		f.element(at, keys, index, key)
	}
	f.element(at, values, index, value)
	f.statement(s.Body)
	f.read(at, isLocal, index)
	f.integer(at, 1)
	f.op(at, bytecode.Plus)
	f.op(at, bytecode.SetLocal, index)
	f.back(s.Span, start)
	f.land(exit)
	f.endScope(endOf(s.Span))
}

// element writes variable := list[index].
func (f *function) element(at ast.Span, list, index, variable int) {
	f.read(at, isLocal, list)
	f.read(at, isLocal, index)
	f.op(at, bytecode.GetProperty)
	f.op(at, bytecode.SetLocal, variable)
}

func (f *function) try(s *ast.Try) {
	if s.Finally != nil {
		f.fault(s.Finally.Span, "finally blocks are not yet supported", "put the code after the `try` statement")
	}
	if len(s.Catches) == 0 {
		f.fault(s.Span, "try statement must have at least one catch block", "")
		return
	}
	handler := f.jump(s.Span, bytecode.Try)
	f.block(s.Body)
	f.op(endOf(s.Body.Span), bytecode.PopTry)
	over := f.jump(s.Span, bytecode.Jump)
	// TRY counts from its own operand, a jump from behind it.
	f.set(handler, len(f.code)-handler)
	f.catches(s)
	f.land(over)
}

// catches compiles the clauses as one chain of tests on the error's type.
func (f *function) catches(s *ast.Try) {
	at := s.Catches[0].Span
	f.beginScope()
	e := f.hidden("e")
	f.read(at, isLocal, e)
	f.str(at, "type")
	f.op(at, bytecode.GetProperty)
	kind := f.hidden("type")
	var ends []int
	for _, c := range s.Catches {
		ends = append(ends, f.catch(c, e, kind))
	}
	end := endOf(s.Span)
	f.op(end, bytecode.Pop)
	f.op(end, bytecode.Throw)
	for _, hole := range ends {
		f.land(hole)
	}
	f.endScope(end)
}

// catch compiles one clause and returns the open jump to the end. PostHog's
// compiler skips a clause whose type does not match by a distance that leaves
// out the pops at the end of its scope, so that it lands inside the jump when
// the clause has a variable of its own.
func (f *function) catch(c ast.Catch, e, kind int) int {
	f.beginScope()
	skip := -1
	if c.Type.Text != "" && c.Type.Text != "Error" {
		at := c.Type.Span
		f.str(at, c.Type.Text)
		f.read(at, isLocal, kind)
		f.op(at, bytecode.Eq)
		skip = f.jump(at, bytecode.JumpIfFalse)
	}
	if c.Var.Text != "" && c.Var.Text != "e" {
		f.read(c.Var.Span, isLocal, e)
		f.declare(c.Var)
	}
	f.block(c.Body)
	pops := f.endScope(endOf(c.Span))
	end := f.jump(endOf(c.Span), bytecode.Jump)
	if skip >= 0 {
		f.land(skip)
		if !f.opt.Repair {
			f.code[skip].Int -= int64(pops)
		}
		if pops > 0 && !f.opt.Repair {
			f.warn(c.Var.Span, "PostHog's compiler goes astray here when the error has another type", "call the variable `e`")
		}
	}
	return end
}
