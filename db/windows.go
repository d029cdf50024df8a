package db

import (
	"context"
	"database/sql"
	"time"

	"hogpen/cdp"
)

const windowsAfter = `
select key, count, until_us, passed
  from mask_window
 where until_us > $1
 order by until_us desc
 limit $2`

// Windows gives up to most windows of masking that end after an instant, those
// that last longest first.
func (s *Store) Windows(ctx context.Context, after time.Time, most int) ([]cdp.MaskWindow, error) {
	rows, err := s.telemetry.query(ctx, windowsAfter, us(after), most)
	all, err := collect(rows, err, func(r scanner) (w cdp.MaskWindow, err error) {
		var until int64
		var key, passed []byte
		err = r.Scan(&key, &w.Count, &until, &passed)
		copy(w.Key[:], key)
		copy(w.Passed[:], passed)
		w.Until = at(until)
		return w, err
	})
	return all, fault("list the windows of masking", err)
}

const keepWindow = `
insert into mask_window (key, count, until_us, passed)
values ($1, $2, $3, $4)
on conflict (key) do update
   set count = excluded.count, until_us = excluded.until_us, passed = excluded.passed`

// KeepWindows writes windows of masking in one transaction.
func (s *Store) KeepWindows(ctx context.Context, all []cdp.MaskWindow) error {
	st, err := s.telemetry.stmt(ctx, s.telemetry.w, keepWindow)
	if err != nil {
		return fault("keep the windows of masking", err)
	}
	return s.telemetry.tx(ctx, "keep the windows of masking", func(tx *sql.Tx) error {
		st := tx.StmtContext(ctx, st)
		for i := range all {
			w := &all[i]
			if _, err := st.ExecContext(ctx, w.Key[:], w.Count, us(w.Until), w.Passed[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

const newestEvents = `
select project_id, uuid
  from event
 where received_at_us > $1
 order by seq desc
 limit $2`

// NewestEvents gives the projects and UUIDs of up to most events that were
// received after an instant, newest first.
func (s *Store) NewestEvents(ctx context.Context, after time.Time, most int, each func(cdp.ProjectID, string)) error {
	rows, err := s.telemetry.query(ctx, newestEvents, us(after), most)
	if err != nil {
		return fault("list the newest events", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p cdp.ProjectID
		var uuid string
		if err := rows.Scan(&p, &uuid); err != nil {
			return fault("list the newest events", err)
		}
		each(p, uuid)
	}
	if err := rows.Err(); err != nil {
		return fault("list the newest events", err)
	}
	rows.Close()
	return fault("list the newest events", s.newestPacked(ctx, us(after), most, each))
}
