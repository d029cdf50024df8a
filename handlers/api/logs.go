package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// logRow is one log entry; its level is in upper case.
type logRow struct {
	LogSourceID cdp.FunctionID   `json:"log_source_id"`
	InstanceID  cdp.InvocationID `json:"instance_id"`
	Timestamp   string           `json:"timestamp"`
	Level       string           `json:"level"`
	Message     string           `json:"message"`
}

// ListLogs gives a function's log entries, newest first. Clients go back in
// time with before; there is no link to a next page (REST API specification
// 8.11).
func (h *Handler) ListLogs(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	q, err := logQuery(query(c), session.Project(c))
	if err != nil {
		return err
	}
	q.Function = f.ID
	entries, err := h.c.Telemetry.Logs(c.UserContext(), q)
	if err != nil {
		return err
	}
	rows := make([]logRow, len(entries))
	for i, e := range entries {
		rows[i] = logRow{
			LogSourceID: f.ID, InstanceID: e.Invocation, Timestamp: timeText(e.Time), Level: strings.ToUpper(string(e.Level)), Message: e.Message,
		}
	}
	return respond.JSON(c, fiber.StatusOK, page[logRow]{Count: len(rows), Results: rows})
}

// logQuery reads the parameters of a list of log entries.
func logQuery(q params, project cdp.Project) (cdp.LogQuery, error) {
	lq := cdp.LogQuery{Project: project.ID, Limit: 50, Invocation: cdp.InvocationID(q.text("instance_id")), Search: q.text("search")}
	if text := q.text("limit"); text != "" {
		n, fault := fields.ToInt(fields.Quote(text), fields.Between(1, 500))
		if fault != nil {
			return lq, cdp.Errorf(cdp.Invalid, "limit", "%s", fault.Message).WithAPICode(fault.Code)
		}
		lq.Limit = n
	}
	if n, err := strconv.Atoi(q.text("offset")); err == nil && n > 0 {
		lq.Offset = n
	}
	for _, p := range []struct {
		name string
		to   *time.Time
	}{{"after", &lq.After}, {"before", &lq.Before}} {
		if text := q.text(p.name); text != "" {
			t, ok := parseTime(text, time.UTC)
			if !ok {
				return lq, invalid(p.name, "%s", badTime)
			}
			*p.to = t
		}
	}
	for _, text := range q.Values["level"] {
		for level := range strings.SplitSeq(text, ",") {
			if level = strings.ToLower(strings.TrimSpace(level)); level == "warning" {
				level = "warn"
			}
			if level != "" {
				lq.Levels = append(lq.Levels, cdp.Level(level))
			}
		}
	}
	return lq, nil
}
