package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/queue"
)

// TestDeadMessagesAreRevived lets messages die, and then has them worked on.
func TestDeadMessagesAreRevived(t *testing.T) {
	t.Parallel()
	o := quick()
	o.MaxAttempts = 2
	q := openQueue(t, t.TempDir(), o)
	t.Cleanup(func() { q.Close() })
	const n = 1200 // more than one commit, and than a window of rows
	msgs := make([]queue.Message, n)
	for i := range msgs {
		msgs[i] = queue.Message{Topic: "events", Key: "k", ID: fmt.Sprint("e", i), Body: []byte("body")}
	}
	if err := q.Publish(t.Context(), msgs...); err != nil {
		t.Fatal(err)
	}
	var broken atomic.Bool
	var done atomic.Int64
	broken.Store(true)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- q.Consume(ctx, "events", queue.ConsumeOptions{Workers: 8}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
			if broken.Load() {
				return nil, errors.New("no such luck")
			}
			if m.Attempt != 0 || string(m.Body) != "body" {
				t.Errorf("message %+v", m)
			}
			done.Add(1)
			return nil, nil
		})
	}()
	awaitFor(t, "all die", func() bool {
		dead, err := q.Dead(t.Context(), "events", n+1)
		return err == nil && len(dead) == n
	})
	broken.Store(false)
	var ids []int64
	var since time.Time
	var last int64
	for {
		dead, err := q.DeadSince(t.Context(), since, last, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(dead) == 0 {
			break
		}
		for _, d := range dead {
			if d.Topic != "events" || d.Reason != "no such luck" || d.Attempt != 2 {
				t.Fatalf("dead: %+v", d)
			}
			ids = append(ids, d.Number)
		}
		since, last = dead[len(dead)-1].At, ids[len(ids)-1]
	}
	if len(ids) != n {
		t.Fatalf("%d are listed, want %d", len(ids), n)
	}
	if err := q.Bury(t.Context(), ids[:1]); err != nil {
		t.Error(err)
	}
	if revived, err := q.Revive(t.Context(), ids); err != nil || len(revived) != n-1 {
		t.Errorf("revived %d, %v; want %d", len(revived), err, n-1)
	}
	awaitFor(t, "all are worked on", func() bool { return done.Load() == n-1 })
	if dead, err := q.Dead(t.Context(), "events", 5); err != nil || len(dead) != 0 {
		t.Errorf("still dead: %v, %v", dead, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
