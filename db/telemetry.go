package db

import (
	"context"
	"database/sql"
	"strings"

	"hogpen/cdp"
)

// Record stores a batch in one transaction: all of it, or on an error nothing.
// Events already stored (same project and UUID) are left as they are; a run
// replaces its earlier state, unless that had ended and the new one has not;
// metrics are added to their buckets. The entries of b.Logs get their Seq. What
// is many of its kind goes into packs (see pack.go).
func (s *Store) Record(ctx context.Context, b cdp.Batch) error {
	if len(b.Events)+len(b.Runs)+len(b.Ended)+len(b.Logs)+len(b.Metrics) == 0 {
		return nil
	}
	// Packing takes the processor, and the writing connection need not wait.
	packer := s.takePacker()
	defer s.givePacker(packer)
	p := s.sortOut(packer, &b)
	return s.telemetry.tx(ctx, "record telemetry", func(tx *sql.Tx) error {
		if err := s.record.events.insert(ctx, tx, eventValues(p.rows.Events)); err != nil {
			return err
		}
		if err := s.record.insertPacks(ctx, tx, s.record.eventPack, p.events, 0); err != nil {
			return err
		}
		if err := s.record.runs.insert(ctx, tx, runValues(p.rows.Runs)); err != nil {
			return err
		}
		if err := s.record.insertPacks(ctx, tx, s.record.runPack, p.runs, 0); err != nil {
			return err
		}
		if err := s.record.insertLastRuns(ctx, tx, p.last); err != nil {
			return err
		}
		if err := s.record.insertLogs(ctx, tx, b.Logs, &p); err != nil {
			return err
		}
		if err := s.record.minutes.insert(ctx, tx, metricValues(b.Metrics, minute)); err != nil {
			return err
		}
		return s.record.hours.insert(ctx, tx, metricValues(b.Metrics, hour))
	})
}

// recorder holds the statements that write telemetry, prepared once on the
// writing connection: parsing one for many rows takes longer than running it.
type recorder struct {
	events, runs, logs, minutes, hours bulk
	lastLog, raiseLog                  *sql.Stmt
	eventPack, runPack, logPack        *sql.Stmt
	lastRun                            *sql.Stmt
}

func newRecorder(ctx context.Context, p *pool) (*recorder, error) {
	r := &recorder{}
	for _, b := range []struct {
		bulk       *bulk
		head, tail string
	}{
		{&r.events, insertEvent, insertEventEnd},
		{&r.runs, insertRun, insertRunEnd},
		{&r.logs, insertLog, ""},
		{&r.minutes, insertMinute, insertMinuteEnd},
		{&r.hours, insertHour, insertHourEnd},
	} {
		var err error
		if *b.bulk, err = newBulk(ctx, p, b.head, b.tail); err != nil {
			return nil, fault("prepare to record", err)
		}
	}
	for _, s := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&r.lastLog, lastLog}, {&r.raiseLog, raiseLog}, {&r.lastRun, insertLastRun},
		{&r.eventPack, "insert into " + eventPacks + insertPackEnd},
		{&r.runPack, "insert into " + runPacks + insertPackEnd},
		{&r.logPack, "insert into " + logPacks + insertPackEnd},
	} {
		var err error
		if *s.to, err = p.stmt(ctx, p.w, s.text); err != nil {
			return nil, fault("prepare to record", err)
		}
	}
	return r, nil
}

// bulk inserts rows by the dozen.
type bulk struct {
	width     int // values in a row
	one, many *sql.Stmt
}

// rowsPerStatement is how many rows one statement inserts; what is left over
// goes in one by one.
const rowsPerStatement = 32

// newBulk prepares "head values (...), (...) tail"; head ends with the list
// of columns in parentheses.
func newBulk(ctx context.Context, p *pool, head, tail string) (b bulk, err error) {
	b.width = strings.Count(head[strings.LastIndexByte(head, '('):], ",") + 1
	if b.one, err = p.stmt(ctx, p.w, head+"\nvalues "+placeholders(1, b.width)+tail); err != nil {
		return b, err
	}
	b.many, err = p.stmt(ctx, p.w, head+"\nvalues "+placeholders(rowsPerStatement, b.width)+tail)
	return b, err
}

// insert writes rows whose values are laid end to end.
func (b bulk) insert(ctx context.Context, tx *sql.Tx, values []any) error {
	for len(values) > 0 {
		st, n := b.one, b.width
		if len(values) >= rowsPerStatement*b.width {
			st, n = b.many, rowsPerStatement*b.width
		}
		if _, err := tx.StmtContext(ctx, st).ExecContext(ctx, values[:n]...); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}
