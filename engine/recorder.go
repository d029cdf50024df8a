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
	// flushRows is a fifth of a second at full load: the more rows come
	// together, the less each costs.
	flushRows = 3000
	// holdRunning is how long the first report of a run is kept back: most
	// runs end before, and then are stored once and for ever.
	holdRunning = 2 * time.Second
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

	mu    sync.Mutex
	batch cdp.Batch
	runs  map[cdp.InvocationID]int // place in batch.Runs
	// fresh are runs of which nothing was written, by when their first report
	// came.
	fresh   map[cdp.InvocationID]time.Time
	held    int               // of batch.Runs: those that the last flush kept back
	metrics map[metricKey]int // place in batch.Metrics
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
	// As many come again, most likely.
	b.batch = cdp.Batch{
		Events: make([]cdp.Event, 0, len(b.batch.Events)), Ended: make([]cdp.Run, 0, len(b.batch.Ended)),
		Logs: make([]cdp.LogEntry, 0, len(b.batch.Logs)), Metrics: make([]cdp.Metric, 0, len(b.batch.Metrics)),
	}
	b.runs, b.metrics = map[cdp.InvocationID]int{}, map[metricKey]int{}
	b.fresh, b.held = map[cdp.InvocationID]time.Time{}, 0
}

// add puts rows in. Counts of one metric within a minute are added up; of the
// states of one run only the newest is written.
func (b *batcher) add(more cdp.Batch) {
	b.mu.Lock()
	b.batch.Events = append(b.batch.Events, more.Events...)
	b.batch.Logs = append(b.batch.Logs, more.Logs...)
	b.batch.Ended = append(b.batch.Ended, more.Ended...)
	for _, r := range more.Runs {
		b.addRun(r)
	}
	for _, m := range more.Metrics {
		b.addMetric(m)
	}
	b.bound()
	full := b.size()-b.held >= flushRows
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
	if r.Status == "running" && r.StartedAt.IsZero() { // it was just triggered
		b.fresh[r.ID] = time.Now()
	} else {
		delete(b.fresh, r.ID)
	}
}

// take hands over what is to be written. Runs that were triggered a moment ago
// stay, unless all is asked for; those that came to a good end meanwhile are
// Ended, for nothing of them was written before.
func (b *batcher) take(all bool) (batch cdp.Batch, n int) {
	batch = b.batch
	fresh := b.fresh
	b.reset()
	runs, now := batch.Runs, time.Now()
	batch.Runs = make([]cdp.Run, 0, len(runs))
	for _, r := range runs {
		since, isFresh := fresh[r.ID]
		switch {
		case isFresh && r.Status == string(cdp.OutcomeSucceeded) && !r.FinishedAt.IsZero():
			batch.Ended = append(batch.Ended, r)
		case isFresh && !all && r.FinishedAt.IsZero() && now.Sub(since) < holdRunning:
			b.runs[r.ID] = len(b.batch.Runs)
			b.batch.Runs = append(b.batch.Runs, r)
			b.fresh[r.ID] = since
		default:
			batch.Runs = append(batch.Runs, r)
		}
	}
	b.held = len(b.batch.Runs)
	return batch, rowsOf(&batch)
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

func (b *batcher) size() int { return rowsOf(&b.batch) }

func rowsOf(b *cdp.Batch) int {
	return len(b.Events) + len(b.Logs) + len(b.Runs) + len(b.Ended) + len(b.Metrics)
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
	over -= b.drop(over, len(b.batch.Ended), func(n int) { b.batch.Ended = b.batch.Ended[n:] })
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
			b.flush(true)
			return
		case <-tick.C:
		case <-b.wake:
		}
		b.flush(false)
	}
}

// flush writes what is there, with all also what was just triggered. What
// cannot be written waits for the next time.
func (b *batcher) flush(all bool) {
	b.before()
	b.mu.Lock()
	batch, n := b.take(all)
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
