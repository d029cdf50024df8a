package admin

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// ErrorPage shows what went wrong: in the shell to who is signed in, else in
// the frame. The status is set already.
func (h *Handler) ErrorPage(c *fiber.Ctx, f respond.Failure) error {
	d := pages.ErrorData{Status: f.Status, Text: f.Text}
	if f.Status >= fiber.StatusInternalServerError {
		d.ID = f.RequestID
	}
	if c.Method() == fiber.MethodGet {
		d.Retry = ownPath(c.OriginalURL())
	}
	if _, in := session.Principal(c); !in {
		return respond.Page(c, pages.ErrorFrame("", d))
	}
	if session.Project(c).ID != 0 {
		d.Search = base(c) + "/functions"
		d.Links = []ui.MenuItem{{Label: "Functions", Href: base(c) + "/functions"}}
	}
	s, err := h.shell(c, "Error", "")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Error(s, d))
}
