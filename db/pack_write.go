package db

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"hogpen/cdp"
)

// packed is what of a batch goes into packs, and rows are what is left.
type packed struct {
	events, runs, logs []stored
	rows               cdp.Batch
	// numbered are the entries of rows.Logs by their place in the batch.
	numbered []int
	last     []lastRun
}

type lastRun struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	at       int64
}

// sortOut decides what of a batch is packed; packs lie in p's memory.
func (s *Store) sortOut(p *packer, b *cdp.Batch) packed {
	out := packed{rows: cdp.Batch{Runs: b.Runs}}
	if len(b.Events) >= s.packFrom {
		out.events = packAll(p, b.Events, func(e *cdp.Event) cdp.ProjectID { return e.Project }, func(p *packer, i int) { p.event(&b.Events[i]) })
	} else {
		out.rows.Events = b.Events
	}
	if len(b.Ended) >= s.packFrom {
		out.runs = packAll(p, b.Ended, func(r *cdp.Run) cdp.ProjectID { return r.Project }, func(p *packer, i int) { p.run(&b.Ended[i]) })
		out.last = lastRuns(b.Ended)
	} else {
		out.rows.Runs = slices.Concat(b.Runs, b.Ended)
	}
	s.sortLogs(p, b.Logs, &out)
	return out
}

// takePacker gives the store's packer, or a new one while another has it. It is
// no pool: the collector would empty that between two batches.
func (s *Store) takePacker() *packer {
	if p := s.packer.Swap(nil); p != nil {
		return p
	}
	return new(packer)
}

func (s *Store) givePacker(p *packer) {
	p.forget()
	s.packer.Store(p)
}

// sortLogs packs light entries when there are many of them.
func (s *Store) sortLogs(p *packer, es []cdp.LogEntry, out *packed) {
	light := 0
	for i := range es {
		if isLight(&es[i]) {
			light++
		}
	}
	var of []int
	for i := range es {
		if light >= s.packFrom && isLight(&es[i]) {
			of = append(of, i)
		} else {
			out.numbered = append(out.numbered, i)
		}
	}
	out.logs = packAll(p, of, func(i *int) cdp.ProjectID { return es[*i].Project }, func(p *packer, i int) { p.log(&es[of[i]], int64(of[i])+1) })
}

func isLight(e *cdp.LogEntry) bool { return e.Level == cdp.LevelDebug || e.Level == cdp.LevelInfo }

// packAll puts entries into packs, those of one project beside each other.
func packAll[T any](p *packer, entries []T, project func(*T) cdp.ProjectID, put func(p *packer, i int)) []stored {
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(project(&entries[a]), project(&entries[b])) })
	var out []stored
	for n, i := range order {
		of := project(&entries[i])
		if n == 0 {
			p.begin(of)
		} else if p.project != of || p.full() {
			out = append(out, p.end())
			p.begin(of)
		}
		put(p, i)
	}
	if len(order) > 0 {
		out = append(out, p.end())
	}
	return out
}

func lastRuns(rs []cdp.Run) []lastRun {
	type key struct {
		project  cdp.ProjectID
		function cdp.FunctionID
	}
	newest := map[key]int64{}
	for i := range rs {
		k := key{rs[i].Project, rs[i].Function}
		newest[k] = max(newest[k], us(rs[i].ScheduledAt))
	}
	out := make([]lastRun, 0, len(newest))
	for k, when := range newest {
		out = append(out, lastRun{k.project, k.function, when})
	}
	return out
}

const insertPackEnd = ` (project_id, first_us, last_us, first_seq, last_seq, count, digest, marks, body)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

const insertLastRun = `
insert into last_run (project_id, function_id, scheduled_at_us)
values ($1, $2, $3)
on conflict (project_id, function_id) do update
   set scheduled_at_us = max(last_run.scheduled_at_us, excluded.scheduled_at_us)`

// insertPacks writes packs whose numbers begin after base.
func (r *recorder) insertPacks(ctx context.Context, tx *sql.Tx, st *sql.Stmt, packs []stored, base int64) error {
	if len(packs) == 0 {
		return nil
	}
	st = tx.StmtContext(ctx, st)
	for i := range packs {
		p := &packs[i]
		if _, err := st.ExecContext(ctx, int64(p.project), p.firstUS, p.lastUS, p.firstSeq+base, p.lastSeq+base, p.count, p.digest, p.marks, p.body); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) insertLastRuns(ctx context.Context, tx *sql.Tx, last []lastRun) error {
	for _, l := range last {
		if _, err := tx.StmtContext(ctx, r.lastRun).ExecContext(ctx, int64(l.project), string(l.function), l.at); err != nil {
			return err
		}
	}
	return nil
}
