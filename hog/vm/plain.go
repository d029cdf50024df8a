package vm

import (
	"math/bits"
	"unicode/utf8"
)

// plain tells the bytes that stand for themselves in a string literal: all but
// quote, backslash, control characters, and those beyond ASCII, which are
// looked at again.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// plainLen gives how many bytes at the start of s are plain. It looks at eight
// at a time.
func plainLen(s string) int {
	n := 0
	for len(s) >= 8 {
		if m := special(word(s)); m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
		s = s[8:]
		n += 8
	}
	for i := 0; i < len(s); i++ {
		if !plain[s[i]] {
			return n + i
		}
	}
	return n + len(s)
}

// word is the first eight bytes of s, the first one lowest. The compiler makes
// one load of it.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special marks the bytes of w that are not plain by their top bits. Marks above
// the lowest one may be wrong, since a subtraction borrows from the next byte.
func special(w uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(ones*'"'), w^(ones*'\\')
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*0x20)&^w | w) & tops
}
