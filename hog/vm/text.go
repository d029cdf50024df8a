package vm

import (
	"strings"
	"unicode/utf8"
)

// Texts are kept as UTF-8 and counted as UTF-16. A surrogate that lost its
// other half is kept in its three-byte form and becomes U+FFFD when the text
// leaves the machine.

// ASCII reports whether s has ASCII characters only; then bytes, code points
// and UTF-16 units are the same.
func ASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// UTF16Len counts the UTF-16 units of s.
func UTF16Len(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < 0x80 || c >= 0xc0 {
			n++ // every character starts once
		}
		if c >= 0xf0 {
			n++ // and has a second unit beyond the first plane
		}
	}
	return n
}

// UTF16 gives the UTF-16 units of s.
func UTF16(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		r, size := decodeUnit(s[i:])
		i += size
		if r >= 0x10000 {
			r -= 0x10000
			out = append(out, uint16(0xd800+r>>10), uint16(0xdc00+r&0x3ff))
		} else {
			out = append(out, uint16(r))
		}
	}
	return out
}

// decodeUnit is utf8.DecodeRune that knows surrogates.
func decodeUnit(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	if len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2] >= 0x80 && s[2] <= 0xbf {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return utf8.DecodeRuneInString(s)
}

// FromUTF16 is the way back; pairs become one character.
func FromUTF16(units []uint16) string {
	var b strings.Builder
	b.Grow(len(units))
	for i := 0; i < len(units); i++ {
		u := rune(units[i])
		switch {
		case u >= 0xd800 && u < 0xdc00 && i+1 < len(units) && units[i+1] >= 0xdc00 && units[i+1] < 0xe000:
			b.WriteRune(0x10000 + (u-0xd800)<<10 + rune(units[i+1]) - 0xdc00)
			i++
		case u >= 0xd800 && u < 0xe000:
			b.Write([]byte{0xed, 0x80 | byte(u>>6&0x3f), 0x80 | byte(u&0x3f)})
		default:
			b.WriteRune(u)
		}
	}
	return b.String()
}

// CleanText replaces what is not UTF-8, lone surrogates included, by U+FFFD;
// surrogate halves that came to stand together become their character.
func CleanText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	// Halves that belong together are joined first.
	s = FromUTF16(UTF16(s))
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := decodeUnit(s[i:])
		if r >= 0xd800 && r < 0xe000 {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

// TextOf makes a text of bytes that may be anything, as JavaScript's
// TextDecoder does: one U+FFFD for each stretch that begins like a character
// and is none.
func TextOf(bytes []byte) string {
	if utf8.Valid(bytes) {
		return string(bytes)
	}
	var b strings.Builder
	for i := 0; i < len(bytes); {
		r, size := utf8.DecodeRune(bytes[i:])
		if r == utf8.RuneError && size == 1 {
			size = beginning(bytes[i:])
		}
		b.WriteRune(r)
		i += size
	}
	return b.String()
}

// beginning is how many bytes of b could have begun a character; at least one.
func beginning(b []byte) int {
	low, high, length := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		length = 2
	case c >= 0xe0 && c <= 0xef:
		length = 3
		switch c {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		length = 4
		switch c {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	}
	n := 1
	for n < length && n < len(b) && b[n] >= low && b[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}

// CompareText orders two texts by their UTF-16 units.
func CompareText(a, b string) int {
	n := min(len(a), len(b))
	for i := 0; i < n; i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		// Only characters of other planes stand elsewhere than in UTF-8: their
		// surrogates are below U+E000.
		if (x >= 0xf0) != (y >= 0xf0) && min(x, y) >= 0xee {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	switch {
	case len(a) < len(b):
		return -1
	case len(a) > len(b):
		return 1
	}
	return 0
}

// builder is the growing text behind a string made by concat. Every version
// of the string shares its bytes; only the newest may append in place, and
// only in the run that began it.
type builder struct {
	b   strings.Builder
	m   *Machine
	run uint64
}
