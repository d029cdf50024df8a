package db_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"hogpen/cdp"
)

// BenchmarkRecordGrown records the same batches, in turn, in a database that is
// empty at first and in one that holds HOGPEN_ROWS rows: an event, a run and a
// log entry each count as one. The metric grown/empty is what growth costs.
func BenchmarkRecordGrown(b *testing.B) {
	const perBatch = 500
	rows := 300_000
	if s := os.Getenv("HOGPEN_ROWS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("HOGPEN_ROWS is %q, want a number", s)
		}
		rows = n
	}
	ctx := context.Background()
	empty, grown := openAt(b, nil, 1), openAt(b, nil, 1)
	at := 0
	for stored := 0; stored < rows; stored += 3 * perBatch {
		if err := grown.Record(ctx, laterBatch(at, perBatch)); err != nil {
			b.Fatal(err)
		}
		at++
	}
	b.Logf("%d rows are stored", at*3*perBatch)
	var took [2]time.Duration
	for b.Loop() {
		next := laterBatch(at, perBatch)
		at++
		for i, s := range []store{empty, grown} {
			began := time.Now()
			if err := s.Record(ctx, next); err != nil {
				b.Fatal(err)
			}
			took[i] += time.Since(began)
		}
	}
	perEvent := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N*perBatch) }
	b.ReportMetric(perEvent(took[0]), "empty-µs/event")
	b.ReportMetric(perEvent(took[1]), "grown-µs/event")
	b.ReportMetric(float64(took[1])/float64(took[0]), "grown/empty")
}

// laterBatch is batch number i of a stream: each begins a second after the one
// before, and belongs to one of a hundred functions.
func laterBatch(i, events int) cdp.Batch {
	b := batch(project, cdp.FunctionID("fn-"+strconv.Itoa(i%100)), events)
	shift := time.Duration(i) * time.Second
	for j := range b.Events {
		b.Events[j].Timestamp, b.Events[j].ReceivedAt = b.Events[j].Timestamp.Add(shift), b.Events[j].ReceivedAt.Add(shift)
		r := &b.Runs[j]
		r.ScheduledAt, r.StartedAt, r.FinishedAt = r.ScheduledAt.Add(shift), r.StartedAt.Add(shift), r.FinishedAt.Add(shift)
		b.Logs[j].Time, b.Metrics[j].Time = b.Logs[j].Time.Add(shift), b.Metrics[j].Time.Add(shift)
	}
	return b
}
