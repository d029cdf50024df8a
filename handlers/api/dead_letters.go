package api

import (
	"bufio"
	"context"
	"encoding/json"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// DeadLetters are the use cases around what came to nothing; *cdp.DeadLetters is
// one.
type DeadLetters interface {
	Count(ctx context.Context, q cdp.LetterQuery) (int64, error)
	Replay(ctx context.Context, by cdp.UserID, q cdp.LetterQuery, rate int) (cdp.Rerun, error)
	Discard(ctx context.Context, q cdp.LetterQuery) (int64, error)
}

// LetterReader reads dead letters.
type LetterReader interface {
	Letters(ctx context.Context, q cdp.LetterQuery) ([]cdp.DeadLetter, error)
	CountLetters(ctx context.Context, q cdp.LetterQuery) (int64, error)
	Letter(ctx context.Context, p cdp.ProjectID, id string) (cdp.DeadLetter, error)
}

// letterItem is a dead letter in a list.
type letterItem struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Source     string          `json:"source"`
	Function   *cdp.FunctionID `json:"function_id"`
	Version    int             `json:"version"`
	Mapping    *int            `json:"mapping"`
	Invocation *string         `json:"invocation_id"`
	EventUUID  string          `json:"event_uuid"`
	EventName  string          `json:"event"`
	DistinctID string          `json:"distinct_id"`
	ErrorKind  string          `json:"error_kind"`
	Reason     string          `json:"reason"`
	Attempts   int             `json:"attempts"`
	Timestamp  string          `json:"timestamp"`
	ReplayedAt *string         `json:"replayed_at"`
	ReplayedAs *string         `json:"replayed_as"`
}

// letterDetail is a whole one.
type letterDetail struct {
	letterItem
	Payload json.RawMessage `json:"payload"`
	Inputs  json.RawMessage `json:"inputs"`
}

// letterRequest chooses dead letters. Without members it means all that were not
// replayed.
type letterRequest struct {
	dryRun bool
	rate   int // a second
	query  cdp.LetterQuery
}

// letterCount is how many a request met, or would meet.
type letterCount struct {
	Count int64 `json:"count"`
	Limit int   `json:"limit"` // of one request
}

func newLetterItem(l *cdp.DeadLetter) letterItem {
	out := letterItem{
		ID: l.ID, Kind: l.Kind, Source: l.Source, Version: l.Version, EventUUID: l.EventUUID, EventName: l.EventName, DistinctID: l.DistinctID,
		ErrorKind: l.ErrorKind, Reason: l.Reason, Attempts: l.Attempts, Timestamp: timeText(l.At),
	}
	if l.Function != "" {
		out.Function = &l.Function
	}
	if l.Mapping >= 0 {
		out.Mapping = &l.Mapping
	}
	if l.Run {
		out.Invocation = &l.ID
	}
	if !l.ReplayedAt.IsZero() {
		at := timeText(l.ReplayedAt)
		out.ReplayedAt, out.ReplayedAs = &at, orNull(string(l.ReplayedAs))
	}
	return out
}

func newLetterDetail(l *cdp.DeadLetter) letterDetail {
	return letterDetail{letterItem: newLetterItem(l), Payload: orNullJSON(l.Payload), Inputs: orNullJSON(l.Inputs)}
}

func orNullJSON(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// lettersOf reads which letters a list is of.
func lettersOf(p *params) cdp.LetterQuery {
	return cdp.LetterQuery{
		Function:   cdp.FunctionID(p.text("function_id", "Only of this function.")),
		Kinds:      p.list("kind", "Only of these kinds."),
		ErrorKinds: p.list("error_kind", "Only with these kinds of error."),
		Replayed:   p.flag("replayed", "Only those that were replayed, or only others."),
		Search:     p.text("search", "Words that the reason or the event's name contains."),
		After:      p.time("after", badTime, "Only later ones."),
		Before:     p.time("before", badTime, "Only earlier ones."),
	}
}

// letterPage reads the parameters of a page of letters.
func letterPage(p *params) cdp.LetterQuery {
	q, w := lettersOf(p), windowOf(p)
	q.Limit, q.Offset = min(w.limit, mostLetters), w.offset
	return q
}

// mostLetters bounds a page.
const mostLetters = 500

// scope holds a query to what somebody may see: an administrator also messages
// of which nobody knows the project.
func scope(c *fiber.Ctx, q *cdp.LetterQuery) {
	q.Project, q.Unowned = session.Project(c).ID, account.Can(session.Role(c), account.Manage)
}

// ListDeadLetters is GET …/dead_letters: what came to nothing, newest first
// (runtime specification 13.2).
func (h *Handler) ListDeadLetters(c *fiber.Ctx) error {
	p := query(c)
	q := letterPage(p)
	if p.fault != nil {
		return p.fault
	}
	scope(c, &q)
	all, err := h.c.LetterReader.Letters(c.UserContext(), q)
	if err != nil {
		return err
	}
	n, err := h.c.LetterReader.CountLetters(c.UserContext(), q)
	if err != nil {
		return err
	}
	items := make([]letterItem, len(all))
	for i := range all {
		items[i] = newLetterItem(&all[i])
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, p, window{q.Limit, q.Offset}, int(n), items))
}

func (h *Handler) letter(c *fiber.Ctx) (cdp.DeadLetter, error) {
	l, err := h.c.LetterReader.Letter(c.UserContext(), session.Project(c).ID, c.Params("id"))
	if err == nil && l.Project == 0 && !account.Can(session.Role(c), account.Manage) {
		err = cdp.Errorf(cdp.NotFound, "", "Not found.")
	}
	return l, err
}

// ShowDeadLetter is GET …/dead_letters/:id: one with its payload and inputs.
func (h *Handler) ShowDeadLetter(c *fiber.Ctx) error {
	l, err := h.letter(c)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newLetterDetail(&l))
}

// DiscardDeadLetter is DELETE …/dead_letters/:id.
func (h *Handler) DiscardDeadLetter(c *fiber.Ctx) error {
	l, err := h.letter(c)
	if err != nil {
		return err
	}
	q := cdp.LetterQuery{IDs: []string{l.ID}}
	scope(c, &q)
	if _, err := h.c.DeadLetters.Discard(c.UserContext(), q); err != nil {
		return err
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// ReplayDeadLetters is POST …/dead_letters/replay: a job does them again, or with
// dry_run they are counted.
func (h *Handler) ReplayDeadLetters(c *fiber.Ctx) error {
	r, err := chosenLetters(c)
	if err != nil {
		return counted(c, err)
	}
	if r.dryRun {
		return counting(c, r.query, h.c.DeadLetters.Count)
	}
	job, err := h.c.DeadLetters.Replay(c.UserContext(), session.User(c).ID, r.query, r.rate)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusAccepted, newRerunJob(job))
}

// DiscardDeadLetters is POST …/dead_letters/discard: they are forgotten, or with
// dry_run counted.
func (h *Handler) DiscardDeadLetters(c *fiber.Ctx) error {
	r, err := chosenLetters(c)
	if err != nil {
		return counted(c, err)
	}
	if r.dryRun {
		return counting(c, r.query, h.c.LetterReader.CountLetters)
	}
	n, err := h.c.DeadLetters.Discard(c.UserContext(), r.query)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, letterCount{n, cdp.MaxReruns})
}

func counting(c *fiber.Ctx, q cdp.LetterQuery, count func(context.Context, cdp.LetterQuery) (int64, error)) error {
	n, err := count(c.UserContext(), q)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, letterCount{n, cdp.MaxReruns})
}

// chosenLetters reads which letters a request means.
func chosenLetters(c *fiber.Ctx) (letterRequest, error) {
	members, err := body(c)
	if err != nil {
		return letterRequest{}, err
	}
	r := reader(members)
	out := readLetters(r)
	scope(c, &out.query)
	return out, faultsOf(*r.Faults)
}

func readLetters(r *fields.Reader) (out letterRequest) {
	nullable := fields.Rule{Nullable: true}
	text := fields.Rule{Nullable: true, Blank: true}
	out.dryRun, out.rate = r.Bool("dry_run", nullable).Value, r.Int("rate", nullable).Value
	out.query = cdp.LetterQuery{
		IDs: deref(textList(r, "ids", nullable)), Kinds: deref(textList(r, "kind", nullable)), ErrorKinds: deref(textList(r, "error_kind", nullable)),
		Function: cdp.FunctionID(r.Text("function_id", text).Value), Search: r.Text("search", text).Value,
		After: timeMember(r, "after", nullable), Before: timeMember(r, "before", nullable),
	}
	return out
}

// ListLetterReplays is GET …/dead_letters/replay: the jobs since the server's
// start, newest first.
func (h *Handler) ListLetterReplays(c *fiber.Ctx) error {
	jobs := []rerunJob{}
	for _, j := range h.c.Reruns.List(session.Project(c).ID, "") {
		if j.Letters {
			jobs = append(jobs, newRerunJob(j))
		}
	}
	return respond.JSON(c, fiber.StatusOK, page[rerunJob]{Count: len(jobs), Results: jobs})
}

// CancelLetterReplay is DELETE …/dead_letters/replay/:job. What was queued runs
// all the same.
func (h *Handler) CancelLetterReplay(c *fiber.Ctx) error {
	job, err := h.c.Reruns.Cancel(session.Project(c).ID, c.Params("job"))
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, newRerunJob(job))
}

// exportedAtOnce is how many letters an export reads in one go, exportWithin how
// long it may take.
const (
	exportedAtOnce = 200
	exportWithin   = 10 * time.Minute
)

// ExportDeadLetters is GET …/dead_letters/export: the letters of a list, whole, a
// line of JSON each.
func (h *Handler) ExportDeadLetters(c *fiber.Ctx) error {
	p := query(c)
	q := lettersOf(p)
	if p.fault != nil {
		return p.fault
	}
	scope(c, &q)
	c.Set(fiber.HeaderContentType, "application/x-ndjson")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="dead-letters.jsonl"`)
	ctx := context.WithoutCancel(c.UserContext())
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(ctx, exportWithin)
		defer cancel()
		h.export(ctx, w, q)
	})
	return nil
}

// export writes until the end, or until something fails: the status is sent by
// then, and a list that ends early says so by lacking its last line's end.
func (h *Handler) export(ctx context.Context, w *bufio.Writer, q cdp.LetterQuery) {
	q.Limit = exportedAtOnce
	for {
		all, err := h.c.LetterReader.Letters(ctx, q)
		if err != nil || len(all) == 0 {
			return
		}
		for i := range all {
			l, err := h.c.LetterReader.Letter(ctx, q.Project, all[i].ID)
			if cdp.HasCode(err, cdp.NotFound) {
				continue // it was discarded meanwhile
			}
			line, fault := json.Marshal(newLetterDetail(&l))
			if err != nil || fault != nil {
				return
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return
			}
		}
		if w.Flush() != nil {
			return
		}
		q.BeforeSeq = all[len(all)-1].Seq
	}
}
