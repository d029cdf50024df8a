package ast

// Select is (select … from …). Parts that were not written are nil.
type Select struct {
	At
	exprNode
	CTEs      []CTE
	Exprs     []Expr
	Distinct  bool
	From      *Join
	ArrayJoin string // "ARRAY JOIN", "LEFT ARRAY JOIN", … or empty
	ArrayList []Expr
	Where     Expr
	Prewhere  Expr
	Having    Expr
	GroupBy   []Expr
	OrderBy   []Expr // each an *Order
	Limit     Expr
	WithTies  bool
	LimitBy   *LimitBy
	Offset    Expr
	Text      string // the query as it was written, for the printer; a hint
}

// SelectSet joins queries with union and the like.
type SelectSet struct {
	At
	exprNode
	First Expr // a *Select, a *SelectSet or a *Placeholder
	Rest  []SetMember
	Text  string // as in Select
}

// SetMember is one further query of a SelectSet.
type SetMember struct {
	Operator string // "UNION ALL", "UNION DISTINCT", "INTERSECT", "INTERSECT DISTINCT", "EXCEPT"
	Query    Expr
}

// CTE is one definition of a with clause: name as (query), or expr as name.
type CTE struct {
	Name   string
	Expr   Expr
	Column bool // expr as name
}

// Join is a table of a from clause with what is joined to it.
type Join struct {
	At
	exprNode
	Type   string // "LEFT JOIN", …; empty for the first table
	Table  Expr
	Args   []Expr // of a table function, not nil then
	Alias  string
	Final  bool
	On     Expr
	Clause string // "ON" or "USING" when On is set
	Next   *Join
}

// Order is one expression of an order by clause.
type Order struct {
	At
	exprNode
	Expr Expr
	Desc bool
}

// LimitBy is limit n [offset m] by e, ….
type LimitBy struct {
	At
	exprNode
	N, Offset Expr
	Exprs     []Expr
}

// children of the SQL nodes, for Walk.
func (n *Select) children(f func(Node)) {
	for _, c := range n.CTEs {
		one(c.Expr, f)
	}
	many(n.Exprs, f)
	if n.From != nil {
		f(n.From)
	}
	many(n.ArrayList, f)
	for _, e := range []Expr{n.Prewhere, n.Where} {
		one(e, f)
	}
	many(n.GroupBy, f)
	one(n.Having, f)
	many(n.OrderBy, f)
	if n.LimitBy != nil {
		f(n.LimitBy)
	}
	one(n.Limit, f)
	one(n.Offset, f)
}

func sqlChildren(n Expr, f func(Node)) {
	switch n := n.(type) {
	case *Select:
		n.children(f)
	case *SelectSet:
		one(n.First, f)
		for _, m := range n.Rest {
			one(m.Query, f)
		}
	case *Join:
		one(n.Table, f)
		many(n.Args, f)
		one(n.On, f)
		if n.Next != nil {
			f(n.Next)
		}
	case *Order:
		one(n.Expr, f)
	case *LimitBy:
		one(n.N, f)
		one(n.Offset, f)
		many(n.Exprs, f)
	}
}
