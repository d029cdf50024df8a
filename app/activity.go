package app

import (
	"context"
	"encoding/json"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// logged tells internal destinations of an entry of the activity log. What the
// system did itself is not told: a function that changes functions would wake
// itself (runtime specification 12.2).
func (a *App) logged(ctx context.Context, entry cdp.Activity) {
	if entry.User == 0 || !a.engine.HearsInternal(entry.Project) {
		return
	}
	if err := a.tell(ctx, entry); err != nil {
		a.log.Error("nobody is told of an activity entry", "project", entry.Project, "entry", entry.ID, "error", err)
	}
}

func (a *App) tell(ctx context.Context, entry cdp.Activity) error {
	users, err := a.store.UsersByID(ctx, []cdp.UserID{entry.User})
	if err != nil {
		return err
	}
	u := users[entry.User]
	props, err := json.Marshal(map[string]any{
		"id": entry.ID, "scope": entry.Scope, "activity": entry.Activity, "item_id": entry.ItemID, "detail": entry.Detail,
		"user":       map[string]any{"uuid": u.UUID, "first_name": u.FirstName, "last_name": u.LastName, "email": u.Email},
		"created_at": entry.CreatedAt,
	})
	if err != nil {
		return err
	}
	ev := cdp.InternalEvent{Event: cdp.Event{
		Project: entry.Project, UUID: entry.ID, Name: cdp.ActivityLogged, DistinctID: u.DistinctID, Timestamp: entry.CreatedAt, Properties: props,
	}}
	if entry.Scope == "HogFunction" {
		ev.URL = executor.FunctionURL(a.siteURL(), entry.Project, cdp.FunctionID(entry.ItemID))
	}
	return a.engine.Internal(ctx, ev)
}
