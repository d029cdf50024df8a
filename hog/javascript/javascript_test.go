package javascript_test

import (
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/hogtest"
	"hogpen/hog/javascript"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// translate gives the output for a program.
func translate(t *testing.T, src string, opt javascript.Options) javascript.Output {
	t.Helper()
	tree, diags := hog.ParseProgram(src)
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	return printTree(t, tree, src, opt)
}

// translateExpr gives the output for an expression.
func translateExpr(t *testing.T, src string, opt javascript.Options) javascript.Output {
	t.Helper()
	tree, diags := hog.ParseExpr(src)
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	return printTree(t, tree, src, opt)
}

func printTree(t *testing.T, tree ast.Node, src string, opt javascript.Options) javascript.Output {
	t.Helper()
	out, diags := javascript.Print(tree, opt)
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	return out
}

func TestScriptJavaScript(t *testing.T) {
	hogtest.Run(t, "../testdata", "out/js", func(t *testing.T, s hogtest.Script) string {
		out := translate(t, s.Source, javascript.Options{})
		return "// uses: " + strings.Join(out.STL, " ") + "\n" + out.Code
	})
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"a", `__getGlobal("a")`},
		{"a.b.c", `__getProperty(__getProperty(__getGlobal("a"), "b"), "c")`},
		{"a.length", `__globalLength(__getGlobal("a"))`},
		{"a and b or not c", `!!(!!(__getGlobal("a") && __getGlobal("b")) || (!__getGlobal("c")))`},
		{"1 - -2", "(1 - (-2))"},
		{"a = null", `(__getGlobal("a") == null)`},
		{"a != 1", `(!__equal(__getGlobal("a"), 1))`},
		{"a < 1", `__less(__getGlobal("a"), 1)`},
		{"a not in [1, 2]", `(!__contains([1, 2], __getGlobal("a")))`},
		{"a ? 1 : 2", `(__getGlobal("a") ? 1 : 2)`},
		{"multiIf(a, 1, b, 2)", `(__getGlobal("a") ? 1 : (__getGlobal("b") ? 2 : null))`},
		{"a ?? 'x'", `(__getGlobal("a") ?? "x")`},
		{"f'a{b}'", `concat("a", __getGlobal("b"))`},
		{"x -> {'a': x}", `__lambda((x) => ({"a": x}))`},
		{"x -> {x}", `__lambda((x) => { x; return null; })`},
		{"(1,)", "tuple(1)"},
		{"{'__proto__': 1}", `{[__text("__proto__")]: 1}`},
		{"'</script>\u2028'", `"\u003c/script>\u2028"`},
		{"<T a='x' b/>", `{"__hx_tag": "T", "a": "x", "b": true}`},
		{"f(1)(2)", "f(1)(2)"},
		{"typeof(if)", "__x_typeof(__x_if)"},
		{"class(1)", "__x_class(1)"},
		{"v between 1 and 2", `__between(__getGlobal("v"), 1, 2, false)`},
		{"inf", "Infinity"},
	} {
		if have := translateExpr(t, tt.src, javascript.Options{}).Code; have != tt.want {
			t.Errorf("%s\nhave %s\nwant %s", tt.src, have, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"let class := 1", "let __x_class = 1;\n"},
		{"let __x_a := 1", "let __x___x_a = 1;\n"},
		{"let concat := 1", "let __x_concat = 1;\n"},
		{"let `a b` := 1", "let __x_a$20$b = 1;\n"},
		{"let $a := 1", "let __x_$24$a = 1;\n"},
		{"let `typeof` := 1", "let __x_0$typeof = 1;\n"},
		{"let a := 1 { let a := 2 }", "let a = 1;\n{\n    let __x_1$a = 2;\n}\n"},
		{"let x := x", "let x = null; x = x;\n"},
	} {
		if have := translate(t, tt.src, javascript.Options{}).Code; have != tt.want {
			t.Errorf("%s\nhave %s\nwant %s", tt.src, have, tt.want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"x := 1", `Variable "x" not declared in this scope. Cannot assign to globals.`},
		{"let a := 1 let a := 2", "Variable `a` already declared in this scope"},
		{"return {a}", "Placeholders are not allowed in this context"},
		{"return a in cohort 2", "Can't use cohorts in real-time filters. Please inline the relevant expressions (cohort id=2)."},
		{"return inCohort(1)", "Can't call inCohort() directly. Use a cohort property filter instead."},
		{"return a::int", "Hog cannot compile a type cast"},
		{"return a[0]", "Array access starts from 1"},
		{"f() := 1", "Can not assign to this type of expression"},
		{"try { f() }", "try statement must have at least one catch block"},
	} {
		tree, diags := hog.ParseProgram(tt.src)
		if diags.Failed() {
			t.Errorf("%s: %v", tt.src, diags)
			continue
		}
		out, diags := javascript.Print(tree, javascript.Options{})
		if !diags.Failed() || diags[0].Message != tt.want || out.Code != "" {
			t.Errorf("%s: %v, want %s", tt.src, diags, tt.want)
		}
	}
}

// TestLibraryIsSmall holds that only what is reached is taken, needed before
// needing.
func TestLibraryIsSmall(t *testing.T) {
	t.Parallel()
	have := javascript.Library([]string{"lower", "nosuch"}, javascript.Options{})
	var names []string
	for line := range strings.Lines(have) {
		if name, ok := strings.CutPrefix(line, "function "); ok {
			name, _, _ = strings.Cut(name, "(")
			names = append(names, name)
		}
	}
	if s := strings.Join(names, " "); s != "__x_typeof __textOrNull lower" {
		t.Errorf("lower takes %s", s)
	}
	if js := javascript.Library([]string{"__less"}, javascript.Options{NullOrdering: vm.NullOrderingFalse}); !strings.Contains(js, "function __nullsAreZero() {\n    return false;\n}\n") {
		t.Errorf("the null ordering is not in\n%s", js)
	}
}

// TestLibraryHasEveryFunction: all of the standard library works in a browser
// but what suspends.
func TestLibraryHasEveryFunction(t *testing.T) {
	t.Parallel()
	for _, f := range stl.All {
		tree := ast.CallOf(f.Name, ast.Null())
		switch f.Name {
		case "sleep", "inCohort", "notInCohort", "not":
			continue
		}
		if out := printTree(t, tree, f.Name, javascript.Options{}); len(out.STL) != 1 {
			t.Errorf("%s is not in the library: %s", f.Name, out.Code)
		}
	}
}

// FuzzPrint: what can be read is translated or refused, never a panic.
func FuzzPrint(f *testing.F) {
	for _, s := range hogtest.Scripts(f, "../testdata") {
		f.Add(s.Source)
	}
	f.Fuzz(func(t *testing.T, src string) {
		tree, diags := hog.ParseProgram(src)
		if diags.Failed() {
			return
		}
		if out, diags := javascript.Print(tree, javascript.Options{}); diags.Failed() && out.Code != "" {
			t.Errorf("code comes with faults: %v", diags)
		}
	})
}
