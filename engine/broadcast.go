package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/engine/executor"
)

// Settle implements cdp.Broadcaster.
func (e *Engine) Settle(ctx context.Context) error {
	if e.cfg.People == nil {
		return nil
	}
	return e.cfg.People.Flush(ctx)
}

// Broadcast implements cdp.Broadcaster. Masking is not asked: a broadcast is
// one explicit request. A person whose inputs cannot be built is counted and
// recorded like an event's.
func (e *Engine) Broadcast(ctx context.Context, f *cdp.Function, filter json.RawMessage, persons []cdp.Person, start time.Time, pause time.Duration) (int, error) {
	set := e.registry.Load().projects[f.Project]
	live := set.function(f.ID)
	if live == nil || e.watcher.state(f.ID).Stopped() {
		return 0, cdp.Errorf(cdp.NotFound, "", "This function does not run.")
	}
	h := e.lone(set)
	for i := range persons {
		if err := h.tellPerson(ctx, live, filter, &persons[i]); err != nil {
			return 0, err
		}
	}
	for i := range h.next {
		h.next[i].NotBefore = start.Add(time.Duration(i) * pause)
	}
	if err := e.publish(ctx, h.next); err != nil {
		return 0, err
	}
	e.batcher.add(h.batch)
	return len(h.next), nil
}

// tellPerson queues the invocation of a broadcast for one person, unless the
// filter leaves them out.
func (h *happening) tellPerson(ctx context.Context, f *executor.Function, filter json.RawMessage, p *cdp.Person) error {
	scope, err := h.e.exec.NewBroadcastScope(ctx, h.set.project, h.e.cfg.People, p)
	if err != nil {
		return fmt.Errorf("broadcast to person %s: %w", p.ID, err)
	}
	h.scope = *scope
	got := h.e.exec.Check(&h.scope, []json.RawMessage{filter})[0]
	if got.Fault != "" {
		h.e.logFor(h.set.project.ID, f.ID, "", cdp.LevelError, fmt.Sprintf("Error filtering person %s: %s", p.ID, got.Fault))
		h.outcome(f, "", cdp.OutcomeFilteringFailed, 0)
		return nil
	}
	if !fields.Truthy(got.Value) {
		return nil
	}
	m := h.e.exec.Plan(f, &h.scope, -1)
	if err := h.scope.Fault(); err != nil {
		return err
	}
	h.keepLogs(m.Logs)
	for _, o := range m.Outcomes {
		h.outcome(f, m.ID, o, 0)
	}
	for _, fail := range m.Failures {
		h.failure(f, fail)
	}
	for i := range m.Planned {
		h.outcome(f, m.ID, cdp.OutcomeTriggered, 0)
		if err := h.send(f, &m.Planned[i]); err != nil {
			return err
		}
	}
	return nil
}
