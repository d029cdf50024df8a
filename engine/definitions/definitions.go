// Package definitions learns which names events of a project have had, and
// which properties came with them: for pickers, lists, and filters that must
// know whether a property is boolean.
//
// A Collector stands between the engine and its recorder. Batches of events
// pass through it on the recorder's own goroutine, after they are stored; the
// engine does not know that it is there. Of each event its name is looked up;
// the properties of a sample are read: the first events of each name, and of
// those of each second some thirty, spread over their batch, so that a busy
// project costs as much as a calm one. A property that comes with few of many events is thus learnt a
// little later.
//
// What is new is written within a second or so, many names in one
// transaction; when a name was last seen is written once a minute. How much is
// remembered of one project is bounded, in memory as in the database: names
// beyond that are not learnt.
package definitions

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// Bounds for each project.
const (
	MaxEvents     = 5_000
	MaxProperties = 10_000 // of all kinds together
	MaxPairs      = 50_000
	maxGroups     = 5
	maxNameRunes  = 200
)

// limits are how much is learnt of a project.
type limits struct{ events, properties, pairs int }

const (
	// firstRead is how many events of each name have their properties read in
	// any case, and sample how many a second beside them.
	firstRead = 20
	sample    = 30

	writeEvery   = time.Second
	writeRows    = 2_000 // at once: others who write need not wait for all
	seenEvery    = time.Minute
	writeTimeout = 30 * time.Second
)

// Recorder keeps what happened: db.Store.
type Recorder interface {
	Record(ctx context.Context, b cdp.Batch) error
}

// Store keeps definitions: db.Store.
type Store interface {
	Seen(ctx context.Context, project cdp.ProjectID) (cdp.Seen, error)
	RecordSeen(ctx context.Context, all []cdp.Seen) error
}

// Collector is a Recorder that learns from the events that pass. It is safe
// for concurrent use.
type Collector struct {
	// Whole gives an event as destinations see it: what follows from its
	// properties is not recorded. nil takes events as they were recorded; set
	// it before the first batch.
	Whole func(cdp.Event) cdp.Event
	// GroupIndex gives the number of a type of group, -1 for one beyond the
	// last: people.People counts them. nil counts here, in the order of sight;
	// set it before the first batch.
	GroupIndex func(ctx context.Context, project cdp.ProjectID, kind string) (int, error)

	to    Recorder
	store Store
	log   *slog.Logger
	wake  chan struct{}
	most  limits

	mu       sync.Mutex
	projects map[cdp.ProjectID]*project
	turn     int       // moves the sample
	second   time.Time // when left was last filled up
	left     int       // of the sample
}

// New makes a Collector before a recorder.
func New(to Recorder, store Store, log *slog.Logger) *Collector {
	return &Collector{
		to: to, store: store, log: log, wake: make(chan struct{}, 1), projects: map[cdp.ProjectID]*project{},
		most: limits{MaxEvents, MaxProperties, MaxPairs},
	}
}

// project is what is known of one project, and what of it is not written yet.
type project struct {
	c          *Collector
	id         cdp.ProjectID
	most       limits
	events     map[string]*event
	properties map[propertyKey]string // their types
	groups     []string               // group types by their number
	pairs      int
	fresh      cdp.Seen
	moved      []*event // seen since that was last written
}

type event struct {
	name       string
	read       int // how many were read
	properties map[string]bool
	lastSeen   time.Time
	moved      bool // it is among the project's moved ones
}

type propertyKey struct {
	kind  string
	group int
	name  string
}

// Record stores a batch and learns from its events. The error is the store's;
// nothing is learnt then, for the batch comes again.
func (c *Collector) Record(ctx context.Context, b cdp.Batch) error {
	if err := c.to.Record(ctx, b); err != nil {
		return err
	}
	c.learn(ctx, b.Events)
	return nil
}

func (c *Collector) learn(ctx context.Context, events []cdp.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.second) >= time.Second {
		c.second, c.left = now, sample
	}
	step := max(1, len(events)/sample)
	c.turn++
	news := false
	var p *project
	for i := range events {
		if p == nil || p.fresh.Project != events[i].Project {
			if p = c.project(ctx, events[i].Project); p == nil {
				continue
			}
		}
		e := p.event(&events[i])
		if e == nil {
			continue
		}
		sampled := c.left > 0 && (i+c.turn)%step == 0
		if sampled {
			c.left--
		}
		if sampled || e.read < firstRead {
			e.read++
			ev := events[i]
			if c.Whole != nil {
				ev = c.Whole(ev)
			}
			p.readProperties(&ev, e)
		}
		news = news || p.hasNews()
	}
	if news {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// project gives what is known of a project; nil when that cannot be read now.
func (c *Collector) project(ctx context.Context, id cdp.ProjectID) *project {
	if p := c.projects[id]; p != nil {
		return p
	}
	seen, err := c.store.Seen(ctx, id)
	if err != nil {
		c.log.Error("what was seen of a project was not read", "project", id, "error", err)
		return nil
	}
	p := &project{c: c, id: id, most: c.most, events: map[string]*event{}, properties: map[propertyKey]string{}, fresh: cdp.Seen{Project: id}}
	for _, e := range seen.Events {
		p.events[e.Name] = &event{name: e.Name, lastSeen: e.LastSeenAt, properties: map[string]bool{}}
	}
	for _, d := range seen.Properties {
		p.properties[propertyKey{d.Kind, d.GroupIndex, d.Name}] = d.Type
		if d.Kind == cdp.GroupProperty && d.GroupIndex >= 0 && d.GroupIndex < maxGroups {
			for len(p.groups) <= d.GroupIndex {
				p.groups = append(p.groups, "")
			}
			p.groups[d.GroupIndex] = d.GroupType
		}
	}
	for _, pair := range seen.Pairs {
		if e := p.events[pair.Event]; e != nil {
			e.properties[pair.Property] = true
		}
	}
	p.pairs = len(seen.Pairs)
	c.projects[id] = p
	return p
}

func (p *project) hasNews() bool {
	return len(p.fresh.Events)+len(p.fresh.Properties)+len(p.fresh.Pairs) > 0
}

// event notes that an event came; nil when its name is not to be learnt.
func (p *project) event(ev *cdp.Event) *event {
	e := p.events[ev.Name]
	if e == nil {
		if len(p.events) >= p.most.events || !named(ev.Name) {
			return nil
		}
		// The event's own name may hold on to a whole message.
		e = &event{name: strings.Clone(ev.Name), lastSeen: ev.ReceivedAt, properties: map[string]bool{}}
		p.events[e.name] = e
		p.fresh.Events = append(p.fresh.Events, cdp.EventDefinition{Name: e.name, CreatedAt: e.lastSeen, LastSeenAt: e.lastSeen})
		return e
	}
	if ev.ReceivedAt.After(e.lastSeen) {
		e.lastSeen = ev.ReceivedAt
		if !e.moved {
			e.moved = true
			p.moved = append(p.moved, e)
		}
	}
	return e
}

// named refuses names that nobody could have meant.
func named(name string) bool {
	return name != "" && len(name) <= 4*maxNameRunes && strings.IndexByte(name, 0) < 0 && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxNameRunes
}

// readProperties learns from one event's properties.
func (p *project) readProperties(ev *cdp.Event, e *event) {
	members, _ := fields.MembersOf(ev.Properties)
	at := ev.ReceivedAt
	for _, m := range members {
		switch m.Name {
		case "$set", "$set_once":
			p.readObject(cdp.PersonProperty, -1, m.Value, at)
			continue
		case "$group_set":
			if ev.Name == "$groupidentify" {
				p.readGroup(members, m.Value, at)
			}
			continue
		}
		if skipped(m.Name) || !p.property(propertyKey{cdp.EventProperty, -1, m.Name}, m.Value, at) {
			continue
		}
		if !e.properties[m.Name] && p.pairs < p.most.pairs {
			e.properties[m.Name] = true
			p.pairs++
			p.fresh.Pairs = append(p.fresh.Pairs, cdp.EventPropertyPair{Event: e.name, Property: m.Name})
		}
	}
}

// skipped are members of an event that are no properties of it.
func skipped(name string) bool {
	switch name {
	case "$unset", "$groups", "$transformations_succeeded", "$transformations_failed", "$transformations_skipped":
		return true
	}
	digit, ok := strings.CutPrefix(name, "$group_")
	_, err := strconv.Atoi(digit)
	return ok && err == nil
}

func (p *project) readObject(kind string, group int, object []byte, at time.Time) {
	members, _ := fields.MembersOf(object)
	for _, m := range members {
		p.property(propertyKey{kind, group, m.Name}, m.Value, at)
	}
}

// readGroup learns the properties of a group.
func (p *project) readGroup(event fields.Members, object []byte, at time.Time) {
	raw, _ := event.Get("$group_type")
	name, ok := fields.TextOf(raw)
	if !ok || !named(name) {
		return
	}
	if group := p.group(name); group >= 0 {
		p.readObject(cdp.GroupProperty, group, object, at)
	}
}

// group gives the number of a type of group; -1 when it has none. A new type
// gets the next one.
func (p *project) group(name string) int {
	if i := slices.Index(p.groups, name); i >= 0 {
		return i
	}
	i := len(p.groups)
	if p.c.GroupIndex != nil {
		var err error
		if i, err = p.c.GroupIndex(context.Background(), p.id, name); err != nil {
			p.c.log.Error("the number of a type of group was not read", "project", p.id, "error", err)
			return -1
		}
	}
	if i < 0 || i >= maxGroups {
		return -1
	}
	for len(p.groups) <= i {
		p.groups = append(p.groups, "")
	}
	p.groups[i] = name
	return i
}

// property notes a property; false when it is not to be learnt.
func (p *project) property(k propertyKey, value []byte, at time.Time) bool {
	known, ok := p.properties[k]
	if ok && known != "" {
		return true
	}
	if !ok && (len(p.properties) >= p.most.properties || !named(k.name)) {
		return false
	}
	typ := cdp.PropertyTypeOf(k.name, value)
	if ok && typ == "" {
		return true
	}
	p.properties[k] = typ
	d := cdp.PropertyDefinition{Kind: k.kind, GroupIndex: k.group, Name: k.name, Type: typ, CreatedAt: at}
	if k.group >= 0 {
		d.GroupType = p.groups[k.group]
	}
	p.fresh.Properties = append(p.fresh.Properties, d)
	return true
}

// Run writes what is new until ctx ends. Flush writes what is left then.
func (c *Collector) Run(ctx context.Context) {
	seen := time.NewTicker(seenEvery)
	defer seen.Stop()
	for {
		all := false
		select {
		case <-ctx.Done():
			return
		case <-seen.C:
			all = true
		case <-c.wake:
		}
		if err := c.write(ctx, all); err != nil && ctx.Err() == nil {
			c.log.Error("names of events and properties were not written", "error", err)
		}
		// Names come in bursts: one transaction takes what comes meanwhile.
		select {
		case <-ctx.Done():
			return
		case <-time.After(writeEvery):
		}
	}
}

// Flush writes everything that is not written yet.
func (c *Collector) Flush(ctx context.Context) error { return c.write(ctx, true) }

// write stores what is new, and with all also when names were last seen. What
// cannot be stored waits for the next time.
func (c *Collector) write(ctx context.Context, all bool) error {
	batch := c.take(all)
	for len(batch) > 0 {
		part, rest := split(batch)
		if err := c.record(ctx, part); err != nil {
			c.putBack(batch)
			return err
		}
		batch = rest
	}
	return nil
}

func (c *Collector) record(ctx context.Context, part []cdp.Seen) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return c.store.RecordSeen(ctx, part)
}

// split takes about writeRows rows off a batch, those of one project at most.
func split(batch []cdp.Seen) (part, rest []cdp.Seen) {
	first, left := batch[0], cdp.Seen{Project: batch[0].Project}
	first.Events, left.Events = cut(first.Events)
	first.Properties, left.Properties = cut(first.Properties)
	first.Pairs, left.Pairs = cut(first.Pairs)
	rest = batch[1:]
	if len(left.Events)+len(left.Properties)+len(left.Pairs) > 0 {
		rest = append([]cdp.Seen{left}, rest...)
	}
	return []cdp.Seen{first}, rest
}

func cut[T any](rows []T) (first, left []T) {
	n := min(len(rows), writeRows)
	return rows[:n:n], rows[n:]
}

func (c *Collector) take(all bool) []cdp.Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	var batch []cdp.Seen
	for id, p := range c.projects {
		out := p.fresh
		p.fresh = cdp.Seen{Project: id}
		if all {
			for _, e := range p.moved {
				out.Events = append(out.Events, cdp.EventDefinition{Name: e.name, CreatedAt: e.lastSeen, LastSeenAt: e.lastSeen})
				e.moved = false
			}
			p.moved = nil
		}
		if len(out.Events)+len(out.Properties)+len(out.Pairs) > 0 {
			batch = append(batch, out)
		}
	}
	return batch
}

func (c *Collector) putBack(batch []cdp.Seen) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, old := range batch {
		p := c.projects[old.Project]
		p.fresh.Events = append(old.Events, p.fresh.Events...)
		p.fresh.Properties = append(old.Properties, p.fresh.Properties...)
		p.fresh.Pairs = append(old.Pairs, p.fresh.Pairs...)
	}
}
