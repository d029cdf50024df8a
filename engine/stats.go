package engine

import (
	"context"
	"sync/atomic"
	"time"

	"hogpen/cdp"
	"hogpen/queue"
)

// Stats are the engine's figures since its start, for whoever publishes them.
type Stats struct {
	Ingested   int64 // events stored in the queue
	Processed  int64 // events that went through the first station
	Duplicates int64 // events that came a second time
	Dropped    int64 // events that a transformation dropped
	Malformed  int64 // messages that could not be read
	Recorded   int64 // rows written by the recorder
	Lost       int64 // rows that the recorder dropped
	PutOff     int64 // invocations that waited for their function's turn in the queue
	// Outcomes counts by metric name.
	Outcomes map[cdp.Outcome]int64
	Fetch    Histogram // attempts of fetches
	VM       Histogram // programs' own time, of destinations and transformations
	// Queues describes the queue by topic.
	Queues map[string]queue.Stats
	// Functions is how many functions are live.
	Functions int
	// DeadLetters counts by kind those that were not done again; nil when the
	// store cannot tell.
	DeadLetters map[string]int64
	// Missed counts what live feeds left out because their readers were slow.
	Missed int64
}

// Histogram counts durations up to each bound, cumulatively.
type Histogram struct {
	Bounds []time.Duration
	Counts []int64 // one more than bounds: the last one counts all
	Sum    time.Duration
}

var bounds = []time.Duration{
	100 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

type histogram struct {
	counts [16]atomic.Int64 // one for each bound and one above
	sum    atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	i := 0
	for i < len(bounds) && d > bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) read() Histogram {
	out := Histogram{Bounds: bounds, Sum: time.Duration(h.sum.Load())}
	total := int64(0)
	for i := range len(bounds) + 1 {
		total += h.counts[i].Load()
		out.Counts = append(out.Counts, total)
	}
	return out
}

var countedOutcomes = []cdp.Outcome{
	cdp.OutcomeTriggered, cdp.OutcomeSucceeded, cdp.OutcomeFailed, cdp.OutcomeFiltered, cdp.OutcomeFilteringFailed,
	cdp.OutcomeInputsFailed, cdp.OutcomeMasked, cdp.OutcomeDisabled, cdp.OutcomeRateLimited, cdp.OutcomeDropped,
	cdp.OutcomeFetch, cdp.OutcomeRetried, cdp.OutcomeCancelled, cdp.OutcomeReplayed,
}

type counters struct {
	ingested, processed, duplicates, dropped, malformed, recorded, lost, putOff atomic.Int64

	outcomes  map[cdp.Outcome]*atomic.Int64 // filled once
	fetch, vm histogram
}

func newCounters() *counters {
	c := &counters{outcomes: map[cdp.Outcome]*atomic.Int64{}}
	for _, o := range countedOutcomes {
		c.outcomes[o] = new(atomic.Int64)
	}
	return c
}

func (c *counters) outcome(o cdp.Outcome, n int64) {
	if counter := c.outcomes[o]; counter != nil {
		counter.Add(n)
	}
}

// Stats reads the engine's figures. A topic whose queue cannot tell is left out.
func (e *Engine) Stats(ctx context.Context) Stats {
	c := e.counters
	s := Stats{
		Ingested: c.ingested.Load(), Processed: c.processed.Load(), Duplicates: c.duplicates.Load(), Dropped: c.dropped.Load(),
		Malformed: c.malformed.Load(), Recorded: c.recorded.Load(), Lost: c.lost.Load(), PutOff: c.putOff.Load(),
		Outcomes: map[cdp.Outcome]int64{}, Queues: map[string]queue.Stats{},
		Fetch: c.fetch.read(), VM: c.vm.read(), Functions: e.registry.Load().size(), Missed: e.hub.missed.Load(),
	}
	for o, n := range c.outcomes {
		s.Outcomes[o] = n.Load()
	}
	for _, topic := range []string{TopicEvents, TopicInvocations} {
		if q, err := e.cfg.Queue.Stats(ctx, topic); err == nil {
			s.Queues[topic] = q
		}
	}
	if e.cfg.Letters != nil {
		if n, err := e.cfg.Letters.WaitingLetters(ctx); err == nil {
			s.DeadLetters = n
		}
	}
	return s
}
