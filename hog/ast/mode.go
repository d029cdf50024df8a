package ast

// What a value of AST mode is.
type ModeKind uint8

// The kinds of ModeValue. ModeNull stands for what has no form in AST mode.
const (
	ModeNull ModeKind = iota
	ModeNode
	ModeList
	ModeText
	ModeBool
	ModeLiteral // the value of a constant that is no boolean
	ModeDict    // Names with List
)

// ModeValue is the value of a field in AST mode.
type ModeValue struct {
	Kind  ModeKind
	Node  Node // ModeNode; for ModeLiteral the *Constant
	List  []ModeValue
	Names []string
	Text  string
	Bool  bool
}

// ModeField is a field of a node in AST mode.
type ModeField struct {
	Name  string
	Value ModeValue
}

// Mode gives a node as PostHog's AST mode shows it: the name of its class and
// its fields in order (specification 3.8, Appendix B), without those that are
// null. The class is empty for a node that has no such form: placeholders,
// which stand for a value, and faults.
func Mode(n Node) (class string, fields []ModeField) {
	m := &mode{}
	class = m.class(n)
	return class, m.fields
}

type mode struct{ fields []ModeField }

func (m *mode) add(name string, v ModeValue) { m.fields = append(m.fields, ModeField{name, v}) }

func (m *mode) node(name string, e Expr) {
	if e != nil {
		m.add(name, ModeValue{Kind: ModeNode, Node: e})
	}
}

func (m *mode) text(name, s string) {
	if s != "" {
		m.add(name, ModeValue{Kind: ModeText, Text: s})
	}
}

func (m *mode) flag(name string, b bool) { m.add(name, ModeValue{Kind: ModeBool, Bool: b}) }

func (m *mode) list(name string, list []Expr) {
	values := make([]ModeValue, len(list))
	for i, e := range list {
		values[i] = ModeValue{Kind: ModeNode, Node: e}
	}
	m.add(name, ModeValue{Kind: ModeList, List: values})
}

func (m *mode) someList(name string, list []Expr) {
	if len(list) > 0 {
		m.list(name, list)
	}
}

func (m *mode) texts(name string, list []string) {
	values := make([]ModeValue, len(list))
	for i, s := range list {
		values[i] = ModeValue{Kind: ModeText, Text: s}
	}
	m.add(name, ModeValue{Kind: ModeList, List: values})
}

func (m *mode) class(n Node) string {
	switch n := n.(type) {
	case *Constant:
		m.constant(n)
		return "Constant"
	case *Field:
		m.texts("chain", n.Chain)
		m.flag("from_asterisk", false)
		return "Field"
	case *Call:
		m.text("name", n.Name)
		m.list("args", n.Args)
		if n.Params != nil {
			m.list("params", n.Params)
		}
		m.flag("distinct", false)
		return "Call"
	case *ExprCall:
		m.node("expr", n.Callee)
		m.list("args", n.Args)
		return "ExprCall"
	case *Arithmetic:
		m.binary(n.Left, n.Right, string(n.Op))
		return "ArithmeticOperation"
	case *Compare:
		m.binary(n.Left, n.Right, string(n.Op))
		return "CompareOperation"
	case *And:
		m.list("exprs", n.Exprs)
		return "And"
	case *Or:
		m.list("exprs", n.Exprs)
		return "Or"
	case *Not:
		m.node("expr", n.Expr)
		return "Not"
	case *Between:
		m.node("expr", n.Expr)
		m.node("low", n.Low)
		m.node("high", n.High)
		m.flag("negated", n.Negated)
		return "BetweenExpr"
	}
	return m.container(n)
}

func (m *mode) binary(left, right Expr, op string) {
	m.node("left", left)
	m.node("right", right)
	m.text("op", op)
}

func (m *mode) constant(n *Constant) {
	switch n.Kind {
	case KindNull:
	case KindBool:
		m.flag("value", n.Bool)
	default:
		m.add("value", ModeValue{Kind: ModeLiteral, Node: n})
	}
}

func (m *mode) container(n Node) string {
	switch n := n.(type) {
	case *Array:
		m.list("exprs", n.Exprs)
		return "Array"
	case *Tuple:
		m.list("exprs", n.Exprs)
		return "Tuple"
	case *Dict:
		// PostHog's compiler knows no pairs.
		m.add("items", ModeValue{Kind: ModeList, List: make([]ModeValue, len(n.Items))})
		return "Dict"
	case *ArrayAccess:
		m.node("array", n.Array)
		m.node("property", n.Property)
		m.flag("nullish", n.Nullish)
		return "ArrayAccess"
	case *TupleAccess:
		m.node("tuple", n.Tuple)
		m.add("index", ModeValue{Kind: ModeLiteral, Node: Integer(n.Index)})
		m.flag("nullish", n.Nullish)
		return "TupleAccess"
	case *Lambda:
		names := make([]string, len(n.Params))
		for i, p := range n.Params {
			names[i] = p.Text
		}
		m.texts("args", names)
		m.node("expr", n.Expr)
		return "Lambda"
	case *Alias:
		m.text("alias", n.Name)
		m.node("expr", n.Expr)
		m.flag("hidden", false)
		m.flag("from_asterisk", false)
		return "Alias"
	case *NamedArg:
		m.text("name", n.Name)
		m.node("value", n.Value)
		return "NamedArgument"
	case *Tag:
		m.tag(n)
		return "HogQLXTag"
	}
	return m.query(n)
}

func (m *mode) tag(n *Tag) {
	m.text("kind", n.Kind)
	list := make([]ModeValue, len(n.Attributes))
	for i, a := range n.Attributes {
		list[i] = ModeValue{Kind: ModeNode, Node: &modeAttribute{TagAttribute: a}}
	}
	m.add("attributes", ModeValue{Kind: ModeList, List: list})
}

// modeAttribute is an attribute as a node of its own, which it is in AST mode
// only.
type modeAttribute struct {
	At
	TagAttribute
}

// modeConstraint is the condition of a join, likewise.
type modeConstraint struct {
	At
	join *Join
}

// modeSet is one further query of a set, likewise.
type modeSet struct {
	At
	SetMember
}

// modeCTE is one definition of a with clause, likewise.
type modeCTE struct {
	At
	CTE
}

func (m *mode) query(n Node) string {
	switch n := n.(type) {
	case *Select:
		m.selectFields(n)
		return "SelectQuery"
	case *SelectSet:
		m.node("initial_select_query", n.First)
		list := make([]ModeValue, len(n.Rest))
		for i, r := range n.Rest {
			list[i] = ModeValue{Kind: ModeNode, Node: &modeSet{SetMember: r}}
		}
		m.add("subsequent_select_queries", ModeValue{Kind: ModeList, List: list})
		return "SelectSetQuery"
	case *modeSet:
		m.node("select_query", n.Query)
		m.text("set_operator", n.Operator)
		return "SelectSetNode"
	case *Join:
		m.join(n)
		return "JoinExpr"
	case *modeConstraint:
		m.node("expr", n.join.On)
		m.text("constraint_type", n.join.Clause)
		return "JoinConstraint"
	case *Order:
		m.node("expr", n.Expr)
		m.text("order", order(n.Desc))
		return "OrderExpr"
	case *LimitBy:
		m.node("n", n.N)
		m.list("exprs", n.Exprs)
		m.node("offset_value", n.Offset)
		return "LimitByExpr"
	case *modeCTE:
		m.text("name", n.Name)
		m.node("expr", n.Expr)
		kind := "subquery"
		if n.Column {
			kind = "column"
		}
		m.text("cte_type", kind)
		return "CTE"
	case *modeAttribute:
		m.text("name", n.Name)
		m.node("value", n.Value)
		return "HogQLXAttribute"
	}
	return ""
}

func order(desc bool) string {
	if desc {
		return "DESC"
	}
	return "ASC"
}

func (m *mode) selectFields(n *Select) {
	if len(n.CTEs) > 0 {
		v := ModeValue{Kind: ModeDict}
		for _, c := range n.CTEs {
			v.Names = append(v.Names, c.Name)
			v.List = append(v.List, ModeValue{Kind: ModeNode, Node: &modeCTE{CTE: c}})
		}
		m.add("ctes", v)
	}
	m.list("select", n.Exprs)
	if n.Distinct {
		m.flag("distinct", true)
	}
	if n.From != nil {
		m.node("select_from", n.From)
	}
	m.text("array_join_op", n.ArrayJoin)
	m.someList("array_join_list", n.ArrayList)
	m.node("where", n.Where)
	m.node("prewhere", n.Prewhere)
	m.node("having", n.Having)
	m.someList("group_by", n.GroupBy)
	m.someList("order_by", n.OrderBy)
	m.node("limit", n.Limit)
	if n.LimitBy != nil {
		m.node("limit_by", n.LimitBy)
	}
	if n.WithTies {
		m.flag("limit_with_ties", true)
	}
	m.node("offset", n.Offset)
}

func (m *mode) join(n *Join) {
	m.text("join_type", n.Type)
	m.node("table", n.Table)
	if n.Args != nil {
		m.list("table_args", n.Args)
	}
	m.text("alias", n.Alias)
	if n.Final {
		m.flag("table_final", true)
	}
	if n.On != nil {
		m.add("constraint", ModeValue{Kind: ModeNode, Node: &modeConstraint{join: n}})
	}
	if n.Next != nil {
		m.node("next_join", n.Next)
	}
}
