package db

import (
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
// disk: 10,000 functions take about 5 MB and are searched in well under a
// millisecond, with few exceptions (decision 5).
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
	refresh sync.Mutex               // held while reading what changed
	slots   map[cdp.FunctionID]int32 // where each function stands; under refresh
	now     atomic.Pointer[snapshot]
	pieces  interned // of the functions' filters
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

	name, description string // folded

	whole  atomic.Pointer[cdp.Function]
	pieces atomic.Pointer[pieces] // of its filters, once somebody asked
}

// shown tells whether lists show it.
func (e *entry) shown() bool { return !e.deleted && e.kind != cdp.WarehouseWebhook }

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
	if s == nil || s.change < newest {
		if s, err = c.read(ctx, id, sh, s); err != nil {
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
		sh = &shelf{slots: map[cdp.FunctionID]int32{}}
		c.projects[id] = sh
	}
	return sh
}

// read makes the snapshot that follows old, which is nil at first.
func (c *catalogue) read(ctx context.Context, id cdp.ProjectID, sh *shelf, old *snapshot) (*snapshot, error) {
	if old == nil {
		old = &snapshot{counts: map[cdp.Type]int{}}
	}
	rows, err := c.p.query(ctx, `
select id, change, type, enabled, deleted, coalesce(execution_order, -1), version, created_at_us, created_by, updated_at_us, template_id, name, description
  from hog_function
 where project_id = $1 and change > $2`, int64(id), old.change)
	newest := old.change
	var room []entry // those read together lie together
	size := 1
	changed, err := collect(rows, err, func(r scanner) (*entry, error) {
		if len(room) == 0 {
			room = make([]entry, size)
			size = min(2*size, blockSlots)
		}
		e := &room[0]
		room = room[1:]
		change, err := e.scan(r)
		newest = max(newest, change)
		return e, err
	})
	if err != nil {
		return nil, err
	}
	return old.with(changed, newest, sh.slots), nil
}

// scan reads a row; it gives the row's change number.
func (e *entry) scan(r scanner) (change int64, err error) {
	var name sql.NullString
	var description string
	err = r.Scan(&e.id, &change, &e.kind, &e.enabled, &e.deleted, &e.order, &e.version, &e.createdUS, &e.createdBy, &e.updatedUS,
		&e.template, &name, &description)
	e.name, e.description = fold(name.String), fold(description)
	return change, err
}

// fold makes texts comparable without regard to case.
func fold(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToLower(s)
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
