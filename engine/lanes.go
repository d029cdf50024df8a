package engine

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"hogpen/cdp"
)

// How invocations share the workers of their station.
const (
	// perFunction bounds the invocations of one function that run at a time
	// (runtime specification 10.2), perSlowed those of one that the watcher
	// slows.
	perFunction = 50
	perSlowed   = 8
	// patience is how long a worker waits for its function's turn. A function
	// whose runs are short is worth waiting for; the message of any other is
	// put off, for the worker has others to serve.
	patience = 50 * time.Millisecond
	// The bounds of how long a message is put off.
	minPutOff = 100 * time.Millisecond
	maxPutOff = 60 * time.Second
	// laneMemory is how long a lane without work is remembered.
	laneMemory = time.Minute
)

// lanes give each function its share of the workers, so that none with slow or
// hanging destinations takes those of others: a function may have as many in
// hand as half of the workers that are free then, and always one. So there is
// a free one for whoever comes next, however many functions are slow.
type lanes struct {
	mu      sync.Mutex
	workers int
	inHand  int // and waiting
	all     map[cdp.FunctionID]*lane
	swept   time.Time
}

// lane is what lanes know of one function.
type lane struct {
	running int
	waiting []chan struct{} // first come, first served
	// held is how long an invocation keeps its worker, as a moving average.
	held time.Duration
	// due is when the next message may be put off to: they come back one by
	// one, as fast as the function works.
	due  time.Time
	used time.Time
}

func newLanes(workers int) *lanes {
	return &lanes{workers: workers, all: map[cdp.FunctionID]*lane{}}
}

// enter takes a place for an invocation of f; leave gives it back. Without a
// place the message is to be put off until later.
func (l *lanes) enter(ctx context.Context, f cdp.FunctionID, slowed bool) (leave func(), later time.Time, err error) {
	began := time.Now()
	l.mu.Lock()
	l.sweep(began)
	n := l.all[f]
	if n == nil {
		n = &lane{}
		l.all[f] = n
	}
	n.used = began
	share := l.share(slowed)
	if n.running < share && len(n.waiting) == 0 {
		n.running++
		l.inHand++
		l.mu.Unlock()
		return l.leaver(n, began), time.Time{}, nil
	}
	// The wait is over when all before this one have had their turn.
	wait := time.Duration(len(n.waiting)/share+1) * n.held
	if slowed || wait > patience || n.held > patience/10 && l.inHand >= l.workers*3/4 {
		later = n.putOff(began, share)
		l.mu.Unlock()
		return nil, later, nil
	}
	turn := make(chan struct{})
	n.waiting = append(n.waiting, turn)
	l.inHand++
	l.mu.Unlock()
	return l.await(ctx, n, turn, share)
}

// share is how many of one function may run now. Needs mu.
func (l *lanes) share(slowed bool) int {
	most := perFunction
	if slowed {
		most = perSlowed
	}
	return max(1, min(most, (l.workers-l.inHand)/2))
}

// await waits for a turn, but not for long.
func (l *lanes) await(ctx context.Context, n *lane, turn chan struct{}, share int) (leave func(), later time.Time, err error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-turn:
		return l.leaver(n, time.Now()), time.Time{}, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-turn: // in the last moment
		if err == nil {
			return l.leaver(n, time.Now()), time.Time{}, nil
		}
		l.next(n)
	default:
		n.forget(turn)
		l.inHand--
	}
	// What runs now takes longer than was known.
	n.held = max(n.held, 2*patience)
	return nil, n.putOff(time.Now(), share), err
}

func (n *lane) forget(turn chan struct{}) {
	for i, w := range n.waiting {
		if w == turn {
			n.waiting = append(n.waiting[:i], n.waiting[i+1:]...)
			return
		}
	}
}

// leaver ends what enter began.
func (l *lanes) leaver(n *lane, began time.Time) func() {
	return func() {
		held := time.Since(began)
		l.mu.Lock()
		defer l.mu.Unlock()
		n.held += (held - n.held) / 8
		l.next(n)
	}
}

// next gives a place that is free now to whoever waits, or back. Needs mu.
func (l *lanes) next(n *lane) {
	l.inHand--
	if len(n.waiting) > 0 {
		close(n.waiting[0])
		n.waiting = n.waiting[1:]
		return
	}
	n.running--
}

// putOff is when the next message may try again. Needs mu.
func (n *lane) putOff(now time.Time, share int) time.Time {
	first := now.Add(minPutOff)
	if n.due.Before(first) {
		n.due = first
	}
	n.due = n.due.Add(n.held / time.Duration(share))
	if last := now.Add(maxPutOff); n.due.After(last) {
		n.due = last.Add(-rand.N(maxPutOff / 2))
	}
	return n.due
}

// sweep forgets functions that have not run for a while. Needs mu.
func (l *lanes) sweep(now time.Time) {
	if now.Sub(l.swept) < laneMemory {
		return
	}
	l.swept = now
	for id, n := range l.all {
		if n.running == 0 && len(n.waiting) == 0 && now.Sub(n.used) > laneMemory {
			delete(l.all, id)
		}
	}
}
