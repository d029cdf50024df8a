package account_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hogpen/account"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, account.KeySize) }

func sealer(t testing.TB, keys ...[]byte) *account.Sealer {
	t.Helper()
	s, err := account.NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealer(t *testing.T) {
	t.Parallel()
	old, both, other := sealer(t, key(1)), sealer(t, key(2), key(1)), sealer(t, key(3))
	place := []byte("function/input")
	sealed, err := old.Seal([]byte("token"), place)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := old.Seal([]byte("token"), place); bytes.Equal(sealed, again) || bytes.Contains(sealed, []byte("token")) {
		t.Error("the sealed text tells something")
	}
	for _, s := range []*account.Sealer{old, both} {
		if plain, err := s.Open(sealed, place); err != nil || string(plain) != "token" {
			t.Errorf("Open = %q, %v", plain, err)
		}
	}
	fresh, err := both.Seal([]byte("token"), place)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.Open(fresh, place); !errors.Is(err, account.ErrUnsealed) {
		t.Errorf("the second key sealed: %v", err)
	}
	if _, err := other.Open(sealed, place); !errors.Is(err, account.ErrUnsealed) {
		t.Errorf("another key: %v", err)
	}
	if _, err := old.Open(sealed, []byte("elsewhere")); !errors.Is(err, account.ErrUnsealed) {
		t.Errorf("another place: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := old.Open(bad, place); !errors.Is(err, account.ErrUnsealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

func TestNewSealerRefusesBadKeys(t *testing.T) {
	t.Parallel()
	if _, err := account.NewSealer(); err == nil {
		t.Error("no key")
	}
	if _, err := account.NewSealer(key(1), []byte("short")); err == nil {
		t.Error("a short key")
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	s := sealer(t, key(1))
	a, _ := s.Derive("cookies")
	again, _ := sealer(t, key(1), key(2)).Derive("cookies")
	b, _ := s.Derive("something else")
	if len(a) != account.KeySize || !bytes.Equal(a, again) || bytes.Equal(a, b) || bytes.Equal(a, key(1)) {
		t.Errorf("derived keys %x %x %x", a, again, b)
	}
}

func FuzzOpen(f *testing.F) {
	s := sealer(f, key(1))
	good, _ := s.Seal([]byte("x"), nil)
	f.Add(good)
	f.Add([]byte{})
	f.Add([]byte{1})
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, in []byte) {
		plain, err := s.Open(in, []byte("nobody sealed for this place"))
		if err == nil {
			t.Fatalf("opened %x as %q", in, plain)
		}
	})
}

func TestLoadKeysMakesAFileOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := account.LoadKeys(dir)
	if err != nil || len(first) != 1 {
		t.Fatalf("keys = %v, %v", first, err)
	}
	info, err := os.Stat(filepath.Join(dir, account.KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode = %v, %v, want 0600", info.Mode(), err)
	}
	again, err := account.LoadKeys(dir)
	if err != nil || !bytes.Equal(first[0], again[0]) {
		t.Fatalf("second load = %v, %v", again, err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".secret-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLoadKeysRefusesAnOpenFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, account.KeyFile)
	if err := os.WriteFile(path, []byte(base64.StdEncoding.EncodeToString(key(1))), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := account.LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("error = %v, want the remedy", err)
	}
}

func TestParseKeys(t *testing.T) {
	t.Parallel()
	a, b := base64.StdEncoding.EncodeToString(key(1)), base64.StdEncoding.EncodeToString(key(2))
	keys, err := account.ParseKeys("# a comment\n" + a + "\n\n" + b + " ," + a)
	if err != nil || len(keys) != 3 || !bytes.Equal(keys[1], key(2)) {
		t.Errorf("keys = %v, %v", keys, err)
	}
	for _, bad := range []string{"", "# only\n", "x", a[:20], a + " AAAA"} {
		if keys, err := account.ParseKeys(bad); err == nil {
			t.Errorf("ParseKeys(%q) = %v, want an error", bad, keys)
		}
	}
}
