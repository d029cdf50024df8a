package admin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Pipeline is GET /p/:pid/pipeline: the transformations in execution order.
func (h *Handler) Pipeline(c *fiber.Ctx) error {
	d, err := h.pipeline(c)
	if err != nil {
		return err
	}
	s, err := h.shell(c, "Pipeline", "Pipeline")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Pipeline(s, d))
}

// steps are the project's transformations, paused ones too.
func (h *Handler) steps(c *fiber.Ctx) ([]*cdp.Function, error) {
	page, err := h.c.Store.Functions(c.UserContext(), cdp.FunctionQuery{
		Project: session.Project(c).ID, Types: []cdp.Type{cdp.Transformation}, Limit: 1000,
	})
	return page.Functions, err
}

func (h *Handler) pipeline(c *fiber.Ctx) (pages.PipelineData, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	steps, err := h.steps(c)
	if err != nil {
		return pages.PipelineData{}, err
	}
	counts, err := h.c.Store.FunctionCounts(ctx, project)
	if err != nil {
		return pages.PipelineData{}, err
	}
	var ids []cdp.FunctionID
	for _, f := range steps {
		ids = append(ids, f.ID)
	}
	stats, err := h.c.Store.FunctionStats(ctx, project, ids)
	if err != nil {
		return pages.PipelineData{}, err
	}
	d := pages.PipelineData{
		Version: orderVersion(steps), Apply: base(c) + "/pipeline", Destinations: counts[cdp.Destination],
		Notifications: counts[cdp.InternalDestination], CanEdit: canEdit(c), AddHref: base(c) + "/templates?type=transformation",
	}
	for i, f := range steps {
		d.Steps = append(d.Steps, h.step(c, f, stats[f.ID], i, len(steps)))
	}
	return d, nil
}

func (h *Handler) step(c *fiber.Ctx, f *cdp.Function, stats cdp.FunctionStats, i, n int) pages.PipelineStep {
	ran, dropped := runs(stats), stats.Other[cdp.OutcomeDropped]
	p := pages.PipelineStep{
		ID: f.ID, Name: f.Title(), Href: base(c) + "/functions/" + string(f.ID), Position: i + 1, Sub: subtitle(f),
		On: f.Enabled, Version: f.Version, Runs: ui.Exact(ran), Dropped: "–",
		Switch: base(c) + "/_/functions/" + string(f.ID) + "/enabled", CanEdit: canEdit(c),
		Fixed: n == 1, First: i == 0, Last: i == n-1,
	}
	if dropped > 0 {
		p.Dropped = ui.Share(dropped, ran)
	}
	return p
}

// orderVersion names an order of steps, so that a change made from an older
// one is noticed.
func orderVersion(steps []*cdp.Function) string {
	sum := sha256.New()
	for _, f := range steps {
		fmt.Fprintln(sum, f.ID)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Reorder is POST /p/:pid/pipeline: every id in the new order, or one move of
// the buttons that work without script. An order made from one that somebody
// else changed meanwhile is a conflict and changes nothing.
func (h *Handler) Reorder(c *fiber.Ctx) error {
	steps, err := h.steps(c)
	if err != nil {
		return err
	}
	if c.FormValue("version") != orderVersion(steps) {
		return h.orderConflict(c)
	}
	order := idsOf(steps)
	before := slices.Clone(order)
	if move := c.FormValue("move"); move != "" {
		order = moved(order, move)
	} else {
		order = formOf(c)["order"]
	}
	if !sameSet(order, before) {
		return cdp.Errorf(cdp.Invalid, "", "The order must name every transformation once. Load the page again.")
	}
	orders := map[cdp.FunctionID]int{}
	for i, id := range order {
		orders[cdp.FunctionID(id)] = i + 1
	}
	if _, err := h.c.Functions.Rearrange(c.UserContext(), session.User(c).ID, session.Project(c).ID, orders); err != nil {
		return err
	}
	return h.afterReorder(c, before)
}

func (h *Handler) afterReorder(c *fiber.Ctx, before []string) error {
	d, err := h.pipeline(c)
	if err != nil {
		return err
	}
	undo := []ui.Hidden{{Name: "version", Value: d.Version}}
	for _, id := range before {
		undo = append(undo, ui.Hidden{Name: "order", Value: id})
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Order applied", Undo: c.Path(), Fields: undo})
	if !respond.Partial(c) {
		return respond.Redirect(c, base(c)+"/pipeline")
	}
	return respond.Places(c, respond.Place{Selector: "#order", Swap: hx.Morph, Content: pages.PipelineOrder(d)})
}

func (h *Handler) orderConflict(c *fiber.Ctx) error {
	const who = "Somebody else changed the order meanwhile."
	c.Status(fiber.StatusConflict)
	if respond.Partial(c) {
		return respond.Places(c, respond.Place{Selector: "#order-conflict", Swap: hx.Inner, Content: pages.PipelineConflict(who)})
	}
	d, err := h.pipeline(c)
	if err != nil {
		return err
	}
	d.Conflict = who
	s, err := h.shell(c, "Pipeline", "Pipeline")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Pipeline(s, d))
}

func idsOf(steps []*cdp.Function) []string {
	var ids []string
	for _, f := range steps {
		ids = append(ids, string(f.ID))
	}
	return ids
}

// moved gives the order after one move: "<id>:up" or "<id>:down".
func moved(order []string, move string) []string {
	id, where, _ := strings.Cut(move, ":")
	order = slices.Clone(order)
	i := slices.Index(order, id)
	j := i + 1
	if where == "up" {
		j = i - 1
	}
	if i >= 0 && j >= 0 && j < len(order) {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// formOf gives every field of a posted form. Browsers send line breaks as two
// characters, whatever the text had; here they are one again.
func formOf(c *fiber.Ctx) form {
	f := form{}
	for key, value := range c.Request().PostArgs().All() {
		f[string(key)] = append(f[string(key)], strings.ReplaceAll(string(value), "\r\n", "\n"))
	}
	if multipart, err := c.MultipartForm(); err == nil {
		for name, values := range multipart.Value {
			for _, v := range values {
				f[name] = append(f[name], strings.ReplaceAll(v, "\r\n", "\n"))
			}
		}
	}
	return f
}
