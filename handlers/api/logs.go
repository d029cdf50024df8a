package api

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
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
	asked := query(c)
	q := logsOf(asked)
	if asked.fault != nil {
		return asked.fault
	}
	q.Project, q.Function = f.Project, f.ID
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

// logsOf reads the parameters of a list of log entries.
func logsOf(q *params) (lq cdp.LogQuery) {
	none := int64(0)
	lq.Limit = q.number(Param{Name: "limit", Default: "50", About: "How many to give at most."}, fields.Between(1, 500))
	lq.Offset = offsetOf(q, Param{Name: "offset", Shape: fields.Shape{Kind: fields.Int, Min: &none}, Default: "0", About: "How many of the newest to leave out."})
	lq.After = q.time("after", badTime, "Only entries later than this.")
	lq.Before = q.time("before", badTime, "Only entries earlier than this.")
	q.list("level", "Only entries of these levels, whatever their case; the parameter may be repeated.")
	for _, text := range q.Values["level"] {
		for _, level := range parts(strings.ToLower(text)) {
			if level == "warning" {
				level = "warn"
			}
			lq.Levels = append(lq.Levels, cdp.Level(level))
		}
	}
	lq.Search = q.text("search", "Text that the message contains, whatever its case.")
	lq.Invocation = cdp.InvocationID(q.text("instance_id", "Only entries of this invocation."))
	return lq
}
