package db

import (
	"context"
	"database/sql"
	"time"

	"hogpen/cdp"
)

// RerunItems lists the runs that q asks for as what is to be done again, those
// scheduled first ahead; 50 when q.Limit is 0.
func (s *Store) RerunItems(ctx context.Context, q cdp.RunQuery) ([]cdp.RerunItem, error) {
	w := runWhere(q)
	rows, err := s.telemetry.query(ctx, `
select id, function_id, event_uuid, (select mapping from rerun where as_id = run.id)
  from run
 where `+w.String()+`
 order by scheduled_at_us, id
 limit `+w.bind(limitOr(q.Limit, 50)), w.args...)
	items, err := collect(rows, err, func(r scanner) (i cdp.RerunItem, err error) {
		var mapping sql.NullInt64
		err = r.Scan(&i.Run, &i.Function, &i.EventUUID, &mapping)
		i.Mapping, i.Again = int(mapping.Int64), mapping.Valid
		return i, err
	})
	return items, fault("list runs to be done again", err)
}

// CountReruns counts the runs that q asks for, and those whose event is not
// kept any more.
func (s *Store) CountReruns(ctx context.Context, q cdp.RunQuery) (runs, gone int64, err error) {
	w := runWhere(q)
	rows, err := s.telemetry.query(ctx, `
select count(*), coalesce(sum(not exists (
         select 1 from event where event.project_id = run.project_id and event.uuid = run.event_uuid)), 0)
  from run
 where `+w.String(), w.args...)
	_, err = collect(rows, err, func(r scanner) (struct{}, error) { return struct{}{}, r.Scan(&runs, &gone) })
	return runs, gone, fault("count runs to be done again", err)
}

const markRerun = `
insert into rerun (run_id, as_id, mapping, at_us)
values ($1, $2, $3, $4)
on conflict (run_id) do update
   set as_id = excluded.as_id, mapping = excluded.mapping, at_us = excluded.at_us`

// MarkRerun notes as which invocation runs are done again.
func (s *Store) MarkRerun(ctx context.Context, marks []cdp.RerunMark, when time.Time) error {
	return s.telemetry.tx(ctx, "note what is done again", func(tx *sql.Tx) error {
		for _, m := range marks {
			if _, err := tx.ExecContext(ctx, markRerun, string(m.Run), string(m.As), m.Mapping, us(when)); err != nil {
				return err
			}
		}
		return nil
	})
}
