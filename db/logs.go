package db

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"hogpen/cdp"
)

const insertLog = `
insert into log_entry (seq, project_id, function_id, invocation_id, time_us, level, message)`

// lastLog is the highest number ever given to an entry: pruning must not make
// one be given twice.
const lastLog = `
select coalesce(max(seq), 0)
  from sqlite_sequence
 where name = 'log_entry'`

// raiseLog keeps the numbers of packed entries from being given again. The
// table's row is there from the first migration on.
const raiseLog = `
update sqlite_sequence
   set seq = max(seq, $1)
 where name = 'log_entry'`

// insertLogs numbers the entries, in place, and writes them.
func (r *recorder) insertLogs(ctx context.Context, tx *sql.Tx, es []cdp.LogEntry, p *packed) error {
	if len(es) == 0 {
		return nil
	}
	var last int64
	if err := tx.StmtContext(ctx, r.lastLog).QueryRowContext(ctx).Scan(&last); err != nil {
		return err
	}
	for i := range es {
		es[i].Seq = last + int64(i) + 1
	}
	if err := r.insertPacks(ctx, tx, r.logPack, p.logs, last); err != nil {
		return err
	}
	if len(p.logs) > 0 {
		if _, err := tx.StmtContext(ctx, r.raiseLog).ExecContext(ctx, last+int64(len(es))); err != nil {
			return err
		}
	}
	values := make([]any, 0, 7*len(p.numbered))
	for _, i := range p.numbered {
		e := &es[i]
		values = append(values, e.Seq, int64(e.Project), string(e.Function), string(e.Invocation), us(e.Time), string(e.Level), e.Message)
	}
	return r.logs.insert(ctx, tx, values)
}

// logWhere gives q's conditions. A plus before a column keeps the planner,
// which knows nothing of the columns' contents, from the less selective index.
func logWhere(q cdp.LogQuery) *where {
	w := &where{}
	project, function := "project_id = ?", "function_id = ?"
	if q.Function != "" || q.Invocation != "" {
		project = "+project_id = ?"
	}
	if q.Invocation != "" {
		function = "+function_id = ?"
		w.add("invocation_id = ?", string(q.Invocation))
	}
	w.add(project, int64(q.Project))
	if q.Function != "" {
		w.add(function, string(q.Function))
	}
	if !q.After.IsZero() {
		w.add("time_us > ?", us(q.After))
	}
	if !q.Before.IsZero() {
		w.add("time_us < ?", us(q.Before))
	}
	if q.Tail {
		w.add("seq > ?", q.AfterSeq)
	}
	if len(q.Levels) > 0 {
		w.add("level in (select value from json_each(?))", list(q.Levels))
	}
	if search := fold(q.Search); search != "" {
		w.add("instr(fold(message), ?) > 0", search)
	}
	return w
}

// Logs lists log entries, newest first, or with q.Tail those after q.AfterSeq,
// oldest first; 50 when q.Limit is 0.
func (s *Store) Logs(ctx context.Context, q cdp.LogQuery) ([]cdp.LogEntry, error) {
	w := logWhere(q)
	order := "time_us desc, seq desc"
	if q.Tail {
		order = "seq"
	}
	all := top[cdp.LogEntry]{need: limitOr(q.Limit, 50) + q.Offset, order: newestLog}
	if q.Tail {
		all.order = func(a, b cdp.LogEntry) int { return cmp.Compare(a.Seq, b.Seq) }
	}
	rows, err := s.telemetry.query(ctx, `
select seq, project_id, function_id, invocation_id, time_us, level, message
  from log_entry
 where `+w.String()+`
 order by `+order+`
 limit `+w.bind(all.need), w.args...)
	es, err := collect(rows, err, func(r scanner) (e cdp.LogEntry, err error) {
		var when int64
		err = r.Scan(&e.Seq, &e.Project, &e.Function, &e.Invocation, &when, &e.Level, &e.Message)
		e.Time = at(when)
		return e, err
	})
	if err != nil {
		return nil, fault("list log entries", err)
	}
	all.items = es
	if err := s.packedLogs(ctx, q, &all); err != nil {
		return nil, fault("list log entries", err)
	}
	return all.from(q.Offset), nil
}

// LogCounts counts by level the entries that Logs would list without a limit.
func (s *Store) LogCounts(ctx context.Context, q cdp.LogQuery) (map[cdp.Level]int64, error) {
	w := logWhere(q)
	rows, err := s.telemetry.query(ctx, `
select level, count(*)
  from log_entry
 where `+w.String()+`
 group by level`, w.args...)
	counts, err := tallied(rows, err)
	if err != nil {
		return nil, fault("count log entries", err)
	}
	if err := s.countPackedLogs(ctx, q, counts); err != nil {
		return nil, fault("count log entries", err)
	}
	out := make(map[cdp.Level]int64, len(counts))
	for l, n := range counts {
		out[cdp.Level(l)] = n
	}
	return out, nil
}

// LastLogSeq is the number of the newest log entry of all projects, 0 when
// there was none: where a live tail begins.
func (s *Store) LastLogSeq(ctx context.Context) (int64, error) {
	var last int64
	err := s.telemetry.row(ctx, lastLog, nil, &last)
	return last, fault("find last log entry", err)
}

// LogHistogram counts entries by level in steps from q.After, rounded down to
// a whole step, up to q.Before; both must be set, and at most 10,000 steps lie
// between them.
func (s *Store) LogHistogram(ctx context.Context, q cdp.LogQuery, step time.Duration) (cdp.Series, error) {
	var out cdp.Series
	if step <= 0 || q.After.IsZero() || q.Before.Sub(q.After)/step > maxBuckets {
		return out, cdp.Errorf(cdp.Invalid, "interval", "The range has too many intervals. Choose a shorter range or a longer interval.")
	}
	start := q.After.UTC().Truncate(step)
	for t := start; t.Before(q.Before); t = t.Add(step) {
		out.Buckets = append(out.Buckets, t)
	}
	w := logWhere(q)
	size := step.Microseconds()
	rows, err := s.telemetry.query(ctx, `
select level, (time_us - `+w.bind(us(start))+`) / `+w.bind(size)+` as bucket, count(*)
  from log_entry
 where `+w.String()+`
 group by level, bucket`, w.args...)
	lines := lines{size: len(out.Buckets)}
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var level string
		var bucket int
		var n int64
		err := r.Scan(&level, &bucket, &n)
		lines.add(level, bucket, n)
		return struct{}{}, err
	})
	if err == nil {
		err = s.packedHistogram(ctx, q, step, &lines)
	}
	out.Lines = lines.sorted()
	return out, fault("count log entries", err)
}
