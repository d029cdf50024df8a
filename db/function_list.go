package db

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"hogpen/cdp"
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

// Functions gives one page of a project's functions and how many match in all.
// A search first looks for the whole text, in any case, in name or
// description; only if nothing has it, for similar texts. The functions are
// shared with other callers: they are to be read, not changed. A filter group
// that is not JSON is Invalid.
func (s *Store) Functions(ctx context.Context, q cdp.FunctionQuery) (cdp.FunctionPage, error) {
	groups, err := containments(q.FilterGroups)
	if err != nil {
		return cdp.FunctionPage{}, err
	}
	snap, err := s.catalogue.project(ctx, q.Project)
	if err != nil {
		return cdp.FunctionPage{}, err
	}
	found := restrict(snap.by(q.Sort), &q)
	if len(groups) > 0 {
		if found, err = s.containing(ctx, q.Project, found, groups); err != nil {
			return cdp.FunctionPage{}, err
		}
	}
	found, match := search(found, q.Search)
	if order := orders(q.Sort); match != "" && order != nil {
		slices.SortFunc(found, order)
	}
	page := cdp.FunctionPage{Count: len(found)}
	from := min(max(q.Offset, 0), len(found))
	found = found[from:min(from+limitOr(q.Limit, 100), len(found))]
	if page.Functions, err = s.catalogue.functions(ctx, q.Project, found, s.functionsByID); err != nil {
		return cdp.FunctionPage{}, err
	}
	if match != "" {
		page.Match = slices.Repeat([]string{match}, len(page.Functions))
	}
	return page, nil
}

// restrict gives the entries that pass all conditions but search and groups.
// What it returns may be the list it was given.
func restrict(entries []*entry, q *cdp.FunctionQuery) []*entry {
	if len(q.Types) == 0 && q.Enabled == nil && q.ID == "" && q.CreatedBy == 0 && q.CreatedAt.IsZero() &&
		q.UpdatedAt.IsZero() && q.Template == "" {
		return entries
	}
	out := make([]*entry, 0, len(entries))
	for _, e := range entries {
		if (len(q.Types) == 0 || slices.Contains(q.Types, e.kind)) &&
			(q.Enabled == nil || *q.Enabled == e.enabled) &&
			(q.ID == "" || q.ID == e.id) &&
			(q.CreatedBy == 0 || q.CreatedBy == e.createdBy) &&
			(q.CreatedAt.IsZero() || us(q.CreatedAt) == e.createdUS) &&
			(q.UpdatedAt.IsZero() || us(q.UpdatedAt) == e.updatedUS) &&
			(q.Template == "" || q.Template == e.template) {
			out = append(out, e)
		}
	}
	return out
}

// containing gives the entries whose stored filters contain one of the groups.
func (s *Store) containing(ctx context.Context, project cdp.ProjectID, entries []*entry, groups []containment) ([]*entry, error) {
	ids := make([]cdp.FunctionID, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	rows, err := s.main.query(ctx, `
select id, filters
  from hog_function
 where id in (select value from json_each($2)) and project_id = $1`, int64(project), list(ids))
	hits := map[cdp.FunctionID]bool{}
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.FunctionID
		var filters string
		if err := r.Scan(&id, &filters); err != nil {
			return struct{}{}, err
		}
		hit, err := anyIn(groups, filters)
		hits[id] = hit
		return struct{}{}, err
	})
	if err != nil {
		return nil, fault("look into filters", err)
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e *entry) bool { return !hits[e.id] }), nil
}

// search gives the entries that match text, best first, and how they did:
// "exact", "similar", or "" when text is blank and all match.
func search(entries []*entry, text string) ([]*entry, string) {
	text = strings.TrimSpace(fold(text))
	if text == "" {
		return entries, ""
	}
	if found := exact(entries, text); len(found) > 0 {
		return found, "exact"
	}
	return similar(entries, text), "similar"
}

// exact gives the entries that have the whole folded text in name or
// description.
func exact(entries []*entry, text string) []*entry {
	var found [tiers][]*entry
	for _, e := range entries {
		if t := tier(e, text); t < tiers {
			found[t] = append(found[t], e)
		}
	}
	return slices.Concat(found[:]...)
}

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
func similar(entries []*entry, text string) []*entry {
	p := newPattern(text)
	if len(p.trigrams) == 0 {
		return nil
	}
	var found []scored
	for _, e := range candidates(entries, &p) {
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

// candidates gives the entries that may be similar enough by their marks, at
// most maxCandidates: those that may have most in common.
func candidates(entries []*entry, p *pattern) []*entry {
	// A stretch of text that is similar by x has more than x of the pattern's
	// trigrams.
	name, rest := int(similarName*float64(len(p.trigrams))), int(similarDescription*float64(len(p.trigrams)))
	// A hit in the name weighs more in the score, so here too.
	byHits := make([][]*entry, 3*len(p.trigrams)+1)
	for _, e := range entries {
		n, d := e.nameMarks.mayHave(p), e.restMarks.mayHave(p)
		if n > name || d > rest {
			byHits[2*n+d] = append(byHits[2*n+d], e)
		}
	}
	slices.Reverse(byHits)
	out := slices.Concat(byHits...)
	return out[:min(len(out), maxCandidates)]
}

// score tells how similar an entry is to the pattern and whether that is
// enough.
func score(e *entry, p *pattern) (float64, bool) {
	name, rest := trigramsOf(e.name()), trigramsOf(e.description())
	byName := p.wordSimilarity(name, similarName)
	byRest := p.wordSimilarity(rest, similarName)
	return byName + similarity(p.trigrams, unique(name)) + 0.5*byRest, byName > similarName || byRest > similarDescription
}

// FunctionCounts counts a project's functions by type.
func (s *Store) FunctionCounts(ctx context.Context, project cdp.ProjectID) (map[cdp.Type]int, error) {
	snap, err := s.catalogue.project(ctx, project)
	if err != nil {
		return nil, err
	}
	out := make(map[cdp.Type]int, len(snap.counts))
	for t, n := range snap.counts {
		out[t] = n
	}
	return out, nil
}

// EnabledTransformations counts a project's enabled transformations.
func (s *Store) EnabledTransformations(ctx context.Context, project cdp.ProjectID) (int, error) {
	n := 0
	err := s.transformations(ctx, project, func(e *entry) {
		if e.enabled {
			n++
		}
	})
	return n, err
}

// LastExecutionOrder is the highest place among a project's transformations,
// enabled or not; 0 when there is none.
func (s *Store) LastExecutionOrder(ctx context.Context, project cdp.ProjectID) (int, error) {
	last := 0
	err := s.transformations(ctx, project, func(e *entry) { last = max(last, e.order) })
	return last, err
}

func (s *Store) transformations(ctx context.Context, project cdp.ProjectID, each func(*entry)) error {
	snap, err := s.catalogue.project(ctx, project)
	if err != nil {
		return err
	}
	for _, e := range snap.entries {
		if e.kind == cdp.Transformation {
			each(e)
		}
	}
	return nil
}

// FunctionNames gives the titles of functions, deleted ones too; unknown IDs
// are left out.
func (s *Store) FunctionNames(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID) (map[cdp.FunctionID]string, error) {
	rows, err := s.main.query(ctx, `
select id, name
  from hog_function
 where id in (select value from json_each($2)) and project_id = $1`, int64(project), list(ids))
	fs, err := collect(rows, err, func(r scanner) (f cdp.Function, err error) {
		err = r.Scan(&f.ID, &f.Name)
		return f, err
	})
	if err != nil {
		return nil, fault("name functions", err)
	}
	out := make(map[cdp.FunctionID]string, len(fs))
	for i := range fs {
		out[fs[i].ID] = fs[i].Title()
	}
	return out, nil
}
