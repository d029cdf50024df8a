package db

import (
	"iter"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Similarity of texts is that of PostgreSQL's pg_trgm, which PostHog's search
// uses: a text is the set of its trigrams, runs of three characters within a
// word that has two blanks before it and one behind.

// trigram is three characters, 21 bits each.
type trigram uint64

// trigramsIn gives the trigrams of a folded text in their order, repeated ones
// too.
func trigramsIn(s string) iter.Seq[trigram] {
	return func(yield func(trigram) bool) {
		const blank = trigram(' ')
		last, word := blank<<21|blank, false
		for _, r := range s {
			if !inWord(r) {
				if word && !yield((last<<21|blank)&(1<<63-1)) {
					return
				}
				last, word = blank<<21|blank, false
				continue
			}
			t := (last<<21 | trigram(r)) & (1<<63 - 1)
			if !yield(t) {
				return
			}
			last, word = t&(1<<42-1), true
		}
		if word {
			yield((last<<21 | blank) & (1<<63 - 1))
		}
	}
}

// trigramsOf lists the trigrams of a folded text.
func trigramsOf(s string) []trigram { return appendTrigrams(make([]trigram, 0, len(s)+4), s) }

func appendTrigrams(to []trigram, s string) []trigram {
	for t := range trigramsIn(s) {
		to = append(to, t)
	}
	return to
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// unique sorts a list of trigrams and drops repeated ones.
func unique(ts []trigram) []trigram {
	ts = slices.Clone(ts)
	slices.Sort(ts)
	return slices.Compact(ts)
}

// share is how similar two sets are, of a and of b trigrams, some common: 0 to
// 1.
func share(common, a, b int) float64 {
	if a+b == common {
		return 0
	}
	return float64(common) / float64(a+b-common)
}

// pattern is a text to which others are compared, by one goroutine.
type pattern struct {
	trigrams []trigram // as unique gives them
	bits     []uint    // the mark of each

	// first is for each mark the first trigram that has it, and next the next
	// one that has the same, counting from 1; 0 is none.
	first [markBits]int32
	next  []int32

	// What follows belongs to the text that is compared.
	text    []trigram
	earlier []int32 // where each trigram stood before; -1 is nowhere
	hits    []hit
	table   []int32 // finds trigrams of the text: index + 1
	stamps  []int32 // when each trigram of the pattern was met last
	stamp   int32
}

// hit is where a trigram of the text stands, there and in the pattern, and how
// many different ones of the pattern come from here on.
type hit struct{ at, place, left int32 }

func newPattern(folded string) pattern {
	p := pattern{trigrams: unique(trigramsOf(folded))}
	p.next, p.stamps = make([]int32, len(p.trigrams)), make([]int32, len(p.trigrams))
	for i, t := range p.trigrams {
		b := t.bit()
		p.bits = append(p.bits, b)
		p.next[i], p.first[b] = p.first[b], int32(i+1)
	}
	return p
}

// place is the index of t in the pattern, -1 when it is not there.
func (p *pattern) place(t trigram) int32 {
	for i := p.first[t.bit()]; i > 0; i = p.next[i-1] {
		if p.trigrams[i-1] == t {
			return i - 1
		}
	}
	return -1
}

// compare gives the greatest similarity between the pattern and any stretch of
// a folded text, and that to the whole text. Stretches so long that they
// cannot reach floor are not tried, so a result below floor is a lower bound.
func (p *pattern) compare(folded string, floor float64) (stretch, whole float64) {
	p.text, p.hits = appendTrigrams(p.text[:0], folded), p.hits[:0]
	for i, t := range p.text {
		if place := p.place(t); place >= 0 {
			p.hits = append(p.hits, hit{at: int32(i), place: place})
		}
	}
	if len(p.hits) == 0 {
		return 0, 0
	}
	common := p.countLeft()
	distinct := p.findEarlier()
	whole = share(common, len(p.trigrams), distinct)
	longest := int(float64(len(p.trigrams)) / floor)
	best := fraction{0, 1}
	for i, h := range p.hits {
		// No stretch has more in common than is left, nor less around it.
		if !(fraction{int(h.left), len(p.trigrams)}).above(best) {
			break
		}
		best = p.fromHere(i, longest, best)
	}
	return float64(best.of) / float64(best.in), whole
}

// fraction is a share of trigrams, not divided yet.
type fraction struct{ of, in int }

func (f fraction) above(g fraction) bool { return f.of*g.in > g.of*f.in }

// countLeft fills in what is left from each hit on; it gives what is left from
// the first one.
func (p *pattern) countLeft() int {
	p.stamp++
	left := int32(0)
	for i := len(p.hits) - 1; i >= 0; i-- {
		h := &p.hits[i]
		if p.stamps[h.place] != p.stamp {
			p.stamps[h.place] = p.stamp
			left++
		}
		h.left = left
	}
	return int(left)
}

// findEarlier fills in where each trigram of the text stood before; it gives
// how many different ones there are.
func (p *pattern) findEarlier() (distinct int) {
	size := 64
	for size < 2*len(p.text) {
		size *= 2
	}
	if len(p.table) < size {
		p.table = make([]int32, size)
	}
	table := p.table[:size]
	clear(table)
	p.earlier = append(p.earlier[:0], make([]int32, len(p.text))...)
	for i, t := range p.text {
		slot := int(uint64(t)*0x9e3779b97f4a7c15>>32) & (size - 1)
		for table[slot] != 0 && p.text[table[slot]-1] != t {
			slot = (slot + 1) & (size - 1)
		}
		p.earlier[i] = table[slot] - 1
		if table[slot] == 0 {
			distinct++
		}
		table[slot] = int32(i + 1)
	}
	return distinct
}

// fromHere is the greatest similarity, or best if that is greater, of a stretch
// that begins with a hit, ends with any and has at most longest different
// trigrams.
func (p *pattern) fromHere(first, longest int, best fraction) fraction {
	p.stamp++
	start := p.hits[first].at
	common, distinct, end, left := 0, 0, start, int(p.hits[first].left)
	for _, h := range p.hits[first:] {
		for ; end <= h.at; end++ {
			if p.earlier[end] < start {
				distinct++
			}
		}
		if p.stamps[h.place] == p.stamp {
			continue
		}
		p.stamps[h.place] = p.stamp
		if common++; distinct > longest {
			break
		}
		if now := (fraction{common, len(p.trigrams) + distinct - common}); now.above(best) {
			best = now
		}
		// What follows has at most left in common and is no shorter.
		if common == left || distinct > left && !(fraction{left, len(p.trigrams) + distinct - left}).above(best) {
			break
		}
	}
	return best
}

// markBits is how many marks there are. Marks tell in few bits which trigrams a
// text may have: a trigram whose mark is not set is not in the text.
const markBits = 512

// bit is the mark of a trigram.
func (t trigram) bit() uint { return uint(uint64(t) * 0x9e3779b97f4a7c15 >> 55) }
