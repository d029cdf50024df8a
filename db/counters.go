package db

import (
	"math/bits"
	"slices"
)

// counters count in 64 slots at once: bit i of every plane is a digit of the
// i-th one's count, up to maxCounted.
type counters [8]uint64

// maxCounted is more than the trigrams of a text of 200 characters, the longest
// that the API takes.
const maxCounted = 255

// fullAdd adds three bits in each of 64 columns.
func fullAdd(a, b, c uint64) (sum, carry uint64) {
	half := a ^ b
	return half ^ c, a&b | half&c
}

// addSeven counts one more where a bit is set, for seven words: added to each
// other first, they cost a fourth of seven additions.
func (c *counters) addSeven(w0, w1, w2, w3, w4, w5, w6 uint64) {
	a, carryA := fullAdd(w0, w1, w2)
	b, carryB := fullAdd(w3, w4, w5)
	ones, carryC := fullAdd(a, b, w6)
	twos, fours := fullAdd(carryA, carryB, carryC)
	carry := c[0] & ones
	c[0] ^= ones
	c[1], carry = fullAdd(c[1], twos, carry)
	c[2], carry = fullAdd(c[2], fours, carry)
	for i := 3; i < len(c) && carry != 0; i++ {
		c[i], carry = c[i]^carry, c[i]&carry
	}
}

// count counts for each word of a block how many of some rows have a bit.
func (b *block) count(into *[blockWords]counters, of []uint64, rows []uint) {
	*into = [blockWords]counters{}
	var nothing [blockWords]uint64
	for part := range slices.Chunk(rows, 7) {
		var r [7][]uint64
		for i := range r {
			r[i] = nothing[:b.words]
			if i < len(part) {
				from := int(part[i]) * b.words
				r[i] = of[from : from+b.words]
			}
		}
		for w := range b.words {
			into[w].addSeven(r[0][w], r[1][w], r[2][w], r[3][w], r[4][w], r[5][w], r[6][w])
		}
	}
}

// above tells which counts are greater than n.
func (c *counters) above(n int) uint64 {
	greater, equal := uint64(0), ^uint64(0)
	for i := len(c) - 1; i >= 0; i-- {
		if n>>i&1 == 0 {
			greater |= equal & c[i]
			equal &^= c[i]
		} else {
			equal &= c[i]
		}
	}
	return greater
}

// totals are counts up to 1,023, as counters are.
type totals [10]uint64

// hits are the trigrams in the name, counted twice, for a hit there weighs more
// in the score, and those in the description.
func hits(name, rest *counters) (sum totals) {
	carry := uint64(0)
	for i := range sum {
		var a, b uint64
		if i > 0 && i <= len(name) {
			a = name[i-1]
		}
		if i < len(rest) {
			b = rest[i]
		}
		sum[i] = a ^ b ^ carry
		carry = a&b | carry&(a^b)
	}
	return sum
}

// shortlist holds the totals of a set of slots.
type shortlist struct {
	words []int    // of the set, those that are not empty
	slots []uint64 // in each
	of    []totals // of each
}

// put notes the totals of some slots of a word.
func (t *shortlist) put(word int, slots uint64, of totals) {
	t.words, t.slots, t.of = append(t.words, word), append(t.slots, slots), append(t.of, of)
}

// join takes over what others have noted.
func (t *shortlist) join(others []shortlist) {
	for _, o := range others {
		t.words, t.slots, t.of = append(t.words, o.words...), append(t.slots, o.slots...), append(t.of, o.of...)
	}
}

// best takes the n slots with the greatest totals, as sets of some words. Those of sure are among
// them; what is missing of n is to be taken from equal, whose totals are all
// the same. It halves the choice digit by digit, the greatest first, so it
// sorts nothing.
func (t *shortlist) best(n, words int) (sure, equal slotSet, missing int) {
	sure, equal, missing = make(slotSet, words), make(slotSet, words), n
	for i, w := range t.words {
		equal[w] = t.slots[i]
	}
	count := equal.count()
	for digit := len(totals{}) - 1; digit >= 0 && count > missing; digit-- {
		with := 0
		for i, w := range t.words {
			with += bits.OnesCount64(equal[w] & t.of[i][digit])
		}
		for i, w := range t.words {
			plane := t.of[i][digit]
			if with >= missing {
				equal[w] &= plane
			} else {
				sure[w] |= equal[w] & plane
				equal[w] &^= plane
			}
		}
		if with >= missing {
			count = with
		} else {
			count, missing = count-with, missing-with
		}
	}
	return sure, equal, missing
}
