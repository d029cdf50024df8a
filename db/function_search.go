package db

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The tiers of a search, best first; within a tier the order is the list's.
const (
	nameEqual = iota
	namePrefix
	nameInside
	inDescription
	tiers
)

// Thresholds and bound of the search for similar texts.
const (
	similarName        = 0.3
	similarDescription = 0.4
	// maxCandidates bounds how many texts are compared closely; those that
	// may have most trigrams in common are.
	maxCandidates = 200
)

// shown is a project's functions in one order, to be listed and searched. It
// is not changed once it is made.
type shown struct {
	entries []*entry

	once sync.Once
	bits *slices64
}

// slices64 are the marks of all entries turned over: a row of bits for each
// mark, in which every entry has one. A search combines the rows of its
// trigrams, 64 entries a step, and looks closely only at what is left.
type slices64 struct {
	words      int // of a row
	name, rest []uint64
}

// index turns the marks over when the first search asks for them.
func (l *shown) index() *slices64 {
	l.once.Do(func() {
		b := &slices64{words: (len(l.entries) + 63) / 64}
		b.name, b.rest = make([]uint64, markBits*b.words), make([]uint64, markBits*b.words)
		for block := range b.words {
			part := l.entries[block*64 : min(block*64+64, len(l.entries))]
			for word := range len(marks{}) {
				var n, d [64]uint64
				for i, e := range part {
					n[i], d[i] = e.nameMarks[word], e.restMarks[word]
				}
				b.put(b.name, block, word, &n)
				b.put(b.rest, block, word, &d)
			}
		}
		l.bits = b
	})
	return l.bits
}

// put writes one word of the marks of 64 entries into the rows.
func (b *slices64) put(rows []uint64, block, word int, of *[64]uint64) {
	transpose(of)
	for i, bits := range of {
		rows[(word*64+i)*b.words+block] = bits
	}
}

// transpose turns a square of bits over: bit j of word i becomes bit i of
// word j. It swaps halves, then quarters of halves, and so on (Hacker's
// Delight, 7-3).
func transpose(a *[64]uint64) {
	mask := uint64(1)<<32 - 1
	for j := 32; j > 0; j >>= 1 {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (a[k]>>j ^ a[k+j]) & mask
			a[k] ^= t << j
			a[k+j] ^= t
		}
		mask ^= mask << (j >> 1)
	}
}

// search gives the entries that match text and pass keep (nil passes all),
// best first, and how they did: "exact", "similar", or "" when text is blank
// and all match. What it returns may be the list itself.
func (l *shown) search(text string, keep func(*entry) bool) ([]*entry, string) {
	text = strings.TrimSpace(fold(text))
	if text == "" {
		return l.kept(keep), ""
	}
	if found := l.exact(text, keep); len(found) > 0 {
		return found, "exact"
	}
	return l.similar(text, keep), "similar"
}

// kept are the entries that pass keep.
func (l *shown) kept(keep func(*entry) bool) []*entry {
	if keep == nil {
		return l.entries
	}
	out := make([]*entry, 0, len(l.entries))
	for _, e := range l.entries {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// exact gives the entries that have the whole folded text in name or
// description.
func (l *shown) exact(text string, keep func(*entry) bool) []*entry {
	var found [tiers][]*entry
	try := func(e *entry) {
		if t := tier(e, text); t < tiers && (keep == nil || keep(e)) {
			found[t] = append(found[t], e)
		}
	}
	certain := certainTrigrams(text)
	if len(certain) == 0 { // too short to know a trigram of it
		for _, e := range l.entries {
			try(e)
		}
		return slices.Concat(found[:]...)
	}
	b := l.index()
	rows := rowsOf(certain)
	for w := range b.words {
		name, rest := ^uint64(0), ^uint64(0)
		for _, row := range rows {
			name &= b.name[row*b.words+w]
			rest &= b.rest[row*b.words+w]
		}
		for left := name | rest; left != 0; left &= left - 1 {
			try(l.entries[w*64+bits.TrailingZeros64(left)])
		}
	}
	return slices.Concat(found[:]...)
}

// rowsOf are the rows of some trigrams, each once.
func rowsOf(ts []trigram) []int {
	rows := make([]int, len(ts))
	for i, t := range ts {
		rows[i] = int(t.bit())
	}
	slices.Sort(rows)
	return slices.Compact(rows)
}

// certainTrigrams are those that every text has which has the folded text
// somewhere in it: where its first word begins and its last one ends, more
// letters may stand beside it.
func certainTrigrams(text string) []trigram {
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	ts := trigramsOf(text)
	if inWord(first) {
		ts = ts[min(2, len(ts)):]
	}
	if inWord(last) {
		ts = ts[:max(len(ts)-1, 0)]
	}
	return ts
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// tier tells how well an entry has the text; tiers when it has not. The text
// has no NUL, so it is never found across name and description.
func tier(e *entry, text string) int {
	at := strings.Index(e.text, text)
	switch {
	case at < 0:
		return tiers
	case at > e.nameLen:
		return inDescription
	case at > 0:
		return nameInside
	case len(text) == e.nameLen:
		return nameEqual
	default:
		return namePrefix
	}
}

// scored is an entry and how similar it is.
type scored struct {
	*entry
	score float64
}

// similar gives the entries whose name or description is similar to the
// folded text, the most similar first, then by name.
func (l *shown) similar(text string, keep func(*entry) bool) []*entry {
	p := newPattern(text)
	if len(p.trigrams) == 0 {
		return nil
	}
	var found []scored
	for _, e := range l.candidates(&p, keep) {
		if sc, ok := score(e, &p); ok {
			found = append(found, scored{e, sc})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.name(), b.name()), cmp.Compare(a.id, b.id))
	})
	out := make([]*entry, len(found))
	for i, f := range found {
		out[i] = f.entry
	}
	return out
}

// counters count in 64 entries at once: bit i of every plane is a digit of
// the i-th one's count, up to 255. A text of 200 characters, the longest that
// the API takes, has fewer trigrams.
type counters [8]uint64

// add counts one more where a bit is set; a count that is full stays so.
func (c *counters) add(bits uint64) {
	for i := 0; bits != 0 && i < len(c); i++ {
		c[i], bits = c[i]^bits, c[i]&bits
	}
	for i := 0; bits != 0 && i < len(c); i++ {
		c[i] |= bits
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

// of is the i-th count.
func (c *counters) of(i int) (n int) {
	for digit, plane := range c {
		n |= int(plane>>i&1) << digit
	}
	return n
}

// candidates gives the entries that may be similar enough by their marks, at
// most maxCandidates: those that may have most in common.
func (l *shown) candidates(p *pattern, keep func(*entry) bool) []*entry {
	// A stretch of text that is similar by x has more than x of the pattern's
	// trigrams.
	name, rest := int(similarName*float64(len(p.trigrams))), int(similarDescription*float64(len(p.trigrams)))
	b := l.index()
	// A hit in the name weighs more in the score, so here too.
	byHits := make([][]*entry, 3*len(p.trigrams)+1)
	for w := range b.words {
		var n, d counters
		for _, bit := range p.bits {
			n.add(b.name[int(bit)*b.words+w])
			d.add(b.rest[int(bit)*b.words+w])
		}
		for left := n.above(name) | d.above(rest); left != 0; left &= left - 1 {
			i := bits.TrailingZeros64(left)
			hits := 2*n.of(i) + d.of(i)
			byHits[hits] = append(byHits[hits], l.entries[w*64+i])
		}
	}
	out := make([]*entry, 0, maxCandidates)
	for _, es := range slices.Backward(byHits) {
		for _, e := range es {
			if len(out) == maxCandidates {
				return out
			}
			if keep == nil || keep(e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// score tells how similar an entry is to the pattern and whether that is
// enough.
func score(e *entry, p *pattern) (float64, bool) {
	name, rest := trigramsOf(e.name()), trigramsOf(e.description())
	byName := p.wordSimilarity(name, similarName)
	byRest := p.wordSimilarity(rest, similarName)
	return byName + similarity(p.trigrams, unique(name)) + 0.5*byRest, byName > similarName || byRest > similarDescription
}
