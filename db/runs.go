package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hogpen/cdp"
)

const insertRun = `
insert into run (id, project_id, function_id, version, status, attempts, event_uuid, event_name, distinct_id,
       scheduled_at_us, started_at_us, finished_at_us, duration_us, error_kind, error_message)`

// Batches may overtake each other: a run that has ended is not set running
// again by an older report.
const insertRunEnd = `
on conflict (id) do update
   set version = excluded.version, status = excluded.status, attempts = excluded.attempts,
       started_at_us = coalesce(excluded.started_at_us, run.started_at_us), finished_at_us = excluded.finished_at_us,
       duration_us = excluded.duration_us, error_kind = excluded.error_kind, error_message = excluded.error_message
 where excluded.finished_at_us is not null or run.finished_at_us is null`

func runValues(rs []cdp.Run) []any {
	out := make([]any, 0, 15*len(rs))
	for i := range rs {
		r := &rs[i]
		out = append(out, string(r.ID), int64(r.Project), string(r.Function), r.Version, r.Status, r.Attempts,
			r.EventUUID, r.EventName, r.DistinctID, us(r.ScheduledAt), maybeUS(r.StartedAt), maybeUS(r.FinishedAt),
			r.Duration.Microseconds(), r.ErrorKind, r.ErrorMessage)
	}
	return out
}

const runColumns = `id, project_id, function_id, version, status, attempts, event_uuid, event_name, distinct_id,
       scheduled_at_us, started_at_us, finished_at_us, duration_us, error_kind, error_message`

func scanRun(r scanner) (v cdp.Run, err error) {
	var scheduled, duration int64
	var started, finished sql.NullInt64
	err = r.Scan(&v.ID, &v.Project, &v.Function, &v.Version, &v.Status, &v.Attempts, &v.EventUUID, &v.EventName, &v.DistinctID,
		&scheduled, &started, &finished, &duration, &v.ErrorKind, &v.ErrorMessage)
	v.ScheduledAt, v.StartedAt, v.FinishedAt = at(scheduled), maybeAt(started), maybeAt(finished)
	v.Duration = time.Duration(duration) * time.Microsecond
	return v, err
}

func runWhere(q cdp.RunQuery) *where {
	w := &where{}
	w.add("project_id = ?", int64(q.Project))
	if q.Function != "" {
		w.add("function_id = ?", string(q.Function))
	}
	if q.EventUUID != "" {
		w.add("event_uuid = ?", q.EventUUID)
	}
	if len(q.Statuses) > 0 {
		w.add("status in (select value from json_each(?))", list(q.Statuses))
	}
	if len(q.ErrorKinds) > 0 {
		w.add("error_kind in (select value from json_each(?))", list(q.ErrorKinds))
	}
	if len(q.IDs) > 0 {
		w.add("id in (select value from json_each(?))", list(q.IDs))
	}
	if q.NotRerun {
		w.add("not exists (select 1 from rerun where rerun.run_id = run.id)")
	}
	if !q.After.IsZero() {
		w.add("scheduled_at_us > ?", us(q.After))
	}
	if !q.Before.IsZero() {
		w.add("scheduled_at_us < ?", us(q.Before))
	}
	if search := fold(q.Search); search != "" {
		w.add("(id = ? or event_uuid = ? or distinct_id = ? or instr(fold(event_name), ?) > 0)", search, search, q.Search, search)
	}
	return w
}

// Runs lists runs, the one scheduled last first; 50 when q.Limit is 0. A
// search finds a whole ID or distinct ID, or a part of an event's name.
func (s *Store) Runs(ctx context.Context, q cdp.RunQuery) ([]cdp.Run, error) {
	w := runWhere(q)
	all := top[cdp.Run]{need: limitOr(q.Limit, 50) + q.Offset, order: newestRun, newest: true}
	rows, err := s.telemetry.query(ctx, `
select `+runColumns+`
  from run
 where `+w.String()+`
 order by scheduled_at_us desc, id desc
 limit `+w.bind(all.need), w.args...)
	if all.items, err = collect(rows, err, scanRun); err != nil {
		return nil, fault("list runs", err)
	}
	if err := s.packedRuns(ctx, q, &all); err != nil {
		return nil, fault("list runs", err)
	}
	return all.from(q.Offset), nil
}

// RunCounts counts by status the runs that Runs would list without a limit.
func (s *Store) RunCounts(ctx context.Context, q cdp.RunQuery) (map[string]int64, error) {
	w := runWhere(q)
	rows, err := s.telemetry.query(ctx, `
select status, count(*)
  from run
 where `+w.String()+`
 group by status`, w.args...)
	out, err := tallied(rows, err)
	if err == nil {
		err = s.countPackedRuns(ctx, q, out)
	}
	return out, fault("count runs", err)
}

// RunsOf lists the runs for one event, in the order they were scheduled.
func (s *Store) RunsOf(ctx context.Context, project cdp.ProjectID, eventUUID string) ([]cdp.Run, error) {
	rows, err := s.telemetry.query(ctx, `
select `+runColumns+`
  from run
 where project_id = $1 and event_uuid = $2
 order by scheduled_at_us, id`, int64(project), eventUUID)
	all := top[cdp.Run]{need: mostRunsOfEvent, order: oldestRun}
	if all.items, err = collect(rows, err, scanRun); err == nil {
		err = s.packedRuns(ctx, cdp.RunQuery{Project: project, EventUUID: eventUUID}, &all)
	}
	return all.from(0), fault("list runs of event", err)
}

// Run finds a project's run by its invocation's ID.
func (s *Store) Run(ctx context.Context, project cdp.ProjectID, id cdp.InvocationID) (cdp.Run, error) {
	st, err := s.telemetry.stmt(ctx, s.telemetry.r, `
select `+runColumns+`
  from run
 where id = $2 and project_id = $1`)
	if err != nil {
		return cdp.Run{}, fault("find run", err)
	}
	r, err := scanRun(st.QueryRowContext(ctx, int64(project), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		r, err = s.packedRun(ctx, project, id)
	}
	if err != nil {
		return cdp.Run{}, fault("find run", err)
	}
	return r, nil
}

// tallied reads rows of a text and a count.
func tallied(rows *sql.Rows, err error) (map[string]int64, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		out[name] += n
	}
	return out, rows.Err()
}
