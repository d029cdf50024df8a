package db_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hogpen/db"
)

// A queue that was closed holds no file, and its log is folded back.
func TestClosedQueueHoldsNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := openQueue(t, dir, db.QueueOptions{})
	if err := q.Publish(t.Context(), events(3)...); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if name, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(name, dir) {
			t.Errorf("%s is still open", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "queue.db-wal")); !os.IsNotExist(err) {
		t.Errorf("the log is still there: %v", err)
	}
}
