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

// wordSimilarity is the greatest similarity between query, as unique gives it,
// and any stretch of text, as trigramsOf gives it. Stretches so long that they
// cannot reach floor are not tried, so a result below floor is a lower bound.
func wordSimilarity(query, text []trigram, floor float64) float64 {
	longest := int(float64(len(query)) / floor)
	best := 0.0
	for start, t := range text {
		if _, hit := slices.BinarySearch(query, t); hit {
			best = max(best, fromHere(query, text[start:], longest))
		}
	}
	return best
}

// fromHere is the greatest similarity of a stretch that begins where text
// does and has at most longest distinct trigrams.
func fromHere(query, text []trigram, longest int) float64 {
	best, common, distinct := 0.0, 0, 0
	for end, t := range text {
		if slices.Contains(text[:end], t) {
			continue
		}
		if distinct++; distinct > longest {
			break
		}
		if _, hit := slices.BinarySearch(query, t); hit {
			common++
			best = max(best, share(common, len(query), distinct))
		}
	}
	return best
}

// marks tell in few bits which trigrams a text may have: a trigram whose bit
// is not set is not in the text.
type marks [8]uint64

func (t trigram) bit() uint { return uint(uint64(t) * 0x9e3779b97f4a7c15 >> 55) }

func marksOf(s string) (m marks) {
	for _, t := range trigramsOf(s) {
		m[t.bit()>>6] |= 1 << (t.bit() & 63)
	}
	return m
}

// mayHave counts how many of the trigrams the text may have.
func (m *marks) mayHave(ts []trigram) (n int) {
	for _, t := range ts {
		n += int(m[t.bit()>>6] >> (t.bit() & 63) & 1)
	}
	return n
}
