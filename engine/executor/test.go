package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"hogpen/cdp"
	"hogpen/engine/fetch"
	"hogpen/hog/vm"
)

// trial is the part of a run that only tests have: it answers or watches
// requests instead of counting them.
type trial struct {
	mock     bool
	requests []cdp.TestFetch
}

// Test runs a function once on a sample event, as the bench of the editor and
// the API's …/invocations do (runtime specification 12.6): filters, inputs and
// program as in production, but nothing is queued, counted, masked or stored,
// and with req.Mock no request leaves the house.
//
// The error is a cdp.Error: Invalid for a type that cannot be tested, globals
// that cannot be read, or a function that cannot be loaded. What goes wrong
// while it runs is in the result.
func (x *Executor) Test(ctx context.Context, req cdp.TestRequest) (cdp.TestResult, error) {
	began := time.Now()
	switch req.Function.Type {
	case cdp.Destination, cdp.InternalDestination, cdp.Transformation, cdp.SourceWebhook:
	default:
		return cdp.TestResult{}, cdp.Errorf(cdp.Invalid, "", "Invalid function type")
	}
	f, err := x.Compile(req.Function)
	if err != nil {
		return cdp.TestResult{}, &cdp.Error{Code: cdp.Invalid, Message: "This function cannot be loaded: " + err.Error() + ".", Cause: err}
	}
	s, err := x.testScope(req)
	if err != nil {
		return cdp.TestResult{}, err
	}
	b := bench{x: x, f: f, s: s, trial: &trial{mock: req.Mock}}
	b.result.Invocation = req.Invocation
	if b.result.Invocation == "" {
		b.result.Invocation = cdp.InvocationID(x.newID())
	}
	b.result.Status, b.result.Result = cdp.TestSuccess, json.RawMessage("null")
	if f.Type == cdp.Transformation {
		b.transform()
	} else if err := b.destination(ctx); err != nil {
		return cdp.TestResult{}, err
	}
	if len(b.result.Errors) > 0 {
		b.result.Status = cdp.TestError
	}
	b.result.Requests = b.trial.requests
	b.result.Duration = time.Since(began)
	return b.result, nil
}

// bench is one test run.
type bench struct {
	x      *Executor
	f      *Function
	s      *Scope
	trial  *trial
	result cdp.TestResult
}

func (b *bench) log(entries []cdp.LogEntry) {
	for _, e := range entries {
		b.result.Logs = append(b.result.Logs, cdp.TestLog{Level: e.Level, Time: e.Time, Message: e.Message})
	}
}

// fault notes an error the way PostHog's test runner does: the machine's own
// ones without their class, which stays in the log.
func (b *bench) fault(text string) {
	b.result.Errors = append(b.result.Errors, strings.TrimPrefix(text, "HogVMException: "))
}

// ignored writes what PostHog writes for each filter that did not match.
func (b *bench) ignored() {
	j := b.x.journal(b.s.project.ID, b.f, b.result.Invocation)
	j.add(cdp.LevelInfo, "Mapping trigger not matching filters was ignored.")
	b.log(j.entries)
}

func (b *bench) destination(ctx context.Context) error {
	var m Matched
	if b.f.Type == cdp.SourceWebhook {
		b.x.plan(b.f, b.f.inputs, -1, b.s, &m)
	} else {
		m = b.x.Match(b.f, b.s)
	}
	for _, o := range m.Outcomes {
		if o == cdp.OutcomeFiltered || o == cdp.OutcomeFilteringFailed {
			b.ignored()
		}
	}
	b.log(m.Logs)
	for _, fail := range m.Failures {
		b.fault(fail.Message)
	}
	if len(m.Planned) == 0 && len(m.Failures) == 0 {
		b.result.Status = cdp.TestSkipped
		for _, l := range m.Logs {
			b.fault(l.Message)
		}
		return nil
	}
	for i := range m.Planned {
		m.Planned[i].Write()
		if err := b.run(ctx, &m.Planned[i].Invocation); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) run(ctx context.Context, inv *cdp.Invocation) error {
	inv.ID = b.result.Invocation
	globals, err := b.x.parse(inv.Globals)
	if err != nil {
		return err
	}
	r := b.x.newRun(b.s.project, b.f, inv, globals)
	r.trial = b.trial
	res, err := r.work(ctx)
	if err != nil {
		return err
	}
	b.log(res.Logs)
	if res.Error != "" {
		b.fault(res.Error)
	}
	if b.f.Type == cdp.SourceWebhook && res.Value.Truthy() && vm.Fits(res.Value, maxValue) {
		b.result.Result = json.RawMessage(r.hide(string(vm.AppendJSON(nil, res.Value))))
	}
	return nil
}

func (b *bench) transform() {
	var lists Lists
	b.s.BeginTransformations()
	out := b.x.Transform(b.f, b.s, &lists)
	b.log(out.Logs)
	switch {
	case len(lists.skipped) > 0:
		b.result.Status = cdp.TestSkipped
		b.ignored()
		if len(out.Logs) > 0 {
			b.fault(out.Logs[0].Message)
		}
	case out.Error != "":
		b.fault(out.Error)
	case len(lists.failed) > 0:
		b.fault(out.Logs[len(out.Logs)-1].Message)
	}
	if out.Dropped {
		return
	}
	b.s.EndTransformations(&lists)
	b.result.Result = json.RawMessage(out.hide(string(vm.AppendJSON(nil, b.transformed()))))
}

// transformed is the event after a transformation, in the shape of PostHog's
// test endpoint.
func (b *bench) transformed() vm.Value {
	e := edit(b.s.given.event, 10)
	for key, value := range map[string]string{"uuid": b.s.uuid, "event": b.s.name, "distinct_id": b.s.distinctID, "timestamp": iso(b.s.timestamp)} {
		e.Set(key, vm.String(value))
	}
	if _, ok := e.Get("url"); !ok {
		e.Set("url", vm.String(b.s.eventURL(iso(b.s.timestamp))))
	}
	e.Set("properties", b.s.props)
	e.Set("ip", b.s.props.Path("$ip"))
	e.Set("site_url", vm.String(b.x.base))
	e.Set("team_id", vm.Number(float64(b.s.project.ID)))
	e.Set("now", vm.String(""))
	return e
}

// mockFetch answers a fetch without making it.
func (t *trial) mockFetch(r *run, req fetch.Request, args []vm.Value) vm.Value {
	r.journal.add(cdp.LevelInfo, "Async function 'fetch' was mocked with arguments:")
	call := "fetch('" + req.URL + "'"
	if len(args) > 1 {
		call += ", " + string(vm.AppendJSONIndent(nil, args[1], "  "))
	}
	r.journal.add(cdp.LevelInfo, call+")")
	t.requests = append(t.requests, t.shown(r, req, cdp.TestFetch{Mocked: true, Status: 200, Response: "{}", Attempt: 1}))
	return dict("status", 200, "body", vm.NewDict(0), "headers", vm.NewDict(0))
}

// record keeps a request that was made.
func (t *trial) record(r *run, req fetch.Request, got attempt, n int, took time.Duration) {
	f := cdp.TestFetch{Status: got.response.Status, Attempt: n, Duration: took}
	if got.failure != nil {
		f.Error = r.hide(got.failure.Error())
	} else {
		f.Response = r.hide(cutBytes(strings.ToValidUTF8(string(got.response.Body), "\ufffd"), maxLogChars))
	}
	t.requests = append(t.requests, t.shown(r, req, f))
}

func (t *trial) shown(r *run, req fetch.Request, f cdp.TestFetch) cdp.TestFetch {
	f.Method, f.URL, f.Body = req.Method, r.hide(req.URL), r.hide(strings.ToValidUTF8(string(req.Body), "\ufffd"))
	f.Headers = map[string]string{}
	for name, value := range req.Headers {
		f.Headers[name] = r.hide(value)
	}
	return f
}

// testScope makes the event of a test from the globals or the row it came with.
func (x *Executor) testScope(req cdp.TestRequest) (*Scope, error) {
	var globals vm.Value
	var err error
	switch {
	case !absent(req.ClickhouseEvent):
		globals, err = x.fromRow(req)
	case !absent(req.Globals):
		globals, err = vm.ParseJSON(req.Globals, vm.JSONOptions{Freeze: true})
	default:
		return nil, cdp.Errorf(cdp.Invalid, "", "Missing event")
	}
	if err != nil {
		return nil, cdp.Errorf(cdp.Invalid, "globals", "The globals are not valid JSON: %v.", err)
	}
	event := globals.Path("event")
	if !event.IsDict() {
		if globals.Path("request").IsNull() {
			return nil, cdp.Errorf(cdp.Invalid, "", "Missing event")
		}
		event = dict("event", "$incoming_webhook", "uuid", x.newID())
	}
	s := &Scope{x: x, project: req.Project, receivedAt: x.now(), props: vm.NewDict(0).Freeze()}
	s.given = given{
		event: event, person: globals.Path("person"), groups: globals.Path("groups"), project: globals.Path("project"),
		source: globals.Path("source"), request: globals.Path("request"), variables: globals.Path("variables"), test: true,
	}
	s.fromGiven(event)
	return s, nil
}

func (s *Scope) fromGiven(event vm.Value) {
	s.uuid, s.name = event.Path("uuid").Text(), event.Path("event").Text()
	s.distinctID = event.Path("distinct_id").Text()
	if p := event.Path("properties"); p.IsDict() {
		s.props = p.Freeze()
	}
	s.timestamp = s.x.now().UTC()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999"} {
		if t, err := time.Parse(layout, event.Path("timestamp").Text()); err == nil {
			s.timestamp = t.UTC()
			break
		}
	}
	s.elements = event.Path("elements_chain").Text()
	if s.elements == "" {
		s.elements = elementsChain(s.props)
	}
}

// fromRow converts a raw event row, whose properties are JSON in text.
func (x *Executor) fromRow(req cdp.TestRequest) (vm.Value, error) {
	row, err := vm.ParseJSON(req.ClickhouseEvent, vm.JSONOptions{Freeze: true})
	if err != nil {
		return vm.Null, err
	}
	props, err := x.jsonText(row.Path("properties"))
	if err != nil {
		return vm.Null, fmt.Errorf("properties: %w", err)
	}
	g := vm.NewDict(3)
	g.Set("event", dict("uuid", row.Path("uuid"), "event", row.Path("event"), "distinct_id", row.Path("distinct_id"),
		"elements_chain", row.Path("elements_chain"), "timestamp", row.Path("timestamp"), "properties", props))
	if id := row.Path("person_id"); id.IsString() && id.Text() != "" {
		person, err := x.jsonText(row.Path("person_properties"))
		if err != nil {
			return vm.Null, fmt.Errorf("person_properties: %w", err)
		}
		g.Set("person", dict("id", id, "properties", person))
	}
	groups := vm.NewDict(5)
	for i := range 5 {
		n := strconv.Itoa(i)
		if p, err := x.jsonText(row.Path("group" + n + "_properties")); err == nil && p.Len() > 0 {
			groups.Set("group_"+n, dict("id", props.Path("$group_"+n), "index", i, "properties", p))
		}
	}
	g.Set("groups", groups)
	return g.Freeze(), nil
}

// jsonText reads an object that may be written as JSON in a text.
func (x *Executor) jsonText(v vm.Value) (vm.Value, error) {
	if v.IsDict() {
		return v, nil
	}
	return x.parseObject([]byte(v.Text()))
}
