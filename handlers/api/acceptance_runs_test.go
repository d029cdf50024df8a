package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"hogpen/app/apptest"
	"hogpen/cdp"
)

const sample = `"globals":{"event":{"uuid":"018f0000-0000-7000-8000-000000000009","event":"e","distinct_id":"u1","timestamp":"2026-03-01T10:00:00.000Z","properties":{"plan":"pro"}}}`

// tested runs a configuration on a sample event; more are further members.
func (h *house) tested(configuration, more string) map[string]any {
	h.Helper()
	return h.object(200, "POST", "hog_functions/new/invocations/", `{"configuration":`+configuration+`,`+sample+more+`}`)
}

// lines are the messages of a test run.
func lines(r map[string]any) []string {
	var out []string
	for _, l := range r["logs"].([]any) {
		out = append(out, l.(map[string]any)["message"].(string))
	}
	return out
}

// acceptRuns are rows 81 to 90: the test runner and metrics.
func acceptRuns() map[int]criterion {
	return map[int]criterion{
		81: {test: func(h *house) {
			for _, id := range []string{"new", "018f0000-0000-7000-8000-00000000dead"} {
				r := h.call("POST", "hog_functions/"+id+"/invocations", `{"configuration":{"hog":"return 1"}}`)
				var body map[string]any
				h.read(r, http.StatusBadRequest, &body)
				h.has(body, "status", `"error"`)
			}
		}},
		82: {test: func(h *house) {
			r := h.tested(`{"hog":"let r := fetch('https://example.com', {'method': 'POST'})\nprint(r.status)"}`, ``)
			have := lines(r)
			if len(have) != 4 || have[0] != "Async function 'fetch' was mocked with arguments:" || have[1] != "fetch('https://example.com', {\n  \"method\": \"POST\"\n})" || have[2] != "200" {
				h.Errorf("logs %q", have)
			}
			h.has(r, "errors", `[]`)
		}},
		83: {test: func(h *house) {
			live := apptest.New(h) // which lets functions reach the test's receiver
			live.Sink.Answer(func(apptest.Request) (int, string) { return 201, `{"ok":[1]}` })
			body := fmt.Sprintf(`{"configuration":{"hog":"let r := fetch('%s/x', {'method': 'POST'})\nprint(r)"},"mock_async_functions":false,%s}`, live.Sink.URL, sample)
			var r map[string]any
			live.MustAPI(h, http.StatusOK, "POST", live.Project("hog_functions/new/invocations/"), []byte(body), &r)
			have := lines(r)
			if len(have) < 2 || !strings.HasPrefix(have[len(have)-2], `{"status":201,"body":{"ok":[1]}`) || !strings.HasPrefix(have[len(have)-1], "Function completed in ") {
				h.Errorf("logs %q", have)
			}
			h.has(r, fmt.Sprintf("logs/%d/level", len(have)-1), `"debug"`)
			if n := len(live.Sink.Requests()); n != 1 {
				h.Errorf("%d requests arrived", n)
			}
		}},
		84: {test: func(h *house) {
			r := h.tested(filtered(`{"events":[{"id":"other","type":"events"}]}`), ``)
			h.has(r, "status", `"skipped"`)
			h.has(r, "logs/0/message", `"Mapping trigger not matching filters was ignored."`)
			h.has(r, "logs/0/level", `"info"`)
			h.has(r, "logs/1", `null`)
		}},
		85: {test: func(h *house) {
			r := h.tested(`{"hog":"for (let i := 0; i < 9; i := i + 1) { fetch('https://example.com') }"}`, ``)
			h.has(r, "status", `"error"`)
			h.has(r, "errors", `["Exceeded maximum number of async steps: 5"]`)
			if n := strings.Count(strings.Join(lines(r), "\n"), "fetch('https://example.com'"); n != 5 {
				h.Errorf("fetched %d times: %q", n, lines(r))
			}
		}},
		86: {test: func(h *house) {
			r := h.tested(`{"hog":"print('ran')","mappings":[{"filters":{"events":[{"id":"other","type":"events"}]}},{"filters":{"events":[{"id":"e","type":"events"}]}},
				{"filters":{"properties":[{"key":"nofunction()","type":"hogql"}]}}]}`, ``)
			have := strings.Join(lines(r), "\n")
			if r["status"] != "success" || !strings.Contains(have, "ran") || !strings.Contains(have, "Mapping trigger not matching filters was ignored.") || !strings.Contains(have, "Error filtering event 018f0000-0000-7000-8000-000000000009") {
				h.Errorf("%v %s", r["status"], have)
			}
		}},
		87: {not: "nothing adds headers on the server's side"},
		88: {test: func(h *house) {
			const of = `{"type":"transformation","hog":%q,"filters":{"events":[{"id":%q,"type":"events"}]}}`
			h.has(h.tested(fmt.Sprintf(of, "return event", "e"), ``), "result/event", `"e"`)
			h.has(h.tested(fmt.Sprintf(of, "return null", "e"), ``), "result", `null`)
			h.has(h.tested(fmt.Sprintf(of, "return event", "other"), ``), "status", `"skipped"`)
		}},
		89: {covered: "TestMetrics"},
		90: {test: func(h *house) {
			for zone, offset := range map[string]time.Duration{"America/Phoenix": -7 * time.Hour, "Asia/Kolkata": 5*time.Hour + 30*time.Minute, "Pacific/Kiritimati": 14 * time.Hour} {
				p, err := h.accounts.NewProject(h.project.OrganizationID, "zone", zone)
				h.must(err)
				p, err = h.store.CreateProject(h.Context(), p, h.owner.ID)
				h.must(err)
				h.project, h.base = p, fmt.Sprintf("/api/projects/%d/", p.ID)
				id := h.create(`{"hog":"return 1"}`)
				loc, err := time.LoadLocation(zone)
				h.must(err)
				now := time.Now().In(loc)
				start := time.Date(now.Year(), now.Month(), now.Day(), now.Hour()-30, 0, 0, 0, loc)
				if _, have := start.Zone(); time.Duration(have)*time.Second != offset {
					h.Fatalf("%s is %d seconds off", zone, have)
				}
				for _, at := range []time.Time{start.Add(-time.Hour), start, start.Add(23 * time.Hour), start.Add(24 * time.Hour)} {
					h.must(h.store.Record(h.Context(), cdp.Batch{Metrics: []cdp.Metric{{Project: p.ID, Function: cdp.FunctionID(id), Name: cdp.OutcomeSucceeded, Kind: "success", Time: at, Count: 1}}}))
				}
				const local = "2006-01-02T15:04:05"
				r := h.object(200, "GET", "hog_functions/"+id+"/metrics/totals/?after="+start.Format(local)+"&before="+start.Add(24*time.Hour-time.Second).Format(local), "")
				h.has(r, "totals", `{"success":2}`)
			}
		}},
	}
}
