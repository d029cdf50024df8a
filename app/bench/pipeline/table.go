package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// print writes the tables and what became of each goal.
func (b *bench) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "medians of %d interleaved rounds; every delivery was checked\n\n", b.o.rounds)
	fmt.Fprintln(w, "events a request\tserver\tevents/s\tµs of CPU an event\tack p50 ms\tack p99 ms\tpeak MB")
	for _, size := range sizes {
		for _, s := range b.servers {
			r := b.results[key(s.name, size)]
			fmt.Fprintf(w, "%d\t%s\t%.0f\t%.1f\t%.1f\t%.1f\t%d\n", size, s.name, middle(r.rates), middle(r.costs), middle(r.ack50), middle(r.ack99), r.peak>>20)
		}
	}
	for _, size := range sizes {
		if r := b.results[key("Hogpen", size)]; r != nil && len(r.bytes) > 0 {
			fmt.Fprintf(w, "%d\tallocated for an event\t%.1f KB\t%.1f objects\n", size, middle(r.bytes)/1024, middle(r.objects))
		}
	}
	if b.many != nil {
		fmt.Fprintf(w, "100\tHogpen, 10 destinations\t%.0f\t%.1f\t%.1f\t%.1f\t%d\n", middle(b.few.rates), middle(b.few.costs), middle(b.few.ack50), middle(b.few.ack99), b.few.peak>>20)
		fmt.Fprintf(w, "100\tHogpen, 1,000 destinations\t%.0f\t%.1f\t%.1f\t%.1f\t%d\n", middle(b.many.rates), middle(b.many.costs), middle(b.many.ack50), middle(b.many.ack99), b.many.peak>>20)
	}
	fmt.Fprintln(w, "\ngoal\thave\twant\t")
	b.goals(w)
}

func (b *bench) goals(w io.Writer) {
	our := func(size int) *result { return b.results[key("Hogpen", size)] }
	ref := func(size int) *result { return b.results[key("bare Go reference", size)] }
	atLeast(w, "batches: rate, part of the reference's", middle(our(100).rates)/middle(ref(100).rates), 0.70)
	atMost(w, "batches: CPU, times the reference's", middle(our(100).costs)/middle(ref(100).costs), 1.25)
	atMost(w, "single posts: CPU, times the reference's", middle(our(1).costs)/middle(ref(1).costs), 1.15)
	if node := b.results[key("PostHog's VM in Node", 100)]; node != nil {
		atLeast(w, "batches: CPU, times less than Node's", middle(node.costs)/middle(our(100).costs), 10)
	}
	if peer := b.results[key("Benthos, no buffer", 100)]; peer != nil {
		atLeast(w, "batches: CPU, times less than Benthos'", middle(peer.costs)/middle(our(100).costs), 2)
	}
	for _, size := range sizes {
		l, ok := b.latency[size]
		if !ok {
			continue
		}
		atMost(w, fmt.Sprintf("delivery p50 at half load, ms (%d a request)", size), l.p50, 5)
		atMost(w, fmt.Sprintf("delivery p99 at half load, ms (%d a request)", size), l.p99, 25)
	}
	if b.many != nil {
		atLeast(w, "1,000 destinations: part of the rate with 10", middle(b.many.rates)/middle(b.few.rates), 0.60)
	}
	atMost(w, "peak memory, MB", float64(max(our(1).peak, our(100).peak)>>20), 100)
	if b.queued > 0 {
		atMost(w, fmt.Sprintf("peak memory with %d events waiting, MB", b.o.queued), float64(b.queued>>20), 200)
	}
}

func atLeast(w io.Writer, what string, have, want float64) {
	fmt.Fprintf(w, "%s\t%.2f\t≥ %.2f\t%s\n", what, have, want, verdict(have >= want))
}

func atMost(w io.Writer, what string, have, want float64) {
	fmt.Fprintf(w, "%s\t%.2f\t≤ %.2f\t%s\n", what, have, want, verdict(have <= want))
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
