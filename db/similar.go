package db

import (
	"slices"
	"unicode"
)

// Similarity of texts is that of PostgreSQL's pg_trgm, which PostHog's search
// uses: a text is the set of its trigrams, runs of three characters within a
// word that has two blanks before it and one behind.

// trigram is three characters, 21 bits each.
type trigram uint64

// trigramsOf lists the trigrams of a folded text in their order, repeated ones
// too.
func trigramsOf(s string) []trigram {
	out := make([]trigram, 0, len(s)+4)
	const blank = trigram(' ')
	last, word := blank<<21|blank, false
	push := func(r trigram) {
		t := (last<<21 | r) & (1<<63 - 1)
		out = append(out, t)
		last = t & (1<<42 - 1)
	}
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			push(trigram(r))
			word = true
			continue
		}
		if word {
			push(blank)
		}
		last, word = blank<<21|blank, false
	}
	if word {
		push(blank)
	}
	return out
}

// unique sorts a list of trigrams and drops repeated ones.
func unique(ts []trigram) []trigram {
	ts = slices.Clone(ts)
	slices.Sort(ts)
	return slices.Compact(ts)
}

// similarity is the share of trigrams that two texts have in common: 0 to 1.
// Both are as unique gives them.
func similarity(a, b []trigram) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return share(common, len(a), len(b))
}

func share(common, a, b int) float64 {
	if a+b == common {
		return 0
	}
	return float64(common) / float64(a+b-common)
}

// pattern is a text to which others are compared.
type pattern struct {
	trigrams []trigram // as unique gives them
	bits     []uint    // the mark of each
	quick    uint64    // a bit for each, to tell most others quickly
}

func newPattern(folded string) pattern {
	p := pattern{trigrams: unique(trigramsOf(folded))}
	for _, t := range p.trigrams {
		p.bits = append(p.bits, t.bit())
		p.quick |= 1 << (t.bit() & 63)
	}
	return p
}

// place is the index of t in the pattern, -1 when it is not there.
func (p *pattern) place(t trigram) int {
	if p.quick>>(t.bit()&63)&1 == 0 {
		return -1
	}
	if i, ok := slices.BinarySearch(p.trigrams, t); ok {
		return i
	}
	return -1
}

// wordSimilarity is the greatest similarity between the pattern and any
// stretch of text, as trigramsOf gives it. Stretches so long that they cannot
// reach floor are not tried, so a result below floor is a lower bound.
func (p *pattern) wordSimilarity(text []trigram, floor float64) float64 {
	var hits []hit
	for i, t := range text {
		if place := p.place(t); place >= 0 {
			hits = append(hits, hit{i, place})
		}
	}
	longest := int(float64(len(p.trigrams)) / floor)
	best := 0.0
	for len(hits) > 0 {
		best = max(best, p.fromHere(text, hits, longest))
		hits = hits[1:]
	}
	return best
}

// hit is where a trigram of the text stands, there and in the pattern.
type hit struct{ at, place int }

// fromHere is the greatest similarity of a stretch that begins with the first
// of hits, ends with any of them and has at most longest distinct trigrams.
func (p *pattern) fromHere(text []trigram, hits []hit, longest int) float64 {
	best, common, distinct := 0.0, 0, 0
	start := hits[0].at
	end := start
	for i, h := range hits {
		for ; end < h.at; end++ {
			if !slices.Contains(text[start:end], text[end]) {
				distinct++
			}
		}
		end++
		if seen(hits[:i], h.place) {
			continue
		}
		common++
		if distinct++; distinct > longest {
			break
		}
		best = max(best, share(common, len(p.trigrams), distinct))
	}
	return best
}

func seen(hits []hit, place int) bool {
	return slices.ContainsFunc(hits, func(h hit) bool { return h.place == place })
}

// marks tell in few bits which trigrams a text may have: a trigram whose bit
// is not set is not in the text.
type marks [markBits / 64]uint64

const markBits = 512

func (t trigram) bit() uint { return uint(uint64(t) * 0x9e3779b97f4a7c15 >> 55) }

func marksOf(s string) (m marks) {
	for _, t := range trigramsOf(s) {
		b := t.bit()
		m[b>>6] |= 1 << (b & 63)
	}
	return m
}
