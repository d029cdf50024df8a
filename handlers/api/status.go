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
	var faults []fields.Fault
	r := &fields.Reader{Members: members, Faults: &faults}
	state := r.Int("state", fields.Rule{Required: true})
	if len(faults) > 0 {
		f := faults[0]
		return cdp.ErrorAt(cdp.Invalid, f.Path, "%s", f.Message).WithAPICode(f.Code)
	}
	now, err := h.c.Functions.SetState(c.UserContext(), session.User(c).ID, f.Project, f.ID, cdp.State(state.Value))
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, status{State: int(now.State), Tokens: now.Tokens})
}
