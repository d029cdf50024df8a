package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/klauspost/compress/s2"

	"hogpen/cdp"
)

// A letter is kept once: what is worked on again after a crash fails again.
const keepLetter = `
insert into dead_letter (id, project_id, function_id, version, mapping, kind, source, has_run, event_uuid, event_name, distinct_id,
       error_kind, reason, attempts, at_us, queue_id, replayed_as, payload, inputs)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', $17, $18)
on conflict (id) do nothing`

// KeepLetters stores dead letters in one transaction that is synced: the queue
// forgets what they are made of after it. One whose ID is there already is left
// as it is.
func (s *Store) KeepLetters(ctx context.Context, all []cdp.DeadLetter) error {
	return s.telemetry.syncedTx(ctx, "keep dead letters", func(tx *sql.Tx) error {
		st, err := tx.PrepareContext(ctx, keepLetter)
		if err != nil {
			return err
		}
		defer st.Close()
		for i := range all {
			l := &all[i]
			if _, err := st.ExecContext(ctx, l.ID, int64(l.Project), string(l.Function), l.Version, l.Mapping, l.Kind, l.Source, l.Run,
				l.EventUUID, l.EventName, l.DistinctID, l.ErrorKind, l.Reason, l.Attempts, us(l.At), l.QueueID,
				squeezed(l.Payload), squeezed(l.Inputs)); err != nil {
				return err
			}
		}
		return nil
	})
}

func squeezed(text json.RawMessage) []byte { return s2.Encode(nil, text) }

func unsqueezed(b []byte) (json.RawMessage, error) {
	if n, err := s2.DecodedLen(b); err != nil || n > mostUnpacked {
		return nil, errCorrupt
	}
	text, err := s2.Decode(nil, b)
	if len(text) == 0 {
		return nil, err
	}
	return text, err
}

const letterColumns = `seq, id, project_id, function_id, version, mapping, kind, source, has_run, event_uuid, event_name, distinct_id,
       error_kind, reason, attempts, at_us, queue_id, replayed_at_us, replayed_as`

func letterDest(l *cdp.DeadLetter, at *int64, replayed *sql.NullInt64) []any {
	return []any{&l.Seq, &l.ID, &l.Project, &l.Function, &l.Version, &l.Mapping, &l.Kind, &l.Source, &l.Run, &l.EventUUID, &l.EventName,
		&l.DistinctID, &l.ErrorKind, &l.Reason, &l.Attempts, at, &l.QueueID, replayed, &l.ReplayedAs}
}

func scanLetter(r scanner) (l cdp.DeadLetter, err error) {
	var stamp int64
	var replayed sql.NullInt64
	err = r.Scan(letterDest(&l, &stamp, &replayed)...)
	l.At, l.ReplayedAt = at(stamp), maybeAt(replayed)
	return l, err
}

func letterWhere(q cdp.LetterQuery) *where {
	w := &where{}
	if q.Unowned {
		w.add("project_id in (?, 0)", int64(q.Project))
	} else {
		w.add("project_id = ?", int64(q.Project))
	}
	if q.Function != "" {
		w.add("function_id = ?", string(q.Function))
	}
	for _, l := range []struct {
		column string
		values []string
	}{{"kind", q.Kinds}, {"error_kind", q.ErrorKinds}, {"id", q.IDs}} {
		if len(l.values) > 0 {
			w.add(l.column+" in (select value from json_each(?))", list(l.values))
		}
	}
	if q.Replayed != nil {
		w.add("(replayed_at_us is not null) = ?", *q.Replayed)
	}
	if !q.After.IsZero() {
		w.add("at_us > ?", us(q.After))
	}
	if !q.Before.IsZero() {
		w.add("at_us < ?", us(q.Before))
	}
	if q.BeforeSeq > 0 {
		w.add("seq < ?", q.BeforeSeq)
	}
	if search := fold(q.Search); search != "" {
		w.add("(id = ? or event_uuid = ? or instr(fold(event_name || char(10) || distinct_id || char(10) || reason), ?) > 0)", search, search, search)
	}
	return w
}

// Letters lists dead letters, newest first, without payload and inputs; 50 when
// q.Limit is 0.
func (s *Store) Letters(ctx context.Context, q cdp.LetterQuery) ([]cdp.DeadLetter, error) {
	w := letterWhere(q)
	rows, err := s.telemetry.query(ctx, `
select `+letterColumns+`
  from dead_letter
 where `+w.String()+`
 order by seq desc
 limit `+w.bind(limitOr(q.Limit, 50))+` offset `+w.bind(q.Offset), w.args...)
	all, err := collect(rows, err, scanLetter)
	return all, fault("list dead letters", err)
}

// CountLetters counts what Letters would list without a limit.
func (s *Store) CountLetters(ctx context.Context, q cdp.LetterQuery) (n int64, err error) {
	w := letterWhere(q)
	err = s.telemetry.row(ctx, `
select count(*)
  from dead_letter
 where `+w.String(), w.args, &n)
	return n, fault("count dead letters", err)
}

// Letter finds a dead letter of a project, or of none, whole.
func (s *Store) Letter(ctx context.Context, project cdp.ProjectID, id string) (l cdp.DeadLetter, err error) {
	var stamp int64
	var replayed sql.NullInt64
	var payload, inputs []byte
	err = s.telemetry.row(ctx, `
select `+letterColumns+`, payload, inputs
  from dead_letter
 where id = $1 and project_id in ($2, 0)`, []any{id, int64(project)}, append(letterDest(&l, &stamp, &replayed), &payload, &inputs)...)
	if err != nil {
		return cdp.DeadLetter{}, fault("find dead letter", err)
	}
	l.At, l.ReplayedAt = at(stamp), maybeAt(replayed)
	if l.Payload, err = unsqueezed(payload); err == nil {
		l.Inputs, err = unsqueezed(inputs)
	}
	return l, fault("read dead letter", err)
}

const removeLetters = `
delete from dead_letter
 where id in (select value from json_each($1)) and project_id in ($2, 0)
returning queue_id, replayed_at_us is null`

// RemoveLetters forgets dead letters of a project, or of none, and gives the
// numbers of those that still stand in the queue.
func (s *Store) RemoveLetters(ctx context.Context, project cdp.ProjectID, ids []string) (removed int64, queued []int64, err error) {
	err = s.telemetry.tx(ctx, "discard dead letters", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, removeLetters, list(ids), int64(project))
		_, err = collect(rows, err, func(r scanner) (struct{}, error) {
			var number int64
			var waits bool
			err := r.Scan(&number, &waits)
			removed++
			if number != 0 && waits {
				queued = append(queued, number)
			}
			return struct{}{}, err
		})
		return err
	})
	return removed, queued, err
}

// WaitingLetters counts by kind the dead letters of all projects that were not
// done again.
func (s *Store) WaitingLetters(ctx context.Context) (map[string]int64, error) {
	rows, err := s.telemetry.query(ctx, `
select kind, count(*)
  from dead_letter
 where replayed_at_us is null
 group by kind`)
	out, err := tallied(rows, err)
	return out, fault("count dead letters", err)
}

const letterReplayed = `
update dead_letter
   set replayed_at_us = $2, replayed_as = $3
 where id = $1`

const (
	pruneLetters = `
delete from dead_letter
 where seq in (select seq from (select seq, at_us from dead_letter order by seq limit $2) where at_us < $1)`
	pruneLetterCount = `
delete from dead_letter
 where seq in (select seq from dead_letter where seq <= $1 order by seq limit $2)`
)

// pruneDeadLetters deletes those that are too old or too many.
func (s *Store) pruneDeadLetters(ctx context.Context, now time.Time) (int64, error) {
	total, err := s.pruneWhile(ctx, pruneLetters, us(now.Add(-cdp.DeadLetterKept)), always)
	if err != nil {
		return total, err
	}
	var last int64
	if err := s.telemetry.row(ctx, `select coalesce(max(seq), 0) from dead_letter`, nil, &last); err != nil {
		return total, fault("prune dead letters", err)
	}
	if last <= cdp.MaxDeadLetters {
		return total, nil
	}
	n, err := s.pruneWhile(ctx, pruneLetterCount, last-cdp.MaxDeadLetters, always)
	return total + n, err
}
