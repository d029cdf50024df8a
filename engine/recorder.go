package engine

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"hogpen/cdp"
)

// Recorder keeps what happened. db.Store is one. The whole batch is stored or
// nothing of it. The batch's lists and the events' properties are the
// recorder's only until Record returns: their memory is used again.
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

	mu sync.Mutex
	pile
	runs map[cdp.InvocationID]int // place in batch.Runs
	// fresh are runs of which nothing was written, by when their first report
	// came.
	fresh   map[cdp.InvocationID]time.Time
	held    int               // of batch.Runs: those that the last flush kept back
	metrics map[metricKey]int // place in batch.Metrics
	wake    chan struct{}
	// spare is a pile that was written, for the next rows.
	spare pile
}

// pile is a batch with the memory that its lists and its events' properties
// lie in. Two take turns, so that recording allocates next to nothing.
type pile struct {
	batch cdp.Batch
	text  arena
}

// forget empties p for other rows.
func (p *pile) forget() {
	clearBatch(&p.batch)
	p.text.forget()
}

// clearBatch empties b and keeps its lists' room.
func clearBatch(b *cdp.Batch) {
	b.Events, b.Runs, b.Ended = cleared(b.Events), cleared(b.Runs), cleared(b.Ended)
	b.Logs, b.Metrics = cleared(b.Logs), cleared(b.Metrics)
}

func cleared[T any](list []T) []T {
	clear(list)
	return list[:0]
}

type metricKey struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	name     cdp.Outcome
	minute   int64
}

func newBatcher(to Recorder, log *slog.Logger, c *counters) *batcher {
	return &batcher{
		to: to, log: log, counters: c, before: func() {}, wake: make(chan struct{}, 1),
		runs: map[cdp.InvocationID]int{}, metrics: map[metricKey]int{}, fresh: map[cdp.InvocationID]time.Time{},
	}
}

// reset begins a new pile.
func (b *batcher) reset() {
	b.pile, b.spare = b.spare, pile{}
	clear(b.runs)
	clear(b.metrics)
	clear(b.fresh)
	b.held = 0
}

// add puts rows in and copies the properties of events. Counts of one metric
// within a minute are added up; of the states of one run only the newest is
// written.
func (b *batcher) add(more cdp.Batch) {
	b.mu.Lock()
	for i := range more.Events {
		e := more.Events[i]
		e.Properties = b.text.keep(e.Properties)
		b.batch.Events = append(b.batch.Events, e)
	}
	b.batch.Logs = append(b.batch.Logs, more.Logs...)
	b.batch.Ended = append(b.batch.Ended, more.Ended...)
	for i := range more.Runs {
		b.addRun(&more.Runs[i])
	}
	for i := range more.Metrics {
		b.addMetric(&more.Metrics[i])
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

func (b *batcher) addRun(r *cdp.Run) {
	if i, ok := b.runs[r.ID]; ok {
		// A webhook's first step is told after the run is on its way, and may come
		// after its end.
		if !r.FinishedAt.IsZero() || b.batch.Runs[i].FinishedAt.IsZero() {
			b.batch.Runs[i] = *r
		}
		return
	}
	b.runs[r.ID] = len(b.batch.Runs)
	b.batch.Runs = append(b.batch.Runs, *r)
	if r.Status == "running" && r.StartedAt.IsZero() { // it was just triggered
		b.fresh[r.ID] = time.Now()
	} else {
		delete(b.fresh, r.ID)
	}
}

// take hands over what is to be written. Runs that were triggered a moment ago
// stay, unless all is asked for; those that came to a good end meanwhile are
// Ended, for nothing of them was written before.
func (b *batcher) take(all bool) (p pile, n int) {
	runs, now := b.batch.Runs, time.Now()
	write, hold := runs[:0], []cdp.Run(nil)
	for _, r := range runs {
		since, isFresh := b.fresh[r.ID]
		switch {
		case isFresh && r.Status == string(cdp.OutcomeSucceeded) && !r.FinishedAt.IsZero():
			b.batch.Ended = append(b.batch.Ended, r)
		case isFresh && !all && r.FinishedAt.IsZero() && now.Sub(since) < holdRunning:
			hold = append(hold, r)
		default:
			write = append(write, r)
		}
	}
	clear(runs[len(write):])
	p = b.pile
	p.batch.Runs = write
	since := make([]time.Time, len(hold))
	for i := range hold {
		since[i] = b.fresh[hold[i].ID]
	}
	b.reset()
	for i := range hold {
		b.addRun(&hold[i])
		b.fresh[hold[i].ID] = since[i]
	}
	b.held = len(hold)
	return p, rowsOf(&p.batch)
}

func (b *batcher) addMetric(m *cdp.Metric) {
	k := metricKey{m.Project, m.Function, m.Name, m.Time.Unix() / 60}
	if i, ok := b.metrics[k]; ok {
		b.batch.Metrics[i].Count += m.Count
		return
	}
	b.metrics[k] = len(b.batch.Metrics)
	b.batch.Metrics = append(b.batch.Metrics, *m)
	if m.Kind == "" {
		b.batch.Metrics[len(b.batch.Metrics)-1].Kind = m.Name.Kind()
	}
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
	p, n := b.take(all)
	b.mu.Unlock()
	if n > 0 && b.write(p.batch, n) {
		b.counters.recorded.Add(int64(n))
	} else if n > 0 {
		b.putBack(p)
	}
	p.forget()
	b.mu.Lock()
	b.spare = p
	b.mu.Unlock()
}

func (b *batcher) write(batch cdp.Batch, n int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	err := b.to.Record(ctx, batch)
	if err != nil {
		b.log.Error("logs and metrics were not written", "rows", n, "error", err)
	}
	return err == nil
}

// putBack lays an unwritten batch under what came since.
func (b *batcher) putBack(old pile) {
	b.mu.Lock()
	newer := b.pile
	b.reset()
	b.mu.Unlock()
	b.add(old.batch)
	b.add(newer.batch)
}

// arena is memory for texts that are forgotten together.
type arena struct {
	chunks [][]byte
	at     int // the chunk in use
}

const (
	arenaChunk = 256 << 10
	arenaKept  = 8 // chunks that are kept for the next texts
)

// keep copies text; the copy is good until forget.
func (a *arena) keep(text []byte) []byte {
	for a.at < len(a.chunks) && cap(a.chunks[a.at])-len(a.chunks[a.at]) < len(text) {
		a.at++
	}
	if a.at == len(a.chunks) {
		a.chunks = append(a.chunks, make([]byte, 0, max(arenaChunk, len(text))))
	}
	c := a.chunks[a.at]
	a.chunks[a.at] = append(c, text...)
	return a.chunks[a.at][len(c) : len(c)+len(text) : len(c)+len(text)]
}

func (a *arena) forget() {
	kept := a.chunks[:0]
	for _, c := range a.chunks {
		if cap(c) == arenaChunk && len(kept) < arenaKept {
			kept = append(kept, c[:0])
		}
	}
	clear(a.chunks[len(kept):])
	a.chunks, a.at = kept, 0
}
