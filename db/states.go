package db

import (
	"context"
	"database/sql"

	"hogpen/cdp"
)

const statesKept = `
select function_id, project_id, state, tokens, reason, at_us, changed_at_us, locked_until_us
  from function_state`

// States gives what the watcher kept of functions, in no order.
func (s *Store) States(ctx context.Context) ([]cdp.Watched, error) {
	rows, err := s.main.query(ctx, statesKept)
	all, err := collect(rows, err, func(r scanner) (w cdp.Watched, err error) {
		var when int64
		var changed, locked sql.NullInt64
		err = r.Scan(&w.Function, &w.Project, &w.State, &w.Tokens, &w.Reason, &when, &changed, &locked)
		w.At, w.ChangedAt, w.LockedUntil = at(when), maybeAt(changed), maybeAt(locked)
		return w, err
	})
	return all, fault("list the states of functions", err)
}

const (
	keepState = `
insert into function_state (function_id, project_id, state, tokens, reason, at_us, changed_at_us, locked_until_us)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (function_id) do update
   set state = excluded.state, tokens = excluded.tokens, reason = excluded.reason, at_us = excluded.at_us,
       changed_at_us = excluded.changed_at_us, locked_until_us = excluded.locked_until_us`
	forgetState = `
delete from function_state
 where function_id = $1`
)

// KeepStates writes states in one transaction; one that is healthy with a full
// bucket and was never changed is forgotten.
func (s *Store) KeepStates(ctx context.Context, all []cdp.Watched) error {
	return s.main.tx(ctx, "keep the states of functions", func(tx *sql.Tx) error {
		for i := range all {
			w := &all[i]
			var err error
			if w.State == cdp.StateHealthy && w.Tokens == cdp.StatusTokens && w.LockedUntil.IsZero() {
				_, err = tx.ExecContext(ctx, forgetState, string(w.Function))
			} else {
				_, err = tx.ExecContext(ctx, keepState, string(w.Function), int64(w.Project), int(w.State), w.Tokens, w.Reason,
					us(w.At), maybeUS(w.ChangedAt), maybeUS(w.LockedUntil))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
