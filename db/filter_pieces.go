package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"sync"

	"hogpen/cdp"
)

// What a list is asked to find in stored filters is held against pieces: the
// values of the members, and of a list each element. Functions share pieces
// (many wait for the same event), so one question looks into each piece once,
// and the pieces of 10,000 functions take little memory. Compiled programs are
// no pieces: a question about them reads the stored filters.

// piece is a part of stored filters.
type piece struct {
	id    uint64 // from 1
	value any
	facts facts
}

// pieces are the stored filters of one function. Functions with the same ones
// share them.
type pieces struct {
	id      uint64 // from 1; 0 is of a function that is gone
	members []member
}

// member is a member of stored filters.
type member struct {
	name  string
	whole *piece   // unless it is a list
	items []*piece // of a list
	list  bool
}

func (ps *pieces) find(name string) *member {
	for i := range ps.members {
		if ps.members[i].name == name {
			return &ps.members[i]
		}
	}
	return nil
}

// interned gives equal texts one piece, and equal filters one pieces.
type interned struct {
	mu     sync.Mutex
	last   uint64 // the id given last
	byText map[string]*piece
	byIDs  map[string]*pieces
}

// maxInterned bounds how many pieces a project's functions share; beyond it,
// sharing begins anew.
const maxInterned = 100_000

func (in *interned) piece(raw json.RawMessage) (*piece, error) {
	if p := in.byText[string(raw)]; p != nil {
		return p, nil
	}
	v, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	if in.byText == nil || len(in.byText) >= maxInterned {
		in.byText = map[string]*piece{}
	}
	in.last++
	p := &piece{id: in.last, value: v, facts: factsOf(v)}
	in.byText[string(raw)] = p
	return p, nil
}

// compiled are the members that are no pieces.
func compiled(name string) bool { return name == "bytecode" || name == "transpiled" }

// take cuts stored filters into pieces.
func (in *interned) take(stored string) (*pieces, error) {
	var given map[string]json.RawMessage
	if err := decode(stored, &given); err != nil {
		return nil, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	var members []member
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if compiled(name) {
			continue
		}
		m, err := in.member(name, given[name])
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return in.shared(members), nil
}

// shared gives the pieces of which these are the members.
func (in *interned) shared(members []member) *pieces {
	var key []byte
	for _, m := range members {
		key = append(append(key, m.name...), 0)
		if m.whole != nil {
			key = binary.AppendUvarint(key, m.whole.id)
		}
		key = binary.AppendUvarint(key, uint64(len(m.items)))
		for _, p := range m.items {
			key = binary.AppendUvarint(key, p.id)
		}
	}
	if ps := in.byIDs[string(key)]; ps != nil {
		return ps
	}
	if in.byIDs == nil || len(in.byIDs) >= maxInterned {
		in.byIDs = map[string]*pieces{}
	}
	in.last++
	ps := &pieces{id: in.last, members: members}
	in.byIDs[string(key)] = ps
	return ps
}

func (in *interned) member(name string, raw json.RawMessage) (m member, err error) {
	m = member{name: name}
	if raw[0] != '[' {
		m.whole, err = in.piece(raw)
		return m, err
	}
	var items []json.RawMessage
	if err := decode(string(raw), &items); err != nil {
		return m, err
	}
	m.list, m.items = true, make([]*piece, len(items))
	for i, item := range items {
		if m.items[i], err = in.piece(item); err != nil {
			return m, err
		}
	}
	return m, nil
}

// facts tell in a few bits what may be in a JSON value: the names of its
// members and its plain values, at any depth. Whatever contains a value has
// all of its facts.
type facts uint64

func factsOf(v any) (f facts) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			f |= fact("name", name) | factsOf(value)
		}
	case []any:
		for _, value := range v {
			f |= factsOf(value)
		}
	case string:
		f = fact("text", v)
	case json.Number:
		text := v.String()
		if n, ok := number(v); ok { // equal ones may be spelled differently
			text = strconv.FormatFloat(math.Abs(n), 'g', -1, 64) // zero has two signs
		}
		f = fact("number", text)
	case bool:
		f = fact("bool", strconv.FormatBool(v))
	}
	return f
}

func fact(kind, text string) facts {
	h := fnv.New64a()
	_, _ = io.WriteString(h, kind)
	_, _ = io.WriteString(h, text)
	return 1 << (h.Sum64() >> 58)
}

// memo remembers answers by id, for some of them.
type memo [256]struct {
	id  uint64
	yes bool
}

func (m *memo) of(id uint64, find func() bool) bool {
	at := &m[id%uint64(len(m))]
	if at.id != id {
		at.id, at.yes = id, find()
	}
	return at.yes
}

// look is one thing that a question wants of a piece; it remembers what it
// found in some of them.
type look struct {
	want  any
	facts facts
	seen  memo
}

func newLook(want any) *look { return &look{want: want, facts: factsOf(want)} }

func (l *look) in(p *piece) bool {
	return p.facts&l.facts == l.facts && l.seen.of(p.id, func() bool { return contains(p.value, l.want) })
}

// question is a containment made ready to be asked of many functions, by one
// goroutine.
type question struct {
	members []asked
	deep    *containment // asks about compiled programs too
	seen    memo
}

// asked is what a question wants of one member.
type asked struct {
	name  string
	whole *look
	items []*look // of a list
	list  bool
}

// newQuestion prepares a containment; false when nothing can contain it, for
// stored filters are an object.
func newQuestion(c containment) (*question, bool) {
	want, ok := c.want.(map[string]any)
	if !ok {
		return nil, false
	}
	q := &question{}
	for name, v := range want {
		if compiled(name) {
			q.deep = &c
			continue
		}
		list, ok := v.([]any)
		a := asked{name: name, list: ok}
		if !ok {
			a.whole = newLook(v)
		}
		for _, item := range list {
			a.items = append(a.items, newLook(item))
		}
		q.members = append(q.members, a)
	}
	return q, true
}

// shallow reports whether filters contain what is asked of their pieces.
func (q *question) shallow(ps *pieces) bool {
	return ps.id != 0 && q.seen.of(ps.id, func() bool {
		for i := range q.members {
			a := &q.members[i]
			m := ps.find(a.name)
			if m == nil || m.list != a.list || !a.in(m) {
				return false
			}
		}
		return true
	})
}

func (a *asked) in(m *member) bool {
	if !a.list {
		return a.whole.in(m.whole)
	}
	for _, l := range a.items {
		if !slices.ContainsFunc(m.items, l.in) {
			return false
		}
	}
	return true
}

// containing leaves in a set of slots those whose stored filters contain one
// of the groups.
func (s *Store) containing(ctx context.Context, project cdp.ProjectID, snap *snapshot, among slotSet, groups []containment) error {
	if err := s.cut(ctx, project, snap); err != nil {
		return fault("look into filters", err)
	}
	var questions []*question
	hits := make(slotSet, len(among))
	for _, g := range groups {
		q, ok := newQuestion(g)
		switch {
		case !ok:
		case q.deep == nil:
			questions = append(questions, q)
		default:
			if err := s.deeply(ctx, project, snap, among, q, hits); err != nil {
				return fault("look into filters", err)
			}
		}
	}
	for i, b := range snap.blocks {
		for w := range b.words {
			among[i*blockWords+w] &= b.shallow(w, among[i*blockWords+w], questions) | hits[i*blockWords+w]
		}
	}
	return nil
}

// shallow tells which of 64 slots have filters that contain what a question
// asks of their pieces. The block's filters are cut.
func (b *block) shallow(word int, among uint64, questions []*question) (yes uint64) {
	filters := *b.filters.Load()
	var last *pieces // many in a row are the same
	same := false
	for left := among; left != 0; left &= left - 1 {
		if ps := filters[word*64+bits.TrailingZeros64(left)]; ps != last {
			last, same = ps, slices.ContainsFunc(questions, func(q *question) bool { return q.shallow(ps) })
		}
		if same {
			yes |= left & -left
		}
	}
	return yes
}

// cut reads and cuts the stored filters that nobody asked about yet. Those of
// a function that is gone meanwhile contain nothing.
func (s *Store) cut(ctx context.Context, project cdp.ProjectID, snap *snapshot) error {
	var uncut []*block
	var missing []*entry
	for _, b := range snap.blocks {
		if b.filters.Load() != nil {
			continue
		}
		uncut = append(uncut, b)
		for _, e := range b.entries {
			if e != nil && e.pieces.Load() == nil {
				missing = append(missing, e)
			}
		}
	}
	shelf := s.catalogue.shelf(project)
	err := s.filtersOf(ctx, project, missing, func(e *entry, stored string) error {
		ps, err := shelf.pieces.take(stored)
		if err == nil {
			e.pieces.Store(ps)
		}
		return err
	})
	if err != nil {
		return err
	}
	none := &pieces{}
	for _, b := range uncut {
		filters := make([]*pieces, len(b.entries))
		for i, e := range b.entries {
			filters[i] = none
			if e == nil {
				continue
			}
			if ps := e.pieces.Load(); ps != nil {
				filters[i] = ps
			}
		}
		b.filters.Store(&filters)
	}
	return nil
}

// deeply reads the stored filters of what passes the rest of a question.
func (s *Store) deeply(ctx context.Context, project cdp.ProjectID, snap *snapshot, among slotSet, q *question, hits slotSet) error {
	var likely []*entry
	slots := map[*entry]int32{}
	for i, b := range snap.blocks {
		for w := range b.words {
			at := i*blockWords + w
			for left := b.shallow(w, among[at], []*question{q}); left != 0; left &= left - 1 {
				slot := int32(at*64 + bits.TrailingZeros64(left))
				likely = append(likely, snap.entry(slot))
				slots[snap.entry(slot)] = slot
			}
		}
	}
	return s.filtersOf(ctx, project, likely, func(e *entry, stored string) error {
		have, err := parseJSON([]byte(stored))
		if err == nil && contains(have, q.deep.want) {
			hits.add(slots[e])
		}
		return err
	})
}

// filtersOf reads the stored filters of entries.
func (s *Store) filtersOf(ctx context.Context, project cdp.ProjectID, entries []*entry, each func(*entry, string) error) error {
	if len(entries) == 0 {
		return nil
	}
	ids := make([]cdp.FunctionID, len(entries))
	byID := make(map[cdp.FunctionID]*entry, len(entries))
	for i, e := range entries {
		ids[i], byID[e.id] = e.id, e
	}
	var rows *sql.Rows
	var err error
	if len(entries) > manyFilters {
		rows, err = s.main.query(ctx, `
select id, filters
  from hog_function
 where project_id = $1`, int64(project))
	} else {
		rows, err = s.main.query(ctx, `
select id, filters
  from hog_function
 where id in (select value from json_each($2)) and +project_id = $1`, int64(project), list(ids))
	}
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.FunctionID
		var filters string
		if err := r.Scan(&id, &filters); err != nil {
			return struct{}{}, err
		}
		if e := byID[id]; e != nil {
			return struct{}{}, each(e, filters)
		}
		return struct{}{}, nil
	})
	return err
}

// manyFilters is from how many on all of a project's are read, rather than one
// by one.
const manyFilters = 1000
