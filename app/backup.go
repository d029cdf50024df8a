package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"hogpen/account"
	"hogpen/db"
)

// Copied says what a backup or a restore moved.
type Copied struct {
	Files  int
	Size   int64  // of the backup file, in bytes
	SHA256 string // of the backup file, in hex
}

// maxBackupFile bounds what one member of a backup may unpack to, so that a
// file that is no backup cannot fill the disk without end.
const maxBackupFile = 1 << 42

// Backup writes a consistent copy of a data folder to a new file, readable by
// its owner only: a gzipped tar archive of the databases and of the secret key,
// unless that is given by configuration. A server may run meanwhile.
func Backup(ctx context.Context, cfg Config, file string) (out Copied, err error) {
	// Beside the target, which has the room, and in the end the name.
	work, err := os.MkdirTemp(filepath.Dir(file), ".hogpen-backup-")
	if err != nil {
		return out, fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if _, err := os.Stat(file); err == nil {
		return out, fmt.Errorf("%s exists already; choose another name", file)
	}
	names, err := db.Backup(ctx, cfg.Data, work)
	if err != nil {
		return out, fmt.Errorf("backup: %w", err)
	}
	key, err := os.ReadFile(filepath.Join(cfg.Data, account.KeyFile))
	if err == nil {
		names = append(names, account.KeyFile)
		err = os.WriteFile(filepath.Join(work, account.KeyFile), key, 0o600)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return out, fmt.Errorf("backup of %s: %w", cfg.Data, err)
	}
	whole := filepath.Join(work, "whole")
	if out, err = pack(whole, work, names); err != nil {
		return out, fmt.Errorf("write %s: %w", file, err)
	}
	if err := os.Rename(whole, file); err != nil {
		return out, fmt.Errorf("write %s: %w", file, err)
	}
	return out, nil
}

// pack writes files of a folder into an archive and syncs it.
func pack(archive, from string, names []string) (out Copied, err error) {
	f, err := os.OpenFile(archive, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	counted := &counter{w: io.MultiWriter(f, sum)}
	z, err := gzip.NewWriterLevel(counted, gzip.BestSpeed)
	if err != nil {
		return out, err
	}
	t := tar.NewWriter(z)
	for _, name := range names {
		if err := packOne(t, from, name); err != nil {
			return out, err
		}
	}
	if err := errors.Join(t.Close(), z.Close(), f.Sync()); err != nil {
		return out, err
	}
	return Copied{len(names), counted.n, hex.EncodeToString(sum.Sum(nil))}, nil
}

func packOne(t *tar.Writer, from, name string) error {
	f, err := os.Open(filepath.Join(from, name))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

// counter counts what goes through it.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// Restore puts a backup back into an empty data folder. Nothing takes its
// place there before all of it was read and the databases found whole.
func Restore(ctx context.Context, cfg Config, backup io.Reader) (out Copied, err error) {
	l, err := lock(cfg.Data)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, l.Unlock()) }()
	if err := empty(cfg.Data); err != nil {
		return out, err
	}
	work, err := os.MkdirTemp(cfg.Data, ".restore-")
	if err != nil {
		return out, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	out, names, err := unpack(work, backup)
	if err != nil {
		return out, fmt.Errorf("this is no whole backup of Hogpen: %w", err)
	}
	if err := checkRestored(ctx, work); err != nil {
		return out, fmt.Errorf("the backup is damaged: %w", err)
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(work, name), filepath.Join(cfg.Data, name)); err != nil {
			return out, fmt.Errorf("restore: %w", err)
		}
	}
	return out, nil
}

// empty makes sure that a data folder holds nothing but its lock.
func empty(folder string) error {
	list, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	for _, e := range list {
		if e.Name() != lockFile {
			return fmt.Errorf("the data folder %s is not empty; choose another one with --data", folder)
		}
	}
	return nil
}

// unpack reads an archive; only the names that a backup has are taken.
func unpack(into string, backup io.Reader) (out Copied, names []string, err error) {
	sum := sha256.New()
	counted := &counter{w: sum}
	raw := io.TeeReader(backup, counted)
	z, err := gzip.NewReader(raw)
	if err != nil {
		return out, nil, err
	}
	known := append(db.Files(), account.KeyFile)
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, nil, err
		}
		if !slices.Contains(known, h.Name) || slices.Contains(names, h.Name) || h.Typeflag != tar.TypeReg || h.Size > maxBackupFile {
			return out, nil, fmt.Errorf("unexpected member %q", h.Name)
		}
		if err := unpackOne(filepath.Join(into, h.Name), t); err != nil {
			return out, nil, err
		}
		names = append(names, h.Name)
	}
	// To the end, where gzip's checksum is.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return out, nil, err
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return out, nil, err
	}
	if !slices.Contains(names, db.MainFile) {
		return out, nil, fmt.Errorf("%s is missing", db.MainFile)
	}
	return Copied{len(names), counted.n, hex.EncodeToString(sum.Sum(nil))}, names, nil
}

func unpackOne(path string, r io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return f.Sync()
}

// checkRestored opens what was restored, which migrates a backup of an older
// version and refuses one of a newer.
func checkRestored(ctx context.Context, dir string) error {
	store, err := db.Open(ctx, db.Options{Dir: dir})
	if err != nil {
		return err
	}
	q, err := db.OpenQueue(ctx, dir, db.QueueOptions{})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	return errors.Join(store.Integrity(ctx), q.Check(ctx), q.Close(), store.Close())
}
