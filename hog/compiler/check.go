package compiler

import (
	"fmt"
	"strings"

	"hogpen/hog/ast"
)

// checkCall reports a call of a function that does not exist, or one that can
// only fail for the number of its arguments.
func (f *function) checkCall(n *ast.Call, argc int) {
	if f.opt.Functions == nil || n.Name == "import" {
		return
	}
	span := n.NameSpan
	if span == (ast.Span{}) {
		span = n.Span
	}
	if info, ok := f.opt.Functions[n.Name]; ok {
		if text := arityFault(n.Name, info, argc); text != "" {
			f.warn(span, text, "")
		}
		return
	}
	if contains(f.opt.HostFunctions, n.Name) || contains(f.opt.Globals, n.Name) {
		return
	}
	report := f.warn
	if f.opt.UnknownFunctionsAreErrors {
		report = f.fault
	}
	report(span, "Hog function `"+n.Name+"` is not implemented", f.functionHint(n.Name))
}

// arityFault is the standard library's own message for a wrong number of
// arguments.
func arityFault(name string, info FuncInfo, argc int) string {
	switch {
	case argc < info.Min:
		return fmt.Sprintf("Function %s requires at least %d arguments", name, info.Min)
	case info.Max >= 0 && argc > info.Max:
		return fmt.Sprintf("Function %s requires at most %d arguments", name, info.Max)
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// maxHints is how many diagnostics may look for a suggestion: with very many
// unknown names that would take long, and nobody reads them.
const maxHints = 20

// functionHint suggests what an unknown function may be meant to be.
func (f *function) functionHint(name string) string {
	if f.declaredFunctions()[name] {
		return "it is declared later; move its declaration before this call"
	}
	if len(f.diags) > maxHints {
		return ""
	}
	names := append(statementWords(), f.opt.HostFunctions...)
	for known := range f.opt.Functions {
		names = append(names, known)
	}
	return suggest(name, append(names, f.visible()...))
}

// declaredFunctions are the functions that the whole source declares.
func (u *unit) declaredFunctions() map[string]bool {
	if u.declared != nil {
		return u.declared
	}
	u.declared = map[string]bool{}
	ast.Walk(u.root, func(n ast.Node) bool {
		if fn, ok := n.(*ast.Function); ok {
			u.declared[fn.Name.Text] = true
		}
		return true
	})
	return u.declared
}

// visible are the names that can be used in f.
func (f *function) visible() []string {
	var names []string
	for g := f; g != nil; g = g.parent {
		for _, l := range g.locals {
			if !strings.HasPrefix(l.name, "__") {
				names = append(names, l.name)
			}
		}
	}
	return names
}

// statementWords are what a misspelled word may have been meant to be, even
// where it reads as a function or a variable.
func statementWords() []string {
	return []string{"while", "return", "throw", "catch", "if", "else", "for"}
}

func (f *function) variableHint(name string) string {
	if len(f.diags) > maxHints {
		return ""
	}
	if hint := suggest(name, f.visible()); hint != "" {
		return hint
	}
	return "declare it with `let`"
}

// checkGlobal warns of a root that does not exist at run time.
func (f *function) checkGlobal(n *ast.Field) {
	root := n.Chain[0]
	if n.DoubleQuoted && len(n.Chain) == 1 && !contains(f.opt.Globals, root) {
		f.warn(n.Span, "Double quotes make this the name of a variable, and there is none", "a string stands in single quotes")
		return
	}
	if f.opt.Globals == nil || contains(f.opt.Globals, root) {
		return
	}
	if _, ok := f.opt.Functions[root]; ok && len(n.Chain) == 1 {
		return
	}
	f.warn(n.Span, "Unknown global variable: "+root, f.globalHint(root))
}

// globalHint suggests what an unknown global may be meant to be.
func (f *function) globalHint(name string) string {
	switch name {
	case "function", "func", "def":
		return "a function is declared with `fn name() { … }`"
	case "var", "const":
		return "a variable is declared with `let name := …`"
	}
	if len(f.diags) > maxHints {
		return ""
	}
	names := append(statementWords(), f.opt.Globals...)
	return suggest(name, append(names, f.visible()...))
}

// suggest finds the name nearest to a misspelled one.
func suggest(name string, names []string) string {
	limit := 3
	if len(name) < 4 {
		limit = 2
	}
	best, least := "", limit
	for _, candidate := range names {
		d := editDistance(strings.ToLower(name), strings.ToLower(candidate), limit)
		if d < least || d == least && best != "" && candidate < best {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean \"" + best + "\"?"
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours between a and b; limit or more is given as limit.
func editDistance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit || len(a) > 64 {
		return limit
	}
	before := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return min(prev[len(b)], limit)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
