package javascript

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/vm"
)

// Options steer the translation.
type Options struct {
	// NullOrdering is what < <= > >= do with null, as in vm.LoadOptions.
	NullOrdering vm.NullOrdering
}

// Output is a translated program or expression.
type Output struct {
	// Code is the body of a function for a program, an expression for an
	// expression.
	Code string
	// STL are the functions of the library that Code uses, in JavaScript
	// spelling and alphabetical order. What these use in turn is left out.
	STL []string
}

// Print translates a tree: an *ast.Program or an ast.Expr. The diagnostics are
// all faults in source order; the output is empty when one is an error.
func Print(tree ast.Node, opt Options) (Output, ast.Diagnostics) {
	p := &printer{opt: opt, used: map[string]bool{}}
	p.writes = assignsProperties(tree)
	p.open()
	switch n := tree.(type) {
	case *ast.Program:
		for _, s := range n.Stmts {
			p.statement(s)
		}
	case ast.Expr:
		p.expr(n)
	}
	sort.SliceStable(p.diags, func(i, j int) bool { return p.diags[i].Span.Start < p.diags[j].Span.Start })
	if p.diags.Failed() {
		return Output{}, p.diags
	}
	names := make([]string, 0, len(p.used))
	for name := range p.used {
		names = append(names, name)
	}
	slices.Sort(names)
	return Output{Code: p.b.String(), STL: names}, p.diags
}

// assignsProperties reports whether a tree can change a value in place, in
// which case the values of globals must be copied when they are read.
func assignsProperties(tree ast.Node) bool {
	found := false
	ast.Walk(tree, func(n ast.Node) bool {
		if a, ok := n.(*ast.Assign); ok {
			f, plain := a.Target.(*ast.Field)
			found = found || !plain || len(f.Chain) > 1
		}
		return !found
	})
	return found
}

// printer is one translation.
type printer struct {
	b      strings.Builder
	indent int
	opt    Options
	scope  *scope
	names  int // counts the variables that hide others
	used   map[string]bool
	writes bool
	diags  ast.Diagnostics
}

func (p *printer) fault(span ast.Span, message, hint string) {
	p.diags = append(p.diags, ast.Diagnostic{Span: span, Severity: ast.SeverityError, Message: message, Hint: hint})
}

func (p *printer) w(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
	}
}

// use notes a function of the library and returns its name.
func (p *printer) use(name string) string {
	if !isLibrary(name) {
		panic(fmt.Sprintf("javascript: the library has no %s", name)) // a misspelling in this package; its tests run every use
	}
	p.used[name] = true
	return name
}

// line starts a statement.
func (p *printer) line() { p.w(strings.Repeat("    ", p.indent)) }
