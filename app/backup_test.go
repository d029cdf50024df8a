package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"hogpen/app"
)

// FuzzRestore: whatever is no backup is refused, and leaves nothing but the
// lock in the data folder.
func FuzzRestore(f *testing.F) {
	cfg := app.DefaultConfig()
	cfg.Data = filepath.Join(f.TempDir(), "house")
	if _, err := app.Setup(f.Context(), cfg, app.SetupRequest{Email: "ada@example.com", Password: "correct horse battery", Project: "Shop"}); err != nil {
		f.Fatal(err)
	}
	file := filepath.Join(f.TempDir(), "backup")
	if _, err := app.Backup(f.Context(), cfg, file); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("words"))
	f.Add([]byte{})
	for _, cut := range []int{10, 100, len(whole) / 2, len(whole) - 1} {
		f.Add(whole[:cut])
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/3] ^= 1
	f.Add(flipped)
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := app.DefaultConfig()
		cfg.Data = t.TempDir()
		if _, err := app.Restore(t.Context(), cfg, bytes.NewReader(data)); err == nil {
			return // a backup after all
		}
		left, err := os.ReadDir(cfg.Data)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range left {
			if e.Name() != "server.lock" {
				t.Errorf("%s is left behind", e.Name())
			}
		}
	})
}
