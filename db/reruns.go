package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"time"

	"hogpen/cdp"
)

// RerunItems lists the runs that q asks for as what is to be done again, those
// scheduled first ahead; 50 when q.Limit is 0.
func (s *Store) RerunItems(ctx context.Context, q cdp.RunQuery) ([]cdp.RerunItem, error) {
	w := runWhere(q)
	all := top[cdp.Run]{need: limitOr(q.Limit, 50), order: oldestRun}
	rows, err := s.telemetry.query(ctx, `
select `+runColumns+`
  from run
 where `+w.String()+`
 order by scheduled_at_us, id
 limit `+w.bind(all.need), w.args...)
	if all.items, err = collect(rows, err, scanRun); err == nil {
		err = s.packedRuns(ctx, q, &all)
	}
	if err != nil {
		return nil, fault("list runs to be done again", err)
	}
	items, err := s.rerunItems(ctx, all.from(0))
	return items, fault("list runs to be done again", err)
}

// rerunItems tells of runs which mapping they were of when they had been done
// again themselves.
func (s *Store) rerunItems(ctx context.Context, rs []cdp.Run) ([]cdp.RerunItem, error) {
	rows, err := s.telemetry.query(ctx, `
select as_id, mapping
  from rerun
 where as_id in (select value from json_each($1))`, list(idsOf(rs)))
	mappings := map[cdp.InvocationID]int{}
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.InvocationID
		var mapping int
		err := r.Scan(&id, &mapping)
		mappings[id] = mapping
		return struct{}{}, err
	})
	var items []cdp.RerunItem
	for i := range rs {
		mapping, again := mappings[rs[i].ID]
		items = append(items, cdp.RerunItem{Run: rs[i].ID, Function: rs[i].Function, EventUUID: rs[i].EventUUID, Mapping: mapping, Again: again})
	}
	return items, err
}

// rerun tells which of some runs are done again already.
func (s *Store) rerun(ctx context.Context, rs []cdp.Run) (map[cdp.InvocationID]bool, error) {
	rows, err := s.telemetry.query(ctx, `
select run_id
  from rerun
 where run_id in (select value from json_each($1))`, list(idsOf(rs)))
	ids, err := collect(rows, err, scanOne[cdp.InvocationID])
	out := make(map[cdp.InvocationID]bool, len(ids))
	for _, id := range ids {
		out[id] = true
	}
	return out, err
}

func idsOf(rs []cdp.Run) []cdp.InvocationID {
	ids := make([]cdp.InvocationID, len(rs))
	for i := range rs {
		ids[i] = rs[i].ID
	}
	return ids
}

// oldestRun is the order in which runs are done again.
func oldestRun(a, b cdp.Run) int { return newestRun(b, a) }

// CountReruns counts the runs that q asks for, and those of which neither event
// nor dead letter is kept any more.
func (s *Store) CountReruns(ctx context.Context, q cdp.RunQuery) (runs, gone int64, err error) {
	w := runWhere(q)
	missing := map[uint32]int64{} // runs without a row of their event, by its mark
	rows, err := s.telemetry.query(ctx, `
select case when exists (select 1 from event where event.project_id = run.project_id and event.uuid = run.event_uuid)
              or exists (select 1 from dead_letter where dead_letter.id = run.id)
            then null else event_uuid end
  from run
 where `+w.String(), w.args...)
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var uuid sql.NullString
		err := r.Scan(&uuid)
		runs++
		if uuid.Valid {
			missing[mark(uuid.String)]++
		}
		return struct{}{}, err
	})
	if err != nil {
		return 0, 0, fault("count runs to be done again", err)
	}
	t := newRunTest(q)
	err = s.visit(ctx, t.scan(), func(h *head) (bool, error) {
		return true, s.matchingRuns(ctx, &t, h, func(r cdp.Run) {
			runs++
			missing[mark(r.EventUUID)]++
		})
	})
	if err == nil {
		gone, err = s.gone(ctx, q.Project, missing)
	}
	return runs, gone, fault("count runs to be done again", err)
}

// gone counts the runs whose event is in no pack. It asks the marks alone: one
// in a few thousand that are gone may be told as kept, in a number that says
// whether doing runs again is worth while.
func (s *Store) gone(ctx context.Context, project cdp.ProjectID, missing map[uint32]int64) (n int64, err error) {
	for _, runs := range missing {
		n += runs
	}
	if n == 0 {
		return 0, nil
	}
	err = s.visit(ctx, scan{table: eventPacks, project: project, marks: true}, func(h *head) (bool, error) {
		for b := h.marks; len(b) >= 4; b = b[4:] {
			m := binary.LittleEndian.Uint32(b)
			n -= missing[m]
			delete(missing, m)
		}
		return n > 0, nil
	})
	return n, err
}

const markRerun = `
insert into rerun (run_id, as_id, mapping, at_us)
values ($1, $2, $3, $4)
on conflict (run_id) do update
   set as_id = excluded.as_id, mapping = excluded.mapping, at_us = excluded.at_us`

// MarkRerun notes as which invocation runs, or dead letters, are done again.
func (s *Store) MarkRerun(ctx context.Context, marks []cdp.RerunMark, when time.Time) error {
	return s.telemetry.tx(ctx, "note what is done again", func(tx *sql.Tx) error {
		for _, m := range marks {
			if _, err := tx.ExecContext(ctx, markRerun, string(m.Run), string(m.As), m.Mapping, us(when)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, letterReplayed, string(m.Run), us(when), string(m.As)); err != nil {
				return err
			}
		}
		return nil
	})
}
