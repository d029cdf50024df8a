package ast

import (
	"math"
	"strconv"
	"strings"
)

// Dump writes a tree on one line in the notation of the language's
// specification:
//
//	(a + b)  (and a b)  A[1, 2]  T(1, 2)  D{k: v}  λ(x) x  B{ret x}  PH{x}
//	f(x)  f<x>(y)  ECALL[e](x)  a["b"]  a.#1  a?["b"]  let a:=1 ;; ret a
//
// Hints (how something was written) do not show.
func Dump(n Node) string {
	d := dumper{indent: -1}
	d.node(n)
	return d.b.String()
}

// DumpIndented writes the same with one statement a line.
func DumpIndented(n Node) string {
	var d dumper
	d.node(n)
	if s := d.b.String(); s != "" && !strings.HasSuffix(s, "\n") {
		d.b.WriteByte('\n')
	}
	return d.b.String()
}

// Equal reports whether two trees are the same but for spans and hints.
func Equal(a, b Node) bool { return Dump(a) == Dump(b) }

// dumper writes into b; indent is the depth of blocks, -1 for one line.
type dumper struct {
	b      strings.Builder
	indent int
}

func (d *dumper) w(parts ...string) {
	for _, s := range parts {
		d.b.WriteString(s)
	}
}

func (d *dumper) node(n Node) {
	switch n := n.(type) {
	case nil:
		d.w("nil")
	case *Program:
		d.stmts(n.Stmts)
	case Stmt:
		d.stmt(n)
	case Expr:
		d.expr(n)
	}
}

func (d *dumper) stmts(list []Stmt) {
	for i, s := range list {
		if i > 0 {
			if d.indent < 0 {
				d.w(" ;; ")
			} else {
				d.line()
			}
		}
		d.stmt(s)
	}
}

func (d *dumper) line() { d.w("\n", strings.Repeat("    ", d.indent)) }

// braces writes the statements of a body between braces.
func (d *dumper) braces(list []Stmt) {
	d.w("{")
	if d.indent >= 0 && len(list) > 0 {
		d.indent++
		d.line()
		d.stmts(list)
		d.indent--
		d.line()
	} else {
		d.stmts(list)
	}
	d.w("}")
}

// body writes what if, else and loops govern: a block as B{…}, a bare
// statement as {…}.
func (d *dumper) body(s Stmt) {
	if b, ok := s.(*Block); ok {
		d.w("B")
		d.braces(b.Stmts)
		return
	}
	d.braces([]Stmt{s})
}

func (d *dumper) stmt(s Stmt) {
	switch s := s.(type) {
	case *Let:
		d.w("let ", dumpName(s.Name.Text))
		if s.Value != nil {
			d.w(":=")
			d.expr(s.Value)
		}
	case *Assign:
		d.expr(s.Target)
		d.w(":=")
		d.expr(s.Value)
	case *ExprStmt:
		d.optional(s.Expr, "empty")
	case *Return:
		d.w("ret ")
		d.optional(s.Value, "nil")
	case *Throw:
		d.w("throw ")
		d.expr(s.Value)
	case *Block:
		d.w("B")
		d.braces(s.Stmts)
	case *Function:
		d.w("fn ", dumpName(s.Name.Text), "(", dumpNames(s.Params), ")")
		d.braces(s.Body.Stmts)
	case *Try:
		d.try(s)
	default:
		d.control(s)
	}
}

func (d *dumper) control(s Stmt) {
	switch s := s.(type) {
	case *If:
		d.w("if(")
		d.expr(s.Cond)
		d.w(")")
		d.body(s.Then)
		if s.Else != nil {
			d.w("else")
			d.body(s.Else)
		}
	case *While:
		d.w("while(")
		d.expr(s.Cond)
		d.w(")")
		d.body(s.Body)
	case *For:
		d.w("for(")
		d.optionalStmt(s.Init)
		d.w("; ")
		d.optional(s.Cond, "")
		d.w("; ")
		d.optionalStmt(s.Post)
		d.w(")")
		d.body(s.Body)
	case *ForIn:
		d.w("for(let ")
		if s.Key.Text != "" {
			d.w(dumpName(s.Key.Text), ", ")
		}
		d.w(dumpName(s.Value.Text), " in ")
		d.expr(s.Expr)
		d.w(")")
		d.body(s.Body)
	}
}

func (d *dumper) try(s *Try) {
	d.w("try")
	d.braces(s.Body.Stmts)
	for _, c := range s.Catches {
		d.w("catch(", dumpName(c.Var.Text))
		if c.Type.Text != "" {
			d.w(": ", dumpName(c.Type.Text))
		}
		d.w(")")
		d.braces(c.Body.Stmts)
	}
	if s.Finally != nil {
		d.w("finally")
		d.braces(s.Finally.Stmts)
	}
}

func (d *dumper) optional(e Expr, absent string) {
	if e == nil {
		d.w(absent)
		return
	}
	d.expr(e)
}

func (d *dumper) optionalStmt(s Stmt) {
	if s != nil {
		d.stmt(s)
	}
}

func (d *dumper) list(list []Expr) {
	for i, e := range list {
		if i > 0 {
			d.w(", ")
		}
		d.expr(e)
	}
}

func (d *dumper) wrap(open string, list []Expr, end string) {
	d.w(open)
	d.list(list)
	d.w(end)
}

func (d *dumper) binary(left Expr, op string, right Expr) {
	d.w("(")
	d.expr(left)
	d.w(" ", op, " ")
	d.expr(right)
	d.w(")")
}

func (d *dumper) prefix(op string, list ...Expr) {
	d.w("(", op)
	for _, e := range list {
		d.w(" ")
		d.expr(e)
	}
	d.w(")")
}

func (d *dumper) expr(e Expr) {
	switch n := e.(type) {
	case *Constant:
		d.w(dumpConstant(n))
	case *Field:
		d.field(n)
	case *Call:
		d.w(dumpName(n.Name))
		if n.Params != nil {
			d.wrap("<", n.Params, ">")
		}
		d.wrap("(", n.Args, ")")
	case *ExprCall:
		d.w("ECALL[")
		d.expr(n.Callee)
		d.wrap("](", n.Args, ")")
	case *Arithmetic:
		d.binary(n.Left, string(n.Op), n.Right)
	case *Compare:
		d.binary(n.Left, string(n.Op), n.Right)
	case *And:
		d.prefix("and", n.Exprs...)
	case *Or:
		d.prefix("or", n.Exprs...)
	case *Not:
		d.prefix("not", n.Expr)
	case *Between:
		if n.Negated {
			d.prefix("not-between", n.Expr, n.Low, n.High)
		} else {
			d.prefix("between", n.Expr, n.Low, n.High)
		}
	case *Array:
		d.wrap("A[", n.Exprs, "]")
	case *Tuple:
		d.wrap("T(", n.Exprs, ")")
	default:
		d.rest(e)
	}
}

func (d *dumper) rest(e Expr) {
	switch n := e.(type) {
	case *Dict:
		d.dict(n)
	case *ArrayAccess:
		d.expr(n.Array)
		d.w(nullish(n.Nullish), "[")
		d.expr(n.Property)
		d.w("]")
	case *TupleAccess:
		d.expr(n.Tuple)
		d.w(nullish(n.Nullish), ".#", strconv.FormatInt(n.Index, 10))
	case *Lambda:
		d.w("λ(", dumpNames(n.Params), ") ")
		if n.Block != nil {
			d.w("B")
			d.braces(n.Block.Stmts)
		} else {
			d.optional(n.Expr, "nil")
		}
	case *Placeholder:
		d.w("PH{")
		d.optional(n.Expr, "nil")
		d.w("}")
	case *NamedArg:
		d.w("named argument node ", dumpName(n.Name), " ")
		d.expr(n.Value)
	case *Alias:
		d.w("alias node ", dumpName(n.Name), " ")
		d.expr(n.Expr)
	case *Unsupported, *Cast, *Slice, *Positional, *IsDistinct:
		d.rejected(e)
	case *Select, *SelectSet, *Join, *Order, *LimitBy:
		d.mode(e)
	case *Tag:
		d.tag(n)
	case *Bad:
		d.w("bad")
	}
}

func nullish(yes bool) string {
	if yes {
		return "?"
	}
	return ""
}

func (d *dumper) dict(n *Dict) {
	d.w("D{")
	for i, item := range n.Items {
		if i > 0 {
			d.w(", ")
		}
		d.expr(item.Key)
		d.w(": ")
		d.expr(item.Value)
	}
	d.w("}")
}

func (d *dumper) tag(n *Tag) {
	d.w("<", n.Kind)
	for _, a := range n.Attributes {
		d.w(" ", a.Name, "=")
		if list, ok := a.Value.(*Array); ok && a.Children {
			for i, e := range list.Exprs {
				if i == 0 {
					d.w("[")
				} else {
					d.w(" ")
				}
				d.expr(e)
			}
			d.w("]")
			continue
		}
		d.expr(a.Value)
	}
	d.w(">")
}

func (d *dumper) field(n *Field) {
	for i, part := range n.Chain {
		if i > 0 {
			d.w(".")
		}
		d.w(dumpName(part))
	}
	if len(n.Chain) == 1 && (strings.EqualFold(n.Chain[0], "true") || strings.EqualFold(n.Chain[0], "false")) {
		d.w(" (name)") // `true` in backticks is not the constant
	}
}

// dumpName writes a name plain if it looks like one, else in backticks.
func dumpName(name string) string {
	plain := name == "*"
	for i, c := range name {
		plain = c == '_' || c == '$' || c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && c >= '0' && c <= '9' || c == '*' && len(name) == 1
		if !plain {
			break
		}
	}
	if plain || name == "" {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

func dumpNames(list []Name) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = dumpName(n.Text)
	}
	return strings.Join(texts, ",")
}

func dumpConstant(n *Constant) string {
	switch n.Kind {
	case KindNull:
		return "null"
	case KindBool:
		return strconv.FormatBool(n.Bool)
	case KindInteger:
		return strconv.FormatInt(n.Int, 10)
	case KindBigInteger:
		return n.Str
	case KindFloat:
		return dumpFloat(n.Float)
	}
	return strconv.Quote(n.Str)
}

func dumpFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}
