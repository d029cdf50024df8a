package engine_test

import (
	"fmt"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
)

// TestOutcomesAddUp sends events past functions of all kinds: what became of
// them adds up to the events, and what was triggered to how it ended.
func TestOutcomesAddUp(t *testing.T) {
	t.Parallel()
	h, store, _, _ := rerunHouse(t) // its destination is down
	threshold := 2
	masked := cdp.Masking{TTL: 3600, Threshold: &threshold, Hash: "x", Bytecode: condition(t, "'x'")}
	for id, change := range map[string]func(*cdp.Function){
		"all":    func(*cdp.Function) {},
		"named":  only("b"),
		"half":   func(f *cdp.Function) { f.Filters.Bytecode = condition(t, "properties.n % 2 = 0") },
		"broken": func(f *cdp.Function) { f.Filters.Bytecode = []byte(`["_H",1,2,"nope",0]`) },
		"masked": func(f *cdp.Function) { f.Masking = &masked },
		"inputs": func(f *cdp.Function) {
			f.Inputs = cdp.Inputs{{Key: "url", Value: []byte(`"{f()}"`), Bytecode: []byte(`["_H",1,2,"nope",0]`)}}
		},
		"stopped": func(*cdp.Function) {},
		"slowed":  func(*cdp.Function) {},
	} {
		h.put(h.function(id, cdp.Destination, forward), change)
	}
	h.start()
	for id, state := range map[cdp.FunctionID]cdp.State{"stopped": cdp.StateForcefullyOff, "slowed": cdp.StateForcefullySlowed} {
		if _, _, err := h.e.SetState(t.Context(), &cdp.Function{ID: id, Project: 1}, state, "A test chose it."); err != nil {
			t.Fatal(err)
		}
	}
	const events = 60
	for i := range events {
		h.capture([]string{"a", "b", "c"}[i%3], fmt.Sprintf(`{"n":%d}`, i))
	}
	for _, id := range []cdp.FunctionID{"all", "named", "half", "broken", "masked", "inputs", "stopped", "slowed"} {
		var m map[string]int64
		ok := func() bool {
			m = h.totals(store, id)
			evaluated := m["filtered"] + m["filtering_failed"] + m["inputs_failed"] + m["masked"] + m["disabled_permanently"] + m["triggered"]
			return evaluated == events && m["triggered"] == m["succeeded"]+m["failed"]+m["cancelled"]
		}
		deadline := time.Now().Add(20 * time.Second)
		for !ok() && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		if !ok() {
			t.Errorf("%s: %v do not add up to %d", id, m, events)
		}
		t.Log(id, m)
	}
}

func TestMaskingKnowsWhatPassed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	masked, known := engine.NewBoundedMasker(func() time.Time { return now }, 100)
	m := &cdp.Masking{TTL: 60}
	if masked("f", "one", m, "k") {
		t.Error("the first is held back")
	}
	if masked("f", "one", m, "k") {
		t.Error("the first is held back by itself when its event comes again")
	}
	if !masked("f", "two", m, "k") {
		t.Error("the second passes")
	}
	if masked("g", "two", m, "k") {
		t.Error("another function's window holds it back")
	}
	for i := range 1000 {
		masked("f", "x", m, fmt.Sprint(i))
	}
	if n := known(); n > 100 {
		t.Errorf("%d windows are remembered, want at most 100", n)
	}
	now = now.Add(2 * time.Minute)
	masked("f", "x", m, "k")
	if n := known(); n != 1 {
		t.Errorf("%d windows are remembered after all ended", n)
	}
}
