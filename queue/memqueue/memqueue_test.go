package memqueue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hogpen/queue"
	"hogpen/queue/memqueue"
	"hogpen/queue/queuetest"
)

func brief(int) time.Duration { return 5 * time.Millisecond }

func TestContract(t *testing.T) {
	t.Parallel()
	queuetest.Exercise(t, func(*testing.T) queue.Queue {
		return memqueue.New(memqueue.Options{Pause: brief})
	})
}

func TestFullAndDead(t *testing.T) {
	t.Parallel()
	failed := 0
	q := memqueue.New(memqueue.Options{MaxMessages: 2, MaxAttempts: 3, Pause: brief,
		Failed: func(queue.Message, error) { failed++ }})
	m := queue.Message{Topic: "events", ID: "a"}
	if err := q.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := q.Publish(t.Context(), m, m); !errors.Is(err, queue.ErrFull) {
		t.Errorf("three of two: %v, want ErrFull", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := q.Consume(ctx, "events", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.Attempt == 2 {
			stop()
		}
		return nil, errors.New("no")
	})
	if err != nil {
		t.Fatal(err)
	}
	if dead := q.Dead("events"); len(dead) != 1 || dead[0].Attempt != 3 || failed != 3 {
		t.Errorf("dead %v after %d failures, want one after 3", dead, failed)
	}
}
