package javascript

import (
	"fmt"

	"hogpen/hog/ast"
)

// call writes a call by name: the forms that are operators first.
func (p *printer) call(n *ast.Call) {
	if n.Params != nil {
		p.call(&ast.Call{At: n.At, Name: n.Name, NameSpan: n.NameSpan, Args: n.Params})
		p.list("(", n.Args, ")")
		return
	}
	if p.special(n) {
		return
	}
	p.w(p.callee(n.Name))
	p.list("(", n.Args, ")")
}

// callee names what is called: a variable, a function of the library, or an
// identifier that the embedding code must know.
func (p *printer) callee(name string) string {
	if js, ok := p.find(name); ok {
		return js
	}
	if js, ok := function(name); ok {
		return p.use(js)
	}
	return mangle(name)
}

func (p *printer) special(n *ast.Call) bool {
	argc := len(n.Args)
	switch {
	case n.Name == "not" && argc == 1:
		p.w("(!")
		p.expr(n.Args[0])
		p.w(")")
	case n.Name == "and" && argc >= 2:
		p.junction(n.Args, " && ")
	case n.Name == "or" && argc >= 2:
		p.junction(n.Args, " || ")
	case n.Name == "if" && argc >= 2:
		p.conditional(n.Args[:min(argc, 3)])
	case n.Name == "multiIf" && argc >= 2:
		p.conditional(n.Args)
	case n.Name == "ifNull" && argc == 2:
		p.binary(n.Args[0], "??", n.Args[1])
	case n.Name == "inCohort" || n.Name == "notInCohort":
		p.fault(n.Span, fmt.Sprintf("Can't call %s() directly. Use a cohort property filter instead.", n.Name), "")
	case n.Name == "sql" && argc == 1:
		p.sql(n.Args[0])
	default:
		return false
	}
	return true
}

// conditional writes conditions and values in turn; a missing last value is null.
func (p *printer) conditional(args []ast.Expr) {
	depth := 0
	for ; len(args) >= 2; args = args[2:] {
		p.w("(")
		p.expr(args[0])
		p.w(" ? ")
		p.expr(args[1])
		p.w(" : ")
		depth++
	}
	if len(args) == 1 {
		p.expr(args[0])
	} else {
		p.w("null")
	}
	for range depth {
		p.w(")")
	}
}
