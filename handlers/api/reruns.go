package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Reruns does runs of functions again; *cdp.Reruns is one.
type Reruns interface {
	Count(ctx context.Context, q cdp.RunQuery) (runs, gone int64, err error)
	Start(ctx context.Context, by cdp.UserID, q cdp.RunQuery, rate int) (cdp.Rerun, error)
	Cancel(p cdp.ProjectID, id string) (cdp.Rerun, error)
	List(p cdp.ProjectID, f cdp.FunctionID) []cdp.Rerun
}

// rerunRequest chooses runs. All members may be absent: then all that failed
// and were not done again yet are meant.
type rerunRequest struct {
	DryRun    bool               `json:"dry_run"`
	After     *time.Time         `json:"after"`
	Before    *time.Time         `json:"before"`
	Status    []string           `json:"status"`
	ErrorKind []string           `json:"error_kind"`
	IDs       []cdp.InvocationID `json:"invocation_ids"`
	Search    string             `json:"search"`
	Rate      int                `json:"rate"` // a second
}

// rerunCount is the answer to a dry run.
type rerunCount struct {
	Count        int64 `json:"count"`
	WithoutEvent int64 `json:"without_event"` // of these, cannot be done again
	Limit        int   `json:"limit"`         // of one job
}

// rerunJob is one job.
type rerunJob struct {
	ID         string         `json:"id"`
	Function   cdp.FunctionID `json:"function_id"`
	Status     string         `json:"status"`
	Error      *string        `json:"error"`
	Total      int            `json:"total"`
	Queued     int            `json:"queued"`
	Skipped    int            `json:"skipped"`
	Rate       int            `json:"rate"`
	StartedAt  string         `json:"started_at"`
	FinishedAt *string        `json:"finished_at"`
}

func newRerunJob(j cdp.Rerun) rerunJob {
	out := rerunJob{
		ID: j.ID, Function: j.Function, Status: j.Status, Total: j.Total, Queued: j.Queued, Skipped: j.Skipped, Rate: j.Rate,
		StartedAt: timeText(j.Started),
	}
	if j.Error != "" {
		out.Error = &j.Error
	}
	if !j.Finished.IsZero() {
		text := timeText(j.Finished)
		out.FinishedAt = &text
	}
	return out
}

// StartRerun does runs of a function again that failed, or with dry_run counts
// them (runtime specification 13.2).
func (h *Handler) StartRerun(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	var r rerunRequest
	if raw := c.Request().Body(); len(raw) > 0 {
		if err := json.Unmarshal(raw, &r); err != nil {
			return cdp.Errorf(cdp.Invalid, "", "JSON parse error - %s", err).WithAPICode("parse_error")
		}
	}
	q := r.query(f)
	if !r.DryRun {
		job, err := h.c.Reruns.Start(c.UserContext(), session.User(c).ID, q, r.Rate)
		if err != nil {
			return err
		}
		return respond.JSON(c, fiber.StatusAccepted, newRerunJob(job))
	}
	runs, gone, err := h.c.Reruns.Count(c.UserContext(), q)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, rerunCount{runs, gone, cdp.MaxReruns})
}

func (r *rerunRequest) query(f *cdp.Function) cdp.RunQuery {
	q := cdp.RunQuery{Project: f.Project, Function: f.ID, Statuses: r.Status, ErrorKinds: r.ErrorKind, IDs: r.IDs, Search: r.Search}
	if r.After != nil {
		q.After = *r.After
	}
	if r.Before != nil {
		q.Before = *r.Before
	}
	return q
}

// ListReruns gives a function's jobs since the server's start, newest first.
func (h *Handler) ListReruns(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	jobs := []rerunJob{}
	for _, j := range h.c.Reruns.List(f.Project, f.ID) {
		jobs = append(jobs, newRerunJob(j))
	}
	return respond.JSON(c, fiber.StatusOK, page[rerunJob]{Count: len(jobs), Results: jobs})
}

// CancelRerun ends a job. What it has queued runs all the same.
func (h *Handler) CancelRerun(c *fiber.Ctx) error {
	f, err := h.function(c)
	if err != nil {
		return err
	}
	job, err := h.c.Reruns.Cancel(f.Project, c.Params("job"))
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newRerunJob(job))
}
