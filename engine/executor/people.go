package executor

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"math"
	"slices"
	"strconv"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// People knows the persons and groups that events are about; people.People is
// one. Values are frozen dicts.
type People interface {
	// Person gives the person of a distinct ID as it is now.
	Person(ctx context.Context, project cdp.ProjectID, distinctID string) (PersonView, error)
	// Update applies what an event says of its person and gives the person as
	// it is then.
	Update(ctx context.Context, c *PersonChange) (PersonView, error)
	// GroupIndex gives the number of a type of group. The first sight of one
	// assigns the next number; -1 is a type beyond the last.
	GroupIndex(ctx context.Context, project cdp.ProjectID, kind string) (int, error)
	// Group gives the properties of a group, an empty dict when it is not known.
	Group(ctx context.Context, project cdp.ProjectID, index int, key string) (vm.Value, error)
	// UpdateGroup overwrites properties of a group.
	UpdateGroup(ctx context.Context, project cdp.ProjectID, index int, key string, set vm.Value, at time.Time) error
}

// PersonView is a person as programs see it.
type PersonView struct {
	ID         string
	Properties vm.Value
	// Changed tells that the update that gave the view changed the person.
	Changed bool
}

// PersonChange is what an event says of its person.
type PersonChange struct {
	Project    cdp.ProjectID
	DistinctID string
	Event      string // its name
	At         time.Time
	Set        vm.Value // dicts, or null
	SetOnce    vm.Value
	// Initial are properties of the event that count as members of Set and
	// SetOnce which those do not have. They are good until Update returns.
	Initial []Initial
	Unset   vm.Value // an array of keys or a dict, or null
	// Other is the distinct ID whose person is to be merged into this one; "" is
	// none.
	Other string
	// Trace stands for all that is said, the event's name included; zero when
	// that is not known. What is said again needs not be looked at again.
	Trace Trace
}

// Trace is two hashes with seeds of this process.
type Trace [2]uint64

// Initial is a property that tells where a person came from or what they use:
// its value under one key of Set, and under one of SetOnce.
type Initial struct{ Set, Once, Value vm.Value }

// who is what a Scope knows and asks about people.
type who struct {
	people People // nil when persons are not stored
	ctx    context.Context
	person PersonView // once it is known
	known  bool
	// updated is the person that the event said something of, changed whether
	// that was new.
	updated string
	changed bool
	change  PersonChange
	err     error // why something could not be read
}

// Know makes the persons and groups of p known to the programs of this event;
// they are read when the first program asks.
func (s *Scope) Know(ctx context.Context, p People) {
	s.who.people, s.who.ctx = p, ctx
}

// UpdatePeople lets the event change its person and groups, and writes the
// numbers of its groups into it. It comes after Normalize (runtime
// specification 1.11 and 1.12), or NormalizeLater: what most events say of
// their person is told by a look at their properties. Most say nothing new.
func (s *Scope) UpdatePeople(ctx context.Context, p People) error {
	s.Know(ctx, p)
	if s.owes && s.glance() {
		if c := &s.who.change; len(c.Initial) > 0 || c.says() {
			return s.updatePerson()
		}
		return nil
	}
	s.settle()
	if err := s.updateGroups(); err != nil {
		return err
	}
	if !s.personChange() {
		return nil
	}
	return s.updatePerson()
}

func (s *Scope) updatePerson() error {
	view, err := s.who.people.Update(s.who.ctx, &s.who.change)
	if err != nil {
		return fmt.Errorf("update the person of event %s: %w", s.uuid, err)
	}
	s.who.person, s.who.known, s.who.updated, s.who.changed = view, true, view.ID, view.Changed
	return nil
}

// glance reads what the event says of its person without the dicts that
// Normalize would make for it. It is false for events of which more is to be
// known: with groups, personless ones and those of special names.
func (s *Scope) glance() bool {
	if s.distinctID == "" || !ordinary(s.name) {
		return false
	}
	c := &s.who.change
	c.Project, c.DistinctID, c.Event, c.At = s.project.ID, s.distinctID, s.name, s.timestamp
	said := s.said[:0]
	t := tracer{b: append(append(s.traced[:0], s.name...), 0)}
	keys, vals := s.props.Entries()
	for i, at := range s.shape.places(keys) {
		k := keys[i]
		switch {
		case at == elsewhere:
		case at >= 0:
			said = append(said, Initial{initials[at].set, initials[at].once, vals[i]})
			t.value(byte(at), vals[i])
		case !c.take(k.Text(), vals[i]):
			return false
		default:
			t.members(k.Text(), vals[i])
		}
	}
	s.said, c.Initial = said, said
	if s.traced = t.b; !t.deep {
		c.Trace = Trace{maphash.Bytes(s.x.seeds[0], t.b), maphash.Bytes(s.x.seeds[1], t.b)}
	}
	return true
}

// shape remembers what the keys of the last event are to its person: events of
// one program have the same keys, which were read into the same objects.
type shape struct {
	keys []vm.Value
	at   []int8
}

// elsewhere is the place of a key that says nothing of a person.
const elsewhere = -2

// places gives the place of each key among the initial ones, -1 for those that
// matter otherwise.
func (m *shape) places(keys []vm.Value) []int8 {
	if slices.Equal(m.keys, keys) {
		return m.at
	}
	m.keys, m.at = append(m.keys[:0], keys...), m.at[:0]
	for _, k := range keys {
		at, ok := initialPlace[k.Text()]
		if !ok || !k.IsString() {
			at = elsewhere
		}
		m.at = append(m.at, int8(at))
	}
	return m.at
}

// keep forgets what is too long to be remembered.
func (m *shape) keep() {
	if cap(m.keys) > mostShaped {
		*m = shape{}
	}
}

const mostShaped = 200

// tracer writes down what an event says, so that the same bytes are the same
// said. Lists and nested dicts are not worth it.
type tracer struct {
	b    []byte
	deep bool
}

func (t *tracer) text(s string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...)
}

func (t *tracer) value(of byte, v vm.Value) {
	t.b = append(t.b, of, byte(v.Kind()))
	switch v.Kind() {
	case vm.KindNull:
	case vm.KindString:
		t.text(v.Text())
	case vm.KindNumber, vm.KindBool:
		t.b = binary.LittleEndian.AppendUint64(t.b, math.Float64bits(v.Num()))
	default:
		t.deep = true
	}
}

func (t *tracer) members(key string, v vm.Value) {
	if !v.IsDict() {
		t.deep = true
		return
	}
	keys, vals := v.Entries()
	t.b = append(t.b, 0xff)
	t.text(key)
	t.b = binary.AppendUvarint(t.b, uint64(len(keys)))
	for i, k := range keys {
		t.value(0xfe, k)
		t.value(0xfd, vals[i])
	}
}

// ordinary tells names of events that say of their person what all do.
func ordinary(name string) bool {
	return name == "" || name[0] != '$' || name == "$pageview" || name == "$pageleave" || name == "$autocapture" || name == "$set"
}

// take takes over a member of the event's properties that concerns its person;
// false when more of the event is to be known.
func (c *PersonChange) take(key string, v vm.Value) bool {
	switch key {
	case "$set":
		if v.IsDict() && v.Len() > 0 {
			c.Set = v
		}
	case "$set_once":
		if v.IsDict() && v.Len() > 0 {
			c.SetOnce = v
		}
	case "$unset":
		if (v.IsDict() || v.IsList()) && v.Len() > 0 {
			c.Unset = v
		}
	default: // groups, personless events, servers, another name of $os
		return false
	}
	return true
}

func (c *PersonChange) says() bool {
	return c.Other != "" || c.Event == "$identify" || !c.Set.IsNull() || !c.SetOnce.IsNull() || !c.Unset.IsNull()
}

// Grouped reports whether the event may carry numbers of groups.
func (s *Scope) Grouped() bool { return s.props.Path("$groups").IsDict() }

// Changed reports whether the event changed its person, and gives the person's
// ID, which is empty when the event said nothing of the person.
func (s *Scope) Changed() (id string, changed bool) { return s.who.updated, s.who.changed }

// NewPersonScope is a Scope of the event that tells of a changed person
// (runtime specification 2.2): $person_updated, whose distinct ID is the
// person's ID and whose properties are empty.
func (x *Executor) NewPersonScope(ctx context.Context, p cdp.Project, uuid string, at time.Time, people People, person PersonView) *Scope {
	s := &Scope{x: x, project: p, uuid: uuid, name: PersonUpdated, distinctID: person.ID, timestamp: at, receivedAt: at, props: emptyDict,
		raw: []byte("{}")}
	s.who = who{people: people, ctx: ctx, person: person, known: true}
	s.given.event = dict("url", s.projectURL()+"/person/"+encodeComponent(person.ID)).Freeze()
	return s
}

// PersonUpdated is the name of the event that tells of a changed person.
const PersonUpdated = "$person_updated"

// Fault is why a person or group could not be read, nil when all could. What
// was made of the event then is not to be used.
func (s *Scope) Fault() error { return s.who.err }

// personChange reads what the event says of its person; false when it says
// nothing.
func (s *Scope) personChange() bool {
	if s.name == "$exception" || s.name == "$$heatmap" || s.distinctID == "" || personless(s.props) {
		return false
	}
	c := &s.who.change
	*c = PersonChange{Project: s.project.ID, DistinctID: s.distinctID, Event: s.name, At: s.timestamp}
	switch s.name {
	case "$identify":
		c.Other = s.props.Path("$anon_distinct_id").Text()
	case "$create_alias", "$merge_dangerously":
		c.Other = s.props.Path("alias").Text()
	}
	for _, key := range [...]string{"$set", "$set_once", "$unset"} {
		c.take(key, s.props.Path(key))
	}
	return c.says()
}

// updateGroups takes $groupidentify in and writes $group_0 … $group_4.
func (s *Scope) updateGroups() error {
	if s.name == "$groupidentify" {
		if err := s.identifyGroup(); err != nil {
			return err
		}
	}
	names, keys := s.props.Path("$groups").Entries()
	var props vm.Value
	for i, name := range names {
		if !name.IsString() || !keys[i].IsString() || keys[i].Text() == "" {
			continue
		}
		index, err := s.who.people.GroupIndex(s.who.ctx, s.project.ID, name.Text())
		if err != nil {
			return fmt.Errorf("find the groups of event %s: %w", s.uuid, err)
		}
		at := "$group_" + strconv.Itoa(index)
		if have, _ := s.props.Get(at); index < 0 || vm.StrictEqual(have, keys[i]) {
			continue
		}
		if props.IsNull() {
			props = s.editProps(cdp.MaxGroupTypes)
		}
		props.Set(at, keys[i])
	}
	if !props.IsNull() {
		s.setProps(props)
	}
	return nil
}

func (s *Scope) identifyGroup() error {
	kind, key := s.props.Path("$group_type"), s.props.Path("$group_key")
	if !kind.IsString() || !key.IsString() || kind.Text() == "" || key.Text() == "" {
		return nil
	}
	index, err := s.who.people.GroupIndex(s.who.ctx, s.project.ID, kind.Text())
	if err == nil && index >= 0 {
		err = s.who.people.UpdateGroup(s.who.ctx, s.project.ID, index, key.Text(), s.props.Path("$group_set"), s.timestamp)
	}
	if err != nil {
		return fmt.Errorf("update the group of event %s: %w", s.uuid, err)
	}
	return nil
}

// knownPerson gives the stored person with the event's own $set over it; false
// when persons are not stored.
func (s *Scope) knownPerson() (PersonView, bool) {
	if s.who.people == nil || personless(s.props) {
		return PersonView{}, false
	}
	if !s.who.known {
		view, err := s.who.people.Person(s.who.ctx, s.project.ID, s.distinctID)
		if err != nil {
			s.noteFault(fmt.Errorf("read the person of event %s: %w", s.uuid, err))
			return PersonView{}, false
		}
		s.who.person, s.who.known = view, true
	}
	view := s.who.person
	view.Properties = overlaid(view.Properties, s.props.Path("$set"))
	return view, true
}

func (s *Scope) noteFault(err error) {
	if s.who.err == nil {
		s.who.err = err
	}
}

// overlaid gives d with the members of over; d itself when it has them all.
func overlaid(d, over vm.Value) vm.Value {
	keys, vals := over.Entries()
	out := d
	for i, k := range keys {
		if have, ok := d.Lookup(k); ok && vm.StrictEqual(have, vals[i]) {
			continue
		}
		if vm.SameValue(out, d) {
			out = d.Copy(len(keys))
		}
		out.Put(k, vals[i])
	}
	return out.Freeze()
}

// knownGroups is the global "groups": an entry for each group of the event
// whose type is known.
func (s *Scope) knownGroups() vm.Value {
	if s.who.people == nil {
		return emptyDict
	}
	names, keys := s.props.Path("$groups").Entries()
	if len(names) == 0 {
		return emptyDict
	}
	out := vm.NewDict(len(names))
	for i, name := range names {
		if !name.IsString() || !keys[i].IsString() {
			continue
		}
		index, err := s.who.people.GroupIndex(s.who.ctx, s.project.ID, name.Text())
		if err != nil {
			s.noteFault(fmt.Errorf("find the groups of event %s: %w", s.uuid, err))
		}
		if err != nil || index < 0 {
			continue
		}
		props, err := s.who.people.Group(s.who.ctx, s.project.ID, index, keys[i].Text())
		if err != nil {
			s.noteFault(fmt.Errorf("read a group of event %s: %w", s.uuid, err))
			continue
		}
		out.Put(name, dict("id", keys[i], "type", name, "index", index, "properties", props,
			"url", s.projectURL()+"/groups/"+strconv.Itoa(index)+"/"+encodeComponent(keys[i].Text())))
	}
	return out.Freeze()
}

// groups is the global "groups", made once for an event.
func (s *Scope) groups() vm.Value {
	switch {
	case s.given.groups.IsDict():
		return s.given.groups
	case s.given.test:
		return emptyDict
	}
	if s.group.IsNull() {
		s.group = s.knownGroups()
	}
	return s.group
}
