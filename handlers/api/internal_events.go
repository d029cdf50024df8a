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

// internalWrite is an internal event.
type internalWrite struct {
	Event      string          `json:"event"`
	DistinctID string          `json:"distinct_id"`
	Properties json.RawMessage `json:"properties"`
	Timestamp  *string         `json:"timestamp"`
	URL        string          `json:"url"`
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
	var found []fields.Fault
	r := &fields.Reader{Members: members, Faults: &found}
	text := fields.Rule{Nullable: true, Blank: true}
	ev := cdp.InternalEvent{URL: r.Text("url", text).Value, Event: cdp.Event{
		Project: session.Project(c).ID, Name: r.Text("event", fields.Rule{Required: true, MaxRunes: maxInternalName}).Value,
		DistinctID: r.Text("distinct_id", text).Value, Timestamp: timeMember(r, "timestamp"), Properties: json.RawMessage("{}"),
	}}
	if raw, ok := members.Get("properties"); ok && string(raw) != "null" {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) != nil {
			r.Fail("properties", "invalid_input", "Expected an object.")
		}
		ev.Properties = raw
	}
	if err := faultsOf(found); err != nil {
		return counted(c, err)
	}
	if err := h.c.Internals.Internal(c.UserContext(), ev); err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusAccepted, internalTaken{"queued"})
}
