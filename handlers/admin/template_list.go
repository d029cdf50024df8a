package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
)

// blankTemplates are what "Start from scratch" opens.
var blankTemplates = []string{"template-blank-transformation", "template-webhook"}

// templateQuery is what the address of the gallery asks for.
type templateQuery struct {
	q, kind    string
	categories []string
}

func readTemplateQuery(c *fiber.Ctx) templateQuery {
	q := templateQuery{q: strings.TrimSpace(c.Query("q")), kind: c.Query("type")}
	for _, v := range c.Context().QueryArgs().PeekMulti("category") {
		q.categories = append(q.categories, string(v))
	}
	return q
}

// TemplateList is GET /p/:pid/templates.
func (h *Handler) TemplateList(c *fiber.Ctx) error {
	used, err := h.c.Store.TemplateUsage(c.UserContext())
	if err != nil {
		return err
	}
	d := h.gallery(c, readTemplateQuery(c), used)
	s, err := h.shell(c, "Templates", "Templates")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.TemplateList(s, d), "gallery")
}

func (h *Handler) gallery(c *fiber.Ctx, q templateQuery, used map[string]int) pages.TemplateListData {
	d := pages.TemplateListData{
		Base: base(c) + "/templates", Query: q.q, Type: q.kind, Filtered: q.q != "" || q.kind != "" || len(q.categories) > 0, CanEdit: canEdit(c),
	}
	kinds, categories := map[string]int{}, map[string]int{}
	var found []*cdp.Template
	for _, t := range h.c.Templates() {
		if !offered(t, q.q) {
			continue
		}
		d.All++
		kind := tabOf(t.Type)
		kinds[kind]++
		if q.kind != "" && q.kind != kind {
			continue
		}
		for _, name := range t.Category {
			categories[name]++
		}
		if len(q.categories) > 0 && !slices.ContainsFunc(t.Category, func(n string) bool { return slices.Contains(q.categories, n) }) {
			continue
		}
		if rank(t, q.q) > 0 {
			found = append(found, t)
		}
	}
	slices.SortStableFunc(found, func(a, b *cdp.Template) int {
		return cmp.Or(rank(b, q.q)-rank(a, q.q), used[b.ID]-used[a.ID], strings.Compare(a.Name, b.Name))
	})
	for _, t := range found {
		d.Cards = append(d.Cards, h.card(c, t, used[t.ID]))
	}
	d.Count = len(found)
	d.Tabs, d.Categories, d.Scratch = q.tabs(base(c), kinds, d.All), facets(categories, q.categories), h.scratch(c, q.kind)
	return d
}

// offered leaves out what is hidden, and unless somebody searches for it, what
// is not ready or no longer recommended.
func offered(t *cdp.Template, q string) bool {
	switch t.Status {
	case "hidden":
		return false
	case "alpha", "deprecated", "coming_soon":
		return q != ""
	}
	return true
}

// rank is how well a template answers a search: its name's beginning, its
// name, a category, its description; 0 is not at all.
func rank(t *cdp.Template, q string) int {
	q = strings.ToLower(q)
	name := strings.ToLower(t.Name)
	switch {
	case strings.HasPrefix(name, q):
		return 4
	case strings.Contains(name, q):
		return 3
	case strings.Contains(strings.ToLower(strings.Join(t.Category, " ")), q):
		return 2
	case strings.Contains(strings.ToLower(t.Description), q):
		return 1
	}
	return 0
}

// tabOf is the tab under which a type stands.
func tabOf(t cdp.Type) string {
	for _, tab := range typeTabs {
		if slices.Contains(tab.types, t) {
			return tab.value
		}
	}
	return ""
}

func (q templateQuery) tabs(base string, counts map[string]int, all int) []ui.Tab {
	address := func(kind string) string {
		v := url.Values{}
		if q.q != "" {
			v.Set("q", q.q)
		}
		if kind != "" {
			v.Set("type", kind)
		}
		if len(v) == 0 {
			return base + "/templates"
		}
		return base + "/templates?" + v.Encode()
	}
	tabs := []ui.Tab{{Label: "All", Href: address(""), Count: ui.Exact(int64(all)), Current: q.kind == ""}}
	for _, t := range typeTabs {
		if counts[t.value] > 0 || q.kind == t.value {
			tabs = append(tabs, ui.Tab{Label: t.label, Href: address(t.value), Count: ui.Exact(int64(counts[t.value])), Current: q.kind == t.value})
		}
	}
	return tabs
}

func facets(counts map[string]int, chosen []string) []pages.TemplateFacet {
	var out []pages.TemplateFacet
	for name, n := range counts {
		out = append(out, pages.TemplateFacet{Name: name, Count: n, Checked: slices.Contains(chosen, name)})
	}
	slices.SortFunc(out, func(a, b pages.TemplateFacet) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (h *Handler) card(c *fiber.Ctx, t *cdp.Template, used int) pages.TemplateCard {
	d := pages.TemplateCard{
		ID: t.ID, Name: t.Name, Href: base(c) + "/templates/" + t.ID, Text: t.Description, Type: pages.TypeName(t.Type), Used: usedBy(used),
	}
	if t.IconURL != nil {
		d.Icon = *t.IconURL
	}
	if t.Status != "stable" {
		d.Status, d.Tone = templateStatus(t.Status)
	}
	return d
}

func usedBy(n int) string {
	if n == 0 {
		return "not used here"
	}
	return "used by " + ui.Exact(int64(n))
}

// templateStatus is a status as a word and a colour.
func templateStatus(status string) (string, ui.Tone) {
	switch status {
	case "beta":
		return "Beta", ui.Info
	case "alpha":
		return "Alpha", ui.Warn
	case "deprecated":
		return "Deprecated", ui.Mute
	case "coming_soon":
		return "Coming soon", ui.Mute
	}
	return "Stable", ui.Mute
}

// scratch is the address of the emptiest template of a kind.
func (h *Handler) scratch(c *fiber.Ctx, kind string) string {
	for _, id := range blankTemplates {
		if t, ok := h.c.Template(id); ok && (kind == "" || tabOf(t.Type) == kind) {
			return base(c) + "/templates/" + id
		}
	}
	return ""
}
