package admin

import (
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// SignInPage is GET /login. While there is no user it leads to the set-up.
func (h *Handler) SignInPage(c *fiber.Ctx) error {
	needs, err := h.c.Accounts.NeedsSetup(c.UserContext())
	if err != nil {
		return err
	}
	if needs {
		return respond.Redirect(c, "/setup")
	}
	if _, in := session.Principal(c); in {
		return respond.Redirect(c, ownPath(c.Query("next")))
	}
	d := pages.SignInData{CSRF: session.CSRF(c), Action: "/login", Next: c.Query("next")}
	if toasts := respond.Toasts(c); len(toasts) > 0 {
		d.Notice = toasts[0].Text
	}
	return respond.Page(c, pages.SignIn(d))
}

// SignIn is POST /login.
func (h *Handler) SignIn(c *fiber.Ctx) error {
	email := c.FormValue("email")
	user, err := h.c.Accounts.SignIn(c.UserContext(), email, c.FormValue("password"), session.From(c).IP)
	var known *cdp.Error
	switch {
	case errors.As(err, &known) && known.Code != cdp.Unavailable:
		return respond.Invalid(c, pages.SignIn(pages.SignInData{
			CSRF: session.CSRF(c), Action: "/login", Next: c.FormValue("next"), Email: email, Keep: c.FormValue("keep") != "", Error: known.Message,
		}))
	case err != nil:
		return err
	}
	if err := session.SignIn(c, user); err != nil {
		return err
	}
	if c.FormValue("keep") != "" {
		session.Keep(c)
	}
	return respond.Redirect(c, ownPath(c.FormValue("next")))
}

// SignOut is POST /logout.
func (h *Handler) SignOut(c *fiber.Ctx) error {
	session.SignOut(c)
	return respond.Redirect(c, "/login")
}

// Home is GET /: the last project, or the first, or the set-up.
func (h *Handler) Home(c *fiber.Ctx) error {
	if _, in := session.Principal(c); !in {
		return respond.Redirect(c, "/login")
	}
	user := session.User(c)
	projects, err := h.c.Store.Projects(c.UserContext(), user.ID)
	if err != nil {
		return err
	}
	p := h.lastProject(user, projects)
	if p.ID == 0 {
		return cdp.Errorf(cdp.Forbidden, "", "You are in no project yet. Ask an owner or admin to add you to one.")
	}
	return respond.Redirect(c, navigation(p.ID, "")[0][0].Href)
}

// ownPath keeps a redirect on this site: a path of ours, else the start page.
func ownPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
