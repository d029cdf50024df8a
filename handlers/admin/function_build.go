package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// build is the Build page in the making: a function, and what was posted when
// the form came back.
type build struct {
	f        *cdp.Function
	posted   form // nil shows what is stored
	faults   []*cdp.Error
	conflict *pages.FunctionConflict
	result   *pages.TestResult
	asJSON   bool // filters
}

// FunctionBuild is GET /p/:pid/functions/:id.
func (h *Handler) FunctionBuild(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	return h.showBuild(c, build{f: f}, fiber.StatusOK)
}

// showBuild answers with the page, or to htmx with its body alone.
func (h *Handler) showBuild(c *fiber.Ctx, b build, status int) error {
	d, err := h.buildData(c, b)
	if err != nil {
		return err
	}
	c.Status(status)
	if respond.Partial(c) {
		return respond.Part(c, pages.FunctionBuildBody(d))
	}
	s, err := h.functionShell(c, b.f, "")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.FunctionBuild(s, d))
}

func (h *Handler) buildData(c *fiber.Ctx, b build) (pages.FunctionBuildData, error) {
	head, err := h.head(c, b.f, "Build")
	if err != nil {
		return pages.FunctionBuildData{}, err
	}
	faulty := byField(b.faults)
	part := base(c) + "/_/functions/"
	d := pages.FunctionBuildData{
		Head: head, Action: head.Href, Base: b.f.Version, Name: deref(b.f.Name), Description: b.f.Description, Hog: b.f.Hog,
		Kind: string(b.f.Type), Check: part + "check", Complete: part + "complete?id=" + string(b.f.ID), CanEdit: canEdit(c),
		Conflict: b.conflict, Error: faulty, Filtered: b.f.Type.Filtered(),
		Inputs: inputFields(b.f.InputsSchema, b.f.Inputs, b.f.Sealed, b.posted, faulty),
	}
	if b.posted.has("hog") {
		d.Name, d.Description, d.Hog = b.posted.get("name"), b.posted.get("description"), b.posted.get("hog")
		if v, err := strconv.Atoi(b.posted.get("base")); err == nil {
			d.Base = v
		}
	}
	d.Errors = summary(b.faults, d.Inputs)
	if d.Filters, err = h.buildFilters(c, b, faulty); err != nil {
		return d, err
	}
	d.Bench, err = h.bench(c, b)
	return d, err
}

// buildFilters shows the posted filters, else the stored ones.
func (h *Handler) buildFilters(c *fiber.Ctx, b build, faulty map[string]string) (pages.FiltersData, error) {
	raw := storedFilters(b.f)
	d := filtersData(b.f.Type, raw, b.asJSON)
	if b.posted.has("filters.mode") {
		posted, err := filtersOf(b.posted)
		if err == nil {
			d = filtersData(b.f.Type, posted, b.asJSON)
		} else {
			d.JSON, d.Text, d.Error = true, b.posted.get("filters.json"), err.Error()
		}
	}
	if d.Error == "" {
		d.Error = faulty["filters"]
	}
	if message := b.f.Filters.BytecodeError; message != "" && !b.posted.has("hog") {
		d.Warning = "These filters do not work, so the function never runs: " + message
	}
	d.Show = base(c) + "/_/functions/" + string(b.f.ID) + "/filters"
	return d, h.offer(c, b.f, &d)
}

// FunctionFilters is POST /p/:pid/_/functions/:id/filters: the filters of the
// form shown the other way, as rows or as JSON. Nothing is saved.
func (h *Handler) FunctionFilters(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	b := build{f: f, posted: formOf(c), asJSON: c.FormValue("show") == "json"}
	if !respond.Partial(c) {
		return h.showBuild(c, b, fiber.StatusOK)
	}
	d, err := h.buildFilters(c, b, nil)
	if err != nil {
		return err
	}
	if d.Error != "" {
		c.Status(fiber.StatusUnprocessableEntity)
	}
	return respond.Part(c, pages.FunctionFilters(d))
}

// SaveFunction is POST /p/:pid/functions/:id: the whole form, from the version
// it began with.
func (h *Handler) SaveFunction(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	posted := formOf(c)
	b := build{f: f, posted: posted, asJSON: posted.get("filters.mode") == "json"}
	change := changeOf(f, posted)
	if change.Base, err = strconv.Atoi(posted.get("base")); err != nil {
		return cdp.Errorf(cdp.Invalid, "", "The form does not say which version it began with. Load the page again.")
	}
	if over, err := strconv.Atoi(posted.get("overwrite")); err == nil {
		change.Base = over
	}
	saved, err := h.c.Functions.Update(c.UserContext(), session.User(c).ID, f.Project, f.ID, change)
	var known *cdp.Error
	if errors.As(err, &known) && known.Code == cdp.Conflict {
		return h.showConflict(c, b, change)
	}
	if faults, ok := faultsOf(err); ok {
		b.faults = h.explain(f, posted, faults)
		return h.showBuild(c, b, fiber.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: fmt.Sprintf("Saved v%d%s", saved.Version, liveOr(saved))})
	if !respond.Partial(c) {
		return respond.Redirect(c, base(c)+"/functions/"+string(f.ID))
	}
	// The sample of the bench stays; everything else is what is stored now.
	return h.showBuild(c, build{f: saved, asJSON: b.asJSON, posted: posted.only("globals", "http")}, fiber.StatusOK)
}

func liveOr(f *cdp.Function) string {
	if f.Enabled {
		return ", live now"
	}
	return ", still paused"
}

// only keeps some fields of a form; nil when none of them is there.
func (f form) only(names ...string) form {
	var out form
	for _, n := range names {
		if v, ok := f[n]; ok {
			if out == nil {
				out = form{}
			}
			out[n] = v
		}
	}
	return out
}

// changeOf turns the posted form into a change of f. A form of somebody who may
// only look has no fields, and changes nothing.
func changeOf(f *cdp.Function, posted form) cdp.FunctionChange {
	var change cdp.FunctionChange
	if !posted.has("hog") {
		return change
	}
	change.Name, change.Description = cdp.Some(posted.get("name")), cdp.Some(posted.get("description"))
	change.Hog = cdp.Some(posted.get("hog"))
	if raw, err := filtersOf(posted); !f.Type.Filtered() {
		// The page shows none, and leaves what an API call may have set.
	} else if err != nil {
		change.Faults = append(change.Faults, cdp.Errorf(cdp.Invalid, "filters", "%s", err.Error()))
	} else {
		change.Filters = raw
	}
	inputs, unread := inputsOf(f.InputsSchema, f.Inputs, secretsOf(f, posted))
	change.Inputs = inputs
	change.Faults = append(change.Faults, inputFaults(unread)...)
	return change
}

// secretsOf makes a secret that has no value, and for which none was typed, one
// that stays empty instead of one to be kept.
func secretsOf(f *cdp.Function, posted form) form {
	out := form{}
	for name, values := range posted {
		out[name] = values
	}
	for _, s := range f.InputsSchema {
		name := "input." + s.Key
		_, has := f.Sealed[s.Key]
		if s.Secret && !has && posted.get(name+".mode") != "replace" {
			out[name+".mode"] = []string{"remove"}
		}
	}
	return out
}

// explain says of code that does not compile where and why.
func (h *Handler) explain(f *cdp.Function, posted form, faults []*cdp.Error) []*cdp.Error {
	out := make([]*cdp.Error, len(faults))
	for i, fault := range faults {
		out[i] = fault
		if !fault.Field.Is("hog") {
			continue
		}
		for _, d := range h.c.Functions.Check(f.Type, posted.get("hog")) {
			if d.Severity == "error" {
				at := cdp.PlaceOf(posted.get("hog"), int(d.Span.Start))
				out[i] = cdp.Errorf(fault.Code, "hog", "Line %d: %s", at.Line, d.Message)
				break
			}
		}
	}
	return out
}

// showConflict answers 409 with the form as it was typed, who saved meanwhile,
// and what the two versions have differently.
func (h *Handler) showConflict(c *fiber.Ctx, b build, change cdp.FunctionChange) error {
	theirs, err := h.functionOf(c) // again: the save may have come just now
	if err != nil {
		return err
	}
	b.f = theirs
	saved, err := h.savedBy(c.UserContext(), theirs)
	if err != nil {
		return err
	}
	b.conflict = &pages.FunctionConflict{
		Who: fmt.Sprintf("Version %d was saved %s.", theirs.Version, saved), Version: theirs.Version,
		Load: base(c) + "/functions/" + string(theirs.ID), Changes: h.differences(c.UserContext(), session.User(c).ID, theirs, change),
	}
	return h.showBuild(c, b, fiber.StatusConflict)
}

// differences lists the fields that the stored function and a change of it
// have differently. A change with faults is compared as far as it was read.
func (h *Handler) differences(ctx context.Context, user cdp.UserID, theirs *cdp.Function, change cdp.FunctionChange) []pages.FieldChange {
	var out []pages.FieldChange
	add := func(name, a, b string) {
		if a != b {
			out = append(out, pages.FieldChange{Field: name, Theirs: a, Yours: b})
		}
	}
	add("Name", deref(theirs.Name), strings.TrimSpace(change.Name.Value))
	add("Description", theirs.Description, strings.TrimSpace(change.Description.Value))
	if a, b := differingLines(theirs.Hog, strings.TrimSpace(change.Hog.Value)); a != b {
		out = append(out, pages.FieldChange{Field: "Code", Theirs: a, Yours: b})
	}
	change.Base, change.Faults = 0, nil
	mine, err := h.c.Functions.Draft(ctx, user, theirs.Project, theirs.ID, change)
	if err != nil {
		return out
	}
	add("Filters", filterSentence(theirs), filterSentence(mine))
	for _, s := range theirs.InputsSchema {
		a, _ := theirs.Inputs.Get(s.Key)
		b, _ := mine.Inputs.Get(s.Key)
		add(labelOf(s), textOf(a.Value), textOf(b.Value))
		if s.Secret && string(theirs.Sealed[s.Key]) != string(mine.Sealed[s.Key]) {
			out = append(out, pages.FieldChange{Field: labelOf(s), Theirs: "(secret)", Yours: "(another secret)"})
		}
	}
	return out
}

// differingLines leaves out the lines at both ends that two texts share.
func differingLines(a, b string) (string, string) {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return strings.Join(x, "\n"), strings.Join(y, "\n")
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// FunctionCheck is POST /p/:pid/_/functions/check: the faults of a source, for
// the editor, as JSON.
func (h *Handler) FunctionCheck(c *fiber.Ctx) error {
	type diagnostic struct {
		Line      int    `json:"line"`
		Column    int    `json:"column"`
		EndLine   int    `json:"end_line"`
		EndColumn int    `json:"end_column"`
		Severity  string `json:"severity"`
		Message   string `json:"message"`
		Hint      string `json:"hint,omitempty"`
	}
	source := strings.ReplaceAll(c.FormValue("source"), "\r\n", "\n")
	out := []diagnostic{}
	for _, d := range h.c.Functions.Check(cdp.Type(c.FormValue("kind")), source) {
		from, to := cdp.PlaceOf(source, int(d.Span.Start)), cdp.PlaceOf(source, int(d.Span.End))
		out = append(out, diagnostic{from.Line, from.Column, to.Line, to.Column, string(d.Severity), d.Message, d.Hint})
	}
	return respond.JSON(c, fiber.StatusOK, map[string]any{"diagnostics": out})
}

// completion is one thing the editor may write.
type completion struct {
	Label  string `json:"label"`
	Type   string `json:"type"`
	Detail string `json:"detail,omitempty"`
	Info   string `json:"info,omitempty"`
	Apply  string `json:"apply,omitempty"`
}

// FunctionComplete is GET /p/:pid/_/functions/complete?id=: what code of a
// function may name, as JSON: globals, its inputs and the library.
func (h *Handler) FunctionComplete(c *fiber.Ctx) error {
	f, err := h.c.Store.Function(c.UserContext(), session.Project(c).ID, cdp.FunctionID(c.Query("id")))
	if err != nil {
		return err
	}
	out := []completion{}
	for _, g := range globalsOf(f.Type) {
		out = append(out, completion{Label: g, Type: "variable"})
	}
	for _, s := range f.InputsSchema {
		out = append(out, completion{Label: "inputs." + s.Key, Type: "property", Detail: s.Type, Info: labelOf(s)})
	}
	for _, l := range cdp.Library(f.Type) {
		out = append(out, completion{Label: l.Name, Type: "function", Detail: "(" + l.Args + ")", Info: l.Doc, Apply: l.Name + "("})
	}
	return respond.JSON(c, fiber.StatusOK, out)
}

// globalsOf are the names that a type's programs begin with.
func globalsOf(t cdp.Type) []string {
	out := []string{"event", "event.event", "event.uuid", "event.distinct_id", "event.properties", "event.timestamp", "event.url",
		"inputs", "project.id", "project.name", "project.url"}
	if t == cdp.Transformation {
		return out
	}
	out = append(out, "person", "person.id", "person.name", "person.properties", "person.url", "groups", "source.name", "source.url")
	if t == cdp.SourceWebhook {
		out = append(out, "request", "request.method", "request.headers", "request.query", "request.body", "request.stringBody", "request.ip")
	}
	return out
}

// object reads a JSON object's members; nil when it is none.
func object(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}
