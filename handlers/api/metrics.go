package api

import (
	"slices"
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
	s, err := h.c.Telemetry.Metrics(c.UserContext(), q)
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
	if query(c).text("instance_id") == "" {
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
	if query(c).text("instance_id") == "" {
		found, err := h.c.Telemetry.MetricTotals(c.UserContext(), q)
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

// metricQuery finds the function and reads what is asked of its counts. Times
// are meant in the project's time zone.
func (h *Handler) metricQuery(c *fiber.Ctx) (cdp.MetricQuery, error) {
	f, err := h.function(c)
	if err != nil {
		return cdp.MetricQuery{}, err
	}
	p := query(c)
	loc, err := time.LoadLocation(session.Project(c).Timezone)
	if err != nil {
		loc = time.UTC
	}
	now := h.c.Now()
	q := cdp.MetricQuery{Project: f.Project, Function: f.ID, Location: loc, Names: p.list("name"), Kinds: p.list("kind")}
	if q.After, err = moment(p, "after", "-7d", now, loc); err != nil {
		return q, err
	}
	if q.Before, err = moment(p, "before", "-0s", now, loc); err != nil {
		return q, err
	}
	if q.Interval, err = choice(p, "interval", "day", "hour", "week"); err != nil {
		return q, err
	}
	q.By, err = choice(p, "breakdown_by", "kind", "name")
	return q, err
}

// moment reads a time, relative (-7d) or absolute.
func moment(p params, name, standard string, now time.Time, loc *time.Location) (time.Time, error) {
	text := p.text(name)
	if text == "" {
		text = standard
	}
	if t, ok := cdp.RelativeTime(text, now, loc); ok {
		return t, nil
	}
	t, ok := parseTime(text, loc)
	if !ok {
		return t, invalid(name, "%s", badTime)
	}
	return t, nil
}

// choice reads one of a few words, the first by default.
func choice(p params, name string, words ...string) (string, error) {
	text := p.text(name)
	switch {
	case text == "":
		return words[0], nil
	case slices.Contains(words, text):
		return text, nil
	}
	return "", cdp.Errorf(cdp.Invalid, name, "\"%s\" is not a valid choice.", text).WithAPICode("invalid_choice")
}
