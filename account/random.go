package account

import (
	"fmt"
	"io"
)

// alphabet is what tokens and keys are written in: no sign that a URL, a
// shell or a double click would take apart.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// codeAlphabet leaves out what is easily misread: 0 O, 1 I L, 5 S, 2 Z, 8 B, U V.
const codeAlphabet = "34679ACDEFGHJKMNPQRTWXY"

// letters gives n random characters of alphabet, each equally likely.
func (a *Accounts) letters(n int) (string, error) { return pick(a.rand, alphabet, n) }

// pick draws n characters. Bytes past the last multiple of the alphabet's
// length are thrown away, as a plain remainder would favour its beginning.
func pick(r io.Reader, from string, n int) (string, error) {
	out := make([]byte, 0, n)
	buf := make([]byte, n+n/2+8)
	limit := 256 - 256%len(from)
	for len(out) < n {
		if _, err := io.ReadFull(r, buf); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, b := range buf {
			if int(b) < limit && len(out) < n {
				out = append(out, from[int(b)%len(from)])
			}
		}
	}
	return string(out), nil
}
