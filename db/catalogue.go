package db

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"hogpen/cdp"
)

// catalogue keeps, for the projects that were asked about, what lists of
// functions sort, filter and search by. At each question one look-up by index
// tells whether rows changed since; only those are read anew. So neither a
// count nor a search walks the table, and no search index has to be kept on
// disk: 10,000 functions take about 3 MB and are searched in well under a
// millisecond, whatever the term.
type catalogue struct {
	p *pool

	mu       sync.Mutex
	projects map[cdp.ProjectID]*shelf

	// loaded holds entries whose whole function is in memory, in the order
	// they were loaded; beyond maxLoaded the oldest lets go of its own.
	loadedMu sync.Mutex
	loaded   []*entry
	next     int
}

const (
	// maxShelves bounds how many projects are kept: beyond it, one makes room.
	maxShelves = 256
	// maxLoaded bounds how many whole functions lists keep in memory.
	maxLoaded = 1000
)

// shelf is one project's part of the catalogue.
type shelf struct {
	refresh sync.Mutex // held while reading what changed
	now     atomic.Pointer[snapshot]
	pieces  interned // of the functions' filters
}

// snapshot is a project's functions at one change number. It is not changed
// once it is on the shelf.
type snapshot struct {
	change int64
	shown  // not deleted, no warehouse webhooks, in the order of lists
	counts map[cdp.Type]int

	// sorted holds the entries in the other orders that were asked for.
	mu     sync.Mutex
	sorted map[string]*shown
}

// entry is what lists know of one function.
type entry struct {
	id                   cdp.FunctionID
	kind                 cdp.Type
	enabled, deleted     bool
	order                int // -1 is none
	version              int
	createdUS, updatedUS int64
	createdBy            cdp.UserID
	template             string

	// text is the folded name, a NUL and the folded description.
	text      string
	nameLen   int
	nameMarks marks
	restMarks marks

	whole  atomic.Pointer[cdp.Function]
	pieces atomic.Pointer[pieces] // of its filters, once somebody asked
}

func (e *entry) name() string        { return e.text[:e.nameLen] }
func (e *entry) description() string { return e.text[e.nameLen+1:] }

func newCatalogue(p *pool) *catalogue {
	return &catalogue{p: p, projects: map[cdp.ProjectID]*shelf{}}
}

// project gives the project's functions as they are now.
func (c *catalogue) project(ctx context.Context, id cdp.ProjectID) (*snapshot, error) {
	var newest int64
	err := c.p.row(ctx, `
select coalesce(max(change), 0)
  from hog_function
 where project_id = $1`, []any{int64(id)}, &newest)
	if err != nil {
		return nil, fault("look for changed functions", err)
	}
	sh := c.shelf(id)
	if s := sh.now.Load(); s != nil && s.change >= newest {
		return s, nil
	}
	sh.refresh.Lock()
	defer sh.refresh.Unlock()
	s := sh.now.Load()
	if s == nil {
		s = &snapshot{}
	}
	if s.change < newest || s.counts == nil {
		if s, err = c.read(ctx, id, s); err != nil {
			return nil, fault("read changed functions", err)
		}
		sh.now.Store(s)
	}
	return s, nil
}

func (c *catalogue) shelf(id cdp.ProjectID) *shelf {
	c.mu.Lock()
	defer c.mu.Unlock()
	sh := c.projects[id]
	if sh == nil {
		for other := range c.projects {
			if len(c.projects) < maxShelves {
				break
			}
			delete(c.projects, other)
		}
		sh = &shelf{}
		c.projects[id] = sh
	}
	return sh
}

// read makes the snapshot that follows old.
func (c *catalogue) read(ctx context.Context, id cdp.ProjectID, old *snapshot) (*snapshot, error) {
	rows, err := c.p.query(ctx, `
select id, change, type, enabled, deleted, coalesce(execution_order, -1), version, created_at_us, created_by, updated_at_us, template_id, name, description
  from hog_function
 where project_id = $1 and change > $2`, int64(id), old.change)
	newest := old.change
	changed, err := collect(rows, err, func(r scanner) (*entry, error) {
		e, change, err := scanEntry(r)
		newest = max(newest, change)
		return e, err
	})
	if err != nil {
		return nil, err
	}
	return old.with(changed, newest), nil
}

func scanEntry(r scanner) (*entry, int64, error) {
	e := &entry{}
	var change int64
	var name sql.NullString
	var description string
	err := r.Scan(&e.id, &change, &e.kind, &e.enabled, &e.deleted, &e.order, &e.version, &e.createdUS, &e.createdBy, &e.updatedUS,
		&e.template, &name, &description)
	folded := fold(name.String)
	e.nameLen = len(folded)
	e.text = folded + "\x00" + fold(description)
	e.nameMarks, e.restMarks = marksOf(e.name()), marksOf(e.description())
	return e, change, err
}

// fold makes texts comparable without regard to case.
func fold(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToLower(s)
}

// with gives s with some entries replaced, removed or new.
func (s *snapshot) with(changed []*entry, change int64) *snapshot {
	gone := make(map[cdp.FunctionID]bool, len(changed))
	for _, e := range changed {
		gone[e.id] = true
	}
	changed = slices.DeleteFunc(changed, func(e *entry) bool { return e.deleted || e.kind == cdp.WarehouseWebhook })
	slices.SortFunc(changed, inOrder)
	out := &snapshot{change: change, counts: map[cdp.Type]int{}}
	out.entries = make([]*entry, 0, len(s.entries)+len(changed))
	for _, e := range s.entries {
		if gone[e.id] {
			continue
		}
		for len(changed) > 0 && inOrder(changed[0], e) < 0 {
			out.entries, changed = append(out.entries, changed[0]), changed[1:]
		}
		out.entries = append(out.entries, e)
	}
	out.entries = append(out.entries, changed...)
	for _, e := range out.entries {
		out.counts[e.kind]++
	}
	return out
}

// inOrder is the order of lists: execution order, nulls last, then the one
// changed last; the ID decides between equals.
func inOrder(a, b *entry) int {
	if a.order != b.order {
		if a.order < 0 {
			return 1
		}
		if b.order < 0 {
			return -1
		}
		return cmp.Compare(a.order, b.order)
	}
	return cmp.Or(cmp.Compare(b.updatedUS, a.updatedUS), cmp.Compare(a.id, b.id))
}

// orders gives the order of a list that is sorted by a column; nil for the
// default.
func orders(by string) func(a, b *entry) int {
	switch by {
	case "name":
		return func(a, b *entry) int { return cmp.Or(strings.Compare(a.name(), b.name()), cmp.Compare(a.id, b.id)) }
	case "changed":
		return func(a, b *entry) int { return cmp.Or(cmp.Compare(b.updatedUS, a.updatedUS), cmp.Compare(a.id, b.id)) }
	case "created":
		return func(a, b *entry) int { return cmp.Or(cmp.Compare(b.createdUS, a.createdUS), cmp.Compare(a.id, b.id)) }
	}
	return nil
}

// by gives the entries in the order of a list sorted by a column, not to be
// changed.
func (s *snapshot) by(column string) *shown {
	order := orders(column)
	if order == nil {
		return &s.shown
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted[column] == nil {
		if s.sorted == nil {
			s.sorted = map[string]*shown{}
		}
		entries := slices.Clone(s.entries)
		slices.SortFunc(entries, order)
		s.sorted[column] = &shown{entries: entries}
	}
	return s.sorted[column]
}

// functions gives the whole functions of entries, in their order, from memory
// where they are there. One that changed since is given as it is now; one
// that was deleted since is left out.
func (c *catalogue) functions(ctx context.Context, project cdp.ProjectID, entries []*entry, load func(context.Context, cdp.ProjectID, []cdp.FunctionID) ([]*cdp.Function, error)) ([]*cdp.Function, error) {
	out := make([]*cdp.Function, len(entries))
	var missing []cdp.FunctionID
	for i, e := range entries {
		if out[i] = e.whole.Load(); out[i] == nil {
			missing = append(missing, e.id)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	fs, err := load(ctx, project, missing)
	if err != nil {
		return nil, err
	}
	found := make(map[cdp.FunctionID]*cdp.Function, len(fs))
	for _, f := range fs {
		found[f.ID] = f
	}
	for i, e := range entries {
		if out[i] == nil {
			out[i] = found[e.id]
			c.keep(e, out[i])
		}
	}
	return slices.DeleteFunc(out, func(f *cdp.Function) bool { return f == nil || f.Deleted }), nil
}

// keep holds f for the next list that shows e, if f is the state e describes.
func (c *catalogue) keep(e *entry, f *cdp.Function) {
	if f == nil || f.Version != e.version {
		return
	}
	c.loadedMu.Lock()
	defer c.loadedMu.Unlock()
	if e.whole.Swap(f) != nil {
		return
	}
	if len(c.loaded) < maxLoaded {
		c.loaded = append(c.loaded, e)
		return
	}
	c.loaded[c.next].whole.Store(nil)
	c.loaded[c.next] = e
	c.next = (c.next + 1) % maxLoaded
}
