package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"modernc.org/sqlite"

	"hogpen/cdp"
)

// poolOptions shape one database file's connections. The zero value of a
// field takes the default named beside it.
type poolOptions struct {
	// Sync is SQLite's synchronous setting: FULL (the default) syncs every
	// commit; NORMAL may lose the last commits in a power cut.
	Sync string
	// CacheKB bounds each connection's page cache: 4096. ReaderCacheKB is that
	// of those that read, if it is not 0.
	CacheKB, ReaderCacheKB int
	// Busy is how long a statement waits for another process's lock: 5 s.
	Busy time.Duration
	// Readers is the number of reading connections: twice the processors,
	// at least 4.
	Readers int
	// PageBytes is the page size of a file that is made anew: 4096.
	PageBytes int
	// CheckpointPages is how long the write-ahead log may grow before a
	// commit folds it back: 1000.
	CheckpointPages int
}

func (o poolOptions) withDefaults() poolOptions {
	if o.Sync == "" {
		o.Sync = "FULL"
	}
	if o.CacheKB == 0 {
		o.CacheKB = 4096
	}
	if o.Busy == 0 {
		o.Busy = 5 * time.Second
	}
	if o.Readers == 0 {
		o.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if o.CheckpointPages == 0 {
		o.CheckpointPages = 1000
	}
	return o
}

// pool is one database file: the connection that writes and those that read.
type pool struct {
	path string
	w    *sql.DB // one connection; transactions begin immediate
	r    *sql.DB // read-only connections

	mu    sync.Mutex
	stmts map[stmtKey]*sql.Stmt
}

type stmtKey struct {
	db   *sql.DB
	text string
}

// connector opens connections of a driver of our own, so that nothing in the
// process-wide one can change how they behave.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.driver.Open(c.dsn)
}

func (c connector) Driver() driver.Driver { return c.driver }

// openPool opens the file at path, creating it readable by its owner only,
// and proves that it can be written to. Migrations come after it: see migrate.
func openPool(ctx context.Context, path string, o poolOptions) (*pool, error) {
	o = o.withDefaults()
	// SQLite gives its log and index files the mode of the database.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("database file: %w", err)
	}
	p := &pool{path: path, stmts: map[stmtKey]*sql.Stmt{}}
	d := &sqlite.Driver{}
	if err := registerFunctions(d); err != nil {
		return nil, err
	}
	p.w = sql.OpenDB(connector{d, dsn(path, o, true)})
	p.w.SetMaxOpenConns(1)
	p.w.SetMaxIdleConns(1)
	p.r = sql.OpenDB(connector{d, dsn(path, o, false)})
	p.r.SetMaxOpenConns(o.Readers)
	p.r.SetMaxIdleConns(o.Readers)
	if err := p.connect(ctx, o.Busy); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// connect makes the writing connection. When several processes open a new
// file at once, the change to the write-ahead log fails at once for all but
// one of them, without the wait that other statements make; so it waits here.
func (p *pool) connect(ctx context.Context, patience time.Duration) error {
	for end := time.Now().Add(patience); ; {
		err := fault("open "+p.path, p.w.PingContext(ctx))
		var passing *cdp.Error
		if !errors.As(err, &passing) || passing.Code != cdp.Unavailable || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// dsn spells the settings into the connection string, because a pragma that
// is executed reaches one connection of a pool only.
func dsn(path string, o poolOptions, write bool) string {
	q := url.Values{}
	if !write && o.ReaderCacheKB != 0 {
		o.CacheKB = o.ReaderCacheKB
	}
	if o.PageBytes != 0 {
		// Before the journal mode, which writes the first page.
		q.Add("_pragma", "page_size("+strconv.Itoa(o.PageBytes)+")")
	}
	for _, p := range []string{
		"busy_timeout(" + strconv.FormatInt(o.Busy.Milliseconds(), 10) + ")",
		"foreign_keys(1)",
		"journal_mode(WAL)",
		"synchronous(" + o.Sync + ")",
		"cache_size(-" + strconv.Itoa(o.CacheKB) + ")",
		"temp_store(MEMORY)",
		"journal_size_limit(67108864)",
		"wal_autocheckpoint(" + strconv.Itoa(o.CheckpointPages) + ")",
	} {
		q.Add("_pragma", p)
	}
	if write {
		q.Set("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(1)")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	return u.String()
}

// tx runs fn in one write transaction: committed when fn returns nil, else
// rolled back. fn must use tx only; the pool's own writer would wait for it
// for ever. The error is a *cdp.Error where a caller may act on it.
func (p *pool) tx(ctx context.Context, what string, fn func(tx *sql.Tx) error) error {
	tx, err := p.w.BeginTx(ctx, nil)
	if err != nil {
		return fault(what, err)
	}
	if err := fn(tx); err != nil {
		// The first error is the one that tells; a rollback that fails too
		// has nothing to add, and the connection is then discarded.
		_ = tx.Rollback()
		return fault(what, err)
	}
	return fault(what, tx.Commit())
}

// syncedTx is tx for a file whose commits are not synced as a rule: this one is
// before it returns.
func (p *pool) syncedTx(ctx context.Context, what string, fn func(tx *sql.Tx) error) (err error) {
	conn, err := p.w.Conn(ctx)
	if err != nil {
		return fault(what, err)
	}
	// Without ctx, which may have ended: the connection is used again.
	still := context.WithoutCancel(ctx)
	defer func() {
		_, back := conn.ExecContext(still, "pragma synchronous = normal")
		err = errors.Join(err, fault(what, back), conn.Close())
	}()
	if _, err := conn.ExecContext(ctx, "pragma synchronous = full"); err != nil {
		return fault(what, err)
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fault(what, err)
	}
	if err := fn(tx); err != nil {
		_ = tx.Rollback() // the first error is the one that tells
		return fault(what, err)
	}
	return fault(what, tx.Commit())
}

// stmt gives a prepared statement of h, kept for the life of the pool; text
// must come from a small set of texts.
func (p *pool) stmt(ctx context.Context, h *sql.DB, text string) (*sql.Stmt, error) {
	k := stmtKey{h, text}
	p.mu.Lock()
	s := p.stmts[k]
	p.mu.Unlock()
	if s != nil {
		return s, nil
	}
	// Not under the lock: preparing may wait for a connection.
	s, err := h.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.stmts[k]; first != nil {
		_ = s.Close()
		return first, nil
	}
	p.stmts[k] = s
	return s, nil
}

// query asks a reading connection through a kept statement.
func (p *pool) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	s, err := p.stmt(ctx, p.r, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// row asks a reading connection for one row and scans it into dest.
func (p *pool) row(ctx context.Context, text string, args []any, dest ...any) error {
	s, err := p.stmt(ctx, p.r, text)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(dest...)
}

// exec runs one statement on the writing connection, as a transaction of its
// own, and says how many rows it touched.
func (p *pool) exec(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := p.stmt(ctx, p.w, text)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// close closes readers first, so that the writer's close folds the log back.
func (p *pool) close() error {
	p.mu.Lock()
	for _, s := range p.stmts {
		_ = s.Close()
	}
	p.stmts = map[stmtKey]*sql.Stmt{}
	p.mu.Unlock()
	return errors.Join(p.r.Close(), p.w.Close())
}

// integrity runs SQLite's own checks and returns what they found, nil when
// all is well.
func (p *pool) integrity(ctx context.Context) error {
	var found string
	if err := p.r.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&found); err != nil {
		return fault("check "+p.path, err)
	}
	if found != "ok" {
		return fmt.Errorf("check %s: %s", p.path, found)
	}
	return nil
}

// writable proves that a write transaction can be had and committed.
func (p *pool) writable(ctx context.Context) error {
	return p.tx(ctx, "write to "+p.path, func(tx *sql.Tx) error {
		// The application number is stored in the file's header, so this is
		// a real write without a table.
		_, err := tx.ExecContext(ctx, "pragma application_id = "+strconv.Itoa(applicationID))
		return err
	})
}

// applicationID marks our files for file(1): "HogP".
const applicationID = 0x486f6750
