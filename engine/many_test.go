package engine_test

import (
	"fmt"
	"testing"
	"time"

	"hogpen/cdp"
)

// Ten thousand destinations, each for an event of its own: an event touches
// one, a save takes no longer than a blink, and all counts are right.
func TestManyFunctions(t *testing.T) {
	t.Parallel()
	const n = 10_000
	h := newHouse(t, nil)
	f := h.function("f", cdp.Destination, "print(1)")
	for i := range n {
		h.put(f, func(f *cdp.Function) {
			f.ID = cdp.FunctionID(fmt.Sprint("f", i))
			only(fmt.Sprint("event ", i))(f)
		})
	}
	began := time.Now()
	h.start()
	t.Logf("start with %d functions: %s", n, time.Since(began))
	h.put(f, func(f *cdp.Function) { f.ID = "f7"; only("event 7")(f) })
	began = time.Now()
	if err := h.e.Reload(t.Context(), 1, "f7"); err != nil {
		t.Fatal(err)
	}
	t.Logf("reload: %s", time.Since(began))
	h.capture("event 7", `{}`)
	h.capture("nobody's", `{}`)
	h.wantMetrics("f7", "succeeded 1, triggered 1")
	h.e.Stop()
	h.wantMetrics("f7", "filtered 1, succeeded 1, triggered 1")
	h.wantMetrics("f8", "filtered 2")
}
