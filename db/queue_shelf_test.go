package db_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"hogpen/db"
	"hogpen/queue"
)

func TestPackedBlocks(t *testing.T) {
	t.Parallel()
	for _, msgs := range [][]queue.Message{events(1), events(20), rough(20), {{Topic: "events", Body: make([]byte, 3<<20)}}} {
		whole := block(t, msgs...)
		stored := db.PackBlock([]byte("x"), whole)[1:]
		if len(stored) > len(whole) {
			t.Errorf("%d bytes became %d", len(whole), len(stored))
		}
		got, err := db.OpenBlock(stored)
		if err != nil || !bytes.Equal(got, whole) {
			t.Errorf("a block of %d bytes came back as %d, %v", len(whole), len(got), err)
		}
		for n := range min(len(stored), 300) {
			part, err := db.OpenBlock(stored[:n])
			if err == nil {
				_, err = db.SplitBlock(part)
			}
			if err == nil {
				t.Errorf("a block cut to %d bytes passed", n)
			}
		}
	}
	if n := len(db.PackBlock(nil, block(t, events(100)...))); n > 20_000 {
		t.Errorf("100 events are stored in %d bytes", n)
	}
}

// A packed block that cannot be unpacked is set aside as a whole.
func TestQueueSetsPackedDamageAside(t *testing.T) {
	t.Parallel()
	q := testQueue(t, quick())
	for range 2 {
		if err := q.Publish(t.Context(), events(10)...); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Damage(t.Context(), `update block set body = cast(substr(body, 1, 40) as blob) where id = $1`, q.FirstBlock("events")+1); err != nil {
		t.Fatal(err)
	}
	if got := consumeAll(t, q, queue.ConsumeOptions{Workers: 2, Ordered: true}, 10); len(got) != 10 {
		t.Errorf("got %v", got)
	}
	awaitFor(t, "the damage to be set aside", func() bool {
		if depthOf(t, q, "events") > 0 {
			consumeAll(t, q, queue.ConsumeOptions{}, 0)
		}
		return depthOf(t, q, "events") == 0
	})
	dead, err := q.Dead(t.Context(), "events", 10)
	if err != nil || len(dead) != 1 || !strings.Contains(dead[0].Reason, "damaged") {
		t.Errorf("dead: %v, %v", dead, err)
	}
}

// What comes while others work takes all ways into the window: from memory, off
// the shelf, from disk, and one by one. Each message comes once, in the order of
// its key.
func TestQueueShelf(t *testing.T) {
	t.Parallel()
	for _, memory := range []int{1, 3_000, 30_000, 1 << 20} {
		t.Run(fmt.Sprint(memory), func(t *testing.T) {
			t.Parallel()
			o := quick()
			o.MemoryBytes = memory
			q := testQueue(t, o)
			const keys, each = 7, 400
			ctx, stop := context.WithCancel(t.Context())
			var mu sync.Mutex
			next, left := map[string]int{}, keys*each
			done := make(chan error, 1)
			go func() {
				done <- q.Consume(ctx, "events", queue.ConsumeOptions{Workers: 5, Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
					mu.Lock()
					defer mu.Unlock()
					if want := fmt.Sprint(m.Key, "/", next[m.Key]); m.ID != want {
						t.Errorf("%s came when %s was due", m.ID, want)
					}
					next[m.Key]++
					if left--; left == 0 {
						stop()
					}
					return nil, nil
				})
			}()
			for i := 0; i < each; i += 20 {
				msgs := events(20 * keys)
				for j := range msgs {
					msgs[j].Key = fmt.Sprint("k", j%keys)
					msgs[j].ID = fmt.Sprint(msgs[j].Key, "/", i+j/keys)
				}
				if err := q.Publish(t.Context(), msgs...); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if n := depthOf(t, q, "events"); n != 0 || left != 0 {
				t.Errorf("depth is %d, %d did not come", n, left)
			}
		})
	}
}
