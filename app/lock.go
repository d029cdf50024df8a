package app

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockFile is held by the server that works on a data folder.
const lockFile = "server.lock"

// lock takes the data folder for this process, since two servers would hand
// out the same queue twice. The lock goes with the process, however it ends.
func lock(folder string) (*flock.Flock, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	l := flock.New(filepath.Join(folder, lockFile), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the data folder %s: %w", folder, err)
	}
	if !ok {
		return nil, fmt.Errorf("another hogpen serves the data folder %s; stop it, or choose another folder with --data", folder)
	}
	return l, nil
}
