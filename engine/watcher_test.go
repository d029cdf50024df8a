package engine_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
	"hogpen/engine"
	"hogpen/engine/executor"
)

// watch is a watcher over a clock that the test turns.
type watch struct {
	*engine.TestWatcher
	now     time.Time
	changes []string
}

func newWatch(store engine.States) *watch {
	w := &watch{now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	w.TestWatcher = engine.NewTestWatcher(func() time.Time { return w.now }, store, func(c engine.StateChange) {
		w.changes = append(w.changes, c.Previous.String()+" to "+c.State.String())
	})
	return w
}

func (w *watch) want(t *testing.T, state cdp.State, tokens int) {
	t.Helper()
	if s := w.Status("f"); s.State != state || s.Tokens != tokens {
		t.Errorf("at %s: have %s with %d tokens (%s), want %s with %d", w.now.Format("15:04:05"), s.State, s.Tokens, s.Reason, state, tokens)
	}
}

func TestCostOfTimings(t *testing.T) { // 8.2
	t.Parallel()
	for _, tt := range []struct {
		fetch bool
		took  time.Duration
		want  int
	}{
		{false, 40 * time.Millisecond, 0}, {false, 300 * time.Millisecond, 50}, {true, 100 * time.Millisecond, 0},
		{true, 2550 * time.Millisecond, 10}, {true, 7450 * time.Millisecond, 30}, {false, 550 * time.Millisecond, 100},
		{false, 1050 * time.Millisecond, 200},
	} {
		if have := engine.TimingCost(executor.Timing{Fetch: tt.fetch, Took: tt.took}); have != tt.want {
			t.Errorf("fetch %t, %s costs %d, want %d", tt.fetch, tt.took, have, tt.want)
		}
	}
}

func slow(n int) []executor.Timing {
	return slices.Repeat([]executor.Timing{{Took: 550 * time.Millisecond}}, n)
}

func TestConstantlySlowFunctionIsDegradedThenStopped(t *testing.T) { // 15.4, 2
	t.Parallel()
	w := newWatch(nil)
	w.Observe("f", slow(19), "")
	w.Weigh()
	w.want(t, cdp.StateHealthy, 8100)
	w.Observe("f", slow(1), "")
	w.Weigh()
	w.want(t, cdp.StateDegraded, 8000)
	// Locked for a minute, and refilled by 10 a second meanwhile.
	w.now = w.now.Add(59 * time.Second)
	w.Observe("f", slow(200), "")
	w.Weigh()
	w.want(t, cdp.StateDegraded, 0)
	w.now = w.now.Add(time.Second)
	w.Observe("f", slow(1), "")
	w.Weigh()
	w.want(t, cdp.StateDisabled, 0)
	// It never comes back by itself.
	w.now = w.now.Add(48 * time.Hour)
	w.Weigh()
	w.want(t, cdp.StateDisabled, cdp.StatusTokens)
	if want := []string{"healthy to degraded", "degraded to disabled"}; !slices.Equal(w.changes, want) {
		t.Errorf("changes = %v, want %v", w.changes, want)
	}
	if r := w.Status("f").Reason; r != "The program ran up to 0.6 s in 221 runs." {
		t.Errorf("reason = %q", r)
	}
}

func TestDegradedFunctionGetsWell(t *testing.T) { // 8.4
	t.Parallel()
	w := newWatch(nil)
	w.Observe("f", nil, "boom")
	w.Weigh()
	w.want(t, cdp.StateHealthy, 9980)
	w.Observe("f", slow(20), "boom")
	w.Weigh()
	w.want(t, cdp.StateDegraded, 7960)
	w.now = w.now.Add(59 * time.Second)
	w.Weigh()
	w.want(t, cdp.StateDegraded, 8550) // full enough, but locked
	w.now = w.now.Add(time.Second)
	w.Weigh()
	w.want(t, cdp.StateHealthy, 8560)
	w.now = w.now.Add(24 * time.Hour)
	w.Weigh()
	if n := w.Known(); n != 0 {
		t.Errorf("%d functions are still remembered", n)
	}
}

func TestChosenStates(t *testing.T) { // 15.4, 3 to 5
	t.Parallel()
	w := newWatch(nil)
	f := &cdp.Function{ID: "f", Project: 1}
	for _, tt := range []struct {
		state  cdp.State
		tokens int
	}{{cdp.StateForcefullyOff, 0}, {cdp.StateForcefullySlowed, 8000}, {cdp.StateDisabled, 0}, {cdp.StateDegraded, 8000}, {cdp.StateHealthy, 10000}} {
		if _, _, err := w.Set(t.Context(), f, tt.state); err != nil {
			t.Fatal(err)
		}
		w.want(t, tt.state, tt.tokens)
	}
	// A forced state does not change by itself, nor by a save.
	for _, s := range []cdp.State{cdp.StateForcefullyOff, cdp.StateForcefullySlowed} {
		if _, _, err := w.Set(t.Context(), f, s); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(25 * time.Hour)
		w.Observe("f", slow(500), "")
		w.Weigh()
		if err := w.Saved(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		w.want(t, s, 0)
	}
	// An automatic stop ends with a save.
	if _, _, err := w.Set(t.Context(), f, cdp.StateDisabled); err != nil {
		t.Fatal(err)
	}
	if err := w.Saved(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	w.want(t, cdp.StateDegraded, 8000)
}

func TestStatesSurviveARestart(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t)
	w := newWatch(store)
	if _, _, err := w.Set(t.Context(), &cdp.Function{ID: "off", Project: 1}, cdp.StateForcefullyOff); err != nil {
		t.Fatal(err)
	}
	w.Observe("f", slow(50), "the far side was down")
	w.Weigh()
	w.Keep()
	// No goodbye: the next process reads what was written.
	next := newWatch(store)
	next.now = w.now.Add(10 * time.Second)
	if err := next.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	next.want(t, cdp.StateDegraded, 4980+100)
	if have, want := next.Status("f"), w.Status("f"); have.Reason != want.Reason || !have.ChangedAt.Equal(want.ChangedAt) {
		t.Errorf("have %+v, want %+v", have, want)
	}
	if s := next.Status("off").State; s != cdp.StateForcefullyOff {
		t.Errorf("the chosen state is %s", s)
	}
	// The lock holds over the restart, too.
	next.now = w.now.Add(59 * time.Second)
	next.Observe("f", slow(200), "")
	next.Weigh()
	next.want(t, cdp.StateDegraded, 0)
}

func TestStateThatCannotBeStoredIsRefused(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t)
	w := newWatch(store)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Set(t.Context(), &cdp.Function{ID: "f", Project: 1}, cdp.StateForcefullyOff); err == nil {
		t.Error("a state that is lost with the process was accepted")
	}
	w.want(t, cdp.StateHealthy, cdp.StatusTokens)
}

// withStates gives the engine a real store for its states, and collects their
// changes.
func withStates(t *testing.T, changes *stateChanges) (*db.Store, func(*engine.Config)) {
	store := dbtest.Open(t)
	return store, func(c *engine.Config) { c.States, c.StateChanged = store, changes.add }
}

type stateChanges struct {
	mu  sync.Mutex
	all []engine.StateChange
}

func (s *stateChanges) add(c engine.StateChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, c)
}

func (s *stateChanges) last() (engine.StateChange, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return engine.StateChange{}, false
	}
	return s.all[len(s.all)-1], true
}

// failingReason is the whole reason; on a busy machine requests and programs
// may be slow, which is then said too.
var failingReason = regexp.MustCompile(`^\d+ runs failed; (\d+ requests? took up to [\d.]+ s; )?(the program ran up to [\d.]+ s in \d+ runs?; )?last error: .*status code 404`)

func TestFailingFunctionIsDegraded(t *testing.T) {
	t.Parallel()
	var changes stateChanges
	_, cfg := withStates(t, &changes)
	h := newHouse(t, cfg)
	h.sink.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	for range 110 { // at 20 tokens each
		h.capture("a", `{}`)
	}
	h.eventually("the function is degraded", func() bool { c, ok := changes.last(); return ok && c.State == cdp.StateDegraded })
	if c, _ := changes.last(); c.Previous != cdp.StateHealthy || c.Function != "hook" || c.Project != 1 || !failingReason.MatchString(c.Reason) {
		t.Errorf("change = %+v", c)
	}
	h.eventually("its log says so", func() bool { return strings.Contains(h.logs("hook"), "warn The watcher slows this function down. ") })
}

func TestStoppedFunctionDoesNotRun(t *testing.T) { // 15.4, 3
	t.Parallel()
	var changes stateChanges
	store, cfg := withStates(t, &changes)
	h := newHouse(t, cfg)
	hook := h.put(h.function("hook", cdp.Destination, forward))
	change := h.put(h.function("change", cdp.Transformation, "let e := event; e.properties.n := 1; return e"))
	h.start()
	fns := &cdp.Functions{Store: shelfStore{Store: store, shelf: h.shelf}, Watcher: h.e}
	for _, f := range []*cdp.Function{hook, change} {
		if _, err := fns.SetState(t.Context(), 0, 1, f.ID, cdp.StateForcefullyOff); err != nil {
			t.Fatal(err)
		}
	}
	ev := h.capture("a", `{}`)
	h.wantMetrics("hook", "disabled_permanently 1")
	h.wantMetrics("change", "disabled_permanently 1")
	if got, ok := h.event(ev.UUID); !ok || string(got.Properties) != "{}" {
		t.Errorf("the event is %s", got.Properties)
	}
	if got := h.sink.caught(); len(got) != 0 {
		t.Errorf("caught %q", got)
	}
	if s, err := fns.SetState(t.Context(), 0, 1, "hook", cdp.StateHealthy); err != nil || s.Tokens != cdp.StatusTokens || s.State != cdp.StateHealthy {
		t.Errorf("status = %+v, %v", s, err)
	}
	h.capture("a", `{}`)
	h.wantMetrics("hook", "disabled_permanently 1, fetch 1, succeeded 1, triggered 1")
}

// shelfStore answers for functions out of a shelf, and for all else out of a
// database.
type shelfStore struct {
	*db.Store
	shelf *shelf
}

func (s shelfStore) Function(ctx context.Context, p cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error) {
	return s.shelf.Function(ctx, p, id)
}

func TestWaitingInvocationOfAStoppedFunctionIsCancelled(t *testing.T) {
	t.Parallel()
	var changes stateChanges
	_, cfg := withStates(t, &changes)
	h := newHouse(t, func(c *engine.Config) {
		cfg(c)
		c.Backoff = func(int) time.Duration { return 200 * time.Millisecond }
	})
	h.sink.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	hook := h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	h.capture("a", `{}`)
	h.eventually("the first attempt", func() bool { return len(h.sink.caught()) == 1 })
	if _, _, err := h.e.SetState(t.Context(), hook, cdp.StateForcefullyOff, "A test chose it."); err != nil {
		t.Fatal(err)
	}
	h.wantMetrics("hook", "cancelled 1, retried 1, triggered 1")
	if r := h.run("hook"); r.Status != "cancelled" {
		t.Errorf("run = %+v", r)
	}
}
