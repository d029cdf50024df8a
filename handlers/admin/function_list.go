package admin

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// perPage is how many functions the list shows at once.
const perPage = 50

// functionQuery is what the address of the list asks for.
type functionQuery struct {
	q, kind, status, sort string
	page                  int // from 0
}

func readFunctionQuery(c *fiber.Ctx) functionQuery {
	page, err := strconv.Atoi(c.Query("page"))
	if err != nil || page < 0 {
		page = 0
	}
	q := strings.TrimSpace(c.Query("q"))
	if r := []rune(q); len(r) > 200 {
		q = string(r[:200])
	}
	return functionQuery{q: q, kind: c.Query("type"), status: c.Query("status"), sort: c.Query("sort"), page: page}
}

// address is the canonical address of a query: sorted, defaults left out.
func (q functionQuery) address(base string) string {
	v := url.Values{}
	for name, value := range map[string]string{"q": q.q, "type": q.kind, "status": q.status, "sort": q.sort} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.page > 0 {
		v.Set("page", strconv.Itoa(q.page))
	}
	if len(v) == 0 {
		return base + "/functions"
	}
	return base + "/functions?" + v.Encode()
}

// typeTabs groups types under the words people use.
var typeTabs = []struct {
	value, label string
	types        []cdp.Type
}{
	{"destination", "Destinations", []cdp.Type{cdp.Destination}},
	{"transformation", "Transformations", []cdp.Type{cdp.Transformation}},
	{"notification", "Notifications", []cdp.Type{cdp.InternalDestination}},
	{"source", "Sources", []cdp.Type{cdp.SourceWebhook}},
	{"site", "Sites", []cdp.Type{cdp.SiteDestination, cdp.SiteApp}},
}

// FunctionList is GET /p/:pid/functions.
func (h *Handler) FunctionList(c *fiber.Ctx) error {
	q := readFunctionQuery(c)
	d, err := h.functionList(c, q)
	if err != nil {
		return err
	}
	s, err := h.shell(c, "Functions", "Functions")
	if err != nil {
		return err
	}
	if respond.Partial(c) && strings.Contains(c.Get("HX-Target"), "function-rows") {
		return respond.Part(c, pages.FunctionListMore(d))
	}
	return respond.Page(c, pages.FunctionList(s, d), "list")
}

func (h *Handler) functionList(c *fiber.Ctx, q functionQuery) (pages.FunctionListData, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	counts, err := h.c.Store.FunctionCounts(ctx, project)
	if err != nil {
		return pages.FunctionListData{}, err
	}
	page, err := h.c.Store.Functions(ctx, q.storeQuery(project))
	if err != nil {
		return pages.FunctionListData{}, err
	}
	rows, err := h.functionRows(c, page.Functions)
	if err != nil {
		return pages.FunctionListData{}, err
	}
	shown := q.page*perPage + len(rows)
	d := pages.FunctionListData{
		Base: base(c) + "/functions", Count: ui.Exact(int64(page.Count)), Tabs: q.tabs(base(c), counts),
		Query: q.q, Type: q.kind, Status: q.status, Sort: q.sort,
		Statuses: []ui.Option{{Label: "Any status"}, {Value: "on", Label: "On"}, {Value: "off", Label: "Paused"}},
		Sorts: []ui.Option{{Label: "Sort: pipeline order"}, {Value: "changed", Label: "Sort: last changed"},
			{Value: "created", Label: "Sort: newest"}, {Value: "name", Label: "Sort: name"}},
		Rows: rows, Shown: fmt.Sprintf("%s of %s", ui.Exact(int64(shown)), ui.Exact(int64(page.Count))),
		Filtered: q.q+q.kind+q.status != "", CanEdit: canEdit(c), NewHref: base(c) + "/templates",
	}
	if left := page.Count - shown; left > 0 {
		next := q
		next.page++
		d.More, d.MoreHref = fmt.Sprintf("Load %d more", min(left, perPage)), next.address(base(c))
	}
	return d, nil
}

func (q functionQuery) storeQuery(project cdp.ProjectID) cdp.FunctionQuery {
	out := cdp.FunctionQuery{Project: project, Search: q.q, Sort: q.sort, Limit: perPage, Offset: q.page * perPage}
	for _, tab := range typeTabs {
		if tab.value == q.kind {
			out.Types = tab.types
		}
	}
	if q.status == "on" || q.status == "off" {
		on := q.status == "on"
		out.Enabled = &on
	}
	return out
}

func (q functionQuery) tabs(base string, counts map[cdp.Type]int) []ui.Tab {
	all := 0
	for _, n := range counts {
		all += n
	}
	other := q
	other.kind, other.page = "", 0
	tabs := []ui.Tab{{Label: "All", Href: other.address(base), Count: ui.Exact(int64(all)), Current: q.kind == ""}}
	for _, t := range typeTabs {
		n := 0
		for _, kind := range t.types {
			n += counts[kind]
		}
		other.kind = t.value
		tabs = append(tabs, ui.Tab{Label: t.label, Href: other.address(base), Count: ui.Exact(int64(n)), Current: q.kind == t.value})
	}
	return tabs
}

// functionRows makes functions ready to show, with two questions to the store
// whatever their number.
func (h *Handler) functionRows(c *fiber.Ctx, fns []*cdp.Function) ([]pages.FunctionRowData, error) {
	ctx, project := c.UserContext(), session.Project(c).ID
	var ids []cdp.FunctionID
	var people []cdp.UserID
	for _, f := range fns {
		ids, people = append(ids, f.ID), append(people, f.UpdatedBy)
	}
	stats, err := h.c.Store.FunctionStats(ctx, project, ids)
	if err != nil {
		return nil, err
	}
	users, err := h.c.Store.UsersByID(ctx, people)
	if err != nil {
		return nil, err
	}
	rows := make([]pages.FunctionRowData, len(fns))
	for i, f := range fns {
		rows[i] = h.functionRow(c, f, stats[f.ID], users)
	}
	return rows, nil
}

func (h *Handler) functionRow(c *fiber.Ctx, f *cdp.Function, stats cdp.FunctionStats, users map[cdp.UserID]account.User) pages.FunctionRowData {
	href := base(c) + "/functions/" + string(f.ID)
	changed := ui.Ago(h.now(), f.UpdatedAt)
	if u, ok := users[f.UpdatedBy]; ok {
		name, _, _ := strings.Cut(u.DisplayName(), " ")
		changed = name + ", " + changed
	}
	part := base(c) + "/_/functions/" + string(f.ID)
	status, why := h.functionStatus(f, stats)
	return pages.FunctionRowData{
		ID: f.ID, Name: f.Title(), Href: href, Type: f.Type, Sub: subtitle(f), On: f.Enabled, Version: f.Version,
		Status: status, Why: why, Spark: spark(stats, href+"/metrics"), Runs: ui.Exact(runs(stats)), Changed: changed,
		CanEdit: canEdit(c), Switch: part + "/enabled", Logs: href + "/logs", Metrics: href + "/metrics", Delete: part + "/trash",
	}
}

// functionStatus is the state in the words of the status vocabulary, and why.
func (h *Handler) functionStatus(f *cdp.Function, stats cdp.FunctionStats) (pages.FunctionStatus, string) {
	if f.Filters.BytecodeError != "" {
		return pages.StatusBroken, f.Filters.BytecodeError
	}
	if !f.Enabled {
		return pages.StatusPaused, ""
	}
	switch st := h.c.Status(f.Project, f.ID); {
	case st.State.Slowed():
		return pages.StatusDegraded, "The watcher slows it down: " + lowerFirst(st.Reason)
	case st.State.Stopped():
		return pages.StatusStopped, "The watcher stopped it: " + lowerFirst(st.Reason)
	}
	ok, bad := sum(stats.Succeeded[:]), sum(stats.Failed[:])
	switch {
	case ok+bad == 0:
		return pages.StatusNoRuns, ""
	case bad > ok && bad >= 5:
		return pages.StatusBroken, fmt.Sprintf("%d of %d runs failed in 24 hours.", bad, ok+bad)
	}
	return pages.StatusActive, ""
}

// subtitle is the description, or what the filters say.
func subtitle(f *cdp.Function) string {
	if f.Description != "" {
		return f.Description
	}
	return filterSentence(f)
}

func runs(s cdp.FunctionStats) int64 { return sum(s.Succeeded[:]) + sum(s.Failed[:]) }

func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

// spark shows 24 hours of outcomes.
func spark(s cdp.FunctionStats, href string) ui.SparkProps {
	ok, bad := sum(s.Succeeded[:]), sum(s.Failed[:])
	p := ui.SparkProps{OK: s.Succeeded[:], Bad: s.Failed[:], Href: href, Rate: ui.Share(ok, ok+bad)}
	switch {
	case ok+bad == 0:
		p.Label = "no runs in 24 hours"
		return p
	case bad*2 > ok+bad:
		p.Tone = ui.Bad
	case bad*20 > ok+bad:
		p.Tone = ui.Warn
	}
	p.Label = fmt.Sprintf("%s runs, %s succeeded, %s failed", ui.Exact(ok+bad), ui.Share(ok, ok+bad), ui.Exact(bad))
	return p
}

// FunctionEnabled is POST /p/:pid/_/functions/:id/enabled: the switch of the
// list, the pipeline and the function's own pages.
func (h *Handler) FunctionEnabled(c *fiber.Ctx) error {
	ctx, project, id := c.UserContext(), session.Project(c).ID, cdp.FunctionID(c.Params("id"))
	on := c.FormValue("enabled") == "true"
	f, err := h.c.Functions.Update(ctx, session.User(c).ID, project, id, cdp.FunctionChange{Enabled: &on})
	if faults, ok := faultsOf(err); ok {
		return h.refuseSwitch(c, id, faults)
	}
	if err != nil {
		return err
	}
	word := "Paused "
	if on {
		word = "Enabled "
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: word + f.Title(), Undo: c.Path(),
		Fields: []ui.Hidden{{Name: "enabled", Value: strconv.FormatBool(!on)}, {Name: "version", Value: strconv.Itoa(f.Version)}}})
	return h.afterSwitch(c, f)
}

// afterSwitch shows the function again on whatever page its switch was.
func (h *Handler) afterSwitch(c *fiber.Ctx, f *cdp.Function) error {
	if !respond.Partial(c) {
		return respond.Redirect(c, back(c, base(c)+"/functions"))
	}
	rows, err := h.functionRows(c, []*cdp.Function{f})
	if err != nil {
		return err
	}
	head, err := h.head(c, f, "")
	if err != nil {
		return err
	}
	parts := []respond.Place{
		{Selector: "#function-" + string(f.ID), Swap: hx.Morph, Content: pages.FunctionRow(rows[0])},
		{Selector: "#head-line-" + string(f.ID), Swap: hx.Morph, Content: pages.FunctionHeadLine(head)},
	}
	// Switching makes a version. A form that is open on the one before goes on
	// from there, unless somebody else's came in between.
	if c.FormValue("version") == strconv.Itoa(f.Version-1) {
		parts = append(parts, respond.Place{Selector: "#base", Swap: hx.Outer, Content: pages.FunctionBase(f.Version)})
	}
	if f.Type == cdp.Transformation {
		d, err := h.pipeline(c)
		if err != nil {
			return err
		}
		for _, step := range d.Steps {
			if step.ID == f.ID {
				parts = append(parts, respond.Place{Selector: "#step-" + string(f.ID), Swap: hx.Morph, Content: pages.PipelineRow(step)})
			}
		}
	}
	return respond.Places(c, parts...)
}

// refuseSwitch shows in the row why a function cannot be switched on.
func (h *Handler) refuseSwitch(c *fiber.Ctx, id cdp.FunctionID, faults []*cdp.Error) error {
	f, err := h.c.Store.Function(c.UserContext(), session.Project(c).ID, id)
	if err != nil {
		return err
	}
	if !respond.Partial(c) {
		respond.Toast(c, ui.ToastProps{Tone: ui.Bad, Text: f.Title() + " was not switched: " + fieldMessage(faults[0])})
		return respond.Redirect(c, back(c, base(c)+"/functions"))
	}
	rows, err := h.functionRows(c, []*cdp.Function{f})
	if err != nil {
		return err
	}
	rows[0].Error, rows[0].ErrorAt = fieldMessage(faults[0]), rows[0].Href
	head, err := h.head(c, f, "")
	if err != nil {
		return err
	}
	head.Error, head.ErrorAt = rows[0].Error, rows[0].Href
	c.Status(fiber.StatusUnprocessableEntity)
	return respond.Places(c,
		respond.Place{Selector: "#function-" + string(id), Swap: hx.Morph, Content: pages.FunctionRow(rows[0])},
		respond.Place{Selector: "#head-line-" + string(id), Swap: hx.Morph, Content: pages.FunctionHeadLine(head)})
}

// FunctionTrash is POST /p/:pid/_/functions/:id/trash; with restore=true it
// takes the removal back.
func (h *Handler) FunctionTrash(c *fiber.Ctx) error {
	restore := c.FormValue("restore") == "true"
	gone := !restore
	f, err := h.c.Functions.Update(c.UserContext(), session.User(c).ID, session.Project(c).ID, cdp.FunctionID(c.Params("id")),
		cdp.FunctionChange{Deleted: &gone, Undelete: restore})
	if err != nil {
		return err
	}
	if restore {
		respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Restored " + f.Title()})
		return respond.Redirect(c, base(c)+"/functions/"+string(f.ID))
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Moved " + f.Title() + " to the trash", Undo: c.Path(),
		Fields: []ui.Hidden{{Name: "restore", Value: "true"}}})
	if !respond.Partial(c) || c.FormValue("leave") == "true" {
		return respond.Redirect(c, base(c)+"/functions")
	}
	return respond.Places(c, respond.Place{Selector: "#function-" + string(f.ID), Swap: hx.Delete})
}

// faultsOf gives the faults a person can mend; ok is false for all other errors.
func faultsOf(err error) (faults []*cdp.Error, ok bool) {
	var many cdp.Faults
	var one *cdp.Error
	switch {
	case errors.As(err, &many) && len(many) > 0:
		return many, true
	case errors.As(err, &one) && (one.Code == cdp.Invalid || one.Code == cdp.TooLarge):
		return []*cdp.Error{one}, true
	}
	return nil, false
}

// fieldMessage puts the field's name before a message that needs it.
func fieldMessage(e *cdp.Error) string {
	if len(e.Field) > 1 && e.Field.Within("inputs") {
		return e.Field[1] + ": " + e.Message
	}
	return e.Message
}

// back is the page a form without script came from, if it is one of ours.
func back(c *fiber.Ctx, otherwise string) string {
	u, err := url.Parse(c.Get("Referer"))
	if err != nil || u.Host != c.Hostname() || u.Path == "" {
		return otherwise
	}
	return ownPath(u.RequestURI())
}

// day is how far lists look back for outcomes.
const day = 24 * time.Hour

// lowerFirst puts a sentence behind a colon.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
