package ast

// Cast is e::Type, cast(e as Type) or try_cast(e as Type). It parses, and no
// compiler takes it.
type Cast struct {
	At
	exprNode
	Expr Expr
	Type string // as it was written
	Try  bool
	Text string // the source, for the printer; a hint
}

// Slice is e[from:to], which no compiler takes. From and To may be nil.
type Slice struct {
	At
	exprNode
	Array, From, To Expr
	Text            string // as in Cast
}

// Positional is #1, a column by its place, which no compiler takes.
type Positional struct {
	At
	exprNode
	Index string // its digits
}

// IsDistinct is a is [not] distinct from b, which no compiler takes.
type IsDistinct struct {
	At
	exprNode
	Left, Right Expr
	Negated     bool
	Text        string // as in Cast
}

// Rejected names what a node is for people, and the end of PostHog's visit_…
// name, when it is one that parses and that no compiler takes.
func Rejected(e Expr) (construct, visitor string, ok bool) {
	switch n := e.(type) {
	case *Cast:
		return "type cast", "type_cast", true
	case *Slice:
		return "slice", "array_slice", true
	case *Positional:
		return "positional", "positional_ref", true
	case *IsDistinct:
		return "`is distinct from` comparison", "is_distinct_from", true
	case *Unsupported:
		return n.Construct, n.Visitor, true
	}
	return "", "", false
}

func rejectedChildren(n Expr, f func(Node)) {
	switch n := n.(type) {
	case *Cast:
		one(n.Expr, f)
	case *Slice:
		one(n.Array, f)
		one(n.From, f)
		one(n.To, f)
	case *IsDistinct:
		one(n.Left, f)
		one(n.Right, f)
	default:
		sqlChildren(n, f)
	}
}

// rejected writes a rejected node: its construct and, in braces, its parts.
func (d *dumper) rejected(e Expr) {
	construct, _, _ := Rejected(e)
	d.w(construct, " node")
	switch n := e.(type) {
	case *Cast:
		d.parts(n.Type, n.Expr)
	case *Slice:
		d.parts("", n.Array, n.From, n.To)
	case *Positional:
		d.parts(n.Index)
	case *IsDistinct:
		word := ""
		if n.Negated {
			word = "not"
		}
		d.parts(word, n.Left, n.Right)
	}
}

func (d *dumper) parts(word string, list ...Expr) {
	d.w("{", word)
	for i, e := range list {
		if i > 0 || word != "" {
			d.w(" ")
		}
		d.optional(e, "nil")
	}
	d.w("}")
}

// mode writes a node of a query as AST mode shows it.
func (d *dumper) mode(n Node) {
	class, fields := Mode(n)
	d.w(class, "{")
	for i, f := range fields {
		if i > 0 {
			d.w(" ")
		}
		d.w(f.Name, "=")
		d.modeValue(f.Value)
	}
	d.w("}")
}

func (d *dumper) modeValue(v ModeValue) {
	switch v.Kind {
	case ModeNode:
		if e, ok := v.Node.(Expr); ok {
			d.expr(e)
		} else {
			d.mode(v.Node)
		}
	case ModeList, ModeDict:
		d.w("[")
		for i, e := range v.List {
			if i > 0 {
				d.w(", ")
			}
			d.modeValue(e)
		}
		d.w("]")
	case ModeText:
		d.w(v.Text)
	case ModeBool:
		d.w(dumpConstant(Bool(v.Bool)))
	}
}
