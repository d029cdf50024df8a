package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// sizes are the two forms of the job: events a request.
var sizes = []int{1, 100}

// bench is a run of everything.
type bench struct {
	o        options
	receiver *receiver
	servers  []*server
	results  map[string]*result // by server and size
	latency  map[int]latencies  // at half load, by size
	many     *result            // with 1,000 destinations
	few      *result            // with 10
	queued   int64              // peak memory with many events waiting
}

// result collects the rounds of one server in one form.
type result struct {
	rates, costs, ack50, ack99 []float64 // events/s, µs an event, ms
	peak                       int64
	bytes, objects             []float64 // allocated for an event; of a profiled server
}

type latencies struct{ p50, p99 float64 }

func key(name string, size int) string { return fmt.Sprint(name, "/", size) }

func (b *bench) stop() {
	for _, s := range b.servers {
		s.process.Stop()
	}
}

// sideBySide starts all servers and gives each its turn in every round.
func (b *bench) sideBySide(ctx context.Context) error {
	h, codes, err := startHogpen(ctx, b.o, b.receiver.url())
	if h != nil {
		b.servers = append(b.servers, &h.server)
	}
	if err != nil {
		return err
	}
	ref, err := startReference(ctx, b.o, b.receiver.url())
	if err != nil {
		return err
	}
	b.servers = append(b.servers, ref)
	if b.o.node {
		n, err := startNode(ctx, b.o, b.receiver.url(), codes)
		if err != nil {
			return err
		}
		b.servers = append(b.servers, n)
	}
	if b.o.peer != "" {
		p, err := startBenthos(ctx, b.o, b.receiver.url())
		if err != nil {
			return err
		}
		b.servers = append(b.servers, p)
	}
	if err := b.rounds(ctx); err != nil {
		return err
	}
	b.latency = map[int]latencies{}
	if !b.o.half {
		return nil
	}
	for _, size := range sizes {
		rate := middle(b.results[key(h.name, size)].rates)
		if b.latency[size], err = b.halfLoad(ctx, &h.server, size, rate/2); err != nil {
			return fmt.Errorf("half load: %w", err)
		}
	}
	return nil
}

func (b *bench) rounds(ctx context.Context) error {
	for round := range b.o.rounds + 1 {
		for _, size := range sizes {
			for _, s := range b.servers {
				n := b.o.single
				if size > 1 {
					n = b.o.batches
				}
				if n /= s.share; round == 0 {
					n = min(n, 3000) // to warm up; not counted
				}
				r := &result{}
				if round > 0 {
					r = b.result(key(s.name, size))
				}
				take := b.round
				if round > 0 && s.profile != "" {
					take = b.profiledRound
				}
				if err := take(ctx, s, size, n, r); err != nil {
					return fmt.Errorf("%s, %d events a request: %w", s.name, size, err)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round, b.o.rounds)
	}
	return nil
}

func (b *bench) result(key string) *result {
	if b.results[key] == nil {
		b.results[key] = &result{}
	}
	return b.results[key]
}

// round runs the job once on a server.
func (b *bench) round(ctx context.Context, s *server, size, n int, into *result) error {
	first := take(n)
	reqs := bodies(s.token, first, n, size)
	b.receiver.expect(passing(first, n))
	before, err := s.process.Rest()
	if err != nil {
		return err
	}
	began := time.Now()
	l, err := post(ctx, s.url(size), reqs, 0)
	if err != nil {
		return err
	}
	if err := b.receiver.wait(ctx, 2*time.Minute); err != nil {
		return err
	}
	took := time.Since(began)
	after, err := s.process.Rest()
	if err != nil {
		return err
	}
	into.rates = append(into.rates, float64(n)/took.Seconds())
	into.costs = append(into.costs, float64((after-before).Microseconds())/float64(n))
	into.ack50 = append(into.ack50, ms(quantile(l.acks, 0.5)))
	into.ack99 = append(into.ack99, ms(quantile(l.acks, 0.99)))
	into.peak = max(into.peak, s.process.Peak())
	return b.receiver.check(first, n)
}

func (s *server) url(size int) string {
	if size == 1 {
		return s.single
	}
	return s.batch
}

// passing counts the numbers from first on that pass the filter.
func passing(first, n int) int {
	count := 0
	for i := first; i < first+n; i++ {
		if i%onePasses == 0 {
			count++
		}
	}
	return count
}

// halfLoad posts for five seconds at a fixed rate of events and measures from
// an event's answer to its delivery; a delivery before the answer counts as 0.
func (b *bench) halfLoad(ctx context.Context, s *server, size int, rate float64) (latencies, error) {
	n := max(int(rate*5)/size, 1) * size
	first := take(n)
	reqs := bodies(s.token, first, n, size)
	b.receiver.expect(passing(first, n))
	l, err := post(ctx, s.url(size), reqs, rate/float64(size))
	if err != nil {
		return latencies{}, err
	}
	if err := b.receiver.wait(ctx, time.Minute); err != nil {
		return latencies{}, err
	}
	if err := b.receiver.check(first, n); err != nil {
		return latencies{}, err
	}
	var all []time.Duration
	for i, at := range b.receiver.arrived {
		all = append(all, max(at.Sub(l.acked[(i-first)/size]), 0))
	}
	return latencies{ms(quantile(all, 0.5)), ms(quantile(all, 0.99))}, nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// middle is the median.
func middle(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[len(s)/2]
}
