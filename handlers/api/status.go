package api

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// SetStatus puts a function into a state that an administrator chose (REST API
// specification 8.16).
func (h *Handler) SetStatus(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	members, err := body(c)
	if err != nil {
		return err
	}
	r := reader(members)
	state := stateOf(r)
	if err := faultsOf(*r.Faults); err != nil {
		return err
	}
	now, err := h.c.Functions.SetState(c.UserContext(), session.User(c).ID, f.Project, f.ID, state)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, status{State: int(now.State), Tokens: now.Tokens})
}

func stateOf(r *fields.Reader) cdp.State {
	return cdp.State(r.Int("state", fields.Rule{Required: true}).Value)
}
