package queuetest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"hogpen/queue"
)

// Durable is a carrier that keeps its messages over a Close.
type Durable interface {
	queue.Queue
	Close() error
}

// ExerciseDurable runs what a carrier must keep over a Close. open opens the
// queue in dir with the pauses of Exercise and does not close it.
func ExerciseDurable(t *testing.T, open func(t *testing.T, dir string) Durable) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func() Durable)
	}{
		{"what was published is there after a restart", keeps},
		{"what was finished is gone after a restart", forgets},
		{"attempts and times are kept", keepsAttempts},
		{"a key's failed message still comes first", keepsOrder},
		{"a closed queue refuses", closed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.test(t, func() Durable { return open(t, dir) })
		})
	}
}

func shut(t *testing.T, q Durable) {
	t.Helper()
	if err := q.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func keeps(t *testing.T, open func() Durable) {
	q := open()
	for i := range 300 {
		publish(t, q, message("events", "e", i))
	}
	shut(t, q)
	q = open()
	defer shut(t, q)
	if s := stats(t, q, "events"); s.Depth != 300 || s.Oldest <= 0 {
		t.Errorf("stats after the restart are %+v, want depth 300 and an age", s)
	}
	publish(t, q, message("events", "e", 300))
	b := consume(t, q, "events", queue.ConsumeOptions{Ordered: true}, nil)
	got := b.untilN(301)
	b.end()
	for i, m := range got {
		if m.ID != "e"+strconv.Itoa(i) || string(m.Body) != "body of "+m.ID {
			t.Fatalf("message %d is %s %q", i, m.ID, m.Body)
		}
	}
}

func forgets(t *testing.T, open func() Durable) {
	q := open()
	var msgs []queue.Message
	for i := range 100 {
		msgs = append(msgs, message("events", "e", i))
	}
	publish(t, q, msgs...)
	half := make(chan struct{})
	n := 0
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 1}, func(ctx context.Context, m queue.Message) ([]queue.Message, error) {
		if n++; n == 51 {
			close(half)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return nil, nil
	})
	await(t, half, "half of the messages")
	b.end()
	shut(t, q)
	q = open()
	defer shut(t, q)
	if s := stats(t, q, "events"); s.Depth != 50 {
		t.Errorf("depth after the restart is %d, want 50", s.Depth)
	}
	b = consume(t, q, "events", queue.ConsumeOptions{Workers: 1}, nil)
	got := b.untilN(50)
	b.end()
	if len(b.got) != 50 || got[0].Attempt != 0 {
		t.Errorf("got %d after the restart, want the other 50: %s", len(got), ids(got))
	}
	if s := stats(t, q, "events"); s.Depth != 0 {
		t.Errorf("depth at the end is %d", s.Depth)
	}
}

func keepsAttempts(t *testing.T, open func() Durable) {
	q := open()
	due := time.Now().Add(400 * time.Millisecond)
	publish(t, q, queue.Message{Topic: "events", ID: "a", Body: []byte("x")},
		queue.Message{Topic: "events", ID: "later", NotBefore: due})
	b := consume(t, q, "events", queue.ConsumeOptions{}, func(context.Context, queue.Message) ([]queue.Message, error) {
		return nil, errors.New("no")
	})
	b.until("two failures", func(got []queue.Message) bool { return len(got) >= 2 && got[1].Attempt == 1 })
	b.end()
	shut(t, q)
	q = open()
	defer shut(t, q)
	var at time.Time
	b = consume(t, q, "events", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.ID == "later" {
			at = time.Now()
		}
		return nil, nil
	})
	b.until("the failed one, with its attempts", func(got []queue.Message) bool {
		return slices.ContainsFunc(got, func(m queue.Message) bool {
			return m.ID == "a" && m.Attempt >= 2 && string(m.Body) == "x"
		})
	})
	b.until("the held one", func(got []queue.Message) bool {
		return slices.ContainsFunc(got, func(m queue.Message) bool { return m.ID == "later" })
	})
	b.end()
	if at.Before(due) {
		t.Errorf("the held one came %v early", due.Sub(at))
	}
}

func keepsOrder(t *testing.T, open func() Durable) {
	q := open()
	for i := range 3 {
		publish(t, q, message("events", "k", i))
	}
	b := consume(t, q, "events", queue.ConsumeOptions{Ordered: true}, func(context.Context, queue.Message) ([]queue.Message, error) {
		return nil, errors.New("no")
	})
	b.untilN(2)
	b.end()
	shut(t, q)
	q = open()
	defer shut(t, q)
	b = consume(t, q, "events", queue.ConsumeOptions{Workers: 4, Ordered: true}, nil)
	got := b.untilN(3)
	b.end()
	for i, m := range got {
		if m.ID != "k"+strconv.Itoa(i) {
			t.Fatalf("order after the restart is %s", ids(got))
		}
	}
}

func closed(t *testing.T, open func() Durable) {
	q := open()
	shut(t, q)
	if err := q.Publish(t.Context(), message("events", "e", 1)); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("publish after close: %v", err)
	}
	if err := q.Consume(t.Context(), "events", queue.ConsumeOptions{}, nil); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("consume after close: %v", err)
	}
}
