package javascript

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/vm"
)

func (p *printer) expr(e ast.Expr) {
	switch n := e.(type) {
	case *ast.Constant:
		p.constant(n)
	case *ast.Field:
		p.field(n)
	case *ast.Call:
		p.call(n)
	case *ast.ExprCall:
		p.expr(n.Callee)
		p.list("(", n.Args, ")")
	case *ast.Arithmetic:
		p.binary(n.Left, string(n.Op), n.Right)
	case *ast.Compare:
		p.compare(n)
	case *ast.And:
		p.junction(n.Exprs, " && ")
	case *ast.Or:
		p.junction(n.Exprs, " || ")
	case *ast.Not:
		p.w("(!")
		p.expr(n.Expr)
		p.w(")")
	case *ast.Between:
		p.w(p.use("__between"))
		p.list("(", []ast.Expr{n.Expr, n.Low, n.High, ast.Bool(n.Negated)}, ")")
	case *ast.Array:
		p.list("[", n.Exprs, "]")
	case *ast.Tuple:
		p.w(p.use("tuple"))
		p.list("(", n.Exprs, ")")
	default:
		p.rest(e)
	}
}

func (p *printer) rest(e ast.Expr) {
	switch n := e.(type) {
	case *ast.Dict:
		p.dict(n)
	case *ast.ArrayAccess:
		p.checkIndex(n.Property)
		p.property(n.Array, n.Property)
	case *ast.TupleAccess:
		index := &ast.Constant{At: n.At, Kind: ast.KindInteger, Int: n.Index}
		p.checkIndex(index)
		p.property(n.Tuple, index)
	case *ast.Lambda:
		p.lambda(n)
	case *ast.Tag:
		p.tag(n)
	case *ast.Select, *ast.SelectSet:
		p.sql(e)
	default:
		p.reject(e)
	}
}

// reject reports what has no meaning in a program, in the words of the
// bytecode compiler.
func (p *printer) reject(e ast.Expr) {
	at := e.Place()
	switch e.(type) {
	case *ast.Placeholder:
		p.fault(at, "Placeholders are not allowed in this context", "for a dict write {key: value}")
	case *ast.NamedArg:
		p.fault(at, "A named argument has no meaning in Hog", "an assignment is a statement of its own; to compare, write `==`")
	case *ast.Alias:
		p.fault(at, "An alias (`as`) has no meaning in Hog", "")
	default:
		if construct, _, ok := ast.Rejected(e); ok {
			p.fault(at, "Hog cannot compile a "+construct, "")
			return
		}
		p.fault(at, "This expression could not be read", "")
	}
}

func (p *printer) list(open string, list []ast.Expr, end string) {
	p.w(open)
	for i, e := range list {
		if i > 0 {
			p.w(", ")
		}
		p.expr(e)
	}
	p.w(end)
}

func (p *printer) binary(left ast.Expr, op string, right ast.Expr) {
	p.w("(")
	p.expr(left)
	p.w(" ", op, " ")
	p.expr(right)
	p.w(")")
}

// junction joins conditions. A tree built by hand may have none: all of no
// conditions hold, and not one of them.
func (p *printer) junction(list []ast.Expr, op string) {
	if len(list) == 0 {
		p.w(strconv.FormatBool(op == " && "))
		return
	}
	p.w("!!(")
	for i, e := range list {
		if i > 0 {
			p.w(op)
		}
		p.expr(e)
	}
	p.w(")")
}

func (p *printer) constant(n *ast.Constant) {
	switch n.Kind {
	case ast.KindNull:
		p.w("null")
	case ast.KindBool:
		p.w(strconv.FormatBool(n.Bool))
	case ast.KindInteger:
		p.number(float64(n.Int))
	case ast.KindBigInteger:
		f, err := strconv.ParseFloat(n.Str, 64)
		if err != nil && !math.IsInf(f, 0) {
			p.fault(n.Span, "This number could not be read", "")
		}
		p.number(f)
	case ast.KindFloat:
		p.number(n.Float)
	case ast.KindString:
		p.w(quote(n.Str))
	}
}

// number writes a number; a negative one in parentheses, so that a minus
// before it makes no decrement.
func (p *printer) number(f float64) {
	text := vm.NumberText(f)
	if strings.HasPrefix(text, "-") {
		text = "(" + text + ")"
	}
	p.w(text)
}

// quote writes a text as a JavaScript string that may also stand inside a
// script element.
func quote(s string) string {
	b, err := json.Marshal(s) // escapes < > & and the line separators
	if err != nil {
		return `""` // strings cannot fail
	}
	return strings.NewReplacer(`\u003e`, ">", `\u0026`, "&").Replace(string(b))
}

// field reads a variable, a function of the library, or a global, and then its
// properties.
func (p *printer) field(n *ast.Field) { p.chain(n, len(n.Chain)) }

// chain writes the first count parts of a field. Only in chains from a global
// do texts know their length.
func (p *printer) chain(n *ast.Field, count int) {
	_, local := p.find(n.Chain[0])
	for i := count - 1; i > 0; i-- {
		if n.Chain[i] == "length" && !local {
			p.w(p.use("__globalLength"), "(")
		} else {
			p.w(p.use("__getProperty"), "(")
		}
	}
	p.root(n, count == 1)
	for _, part := range n.Chain[1:count] {
		if part != "length" || local {
			p.w(", ", quote(part))
		}
		p.w(")")
	}
}

// root writes the first name of a chain.
func (p *printer) root(n *ast.Field, alone bool) {
	name := n.Chain[0]
	if js, ok := p.find(name); ok {
		p.w(js)
		return
	}
	if js, ok := function(name); ok && alone {
		p.w(p.use(js))
		return
	}
	if p.writes {
		p.w(p.use("__copy"), "(__getGlobal(", quote(name), "))")
		return
	}
	p.w("__getGlobal(", quote(name), ")")
}

func (p *printer) checkIndex(e ast.Expr) {
	if c, ok := e.(*ast.Constant); ok && c.Kind == ast.KindInteger && c.Int == 0 {
		p.fault(c.Span, "Array access starts from 1", "the first element is [1]")
	}
}

func (p *printer) property(obj, key ast.Expr) {
	p.w(p.use("__getProperty"))
	p.list("(", []ast.Expr{obj, key}, ")")
}

// helperCall writes name(args), perhaps negated.
func (p *printer) helperCall(negate bool, name string, args ...ast.Expr) {
	if negate {
		p.w("(!")
	}
	p.w(p.use(name))
	p.list("(", args, ")")
	if negate {
		p.w(")")
	}
}

func (p *printer) compare(n *ast.Compare) {
	l, r := n.Left, n.Right
	switch n.Op {
	case ast.Eq, ast.NotEq:
		p.equality(n)
	case ast.Lt:
		p.helperCall(false, "__less", l, r)
	case ast.LtEq:
		p.helperCall(false, "__lessOrEqual", l, r)
	case ast.Gt:
		p.helperCall(false, "__greater", l, r)
	case ast.GtEq:
		p.helperCall(false, "__greaterOrEqual", l, r)
	case ast.Like, ast.NotLike:
		p.helperCall(n.Op == ast.NotLike, "like", l, r)
	case ast.ILike, ast.NotILike:
		p.helperCall(n.Op == ast.NotILike, "ilike", l, r)
	case ast.In, ast.NotIn:
		p.helperCall(n.Op == ast.NotIn, "__contains", r, l)
	case ast.Regex, ast.NotRegex:
		p.helperCall(n.Op == ast.NotRegex, "match", l, r)
	case ast.IRegex, ast.NotIRegex:
		p.helperCall(n.Op == ast.NotIRegex, "__matchIgnoringCase", l, r)
	default:
		p.cohort(n)
	}
}

// equality is JavaScript's loose one only where that is Hog's too: against null.
func (p *printer) equality(n *ast.Compare) {
	if isNull(n.Left) || isNull(n.Right) {
		p.binary(n.Left, string(n.Op), n.Right)
		return
	}
	p.helperCall(n.Op == ast.NotEq, "__equal", n.Left, n.Right)
}

func isNull(e ast.Expr) bool {
	c, ok := e.(*ast.Constant)
	return ok && c.Kind == ast.KindNull
}

func (p *printer) cohort(n *ast.Compare) {
	name := ""
	if c, ok := n.Right.(*ast.Constant); ok {
		name = " (cohort: " + c.Str + ")"
		if c.Kind == ast.KindInteger {
			name = fmt.Sprintf(" (cohort id=%d)", c.Int)
		}
	}
	p.fault(n.Span, "Can't use cohorts in real-time filters. Please inline the relevant expressions"+name+".", "")
}

// dict writes an object literal. __proto__ needs brackets to be a key like any other.
func (p *printer) dict(n *ast.Dict) {
	p.w("{")
	for i, item := range n.Items {
		if i > 0 {
			p.w(", ")
		}
		if c, ok := item.Key.(*ast.Constant); ok && c.Kind == ast.KindString && c.Str != "__proto__" {
			p.w(quote(c.Str))
		} else {
			p.list("["+p.use("__text")+"(", []ast.Expr{item.Key}, ")]")
		}
		p.w(": ")
		p.expr(item.Value)
	}
	p.w("}")
}

// tag calls the variable that the tag is named after, or makes an object.
func (p *printer) tag(n *ast.Tag) {
	js, isVariable := p.find(n.Kind)
	if isVariable {
		p.w(js, "({")
	} else {
		p.w(`{"__hx_tag": `, quote(n.Kind))
	}
	for i, a := range n.Attributes {
		if i > 0 || !isVariable {
			p.w(", ")
		}
		p.w(quote(a.Name), ": ")
		p.expr(a.Value)
	}
	p.w("}")
	if isVariable {
		p.w(")")
	}
}

// bracedStart reports whether e is written with a brace first, which a
// statement or the body of a lambda must not be.
func (p *printer) bracedStart(e ast.Expr) bool {
	switch n := e.(type) {
	case *ast.Dict, *ast.Select, *ast.SelectSet:
		return true
	case *ast.Call:
		return n.Name == "sql" && len(n.Args) == 1 && n.Params == nil
	case *ast.Tag:
		_, isVariable := p.find(n.Kind)
		return !isVariable
	case *ast.ExprCall:
		return p.bracedStart(n.Callee)
	}
	return false
}

// guarded writes an expression that must not start with a brace.
func (p *printer) guarded(e ast.Expr) {
	if !p.bracedStart(e) {
		p.expr(e)
		return
	}
	p.w("(")
	p.expr(e)
	p.w(")")
}

func (p *printer) lambda(n *ast.Lambda) {
	p.w(p.use("__lambda"), "((")
	p.open()
	p.params(n.Params)
	p.w(") => ")
	switch {
	case n.Block != nil:
		p.functionBody(n.Block)
	default:
		if ph, ok := n.Expr.(*ast.Placeholder); ok {
			p.w("{ ")
			p.guarded(ph.Expr)
			p.w("; return null; }")
		} else {
			p.guarded(n.Expr)
		}
	}
	p.close()
	p.w(")")
}

func (p *printer) params(list []ast.Name) {
	for i, name := range list {
		if i > 0 {
			p.w(", ")
		}
		p.w(p.declare(name))
	}
}
