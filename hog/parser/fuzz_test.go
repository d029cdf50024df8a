package parser_test

import (
	"os"
	"strings"
	"testing"

	"hogpen/hog/ast"
	"hogpen/hog/compiler"
	"hogpen/hog/parser"
)

// FuzzParse: no source brings the parser or the compiler down, every fault and
// every node lies inside the source, and the same source reads the same twice.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"spec/parsing.txt", "spec/bytecode.txt", "spec/sections.txt", "errors.txt"} {
		data, err := os.ReadFile("../testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			src, _, _ := strings.Cut(line, "→")
			f.Add(strings.TrimSpace(src))
		}
	}
	for _, grow := range nasty {
		f.Add(grow(3))
	}
	f.Fuzz(func(t *testing.T, src string) {
		prog, diags := parser.Program(src)
		checkSpans(t, src, prog, diags)
		if again, _ := parser.Program(src); ast.Dump(again) != ast.Dump(prog) {
			t.Fatalf("%q reads differently the second time", src)
		}
		if !diags.Failed() {
			r, _ := compiler.Program(prog, compiler.Options{Functions: map[string]compiler.FuncInfo{"print": {Max: -1}}})
			if r.Program != nil && len(r.Program.Spans) != len(r.Program.Code) {
				t.Fatalf("%q: spans are missing", src)
			}
		}
		for _, parse := range []func(string) (ast.Expr, ast.Diagnostics){parser.Expr, parser.Template} {
			e, diags := parse(src)
			checkSpans(t, src, e, diags)
			if !diags.Failed() {
				compiler.Expr(e, compiler.Options{Repair: true})
			}
		}
	})
}

func checkSpans(t *testing.T, src string, tree ast.Node, diags ast.Diagnostics) {
	t.Helper()
	inside := func(s ast.Span) bool { return s.Start >= 0 && s.Start <= s.End && int(s.End) <= len(src) }
	for _, d := range diags {
		if !inside(d.Span) {
			t.Fatalf("%q: the fault %q lies at %v", src, d.Message, d.Span)
		}
		d.Render(src)
	}
	ast.Walk(tree, func(n ast.Node) bool {
		if !inside(n.Place()) {
			t.Fatalf("%q: %T lies at %v", src, n, n.Place())
		}
		return true
	})
}
