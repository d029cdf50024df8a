package api

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
)

// icon is one of the built-in icons; those of the templates are all there are.
type icon struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// ListIcons finds icons by name (REST API specification 8.14).
func (h *Handler) ListIcons(c *fiber.Ctx) error {
	found := []icon{}
	text := iconWords(query(c))
	for _, t := range h.c.Gallery.All() {
		if text != "" && t.Status != "hidden" && strings.Contains(strings.ToLower(t.Name), text) {
			found = append(found, icon{ID: t.ID, Name: t.Name, URL: "/api/projects/@current/hog_functions/icon/?id=" + url.QueryEscape(t.ID)})
		}
	}
	return respond.JSON(c, fiber.StatusOK, found)
}

// ShowIcon gives an icon's image by its id.
func (h *Handler) ShowIcon(c *fiber.Ctx) error {
	id := iconID(query(c))
	if id == "" {
		return invalid("", "id is required")
	}
	return h.sendIcon(c, id)
}

// ShowTemplateIcon gives a template's icon to whoever asks.
func (h *Handler) ShowTemplateIcon(c *fiber.Ctx) error {
	id, ok := strings.CutSuffix(c.Params("file"), ".svg")
	if !ok {
		return notFound()
	}
	return h.sendIcon(c, id)
}

func iconWords(q *params) string {
	return strings.ToLower(strings.TrimSpace(q.text("query", "Text that the name contains.")))
}

func iconID(q *params) string { return q.text("id", "The icon, as the list names it.") }

func (h *Handler) sendIcon(c *fiber.Ctx, id string) error {
	svg, ok := h.c.Gallery.Icon(id)
	if !ok {
		return cdp.Errorf(cdp.NotFound, "", "Not found.")
	}
	c.Set(fiber.HeaderContentType, "image/svg+xml")
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	// Opened on its own, an SVG is a document: it gets nothing to run.
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return c.Send(svg)
}
