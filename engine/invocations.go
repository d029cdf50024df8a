package engine

import (
	"cmp"
	"context"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// invocation is the second station: it makes one invocation go on.
func (e *Engine) invocation(ctx context.Context, m queue.Message) ([]queue.Message, error) {
	p, secret, err := e.plannedOf(&m)
	if err != nil {
		return nil, e.unreadable(m, err)
	}
	inv := &p.Invocation
	if m.Attempt == 0 && e.finished.has(e.finished.trace(string(inv.ID))) {
		e.counters.duplicates.Add(1)
		return nil, nil
	}
	set := e.registry.Load().projects[inv.Project]
	f := set.function(inv.Function)
	if f == nil {
		return e.cancel(e.compiled(ctx, inv), &p, "Function was switched off or deleted while this invocation was waiting. It was cancelled.")
	}
	if e.watcher.state(f.ID).Stopped() {
		return e.cancel(f, &p, "The watcher stopped this function while this invocation was waiting. It was cancelled.")
	}
	leave, until, err := e.lanes.enter(ctx, f.ID, e.watcher.state(f.ID).Slowed())
	if err != nil {
		return nil, err
	}
	if leave == nil {
		// Its turn is later. The message is as it was.
		e.counters.putOff.Add(1)
		m.NotBefore, m.Attempt = e.now().Add(time.Until(until)), 0
		return []queue.Message{m}, nil
	}
	defer leave()
	res, err := e.exec.RunPlanned(ctx, set.project, f, &p)
	if err != nil {
		return nil, err
	}
	if !res.Done {
		p.Write()
	}
	return e.settle(f, inv, &res, secret)
}

// compiled is a function that is not live as it is stored, nil when it is gone or
// broken.
func (e *Engine) compiled(ctx context.Context, inv *cdp.Invocation) *executor.Function {
	if e.cfg.Letters == nil {
		return nil
	}
	stored := e.stored(ctx, inv.Project, inv.Function)
	if stored == nil {
		return nil
	}
	f, err := e.exec.Compile(stored)
	if err != nil {
		return nil
	}
	return f
}

// cancel ends an invocation whose function is gone, switched off or stopped.
// It can be run again from its record, or its letter.
func (e *Engine) cancel(f *executor.Function, p *executor.Planned, why string) ([]queue.Message, error) {
	inv := &p.Invocation
	next, err := e.cancelled(f, p, why)
	if err != nil {
		return nil, err
	}
	e.finished.add(e.finished.trace(string(inv.ID)))
	e.logFor(inv.Project, inv.Function, inv.ID, cdp.LevelInfo, why+" Event: "+inv.EventUUID)
	r := runOf(inv)
	r.Status, r.FinishedAt = "cancelled", e.now().UTC()
	e.counters.outcome(cdp.OutcomeCancelled, 1)
	e.batcher.add(cdp.Batch{Runs: []cdp.Run{r}, Metrics: []cdp.Metric{{
		Project: inv.Project, Function: inv.Function, Name: cdp.OutcomeCancelled, Kind: cdp.OutcomeCancelled.Kind(), Time: r.FinishedAt, Count: 1,
	}}})
	e.show(inv, cdp.OutcomeCancelled, 0, 0)
	return next, nil
}

// settle records what a step led to, and says what comes next.
func (e *Engine) settle(f *executor.Function, inv *cdp.Invocation, res *executor.Result, secret bool) ([]queue.Message, error) {
	next, err := e.follow(f, inv, res, secret)
	if err == nil {
		e.keep(inv, res)
	}
	return next, err
}

func (e *Engine) keepResult(inv *cdp.Invocation, res *executor.Result) {
	now := e.now().UTC()
	var batch cdp.Batch
	count := func(o cdp.Outcome, n int) {
		if n == 0 {
			return
		}
		e.counters.outcome(o, int64(n))
		batch.Metrics = append(batch.Metrics, cdp.Metric{
			Project: inv.Project, Function: inv.Function, Name: o, Kind: o.Kind(), Time: now, Count: int64(n),
		})
	}
	count(cdp.OutcomeFetch, res.Fetches)
	if res.Retried {
		count(cdp.OutcomeRetried, 1)
	}
	for _, t := range res.Timings {
		if t.Fetch {
			e.counters.fetch.observe(t.Took)
		} else {
			e.counters.vm.observe(t.Took)
		}
	}
	fault := ""
	if res.Done && res.Outcome == cdp.OutcomeFailed {
		fault = cmp.Or(res.Error, "failed")
	}
	e.watcher.observe(inv.Project, inv.Function, res.Timings, fault)
	r := runOf(inv)
	r.Status, r.Attempts = "running", res.Attempts
	if res.Done {
		count(res.Outcome, 1)
		r.Status, r.FinishedAt = string(res.Outcome), now
		r.Duration = now.Sub(inv.StartedAt)
		r.ErrorKind, r.ErrorMessage = res.ErrorKind, res.Error
		e.show(inv, res.Outcome, r.Duration, len(res.Logs))
	} else if res.Retried {
		e.show(inv, cdp.OutcomeRetried, 0, len(res.Logs))
	}
	batch.Runs = append(batch.Runs, r)
	e.batcher.add(batch)
}

// show tells live feeds what became of an invocation in a step.
func (e *Engine) show(inv *cdp.Invocation, o cdp.Outcome, took time.Duration, logs int) {
	if e.hub.feeding.Load() == 0 {
		return
	}
	e.hub.fate(cdp.LiveEvent{Project: inv.Project, UUID: inv.EventUUID, Name: inv.EventName, DistinctID: inv.DistinctID, Time: inv.ScheduledAt},
		cdp.LiveFate{Function: inv.Function, Invocation: inv.ID, Outcome: o, Duration: took, Logs: logs})
}
