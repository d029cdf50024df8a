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
	for _, e := range b.Events {
		e.Properties = slices.Clone(e.Properties) // ours for this call only
		d.events = append(d.events, e)
	}
	for _, r := range slices.Concat(b.Runs, b.Ended) {
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
