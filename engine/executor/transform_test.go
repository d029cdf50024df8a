package executor_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/hog/vm"
)

func (h *house) transformation(name, src string) *cdp.Function {
	f := h.destination(src)
	f.Type, f.Name, f.Filters = cdp.Transformation, &name, cdp.Filters{}
	f.ID = cdp.FunctionID("id-" + name)
	return f
}

// transform runs transformations in the order given.
func (h *house) transform(ev cdp.Event, fns ...*cdp.Function) (cdp.Event, []executor.Transformed) {
	h.t.Helper()
	s := h.scope(ev)
	var lists executor.Lists
	var outs []executor.Transformed
	s.BeginTransformations()
	for _, f := range fns {
		out := h.x.Transform(h.compile(f), s, &lists)
		outs = append(outs, out)
		if out.Dropped {
			return s.Event(), outs
		}
	}
	s.EndTransformations(&lists)
	return s.Event(), outs
}

// Rows of the acceptance table of the runtime specification, 15.2.
func TestTransformationTable(t *testing.T) {
	t.Parallel()
	const timedOut = "HogVMException: Execution timed out after 0.55 seconds."
	for _, tt := range []struct {
		row      string
		src      string
		filter   string
		props    string
		want     string // properties after
		name     string
		distinct string
		outcomes []cdp.Outcome
		log      string
	}{
		{row: "2 returns null", src: "return null", props: `{"a":1}`, want: `{"a":1}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded, cdp.OutcomeDropped}},
		{row: "2 returns nothing", src: "print('x')", props: `{"a":1}`, want: `{"a":1}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded, cdp.OutcomeDropped}, log: "info x"},
		{row: "3 throws", src: "throw Error('no')", props: `{"a":1}`, want: `{"a":1,"$transformations_failed":["T (id-T)"]}`,
			outcomes: []cdp.Outcome{cdp.OutcomeFailed}, log: "error Error executing function on event 0195a1f0-7d7e-7000-8000-000000000001: Error('no')"},
		{row: "4 does not match", src: "return event", filter: "event = 'other'", props: `{"a":1}`, want: `{"a":1,"$transformations_skipped":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeFiltered}},
		{row: "4 filter fails", src: "return event", filter: "nothing = 1", props: `{}`, want: `{"$transformations_skipped":["T (id-T)"]}`,
			outcomes: []cdp.Outcome{cdp.OutcomeFilteringFailed}, log: "error Error filtering event 0195a1f0-7d7e-7000-8000-000000000001: Global variable not found: nothing"},
		{row: "5 a client's claim", src: "return event", props: `{"$transformations_succeeded":["x"],"$transformations_failed":["y"]}`, want: `{"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
		{row: "6 only properties", src: "return {'properties': {}}", props: `{"a":1}`, want: `{"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
		{row: "7 uuid and timestamp", src: "let e := event; e.uuid := 'x'; e.timestamp := 'y'; e.more := 1; return e", props: `{}`, want: `{"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
		{row: "8 name that is no text", src: "let e := event; e.event := 5; e.properties.b := 2; return e", props: `{"a":1}`, want: `{"a":1,"b":2,"$transformations_failed":["T (id-T)"]}`,
			outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}, log: "error Invalid transformation result: event must be a string"},
		{row: "name and distinct ID", src: "return {'properties': event.properties, 'event': 'new', 'distinct_id': 'u2'}", props: `{}`, name: "new", distinct: "u2", want: `{"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
		{row: "result that is no object", src: "return 'x'", props: `{"a":1}`, want: `{"a":1,"$transformations_failed":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}, log: "error Invalid transformation result: expected an object with properties"},
		{row: "9 fetch", src: "fetch('https://example.com'); return event", props: `{}`, want: `{"$transformations_failed":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeFailed}, log: "HogVMException: Unsupported function call: fetch"},
		{row: "sleep", src: "sleep(1); return event", props: `{}`, want: `{"$transformations_failed":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeFailed}, log: "Function suspended on async function 'sleep' but this executor cannot run async functions"},
		{row: "capture", src: "postHogCapture({'event': 'x'}); return event", props: `{}`, want: `{"$transformations_failed":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeFailed}, log: "posthogCapture is not supported in transformations"},
		{row: "10 loops for ever", src: "while (true) {} return event", props: `{"a":1}`, want: `{"a":1,"$transformations_failed":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeFailed}, log: timedOut},
		{row: "3.3 helpers", src: `
			let e := event
			e.properties := cleanNullValues(e.properties)
			e.properties.bot := isKnownBotUserAgent('Mozilla/5.0 (compatible; Googlebot/2.1)')
			e.properties.man := isKnownBotUserAgent('Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0')
			e.properties.ip := isKnownBotIp('66.249.66.1')
			e.properties.place := geoipLookup('89.160.20.129')
			return e`, props: `{"a":null,"b":[1,null],"c":{"d":null,"e":1}}`,
			want: `{"b":[1],"c":{"e":1},"bot":true,"man":false,"ip":true,"place":null,"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
		{row: "2.2 globals", src: "return {'properties': {'url': event.url, 'chain': event.elements_chain, 'project': project}}", props: `{"$current_url":"https://a.example.com/","$elements_chain":"a:x"}`,
			want: `{"url":"https://a.example.com/","chain":"a:x","project":{"id":1,"name":"","url":"https://hog.example.com"},"$transformations_succeeded":["T (id-T)"]}`, outcomes: []cdp.Outcome{cdp.OutcomeSucceeded}},
	} {
		t.Run(tt.row, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			f := h.transformation("T", tt.src)
			if tt.filter != "" {
				f.Filters = cdp.Filters{Source: "events", Bytecode: condition(t, tt.filter)}
			}
			ev := event(tt.props)
			got, outs := h.transform(ev, f)
			if string(got.Properties) != tt.want {
				t.Errorf("properties = %s, want %s", got.Properties, tt.want)
			}
			name, distinct := tt.name, tt.distinct
			if name == "" {
				name, distinct = ev.Name, ev.DistinctID
			}
			if got.Name != name || got.DistinctID != distinct || got.UUID != ev.UUID || !got.Timestamp.Equal(ev.Timestamp) {
				t.Errorf("event = %+v", got)
			}
			if fmt.Sprint(outs[0].Outcomes) != fmt.Sprint(tt.outcomes) {
				t.Errorf("outcomes = %v, want %v", outs[0].Outcomes, tt.outcomes)
			}
			if all := logText(outs[0].Logs); !strings.Contains(all, tt.log) {
				t.Errorf("no log %q in %s", tt.log, all)
			}
		})
	}
}

func logText(entries []cdp.LogEntry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s\n", e.Level, e.Message)
	}
	return b.String()
}

func TestLaterTransformationsSeeEarlierOnes(t *testing.T) { // 15.2, 1
	t.Parallel()
	h := newHouse(t, nil)
	first := h.transformation("A", "let e := event; e.properties.n := e.properties.n + 1; return e")
	second := h.transformation("B", "let e := event; e.properties.n := e.properties.n * 10; return e")
	props := `{"n":1}`
	got, _ := h.transform(event(props), first, second)
	if string(got.Properties) != `{"n":20,"$transformations_succeeded":["A (id-A)","B (id-B)"]}` {
		t.Errorf("properties = %s", got.Properties)
	}
	got, _ = h.transform(event(props), second, first)
	if string(got.Properties) != `{"n":11,"$transformations_succeeded":["B (id-B)","A (id-A)"]}` {
		t.Errorf("in the other order: %s", got.Properties)
	}
}

func TestUntouchedEventKeepsItsBytes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	props := `{ "n" : 1.0, "big": 12345678901234567890 }`
	s := h.scope(event(props))
	s.BeginTransformations()
	s.EndTransformations(&executor.Lists{})
	s.Normalize()
	if got := s.Event().Properties; string(got) != props {
		t.Errorf("properties = %s", got)
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, tt := range []struct{ name, props, want string }{
		{"x", `{"$browser":"Firefox","utm_source":"a","$set":{"$browser":"mine"}}`,
			`{"$browser":"Firefox","utm_source":"a","$set":{"$browser":"mine","utm_source":"a"},"$set_once":{"$initial_browser":"Firefox","$initial_utm_source":"a"}}`},
		{"x", `{"$os_name":"Linux"}`, `{"$os_name":"Linux","$os":"Linux","$set":{"$os":"Linux"},"$set_once":{"$initial_os":"Linux"}}`},
		{"x", `{"$os":"Linux","$is_server":true}`, `{"$os":"Linux","$is_server":true}`},
		{"$snapshot", `{"$browser":"Firefox"}`, `{"$browser":"Firefox"}`},
		{"x", `{"$process_person_profile":false,"$browser":"F","$set":{"a":1}}`, `{"$process_person_profile":false,"$browser":"F"}`},
		{"x", `{"$process_person_profile":true,"a":1}`, `{"a":1}`},
		{"$groupidentify", `{"$set":{"a":1},"$unset":["b"],"c":1}`, `{"c":1}`},
		{"x", `{"$elements":[{"tag_name":"a","attr_class":["primary","btn"],"$el_text":"Buy","attr__href":"/x","nth_child":1,"nth_of_type":2}],"a":1}`, `{"a":1}`},
	} {
		ev := event(tt.props)
		ev.Name = tt.name
		s := h.scope(ev)
		s.Normalize()
		if got := s.Event().Properties; string(got) != tt.want {
			t.Errorf("%s %s\n  = %s\nwant %s", tt.name, tt.props, got, tt.want)
		}
	}
}

func TestElementsChain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	props := `{"$elements":[{"tag_name":"a","attr_class":["primary","btn"],"$el_text":"Buy","attr__href":"/x","nth_child":1,"nth_of_type":2},{"tag_name":"div","attr__id":"main"}]}`
	s := h.run(h.destination("print(event.elements_chain)"), event(props))
	s.has(t, "info", `a.btn.primary:attr__href="/x"href="/x"nth-child="1"nth-of-type="2"text="Buy";div:attr__id="main"attr_id="main"nth-child="0"nth-of-type="0"`)
	for src, want := range map[string]int{
		"elements_chain_href = '/x' and has(elements_chain_texts, 'Buy') and has(elements_chain_ids, 'main') and has(elements_chain_elements, 'a')": 1,
		"elements_chain_href = '/y'": 0,
	} {
		f := h.destination("print(1)")
		f.Filters = cdp.Filters{Source: "events", Bytecode: condition(t, src)}
		if m := h.x.Match(h.compile(f), h.scope(event(props))); len(m.Planned) != want {
			t.Errorf("%s: %d invocations, %v", src, len(m.Planned), m.Logs)
		}
	}
}

func TestTransformationTests(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	f := h.transformation("T", "let e := event; e.properties.b := 2; return e")
	req := cdp.TestRequest{Project: shop, Function: f, Mock: true,
		Globals: json.RawMessage(`{"event":{"uuid":"u","event":"e","distinct_id":"d","timestamp":"2026-03-01T10:00:00.000Z","url":"https://x.example.com","properties":{"$ip":"203.0.113.9"}}}`)}
	got, err := h.x.Test(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"uuid":"u","event":"e","distinct_id":"d","timestamp":"2026-03-01T10:00:00.000Z","url":"https://x.example.com","properties":{"$ip":"203.0.113.9","b":2,"$transformations_succeeded":["T (id-T)"]},"ip":"203.0.113.9","site_url":"https://hog.example.com","team_id":1,"now":""}`
	if got.Status != cdp.TestSuccess || string(got.Result) != want || len(got.Logs) != 1 || !strings.HasPrefix(got.Logs[0].Message, "Function completed in ") {
		t.Errorf("result = %s\nwant     %s\n%+v", got.Result, want, got)
	}
	f.Inputs = cdp.Inputs{{Key: "secret_salt", Value: json.RawMessage(`"se\"salt"`)}}
	f.Bytecode = program(t, "let e := event; e.properties.b := inputs.secret_salt; print(e.properties); return e")
	if got, err = h.x.Test(t.Context(), req); err != nil || !json.Valid(got.Result) || !strings.Contains(string(got.Result), `"b":"***REDACTED***"`) || strings.Contains(fmt.Sprint(got.Logs), "salt") {
		t.Errorf("with a secret: %s %+v, %v", got.Result, got.Logs, err)
	}
	f.Hog = "return null"
	f.Bytecode = program(t, f.Hog)
	if got, err = h.x.Test(t.Context(), req); err != nil || got.Status != cdp.TestSuccess || string(got.Result) != "null" {
		t.Errorf("dropped: %+v, %v", got, err)
	}
	f.Bytecode = program(t, "throw Error('x')")
	if got, err = h.x.Test(t.Context(), req); err != nil || got.Status != cdp.TestError || len(got.Errors) != 1 || got.Errors[0] != "Error('x')" {
		t.Errorf("thrown: %+v, %v", got, err)
	}
	f.Filters = cdp.Filters{Source: "events", Bytecode: condition(t, "event = 'other'")}
	if got, err = h.x.Test(t.Context(), req); err != nil || got.Status != cdp.TestSkipped || got.Logs[0].Message != "Mapping trigger not matching filters was ignored." {
		t.Errorf("skipped: %+v, %v", got, err)
	}
}

// onePlace knows one address.
type onePlace struct{}

func (onePlace) Lookup(ip string) vm.Value {
	if ip != "89.160.20.129" {
		return vm.Null
	}
	d := vm.NewDict(1)
	d.Set("city", vm.String("Here"))
	return d.Freeze()
}

// TestGeoipLookup: what is known is a value like any other, which a program
// may change without changing it for others; what is no address is null.
func TestGeoipLookup(t *testing.T) { // 3.3
	t.Parallel()
	h := newHouse(t, func(c *executor.Config) { c.Places = onePlace{} })
	f := h.transformation("T", `
		let e := event
		e.properties.a := geoipLookup('89.160.20.129')
		e.properties.a.city := 'There'
		e.properties.b := geoipLookup('89.160.20.129').city
		e.properties.c := [geoipLookup(5), geoipLookup(null), geoipLookup({}), geoipLookup(['89.160.20.129']), geoipLookup(''), geoipLookup('x')]
		return e`)
	got, _ := h.transform(event(`{}`), f)
	want := `{"a":{"city":"There"},"b":"Here","c":[null,null,null,null,null,null],"$transformations_succeeded":["T (id-T)"]}`
	if string(got.Properties) != want {
		t.Errorf("have %s, want %s", got.Properties, want)
	}
}
