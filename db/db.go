package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"hogpen/cdp"
)

// The names of the files in the data folder.
const (
	MainFile      = "hogpen.db"
	QueueFile     = "queue.db"
	TelemetryFile = "telemetry.db"
	PersonsFile   = "persons.db"
)

// Options say where the database is and how it behaves.
type Options struct {
	// Dir is the data folder; it is made, for its owner only, when absent.
	Dir string
	// NoMigrate leaves the schema as it is and refuses one that is not the
	// newest.
	NoMigrate bool
	// Busy is how long a statement waits for another process's lock; 5 s
	// when 0.
	Busy time.Duration
	// Now is the clock by which telemetry ages; time.Now when nil.
	Now func() time.Time
	// PackFrom is from how many events, ended runs or light log entries in
	// one batch these are packed (see pack.go); 64 when 0.
	PackFrom int
}

// Store answers every question about people, projects, functions and
// telemetry. It is safe for concurrent use; make one with Open.
type Store struct {
	main      *pool
	telemetry *pool
	persons   *pool
	catalogue *catalogue
	record    *recorder
	now       func() time.Time
	packFrom  int
	packer    atomic.Pointer[packer]
	migrated  []Migration
}

// Open opens the database in o.Dir, brings its schema up to date and gives
// the store. The caller closes it. The queue's file is opened by its own door.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("open database: no data folder given")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	s := &Store{now: o.Now, packFrom: cmp.Or(o.PackFrom, packFrom)}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	s.main, err = openPool(ctx, filepath.Join(o.Dir, MainFile), poolOptions{Busy: o.Busy})
	if err != nil {
		return err
	}
	s.telemetry, err = openPool(ctx, filepath.Join(o.Dir, TelemetryFile), poolOptions{
		Busy: o.Busy, Sync: "NORMAL", CacheKB: 2048, ReaderCacheKB: 4096, PageBytes: 8192, CheckpointPages: 2000})
	if err != nil {
		return err
	}
	// A person's row is written before the queue forgets the event that changed
	// it, so it must be as safe as the queue.
	s.persons, err = openPool(ctx, filepath.Join(o.Dir, PersonsFile), poolOptions{Busy: o.Busy, CacheKB: 4096, ReaderCacheKB: 1024, CheckpointPages: 4000})
	if err != nil {
		return err
	}
	s.catalogue = newCatalogue(s.main)
	for _, f := range s.files() {
		if err := f.prepare(ctx, o.NoMigrate, &s.migrated); err != nil {
			return err
		}
	}
	s.record, err = newRecorder(ctx, s.telemetry)
	return err
}

// file is a pool and the name of its schema.
type file struct {
	database string
	*pool
}

func (s *Store) files() []file {
	return []file{{"main", s.main}, {"telemetry", s.telemetry}, {"persons", s.persons}}
}

// prepare migrates a file, or with check only makes sure that nothing is
// pending.
func (f file) prepare(ctx context.Context, check bool, done *[]Migration) error {
	if !check {
		m, err := migrate(ctx, f.pool, f.database)
		*done = append(*done, m...)
		return err
	}
	all, err := schema(ctx, f.pool, f.database)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !m.Applied {
			return cdp.Errorf(cdp.Invalid, "", "The %s database needs migration %s. Run hogpen migrate first.", f.database, m.Name)
		}
	}
	return nil
}

// Migrated lists the migrations that Open applied, in order.
func (s *Store) Migrated() []Migration { return s.migrated }

// Schema lists all migrations of the store's files, applied and pending.
func (s *Store) Schema(ctx context.Context) ([]Migration, error) {
	var out []Migration
	for _, f := range s.files() {
		m, err := schema(ctx, f.pool, f.database)
		if err != nil {
			return nil, err
		}
		out = append(out, m...)
	}
	return out, nil
}

// SchemaVersion is the number of the newest migration applied to hogpen.db.
func (s *Store) SchemaVersion(ctx context.Context) (int64, error) {
	var v int64
	err := s.main.row(ctx, `
select coalesce(max(version_id), 0)
  from schema_migration
 where is_applied`, nil, &v)
	return v, fault("read schema version", err)
}

// Close closes the files. Calls in progress end with an error.
func (s *Store) Close() error {
	var errs []error
	for _, f := range s.files() {
		if f.pool != nil {
			errs = append(errs, f.close())
		}
	}
	return errors.Join(errs...)
}

// Ready proves that every file can be written to; the error, of code
// Unavailable, says why one cannot.
func (s *Store) Ready(ctx context.Context) error {
	for _, f := range s.files() {
		if err := f.writable(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Integrity runs SQLite's checks on every file, which reads all of it.
func (s *Store) Integrity(ctx context.Context) error {
	for _, f := range s.files() {
		if err := f.integrity(ctx); err != nil {
			return err
		}
	}
	return nil
}
