package vm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// asyncPrograms call fetch, which answers its argument in an array: [n].
var asyncPrograms = []string{
	`let a := fetch(1); return a[1] + fetch(2)[1]`,
	`let a := [1]; let b := a; fetch(0); b[1] := 2; return a`,
	`let a := []; a[1] := a; fetch(0); return a`,
	`let t := (1, (2, 3)); let d := {1: 'a', 'b': 2, '3': null}; fetch(0); return [t, d, typeof(t)]`,
	`fn f(n) { if (n = 0) { return 0 } let r := fetch(n); return r[1] + f(n - 1) } return f(3)`,
	`let x := 1; let f := () -> { x := x + 1; return x }; fetch(0); f(); fetch(1); return [x, f()]`,
	`fn c() { let n := 0; return () -> { n := n + 1; return n } } let a := c(); a(); fetch(0); return a()`,
	`try { fetch(0); throw Error('x', {'a': (1, 2)}) } catch (e) { fetch(1); return [e, e.payload.a] }`,
	`try { try { throw RetryError('r') } catch (e) { fetch(1); throw e } } catch (e: RetryError) { return e }`,
	`return arrayMap(x -> fetch(x)[1] * 2, [1, 2, 3])`,
	`return arrayFilter(x -> fetch(x)[1] > 1, [1, 2, 3])`,
	`return [arrayExists(x -> fetch(x)[1] = 2, [1, 2, 3]), arrayCount(x -> fetch(x)[1] > 1, [1, 2, 3])]`,
	`return arrayReduce((a, x) -> a + fetch(x)[1], [1, 2, 3], 10)`,
	`try { arrayMap(x -> { fetch(x); throw Error('in ' || x) }, [7]) } catch (e) { return e.message }`,
	`let f := fetch; return [f(3), arrayMap(f, [1, 2])]`,
	`for (let k, v in {'a': 1, 'b': 2}) { print(k, fetch(v)) }`,
	`let d := toDateTime(5, 'Europe/Tallinn'); let e := toDate('2024-01-02'); fetch(0); return [d, e, 0/0, 1/0, -0 * 1]`,
	`let g := event.props; g.x := 5; fetch(0); g.y := 6; return [g, event.props]`,
	`let f := arrayMap; fetch(0); return [f(x -> x, [1]), f, print, toInt]`,
	`let s := ''; for (let i := 0; i < 30; i := i + 1) { s := concat(s, 'abc', i); if (i % 10 = 0) { fetch(i) } } return s`,
	`throw Error('late ' || fetch(1)[1])`,
	`sleep(1); return 'slept'`,
}

func props() vm.Value {
	v, err := vm.ParseJSON([]byte(`{"event":{"props":{"x":1,"l":[1,{"a":2}]},"name":"n"}}`), vm.JSONOptions{Freeze: true})
	if err != nil {
		panic(err)
	}
	return v
}

func answer(arg vm.Value) vm.Value { return vm.NewArray([]vm.Value{arg}) }

// straight runs a program with fetch as an ordinary host function.
func straight(t *testing.T, src string) (lines []string, r vm.Result, err error) {
	t.Helper()
	p, err := vm.Load(compile(t, strings.ReplaceAll(src, "fetch", "host")), vm.LoadOptions{
		Library: stl.Library(), Functions: []string{"host"}, SwitchOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var m vm.Machine
	env := vm.Env{
		Print:     func(s string) { lines = append(lines, s) },
		Functions: map[string]vm.HostFunc{"host": func(c *vm.Call) (vm.Value, error) { return answer(c.Arg(0)), nil }},
	}
	r, err = m.Run(t.Context(), p, props(), env, vm.Budget{})
	return lines, r, err
}

// paused runs a program and takes every state through JSON, on a new machine.
func paused(t *testing.T, src string, throughJSON bool) (lines []string, r vm.Result, err error) {
	t.Helper()
	code := compile(t, src)
	env := vm.Env{Print: func(s string) { lines = append(lines, s) }}
	p := loadCode(t, code, vm.LoadOptions{})
	if !p.CanSuspend() {
		t.Fatalf("%s: can not suspend", src)
	}
	m := new(vm.Machine)
	r, err = m.Run(t.Context(), p, props(), env, vm.Budget{})
	for err == nil && r.Suspended != nil {
		state := r.Suspended.State
		arg := vm.Null
		if len(r.Suspended.Args) > 0 {
			arg = r.Suspended.Args[0]
		}
		if throughJSON {
			text, err := json.Marshal(state)
			if err != nil {
				t.Fatalf("%s: %v", src, err)
			}
			m, p = new(vm.Machine), loadCode(t, code, vm.LoadOptions{})
			if state, err = vm.ParseState(text, p); err != nil {
				t.Fatalf("%s: %v\n%s", src, err, text)
			}
		}
		r, err = m.Resume(t.Context(), p, state, answer(arg), props(), env, vm.Budget{})
	}
	return lines, r, err
}

func TestPausedRunEqualsStraightRun(t *testing.T) {
	t.Parallel()
	for _, src := range asyncPrograms {
		if strings.Contains(src, "let f := fetch") || strings.Contains(src, "sleep") {
			continue // a host function is no value, and sleep answers nothing
		}
		wantLines, want, wantErr := straight(t, src)
		for _, throughJSON := range []bool{false, true} {
			lines, r, err := paused(t, src, throughJSON)
			if strings.Join(lines, "\n") != strings.Join(wantLines, "\n") || vm.Print(r.Value) != vm.Print(want.Value) || text(err) != text(wantErr) {
				t.Errorf("%s (JSON %v)\n have %q %s %v\n want %q %s %v", src, throughJSON,
					lines, vm.Print(r.Value), err, wantLines, vm.Print(want.Value), wantErr)
			}
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestAsyncFunctionsAreValues(t *testing.T) {
	t.Parallel()
	_, r, err := paused(t, `let f := fetch; return [f(3), arrayMap(f, [1, 2])]`, true)
	if have := vm.Print(r.Value); err != nil || have != "[[3], [[1], [2]]]" {
		t.Errorf("have %s, %v", have, err)
	}
}

func TestSleepIsAlwaysAsynchronous(t *testing.T) {
	t.Parallel()
	_, r, err := paused(t, `sleep(1); return 'slept'`, true)
	if err != nil || r.Value.Text() != "slept" {
		t.Errorf("have %s, %v", vm.Print(r.Value), err)
	}
}

func TestStateOfOtherBytecodeIsRefused(t *testing.T) {
	t.Parallel()
	p := load(t, `fetch(1); return 1`, vm.LoadOptions{})
	r, err := new(vm.Machine).Run(t.Context(), p, vm.Null, vm.Env{}, vm.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r.Suspended.State)
	if err != nil {
		t.Fatal(err)
	}
	other := load(t, `fetch(1); return 2`, vm.LoadOptions{})
	if _, err := vm.ParseState(data, other); err == nil || !strings.Contains(err.Error(), "other bytecode") {
		t.Errorf("have %v", err)
	}
	if _, err := new(vm.Machine).Resume(t.Context(), other, r.Suspended.State, vm.Null, vm.Null, vm.Env{}, vm.Budget{}); err == nil {
		t.Error("the other program took the state")
	}
}

func TestAsyncStepsAreLimited(t *testing.T) {
	t.Parallel()
	p := load(t, `while (true) { fetch(1) }`, vm.LoadOptions{})
	m := new(vm.Machine)
	r, err := m.Run(t.Context(), p, vm.Null, vm.Env{}, vm.Budget{AsyncSteps: 3})
	n := 0
	for ; err == nil && r.Suspended != nil; n++ {
		r, err = m.Resume(t.Context(), p, r.Suspended.State, vm.Null, vm.Null, vm.Env{}, vm.Budget{AsyncSteps: 3})
	}
	if n != 3 || text(err) != "HogVMException: Exceeded maximum number of async steps: 3" {
		t.Errorf("after %d: %v", n, err)
	}
}

func FuzzParseState(f *testing.F) {
	for _, src := range asyncPrograms {
		p := load(f, src, vm.LoadOptions{})
		r, err := new(vm.Machine).Run(f.Context(), p, props(), vm.Env{}, vm.Budget{})
		if err == nil && r.Suspended != nil {
			data, err := json.Marshal(r.Suspended.State)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src, data)
		}
	}
	f.Fuzz(func(t *testing.T, src string, data []byte) {
		for _, known := range asyncPrograms {
			if known != src {
				continue
			}
			p := load(t, src, vm.LoadOptions{})
			s, err := vm.ParseState(data, p)
			if err != nil {
				return
			}
			_, _ = new(vm.Machine).Resume(t.Context(), p, s, vm.Null, props(), vm.Env{}, vm.Budget{Steps: 10000})
		}
	})
}
