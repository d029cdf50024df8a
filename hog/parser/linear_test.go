package parser_test

import (
	"strings"
	"testing"
	"time"

	"hogpen/hog/parser"
)

// nasty are sources that grow with n and offer a parser a choice at each step.
// A parser that tries the choices without remembering takes for ever at 40.
var nasty = map[string]func(n int) string{
	"braces":           func(n int) string { return strings.Repeat("{", n) + "a" + strings.Repeat("}", n) },
	"open braces":      func(n int) string { return strings.Repeat("{", n) },
	"parentheses":      func(n int) string { return strings.Repeat("(", n) + "a" + strings.Repeat(")", n) },
	"open parentheses": func(n int) string { return strings.Repeat("(", n) },
	"brackets":         func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) },
	"dicts":            func(n int) string { return "x := " + strings.Repeat("{a: ", n) + "1" + strings.Repeat("}", n) },
	"names":            func(n int) string { return "[" + strings.Repeat("a, ", n) + "a]" },
	"names in calls":   func(n int) string { return strings.Repeat("f(a, b, ", n) + "c" + strings.Repeat(")", n) },
	"lambdas":          func(n int) string { return strings.Repeat("x -> ", n) + "1" },
	"lambda braces":    func(n int) string { return strings.Repeat("x -> {", n) + "1" + strings.Repeat("}", n) },
	"lambda blocks":    func(n int) string { return strings.Repeat("x -> { f(", n) + "1" + strings.Repeat("); }", n) },
	"lambda no block":  func(n int) string { return strings.Repeat("x -> { f(", n) + "1" + strings.Repeat(") }", n) },
	"lambda misfits":   func(n int) string { return strings.Repeat("x -> { f(", n) + "1" + strings.Repeat(") 1 }", n) },
	"lambda returns":   func(n int) string { return strings.Repeat("x -> { return (", n) + "1" + strings.Repeat(") 1 }", n) },
	"lambda placeholder": func(n int) string {
		return "x -> " + strings.Repeat("{", n) + "let a" + strings.Repeat("}", n)
	},
	"ifs":        func(n int) string { return strings.Repeat("if (a) ", n) + "b" },
	"if calls":   func(n int) string { return strings.Repeat("if (", n) + "a" + strings.Repeat(", b)", n) },
	"if blocks":  func(n int) string { return strings.Repeat("if (a) {", n) + strings.Repeat("}", n) },
	"intervals":  func(n int) string { return strings.Repeat("interval (", n) + "1" + strings.Repeat(")", n) },
	"interval s": func(n int) string { return strings.Repeat("interval ", n) + "1" },
	"cases":      func(n int) string { return strings.Repeat("case ", n) + "1" },
	"case calls": func(n int) string { return strings.Repeat("case (", n) + "1" + strings.Repeat(")", n) },
	"casts":      func(n int) string { return strings.Repeat("cast(", n) + "1 as x" + strings.Repeat(")", n) },
	"nots":       func(n int) string { return strings.Repeat("not ", n) + "a" },
	"minus":      func(n int) string { return strings.Repeat("- ", n) + "a" },
	"ternaries":  func(n int) string { return strings.Repeat("a ? b : ", n) + "c" },
	"templates":  func(n int) string { return strings.Repeat("f'{", n) + "a" + strings.Repeat("}'", n) },
	"tags":       func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) },
	"tag holes":  func(n int) string { return strings.Repeat("<a>{", n) + "1" + strings.Repeat("}</a>", n) },
	"sums":       func(n int) string { return strings.Repeat("a + ", n) + "a" },
	"concats":    func(n int) string { return strings.Repeat("a || ", n) + "a" },
	"ands":       func(n int) string { return strings.Repeat("a and ", n) + "a" },
	"nested ands": func(n int) string {
		return strings.Repeat("(a and ", n) + "a" + strings.Repeat(")", n)
	},
	"calls":    func(n int) string { return "f" + strings.Repeat("(a)", n) },
	"chains":   func(n int) string { return "a" + strings.Repeat(".b", n) },
	"accesses": func(n int) string { return "a" + strings.Repeat("[1]", n) },
	"mixed": func(n int) string {
		return strings.Repeat("x -> {a: [(", n) + "1" + strings.Repeat(")]}", n)
	},
	"mismatched": func(n int) string { return strings.Repeat("([{", n) + strings.Repeat(")]}", n) },
	"stray":      func(n int) string { return strings.Repeat(")", n) },
	"fors":       func(n int) string { return strings.Repeat("for (", n) + strings.Repeat(";;) a", n) },
	"tries":      func(n int) string { return strings.Repeat("try {", n) + strings.Repeat("} catch {}", n) },
}

// TestNestingIsBounded reads each nasty source at a size where anything
// exponential would never end, and at sizes deeper than the limit.
func TestNestingIsBounded(t *testing.T) {
	t.Parallel()
	for name, grow := range nasty {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				for _, n := range []int{1, 40, 300, 600, 20000} {
					parser.Program(grow(n))
					parser.Expr(grow(n))
				}
			}()
			select {
			case <-done:
			case <-time.After(time.Minute):
				t.Error("does not come to an end")
			}
		})
	}
}

func TestTooDeepIsOneClearFault(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"parentheses", "dicts", "lambdas", "nots", "ifs", "templates", "tags", "if blocks", "brackets"} {
		_, diags := parser.Program(nasty[name](600))
		if len(diags) != 1 || !strings.Contains(diags[0].Message, "nested deeper than 500 levels") {
			t.Errorf("%s: %v", name, diags)
		}
	}
	if _, diags := parser.Program(nasty["sums"](20000)); len(diags) != 1 || !strings.Contains(diags[0].Message, "chain of operators is too long") {
		t.Errorf("sums: %v", diags)
	}
	for _, name := range []string{"concats", "ands", "names", "chains"} {
		if _, diags := parser.Program(nasty[name](20000)); len(diags) != 0 {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
