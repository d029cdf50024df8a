package executor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Timing is one measured part of a run, for the watcher and for figures.
type Timing struct {
	// Fetch tells an attempt of a fetch from the program's own time.
	Fetch bool
	Took  time.Duration
}

// Result is what a step of an invocation led to.
type Result struct {
	// Done tells that the invocation has ended. Otherwise it goes on at
	// ResumeAt, from the state that is now in the invocation.
	Done     bool
	ResumeAt time.Time
	// Retried tells that a fetch will be repeated, in contrast to a sleep.
	Retried bool

	Outcome   cdp.Outcome // succeeded or failed, when Done
	Value     vm.Value    // what the program returned
	Error     string      // why it failed; redacted, at most 4096 bytes
	ErrorKind string      // timeout, http_5xx, http_4xx, oom, hog_error

	Logs     []cdp.LogEntry
	Captured []cdp.Event // events that the program captured
	Fetches  int         // fetches completed, whatever their result
	Attempts int         // the most attempts that one fetch took so far; at least 1
	Timings  []Timing
	// Hopeful tells of a failed run that its request might have succeeded at
	// another attempt.
	Hopeful bool
	run     *run // of one that failed, for its remains
}

// pending is the part of a waiting invocation that is kept besides the state
// of its program.
type pending struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
	// Code is the program that State belongs to: a function that is saved
	// meanwhile does not change a run that has begun.
	Code     json.RawMessage `json:"code"`
	Captured bool            `json:"captured,omitempty"`
	Kind     string          `json:"kind,omitempty"` // of the invocation's FetchError
	Hopeful  bool            `json:"hopeful,omitempty"`
	Sync     time.Duration   `json:"sync"`     // the program's time so far
	Async    time.Duration   `json:"async"`    // spent waiting so far
	Attempts int             `json:"attempts"` // the most that any fetch took
	LastLog  time.Time       `json:"last_log,omitzero"`
}

// run is one invocation while a worker has it.
type run struct {
	x       *Executor
	project cdp.Project
	f       *Function
	inv     *cdp.Invocation
	plan    *inputPlan
	program *vm.Program
	code    json.RawMessage // of program
	globals vm.Value
	inputs  vm.Value
	journal *journal
	hidden  *redactor
	machine *vm.Machine
	trial   *trial // of a test run, else nil
	once    bool   // it is left at its first call

	captured    []cdp.Event
	hasCaptured bool
	fetches     int
	attempts    int
	timings     []Timing
	async       time.Duration
	sync        time.Duration // the program's time so far
	kind        string        // of inv.FetchError
	hopeful     bool          // the fetch that failed might yet succeed
}

// Run makes an invocation go on: from its beginning, or from the call it waits
// for. inv is changed: it holds the state that the next Run needs when the
// result is not Done. f is the function as it is now.
//
// An error is our own, or the end of ctx; inv is then to be forgotten, and the
// message it came from to be worked on again.
func (x *Executor) Run(ctx context.Context, p cdp.Project, f *Function, inv *cdp.Invocation) (Result, error) {
	globals, err := x.parse(inv.Globals)
	if err != nil {
		return Result{}, fmt.Errorf("read globals of invocation %s: %w", inv.ID, err)
	}
	return x.newRun(p, f, inv, globals).work(ctx)
}

// RunPlanned is Run for an invocation that need not have been stored.
func (x *Executor) RunPlanned(ctx context.Context, project cdp.Project, f *Function, p *Planned) (Result, error) {
	if read := (mirror{left: mostMirrored}); p.globals.IsNull() || !read.gives(p.globals, 0) {
		p.Write()
		return x.Run(ctx, project, f, &p.Invocation)
	}
	return x.newRun(project, f, &p.Invocation, p.globals).work(ctx)
}

func (x *Executor) newRun(p cdp.Project, f *Function, inv *cdp.Invocation, globals vm.Value) *run {
	r := &run{x: x, project: p, f: f, inv: inv, plan: f.inputs, program: f.program, code: f.Bytecode, globals: globals}
	if inv.Mapping >= 0 && inv.Mapping < len(f.mappings) {
		r.plan = f.mappings[inv.Mapping].inputs
	}
	r.inputs = globals.Path("inputs")
	r.journal = x.journal(p.ID, f, inv.ID)
	r.journal.hide = r.hide
	return r
}

// hide redacts; what to look for is collected at the first line that is kept.
func (r *run) hide(s string) string {
	if !r.plan.hides {
		return s
	}
	if r.hidden == nil {
		h := newRedactor(r.plan, r.inputs)
		r.hidden = &h
	}
	return r.hidden.text(s)
}

func (r *run) work(ctx context.Context) (Result, error) {
	r.machine = r.x.machines.Get().(*vm.Machine)
	defer r.x.machines.Put(r.machine)
	if r.inv.StartedAt.IsZero() {
		r.inv.StartedAt = r.x.now().UTC()
	}
	if len(r.inv.State) > 0 {
		return r.goOn(ctx)
	}
	return r.drive(ctx, r.timed(ctx, func() (vm.Result, error) {
		return r.machine.Run(ctx, r.program, r.globals, r.env(), r.x.programBudget())
	}))
}

// timed runs a part of the program when the gate lets it, so that many waiting
// fetches do not make programs run into their time limit, nor programs that
// compute much hold up others.
func (r *run) timed(ctx context.Context, step func() (vm.Result, error)) outcome {
	var out outcome
	took, err := r.x.gate.run(ctx, r.f, func() int64 { out = ended(step()); return out.ops })
	if err != nil {
		return outcome{err: err}
	}
	r.timings = append(r.timings, Timing{Took: took})
	r.sync += took
	out.took = r.sync
	return out
}

// goOn takes up an invocation that waited in the queue.
func (r *run) goOn(ctx context.Context) (Result, error) {
	var p pending
	if err := json.Unmarshal(r.inv.Pending, &p); err != nil {
		return Result{}, fmt.Errorf("read pending call of invocation %s: %w", r.inv.ID, err)
	}
	args, err := vm.ParseJSON(p.Args, vm.JSONOptions{})
	if err != nil {
		return Result{}, fmt.Errorf("read arguments of invocation %s: %w", r.inv.ID, err)
	}
	state, err := r.loadState(p.Code)
	if err != nil {
		return Result{}, err
	}
	r.hasCaptured, r.kind, r.async, r.journal.last = p.Captured, p.Kind, p.Async, p.LastLog
	r.attempts, r.sync, r.hopeful = p.Attempts, p.Sync, p.Hopeful
	return r.drive(ctx, outcome{suspended: &vm.Suspension{Name: p.Name, Args: args.Elems(), State: state}})
}

// loadState reads the state of the program that the run began with, which may
// be another one than the function has now.
func (r *run) loadState(code json.RawMessage) (*vm.State, error) {
	if state, err := vm.ParseState(r.inv.State, r.program); err == nil {
		return state, nil
	}
	p, err := r.x.load(code, destinationHost, destinationCall)
	if err != nil {
		return nil, fmt.Errorf("load program of invocation %s: %w", r.inv.ID, err)
	}
	state, err := vm.ParseState(r.inv.State, p)
	if err != nil {
		return nil, fmt.Errorf("read state of invocation %s: %w", r.inv.ID, err)
	}
	r.program, r.code = p, code
	return state, nil
}

// drive answers the calls that the program waits for until it ends, or until
// an answer has to wait longer than a worker should.
func (r *run) drive(ctx context.Context, out outcome) (Result, error) {
	for out.err == nil && out.suspended != nil {
		if r.once {
			return r.suspend(out.suspended, reply{})
		}
		a, err := r.answer(ctx, out.suspended)
		if err != nil {
			return Result{}, err
		}
		if a.wait > 0 && r.trial == nil {
			return r.suspend(out.suspended, a)
		}
		if a.wait > 0 {
			if err := pause(ctx, a.wait); err != nil {
				return Result{}, err
			}
			if a.again {
				continue
			}
		}
		state := out.suspended.State
		r.inv.Attempt = 0
		out = r.timed(ctx, func() (vm.Result, error) {
			return r.machine.Resume(ctx, r.program, state, a.value, r.globals, r.env(), r.x.programBudget())
		})
	}
	if err := ctx.Err(); err != nil && out.err != nil {
		return Result{}, err
	}
	return r.end(out), nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reply is the host's answer to a call: a value, or a pause, after which the
// call is made again (or, for a sleep, is answered).
type reply struct {
	value vm.Value
	wait  time.Duration
	again bool
}

func (r *run) answer(ctx context.Context, s *vm.Suspension) (reply, error) {
	switch s.Name {
	case "fetch":
		return r.fetch(ctx, s.Args)
	case "sleep":
		return r.sleep(s.Args), nil
	}
	return reply{}, fmt.Errorf("invocation %s waits for %q, which nobody answers", r.inv.ID, s.Name)
}

// sleep suspends the run for some seconds, at most a minute. The second time
// it is asked, after the pause, it has its answer.
func (r *run) sleep(args []vm.Value) reply {
	if r.inv.Attempt > 0 {
		return reply{value: vm.Null}
	}
	seconds := 0.0
	if len(args) > 0 {
		seconds = args[0].Num()
	}
	d := min(time.Duration(seconds*float64(time.Second)), maxSleep)
	if d <= 0 || seconds > 1e6 && d < 0 {
		return reply{value: vm.Null}
	}
	r.inv.Attempt = 1
	return reply{wait: d}
}

// suspend writes the run into its invocation.
func (r *run) suspend(s *vm.Suspension, a reply) (Result, error) {
	state, err := s.State.MarshalJSON()
	if err != nil { // it is nested too deep, which is the program's doing
		return r.end(outcome{err: fmt.Errorf("the function cannot wait: %w", err)}), nil
	}
	if len(state) > maxValue || !vm.Fits(vm.NewArray(s.Args), maxValue) {
		return r.end(outcome{err: fmt.Errorf("the function holds more than %d bytes and cannot wait", maxValue)}), nil
	}
	p := pending{
		Name: s.Name, Args: vm.AppendJSON(nil, vm.NewArray(s.Args)), Code: r.code,
		Captured: r.hasCaptured, Kind: r.kind, Hopeful: r.hopeful, Sync: r.sync, Async: r.async, Attempts: r.attempts, LastLog: r.journal.last,
	}
	if r.inv.Pending, err = json.Marshal(p); err != nil {
		return Result{}, fmt.Errorf("write pending call of invocation %s: %w", r.inv.ID, err)
	}
	r.inv.State = state
	res := r.result()
	res.ResumeAt = r.x.now().Add(a.wait)
	res.Retried = a.again
	return res, nil
}

func (r *run) result() Result {
	return Result{Logs: r.journal.entries, Captured: r.captured, Fetches: r.fetches, Attempts: max(1, r.attempts), Timings: r.timings}
}

// end closes the books: exactly one of succeeded and failed (6.6).
func (r *run) end(out outcome) Result {
	var e error
	switch {
	case out.err != nil:
		e = out.err
		r.journal.add(cdp.LevelError, fmt.Sprintf("Error executing function on event %s: %s", r.eventName(), e))
		if r.kind == "" {
			r.kind = errorKind(e)
		}
	case r.inv.FetchError != "":
		e = errors.New(r.inv.FetchError)
	default:
		r.journal.add(cdp.LevelDebug, r.completed(out))
	}
	res := r.result()
	res.Done, res.Outcome, res.Value = true, cdp.OutcomeSucceeded, out.value
	if e != nil {
		res.Outcome, res.Value = cdp.OutcomeFailed, vm.Null
		res.Error, res.ErrorKind = cutBytes(r.journal.clean(e.Error()), maxErrorText), r.kind
		res.Hopeful, res.run = r.hopeful, r
	}
	return res
}

func (r *run) eventName() string {
	if r.inv.EventUUID == "" {
		return "Unknown event"
	}
	return r.inv.EventUUID
}

func (r *run) completed(out outcome) string {
	return completed(out.took+r.async, out, r.globals.Path("event", "url").Text())
}

// completed is the last line of a run without error.
func completed(total time.Duration, out outcome, url string) string {
	var room [320]byte // for most
	b := append(room[:0], "Function completed in "...)
	b = appendTwoDigits(b, milliseconds(total))
	b = appendTwoDigits(append(b, "ms. Sync: "...), milliseconds(out.took))
	b = appendTwoDigits(append(b, "ms. Mem: "...), float64(out.memory)/1024)
	b = strconv.AppendInt(append(b, "kb. Ops: "...), out.ops, 10)
	return string(append(append(append(b, ". Event: '"...), url...), '\''))
}

func errorKind(err error) string {
	var re *vm.RuntimeError
	if errors.As(err, &re) {
		switch re.Limit {
		case vm.LimitTime, vm.LimitSteps:
			return "timeout"
		case vm.LimitMemory:
			return "oom"
		}
	}
	return "hog_error"
}

// env gives the program its host functions.
func (r *run) env() vm.Env {
	return vm.Env{Now: r.x.now, Functions: map[string]vm.HostFunc{
		"print": r.print, "postHogCapture": r.capture,
	}}
}

func (r *run) print(c *vm.Call) (vm.Value, error) {
	r.inv.Printed++
	switch {
	case r.inv.Printed <= maxPrints:
		text := printed(c.Args)
		if err := c.Spend(len(text) / 16); err != nil {
			return vm.Null, err
		}
		r.journal.add(cdp.LevelInfo, text)
	case r.inv.Printed == maxPrints+1:
		r.journal.add(cdp.LevelWarn, "Function exceeded maximum log entries. No more logs will be collected. Event: "+r.inv.EventUUID)
	}
	return vm.Null, nil
}
