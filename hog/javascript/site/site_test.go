package site_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/javascript"
	"hogpen/hog/javascript/site"
)

// page is a program for Node that stands for a page with posthog-js: it loads
// the script that it reads, passes the events on and writes what was seen, a
// line each.
const page = `
const { script, events } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const lines = [];
const note = (...parts) => lines.push(parts.map((p) => (typeof p === "string" ? p : p instanceof Error ? p.message : JSON.stringify(p))).join(" "));
const posthog = { note };
const silent = { error: (...parts) => note("error", ...parts) };
(async () => {
    try {
        const made = new Function("console", "return " + script)(silent)();
        const site = made.init({ posthog, callback: (ok) => note("callback", ok) });
        await new Promise((done) => setTimeout(done));
        note("gives", Object.keys(site));
        for (const globals of events) site.processEvent?.(globals);
        await new Promise((done) => setTimeout(done));
    } catch (error) {
        note("thrown", error);
    }
    process.stdout.write(lines.join("\n"));
})();
`

// load runs a script in a page and gives what was seen.
func load(t *testing.T, script string, events ...string) string {
	t.Helper()
	raw := make([]json.RawMessage, len(events))
	for i, e := range events {
		raw[i] = json.RawMessage(e)
	}
	in, err := json.Marshal(map[string]any{"script": script, "events": raw})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", page)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s\n%s", err, stderr.String(), script)
	}
	return string(out)
}

func transpile(t *testing.T, source string) string {
	t.Helper()
	code, diags := site.Transpile(source)
	if diags.Failed() {
		t.Fatal(diags[0].Render(source))
	}
	return code
}

func input(t *testing.T, key, value string) site.Input {
	t.Helper()
	out, err := site.Value(json.RawMessage(value), true, javascript.Options{})
	if err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	return site.Input{Key: key, Value: out}
}

func filter(t *testing.T, src string) javascript.Output {
	t.Helper()
	tree, diags := hog.ParseExpr(src)
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	out, diags := javascript.Print(tree, javascript.Options{})
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	return out
}

// both is a source that tells what it was called with.
const both = `
interface Given { inputs: Record<string, unknown>; posthog: { note(...parts: unknown[]): void } }
export function onLoad({ inputs, posthog }: Given) { posthog.note("load", inputs) }
export async function onEvent({ inputs, posthog }: Given): Promise<void> { posthog.note("event", inputs as object) }
`

const seen = `{"event": {"event": "seen", "distinct_id": "d1", "properties": {"n": 2, "list": ["a"]}},
	"person": {"properties": {"email": "a@example.com"}}, "groups": {"company": {"id": "c1"}}}`

const left = `{"event": {"event": "left", "distinct_id": "d1", "properties": {}}, "person": {}, "groups": {}}`

func TestScript(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		f    site.Function
		want string
	}{
		{"inputs and filter", site.Function{
			Inputs: []site.Input{
				input(t, "plain", `"text"`), input(t, "n", `"{event.properties.n}"`),
				input(t, "sum", `{"__proto__": 1, "mail": "to {person.properties.email}", "list": [1, null, true, "{inputs.n + 1}"]}`),
				{Key: "__proto__"},
			},
			Filter: filter(t, "event = 'seen' and person.properties.email ilike '%@EXAMPLE.com' and pdi.distinct_id = 'd1' and company.id = 'c1' and inputs.plain = 'text'"),
		}, `load {"plain":"text","n":null,"sum":{"__proto__":1,"mail":"to ","list":[1,null,true,1]},"__proto__":null}
callback true
gives ["processEvent"]
event {"plain":"text","n":2,"sum":{"__proto__":1,"mail":"to a@example.com","list":[1,null,true,3]},"__proto__":null}`},
		{"no filter", site.Function{}, `load {}
callback true
gives ["processEvent"]
event {}
event {}`},
		{"a filter must give true", site.Function{Filter: filter(t, "event")}, `load {}
callback true
gives ["processEvent"]`},
		{"a filter that fails", site.Function{Filter: filter(t, "toDateTime(event) in 5")}, `load {}
callback true
gives ["processEvent"]
error [POSTHOG-JS] Unable to evaluate filters  Can not use "in" on a value of type integer
error [POSTHOG-JS] Unable to evaluate filters  Can not use "in" on a value of type integer`},
		{"an input that fails", site.Function{Inputs: []site.Input{input(t, "a", `"{assumeNotNull(event.properties.n)}"`)}}, `load {"a":null}
callback true
gives ["processEvent"]
event {"a":2}
error [POSTHOG-JS] Unable to compute value for inputs a Value is null in assumeNotNull
event {"a":null}`},
		{"mappings", site.Function{
			Inputs: []site.Input{input(t, "a", `1`), input(t, "b", `"{event.event}"`)},
			Mappings: []site.Mapping{
				{Filter: filter(t, "event = 'seen'"), Inputs: []site.Input{input(t, "b", `"{inputs.b}!"`)}},
				{Filter: filter(t, "event = 'left'")},
				{Inputs: []site.Input{input(t, "c", `["{inputs.a}"]`)}},
			},
		}, `load {"a":1,"b":null}
callback true
gives ["processEvent"]
event {"a":1,"b":"seen!"}
event {"a":1,"b":"seen","c":[1]}
event {"a":1,"b":"left"}
event {"a":1,"b":"left","c":[1]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.f.Source = transpile(t, both)
			if have := load(t, site.Script(tt.f, javascript.Options{}), seen, left); have != tt.want {
				t.Errorf("have %s\nwant %s", have, tt.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, source, want string }{
		{"nothing", "", "callback true\ngives []"},
		{"load alone", "export const onLoad = ({ posthog }) => posthog.note('hi')", "hi\ncallback true\ngives []"},
		{"load that waits", "export async function onLoad() {}", "callback true\ngives []"},
		{"load that fails later", "export async function onLoad() { throw new Error('no') }", "error [POSTHOG-JS] Site function failed  no\ncallback false\ngives []"},
		{"load that fails", "export function onLoad() { throw new Error('no') }", "thrown no"},
		{"event that fails later", "export async function onEvent() { throw new Error('no') }",
			"callback true\ngives [\"processEvent\"]\nerror [POSTHOG-JS] Site function failed  no"},
		{"names of the library are not there", "export function onLoad({ posthog }) { posthog.note(typeof concat, typeof __site, typeof __getGlobal) }",
			"undefined undefined undefined\ncallback true\ngives []"},
		{"TypeScript", "enum E { A = 2 }\nexport function onLoad<T>({ posthog }: any): void { posthog.note(E.A satisfies number, ((x?: T) => x ?? 'none')()!) }",
			"2 none\ncallback true\ngives []"},
		{"types alone may be imported", "import type { PostHog } from 'posthog-js'\nexport function onLoad({ posthog }: { posthog: PostHog }) { posthog.note('typed') }",
			"typed\ncallback true\ngives []"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := site.Function{Source: transpile(t, tt.source), Inputs: []site.Input{input(t, "a", `"{concat('a', 'b')}"`)}}
			if have := load(t, site.Script(f, javascript.Options{}), seen); have != tt.want {
				t.Errorf("have %s\nwant %s", have, tt.want)
			}
		})
	}
}

func TestSourceFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ source, want string }{
		{"const é = 1\nlet x: = 2", "2:8: Unexpected \"=\"\n    let x: = 2\n           ^"},
		{"import { a } from 'b'\na()", "1:19: A site function can not import b\n    import { a } from 'b'\n                      ^^^"},
		{"const x = await import('./y')", "1:11: Top-level await is not available in the configured target environment"},
		{"const a = 1\r\nconst a = 2", "2:7: The symbol \"a\" has already been declared"},
		{"let s = '\u2028'\nlet x: = 2", "2:8: Unexpected"},
		{"return 1 +", "1:11: Unexpected end of file"},
	} {
		code, diags := site.Transpile(tt.source)
		if code != "" || !diags.Failed() {
			t.Errorf("%q is taken", tt.source)
			continue
		}
		if have := diags[0].Render(tt.source); !strings.HasPrefix(have, tt.want) {
			t.Errorf("have %s\nwant %s", have, tt.want)
		}
	}
}

func TestValueFaults(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		value string
		hog   bool // the fault is in a template
	}{
		{`{"a": ["{x"]}`, true}, {`"{{x}}"`, true}, {`"{sql(1) as x}"`, true},
		{`{"a"`, false}, {`1 2`, false}, {``, false}, {`[1,`, false}, {strings.Repeat("[", 20000), false},
	} {
		_, err := site.Value(json.RawMessage(tt.value), true, javascript.Options{})
		var diags ast.Diagnostics
		if err == nil || errors.As(err, &diags) != tt.hog {
			t.Errorf("%.20s: have %v", tt.value, err)
		}
	}
	if out, err := site.Value(json.RawMessage(`"{x"`), false, javascript.Options{}); err != nil || out.Code != `"{x"` {
		t.Errorf("a text that is no template: have %v %v", out, err)
	}
}

// FuzzTranspile holds that any source gives code or a fault.
func FuzzTranspile(f *testing.F) {
	for _, s := range []string{both, "let x: = 2", "import a from 'b'", "\xff", "export default class {", "`${"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		code, diags := site.Transpile(source)
		if (code == "") != diags.Failed() {
			t.Errorf("%d bytes of code, and %v", len(code), diags)
		}
		for _, d := range diags {
			d.Render(source)
		}
	})
}
