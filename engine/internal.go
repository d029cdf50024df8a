package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// TopicInternal is the topic of internal events.
const TopicInternal = "internal"

const (
	internalWorkers = 4
	// tellWithin bounds how long the watcher waits for the queue.
	tellWithin = 5 * time.Second
)

// HearsInternal tells whether a project has a function that may wait for
// internal events.
func (e *Engine) HearsInternal(project cdp.ProjectID) bool {
	set := e.registry.Load().projects[project]
	return set != nil && set.internal.len() > 0
}

// Internal stores an internal event in the queue, when its project has a
// function that may wait for it, and returns when it is durable. An event
// without UUID or times is given them.
func (e *Engine) Internal(ctx context.Context, ev cdp.InternalEvent) error {
	if !e.HearsInternal(ev.Project) {
		return nil
	}
	if ev.UUID == "" {
		ev.UUID = uuid.Must(uuid.NewV7()).String()
	}
	ev.ReceivedAt = e.now().UTC()
	if ev.Timestamp.IsZero() {
		ev.Timestamp = ev.ReceivedAt
	}
	body, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	return e.publish(ctx, []queue.Message{{Topic: TopicInternal, Key: keyOf(ev.Project, ':', ev.Name), ID: ev.UUID, Body: body}})
}

// internal is the station of internal events: only internal destinations meet
// them (runtime specification 12.1).
func (e *Engine) internal(_ context.Context, m queue.Message) ([]queue.Message, error) {
	var ev cdp.InternalEvent
	if err := json.Unmarshal(m.Body, &ev); err != nil {
		return nil, e.unreadable(m, err)
	}
	set := e.registry.Load().projects[ev.Project]
	if set == nil {
		return nil, nil
	}
	h := e.happening(set)
	defer h.end()
	scope, err := e.exec.NewInternalScope(set.project, ev)
	if err != nil {
		return nil, e.unreadable(m, err)
	}
	h.scope = *scope
	alert := alertOf(&ev)
	for f := range set.internal.all {
		if ev.IsAlert() && (alert == "" || !f.Filters.NamesAlert(ev.Name, alert)) {
			continue
		}
		if err := h.offer(f); err != nil {
			return nil, err
		}
	}
	h.record(false)
	return h.next, nil
}

// alertOf is the ID of the alert that an event is of, "" when there is none.
func alertOf(ev *cdp.InternalEvent) string {
	var p struct {
		ID any `json:"alert_id"`
	}
	if json.Unmarshal(ev.Properties, &p) != nil || p.ID == nil {
		return ""
	}
	return fmt.Sprint(p.ID)
}

// tellOfState makes the internal event of a function's change of state.
func (e *Engine) tellOfState(c stateChange) {
	ctx, cancel := context.WithTimeout(context.Background(), tellWithin)
	defer cancel()
	f := e.stored(ctx, c.w.Project, c.w.Function)
	if f == nil {
		return // it is deleted
	}
	props, err := json.Marshal(map[string]any{
		"hog_function_id": f.ID, "hog_function_type": f.Type, "hog_function_name": f.Title(), "hog_function_template_id": f.TemplateID,
		"state": c.w.State.String(), "previous_state": c.before.String(), "reason": c.w.Reason,
	})
	if err == nil {
		err = e.Internal(ctx, cdp.InternalEvent{URL: executor.FunctionURL(e.cfg.BaseURL, f.Project, f.ID), Event: cdp.Event{
			Project: f.Project, Name: cdp.StateWasChanged, DistinctID: string(f.ID), Timestamp: c.w.ChangedAt, Properties: props,
		}})
	}
	if err != nil {
		e.log.Error("nobody is told of a function's change of state", "project", f.Project, "function", f.ID, "error", err)
	}
}

// stored is a function as it is live, else as it is stored; nil when it is
// gone.
func (e *Engine) stored(ctx context.Context, p cdp.ProjectID, id cdp.FunctionID) *cdp.Function {
	if f := e.registry.Load().projects[p].function(id); f != nil {
		return f.Function
	}
	f, err := e.cfg.Functions.Function(ctx, p, id)
	if err != nil {
		return nil
	}
	return f
}
