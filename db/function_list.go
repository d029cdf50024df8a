package db

import (
	"context"
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
	list := snap.by(q.Sort)
	keep := restriction(&q)
	if len(groups) > 0 {
		if keep, err = s.narrowed(ctx, q.Project, list, keep, groups); err != nil {
			return cdp.FunctionPage{}, err
		}
	}
	found, match := list.search(q.Search, keep)
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

// restriction is the condition of a question besides search and groups; nil
// passes all.
func restriction(q *cdp.FunctionQuery) func(*entry) bool {
	if len(q.Types) == 0 && q.Enabled == nil && q.ID == "" && q.CreatedBy == 0 && q.CreatedAt.IsZero() &&
		q.UpdatedAt.IsZero() && q.Template == "" {
		return nil
	}
	return func(e *entry) bool {
		return (len(q.Types) == 0 || slices.Contains(q.Types, e.kind)) &&
			(q.Enabled == nil || *q.Enabled == e.enabled) &&
			(q.ID == "" || q.ID == e.id) &&
			(q.CreatedBy == 0 || q.CreatedBy == e.createdBy) &&
			(q.CreatedAt.IsZero() || us(q.CreatedAt) == e.createdUS) &&
			(q.UpdatedAt.IsZero() || us(q.UpdatedAt) == e.updatedUS) &&
			(q.Template == "" || q.Template == e.template)
	}
}

// narrowed adds to a condition that stored filters contain one of the groups.
func (s *Store) narrowed(ctx context.Context, project cdp.ProjectID, list *shown, keep func(*entry) bool, groups []containment) (func(*entry) bool, error) {
	holds, err := s.containing(ctx, project, list.kept(keep), groups)
	if keep == nil || err != nil {
		return holds, err
	}
	return func(e *entry) bool { return keep(e) && holds(e) }, nil
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
