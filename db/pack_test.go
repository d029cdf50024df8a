package db_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

// mixed is n of everything as the engine records it, of two projects and three
// functions, with a failure now and then.
func mixed(n int, from time.Time) cdp.Batch {
	var b cdp.Batch
	for i := range n {
		p, f := cdp.ProjectID(1+i%2), cdp.FunctionID(fmt.Sprint("fn-", i%3))
		when := from.Add(time.Duration(i) * 7 * time.Millisecond)
		name := fmt.Sprint("event ", i%5)
		event := uuid.NewString()
		r := cdp.Run{ID: cdp.InvocationID(uuid.NewString()), Project: p, Function: f, Version: 2, Status: "succeeded", Attempts: 1,
			EventUUID: event, EventName: name, DistinctID: fmt.Sprint("user-", i%11), ScheduledAt: when, StartedAt: when, FinishedAt: when, Duration: time.Millisecond}
		l := cdp.LogEntry{Project: p, Function: f, Invocation: r.ID, Time: when.Truncate(time.Millisecond), Level: cdp.LevelDebug, Message: fmt.Sprintf("Function completed in %d ms", i)}
		b.Events = append(b.Events, cdp.Event{Project: p, UUID: event, Name: name, DistinctID: r.DistinctID, Timestamp: when, ReceivedAt: when, Properties: []byte(`{"n":1}`)})
		if i%10 == 3 {
			r.Status, r.ErrorKind, r.ErrorMessage = "failed", "http_5xx", "It said 500"
			l.Level, l.Message = cdp.LevelError, "HTTP fetch failed"
			b.Runs = append(b.Runs, r)
		} else {
			b.Ended = append(b.Ended, r)
		}
		b.Logs = append(b.Logs, l)
	}
	return b
}

// TestPacksAnswerAsRows asks a store of rows and one of packs the same.
func TestPacksAnswerAsRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rows, packs := openAt(t, nil, 1<<30).Store, openAt(t, nil, 0).Store
	var all []cdp.Batch
	for i, n := range []int{700, 3, 2500, 60, 130} { // many and few, so that packs and rows mix
		b := mixed(n, dbtest.Now.Add(time.Duration(i)*3*time.Second))
		all = append(all, b)
		for _, s := range []*db.Store{rows, packs} {
			if err := s.Record(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
	}
	same := func(what string, ask func(s *db.Store) (any, error)) {
		t.Helper()
		want, have := must(ask(rows))(t), must(ask(packs))(t)
		if d := cmp.Diff(want, have); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
	some := all[2].Ended[1000]
	mid, late := dbtest.Now.Add(9*time.Second+3*time.Millisecond), dbtest.Now.Add(16*time.Second)
	for _, q := range []cdp.RunQuery{
		{}, {Limit: 7, Offset: 1500}, {Function: "fn-1"}, {Function: "fn-9"}, {Statuses: []string{"failed"}}, {Statuses: []string{"failed", "succeeded"}, Limit: 300},
		{After: mid, Before: late, Limit: 2000}, {Search: "EVENT 3"}, {Search: string(some.ID)}, {Search: some.DistinctID, Function: some.Function},
		{EventUUID: some.EventUUID}, {Search: "nothing has it"}, {Limit: 10, Offset: 10_000},
	} {
		for q.Project = 1; q.Project < 4; q.Project++ {
			same(fmt.Sprintf("runs %+v", q), func(s *db.Store) (any, error) { return s.Runs(ctx, q) })
			same(fmt.Sprintf("counts of runs %+v", q), func(s *db.Store) (any, error) { return s.RunCounts(ctx, q) })
		}
	}
	same("runs of an event", func(s *db.Store) (any, error) { return s.RunsOf(ctx, some.Project, some.EventUUID) })
	same("a run", func(s *db.Store) (any, error) { return s.Run(ctx, some.Project, some.ID) })
	for _, q := range []cdp.LogQuery{
		{}, {Limit: 9, Offset: 1200}, {Function: "fn-2"}, {Levels: []cdp.Level{cdp.LevelError}}, {Levels: []cdp.Level{cdp.LevelError, cdp.LevelDebug}, Limit: 500},
		{After: mid, Before: late, Limit: 3000}, {Search: "COMPLETED in 17"}, {Search: "500"}, {Invocation: some.ID}, {Invocation: some.ID, Function: "fn-9"},
		{Tail: true, Limit: 100}, {Tail: true, AfterSeq: 699, Limit: 20}, {Tail: true, AfterSeq: 3300, Limit: 10_000}, {Tail: true, AfterSeq: 1e9},
	} {
		for q.Project = 1; q.Project < 4; q.Project++ {
			// The stores number alike, but for the order of projects in a batch.
			same(fmt.Sprintf("log entries %+v", q), func(s *db.Store) (any, error) { return s.Logs(ctx, q) })
			if !q.Tail {
				same(fmt.Sprintf("counts of log entries %+v", q), func(s *db.Store) (any, error) { return s.LogCounts(ctx, q) })
			}
		}
	}
	for _, step := range []time.Duration{time.Second, 10 * time.Millisecond, time.Minute} {
		for _, f := range []cdp.FunctionID{"", "fn-0"} {
			same(fmt.Sprintf("histogram by %s", step), func(s *db.Store) (any, error) {
				return s.LogHistogram(ctx, cdp.LogQuery{Project: 1, Function: f, After: mid, Before: late}, step)
			})
		}
	}
	same("last number", func(s *db.Store) (any, error) { return s.LastLogSeq(ctx) })
	for _, q := range []cdp.EventQuery{{}, {Limit: 2500}, {Before: mid}, {Search: "event 4"}, {Search: some.EventUUID}, {Search: "USER-7", Limit: 400}, {Search: "nowhere"}} {
		q.Project = 1
		same(fmt.Sprintf("events %+v", q), func(s *db.Store) (any, error) { return s.RecentEvents(ctx, q) })
	}
	same("an event", func(s *db.Store) (any, error) { return s.Event(ctx, some.Project, some.EventUUID) })
	same("newest events", func(s *db.Store) (any, error) {
		var have []string
		err := s.NewestEvents(ctx, mid, 1e6, func(p cdp.ProjectID, uuid string) { have = append(have, fmt.Sprint(p, uuid)) })
		slices.Sort(have)
		return have, err
	})
	for _, s := range []*db.Store{rows, packs} {
		if err := s.MarkRerun(ctx, []cdp.RerunMark{{Run: some.ID, As: all[2].Ended[3].ID, Mapping: 4}}, dbtest.Now); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []cdp.RunQuery{{}, {Limit: 3000}, {NotRerun: true, Limit: 3000}, {Statuses: []string{"failed"}}, {ErrorKinds: []string{"http_5xx"}},
		{IDs: []cdp.InvocationID{some.ID, all[0].Runs[0].ID}}, {IDs: []cdp.InvocationID{some.ID}, NotRerun: true}} {
		q.Project = some.Project
		same(fmt.Sprintf("reruns %+v", q), func(s *db.Store) (any, error) { return s.RerunItems(ctx, q) })
		same(fmt.Sprintf("runs %+v", q), func(s *db.Store) (any, error) { return s.Runs(ctx, q) })
		same(fmt.Sprintf("count of reruns %+v", q), func(s *db.Store) (any, error) {
			runs, gone, err := s.CountReruns(ctx, q)
			return [2]int64{runs, gone}, err
		})
	}
	same("stats", func(s *db.Store) (any, error) { return s.FunctionStats(ctx, 1, []cdp.FunctionID{"fn-0", "fn-9"}) })
	for _, s := range []*db.Store{rows, packs} {
		must(s.Prune(ctx, db.Retention{Events: -1, Runs: -1, Logs: -1, MaxLogs: 1234}))(t)
	}
	same("counts after pruning", func(s *db.Store) (any, error) { return s.LogCounts(ctx, cdp.LogQuery{Project: 1}) })
}

// FuzzOpenPack opens what may be no pack.
func FuzzOpenPack(f *testing.F) {
	b := mixed(40, dbtest.Now)
	digest, body := db.PackRuns(b.Ended)
	f.Add(digest, body)
	f.Add([]byte{}, []byte{})
	f.Add([]byte{1, 0, 0, 2}, []byte{5, 0xff, 1, 2})
	f.Fuzz(func(t *testing.T, digest, body []byte) {
		db.OpenPack(digest, body) // must return
	})
}

func BenchmarkPackedRecord(b *testing.B) {
	ctx := context.Background()
	for _, from := range []int{1 << 30, 64} {
		b.Run(fmt.Sprint("packFrom=", from), func(b *testing.B) {
			s := openAt(b, nil, from)
			for b.Loop() {
				b.StopTimer()
				batch := mixed(700, dbtest.Now)
				b.StartTimer()
				if err := s.Store.Record(ctx, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/700, "µs/event")
		})
	}
}
