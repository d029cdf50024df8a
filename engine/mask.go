package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hogpen/cdp"
)

// Windows is where the counters of masking outlive the process. db.Store is
// one.
type Windows interface {
	// Windows gives up to most windows that end after an instant.
	Windows(ctx context.Context, after time.Time, most int) ([]cdp.MaskWindow, error)
	// KeepWindows writes windows as they are now.
	KeepWindows(ctx context.Context, all []cdp.MaskWindow) error
}

// masker counts invocations by key and holds repeated ones back (runtime
// specification 9). The counters live in memory, and those that changed are
// written twice a second: a crash forgets the last moment of them, and an
// event is never held up by the disk.
type masker struct {
	now   func() time.Time
	log   *slog.Logger
	store Windows // nil keeps nothing
	most  int

	mu      sync.Mutex
	windows map[mark]*maskWindow
	dirty   map[mark]struct{}
	swept   time.Time
}

type maskWindow struct {
	count int
	until time.Time
	// passed is the invocation that passed last: when its event comes again
	// after a crash, it must not be held back by itself.
	passed mark
}

const (
	maxMaskTTL = 86400 * time.Second
	sweepEvery = time.Minute
	keepEvery  = 500 * time.Millisecond
	// maxWindows bounds the memory to some 100 MB. Beyond it, windows are
	// forgotten before their time: something runs once too often.
	maxWindows = 500_000
	// keepChunk is how many windows one transaction writes.
	keepChunk = 2000
)

func newMasker(now func() time.Time, log *slog.Logger, store Windows) *masker {
	return &masker{now: now, log: log, store: store, most: maxWindows, windows: map[mark]*maskWindow{}, dirty: map[mark]struct{}{}}
}

// load takes up the windows that an earlier process kept.
func (k *masker) load(ctx context.Context) error {
	if k.store == nil {
		return nil
	}
	kept, err := k.store.Windows(ctx, k.now(), k.most)
	if err != nil {
		return fmt.Errorf("load the windows of masking: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range kept {
		k.windows[w.Key] = &maskWindow{count: w.Count, until: w.Until, passed: w.Passed}
	}
	return nil
}

// masked counts one invocation and reports whether it is to be held back. The
// first of a window passes; with a threshold of T also every T-th after it.
// The window is fixed: it ends m.TTL after its first invocation.
func (k *masker) masked(f cdp.FunctionID, id cdp.InvocationID, m *cdp.Masking, key string) bool {
	at, who := markOf(string(f)+"/"+key), markOf(string(id))
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	k.sweep(now)
	w := k.windows[at]
	if w == nil || !now.Before(w.until) {
		if w == nil {
			k.makeRoom()
		}
		w = &maskWindow{until: now.Add(maskTTL(m.TTL))}
		k.windows[at] = w
	} else if w.passed == who {
		return false
	}
	w.count++
	k.dirty[at] = struct{}{}
	held := w.count > 1
	if m.Threshold != nil && *m.Threshold > 0 {
		held = (w.count-1)%*m.Threshold != 0
	}
	if !held {
		w.passed = who
	}
	return held
}

func maskTTL(seconds int) time.Duration {
	if seconds <= 0 {
		return maxMaskTTL
	}
	return min(time.Duration(seconds)*time.Second, maxMaskTTL)
}

// makeRoom forgets any window when there are too many. Needs mu.
func (k *masker) makeRoom() {
	for key := range k.windows {
		if len(k.windows) < k.most {
			return
		}
		delete(k.windows, key)
		delete(k.dirty, key)
	}
}

func (k *masker) sweep(now time.Time) {
	if now.Sub(k.swept) < sweepEvery {
		return
	}
	k.swept = now
	for key, w := range k.windows {
		if !now.Before(w.until) {
			delete(k.windows, key)
			delete(k.dirty, key)
		}
	}
}

// run writes what changed until ctx ends, and then once more.
func (k *masker) run(ctx context.Context) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			k.keep()
			return
		case <-tick.C:
			k.keep()
		}
	}
}

// keep writes what changed. What cannot be written is tried again.
func (k *masker) keep() {
	for {
		rows := k.changed()
		if len(rows) == 0 || k.store == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), stateTimeout)
		err := k.store.KeepWindows(ctx, rows)
		cancel()
		if err == nil {
			continue
		}
		k.log.Error("the windows of masking were not written", "windows", len(rows), "error", err)
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, r := range rows {
			if k.windows[r.Key] != nil {
				k.dirty[r.Key] = struct{}{}
			}
		}
		return
	}
}

func (k *masker) changed() []cdp.MaskWindow {
	k.mu.Lock()
	defer k.mu.Unlock()
	rows := make([]cdp.MaskWindow, 0, min(len(k.dirty), keepChunk))
	for key := range k.dirty {
		if len(rows) == keepChunk {
			break
		}
		delete(k.dirty, key)
		if w := k.windows[key]; w != nil {
			rows = append(rows, cdp.MaskWindow{Key: key, Count: w.count, Until: w.until, Passed: w.passed})
		}
	}
	return rows
}

// mark stands for a key of masking, in this process and the next: 16 bytes of
// its hash, a fifth of what a text costs.
type mark [16]byte

func markOf(key string) mark {
	sum := sha256.Sum256([]byte(key))
	return mark(sum[:16])
}
