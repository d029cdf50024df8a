package app_test

import (
	"slices"
	"strings"
	"time"
)

// state reads a function's state and tokens.
func (a *acceptance) state(id string) (state, tokens int) {
	a.Helper()
	var f struct{ Status struct{ State, Tokens int } }
	a.house.MustAPI(a, 200, "GET", a.house.Project("hog_functions/%s/", id), nil, &f)
	return f.Status.State, f.Status.Tokens
}

// choose sets a function's state as an admin does.
func (a *acceptance) choose(id string, state int) {
	a.Helper()
	a.house.MustAPI(a, 200, "PATCH", a.house.Project("hog_functions/%s/status/", id), map[string]any{"state": state}, nil)
}

// save changes a function.
func (a *acceptance) save(id string, change map[string]any) {
	a.Helper()
	a.house.MustAPI(a, 200, "PATCH", a.house.Project("hog_functions/%s/", id), change, nil)
}

// acceptControl is table 15.4.
func acceptControl() map[int]criterion {
	return map[int]criterion{
		1: {at: []string{"engine TestMasking", "engine TestMaskedInvocationsAreCounted", "app TestMemoriesOutliveAKill"}},
		2: {at: []string{"engine TestConstantlySlowFunctionIsDegradedThenStopped"}},
		3: {at: []string{"engine TestChosenStates"}, test: func(a *acceptance) {
			id := a.function("destination", "return 1", nil)
			a.choose(id, 12)
			a.save(id, map[string]any{"name": "Renamed", "enabled": true})
			if state, _ := a.state(id); state != 12 {
				a.Errorf("after a save the state is %d", state)
			}
			a.capture(`{}`)
			a.totals(id, "disabled_permanently 1")
		}},
		4: {test: func(a *acceptance) {
			id := a.function("destination", "return 1", nil)
			a.choose(id, 3)
			a.save(id, map[string]any{"enabled": true})
			if state, tokens := a.state(id); state != 2 || tokens < 8000 {
				a.Errorf("after a save the state is %d with %d tokens", state, tokens)
			}
		}},
		5: {test: func(a *acceptance) {
			id := a.function("destination", "return 1", nil)
			a.choose(id, 3)
			a.choose(id, 1)
			if state, tokens := a.state(id); state != 1 || tokens != 10000 {
				a.Errorf("the state is %d with %d tokens", state, tokens)
			}
		}},
		6: {test: func(a *acceptance) {
			id := a.function("destination", "if (event.properties.bad) { throw Error('bad') }", nil)
			hour := time.Now().Truncate(time.Hour)
			for _, p := range []string{`{}`, `{}`, `{"bad":true}`, `{}`} {
				a.capture(p)
			}
			a.totals(id, "triggered 4, succeeded 3, failed 1")
			var out struct {
				Series []struct {
					Name   string
					Values []int
				}
			}
			a.house.MustAPI(a, 200, "GET", a.house.Project("hog_functions/%s/metrics/?interval=hour&breakdown_by=name", id), nil, &out)
			for _, s := range out.Series {
				rows := slices.DeleteFunc(slices.Clone(s.Values), func(n int) bool { return n == 0 })
				want := map[string]int{"succeeded": 3, "failed": 1, "triggered": 4}[s.Name]
				if time.Since(hour) < time.Hour && (len(rows) != 1 || rows[0] != want) {
					a.Errorf("%s has the hours %v, want one of %d", s.Name, rows, want)
				}
			}
			if len(out.Series) != 3 {
				a.Errorf("series are %+v", out.Series)
			}
		}},
		7:  {at: []string{"handlers/public TestWebhookRefusals: 512_001"}},
		8:  {at: []string{"handlers/public TestWebhookReplies: 'status': 418"}},
		9:  {at: []string{"handlers/public TestWebhookThatFetches"}},
		10: {at: []string{"handlers/public TestStockWebhook: Unauthorized"}},
		11: {at: []string{"cmd/hogpen TestSiteFunctionsInAPage"}},
		12: {at: []string{"engine/executor TestMockedTest"}, test: func(a *acceptance) {
			var out struct {
				Status string
				Logs   []struct{ Level, Message string }
			}
			a.house.MustAPI(a, 200, "POST", a.house.Project("hog_functions/new/invocations/"), map[string]any{
				"configuration": map[string]any{"type": "destination", "hog": "fetch('https://example.org/hook', {'method': 'POST'})"},
				"globals": map[string]any{"event": map[string]any{"uuid": "0195a1f0-7d7e-7000-8000-000000000001", "event": "a", "distinct_id": "u",
					"timestamp": "2026-03-01T10:00:00Z", "properties": map[string]any{}}},
				"mock_async_functions": true,
			}, &out)
			if out.Status != "success" || len(out.Logs) != 3 {
				a.Fatalf("answer is %+v", out)
			}
			for i, want := range []string{"Async function 'fetch' was mocked with arguments:", "fetch('https://example.org/hook', {\n  \"method\": \"POST\"\n})", "Function completed in "} {
				if !strings.HasPrefix(out.Logs[i].Message, want) {
					a.Errorf("log %d is %+v, want %s", i, out.Logs[i], want)
				}
			}
		}},
	}
}
