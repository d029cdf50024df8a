package api

import (
	"context"

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
// and were not done again yet are meant. PostHog's clients choose them with
// the member filter, which has a window of time, and read a rerunQueued.
type rerunRequest struct {
	dryRun   bool
	rate     int // a second
	runs     cdp.RunQuery
	filtered bool
}

// rerunCount is the answer to a dry run.
type rerunCount struct {
	Count        int64 `json:"count"`
	WithoutEvent int64 `json:"without_event"` // of these, cannot be done again
	Limit        int   `json:"limit"`         // of one job
}

// rerunQueued is the answer to PostHog's clients. The runs are queued at a
// bounded rate: the job tells how many are.
type rerunQueued struct {
	ID      string `json:"rerun_job_id"`
	Queued  int    `json:"queued_count"`
	Skipped int    `json:"skipped_count"`
}

// rerunRefused is the answer for a function whose runs cannot be done again.
type rerunRefused struct {
	Queued  int    `json:"queued_count"`
	Skipped int    `json:"skipped_count"`
	Detail  string `json:"detail"`
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
	asked := reader(members)
	r := readRerun(asked)
	if err := faultsOf(*asked.Faults); err != nil {
		return counted(c, err)
	}
	if !f.Type.Reruns() {
		return respond.JSON(c, fiber.StatusBadRequest, rerunRefused{Detail: "Re-runs aren't supported for '" + string(f.Type) + "' functions."})
	}
	r.runs.Project, r.runs.Function = f.Project, f.ID
	if r.dryRun {
		return h.countReruns(c, r.runs)
	}
	if !f.Enabled {
		return invalid("", "This function is disabled. Enable it to re-run invocations.")
	}
	job, err := h.c.Reruns.Start(c.UserContext(), session.User(c).ID, r.runs, r.rate)
	if err != nil {
		return err
	}
	if r.filtered {
		return respond.JSON(c, fiber.StatusOK, rerunQueued{ID: job.ID, Queued: job.Total})
	}
	return respond.JSON(c, fiber.StatusAccepted, newRerunJob(job))
}

func (h *Handler) countReruns(c *fiber.Ctx, q cdp.RunQuery) error {
	runs, gone, err := h.c.Reruns.Count(c.UserContext(), q)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, rerunCount{runs, gone, cdp.MaxReruns})
}

// readRerun reads what is to be done again.
func readRerun(r *fields.Reader) (out rerunRequest) {
	nullable := fields.Rule{Nullable: true}
	out.dryRun = r.Bool("dry_run", nullable).Value
	out.rate = r.Int("rate", nullable).Value
	out.runs = runsOf(r, "after", "before", fields.Rule{Nullable: true})
	filter := r.Nested("filter", nullable, func() fields.Shape {
		return fields.Describe("RerunFilterWrite", func(r *fields.Reader) { windowOfRuns(r) })
	})
	if filter != nil {
		out.runs, out.filtered = windowOfRuns(&fields.Reader{Path: fields.To("filter"), Members: filter, Faults: r.Faults}), true
	}
	return out
}

// windowOfRuns chooses runs as PostHog's clients do, who name both ends.
func windowOfRuns(r *fields.Reader) cdp.RunQuery {
	before := len(*r.Faults)
	q := runsOf(r, "window_start", "window_end", fields.Rule{Required: true})
	if len(*r.Faults) == before {
		if err := q.CheckWindow(); err != nil {
			r.Fail("non_field_errors", "invalid_input", "%s", err)
		}
	}
	return q
}

// runsOf reads what is asked of runs that begin after one moment and before
// another.
func runsOf(r *fields.Reader, after, before string, when fields.Rule) cdp.RunQuery {
	nullable := fields.Rule{Nullable: true}
	q := cdp.RunQuery{
		After: timeMember(r, after, when), Before: timeMember(r, before, when),
		Statuses: deref(textList(r, "status", nullable)), ErrorKinds: deref(textList(r, "error_kind", nullable)),
		Search: r.Text("search", fields.Rule{Nullable: true, Blank: true}).Value,
	}
	for _, id := range deref(textList(r, "invocation_ids", nullable)) {
		q.IDs = append(q.IDs, cdp.InvocationID(id))
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
