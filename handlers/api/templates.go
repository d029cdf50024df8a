package api

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
)

// ListTemplates gives a page of the gallery, the most used first. Deprecated
// templates are never in it (REST API specification 9.2).
func (h *Handler) ListTemplates(c *fiber.Ctx) error { return h.listTemplates(c, true) }

// ListPublicTemplates is ListTemplates for strangers, without hidden ones.
func (h *Handler) ListPublicTemplates(c *fiber.Ctx) error { return h.listTemplates(c, false) }

func (h *Handler) listTemplates(c *fiber.Ctx, hidden bool) error {
	q := query(c)
	ask := templatesOf(q)
	found := chosenTemplates(h.c.Gallery.All(), ask, hidden)
	if err := h.byUsage(c.UserContext(), found); err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, ask.window, len(found), slice(found, ask.window)))
}

// templatesAsked are the parameters of the list.
type templatesAsked struct {
	types []string
	id    string
	window
}

// templatesOf reads the parameters of the list.
func templatesOf(q *params) templatesAsked {
	one, some := q.text("type", "Only templates of this type."), q.list("types", "Only templates of these types; type counts first. Without either, destinations.")
	ask := templatesAsked{types: some, id: q.text("template_id", "Only this template."), window: windowOf(q)}
	switch {
	case one != "":
		ask.types = []string{one}
	case len(some) == 0:
		ask.types = []string{string(cdp.Destination)}
	}
	return ask
}

// chosenTemplates are those a list asks for.
func chosenTemplates(all []*cdp.Template, ask templatesAsked, hidden bool) []*cdp.Template {
	var out []*cdp.Template
	for _, t := range all {
		switch {
		case t.Status == "deprecated", t.Status == "hidden" && !hidden:
		case !slices.Contains(ask.types, string(t.Type)), ask.id != "" && t.ID != ask.id:
		default:
			out = append(out, t)
		}
	}
	return out
}

// byUsage sorts templates by how many functions were made from them, then by
// name.
func (h *Handler) byUsage(ctx context.Context, ts []*cdp.Template) error {
	usage, err := h.c.Reader.TemplateUsage(ctx)
	if err != nil {
		return err
	}
	slices.SortStableFunc(ts, func(a, b *cdp.Template) int {
		if n := usage[b.ID] - usage[a.ID]; n != 0 {
			return n
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return nil
}

// ShowTemplate gives one template, whatever its status.
func (h *Handler) ShowTemplate(c *fiber.Ctx) error {
	t, ok := h.c.Gallery.Get(c.Params("template_id"))
	if !ok {
		return notFound()
	}
	return respond.JSON(c, fiber.StatusOK, t)
}
