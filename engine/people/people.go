package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/hog/vm"
)

// DefaultCache is how many bytes of people are held in memory, about.
const DefaultCache = 16 << 20

// MaxProperties bounds the properties of a person or group as JSON, in bytes.
// A change that would make more of them is left out, as a whole.
const MaxProperties = 512 << 10

// Store holds people durably. db.Store is one.
type Store interface {
	// PersonOf gives the person of a distinct ID; computed is its ID when the
	// distinct ID is the first of its person.
	PersonOf(ctx context.Context, project cdp.ProjectID, distinctID string, computed cdp.PersonID) (p cdp.Person, found bool, err error)
	GroupTypes(ctx context.Context, project cdp.ProjectID) ([]cdp.GroupType, error)
	Group(ctx context.Context, project cdp.ProjectID, index int, key string) (g cdp.Group, found bool, err error)
	// KeepPeople writes a block in one transaction.
	KeepPeople(ctx context.Context, b *cdp.PeopleBlock) error
}

// Config is what People needs.
type Config struct {
	Store Store
	// Cache bounds what is held in memory, in bytes; DefaultCache when 0.
	Cache int
	Log   *slog.Logger     // slog.Default when nil
	Now   func() time.Time // time.Now when nil
}

// People implements executor.People. It may be used by many goroutines, and is
// the only one to write to its store's people.
type People struct {
	cfg Config

	flushing sync.Mutex  // held by the one that writes
	waiting  atomic.Bool // there are changes that are not durable yet
	writes   uint64      // under mu: blocks written

	mu      sync.Mutex
	cache   cache
	reading map[any]chan struct{} // keys that are read from the store

	persons map[personKey]*person
	names   map[nameKey]*name
	groups  map[groupKey]*group
	types   map[cdp.ProjectID][]string // by index

	// What is to be written.
	dirtyPersons map[*person]struct{}
	dirtyNames   map[*name]struct{}
	dirtyGroups  map[*group]struct{}
	merges       []cdp.Merge
	newTypes     []cdp.GroupType
}

// New makes People.
func New(cfg Config) (*People, error) {
	if cfg.Store == nil {
		return nil, errors.New("people: Store is needed")
	}
	if cfg.Cache <= 0 {
		cfg.Cache = DefaultCache
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &People{
		cfg: cfg, reading: map[any]chan struct{}{},
		persons: map[personKey]*person{}, names: map[nameKey]*name{}, groups: map[groupKey]*group{}, types: map[cdp.ProjectID][]string{},
		dirtyPersons: map[*person]struct{}{}, dirtyNames: map[*name]struct{}{}, dirtyGroups: map[*group]struct{}{},
	}
	p.cache.most = cfg.Cache
	return p, nil
}

// Person implements executor.People.
func (p *People) Person(ctx context.Context, project cdp.ProjectID, distinctID string) (executor.PersonView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, _, err := p.person(ctx, project, distinctID)
	if err != nil {
		return executor.PersonView{}, err
	}
	return who.view(), nil
}

// Update implements executor.People.
func (p *People) Update(ctx context.Context, c *executor.PersonChange) (executor.PersonView, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	who, changed, err := p.merge(ctx, c)
	if err != nil {
		return executor.PersonView{}, err
	}
	if c.Trace == (executor.Trace{}) || c.Trace != who.quiet {
		next, says := who.changed(c)
		switch {
		case says && p.set(who, next):
			changed = true
		case !says:
			who.quiet = c.Trace
		}
	}
	view := who.view()
	view.Changed = changed
	return view, nil
}

// set gives a person new properties. They are written out and read again, so
// that nothing of the event they came from stays in memory. It is false when
// they are too many.
func (p *People) set(who *person, props vm.Value) bool {
	text, compact, err := compacted(props)
	if err != nil {
		p.cfg.Log.Warn("properties of a person were not changed", "project", who.key.project, "person", who.key.id, "error", err)
		return false
	}
	who.text, who.props = text, compact
	p.cache.resize(&who.item, who.size())
	p.touch(who)
	return true
}

func compacted(props vm.Value) ([]byte, vm.Value, error) {
	text := vm.AppendJSON(nil, props)
	if len(text) > MaxProperties {
		return nil, vm.Null, fmt.Errorf("they would be %d bytes, and %d are the most", len(text), MaxProperties)
	}
	compact, err := vm.ParseJSON(text, vm.JSONOptions{Freeze: true})
	return text, compact, err
}

// touch marks a person as changed.
func (p *People) touch(who *person) {
	who.updated, who.quiet = p.cfg.Now().UTC(), executor.Trace{}
	who.dirty = true
	p.dirtyPersons[who] = struct{}{}
	p.waiting.Store(true)
}

// Waiting tells whether changes are not written yet.
func (p *People) Waiting() bool { return p.waiting.Load() }

// Flush writes all that was changed until now in one transaction and returns
// when it is durable. After an error all of it is still to be written.
func (p *People) Flush(ctx context.Context) error {
	if !p.waiting.Load() {
		return nil
	}
	p.flushing.Lock()
	defer p.flushing.Unlock()
	w := p.take()
	if w.block.Empty() {
		return nil
	}
	err := p.cfg.Store.KeepPeople(ctx, &w.block)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(w, err == nil)
	return err
}

// writing is what a Flush has in hand.
type writing struct {
	block   cdp.PeopleBlock
	persons []*person
	names   []*name
	groups  []*group
}

// take moves what is to be written into a block.
func (p *People) take() *writing {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &writing{}
	for who := range p.dirtyPersons {
		who.dirty, who.saving = false, true
		w.persons = append(w.persons, who)
		if who.into == nil {
			w.block.Persons = append(w.block.Persons, who.row())
		}
	}
	for n := range p.dirtyNames {
		n.dirty, n.saving = false, true
		w.names = append(w.names, n)
		w.block.DistinctIDs = append(w.block.DistinctIDs, cdp.DistinctID{Project: n.key.project, DistinctID: n.key.id, Person: p.settledID(n)})
	}
	for g := range p.dirtyGroups {
		g.dirty, g.saving = false, true
		w.groups = append(w.groups, g)
		w.block.Groups = append(w.block.Groups, g.row())
	}
	w.block.Merges, w.block.GroupTypes = p.merges, p.newTypes
	p.merges, p.newTypes = nil, nil
	clear(p.dirtyPersons)
	clear(p.dirtyNames)
	clear(p.dirtyGroups)
	return w
}

// settledID is the person that a name leads to, past those that were merged.
func (p *People) settledID(n *name) cdp.PersonID {
	if who := p.persons[personKey{n.key.project, n.person}]; who != nil {
		n.person = who.final().key.id
	}
	return n.person
}

// settle ends a Flush: what was written may leave the cache, what was not is
// to be written again.
func (p *People) settle(w *writing, written bool) {
	for _, who := range w.persons {
		who.saving = false
		switch {
		case !written:
			who.dirty = true
			p.dirtyPersons[who] = struct{}{}
		case who.into != nil && !who.dirty:
			p.forget(&who.item) // the store knows of the merge now
		}
	}
	for _, n := range w.names {
		n.saving = false
		if !written {
			n.dirty = true
			p.dirtyNames[n] = struct{}{}
		}
	}
	for _, g := range w.groups {
		g.saving = false
		if !written {
			g.dirty = true
			p.dirtyGroups[g] = struct{}{}
		}
	}
	if written {
		p.writes++
	} else {
		p.merges = append(w.block.Merges, p.merges...)
		p.newTypes = append(w.block.GroupTypes, p.newTypes...)
	}
	if len(p.dirtyPersons)+len(p.dirtyNames)+len(p.dirtyGroups)+len(p.merges)+len(p.newTypes) == 0 {
		p.waiting.Store(false)
	}
	p.shrink()
}
