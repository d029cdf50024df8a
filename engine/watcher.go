package engine

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// The figures of the watcher (runtime specification 8.2, 8.3).
const (
	refillPerSecond = 10
	degradedTokens  = cdp.StatusTokens * 8 / 10
	stateTTL        = 24 * time.Hour
	stateLock       = 60 * time.Second
	errorCost       = 20
	watchEvery      = 500 * time.Millisecond
	// keepTokensEvery is how often mere tokens are written. A crash forgets
	// the charges since; a change of state is written at once.
	keepTokensEvery = 10 * time.Second
	stateTimeout    = 10 * time.Second
)

// States is where the states of functions outlive the process. db.Store is one.
type States interface {
	// States gives all that are kept.
	States(ctx context.Context) ([]cdp.Watched, error)
	// KeepStates writes some, durably. One that is healthy with a full bucket
	// need not be kept.
	KeepStates(ctx context.Context, all []cdp.Watched) error
}

// watcher slows and stops functions that are slow or fail (runtime
// specification 8). Results that cost nothing never reach it; what the others
// cost is added up in memory and weighed twice a second. Whoever runs
// functions asks for states in an immutable map that holds only those that are
// not healthy.
type watcher struct {
	now   func() time.Time
	log   *slog.Logger
	store States // nil keeps nothing
	// changed is told of each change of state, outside of all locks.
	changed func(stateChange)

	apart atomic.Pointer[map[cdp.FunctionID]cdp.State]

	mu      sync.Mutex
	charges map[cdp.FunctionID]*charge // since they were last weighed
	all     map[cdp.FunctionID]*watched
	dirty   map[cdp.FunctionID]struct{} // not yet written
	kept    time.Time                   // when tokens were last written

	// writing is held while states are written, so that an older one never
	// overwrites a newer.
	writing sync.Mutex
}

// charge is what results of one function cost.
type charge struct {
	project cdp.ProjectID
	cost    int
	causes  causes
}

// causes say what a function is charged for.
type causes struct {
	failed   int
	last     string // error
	requests int    // slow ones
	request  time.Duration
	programs int // slow ones
	longest  time.Duration
}

func (c *causes) add(o causes) {
	c.failed += o.failed
	if o.last != "" {
		c.last = o.last
	}
	c.requests += o.requests
	c.request = max(c.request, o.request)
	c.programs += o.programs
	c.longest = max(c.longest, o.longest)
}

// watched is one function that was charged or whose state was chosen.
type watched struct {
	cdp.Watched
	causes causes // since the bucket was last full
}

// stateChange is one function's way from one state to another.
type stateChange struct {
	w      cdp.Watched
	before cdp.State
}

func newWatcher(now func() time.Time, log *slog.Logger, store States, changed func(stateChange)) *watcher {
	w := &watcher{
		now: now, log: log, store: store, changed: changed,
		charges: map[cdp.FunctionID]*charge{}, all: map[cdp.FunctionID]*watched{}, dirty: map[cdp.FunctionID]struct{}{},
	}
	w.publish()
	return w
}

// load takes up the states that an earlier process kept.
func (w *watcher) load(ctx context.Context) error {
	if w.store == nil {
		return nil
	}
	kept, err := w.store.States(ctx)
	if err != nil {
		return fmt.Errorf("load the states of functions: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range kept {
		w.all[k.Function] = &watched{Watched: k}
	}
	w.publish()
	return nil
}

// state is healthy unless told otherwise. It takes no lock.
func (w *watcher) state(f cdp.FunctionID) cdp.State {
	apart := *w.apart.Load()
	if len(apart) == 0 {
		return cdp.StateHealthy
	}
	if s, ok := apart[f]; ok {
		return s
	}
	return cdp.StateHealthy
}

// publish renews the map that state reads. Needs mu.
func (w *watcher) publish() {
	apart := map[cdp.FunctionID]cdp.State{}
	for id, f := range w.all {
		if f.State != cdp.StateHealthy {
			apart[id] = f.State
		}
	}
	w.apart.Store(&apart)
}

// timingCost is what one timed part of a run costs: nothing up to lower, base
// at upper, and more beyond.
func timingCost(t executor.Timing) int {
	base, lower, upper := 100.0, 50.0, 550.0
	if t.Fetch {
		base, lower, upper = 20, 100, 5000
	}
	ms := float64(t.Took) / float64(time.Millisecond)
	if ms <= lower {
		return 0
	}
	return int(base*(ms-lower)/(upper-lower) + 0.5)
}

// observe charges a function for a step of a run. fault is the error of a run
// that ended as failed.
func (w *watcher) observe(p cdp.ProjectID, f cdp.FunctionID, timings []executor.Timing, fault string) {
	var c charge
	for _, t := range timings {
		n := timingCost(t)
		if n == 0 {
			continue
		}
		c.cost += n
		if t.Fetch {
			c.causes.add(causes{requests: 1, request: t.Took})
		} else {
			c.causes.add(causes{programs: 1, longest: t.Took})
		}
	}
	if fault != "" {
		c.cost += errorCost
		c.causes.add(causes{failed: 1, last: fault})
	}
	if c.cost > 0 {
		w.charge(p, f, c)
	}
}

// transformed charges a transformation for a run.
func (w *watcher) transformed(p cdp.ProjectID, f cdp.FunctionID, took time.Duration, fault string) {
	if fault == "" && took <= 50*time.Millisecond {
		return
	}
	w.observe(p, f, []executor.Timing{{Took: took}}, fault)
}

func (w *watcher) charge(p cdp.ProjectID, f cdp.FunctionID, c charge) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := w.charges[f]
	if sum == nil {
		sum = &charge{project: p}
		w.charges[f] = sum
	}
	sum.cost += c.cost
	sum.causes.add(c.causes)
}

// run weighs and writes until ctx ends, and then once more.
func (w *watcher) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			w.weigh()
			w.keep(true)
			return
		case <-tick.C:
			w.weigh()
			w.keep(false)
		}
	}
}

// weigh applies the charges since it was last called and changes states by
// what is left. Functions that are not full are weighed without a charge too:
// a degraded one gets well although nothing runs.
func (w *watcher) weigh() {
	w.mu.Lock()
	now := w.now()
	for id, c := range w.charges {
		f := w.all[id]
		if f == nil {
			f = &watched{Watched: fresh(c.project, id, now)}
			w.all[id] = f
		}
		f.refill(now)
		if f.Tokens -= c.cost; f.Tokens < 0 {
			f.Tokens = -1
		}
		f.causes.add(c.causes)
		w.dirty[id] = struct{}{}
	}
	clear(w.charges)
	var changes []stateChange
	for id, f := range w.all {
		f.refill(now)
		if next := f.next(now); next != f.State {
			changes = append(changes, w.turn(f, next, f.explain(next), now))
		}
		if f.idle(now) {
			delete(w.all, id)
			w.dirty[id] = struct{}{}
		}
	}
	if len(changes) > 0 {
		w.publish()
	}
	w.mu.Unlock()
	for _, c := range changes {
		w.changed(c)
	}
}

func fresh(p cdp.ProjectID, id cdp.FunctionID, now time.Time) cdp.Watched {
	return cdp.Watched{
		Project: p, Function: id, At: now.Truncate(time.Second),
		Status: cdp.Status{State: cdp.StateHealthy, Tokens: cdp.StatusTokens},
	}
}

// turn puts a function into a state. Needs mu.
func (w *watcher) turn(f *watched, to cdp.State, reason string, now time.Time) stateChange {
	before := f.State
	f.State, f.Reason, f.ChangedAt, f.LockedUntil = to, reason, now.UTC().Truncate(time.Microsecond), now.Add(stateLock)
	w.dirty[f.Function] = struct{}{}
	w.kept = time.Time{} // do not wait
	return stateChange{f.Watched, before}
}

// refill adds the tokens of the whole seconds since they were last counted.
func (f *watched) refill(now time.Time) {
	now = now.Truncate(time.Second)
	passed := now.Sub(f.At)
	if passed <= 0 {
		if passed < 0 {
			f.At = now // the clock was set back
		}
		return
	}
	f.At = now
	if passed >= stateTTL {
		f.Tokens = cdp.StatusTokens
	} else {
		f.Tokens = min(f.Tokens+int(passed/time.Second)*refillPerSecond, cdp.StatusTokens)
	}
	if f.Tokens == cdp.StatusTokens {
		f.causes = causes{}
	}
}

// next is the state that the tokens ask for.
func (f *watched) next(now time.Time) cdp.State {
	automatic := f.State == cdp.StateHealthy || f.State == cdp.StateDegraded
	switch {
	case !automatic || now.Before(f.LockedUntil):
		return f.State
	case f.Tokens < 0:
		return cdp.StateDisabled
	case f.Tokens <= degradedTokens:
		return cdp.StateDegraded
	}
	return cdp.StateHealthy
}

// idle reports that nothing need be known of the function any more.
func (f *watched) idle(now time.Time) bool {
	return f.State == cdp.StateHealthy && f.Tokens == cdp.StatusTokens && !now.Before(f.LockedUntil)
}

// explain says in a sentence why the state becomes what it becomes.
func (f *watched) explain(next cdp.State) string {
	if next == cdp.StateHealthy {
		return "Its runs are fast and succeed again."
	}
	c, text := f.causes, ""
	add := func(s string) {
		if text != "" {
			text += "; "
		}
		text += s
	}
	if c.failed > 0 {
		add(fmt.Sprintf("%s failed", plural(c.failed, "run")))
	}
	if c.requests > 0 {
		add(fmt.Sprintf("%s took up to %s", plural(c.requests, "request"), seconds(c.request)))
	}
	if c.programs > 0 {
		add(fmt.Sprintf("the program ran up to %s in %s", seconds(c.longest), plural(c.programs, "run")))
	}
	if c.last != "" {
		add("last error: " + firstBytes(c.last, 200))
	}
	if text == "" {
		return "Its runs were slow or failed."
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func firstBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 { // not within a character
		n--
	}
	return s[:n] + "…"
}

// keep writes what changed: states at once, tokens now and then. What cannot
// be written is tried again.
func (w *watcher) keep(all bool) {
	w.writing.Lock()
	defer w.writing.Unlock()
	rows := w.unwritten(all)
	if len(rows) == 0 || w.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
	defer cancel()
	if err := w.store.KeepStates(ctx, rows); err != nil {
		w.log.Error("the states of functions were not written", "functions", len(rows), "error", err)
		w.mu.Lock()
		for _, r := range rows {
			w.dirty[r.Function] = struct{}{}
		}
		w.mu.Unlock()
	}
}

func (w *watcher) unwritten(all bool) []cdp.Watched {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if since := now.Sub(w.kept); len(w.dirty) == 0 || !all && since >= 0 && since < keepTokensEvery {
		return nil
	}
	w.kept = now
	rows := make([]cdp.Watched, 0, len(w.dirty))
	for id := range maps.Keys(w.dirty) {
		if f := w.all[id]; f != nil {
			rows = append(rows, f.Watched)
		} else {
			rows = append(rows, fresh(0, id, now))
		}
	}
	clear(w.dirty)
	return rows
}

// status is a function's state and tokens as of now.
func (w *watcher) status(id cdp.FunctionID) cdp.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.all[id]
	if f == nil {
		return cdp.Status{State: cdp.StateHealthy, Tokens: cdp.StatusTokens}
	}
	f.refill(w.now())
	s := f.Status
	s.Tokens = max(s.Tokens, 0)
	return s
}

// set puts a function into a state that was chosen, writes it, and returns it
// and the state before. When it cannot be written, nothing changes.
func (w *watcher) set(ctx context.Context, f *cdp.Function, to cdp.State, reason string) (cdp.Status, cdp.State, error) {
	w.writing.Lock()
	w.mu.Lock()
	now := w.now()
	old := w.all[f.ID]
	next := &watched{Watched: fresh(f.Project, f.ID, now)}
	if old != nil {
		next.Watched = old.Watched
		next.At = now.Truncate(time.Second)
	}
	next.Tokens = level(to)
	change := w.turn(next, to, reason, now)
	w.mu.Unlock()
	if w.store != nil {
		if err := w.store.KeepStates(ctx, []cdp.Watched{next.Watched}); err != nil {
			w.writing.Unlock()
			return cdp.Status{}, 0, err
		}
	}
	s := next.Status
	w.mu.Lock()
	w.all[f.ID] = next
	delete(w.charges, f.ID) // what ran before does not count
	w.publish()
	w.mu.Unlock()
	w.writing.Unlock()
	if change.before != to {
		w.changed(change)
	}
	return s, change.before, nil
}

// level is how full the bucket is when a state is chosen.
func level(s cdp.State) int {
	switch {
	case s.Stopped():
		return 0
	case s.Slowed():
		return degradedTokens
	}
	return cdp.StatusTokens
}

// Status tells the watcher's state of a function, and the tokens it has left.
func (e *Engine) Status(_ cdp.ProjectID, f cdp.FunctionID) cdp.Status { return e.watcher.status(f) }

// SetState implements cdp.Watcher.
func (e *Engine) SetState(ctx context.Context, f *cdp.Function, state cdp.State, reason string) (cdp.Status, cdp.State, error) {
	return e.watcher.set(ctx, f, state, reason)
}

// Saved implements cdp.Watcher: a function that was stopped automatically runs
// again, slowed.
func (e *Engine) Saved(ctx context.Context, f *cdp.Function) error {
	if e.watcher.state(f.ID) != cdp.StateDisabled {
		return nil
	}
	_, _, err := e.watcher.set(ctx, f, cdp.StateDegraded, "It was stopped, and saved since; it runs again, slowed at first.")
	return err
}

// stateChanged tells of a change in the function's own log, to the operator
// and to whoever listens.
func (e *Engine) stateChanged(c stateChange) {
	level, text := cdp.LevelInfo, "The watcher finds this function healthy again."
	switch {
	case c.w.State.Stopped():
		level, text = cdp.LevelError, "The watcher stopped this function; it does not run until somebody resets it or saves it."
	case c.w.State.Slowed():
		level, text = cdp.LevelWarn, "The watcher slows this function down."
	}
	e.logFor(c.w.Project, c.w.Function, "", level, text+" "+c.w.Reason)
	e.log.Warn("a function changed its state", "project", c.w.Project, "function", c.w.Function,
		"state", c.w.State.String(), "before", c.before.String(), "reason", c.w.Reason)
	e.tellOfState(c)
	if e.cfg.StateChanged != nil {
		e.cfg.StateChanged(StateChange{
			Project: c.w.Project, Function: c.w.Function, State: c.w.State, Previous: c.before, Reason: c.w.Reason, At: c.w.ChangedAt,
		})
	}
}

// StateChange is a function's way from one state to another.
type StateChange struct {
	Project         cdp.ProjectID
	Function        cdp.FunctionID
	State, Previous cdp.State
	Reason          string
	At              time.Time
}
