package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// metricSeries is counts over time (REST API specification 8.12).
type metricSeries struct {
	Labels []string     `json:"labels"`
	Series []metricLine `json:"series"`
}

type metricLine struct {
	Name   string  `json:"name"`
	Values []int64 `json:"values"`
}

// ShowMetrics gives a function's counts in buckets.
func (h *Handler) ShowMetrics(c *fiber.Ctx) error {
	q, err := h.metricQuery(c)
	if err != nil {
		return err
	}
	s, err := h.c.Telemetry.Metrics(c.UserContext(), q.MetricQuery)
	if err != nil {
		return err
	}
	layout := time.DateOnly
	if q.Interval == "hour" {
		layout = "2006-01-02T15:04"
	}
	out := metricSeries{Labels: make([]string, len(s.Buckets)), Series: []metricLine{}}
	for i, b := range s.Buckets {
		out.Labels[i] = b.In(q.Location).Format(layout)
	}
	// No count belongs to one invocation, so none is left when one is asked.
	if !q.oneRun {
		for _, l := range s.Lines {
			out.Series = append(out.Series, metricLine{Name: l.Name, Values: l.Values})
		}
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

// ShowMetricTotals gives a function's counts added up.
func (h *Handler) ShowMetricTotals(c *fiber.Ctx) error {
	q, err := h.metricQuery(c)
	if err != nil {
		return err
	}
	totals := map[string]int64{}
	if !q.oneRun {
		found, err := h.c.Telemetry.MetricTotals(c.UserContext(), q.MetricQuery)
		if err != nil {
			return err
		}
		for name, n := range found {
			totals[name] = n
		}
	}
	return respond.JSON(c, fiber.StatusOK, struct {
		Totals map[string]int64 `json:"totals"`
	}{totals})
}

// countsAsked are the parameters of counts.
type countsAsked struct {
	cdp.MetricQuery
	oneRun bool
}

// metricQuery finds the function and reads what is asked of its counts. Times
// are meant in the project's time zone.
func (h *Handler) metricQuery(c *fiber.Ctx) (countsAsked, error) {
	f, err := h.function(c)
	if err != nil {
		return countsAsked{}, err
	}
	loc, err := time.LoadLocation(session.Project(c).Timezone)
	if err != nil {
		loc = time.UTC
	}
	p := query(c)
	q := countsOf(p, h.c.Now(), loc)
	q.Project, q.Function = f.Project, f.ID
	return q, p.fault
}

// countsOf reads the parameters of counts (REST API specification 8.12).
func countsOf(p *params, now time.Time, loc *time.Location) (q countsAsked) {
	q.Location = loc
	q.After = p.moment(Param{Name: "after", Default: "-7d", About: "From then on: a date-time, or one from now, as -24h, -7d, -4w, -1m, -1y."}, now, loc)
	q.Before = p.moment(Param{Name: "before", About: "Until then, in the same words; now when it is left out."}, now, loc)
	q.Interval = p.choice("interval", "How long each bucket is; totals have none.", "day", "hour", "week")
	q.By = p.choice("breakdown_by", "What is counted together.", "kind", "name")
	q.Names = p.list("name", "Only metrics of these names.")
	q.Kinds = p.list("kind", "Only metrics of these kinds.")
	q.oneRun = p.text("instance_id", "Only what one invocation did; no count is kept of one.") != ""
	return q
}

// whenever is countsOf for the document.
func whenever(p *params) countsAsked { return countsOf(p, time.Time{}, time.UTC) }
