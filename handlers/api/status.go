package api

import (
	"encoding/json"
	"errors"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// statusRequest chooses the watcher's state of a function.
type statusRequest struct {
	State *int `json:"state"`
}

// SetStatus puts a function into a state that an administrator chose (REST API
// specification 8.16).
func (h *Handler) SetStatus(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	var r statusRequest
	var wrong *json.UnmarshalTypeError
	switch err := json.Unmarshal(c.Request().Body(), &r); {
	case errors.As(err, &wrong):
		return cdp.Errorf(cdp.Invalid, "state", "A valid integer is required.").WithAPICode("invalid")
	case err != nil:
		return cdp.Errorf(cdp.Invalid, "", "JSON parse error - %s", err).WithAPICode("parse_error")
	case r.State == nil:
		return cdp.Errorf(cdp.Invalid, "state", "This field is required.").WithAPICode("required")
	}
	now, err := h.c.Functions.SetState(c.UserContext(), session.User(c).ID, f.Project, f.ID, cdp.State(*r.State))
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, status{State: int(now.State), Tokens: now.Tokens})
}
