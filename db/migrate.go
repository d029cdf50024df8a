package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"

	"hogpen/cdp"
)

// migrations are numbered, forward only, immutable once released; each runs
// in a transaction of its own.
//
//go:embed migrations
var migrations embed.FS

// Migration is one step of a schema, applied or pending.
type Migration struct {
	Database string // main, queue, telemetry, persons
	Version  int64
	Name     string // the file's name
	Applied  bool
	Took     time.Duration // of those just applied
}

// provider reads the migrations of one database: main, queue, telemetry or persons.
func provider(p *pool, database string) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+database)
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", database, err)
	}
	g, err := goose.NewProvider(goose.DialectSQLite3, p.w, dir,
		goose.WithTableName("schema_migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("migrations of %s: %w", database, err)
	}
	return g, nil
}

// migrate brings a file to the newest schema. It refuses a file that a newer
// Hogpen has written, for older code would damage what it does not know.
//
// Two processes may start at once. Each step is a transaction, so the slower
// one fails at a step that the other has made; it then goes on from there. A
// step that is at fault itself fails again at the same version.
func migrate(ctx context.Context, p *pool, database string) ([]Migration, error) {
	for before := int64(-1); ; {
		done, version, err := migrateOnce(ctx, p, database)
		if err == nil || ctx.Err() != nil || version == before {
			return done, err
		}
		before = version
	}
}

// migrateOnce also gives the version that it began with.
func migrateOnce(ctx context.Context, p *pool, database string) ([]Migration, int64, error) {
	g, err := provider(p, database)
	if err != nil {
		return nil, -1, err
	}
	current, target, err := g.GetVersions(ctx)
	if err != nil {
		return nil, -2, fault("read schema version of "+database, err)
	}
	if current > target {
		return nil, -1, newerSchema(database, current, target)
	}
	// The usual start has nothing to do and should not take the write lock.
	if current == target {
		return nil, current, nil
	}
	done, err := g.Up(ctx)
	if err != nil {
		return nil, current, fault("migrate "+database, partial(err))
	}
	var out []Migration
	for _, d := range done {
		out = append(out, Migration{Database: database, Version: d.Source.Version,
			Name: path.Base(d.Source.Path), Applied: true, Took: d.Duration})
	}
	return out, current, nil
}

func newerSchema(database string, current, target int64) error {
	return cdp.Errorf(cdp.Invalid, "", "The %s database has schema %d, this version of Hogpen knows %d. "+
		"Use the newer version, or restore a backup made before the upgrade.", database, current, target)
}

// partial gives the driver's error inside goose's, so that fault can see it.
func partial(err error) error {
	var pe *goose.PartialError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", path.Base(pe.Failed.Source.Path), pe.Err)
	}
	return err
}

// schema lists a file's migrations, oldest first.
func schema(ctx context.Context, p *pool, database string) ([]Migration, error) {
	g, err := provider(p, database)
	if err != nil {
		return nil, err
	}
	all, err := g.Status(ctx)
	if err != nil {
		return nil, fault("read schema of "+database, err)
	}
	var out []Migration
	for _, m := range all {
		out = append(out, Migration{Database: database, Version: m.Source.Version,
			Name: path.Base(m.Source.Path), Applied: m.State == goose.StateApplied})
	}
	return out, nil
}
