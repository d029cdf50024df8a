package ast

// Walk visits n and then everything below it, in source order. When visit
// returns false, what is below that node is left out. Operands of a Call are
// not visited: they share their nodes with its arguments.
func Walk(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	eachChild(n, func(c Node) { Walk(c, visit) })
}

func eachChild(n Node, f func(Node)) {
	switch n := n.(type) {
	case *Program:
		stmts(n.Stmts, f)
	case Stmt:
		stmtChildren(n, f)
	case Expr:
		exprChildren(n, f)
	}
}

func stmtChildren(n Stmt, f func(Node)) {
	switch n := n.(type) {
	case *Let:
		one(n.Value, f)
	case *Assign:
		one(n.Target, f)
		one(n.Value, f)
	case *ExprStmt:
		one(n.Expr, f)
	case *Return:
		one(n.Value, f)
	case *Throw:
		one(n.Value, f)
	case *Try:
		tryChildren(n, f)
	case *If:
		one(n.Cond, f)
		body(n.Then, f)
		body(n.Else, f)
	case *While:
		one(n.Cond, f)
		body(n.Body, f)
	case *For:
		body(n.Init, f)
		one(n.Cond, f)
		body(n.Post, f)
		body(n.Body, f)
	case *ForIn:
		one(n.Expr, f)
		body(n.Body, f)
	case *Function:
		block(n.Body, f)
	case *Block:
		stmts(n.Stmts, f)
	}
}

func tryChildren(n *Try, f func(Node)) {
	block(n.Body, f)
	for _, c := range n.Catches {
		block(c.Body, f)
	}
	block(n.Finally, f)
}

func exprChildren(n Expr, f func(Node)) {
	switch n := n.(type) {
	case *Call:
		many(n.Params, f)
		many(n.Args, f)
	case *ExprCall:
		one(n.Callee, f)
		many(n.Args, f)
	case *Arithmetic:
		one(n.Left, f)
		one(n.Right, f)
	case *Compare:
		one(n.Left, f)
		one(n.Right, f)
	case *And:
		many(n.Exprs, f)
	case *Or:
		many(n.Exprs, f)
	case *Not:
		one(n.Expr, f)
	case *Between:
		one(n.Expr, f)
		one(n.Low, f)
		one(n.High, f)
	case *Array:
		many(n.Exprs, f)
	case *Tuple:
		many(n.Exprs, f)
	case *Dict:
		for _, item := range n.Items {
			one(item.Key, f)
			one(item.Value, f)
		}
	case *ArrayAccess:
		one(n.Array, f)
		one(n.Property, f)
	case *TupleAccess:
		one(n.Tuple, f)
	case *Lambda:
		one(n.Expr, f)
		block(n.Block, f)
	case *Placeholder:
		one(n.Expr, f)
	case *NamedArg:
		one(n.Value, f)
	case *Alias:
		one(n.Expr, f)
	case *Tag:
		for _, a := range n.Attributes {
			one(a.Value, f)
		}
	default:
		rejectedChildren(n, f)
	}
}

func one(e Expr, f func(Node)) {
	if e != nil {
		f(e)
	}
}

func many(es []Expr, f func(Node)) {
	for _, e := range es {
		one(e, f)
	}
}

func body(s Stmt, f func(Node)) {
	if s != nil {
		f(s)
	}
}

func block(b *Block, f func(Node)) {
	if b != nil {
		f(b)
	}
}

func stmts(ss []Stmt, f func(Node)) {
	for _, s := range ss {
		body(s, f)
	}
}
