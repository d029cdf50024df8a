package printer

import "hogpen/hog/ast"

// statements writes a list, one statement a line, with the comments before
// each and those before end. An empty line of the source is kept.
func (p *printer) statements(list []ast.Stmt, end int32) *doc {
	w := &lines{p: p}
	for _, s := range list {
		w.comments(s.Place().Start)
		w.add(s.Place().Start, p.statement(s, true))
		behind, last := p.behind(s.Place().End, " \t;")
		w.docs = append(w.docs, behind...)
		w.last = max(w.last, last)
	}
	w.comments(end)
	return concat(w.docs...)
}

// lines collects the lines of a block.
type lines struct {
	p    *printer
	docs []*doc
	last int32 // where the thing before ends in the source
}

func (w *lines) add(start int32, d *doc) {
	if len(w.docs) > 0 {
		w.docs = append(w.docs, hardline())
		if w.p.blankLine(w.last, start) {
			w.docs = append(w.docs, hardline())
		}
	}
	w.docs = append(w.docs, d)
}

// comments writes the comments before offset, a line each.
func (w *lines) comments(offset int32) {
	for len(w.p.comments) > 0 && w.p.comments[0].Span.Start < offset {
		c := w.p.comments[0]
		w.p.comments = w.p.comments[1:]
		w.add(c.Span.Start, commentDoc(c))
		w.last = c.Span.End
	}
}

// statement writes one statement. Without semicolon it is the branch before an
// else, where `;` would end the if after a declaration or an assignment.
func (p *printer) statement(s ast.Stmt, semicolon bool) *doc {
	end := text(";")
	if !semicolon && !takesSemicolon(s) {
		end = text("")
	}
	switch s := s.(type) {
	case *ast.Let:
		return concat(p.let(s), end)
	case *ast.Assign:
		return concat(p.assign(s), end)
	case *ast.ExprStmt:
		if s.Expr == nil {
			return text(";")
		}
		return concat(p.start(s.Expr), end)
	case *ast.Return:
		if s.Value == nil {
			return text("return;")
		}
		return concat(text("return "), p.expr(s.Value, precLowest), end)
	case *ast.Throw:
		return concat(text("throw "), p.expr(s.Value, precLowest), end)
	case *ast.Block:
		return p.block(s)
	case *ast.Function:
		return concat(text("fn "+name(s.Name.Text)), p.params(s.Params), text(" "), p.block(s.Body))
	case *ast.Try:
		return p.try(s)
	}
	return p.control(s, semicolon)
}

// takesSemicolon reports whether a `;` behind s belongs to it.
func takesSemicolon(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.Let, *ast.Assign:
		return false
	}
	return true
}

func (p *printer) control(s ast.Stmt, semicolon bool) *doc {
	switch s := s.(type) {
	case *ast.If:
		return p.ifStatement(s, semicolon)
	case *ast.While:
		return concat(text("while ("), p.expr(s.Cond, precLowest), text(")"), p.body(s.Body, true))
	case *ast.For:
		return p.forStatement(s)
	case *ast.ForIn:
		head := "for (let "
		if s.Key.Text != "" || s.Key.Span != (ast.Span{}) {
			head += name(s.Key.Text) + ", "
		}
		head += name(s.Value.Text) + " in "
		return concat(text(head), p.expr(s.Expr, precLowest), text(")"), p.body(s.Body, true))
	}
	return text("")
}

func (p *printer) let(s *ast.Let) *doc {
	if s.Value == nil {
		return text("let " + name(s.Name.Text))
	}
	return concat(text("let "+name(s.Name.Text)+" := "), p.expr(s.Value, precLowest))
}

func (p *printer) assign(s *ast.Assign) *doc {
	return concat(p.start(s.Target), text(" := "), p.expr(s.Value, precLowest))
}

// start writes an expression at the start of a statement, in parentheses where
// its first brace would be taken for a block, or its first name for something
// else.
func (p *printer) start(e ast.Expr) *doc {
	first := leftmost(e)
	wrap := false
	switch n := first.(type) {
	case *ast.Dict:
		wrap = len(n.Items) == 0
	case *ast.Placeholder, *ast.NamedArg:
		wrap = true
	case *ast.Field:
		wrap = n.Chain[0] == "*"
	}
	if wrap && !ast.AtOf(first).Parens && !ast.AtOf(e).Parens {
		return concat(text("("), p.expr(e, precLowest), text(")"))
	}
	return p.expr(e, precLowest)
}

// leftmost finds the expression whose text comes first in e.
func leftmost(e ast.Expr) ast.Expr {
	for {
		next := leftOf(e)
		if next == nil || ast.AtOf(e).Parens {
			return e
		}
		e = next
	}
}

func leftOf(e ast.Expr) ast.Expr {
	switch n := e.(type) {
	case *ast.Arithmetic:
		if n.Form != ast.FormNegate {
			return n.Left
		}
	case *ast.Compare:
		return n.Left
	case *ast.And:
		return first(n.Exprs)
	case *ast.Or:
		return first(n.Exprs)
	case *ast.Between:
		return n.Expr
	case *ast.ArrayAccess:
		return n.Array
	case *ast.TupleAccess:
		return n.Tuple
	case *ast.ExprCall:
		return n.Callee
	case *ast.Alias:
		return n.Expr
	case *ast.Call:
		switch n.Form {
		case ast.FormConcat:
			return first(n.Operands)
		case ast.FormNullish, ast.FormTernary:
			return first(n.Args)
		}
	}
	return nil
}

func first(list []ast.Expr) ast.Expr {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func (p *printer) block(b *ast.Block) *doc {
	end := max(b.Span.Start, b.Span.End-1)
	return p.braces(p.statements(b.Stmts, end))
}

func (p *printer) braces(inside *doc) *doc {
	if len(inside.parts) == 0 {
		return text("{}")
	}
	return concat(text("{"), nest(hardline(), inside), hardline(), text("}"))
}

// lambdaBlock writes a block behind an arrow, which must not read as a dict or
// a placeholder.
func (p *printer) lambdaBlock(b *ast.Block) *doc {
	inside := p.statements(b.Stmts, max(b.Span.Start, b.Span.End-1))
	if len(b.Stmts) == 0 {
		inside = concat(append([]*doc{text(";")}, before(inside)...)...)
	} else if _, ok := b.Stmts[len(b.Stmts)-1].(*ast.Block); ok {
		inside = concat(inside, hardline(), text(";"))
	}
	return p.braces(inside)
}

func before(inside *doc) []*doc {
	if len(inside.parts) == 0 {
		return nil
	}
	return []*doc{hardline(), inside}
}

// body writes what a condition governs, behind its parenthesis.
func (p *printer) body(s ast.Stmt, semicolon bool) *doc {
	if b, ok := s.(*ast.Block); ok {
		return concat(text(" "), p.block(b))
	}
	if e, ok := s.(*ast.ExprStmt); ok && e.Expr == nil {
		return text(";")
	}
	return concat(text(" "), p.statement(s, semicolon))
}

func (p *printer) ifStatement(s *ast.If, semicolon bool) *doc {
	head := concat(text("if ("), p.expr(s.Cond, precLowest), text(")"))
	if s.Else == nil {
		return concat(head, p.body(s.Then, semicolon))
	}
	then := p.body(s.Then, false)
	gap := text(" ")
	if _, ok := s.Then.(*ast.Block); !ok {
		gap = hardline()
	}
	return concat(head, then, gap, text("else"), p.body(s.Else, semicolon))
}

func (p *printer) forStatement(s *ast.For) *doc {
	part := func(s ast.Stmt) *doc {
		switch s := s.(type) {
		case *ast.Let:
			return p.let(s)
		case *ast.Assign:
			return p.assign(s)
		case *ast.ExprStmt:
			return p.start(s.Expr)
		}
		return text("")
	}
	docs := []*doc{text("for ("), part(s.Init), text(";")}
	if s.Cond != nil {
		docs = append(docs, text(" "), p.expr(s.Cond, precLowest))
	}
	docs = append(docs, text(";"))
	if s.Post != nil {
		docs = append(docs, text(" "), part(s.Post))
	}
	docs = append(docs, text(")"), p.body(s.Body, true))
	return concat(docs...)
}

func (p *printer) try(s *ast.Try) *doc {
	docs := []*doc{text("try "), p.block(s.Body)}
	for _, c := range s.Catches {
		head := " catch "
		if c.Var.Text != "" || c.Var.Span != (ast.Span{}) {
			head += "(" + name(c.Var.Text)
			if c.Type.Text != "" || c.Type.Span != (ast.Span{}) {
				head += ": " + name(c.Type.Text)
			}
			head += ") "
		}
		docs = append(docs, text(head), p.block(c.Body))
	}
	if s.Finally != nil {
		docs = append(docs, text(" finally "), p.block(s.Finally))
	}
	return concat(docs...)
}

func (p *printer) params(list []ast.Name) *doc {
	docs := []*doc{text("(")}
	for i, n := range list {
		if i > 0 {
			docs = append(docs, text(", "))
		}
		docs = append(docs, text(paramName(n.Text)))
	}
	return concat(append(docs, text(")"))...)
}
