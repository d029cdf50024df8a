package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// print writes the table and what became of each goal.
func (b *bench) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "%d rows, %d connections, least disturbed of %d interleaved rounds\n\n", b.o.rows, connections, b.o.rounds)
	fmt.Fprintln(w, "question\tserver\tanswers/s\tp50 ms\tp99 ms\tµs of CPU an answer\tbytes")
	for _, p := range b.pairs {
		line(w, p.name, "Hogpen", p.have)
		if b.theirs != nil {
			line(w, p.name, "PocketBase", p.peer)
		}
	}
	fmt.Fprintln(w, "\ngoal\thave\twant\t")
	if b.theirs != nil {
		for _, p := range b.pairs {
			ratio := p.have.rate / p.peer.rate
			fmt.Fprintf(w, "%s: rate, times PocketBase's\t%.1f\t≥ %.0f\t%s\n", p.name, ratio, p.rate, verdict(ratio >= p.rate))
			fmt.Fprintf(w, "%s: CPU an answer, times less\t%.1f\t\t\n", p.name, float64(p.peer.cost)/float64(max(p.have.cost, 1)))
			if p.p99 > 0 {
				part := float64(p.have.p99) / float64(p.peer.p99)
				fmt.Fprintf(w, "%s: p99, part of PocketBase's\t%.2f\t≤ %.2f\t%s\n", p.name, part, p.p99, verdict(part <= p.p99))
			}
		}
	}
	fmt.Fprintln(w, "\none request at a time\tmedian ms\twant\t\tµs of CPU an answer")
	for _, q := range b.singles {
		fmt.Fprintf(w, "%s\t%.2f\t≤ %.0f\t%s\t%d\n", q.name, ms(q.median), ms(q.worst), verdict(q.median <= q.worst), q.cost.Microseconds())
		if q.syncs {
			fmt.Fprintf(w, "… without the sync of %.2f ms\t%.2f\t\t\t\n", ms(b.sync), ms(q.median-b.sync))
		}
	}
	fmt.Fprintln(w, "\nserver\tfunctions\tstart s\tmost memory MB\tKB a function")
	b.size(w, "Hogpen", b.ours, b.o.rows)
	if b.large != nil {
		b.size(w, "Hogpen", b.large, b.o.many)
	}
}

// size tells what a server's start and its functions cost.
func (b *bench) size(w io.Writer, name string, s *server, functions int) {
	peak := float64(s.Peak()) / 1024
	fmt.Fprintf(w, "%s\t%d\t%.2f\t%.0f\t%.1f\n", name, functions, s.start.Seconds(), peak/1024, peak/float64(functions))
}

func line(w io.Writer, name, server string, r best) {
	fmt.Fprintf(w, "%s\t%s\t%.0f\t%.2f\t%.2f\t%d\t%d\n", name, server, r.rate, ms(r.p50), ms(r.p99), r.cost.Microseconds(), r.bytes)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
