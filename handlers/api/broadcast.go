package api

import (
	"context"
	"errors"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
)

// Broadcasts runs functions for persons; *cdp.Broadcasts is one.
type Broadcasts interface {
	Start(ctx context.Context, f *cdp.Function) (queued int, err error)
}

// broadcastDone is the answer once all invocations are queued.
type broadcastDone struct {
	Success bool `json:"success"`
}

// BroadcastFunction runs a function once for each person that its filters let
// through (REST API specification 8.9). It goes on when the client leaves: half
// a broadcast could not be made whole.
func (h *Handler) BroadcastFunction(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	_, err = h.c.Broadcasts.Start(context.WithoutCancel(c.UserContext()), f)
	var refused *cdp.Error
	if errors.As(err, &refused) && refused.Code == cdp.Invalid {
		return respond.JSON(c, fiber.StatusBadRequest, hogError{refused.Message})
	}
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, broadcastDone{true})
}
