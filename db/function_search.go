package db

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
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

// found is what a search found: sets of slots, the better ones first, or
// entries that were ranked one by one.
type found struct {
	in     *snapshot
	match  string // "exact", "similar", or "" without a search
	sets   []slotSet
	counts []int
	ranked []*entry
}

// count is how many there are in all.
func (f *found) count() int {
	n := len(f.ranked)
	for _, c := range f.counts {
		n += c
	}
	return n
}

// page gives the entries from the from-th on, at most limit. A column to sort
// by goes before how well they match.
func (f *found) page(column string, from, limit int) []*entry {
	if f.ranked != nil {
		if column != "" {
			slices.SortFunc(f.ranked, orderBy(column))
		}
		from = min(from, len(f.ranked))
		return f.ranked[from:min(from+limit, len(f.ranked))]
	}
	if column != "" && len(f.sets) > 1 {
		for _, s := range f.sets[1:] {
			f.sets[0].unite(s)
		}
		f.sets, f.counts = f.sets[:1], []int{f.count()}
	}
	var out []*entry
	for i, n := range f.counts {
		if from < n && len(out) < limit {
			out = append(out, f.in.pick(f.sets[i], n, column, from, limit-len(out))...)
		}
		from = max(from-n, 0)
	}
	return out
}

// search gives the entries that match text and are in among, best first. A
// blank text matches all.
func (s *snapshot) search(text string, among slotSet) found {
	text = strings.TrimSpace(fold(text))
	if text == "" {
		return found{in: s, sets: []slotSet{among}, counts: []int{among.count()}}
	}
	if f := s.exact(text, among); f.count() > 0 {
		return f
	}
	return found{in: s, match: "similar", ranked: s.similar(text, among)}
}

// exact finds the entries that have the whole folded text in name or
// description.
func (s *snapshot) exact(text string, among slotSet) found {
	f := found{in: s, match: "exact", sets: make([]slotSet, tiers), counts: make([]int, tiers)}
	all := make(slotSet, tiers*len(among))
	for t := range f.sets {
		f.sets[t] = all[t*len(among) : (t+1)*len(among)]
	}
	rows := rowsOf(certainTrigrams(text))
	var parts [maxParts][tiers]int
	s.inParts(func(part, i int, b *block) {
		counts, from := &parts[part], i*blockWords
		var name, rest [blockWords]uint64
		for w := range b.words {
			name[w], rest[w] = b.having(rows, w, among[from+w])
		}
		b.names.find(text, &name, func(slot, at int) {
			t := nameInside
			if at == 0 {
				t = namePrefix
				if len(text) == len(b.names.of(slot)) {
					t = nameEqual
				}
			}
			f.sets[t][from+slot>>6] |= 1 << (slot & 63)
			counts[t]++
			rest[slot>>6] &^= 1 << (slot & 63)
		})
		b.descriptions.find(text, &rest, func(slot, _ int) {
			f.sets[inDescription][from+slot>>6] |= 1 << (slot & 63)
			counts[inDescription]++
		})
	})
	for _, counts := range parts {
		for t, n := range counts {
			f.counts[t] += n
		}
	}
	return f
}

const (
	// partBlocks is how many blocks are worth a goroutine of their own: about
	// what takes a tenth of a millisecond.
	partBlocks = 16
	maxParts   = 4
)

// inParts does something with every block. With many functions several
// goroutines share them, so that a search of 100,000 takes as long as half as
// many would on two processors; each is a part.
func (s *snapshot) inParts(do func(part, i int, b *block)) {
	parts := min(len(s.blocks)/partBlocks, runtime.GOMAXPROCS(0), maxParts)
	one := func(part int) {
		for i := part; i < len(s.blocks); i += max(parts, 1) {
			do(part, i, s.blocks[i])
		}
	}
	var others sync.WaitGroup
	for part := 1; part < parts; part++ {
		others.Go(func() { one(part) })
	}
	one(0)
	others.Wait()
}

// having tells which of 64 slots may have all of some trigrams in the name,
// and which in the description.
func (b *block) having(rows []int, word int, among uint64) (name, rest uint64) {
	name, rest = among, among
	for _, row := range rows {
		name &= b.name[row*b.words+word]
		rest &= b.rest[row*b.words+word]
		if name|rest == 0 {
			break
		}
	}
	return name, rest
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

// scored is an entry and how similar it is.
type scored struct {
	*entry
	score float64
}

// similar gives the entries whose name or description is similar to the
// folded text, the most similar first, then by name.
func (s *snapshot) similar(text string, among slotSet) []*entry {
	out := []*entry{}
	p := newPattern(text)
	if len(p.trigrams) == 0 {
		return out
	}
	var found []scored
	for _, e := range s.candidates(&p, among) {
		if sc, ok := p.score(e); ok {
			found = append(found, scored{e, sc})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	for _, f := range found {
		out = append(out, f.entry)
	}
	return out
}

// score tells how similar an entry is to the pattern and whether that is
// enough.
func (p *pattern) score(e *entry) (float64, bool) {
	byName, whole := p.compare(e.name, similarName)
	byRest, _ := p.compare(e.description, similarName)
	return byName + whole + 0.5*byRest, byName > similarName || byRest > similarDescription
}

// candidates gives the entries that may be similar enough by their marks, at
// most maxCandidates: those that may have most in common. Among equals the
// first in the order of lists are taken.
func (s *snapshot) candidates(p *pattern, among slotSet) []*entry {
	// A stretch of text that is similar by x has more than x of the pattern's
	// trigrams.
	name, rest := int(similarName*float64(len(p.trigrams))), int(similarDescription*float64(len(p.trigrams)))
	var parts [maxParts]shortlist
	rows := p.bits[:min(len(p.bits), maxCounted)]
	s.inParts(func(part, i int, b *block) {
		var n, d [blockWords]counters
		b.count(&n, b.name, rows)
		b.count(&d, b.rest, rows)
		for w := range b.words {
			at := i*blockWords + w
			if some := among[at] & (n[w].above(name) | d[w].above(rest)); some != 0 {
				parts[part].put(at, some, hits(&n[w], &d[w]))
			}
		}
	})
	likely := &parts[0]
	likely.join(parts[1:])
	sure, equal, missing := likely.best(maxCandidates, len(among))
	out := s.pick(sure, sure.count(), "", 0, maxCandidates)
	return append(out, s.pick(equal, equal.count(), "", 0, missing)...)
}
