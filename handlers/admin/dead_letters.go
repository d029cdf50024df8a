package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// lettersAtOnce is how many dead letters the list shows at once.
const lettersAtOnce = 50

// shownJobs is for how long a replay that has ended is still told of.
const shownJobs = time.Minute

// DeadLetters are the use cases around what came to nothing; *cdp.DeadLetters is
// one.
type DeadLetters interface {
	Replay(ctx context.Context, by cdp.UserID, q cdp.LetterQuery, rate int) (cdp.Rerun, error)
	Discard(ctx context.Context, q cdp.LetterQuery) (int64, error)
}

// Jobs are the replays since the server's start; *cdp.Reruns has them.
type Jobs interface {
	List(p cdp.ProjectID, f cdp.FunctionID) []cdp.Rerun
	Cancel(p cdp.ProjectID, id string) (cdp.Rerun, error)
}

// letterView is what the address of the list asks for.
type letterView struct {
	q, kind, function string
	replayed          bool
	before            int64
}

// readLetterView reads the view from a query or a form.
func readLetterView(get func(key string, def ...string) string) letterView {
	v := letterView{q: strings.TrimSpace(get("q")), kind: get("kind"), function: get("function"), replayed: get("replayed") != ""}
	if n, err := strconv.ParseInt(get("before"), 10, 64); err == nil && n > 0 {
		v.before = n
	}
	return v
}

func (v letterView) address(base string) string {
	out := url.Values{}
	for name, value := range map[string]string{"q": v.q, "kind": v.kind, "function": v.function} {
		if value != "" {
			out.Set(name, value)
		}
	}
	if v.replayed {
		out.Set("replayed", "1")
	}
	if v.before > 0 {
		out.Set("before", strconv.FormatInt(v.before, 10))
	}
	return address(base, out)
}

func (v letterView) query(c *fiber.Ctx) cdp.LetterQuery {
	q := cdp.LetterQuery{
		Project: session.Project(c).ID, Unowned: account.Can(session.Role(c), account.Manage),
		Function: cdp.FunctionID(v.function), Search: v.q, Replayed: &v.replayed,
	}
	if v.kind != "" {
		q.Kinds = []string{v.kind}
	}
	return q
}

// letterKinds are the kinds in words.
var letterKinds = map[string]struct {
	show    ui.StatusProps
	meaning string
}{
	cdp.LetterFailed: {ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Failed"},
		"The last attempt failed. Replay it once the other side is up again, or the function is mended."},
	cdp.LetterInputs: {ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Inputs failed"},
		"An input of the function could not be built from this event, so it did not run. Mend the input, then replay."},
	cdp.LetterFiltering: {ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Filtering failed"},
		"The filters could not be asked about this event, so the function did not run. There is one dead letter an hour and function; the metrics count all. A replay asks the filters of now."},
	cdp.LetterCancelled: {ui.StatusProps{Icon: "circle-dashed", Word: "Cancelled"},
		"The function was switched off, deleted or stopped while this waited. Switch it on, then replay."},
	cdp.LetterSetAside: {ui.StatusProps{Tone: ui.Warn, Icon: "octagon-x", Word: "Set aside"},
		"Hogpen itself could not work on this message, or stopped five times while it was in hand. A replay works on it from its beginning."},
}

// letterKind is a kind in words.
func letterKind(kind string) ui.StatusProps { return letterKinds[kind].show }

// DeadLetterList is GET /p/:pid/dead-letters.
func (h *Handler) DeadLetterList(c *fiber.Ctx) error {
	v := readLetterView(c.Query)
	d, err := h.deadLetters(c, v)
	if err != nil {
		return err
	}
	if target := c.Get("HX-Target"); respond.Partial(c) {
		switch {
		case strings.Contains(target, "letter-rows"):
			return respond.Part(c, pages.DeadLettersMore(d))
		case strings.Contains(target, "letter-jobs") && anyRuns(d.Jobs):
			return respond.Part(c, pages.LetterJobs(d))
		case strings.Contains(target, "letter-jobs"):
			// The last one has ended, and the list is another.
			return respond.Places(c, respond.Place{Selector: "#letters", Swap: "outerMorph", Content: pages.DeadLettersBody(d)})
		}
	}
	s, err := h.shell(c, "Dead letters", "Dead letters")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.DeadLetters(s, d), "letters")
}

func anyRuns(jobs []pages.LetterJob) bool {
	for _, j := range jobs {
		if j.Running {
			return true
		}
	}
	return false
}

func (h *Handler) deadLetters(c *fiber.Ctx, v letterView) (pages.DeadLettersData, error) {
	ctx, home := c.UserContext(), base(c)+"/dead-letters"
	q := v.query(c)
	total, err := h.c.Store.CountLetters(ctx, q)
	if err != nil {
		return pages.DeadLettersData{}, err
	}
	other := q
	yes := !v.replayed
	other.Replayed = &yes
	others, err := h.c.Store.CountLetters(ctx, other)
	if err != nil {
		return pages.DeadLettersData{}, err
	}
	q.Limit, q.BeforeSeq = lettersAtOnce+1, v.before
	all, err := h.c.Store.Letters(ctx, q)
	if err != nil {
		return pages.DeadLettersData{}, err
	}
	d := pages.DeadLettersData{
		Base: home, Address: v.address(home), Count: ui.Exact(total), Total: total, Query: v.q, Kind: v.kind, Replayed: v.replayed,
		Kinds: []ui.Option{{Label: "Any kind"}}, Function: v.function, Jobs: h.letterJobs(c),
		Export:   fmt.Sprintf("/api/projects/%d/dead_letters/export/?%s", q.Project, v.exported().Encode()),
		Filtered: v.q+v.kind+v.function != "", CanEdit: canEdit(c), Most: cdp.MaxReruns,
	}
	for _, kind := range cdp.LetterKinds() {
		d.Kinds = append(d.Kinds, ui.Option{Value: kind, Label: letterKind(kind).Word})
	}
	waiting, replayed := total, others
	if v.replayed {
		waiting, replayed = others, total
	}
	d.Tabs = v.tabs(home, waiting, replayed)
	if len(all) > lettersAtOnce {
		all = all[:lettersAtOnce]
		next := v
		next.before = all[len(all)-1].Seq
		d.More, d.MoreHref = fmt.Sprintf("Load %d more", lettersAtOnce), next.address(home)
	}
	d.Shown = fmt.Sprintf("%s of %s", ui.Exact(int64(len(all))), ui.Exact(total))
	if v.before > 0 {
		d.Shown = ui.Exact(total) + " in all"
	}
	return d, h.letterRows(c, all, &d)
}

// exported is the view in the API's words.
func (v letterView) exported() url.Values {
	out := url.Values{"replayed": {strconv.FormatBool(v.replayed)}}
	for name, value := range map[string]string{"search": v.q, "kind": v.kind, "function_id": v.function} {
		if value != "" {
			out.Set(name, value)
		}
	}
	return out
}

func (v letterView) tabs(home string, waiting, replayed int64) []ui.Tab {
	one, two := v, v
	one.replayed, one.before, two.replayed, two.before = false, 0, true, 0
	return []ui.Tab{
		{Label: "Waiting", Href: one.address(home), Count: ui.Exact(waiting), Bad: waiting > 0, Current: !v.replayed},
		{Label: "Replayed", Href: two.address(home), Count: ui.Exact(replayed), Current: v.replayed},
	}
}

func (h *Handler) letterRows(c *fiber.Ctx, all []cdp.DeadLetter, d *pages.DeadLettersData) error {
	ids := []cdp.FunctionID{cdp.FunctionID(d.Function)}
	for i := range all {
		ids = append(ids, all[i].Function)
	}
	names, err := h.c.Store.FunctionNames(c.UserContext(), session.Project(c).ID, ids)
	if err != nil {
		return err
	}
	d.FnName = cmp.Or(names[cdp.FunctionID(d.Function)], "A deleted function")
	for i := range all {
		l := &all[i]
		r := pages.LetterRowData{
			ID: l.ID, Href: d.Base + "/" + url.PathEscape(l.ID), At: l.At, Ago: ui.Ago(h.now(), l.At), Event: letterTitle(l), Who: l.DistinctID,
			Kind: letterKind(l.Kind), Reason: firstLine(l.Reason), CanEdit: d.CanEdit,
		}
		if l.Function != "" {
			r.Function, r.FnHref = cmp.Or(names[l.Function], "A deleted function"), base(c)+"/functions/"+string(l.Function)
		}
		if !l.ReplayedAt.IsZero() {
			r.Replayed = ui.Ago(h.now(), l.ReplayedAt)
		}
		d.Rows = append(d.Rows, r)
	}
	return nil
}

// letterTitle names what a letter is of.
func letterTitle(l *cdp.DeadLetter) string {
	if l.Source == cdp.LetterWebhook {
		return "Webhook request"
	}
	return cmp.Or(l.EventName, "Unreadable message")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// letterJobs are the replays that run, and those that have just ended.
func (h *Handler) letterJobs(c *fiber.Ctx) []pages.LetterJob {
	var out []pages.LetterJob
	for _, j := range h.c.Jobs.List(session.Project(c).ID, "") {
		if !j.Letters || j.Status != "running" && h.now().Sub(j.Finished) > shownJobs {
			continue
		}
		job := pages.LetterJob{ID: j.ID, Running: j.Status == "running", Done: j.Queued + j.Skipped, Total: j.Total, Text: jobText(&j)}
		if job.Running {
			job.Cancel = base(c) + "/_/dead-letters/jobs/" + j.ID + "/cancel"
		}
		out = append(out, job)
	}
	return out
}

// jobText tells how a replay fares.
func jobText(j *cdp.Rerun) string {
	text := map[string]string{"running": "Replaying", "done": "Replayed", "cancelled": "Cancelled after", "failed": "Stopped after"}[j.Status]
	text += fmt.Sprintf(" %s of %s", ui.Exact(int64(j.Queued)), ui.Exact(int64(j.Total)))
	if j.Skipped > 0 {
		text += fmt.Sprintf(", %s could not be: function or message is gone", ui.Exact(int64(j.Skipped)))
	}
	if j.Status == "running" {
		text += fmt.Sprintf(", %d a second", j.Rate)
	}
	return text + "." + strings.TrimRight(" "+j.Error, " ")
}

// DeadLetter is GET /p/:pid/dead-letters/:id.
func (h *Handler) DeadLetter(c *fiber.Ctx) error {
	id, err := url.PathUnescape(c.Params("id"))
	if err != nil {
		id = c.Params("id")
	}
	project := session.Project(c).ID
	l, err := h.c.Store.Letter(c.UserContext(), project, id)
	if err != nil {
		return err
	}
	if l.Project == 0 && !account.Can(session.Role(c), account.Manage) {
		return cdp.Errorf(cdp.NotFound, "", "Not found.")
	}
	names, err := h.c.Store.FunctionNames(c.UserContext(), project, []cdp.FunctionID{l.Function})
	if err != nil {
		return err
	}
	d := pages.LetterData{
		ID: l.ID, Title: letterTitle(&l), Base: base(c), Kind: letterKind(l.Kind), Meaning: letterKinds[l.Kind].meaning, Reason: l.Reason,
		Payload: indented(l.Payload), Inputs: indented(l.Inputs), Act: base(c) + "/dead-letters", CanEdit: canEdit(c),
	}
	h.letterLinks(c, &l, names[l.Function], &d)
	if l.Kind == cdp.LetterFiltering {
		// One letter stands for all events of its hour.
		hour := l.At.Truncate(time.Hour)
		totals, err := h.c.Store.MetricTotals(c.UserContext(), cdp.MetricQuery{Project: project, Function: l.Function,
			After: hour, Before: hour.Add(time.Hour - time.Microsecond), By: "name", Names: []string{string(cdp.OutcomeFilteringFailed)}})
		if err != nil {
			return err
		}
		n := max(totals[string(cdp.OutcomeFilteringFailed)], 1)
		d.Facts = append(d.Facts, pages.LetterFact{Name: "In that hour", Value: ui.Exact(n) + " " + ui.Plural(n, "event", "events")})
	}
	s, err := h.shell(c, d.Title, "Dead letters", layout.Crumb{Label: "Dead letters", Href: base(c) + "/dead-letters"}, layout.Crumb{Label: d.Title})
	if err != nil {
		return err
	}
	return respond.Page(c, pages.DeadLetter(s, d))
}

// letterLinks fills in the facts about a letter and where they lead.
func (h *Handler) letterLinks(c *fiber.Ctx, l *cdp.DeadLetter, name string, d *pages.LetterData) {
	fact := func(name, value, href string, code bool) {
		if value != "" {
			d.Facts = append(d.Facts, pages.LetterFact{Name: name, Value: value, Href: href, Code: code})
		}
	}
	fact("When", l.At.UTC().Format("2 Jan, 15:04:05.000 UTC")+", "+ui.Ago(h.now(), l.At), "", false)
	if l.Function != "" {
		home := base(c) + "/functions/" + string(l.Function)
		fact("Function", fmt.Sprintf("%s, version %d", cmp.Or(name, "A deleted function"), l.Version), home, false)
		if l.Run {
			d.Logs = home + "/logs?run=" + url.QueryEscape(l.ID)
		}
		if as := string(l.ReplayedAs); as != "" && as != l.ID {
			d.Again = home + "/logs?run=" + url.QueryEscape(as)
		}
	}
	fact("Distinct id", l.DistinctID, "", true)
	fact("Event id", l.EventUUID, "", true)
	if l.Attempts > 0 {
		fact("Attempts", strconv.Itoa(l.Attempts), "", false)
	}
	if l.Source == cdp.LetterEvent && l.Kind != cdp.LetterSetAside && l.EventUUID != "" {
		d.Event = base(c) + "/events/" + url.PathEscape(l.EventUUID)
	}
	if !l.ReplayedAt.IsZero() {
		d.Replayed = ui.Ago(h.now(), l.ReplayedAt)
		fact("Replayed", d.Replayed, "", false)
	}
}

// ActOnLetters is POST /p/:pid/dead-letters: act is replay or discard, of the
// letters in ids, or with "-all" of all that the view's filters find.
func (h *Handler) ActOnLetters(c *fiber.Ctx) error {
	act, all := strings.CutSuffix(c.FormValue("act"), "-all")
	v := readLetterView(c.FormValue)
	q := v.query(c)
	back := v.address(base(c) + "/dead-letters")
	if !all {
		q = cdp.LetterQuery{Project: q.Project, Unowned: q.Unowned}
		for _, id := range c.Request().PostArgs().PeekMulti("ids") {
			q.IDs = append(q.IDs, string(id))
		}
		if len(q.IDs) == 0 {
			respond.Toast(c, ui.ToastProps{Tone: ui.Warn, Text: "Select at least one dead letter."})
			return respond.Redirect(c, back)
		}
	}
	err := h.act(c, act, q)
	if text, ok := refusal(err); ok {
		respond.Toast(c, ui.ToastProps{Tone: ui.Bad, Text: text})
		err = nil
	}
	if err != nil {
		return err
	}
	return respond.Redirect(c, back)
}

func (h *Handler) act(c *fiber.Ctx, act string, q cdp.LetterQuery) error {
	switch act {
	case "replay":
		job, err := h.c.Letters.Replay(c.UserContext(), session.User(c).ID, q, 0)
		if err == nil {
			respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: fmt.Sprintf("Replaying %s", letters(int64(job.Total)))})
		}
		return err
	case "discard":
		n, err := h.c.Letters.Discard(c.UserContext(), q)
		if err == nil {
			respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: fmt.Sprintf("Discarded %s", letters(n))})
		}
		return err
	}
	return cdp.Errorf(cdp.Invalid, "act", "Choose what to do: replay or discard.")
}

func letters(n int64) string { return ui.Exact(n) + " dead " + ui.Plural(n, "letter", "letters") }

// CancelLetterJob is POST /p/:pid/_/dead-letters/jobs/:job/cancel.
func (h *Handler) CancelLetterJob(c *fiber.Ctx) error {
	if _, err := h.c.Jobs.Cancel(session.Project(c).ID, c.Params("job")); err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "The replay is cancelled; what was queued runs all the same"})
	return respond.Redirect(c, base(c)+"/dead-letters")
}

// refusal is what a person is told when a use case refuses.
func refusal(err error) (string, bool) {
	var known *cdp.Error
	if errors.As(err, &known) && known.Code == cdp.Invalid {
		return known.Message, true
	}
	return "", false
}
