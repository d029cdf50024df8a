package session

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
)

// key names what is kept with a request.
type key int

const (
	sessionKey key = iota
	principalKey
	projectKey
	roleKey
	nonceKey
	requestIDKey
	serverKey
	callerKey
)

// Principal is who is asking; false when nobody is signed in.
func Principal(c *fiber.Ctx) (account.Principal, bool) {
	p, ok := c.Locals(principalKey).(account.Principal)
	return p, ok
}

// SetPrincipal is told by the middleware that authenticates.
func SetPrincipal(c *fiber.Ctx, p account.Principal) { c.Locals(principalKey, p) }

// User is the user who is asking; the zero User on routes open to strangers.
func User(c *fiber.Ctx) account.User {
	p, _ := Principal(c)
	return p.User
}

// Project is the project of the request's URL; the zero Project on routes
// without one.
func Project(c *fiber.Ctx) cdp.Project {
	p, _ := c.Locals(projectKey).(cdp.Project)
	return p
}

// Role is the user's role in Project.
func Role(c *fiber.Ctx) account.Role {
	r, _ := c.Locals(roleKey).(account.Role)
	return r
}

// SetProject is told by the middleware that reads the project from the URL.
func SetProject(c *fiber.Ctx, p cdp.Project, r account.Role) {
	c.Locals(projectKey, p)
	c.Locals(roleKey, r)
}

// CSRF is the token that this session's forms carry in the field "_csrf" and
// scripts in the header X-CSRF-Token. Asking for it begins a session, so ask
// only where a form is rendered. It is empty on routes without sessions, and
// when no random bytes can be had; a form then fails, which is safe.
func CSRF(c *fiber.Ctx) string {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok || s.Options.MaxAge < 0 || s.ensureToken() != nil {
		return ""
	}
	return s.row.CSRF
}

// Begun tells whether the request has a session, of a signed-in user or of a
// stranger who was shown a form.
func Begun(c *fiber.Ctx) bool {
	s, ok := c.Locals(sessionKey).(*current)
	return ok && s.Options.MaxAge >= 0 && (s.ID != "" || s.row.CSRF != "")
}

// Nonce is the nonce of this response's content security policy.
func Nonce(c *fiber.Ctx) string {
	s, _ := c.Locals(nonceKey).(string)
	return s
}

// SetNonce is told by the middleware that writes the policy.
func SetNonce(c *fiber.Ctx, nonce string) { c.Locals(nonceKey, nonce) }

// RequestID names this request in answers and in the log.
func RequestID(c *fiber.Ctx) string {
	s, _ := c.Locals(requestIDKey).(string)
	return s
}

// SetRequestID is told by the first middleware.
func SetRequestID(c *fiber.Ctx, id string) { c.Locals(requestIDKey, id) }

// Server is a context that ends when the server stops. The request's own
// context (c.UserContext) ends with its handler; what lives on after that,
// such as a stream, stands on this one.
func Server(c *fiber.Ctx) context.Context {
	if ctx, ok := c.Locals(serverKey).(context.Context); ok {
		return ctx
	}
	return context.Background()
}

// SetServer is told by the first middleware.
func SetServer(c *fiber.Ctx, ctx context.Context) { c.Locals(serverKey, ctx) }

// Caller is where a request came from and how it reached us, as far as the
// configured proxies are believed.
type Caller struct {
	// IP is the client's address; the socket's unless a trusted proxy told
	// another.
	IP string
	// BaseURL is the address of this server as the client sees it, without
	// a slash at the end.
	BaseURL string
}

// From is the caller of this request.
func From(c *fiber.Ctx) Caller {
	v, _ := c.Locals(callerKey).(Caller)
	return v
}

// SetFrom is told by the first middleware.
func SetFrom(c *fiber.Ctx, v Caller) { c.Locals(callerKey, v) }

// Lasting gives the question whether the request's session is still signed in,
// for what goes on after the request, such as a stream: it is not after a
// sign-out, here or elsewhere, nor after its end. A database that does not
// answer ends nothing, and neither does a request without a session.
func Lasting(c *fiber.Ctx) func(ctx context.Context) bool {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok || s.row.User == 0 {
		return func(context.Context) bool { return true }
	}
	store, hash, user := s.m.store, s.row.IDHash, s.row.User
	return func(ctx context.Context) bool {
		row, err := store.rows.Session(ctx, hash)
		if err != nil {
			return !cdp.HasCode(err, cdp.NotFound)
		}
		return row.User == user && row.ExpiresAt.After(store.now())
	}
}
