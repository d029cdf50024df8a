package engine

import (
	"sync"
	"time"

	"hogpen/cdp"
)

// masker counts invocations by key and holds repeated ones back (runtime
// specification 9). The counters live in memory: a restart begins new windows.
type masker struct {
	mu      sync.Mutex
	now     func() time.Time
	windows map[maskKey]*maskWindow
	swept   time.Time
}

type maskKey struct {
	function cdp.FunctionID
	key      string
}

type maskWindow struct {
	count int
	until time.Time
}

const (
	maxMaskTTL = 86400 * time.Second
	sweepEvery = time.Minute
)

func newMasker(now func() time.Time) *masker {
	return &masker{now: now, windows: map[maskKey]*maskWindow{}}
}

// masked counts one invocation and reports whether it is to be held back. The
// first of a window passes; with a threshold of T also every T-th after it.
// The window is fixed: it ends m.TTL after its first invocation.
func (k *masker) masked(f cdp.FunctionID, m *cdp.Masking, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	k.sweep(now)
	w := k.windows[maskKey{f, key}]
	if w == nil || !now.Before(w.until) {
		w = &maskWindow{until: now.Add(maskTTL(m.TTL))}
		k.windows[maskKey{f, key}] = w
	}
	w.count++
	if m.Threshold == nil || *m.Threshold <= 0 {
		return w.count > 1
	}
	return (w.count-1)%*m.Threshold != 0
}

func maskTTL(seconds int) time.Duration {
	if seconds <= 0 {
		return maxMaskTTL
	}
	return min(time.Duration(seconds)*time.Second, maxMaskTTL)
}

func (k *masker) sweep(now time.Time) {
	if now.Sub(k.swept) < sweepEvery {
		return
	}
	k.swept = now
	for key, w := range k.windows {
		if !now.Before(w.until) {
			delete(k.windows, key)
		}
	}
}
