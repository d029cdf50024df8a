package db_test

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"hogpen/db"
	"hogpen/queue"
	"hogpen/queue/queuetest"
)

// quick are options for tests: short pauses, no log.
func quick() db.QueueOptions {
	return db.QueueOptions{
		Pause: func(int) time.Duration { return 5 * time.Millisecond },
		Log:   slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func openQueue(t testing.TB, dir string, o db.QueueOptions) *db.Queue {
	t.Helper()
	q, err := db.OpenQueue(t.Context(), dir, o)
	if err != nil {
		t.Fatalf("open queue: %v", err)
	}
	return q
}

func TestQueueKeepsTheContract(t *testing.T) {
	t.Parallel()
	queuetest.Exercise(t, func(t *testing.T) queue.Queue {
		q := openQueue(t, t.TempDir(), quick())
		t.Cleanup(func() {
			if err := q.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return q
	})
}

func TestQueueKeepsItsMessages(t *testing.T) {
	t.Parallel()
	queuetest.ExerciseDurable(t, func(t *testing.T, dir string) queuetest.Durable {
		return openQueue(t, dir, quick())
	})
}
