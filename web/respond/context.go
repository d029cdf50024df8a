package respond

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"hogpen/views/ui"
	"hogpen/web/session"
)

// with is the request's context with what components look for in it: the
// policy's nonce, and the session's token where there is a session. A form for
// strangers gets one when its handler asks for session.CSRF.
func with(c *fiber.Ctx) context.Context {
	ctx := c.UserContext()
	env := ui.Env{Nonce: session.Nonce(c)}
	if session.Begun(c) {
		env.CSRF = session.CSRF(c)
	}
	if env.Nonce != "" {
		ctx = templ.WithNonce(ctx, env.Nonce)
	}
	return ui.WithEnv(ctx, env)
}
