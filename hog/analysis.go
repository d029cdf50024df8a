package hog

import (
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/compiler"
)

// GlobalRead is one place where a global is read, see compiler.GlobalRead.
type GlobalRead = compiler.GlobalRead

// Globals lists the reads of globals in a tree: what is neither a local nor a
// variable of an enclosing function. A program or expression with faults gives
// the reads that were found nonetheless.
func Globals(tree ast.Node) []GlobalRead {
	switch n := tree.(type) {
	case *ast.Program:
		r, _ := compiler.Program(n, Options{Cohorts: true})
		return r.Globals
	case ast.Expr:
		r, _ := compiler.Expr(n, Options{Cohorts: true})
		return r.Globals
	}
	return nil
}

// InputDependencies lists the inputs that a tree reads: the second part of
// each global read whose root is `inputs`, each once, in order of appearance.
// It is what an input's place in the order of evaluation depends on.
func InputDependencies(tree ast.Node) []string {
	var keys []string
	seen := map[string]bool{}
	for _, g := range Globals(tree) {
		if len(g.Chain) < 2 || g.Chain[0] != "inputs" || seen[g.Chain[1]] {
			continue
		}
		seen[g.Chain[1]] = true
		keys = append(keys, g.Chain[1])
	}
	return keys
}

// CheckHyphens reports subtractions that are most likely names with a hyphen:
// a dotted name, a minus without spaces, a single name, as in
// event.properties.my-prop. PostHog rejects them in templates and programs.
// The tree must come from the parser: trees built by hand have no places.
func CheckHyphens(tree ast.Node) ast.Diagnostics {
	var diags ast.Diagnostics
	ast.Walk(tree, func(n ast.Node) bool {
		sub, ok := n.(*ast.Arithmetic)
		if !ok || sub.Op != ast.Sub {
			return true
		}
		left, leftOK := sub.Left.(*ast.Field)
		right, rightOK := sub.Right.(*ast.Field)
		if !leftOK || !rightOK || len(left.Chain) < 2 || len(right.Chain) != 1 || left.Parens || right.Parens {
			return true
		}
		if left.Span.End+1 != right.Span.Start {
			return true
		}
		diags = append(diags, hyphenFault(left, right, sub.Span))
		return true
	})
	return diags
}

func hyphenFault(left, right *ast.Field, span ast.Span) ast.Diagnostic {
	last := len(left.Chain) - 1
	bracket := strings.Join(left.Chain[:last], ".") + "['" + left.Chain[last] + "-" + right.Chain[0] + "']"
	return ast.Diagnostic{
		Span: span, Severity: ast.SeverityError,
		Message: "Hyphens are not supported in identifiers and are interpreted as subtraction. Use bracket notation: " + bracket,
		Hint:    "to subtract, put spaces around the minus",
	}
}
