package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// metricRanges are the time ranges of metrics with their interval.
var metricRanges = []struct {
	value, label, interval, words, before string
	length                                time.Duration
}{
	{"1h", "1 h", "minute", "a minute", "the hour before", time.Hour},
	{"24h", "24 h", "hour", "an hour", "the 24 h before", day},
	{"7d", "7 d", "hour", "an hour", "the 7 d before", 7 * day},
	{"30d", "30 d", "day", "a day", "the 30 d before", 30 * day},
}

// outcomeParts are the ends an event can come to, in the order of the bar.
// Together they are the events evaluated.
var outcomeParts = []struct {
	outcome cdp.Outcome
	name    string
}{
	{cdp.OutcomeSucceeded, "succeeded"}, {cdp.OutcomeFailed, "failed"}, {cdp.OutcomeInputsFailed, "inputs failed"},
	{cdp.OutcomeFilteringFailed, "filtering failed"}, {cdp.OutcomeFiltered, "filtered"}, {cdp.OutcomeMasked, "masked"},
	{cdp.OutcomeDropped, "dropped"}, {cdp.OutcomeRateLimited, "rate limited"}, {cdp.OutcomeDisabled, "disabled"},
	{cdp.OutcomeCancelled, "cancelled"},
}

// metricView is what the address of metrics asks for.
type metricView struct {
	at    int // in metricRanges
	table bool
}

func readMetricView(c *fiber.Ctx) metricView {
	v := metricView{at: 1, table: c.Query("view") == "table"}
	for i, r := range metricRanges {
		if r.value == c.Query("range") {
			v.at = i
		}
	}
	return v
}

// FunctionMetrics is GET /p/:pid/functions/:id/metrics.
func (h *Handler) FunctionMetrics(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	head, err := h.head(c, f, "Metrics")
	if err != nil {
		return err
	}
	s, err := h.functionShell(c, f, "Metrics")
	if err != nil {
		return err
	}
	return h.showMetrics(c, s, f.ID, &head)
}

// ProjectMetrics is GET /p/:pid/metrics.
func (h *Handler) ProjectMetrics(c *fiber.Ctx) error {
	s, err := h.shell(c, "Metrics", "Metrics")
	if err != nil {
		return err
	}
	return h.showMetrics(c, s, "", nil)
}

func (h *Handler) showMetrics(c *fiber.Ctx, s layout.Shell, f cdp.FunctionID, head *pages.FunctionHeadData) error {
	v := readMetricView(c)
	r := metricRanges[v.at]
	now := h.now().UTC()
	q := cdp.MetricQuery{Project: session.Project(c).ID, Function: f, After: now.Add(-r.length), Before: now, Interval: r.interval, By: "name"}
	series, err := h.c.Store.Metrics(c.UserContext(), q)
	if err != nil {
		return err
	}
	q.After, q.Before = now.Add(-2*r.length), now.Add(-r.length)
	earlier, err := h.c.Store.MetricTotals(c.UserContext(), q)
	if err != nil {
		return err
	}
	d := pages.MetricsData{Head: head, Interval: r.words, Step: map[string]string{"minute": "1 min", "hour": "1 h", "day": "1 d"}[r.interval], LogsHref: strings.TrimSuffix(c.Path(), "/metrics") + "/logs"}
	v.links(c.Path(), &d)
	lines := linesOf(series)
	showOutcomes(&d, lines)
	d.Stats = metricStats(lines, apart(earlier), r.before, d.LogsHref)
	showCharts(&d, series, lines, v)
	if f == "" {
		if d.Functions, err = h.metricsByFunction(c); err != nil {
			return err
		}
	}
	return respond.Page(c, pages.Metrics(s, d))
}

func (v metricView) links(path string, d *pages.MetricsData) {
	to := func(at int, table bool) string {
		var parts []string
		if at != 1 {
			parts = append(parts, "range="+metricRanges[at].value)
		}
		if table {
			parts = append(parts, "view=table")
		}
		if len(parts) == 0 {
			return path
		}
		return path + "?" + strings.Join(parts, "&")
	}
	for i, r := range metricRanges {
		d.Ranges = append(d.Ranges, ui.Segment{Label: r.label, Href: to(i, v.table), Current: i == v.at})
	}
	d.Views = []ui.Segment{
		{Label: "Chart", Icon: "chart-column", Href: to(v.at, false), Current: !v.table},
		{Label: "Table", Icon: "rows-4", Href: to(v.at, true), Current: v.table},
	}
}

// linesOf gives the counts by outcome. An event that a transformation dropped
// is counted upstream as succeeded too; here each event ends once.
func linesOf(s cdp.Series) map[cdp.Outcome][]int64 {
	out := map[cdp.Outcome][]int64{}
	for _, l := range s.Lines {
		out[cdp.Outcome(l.Name)] = slices.Clone(l.Values)
	}
	ok := out[cdp.OutcomeSucceeded]
	for i, n := range out[cdp.OutcomeDropped] {
		if i < len(ok) {
			ok[i] = max(0, ok[i]-n)
		}
	}
	return out
}

// apart does the same for totals.
func apart(totals map[string]int64) map[cdp.Outcome]int64 {
	out := map[cdp.Outcome]int64{}
	for name, n := range totals {
		out[cdp.Outcome(name)] = n
	}
	out[cdp.OutcomeSucceeded] = max(0, out[cdp.OutcomeSucceeded]-out[cdp.OutcomeDropped])
	return out
}

func seriesClass(o cdp.Outcome) string {
	if o == cdp.OutcomeDisabled || o == cdp.OutcomeCancelled {
		return "series-disabled"
	}
	return "series-" + strings.ReplaceAll(string(o), "_", "-")
}

// showOutcomes fills the bar: its parts are all the events evaluated.
func showOutcomes(d *pages.MetricsData, lines map[cdp.Outcome][]int64) {
	var total int64
	for _, p := range outcomeParts {
		if n := sum(lines[p.outcome]); n > 0 {
			total += n
			d.Outcomes = append(d.Outcomes, ui.Outcome{Name: p.name, Class: seriesClass(p.outcome), Count: n})
		}
	}
	d.Total, d.Empty = ui.Exact(total), total == 0
	var words []string
	for _, o := range d.Outcomes {
		words = append(words, o.Name+" "+ui.Share(o.Count, total))
	}
	d.Sum = ui.Exact(total) + " events evaluated: " + strings.Join(words, ", ")
}

func metricStats(lines map[cdp.Outcome][]int64, earlier map[cdp.Outcome]int64, before, logs string) []ui.StatProps {
	stat := func(o cdp.Outcome, label string, bad bool) ui.StatProps {
		n := sum(lines[o])
		return ui.StatProps{Label: label, Value: ui.Count(n), Class: seriesClass(o), Note: against(n, earlier[o], before), Bad: bad && n > earlier[o]}
	}
	failed := stat(cdp.OutcomeFailed, "Failed", true)
	if sum(lines[cdp.OutcomeFailed]) > 0 {
		failed.Href = logs + "?level=error"
	}
	out := []ui.StatProps{stat(cdp.OutcomeSucceeded, "Succeeded", false), failed, stat(cdp.OutcomeInputsFailed, "Inputs failed", true)}
	if sum(lines[cdp.OutcomeDropped]) > 0 {
		out = append(out, stat(cdp.OutcomeDropped, "Dropped", false))
	} else {
		requests := stat(cdp.OutcomeFetch, "Requests sent", false)
		requests.Class = "series-requests"
		out = append(out, requests)
	}
	return append(out, stat(cdp.OutcomeMasked, "Masked", false))
}

// against says how a count compares to the one before it.
func against(n, before int64, when string) string {
	switch {
	case n == before:
		return "as in " + when
	case before == 0:
		return "new, none in " + when
	case n == 0:
		return "none, " + ui.Exact(before) + " in " + when
	case n >= 3*before:
		return fmt.Sprintf("%d times %s", n/before, when)
	case n > before:
		return ui.Share(n-before, before) + " more than " + when
	}
	return ui.Share(before-n, before) + " fewer than " + when
}

// showCharts draws what ran; filtered events would dwarf it and stand in the
// bar and the table only.
func showCharts(d *pages.MetricsData, s cdp.Series, lines map[cdp.Outcome][]int64, v metricView) {
	r := metricRanges[v.at]
	d.Chart = ui.ChartProps{ID: "outcome-chart", Title: "Outcomes " + r.words, Summary: d.Sum + ".", Unit: "events", Buckets: metricBuckets(s.Buckets, v), Table: v.table}
	for _, p := range outcomeParts {
		if p.outcome == cdp.OutcomeFiltered && !v.table && !onlyFiltered(lines) {
			continue
		}
		if sum(lines[p.outcome]) > 0 {
			d.Chart.Series = append(d.Chart.Series, ui.Series{Name: p.name, Class: seriesClass(p.outcome), Values: lines[p.outcome]})
		}
	}
	d.ChartNote = "Times are UTC."
	if !v.table && !onlyFiltered(lines) && sum(lines[cdp.OutcomeFiltered]) > 0 {
		d.ChartNote = "Filtered events are left out here, since they outnumber the rest; the table has them. Times are UTC."
	}
	if sum(lines[cdp.OutcomeFetch]) > 0 {
		d.Requests = &ui.ChartProps{
			ID: "request-chart", Title: "Outbound requests " + r.words, Summary: ui.Exact(sum(lines[cdp.OutcomeFetch])) + " requests.", Unit: "requests",
			Height: 120, Buckets: d.Chart.Buckets, Table: v.table,
			Series: []ui.Series{{Name: "requests", Class: "series-requests", Values: lines[cdp.OutcomeFetch]}},
		}
	}
}

// onlyFiltered reports that nothing but filtered events would be drawn.
func onlyFiltered(lines map[cdp.Outcome][]int64) bool {
	for _, p := range outcomeParts {
		if p.outcome != cdp.OutcomeFiltered && sum(lines[p.outcome]) > 0 {
			return false
		}
	}
	return true
}

func metricBuckets(starts []time.Time, v metricView) []ui.Bucket {
	interval := metricRanges[v.at].interval
	label, tick := "2 Jan, 15:04", "15:04"
	switch {
	case interval == "day":
		label, tick = "Mon 2 Jan", "2 Jan"
	case metricRanges[v.at].length > day:
		tick = "2 Jan"
	}
	every := map[string]int{"minute": 10, "hour": 4, "day": 5}[interval]
	if interval == "hour" && tick == "2 Jan" {
		every = 24
	}
	out := make([]ui.Bucket, len(starts))
	for i, at := range starts {
		out[i] = ui.Bucket{Label: at.Format(label), Partial: i == 0 || i == len(starts)-1}
		aligned := map[string]int{"minute": at.Minute(), "hour": at.Hour(), "day": at.YearDay()}[interval]
		if every > 0 && aligned%every == 0 {
			out[i].Tick = at.Format(tick)
		}
	}
	return out
}

// metricsByFunction lists what ran most in 24 hours.
func (h *Handler) metricsByFunction(c *fiber.Ctx) ([]pages.MetricsFunction, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	page, err := h.c.Store.Functions(ctx, cdp.FunctionQuery{Project: project, Limit: 200})
	if err != nil {
		return nil, err
	}
	var ids []cdp.FunctionID
	for _, f := range page.Functions {
		ids = append(ids, f.ID)
	}
	stats, err := h.c.Store.FunctionStats(ctx, project, ids)
	if err != nil {
		return nil, err
	}
	fns := slices.DeleteFunc(page.Functions, func(f *cdp.Function) bool { return runs(stats[f.ID]) == 0 })
	slices.SortStableFunc(fns, func(a, b *cdp.Function) int { return cmp.Compare(runs(stats[b.ID]), runs(stats[a.ID])) })
	var out []pages.MetricsFunction
	for _, f := range fns[:min(len(fns), 20)] {
		s := stats[f.ID]
		var other int64
		for o, n := range s.Other {
			if o != cdp.OutcomeTriggered && o != cdp.OutcomeFetch && o != cdp.OutcomeRetried && o != cdp.OutcomeDropped {
				other += n
			}
		}
		out = append(out, pages.MetricsFunction{
			Name: f.Title(), Href: base(c) + "/functions/" + string(f.ID) + "/metrics",
			Outcomes: []string{ui.Exact(sum(s.Succeeded[:])), ui.Exact(sum(s.Failed[:])), ui.Exact(other)},
		})
	}
	return out, nil
}
