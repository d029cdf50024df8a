package engine_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine"
	"hogpen/queue"
)

// letterHouse is a house whose store and queue are real ones.
type letterHouse struct {
	*house
	store   *db.Store
	real    *db.Queue
	letters *cdp.DeadLetters
	up      atomic.Bool // of the sink
}

func newLetterHouse(t *testing.T) *letterHouse {
	t.Helper()
	dir := t.TempDir()
	store, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	q, err := db.OpenQueue(t.Context(), filepath.Clean(dir), db.QueueOptions{Log: slog.New(slog.DiscardHandler), Pause: func(int) time.Duration { return time.Millisecond }, MaxAttempts: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	h := &letterHouse{store: store, real: q}
	h.house = newHouse(t, func(c *engine.Config) {
		c.Recorder, c.Queue, c.Letters, c.Dead, c.LookForDead = store, q, store, q, 20*time.Millisecond
	})
	h.q = q
	h.sink.answer = func(_ int, w http.ResponseWriter, _ *http.Request) {
		if !h.up.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	rs := &cdp.Reruns{Store: store, Runner: h.e}
	t.Cleanup(rs.Stop)
	h.letters = &cdp.DeadLetters{Store: store, Runner: h.e, Jobs: rs}
	return h
}

// await waits until there are n letters that were not replayed.
func (h *letterHouse) await(n int) []cdp.DeadLetter {
	h.t.Helper()
	no := false
	var all []cdp.DeadLetter
	h.eventually(fmt.Sprint("dead letters: ", n), func() bool {
		var err error
		all, err = h.store.Letters(h.t.Context(), cdp.LetterQuery{Project: 1, Unowned: true, Replayed: &no})
		return err == nil && len(all) == n
	})
	return all
}

// replay does all again and waits for the job's end.
func (h *letterHouse) replay() cdp.Rerun {
	h.t.Helper()
	job, err := h.letters.Replay(h.t.Context(), 1, cdp.LetterQuery{Project: 1, Unowned: true}, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var last cdp.Rerun
	h.eventually("the job ends", func() bool {
		last = h.letters.Jobs.List(1, "")[0]
		return last.ID == job.ID && last.Status != "running"
	})
	return last
}

func (h *letterHouse) whole(id string) cdp.DeadLetter {
	h.t.Helper()
	l, err := h.store.Letter(h.t.Context(), 1, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// A destination that is down leaves letters, and these bring the same requests
// once it is up. A program's own fault leaves none: its run can be done again.
func TestLettersOfFailedRuns(t *testing.T) {
	t.Parallel()
	h := newLetterHouse(t)
	h.put(h.function("hook", cdp.Destination, "fetch(inputs.url, {'body': {'n': event.properties.n, 'who': event.distinct_id, 'at': event.timestamp, 'id': event.uuid}})"))
	h.put(h.function("throws", cdp.Destination, "throw Error('no')"))
	h.start()
	var want []string
	for i := range 3 {
		ev := h.capture("ordered", fmt.Sprintf(`{"n":%d,"token":"x"}`, i))
		want = append(want, fmt.Sprintf(`{"n":%d,"who":"u1","at":"%s","id":"%s"}`, i, ev.Timestamp.UTC().Format("2006-01-02T15:04:05.000Z"), ev.UUID))
	}
	all := h.await(3)
	l := h.whole(all[2].ID)
	if l.Function != "hook" || l.Kind != cdp.LetterFailed || l.Source != cdp.LetterEvent || l.ErrorKind != "http_5xx" || l.Attempts != 3 ||
		l.EventName != "ordered" || l.DistinctID != "u1" || !l.Run || l.Mapping != -1 ||
		!strings.Contains(string(l.Payload), `"token":"x"`) || !strings.Contains(string(l.Inputs), h.url) || strings.Contains(string(l.Payload), `"person"`) {
		t.Errorf("letter %+v\n%s\n%s", l, l.Payload, l.Inputs)
	}
	if n, err := h.letters.Count(t.Context(), cdp.LetterQuery{Project: 1}); err != nil || n != 3 {
		t.Errorf("the dry run counts %d, %v", n, err)
	}
	h.up.Store(true)
	before := len(h.sink.caught())
	if job := h.replay(); job.Status != "done" || job.Total != 3 || job.Queued != 3 || job.Skipped != 0 || !job.Letters {
		t.Errorf("job %+v", job)
	}
	h.eventually("all are delivered", func() bool { return len(h.sink.caught()) == before+3 })
	got := slices.Sorted(slices.Values(h.sink.caught()[before:]))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("delivered %v\nwant %v", got, want)
	}
	h.await(0)
	if _, err := h.letters.Replay(t.Context(), 1, cdp.LetterQuery{Project: 1}, 0); !cdp.HasCode(err, cdp.Invalid) {
		t.Errorf("a second time: %v", err)
	}
	if n, err := h.letters.Discard(t.Context(), cdp.LetterQuery{Project: 1}); err != nil || n != 3 {
		t.Errorf("discarded %d, %v", n, err)
	}
}

// Inputs and filters that fail leave letters, too: of filters one in an hour.
func TestLettersOfInputsAndFilters(t *testing.T) {
	t.Parallel()
	h := newLetterHouse(t)
	h.up.Store(true)
	hook := h.put(h.function("hook", cdp.Destination, forward), func(f *cdp.Function) {
		f.Inputs = append(f.Inputs, cdp.Input{Key: "bad", Value: json.RawMessage(`"{jsonParse(event.properties.text)}"`),
			Bytecode: condition(t, "jsonParse(event.properties.text)")})
	})
	filtered := h.put(h.function("picky", cdp.Destination, forward), func(f *cdp.Function) {
		f.Filters.Bytecode = condition(t, "jsonParse(properties.text).ok")
	})
	h.start()
	for range 3 {
		h.capture("ordered", `{"text":"{"}`)
	}
	all := h.await(4)
	kinds := map[string]int{}
	for _, l := range all {
		kinds[string(l.Function)+" "+l.Kind]++
		if l.Reason == "" || l.EventName != "ordered" {
			t.Errorf("letter %+v", l)
		}
	}
	if fmt.Sprint(kinds) != "map[hook inputs_failed:3 picky filtering_failed:1]" {
		t.Errorf("letters %v", kinds)
	}
	// Once the functions are mended, the same events pass.
	h.put(hook, func(f *cdp.Function) { f.Inputs = f.Inputs[:1] })
	h.put(filtered, func(f *cdp.Function) { f.Filters.Bytecode = condition(t, "true") })
	for _, id := range []cdp.FunctionID{"hook", "picky"} {
		if err := h.e.Reload(t.Context(), 1, id); err != nil {
			t.Fatal(err)
		}
	}
	if job := h.replay(); job.Queued != 4 {
		t.Errorf("job %+v", job)
	}
	h.eventually("all are delivered", func() bool { return len(h.sink.caught()) == 4 })
}

// What is no event of the project is kept with its letter, so that its run can
// be done again: by a letter, and by a job for runs.
func TestRunsOfWebhooksAndInternalEventsAreDoneAgain(t *testing.T) {
	t.Parallel()
	h := newLetterHouse(t)
	hook := h.put(h.function("hook", cdp.SourceWebhook, "if (request.body.ok != true and inputs.url != 'x') { fetch(inputs.url, {'body': {'m': request.method, 'q': request.query.a, 'h': request.headers['x-a'], 'b': request.body, 's': request.stringBody, 'who': event.distinct_id}}) }"))
	h.put(h.function("notify", cdp.InternalDestination, "fetch(inputs.url, {'body': {'event': event.event, 'p': event.properties, 'url': event.url}})"), func(f *cdp.Function) {
		f.Filters.Bytecode = json.RawMessage(`["_H",1,29]`)
	})
	h.start()
	if _, err := h.e.Webhook(t.Context(), cdp.WebhookRequest{Function: hook.ID, Method: "POST", Headers: map[string]string{"x-a": "1"},
		Query: map[string]string{"a": "2"}, IP: "203.0.113.9", Body: json.RawMessage(`{"n":3,"distinct_id":"ada"}`), Text: `{"n": 3, "distinct_id": "ada"}`}); err != nil {
		t.Fatal(err)
	}
	if err := h.e.Internal(t.Context(), cdp.InternalEvent{URL: "https://hog.example.com/x", Event: cdp.Event{Project: 1, Name: "$told", DistinctID: "d",
		Properties: json.RawMessage(`{"detail":{"name":"x"}}`)}}); err != nil {
		t.Fatal(err)
	}
	all := h.await(2)
	h.up.Store(true)
	h.eventually("both runs are recorded, and neither is lost", func() bool {
		runs, gone, err := h.letters.Jobs.Count(t.Context(), cdp.RunQuery{Project: 1})
		return err == nil && runs == 2 && gone == 0
	})
	before := len(h.sink.caught())
	if _, err := h.letters.Jobs.Start(t.Context(), 1, cdp.RunQuery{Project: 1}, 100); err != nil {
		t.Fatal(err)
	}
	h.eventually("both are delivered", func() bool { return len(h.sink.caught()) == before+2 })
	got := slices.Sorted(slices.Values(h.sink.caught()[before:]))
	want := []string{`{"event":"$told","p":{"detail":{"name":"x"}},"url":"https://hog.example.com/x"}`,
		`{"m":"POST","q":"2","h":"1","b":{"n":3,"distinct_id":"ada"},"s":"{\"n\": 3, \"distinct_id\": \"ada\"}","who":"ada"}`}
	if !slices.Equal(got, want) {
		t.Errorf("delivered %v\nwant %v", got, want)
	}
	h.await(0)
	for _, l := range all {
		if l.Source == cdp.LetterEvent || l.Kind != cdp.LetterFailed || l.DistinctID != "ada" && l.DistinctID != "d" {
			t.Errorf("letter %+v", l)
		}
	}
}

// A message that cannot be read, and one whose station panics, are set aside by
// the queue, shown, worked on again and discarded.
func TestLettersOfTheQueue(t *testing.T) {
	t.Parallel()
	h := newLetterHouse(t)
	h.up.Store(true)
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	bad := cdp.Event{Project: 1, UUID: "0195a1f0-7d7e-7000-8000-00000000beef", Name: "odd", DistinctID: "u1", Timestamp: time.Now(), ReceivedAt: time.Now(),
		Properties: json.RawMessage(`[1]`)}
	if err := h.real.Publish(t.Context(),
		queue.Message{Topic: engine.TopicEvents, Key: "1:u1", ID: bad.UUID, Body: engine.EncodeEvent(&bad)},
		queue.Message{Topic: engine.TopicEvents, Key: "1:u2", ID: "x", Body: []byte("nonsense")},
		queue.Message{Topic: engine.TopicInvocations, Key: "y", ID: "y", Body: []byte("nonsense")}); err != nil {
		t.Fatal(err)
	}
	all := h.await(3)
	projects := map[cdp.ProjectID]int{}
	for _, l := range all {
		if l.Kind != cdp.LetterSetAside || l.QueueID == 0 || l.Reason == "" {
			t.Errorf("letter %+v", l)
		}
		projects[l.Project]++
		if l.EventName == "odd" && (l.EventUUID != bad.UUID || !strings.Contains(string(h.whole(l.ID).Payload), `"properties":[1]`)) {
			t.Errorf("letter %+v", l)
		}
	}
	if projects[1] != 2 || projects[0] != 1 { // of the third, nobody knows
		t.Errorf("projects %v", projects)
	}
	if job := h.replay(); job.Queued != 3 {
		t.Errorf("job %+v", job)
	}
	for _, l := range h.await(3) {
		if slices.ContainsFunc(all, func(old cdp.DeadLetter) bool { return old.ID == l.ID }) {
			t.Errorf("the letter is one of before: %+v", l)
		}
	}
	if n, err := h.letters.Discard(t.Context(), cdp.LetterQuery{Project: 1, Unowned: true}); err != nil || n != 6 {
		t.Errorf("discarded %d, %v", n, err)
	}
	for _, topic := range []string{engine.TopicEvents, engine.TopicInvocations} {
		if dead, err := h.real.Dead(t.Context(), topic, 10); err != nil || len(dead) != 0 {
			t.Errorf("%s: still dead: %v, %v", topic, dead, err)
		}
	}
}

// An alert's event reaches only who names it and its alert (runtime
// specification 12.1).
func TestAlertsReachWhoNamesThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for id, filters := range map[string]string{"named": `{"key":"alert_id","operator":"exact","value":"7"}`, "other": `{"key":"alert_id","operator":"exact","value":"8"}`, "all": ""} {
		h.put(h.function(id, cdp.InternalDestination, "print(event.event)"), func(f *cdp.Function) {
			f.Filters.Bytecode = json.RawMessage(`["_H",1,29]`)
			if filters != "" {
				f.Filters.Events = []json.RawMessage{json.RawMessage(`{"id":"$insight_alert_firing"}`)}
				f.Filters.Properties = []json.RawMessage{json.RawMessage(filters)}
			}
		})
	}
	h.start()
	for _, ev := range []cdp.Event{
		{Project: 1, Name: "$insight_alert_firing", Properties: json.RawMessage(`{"alert_id":7}`)},
		{Project: 1, Name: "$insight_alert_firing", Properties: json.RawMessage(`{}`)},
		{Project: 1, Name: "$batch_export_run_failed", Properties: json.RawMessage(`{}`)},
	} {
		if err := h.e.Internal(t.Context(), cdp.InternalEvent{Event: ev}); err != nil {
			t.Fatal(err)
		}
	}
	// What names its events filters out the last one; an alert's is no miss.
	h.wantMetrics("named", "filtered 1, succeeded 1, triggered 1")
	h.wantMetrics("other", "filtered 1")
	h.wantMetrics("all", "succeeded 1, triggered 1")
}
