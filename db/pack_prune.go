package db

import (
	"context"
	"database/sql"
	"fmt"

	"hogpen/cdp"
)

// age says how much of a pack is to go.
type age struct {
	// whole and part tell of a pack: all of it, or some.
	whole, part func(h *head) bool
	keeps       func(when, number int64) bool
}

// byAge lets go what is older than a time.
func byAge(us int64) age {
	return age{
		whole: func(h *head) bool { return h.lastUS < us },
		part:  func(h *head) bool { return h.firstUS < us },
		keeps: func(when, _ int64) bool { return when >= us },
	}
}

// byNumber lets go log entries up to a number.
func byNumber(last int64) age {
	return age{
		whole: func(h *head) bool { return h.lastSeq <= last },
		part:  func(h *head) bool { return h.firstSeq <= last },
		keeps: func(_, number int64) bool { return number > last },
	}
}

func (s *Store) oldestPack(ctx context.Context, table string) ([]head, error) {
	rows, err := s.telemetry.query(ctx, `
select seq, project_id, first_us, last_us, first_seq, last_seq, count, digest, x''
  from `+table+`
 order by seq
 limit 1`)
	return collect(rows, err, scanHead)
}

// prunePacks deletes packs at the head of a table, each in a transaction of its
// own, and cuts the first that is not to go as a whole.
func (s *Store) prunePacks(ctx context.Context, table string, a age) (total int64, err error) {
	for {
		heads, err := s.oldestPack(ctx, table)
		if err != nil {
			return total, fault("find old telemetry", err)
		}
		if len(heads) == 0 || !a.part(&heads[0]) {
			return total, nil
		}
		h := &heads[0]
		if !a.whole(h) {
			n, err := s.cutPack(ctx, table, h, a)
			return total + n, fault("prune telemetry", err)
		}
		n, err := s.telemetry.exec(ctx, `delete from `+table+` where seq = $1`, h.seq)
		if err != nil {
			return total, fault("prune telemetry", err)
		}
		if total += n * h.count; n == 0 {
			return total, nil
		}
	}
}

// cutPack writes a pack anew with what is kept of it.
func (s *Store) cutPack(ctx context.Context, table string, h *head, a age) (int64, error) {
	var p packer
	p.begin(h.project)
	var err error
	switch table {
	case eventPacks:
		err = refill(ctx, s, table, h, openEvent, func(e *cdp.Event) {
			if a.keeps(us(e.ReceivedAt), 0) {
				p.event(e)
			}
		})
	case runPacks:
		err = refill(ctx, s, table, h, openRun, func(r *cdp.Run) {
			if a.keeps(us(r.ScheduledAt), 0) {
				p.run(r)
			}
		})
	case logPacks:
		err = refill(ctx, s, table, h, openLog, func(e *cdp.LogEntry) {
			if a.keeps(us(e.Time), e.Seq) {
				p.log(e, e.Seq)
			}
		})
	}
	if err != nil || p.count == h.count {
		return 0, err
	}
	kept := p.end()
	err = s.telemetry.tx(ctx, "cut a pack", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`
update %s
   set first_us = $2, last_us = $3, first_seq = $4, last_seq = $5, count = $6, digest = $7, marks = $8, body = $9
 where seq = $1`, table), h.seq, kept.firstUS, kept.lastUS, kept.firstSeq, kept.lastSeq, kept.count, kept.digest, kept.marks, kept.body)
		return err
	})
	return h.count - kept.count, err
}

func refill[T any](ctx context.Context, s *Store, table string, h *head, entry func(*unpacker, *head) T, put func(*T)) error {
	es, err := entries(ctx, s, table, h, entry)
	for i := range es {
		put(&es[i])
	}
	return err
}
