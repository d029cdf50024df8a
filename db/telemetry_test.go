package db_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

// batch is n of everything for one function, a second apart.
func batch(p cdp.ProjectID, f cdp.FunctionID, n int) cdp.Batch {
	var b cdp.Batch
	for i := range n {
		when := dbtest.Now.Add(time.Duration(i) * time.Second)
		event := uuid.NewString()
		b.Events = append(b.Events, cdp.Event{Project: p, UUID: event, Name: "$pageview", DistinctID: fmt.Sprint("user-", i),
			Timestamp: when.Add(-time.Minute), ReceivedAt: when, Properties: json.RawMessage(`{"a":"<1>"}`)})
		b.Runs = append(b.Runs, cdp.Run{ID: cdp.InvocationID(uuid.NewString()), Project: p, Function: f, Version: 1, Status: "succeeded", Attempts: 1,
			EventUUID: event, EventName: "$pageview", DistinctID: fmt.Sprint("user-", i),
			ScheduledAt: when, StartedAt: when.Add(time.Millisecond), FinishedAt: when.Add(2 * time.Millisecond), Duration: 1234 * time.Microsecond})
		b.Logs = append(b.Logs, cdp.LogEntry{Project: p, Function: f, Invocation: b.Runs[i].ID, Time: when, Level: cdp.LevelInfo, Message: fmt.Sprint("Line ", i)})
		b.Metrics = append(b.Metrics, cdp.Metric{Project: p, Function: f, Name: cdp.OutcomeSucceeded, Kind: "success", Time: when, Count: 1})
	}
	return b
}

const project, fnA, fnB = cdp.ProjectID(1), cdp.FunctionID("fn-a"), cdp.FunctionID("fn-b")

// inRowsAndPacks runs a test on a store that packs nothing of what the test
// records, and on one that packs all it can.
func inRowsAndPacks(t *testing.T, test func(t *testing.T, packFrom int)) {
	t.Parallel()
	t.Run("rows", func(t *testing.T) { test(t, 1<<30) })
	t.Run("packs", func(t *testing.T) { test(t, 1) })
}

// store is a Store that, when it packs, is told of runs that ended as the
// engine tells of those that were short.
type store struct {
	*db.Store
	packs bool
}

func (s store) Record(ctx context.Context, b cdp.Batch) error {
	if s.packs {
		var going []cdp.Run
		for _, r := range b.Runs {
			if r.Status == "succeeded" && !r.FinishedAt.IsZero() {
				b.Ended = append(b.Ended, r)
			} else {
				going = append(going, r)
			}
		}
		b.Runs = going
	}
	return s.Store.Record(ctx, b)
}

// openAt opens a store whose clock stands at when.
func openAt(t testing.TB, when *time.Time, packFrom int) store {
	t.Helper()
	o := db.Options{Dir: t.TempDir(), PackFrom: packFrom}
	if when != nil {
		o.Now = func() time.Time { return *when }
	}
	s, err := db.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return store{s, packFrom == 1}
}

func record(t testing.TB, s store, b cdp.Batch) {
	t.Helper()
	if err := s.Record(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func TestRecordAndReadBack(t *testing.T) { inRowsAndPacks(t, testRecordAndReadBack) }

func testRecordAndReadBack(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	record(t, s, cdp.Batch{})
	b := batch(project, fnA, 70) // two statements of 32 and single rows
	record(t, s, b)
	for i, e := range b.Events {
		if d := cmp.Diff(e, must(s.Event(ctx, project, e.UUID))(t)); d != "" {
			t.Fatalf("event %d: %s", i, d)
		}
		if d := cmp.Diff(b.Runs[i], must(s.Run(ctx, project, b.Runs[i].ID))(t)); d != "" {
			t.Fatalf("run %d: %s", i, d)
		}
		if b.Logs[i].Seq != int64(i)+1 {
			t.Fatalf("log entry %d has number %d", i, b.Logs[i].Seq)
		}
	}
	logs := must(s.Logs(ctx, cdp.LogQuery{Project: project, Function: fnA, Limit: 100}))(t)
	if len(logs) != 70 {
		t.Fatalf("%d log entries", len(logs))
	}
	for i := range logs {
		if d := cmp.Diff(b.Logs[69-i], logs[i]); d != "" {
			t.Fatalf("log entry %d: %s", i, d)
		}
	}
	if _, err := s.Event(ctx, 2, b.Events[0].UUID); code(err) != cdp.NotFound {
		t.Errorf("another project's event: %v", err)
	}
	if _, err := s.Run(ctx, 2, b.Runs[0].ID); code(err) != cdp.NotFound {
		t.Errorf("another project's run: %v", err)
	}
}

func TestRecordTwiceIsOnce(t *testing.T) { inRowsAndPacks(t, testRecordTwiceIsOnce) }

func testRecordTwiceIsOnce(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	b := batch(project, fnA, 3)
	record(t, s, cdp.Batch{Events: b.Events})
	changed := b.Events[0]
	changed.Name = "other"
	record(t, s, cdp.Batch{Events: []cdp.Event{changed, b.Events[1]}})
	es := must(s.RecentEvents(ctx, cdp.EventQuery{Project: project}))(t)
	if len(es) != 3 || es[2].Name != "$pageview" {
		t.Errorf("events %+v", es)
	}
}

func TestRunGoesOnAndDoesNotGoBack(t *testing.T) { inRowsAndPacks(t, testRunGoesOnAndDoesNotGoBack) }

func testRunGoesOnAndDoesNotGoBack(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	begun := batch(project, fnA, 1).Runs[0]
	begun.Status, begun.FinishedAt, begun.Duration = "running", time.Time{}, 0
	record(t, s, cdp.Batch{Runs: []cdp.Run{begun}})
	if d := cmp.Diff(begun, must(s.Run(ctx, project, begun.ID))(t)); d != "" {
		t.Error(d)
	}
	ended := begun
	ended.Status, ended.FinishedAt, ended.Attempts = "failed", begun.StartedAt.Add(time.Minute), 3
	ended.Duration, ended.ErrorKind, ended.ErrorMessage = time.Minute, "http_5xx", "It said 500"
	record(t, s, cdp.Batch{Runs: []cdp.Run{ended}})
	record(t, s, cdp.Batch{Runs: []cdp.Run{begun}}) // an older report, late
	if d := cmp.Diff(ended, must(s.Run(ctx, project, begun.ID))(t)); d != "" {
		t.Error(d)
	}
}

func TestRecentEvents(t *testing.T) { inRowsAndPacks(t, testRecentEvents) }

func testRecentEvents(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	b := batch(project, fnA, 60)
	b.Events[5].Name = "Order Completed"
	b.Events[6].DistinctID = "Ärzte@example.com"
	record(t, s, b)
	foreign := batch(2, fnA, 1)
	record(t, s, foreign)
	uuids := func(es []cdp.Event) (out []string) {
		for _, e := range es {
			out = append(out, e.UUID)
		}
		return out
	}
	for _, tt := range []struct {
		what string
		q    cdp.EventQuery
		want []cdp.Event
	}{
		{"the newest", cdp.EventQuery{Limit: 2}, []cdp.Event{b.Events[59], b.Events[58]}},
		{"before one", cdp.EventQuery{Limit: 2, Before: b.Events[58].ReceivedAt}, []cdp.Event{b.Events[57], b.Events[56]}},
		{"by name", cdp.EventQuery{Search: "order comp"}, []cdp.Event{b.Events[5]}},
		{"by distinct ID", cdp.EventQuery{Search: "ärzte"}, []cdp.Event{b.Events[6]}},
		{"by UUID", cdp.EventQuery{Search: strings.ToUpper(b.Events[7].UUID)}, []cdp.Event{b.Events[7]}},
		{"of another project", cdp.EventQuery{Search: foreign.Events[0].UUID}, nil},
		{"not across fields", cdp.EventQuery{Search: "$pageviewuser"}, nil},
		{"wildcards are literal", cdp.EventQuery{Search: "%"}, nil},
	} {
		tt.q.Project = project
		if d := cmp.Diff(uuids(tt.want), uuids(must(s.RecentEvents(ctx, tt.q))(t))); d != "" {
			t.Errorf("%s: %s", tt.what, d)
		}
	}
	if n := len(must(s.RecentEvents(ctx, cdp.EventQuery{Project: project}))(t)); n != 50 {
		t.Errorf("%d events by default", n)
	}
}

func TestRunsAreFound(t *testing.T) { inRowsAndPacks(t, testRunsAreFound) }

func testRunsAreFound(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	b := batch(project, fnA, 4)
	b.Runs[1].Status = "failed"
	b.Runs[2].Function, b.Runs[2].EventUUID = fnB, b.Runs[1].EventUUID
	b.Runs[3].EventName = "Order Completed"
	record(t, s, b)
	record(t, s, batch(2, fnA, 1))
	ids := func(rs []cdp.Run) (out []cdp.InvocationID) {
		for _, r := range rs {
			out = append(out, r.ID)
		}
		return out
	}
	r := b.Runs
	for _, tt := range []struct {
		what string
		q    cdp.RunQuery
		want []cdp.Run
	}{
		{"all", cdp.RunQuery{}, []cdp.Run{r[3], r[2], r[1], r[0]}},
		{"of a function", cdp.RunQuery{Function: fnA}, []cdp.Run{r[3], r[1], r[0]}},
		{"by status", cdp.RunQuery{Statuses: []string{"failed", "cancelled"}}, []cdp.Run{r[1]}},
		{"by event", cdp.RunQuery{EventUUID: r[1].EventUUID}, []cdp.Run{r[2], r[1]}},
		{"after", cdp.RunQuery{After: r[1].ScheduledAt}, []cdp.Run{r[3], r[2]}},
		{"before", cdp.RunQuery{Before: r[1].ScheduledAt}, []cdp.Run{r[0]}},
		{"by ID", cdp.RunQuery{Search: string(r[0].ID)}, []cdp.Run{r[0]}},
		{"by distinct ID", cdp.RunQuery{Search: "user-2"}, []cdp.Run{r[2]}},
		{"by event name", cdp.RunQuery{Search: "completed"}, []cdp.Run{r[3]}},
		{"a page", cdp.RunQuery{Limit: 1, Offset: 1}, []cdp.Run{r[2]}},
	} {
		tt.q.Project = project
		if d := cmp.Diff(ids(tt.want), ids(must(s.Runs(ctx, tt.q))(t))); d != "" {
			t.Errorf("%s: %s", tt.what, d)
		}
	}
	if d := cmp.Diff(ids([]cdp.Run{r[1], r[2]}), ids(must(s.RunsOf(ctx, project, r[1].EventUUID))(t))); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int64{"succeeded": 3, "failed": 1}, must(s.RunCounts(ctx, cdp.RunQuery{Project: project}))(t)); d != "" {
		t.Error(d)
	}
}

func TestLogsAreFound(t *testing.T) { inRowsAndPacks(t, testLogsAreFound) }

func testLogsAreFound(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	b := batch(project, fnA, 6)
	b.Logs[1].Level, b.Logs[1].Message = cdp.LevelError, "Größer als 100% _ erlaubt"
	b.Logs[2].Level = cdp.LevelWarn
	b.Logs[3].Function = fnB
	b.Logs[4].Invocation = b.Logs[0].Invocation
	b.Logs[5].Time = b.Logs[4].Time // the number decides
	record(t, s, b)
	other := batch(2, fnA, 1)
	record(t, s, other)
	l := b.Logs
	seqs := func(es []cdp.LogEntry) (out []int64) {
		for _, e := range es {
			out = append(out, e.Seq)
		}
		return out
	}
	for _, tt := range []struct {
		what string
		q    cdp.LogQuery
		want []cdp.LogEntry
	}{
		{"of the project", cdp.LogQuery{}, []cdp.LogEntry{l[5], l[4], l[3], l[2], l[1], l[0]}},
		{"of a function", cdp.LogQuery{Function: fnB}, []cdp.LogEntry{l[3]}},
		{"of an invocation", cdp.LogQuery{Function: fnA, Invocation: l[0].Invocation}, []cdp.LogEntry{l[4], l[0]}},
		{"of an invocation, any function", cdp.LogQuery{Invocation: l[0].Invocation}, []cdp.LogEntry{l[4], l[0]}},
		{"of another function's invocation", cdp.LogQuery{Function: fnB, Invocation: l[0].Invocation}, nil},
		{"of another project's invocation", cdp.LogQuery{Invocation: other.Logs[0].Invocation}, nil},
		{"strictly after", cdp.LogQuery{After: l[3].Time}, []cdp.LogEntry{l[5], l[4]}},
		{"strictly before", cdp.LogQuery{Before: l[1].Time}, []cdp.LogEntry{l[0]}},
		{"by level", cdp.LogQuery{Levels: []cdp.Level{cdp.LevelWarn, cdp.LevelError}}, []cdp.LogEntry{l[2], l[1]}},
		{"by text in any case", cdp.LogQuery{Search: "GRÖSSER ALS"}, nil}, // ß folds to itself
		{"by text in any case, with umlaut", cdp.LogQuery{Search: "größer ALS"}, []cdp.LogEntry{l[1]}},
		{"by literal text", cdp.LogQuery{Search: "% _"}, []cdp.LogEntry{l[1]}},
		{"a page", cdp.LogQuery{Limit: 2, Offset: 1}, []cdp.LogEntry{l[4], l[3]}},
		{"a live tail, oldest first", cdp.LogQuery{Tail: true, AfterSeq: l[2].Seq}, []cdp.LogEntry{l[3], l[4], l[5]}},
		{"a live tail from the beginning", cdp.LogQuery{Tail: true, Limit: 1}, []cdp.LogEntry{l[0]}},
		{"a live tail of a function", cdp.LogQuery{Tail: true, AfterSeq: l[2].Seq, Function: fnA, Limit: 1}, []cdp.LogEntry{l[4]}},
	} {
		tt.q.Project = project
		if d := cmp.Diff(seqs(tt.want), seqs(must(s.Logs(ctx, tt.q))(t))); d != "" {
			t.Errorf("%s: %s", tt.what, d)
		}
	}
	want := map[cdp.Level]int64{cdp.LevelInfo: 3, cdp.LevelWarn: 1, cdp.LevelError: 1}
	if d := cmp.Diff(want, must(s.LogCounts(ctx, cdp.LogQuery{Project: project, Function: fnA}))(t)); d != "" {
		t.Error(d)
	}
	if n := must(s.LastLogSeq(ctx))(t); n != other.Logs[0].Seq {
		t.Errorf("last number %d", n)
	}
}

func TestLogHistogram(t *testing.T) { inRowsAndPacks(t, testLogHistogram) }

func testLogHistogram(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	b := batch(project, fnA, 200)
	b.Logs[0].Level = cdp.LevelError
	record(t, s, b)
	have := must(s.LogHistogram(ctx, cdp.LogQuery{Project: project, After: dbtest.Now.Add(-time.Second), Before: dbtest.Now.Add(3 * time.Minute)}, time.Minute))(t)
	want := cdp.Series{
		Buckets: []time.Time{dbtest.Now.Add(-time.Minute), dbtest.Now, dbtest.Now.Add(time.Minute), dbtest.Now.Add(2 * time.Minute)},
		Lines:   []cdp.SeriesLine{{Name: "error", Values: []int64{0, 1, 0, 0}}, {Name: "info", Values: []int64{0, 59, 60, 60}}},
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
	for _, step := range []time.Duration{0, time.Microsecond} {
		if _, err := s.LogHistogram(ctx, cdp.LogQuery{Project: project, After: dbtest.Now, Before: dbtest.Now.Add(time.Hour)}, step); code(err) != cdp.Invalid {
			t.Errorf("step %s: %v", step, err)
		}
	}
}

func TestMetricsAddUpInBuckets(t *testing.T) { inRowsAndPacks(t, testMetricsAddUpInBuckets) }

func testMetricsAddUpInBuckets(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := dbtest.Now.Add(3 * time.Hour)
	s := openAt(t, &now, packFrom)
	m := func(f cdp.FunctionID, name cdp.Outcome, after time.Duration, n int64) cdp.Metric {
		return cdp.Metric{Project: project, Function: f, Name: name, Time: dbtest.Now.Add(after), Count: n}
	}
	for range 2 {
		record(t, s, cdp.Batch{Metrics: []cdp.Metric{
			m(fnA, cdp.OutcomeSucceeded, 0, 1), m(fnA, cdp.OutcomeSucceeded, 30*time.Second, 2), m(fnA, cdp.OutcomeSucceeded, 61*time.Minute, 4),
			m(fnA, cdp.OutcomeFailed, 61*time.Minute, 1), m(fnA, cdp.OutcomeFiltered, 0, 7), m(fnB, cdp.OutcomeSucceeded, 0, 100),
			{Project: 2, Function: fnA, Name: cdp.OutcomeSucceeded, Time: dbtest.Now, Count: 1000},
		}})
	}
	hours := []time.Time{dbtest.Now, dbtest.Now.Add(time.Hour), dbtest.Now.Add(2 * time.Hour)}
	q := cdp.MetricQuery{Project: project, Function: fnA, After: dbtest.Now, Before: dbtest.Now.Add(2 * time.Hour), Interval: "hour"}
	want := cdp.Series{Buckets: hours, Lines: []cdp.SeriesLine{
		{Name: "failure", Values: []int64{0, 2, 0}}, {Name: "other", Values: []int64{14, 0, 0}}, {Name: "success", Values: []int64{6, 8, 0}}}}
	if d := cmp.Diff(want, must(s.Metrics(ctx, q))(t)); d != "" {
		t.Errorf("from minutes: %s", d)
	}
	now = dbtest.Now.Add(100 * time.Hour) // the same, now from hours
	if d := cmp.Diff(want, must(s.Metrics(ctx, q))(t)); d != "" {
		t.Errorf("from hours: %s", d)
	}
	q.By = "name"
	if d := cmp.Diff([]cdp.SeriesLine{{Name: "failed", Values: []int64{0, 2, 0}}, {Name: "filtered", Values: []int64{14, 0, 0}},
		{Name: "succeeded", Values: []int64{6, 8, 0}}}, must(s.Metrics(ctx, q))(t).Lines); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int64{"failed": 2, "filtered": 14, "succeeded": 14}, must(s.MetricTotals(ctx, q))(t)); d != "" {
		t.Error(d)
	}
	q.Names = []string{"failed", "filtered"}
	if d := cmp.Diff(map[string]int64{"failed": 2, "filtered": 14}, must(s.MetricTotals(ctx, q))(t)); d != "" {
		t.Error(d)
	}
	q.Kinds = []string{"other"}
	if d := cmp.Diff(map[string]int64{"filtered": 14}, must(s.MetricTotals(ctx, q))(t)); d != "" {
		t.Error(d)
	}
	whole := cdp.MetricQuery{Project: project, After: dbtest.Now, Before: dbtest.Now.Add(time.Hour)}
	if d := cmp.Diff(map[string]int64{"failure": 2, "other": 14, "success": 214}, must(s.MetricTotals(ctx, whole))(t)); d != "" {
		t.Errorf("of the project, whose last hour counts whole: %s", d)
	}
	none := must(s.Metrics(ctx, cdp.MetricQuery{Project: 3, After: dbtest.Now, Before: dbtest.Now.Add(time.Hour), Interval: "minute"}))(t)
	if len(none.Buckets) != 61 || len(none.Lines) != 0 {
		t.Errorf("no data: %d buckets, lines %v", len(none.Buckets), none.Lines)
	}
	if _, err := s.Metrics(ctx, cdp.MetricQuery{Project: 3, Before: dbtest.Now, Interval: "minute"}); code(err) != cdp.Invalid {
		t.Errorf("two thousand years of minutes: %v", err)
	}
}

func TestMetricBucketsFollowTheTimeZone(t *testing.T) {
	inRowsAndPacks(t, testMetricBucketsFollowTheTimeZone)
}

func testMetricBucketsFollowTheTimeZone(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)
	s := openAt(t, &now, packFrom)
	berlin := must(time.LoadLocation("Europe/Berlin"))(t)
	kolkata := must(time.LoadLocation("Asia/Kolkata"))(t)
	starts := func(q cdp.MetricQuery, layout string) (out []string) {
		q.Project = project
		for _, b := range must(s.Metrics(ctx, q))(t).Buckets {
			out = append(out, b.Format(layout))
		}
		return out
	}
	// The clocks of Berlin went forward on 29 March 2026 at 2:00.
	day := cdp.MetricQuery{Location: berlin, Interval: "day",
		After: time.Date(2026, 3, 28, 15, 0, 0, 0, berlin), Before: time.Date(2026, 3, 30, 1, 0, 0, 0, berlin)}
	if d := cmp.Diff([]string{"28 00:00 +0100", "29 00:00 +0100", "30 00:00 +0200"}, starts(day, "02 15:04 -0700")); d != "" {
		t.Error(d)
	}
	hours := cdp.MetricQuery{Location: berlin, Interval: "hour",
		After: time.Date(2026, 3, 29, 1, 30, 0, 0, berlin), Before: time.Date(2026, 3, 29, 4, 0, 0, 0, berlin)}
	if d := cmp.Diff([]string{"01:00", "03:00", "04:00"}, starts(hours, "15:04")); d != "" {
		t.Error(d)
	}
	// They go back on 25 October at 3:00: the hour from 2:00 comes twice.
	hours.After, hours.Before = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 2, 0, 0, 0, time.UTC)
	if d := cmp.Diff([]string{"02:00 +0200", "02:00 +0100", "03:00 +0100"}, starts(hours, "15:04 -0700")); d != "" {
		t.Error(d)
	}
	weeks := cdp.MetricQuery{Location: berlin, Interval: "week", After: time.Date(2026, 3, 29, 0, 0, 0, 0, berlin), Before: time.Date(2026, 4, 6, 0, 0, 0, 0, berlin)}
	if d := cmp.Diff([]string{"Mon 23", "Mon 30", "Mon 06"}, starts(weeks, "Mon 02")); d != "" {
		t.Error(d)
	}
	// 18:15 and 18:45 UTC are two days in Kolkata.
	record(t, s, cdp.Batch{Metrics: []cdp.Metric{
		{Project: project, Function: fnA, Name: cdp.OutcomeSucceeded, Time: time.Date(2026, 3, 28, 18, 15, 0, 0, time.UTC), Count: 1},
		{Project: project, Function: fnA, Name: cdp.OutcomeSucceeded, Time: time.Date(2026, 3, 28, 18, 45, 0, 0, time.UTC), Count: 10},
	}})
	india := must(s.Metrics(ctx, cdp.MetricQuery{Project: project, Location: kolkata, Interval: "day",
		After: time.Date(2026, 3, 28, 12, 0, 0, 0, kolkata), Before: time.Date(2026, 3, 29, 12, 0, 0, 0, kolkata)}))(t)
	if d := cmp.Diff([]cdp.SeriesLine{{Name: "success", Values: []int64{1, 10}}}, india.Lines); d != "" {
		t.Error(d)
	}
}

func TestFunctionStats(t *testing.T) { inRowsAndPacks(t, testFunctionStats) }

func testFunctionStats(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := dbtest.Now.Add(90 * time.Minute)
	s := openAt(t, &now, packFrom)
	b := batch(project, fnA, 10)
	for _, o := range []cdp.Outcome{cdp.OutcomeFailed, cdp.OutcomeInputsFailed, cdp.OutcomeFiltered} {
		b.Metrics = append(b.Metrics, cdp.Metric{Project: project, Function: fnA, Name: o, Time: now, Count: 2})
	}
	b.Metrics = append(b.Metrics,
		cdp.Metric{Project: project, Function: fnA, Name: cdp.OutcomeSucceeded, Time: now.Add(-23 * time.Hour), Count: 5},
		cdp.Metric{Project: project, Function: fnA, Name: cdp.OutcomeSucceeded, Time: now.Add(-25 * time.Hour), Count: 500},
		cdp.Metric{Project: 2, Function: fnB, Name: cdp.OutcomeSucceeded, Time: now, Count: 500})
	record(t, s, b)
	have := must(s.FunctionStats(ctx, project, []cdp.FunctionID{fnA, fnB}))(t)
	want := cdp.FunctionStats{LastRun: b.Runs[9].ScheduledAt, Other: map[cdp.Outcome]int64{cdp.OutcomeFiltered: 2}}
	want.Succeeded[0], want.Succeeded[22], want.Failed[23] = 5, 10, 4
	if d := cmp.Diff(map[cdp.FunctionID]cdp.FunctionStats{fnA: want}, have); d != "" {
		t.Error(d)
	}
	if none := must(s.FunctionStats(ctx, project, nil))(t); len(none) != 0 {
		t.Errorf("stats of none: %v", none)
	}
}

func TestPruneByAge(t *testing.T) { inRowsAndPacks(t, testPruneByAge) }

func testPruneByAge(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := dbtest.Now
	s := openAt(t, &now, packFrom)
	old := batch(project, fnA, 2500)
	record(t, s, old)
	lastSeq := must(s.LastLogSeq(ctx))(t)
	now = dbtest.Now.Add(8 * 24 * time.Hour)
	fresh := batch(project, fnB, 10)
	for i := range fresh.Events {
		fresh.Events[i].ReceivedAt, fresh.Runs[i].ScheduledAt = now, now
		fresh.Logs[i].Time, fresh.Metrics[i].Time = now, now
	}
	record(t, s, fresh)
	count := func() [4]int {
		events := must(s.RecentEvents(ctx, cdp.EventQuery{Project: project, Limit: 10000}))(t)
		runs := must(s.Runs(ctx, cdp.RunQuery{Project: project, Limit: 10000}))(t)
		logs := must(s.Logs(ctx, cdp.LogQuery{Project: project, Limit: 10000}))(t)
		sum := must(s.MetricTotals(ctx, cdp.MetricQuery{Project: project, After: dbtest.Now, Before: now}))(t)
		return [4]int{len(events), len(runs), len(logs), int(sum["success"])}
	}
	if have := count(); have != [4]int{2510, 2510, 2510, 2510} {
		t.Errorf("before pruning: %v", have)
	}
	must(s.Prune(ctx, db.Retention{}))(t)
	if have := count(); have != [4]int{10, 2510, 2510, 2510} {
		t.Errorf("after eight days: %v", have)
	}
	now = dbtest.Now.Add(15 * 24 * time.Hour)
	must(s.Prune(ctx, db.Retention{Events: -1}))(t)
	if have := count(); have != [4]int{10, 10, 10, 2510} {
		t.Errorf("after fifteen days: %v", have)
	}
	now = dbtest.Now.Add(91 * 24 * time.Hour)
	n := must(s.Prune(ctx, db.Retention{Events: -1}))(t)
	if have := count(); have != [4]int{10, 0, 0, 10} {
		t.Errorf("after 91 days: %v (%d went)", have, n)
	}
	// Numbers are not given again after everything went.
	again := batch(project, fnA, 1)
	record(t, s, again)
	if again.Logs[0].Seq <= lastSeq {
		t.Errorf("number %d was given again (last was %d)", again.Logs[0].Seq, lastSeq)
	}
}

func TestPruneBySize(t *testing.T) { inRowsAndPacks(t, testPruneBySize) }

// noise is text that does not get smaller when it is packed.
func noise(n int) string {
	b := make([]byte, n/2)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return hex.EncodeToString(b)
}

func testPruneBySize(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := dbtest.Now.Add(time.Hour)
	s := openAt(t, &now, packFrom)
	b := batch(project, fnA, 3000)
	for i := range b.Events {
		b.Events[i].Properties = json.RawMessage(`{"text":"` + noise(1000) + `"}`)
	}
	record(t, s, b)
	must(s.Prune(ctx, db.Retention{MaxLogs: 100}))(t)
	logs := must(s.Logs(ctx, cdp.LogQuery{Project: project, Limit: 5000}))(t)
	if len(logs) != 100 || logs[0].Message != "Line 2999" {
		t.Errorf("%d log entries left, the newest %q", len(logs), logs[0].Message)
	}
	full := must(s.TelemetryBytes(ctx))(t)
	must(s.Prune(ctx, db.Retention{MaxBytes: full - 500_000}))(t)
	if used := must(s.TelemetryBytes(ctx))(t); used > full-500_000 {
		t.Errorf("%d bytes in use, allowed %d", used, full-500_000)
	}
	es := must(s.RecentEvents(ctx, cdp.EventQuery{Project: project, Limit: 5000}))(t)
	if len(es) == 0 || len(es) == 3000 || es[0].UUID != b.Events[2999].UUID {
		t.Errorf("%d events left", len(es))
	}
	must(s.Prune(ctx, db.Retention{MaxBytes: 1}))(t)
	if es := must(s.RecentEvents(ctx, cdp.EventQuery{Project: project}))(t); len(es) != 0 {
		t.Errorf("%d events left", len(es))
	}
}

func TestRecordGoesOnWhilePruning(t *testing.T) { inRowsAndPacks(t, testRecordGoesOnWhilePruning) }

func testRecordGoesOnWhilePruning(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	now := dbtest.Now.Add(30 * 24 * time.Hour)
	s := openAt(t, &now, packFrom)
	record(t, s, batch(project, fnA, 3000))
	fresh := batch(project, fnB, 1)
	fresh.Logs[0].Time = now
	pruned := make(chan error)
	go func() {
		_, err := s.Prune(ctx, db.Retention{})
		pruned <- err
	}()
	between := 0
	for done := false; !done; {
		select {
		case err := <-pruned:
			if err != nil {
				t.Error(err)
			}
			done = true
		default:
			record(t, s, cdp.Batch{Logs: fresh.Logs})
			between++
		}
	}
	// Nine chunks of 1000 rows go; what is recorded meanwhile slips between.
	if between < 5 {
		t.Errorf("%d batches were recorded while pruning", between)
	}
	if left := must(s.LogCounts(ctx, cdp.LogQuery{Project: project, Function: fnA}))(t); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestPruningAtSize measures how long what is recorded waits while many rows
// go. HOGPEN_SOAK sets their number, in thousands.
func TestPruningAtSize(t *testing.T) { inRowsAndPacks(t, testPruningAtSize) }

func testPruningAtSize(t *testing.T, packFrom int) {
	thousands := 20
	if n, err := strconv.Atoi(os.Getenv("HOGPEN_SOAK")); err == nil {
		thousands = n
	}
	ctx := context.Background()
	now := dbtest.Now.Add(30 * 24 * time.Hour)
	s := openAt(t, &now, packFrom)
	for i := range thousands {
		b := batch(project, fnA, 1000)
		for j := range b.Events {
			b.Events[j].UUID = fmt.Sprintf("%d-%d", i, j)
			b.Runs[j].ID = cdp.InvocationID(b.Events[j].UUID)
		}
		record(t, s, b)
	}
	fresh := batch(project, fnB, 100)
	for i := range fresh.Logs {
		fresh.Logs[i].Time = now
	}
	pruned := make(chan int64)
	began := time.Now()
	go func() { pruned <- must(s.Prune(ctx, db.Retention{}))(t) }()
	var slowest time.Duration
	for batches := 0; ; batches++ {
		select {
		case n := <-pruned:
			t.Logf("%d rows went in %s; the slowest of %d batches waited %s", n, time.Since(began).Round(time.Millisecond), batches, slowest)
			if n < int64(3000*thousands) {
				t.Errorf("%d rows went, want three times %d thousand", n, thousands)
			}
			if slowest > 2*time.Second {
				t.Errorf("a batch waited %s", slowest)
			}
			return
		default:
		}
		at := time.Now()
		record(t, s, cdp.Batch{Logs: fresh.Logs})
		slowest = max(slowest, time.Since(at))
	}
}

func TestManyRecordAtOnce(t *testing.T) { inRowsAndPacks(t, testManyRecordAtOnce) }

func testManyRecordAtOnce(t *testing.T, packFrom int) {
	t.Parallel()
	ctx := context.Background()
	s := openAt(t, nil, packFrom)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for range 10 {
				b := batch(project, cdp.FunctionID(fmt.Sprint("fn-", w)), 20)
				if err := s.Record(ctx, b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sum := must(s.MetricTotals(ctx, cdp.MetricQuery{Project: project, After: dbtest.Now, Before: dbtest.Now.Add(time.Minute)}))(t)
	if sum["success"] != 1600 {
		t.Errorf("%d succeeded, want 1600", sum["success"])
	}
	if n := must(s.LogCounts(ctx, cdp.LogQuery{Project: project}))(t)[cdp.LevelInfo]; n != 1600 {
		t.Errorf("%d log entries, want 1600", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	ctx := context.Background()
	s := openAt(b, nil, 1)
	for b.Loop() {
		b.StopTimer()
		batch := batch(project, fnA, 500)
		b.StartTimer()
		if err := s.Record(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "events/s")
}
