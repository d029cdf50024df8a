package db

import (
	"context"
	"math/bits"
	"slices"

	"hogpen/cdp"
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
	among := snap.live()
	snap.restrict(among, &q)
	if keep := restriction(&q); keep != nil {
		snap.narrow(among, keep)
	}
	if len(groups) > 0 {
		if err := s.containing(ctx, q.Project, snap, among, groups); err != nil {
			return cdp.FunctionPage{}, err
		}
	}
	found := snap.search(q.Search, among)
	page := cdp.FunctionPage{Count: found.count()}
	shown := found.page(q.Sort, max(q.Offset, 0), limitOr(q.Limit, 100))
	if page.Functions, err = s.catalogue.functions(ctx, q.Project, shown, s.functionsByID); err != nil {
		return cdp.FunctionPage{}, err
	}
	if found.match != "" {
		page.Match = slices.Repeat([]string{found.match}, len(page.Functions))
	}
	return page, nil
}

// narrow leaves in a set of slots what passes a condition.
func (s *snapshot) narrow(set slotSet, keep func(*entry) bool) {
	for i, w := range set {
		for left := w; left != 0; left &= left - 1 {
			if slot := i*64 + bits.TrailingZeros64(left); !keep(s.entry(int32(slot))) {
				set[i] &^= left & -left
			}
		}
	}
}

// restrict leaves in a set of slots those of the types and the state that a
// question asks for.
func (s *snapshot) restrict(set slotSet, q *cdp.FunctionQuery) {
	if len(q.Types) == 0 && q.Enabled == nil {
		return
	}
	for i, b := range s.blocks {
		for w := range b.words {
			slots := &set[i*blockWords+w]
			if len(q.Types) > 0 {
				*slots &= b.ofTypes(w, q.Types)
			}
			if q.Enabled != nil && *q.Enabled {
				*slots &= b.enabled[w]
			} else if q.Enabled != nil {
				*slots &^= b.enabled[w]
			}
		}
	}
}

// ofTypes are the slots of a word whose functions are of one of the types.
func (b *block) ofTypes(word int, types []cdp.Type) (out uint64) {
	for i := range b.kinds {
		if slices.Contains(types, b.kinds[i].kind) {
			out |= b.kinds[i].slots[word]
		}
	}
	return out
}

// restriction is the condition of a question besides types, state, search and
// groups; nil passes all.
func restriction(q *cdp.FunctionQuery) func(*entry) bool {
	if q.ID == "" && q.CreatedBy == 0 && q.CreatedAt.IsZero() && q.UpdatedAt.IsZero() && q.Template == "" {
		return nil
	}
	return func(e *entry) bool {
		return (q.ID == "" || q.ID == e.id) &&
			(q.CreatedBy == 0 || q.CreatedBy == e.createdBy) &&
			(q.CreatedAt.IsZero() || us(q.CreatedAt) == e.createdUS) &&
			(q.UpdatedAt.IsZero() || us(q.UpdatedAt) == e.updatedUS) &&
			(q.Template == "" || q.Template == e.template)
	}
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
	for e := range snap.all {
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
 where id in (select value from json_each($2)) and +project_id = $1`, int64(project), list(ids))
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
