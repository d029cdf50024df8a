package respond

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"hogpen/web/session"
)

// with is the request's context with the policy's nonce, where templ looks
// for it.
func with(c *fiber.Ctx) context.Context {
	if n := session.Nonce(c); n != "" {
		return templ.WithNonce(c.UserContext(), n)
	}
	return c.UserContext()
}
