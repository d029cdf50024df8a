// Package dbtest hands tests a fresh database on real files, and the few
// things that most of them need in it.
package dbtest

import (
	"context"
	"testing"

	"hogpen/db"
)

// Open gives a store in a folder that goes away with the test.
func Open(t testing.TB) *db.Store {
	t.Helper()
	s, err := db.Open(context.Background(), db.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return s
}
