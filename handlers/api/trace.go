package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// traceJSON is what became of one event.
type traceJSON struct {
	UUID       string          `json:"uuid"`
	Event      string          `json:"event"`
	DistinctID string          `json:"distinct_id"`
	Timestamp  string          `json:"timestamp"`
	ReceivedAt string          `json:"received_at"`
	Properties json.RawMessage `json:"properties"`
	Runs       []traceRunJSON  `json:"runs"`
	// DidNotRun are the destinations without a run, closest to running first.
	DidNotRun []skipJSON `json:"did_not_run"`
	// NotLookedInto counts those left out, for there are many.
	NotLookedInto int `json:"not_looked_into"`
}

type traceRunJSON struct {
	InvocationID string  `json:"invocation_id"`
	FunctionID   string  `json:"function_id"`
	Version      int     `json:"version"`
	Status       string  `json:"status"`
	Attempts     int     `json:"attempts"`
	ScheduledAt  string  `json:"scheduled_at"`
	FinishedAt   *string `json:"finished_at"`
	DurationMS   float64 `json:"duration_ms"`
	ErrorKind    *string `json:"error_kind"`
	ErrorMessage *string `json:"error_message"`
}

type skipJSON struct {
	FunctionID string         `json:"function_id"`
	Name       string         `json:"name"`
	Version    int            `json:"version"`
	Reason     cdp.SkipReason `json:"reason"`
	Clauses    []clauseJSON   `json:"clauses"`
}

type clauseJSON struct {
	Group  string          `json:"group"` // events, properties, test_accounts
	Text   string          `json:"text"`
	Held   bool            `json:"held"`
	Actual json.RawMessage `json:"actual"` // null when it is no single value
	Error  *string         `json:"error"`
}

// ShowTrace is GET …/events/:uuid/trace: the runs of an event, and for each
// destination without one the clause that stopped it.
func (h *Handler) ShowTrace(c *fiber.Ctx) error {
	t, err := h.c.Traces.Trace(c.UserContext(), session.Project(c).ID, c.Params("uuid"))
	if err != nil {
		return err
	}
	out := traceJSON{
		UUID: t.Event.UUID, Event: t.Event.Name, DistinctID: t.Event.DistinctID, Timestamp: timeText(t.Event.Timestamp),
		ReceivedAt: timeText(t.Event.ReceivedAt), Properties: t.Event.Properties, NotLookedInto: t.Left,
		Runs: []traceRunJSON{}, DidNotRun: []skipJSON{},
	}
	for _, r := range t.Runs {
		out.Runs = append(out.Runs, runJSON(r))
	}
	for _, s := range t.Skipped {
		one := skipJSON{FunctionID: string(s.Function), Name: s.Name, Version: s.Version, Reason: s.Reason, Clauses: []clauseJSON{}}
		for _, c := range s.Clauses {
			one.Clauses = append(one.Clauses, clauseJSON{Group: c.Group, Text: c.Text, Held: c.Held, Actual: c.Actual, Error: orNull(c.Fault)})
		}
		out.DidNotRun = append(out.DidNotRun, one)
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

func runJSON(r cdp.Run) traceRunJSON {
	out := traceRunJSON{
		InvocationID: string(r.ID), FunctionID: string(r.Function), Version: r.Version, Status: r.Status, Attempts: r.Attempts,
		ScheduledAt: timeText(r.ScheduledAt), DurationMS: float64(r.Duration.Microseconds()) / 1000,
		ErrorKind: orNull(r.ErrorKind), ErrorMessage: orNull(r.ErrorMessage),
	}
	if !r.FinishedAt.IsZero() {
		at := timeText(r.FinishedAt)
		out.FinishedAt = &at
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
