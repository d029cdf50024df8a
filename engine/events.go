package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// maxLiveFiltered is up to how many functions that the index left out are
// shown live, one by one: with more of them nobody could read along.
const maxLiveFiltered = 50

// happening is one event on its way through the first station. What it is made
// of serves one event after the other.
type happening struct {
	e     *Engine
	set   *projectSet
	scope executor.Scope
	batch cdp.Batch // what there is to record
	text  []byte    // properties of the event in batch
	lists executor.Lists
	out   executor.Transformed
	match executor.Matched
	next  []queue.Message // the queue's, once it is returned
	shown bool            // a live feed was told of the event
	first time.Time       // see at
}

func (e *Engine) happening(set *projectSet) *happening {
	h, ok := e.happenings.Get().(*happening)
	if !ok {
		h = &happening{e: e}
	}
	h.set = set
	return h
}

// lone is a happening that is not pooled: what it gathers is not of one event.
func (e *Engine) lone(set *projectSet) *happening {
	return &happening{e: e, set: set}
}

// keptText is up to which size an event's text is kept for the next one.
const keptText = 64 << 10

// record records what happened; of an event that was recorded before, only
// the runs that begin.
func (h *happening) record(before bool) {
	b := h.batch
	if before {
		b = cdp.Batch{Runs: b.Runs}
	}
	h.e.batcher.add(b)
}

// end gives h back.
func (h *happening) end() {
	h.scope.Close()
	h.lists.Reset()
	clearBatch(&h.batch)
	h.out.Reset()
	h.match.Reset()
	if cap(h.text) > keptText {
		h.text = nil
	}
	h.next, h.set, h.shown, h.first = nil, nil, false, time.Time{}
	h.e.happenings.Put(h)
}

// event is the first station: transformations, filters, inputs, masking.
func (e *Engine) event(ctx context.Context, m queue.Message) ([]queue.Message, error) {
	ev, err := eventOf(&m)
	if err != nil {
		return nil, e.unreadable(m, err)
	}
	key := e.events.traceOf(ev.Project, ev.UUID)
	// A message that is handed out again is no duplicate of itself: what came
	// of it the first time may not have been stored.
	if m.Attempt == 0 && e.events.again(key, ev.ReceivedAt) {
		e.counters.duplicates.Add(1)
		return nil, nil
	}
	next, err := e.pass(ctx, ev, m.Attempt > 0, e.events.recorded(key))
	if err != nil {
		return nil, err
	}
	e.events.add(key)
	e.counters.processed.Add(1)
	return next, nil
}

// pass takes an event through its project's functions; again is one that was
// begun before. One that was recorded before is only worked on.
func (e *Engine) pass(ctx context.Context, ev cdp.Event, again, recorded bool) ([]queue.Message, error) {
	set := e.registry.Load().projects[ev.Project]
	if set == nil || set.functions.len() == 0 {
		if e.cfg.People == nil {
			e.batcher.add(cdp.Batch{Events: []cdp.Event{ev}})
			return nil, nil
		}
		set = &projectSet{project: cdp.Project{ID: ev.Project}} // it may still change persons
	}
	h := e.happening(set)
	next, err := h.pass(ctx, &ev, again)
	if err == nil {
		h.record(recorded)
	}
	h.end()
	var bad *cdp.Error
	if errors.As(err, &bad) {
		e.counters.malformed.Add(1)
		err = fmt.Errorf("%w: %w", queue.ErrHopeless, err)
	}
	return next, err
}

func (h *happening) pass(ctx context.Context, ev *cdp.Event, again bool) ([]queue.Message, error) {
	if err := h.scope.Open(h.e.exec, h.set.project, ev); err != nil {
		return nil, err
	}
	if h.e.hub.feeding.Load() > 0 {
		h.shown = h.e.hub.arrive(ev)
	}
	if !h.transform() {
		return nil, nil
	}
	if err := h.settlePeople(ctx); err != nil {
		return nil, err
	}
	if !ev.Historical {
		if err := h.deliver(); err != nil {
			return nil, err
		}
	}
	if err := h.scope.Fault(); err != nil {
		return nil, err
	}
	h.tellOfPerson(again || ev.ReceivedAt.Before(h.e.events.began))
	return h.next, nil
}

// settlePeople records the event as the transformations leave it, and lets it
// change its person and groups. Whoever reads the record sees it as destinations
// do (see Normalized), but for the numbers of groups, which are recorded.
func (h *happening) settlePeople(ctx context.Context) error {
	h.text = h.scope.AppendProperties(h.text[:0])
	h.scope.NormalizeLater()
	if h.e.cfg.People != nil {
		if err := h.scope.UpdatePeople(ctx, h.e.cfg.People); err != nil {
			return err
		}
		if h.scope.Grouped() {
			h.text = h.scope.AppendProperties(h.text[:0])
		}
	}
	ev := h.scope.Head()
	ev.Properties = h.text
	h.batch.Events = append(h.batch.Events, ev)
	return nil
}

// transform runs the transformations in order; false when one dropped the event.
func (h *happening) transform() bool {
	if executor.Bypasses(h.scope.Name()) {
		return true
	}
	h.scope.BeginTransformations()
	for f := range h.set.transformations.all {
		if h.e.watcher.state(f.ID).Stopped() {
			h.outcome(f, "", cdp.OutcomeDisabled, 0)
			continue
		}
		began := h.e.now()
		out := &h.out
		h.e.exec.TransformInto(out, f, &h.scope, &h.lists)
		h.e.counters.vm.observe(out.Took)
		h.e.watcher.transformed(h.set.project.ID, f.ID, out.Took, out.Error)
		h.keepLogs(out.Logs)
		for _, o := range out.Outcomes {
			h.outcome(f, out.Invocation(), o, out.Took)
		}
		h.keepRun(f, out, began)
		if out.Dropped {
			h.e.counters.dropped.Add(1)
			return false
		}
	}
	h.scope.EndTransformationsLater(&h.lists)
	return true
}

// keepRun records a transformation's run; one that was skipped by its filter
// leaves none.
func (h *happening) keepRun(f *executor.Function, out *executor.Transformed, began time.Time) {
	if !out.Ran && out.Error == "" {
		return
	}
	r := cdp.Run{
		ID: out.Invocation(), Project: h.set.project.ID, Function: f.ID, Version: f.Version, Status: "succeeded", Attempts: 1,
		EventUUID: h.scope.UUID(), EventName: h.scope.Name(), DistinctID: h.scope.DistinctID(), ScheduledAt: began.UTC(), StartedAt: began.UTC(),
		FinishedAt: h.e.now().UTC(), Duration: out.Took, ErrorKind: out.Kind, ErrorMessage: out.Error,
	}
	switch {
	case out.Error != "":
		r.Status = "failed"
	case out.Dropped:
		r.Status = "dropped"
	}
	if out.Error != "" {
		h.batch.Runs = append(h.batch.Runs, r)
	} else {
		h.batch.Ended = append(h.batch.Ended, r)
	}
}

// deliver asks the destinations and makes their invocations.
func (h *happening) deliver() error {
	named, any := h.set.meet(h.scope.Name())
	if h.shown && h.set.named.len() <= maxLiveFiltered {
		for f := range h.set.named.all {
			if !f.Names()[h.scope.Name()] {
				h.live(f, "", cdp.OutcomeFiltered, 0)
			}
		}
	}
	for _, list := range [...]functionList{named, any} {
		for f := range list.all {
			if err := h.offer(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *happening) offer(f *executor.Function) error {
	m := &h.match
	h.e.exec.MatchInto(m, f, &h.scope)
	h.keepLogs(m.Logs)
	if err := h.misses(f, "", m); err != nil {
		return err
	}
	stopped := len(m.Planned) > 0 && h.e.watcher.state(f.ID).Stopped()
	for i := range m.Planned {
		if stopped {
			h.outcome(f, m.Planned[i].Invocation.ID, cdp.OutcomeDisabled, 0)
			continue
		}
		if err := h.trigger(f, &m.Planned[i]); err != nil {
			return err
		}
	}
	return nil
}

// misses counts what did not become an invocation, under an ID if there is one.
func (h *happening) misses(f *executor.Function, id cdp.InvocationID, m *executor.Matched) error {
	for _, o := range m.Outcomes {
		h.outcome(f, id, o, 0)
		if o == cdp.OutcomeFilteringFailed {
			if err := h.letterOfFilter(f, m.FilterError); err != nil {
				return err
			}
		}
	}
	for i := range m.Failures {
		h.failure(f, m.Failures[i])
		if err := h.letterOfInputs(f, &m.Failures[i]); err != nil {
			return err
		}
	}
	return nil
}

// trigger queues an invocation, unless it is masked.
func (h *happening) trigger(f *executor.Function, p *executor.Planned) error {
	inv := &p.Invocation
	if key, ok := h.e.exec.MaskKey(f, *p); ok && h.e.masker.masked(f.ID, inv.ID, f.Masking, key) {
		h.outcome(f, inv.ID, cdp.OutcomeMasked, 0)
		return nil
	}
	h.outcome(f, inv.ID, cdp.OutcomeTriggered, 0)
	return h.send(f, p)
}

// send queues an invocation and begins its record. One that holds secrets is
// sealed at once, all others are written only if they must be stored.
func (h *happening) send(f *executor.Function, p *executor.Planned) error {
	inv := &p.Invocation
	work := &errand{e: h.e, planned: *p, secret: len(f.Sealed) > 0}
	m := queue.Message{Topic: TopicInvocations, Key: string(inv.ID), ID: string(inv.ID), Work: work}
	if work.secret {
		var err error
		if m.Body, err = work.AppendBody(nil); err != nil {
			return err
		}
	}
	h.next = append(h.next, m)
	r := runOf(inv)
	r.Status = "running"
	h.batch.Runs = append(h.batch.Runs, r)
	return nil
}

func (h *happening) failure(f *executor.Function, fail executor.Failure) {
	ev := h.scope.Head()
	now := h.e.now().UTC()
	h.batch.Runs = append(h.batch.Runs, cdp.Run{
		ID: fail.Invocation, Project: h.set.project.ID, Function: f.ID, Version: f.Version, Status: "inputs_failed",
		EventUUID: ev.UUID, EventName: ev.Name, DistinctID: ev.DistinctID, ScheduledAt: now, StartedAt: now, FinishedAt: now,
		ErrorKind: "inputs_failed", ErrorMessage: fail.Message,
	})
}

// keepLogs records log entries with the rest of the event.
func (h *happening) keepLogs(entries []cdp.LogEntry) {
	h.batch.Logs = append(h.batch.Logs, entries...)
	h.e.showLogs(entries)
}

// outcome counts one and shows it to whoever watches.
func (h *happening) outcome(f *executor.Function, id cdp.InvocationID, o cdp.Outcome, took time.Duration) {
	h.e.counters.outcome(o, 1)
	h.batch.Metrics = append(h.batch.Metrics, cdp.Metric{
		Project: h.set.project.ID, Function: f.ID, Name: o, Kind: o.Kind(), Time: h.at(), Count: 1,
	})
	h.live(f, id, o, took)
}

// at is when the event's counts count: one reading of the clock does for all.
func (h *happening) at() time.Time {
	if h.first.IsZero() {
		h.first = h.e.now().UTC()
	}
	return h.first
}

// live shows an outcome to feeds that were told of the event.
func (h *happening) live(f *executor.Function, id cdp.InvocationID, o cdp.Outcome, took time.Duration) {
	if !h.shown {
		return
	}
	ev := h.scope.Head()
	h.e.hub.fate(liveEvent(&ev), cdp.LiveFate{Function: f.ID, Invocation: id, Outcome: o, Duration: took})
}

// runOf begins the record of an invocation.
func runOf(inv *cdp.Invocation) cdp.Run {
	return cdp.Run{
		ID: inv.ID, Project: inv.Project, Function: inv.Function, Version: inv.Version,
		EventUUID: inv.EventUUID, EventName: inv.EventName, DistinctID: inv.DistinctID,
		ScheduledAt: inv.ScheduledAt, StartedAt: inv.StartedAt,
	}
}
