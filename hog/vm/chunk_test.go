package vm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hogpen/hog/vm"
)

// chunks are what the programs of these tests may import.
func chunks(t testing.TB) map[string]vm.Chunk {
	t.Helper()
	return map[string]vm.Chunk{
		"math": {Code: compile(t, "fn twice(x) { return x * 2 } fn pow(x) { return x * x } return {'twice': twice, 'pow': pow}")},
		"own":  {Code: compile(t, "return () -> event.name"), Globals: parse(t, []byte(`{"event": {"name": "the chunk's"}}`))},
		"none": {Code: compile(t, "return event")},
		"end":  {Code: compile(t, "let x := 1")},
		"wait": {Code: compile(t, "let n := 1; fn next() { n := n + 1; return fetch(n) } return next")},
		"deep": {Code: compile(t, "return import('math').twice(21)")},
		"loop": {Code: compile(t, "return import('loop')")},
		"odd":  {Code: compile(t, "throw HogError('Odd', 'thrown in a chunk')")},
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want, err string }{
		{"let m := import('math'); return [m.twice(2), m.pow(3), m.twice]", "[4, 9, fn<twice(1)>]", ""},
		{"return [import('own')(), event.name]", "['the chunk\\'s', 'n']", ""},
		{"return import('none')", "", "HogVMException: Global variable not found: event"},
		{"return import('end')", "null", ""},
		{"return import('deep')", "42", ""},
		{"return import('math') = import('math')", "false", ""},
		{"return import('loop')", "", "HogVMException: Call stack exceeded maximum length of 1000"},
		{"try { import('odd') } catch (e: Odd) { return e.message }", "'thrown in a chunk'", ""},
		{"let next := import('wait'); return [next(), next(), arrayMap(next, [])]", "[[2], [3], []]", ""},
		{"return import('other')", "", "HogVMException: Unknown chunk: other"},
		{"return import(null)", "", "HogVMException: Unknown chunk: null"},
		{"return import()", "", "HogVMException: Function import requires exactly 1 argument"},
		{"return import('math', 1)", "", "HogVMException: Function import requires exactly 1 argument"},
	} {
		p := loadCode(t, compile(t, tt.src), vm.LoadOptions{Chunks: chunks(t)})
		m := new(vm.Machine)
		r, err := m.Run(t.Context(), p, props(), vm.Env{}, vm.Budget{})
		for err == nil && r.Suspended != nil {
			data, fault := json.Marshal(r.Suspended.State)
			if fault != nil {
				t.Fatal(fault)
			}
			again := loadCode(t, compile(t, tt.src), vm.LoadOptions{Chunks: chunks(t)})
			s, fault := vm.ParseState(data, again)
			if fault != nil {
				t.Fatalf("%s: %v", tt.src, fault)
			}
			r, err = new(vm.Machine).Resume(t.Context(), again, s, answer(r.Suspended.Args[0]), props(), vm.Env{}, vm.Budget{})
		}
		if err == nil && vm.Print(r.Value) != tt.want || text(err) != tt.err {
			t.Errorf("%s: have %s, %v", tt.src, vm.Print(r.Value), err)
		}
	}
}

// TestChunksBelongToAState refuses a state when a chunk has changed since.
func TestChunksBelongToAState(t *testing.T) {
	t.Parallel()
	code := compile(t, "fetch(1); return import('math').pow(2)")
	p := loadCode(t, code, vm.LoadOptions{Chunks: chunks(t)})
	r, err := new(vm.Machine).Run(t.Context(), p, vm.Null, vm.Env{}, vm.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r.Suspended.State)
	if err != nil {
		t.Fatal(err)
	}
	other := chunks(t)
	other["math"] = other["end"]
	if _, err := vm.ParseState(data, loadCode(t, code, vm.LoadOptions{Chunks: other})); err == nil {
		t.Error("the state goes on with another chunk")
	}
}

// TestReadsOfGlobals tells objects apart as if each read of a global made a
// copy (specification 4.1).
func TestReadsOfGlobals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"return event.props = event.props", "false"},
		{"return event = event", "false"},
		{"return [event.props] = [event.props]", "false"},
		{"let a := event.props; return [a = a, a != a, a = event.props]", "[true, false, false]"},
		{"let e := event; return e.props = e.props", "true"},
		{"let a := event.props; return [a in [a], event.props in [a], has([a], a), indexOf([event.props, a], a)]", "[true, false, true, 2]"},
		{"return event.props.x = event.props.x", "true"},
		{"let e := event; e.name := 1; return [e = e, event = event, e.props = e.props, event.name]", "[true, false, true, 'n']"},
	} {
		for _, plain := range []bool{false, true} {
			p := loadCode(t, compile(t, tt.src), vm.LoadOptions{SwitchOnly: plain})
			r, err := new(vm.Machine).Run(t.Context(), p, props(), vm.Env{}, vm.Budget{})
			if have := vm.Print(r.Value); err != nil || have != tt.want {
				t.Errorf("%s (plain %v): have %s, %v", tt.src, plain, have, err)
			}
		}
	}
}

// TestFaultsInOtherCode have a place too: a library function that runs as
// bytecode is placed at its call, a chunk in its own source.
func TestFaultsInOtherCode(t *testing.T) {
	t.Parallel()
	lib := "fn f(x) {\n    return x in 5\n}\nreturn f"
	src := "let a := [1]\nif (a = 2) { fetch(1) }\n"
	for _, tt := range []struct{ rest, want string }{
		{"arrayMap(5, a)", "3:1: HogVMException: Invalid closure: 5\n    arrayMap(5, a)\n    ^^^^^^^^"},
		{"arrayMap(x -> assumeNotNull(null), a)", "3:15: Error: Value is null in assumeNotNull"},
		{"arrayMap(x -> { throw Error(x) }, a)", "3:17: Error('1')"},
		{"import('lib')(1)", "in chunk lib: 2:12: HogVMException: Can not use \"in\" on a value of type integer\n        return x in 5"},
	} {
		p := load(t, src+tt.rest, vm.LoadOptions{Chunks: map[string]vm.Chunk{"lib": {Code: compile(t, lib)}}})
		_, err := new(vm.Machine).Run(t.Context(), p, vm.Null, vm.Env{}, vm.Budget{})
		if err == nil {
			t.Fatalf("%s does not fail", tt.rest)
		}
		have := vm.ExplainChunks(err, map[string]string{"": src + tt.rest, "lib": lib})
		if !strings.HasPrefix(have, tt.want) {
			t.Errorf("have %s\nwant %s", have, tt.want)
		}
		if strings.HasPrefix(tt.want, "in chunk") {
			if _, ok := vm.Diagnose(err); ok || strings.Contains(vm.Explain(err, src), "^") {
				t.Errorf("a place in a chunk is shown in the program: %s", vm.Explain(err, src))
			}
		}
	}
}
