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
	found := chosenTemplates(h.c.Gallery.All(), q, hidden)
	if err := h.byUsage(c.UserContext(), found); err != nil {
		return err
	}
	w := windowOf(q)
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, len(found), slice(found, w)))
}

// chosenTemplates are those a list asks for.
func chosenTemplates(all []*cdp.Template, q params, hidden bool) []*cdp.Template {
	types := []string{string(cdp.Destination)}
	if t := q.text("type"); t != "" {
		types = []string{t}
	} else if list := q.list("types"); len(list) > 0 {
		types = list
	}
	id := q.text("template_id")
	var out []*cdp.Template
	for _, t := range all {
		switch {
		case t.Status == "deprecated", t.Status == "hidden" && !hidden:
		case !slices.Contains(types, string(t.Type)), id != "" && t.ID != id:
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
