package javascript

import (
	"strings"

	"hogpen/hog/ast"
)

func (p *printer) statement(s ast.Stmt) {
	if e, ok := s.(*ast.ExprStmt); ok && e.Expr == nil {
		return
	}
	p.line()
	switch s := s.(type) {
	case *ast.ExprStmt:
		p.guarded(s.Expr)
		p.w(";")
	case *ast.Let, *ast.Assign:
		p.simple(s)
		p.w(";")
	case *ast.Return:
		p.valueStatement("return ", s.Value)
	case *ast.Throw:
		p.throw(s)
	case *ast.Block:
		p.block(s.Stmts)
	case *ast.If:
		p.ifStatement(s)
	case *ast.While:
		p.w("while (")
		p.expr(s.Cond)
		p.w(") ")
		p.body(s.Body)
	case *ast.For:
		p.forStatement(s)
	case *ast.ForIn:
		p.forIn(s)
	case *ast.Function:
		p.function(s)
	case *ast.Try:
		p.try(s)
	}
	p.w("\n")
}

func (p *printer) valueStatement(word string, e ast.Expr) {
	p.w(word)
	if e == nil {
		p.w("null;")
		return
	}
	p.expr(e)
	p.w(";")
}

// throw wraps what may be no error, which then is another, uncatchable one.
func (p *printer) throw(s *ast.Throw) {
	p.w("throw ", p.use("__throwable"), "(")
	p.expr(s.Value)
	p.w(");")
}

// simple writes what may also stand in the head of a loop.
func (p *printer) simple(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Let:
		p.let(s)
	case *ast.Assign:
		p.assign(s)
	case *ast.ExprStmt:
		p.expr(s.Expr)
	}
}

// let gives the variable null first when its own value speaks of it.
func (p *printer) let(s *ast.Let) {
	js := p.declare(s.Name)
	switch {
	case s.Value == nil:
		p.w("let ", js, " = null")
	case mentions(s.Value, s.Name.Text):
		p.w("let ", js, " = null; ", js, " = ")
		p.expr(s.Value)
	default:
		p.w("let ", js, " = ")
		p.expr(s.Value)
	}
}

// mentions reports whether a name is read or called anywhere below n.
func mentions(n ast.Node, name string) bool {
	found := false
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			found = found || n.Chain[0] == name
		case *ast.Call:
			found = found || n.Name == name
		case *ast.Tag:
			found = found || n.Kind == name
		}
		return !found
	})
	return found
}

func (p *printer) assign(s *ast.Assign) {
	switch t := s.Target.(type) {
	case *ast.Field:
		p.assignField(s, t)
	case *ast.ArrayAccess:
		p.checkIndex(t.Property)
		p.w(p.use("__setProperty"))
		p.list("(", []ast.Expr{t.Array, t.Property, s.Value}, ")")
	case *ast.TupleAccess:
		p.w(p.use("__setProperty"))
		p.list("(", []ast.Expr{t.Tuple, ast.Integer(t.Index), s.Value}, ")")
	default:
		p.fault(s.Target.Place(), "Can not assign to this type of expression", "only variables, properties and elements can be assigned to")
	}
}

func (p *printer) assignField(s *ast.Assign, t *ast.Field) {
	js, ok := p.find(t.Chain[0])
	if !ok {
		p.fault(t.Span, "Variable \""+t.Chain[0]+"\" not declared in this scope. Cannot assign to globals.", "declare it with `let`")
		return
	}
	last := len(t.Chain) - 1
	if last == 0 {
		p.w(js, " = ")
		p.expr(s.Value)
		return
	}
	p.w(p.use("__setProperty"), "(")
	p.chain(t, last)
	p.w(", ", quote(t.Chain[last]), ", ")
	p.expr(s.Value)
	p.w(")")
}

// block writes statements in braces, in a scope of their own.
func (p *printer) block(list []ast.Stmt) {
	p.open()
	p.w("{\n")
	p.indent++
	for _, s := range list {
		p.statement(s)
	}
	p.indent--
	p.line()
	p.w("}")
	p.close()
}

// body writes what if and loops govern, always as a block.
func (p *printer) body(s ast.Stmt) {
	if b, ok := s.(*ast.Block); ok {
		p.block(b.Stmts)
		return
	}
	p.block([]ast.Stmt{s})
}

// functionBody writes a block that gives null unless it ends in a return.
func (p *printer) functionBody(b *ast.Block) {
	list := b.Stmts
	if n := len(list); n == 0 || !isReturn(list[n-1]) {
		list = append(list[:n:n], &ast.Return{})
	}
	p.block(list)
}

func isReturn(s ast.Stmt) bool {
	_, ok := s.(*ast.Return)
	return ok
}

func (p *printer) function(s *ast.Function) {
	p.w("function ", p.declare(s.Name), "(")
	p.open()
	p.params(s.Params)
	p.w(") ")
	p.functionBody(s.Body)
	p.close()
}

func (p *printer) ifStatement(s *ast.If) {
	p.w("if (")
	p.expr(s.Cond)
	p.w(") ")
	p.body(s.Then)
	if s.Else == nil {
		return
	}
	p.w(" else ")
	if next, ok := s.Else.(*ast.If); ok {
		p.ifStatement(next)
		return
	}
	p.body(s.Else)
}

// forStatement keeps to one variable for the whole loop, as Hog does, where a
// function made in the loop can tell the difference: JavaScript has one a turn.
func (p *printer) forStatement(s *ast.For) {
	p.open()
	let, isLet := s.Init.(*ast.Let)
	outside := isLet && (captures(s, let.Name.Text) || let.Value != nil && mentions(let.Value, let.Name.Text))
	if outside {
		p.outside(func() { p.simple(let) })
	}
	p.w("for (")
	if s.Init != nil && !outside {
		p.simple(s.Init)
	}
	p.w("; ")
	if s.Cond != nil {
		p.expr(s.Cond)
	}
	p.w("; ")
	if s.Post != nil {
		p.simple(s.Post)
	}
	p.w(") ")
	p.body(s.Body)
	if outside {
		p.endOutside()
	}
	p.close()
}

// outside opens a block around a loop for the variables that declare declares.
func (p *printer) outside(declare func()) {
	p.w("{\n")
	p.indent++
	p.line()
	declare()
	p.w(";\n")
	p.line()
}

func (p *printer) endOutside() {
	p.w("\n")
	p.indent--
	p.line()
	p.w("}")
}

// captures reports whether a function or lambda below n speaks of a name.
func captures(n ast.Node, name string) bool {
	found := false
	ast.Walk(n, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.Function, *ast.Lambda:
			found = found || mentions(n, name)
		}
		return !found
	})
	return found
}

func (p *printer) forIn(s *ast.ForIn) {
	over := p.use("values")
	names := []ast.Name{s.Value}
	if s.Key.Text != "" || s.Key.Span != (ast.Span{}) {
		over = p.use("__entries")
		names = []ast.Name{s.Key, s.Value}
	}
	p.open()
	for _, n := range names {
		if captures(s.Body, n.Text) || mentions(s.Expr, n.Text) {
			p.forInOutside(s, names, over)
			p.close()
			return
		}
	}
	p.w("for (let ", p.pattern(names), " of ", over)
	p.list("(", []ast.Expr{s.Expr}, ")) ")
	p.body(s.Body)
	p.close()
}

// pattern declares the variables of a loop: the value, or key and value.
func (p *printer) pattern(names []ast.Name) string {
	if len(names) == 1 {
		return p.declare(names[0])
	}
	key := p.declare(names[0])
	return "[" + key + ", " + p.declare(names[1]) + "]"
}

// forInOutside keeps list and variables outside of the loop: for functions
// that capture them, and for a list that speaks of a name which the loop hides.
func (p *printer) forInOutside(s *ast.ForIn, names []ast.Name, over string) {
	list := p.fresh("list")
	p.outside(func() {
		p.w("const ", list, " = ", over)
		p.list("(", []ast.Expr{s.Expr}, ")")
	})
	pattern := p.pattern(names)
	p.w("let ", strings.Trim(pattern, "[]"), ";\n")
	p.line()
	p.w("for (", pattern, " of ", list, ") ")
	p.body(s.Body)
	p.endOutside()
}

// try writes one catch with a chain of tests. Only errors that Hog code has
// thrown are caught, as in the machine.
func (p *printer) try(s *ast.Try) {
	if len(s.Catches) == 0 && s.Finally == nil {
		p.fault(s.Span, "try statement must have at least one catch block", "")
		return
	}
	p.w("try ")
	p.block(s.Body.Stmts)
	if len(s.Catches) > 0 {
		p.catches(s.Catches)
	}
	if s.Finally != nil {
		p.w(" finally ")
		p.block(s.Finally.Stmts)
	}
}

func (p *printer) catches(list []ast.Catch) {
	p.open()
	e := p.declare(ast.Name{Text: "e"})
	// The clauses also see the error's type under a name of its own.
	p.scope.names["type"] = e + ".type"
	p.w(" catch (", e, ") {\n")
	p.indent++
	p.line()
	p.w("if (", e, " === null || typeof ", e, " !== \"object\" || !", e, ".__hogError__) throw ", e, ";\n")
	p.line()
	all := false
	for i, c := range list {
		if i > 0 {
			p.w(" else ")
		}
		if all = p.catch(c, e); all {
			break // what follows is never reached
		}
	}
	if !all {
		p.w(" else {\n")
		p.indent++
		p.line()
		p.w("throw ", e, ";\n")
		p.indent--
		p.line()
		p.w("}")
	}
	p.w("\n")
	p.indent--
	p.line()
	p.w("}")
	p.close()
}

// catch writes one clause and reports whether it catches every error.
func (p *printer) catch(c ast.Catch, e string) (all bool) {
	all = c.Type.Text == "" || c.Type.Text == "Error"
	if !all {
		p.w("if (", e, ".type === ", quote(c.Type.Text), ") ")
	}
	p.open()
	body := c.Body.Stmts
	if c.Var.Text != "" && c.Var.Text != "e" {
		p.w("{\n")
		p.indent++
		p.line()
		p.w("let ", p.declare(c.Var), " = ", e, ";\n")
		p.line()
		p.block(body)
		p.w("\n")
		p.indent--
		p.line()
		p.w("}")
	} else {
		p.block(body)
	}
	p.close()
	return all
}
