// Package queuetest is the contract of package queue as a test: what a carrier
// must do whatever it is made of. Exercise is for every carrier,
// ExerciseDurable for those that can be closed and opened again.
package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"hogpen/queue"
)

// patience bounds every wait; a healthy carrier comes nowhere near it.
const patience = 30 * time.Second

// Exercise runs the contract against fresh queues from open, which closes
// them with t.Cleanup. The queues must retry at once or nearly so: their
// pauses are waited for.
func Exercise(t *testing.T, open func(t *testing.T) queue.Queue) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, q queue.Queue)
	}{
		{"each message arrives once, as it was sent", arrives},
		{"many publishers lose nothing", many},
		{"bodies are not kept after Publish", notKept},
		{"what follows goes to its topic", follows},
		{"work arrives as it is or written", work},
		{"work that fails comes back", workFails},
		{"an error brings the message back with a higher attempt", comesBack},
		{"a panic counts as an error", panics},
		{"NotBefore holds a message back", notBefore},
		{"a slow message holds up no other", slow},
		{"a key's messages come in order, one at a time", ordered},
		{"a failing message holds up its own key only", failingKey},
		{"stopping waits for what is in hand", stops},
		{"a message given back at the stop comes again as it was", givenBack},
		{"stations outlive the stop by Grace", grace},
		{"a topic has one consumer", busy},
		{"the depth counts what waits", depth},
		{"nothing is acknowledged before it is settled", settles},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// bench is one consumer under test and what it got.
type bench struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error

	mu      sync.Mutex
	got     []queue.Message
	changed chan struct{}
}

// consume starts a consumer; s may be nil for one that only notes.
func consume(t *testing.T, q queue.Queue, topic string, opts queue.ConsumeOptions, s queue.Station) *bench {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	b := &bench{t: t, stop: stop, done: make(chan error, 1), changed: make(chan struct{}, 1)}
	go func() {
		b.done <- q.Consume(ctx, topic, opts, func(ctx context.Context, m queue.Message) ([]queue.Message, error) {
			var next []queue.Message
			var err error
			if s != nil {
				next, err = s(ctx, m)
			}
			b.note(m)
			return next, err
		})
	}()
	return b
}

func (b *bench) note(m queue.Message) {
	b.mu.Lock()
	m.Body = slices.Clone(m.Body)
	b.got = append(b.got, m)
	b.mu.Unlock()
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// until waits until the messages got satisfy ok, and returns them.
func (b *bench) until(what string, ok func([]queue.Message) bool) []queue.Message {
	b.t.Helper()
	timeout := time.After(patience)
	for {
		b.mu.Lock()
		got := slices.Clone(b.got)
		b.mu.Unlock()
		if ok(got) {
			return got
		}
		select {
		case <-b.changed:
		case <-timeout:
			b.t.Fatalf("waited in vain for %s; got %d messages: %s", what, len(got), ids(got))
		}
	}
}

func (b *bench) untilN(n int) []queue.Message {
	b.t.Helper()
	return b.until(fmt.Sprintf("%d messages", n), func(got []queue.Message) bool { return len(got) >= n })
}

// end stops the consumer, which must return nil.
func (b *bench) end() {
	b.t.Helper()
	b.stop()
	wait(b.t, b.done, "Consume to return")
}

func wait(t *testing.T, c <-chan error, what string) {
	t.Helper()
	select {
	case err := <-c:
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
}

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
	}
}

func ids(msgs []queue.Message) string {
	var s []string
	for _, m := range msgs[:min(len(msgs), 20)] {
		s = append(s, m.ID+"/"+strconv.Itoa(m.Attempt))
	}
	return fmt.Sprint(s)
}

func publish(t *testing.T, q queue.Queue, msgs ...queue.Message) {
	t.Helper()
	if err := q.Publish(t.Context(), msgs...); err != nil {
		t.Fatalf("publish: %v", err)
	}
}

func message(topic, key string, i int) queue.Message {
	return queue.Message{Topic: topic, Key: key, ID: key + strconv.Itoa(i), Body: []byte("body of " + key + strconv.Itoa(i))}
}

func arrives(t *testing.T, q queue.Queue) {
	sent := queue.Message{Topic: "events", Key: "1:ann", ID: "a", Body: []byte("\x00raw\xff"), Attempt: 3}
	publish(t, q, sent, queue.Message{Topic: "events", ID: "b"}, queue.Message{Topic: "other", ID: "c"})
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 2}, nil)
	b.untilN(2)
	publish(t, q, queue.Message{Topic: "events", ID: "d"})
	b.untilN(3)
	b.end()
	got := b.untilN(3)
	if len(got) != 3 {
		t.Fatalf("got %s, want a, b and d once", ids(got))
	}
	for _, m := range got {
		if m.ID == "a" && fmt.Sprint(m) != fmt.Sprint(sent) {
			t.Errorf("got %v, sent %v", m, sent)
		}
		if m.ID == "c" {
			t.Error("got a message of another topic")
		}
	}
}

func many(t *testing.T, q queue.Queue) {
	const publishers, batches, size = 8, 10, 25
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 4}, nil)
	errs := make(chan error, publishers)
	for p := range publishers {
		go func() {
			var err error
			for i := range batches {
				var msgs []queue.Message
				for j := range size {
					msgs = append(msgs, message("events", fmt.Sprintf("p%d-", p), i*size+j))
				}
				err = errors.Join(err, q.Publish(t.Context(), msgs...))
			}
			errs <- err
		}()
	}
	for range publishers {
		wait(t, errs, "publishers")
	}
	b.untilN(publishers * batches * size)
	b.end()
	seen := map[string]int{}
	for _, m := range b.untilN(1) {
		seen[m.ID]++
		if string(m.Body) != "body of "+m.ID {
			t.Fatalf("%s has body %q", m.ID, m.Body)
		}
	}
	if len(seen) != publishers*batches*size || len(b.got) != len(seen) {
		t.Fatalf("got %d messages, %d different, want %d once", len(b.got), len(seen), publishers*batches*size)
	}
}

func notKept(t *testing.T, q queue.Queue) {
	body := []byte("as sent")
	publish(t, q, queue.Message{Topic: "events", ID: "a", Body: body})
	copy(body, "changed")
	b := consume(t, q, "events", queue.ConsumeOptions{}, nil)
	if got := b.untilN(1); string(got[0].Body) != "as sent" {
		t.Errorf("body is %q", got[0].Body)
	}
	b.end()
}

func follows(t *testing.T, q queue.Queue) {
	a := consume(t, q, "events", queue.ConsumeOptions{Workers: 2}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		return []queue.Message{
			{Topic: "invocations", ID: m.ID + "-1", Body: m.Body}, {Topic: "invocations", ID: m.ID + "-2"}}, nil
	})
	b := consume(t, q, "invocations", queue.ConsumeOptions{Workers: 2}, nil)
	for i := range 10 {
		publish(t, q, message("events", "e", i))
	}
	got := b.untilN(20)
	a.end()
	b.end()
	seen := map[string]bool{}
	for _, m := range got {
		seen[m.ID] = true
	}
	if len(got) != 20 || len(seen) != 20 || !seen["e7-2"] {
		t.Errorf("got %s", ids(got))
	}
}

// errand is work that is not written yet.
type errand string

func (e errand) Size() int { return len(e) }

func (e errand) AppendBody(dst []byte) ([]byte, error) { return append(dst, "written "+e...), nil }

// taken is the work of a message, however it came.
func taken(m queue.Message) string {
	if e, ok := m.Work.(errand); ok {
		return "written " + string(e)
	}
	return string(m.Body)
}

func work(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "invocations", ID: "p", Work: errand("p")})
	a := consume(t, q, "events", queue.ConsumeOptions{Workers: 2, Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		next := []queue.Message{{Topic: "invocations", ID: m.ID, Work: errand(m.ID)}}
		if m.ID == "e7" {
			next = append(next, queue.Message{Topic: "invocations", ID: "more", Work: errand("more")})
		}
		return next, nil
	})
	b := consume(t, q, "invocations", queue.ConsumeOptions{Workers: 2}, nil)
	for i := range 10 {
		publish(t, q, message("events", "e", i))
	}
	got := b.untilN(12)
	a.end()
	b.end()
	seen := map[string]bool{}
	for _, m := range got {
		seen[m.ID] = true
		if want := "written " + m.ID; taken(m) != want {
			t.Errorf("%s arrived as %q", m.ID, taken(m))
		}
	}
	if len(got) != 12 || len(seen) != 12 {
		t.Errorf("got %s", ids(got))
	}
	if e, i := stats(t, q, "events"), stats(t, q, "invocations"); e.Depth+i.Depth != 0 {
		t.Errorf("at the end, events are %+v and invocations %+v", e, i)
	}
}

func workFails(t *testing.T, q queue.Queue) {
	a := consume(t, q, "events", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		return []queue.Message{{Topic: "invocations", ID: m.ID, Work: errand(m.ID)}}, nil
	})
	b := consume(t, q, "invocations", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.Attempt < 2 {
			return nil, errors.New("not yet")
		}
		return []queue.Message{{Topic: "last", ID: m.ID, Work: errand("at last")}}, nil
	})
	c := consume(t, q, "last", queue.ConsumeOptions{}, nil)
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	last := c.untilN(1)
	got := b.untilN(3)
	a.end()
	b.end()
	c.end()
	for i, m := range got {
		if m.Attempt != i || taken(m) != "written a" {
			t.Errorf("delivery %d: attempt %d, %q", i, m.Attempt, taken(m))
		}
	}
	if len(got) != 3 || len(last) != 1 || taken(last[0]) != "written at last" {
		t.Errorf("got %s, then %s", ids(got), ids(last))
	}
}

func comesBack(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a", Body: []byte("x")}, queue.Message{Topic: "events", ID: "b"})
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 2}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.ID == "a" && m.Attempt < 3 {
			return []queue.Message{{Topic: "never", ID: "n"}}, errors.New("not yet")
		}
		return nil, nil
	})
	got := b.untilN(5)
	b.end()
	var attempts []int
	for _, m := range got {
		if m.ID == "a" {
			attempts = append(attempts, m.Attempt)
			if string(m.Body) != "x" {
				t.Errorf("attempt %d has body %q", m.Attempt, m.Body)
			}
		}
	}
	if fmt.Sprint(attempts) != "[0 1 2 3]" {
		t.Errorf("attempts were %v", attempts)
	}
	if s := stats(t, q, "never"); s.Depth != 0 {
		t.Error("what a failed station returned was published")
	}
}

func panics(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	back := make(chan struct{})
	b := consume(t, q, "events", queue.ConsumeOptions{}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.Attempt == 0 {
			panic("oh")
		}
		close(back)
		return nil, nil
	})
	await(t, back, "the message after a panic")
	b.end()
}

func notBefore(t *testing.T, q queue.Queue) {
	due := time.Now().Add(300 * time.Millisecond)
	publish(t, q, queue.Message{Topic: "events", ID: "later", NotBefore: due}, queue.Message{Topic: "events", ID: "now"})
	var at time.Time
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 1}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.ID == "later" {
			at = time.Now()
		}
		return nil, nil
	})
	b.untilN(1)
	if s := stats(t, q, "events"); time.Now().Before(due) && s.Delayed != 1 {
		t.Errorf("delayed is %d before the time, want 1", s.Delayed)
	}
	got := b.untilN(2)
	b.end()
	if got[0].ID != "now" || at.Before(due) {
		t.Errorf("got %s; the held one %v early", ids(got), due.Sub(at))
	}
}

func slow(t *testing.T, q queue.Queue) {
	release := make(chan struct{})
	publish(t, q, queue.Message{Topic: "events", ID: "slow"})
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 2}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		if m.ID == "slow" {
			<-release
		}
		return nil, nil
	})
	for i := range 200 {
		publish(t, q, message("events", "q", i))
	}
	b.untilN(200)
	close(release)
	b.untilN(201)
	b.end()
}

func ordered(t *testing.T, q queue.Queue) {
	const keys, each = 5, 60
	for i := range each {
		var msgs []queue.Message
		for k := range keys {
			msgs = append(msgs, message("events", fmt.Sprintf("k%d-", k), i))
		}
		publish(t, q, msgs...)
	}
	var mu sync.Mutex
	inHand := map[string]bool{}
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 8, Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		if inHand[m.Key] {
			t.Errorf("two messages of %s in hand", m.Key)
		}
		inHand[m.Key] = true
		mu.Unlock()
		time.Sleep(50 * time.Microsecond)
		mu.Lock()
		inHand[m.Key] = false
		mu.Unlock()
		return nil, nil
	})
	got := b.untilN(keys * each)
	b.end()
	next := map[string]int{}
	for _, m := range got {
		if want := m.Key + strconv.Itoa(next[m.Key]); m.ID != want {
			t.Fatalf("got %s, want %s", m.ID, want)
		}
		next[m.Key]++
	}
}

func failingKey(t *testing.T, q queue.Queue) {
	for i := range 5 {
		publish(t, q, message("events", "bad", i), message("events", "good", i))
	}
	var mu sync.Mutex
	healed := false
	b := consume(t, q, "events", queue.ConsumeOptions{Workers: 2, Ordered: true}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		if m.Key == "bad" && !healed {
			return nil, errors.New("still bad")
		}
		return nil, nil
	})
	b.until("five good ones and two failures", func(got []queue.Message) bool {
		good, bad := 0, 0
		for _, m := range got {
			if m.Key == "good" {
				good++
			} else {
				bad++
			}
			if m.Key == "bad" && m.ID != "bad0" {
				t.Fatalf("%s overtook bad0", m.ID)
			}
		}
		return good == 5 && bad >= 2
	})
	mu.Lock()
	healed = true
	mu.Unlock()
	got := b.until("the last bad one", func(got []queue.Message) bool {
		return slices.ContainsFunc(got, func(m queue.Message) bool { return m.ID == "bad4" })
	})
	b.end()
	var bad []string
	for _, m := range got {
		if m.Key == "bad" && (len(bad) == 0 || bad[len(bad)-1] != m.ID) {
			bad = append(bad, m.ID)
		}
	}
	if fmt.Sprint(bad) != "[bad0 bad1 bad2 bad3 bad4]" {
		t.Errorf("order was %v", bad)
	}
}

func stops(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	started, release := make(chan struct{}), make(chan struct{})
	b := consume(t, q, "events", queue.ConsumeOptions{}, func(context.Context, queue.Message) ([]queue.Message, error) {
		close(started)
		<-release
		return []queue.Message{{Topic: "invocations", ID: "b"}}, nil
	})
	await(t, started, "the station")
	b.stop()
	publish(t, q, queue.Message{Topic: "events", ID: "c"})
	select {
	case <-b.done:
		t.Fatal("Consume returned with a message in hand")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	wait(t, b.done, "Consume to return")
	if s := stats(t, q, "events"); s.Depth != 1 {
		t.Errorf("depth is %d after the stop, want 1: c", s.Depth)
	}
	if s := stats(t, q, "invocations"); s.Depth != 1 {
		t.Errorf("depth of what follows is %d after the stop, want 1", s.Depth)
	}
}

func givenBack(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	started := make(chan struct{})
	b := consume(t, q, "events", queue.ConsumeOptions{}, func(ctx context.Context, _ queue.Message) ([]queue.Message, error) {
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	await(t, started, "the station")
	b.end()
	b = consume(t, q, "events", queue.ConsumeOptions{}, nil)
	if got := b.untilN(1); got[0].ID != "a" || got[0].Attempt != 0 {
		t.Errorf("got %s, want a/0", ids(got))
	}
	b.end()
}

func grace(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	started, release := make(chan struct{}), make(chan struct{})
	var inGrace error
	b := consume(t, q, "events", queue.ConsumeOptions{Grace: patience}, func(ctx context.Context, _ queue.Message) ([]queue.Message, error) {
		close(started)
		<-release
		inGrace = ctx.Err()
		return nil, nil
	})
	await(t, started, "the station")
	b.stop()
	close(release)
	wait(t, b.done, "Consume to return")
	if inGrace != nil {
		t.Errorf("the station's context ended before Grace: %v", inGrace)
	}
}

func busy(t *testing.T, q queue.Queue) {
	publish(t, q, queue.Message{Topic: "events", ID: "a"})
	b := consume(t, q, "events", queue.ConsumeOptions{}, nil)
	b.untilN(1)
	if err := q.Consume(t.Context(), "events", queue.ConsumeOptions{}, nil); !errors.Is(err, queue.ErrBusy) {
		t.Errorf("second consumer: %v, want ErrBusy", err)
	}
	b.end()
	b = consume(t, q, "events", queue.ConsumeOptions{}, nil)
	b.end()
}

func depth(t *testing.T, q queue.Queue) {
	if s := stats(t, q, "events"); s != (queue.Stats{}) {
		t.Errorf("an unknown topic has stats %+v", s)
	}
	publish(t, q, message("events", "e", 1), message("events", "e", 2),
		queue.Message{Topic: "events", ID: "l", NotBefore: time.Now().Add(time.Hour)})
	if s := stats(t, q, "events"); s.Depth != 3 || s.Delayed != 1 || s.Oldest < 0 || s.Oldest > patience {
		t.Errorf("stats are %+v, want 3 messages, 1 of them delayed", s)
	}
	b := consume(t, q, "events", queue.ConsumeOptions{}, nil)
	b.untilN(2)
	b.end()
	if s := stats(t, q, "events"); s.Depth != 1 || s.Delayed != 1 || s.Oldest != 0 {
		t.Errorf("stats are %+v, want the delayed one only", s)
	}
}

func stats(t *testing.T, q queue.Queue, topic string) queue.Stats {
	t.Helper()
	s, err := q.Stats(t.Context(), topic)
	if err != nil {
		t.Fatalf("stats: %v", err)
	}
	return s
}

// settles: what follows from a message comes after what its station left
// behind was written, also when that fails at first.
func settles(t *testing.T, q queue.Queue) {
	const n = 200
	var mu sync.Mutex
	left, written, calls := map[string]bool{}, map[string]bool{}, 0
	settle := func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%3 == 1 {
			return errors.New("cannot write now")
		}
		for id := range left {
			written[id] = true
		}
		clear(left)
		return nil
	}
	early := make(chan string, n)
	after := consume(t, q, "after", queue.ConsumeOptions{Workers: 4}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		if !written[m.ID] {
			early <- m.ID
		}
		return nil, nil
	})
	events := consume(t, q, "events", queue.ConsumeOptions{Workers: 4, Settle: settle}, func(_ context.Context, m queue.Message) ([]queue.Message, error) {
		mu.Lock()
		defer mu.Unlock()
		left[m.ID] = true
		return []queue.Message{{Topic: "after", ID: m.ID}}, nil
	})
	for i := range n {
		publish(t, q, message("events", "k", i))
	}
	after.until("all that follows", func(got []queue.Message) bool {
		seen := map[string]bool{}
		for _, m := range got {
			seen[m.ID] = true
		}
		return len(seen) == n
	})
	events.end()
	after.end()
	select {
	case id := <-early:
		t.Errorf("%s came before its origin was settled", id)
	default:
	}
	if s := stats(t, q, "events"); s.Depth != 0 {
		t.Errorf("%d events are left", s.Depth)
	}
}
