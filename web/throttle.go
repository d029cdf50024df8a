package web

import (
	"fmt"
	"sync"
	"time"

	"hogpen/cdp"
)

// Throttle bounds how often one personal API key may be used.
type Throttle struct {
	PerMinute int
	PerHour   int
	// Off switches it off.
	Off bool
}

// DefaultThrottle is PostHog's (REST API specification 1.5).
func DefaultThrottle() Throttle { return Throttle{PerMinute: 480, PerHour: 4800} }

// maxThrottled bounds the keys that are counted at once; idle ones go first.
const maxThrottled = 10_000

// throttle counts in two sliding windows: the minute in seconds, the hour in
// minutes. A window that is full opens again when its oldest slot leaves.
type throttle struct {
	limit Throttle
	now   func() time.Time
	mu    sync.Mutex
	by    map[string]*usage
}

type usage struct {
	minute window // 60 slots of a second
	hour   window // 60 slots of a minute
	last   int64
}

// window counts in 60 slots, each step seconds wide.
type window struct {
	counts [60]int
	head   int64 // number of the newest slot since the epoch
	total  int
}

func newThrottle(limit Throttle, now func() time.Time) *throttle {
	if limit == (Throttle{}) {
		limit = DefaultThrottle()
	}
	return &throttle{limit: limit, now: now, by: map[string]*usage{}}
}

// allow counts one use of a key, or refuses it with PostHog's text and the
// time after which it will be allowed. A refused use does not count.
func (t *throttle) allow(key string) error {
	if t.limit.Off {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now().Unix()
	u := t.by[key]
	if u == nil {
		t.sweep(now)
		u = &usage{}
		t.by[key] = u
	}
	u.last = now
	u.minute.forward(now)
	u.hour.forward(now / 60)
	wait := int64(0)
	if u.minute.total >= t.limit.PerMinute {
		wait = u.minute.opens() - now
	}
	if u.hour.total >= t.limit.PerHour {
		wait = max(wait, u.hour.opens()*60-now)
	}
	if wait > 0 {
		return throttled(time.Duration(wait) * time.Second)
	}
	u.minute.add()
	u.hour.add()
	return nil
}

// forward moves the window to a slot, emptying those that fall out.
func (w *window) forward(slot int64) {
	if slot-w.head >= 60 {
		*w = window{head: slot}
		return
	}
	for w.head < slot {
		w.head++
		i := w.head % 60
		w.total -= w.counts[i]
		w.counts[i] = 0
	}
}

func (w *window) add() {
	w.counts[w.head%60]++
	w.total++
}

// opens is the number of the slot at which the oldest used one leaves.
func (w *window) opens() int64 {
	for slot := w.head - 59; slot <= w.head; slot++ {
		if slot >= 0 && w.counts[slot%60] > 0 {
			return slot + 60
		}
	}
	return w.head + 1
}

// sweep makes room for another key.
func (t *throttle) sweep(now int64) {
	if len(t.by) < maxThrottled {
		return
	}
	for k, u := range t.by {
		if now-u.last > 3600 {
			delete(t.by, k)
		}
	}
	if len(t.by) >= maxThrottled {
		clear(t.by)
	}
}

// pause is the cause of a throttled error; it becomes the Retry-After header.
type pause time.Duration

func (p pause) Error() string             { return "throttled for " + time.Duration(p).String() }
func (p pause) RetryAfter() time.Duration { return time.Duration(p) }

func throttled(wait time.Duration) error {
	n, unit := seconds(wait), "seconds"
	if n == 1 {
		unit = "second"
	}
	return &cdp.Error{
		Code:    cdp.TooMany,
		Message: fmt.Sprintf("Request was throttled. Expected available in %d %s.", n, unit),
		Cause:   pause(wait),
	}
}
