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
	asked := reader(members)
	ev := internalOf(asked)
	if err := faultsOf(*asked.Faults); err != nil {
		return counted(c, err)
	}
	ev.Project = session.Project(c).ID
	if err := h.c.Internals.Internal(c.UserContext(), ev); err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusAccepted, internalTaken{"queued"})
}

func internalOf(r *fields.Reader) (ev cdp.InternalEvent) {
	text := fields.Rule{Nullable: true, Blank: true}
	ev.Name = r.Text("event", fields.Rule{Required: true, MaxRunes: maxInternalName}).Value
	ev.DistinctID = r.Text("distinct_id", text).Value
	ev.Timestamp = timeMember(r, "timestamp", fields.Rule{Nullable: true})
	ev.URL = r.Text("url", text).Value
	ev.Properties = json.RawMessage("{}")
	if props := r.Dict("properties", fields.Rule{Nullable: true}); props.Set && !props.Null {
		ev.Properties = props.Value
	}
	return ev
}
