package db

import (
	"math/bits"
	"slices"
	"strings"
	"sync/atomic"

	"hogpen/cdp"
)

// The functions of a project stand in slots, 512 to a block, where they stay
// for as long as they are there. What a question finds is a set of slots; an
// order is a list of them. So one index serves all orders, and a save copies
// one block and moves one number in each order.

const (
	blockBits  = 9
	blockSlots = 1 << blockBits
	blockWords = blockSlots / 64
)

// slotSet is a set of slots, a bit for each: 64 slots a word, blockWords words
// a block.
type slotSet []uint64

func (s slotSet) has(slot int32) bool { return s[slot>>6]>>(slot&63)&1 != 0 }

func (s slotSet) add(slot int32) { s[slot>>6] |= 1 << (slot & 63) }

func (s slotSet) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// unite adds all of another set.
func (s slotSet) unite(other slotSet) {
	for i, w := range other {
		s[i] |= w
	}
}

// list gives the slots in ascending order.
func (s slotSet) list(count int) []int32 {
	out := make([]int32, 0, count)
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			out = append(out, int32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

// block holds the functions of up to 512 slots, and which trigrams each of
// them may have. It is not changed once it is in a snapshot.
type block struct {
	entries []*entry // up to blockSlots; nil is a free slot
	live    [blockWords]uint64

	// name and rest are the marks of the entries turned over: a row for each
	// of the markBits marks, in which every slot has a bit; words is the length
	// of a row. A search combines the rows of its trigrams, 64 slots a step, and
	// looks closely only at what is left.
	words      int
	name, rest []uint64

	// enabled and kinds are the slots of enabled functions, and those of a type.
	enabled [blockWords]uint64
	kinds   []kindSlots

	// The texts of all entries, one behind the other: a search that must look at
	// many reads memory in its order.
	names, descriptions column

	// filters are the pieces of the entries' filters, once somebody asked.
	filters atomic.Pointer[[]*pieces]
}

// kindSlots are the slots of the functions of a type.
type kindSlots struct {
	kind  cdp.Type
	slots [blockWords]uint64
}

// column is a text of each slot of a block, with a NUL behind each.
type column struct {
	text string
	ends []uint32 // of each, where its NUL is
}

func (c *column) start(i int) int {
	if i == 0 {
		return 0
	}
	return int(c.ends[i-1]) + 1
}

func (c *column) of(i int) string { return c.text[c.start(i):c.ends[i]] }

// find tells which of some slots have a text, and where its first one is. Where
// few of many have it, it goes through all texts in one go; where most have
// it, one by one is quicker.
func (c *column) find(text string, among *[blockWords]uint64, found func(slot, at int)) {
	left := 0
	for _, w := range among {
		left += bits.OnesCount64(w)
	}
	const probe = 16
	hits, tried := 0, 0
	for i, w := range among {
		for ; w != 0; w &= w - 1 {
			slot := i*64 + bits.TrailingZeros64(w)
			if tried == probe && hits < probe/2 && left-tried > (len(c.ends)-slot)/4 {
				c.findAll(text, slot, among, found)
				return
			}
			tried++
			if at := strings.Index(c.of(slot), text); at >= 0 {
				hits++
				found(slot, at)
			}
		}
	}
}

// findAll is find in one go, from a slot on.
func (c *column) findAll(text string, slot int, among *[blockWords]uint64, found func(slot, at int)) {
	for from := c.start(slot); ; from = int(c.ends[slot]) + 1 {
		at := strings.Index(c.text[from:], text)
		if at < 0 {
			return
		}
		for at += from; int(c.ends[slot]) < at; slot++ {
		}
		if among[slot>>6]>>(slot&63)&1 != 0 {
			found(slot, at-c.start(slot))
		}
	}
}

// gather writes the columns.
func (b *block) gather() {
	b.names = b.column(func(e *entry) string { return e.name })
	b.descriptions = b.column(func(e *entry) string { return e.description })
}

func (b *block) column(text func(*entry) string) column {
	size := 0
	for _, e := range b.entries {
		if e != nil {
			size += len(text(e)) + 1
		}
	}
	var all strings.Builder
	all.Grow(size + len(b.entries))
	ends := make([]uint32, len(b.entries))
	for i, e := range b.entries {
		if e != nil {
			all.WriteString(text(e))
		}
		ends[i] = uint32(all.Len())
		all.WriteByte(0)
	}
	return column{all.String(), ends}
}

// share lets a new entry have its texts in the columns, so that they are in
// memory once. That is for blocks of which most is new: an entry holds the
// columns for as long as it is there.
func (b *block) share(i int, e *entry) {
	if e != nil {
		e.name, e.description = b.names.of(i), b.descriptions.of(i)
	}
}

// set puts an entry into a slot that is free.
func (b *block) set(i int, e *entry) {
	b.entries[i] = e
	word, bit := i>>6, uint64(1)<<(i&63)
	b.live[word] |= bit
	if e.enabled {
		b.enabled[word] |= bit
	}
	b.kind(e.kind)[word] |= bit
	markText(b.name[word:], b.words, bit, e.name)
	markText(b.rest[word:], b.words, bit, e.description)
}

// kind gives the slots of a type, to be changed.
func (b *block) kind(kind cdp.Type) *[blockWords]uint64 {
	for i := range b.kinds {
		if b.kinds[i].kind == kind {
			return &b.kinds[i].slots
		}
	}
	b.kinds = append(b.kinds, kindSlots{kind: kind})
	return &b.kinds[len(b.kinds)-1].slots
}

// markText sets a bit in the row of each trigram of a text.
func markText(rows []uint64, words int, bit uint64, text string) {
	for t := range trigramsIn(text) {
		rows[int(t.bit())*words] |= bit
	}
}

// clear frees a slot.
func (b *block) clear(i int) {
	b.entries[i] = nil
	word, bit := i>>6, uint64(1)<<(i&63)
	b.live[word] &^= bit
	b.enabled[word] &^= bit
	for k := range b.kinds {
		b.kinds[k].slots[word] &^= bit
	}
	for row := range markBits {
		b.name[row*b.words+word] &^= bit
		b.rest[row*b.words+word] &^= bit
	}
}

// clone gives a copy with room for slots entries, to be changed.
func (b *block) clone(slots int) *block {
	if slots > b.words*64 {
		// Rows become longer: twice as many words, so that this is rare.
		words := min(max(2*b.words, (slots+63)/64), blockWords)
		longer := &block{entries: make([]*entry, slots), live: b.live, enabled: b.enabled, kinds: slices.Clone(b.kinds), words: words,
			name: widen(b.name, b.words, words), rest: widen(b.rest, b.words, words)}
		copy(longer.entries, b.entries)
		return longer
	}
	c := &block{entries: make([]*entry, max(slots, len(b.entries))), live: b.live, enabled: b.enabled, kinds: slices.Clone(b.kinds), words: b.words,
		name: slices.Clone(b.name), rest: slices.Clone(b.rest)}
	copy(c.entries, b.entries)
	return c
}

// widen copies rows into longer ones.
func widen(rows []uint64, from, to int) []uint64 {
	out := make([]uint64, markBits*to)
	for row := range markBits {
		copy(out[row*to:], rows[row*from:(row+1)*from])
	}
	return out
}
