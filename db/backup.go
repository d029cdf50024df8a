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

	"hogpen/cdp"
)

// Files names the databases of a data folder, in the order in which they are
// to be copied. The queue comes first: what it holds is worked on again after
// the copy is put back, and so is in the others twice rather than not at all.
func Files() []string { return []string{QueueFile, PersonsFile, TelemetryFile, MainFile} }

// Backup copies the databases of a data folder into another folder, each as it
// stood at one moment, and names those there are: before the first start there
// is no queue. A server may work on them meanwhile; it is held up no more than
// by any reader. A folder without MainFile is NotFound.
func Backup(ctx context.Context, dir, into string) (names []string, err error) {
	if _, err := os.Stat(filepath.Join(dir, MainFile)); errors.Is(err, os.ErrNotExist) {
		return nil, cdp.Errorf(cdp.NotFound, "", "there is no %s in %s", MainFile, dir)
	}
	for _, name := range Files() {
		from := filepath.Join(dir, name)
		if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := copyFile(ctx, from, filepath.Join(into, name)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

func copyFile(ctx context.Context, from, to string) (err error) {
	// Made here, for SQLite would let others read it.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	d := sql.OpenDB(connector{&sqlite.Driver{}, dsn(from, poolOptions{Busy: time.Minute}.withDefaults(), true)})
	defer func() { err = errors.Join(err, d.Close()) }()
	_, err = d.ExecContext(ctx, `vacuum into $1`, to)
	return fault("copy "+filepath.Base(from), err)
}
