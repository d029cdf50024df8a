package executor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Scope is one event and all that programs may ask about it. Its properties
// are parsed once; filters and programs of many functions then share the
// values, read-only. A Scope belongs to one goroutine.
type Scope struct {
	x       *Executor
	project cdp.Project

	uuid       string
	name       string
	distinctID string
	timestamp  time.Time
	receivedAt time.Time
	props      vm.Value // frozen
	elements   string

	// open tells that props are a private copy that may still be changed.
	open bool
	// owes tells that Normalize is still to be done; see NormalizeLater. lists
	// are still to be written before it, unless nil; see EndTransformationsLater.
	owes  bool
	lists *Lists
	// raw is the JSON of props; nil when they were changed since.
	raw json.RawMessage
	// size is about how long that JSON is.
	size int
	// given are the globals of a test run; null values are derived as always.
	given given

	texts texts // null while nobody asked

	// Made when first asked for; forgotten when the event changes.
	filter vm.Value
	plain  vm.Value
	// dotted are the properties that filters see, when those are others.
	dotted vm.Value
	event  vm.Value
	person vm.Value
	hasOne bool // person was looked for
	group  vm.Value

	who who
	// What is kept from event to event: room for who.change and its trace, and
	// values that most events share.
	said    []Initial
	traced  []byte
	current current
	shape   shape
}

// current is what the globals of most events share.
type current struct {
	name vm.Value // the event's
	// The global "project" as transformations and destinations see it.
	project, destination vm.Value
	of, id               cdp.ProjectID // whose
	named                string
}

type given struct {
	event, person, groups, project, source, request, variables vm.Value
	test                                                       bool
}

// NewScope parses an event. The error is of code Invalid when its properties
// are not a JSON object.
func (x *Executor) NewScope(p cdp.Project, e cdp.Event) (*Scope, error) {
	s := new(Scope)
	if err := s.Open(x, p, &e); err != nil {
		return nil, err
	}
	return s, nil
}

// Open is NewScope in place: s forgets the event it was for. The event's
// properties are kept as they are until they are changed.
func (s *Scope) Open(x *Executor, p cdp.Project, e *cdp.Event) error {
	props, err := x.parseObject(e.Properties)
	if err != nil {
		return cdp.Errorf(cdp.Invalid, "properties", "The properties are not a JSON object: %v.", err)
	}
	*s = Scope{
		x: x, project: p, uuid: e.UUID, name: e.Name, distinctID: e.DistinctID,
		timestamp: e.Timestamp, receivedAt: e.ReceivedAt, props: props, raw: e.Properties, size: len(e.Properties),
		said: s.said, traced: s.traced, current: s.current, shape: s.shape,
	}
	if len(s.raw) == 0 {
		s.raw = json.RawMessage("{}")
	}
	s.elements = elementsChain(props)
	return nil
}

// Close lets go of the event.
func (s *Scope) Close() {
	clear(s.said[:cap(s.said)])
	s.shape.keep()
	*s = Scope{said: s.said[:0], traced: s.traced[:0], current: s.current, shape: s.shape}
}

func (x *Executor) parseObject(raw []byte) (vm.Value, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return vm.NewDict(0).Freeze(), nil
	}
	v, err := x.parse(raw)
	if err != nil {
		return vm.Null, err
	}
	if !v.IsDict() {
		return vm.Null, fmt.Errorf("found %s", v.TypeName())
	}
	return v, nil
}

// Name is the event's name as it is now.
func (s *Scope) Name() string { return s.name }

// UUID is the event's.
func (s *Scope) UUID() string { return s.uuid }

// DistinctID is the event's distinct ID as it is now.
func (s *Scope) DistinctID() string { return s.distinctID }

// Event gives the event as it is now, with its properties as JSON.
func (s *Scope) Event() cdp.Event {
	s.settle()
	if s.raw == nil {
		// Person properties and lists make it about twice as long as it came.
		s.raw = vm.AppendJSON(make([]byte, 0, 2*s.size+1024), s.props)
	}
	e := s.Head()
	e.Properties = s.raw
	return e
}

// Head is the event as it is now without its properties.
func (s *Scope) Head() cdp.Event {
	return cdp.Event{
		Project: s.project.ID, UUID: s.uuid, Name: s.name, DistinctID: s.distinctID,
		Timestamp: s.timestamp, ReceivedAt: s.receivedAt,
	}
}

// AppendProperties adds the JSON of the properties as they are now.
func (s *Scope) AppendProperties(b []byte) []byte {
	if s.raw != nil {
		b = append(b, s.raw...)
	} else {
		b = vm.AppendJSON(b, s.props)
	}
	if s.lists != nil && !s.lists.none() {
		b = s.lists.appendTo(bytes.TrimRight(b, " \t\r\n"))
	}
	return b
}

// editProps gives the properties for a change, with room for some more; what
// is changed is in force after setProps.
func (s *Scope) editProps(extra int) vm.Value {
	if s.open {
		return s.props
	}
	return s.props.Copy(extra)
}

// leaveOpen is setProps for properties that are about to be edited again.
func (s *Scope) leaveOpen(v vm.Value) {
	s.props, s.open, s.raw = v, true, nil
	s.forget()
}

// setProps replaces the properties; v is frozen here.
func (s *Scope) setProps(v vm.Value) {
	s.props, s.open = v.Freeze(), false
	s.raw = nil
	s.forget()
}

func (s *Scope) forget() {
	s.filter, s.plain, s.event, s.person, s.hasOne, s.group = vm.Null, vm.Null, vm.Null, vm.Null, false, vm.Null
}

// edit gives a changeable copy of the top level of a dict.
func edit(v vm.Value, extra int) vm.Value { return v.Copy(extra) }

// without gives a copy of a dict without some keys, or the dict itself when it
// has none of them.
func without(v vm.Value, names ...string) vm.Value {
	found := false
	for _, n := range names {
		if _, ok := v.Get(n); ok {
			found = true
		}
	}
	if !found {
		return v
	}
	keys, vals := v.Entries()
	c := vm.NewDict(len(keys))
next:
	for i, k := range keys {
		for _, n := range names {
			if k.Text() == n && k.IsString() {
				continue next
			}
		}
		c.Put(k, vals[i])
	}
	return c
}

func dict(pairs ...any) vm.Value {
	d := vm.NewDict(len(pairs) / 2)
	for i := 0; i+1 < len(pairs); i += 2 {
		var v vm.Value
		switch x := pairs[i+1].(type) {
		case vm.Value:
			v = x
		case string:
			v = vm.String(x)
		case int:
			v = vm.Int(x)
		}
		d.Set(pairs[i].(string), v)
	}
	return d
}

func (s *Scope) projectURL() string {
	return s.x.base + "/project/" + strconv.FormatInt(int64(s.project.ID), 10)
}

func (s *Scope) eventURL(timestamp string) string {
	if u, ok := s.given.event.Get("url"); ok && u.IsString() {
		return u.Text()
	}
	if s.uuid == "" {
		return ""
	}
	return s.projectURL() + "/events/" + encodeComponent(s.uuid) + "/" + encodeComponent(timestamp)
}

// eventGlobal is the global "event" of destinations.
func (s *Scope) eventGlobal() vm.Value {
	s.settle()
	if !s.event.IsNull() {
		return s.event
	}
	captured := vm.Null
	if !s.receivedAt.IsZero() {
		captured = vm.String(iso(s.receivedAt))
	}
	t, elements := s.values(), emptyText
	if s.elements != "" {
		elements = vm.String(s.elements)
	}
	s.event = vm.DictOf(eventKeys, []vm.Value{t.uuid, t.name, t.distinctID, elements, s.props, t.timestamp, captured, vm.String(s.eventURL(t.timestamp.Text()))})
	s.addGiven()
	s.event.Freeze()
	return s.event
}

// addGiven keeps members of a test's event that are not known here.
func (s *Scope) addGiven() {
	keys, vals := s.given.event.Entries()
	for i, k := range keys {
		if _, known := s.event.Lookup(k); !known {
			s.event.Put(k, vals[i])
		}
	}
}

// personGlobal is the global "person", null when there is none. Where persons
// are not stored, a person is what its distinct ID and this event tell of it.
func (s *Scope) personGlobal() vm.Value {
	s.settle()
	if s.hasOne {
		return s.person
	}
	s.hasOne = true
	var id string
	var props vm.Value
	if known, ok := s.knownPerson(); ok {
		id, props = known.ID, known.Properties
	} else {
		id, props = PersonID(s.project.ID, s.distinctID), s.personProps()
	}
	if s.given.test {
		if s.given.person.IsNull() {
			return vm.Null
		}
		if v, ok := s.given.person.Get("id"); ok && v.IsString() {
			id = v.Text()
		}
		if v, ok := s.given.person.Get("properties"); ok && v.IsDict() {
			props = v
		}
	}
	s.person = vm.DictOf(personKeys, []vm.Value{vm.String(id), vm.String(s.personName(props)), props,
		vm.String(s.projectURL() + "/person/" + encodeComponent(s.distinctID)), s.values().distinctID})
	keys, vals := s.given.person.Entries()
	for i, k := range keys {
		s.person.Put(k, vals[i])
	}
	s.person.Freeze()
	return s.person
}

func (s *Scope) personProps() vm.Value {
	if personless(s.props) {
		return vm.NewDict(0)
	}
	set, once := s.props.Path("$set"), s.props.Path("$set_once")
	if !set.IsDict() && !once.IsDict() {
		return vm.NewDict(0)
	}
	props := edit(once, set.Len())
	keys, vals := set.Entries()
	for i, k := range keys {
		props.Put(k, vals[i])
	}
	return props
}

// personName is the first display property with a value, else the distinct ID.
func (s *Scope) personName(props vm.Value) string {
	for _, key := range []string{"email", "name", "username"} {
		v, _ := props.Get(key)
		if !v.Truthy() {
			continue
		}
		if v.IsString() {
			return strings.TrimSpace(v.Text())
		}
		return string(vm.AppendJSON(nil, v))
	}
	return strings.TrimSpace(s.distinctID)
}

// globals are what a destination's program sees, without its inputs.
func (s *Scope) globals(f *Function) vm.Value {
	switch {
	case f.Type == cdp.SourceWebhook:
		return s.webhookGlobals(f)
	case !s.given.test && s.given.request.IsNull() && s.given.variables.IsNull() && f.source.IsDict() && f.Project == s.project.ID:
		return s.usualGlobals(f)
	}
	g := vm.NewDict(8)
	g.Set("project", s.overlay(dict("id", vm.Number(float64(s.project.ID)), "name", s.project.Name, "url", s.projectURL()), s.given.project))
	g.Set("source", s.overlay(dict("name", f.title, "url", s.sourceURL(f)), s.given.source))
	g.Set("event", s.eventGlobal())
	if p := s.personGlobal(); !p.IsNull() {
		g.Set("person", p)
	}
	g.Set("groups", s.groups())
	if !s.given.request.IsNull() {
		g.Set("request", s.given.request)
	}
	if s.given.variables.IsDict() {
		g.Set("variables", s.given.variables)
	}
	return g
}

// usualGlobals are globals outside of tests. Null stands for the inputs to come.
func (s *Scope) usualGlobals(f *Function) vm.Value {
	project := &s.current.destination
	if project.IsNull() || s.current.named != s.project.Name || s.current.id != s.project.ID {
		s.current.named, s.current.id = s.project.Name, s.project.ID
		*project = vm.DictOf(projectKeys, []vm.Value{vm.Number(float64(s.project.ID)), vm.String(s.project.Name), vm.String(s.projectURL())}).Freeze()
	}
	event, person := s.eventGlobal(), s.personGlobal()
	return vm.DictOf(globalKeys, []vm.Value{*project, f.source, event, person, s.groups(), vm.Null})
}

func (s *Scope) overlay(d, over vm.Value) vm.Value {
	keys, vals := over.Entries()
	for i, k := range keys {
		d.Put(k, vals[i])
	}
	return d.Freeze()
}

func (x *Executor) sourceGlobal(f *Function) vm.Value {
	s := Scope{x: x, project: cdp.Project{ID: f.Project}}
	return vm.DictOf(sourceKeys, []vm.Value{vm.String(f.title), vm.String(s.sourceURL(f))}).Freeze()
}

func (s *Scope) sourceURL(f *Function) string {
	url := s.projectURL() + "/functions/" + string(f.ID)
	if f.Type == cdp.SourceWebhook {
		return url
	}
	return url + "/configuration/"
}

// transformGlobals are what a transformation sees; one without inputs has an
// empty dict of them, for the others they are to be added. The project's empty
// name and the site's URL are upstream's (specification 2.2).
func (s *Scope) transformGlobals(inputs bool) vm.Value {
	if s.current.project.IsNull() || s.current.of != s.project.ID {
		s.current.of = s.project.ID
		s.current.project = vm.DictOf(projectKeys, []vm.Value{vm.Number(float64(s.project.ID)), emptyText, s.x.baseText}).Freeze()
	}
	url, elements := s.props.Path("$current_url"), emptyText
	if !url.IsString() {
		url = emptyText
	}
	if s.elements != "" {
		elements = vm.String(s.elements)
	}
	t := s.values()
	event := vm.DictOf(transformEventKeys, []vm.Value{t.uuid, t.name, t.distinctID, s.props, elements, t.timestamp, url})
	if inputs {
		return vm.DictOf(transformKeys[:2], append(make([]vm.Value, 0, 3), s.current.project, event.Freeze()))
	}
	return vm.DictOf(transformKeys, []vm.Value{s.current.project, event.Freeze(), emptyDict})
}

// texts are what the globals of transformations and filters share.
type texts struct{ uuid, name, distinctID, timestamp vm.Value }

// values makes the texts, or gives those that were made.
func (s *Scope) values() *texts {
	t := &s.texts
	if t.timestamp.IsNull() {
		t.uuid, t.timestamp = vm.String(s.uuid), vm.String(iso(s.timestamp))
	}
	if t.name.IsNull() {
		if s.current.name.Text() != s.name || s.current.name.IsNull() {
			s.current.name = vm.String(strings.Clone(s.name)) // it must not hold on to the event
		}
		t.name, t.distinctID = s.current.name, vm.String(s.distinctID)
	}
	return t
}

// Keys of the dicts that each event makes.
var (
	projectKeys        = vm.Texts("id", "name", "url")
	transformKeys      = vm.Texts("project", "event", "inputs")
	transformEventKeys = vm.Texts("uuid", "event", "distinct_id", "properties", "elements_chain", "timestamp", "url")
	eventKeys          = vm.Texts("uuid", "event", "distinct_id", "elements_chain", "properties", "timestamp", "captured_at", "url")
	sourceKeys         = vm.Texts("name", "url")
	personKeys         = vm.Texts("id", "name", "properties", "url", "distinct_id")
	globalKeys         = vm.Texts("project", "source", "event", "person", "groups", "inputs")
	plainFilterKeys    = vm.Texts("event", "uuid", "timestamp", "distinct_id", "properties", "variables")
	emptyText          = vm.String("")
	emptyDict          = vm.NewDict(0).Freeze()
)

// plainGlobals are the filter's globals that every event has. A filter that
// names none of the others is given these, and most name none.
func (s *Scope) plainGlobals() vm.Value {
	if s.plain.IsNull() {
		variables := emptyDict
		if s.given.variables.IsDict() {
			variables = s.given.variables
		}
		t := s.values()
		s.plain = vm.DictOf(plainFilterKeys, []vm.Value{t.name, t.uuid, t.timestamp, t.distinctID, s.asked(), variables}).Freeze()
	}
	return s.plain
}

// asked are the properties that filters see.
func (s *Scope) asked() vm.Value {
	if s.dotted.IsNull() {
		return s.props
	}
	return s.dotted
}

// plainly reports whether a filter's program, as JSON, asks for plain globals
// only: whether none of its texts could name another one.
func plainly(code []byte) bool {
	for _, name := range []string{"person", "pdi", "elements", "group"} {
		if bytes.Contains(code, []byte(name)) {
			return false
		}
	}
	// A name may be spelled with escapes.
	return !bytes.Contains(code, []byte(`\u`))
}

// filterGlobals are what filters see (specification 4.3): made once for an
// event, for all its filters.
func (s *Scope) filterGlobals() vm.Value {
	s.settle()
	if !s.filter.IsNull() {
		return s.filter
	}
	person, pdi := vm.Null, vm.Null
	if p := s.personGlobal(); !p.IsNull() {
		person = dict("id", p.Path("id"), "properties", p.Path("properties"))
		pdi = dict("distinct_id", s.distinctID, "person_id", p.Path("id"), "person", person)
	}
	g := dict("event", s.name, "uuid", s.uuid, "timestamp", iso(s.timestamp), "distinct_id", s.distinctID,
		"properties", s.asked(), "person", person, "pdi", pdi, "variables", s.filterVariables())
	s.addElements(g)
	s.addGroups(g)
	s.filter = g.Freeze()
	return s.filter
}

func (s *Scope) filterVariables() vm.Value {
	if s.given.variables.IsDict() {
		return s.given.variables
	}
	return vm.NewDict(0)
}

// addGroups adds $group_0 … $group_4 and group_0 … group_4, which always exist.
func (s *Scope) addGroups(g vm.Value) {
	empty := dict("properties", vm.NewDict(0))
	for i := range 5 {
		n := strconv.Itoa(i)
		key := s.props.Path("$group_" + n)
		g.Set("$group_"+n, key)
		g.Set("group_"+n, empty)
	}
	names, vals := s.groups().Entries()
	for i, name := range names {
		index := vals[i].Path("index")
		props := vals[i].Path("properties")
		if !index.IsNumber() || !props.IsDict() {
			continue
		}
		n := strconv.Itoa(int(index.Num()))
		group := dict("properties", props)
		g.Set("$group_"+n, vals[i].Path("id"))
		g.Set("group_"+n, group)
		if _, taken := g.Lookup(name); !taken {
			g.Put(name, group)
		}
	}
}

var (
	chainHref     = regexp.MustCompile(`(?::|")href="(.*?)"`)
	chainTexts    = regexp.MustCompile(`(?::|")text="(.*?)"`)
	chainIDs      = regexp.MustCompile(`(?::|")attr_id="(.*?)"`)
	chainElements = regexp.MustCompile(`(?:^|;)(a|button|form|input|select|textarea|label)(?:\.|$|:)`)
)

// addElements adds what can be asked about clicked elements. Most events have
// none, and cost nothing here.
func (s *Scope) addElements(g vm.Value) {
	g.Set("elements_chain", vm.String(s.elements))
	href := ""
	if s.elements != "" {
		if m := chainHref.FindStringSubmatch(s.elements); m != nil {
			href = m[1]
		}
	}
	g.Set("elements_chain_href", vm.String(href))
	g.Set("elements_chain_texts", distinct(chainTexts, s.elements))
	g.Set("elements_chain_ids", distinct(chainIDs, s.elements))
	g.Set("elements_chain_elements", distinct(chainElements, s.elements))
}

func distinct(re *regexp.Regexp, s string) vm.Value {
	var out []vm.Value
	if s == "" {
		return vm.NewArray(out)
	}
	seen := map[string]bool{}
	for _, m := range re.FindAllStringSubmatch(s, -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			out = append(out, vm.String(m[1]))
		}
	}
	return vm.NewArray(out)
}
