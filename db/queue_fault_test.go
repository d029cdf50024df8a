package db_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/queue"
)

// awaitFor waits until ok; the queue has no signal for its inner states.
func awaitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func testQueue(t *testing.T, o db.QueueOptions) *db.Queue {
	t.Helper()
	q := openQueue(t, t.TempDir(), o)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

func events(n int) []queue.Message {
	var msgs []queue.Message
	for i := range n {
		msgs = append(msgs, queue.Message{Topic: "events", Key: fmt.Sprint(i), ID: fmt.Sprint("e", i), Body: bytes.Repeat([]byte{'x'}, 1000)})
	}
	return msgs
}

// rough are events of which packing makes no less.
func rough(n int) []queue.Message {
	msgs := events(n)
	for i := range msgs {
		for j := range msgs[i].Body {
			msgs[i].Body[j] = byte(rand.Uint32())
		}
	}
	return msgs
}

func depthOf(t *testing.T, q queue.Queue, topic string) int64 {
	t.Helper()
	s, err := q.Stats(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return s.Depth
}

// consumeAll consumes until n messages came and returns their IDs.
func consumeAll(t *testing.T, q queue.Queue, opts queue.ConsumeOptions, n int) map[string]int {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var mu sync.Mutex
	got := map[string]int{}
	err := q.Consume(ctx, "events", opts, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		got[m.ID]++
		if len(got) >= n {
			stop()
		}
		return nil, nil
	})
	if err != nil || len(got) < n {
		t.Fatalf("got %d of %d: %v", len(got), n, err)
	}
	return got
}

func TestQueueSetsDamageAside(t *testing.T) {
	t.Parallel()
	q := testQueue(t, quick())
	for range 3 {
		if err := q.Publish(t.Context(), events(10)...); err != nil {
			t.Fatal(err)
		}
	}
	first := q.FirstBlock("events")
	// The second block loses its head, the third one byte of its last message.
	for block, text := range map[int64]string{
		first + 1: `update block set body = cast(x'00ff' || substr(body, 3) as blob) where id = $1`,
		first + 2: `update block set body = cast(substr(body, 1, length(body) - 1) || x'00' as blob) where id = $1`,
	} {
		if err := q.Damage(t.Context(), text, block); err != nil {
			t.Fatal(err)
		}
	}
	got := consumeAll(t, q, queue.ConsumeOptions{Workers: 2, Ordered: true}, 10)
	awaitFor(t, "the damage to be set aside", func() bool {
		if depthOf(t, q, "events") > 0 {
			consumeAll(t, q, queue.ConsumeOptions{}, 0)
		}
		return depthOf(t, q, "events") == 0
	})
	if got["e0"] == 0 {
		t.Errorf("got %v", got)
	}
	dead, err := q.Dead(t.Context(), "events", 10)
	if err != nil || len(dead) != 2 {
		t.Fatalf("dead: %v, %v; want a block and a message", dead, err)
	}
	for _, d := range dead {
		if !strings.Contains(d.Reason, "damaged") || len(d.Body) == 0 {
			t.Errorf("dead message with reason %q and %d bytes", d.Reason, len(d.Body))
		}
	}
	if m, b := q.Budget(); m != 0 || b != 0 {
		t.Errorf("budget still counts %d messages, %d bytes", m, b)
	}
}

func TestQueueIsFull(t *testing.T) {
	t.Parallel()
	o := quick()
	o.MaxMessages, o.MaxBytes = 10, 5000
	q := testQueue(t, o)
	if err := q.Publish(t.Context(), events(4)...); err != nil {
		t.Fatal(err)
	}
	if err := q.Publish(t.Context(), events(1)...); !errors.Is(err, queue.ErrFull) {
		t.Errorf("over the bytes: %v, want ErrFull", err)
	}
	small := make([]queue.Message, 7)
	for i := range small {
		small[i].Topic = "events"
	}
	if err := q.Publish(t.Context(), small...); !errors.Is(err, queue.ErrFull) {
		t.Errorf("over the messages: %v, want ErrFull", err)
	}
	consumeAll(t, q, queue.ConsumeOptions{}, 4)
	if m, b := q.Budget(); m != 0 || b != 0 {
		t.Errorf("budget still counts %d messages, %d bytes", m, b)
	}
	if err := q.Publish(t.Context(), small...); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A disk that is full, and one that turned read-only: publishers are told,
// finished work is kept, and all goes on once the disk is well.
func TestQueueOutlivesABadDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		break_, fix func(t *testing.T, q *db.Queue) error
	}{
		{"full",
			func(t *testing.T, q *db.Queue) error { return q.LimitPages(t.Context(), 2) },
			func(t *testing.T, q *db.Queue) error { return q.LimitPages(t.Context(), 1<<20) }},
		{"read-only",
			func(t *testing.T, q *db.Queue) error { return q.Pragma(t.Context(), "query_only=1") },
			func(t *testing.T, q *db.Queue) error { return q.Pragma(t.Context(), "query_only=0") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := testQueue(t, quick())
			if err := q.Publish(t.Context(), events(5)...); err != nil {
				t.Fatal(err)
			}
			if err := c.break_(t, q); err != nil {
				t.Fatal(err)
			}
			err := q.Publish(t.Context(), rough(300)...)
			var e *cdp.Error
			if !errors.As(err, &e) || e.Code != cdp.Unavailable {
				t.Fatalf("publish to a bad disk: %v, want Unavailable", err)
			}
			if n := depthOf(t, q, "events"); n != 5 {
				t.Errorf("depth is %d after a refused publish, want 5", n)
			}
			ctx, stop := context.WithCancel(t.Context())
			done, worked := make(chan error, 1), make(chan struct{}, 5)
			go func() {
				done <- q.Consume(ctx, "events", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
					worked <- struct{}{}
					return []queue.Message{{Topic: "invocations", ID: m.ID, Body: make([]byte, 20_000)}}, nil
				})
			}()
			for range 5 {
				<-worked
			}
			if n := depthOf(t, q, "invocations"); n > 0 {
				t.Errorf("%d messages followed although the disk took nothing", n)
			}
			if err := c.fix(t, q); err != nil {
				t.Fatal(err)
			}
			awaitFor(t, "what follows", func() bool { return depthOf(t, q, "invocations") == 5 })
			if err := q.Publish(t.Context(), events(300)...); err != nil {
				t.Errorf("publish to the mended disk: %v", err)
			}
			stop()
			go func() {
				for range worked {
				}
			}()
			if err := <-done; err != nil {
				t.Error(err)
			}
			close(worked)
		})
	}
}

func TestQueueGivesUp(t *testing.T) {
	t.Parallel()
	o := quick()
	o.MaxAttempts = 3
	q := testQueue(t, o)
	if err := q.Publish(t.Context(), events(1)...); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := q.Consume(ctx, "events", queue.ConsumeOptions{Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.Attempt == 2 {
			stop()
		}
		return nil, errors.New("no such luck")
	})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := q.Dead(t.Context(), "events", 10)
	if err != nil || len(dead) != 1 || dead[0].ID != "e0" || dead[0].Attempt != 3 || dead[0].Reason != "no such luck" {
		t.Errorf("dead: %+v, %v", dead, err)
	}
	if n := depthOf(t, q, "events"); n != 0 {
		t.Errorf("depth is %d", n)
	}
}

func TestQueueFindsPoison(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := quick()
	o.MaxCrashes = 3
	q := openQueue(t, dir, o)
	if err := q.Publish(t.Context(), events(3)...); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := q.InHand(0, q.FirstBlock("events"), 1); err != nil {
			t.Fatal(err)
		}
		q.Abandon()
		q = openQueue(t, dir, o)
	}
	// All three are in hand at once and given back, so that nothing changes.
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	attempts := map[string]int{}
	err := q.Consume(ctx, "events", queue.ConsumeOptions{Workers: 3, Ordered: true}, func(ctx context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		if attempts[m.ID] = m.Attempt; len(attempts) == 3 {
			stop()
		}
		mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	if err != nil || attempts["e0"] != 0 || attempts["e1"] != 2 {
		t.Errorf("attempts are %v, want 2 for e1 only; %v", attempts, err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = openQueue(t, dir, o)
	if err := q.InHand(0, q.FirstBlock("events"), 1); err != nil {
		t.Fatal(err)
	}
	q.Abandon()
	q = openQueue(t, dir, o)
	defer q.Close()
	dead, err := q.Dead(t.Context(), "events", 10)
	if err != nil || len(dead) != 1 || dead[0].ID != "e1" || !strings.HasPrefix(dead[0].Reason, "poison") {
		t.Fatalf("dead: %+v, %v", dead, err)
	}
	if n := depthOf(t, q, "events"); n != 2 {
		t.Errorf("depth is %d, want the two others", n)
	}
	consumeAll(t, q, queue.ConsumeOptions{Ordered: true}, 2)
	if n, err := q.Ask(t.Context(), "select count(*) from crash"); err != nil || n != 0 {
		t.Errorf("%d counts of crashes are left, %v", n, err)
	}
}

// A key that is stuck fills the window; memory stays bounded and the others
// pass.
func TestQueueWindowStaysSmall(t *testing.T) {
	t.Parallel()
	o := quick()
	o.MemoryBytes = 200_000
	q := testQueue(t, o)
	stuck := events(1)[0]
	stuck.Key = "stuck"
	for i := range 20 {
		var msgs []queue.Message
		for range 50 {
			msgs = append(msgs, stuck)
		}
		other := events(i + 1)[i]
		if err := q.Publish(t.Context(), append(msgs, other)...); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	release := make(chan struct{})
	done := make(chan error, 1)
	var mu sync.Mutex
	others, passed, most := 0, 0, 0
	go func() {
		done <- q.Consume(ctx, "events", queue.ConsumeOptions{Workers: 2, Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
			if m.Key == "stuck" {
				<-release
			}
			if len(m.Body) != 1000 {
				return nil, errors.New("short body")
			}
			mu.Lock()
			defer mu.Unlock()
			most = max(most, q.Resident("events"))
			if m.Key == "stuck" {
				passed++
			} else {
				others++
			}
			return nil, nil
		})
	}()
	count := func(n *int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return *n >= 20
		}
	}
	awaitFor(t, "the other keys", count(&others))
	close(release)
	awaitFor(t, "the stuck key", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return passed == 1000
	})
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if limit := o.MemoryBytes + 8*60_000; most > limit {
		t.Errorf("%d bytes were in memory, want at most %d", most, limit)
	}
	if n := depthOf(t, q, "events"); n != 0 {
		t.Errorf("depth is %d at the end", n)
	}
}

func TestQueueFileGetsSmaller(t *testing.T) {
	t.Parallel()
	q := testQueue(t, quick())
	q.SetShrinkAbove(2 << 20)
	for range 8 {
		if err := q.Publish(t.Context(), rough(500)...); err != nil {
			t.Fatal(err)
		}
	}
	before, err := q.Ask(t.Context(), "pragma page_count")
	if err != nil {
		t.Fatal(err)
	}
	consumeAll(t, q, queue.ConsumeOptions{Workers: 4}, 500)
	awaitFor(t, "the queue to be empty", func() bool {
		if depthOf(t, q, "events") == 0 {
			return true
		}
		consumeAll(t, q, queue.ConsumeOptions{Workers: 4}, 1)
		return false
	})
	awaitFor(t, "a smaller file", func() bool {
		after, err := q.Ask(t.Context(), "pragma page_count")
		return err == nil && after < before/4
	})
	if err := q.Publish(t.Context(), events(1)...); err != nil {
		t.Errorf("publish afterwards: %v", err)
	}
	if err := q.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// An abandoned Publish returns at once, whatever the committer does.
func TestQueuePublishGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	q := testQueue(t, quick())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Publish(ctx, events(1)...); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := depthOf(t, q, "events"); n != 0 {
		t.Errorf("depth is %d", n)
	}
}

func TestQueueRefusesBadMessages(t *testing.T) {
	t.Parallel()
	q := testQueue(t, quick())
	for _, c := range []struct {
		m    queue.Message
		code cdp.Code
	}{
		{queue.Message{ID: "no topic"}, cdp.Invalid},
		{queue.Message{Topic: "events", Body: make([]byte, 64<<20)}, cdp.TooLarge},
	} {
		err := q.Publish(t.Context(), c.m)
		var e *cdp.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("publish %q: %v, want code %s", c.m.ID, err, c.code)
		}
	}
}
