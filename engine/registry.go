package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// Source gives the functions that the registry holds. db.Store is one.
type Source interface {
	// EnabledFunctions gives the enabled functions of all projects.
	EnabledFunctions(ctx context.Context) ([]*cdp.Function, error)
	// FunctionsChangedSince gives functions saved at or after an instant, also
	// those that were disabled or deleted.
	FunctionsChangedSince(ctx context.Context, since time.Time) ([]*cdp.Function, error)
	// Function gives one function; the error has code NotFound when it is
	// absent or deleted.
	Function(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error)
}

// Projects gives projects. db.Store is one.
type Projects interface {
	Project(ctx context.Context, id cdp.ProjectID) (cdp.Project, error)
}

// snapshot is what the registry holds at one moment. It never changes.
type snapshot struct {
	projects map[cdp.ProjectID]*projectSet
}

func (s *snapshot) size() int {
	n := 0
	for _, p := range s.projects {
		n += p.functions.len()
	}
	return n
}

// projectSet are the live functions of one project, arranged for events. Only
// the counts of events change in it.
type projectSet struct {
	project   cdp.Project
	functions functionMap
	// transformations stand in execution order.
	transformations functionList
	// destinations that name the events they wait for stand in byName under
	// each of them; those that match whatever comes stand in any. An event
	// meets its own name's and these; all others are known not to match, and
	// count as filtered without being asked (see registry.countSet).
	byName map[string]*bucket
	any    functionList
	named  functionList // each destination of byName once
	// updates are the destinations that wait for changes of persons.
	updates functionList
	// internal are the internal destinations.
	internal functionList
	// others counts events of names that stand nowhere, since counts were last
	// written. An event counts here or in one bucket, never in two places.
	others atomic.Int64
}

// bucket holds the destinations that wait for events of one name.
type bucket struct {
	functions functionList
	events    atomic.Int64
}

// function gives a live function; nil when there is none, or no set.
func (p *projectSet) function(id cdp.FunctionID) *executor.Function {
	if p == nil {
		return nil
	}
	return p.functions.get(id)
}

// meet counts an event and gives the destinations to ask about it, in two
// lists.
func (p *projectSet) meet(name string) (named, any functionList) {
	b := p.byName[name]
	if b == nil {
		p.others.Add(1)
		return functionList{}, p.any
	}
	b.events.Add(1)
	return b.functions, p.any
}

// place says where a function stands in a projectSet.
type place int

const (
	elsewhere place = iota // it runs at no event
	transforming
	atAny
	atNamed
	atUpdates // of persons
	atInternal
	places // how many there are
)

func placeOf(f *executor.Function) place {
	switch {
	case f == nil:
		return elsewhere
	case f.Type == cdp.Transformation:
		return transforming
	case f.Type == cdp.InternalDestination:
		return atInternal
	case f.Type == cdp.Destination && f.Source() == cdp.SourcePersonUpdates:
		return atUpdates
	case f.Type != cdp.Destination || f.Source() != "events":
		return elsewhere
	case f.Names() == nil:
		return atAny
	}
	return atNamed
}

// arrange makes a projectSet of functions.
func arrange(project cdp.Project, functions functionMap) *projectSet {
	p := &projectSet{project: project, functions: functions, byName: map[string]*bucket{}}
	var places [places][]*executor.Function
	for f := range functions.all() {
		places[placeOf(f)] = append(places[placeOf(f)], f)
	}
	for at, fs := range places {
		if list, by := p.list(place(at)); list != nil {
			*list = listOf(fs, by)
		}
	}
	byName := map[string][]*executor.Function{}
	for f := range p.named.all {
		for name := range f.Names() {
			byName[name] = append(byName[name], f)
		}
	}
	for name, fs := range byName {
		p.byName[name] = &bucket{functions: listOf(fs, byID)}
	}
	return p
}

// list is a place's list and its order.
func (p *projectSet) list(at place) (*functionList, order) {
	switch at {
	case transforming:
		return &p.transformations, inOrder
	case atAny:
		return &p.any, byID
	case atNamed:
		return &p.named, byID
	case atUpdates:
		return &p.updates, byID
	case atInternal:
		return &p.internal, byID
	}
	return nil, nil
}

// with gives p with some functions in place of those with their IDs; nil
// removes one. A save among thousands of functions moves what it touches and
// sorts nothing; only when much changes, all is arranged anew. Counts of
// events stay with p.
func (p *projectSet) with(project cdp.Project, changes map[cdp.FunctionID]*executor.Function) *projectSet {
	functions := p.functions.with(changes)
	if len(changes) > 16 {
		return arrange(project, functions)
	}
	next := &projectSet{project: project, functions: functions, byName: uncounted(p.byName),
		transformations: p.transformations, any: p.any, named: p.named, updates: p.updates, internal: p.internal}
	for id, f := range changes {
		next.replace(p.functions.get(id), f)
	}
	return next
}

// uncounted gives the same buckets without their counts.
func uncounted(buckets map[string]*bucket) map[string]*bucket {
	out := make(map[string]*bucket, len(buckets))
	all := make([]bucket, len(buckets))
	i := 0
	for name, b := range buckets {
		all[i].functions = b.functions
		out[name] = &all[i]
		i++
	}
	return out
}

// replace takes old out of its lists and puts f in; either may be nil.
func (p *projectSet) replace(old, f *executor.Function) {
	if list, by := p.list(placeOf(old)); list != nil {
		*list = list.without(old, by)
	}
	if list, by := p.list(placeOf(f)); list != nil {
		*list = list.including(f, by)
	}
	if placeOf(old) == atNamed {
		for name := range old.Names() {
			b := p.byName[name]
			if b.functions = b.functions.without(old, byID); b.functions.len() == 0 {
				delete(p.byName, name)
			}
		}
	}
	if placeOf(f) != atNamed {
		return
	}
	for name := range f.Names() {
		b := p.byName[name]
		if b == nil {
			b = &bucket{}
			p.byName[name] = b
		}
		b.functions = b.functions.including(f, byID)
	}
}

func byID(a, b *executor.Function) int { return strings.Compare(string(a.ID), string(b.ID)) }

// inOrder sorts transformations: by execution order, those without one last,
// then the older first (runtime specification 3.1).
func inOrder(a, b *executor.Function) int {
	switch x, y := a.ExecutionOrder, b.ExecutionOrder; {
	case x != nil && y != nil && *x != *y:
		return *x - *y
	case x != nil && y == nil:
		return -1
	case x == nil && y != nil:
		return 1
	}
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c
	}
	return byID(a, b)
}

// registry keeps the snapshot current.
type registry struct {
	e *Engine
	// changing is held by whoever makes the next snapshot.
	changing sync.Mutex
	current  atomic.Pointer[snapshot]
	newest   time.Time // of all functions seen, by their last save
	// retired are sets that were replaced; an event under way may still count
	// in them, so their counts are written for one more round.
	retired []*projectSet
	// failed are functions that could not be loaded, so that it is said once.
	failed map[cdp.FunctionID]string
}

func newRegistry(e *Engine) *registry {
	r := &registry{e: e, failed: map[cdp.FunctionID]string{}}
	r.current.Store(&snapshot{projects: map[cdp.ProjectID]*projectSet{}})
	return r
}

// Load gives the snapshot of this moment.
func (r *registry) Load() *snapshot { return r.current.Load() }

// load fills the registry at the start.
func (r *registry) load(ctx context.Context) error {
	functions, err := r.e.cfg.Functions.EnabledFunctions(ctx)
	if err != nil {
		return fmt.Errorf("load functions: %w", err)
	}
	return r.change(ctx, functions)
}

// poll takes up what other processes saved. It looks a little further back
// than the newest save it knows, for saves may commit out of order.
func (r *registry) poll(ctx context.Context) error {
	r.changing.Lock()
	since := r.newest.Add(-pollOverlap)
	if r.newest.IsZero() {
		since = time.Unix(0, 0)
	}
	r.changing.Unlock()
	functions, err := r.e.cfg.Functions.FunctionsChangedSince(ctx, since)
	if err != nil {
		return fmt.Errorf("load changed functions: %w", err)
	}
	return r.change(ctx, functions)
}

// reload takes up one function as it is stored now.
func (r *registry) reload(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) error {
	f, err := r.e.cfg.Functions.Function(ctx, project, id)
	var known *cdp.Error
	switch {
	case err == nil:
	case errors.As(err, &known) && known.Code == cdp.NotFound:
		f = &cdp.Function{ID: id, Project: project, Deleted: true}
	default:
		return fmt.Errorf("reload function %s: %w", id, err)
	}
	return r.change(ctx, []*cdp.Function{f})
}

// change makes the next snapshot out of functions as they are now. Projects
// that none of them belongs to are shared with the one before.
func (r *registry) change(ctx context.Context, functions []*cdp.Function) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	before := r.current.Load()
	touched := map[cdp.ProjectID]map[cdp.FunctionID]*executor.Function{}
	for _, f := range functions {
		if f.UpdatedAt.After(r.newest) {
			r.newest = f.UpdatedAt
		}
		old := before.projects[f.Project]
		if old != nil && !differs(old.functions.get(f.ID), f) {
			continue
		}
		if touched[f.Project] == nil {
			touched[f.Project] = map[cdp.FunctionID]*executor.Function{}
		}
		touched[f.Project][f.ID] = r.compile(f)
	}
	return r.swap(ctx, before, touched)
}

// differs reports whether a stored function is another one than is live.
func differs(live *executor.Function, f *cdp.Function) bool {
	gone := f.Deleted || !f.Enabled
	if live == nil {
		return !gone
	}
	return gone || live.Version != f.Version || !live.UpdatedAt.Equal(f.UpdatedAt) || refiltered(live, f)
}

// refiltered reports whether the filters of one version were compiled anew.
func refiltered(live *executor.Function, f *cdp.Function) bool {
	if !bytes.Equal(live.Filters.Bytecode, f.Filters.Bytecode) || len(live.Mappings) != len(f.Mappings) {
		return true
	}
	for i, m := range f.Mappings {
		if was := live.Mappings[i].Filters; m.Filters != nil && was != nil && !bytes.Equal(was.Bytecode, m.Filters.Bytecode) {
			return true
		}
	}
	return false
}

func (r *registry) swap(ctx context.Context, before *snapshot, touched map[cdp.ProjectID]map[cdp.FunctionID]*executor.Function) error {
	if len(touched) == 0 {
		return nil
	}
	next := &snapshot{projects: maps.Clone(before.projects)}
	for id, changes := range touched {
		project, err := r.e.cfg.Projects.Project(ctx, id)
		if err != nil {
			return fmt.Errorf("load project %d: %w", id, err)
		}
		old := before.projects[id]
		if old == nil {
			old = &projectSet{}
		}
		r.put(next, old.with(project, changes))
	}
	r.current.Store(next)
	return nil
}

func (r *registry) put(s *snapshot, p *projectSet) {
	if old := s.projects[p.project.ID]; old != nil {
		r.retired = append(r.retired, old)
	}
	s.projects[p.project.ID] = p
}

// compile makes a live function, or nil when it is not to be live: deleted,
// disabled, of a type that runs elsewhere, or broken. A broken one says so in
// its own log.
func (r *registry) compile(f *cdp.Function) *executor.Function {
	if f.Deleted || !f.Enabled || f.Type.Site() {
		delete(r.failed, f.ID)
		return nil
	}
	c, err := r.e.exec.Compile(f)
	if err == nil {
		delete(r.failed, f.ID)
		return c
	}
	version := fmt.Sprintf("%d %s", f.Version, f.UpdatedAt)
	if r.failed[f.ID] != version {
		r.failed[f.ID] = version
		r.e.logFor(f.Project, f.ID, "", cdp.LevelError, "This function cannot be loaded and does not run: "+err.Error())
	}
	return nil
}

// refreshProjects takes up changed names and tokens of the projects that are
// live.
func (r *registry) refreshProjects(ctx context.Context) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	before := r.current.Load()
	next := &snapshot{projects: maps.Clone(before.projects)}
	changed := false
	for id, p := range before.projects {
		project, err := r.e.cfg.Projects.Project(ctx, id)
		if err != nil {
			return fmt.Errorf("load project %d: %w", id, err)
		}
		if !project.UpdatedAt.Equal(p.project.UpdatedAt) || project.Name != p.project.Name || project.Token != p.project.Token {
			r.put(next, arrange(project, p.functions))
			changed = true
		}
	}
	if changed {
		r.current.Store(next)
	}
	return nil
}

// countFiltered turns the counts of the index into metrics.
func (r *registry) countFiltered() {
	r.changing.Lock()
	sets := r.retired
	r.retired = nil
	for _, p := range r.current.Load().projects {
		sets = append(sets, p)
	}
	r.changing.Unlock()
	for _, p := range sets {
		r.countSet(p)
	}
}

// countSet writes, for each destination that names its events, how many others
// came.
func (r *registry) countSet(p *projectSet) {
	named, all := map[string]int64{}, p.others.Swap(0)
	for name, b := range p.byName {
		if n := b.events.Swap(0); n > 0 {
			named[name] = n
			all += n
		}
	}
	if all == 0 || p.named.len() == 0 {
		return
	}
	now := r.e.now().UTC()
	batch := cdp.Batch{Metrics: make([]cdp.Metric, 0, p.named.len())}
	for f := range p.named.all {
		n := all
		for name := range f.Names() {
			n -= named[name]
		}
		if n == 0 {
			continue
		}
		r.e.counters.outcome(cdp.OutcomeFiltered, n)
		batch.Metrics = append(batch.Metrics, cdp.Metric{
			Project: p.project.ID, Function: f.ID, Name: cdp.OutcomeFiltered, Kind: cdp.OutcomeFiltered.Kind(), Time: now, Count: n,
		})
	}
	r.e.batcher.add(batch)
}
