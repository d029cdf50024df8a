package engine_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine"
)

// rerunHouse records into a real database, and has a destination that is down
// until up is set.
func rerunHouse(t *testing.T) (h *house, store *db.Store, rs *cdp.Reruns, up *atomic.Bool) {
	t.Helper()
	store, up = dbtest.Open(t), new(atomic.Bool)
	h = newHouse(t, func(c *engine.Config) { c.Recorder = store })
	h.sink.answer = func(_ int, w http.ResponseWriter, _ *http.Request) {
		if !up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	rs = &cdp.Reruns{Store: store, Runner: h.e}
	t.Cleanup(rs.Stop)
	return h, store, rs, up
}

func (h *house) totals(store *db.Store, f cdp.FunctionID) map[string]int64 {
	h.t.Helper()
	all, err := store.MetricTotals(h.t.Context(), cdp.MetricQuery{
		Project: 1, Function: f, By: "name", After: time.Now().Add(-time.Hour), Before: time.Now().Add(time.Hour)})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func TestRunsAreDoneAgain(t *testing.T) {
	t.Parallel()
	h, store, rs, up := rerunHouse(t)
	h.put(h.function("hook", cdp.Destination, forward), func(f *cdp.Function) {
		f.Mappings = []cdp.Mapping{{}, {Inputs: cdp.Inputs{{Key: "url", Value: json.RawMessage(`"` + h.url + `/second"`)}}}}
	})
	h.put(h.function("other", cdp.Destination, "print(1)"))
	h.start()
	for range 3 {
		h.capture("a", `{"n":1}`)
	}
	h.eventually("all runs fail", func() bool { return h.totals(store, "hook")["failed"] == 6 })
	q := cdp.RunQuery{Project: 1, Function: "hook"}
	if runs, gone, err := rs.Count(t.Context(), q); err != nil || runs != 6 || gone != 0 {
		t.Fatalf("the dry run finds %d, %d gone, %v", runs, gone, err)
	}
	if runs, _, err := rs.Count(t.Context(), cdp.RunQuery{Project: 1, Function: "hook", ErrorKinds: []string{"timeout"}}); err != nil || runs != 0 {
		t.Errorf("%d runs timed out, %v", runs, err)
	}
	up.Store(true)
	before := len(h.sink.caught())
	job, err := rs.Start(t.Context(), 0, q, 1000)
	if err != nil || job.Total != 6 || job.Status != "running" {
		t.Fatalf("job = %+v, %v", job, err)
	}
	h.eventually("all are done again", func() bool { return h.totals(store, "hook")["succeeded"] == 6 })
	h.eventually("the job ends", func() bool { return rs.List(1, "hook")[0].Status == "done" })
	if j := rs.List(1, "")[0]; j.Queued != 6 || j.Skipped != 0 || j.Finished.IsZero() {
		t.Errorf("job = %+v", j)
	}
	if got := h.totals(store, "hook"); got["replayed"] != 6 || got["triggered"] != 6 || got["failed"] != 6 {
		t.Errorf("metrics = %v", got)
	}
	if n := len(h.sink.caught()) - before; n != 6 {
		t.Errorf("%d requests, want 6", n)
	}
	// What was done again is not found a second time.
	if _, err := rs.Start(t.Context(), 0, q, 0); !cdp.HasCode(err, cdp.Invalid) {
		t.Errorf("a second job: %v", err)
	}
}

func TestRerunOfWhatFailsAgain(t *testing.T) {
	t.Parallel()
	h, store, rs, _ := rerunHouse(t)
	h.put(h.function("hook", cdp.Destination, forward), func(f *cdp.Function) {
		f.Mappings = []cdp.Mapping{{Disabled: true}, {}}
	})
	h.start()
	h.capture("a", `{}`)
	q := cdp.RunQuery{Project: 1, Function: "hook"}
	for n := int64(1); n <= 3; n++ {
		h.eventually("the run fails", func() bool { return h.totals(store, "hook")["failed"] == n })
		h.eventually("it is recorded", func() bool { runs, _, err := rs.Count(t.Context(), q); return err == nil && runs == 1 })
		if _, err := rs.Start(t.Context(), 0, q, 100); err != nil {
			t.Fatal(err)
		}
		h.eventually("the job ends", func() bool { return rs.List(1, "hook")[0].Status == "done" })
	}
}

func TestRerunIsBoundedAndCancelled(t *testing.T) {
	t.Parallel()
	h, store, rs, _ := rerunHouse(t)
	h.put(h.function("hook", cdp.Destination, "throw Error('no')"))
	h.start()
	for range 40 {
		h.capture("a", `{}`)
	}
	h.eventually("all runs fail", func() bool { return h.totals(store, "hook")["failed"] == 40 })
	q := cdp.RunQuery{Project: 1, Function: "hook"}
	job, err := rs.Start(t.Context(), 0, q, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rs.Start(t.Context(), 0, q, 5); !cdp.HasCode(err, cdp.Invalid) {
		t.Errorf("two at a time: %v", err)
	}
	h.eventually("some are done", func() bool { return rs.List(1, "")[0].Queued > 0 })
	if _, err := rs.Cancel(2, job.ID); !cdp.HasCode(err, cdp.NotFound) {
		t.Errorf("another project cancels: %v", err)
	}
	if _, err := rs.Cancel(1, job.ID); err != nil {
		t.Error(err)
	}
	h.eventually("it is cancelled", func() bool { return rs.List(1, "")[0].Status == "cancelled" })
	if n := rs.List(1, "")[0].Queued; n > 20 {
		t.Errorf("%d were done at 5 a second", n)
	}
	for _, rate := range []int{-1, 1001} {
		if _, err := rs.Start(t.Context(), 0, q, rate); !cdp.HasCode(err, cdp.Invalid) {
			t.Errorf("rate %d: %v", rate, err)
		}
	}
}

func TestRerunSkipsWhatIsGone(t *testing.T) {
	t.Parallel()
	h, store, rs, _ := rerunHouse(t)
	hook := h.put(h.function("hook", cdp.Destination, "throw Error('no')"))
	h.start()
	h.capture("a", `{}`)
	h.eventually("the run fails", func() bool { return h.totals(store, "hook")["failed"] == 1 })
	h.put(hook, func(f *cdp.Function) { f.Enabled = false })
	if err := h.e.Reload(t.Context(), 1, "hook"); err != nil {
		t.Fatal(err)
	}
	if _, err := rs.Start(t.Context(), 0, cdp.RunQuery{Project: 1, Function: "hook"}, 0); err != nil {
		t.Fatal(err)
	}
	h.eventually("it is skipped", func() bool { j := rs.List(1, "")[0]; return j.Status == "done" && j.Skipped == 1 && j.Queued == 0 })
}
