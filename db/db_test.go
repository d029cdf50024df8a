package db_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"hogpen/db"
	"hogpen/db/dbtest"
)

func TestOpenMakesAFolderForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "a folder with ?odd %20 signs#")
	s, err := db.Open(ctx, db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("folder mode %o, want 700", info.Mode().Perm())
	}
	for _, name := range []string{db.MainFile, db.TelemetryFile, db.MainFile + "-wal"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s mode %o, want 600", name, info.Mode().Perm())
		}
	}
}

func TestMigrationsFromEmptyThenNothingToDo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	s, err := db.Open(ctx, db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Migrated()) < 2 {
		t.Errorf("first open applied %v", s.Migrated())
	}
	all, err := s.Schema(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if !m.Applied {
			t.Errorf("%s/%s is pending after open", m.Database, m.Name)
		}
	}
	if v, err := s.SchemaVersion(ctx); err != nil || v < 1 {
		t.Errorf("schema version %d, %v", v, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = db.Open(ctx, db.Options{Dir: dir, NoMigrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.Migrated()) != 0 {
		t.Errorf("second open applied %v", s.Migrated())
	}
}

func TestReadyAndIntegrity(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	if err := s.Ready(context.Background()); err != nil {
		t.Error(err)
	}
	if err := s.Integrity(context.Background()); err != nil {
		t.Error(err)
	}
}
