package engine_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine"
	"hogpen/engine/fetch"
	"hogpen/queue"
)

func TestFailingStoreHoldsNothingUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.diary.broken = true
	h.put(h.function("hook", cdp.Destination, forward))
	h.start()
	h.capture("a", `{}`)
	h.eventually("it is delivered all the same", func() bool { return len(h.sink.caught()) == 1 })
	h.diary.mu.Lock()
	h.diary.broken = false
	h.diary.mu.Unlock()
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
}

func TestBatcherMergesAndBounds(t *testing.T) {
	t.Parallel()
	d := &diary{runs: map[cdp.InvocationID]cdp.Run{}, broken: true}
	add, flush, lost := engine.NewBatcher(d)
	at := time.Date(2026, 3, 1, 10, 0, 5, 0, time.UTC)
	for i := range 10 {
		add(cdp.Batch{
			Metrics: []cdp.Metric{{Function: "f", Name: cdp.OutcomeSucceeded, Time: at, Count: 1}},
			Runs:    []cdp.Run{{ID: "r", Function: "f", Attempts: i + 1}},
		})
	}
	flush() // fails; nothing is lost
	for i := range engine.MaxPending + 100 {
		add(cdp.Batch{Logs: []cdp.LogEntry{{Function: "f", Message: fmt.Sprint(i)}}})
	}
	d.broken = false
	flush()
	if len(d.metrics) != 1 || d.metrics[0].Count != 10 || d.metrics[0].Kind != "success" {
		t.Errorf("metrics = %+v", d.metrics)
	}
	if r := d.runs["r"]; r.Attempts != 10 {
		t.Errorf("run = %+v", r)
	}
	newest := d.entries[len(d.entries)-1].Message
	if lost() == 0 || len(d.entries) > engine.MaxPending || newest != fmt.Sprint(engine.MaxPending+99) {
		t.Errorf("lost %d, kept %d, newest %s", lost(), len(d.entries), newest)
	}
}

// locker is a Sealer with a key of its own.
type locker struct{ aead cipher.AEAD }

func newLocker(t *testing.T) locker {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return locker{aead}
}

func (l locker) Seal(plain, context []byte) ([]byte, error) {
	return l.aead.Seal(nil, nil, plain, context), nil
}

func (l locker) Open(sealed, context []byte) ([]byte, error) {
	return l.aead.Open(nil, nil, sealed, context)
}

// spy keeps all messages that it carries.
type spy struct {
	queue.Queue
	mu     sync.Mutex
	bodies [][]byte
}

func (s *spy) Consume(ctx context.Context, topic string, o queue.ConsumeOptions, st queue.Station) error {
	return s.Queue.Consume(ctx, topic, o, func(ctx context.Context, m queue.Message) ([]queue.Message, error) {
		next, err := st(ctx, m)
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, n := range next {
			if n.Topic == engine.TopicInvocations {
				s.bodies = append(s.bodies, n.Body)
			}
		}
		return next, err
	})
}

func TestSecretsDoNotLieOpenInTheQueue(t *testing.T) {
	t.Parallel()
	lock := newLocker(t)
	watch := &spy{}
	h := newHouse(t, func(c *engine.Config) {
		watch.Queue = c.Queue
		c.Queue, c.Sealer = watch, lock
	})
	sealed, err := lock.Seal([]byte(`{"value":"hush-hush","bytecode":["_H",1,32,"hush-hush"],"order":1}`), cdp.SealContext("hook", "key"))
	if err != nil {
		t.Fatal(err)
	}
	h.put(h.function("hook", cdp.Destination, "sleep(0.01); fetch(inputs.url, {'body': inputs.key}); print(inputs.key)"), func(f *cdp.Function) {
		f.Sealed = map[string][]byte{"key": sealed}
		f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Key: "key", Type: "string", Secret: true})
	})
	h.start()
	h.capture("a", `{}`)
	h.wantMetrics("hook", "fetch 1, succeeded 1, triggered 1")
	if got := h.sink.caught(); len(got) != 1 || got[0] != "hush-hush" {
		t.Errorf("caught %q", got)
	}
	if l := h.logs("hook"); !bytes.Contains([]byte(l), []byte("info ***REDACTED***")) {
		t.Errorf("logs = %s", l)
	}
	watch.mu.Lock()
	defer watch.mu.Unlock()
	if len(watch.bodies) != 2 {
		t.Fatalf("%d messages, want the first and the one that sleeps", len(watch.bodies))
	}
	for _, b := range watch.bodies {
		if bytes.Contains(b, []byte("hush")) {
			t.Errorf("a message holds the secret: %q", b)
		}
		if _, secret, err := h.e.DecodeInvocation(b); err != nil || !secret {
			t.Errorf("decode: %v, %v", secret, err)
		}
	}
}

func TestEventCodec(t *testing.T) {
	t.Parallel()
	ev := cdp.Event{
		Project: 7, UUID: "u", Name: "näme", DistinctID: "", Properties: json.RawMessage(`{"a":1}`),
		Timestamp: time.UnixMilli(-5).UTC(), ReceivedAt: time.UnixMilli(1772359200412).UTC(),
	}
	b := engine.EncodeEvent(&ev)
	got, err := engine.DecodeEvent(b)
	if err != nil || !reflect.DeepEqual(got, ev) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range len(b) - len(ev.Properties) {
		if _, err := engine.DecodeEvent(b[:n]); err == nil {
			t.Errorf("the first %d bytes were taken for an event", n)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(engine.EncodeEvent(&cdp.Event{Project: 1, UUID: "u", Name: "n", DistinctID: "d", Properties: []byte("{}")}))
	f.Add([]byte{})
	f.Add([]byte{1, 2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := engine.DecodeEvent(b)
		if err != nil {
			return
		}
		again, err := engine.DecodeEvent(engine.EncodeEvent(&ev))
		if err != nil || !reflect.DeepEqual(again, ev) {
			t.Errorf("%+v became %+v, %v", ev, again, err)
		}
	})
}

func FuzzDecodeInvocation(f *testing.F) {
	for _, s := range []string{"", "j{}", "j\x0a{\"id\":\"x\"}\x02{}state", "s\x02abc", "x"} {
		f.Add([]byte(s))
	}
	e, err := engine.New(engine.Config{
		Queue: fullQueue{}, Functions: &shelf{}, Projects: &shelf{}, Recorder: &diary{}, Sealer: noLock{}, Fetch: newNoFetch(),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if inv, _, err := e.DecodeInvocation(b); (inv == nil) == (err == nil) {
			t.Errorf("invocation %v, error %v", inv, err)
		}
	})
}

type noLock struct{}

func (noLock) Seal([]byte, []byte) ([]byte, error) { return nil, errors.New("no") }
func (noLock) Open([]byte, []byte) ([]byte, error) { return nil, errors.New("no") }

func newNoFetch() func(context.Context, fetch.Request) (fetch.Response, error) {
	return func(context.Context, fetch.Request) (fetch.Response, error) {
		return fetch.Response{}, errors.New("no request is made here")
	}
}

// TestShortRunsAreStoredOnce: a run that ends before its first report was
// written is told as ended; one that takes longer is updated.
func TestShortRunsAreStoredOnce(t *testing.T) {
	t.Parallel()
	var rec batches
	add, flush, _ := engine.NewBatcher(&rec)
	now := time.Now()
	triggered := cdp.Run{ID: "short", Status: "running", ScheduledAt: now}
	ended := cdp.Run{ID: "short", Status: "succeeded", ScheduledAt: now, StartedAt: now, FinishedAt: now}
	add(cdp.Batch{Runs: []cdp.Run{triggered}})
	add(cdp.Batch{Runs: []cdp.Run{ended}})
	triggered.ID = "long"
	add(cdp.Batch{Runs: []cdp.Run{triggered}})
	flush()
	ended.ID = "long"
	add(cdp.Batch{Runs: []cdp.Run{ended}})
	flush()
	ended.ID = "of an earlier process"
	add(cdp.Batch{Runs: []cdp.Run{ended}})
	flush()
	var have []string
	for _, b := range rec {
		for _, r := range b.Ended {
			have = append(have, string(r.ID)+" ended")
		}
		for _, r := range b.Runs {
			have = append(have, string(r.ID)+" "+r.Status)
		}
	}
	want := []string{"short ended", "long running", "long succeeded", "of an earlier process succeeded"}
	if !slices.Equal(want, have) {
		t.Errorf("stored: %q, want %q", have, want)
	}
}

// batches keeps what was recorded, batch by batch.
type batches []cdp.Batch

func (b *batches) Record(_ context.Context, more cdp.Batch) error {
	*b = append(*b, cdp.Batch{Runs: slices.Clone(more.Runs), Ended: slices.Clone(more.Ended)}) // ours for this call only
	return nil
}
