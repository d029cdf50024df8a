package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hogpen/cdp"
)

// Recorder keeps what happened. db.Store is one. The whole batch is stored or
// nothing of it.
type Recorder interface {
	Record(ctx context.Context, b cdp.Batch) error
}

const (
	flushEvery = 500 * time.Millisecond
	flushRows  = 500
	// maxPending bounds what waits while the store cannot keep up.
	maxPending    = 50_000
	recordTimeout = 30 * time.Second
)

// batcher collects rows and writes them from one goroutine, every half second
// or when there are many. Adding never waits for the store.
type batcher struct {
	to       Recorder
	log      *slog.Logger
	counters *counters
	// before is called ahead of each flush, to add what is counted elsewhere.
	before func()

	mu      sync.Mutex
	batch   cdp.Batch
	runs    map[cdp.InvocationID]int // place in batch.Runs
	metrics map[metricKey]int        // place in batch.Metrics
	wake    chan struct{}
}

type metricKey struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	name     cdp.Outcome
	minute   int64
}

func newBatcher(to Recorder, log *slog.Logger, c *counters) *batcher {
	b := &batcher{to: to, log: log, counters: c, before: func() {}, wake: make(chan struct{}, 1)}
	b.reset()
	return b
}

func (b *batcher) reset() {
	b.batch = cdp.Batch{}
	b.runs, b.metrics = map[cdp.InvocationID]int{}, map[metricKey]int{}
}

// add puts rows in. Counts of one metric within a minute are added up; of the
// states of one run only the newest is written.
func (b *batcher) add(more cdp.Batch) {
	b.mu.Lock()
	b.batch.Events = append(b.batch.Events, more.Events...)
	b.batch.Logs = append(b.batch.Logs, more.Logs...)
	for _, r := range more.Runs {
		b.addRun(r)
	}
	for _, m := range more.Metrics {
		b.addMetric(m)
	}
	b.bound()
	full := b.size() >= flushRows
	b.mu.Unlock()
	if full {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

func (b *batcher) addRun(r cdp.Run) {
	if i, ok := b.runs[r.ID]; ok {
		b.batch.Runs[i] = r
		return
	}
	b.runs[r.ID] = len(b.batch.Runs)
	b.batch.Runs = append(b.batch.Runs, r)
}

func (b *batcher) addMetric(m cdp.Metric) {
	k := metricKey{m.Project, m.Function, m.Name, m.Time.Unix() / 60}
	if i, ok := b.metrics[k]; ok {
		b.batch.Metrics[i].Count += m.Count
		return
	}
	if m.Kind == "" {
		m.Kind = m.Name.Kind()
	}
	b.metrics[k] = len(b.batch.Metrics)
	b.batch.Metrics = append(b.batch.Metrics, m)
}

func (b *batcher) size() int {
	return len(b.batch.Events) + len(b.batch.Logs) + len(b.batch.Runs) + len(b.batch.Metrics)
}

// bound drops the oldest rows: events first, then logs, then runs. Metrics are
// few, for they are added up, and stay.
func (b *batcher) bound() {
	over := b.size() - maxPending
	if over <= 0 {
		return
	}
	over = max(over, maxPending/10) // so that it need not be done for every row
	over -= b.drop(over, len(b.batch.Events), func(n int) { b.batch.Events = b.batch.Events[n:] })
	over -= b.drop(over, len(b.batch.Logs), func(n int) { b.batch.Logs = b.batch.Logs[n:] })
	b.drop(over, len(b.batch.Runs), func(n int) {
		b.batch.Runs = b.batch.Runs[n:]
		clear(b.runs)
		for i, r := range b.batch.Runs {
			b.runs[r.ID] = i
		}
	})
}

func (b *batcher) drop(want, have int, cut func(n int)) int {
	n := min(max(want, 0), have)
	if n > 0 {
		cut(n)
		b.counters.lost.Add(int64(n))
	}
	return n
}

// run writes until ctx ends, and then once more.
func (b *batcher) run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			b.flush()
			return
		case <-tick.C:
		case <-b.wake:
		}
		b.flush()
	}
}

// flush writes what is there. What cannot be written waits for the next time.
func (b *batcher) flush() {
	b.before()
	b.mu.Lock()
	batch, n := b.batch, b.size()
	b.reset()
	b.mu.Unlock()
	if n == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	if err := b.to.Record(ctx, batch); err != nil {
		b.log.Error("logs and metrics were not written", "rows", n, "error", err)
		b.putBack(batch)
		return
	}
	b.counters.recorded.Add(int64(n))
}

// putBack lays an unwritten batch under what came since.
func (b *batcher) putBack(old cdp.Batch) {
	b.mu.Lock()
	newer := b.batch
	b.reset()
	b.mu.Unlock()
	b.add(old)
	b.add(newer)
}
