package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// Parts of the engine that are tested on their own.
var (
	EncodeEvent = encodeEvent
	DecodeEvent = decodeEvent
)

// MaxPending is the recorder's bound.
const MaxPending = maxPending

// NewMasker gives the question "is this one masked?" over a clock.
func NewMasker(now func() time.Time) func(cdp.FunctionID, *cdp.Masking, string) bool {
	k := newMasker(now, slog.New(slog.DiscardHandler), nil)
	n := 0
	return func(f cdp.FunctionID, m *cdp.Masking, key string) bool {
		n++
		return k.masked(f, cdp.InvocationID(strconv.Itoa(n)), m, key)
	}
}

// NewBatcher gives a recorder's add and flush, and what was lost.
func NewBatcher(to Recorder) (add func(cdp.Batch), flush func(), lost func() int64) {
	c := newCounters()
	b := newBatcher(to, slog.New(slog.DiscardHandler), c)
	return b.add, func() { b.flush(true) }, c.lost.Load
}

// DecodeInvocation reads an invocation's message.
func (e *Engine) DecodeInvocation(b []byte) (*cdp.Invocation, bool, error) {
	return e.decodeInvocation(b)
}

// TimingCost is what one timed part of a run costs.
var TimingCost = timingCost

// TestWatcher is a watcher without an engine.
type TestWatcher struct{ w *watcher }

// NewTestWatcher makes a watcher over a clock.
func NewTestWatcher(now func() time.Time, store States, changed func(StateChange)) *TestWatcher {
	return &TestWatcher{newWatcher(now, slog.New(slog.DiscardHandler), store, func(c stateChange) {
		changed(StateChange{Function: c.w.Function, State: c.w.State, Previous: c.before})
	})}
}

// Observe charges a function of project 1.
func (t *TestWatcher) Observe(f cdp.FunctionID, timings []executor.Timing, fault string) {
	t.w.observe(1, f, timings, fault)
}

// The watcher's own steps.
func (t *TestWatcher) Weigh()                             { t.w.weigh() }
func (t *TestWatcher) Keep()                              { t.w.keep(true) }
func (t *TestWatcher) Load(ctx context.Context) error     { return t.w.load(ctx) }
func (t *TestWatcher) Status(f cdp.FunctionID) cdp.Status { return t.w.status(f) }
func (t *TestWatcher) Saved(ctx context.Context, f *cdp.Function) error {
	return (&Engine{watcher: t.w}).Saved(ctx, f)
}

// Set chooses a state.
func (t *TestWatcher) Set(ctx context.Context, f *cdp.Function, s cdp.State) (cdp.Status, cdp.State, error) {
	return t.w.set(ctx, f, s, "A test chose it.")
}

// Known is how many functions the watcher remembers.
func (t *TestWatcher) Known() int { return len(t.w.all) }

// NewBoundedMasker is a masker that remembers few windows and is asked with
// invocation IDs.
func NewBoundedMasker(now func() time.Time, most int) (masked func(cdp.FunctionID, cdp.InvocationID, *cdp.Masking, string) bool, known func() int) {
	k := newMasker(now, slog.New(slog.DiscardHandler), nil)
	k.most = most
	return k.masked, func() int { return len(k.windows) }
}

// Arranged describes the set of functions that follows from saves one after
// the other, and the one that is made of the same functions at once. A nil
// function removes the one of that ID.
func Arranged(saves []Save) (stepwise, atOnce string) {
	p, last := &projectSet{}, map[cdp.FunctionID]*executor.Function{}
	for _, s := range saves {
		p = p.with(cdp.Project{}, map[cdp.FunctionID]*executor.Function{s.ID: s.Function})
		last[s.ID] = s.Function
		if s.Function == nil {
			delete(last, s.ID)
		}
	}
	return describe(p), describe(arrange(cdp.Project{}, newFunctionMap(last)))
}

// Save is a function as it becomes live.
type Save struct {
	ID       cdp.FunctionID
	Function *executor.Function
}

func describe(p *projectSet) string {
	out := fmt.Sprintf("%d functions", p.functions.len())
	list := func(name string, fs functionList) {
		out += "\n" + name + ":"
		for f := range fs.all {
			out += fmt.Sprintf(" %s@%d", f.ID, f.Version)
		}
	}
	list("transformations", p.transformations)
	list("any", p.any)
	list("named", p.named)
	list("updates", p.updates)
	list("internal", p.internal)
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		list(name, p.byName[name].functions)
	}
	return out
}

// MapsAfter gives the map of functions as it was after every so many saves,
// each read once all are done.
func MapsAfter(saves []Save, every int) []map[cdp.FunctionID]*executor.Function {
	var m functionMap
	var then []functionMap
	for i, s := range saves {
		m = m.with(map[cdp.FunctionID]*executor.Function{s.ID: s.Function})
		if (i+1)%every == 0 {
			then = append(then, m)
		}
	}
	out := make([]map[cdp.FunctionID]*executor.Function, len(then))
	for i, m := range then {
		out[i] = map[cdp.FunctionID]*executor.Function{}
		for f := range m.all() {
			out[i][f.ID] = f
			if m.get(f.ID) != f {
				panic("a function is not found under its ID")
			}
		}
		if m.len() != len(out[i]) {
			panic("the length is wrong")
		}
	}
	return out
}
