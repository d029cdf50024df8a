package vm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"hogpen/hog"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// outcome is all that can be seen of a run.
type outcome struct {
	lines, value, err string
	ops               int64
	limited           bool
}

func outcomeOf(t testing.TB, code *bytecode.Program, opt vm.LoadOptions) (o outcome, compiled bool) {
	opt.Library = stl.Library()
	opt.Functions = []string{"host"}
	p, err := vm.Load(code, opt)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	env := vm.Env{
		Print:     func(s string) { lines = append(lines, s) },
		Functions: map[string]vm.HostFunc{"host": func(c *vm.Call) (vm.Value, error) { return c.Arg(0), nil }},
	}
	r, err := new(vm.Machine).Run(context.Background(), p, props(), env, vm.Budget{Steps: 30000, Memory: 4 << 20})
	o = outcome{lines: strings.Join(lines, "\n"), value: vm.Print(r.Value), ops: r.Ops}
	if err != nil {
		o.err = err.Error()
		var re *vm.RuntimeError
		o.limited = errors.As(err, &re) && re.Limit != vm.LimitNone
		o.ops = 0 // a block is paid for before it fails
	}
	return o, p.Compiled()
}

// same compares the two machines on a program. Where one of them hits a limit
// the other may hit it a little earlier or later, so nothing is compared.
func same(t testing.TB, name string, code *bytecode.Program) (compiled bool) {
	a, compiled := outcomeOf(t, code, vm.LoadOptions{})
	b, _ := outcomeOf(t, code, vm.LoadOptions{SwitchOnly: true})
	if a.limited || b.limited {
		return compiled
	}
	if strings.Contains(name, "array") || strings.Contains(name, "try") {
		// Callbacks are run by Go in one and by bytecode in the other; a block
		// that throws half-way was paid for as a whole.
		a.ops, b.ops = 0, 0
	}
	if a != b {
		t.Fatalf("%s\n closures %+v\n switch   %+v", name, a, b)
	}
	return compiled
}

func TestClosuresEqualSwitch(t *testing.T) {
	t.Parallel()
	var sources []string
	for _, row := range specRows(t, "evaluation.txt") {
		sources = append(sources, "return "+row[0])
	}
	for _, row := range specRows(t, "programs.txt") {
		sources = append(sources, row[0])
	}
	for _, src := range asyncPrograms {
		if !strings.Contains(src, "sleep") {
			sources = append(sources, strings.ReplaceAll(src, "fetch", "host"))
		}
	}
	sources = append(sources, morePrograms...)
	for _, src := range sources {
		if !same(t, src, compile(t, src)) {
			t.Errorf("%s: runs on the plain machine only", src)
		}
	}
}

// morePrograms are for the corners of the translator.
var morePrograms = []string{
	`let a := 1; let b := a + 1; a := 5; return [a, b]`,
	`let a := 1; let f := () -> a; a := a + 1; return f() + a`,
	`let s := 0; for (let i := 0; i < 10; i := i + 1) { s := s + i; if (i = 5) { s := 'x' } } return s`,
	`let x := 0; let t := [x, x + 1, concat(x, 'a'), concat('b', concat('c', x), x)]; x := 9; return t`,
	`fn f(a, b, c) { return [a, b, c] } return [f(), f(1), f(1, 2), f(1, 2, 3)]`,
	`fn f(n) { if (n <= 0) { throw Error('deep') } return f(n - 1) + 1 } try { f(5) } catch (e) { return e.message }`,
	`fn f() { try { return 1 } catch { return 2 } } f(); throw Error('late')`,
	`let r := []; for (let i in [1, 2, 3]) { try { if (i = 2) { throw Error('two') } r := arrayPushBack(r, i) } catch (e) { r := arrayPushBack(r, e.message) } } return r`,
	`try { try { throw RetryError('a') } catch (e: TypeError) { return 1 } } catch (e: RetryError) { return 'outer ' || e.message }`,
	`let fs := []; for (let i := 0; i < 3; i := i + 1) { let j := i; fs := arrayPushBack(fs, () -> { j := j + 1; return j }) } return arrayMap(f -> f() + f(), fs)`,
	`fn counter() { let n := 0; return {'inc': () -> { n := n + 1; return n }, 'get': () -> n} } let c := counter(); c.inc(); (c.inc)(); return (c.get)()`,
	`let a := event.props; let b := event.props; a.x := 2; b.l[2].a := 3; return [a, b, event.props]`,
	`let p := event.props; for (let v in p.l) { if (typeof(v) = 'object') { v.new := 1 } } return [p, event.props.l]`,
	`let l := arrayPushBack(event.props.l, 5); l[2].a := 9; return [l, event.props]`,
	`let d := {'a': [1]}; let e := d; e.a[1] := 2; d['b'] := e.a; return [d, e, d.a = e.a]`,
	`let x := null; return x?.a?.b ?? x ?? 'z'`,
	`return [1 = 1 ? 'a' : 'b', if(false, 1, 2), multiIf(false, 1, true, 2, 3)]`,
	`return (event.name = 'n' and event.props.x > 0) or missing.y = 1`,
	`return event.name = 'm' and 1 in {}`,
	`let i := 0; while (true) { i := i + 1; if (i > 5) { return i } }`,
	`let n := 0; for (let k, v in event.props) { n := n + length(k); print(k, v) } return n`,
	`return arrayMap(x -> arrayFilter(y -> y > x, [1, 2, 3]), [1, 2])`,
	`return arrayReduce((a, x) -> concat(a, x), ['a', 'b'], '')`,
	`let f := toInt; return [f('3'), arrayMap(lower, ['A']), arrayCount(notEmpty, ['', 'a'])]`,
	`let x := 5; return x - 1 - x * 2 % 3 / x + -x`,
	`let s := ''; for (let i := 0; i < 100; i := i + 1) { s := s || i || ','; } let u := s || 'u'; let v := s || 'v'; return [length(s), substring(u, length(u), 1), substring(v, length(v), 1)]`,
	`let z := 0; return [1, 2, 3][z]`,
	`return host(1) + host(host(2))`,
	`host(1); return nosuch(2)`,
	`return nosuch`,
	`return lower(1, 2)`,
	`let a := 1 { let b := 2 { let c := a + b print(c) } } return a`,
	`let deep := 1 ` + strings.Repeat("deep := deep + 1 ", 100) + ` return deep`,
	`return 0` + strings.Repeat(" + 1", 200),
	`return ` + strings.Repeat("[", 100) + strings.Repeat("]", 100),
	`let a := 0/0; return [a = a, a < 1, not a, a % 2, -a]`,
	`let t := true; let n := t + 1; return [t, n, t = 'true', t < 2]`,
	`let a := [3, 1, 2]; return [arraySort(a), a, keys(a), has(a, 3), indexOf(a, 2)]`,
	`let x := 10; let y := x between 1 and 20; return y`,
}

// program draws a program that ends: loops are bounded, and steps too.
func program(t *rapid.T) string {
	g := &generator{t: t, vars: []string{"v0", "v1", "v2"}}
	src := "let v0 := 1 let v1 := 'a' let v2 := [1, {'k': 2}, 'z'];\nfn fn0(a, b) { return a ?? b }\n"
	for range rapid.IntRange(1, 8).Draw(t, "statements") {
		src += g.statement(3) + ";\n"
	}
	return src + "return [v0, v1, v2];"
}

type generator struct {
	t     *rapid.T
	vars  []string
	names int
}

func (g *generator) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(g.t, label)
}

func (g *generator) variable() string { return rapid.SampledFrom(g.vars).Draw(g.t, "variable") }

func (g *generator) statement(depth int) string {
	n := 12
	if depth <= 0 {
		n = 5
	}
	switch rapid.IntRange(0, n-1).Draw(g.t, "statement") {
	case 0, 1:
		return g.variable() + " := " + g.expr(3)
	case 2:
		return "print(" + g.expr(2) + ")"
	case 3:
		return g.variable() + "[" + g.expr(1) + " ?? 1] := " + g.expr(2)
	case 4:
		return g.variable() + ".k := " + g.expr(2)
	case 5:
		return "if (" + g.expr(2) + ") {" + g.body(depth) + "} else {" + g.body(depth) + "}"
	case 6:
		i := g.fresh()
		return fmt.Sprintf("for (let %s := 0; %s < 3; %s := %s + 1) {%s}", i, i, i, i, g.scoped(depth, i))
	case 7:
		i := g.fresh()
		return "for (let " + i + " in " + g.expr(1) + ") {" + g.scoped(depth, i) + "}"
	case 8:
		e := g.fresh()
		return "try {" + g.body(depth) + "} catch (" + e + ") {" + g.scoped(depth, e) + "}"
	case 9:
		return "throw " + g.pick("error", "Error", "RetryError") + "(" + g.expr(1) + ")"
	case 10:
		v := g.fresh()
		return "{ let " + v + " := " + g.expr(3) + "; " + g.scoped(depth, v) + "}"
	}
	f := g.fresh()
	return "{ let " + f + " := () -> {" + g.body(depth-1) + "; return " + g.expr(2) + "; }; " + g.variable() + " := " + f + "(); }"
}

func (g *generator) fresh() string {
	g.names++
	return fmt.Sprintf("n%d", g.names)
}

func (g *generator) body(depth int) string {
	src := ""
	for range rapid.IntRange(0, 2).Draw(g.t, "length") {
		src += g.statement(depth-1) + ";"
	}
	return src
}

func (g *generator) scoped(depth int, name string) string {
	g.vars = append(g.vars, name)
	src := g.body(depth)
	g.vars = g.vars[:len(g.vars)-1]
	return src
}

func (g *generator) expr(depth int) string {
	n := 20
	if depth <= 0 {
		n = 5
	}
	e := func() string { return g.expr(depth - 1) }
	switch rapid.IntRange(0, n-1).Draw(g.t, "expression") {
	case 0, 1:
		return g.variable()
	case 2:
		return g.pick("number", "0", "1", "2.5", "(-3)", "7", "1000000")
	case 3:
		return g.pick("constant", "null", "true", "false", "'a'", "''", "'12'", "'x%'")
	case 4:
		return g.pick("global", "event.props.x", "event.props", "event.name", "event.props.l", "nothing")
	case 5, 6:
		return "(" + e() + g.pick("arithmetic", " + ", " - ", " * ", " / ", " % ") + e() + ")"
	case 7, 8:
		return "(" + e() + g.pick("comparison", " = ", " != ", " < ", " <= ", " > ", " >= ", " like ", " ilike ") + e() + ")"
	case 9:
		return "(" + e() + g.pick("junction", " and ", " or ") + e() + ")"
	case 10:
		return "(not " + e() + ")"
	case 11:
		return "[" + e() + ", " + e() + "]"
	case 12:
		return "{'k': " + e() + ", " + g.pick("key", "'l'", "1", "'k'") + ": " + e() + "}"
	case 13:
		return "(" + e() + ")[" + e() + " ?? 0]"
	case 14:
		return "(" + e() + ").k"
	case 15:
		return "(" + e() + " ?? " + e() + ")"
	case 16:
		return "(" + e() + " ? " + e() + " : " + e() + ")"
	case 17:
		return g.pick("function", "concat", "tuple", "coalesce", "plus", "equals") + "(" + e() + ", " + e() + ")"
	case 18:
		return g.pick("function", "toString", "length", "keys", "values", "typeof", "jsonStringify", "toInt", "empty") + "(" + e() + ")"
	}
	p := g.fresh()
	g.vars = append(g.vars, p)
	body := e()
	g.vars = g.vars[:len(g.vars)-1]
	return g.pick("call", "arrayMap("+p+" -> "+body+", "+e()+")", "fn0("+e()+", "+e()+")", "("+p+" -> "+body+")("+e()+")")
}

func TestClosuresEqualSwitchOnDrawnPrograms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		src := program(rt)
		code, diags := hog.Compile(src, hog.Options{})
		if diags.Failed() {
			rt.Fatalf("%s\n%v", src, diags)
		}
		if !same(fatal{t, rt}, src, code) {
			rt.Fatalf("%s\nruns on the plain machine only", src)
		}
	})
}

// fatal lets rapid shrink what a helper for testing.TB found.
type fatal struct {
	testing.TB
	rt *rapid.T
}

func (f fatal) Fatalf(format string, args ...any) { f.rt.Fatalf(format, args...) }

// assembled are programs that no source gives: odd, but allowed, or hostile.
var assembled = []string{
	`["_H",1,33,1,31,2,"inCohort",2,38]`,
	`["_H",1,50,9,33,1,31,2,"notInCohort",2,51,39,4,32,"message",45,38]`, // try … catch e: e.message
	`["_h",33,1,33,2,2,"minus",2]`,
	`["_H",1,41,"f",1,6,33,1,36,0,6,38,33,41,2,"f",1]`,
	`["_H",1,32,"b","x"]`, `["_H",1,99]`, `["_H",1,32]`, `["_H",1,35]`, `["_H",1]`, `["_H",1,null,33,1]`,
	`["_H",1,39,-2]`, `["_H",1,33,1,39,-4]`, `["_H",1,39,-100]`, `["_H",1,39,100]`,
	`["_H",1,33,1,40,1,33,2]`, `["_H",1,36,5]`, `["_H",1,33,1,37,5,36,5]`, `["_H",1,37,0]`,
	`["_H",1,33,1,32,"a",1,2]`, `["_H",1,1,0]`, `["_H",1,43,1000000]`, `["_H",1,54,0]`, `["_H",1,55,0]`,
	`["_H",1,52,"f",0,1,3,55,0,38,53,1,true,0,36,0,54,0]`, `["_H",1,52,"f",0,0,100,53,0,54,0]`, `["_H",1,53,0]`,
	`["_H",1,50,2,49,33,1]`, `["_H",1,51]`, `["_H",1,31,49]`, `["_H",1,47,3,33,1]`, `["_H",1,31,47,1,35,33,5]`,
	`["_H",1,33,1,33,2,52,"g",1,2,8,55,0,55,1,36,0,6,6,38,53,2,true,0,true,1,33,5,36,2,54,1,38,57,57]`,
	`["_H",1,32,"x",32,"event",1,2,45]`, `["_H",1,33,1,33,0,45]`, `["_H",1,38,38,38]`, `["_H",1,57]`, `["_H",1,3,0,4,0,43,2]`,
	`["_H",1,33,1,39,1,32,33,7,6]`, `["_H",1,52,"f",1,0,4,36,0,36,1,53,0,33,3,36,0,54,1,33,4,36,0,54,2]`,
	`["_H",1,30,33,0,30,30,30,50,6,33,0,30,5,10,4,6,2,"Error",0,49]`, // a try block that takes more than it found
	`["_H",1,52,"",0,1,3,55,0,27,54,0]`,                              // a function that is called without having got its upvalues
	`["_H",1,30,52,"",0,1,3,55,0,38,53,1,10,1,54,0]`,                 // a closure that stands for the slot it is called from
	`["_H",1,2,"import",0]`, `["_H",1,32,"x",2,"import",1]`, `["_H",1,46]`, `["_H",1,33,9223372036854775808,34,1.5,6]`,
}

func TestAssembledProgramsAreTheSameOnBoth(t *testing.T) {
	t.Parallel()
	for _, text := range assembled {
		code, err := bytecode.Decode([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		same(t, text, code)
	}
}

func TestVersion0TakesArgumentsInPopOrder(t *testing.T) {
	t.Parallel()
	code, err := bytecode.Decode([]byte(`["_h",33,1,33,5,2,"minus",2]`))
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := outcomeOf(t, code, vm.LoadOptions{}); o.value != "4" {
		t.Errorf("have %+v", o)
	}
}

// FuzzLoad takes any bytecode: no panic, within its budget, the same on both
// machines.
func FuzzLoad(f *testing.F) {
	for _, text := range assembled {
		f.Add([]byte(text))
	}
	for _, src := range morePrograms {
		text, err := json.Marshal(compile(f, src))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		code, err := bytecode.Decode(data)
		if err != nil || strings.Contains(string(data), "randomFloat") || strings.Contains(string(data), "generateUUID") || strings.Contains(string(data), "now") {
			return
		}
		same(t, "array try "+string(data), code)
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,-0,"\u00e9\ud83d\ude00\ud800",true,null],"2":1,"1":{}}`, `[[[[`, `"\x"`, `01`, `1e`, `{"a":1,"a":2}`, "\"\xff\"", `{"__hogDateTime__":true,"dt":5}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := vm.ParseJSON(data, vm.JSONOptions{Ordered: true, Depth: 100})
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is not JSON, but was read as %s", data, vm.Print(v))
		}
		text := vm.AppendJSON(nil, v)
		again, err := vm.ParseJSON(text, vm.JSONOptions{Ordered: true})
		if err != nil {
			t.Fatalf("%q was written as %q: %v", data, text, err)
		}
		if more := vm.AppendJSON(nil, again); string(more) != string(text) {
			t.Fatalf("%q, then %q", text, more)
		}
	})
}

func TestManyGoroutinesShareAProgram(t *testing.T) {
	t.Parallel()
	p := load(t, `let p := event.props; p.n := length(concat(event.name, 'é')); p.l[2].a := p.n
		return [p, event.props, event.name ilike '%N%', arrayMap(x -> x, event.props.l), match(event.name, '^n' || '$')]`, vm.LoadOptions{})
	g := props()
	var want string
	var wg sync.WaitGroup
	results := make([]string, 64)
	for i := range results {
		wg.Go(func() {
			m := new(vm.Machine)
			for range 20 {
				r, err := m.Run(context.Background(), p, g, vm.Env{}, vm.Budget{})
				results[i] = vm.Print(r.Value) + text(err)
			}
		})
	}
	wg.Wait()
	want = results[0]
	if !strings.Contains(want, "'n': 2") {
		t.Errorf("have %s", want)
	}
	for _, r := range results {
		if r != want {
			t.Fatalf("one goroutine has %s, another %s", r, want)
		}
	}
}

// Whatever a program writes to, the globals stay as they were, for others read
// them too.
func TestGlobalsAreNeverWritten(t *testing.T) {
	t.Parallel()
	const given = `{"a":{"x":1,"l":[{"y":2}]},"l":[[1],[2]]}`
	for _, src := range []string{
		`let d := {}; d.k := a; d.k.x := 9; return [d, a]`,
		`let d := {}; d := a; d.x := 9; return [d, a]`,
		`let d := {}; for (let k, v in a) { d[k] := v } d.l[1].y := 9; return [d, a]`,
		`let d := {}; for (let k, v in a) { d[k] := v } d.z := 9; return [d, a]`,
		`let d := {}; for (let v in l) { v[1] := 9; d.v := v } return [d, l]`,
		`fn f(o) { o.x := 9; return o } return [f(a), a]`,
		`fn f() { return a } let d := f(); d.x := 9; return [d, a]`,
		`let d := {}; let f := () -> d; d.x := 9; d := f(); d.x := 8; return [d, a]`,
		`let d := {}; fn f() { d := a } f(); d.x := 9; return [d, a]`,
		`try { throw Error('m', a) } catch (e) { e.payload.x := 9; return [e.payload, a] }`,
		`let d := [a]; d[1].x := 9; return [d, a]`,
		`let d := {}; d.vs := values(a); d.vs[1] := 9; return [d, a]`,
		`let d := arrayPushBack(l, 1); d[1][1] := 9; return [d, l]`,
		`let d := l; d[1] := 9; return [d, l]`,
		`let d := null; if (a.x = 1) { d := a } d.x := 9; return [d, a]`,
	} {
		var results []string
		for _, b := range backends {
			globals, err := vm.ParseJSON([]byte(given), vm.JSONOptions{Freeze: true})
			if err != nil {
				t.Fatal(err)
			}
			_, r, err := run(t, load(t, src, b.opt), globals, vm.Budget{})
			if err != nil {
				t.Fatalf("%s: %s: %v", b.name, src, err)
			}
			if left := string(vm.AppendJSON(nil, globals)); left != given {
				t.Errorf("%s: %s leaves the globals as %s", b.name, src, left)
			}
			results = append(results, vm.Print(r.Value))
		}
		for _, r := range results[1:] {
			if r != results[0] {
				t.Errorf("%s gives %s and %s", src, results[0], r)
			}
		}
	}
}
