package api

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Internals takes internal events; the engine is one.
type Internals interface {
	// Internal returns when the event is durable, or nobody waits for it.
	Internal(ctx context.Context, ev cdp.InternalEvent) error
}

type internalTaken struct {
	Status string `json:"status"`
}

// maxInternalName bounds the name of an internal event, in characters.
const maxInternalName = 200

// CreateInternalEvent is POST …/internal_events: an event for functions of type
// internal_destination (runtime specification 12.1).
func (h *Handler) CreateInternalEvent(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	r := reader(members)
	ev := readInternal(r)
	if err := faultsOf(*r.Faults); err != nil {
		return counted(c, err)
	}
	ev.Event.Project = session.Project(c).ID
	if err := h.c.Internals.Internal(c.UserContext(), ev); err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusAccepted, internalTaken{"queued"})
}

func readInternal(r *fields.Reader) cdp.InternalEvent {
	text := fields.Rule{Nullable: true, Blank: true}
	ev := cdp.InternalEvent{URL: r.Text("url", text).Value, Event: cdp.Event{
		Name:       r.Text("event", fields.Rule{Required: true, MaxRunes: maxInternalName}).Value,
		DistinctID: r.Text("distinct_id", text).Value, Timestamp: timeMember(r, "timestamp", fields.Rule{Nullable: true}),
		Properties: json.RawMessage("{}"),
	}}
	if p := r.Dict("properties", fields.Rule{Nullable: true}); p.Set && !p.Null {
		ev.Event.Properties = p.Value
	}
	return ev
}
