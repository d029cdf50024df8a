package db

import (
	"context"
	"fmt"

	"hogpen/cdp"
)

// FillDisk makes the files refuse to grow by more than some pages, as a full
// disk would; a negative number gives the space back.
func (s *Store) FillDisk(ctx context.Context, pages int) error {
	for _, f := range s.files() {
		limit := 1 << 30
		if pages >= 0 {
			if err := f.w.QueryRowContext(ctx, "pragma page_count").Scan(&limit); err != nil {
				return err
			}
			limit += pages
		}
		if _, err := f.w.ExecContext(ctx, fmt.Sprintf("pragma max_page_count = %d", limit)); err != nil {
			return err
		}
	}
	return nil
}

// LoadedFunctions is how many whole functions lists keep in memory.
func (s *Store) LoadedFunctions() int {
	s.catalogue.loadedMu.Lock()
	defer s.catalogue.loadedMu.Unlock()
	return len(s.catalogue.loaded)
}

// The bounds that tests go beyond.
const (
	MaxShelves = maxShelves
	MaxLoaded  = maxLoaded
)

// WordSimilarity compares two texts as a search does.
func WordSimilarity(query, text string) float64 {
	p := newPattern(fold(query))
	stretch, _ := p.compare(fold(text), similarName)
	return stretch
}

// Similarity compares two whole texts.
func Similarity(a, b string) float64 {
	p := newPattern(fold(a))
	_, whole := p.compare(fold(b), similarName)
	return whole
}

// PackRuns gives the digest and the body of a pack.
func PackRuns(rs []cdp.Run) (digest, body []byte) {
	var p packer
	p.begin(1)
	for i := range rs {
		p.run(&rs[i])
	}
	out := p.end()
	return out.digest, out.body
}

// OpenPack reads a digest and a body as each kind of pack.
func OpenPack(digest, body []byte) {
	h := &head{}
	_ = h.readDigest(digest)
	_, _ = open(h, body, true, openEvent)
	_, _ = open(h, body, true, openRun)
	_, _ = open(h, body, true, openLog)
}

// Searched gives the first page and the count of a search among functions with
// some names, kept in memory only. Each stands in a list behind those after it,
// and its ID is its number.
func Searched(names []string, text string) (page []string, count int) {
	entries := make([]*entry, len(names))
	for i, name := range names {
		entries[i] = &entry{id: cdp.FunctionID(fmt.Sprint(i)), kind: cdp.Destination, order: -1, updatedUS: int64(i), name: fold(name)}
	}
	s := (&snapshot{counts: map[cdp.Type]int{}}).with(entries, 1, map[cdp.FunctionID]int32{})
	found := s.search(text, s.live())
	for _, e := range found.page("", 0, 25) {
		page = append(page, string(e.id))
	}
	return page, found.count()
}
