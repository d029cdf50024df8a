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
	h := &happening{e: e, set: set}
	if err := h.scope.Open(e.exec, set.project, &ev); err != nil {
		return cdp.RerunMark{}, fmt.Errorf("read event %s: %w", ev.UUID, err)
	}
	if e.cfg.People != nil {
		h.scope.Know(ctx, e.cfg.People)
	}
	h.scope.Normalize()
	m := e.exec.Plan(f, &h.scope, mapping)
	if err := h.scope.Fault(); err != nil {
		return cdp.RerunMark{}, err
	}
	as := m.ID
	e.keepLogs(m.Logs)
	for _, o := range m.Outcomes {
		h.outcome(f, as, o, 0)
	}
	for _, fail := range m.Failures {
		h.failure(f, fail)
	}
	for i := range m.Planned {
		h.outcome(f, as, cdp.OutcomeReplayed, 0)
		if err := h.send(f, &m.Planned[i]); err != nil {
			return cdp.RerunMark{}, err
		}
	}
	if err := e.publish(ctx, h.next); err != nil {
		return cdp.RerunMark{}, err
	}
	e.batcher.add(h.batch)
	return cdp.RerunMark{Run: item.Run, As: as, Mapping: mapping}, nil
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
