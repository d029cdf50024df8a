package admin

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// SetupPage is GET /setup, which exists only while there is no user.
func (h *Handler) SetupPage(c *fiber.Ctx) error {
	needs, err := h.c.Accounts.NeedsSetup(c.UserContext())
	if err != nil {
		return err
	}
	if !needs {
		return respond.Redirect(c, "/login")
	}
	return respond.Page(c, pages.Setup(pages.SetupData{CSRF: session.CSRF(c), Action: "/setup", Code: c.Query("code"), Project: "Default project"}))
}

// Setup is POST /setup: the first owner, with the code that serve printed.
func (h *Handler) Setup(c *fiber.Ctx) error {
	d := pages.SetupData{
		CSRF: session.CSRF(c), Action: "/setup", Code: c.FormValue("code"), Name: c.FormValue("name"),
		Email: c.FormValue("email"), Project: c.FormValue("project"),
	}
	user, err := h.firstOwner(c, d)
	var known *cdp.Error
	switch {
	case errors.As(err, &known) && known.Code == cdp.Conflict:
		return respond.Redirect(c, "/login")
	case errors.As(err, &known) && known.Code != cdp.Unavailable:
		d.Errors = map[string]string{known.Field.String(): known.Message}
		return respond.Invalid(c, pages.Setup(d))
	case err != nil:
		return err
	}
	if err := session.SignIn(c, user); err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Your account and project are ready"})
	return respond.Redirect(c, "/")
}

func (h *Handler) firstOwner(c *fiber.Ctx, d pages.SetupData) (account.User, error) {
	if err := h.c.Accounts.CheckSetupCode(d.Code); err != nil {
		return account.User{}, err
	}
	res, err := h.c.Accounts.Setup(c.UserContext(), account.SetupRequest{
		Email: d.Email, Password: c.FormValue("password"), Name: d.Name, Project: d.Project,
	})
	return res.User, err
}
