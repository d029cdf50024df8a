package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/engine/fetch"
	"hogpen/hog"
	"hogpen/queue"
	"hogpen/queue/memqueue"
)

// house is a running engine with its surroundings: a queue in memory, a store
// of functions, what was recorded, and a server that catches requests.
type house struct {
	t *testing.T
	e *engine.Engine
	q queue.Queue
	*shelf
	*diary
	sink *sink
	url  string
}

func newHouse(t *testing.T, change func(*engine.Config)) *house {
	t.Helper()
	h := &house{t: t, q: memqueue.New(memqueue.Options{}), shelf: &shelf{functions: map[cdp.FunctionID]*cdp.Function{}}, diary: &diary{runs: map[cdp.InvocationID]cdp.Run{}}, sink: &sink{}}
	s := httptest.NewServer(h.sink)
	t.Cleanup(s.Close)
	h.url = s.URL
	allow, err := fetch.ParseRules([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(fetch.Config{Allow: allow, Timeout: 2 * time.Second})
	t.Cleanup(client.Close)
	cfg := engine.Config{
		Queue: h.q, Functions: h.shelf, Projects: h.shelf, Recorder: h.diary, Fetch: client.Do, BaseURL: "https://hog.example.com",
		Backoff: func(n int) time.Duration { return time.Duration(n) * 5 * time.Millisecond },
		Log:     slog.New(slog.DiscardHandler), PollEvery: time.Hour,
	}
	if change != nil {
		change(&cfg)
	}
	if h.e, err = engine.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.e.Stop)
	return h
}

func (h *house) start() *house {
	h.t.Helper()
	if err := h.e.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return h
}

func (h *house) capture(name string, props string) cdp.Event {
	h.t.Helper()
	h.shelf.mu.Lock()
	h.serial++
	ev := cdp.Event{
		Project: 1, UUID: fmt.Sprintf("0195a1f0-7d7e-7000-8000-%012d", h.serial), Name: name, DistinctID: "u1",
		Timestamp: time.Now(), ReceivedAt: time.Now(), Properties: json.RawMessage(props),
	}
	h.shelf.mu.Unlock()
	if err := h.e.Capture(h.t.Context(), []cdp.Event{ev}); err != nil {
		h.t.Fatal(err)
	}
	return ev
}

// eventually waits for a condition and tells what it was when it never holds.
func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			h.t.Fatalf("never: %s\n%s", what, h.tell())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (h *house) wantMetrics(f cdp.FunctionID, want string) {
	h.t.Helper()
	h.eventually(string(f)+" counts "+want, func() bool { return h.metricsOf(f) == want })
}

// shelf is a store of functions and projects.
type shelf struct {
	mu        sync.Mutex
	functions map[cdp.FunctionID]*cdp.Function
	serial    int
}

func (s *shelf) EnabledFunctions(context.Context) ([]*cdp.Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*cdp.Function
	for _, f := range s.functions {
		if f.Enabled && !f.Deleted {
			out = append(out, f)
		}
	}
	return out, nil
}

func (s *shelf) FunctionsChangedSince(_ context.Context, at time.Time) ([]*cdp.Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*cdp.Function
	for _, f := range s.functions {
		if !f.UpdatedAt.Before(at) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (s *shelf) Function(_ context.Context, p cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[id]
	if f == nil || f.Project != p || f.Deleted {
		return nil, cdp.Errorf(cdp.NotFound, "", "There is no such function.")
	}
	return f, nil
}

func (s *shelf) Project(_ context.Context, id cdp.ProjectID) (cdp.Project, error) {
	return cdp.Project{ID: id, Name: "Shop", Token: "phc_shop"}, nil
}

// put saves a function as a new version.
func (s *shelf) put(f *cdp.Function, change ...func(*cdp.Function)) *cdp.Function {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := *f
	for _, do := range change {
		do(&c)
	}
	if old := s.functions[c.ID]; old != nil {
		c.Version = old.Version + 1
	}
	c.UpdatedAt = time.Now().UTC()
	s.functions[c.ID] = &c
	return &c
}

// diary keeps what was recorded.
type diary struct {
	mu      sync.Mutex
	broken  bool
	events  []cdp.Event
	runs    map[cdp.InvocationID]cdp.Run
	entries []cdp.LogEntry
	metrics []cdp.Metric
}

func (d *diary) Record(_ context.Context, b cdp.Batch) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken {
		return errors.New("the disk is full")
	}
	d.events = append(d.events, b.Events...)
	for _, r := range b.Runs {
		d.runs[r.ID] = r
	}
	d.entries = append(d.entries, b.Logs...)
	d.metrics = append(d.metrics, b.Metrics...)
	return nil
}

// metricsOf gives "name count" pairs, sorted.
func (d *diary) metricsOf(f cdp.FunctionID) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	sums := map[cdp.Outcome]int64{}
	for _, m := range d.metrics {
		if m.Function == f {
			sums[m.Name] += m.Count
		}
	}
	var out []string
	for name, n := range sums {
		out = append(out, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (d *diary) logs(f cdp.FunctionID) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for _, l := range d.entries {
		if l.Function == f {
			fmt.Fprintf(&b, "%s %s\n", l.Level, l.Message)
		}
	}
	return b.String()
}

func (d *diary) run(f cdp.FunctionID) cdp.Run {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.runs {
		if r.Function == f {
			return r
		}
	}
	return cdp.Run{}
}

func (d *diary) event(uuid string) (cdp.Event, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.events {
		if e.UUID == uuid {
			return e, true
		}
	}
	return cdp.Event{}, false
}

func (d *diary) tell() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return fmt.Sprintf("metrics %+v\nlogs %+v\nruns %+v", d.metrics, d.entries, d.runs)
}

// sink catches requests and answers them.
type sink struct {
	mu     sync.Mutex
	bodies []string
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	n := len(s.bodies)
	s.bodies = append(s.bodies, string(b))
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
	}
}

func (s *sink) caught() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

func program(t *testing.T, src string) json.RawMessage {
	t.Helper()
	p, diags := hog.Compile(src, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *house) function(id string, typ cdp.Type, src string) *cdp.Function {
	name := strings.ToUpper(id)
	f := &cdp.Function{
		ID: cdp.FunctionID(id), Project: 1, Type: typ, Name: &name, Enabled: true, Hog: src, Bytecode: program(h.t, src), Version: 1,
		Inputs:       cdp.Inputs{{Key: "url", Value: json.RawMessage(`"` + h.url + `"`)}},
		InputsSchema: []cdp.InputSchema{{Key: "url", Type: "string"}},
	}
	if typ == cdp.Destination {
		f.Filters = cdp.Filters{Source: "events", Bytecode: json.RawMessage(`["_H",1,29]`)}
	}
	return f
}

func only(names ...string) func(*cdp.Function) {
	return func(f *cdp.Function) {
		for _, n := range names {
			f.Filters.Events = append(f.Filters.Events, json.RawMessage(`{"id":"`+n+`"}`))
		}
	}
}

const forward = "let r := fetch(inputs.url, {'body': {'name': event.event, 'p': event.properties}}); print('got', r.status)"

func TestEventReachesTheWebhook(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	one, two := 1, 2
	h.put(h.function("b", cdp.Transformation, "let e := event; e.properties.n := e.properties.n * 10; return e"), func(f *cdp.Function) { f.ExecutionOrder = &two })
	h.put(h.function("a", cdp.Transformation, "let e := event; e.properties.n := e.properties.n + 1; return e"), func(f *cdp.Function) { f.ExecutionOrder = &one })
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	ev := h.capture("signed up", `{"n":1}`)
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
	h.wantMetrics("a", "succeeded 1")
	want := `{"name":"signed up","p":{"n":20,"$transformations_succeeded":["A (a)","B (b)"]}}`
	if got := h.sink.caught(); len(got) != 1 || got[0] != want {
		t.Errorf("caught %q", got)
	}
	if l := h.logs("hook"); !strings.Contains(l, "info got, 200\n") || !strings.Contains(l, "debug Function completed in ") {
		t.Errorf("logs = %s", l)
	}
	r := h.run("hook")
	if r.Status != "succeeded" || r.EventUUID != ev.UUID || r.Attempts != 1 || r.FinishedAt.IsZero() || r.DistinctID != "u1" {
		t.Errorf("run = %+v", r)
	}
	if got, ok := h.event(ev.UUID); !ok || !strings.Contains(string(got.Properties), `"n":20`) {
		t.Errorf("event = %+v", got)
	}
	if s := h.e.Stats(t.Context()); s.Ingested != 1 || s.Processed != 1 || s.Outcomes[cdp.OutcomeSucceeded] != 3 || s.Fetch.Counts[len(s.Fetch.Counts)-1] != 1 || s.Functions != 3 {
		t.Errorf("stats = %+v", s)
	}
}

func TestTransformationDropsTheEvent(t *testing.T) { // 15.2, 2
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("drop", cdp.Transformation, "if (event.event = 'bad') { return null } return event"))
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	bad := h.capture("bad", `{}`)
	h.capture("good", `{}`)
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
	h.wantMetrics("drop", "dropped 1, succeeded 2")
	if _, ok := h.event(bad.UUID); ok {
		t.Error("the dropped event was recorded")
	}
}

func TestRetriesGoThroughTheQueue(t *testing.T) { // 15.3, 13
	t.Parallel()
	h := newHouse(t, nil)
	h.sink.answer = func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 2 {
			w.WriteHeader(500)
		}
	}
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	h.capture("a", `{}`)
	h.wantMetrics("hook", "fetch 1, retried 2, succeeded 1, triggered 1")
	if r := h.run("hook"); r.Attempts != 3 || r.Status != "succeeded" {
		t.Errorf("run = %+v", r)
	}
	if l := h.logs("hook"); strings.Count(l, "Retrying.") != 2 {
		t.Errorf("logs = %s", l)
	}
}

func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.sink.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }
	h.put(h.function("hook", cdp.Destination, "let r := fetch(inputs.url); if (r.status >= 400) { throw Error('refused') }"))
	h.put(h.function("loop", cdp.Destination, "while (true) {}"))
	h.put(h.function("inside", cdp.Destination, "fetch('http://10.0.0.1/')"))
	h.put(h.function("filter", cdp.Destination, "print(1)"), func(f *cdp.Function) { f.Filters.Bytecode = program(t, "return nothing") })
	h.put(h.function("inputs", cdp.Destination, "print(1)"), func(f *cdp.Function) {
		f.Inputs = append(f.Inputs, cdp.Input{Key: "x", Bytecode: program(t, "return nothing")})
	})
	h.start()
	h.capture("a", `{}`)
	h.wantMetrics("hook", "failed 1, fetch 1, triggered 1")
	h.wantMetrics("loop", "failed 1, triggered 1")
	h.wantMetrics("inside", "failed 1, fetch 1, triggered 1")
	h.wantMetrics("filter", "filtering_failed 1")
	h.wantMetrics("inputs", "inputs_failed 1")
	for _, want := range []struct {
		f                     cdp.FunctionID
		status, kind, message string
	}{
		{"hook", "failed", "http_4xx", "Error('refused')"},
		{"loop", "failed", "timeout", "HogVMException: Execution timed out after 0.55 seconds."},
		{"inside", "failed", "http_5xx", "Hostname is not allowed"},
		{"inputs", "inputs_failed", "inputs_failed", "Global variable not found: nothing"},
	} {
		if r := h.run(want.f); r.Status != want.status || r.ErrorKind != want.kind || !strings.Contains(r.ErrorMessage, want.message) {
			t.Errorf("run of %s = %+v", want.f, r)
		}
	}
	if l := h.logs("filter"); !strings.Contains(l, "error Error filtering event ") {
		t.Errorf("logs = %s", l)
	}
}

func TestIndexCountsWhatItLeavesOut(t *testing.T) { // 15.3, 1
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("page", cdp.Destination, forward), only("$pageview"))
	h.put(h.function("sign", cdp.Destination, forward), only("signed up", "signed in"))
	h.put(h.function("all", cdp.Destination, forward))
	h.start()
	for _, name := range []string{"$pageview", "signed up", "signed in", "other", "other"} {
		h.capture(name, `{}`)
	}
	h.wantMetrics("all", "fetch 5, succeeded 5, triggered 5")
	h.e.Stop()
	h.wantMetrics("page", "fetch 1, filtered 4, succeeded 1, triggered 1")
	h.wantMetrics("sign", "fetch 2, filtered 3, succeeded 2, triggered 2")
}

func TestReloadTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil).start()
	f := h.put(h.function("hook", cdp.Destination, "print('one')"))
	reload := func() {
		t.Helper()
		if err := h.e.Reload(t.Context(), 1, "hook"); err != nil {
			t.Fatal(err)
		}
	}
	reload()
	h.capture("a", `{}`)
	h.eventually("the first version runs", func() bool { return strings.Contains(h.logs("hook"), "info one") })
	f = h.put(f, func(f *cdp.Function) { f.Bytecode = program(t, "print('two')") })
	reload()
	if v, ok := h.e.Version(1, "hook"); !ok || v != 2 {
		t.Errorf("version = %d, %v", v, ok)
	}
	h.capture("a", `{}`)
	h.eventually("the second version runs", func() bool { return strings.Contains(h.logs("hook"), "info two") })
	h.put(f, func(f *cdp.Function) { f.Enabled = false })
	reload()
	if _, ok := h.e.Version(1, "hook"); ok {
		t.Error("the disabled function is live")
	}
	h.put(f, func(f *cdp.Function) { f.Deleted = true })
	reload()
	if _, ok := h.e.Version(1, "hook"); ok {
		t.Error("the deleted function is live")
	}
}

func TestPollTakesUpOtherProcessesSaves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *engine.Config) { c.PollEvery = 10 * time.Millisecond }).start()
	f := h.put(h.function("hook", cdp.Destination, "print('one')"))
	live := func(want int) func() bool {
		return func() bool { v, _ := h.e.Version(1, "hook"); return v == want }
	}
	h.eventually("version 1 is live", live(1))
	f = h.put(f)
	h.eventually("version 2 is live", live(2))
	h.put(f, func(f *cdp.Function) { f.Deleted = true })
	h.eventually("no version is live", live(0))
}

func TestBrokenFunctionHarmsNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("broken", cdp.Destination, "print(1)"), func(f *cdp.Function) { f.Bytecode = json.RawMessage(`["_X"]`) })
	h.put(h.function("sealed", cdp.Destination, "print(1)"), func(f *cdp.Function) {
		f.Sealed = map[string][]byte{"key": []byte("x")}
		f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Key: "key", Type: "string", Secret: true})
	})
	h.put(h.function("hook", cdp.Destination, "print(1)"))
	h.start()
	h.capture("a", `{}`)
	h.wantMetrics("hook", "succeeded 1, triggered 1")
	h.eventually("the broken ones say so", func() bool {
		return strings.HasPrefix(h.logs("broken"), "error This function cannot be loaded and does not run: ") &&
			strings.HasPrefix(h.logs("sealed"), "error This function cannot be loaded and does not run: ")
	})
	if m := h.metricsOf("broken"); m != "" {
		t.Errorf("metrics = %s", m)
	}
}

func TestWaitingInvocationOfRemovedFunctionIsCancelled(t *testing.T) { // 10.2
	t.Parallel()
	h := newHouse(t, nil)
	f := h.put(h.function("hook", cdp.Destination, "sleep(0.2); print('never')"))
	h.start()
	h.capture("a", `{}`)
	h.eventually("it sleeps", func() bool {
		s, err := h.q.Stats(t.Context(), engine.TopicInvocations)
		return err == nil && s.Delayed == 1
	})
	h.put(f, func(f *cdp.Function) { f.Enabled = false })
	if err := h.e.Reload(t.Context(), 1, "hook"); err != nil {
		t.Fatal(err)
	}
	h.eventually("it is cancelled", func() bool { return h.run("hook").Status == "cancelled" })
	if l := h.logs("hook"); !strings.Contains(l, "info Function was switched off") || strings.Contains(l, "never") {
		t.Errorf("logs = %s", l)
	}
}

func TestCapturedEventsGoThroughTheWholePipeline(t *testing.T) { // 15.3, 23
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("self", cdp.Destination, "postHogCapture({'event': 'again'})"), only("again"))
	h.start()
	h.capture("again", `{}`)
	h.wantMetrics("self", "succeeded 11, triggered 11")
	h.eventually("the loop guard speaks", func() bool { return strings.Count(h.logs("self"), "To prevent unbounded infinite loops") == 1 })
}

func TestDuplicatesAreDropped(t *testing.T) { // 15.1, 15
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	ev := h.capture("a", `{}`)
	if err := h.e.Capture(t.Context(), []cdp.Event{ev, ev}); err != nil {
		t.Fatal(err)
	}
	h.eventually("the duplicates came through", func() bool { return h.e.Stats(t.Context()).Duplicates == 2 })
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
}

func TestMasking(t *testing.T) { // 15.4, 1
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	two, three := 2, 3
	for _, tt := range []struct {
		threshold *int
		want      []bool
	}{
		{nil, []bool{false, true, true, true, true}},
		{&two, []bool{false, true, false, true, false, true}},
		{&three, []bool{false, true, true, false, true, true, false}},
	} {
		now := at
		masked := engine.NewMasker(func() time.Time { return now })
		m := &cdp.Masking{TTL: 60, Threshold: tt.threshold}
		for i, want := range tt.want {
			if got := masked("f", m, "k"); got != want {
				t.Errorf("threshold %v, invocation %d: masked = %v", tt.threshold, i+1, got)
			}
		}
		now = at.Add(60 * time.Second)
		if masked("f", m, "k") || masked("f", m, "other") || masked("g", m, "k") {
			t.Error("a new window, another key or another function is masked")
		}
	}
}

func TestMaskedInvocationsAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, forward), func(f *cdp.Function) {
		f.Masking = &cdp.Masking{TTL: 60, Hash: "{event.distinct_id}", Bytecode: json.RawMessage(`["_H",1,32,"distinct_id",32,"event",1,2]`)}
	})
	h.start()
	for range 3 {
		h.capture("a", `{}`)
	}
	h.wantMetrics("hook", "fetch 1, masked 2, succeeded 1, triggered 1")
}

func TestLiveFeed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, "print('hello')"))
	h.put(h.function("page", cdp.Destination, "print('hello')"), only("$pageview"))
	h.start()
	all, stopAll := h.e.Subscribe(1, "")
	mine, stopMine := h.e.Subscribe(1, "hook")
	other, stopOther := h.e.Subscribe(2, "")
	h.capture("a", `{}`)
	read := func(items <-chan engine.LiveItem, n int) (seen []string) {
		for range n {
			select {
			case i := <-items:
				if i.Log != nil {
					seen = append(seen, string(i.Log.Level))
				} else {
					seen = append(seen, fmt.Sprintf("%s %s", i.Outcome.Function, i.Outcome.Outcome))
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("only %v", seen)
			}
		}
		return seen
	}
	if got := fmt.Sprint(read(all, 5)); got != "[page filtered hook triggered info debug hook succeeded]" {
		t.Errorf("project: %s", got)
	}
	if got := fmt.Sprint(read(mine, 4)); got != "[hook triggered info debug hook succeeded]" {
		t.Errorf("function: %s", got)
	}
	stopAll()
	stopAll()
	stopMine()
	stopOther()
	if _, open := <-other; open {
		t.Error("another project was heard")
	}
}

func TestSlowFunctionLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	release := make(chan struct{})
	h.sink.answer = func(_ int, _ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-release
		}
	}
	h.put(h.function("slow", cdp.Destination, "fetch(concat(inputs.url, '/slow'))"), only("slow"))
	h.put(h.function("quick", cdp.Destination, "fetch(inputs.url)"), only("quick"))
	h.start()
	for range 80 {
		h.capture("slow", `{}`)
	}
	h.eventually("fifty are in hand", func() bool { return len(h.sink.caught()) == 50 })
	h.capture("quick", `{}`)
	h.eventually("the quick one is done", func() bool { return strings.Contains(h.metricsOf("quick"), "succeeded 1") })
	if n := len(h.sink.caught()); n != 51 {
		t.Errorf("%d requests, want 50 slow ones and a quick one", n)
	}
	close(release)
	h.eventually("all are done", func() bool { return strings.Contains(h.metricsOf("slow"), "succeeded 80") })
}

func TestStopWaitsForWorkInHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	arrived := make(chan struct{})
	h.sink.answer = func(int, http.ResponseWriter, *http.Request) { close(arrived); time.Sleep(100 * time.Millisecond) }
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	h.capture("a", `{}`)
	<-arrived
	h.e.Stop()
	if m := h.metricsOf("hook"); m != "fetch 1, succeeded 1, triggered 1" {
		t.Errorf("after Stop: %s", m)
	}
	h.e.Stop()
}

func TestStopHandsBackWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *engine.Config) { c.Grace = 50 * time.Millisecond })
	arrived := make(chan struct{}, 10)
	h.sink.answer = func(_ int, _ http.ResponseWriter, r *http.Request) { arrived <- struct{}{}; <-r.Context().Done() }
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	h.capture("a", `{}`)
	<-arrived
	began := time.Now()
	h.e.Stop()
	if d := time.Since(began); d > 1500*time.Millisecond {
		t.Errorf("Stop took %s", d)
	}
	if m := h.metricsOf("hook"); m != "triggered 1" {
		t.Errorf("metrics = %s", m)
	}
	s, err := h.q.Stats(t.Context(), engine.TopicInvocations)
	if err != nil || s.Depth != 1 {
		t.Errorf("queue = %+v, %v", s, err)
	}
}

func TestStopWithoutStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.e.Stop()
	h.e.Stop()
	if _, err := engine.New(engine.Config{}); err == nil {
		t.Error("an empty configuration was accepted")
	}
	h.start()
	if err := h.e.Start(t.Context()); err == nil {
		t.Error("a second Start was accepted")
	}
}

func TestUnreadableMessagesAreDropped(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	for _, topic := range []string{engine.TopicEvents, engine.TopicInvocations} {
		for i, body := range []string{"", "x", "\x01", "j{", "s\x02zz"} {
			if err := h.q.Publish(t.Context(), queue.Message{Topic: topic, Key: "k", ID: fmt.Sprint(i), Body: []byte(body)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.capture("a", `not json`)
	h.capture("b", `[1]`)
	h.eventually("all were counted", func() bool { return h.e.Stats(t.Context()).Malformed == 12 })
	h.capture("c", `{}`)
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
}

func TestFullQueueIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(c *engine.Config) { c.Queue = fullQueue{c.Queue} })
	err := h.e.Capture(t.Context(), []cdp.Event{{UUID: "u", Name: "a"}})
	var known *cdp.Error
	if !errors.As(err, &known) || known.Code != cdp.Unavailable || known.Message != "transient error, please retry" || !errors.Is(err, queue.ErrFull) {
		t.Errorf("error = %v", err)
	}
}

type fullQueue struct{ queue.Queue }

func (fullQueue) Publish(context.Context, ...queue.Message) error { return queue.ErrFull }

func condition(t *testing.T, src string) json.RawMessage {
	t.Helper()
	p, diags := hog.CompileExpr(src, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
