package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
)

// again does everything again at once.
type again struct{}

func (again) Rerun(_ context.Context, item cdp.RerunItem, _ cdp.Event) (cdp.RerunMark, error) {
	return cdp.RerunMark{Run: item.Run, As: item.Run + "-again", Mapping: -1}, nil
}

func (again) Replay(_ context.Context, l cdp.DeadLetter) (cdp.RerunMark, error) {
	return cdp.RerunMark{Run: cdp.InvocationID(l.ID), As: cdp.InvocationID(l.ID + "-again"), Mapping: -1}, nil
}

func (again) Bury(context.Context, []int64) error { return nil }

// Internal keeps the internal event.
func (h *house) Internal(_ context.Context, ev cdp.InternalEvent) error {
	h.internal = append(h.internal, ev)
	return nil
}

func deadLetters(h *house) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	one := cdp.DeadLetter{ID: "l1", Project: h.project.ID, Function: "f1", Version: 2, Mapping: -1, Kind: cdp.LetterFailed, Source: cdp.LetterEvent, Run: true,
		EventUUID: "018f0000-0000-7000-8000-000000000009", EventName: "ordered", DistinctID: "ada", ErrorKind: "http_5xx", Reason: "503", Attempts: 3, At: at,
		Payload: json.RawMessage(`{"event":{"event":"ordered"}}`), Inputs: json.RawMessage(`{"url":"https://example.com"}`)}
	two, three, other := one, one, one
	two.ID, two.Kind, two.Function, two.Mapping, two.Inputs = "l2", cdp.LetterInputs, "f2", 1, nil
	three.ID, three.Kind, three.Function, three.Project, three.QueueID, three.Run = "l3", cdp.LetterSetAside, "", 0, 5, false
	three.Payload, three.Inputs = nil, nil
	other.ID, other.Project = "l4", h.project.ID+1
	h.must(h.store.KeepLetters(h.Context(), []cdp.DeadLetter{one, two, three, other}))
}

func (h *house) listed(query string) []string {
	h.Helper()
	out := []string{}
	for _, l := range h.object(http.StatusOK, "GET", "dead_letters/?"+query, "")["results"].([]any) {
		out = append(out, l.(map[string]any)["id"].(string))
	}
	return out
}

func TestDeadLetters(t *testing.T) {
	t.Parallel()
	h := setup(t)
	deadLetters(h)
	for query, want := range map[string]string{
		"": "l3 l2 l1", "kind=failed": "l1", "function_id=f2": "l2", "error_kind=http_5xx&limit=1": "l3", "search=ORDERED&offset=2": "l1",
		"before=2026-03-01T09:00:00Z": "", "after=2026-03-01T09:00:00Z": "l3 l2 l1", "replayed=true": "", "replayed=false": "l3 l2 l1",
	} {
		if have := strings.Join(h.listed(query), " "); have != want {
			t.Errorf("?%s lists %q, want %q", query, have, want)
		}
	}
	h.refused(h.call("GET", "dead_letters/?after=never", ""), http.StatusBadRequest, "validation_error", "invalid_input", "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].", "after")
	l := h.object(http.StatusOK, "GET", "dead_letters/l1/", "")
	if l["function_id"] != "f1" || l["invocation_id"] != "l1" || l["mapping"] != nil || l["timestamp"] != "2026-03-01T10:00:00Z" || l["replayed_at"] != nil ||
		l["payload"].(map[string]any)["event"] == nil || l["inputs"].(map[string]any)["url"] != "https://example.com" {
		t.Errorf("letter %v", l)
	}
	if l := h.object(http.StatusOK, "GET", "dead_letters/l3/", ""); l["payload"] != nil || l["inputs"] != nil || l["function_id"] != nil {
		t.Errorf("letter %v", l)
	}
	for _, id := range []string{"l4", "nope"} {
		h.refused(h.call("GET", "dead_letters/"+id+"/", ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	}
	lines := strings.Split(strings.TrimSpace(string(h.call("GET", "dead_letters/export/?kind=failed", "").body)), "\n")
	if len(lines) != 1 || !json.Valid([]byte(lines[0])) || !strings.Contains(lines[0], `"payload":{"event":{"event":"ordered"}}`) {
		t.Errorf("export %q", lines)
	}
}

func TestDeadLettersAreReplayedAndDiscarded(t *testing.T) {
	t.Parallel()
	h := setup(t)
	deadLetters(h)
	if c := h.object(http.StatusOK, "POST", "dead_letters/replay/", `{"dry_run":true}`); c["count"] != 3.0 {
		t.Errorf("dry run %v", c)
	}
	for body, attr := range map[string]string{`{"rate":-1}`: "rate", `{"rate":"x"}`: "rate", `{"ids":7}`: "ids", `{"after":"x"}`: "after"} {
		if r := h.call("POST", "dead_letters/replay/", body); r.status != http.StatusBadRequest || !strings.Contains(string(r.body), `"attr":"`+attr) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	job := h.object(http.StatusAccepted, "POST", "dead_letters/replay/", `{"kind":["failed","set_aside"],"rate":1000}`)
	if job["total"] != 2.0 || job["function_id"] != "" {
		t.Errorf("job %v", job)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		jobs := h.object(http.StatusOK, "GET", "dead_letters/replay/", "")["results"].([]any)
		if j := jobs[0].(map[string]any); len(jobs) == 1 && j["id"] == job["id"] && j["status"] == "done" && j["queued"] == 2.0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("jobs %v", jobs)
		}
	}
	if have := h.listed("replayed=false"); !slices.Equal(have, []string{"l2"}) {
		t.Errorf("left %v", have)
	}
	if l := h.object(http.StatusOK, "GET", "dead_letters/l1/", ""); l["replayed_as"] != "l1-again" || l["replayed_at"] == nil {
		t.Errorf("letter %v", l)
	}
	h.refused(h.call("POST", "dead_letters/replay/", `{"kind":["failed"]}`), http.StatusBadRequest, "validation_error", "invalid_input",
		"No dead letter matches that was not replayed already.", "")
	h.refused(h.call("DELETE", "dead_letters/replay/nope/", ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	if r := h.call("DELETE", "dead_letters/l2/", ""); r.status != http.StatusNoContent {
		t.Errorf("discarding one: %d %s", r.status, r.body)
	}
	if c := h.object(http.StatusOK, "POST", "dead_letters/discard/", `{"dry_run":true}`); c["count"] != 2.0 {
		t.Errorf("dry run %v", c)
	}
	if c := h.object(http.StatusOK, "POST", "dead_letters/discard/", `{}`); c["count"] != 2.0 {
		t.Errorf("discarded %v", c)
	}
	if have := h.listed(""); len(have) != 0 {
		t.Errorf("left %v", have)
	}
}

func TestInternalEvents(t *testing.T) {
	t.Parallel()
	h := setup(t)
	if r := h.object(http.StatusAccepted, "POST", "internal_events/", `{"event":"$insight_alert_firing","distinct_id":"d","properties":{"alert_id":"a1"},"timestamp":"2026-03-01T10:00:00Z","url":"https://hog.example/x"}`); r["status"] != "queued" {
		t.Errorf("answer %v", r)
	}
	if len(h.internal) != 1 {
		t.Fatalf("internal events %v", h.internal)
	}
	if ev := h.internal[0]; ev.Project != h.project.ID || ev.Name != "$insight_alert_firing" || ev.DistinctID != "d" || string(ev.Properties) != `{"alert_id":"a1"}` ||
		ev.Timestamp.Hour() != 10 || ev.URL != "https://hog.example/x" {
		t.Errorf("internal event %+v", ev)
	}
	for body, attr := range map[string]string{`{}`: "event", `{"event":""}`: "event", `{"event":"x","properties":[]}`: "properties", `{"event":"x","timestamp":"x"}`: "timestamp"} {
		if r := h.call("POST", "internal_events/", body); r.status != http.StatusBadRequest || !strings.Contains(string(r.body), `"attr":"`+attr+`"`) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
}
