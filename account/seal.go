package account

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// KeySize is the length of a secret key in bytes.
const KeySize = 32

// sealVersion begins every sealed text, so that the form may change.
const sealVersion = 1

const (
	keyIDSize = 4
	nonceSize = 12
	headSize  = 1 + keyIDSize + nonceSize
)

// Sealer encrypts secrets at rest with AES-256-GCM. The first of its keys
// seals; all of them open, so a key is replaced by putting a new one before
// it. A sealed text is: version (1 byte), key ID (4), nonce (12), cipher text
// and tag. It opens only with the context it was sealed with (a function's
// ID and an input's key), so that a secret moved to another row is worthless.
//
// A Sealer may be used from several goroutines.
type Sealer struct {
	keys []sealKey
}

type sealKey struct {
	id   [keyIDSize]byte
	aead cipher.AEAD
	root []byte
}

// ErrUnsealed is what Open's error wraps when the text was not sealed with
// one of the keys and this context, or was changed.
var ErrUnsealed = errors.New("the sealed text does not belong to this key and place")

// NewSealer makes a Sealer from one or more keys of KeySize bytes, the one
// that seals first.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("account: a secret key is required")
	}
	s := &Sealer{}
	for i, k := range keys {
		if len(k) != KeySize {
			return nil, fmt.Errorf("secret key %d: %d bytes, want %d", i+1, len(k), KeySize)
		}
		sealing, err := hkdf.Key(sha256.New, k, nil, "hogpen sealed secrets", KeySize)
		if err != nil {
			return nil, fmt.Errorf("secret key %d: %w", i+1, err)
		}
		block, err := aes.NewCipher(sealing)
		if err != nil {
			return nil, fmt.Errorf("secret key %d: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("secret key %d: %w", i+1, err)
		}
		sum := sha256.Sum256(sealing)
		key := sealKey{aead: aead, root: bytes.Clone(k)}
		copy(key.id[:], sum[:])
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// Seal encrypts plain for a context. Neither is kept.
func (s *Sealer) Seal(plain, context []byte) ([]byte, error) {
	k := s.keys[0]
	out := make([]byte, headSize, headSize+len(plain)+k.aead.Overhead())
	out[0] = sealVersion
	copy(out[1:], k.id[:])
	nonce := out[1+keyIDSize : headSize]
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return k.aead.Seal(out, nonce, plain, context), nil
}

// Open decrypts what Seal made for the same context; any other text is an
// error that wraps ErrUnsealed.
func (s *Sealer) Open(sealed, context []byte) ([]byte, error) {
	if len(sealed) < headSize || sealed[0] != sealVersion {
		return nil, fmt.Errorf("open: unknown form: %w", ErrUnsealed)
	}
	for _, k := range s.keys {
		if !bytes.Equal(k.id[:], sealed[1:1+keyIDSize]) {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[1+keyIDSize:headSize], sealed[headSize:], context)
		if err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("open: %w", ErrUnsealed)
}

// Derive gives a key of KeySize bytes for another purpose (signing cookies),
// from the first secret key and the purpose's name.
func (s *Sealer) Derive(purpose string) ([]byte, error) {
	k, err := hkdf.Key(sha256.New, s.keys[0].root, nil, "hogpen "+purpose, KeySize)
	if err != nil {
		return nil, fmt.Errorf("derive key for %s: %w", purpose, err)
	}
	return k, nil
}

// KeyFile is the name of the file with the secret keys in the data folder.
const KeyFile = "secret.key"

// LoadKeys reads the secret keys of a data folder, and makes the first one
// when there is no key file yet. The file has mode 0600 and holds a key a
// line in base64; a file that others may read is refused.
func LoadKeys(folder string) ([][]byte, error) {
	path := filepath.Join(folder, KeyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = writeKey(path); err == nil || errors.Is(err, fs.ErrExist) {
			text, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("secret key file: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("secret key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("secret key file %s can be read by other users (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	keys, err := ParseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("secret key file %s: %w", path, err)
	}
	return keys, nil
}

// writeKey makes a key file in one step: a file of the final name is always
// whole, and one that exists is never replaced, since losing it loses every
// secret. The error is fs.ErrExist when another process was first.
func writeKey(path string) error {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("# Hogpen's secret key: it seals secret inputs and signs cookies. Keep a copy; without it they are lost.\n" +
		base64.StdEncoding.EncodeToString(key) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

// ParseKeys reads secret keys, the one that seals first: base64 of KeySize
// bytes each, separated by white space or commas; lines that start with # are
// comments.
func ParseKeys(text string) ([][]byte, error) {
	var keys [][]byte
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r <= ' ' }) {
			k, err := base64.StdEncoding.DecodeString(word)
			if err != nil || len(k) != KeySize {
				return nil, fmt.Errorf("secret key %d is not the base64 of %d bytes", len(keys)+1, KeySize)
			}
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no secret key found")
	}
	return keys, nil
}
