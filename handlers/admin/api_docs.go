package admin

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/views/pages"
	"hogpen/web/respond"
)

// APIDocs is GET /api/docs: the REST API's description, to read and to try.
func (h *Handler) APIDocs(c *fiber.Ctx) error {
	s, err := h.shell(c, "REST API", "")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.APIDocs(s, pages.APIDocsData{Schema: "/api/schema/", Keys: "/account/keys"}))
}
