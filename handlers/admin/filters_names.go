package admin

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// maxOffered bounds how many names of a kind the filters' fields offer at
// once; with more of them, the fields ask again for what is typed.
const maxOffered = 200

// offer fills in the names of events and properties to choose from.
func (h *Handler) offer(c *fiber.Ctx, f *cdp.Function, d *pages.FiltersData) (err error) {
	names := base(c) + "/_/functions/names?kind="
	if d.Names, err = h.c.Definitions.EventNames(c.UserContext(), f.Project, "", maxOffered); err != nil {
		return err
	}
	if len(d.Names) == maxOffered {
		d.MoreNames = names + "event"
	}
	if err := h.offerActions(c, f, d); err != nil {
		return err
	}
	var events []string
	for _, e := range d.Events {
		if e.Name != "" {
			events = append(events, e.Name)
		}
	}
	if d.Keys, err = h.filterKeys(c, f.Type, "", events); err != nil {
		return err
	}
	if len(d.Keys) >= maxOffered {
		d.MoreKeys = names + "property&type=" + string(f.Type)
	}
	return nil
}

// maxActions bounds how many actions a row lets choose from, those saved last.
const maxActions = 1000

// offerActions fills in the actions to choose from, by name, and chooses in
// each row. An action that is deleted goes on matching where it is named, and
// so it stays to be seen there.
func (h *Handler) offerActions(c *fiber.Ctx, f *cdp.Function, d *pages.FiltersData) error {
	if d.JSON || !d.CanEvents || f.Type == cdp.Transformation && len(d.Actions) == 0 {
		return nil
	}
	all, _, err := h.c.Store.Actions(c.UserContext(), cdp.ListQuery{Project: f.Project, Limit: maxActions})
	if err != nil {
		return err
	}
	known := map[string]ui.Option{}
	for _, a := range all {
		name := ""
		if a.Name != nil {
			name = *a.Name
		}
		id := strconv.FormatInt(a.ID, 10)
		known[id] = actionChoice(id, name)
		d.ActionChoices = append(d.ActionChoices, known[id])
	}
	slices.SortFunc(d.ActionChoices, func(a, b ui.Option) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)), strings.Compare(a.Value, b.Value))
	})
	for i := range d.Actions {
		row := &d.Actions[i]
		if o, ok := known[row.ID]; ok {
			row.Stored = o
		} else {
			row.Missing = true
		}
	}
	return nil
}

// filterKeys are the properties that conditions of such a function may be
// about; those that came with one of the events are first.
func (h *Handler) filterKeys(c *fiber.Ctx, t cdp.Type, search string, events []string) ([]pages.FilterKey, error) {
	var out []pages.FilterKey
	for _, kind := range propertyKinds(t) {
		found, err := h.c.Definitions.Properties(c.UserContext(), session.Project(c).ID, kind.Value, search, events, maxOffered)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			out = append(out, pages.FilterKey{Name: p.Name, Hint: strings.TrimSpace(kind.Label + " " + strings.ToLower(p.Type))})
		}
	}
	return out, nil
}

// FilterNames is GET /p/:pid/_/functions/names: names that contain what is
// being typed into a field of filters.
func (h *Handler) FilterNames(c *fiber.Ctx) error {
	if c.Query("kind") == "event" {
		names, err := h.c.Definitions.EventNames(c.UserContext(), session.Project(c).ID, c.Query("filters.event"), maxOffered)
		if err != nil {
			return err
		}
		return respond.Part(c, pages.EventOptions(names))
	}
	keys, err := h.filterKeys(c, cdp.Type(c.Query("type")), c.Query("filters.property.key"), nil)
	if err != nil {
		return err
	}
	return respond.Part(c, pages.PropertyOptions(keys))
}
