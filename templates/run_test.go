package templates_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
	"hogpen/templates"
)

// TestTemplates runs every case of every template: the inputs are checked,
// compiled and evaluated as in the house, the source is run on the globals,
// and each fetch is answered from the case. What was requested, printed,
// returned or thrown is compared with the case's "out" section, which
// HOGPEN_UPDATE=1 rewrites.
func TestTemplates(t *testing.T) {
	t.Parallel()
	for _, tpl := range templates.All() {
		t.Run(tpl.ID, func(t *testing.T) {
			t.Parallel()
			path := tpl.ID + "/test.txtar"
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cases := 0
			for i, f := range archive.Files {
				name, ok := strings.CutSuffix(f.Name, "/out")
				if !ok {
					continue
				}
				cases++
				have := runCase(t, tpl, caseOf(t, archive, name))
				if os.Getenv("HOGPEN_UPDATE") != "" {
					archive.Files[i].Data = []byte(have)
				} else if d := cmp.Diff(string(f.Data), have); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
			if cases == 0 {
				t.Error("there is no case")
			}
			if os.Getenv("HOGPEN_UPDATE") != "" {
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// testCase is one run: what it is given.
type testCase struct {
	globals json.RawMessage
	inputs  json.RawMessage
	answers []json.RawMessage
	places  map[string]json.RawMessage // what geoipLookup gives
}

// caseOf collects the sections called name/…; a case without globals takes
// those of the archive's section "globals".
func caseOf(t *testing.T, archive *txtar.Archive, name string) testCase {
	t.Helper()
	c := testCase{inputs: json.RawMessage("{}"), globals: json.RawMessage("{}")}
	for _, f := range archive.Files {
		data := bytes.TrimSpace(f.Data)
		switch f.Name {
		case "globals", name + "/globals":
			c.globals = data
		case name + "/inputs":
			c.inputs = data
		case name + "/places":
			if err := json.Unmarshal(data, &c.places); err != nil {
				t.Fatalf("%s: places: %v", name, err)
			}
		case name + "/answers":
			if err := json.Unmarshal(data, &c.answers); err != nil {
				t.Fatalf("%s: answers: %v", name, err)
			}
		}
	}
	return c
}

// world is the little of the house that a draft needs.
type world struct{ cdp.FunctionStore }

func (world) Project(context.Context, cdp.ProjectID) (cdp.Project, error) {
	return cdp.Project{ID: 1, Timezone: "UTC"}, nil
}

// open seals nothing; the secrets of these tests are none.
type open struct{}

func (open) Seal(plain, _ []byte) ([]byte, error)  { return plain, nil }
func (open) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }

// runCase gives a report of one run.
func runCase(t *testing.T, tpl *cdp.Template, c testCase) string {
	t.Helper()
	f, err := draft(tpl, c.inputs)
	if err != nil {
		return fmt.Sprintf("refused: %v\n", err)
	}
	if tpl.Type.Site() {
		return inNode(t, *f.Transpiled, c.globals)
	}
	globals, err := vm.ParseJSON(c.globals, vm.JSONOptions{})
	if err != nil {
		t.Fatalf("globals: %v", err)
	}
	r := &runner{t: t, answers: c.answers, places: c.places}
	g := r.withInputs(f, globals)
	if r.out.Len() == 0 {
		r.run(f.Bytecode, g)
	}
	return r.out.String()
}

// inNode runs the script of a site function as posthog-js does: init, then the
// event of the globals. It gives what was written to the console.
func inNode(t *testing.T, script string, globals json.RawMessage) string {
	t.Helper()
	code := `const { processEvent } = (` + script + `)().init({ posthog: {}, callback: (ok) => console.log("ready:", ok) })
const globals = ` + string(globals) + `
setTimeout(() => { if (processEvent && globals.event) processEvent(globals) })`
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-")
	cmd.Stdin = strings.NewReader(code)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	return string(out)
}

// draft is the function that someone gets who takes the template and fills in
// these inputs; those left out have the schema's defaults, as in the form.
func draft(tpl *cdp.Template, inputs json.RawMessage) (*cdp.Function, error) {
	members, _ := fields.MembersOf(inputs)
	for _, s := range tpl.InputsSchema {
		if _, ok := members.Get(s.Key); !ok && s.Default != nil {
			value := fields.Build(fields.Members{{Name: "value", Value: s.Default}})
			members = append(members, fields.Member{Name: s.Key, Value: value})
		}
	}
	schema, err := json.Marshal(tpl.InputsSchema)
	if err != nil {
		return nil, err
	}
	fns := &cdp.Functions{Store: world{}, Projects: world{}, Sealer: open{}}
	return fns.Draft(context.Background(), 1, 1, "", cdp.FunctionChange{
		Type: &tpl.Type, Hog: cdp.Some(tpl.Code), InputsSchema: schema, Inputs: fields.Build(members), Filters: tpl.Filters,
	})
}

// runner runs programs and notes what they do.
type runner struct {
	t       *testing.T
	machine vm.Machine
	answers []json.RawMessage
	places  map[string]json.RawMessage
	out     strings.Builder
}

// withInputs evaluates the inputs in their order and puts them beside the
// other globals.
func (r *runner) withInputs(f *cdp.Function, globals vm.Value) vm.Value {
	r.t.Helper()
	secrets, err := f.Secrets(open{}, -1)
	if err != nil {
		r.t.Fatal(err)
	}
	all := append(append(cdp.Inputs{}, f.Inputs...), secrets...)
	values := map[string]any{}
	g, _ := globals.ToGo().(map[string]any)
	for order := range all {
		for _, in := range all {
			if in.Order != order || in.Value == nil {
				continue
			}
			g["inputs"] = values
			values[in.Key] = r.input(in, g)
		}
	}
	g["inputs"] = values
	v, err := vm.FromGo(g)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

func (r *runner) input(in cdp.Input, globals map[string]any) any {
	var value any
	source := in.Value
	if in.Bytecode != nil {
		source = in.Bytecode
	}
	if err := json.Unmarshal(source, &value); err != nil {
		r.t.Fatal(err)
	}
	if in.Bytecode == nil {
		return value
	}
	g, err := vm.FromGo(globals)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.evaluate(value, g)
}

// evaluate replaces the programs in a mirrored value by what they give.
func (r *runner) evaluate(value any, globals vm.Value) any {
	switch v := value.(type) {
	case []any:
		if len(v) > 0 && v[0] == "_H" {
			code, _ := json.Marshal(v)
			res, err := r.machine.Run(context.Background(), r.load(code), globals, vm.Env{}, vm.Budget{})
			if err != nil {
				fmt.Fprintf(&r.out, "input failed: %v\n", err)
				return nil
			}
			return res.Value.ToGo()
		}
		for i := range v {
			v[i] = r.evaluate(v[i], globals)
		}
	case map[string]any:
		for k := range v {
			v[k] = r.evaluate(v[k], globals)
		}
	}
	return value
}

func (r *runner) load(code json.RawMessage) *vm.Program {
	r.t.Helper()
	p, err := bytecode.Decode(code)
	if err != nil {
		r.t.Fatal(err)
	}
	loaded, err := vm.Load(p, vm.LoadOptions{Library: stl.Library(), Functions: []string{"geoipLookup", "postHogCapture"}, Async: []string{"fetch"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return loaded
}

// run runs the source to its end.
func (r *runner) run(code json.RawMessage, globals vm.Value) {
	p := r.load(code)
	env := vm.Env{
		Print:     func(line string) { fmt.Fprintf(&r.out, "print: %s\n", line) },
		Now:       func() time.Time { return time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC) },
		Functions: map[string]vm.HostFunc{"geoipLookup": r.place, "postHogCapture": r.capture},
	}
	ctx := context.Background()
	res, err := r.machine.Run(ctx, p, globals, env, vm.Budget{})
	for err == nil && res.Suspended != nil {
		res, err = r.machine.Resume(ctx, p, res.Suspended.State, r.answer(res.Suspended), globals, env, vm.Budget{})
	}
	if err != nil {
		fmt.Fprintf(&r.out, "error: %v\n", err)
		return
	}
	fmt.Fprintf(&r.out, "result: %s\n", vm.AppendJSON(nil, res.Value))
}

// place is geoipLookup.
func (r *runner) place(c *vm.Call) (vm.Value, error) {
	place, ok := r.places[c.Arg(0).Text()]
	if !ok {
		return vm.Null, nil
	}
	return vm.ParseJSON(place, vm.JSONOptions{Freeze: true})
}

// capture notes an event.
func (r *runner) capture(c *vm.Call) (vm.Value, error) {
	fmt.Fprintf(&r.out, "postHogCapture: %s\n", vm.AppendJSON(nil, c.Arg(0)))
	return vm.Null, nil
}

// answer notes a request and gives the next answer of the case.
func (r *runner) answer(s *vm.Suspension) vm.Value {
	fmt.Fprintf(&r.out, "%s:", s.Name)
	for _, arg := range s.Args {
		fmt.Fprintf(&r.out, " %s", vm.AppendJSON(nil, arg))
	}
	r.out.WriteByte('\n')
	answer := json.RawMessage(`{"status": 200, "body": {}}`)
	if len(r.answers) > 0 {
		answer, r.answers = r.answers[0], r.answers[1:]
	}
	v, err := vm.ParseJSON(answer, vm.JSONOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}
