package session

import (
	"crypto/subtle"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
)

// Forged is the cause of the error that Protect gives. Reason is Django's
// text after "CSRF Failed: ", which API clients know.
type Forged struct{ Reason string }

func (f *Forged) Error() string { return "CSRF Failed: " + f.Reason }

// Protect lets a change pass only if it was made by a page of this server:
// the browser says so (Sec-Fetch-Site, Origin), and the request carries the
// session's token. The token may come in the header X-CSRF-Token, in
// PostHog's X-CSRFToken, or in the form field "_csrf". Reads pass. The error
// has code Forbidden and a Forged as its cause.
//
// The token is not masked anew for each response: with SameSite=Lax cookies
// no other site can make the browser fetch a signed-in page, compressed or
// not, to measure it.
func (m *Manager) Protect(c *fiber.Ctx) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions, fiber.MethodTrace:
		return nil
	}
	switch c.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return forged("Referer checking failed - the request came from another site.")
	}
	if origin := c.Get(fiber.HeaderOrigin); origin != "" && !m.own(c, origin) {
		return forged("Origin checking failed - " + cut(origin, 200) + " does not match any trusted origins.")
	}
	sent := sentToken(c)
	if sent == "" {
		return forged("CSRF token missing.")
	}
	s, ok := c.Locals(sessionKey).(*current)
	if !ok || s.row.CSRF == "" || subtle.ConstantTimeCompare([]byte(sent), []byte(s.row.CSRF)) != 1 {
		return forged("CSRF token incorrect.")
	}
	return nil
}

func forged(reason string) error {
	return &cdp.Error{
		Code:    cdp.Forbidden,
		Message: "This page is out of date. Nothing was changed. Reload the page and try again.",
		APICode: "permission_denied",
		Cause:   &Forged{Reason: reason},
	}
}

// own tells whether an Origin is this server's: the configured address, or
// the host the request was sent to.
func (m *Manager) own(c *fiber.Ctx, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false // "null" too
	}
	if m.base != nil && strings.EqualFold(u.Host, m.base.Host) && u.Scheme == m.base.Scheme {
		return true
	}
	return strings.EqualFold(u.Host, c.Hostname())
}

func sentToken(c *fiber.Ctx) string {
	for _, name := range []string{"X-CSRF-Token", "X-CSRFToken"} {
		if v := c.Get(name); v != "" {
			return v
		}
	}
	kind := strings.ToLower(c.Get(fiber.HeaderContentType))
	switch {
	case strings.HasPrefix(kind, fiber.MIMEApplicationForm):
		return string(c.Request().PostArgs().Peek("_csrf"))
	case strings.HasPrefix(kind, fiber.MIMEMultipartForm):
		form, err := c.MultipartForm()
		if err == nil && len(form.Value["_csrf"]) > 0 {
			return form.Value["_csrf"][0]
		}
	}
	return ""
}
