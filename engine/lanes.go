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
	// How long a worker waits for its function's turn while few workers are
	// free, and while most are. After it the message is put off, which costs a
	// write and frees the worker.
	patience     = 250 * time.Millisecond
	morePatience = 6 * patience
	// tooLong is a wait that is not begun: others need the worker.
	tooLong = 3 * time.Second
	// tooSlow is how long the runs of a function take that is not waited for.
	tooSlow = time.Second
	// stuck is how long a function with all its places taken may go without
	// one run ending. Nobody waits for it then.
	stuck = 300 * time.Millisecond
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
	// gap is how long it takes from the end of one run to that of the next
	// while others wait, as a moving average.
	gap time.Duration
	// held is how long a run takes, as a moving average.
	held time.Duration
	// moved is when a run ended, or all places were taken, last.
	moved time.Time
	// pause is how long messages are put off. It doubles, at each doubled,
	// while the function has more than it can do, and halves while a message
	// finds a free place: what is put off is written once for each doubling,
	// and is not late when the function recovers.
	pause   time.Duration
	doubled time.Time
	used    time.Time
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
		if n.running++; n.running == share {
			n.moved = began
		}
		if n.pause > 0 && began.Sub(n.doubled) > n.pause {
			n.pause, n.doubled = n.pause/2, began
		}
		l.inHand++
		l.mu.Unlock()
		return l.leaver(n, began), time.Time{}, nil
	}
	most := morePatience
	if l.inHand >= l.workers*3/4 {
		most = patience
	}
	if wait := time.Duration(len(n.waiting)) * n.gap; slowed || n.held > tooSlow || wait > tooLong || began.Sub(n.moved) > stuck {
		later = n.putOff(began)
		l.mu.Unlock()
		return nil, later, nil
	}
	turn := make(chan struct{})
	n.waiting = append(n.waiting, turn)
	l.inHand++
	l.mu.Unlock()
	return l.await(ctx, n, turn, began.Add(most))
}

// share is how many of one function may run now. Needs mu.
func (l *lanes) share(slowed bool) int {
	most := perFunction
	if slowed {
		most = perSlowed
	}
	return max(1, min(most, (l.workers-l.inHand)/2))
}

// await waits for a turn until an instant, or until the function is stuck.
func (l *lanes) await(ctx context.Context, n *lane, turn chan struct{}, until time.Time) (leave func(), later time.Time, err error) {
	tick := time.NewTicker(stuck / 2)
	defer tick.Stop()
	for err == nil {
		select {
		case <-turn:
			return l.leaver(n, time.Now()), time.Time{}, nil
		case <-ctx.Done():
			err = ctx.Err()
		case now := <-tick.C:
			if now.Before(until) && !l.stuck(n, now) {
				continue
			}
		}
		break
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
	return nil, n.putOff(time.Now()), err
}

func (l *lanes) stuck(n *lane, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(n.moved) > stuck
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
		now := time.Now()
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(n.waiting) > 0 {
			n.gap += (now.Sub(n.moved) - n.gap) / 8
		}
		n.held += (now.Sub(began) - n.held) / 8
		n.moved = now
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

// putOff is when the next message may try again. Those of one moment are
// spread. Needs mu.
func (n *lane) putOff(now time.Time) time.Time {
	least := minPutOff
	if n.held > tooSlow {
		least = tooSlow
	}
	if n.pause < least {
		n.pause, n.doubled = least, now
	} else if now.Sub(n.doubled) >= n.pause {
		n.pause, n.doubled = min(2*n.pause, maxPutOff), now
	}
	return now.Add(n.pause/2 + rand.N(n.pause/2))
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
