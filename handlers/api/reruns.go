package api

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
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
	members, err := body(c)
	if err != nil {
		return err
	}
	r, err := readRerun(members)
	if err != nil {
		return counted(c, err)
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

// readRerun reads what is to be done again.
func readRerun(members fields.Members) (rerunRequest, error) {
	var found []fields.Fault
	r := &fields.Reader{Members: members, Faults: &found}
	nullable := fields.Rule{Nullable: true}
	out := rerunRequest{
		DryRun: deref(r.Bool("dry_run", nullable).Ptr()), Rate: deref(r.Int("rate", nullable).Ptr()),
		Status: deref(textList(r, "status")), ErrorKind: deref(textList(r, "error_kind")),
		Search: r.Text("search", fields.Rule{Nullable: true, Blank: true}).Value,
	}
	if ids := textList(r, "invocation_ids"); ids != nil {
		for _, id := range *ids {
			out.IDs = append(out.IDs, cdp.InvocationID(id))
		}
	}
	if t := timeMember(r, "after"); !t.IsZero() {
		out.After = &t
	}
	if t := timeMember(r, "before"); !t.IsZero() {
		out.Before = &t
	}
	return out, faultsOf(found)
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
