package db

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hogpen/cdp"
)

const (
	minute = time.Minute
	hour   = time.Hour
	// minutesKept is how long counts by minute are kept.
	minutesKept = 48 * time.Hour
	// maxBuckets bounds the length of a series.
	maxBuckets = 10000
)

const (
	insertMinute = `
insert into metric_minute (project_id, function_id, bucket_us, name, kind, count)`
	insertMinuteEnd = `
on conflict (project_id, function_id, bucket_us, name, kind) do update
   set count = metric_minute.count + excluded.count`
	insertHour = `
insert into metric_hour (project_id, function_id, bucket_us, name, kind, count)`
	insertHourEnd = `
on conflict (project_id, function_id, bucket_us, name, kind) do update
   set count = metric_hour.count + excluded.count`
)

// cell is one row of metrics without its count.
type cell struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	bucketUS int64
	name     cdp.Outcome
	kind     string
}

func (c cell) compare(d cell) int {
	return cmp.Or(cmp.Compare(c.project, d.project), cmp.Compare(c.function, d.function), cmp.Compare(c.bucketUS, d.bucketUS),
		cmp.Compare(c.name, d.name), strings.Compare(c.kind, d.kind))
}

// metricValues adds up what falls into the same bucket and gives the rows in
// the order of their key, which is how the tree likes to be written.
func metricValues(ms []cdp.Metric, size time.Duration) []any {
	sums := make(map[cell]int64, len(ms))
	for i := range ms {
		m := &ms[i]
		kind := m.Kind
		if kind == "" {
			kind = m.Name.Kind()
		}
		sums[cell{m.Project, m.Function, us(m.Time.Truncate(size)), m.Name, kind}] += m.Count
	}
	cells := make([]cell, 0, len(sums))
	for c := range sums {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, cell.compare)
	out := make([]any, 0, 6*len(cells))
	for _, c := range cells {
		out = append(out, int64(c.project), string(c.function), c.bucketUS, string(c.name), c.kind, sums[c])
	}
	return out
}

// source picks the table that answers q: minutes for what is short and recent
// enough, and for zones whose days do not begin with an hour of UTC; hours for
// all else. It gives the table and the size of its buckets.
func (s *Store) source(q *cdp.MetricQuery) (string, time.Duration) {
	recent := !q.After.Before(s.now().Add(-minutesKept + hour))
	_, offset := q.After.In(zone(q)).Zone()
	if q.Interval == "minute" || recent && (q.Before.Sub(q.After) <= 3*hour || offset%3600 != 0) {
		return "metric_minute", minute
	}
	return "metric_hour", hour
}

func zone(q *cdp.MetricQuery) *time.Location {
	if q.Location == nil {
		return time.UTC
	}
	return q.Location
}

// breakdown is the column that q asks for: kind unless it says name.
func breakdown(q *cdp.MetricQuery) string {
	if q.By == "name" {
		return "name"
	}
	return "kind"
}

func (s *Store) metricWhere(q *cdp.MetricQuery) (table string, w *where) {
	table, size := s.source(q)
	w = &where{}
	w.add("project_id = ?", int64(q.Project))
	if q.Function != "" {
		w.add("function_id = ?", string(q.Function))
	}
	w.add("bucket_us >= ?", us(q.After.Truncate(size)))
	w.add("bucket_us <= ?", us(q.Before))
	if len(q.Names) > 0 {
		w.add("name in (select value from json_each(?))", list(q.Names))
	}
	if len(q.Kinds) > 0 {
		w.add("kind in (select value from json_each(?))", list(q.Kinds))
	}
	return table, w
}

// Metrics gives counts in buckets of q.Interval (day when empty), from the one
// that contains q.After to the one that contains q.Before, in q.Location. Each
// value of the breakdown that has data is a line. Counts older than two days
// are known by the hour of UTC; one that lies in two buckets counts in the
// first. Ranges of more than 10,000 buckets are Invalid.
func (s *Store) Metrics(ctx context.Context, q cdp.MetricQuery) (cdp.Series, error) {
	buckets, err := bucketsOf(&q)
	if err != nil {
		return cdp.Series{}, err
	}
	table, w := s.metricWhere(&q)
	by := breakdown(&q)
	rows, err := s.telemetry.query(ctx, `
select `+by+`, bucket_us, sum(count)
  from `+table+`
 where `+w.String()+`
 group by `+by+`, bucket_us`, w.args...)
	lines := lines{size: len(buckets)}
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var name string
		var when, n int64
		err := r.Scan(&name, &when, &n)
		lines.add(name, bucketAt(buckets, at(when)), n)
		return struct{}{}, err
	})
	if err != nil {
		return cdp.Series{}, fault("read metrics", err)
	}
	return cdp.Series{Buckets: buckets, Lines: lines.sorted()}, nil
}

// MetricTotals adds up the counts that Metrics gives, by q.By; the interval
// does not matter.
func (s *Store) MetricTotals(ctx context.Context, q cdp.MetricQuery) (map[string]int64, error) {
	q.Interval = ""
	table, w := s.metricWhere(&q)
	by := breakdown(&q)
	rows, err := s.telemetry.query(ctx, `
select `+by+`, sum(count)
  from `+table+`
 where `+w.String()+`
 group by `+by, w.args...)
	out, err := tallied(rows, err)
	return out, fault("add up metrics", err)
}

// bucketsOf gives the starts of q's buckets.
func bucketsOf(q *cdp.MetricQuery) ([]time.Time, error) {
	var out []time.Time
	loc := zone(q)
	for t := bucketStart(q.After.In(loc), q.Interval); !t.After(q.Before); t = nextBucket(t, q.Interval) {
		if len(out) == maxBuckets {
			return nil, cdp.Errorf(cdp.Invalid, "interval", "The range has too many intervals. Choose a shorter range or a longer interval.")
		}
		out = append(out, t)
	}
	return out, nil
}

// bucketStart is the start of the interval that contains t, in t's zone.
func bucketStart(t time.Time, interval string) time.Time {
	y, m, d := t.Date()
	switch interval {
	case "minute":
		return t.Truncate(minute)
	case "hour":
		// Not time.Date, which cannot tell the two hours of a clock set back.
		return t.Add(-time.Duration(t.Minute())*minute - time.Duration(t.Second())*time.Second - time.Duration(t.Nanosecond()))
	case "week":
		return time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
	default:
		return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	}
}

func nextBucket(t time.Time, interval string) time.Time {
	y, m, d := t.Date()
	switch interval {
	case "minute":
		return t.Add(minute)
	case "hour":
		return t.Add(hour)
	case "week":
		return time.Date(y, m, d+7, 0, 0, 0, 0, t.Location())
	default:
		return time.Date(y, m, d+1, 0, 0, 0, 0, t.Location())
	}
}

// bucketAt is the index of the bucket that contains t; what lies before the
// first is in the first, because the hour that contains the start may begin
// before it.
func bucketAt(buckets []time.Time, t time.Time) int {
	i, exact := slices.BinarySearchFunc(buckets, t, time.Time.Compare)
	if exact {
		return i
	}
	return max(i-1, 0)
}

// lines gathers a series.
type lines struct {
	size int
	all  []cdp.SeriesLine
}

func (l *lines) add(name string, bucket int, n int64) {
	if bucket < 0 || bucket >= l.size {
		return
	}
	i := slices.IndexFunc(l.all, func(s cdp.SeriesLine) bool { return s.Name == name })
	if i < 0 {
		i = len(l.all)
		l.all = append(l.all, cdp.SeriesLine{Name: name, Values: make([]int64, l.size)})
	}
	l.all[i].Values[bucket] += n
}

func (l *lines) sorted() []cdp.SeriesLine {
	slices.SortFunc(l.all, func(a, b cdp.SeriesLine) int { return strings.Compare(a.Name, b.Name) })
	return l.all
}

// FunctionStats summarises the last 24 hours, the current one included, of
// some functions: for each that has counts or runs.
func (s *Store) FunctionStats(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]cdp.FunctionStats, error) {
	start := s.now().Truncate(hour).Add(-23 * hour)
	out := map[cdp.FunctionID]cdp.FunctionStats{}
	if err := s.hourlyStats(ctx, project, ids, start, out); err != nil {
		return nil, fault("read function stats", err)
	}
	if err := s.lastRuns(ctx, project, ids, out); err != nil {
		return nil, fault("read last runs", err)
	}
	return out, nil
}

func (s *Store) hourlyStats(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID, start time.Time, out map[cdp.FunctionID]cdp.FunctionStats) error {
	rows, err := s.telemetry.query(ctx, `
select function_id, name, kind, bucket_us, count
  from metric_hour
 where project_id = $1 and function_id in (select value from json_each($2)) and bucket_us >= $3 and bucket_us < $4`,
		int64(project), list(ids), us(start), us(start.Add(24*hour)))
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.FunctionID
		var name cdp.Outcome
		var kind string
		var when, n int64
		err := r.Scan(&id, &name, &kind, &when, &n)
		st := out[id]
		switch h := at(when).Sub(start) / hour; {
		case name == cdp.OutcomeSucceeded:
			st.Succeeded[h] += n
		case kind == "failure":
			st.Failed[h] += n
		default:
			if st.Other == nil {
				st.Other = map[cdp.Outcome]int64{}
			}
			st.Other[name] += n
		}
		out[id] = st
		return struct{}{}, err
	})
	return err
}

func (s *Store) lastRuns(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID, out map[cdp.FunctionID]cdp.FunctionStats) error {
	rows, err := s.telemetry.query(ctx, `
select id, last
  from (select value as id, nullif(max(
               coalesce((select max(scheduled_at_us) from run where project_id = $1 and function_id = value), 0),
               coalesce((select scheduled_at_us from last_run where project_id = $1 and function_id = value), 0)), 0) as last
          from json_each($2)) as latest
 where last is not null`, int64(project), list(ids))
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.FunctionID
		var when int64
		err := r.Scan(&id, &when)
		st := out[id]
		st.LastRun = at(when)
		out[id] = st
		return struct{}{}, err
	})
	return err
}
