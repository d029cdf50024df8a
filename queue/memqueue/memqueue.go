// Package memqueue is a queue in memory, for tests of what works on one. It
// keeps the contract of package queue in all but durability.
//
// All state stands under one lock. A topic holds what can run, a lane for each
// key of an ordered consumer with a message in hand, and a list of what must
// wait for its time; one goroutine for each consumer watches that list.
package memqueue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hogpen/queue"
)

// Options shape a Queue. The zero value of a field takes the default named
// beside it.
type Options struct {
	// MaxMessages bounds what is held: 1,000,000. Publish answers
	// queue.ErrFull beyond it.
	MaxMessages int
	// MaxAttempts is after how many failures a message is given up:
	// queue.MaxAttempts.
	MaxAttempts int
	// Pause is the wait before the given attempt: queue.Pause.
	Pause func(attempt int) time.Duration
	// Failed is told each error of a station; may be nil.
	Failed func(m queue.Message, err error)
}

// Queue is a queue in memory; New makes it.
type Queue struct {
	o Options

	mu     sync.Mutex
	topics map[string]*topic
	held   int
}

// topic is one kind of work. All under Queue.mu but settling.
type topic struct {
	settling sync.Mutex // held while what stations left behind is written
	ready    []item     // could run now, oldest first
	later    []item     // waits for its time
	inHand   int
	busy     map[string][]item // ordered: keys in hand or failed, and who waits behind
	dead     []queue.Message
	running  bool
	ordered  bool
	changed  chan struct{} // closed and replaced at each change
}

// item is a message with when it came and when it may run.
type item struct {
	m     queue.Message
	since time.Time
	due   time.Time
	heads bool // it failed, and its key waits for it
}

// New makes an empty queue.
func New(o Options) *Queue {
	if o.MaxMessages == 0 {
		o.MaxMessages = 1_000_000
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = queue.MaxAttempts
	}
	if o.Pause == nil {
		o.Pause = queue.Pause
	}
	return &Queue{o: o, topics: map[string]*topic{}}
}

// topic finds or makes a topic. Needs mu.
func (q *Queue) topic(name string) *topic {
	t := q.topics[name]
	if t == nil {
		t = &topic{busy: map[string][]item{}, changed: make(chan struct{})}
		q.topics[name] = t
	}
	return t
}

// change wakes all who wait for the topic. Needs mu.
func (t *topic) change() {
	close(t.changed)
	t.changed = make(chan struct{})
}

// Publish implements queue.Queue.
func (q *Queue) Publish(ctx context.Context, msgs ...queue.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held+len(msgs) > q.o.MaxMessages {
		return queue.ErrFull
	}
	return q.add(msgs)
}

// add stores messages, all or none. Needs mu.
func (q *Queue) add(msgs []queue.Message) error {
	if slices.ContainsFunc(msgs, func(m queue.Message) bool { return m.Topic == "" }) {
		return errors.New("a message needs a topic")
	}
	for i := range msgs {
		if err := msgs[i].Write(); err != nil {
			return err
		}
	}
	now := time.Now()
	for _, m := range msgs {
		it := item{m: m, since: now}
		it.m.Body = append([]byte(nil), m.Body...)
		it.m.NotBefore = time.Time{}
		t := q.topic(m.Topic)
		if m.NotBefore.After(now) {
			it.due = m.NotBefore
			t.later = append(t.later, it)
		} else {
			t.ready = append(t.ready, it)
		}
		q.held++
		t.change()
	}
	return nil
}

// Consume implements queue.Queue.
func (q *Queue) Consume(ctx context.Context, name string, opts queue.ConsumeOptions, s queue.Station) error {
	t, err := q.enlist(name, opts)
	if err != nil {
		return err
	}
	defer q.dismiss(t)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var workers sync.WaitGroup
	for range max(opts.Workers, 1) {
		workers.Go(func() {
			for {
				it, ok := q.take(ctx, t)
				if !ok {
					return
				}
				next, err := queue.Do(work, s, it.m)
				if err == nil && opts.Settle != nil {
					err = t.settleFirst(work, opts.Settle)
				}
				q.settle(ctx, work, t, it, next, err)
			}
		})
	}
	<-ctx.Done()
	if opts.Grace <= 0 {
		stop()
	} else {
		defer time.AfterFunc(opts.Grace, stop).Stop()
	}
	workers.Wait()
	return nil
}

func (t *topic) settleFirst(ctx context.Context, settle func(context.Context) error) error {
	t.settling.Lock()
	defer t.settling.Unlock()
	return settle(ctx)
}

func (q *Queue) enlist(name string, opts queue.ConsumeOptions) (*topic, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.topic(name)
	if t.running {
		return nil, queue.ErrBusy
	}
	t.running, t.ordered = true, opts.Ordered
	return t, nil
}

// dismiss puts what waited behind keys back to where it came from.
func (q *Queue) dismiss(t *topic) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var waiting []item
	for key, items := range t.busy {
		waiting = append(waiting, items...)
		if !slices.ContainsFunc(t.later, func(it item) bool { return it.heads && it.m.Key == key }) {
			delete(t.busy, key)
		} else {
			t.busy[key] = nil
		}
	}
	slices.SortStableFunc(waiting, func(a, b item) int { return a.since.Compare(b.since) })
	t.ready = append(waiting, t.ready...)
	t.running = false
}

// take waits for a message that may run; false when ctx has ended.
func (q *Queue) take(ctx context.Context, t *topic) (item, bool) {
	for {
		q.mu.Lock()
		if ctx.Err() != nil {
			q.mu.Unlock()
			return item{}, false
		}
		wait := t.wakeLater(time.Now())
		it, ok := t.pop()
		if ok {
			t.inHand++
		}
		changed := t.changed
		q.mu.Unlock()
		if ok {
			return it, true
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// wakeLater makes ready what is due and tells how long until the next is.
func (t *topic) wakeLater(now time.Time) time.Duration {
	wait := time.Hour
	keep := t.later[:0]
	var due []item
	for _, it := range t.later {
		if it.due.After(now) {
			wait = min(wait, it.due.Sub(now))
			keep = append(keep, it)
			continue
		}
		due = append(due, it)
	}
	t.later = keep
	slices.SortStableFunc(due, func(a, b item) int { return a.due.Compare(b.due) })
	for _, it := range due {
		if it.heads {
			t.ready = slices.Insert(t.ready, 0, it)
		} else {
			t.ready = append(t.ready, it)
		}
	}
	return wait
}

// pop takes the first message whose key is free.
func (t *topic) pop() (item, bool) {
	for len(t.ready) > 0 {
		it := t.ready[0]
		t.ready[0] = item{}
		t.ready = t.ready[1:]
		if !t.ordered || it.heads {
			return it, true
		}
		if waiting, busy := t.busy[it.m.Key]; busy {
			t.busy[it.m.Key] = append(waiting, it)
			continue
		}
		t.busy[it.m.Key] = nil
		return it, true
	}
	return item{}, false
}

// settle commits what a station said: acknowledgement and next in one step.
func (q *Queue) settle(ctx, work context.Context, t *topic, it item, next []queue.Message, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer t.change()
	t.inHand--
	if err == nil {
		err = q.add(next)
	}
	if err == nil {
		q.held--
		t.free(it.m.Key)
		return
	}
	if ctx.Err() != nil && work.Err() != nil && errors.Is(err, work.Err()) {
		t.free(it.m.Key)
		t.ready = slices.Insert(t.ready, 0, it)
		return
	}
	if q.o.Failed != nil {
		q.o.Failed(it.m, err)
	}
	it.m.Attempt++
	if queue.GiveUp(err, it.m.Attempt, q.o.MaxAttempts) {
		q.held--
		t.dead = append(t.dead, it.m)
		t.free(it.m.Key)
		return
	}
	it.due = time.Now().Add(q.o.Pause(it.m.Attempt))
	it.heads = t.ordered
	t.later = append(t.later, it)
}

// free lets the next message of a key go.
func (t *topic) free(key string) {
	if !t.ordered {
		return
	}
	waiting := t.busy[key]
	delete(t.busy, key)
	t.ready = append(waiting, t.ready...)
}

// Stats implements queue.Queue.
func (q *Queue) Stats(_ context.Context, name string) (queue.Stats, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.topics[name]
	if t == nil {
		return queue.Stats{}, nil
	}
	s := queue.Stats{Depth: int64(len(t.ready) + len(t.later) + t.inHand), Delayed: int64(len(t.later))}
	var oldest time.Time
	for _, it := range t.ready {
		if oldest.IsZero() || it.since.Before(oldest) {
			oldest = it.since
		}
	}
	for _, waiting := range t.busy {
		s.Depth += int64(len(waiting))
	}
	if !oldest.IsZero() {
		s.Oldest = time.Since(oldest)
	}
	return s, nil
}

// Dead gives the messages of a topic that were given up, oldest first.
func (q *Queue) Dead(name string) []queue.Message {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.topics[name]; t != nil {
		return slices.Clone(t.dead)
	}
	return nil
}
