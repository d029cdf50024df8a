package executor_test

import (
	"strings"
	"testing"

	"hogpen/cdp"
)

// twice makes a value that is small and whose JSON has no end: each list holds
// the one before it twice.
const twice = "let a := ['0']\nlet i := 0\nwhile (i < 60) { a := [a, a]\ni := i + 1 }\n"

// What a program hands on is bounded: a run that hands on too much fails by
// itself, and leaves nothing in the queue that cannot be read again.
func TestValuesWithoutEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, tt := range []struct{ src, log string }{
		{"fetch('" + h.url + "', {'body': a})", "HTTP fetch failed on attempt 1 with status code (none). Error: Request exceeds the limit of 20971520 bytes."},
		{"fetch('" + h.url + "', {'headers': {'a': a}})", "Request exceeds the limit of 20971520 bytes."},
		{"postHogCapture({'event': 'x', 'distinct_id': 'u', 'properties': {'a': a}})", "postHogCapture was called with more than 20971520 bytes"},
		{"sleep(1, a)", "the function holds more than 20971520 bytes and cannot wait"},
		{"let d := []\nlet n := 0\nwhile (n < 20000) { d := [d]\nn := n + 1 }\nsleep(1)", "the function cannot wait: state: values are nested deeper than"},
	} {
		s := h.run(h.destination(twice+tt.src), event("{}"))
		if s.Outcome != cdp.OutcomeFailed || len(s.Captured) != 0 {
			t.Errorf("%s: %s, %d captured", tt.src, s.Outcome, len(s.Captured))
		}
		s.has(t, "error", tt.log)
	}
	if n := len(h.requests()); n != 0 {
		t.Errorf("%d requests left the house", n)
	}
	s := h.run(h.destination(twice+"print('a', a)"), event("{}"))
	if s.Outcome != cdp.OutcomeSucceeded || len(s.logs) == 0 || !strings.HasSuffix(s.logs[0], "... (truncated)") {
		t.Errorf("print: %s, %.100q", s.Outcome, s.logs)
	}
	after, outs := h.transform(event(`{"b":1}`), h.transformation("T", twice+"return {'properties': {'a': a}}"))
	if want := `{"b":1,"$transformations_failed":["T (id-T)"]}`; string(after.Properties) != want {
		t.Errorf("transformation: %.200s, want %s", after.Properties, want)
	}
	if len(outs) != 1 || len(outs[0].Logs) == 0 || !strings.Contains(outs[0].Logs[len(outs[0].Logs)-1].Message, "properties are larger than 20971520 bytes") {
		t.Errorf("transformation: %+v", outs)
	}
}

// An input that has no end fails before there is an invocation.
func TestInputWithoutEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	nested := "'0'"
	for range 30 {
		nested = "(x -> [x, x])(" + nested + ")"
	}
	m := h.x.Match(h.compile(h.destination("return 1", "big", "{"+nested+"}")), h.scope(event("{}")))
	if len(m.Planned) != 0 || len(m.Failures) != 1 || m.Failures[0].Message != "input big is larger than 20971520 bytes" {
		t.Errorf("%d planned, failures %+v", len(m.Planned), m.Failures)
	}
}
