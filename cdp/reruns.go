package cdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Limits of doing runs again (runtime specification 12.4, 13.2).
const (
	MaxReruns        = 10_000 // runs of one job
	DefaultRerunRate = 50     // a second
	MaxRerunRate     = 1000
	keptReruns       = 50 // jobs that have ended and are still shown

	maxRerunWindow = 30 * 24 * time.Hour
)

// Reruns reports whether runs of functions of this type can be done again.
func (t Type) Reruns() bool { return t == Destination || t == InternalDestination }

// CheckWindow holds the time that q asks for against what PostHog allows in
// one job (REST API specification 8.17).
func (q *RunQuery) CheckWindow() error {
	switch window := q.Before.Sub(q.After); {
	case window <= 0:
		return Errorf(Invalid, "", "'window_end' must be after 'window_start'.")
	case window > maxRerunWindow:
		return Errorf(Invalid, "", "Rerun window cannot exceed 30 days.")
	}
	return nil
}

// rerunStatuses are the runs that did not do what was wanted.
var rerunStatuses = []string{"failed", "inputs_failed", "cancelled"}

// RerunItem is a run that is to be done again.
type RerunItem struct {
	Run       InvocationID
	Function  FunctionID
	EventUUID string
	// Mapping is known of a run that was itself done again.
	Mapping int
	Again   bool
}

// RerunMark tells as which invocation a run was done again.
type RerunMark struct {
	Run, As InvocationID
	Mapping int
}

// RerunStore is where runs, events and marks are kept.
type RerunStore interface {
	RerunItems(ctx context.Context, q RunQuery) ([]RerunItem, error)
	// CountReruns counts runs, and those of them of which neither event nor dead
	// letter is kept.
	CountReruns(ctx context.Context, q RunQuery) (runs, gone int64, err error)
	MarkRerun(ctx context.Context, marks []RerunMark, when time.Time) error
	// Event is NotFound when the event is not kept any more.
	Event(ctx context.Context, project ProjectID, uuid string) (Event, error)
	// Letter is the dead letter of a run; NotFound when it left none.
	Letter(ctx context.Context, project ProjectID, id string) (DeadLetter, error)
}

// Rerunner does a run again: with the function's present code and inputs,
// whatever its filters and masking say. It returns once the new invocation is
// stored in the queue. The engine is one. NotFound tells that the function
// does not run any more.
type Rerunner interface {
	Rerun(ctx context.Context, item RerunItem, event Event) (RerunMark, error)
	// Replay does what a dead letter tells of again.
	Replay(ctx context.Context, l DeadLetter) (RerunMark, error)
}

// Rerun is a job: many runs done again, at a bounded rate.
type Rerun struct {
	ID       string
	Project  ProjectID
	Function FunctionID
	// Query found the runs; Letters tells that it was dead letters instead.
	Query    RunQuery
	Letters  bool
	Rate     int    // a second
	Status   string // running, done, cancelled, failed
	Error    string // why it failed
	Total    int
	Queued   int // invocations that were made
	Skipped  int // runs whose event or function is gone
	Started  time.Time
	Finished time.Time // zero while running
	By       UserID
}

// Reruns does runs again that failed: one, some, or all that a query finds.
// Jobs live in memory; one that a restart interrupts is asked for again, and
// goes on where it was, for what was done again once is not found a second
// time. The zero value of Log and Now will do.
type Reruns struct {
	Store  RerunStore
	Runner Rerunner
	Now    func() time.Time
	Log    *slog.Logger

	mu      sync.Mutex
	jobs    []*rerunJob // oldest first
	stopped bool
	work    sync.WaitGroup
}

type rerunJob struct {
	Rerun
	cancel context.CancelFunc
}

// forRerun fills in what a query for reruns always asks.
func (q RunQuery) forRerun() RunQuery {
	if len(q.Statuses) == 0 && len(q.IDs) == 0 {
		q.Statuses = rerunStatuses
	}
	q.NotRerun, q.Limit, q.Offset = true, MaxReruns, 0
	return q
}

// Count is the dry run: how many runs would be done again, and of how many
// the event is not kept any more. A job takes MaxReruns of them.
func (rs *Reruns) Count(ctx context.Context, q RunQuery) (runs, gone int64, err error) {
	return rs.Store.CountReruns(ctx, q.forRerun())
}

// rerunRate checks how many a second a job does.
func rerunRate(rate int) (int, error) {
	if rate == 0 {
		rate = DefaultRerunRate
	}
	if rate < 1 || rate > MaxRerunRate {
		return 0, Errorf(Invalid, "rate", "The rate must be between 1 and %d runs a second.", MaxRerunRate)
	}
	return rate, nil
}

// Start begins to do the runs again that q finds; without statuses and IDs
// these are the failed, those whose inputs failed, and the cancelled. rate is
// runs a second, DefaultRerunRate when 0. Invalid when there is none, or
// another job for the same function is running.
func (rs *Reruns) Start(ctx context.Context, by UserID, q RunQuery, rate int) (Rerun, error) {
	rate, err := rerunRate(rate)
	if err != nil {
		return Rerun{}, err
	}
	q = q.forRerun()
	items, err := rs.Store.RerunItems(ctx, q)
	if err != nil {
		return Rerun{}, err
	}
	if len(items) == 0 {
		return Rerun{}, Errorf(Invalid, "", "No run matches that was not done again already.")
	}
	j := Rerun{Project: q.Project, Function: q.Function, Query: q, Rate: rate, Total: len(items), By: by}
	return rs.begin(ctx, j, func(ctx context.Context, from, to int) (queued, skipped int, err error) {
		return rs.part(ctx, q.Project, items[from:to])
	})
}

// chore does the things numbered from to before to of a job.
type chore func(ctx context.Context, from, to int) (queued, skipped int, err error)

// begin starts a job of j.Total things.
func (rs *Reruns) begin(ctx context.Context, j Rerun, do chore) (Rerun, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Rerun{}, fmt.Errorf("make an id: %w", err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	j.ID, j.Status, j.Started = id.String(), "running", rs.now()
	job := &rerunJob{cancel: cancel, Rerun: j}
	if err := rs.enlist(job); err != nil {
		cancel()
		return Rerun{}, err
	}
	rs.work.Go(func() {
		defer cancel()
		rs.end(job, rs.run(run, job, do))
	})
	return rs.copy(job), nil
}

func (rs *Reruns) enlist(j *rerunJob) error {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.stopped {
		return Errorf(Unavailable, "", "The server is stopping. Try again when it is back.")
	}
	for _, o := range rs.jobs {
		if o.Project == j.Project && o.Status == "running" && (o.Function == j.Function || o.Function == "" || j.Function == "") {
			return Errorf(Invalid, "", "Runs of this function are being done again already. Wait for that to end, or cancel it.")
		}
	}
	rs.jobs = append(rs.jobs, j)
	for len(rs.jobs) > keptReruns && rs.jobs[0].Status != "running" {
		rs.jobs = rs.jobs[1:]
	}
	return nil
}

// run does the job, a tenth of a second's worth at a time.
func (rs *Reruns) run(ctx context.Context, j *rerunJob, do chore) error {
	chunk := max(1, j.Rate/10)
	tick := time.NewTicker(time.Second * time.Duration(chunk) / time.Duration(j.Rate))
	defer tick.Stop()
	for from := 0; from < j.Total; from += chunk {
		queued, skipped, err := do(ctx, from, min(from+chunk, j.Total))
		rs.mu.Lock()
		j.Queued += queued
		j.Skipped += skipped
		rs.mu.Unlock()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// part does some runs again and then notes which: a crash in between does them
// once too often rather than never.
func (rs *Reruns) part(ctx context.Context, p ProjectID, items []RerunItem) (queued, skipped int, err error) {
	var marks []RerunMark
	for _, item := range items {
		var m RerunMark
		if m, err = rs.one(ctx, p, item); HasCode(err, NotFound) {
			skipped, err = skipped+1, nil
			continue
		} else if err != nil {
			break
		}
		marks = append(marks, m)
	}
	return len(marks), skipped, rs.mark(ctx, marks, err)
}

// mark notes what was done again; failed is what happened before.
func (rs *Reruns) mark(ctx context.Context, marks []RerunMark, failed error) error {
	if len(marks) == 0 {
		return failed
	}
	return errors.Join(failed, rs.Store.MarkRerun(context.WithoutCancel(ctx), marks, rs.now()))
}

func (rs *Reruns) one(ctx context.Context, p ProjectID, item RerunItem) (RerunMark, error) {
	if err := ctx.Err(); err != nil {
		return RerunMark{}, err
	}
	event, err := rs.Store.Event(ctx, p, item.EventUUID)
	if err == nil {
		return rs.Runner.Rerun(ctx, item, event)
	}
	if !HasCode(err, NotFound) {
		return RerunMark{}, err
	}
	// What was no event of the project, or is kept no more, may have left a
	// dead letter.
	letter, err := rs.Store.Letter(ctx, p, string(item.Run))
	if err != nil {
		return RerunMark{}, err
	}
	return rs.Runner.Replay(ctx, letter)
}

func (rs *Reruns) end(j *rerunJob, err error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	j.Finished, j.Status = rs.now(), "done"
	switch {
	case errors.Is(err, context.Canceled):
		j.Status = "cancelled"
	case err != nil:
		j.Status, j.Error = "failed", "The runs could not be stored. Start again; what was done is not done twice."
		if rs.Log != nil {
			rs.Log.Error("doing runs again failed", "project", j.Project, "function", j.Function, "error", err)
		}
	}
}

// Cancel ends a job; what was queued is run all the same. NotFound when there
// is no such job.
func (rs *Reruns) Cancel(p ProjectID, id string) (Rerun, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, j := range rs.jobs {
		if j.Project == p && j.ID == id {
			j.cancel()
			return j.Rerun, nil
		}
	}
	return Rerun{}, Errorf(NotFound, "", "Not found.")
}

// List gives the jobs of a project, or of one of its functions, newest first.
func (rs *Reruns) List(p ProjectID, f FunctionID) []Rerun {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	out := []Rerun{}
	for _, j := range slices.Backward(rs.jobs) {
		if j.Project == p && (f == "" || j.Function == f) {
			out = append(out, j.Rerun)
		}
	}
	return out
}

// Stop ends all jobs and returns when they have ended.
func (rs *Reruns) Stop() {
	rs.mu.Lock()
	rs.stopped = true
	for _, j := range rs.jobs {
		j.cancel()
	}
	rs.mu.Unlock()
	rs.work.Wait()
}

func (rs *Reruns) copy(j *rerunJob) Rerun {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return j.Rerun
}

func (rs *Reruns) now() time.Time {
	if rs.Now == nil {
		return time.Now().UTC()
	}
	return rs.Now().UTC()
}
