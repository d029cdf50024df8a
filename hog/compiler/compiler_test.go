package compiler_test

import (
	"slices"
	"strings"
	"testing"

	"hogpen/hog/ast"
	"hogpen/hog/compiler"
	"hogpen/hog/parser"
)

// code compiles a program and returns its bytecode without header.
func code(t *testing.T, src string, opt compiler.Options) string {
	t.Helper()
	prog, diags := parser.Program(src)
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	r, diags := compiler.Program(prog, opt)
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	return strings.Replace(r.Program.String(), `"_H",1,`, "", 1)
}

func TestTypedCatch(t *testing.T) {
	t.Parallel()
	const src = `try { f() } catch (x: A) { g(x) }`
	const upstream = `[50,8,2,"f",0,35,51,39,27,36,0,32,"type",45,32,"A",36,1,11,40,10,36,0,36,2,2,"g",1,35,35,39,2,35,49,35,35]`
	repaired := strings.Replace(upstream, "40,10", "40,11", 1)
	if have := code(t, src, compiler.Options{}); have != upstream {
		t.Errorf("as upstream\nhave %s\nwant %s", have, upstream)
	}
	if have := code(t, src, compiler.Options{Repair: true}); have != repaired {
		t.Errorf("repaired\nhave %s\nwant %s", have, repaired)
	}
	const plain = `try { f() } catch (e: A) { g(e) }`
	if code(t, plain, compiler.Options{}) != code(t, plain, compiler.Options{Repair: true}) {
		t.Error("with the variable e nothing needs a repair")
	}
}

func TestRepairedBetween(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		// Simple operands are repeated.
		{`let v := 5 between 1 and 9`,
			`[31,33,1,12,31,33,9,12,31,33,5,12,3,3,40,14,33,1,33,5,14,33,9,33,5,16,3,2,39,1,30,35]`},
		{`let v := 5 not between 1 and 9`,
			`[31,33,1,12,31,33,9,12,31,33,5,12,3,3,40,14,33,1,33,5,15,33,9,33,5,13,4,2,39,1,30,35]`},
		// Others are evaluated once, as arguments.
		{`f() between 1 and 9`,
			`[2,"f",0,33,1,33,9,52,"lambda",3,0,32,31,36,1,12,31,36,2,12,31,36,0,12,3,3,40,14,36,1,36,0,14,36,2,36,0,16,3,2,39,1,30,38,53,0,54,3,35]`},
	} {
		if have := code(t, tt.src, compiler.Options{Repair: true}); have != tt.want {
			t.Errorf("%s\nhave %s\nwant %s", tt.src, have, tt.want)
		}
	}
}

func TestNullSafeComparison(t *testing.T) {
	t.Parallel()
	const want = `[32,"a",1,1,2,"isNull",1,33,1,2,"isNull",1,4,2,40,3,30,39,7,33,1,32,"a",1,1,13,35]`
	if have := code(t, `a > 1`, compiler.Options{NullSafe: true}); have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
	// Switched off inside the generated code, and not inherited.
	if have := code(t, `(a > 1) > 2`, compiler.Options{NullSafe: true}); strings.Count(have, "isNull") != 2 {
		t.Error(have)
	}
	if have := code(t, `x -> x > 1`, compiler.Options{NullSafe: true}); strings.Contains(have, "isNull") {
		t.Error(have)
	}
	if have := code(t, `a = 1`, compiler.Options{NullSafe: true}); strings.Contains(have, "isNull") {
		t.Error(have)
	}
}

func TestCohorts(t *testing.T) {
	t.Parallel()
	opt := compiler.Options{Cohorts: true}
	if have, want := code(t, `person_id in cohort 2`, opt), `[33,2,32,"cohort_ids",1,1,2,"inCohort",2,35]`; have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
	if have, want := code(t, `person_id not in cohort 2`, opt), `[33,2,32,"cohort_ids",1,1,2,"notInCohort",2,35]`; have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}

func TestRepl(t *testing.T) {
	t.Parallel()
	first, _ := parser.Program(`let a := 1; let b := 2`)
	r, diags := compiler.Program(first, compiler.Options{Repl: true})
	if diags.Failed() || r.Program.String() != `["_H",1,33,1,33,2]` || !slices.Equal(r.Locals, []string{"a", "b"}) {
		t.Fatalf("%v %v %v", r.Program, r.Locals, diags)
	}
	second, _ := parser.Program(`b; let c := a`)
	r, diags = compiler.Program(second, compiler.Options{Repl: true, Locals: r.Locals})
	if diags.Failed() || r.Program.String() != `["_H",1,36,1,35,36,0]` || !slices.Equal(r.Locals, []string{"a", "b", "c"}) {
		t.Fatalf("%v %v %v", r.Program, r.Locals, diags)
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	opt := compiler.Options{
		Functions:     map[string]compiler.FuncInfo{"trim": {Min: 1, Max: 2}, "print": {Min: 0, Max: -1}},
		HostFunctions: []string{"fetch"},
		Globals:       []string{"event", "inputs"},
	}
	for _, tt := range []struct{ src, message, hint string }{
		{`tirm('a')`, "Hog function `tirm` is not implemented", `did you mean "trim"?`},
		{`Fetch('a')`, "Hog function `Fetch` is not implemented", `did you mean "fetch"?`},
		{`zzzzzz()`, "Hog function `zzzzzz` is not implemented", ""},
		{`later() fn later() {}`, "Hog function `later` is not implemented", "it is declared later; move its declaration before this call"},
		{`trim()`, "Function trim requires at least 1 arguments", ""},
		{`trim(1, 2, 3)`, "Function trim requires at most 2 arguments", ""},
		{`evnet.x`, "Unknown global variable: evnet", `did you mean "event"?`},
		{`whlie (true) {}`, "Hog function `whlie` is not implemented", `did you mean "while"?`},
		{`fn helper() {} helpr()`, "Hog function `helpr` is not implemented", `did you mean "helper"?`},
		{`fetch(inputs.url) print(1, 2, 3) trim('x') event('x') fn f() {} f(1)`, "", ""},
		{`let g := trim; g('x'); import('chunk')`, "", ""},
	} {
		prog, _ := parser.Program(tt.src)
		r, diags := compiler.Program(prog, opt)
		if r.Program == nil {
			t.Errorf("%s does not compile: %v", tt.src, diags)
		}
		checkOne(t, tt.src, diags, tt.message, tt.hint)
	}
	strict := opt
	strict.UnknownFunctionsAreErrors = true
	e, _ := parser.Expr(`tirm('a')`)
	if r, diags := compiler.Expr(e, strict); r.Program != nil || !diags.Failed() {
		t.Errorf("an unknown function must be fatal: %v", diags)
	}
}

func checkOne(t *testing.T, src string, diags ast.Diagnostics, message, hint string) {
	t.Helper()
	switch {
	case message == "" && len(diags) > 0:
		t.Errorf("%s: %v", src, diags)
	case message != "" && (len(diags) != 1 || diags[0].Message != message || diags[0].Hint != hint):
		t.Errorf("%s\nhave %+v\nwant %s (%s)", src, diags, message, hint)
	}
}

// TestHandBuiltTrees: what package cdp builds for filters. And nodes are not
// flattened into each other.
func TestHandBuiltTrees(t *testing.T) {
	t.Parallel()
	is := func(name, value string) ast.Expr {
		return ast.CompareOf(ast.Eq, ast.Chain("properties", name), ast.String(value))
	}
	tree := ast.AndOf(is("$browser", "Safari"), ast.AndOf(is("a.b", "1"), ast.CallOf("match", ast.Chain("x"), ast.String("y"))))
	r, diags := compiler.Expr(tree, compiler.Options{})
	const want = `["_H",1,32,"Safari",32,"$browser",32,"properties",1,2,11,32,"1",32,"a.b",32,"properties",1,2,11,32,"x",1,1,32,"y",2,"match",2,3,2,3,2]`
	if diags.Failed() || r.Program.String() != want {
		t.Errorf("have %v %v\nwant %s", r.Program, diags, want)
	}
	for _, tt := range []struct {
		tree ast.Expr
		want string
	}{
		{ast.Number(2), `["_H",1,33,2]`},
		{ast.Number(2.5), `["_H",1,34,2.5]`},
		{ast.Number(1e300), `["_H",1,34,1e+300]`},
		{ast.Float(2), `["_H",1,34,2.0]`},
		{ast.Bool(true), `["_H",1,29]`},
		{ast.Null(), `["_H",1,31]`},
		{ast.OrOf(ast.NotOf(ast.Bool(false)), ast.Null()), `["_H",1,30,5,31,4,2]`},
		{ast.CompareOf(ast.In, ast.Chain("x"), ast.TupleOf(ast.Integer(1), ast.Integer(2))), `["_H",1,33,1,33,2,44,2,32,"x",1,1,21]`},
		{ast.CallOf("arrayExists", ast.LambdaOf(ast.CompareOf(ast.ILike, ast.Chain("v"), ast.String("%a%")), "v"), ast.ArrayOf()),
			`["_H",1,52,"lambda",1,0,6,32,"%a%",36,0,18,38,53,0,43,0,2,"arrayExists",2]`},
	} {
		r, diags := compiler.Expr(tt.tree, compiler.Options{})
		if diags.Failed() || r.Program.String() != tt.want {
			t.Errorf("have %v %v\nwant %s", r.Program, diags, tt.want)
		}
	}
}

// TestSpansPointAtTheSource: each element of the code knows its place.
func TestSpansPointAtTheSource(t *testing.T) {
	t.Parallel()
	const src = `print(1, throwing(event.name))`
	prog, _ := parser.Program(src)
	r, _ := compiler.Program(prog, compiler.Options{})
	var have []string
	for i, e := range r.Program.Code {
		s := r.Program.SpanAt(i)
		have = append(have, e.String()+"="+src[s.Start:s.End])
	}
	want := []string{
		"33=1", "1=1",
		`32=event.name`, `"name"=event.name`, `32=event.name`, `"event"=event.name`, "1=event.name", "2=event.name",
		"2=throwing(event.name)", `"throwing"=throwing(event.name)`, "1=throwing(event.name)",
		"2=" + src, `"print"=` + src, "2=" + src, "35=" + src,
	}
	if !slices.Equal(have, want) {
		t.Errorf("have %q\nwant %q", have, want)
	}
}
