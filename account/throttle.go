package account

import (
	"fmt"
	"sync"
	"time"

	"hogpen/cdp"
)

// Wait is the cause of an error with code TooMany: it says for how long. The
// edge turns it into a Retry-After header.
type Wait struct{ For time.Duration }

func (w *Wait) Error() string { return fmt.Sprintf("wait %s", w.For) }

// RetryAfter gives the pause to keep.
func (w *Wait) RetryAfter() time.Duration { return w.For }

// allowance is how many failures are free, and how the pause grows after
// them: first, then twice as much each time, up to most.
type allowance struct {
	free  int
	first time.Duration
	most  time.Duration
}

var (
	// emailFailures guards one account (UI specification 8.1: after five
	// failures a delay is stated).
	emailFailures = allowance{free: 5, first: 30 * time.Second, most: 15 * time.Minute}
	// addressFailures guards against one address that tries many accounts;
	// it is wider, as an office shares one address.
	addressFailures = allowance{free: 20, first: 30 * time.Second, most: 15 * time.Minute}
)

// memory is how long failures are remembered after the last one.
const memory = time.Hour

// maxWatched bounds the memory that strangers can make us use.
const maxWatched = 20_000

// throttle counts failures by name, in memory: a restart forgives.
type throttle struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, by: map[string]failures{}}
}

// check refuses with TooMany while the name's pause lasts.
func (t *throttle) check(name string, a allowance) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.by[name].until.Sub(t.now())
	if left <= 0 {
		return nil
	}
	left = left.Round(time.Second)
	if left < time.Second {
		left = time.Second
	}
	return &cdp.Error{
		Code:    cdp.TooMany,
		Message: fmt.Sprintf("Too many failed attempts. Try again in %s.", inWords(left)),
		Cause:   &Wait{For: left},
	}
}

// inWords writes a pause as people read it: "30 s", "4 min".
func inWords(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d/time.Second))
	}
	return fmt.Sprintf("%d min", int((d+time.Minute-1)/time.Minute))
}

// fail counts one failure.
func (t *throttle) fail(name string, a allowance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	f := t.by[name]
	if now.Sub(f.last) > memory {
		f = failures{}
	}
	f.count++
	f.last = now
	if over := f.count - a.free; over >= 0 {
		pause := a.most
		if over < 10 {
			pause = min(a.first<<over, a.most)
		}
		f.until = now.Add(pause)
	}
	if _, known := t.by[name]; !known && len(t.by) >= maxWatched {
		t.sweep(now)
	}
	t.by[name] = f
}

// sweep drops what is forgotten; when nothing is, everything without a
// running pause.
func (t *throttle) sweep(now time.Time) {
	for k, f := range t.by {
		if now.Sub(f.last) > memory {
			delete(t.by, k)
		}
	}
	if len(t.by) < maxWatched {
		return
	}
	for k, f := range t.by {
		if !f.until.After(now) {
			delete(t.by, k)
		}
	}
	if len(t.by) >= maxWatched {
		clear(t.by)
	}
}

// forget clears a name after a success.
func (t *throttle) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.by, name)
}
