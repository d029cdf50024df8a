package app_test

import (
	"strings"

	"hogpen/app/apptest"
)

// field is one input's schema of type string.
func field(key string) map[string]any { return map[string]any{"key": key, "type": "string"} }

// value is an input.
func value(v any) map[string]any { return map[string]any{"value": v} }

// request is the only one that a program of the row sends, after one event.
func (a *acceptance) request(call string) apptest.Request {
	a.Helper()
	a.function("destination", call, nil)
	a.capture(`{}`)
	return a.requests(1)[0]
}

// acceptExecution is table 15.3.
func acceptExecution() map[int]criterion {
	execution := func(row string) []string { return []string{`engine/executor TestExecutionTable: row: "` + row} }
	return map[int]criterion{
		1: {at: []string{`engine/executor TestFilterTable: row: "1 another name; the bytecode would match"`}, test: func(a *acceptance) {
			id := a.function("destination", "return 1", map[string]any{"filters": map[string]any{"source": "events", "events": []any{map[string]any{"id": "$pageview", "type": "events"}}}})
			a.echo()
			a.capture(`{}`)
			a.events(1)
			a.totals(id, "filtered 1")
			a.house.MustAPI(a, 200, "PATCH", a.house.Project("hog_functions/%s/", id), map[string]any{"enabled": false}, nil)
		}},
		2: {at: []string{`engine/executor TestFilterTable: row: "2 result 1"`, `engine/executor TestFilterTable: row: "2 result 'true'"`}},
		3: {at: []string{`engine/executor TestFilterTable: row: "3 fails"`, `engine/executor TestFilterTable: Error filtering event `}},
		4: {test: func(a *acceptance) {
			mapping := func(v string) map[string]any {
				return map[string]any{"name": v, "filters": a.only(), "inputs_schema": []any{field("a")}, "inputs": map[string]any{"a": value(v + " {event.event}")}}
			}
			id := a.function("destination", "print(inputs.a)", map[string]any{"mappings": []any{mapping("one"), mapping("two")}})
			a.capture(`{}`)
			a.totals(id, "triggered 2, succeeded 2")
			all := strings.Join(a.logs(id, `.*two`), "\n")
			for _, line := range []string{"info one " + a.name, "info two " + a.name} {
				if !strings.Contains(all, line) {
					a.Errorf("no %s in %s", line, all)
				}
			}
		}},
		5: {test: func(a *acceptance) {
			id := a.function("destination", "print(inputs.b)", map[string]any{"inputs_schema": []any{field("b"), field("a")},
				"inputs": map[string]any{"b": value("b sees {inputs.a}"), "a": value("A {event.distinct_id}")}})
			a.capture(`{}`)
			a.logs(id, `info b sees A u1$`)
		}},
		6: {test: func(a *acceptance) {
			id := a.function("destination", "print(inputs.all, typeof(inputs.all))", map[string]any{"inputs_schema": []any{map[string]any{"key": "all", "type": "json"}},
				"inputs": map[string]any{"all": value("{event.properties.plan}")}})
			a.capture(`{"plan":{"a":[1,true]}}`)
			a.logs(id, `info \{"a":\[1,true\]\}, object$`)
		}},
		7: {at: []string{"engine/executor TestLiquidInputs"}},
		8: {test: func(a *acceptance) {
			id := a.function("destination", "return 1", map[string]any{"inputs_schema": []any{field("a")}, "inputs": map[string]any{"a": value("{jsonParse('{')}")}})
			a.capture(`{}`)
			a.totals(id, "inputs_failed 1")
			a.logs(id, `error Error building inputs for event `)
		}},
		9: {test: func(a *acceptance) {
			if r := a.request(`fetch('` + a.url() + `')`); r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || r.Body != "" {
				a.Errorf("request is %+v", r)
			}
		}},
		10: {test: func(a *acceptance) {
			if r := a.request(`fetch('` + a.url() + `', {'headers': {}, 'body': 'x'})`); r.Header.Get("Content-Type") != "" || r.Body != "x" {
				a.Errorf("request is %+v", r)
			}
		}},
		11: {test: func(a *acceptance) {
			if r := a.request(`fetch('` + a.url() + `', {'method': 'GET', 'body': 'x'})`); r.Method != "GET" || r.Body != "" {
				a.Errorf("request is %+v", r)
			}
		}},
		12: {test: func(a *acceptance) {
			id := a.function("destination", `print(fetch('`+a.house.Sink.URL+`/status/302').status)`, nil)
			a.capture(`{}`)
			a.logs(id, `info 302$`)
			a.totals(id, "triggered 1, succeeded 1, fetch 1")
		}},
		13: {at: execution("13 500, 500, 200")},
		14: {at: execution("14 500 three times, ignored")},
		15: {test: func(a *acceptance) {
			id := a.function("destination", `fetch('`+a.house.Sink.URL+`/status/404')`, nil)
			a.capture(`{}`)
			a.logs(id, `error HTTP fetch failed on attempt 1 with status code 404\. Error: \{\}\.?$`)
			a.totals(id, "triggered 1, failed 1, fetch 1")
		}},
		16: {test: func(a *acceptance) {
			id := a.function("destination", `fetch('`+a.house.Sink.URL+`/status/404')`, map[string]any{
				"inputs_schema": []any{map[string]any{"key": "fine", "type": "non_failure_status_codes"}}, "inputs": map[string]any{"fine": value([]any{404})}})
			a.capture(`{}`)
			a.logs(id, `info HTTP fetch failed on attempt 1 with status code 404\.`)
			a.totals(id, "triggered 1, succeeded 1, fetch 1")
		}},
		17: {at: []string{"engine/executor TestRefusedConnectionIsTriedThreeTimes"}},
		18: {at: []string{"engine/fetch TestPrivateAddressesAreRefused", "cmd/hogpen TestFetchesPrivateAddresses", `engine/executor TestExecutionTable: row: "18 private address"`}},
		19: {at: []string{"engine/executor TestRetryAfterIsHonoured"}},
		20: {test: func(a *acceptance) {
			id := a.function("destination", `for (let i := 0; i < 6; i := i + 1) { fetch('`+a.url()+`') }`, nil)
			a.capture(`{}`)
			a.logs(id, `error [^\n]*Exceeded maximum number of async steps: 5$`)
			if n := len(a.requests(5)); n != 5 {
				a.Errorf("%d requests", n)
			}
		}},
		21: {test: func(a *acceptance) {
			id := a.function("destination", `for (let i := 0; i < 30; i := i + 1) { print('line', i) }`, nil)
			a.capture(`{}`)
			a.logs(id, `(info line, \d+\n){24}warn Function exceeded maximum log entries\. No more logs will be collected\. Event: [^\n]*\ndebug Function completed in `)
		}},
		22: {test: func(a *acceptance) {
			id := a.function("destination", "print(f'{inputs.url}?key={inputs.key}')", map[string]any{
				"inputs_schema": []any{field("url"), map[string]any{"key": "key", "type": "string", "secret": true}},
				"inputs":        map[string]any{"url": value("https://example.com/x"), "key": value("hush-hush")}})
			a.capture(`{}`)
			a.logs(id, `info https://example\.com/x\?key=\*\*\*REDACTED\*\*\*$`)
		}},
		23: {test: func(a *acceptance) {
			id := a.function("destination", `postHogCapture({'event': event.event, 'distinct_id': event.distinct_id})`, nil)
			a.capture(`{}`)
			a.totals(id, "triggered 11, succeeded 11")
			all := strings.Join(a.logs(id, `warn postHogCapture was called from an event that already executed this function 10 times previously\.`), "\n")
			if n := strings.Count(all, "debug Function completed"); n != 11 {
				a.Errorf("%d runs, want the first and 10 generations", n)
			}
		}},
		24: {at: []string{"cmd/hogpen TestKilledDuringFetch"}},
	}
}
