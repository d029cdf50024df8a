package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// FileLook is what a look at one database file found.
type FileLook struct {
	Name  string
	Bytes int64
	// Fault is what SQLite's own checks found, or why they could not be made; nil
	// when all is well.
	Fault error
	// Pending names the migrations that are still to be applied.
	Pending []string
}

// QueueLook is what waits in the queue.
type QueueLook struct {
	Messages int64
	Oldest   time.Duration // age of what came first and could run; 0 when nothing waits
	Dead     int64         // messages that were given up
}

// Look examines the databases of a data folder without changing them, in the
// order of Files; a server may work on them meanwhile. It reads all of them.
// A file that is not there yet is left out.
func Look(ctx context.Context, dir string, now time.Time) (files []FileLook, q QueueLook, err error) {
	for _, name := range Files() {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, q, fmt.Errorf("data folder: %w", err)
		}
		f := FileLook{Name: name, Bytes: info.Size()}
		f.Fault = lookInto(ctx, dir, &f, &q, now)
		files = append(files, f)
	}
	return files, q, nil
}

func lookInto(ctx context.Context, dir string, f *FileLook, q *QueueLook, now time.Time) (err error) {
	p := &pool{path: filepath.Join(dir, f.Name), stmts: map[stmtKey]*sql.Stmt{}}
	driver := &sqlite.Driver{}
	if err := registerFunctions(driver); err != nil {
		return err
	}
	p.r = sql.OpenDB(connector{driver, dsn(p.path, poolOptions{}.withDefaults(), false)})
	p.w = p.r // nothing writes
	defer func() { err = errors.Join(err, p.close()) }()
	if err := p.integrity(ctx); err != nil {
		return err
	}
	database := map[string]string{MainFile: "main", TelemetryFile: "telemetry", PersonsFile: "persons", QueueFile: "queue"}[f.Name]
	all, err := schema(ctx, p, database)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !m.Applied {
			f.Pending = append(f.Pending, m.Name)
		}
	}
	if f.Name == QueueFile && len(f.Pending) == 0 {
		return lookAtQueue(ctx, p, q, now)
	}
	return nil
}

const (
	oldestWaiting = `
select min(at_us)
  from (select min(saved_at_us) as at_us from block
        union all
        select min(due_us) from later where due_us <= $1)`
	laterWaiting = `select count(*) from later`
	deadWaiting  = `select count(*) from dead`
)

func lookAtQueue(ctx context.Context, p *pool, q *QueueLook, now time.Time) error {
	rows, err := p.query(ctx, allBlocks)
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id, size int64
		var n int
		var done bitmap
		err := r.Scan(&id, &n, &size, (*[]byte)(&done))
		q.Messages += int64(n - done.count(n))
		return struct{}{}, err
	})
	if err != nil {
		return fault("count the queue", err)
	}
	var later int64
	var oldest sql.NullInt64
	if err := p.row(ctx, laterWaiting, nil, &later); err != nil {
		return fault("count the queue", err)
	}
	if err := p.row(ctx, deadWaiting, nil, &q.Dead); err != nil {
		return fault("count dead messages", err)
	}
	if err := p.row(ctx, oldestWaiting, []any{us(now)}, &oldest); err != nil {
		return fault("age of the queue", err)
	}
	q.Messages += later
	if oldest.Valid {
		q.Oldest = max(now.Sub(at(oldest.Int64)), 0)
	}
	return nil
}

// NewestEventAt is when the last recorded event was received; zero is never.
func (s *Store) NewestEventAt(ctx context.Context) (time.Time, error) {
	var row, pack sql.NullInt64
	err := s.telemetry.row(ctx, `
select (select max(received_at_us) from event), (select max(last_us) from event_pack)`, nil, &row, &pack)
	if err != nil || !row.Valid && !pack.Valid {
		return time.Time{}, fault("find the newest event", err)
	}
	return at(max(row.Int64, pack.Int64)), nil
}
