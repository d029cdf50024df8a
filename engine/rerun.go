package engine

import (
	"context"
	"fmt"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// Rerun implements cdp.Rerunner: it makes a new invocation of a function for an
// event as it was recorded, with the code and inputs of now, and returns once
// the queue has it. Filters and masking are not asked again. Inputs that fail
// are counted and recorded like those of any event.
func (e *Engine) Rerun(ctx context.Context, item cdp.RerunItem, ev cdp.Event) (cdp.RerunMark, error) {
	set := e.registry.Load().projects[ev.Project]
	f := set.function(item.Function)
	if f == nil || f.Type == cdp.Transformation {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "This function does not run.")
	}
	mapping, ok := mappingOf(f, item)
	if !ok {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "This function has no such mapping any more.")
	}
	h := e.lone(set)
	if err := h.scope.Open(e.exec, set.project, &ev); err != nil {
		return cdp.RerunMark{}, fmt.Errorf("read event %s: %w", ev.UUID, err)
	}
	if e.cfg.People != nil {
		h.scope.Know(ctx, e.cfg.People)
	}
	h.scope.Normalize()
	return h.again(ctx, f, item.Run, mapping)
}

// Replay implements cdp.Replayer: it does what a dead letter tells of again, as
// Rerun does a run. A message that the queue gave up is worked on from its
// beginning. NotFound tells that there is nothing that could be done.
func (e *Engine) Replay(ctx context.Context, l cdp.DeadLetter) (cdp.RerunMark, error) {
	if l.QueueID != 0 {
		return e.revive(ctx, &l)
	}
	set := e.registry.Load().projects[l.Project]
	f := set.function(l.Function)
	if f == nil {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "This function does not run.")
	}
	if l.Mapping >= len(f.Mappings) || l.Mapping < 0 && len(f.Mappings) > 0 && l.Kind != cdp.LetterFiltering {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "This function has no such mapping any more.")
	}
	var people executor.People
	if e.cfg.People != nil {
		people = e.cfg.People
	}
	scope, err := e.exec.Reopen(ctx, set.project, l, people)
	if err != nil {
		return cdp.RerunMark{}, err
	}
	h := e.lone(set)
	h.scope = *scope
	if l.Kind == cdp.LetterFiltering {
		return h.refilter(ctx, f, &l)
	}
	return h.again(ctx, f, cdp.InvocationID(l.ID), l.Mapping)
}

// refilter offers an event to a function whose filter failed on it: which of its
// mappings it is for, only filters tell.
func (h *happening) refilter(ctx context.Context, f *executor.Function, l *cdp.DeadLetter) (cdp.RerunMark, error) {
	if err := h.offer(f); err != nil {
		return cdp.RerunMark{}, err
	}
	return h.finish(ctx, cdp.RerunMark{Run: cdp.InvocationID(l.ID), As: cdp.InvocationID(l.ID), Mapping: -1})
}

// again makes a new invocation of the scope's event.
func (h *happening) again(ctx context.Context, f *executor.Function, run cdp.InvocationID, mapping int) (cdp.RerunMark, error) {
	m := h.e.exec.Plan(f, &h.scope, mapping)
	if err := h.scope.Fault(); err != nil {
		return cdp.RerunMark{}, err
	}
	h.keepLogs(m.Logs)
	if err := h.misses(f, m.ID, &m.Matched); err != nil {
		return cdp.RerunMark{}, err
	}
	for i := range m.Planned {
		h.outcome(f, m.ID, cdp.OutcomeReplayed, 0)
		if err := h.send(f, &m.Planned[i]); err != nil {
			return cdp.RerunMark{}, err
		}
	}
	return h.finish(ctx, cdp.RerunMark{Run: run, As: m.ID, Mapping: mapping})
}

func (h *happening) finish(ctx context.Context, mark cdp.RerunMark) (cdp.RerunMark, error) {
	if err := h.e.publish(ctx, h.next); err != nil {
		return cdp.RerunMark{}, err
	}
	h.e.batcher.add(h.batch)
	return mark, nil
}

// revive has a message worked on again that the queue gave up.
func (e *Engine) revive(ctx context.Context, l *cdp.DeadLetter) (cdp.RerunMark, error) {
	if e.cfg.Dead == nil {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "The queue keeps no such messages.")
	}
	revived, err := e.cfg.Dead.Revive(ctx, []int64{l.QueueID})
	if err != nil {
		return cdp.RerunMark{}, err
	}
	if len(revived) == 0 {
		return cdp.RerunMark{}, cdp.Errorf(cdp.NotFound, "", "The message cannot be read, or is gone.")
	}
	return cdp.RerunMark{Run: cdp.InvocationID(l.ID), As: cdp.InvocationID(l.ID), Mapping: l.Mapping}, nil
}

// Bury implements cdp.Replayer: messages that the queue gave up are forgotten.
func (e *Engine) Bury(ctx context.Context, queued []int64) error {
	if e.cfg.Dead == nil {
		return nil
	}
	return e.cfg.Dead.Bury(ctx, queued)
}

func (e *Engine) publish(ctx context.Context, msgs []queue.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	if err := e.cfg.Queue.Publish(ctx, msgs...); err != nil {
		return &cdp.Error{Code: cdp.Unavailable, Message: "transient error, please retry", Cause: fmt.Errorf("store an invocation: %w", err)}
	}
	return nil
}

// mappingOf finds the mapping that a run was of: the ID of a first run is
// computed from it.
func mappingOf(f *executor.Function, item cdp.RerunItem) (int, bool) {
	if item.Again {
		return item.Mapping, item.Mapping < len(f.Mappings)
	}
	for i := -1; i < len(f.Mappings); i++ {
		if executor.InvocationID(item.EventUUID, f.ID, i) == item.Run {
			return i, true
		}
	}
	return 0, false
}
