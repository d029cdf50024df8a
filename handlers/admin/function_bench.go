package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// bench is the panel beside the form: with the sample that was posted, else
// with an event of this project, else with an example.
func (h *Handler) bench(c *fiber.Ctx, b build) (pages.BenchData, error) {
	d := pages.BenchData{
		Run: base(c) + "/_/functions/" + string(b.f.ID) + "/test", CanReal: canEdit(c), Real: b.posted.get("http") == "real", Result: b.result,
	}
	if b.posted.has("globals") {
		d.Globals, d.Note = b.posted.get("globals"), "Edit it as you like; it is not stored."
		return d, nil
	}
	if b.f.Type == cdp.SourceWebhook {
		d.Globals, d.Sample, d.Note = exampleRequest, "example", "A request as a sender would make it."
		return d, nil
	}
	e, note, err := h.sample(c, b.f)
	if err != nil {
		return d, err
	}
	d.Globals, d.Note = sampleGlobals(e, b.f.Type), note
	d.Sample = "example"
	if !e.ReceivedAt.IsZero() {
		d.Sample = e.Name + ", " + ui.Ago(h.now(), e.ReceivedAt)
	}
	return d, nil
}

// sample finds an event to test with: the one the address asks for, else the
// newest that the function's filters name, else the newest of all.
func (h *Handler) sample(c *fiber.Ctx, f *cdp.Function) (cdp.Event, string, error) {
	ctx := c.UserContext()
	if id := c.Query("event"); id != "" {
		if e, err := h.c.Store.Event(ctx, f.Project, id); err == nil {
			return e, "The event you came from.", nil
		}
	}
	for _, raw := range f.Filters.Events {
		row := eventRow(raw)
		if row.Name == "" {
			continue
		}
		found, err := h.c.Store.RecentEvents(ctx, cdp.EventQuery{Project: f.Project, Search: row.Name, Limit: 20})
		if err != nil {
			return cdp.Event{}, "", err
		}
		for _, e := range found {
			if e.Name == row.Name {
				return e, "The newest event of that name.", nil
			}
		}
	}
	found, err := h.c.Store.RecentEvents(ctx, cdp.EventQuery{Project: f.Project, Limit: 1})
	if err != nil {
		return cdp.Event{}, "", err
	}
	if len(found) > 0 {
		return found[0], "The newest event of this project.", nil
	}
	return exampleEvent(h.now()), "This project has no events yet, so this is an example.", nil
}

// exampleEvent stands in until a project has events.
func exampleEvent(now time.Time) cdp.Event {
	return cdp.Event{
		UUID: "01936a4e-0000-7000-8000-000000000000", Name: "$pageview", DistinctID: "visitor-1", Timestamp: now.UTC().Truncate(time.Second),
		Properties: json.RawMessage(`{"$current_url":"https://shop.example.com/welcome","$lib":"web","$set":{"email":"robin@example.com"}}`),
	}
}

// exampleRequest is what a source webhook is tested with.
const exampleRequest = `{
  "request": {
    "method": "POST",
    "headers": {"content-type": "application/json"},
    "query": {},
    "body": {"id": 1},
    "stringBody": "{\"id\": 1}",
    "ip": "203.0.113.7"
  }
}`

// sampleGlobals writes an event as the globals of a test. Of the person it
// knows what the event itself sets.
func sampleGlobals(e cdp.Event, t cdp.Type) string {
	properties := e.Properties
	if len(properties) == 0 {
		properties = json.RawMessage("{}")
	}
	// What the engine noted when the event came is not part of it.
	own, _ := fields.MembersOf(properties)
	properties = fields.Build(slices.DeleteFunc(own, func(m fields.Member) bool { return strings.HasPrefix(m.Name, "$transformations_") }))
	event := fields.Build(fields.Members{
		{Name: "uuid", Value: quote(e.UUID)}, {Name: "event", Value: quote(e.Name)}, {Name: "distinct_id", Value: quote(e.DistinctID)},
		{Name: "timestamp", Value: quote(e.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"))}, {Name: "properties", Value: properties},
	})
	globals := fields.Members{{Name: "event", Value: event}}
	if t != cdp.Transformation {
		members, _ := fields.MembersOf(properties)
		person := fields.Members{}
		for _, name := range []string{"$set_once", "$set"} {
			known, _ := members.Get(name)
			list, _ := fields.MembersOf(known)
			for _, m := range list {
				person = set(person, m.Name, m.Value)
			}
		}
		globals = append(globals, fields.Member{Name: "person", Value: fields.Build(fields.Members{{Name: "properties", Value: fields.Build(person)}})})
	}
	return indented(fields.Build(globals))
}

// TestFunction is POST /p/:pid/_/functions/:id/test: one run of what is in the
// form on the sample event, with mocked or real requests.
func (h *Handler) TestFunction(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	posted := formOf(c)
	result, err := h.testRun(c, f, posted)
	if err != nil {
		return err
	}
	if respond.Partial(c) {
		return respond.Part(c, pages.FunctionTestResult(result, c.Path()))
	}
	return h.showBuild(c, build{f: f, posted: posted, result: result, asJSON: posted.get("filters.mode") == "json"}, fiber.StatusOK)
}

func (h *Handler) testRun(c *fiber.Ctx, f *cdp.Function, posted form) (*pages.TestResult, error) {
	globals, err := jsonOf(posted.get("globals"))
	if err != nil || globals == nil {
		return notRun("The sample event is not valid JSON", err), nil
	}
	change := cdp.FunctionChange{}
	if canEdit(c) {
		change = changeOf(f, posted)
	}
	draft, err := h.c.Functions.Draft(c.UserContext(), session.User(c).ID, f.Project, f.ID, change)
	if faults, ok := faultsOf(err); ok {
		return unfit(h.explain(f, posted, faults), inputFields(f.InputsSchema, nil, nil, nil, nil)), nil
	}
	if err != nil {
		return nil, err
	}
	request := cdp.TestRequest{Project: session.Project(c), Function: draft, Globals: globals, Mock: true}
	real := posted.get("http") == "real" && canEdit(c)
	agreed := ""
	if real {
		mocked, err := h.c.Tester.Test(c.UserContext(), request)
		if err != nil {
			return refused(err)
		}
		agreed = hosts(mocked.Requests)
		if agreed != "" && posted.get("confirm") != agreed && posted.get("confirmed") != agreed {
			return askFirst(mocked, agreed), nil
		}
		request.Mock = false
	}
	got, err := h.c.Tester.Test(c.UserContext(), request)
	if err != nil {
		return refused(err)
	}
	r := testResult(f.Type, globals, got)
	r.Confirmed = agreed
	return r, nil
}

// notRun is a result that says why there was no run.
func notRun(text string, err error) *pages.TestResult {
	if err != nil {
		text += ": " + strings.TrimPrefix(err.Error(), "Not valid JSON ")
	}
	return &pages.TestResult{Tone: ui.Bad, Icon: "circle-x", Verdict: "Not run", Errors: []pages.TestError{{Text: text}}}
}

// refused is a test that the engine would not run.
func refused(err error) (*pages.TestResult, error) {
	if faults, ok := faultsOf(err); ok {
		return notRun(faults[0].Message, nil), nil
	}
	return nil, err
}

// unfit lists what must be mended before the form can run.
func unfit(faults []*cdp.Error, inputs []pages.InputField) *pages.TestResult {
	r := &pages.TestResult{Tone: ui.Bad, Icon: "circle-x", Verdict: "Not run"}
	for _, e := range summary(faults, inputs) {
		r.Fields = append(r.Fields, ui.Option{Label: e.Text, Value: e.Field})
	}
	return r
}

// hosts names where requests go, each once, in order of the alphabet.
func hosts(requests []cdp.TestFetch) string {
	var out []string
	for _, q := range requests {
		if u, err := url.Parse(q.URL); err == nil {
			out = append(out, u.Host)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// askFirst shows what would be sent, and to whom.
func askFirst(mocked cdp.TestResult, to string) *pages.TestResult {
	n := int64(len(mocked.Requests))
	r := &pages.TestResult{
		Confirm: fmt.Sprintf("This really sends %s to %s, and nobody can take that back.", ui.Plural(n, "a request", "requests"), to), ConfirmFor: to,
	}
	for _, q := range mocked.Requests {
		r.Requests = append(r.Requests, testRequest(q))
	}
	return r
}

func testResult(t cdp.Type, globals json.RawMessage, got cdp.TestResult) *pages.TestResult {
	r := &pages.TestResult{Took: ui.Took(got.Duration)}
	switch got.Status {
	case cdp.TestSkipped:
		r.Icon, r.Verdict = "circle-dashed", "Skipped, the filters do not match"
	case cdp.TestError:
		r.Tone, r.Icon, r.Verdict = ui.Bad, "circle-x", "Failed"
	default:
		r.Tone, r.Icon, r.Verdict = ui.OK, "circle-check", "Succeeded"
	}
	if got.Status != cdp.TestSkipped {
		for _, text := range got.Errors {
			r.Errors = append(r.Errors, pages.TestError{Text: text})
		}
	}
	for _, q := range got.Requests {
		r.Requests = append(r.Requests, testRequest(q))
		r.Mode = "real"
		if q.Mocked {
			r.Mode = "mocked"
		}
	}
	for _, l := range unmocked(got.Logs) {
		r.Logs = append(r.Logs, pages.LogRowData{Level: string(l.Level), Message: l.Message})
	}
	switch {
	case t == cdp.Transformation && got.Status != cdp.TestSkipped:
		transformed(r, globals, got.Result)
	case t != cdp.Transformation && present(got.Result):
		r.Returned = indented(got.Result)
	}
	return r
}

func testRequest(q cdp.TestFetch) pages.TestRequest {
	r := pages.TestRequest{Method: q.Method, Target: q.URL, URL: q.URL, Mocked: q.Mocked, Took: ui.Took(q.Duration), Body: pretty(q.Body), Response: pretty(q.Response), Error: q.Error}
	if u, err := url.Parse(q.URL); err == nil {
		r.Target = u.Host + u.Path
	}
	switch {
	case q.Status == 0:
		r.Status, r.Tone = "no answer", ui.Bad
	case q.Status >= 400:
		r.Status, r.Tone = fmt.Sprint(q.Status), ui.Bad
	case q.Status >= 300:
		r.Status, r.Tone = fmt.Sprint(q.Status), ui.Warn
	default:
		r.Status, r.Tone = fmt.Sprint(q.Status), ui.OK
	}
	if q.Attempt > 1 {
		r.Attempt = fmt.Sprint(q.Attempt)
	}
	for name, value := range q.Headers {
		r.Headers = append(r.Headers, [2]string{name, value})
	}
	slices.SortFunc(r.Headers, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return r
}

// unmocked leaves out the two lines with which a test tells of each mocked
// request: the bench shows the request itself.
func unmocked(logs []cdp.TestLog) []cdp.TestLog {
	var out []cdp.TestLog
	for i := 0; i < len(logs); i++ {
		if logs[i].Message == "Async function 'fetch' was mocked with arguments:" {
			i++
			continue
		}
		out = append(out, logs[i])
	}
	return out
}

// pretty indents JSON and leaves all other texts alone.
func pretty(text string) string {
	if raw := json.RawMessage(text); json.Valid(raw) && (strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")) {
		return indented(raw)
	}
	return text
}

// transformed tells what a transformation made of the event.
func transformed(r *pages.TestResult, globals, result json.RawMessage) {
	if !present(result) {
		if len(r.Errors) == 0 {
			r.Tone, r.Icon, r.Verdict = ui.Warn, "trash-2", "Dropped the event"
		}
		return
	}
	r.Diffed = true
	before, after := object(object(globals)["event"]), object(result)
	for _, name := range []string{"event", "distinct_id"} {
		r.Diff = appendDiff(r.Diff, name, before[name], after[name])
	}
	was, now := object(before["properties"]), object(after["properties"])
	keys := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(now)))
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		// The engine notes there which transformations ran.
		if !strings.HasPrefix(key, "$transformations_") {
			r.Diff = appendDiff(r.Diff, key, was[key], now[key])
		}
	}
	if len(r.Errors) == 0 && len(r.Diff) == 0 {
		r.Verdict = "Succeeded, event unchanged"
	}
}

func appendDiff(rows []pages.DiffRow, key string, before, after json.RawMessage) []pages.DiffRow {
	if a, b := object(before), object(after); a != nil && b != nil {
		return appendMembers(rows, key, a, b)
	}
	x := pages.DiffRow{Key: key, Before: compact(before), After: compact(after), Change: "changed"}
	switch {
	case x.Before == x.After:
		return rows
	case before == nil:
		x.Change = "added"
	case after == nil:
		x.Change = "removed"
	}
	return append(rows, x)
}

// appendMembers compares two objects member by member: $set.email.
func appendMembers(rows []pages.DiffRow, key string, before, after map[string]json.RawMessage) []pages.DiffRow {
	names := slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after)))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		rows = appendDiff(rows, key+"."+name, before[name], after[name])
	}
	return rows
}

// compact gives JSON in one form, so that equal values are equal texts: texts
// stay in quotes, and the members of objects are sorted.
func compact(raw json.RawMessage) string {
	if raw == nil {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return string(raw)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return string(raw)
	}
	return strings.TrimRight(b.String(), "\n")
}
