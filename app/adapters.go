package app

import (
	"context"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine"
)

// readable is the store with recorded events as destinations saw them.
type readable struct {
	*db.Store
	engine *engine.Engine
}

// Event finds a project's event by UUID.
func (r readable) Event(ctx context.Context, p cdp.ProjectID, uuid string) (cdp.Event, error) {
	e, err := r.Store.Event(ctx, p, uuid)
	if err != nil {
		return e, err
	}
	return r.engine.Normalized(e), nil
}

// RecentEvents lists a project's events, last received first.
func (r readable) RecentEvents(ctx context.Context, q cdp.EventQuery) ([]cdp.Event, error) {
	all, err := r.Store.RecentEvents(ctx, q)
	for i := range all {
		all[i] = r.engine.Normalized(all[i])
	}
	return all, err
}

// statuses tells the API how functions fare in the engine.
type statuses struct {
	engine *engine.Engine
}

// Statuses gives the status of each function.
func (s statuses) Statuses(_ context.Context, p cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]cdp.Status, error) {
	out := make(map[cdp.FunctionID]cdp.Status, len(ids))
	for _, id := range ids {
		out[id] = s.engine.Status(p, id)
	}
	return out, nil
}
