package admin

import (
	"cmp"
	"slices"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Overview is GET /p/:pid: what needs attention, and 24 hours at a glance.
func (h *Handler) Overview(c *fiber.Ctx) error {
	d, err := h.overview(c)
	if err != nil {
		return err
	}
	s, err := h.shell(c, "Overview", "Overview")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Overview(s, d))
}

func (h *Handler) overview(c *fiber.Ctx) (pages.OverviewData, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	d := pages.OverviewData{
		Range: "last 24 h", NewHref: base(c) + "/templates", CanEdit: canEdit(c), Checked: "Checked just now.",
		LogsHref: base(c) + "/logs?level=error",
	}
	on := true
	page, err := h.c.Store.Functions(ctx, cdp.FunctionQuery{Project: project, Enabled: &on, Limit: 200})
	if err != nil {
		return d, err
	}
	rows, err := h.functionRows(c, page.Functions)
	if err != nil {
		return d, err
	}
	d.Attention = attention(rows)
	if err := h.noteLetters(c, &d); err != nil {
		return d, err
	}
	d.Functions = busiest(rows)
	if d.Stats, err = h.overviewStats(c, page.Count); err != nil {
		return d, err
	}
	if d.Steps, err = h.firstSteps(c, page.Count); err != nil {
		return d, err
	}
	d.Failures, err = h.recentFailures(c)
	return d, err
}

// attention lists the functions whose state asks for somebody.
func attention(rows []pages.FunctionRowData) []pages.OverviewItem {
	var out []pages.OverviewItem
	for _, r := range rows {
		switch r.Status {
		case pages.StatusBroken, pages.StatusStopped, pages.StatusDegraded:
			show := r.Status.Show()
			out = append(out, pages.OverviewItem{
				Tone: show.Tone, Icon: show.Icon, Name: r.Name, Href: r.Href, Text: cmp.Or(r.Why, show.Word), Action: "See logs", To: r.Logs + "?level=error",
			})
		}
	}
	return out
}

// noteLetters tells of dead letters that wait for somebody.
func (h *Handler) noteLetters(c *fiber.Ctx, d *pages.OverviewData) error {
	n, err := h.c.Store.CountLetters(c.UserContext(), letterView{}.query(c))
	if err != nil || n == 0 {
		return err
	}
	home := base(c) + "/dead-letters"
	d.Attention = append(d.Attention, pages.OverviewItem{
		Tone: ui.Warn, Icon: "mail-x", Name: "Dead letters", Href: home, Text: ui.Exact(n) + " " + ui.Plural(n, "waits", "wait") + " to be replayed or discarded",
		Action: "Look at them", To: home,
	})
	return nil
}

// busiest are the functions that ran most, at most eight.
func busiest(rows []pages.FunctionRowData) []pages.OverviewFunction {
	rows = slices.Clone(rows)
	total := func(r pages.FunctionRowData) int64 { return sum(r.Spark.OK) + sum(r.Spark.Bad) }
	rows = slices.DeleteFunc(rows, func(r pages.FunctionRowData) bool { return total(r) == 0 })
	slices.SortStableFunc(rows, func(a, b pages.FunctionRowData) int { return cmp.Compare(total(b), total(a)) })
	var out []pages.OverviewFunction
	for _, r := range rows[:min(len(rows), 8)] {
		out = append(out, pages.OverviewFunction{Name: r.Name, Href: r.Href, Type: r.Type, Spark: r.Spark, Runs: r.Runs})
	}
	return out
}

func (h *Handler) overviewStats(c *fiber.Ctx, enabled int) ([]ui.StatProps, error) {
	totals, err := h.c.Store.MetricTotals(c.UserContext(), cdp.MetricQuery{
		Project: session.Project(c).ID, After: h.now().Add(-day), Before: h.now(), By: "name",
	})
	if err != nil {
		return nil, err
	}
	ok, bad := totals["succeeded"], totals["failed"]+totals["inputs_failed"]
	return []ui.StatProps{
		{Label: "Succeeded", Value: ui.Count(ok), Class: "series-succeeded", Note: ui.Share(ok, ok+bad) + " of runs", Href: base(c) + "/metrics"},
		{Label: "Failed", Value: ui.Count(bad), Class: "series-failed", Note: ui.Share(bad, ok+bad) + " of runs", Bad: bad > 0, Href: base(c) + "/logs?level=error"},
		{Label: "Requests sent", Value: ui.Count(totals["fetch"]), Class: "series-fetch", Href: base(c) + "/metrics"},
		{Label: "Functions on", Value: ui.Count(int64(enabled)), Href: base(c) + "/functions?status=on"},
	}, nil
}

// firstSteps guide a project that has just begun; none once all are done.
func (h *Handler) firstSteps(c *fiber.Ctx, enabled int) ([]pages.OverviewStep, error) {
	events, err := h.c.Store.RecentEvents(c.UserContext(), cdp.EventQuery{Project: session.Project(c).ID, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(events) > 0 && enabled > 0 {
		return nil, nil
	}
	return []pages.OverviewStep{
		{Done: len(events) > 0, Text: "Send a first event", Href: base(c) + "/events"},
		{Done: enabled > 0, Text: "Create a function from a template and switch it on", Href: base(c) + "/templates"},
	}, nil
}

func (h *Handler) recentFailures(c *fiber.Ctx) ([]pages.OverviewFailure, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	logs, err := h.c.Store.Logs(ctx, cdp.LogQuery{Project: project, Levels: []cdp.Level{cdp.LevelError}, After: h.now().Add(-day), Limit: 6})
	if err != nil {
		return nil, err
	}
	var ids []cdp.FunctionID
	for _, l := range logs {
		ids = append(ids, l.Function)
	}
	titles, err := h.c.Store.FunctionNames(ctx, project, ids)
	if err != nil {
		return nil, err
	}
	var out []pages.OverviewFailure
	for _, l := range logs {
		out = append(out, pages.OverviewFailure{
			When: ui.Ago(h.now(), l.Time), Function: cmp.Or(titles[l.Function], "A deleted function"),
			Href: base(c) + "/functions/" + string(l.Function) + "/logs?level=error", Text: l.Message,
		})
	}
	return out, nil
}
