package vm_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/bytecode"
	"hogpen/hog/vm"
)

// record is a run of PostHog's own machine, made by testdata/posthog/record.cjs:
// every state it was suspended in, with the answer it was given.
type record struct {
	Source string
	Steps  []struct {
		State  json.RawMessage
		Answer json.RawMessage
		Lines  int // printed until then
	}
	Lines  []string
	Result json.RawMessage
	Error  string
}

func records(t testing.TB) []record {
	t.Helper()
	data, err := os.ReadFile("testdata/posthog/states.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []record
	if err := json.Unmarshal(data, &list); err != nil || len(list) < 14 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	return list
}

// posthogProgram is a record's source with PostHog's bytes.
func posthogProgram(t testing.TB, src string) *vm.Program {
	t.Helper()
	code, diags := hog.Compile(src, hog.Options{})
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	return loadCode(t, code, vm.LoadOptions{})
}

func parse(t testing.TB, text []byte) vm.Value {
	t.Helper()
	v, err := vm.ParseJSON(text, vm.JSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestPostHogStatesResume goes on from each state of PostHog's machine and
// ends as that did.
func TestPostHogStatesResume(t *testing.T) {
	t.Parallel()
	for _, r := range records(t) {
		for i, step := range r.Steps {
			p := posthogProgram(t, r.Source)
			s, err := vm.ParseState(step.State, p)
			if inside := strings.Contains(string(step.State), `"chunk":"stl/`); inside {
				if err == nil || !strings.Contains(err.Error(), "suspended it inside of array") {
					t.Errorf("%s, step %d: have %v", r.Source, i, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, step %d: %v", r.Source, i, err)
				continue
			}
			var lines []string
			env := vm.Env{Print: func(line string) { lines = append(lines, line) }}
			res, err := new(vm.Machine).Resume(t.Context(), p, s, parse(t, step.Answer), vm.Null, env, vm.Budget{})
			for n := i + 1; err == nil && res.Suspended != nil; n++ {
				if n >= len(r.Steps) {
					t.Fatalf("%s, step %d: suspended once more", r.Source, i)
				}
				// From here on the states are ours, and go through JSON too.
				text, fault := json.Marshal(res.Suspended.State)
				if fault != nil {
					t.Fatal(fault)
				}
				if s, err = vm.ParseState(text, p); err != nil {
					t.Fatalf("%s, step %d: %v", r.Source, n, err)
				}
				res, err = new(vm.Machine).Resume(t.Context(), p, s, parse(t, r.Steps[n].Answer), vm.Null, env, vm.Budget{})
			}
			if r.Error != "" {
				if text(err) != r.Error {
					t.Errorf("%s, step %d: have %v, want %s", r.Source, i, err, r.Error)
				}
				continue
			}
			if err != nil || string(vm.AppendJSON(nil, res.Value)) != string(vm.AppendJSON(nil, parse(t, r.Result))) {
				t.Errorf("%s, step %d: have %s, %v, want %s", r.Source, i, vm.Print(res.Value), err, r.Result)
			}
			if have, want := strings.Join(lines, "\n"), strings.Join(r.Lines[step.Lines:], "\n"); have != want {
				t.Errorf("%s, step %d: printed %q, want %q", r.Source, i, have, want)
			}
		}
	}
}

func TestPostHogStateOfOtherBytecodeIsRefused(t *testing.T) {
	t.Parallel()
	state := records(t)[0].Steps[0].State
	for _, src := range []string{"sleep(1); return 1", "return 1"} {
		if _, err := vm.ParseState(state, posthogProgram(t, src)); err == nil || !strings.Contains(err.Error(), "other bytecode") {
			t.Errorf("have %v", err)
		}
	}
}

// TestOldPostHogState has the bytecode beside the stack, as states had it
// before there were chunks.
func TestOldPostHogState(t *testing.T) {
	t.Parallel()
	state := `{"bytecode": ["_h", 33, 2, 2, "sleep", 1, 35, 34, 2, 38], "stack": [],
		"upvalues": [], "callStack": [{"ip": 6, "chunk": "root", "stackStart": 0, "argCount": 0, "closure": null}],
		"throwStack": [], "declaredFunctions": {}, "ops": 2, "asyncSteps": 1, "syncDuration": 1, "maxMemUsed": 8}`
	p := loadCode(t, decode(t, `["_h", 33, 2, 2, "sleep", 1, 35, 34, 2.0, 38]`), vm.LoadOptions{})
	s, err := vm.ParseState([]byte(state), p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := new(vm.Machine).Resume(t.Context(), p, s, vm.Null, vm.Null, vm.Env{}, vm.Budget{})
	if err != nil || r.Value.Num() != 2 || s.AsyncSteps() != 1 {
		t.Errorf("have %s, %v", vm.Print(r.Value), err)
	}
}

func decode(t testing.TB, text string) *bytecode.Program {
	t.Helper()
	code, err := bytecode.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return code
}
