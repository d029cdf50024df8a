package engine_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
)

// remembered is what an earlier process recorded.
type remembered []string

func (r remembered) NewestEvents(_ context.Context, _ time.Time, _ int, each func(cdp.ProjectID, string)) error {
	for _, uuid := range r {
		each(1, uuid)
	}
	return nil
}

// TestRecordedEventIsNotCountedAgain: the process died after an event was
// recorded and before the queue knew. It is delivered, and counts once.
func TestRecordedEventIsNotCountedAgain(t *testing.T) {
	t.Parallel()
	const old = "0195a1f0-7d7e-7000-8000-00000000aaaa"
	h := newHouse(t, func(c *engine.Config) { c.Memory = remembered{old} })
	h.put(h.function("same", cdp.Transformation, "return event"))
	h.put(h.function("hook", cdp.Destination, forward))
	before := time.Now().Add(-time.Minute)
	ev := cdp.Event{Project: 1, UUID: old, Name: "a", DistinctID: "u1", Timestamp: before, ReceivedAt: before, Properties: json.RawMessage(`{}`)}
	if err := h.e.Capture(t.Context(), []cdp.Event{ev}); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.wantMetrics("hook", "fetch 1, succeeded 1")
	fresh := h.capture("b", `{}`)
	h.wantMetrics("hook", "fetch 2, succeeded 2, triggered 1")
	h.wantMetrics("same", "succeeded 1")
	if _, again := h.event(old); again {
		t.Error("the event was recorded again")
	}
	if _, ok := h.event(fresh.UUID); !ok {
		t.Error("a new event was not recorded")
	}
}
