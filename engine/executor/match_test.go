package executor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/engine/fetch"
)

func TestFilterTable(t *testing.T) { // 15.3, 1 to 3
	t.Parallel()
	named := func(ids ...string) (list []json.RawMessage) {
		for _, id := range ids {
			list = append(list, json.RawMessage(`{"id":`+id+`}`))
		}
		return list
	}
	for _, tt := range []struct {
		row      string
		filters  cdp.Filters
		planned  int
		outcomes []cdp.Outcome
		log      string
	}{
		{row: "1 another name; the bytecode would match", filters: cdp.Filters{Events: named(`"$pageview"`), Bytecode: condition(t, "true")}, outcomes: []cdp.Outcome{cdp.OutcomeFiltered}},
		{row: "1 an entry for all events", filters: cdp.Filters{Events: named(`"$pageview"`, `null`), Bytecode: condition(t, "true")}, planned: 1},
		{row: "1 an action", filters: cdp.Filters{Events: named(`"$pageview"`), Actions: named(`"1"`), Bytecode: condition(t, "true")}, planned: 1},
		{row: "2 result 1", filters: cdp.Filters{Bytecode: condition(t, "1")}, outcomes: []cdp.Outcome{cdp.OutcomeFiltered}},
		{row: "2 result 'true'", filters: cdp.Filters{Bytecode: condition(t, "'true'")}, outcomes: []cdp.Outcome{cdp.OutcomeFiltered}},
		{row: "3 fails", filters: cdp.Filters{Bytecode: condition(t, "nothing")}, outcomes: []cdp.Outcome{cdp.OutcomeFilteringFailed},
			log: "error Error filtering event 0195a1f0-7d7e-7000-8000-000000000001: Global variable not found: nothing\n"},
		{row: "not compiled", filters: cdp.Filters{}, outcomes: []cdp.Outcome{cdp.OutcomeFilteringFailed},
			log: "error Error filtering event 0195a1f0-7d7e-7000-8000-000000000001: Filters were not compiled correctly and so could not be executed\n"},
		{row: "properties", filters: cdp.Filters{Bytecode: condition(t, "properties.n > 1 and person.properties.email = 'a@example.com' and event = 'signed up' and distinct_id = 'u1'")}, planned: 1},
		{row: "what is missing is null", filters: cdp.Filters{Bytecode: condition(t, "properties.a.b.c = null and pdi.person.properties.z = null and group_0.properties.x = null and variables.x = null")}, planned: 1},
	} {
		t.Run(tt.row, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			f := h.destination("print(1)")
			f.Filters = tt.filters
			m := h.x.Match(h.compile(f), h.scope(event(`{"n":2,"$set":{"email":"a@example.com"}}`)))
			if len(m.Planned) != tt.planned || fmt.Sprint(m.Outcomes) != fmt.Sprint(tt.outcomes) || logText(m.Logs) != tt.log {
				t.Errorf("%d planned, outcomes %v, logs %q", len(m.Planned), m.Outcomes, logText(m.Logs))
			}
		})
	}
}

func TestMappings(t *testing.T) { // 15.3, 4
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination("print(inputs.a, inputs.b)", "a", "top", "b", "{inputs.a}!")
	mapping := func(filter, a string) cdp.Mapping {
		m := cdp.Mapping{Filters: &cdp.Filters{Bytecode: condition(t, filter)}}
		if a != "" {
			m.Inputs = cdp.Inputs{{Key: "a", Value: asJSON(t, a), Bytecode: template(t, a)}}
		}
		return m
	}
	f.Mappings = []cdp.Mapping{mapping("true", "one"), mapping("event = 'other'", ""), mapping("true", ""), {Disabled: true}, {}}
	c := h.compile(f)
	m := h.x.Match(c, h.scope(event(`{}`)))
	if len(m.Planned) != 3 || fmt.Sprint(m.Outcomes) != "[filtered]" {
		t.Fatalf("%d planned, outcomes %v", len(m.Planned), m.Outcomes)
	}
	ids := map[cdp.InvocationID]bool{}
	for i, want := range []string{"one, one!", "top, top!", "top, top!"} {
		ids[m.Planned[i].Invocation.ID] = true
		s := h.finish(c, m.Planned[i].Invocation)
		s.has(t, "info", want)
	}
	if len(ids) != 3 {
		t.Error("mappings share an invocation ID")
	}
	again := h.x.Match(c, h.scope(event(`{}`)))
	if again.Planned[0].Invocation.ID != m.Planned[0].Invocation.ID {
		t.Error("the same work has two IDs")
	}
}

func TestInputs(t *testing.T) { // 15.3, 5, 6 and 8
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination("print(inputs)", "a", "A {event.event}", "b", "{inputs.a} and more", "props", "{event.properties}")
	tree := fmt.Sprintf(`{"list":[%s,1,true,null,{"x":%s}],"plain":"text","$$_extend_object":%s,"keep":5}`,
		template(t, "{inputs.b}"), template(t, "{event.properties.n}"), template(t, "{event.properties.more}"))
	f.Inputs = append(f.Inputs,
		cdp.Input{Key: "tree", Bytecode: json.RawMessage(tree), Order: 9},
		cdp.Input{Key: "first", Bytecode: template(t, "{inputs.a}"), Order: -1},
		cdp.Input{Key: "bare", Value: json.RawMessage(`{"k":[1,"{event.event}"]}`), Order: 10},
		cdp.Input{Key: "none", Order: 11})
	s := h.run(f, event(`{"n":7,"more":{"keep":1,"extra":2}}`))
	s.has(t, "info", `{"first":null,"a":"A signed up","b":"A signed up and more","props":{"n":7,"more":{"keep":1,"extra":2}},`+
		`"tree":{"list":["A signed up and more",1,true,null,{"x":7}],"plain":"text","keep":5,"extra":2},"bare":{"k":[1,"{event.event}"]},"none":null}`)
}

func TestBrokenInputs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, tt := range []struct{ template, want string }{
		{"{jsonParse('{')}", "Error building inputs for event 0195a1f0-7d7e-7000-8000-000000000001: "},
		{"{sleep(1)}", "Could not execute bytecode for input field: bad"},
		{"{person.nothing.at.all}{nothing}", "Global variable not found: nothing"},
	} {
		m := h.x.Match(h.compile(h.destination("print(1)", "bad", tt.template)), h.scope(event(`{}`)))
		if len(m.Planned) != 0 || fmt.Sprint(m.Outcomes) != "[inputs_failed]" || len(m.Failures) != 1 || !strings.Contains(logText(m.Logs), tt.want) {
			t.Errorf("%s: %+v", tt.template, m)
		}
	}
}

func TestGlobals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := h.run(h.destination("print(project, source, person, groups, event.captured_at, event.timestamp)"),
		event(`{"$set":{"name":" Ada "},"$set_once":{"name":"Old","first":1}}`))
	s.has(t, "info", `{"id":1,"name":"Shop","url":"https://hog.example.com/project/1"}, `+
		`{"name":"Hook","url":"https://hog.example.com/project/1/functions/0195a1f0-7d7e-7000-8000-00000000000f/configuration/"}, `+
		`{"id":"`+executor.PersonID(1, "u1")+`","name":"Ada","properties":{"name":" Ada ","first":1},"url":"https://hog.example.com/project/1/person/u1","distinct_id":"u1"}, `+
		`{}, 2026-03-01T10:00:00.412Z, 2026-03-01T10:00:00.000Z`)
	s = h.run(h.destination("print(person.properties, person.name)"), event(`{"$process_person_profile":false,"$set":{"name":"Ada"}}`))
	s.has(t, "info", "{}, u1")
}

// The person of a distinct ID is UUID version 5, as PostHog computes it.
func TestPersonID(t *testing.T) {
	t.Parallel()
	if id := executor.PersonID(1, "u1"); len(id) != 36 || id[14] != '5' || id != executor.PersonID(1, "u1") || id == executor.PersonID(2, "u1") {
		t.Errorf("PersonID = %s", id)
	}
}

func TestCapture(t *testing.T) { // 15.3, 23
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination("postHogCapture({'event': 'again', 'properties': {'a': 1}})")
	ev := event(`{}`)
	for i := 1; i <= 10; i++ {
		s := h.run(f, ev)
		if s.Outcome != cdp.OutcomeSucceeded || len(s.Captured) != 1 {
			t.Fatalf("generation %d: %+v", i, s.Result)
		}
		got := s.Captured[0]
		if want := fmt.Sprintf(`{"a":1,"$hog_function_execution_count":%d}`, i); string(got.Properties) != want || got.Name != "again" || got.DistinctID != "u1" || got.UUID == ev.UUID {
			t.Fatalf("generation %d: %+v", i, got)
		}
		ev = got
	}
	s := h.run(f, ev)
	if len(s.Captured) != 0 || s.Outcome != cdp.OutcomeSucceeded {
		t.Errorf("eleventh generation: %+v", s.Result)
	}
	s.has(t, "warn", "postHogCapture was called from an event that already executed this function 10 times previously. To prevent unbounded infinite loops, the event was not captured.")
}

func TestCaptureFaults(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for src, want := range map[string]string{
		"postHogCapture({'properties': {}})":                                                "[HogFunction] - postHogCapture call missing 'event' property",
		"postHogCapture({'event': 5})":                                                      "[HogFunction] - postHogCapture call missing 'event' property",
		"postHogCapture({'event': 'a'}); postHogCapture({'event': 'b'})":                    "postHogCapture was called more than once. Only one call is allowed per function",
		"fetch(inputs.url); postHogCapture({'event': 'a'}); postHogCapture({'event': 'b'})": "postHogCapture was called more than once.",
	} {
		s := h.run(h.destination(src, "url", h.url), event(`{}`))
		if s.Outcome != cdp.OutcomeFailed || !strings.Contains(s.Error, want) {
			t.Errorf("%s: %s %q", src, s.Outcome, s.Error)
		}
	}
}

func TestForwardingLoopIsStopped(t *testing.T) {
	t.Parallel()
	var sent []string
	h := newHouse(t, func(c *executor.Config) {
		c.OwnHosts = []string{"hog.example.com"}
		c.Fetch = func(_ context.Context, r fetch.Request) (fetch.Response, error) {
			sent = append(sent, string(r.Body))
			return fetch.Response{Status: 200}, nil
		}
	})
	f := h.destination("fetch('https://hog.example.com/i/v0/e/', {'body': {'api_key': 'phc_shop', 'event': 'e', 'properties': event.properties}})")
	props := `{}`
	for i := 1; i <= 10; i++ {
		if s := h.run(f, event(props)); s.Outcome != cdp.OutcomeSucceeded {
			t.Fatalf("round %d: %s", i, s.Error)
		}
		var body struct {
			Properties json.RawMessage `json:"properties"`
		}
		if err := json.Unmarshal([]byte(sent[i-1]), &body); err != nil {
			t.Fatal(err)
		}
		props = string(body.Properties)
	}
	if want := `{"$hog_function_self_loop_depth":{"0195a1f0-7d7e-7000-8000-00000000000f":10}}`; props != want {
		t.Errorf("properties after ten rounds = %s", props)
	}
	s := h.run(f, event(props))
	if s.Outcome != cdp.OutcomeFailed || s.Error != "Self-referential event-forwarding loop blocked at max depth" || len(sent) != 10 {
		t.Errorf("eleventh round: %s %q, %d sent", s.Outcome, s.Error, len(sent))
	}
	s.has(t, "error", "Refusing to fetch a PostHog ingestion endpoint using this project's own API key")
	other := h.destination("fetch('https://hog.example.com/i/v0/e/', {'body': {'api_key': 'phc_other', 'event': 'e'}})")
	if s := h.run(other, event(props)); s.Outcome != cdp.OutcomeSucceeded {
		t.Errorf("another project's key: %s", s.Error)
	}
}

func TestMockedTest(t *testing.T) { // 15.4, 12
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination("let r := fetch(inputs.url, {'method': 'POST'}); print(r); postHogCapture({'event': 'x'})", "url", "https://example.com/hook?k={inputs.token}", "token", "hush-hush")
	f.Inputs[1].Order = -1
	got, err := h.x.Test(t.Context(), cdp.TestRequest{Project: shop, Function: f, Mock: true, Globals: json.RawMessage(`{"event":{"uuid":"u","event":"e","distinct_id":"d","properties":{}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Async function 'fetch' was mocked with arguments:",
		"fetch('https://example.com/hook?k=***REDACTED***', {\n  \"method\": \"POST\"\n})",
		`{"status":200,"body":{},"headers":{}}`,
		"Async function 'postHogCapture' was mocked with arguments:",
		"postHogCapture({\n  \"event\": \"x\"\n})",
	}
	for i, w := range want {
		if i >= len(got.Logs) || got.Logs[i].Message != w || got.Logs[i].Level != cdp.LevelInfo {
			t.Fatalf("log %d is not %q in %+v", i, w, got.Logs)
		}
	}
	last := got.Logs[len(got.Logs)-1]
	if got.Status != cdp.TestSuccess || len(got.Errors) != 0 || string(got.Result) != "null" || last.Level != cdp.LevelDebug || len(h.requests()) != 0 {
		t.Errorf("result = %+v", got)
	}
	if r := got.Requests; len(r) != 1 || !r[0].Mocked || r[0].URL != "https://example.com/hook?k=***REDACTED***" || r[0].Method != "POST" {
		t.Errorf("requests = %+v", r)
	}
}

func TestRealTest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.answer = func(n int, w http.ResponseWriter) {
		if n < 1 {
			w.WriteHeader(503)
		}
		fmt.Fprint(w, "hello")
	}
	f := h.destination("print(fetch(inputs.url).body); throw Error('end')", "url", h.url)
	got, err := h.x.Test(t.Context(), cdp.TestRequest{Project: shop, Function: f, ClickhouseEvent: json.RawMessage(
		`{"uuid":"u","event":"e","team_id":1,"distinct_id":"d","timestamp":"2026-03-01 10:00:00.000000","properties":"{\"a\":1}","elements_chain":"","person_id":"p","person_properties":"{\"email\":\"a@example.com\"}"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != cdp.TestError || fmt.Sprint(got.Errors) != "[Error('end')]" || len(got.Requests) != 2 || got.Requests[0].Status != 503 || got.Requests[1].Response != "hello" || got.Requests[1].Attempt != 2 {
		t.Errorf("result = %+v", got)
	}
}

func TestSkippedTest(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination("print(1)")
	f.Filters.Bytecode = condition(t, "event = 'other'")
	req := cdp.TestRequest{Project: shop, Function: f, Mock: true, Globals: json.RawMessage(`{"event":{"uuid":"u","event":"e"}}`)}
	got, err := h.x.Test(t.Context(), req)
	if err != nil || got.Status != cdp.TestSkipped || len(got.Logs) != 1 || got.Logs[0].Message != "Mapping trigger not matching filters was ignored." {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "null", "{}", `{"event":5}`, `{`} {
		req.Globals = json.RawMessage(bad)
		if _, err := h.x.Test(t.Context(), req); err == nil {
			t.Errorf("globals %q were accepted", bad)
		}
	}
	f.Type = cdp.SiteApp
	req.Globals = json.RawMessage(`{"event":{}}`)
	if _, err := h.x.Test(t.Context(), req); err == nil || err.Error() != "Invalid function type" {
		t.Errorf("site app: %v", err)
	}
}

func TestMaskKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for src, want := range map[string]bool{"{event.distinct_id}-{inputs.a}": true, "{event.properties.nothing}": false, "{nothing}": false} {
		f := h.destination("print(1)", "a", "x")
		f.Masking = &cdp.Masking{TTL: 60, Hash: src, Bytecode: template(t, src)}
		c := h.compile(f)
		m := h.x.Match(c, h.scope(event(`{}`)))
		if key, ok := h.x.MaskKey(c, m.Planned[0]); ok != want || ok && len(key) != 32 {
			t.Errorf("%s: %q, %v", src, key, ok)
		}
	}
}

func TestBrokenFunctionsDoNotCompile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, code := range []string{"", "null", "[]", `{"a":1}`, `["_X",1]`, `["_H"]`, "nonsense"} {
		f := h.destination("print(1)")
		f.Bytecode = json.RawMessage(code)
		if _, err := h.x.Compile(f); err == nil {
			t.Errorf("%q was loaded", code)
		}
	}
}

func FuzzScopeAndInputs(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `["_H",1,32,"x"]`, `["_H",1,32,"event",1,1]`, `{"$$_extend_object":["_H",1,31]}`, `[[[]]]`, `{"$elements":[{"tag_name":1}]}`} {
		f.Add([]byte(s), []byte(s))
	}
	f.Fuzz(func(t *testing.T, props, input []byte) {
		h := &house{t: t}
		x, err := executor.New(executor.Config{Fetch: func(context.Context, fetch.Request) (fetch.Response, error) { return fetch.Response{}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		h.x = x
		s, err := x.NewScope(shop, event(string(props)))
		if err != nil {
			return
		}
		fn := h.destination("print(inputs.a)")
		fn.Inputs = cdp.Inputs{{Key: "a", Bytecode: input}}
		c, err := x.Compile(fn)
		if err != nil {
			return
		}
		s.Normalize()
		for _, p := range x.Match(c, s).Planned {
			if _, err := x.Run(t.Context(), shop, c, &p.Invocation); err != nil {
				t.Error(err)
			}
		}
	})
}
