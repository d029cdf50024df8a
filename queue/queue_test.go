package queue_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"hogpen/queue"
)

func TestPause(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{
		-1: 0, 0: 0, 1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond,
		9: 25600 * time.Millisecond, 10: 30 * time.Second, 1 << 40: 30 * time.Second,
	} {
		if have := queue.Pause(attempt); have != want {
			t.Errorf("pause before attempt %d is %v, want %v", attempt, have, want)
		}
	}
}

func TestDoTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	next, err := queue.Do(t.Context(), func(context.Context, queue.Message) ([]queue.Message, error) {
		panic("oh")
	}, queue.Message{Topic: "events"})
	if next != nil || err == nil || !strings.Contains(err.Error(), "station of events panicked: oh") {
		t.Errorf("got %v, %v", next, err)
	}
}
