package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/queue"
)

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
