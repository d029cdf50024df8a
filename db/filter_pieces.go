package db

import (
	"context"
	"encoding/json"
	"sync"

	"hogpen/cdp"
)

// What a list is asked to find in stored filters is held against pieces: the
// values of the members, and of a list each element. Functions share pieces
// (many wait for the same event), so one question looks into each piece once,
// and the pieces of 10,000 functions take little memory. Compiled programs are
// no pieces: a question about them reads the stored filters.

// piece is a part of stored filters.
type piece struct{ value any }

// pieces are the stored filters of one function.
type pieces []member

// member is a member of stored filters.
type member struct {
	name  string
	whole *piece   // unless it is a list
	items []*piece // of a list
	list  bool
}

func (ps pieces) find(name string) *member {
	for i := range ps {
		if ps[i].name == name {
			return &ps[i]
		}
	}
	return nil
}

// interned gives equal texts one piece.
type interned struct {
	mu     sync.Mutex
	byText map[string]*piece
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
	p := &piece{v}
	in.byText[string(raw)] = p
	return p, nil
}

// compiled are the members that are no pieces.
func compiled(name string) bool { return name == "bytecode" || name == "transpiled" }

// take cuts stored filters into pieces.
func (in *interned) take(stored string) (pieces, error) {
	var members map[string]json.RawMessage
	if err := decode(stored, &members); err != nil {
		return nil, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	out := make(pieces, 0, len(members))
	for name, raw := range members {
		if compiled(name) {
			continue
		}
		m, err := in.member(name, raw)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
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

// look is one thing that a question wants of a piece; it remembers what it
// found in each.
type look struct {
	want any
	seen map[*piece]bool
}

func newLook(want any) *look { return &look{want, map[*piece]bool{}} }

func (l *look) in(p *piece) bool {
	found, known := l.seen[p]
	if !known {
		found = contains(p.value, l.want)
		l.seen[p] = found
	}
	return found
}

// question is a containment made ready to be asked of many functions, by one
// goroutine.
type question struct {
	members []asked
	deep    *containment // asks about compiled programs too
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
func (q *question) shallow(ps pieces) bool {
	for i := range q.members {
		a := &q.members[i]
		m := ps.find(a.name)
		if m == nil || m.list != a.list || !a.in(m) {
			return false
		}
	}
	return true
}

func (a *asked) in(m *member) bool {
	if !a.list {
		return a.whole.in(m.whole)
	}
	for _, l := range a.items {
		found := false
		for _, p := range m.items {
			if found = l.in(p); found {
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// containing gives a condition that passes entries whose stored filters
// contain one of the groups.
func (s *Store) containing(ctx context.Context, project cdp.ProjectID, entries []*entry, groups []containment) (func(*entry) bool, error) {
	if err := s.cut(ctx, project, entries); err != nil {
		return nil, fault("look into filters", err)
	}
	var questions []*question
	hits := map[*entry]bool{}
	for _, g := range groups {
		q, ok := newQuestion(g)
		switch {
		case !ok:
		case q.deep == nil:
			questions = append(questions, q)
		default:
			if err := s.deeply(ctx, project, entries, q, hits); err != nil {
				return nil, fault("look into filters", err)
			}
		}
	}
	return func(e *entry) bool {
		ps := e.pieces.Load()
		for _, q := range questions {
			if ps != nil && q.shallow(*ps) {
				return true
			}
		}
		return hits[e]
	}, nil
}

// cut reads and cuts the stored filters of entries that nobody asked about
// yet.
func (s *Store) cut(ctx context.Context, project cdp.ProjectID, entries []*entry) error {
	var missing []*entry
	for _, e := range entries {
		if e.pieces.Load() == nil {
			missing = append(missing, e)
		}
	}
	shelf := s.catalogue.shelf(project)
	return s.filtersOf(ctx, project, missing, func(e *entry, stored string) error {
		ps, err := shelf.pieces.take(stored)
		e.pieces.Store(&ps)
		return err
	})
}

// deeply reads the stored filters of what passes the rest of a question.
func (s *Store) deeply(ctx context.Context, project cdp.ProjectID, entries []*entry, q *question, hits map[*entry]bool) error {
	var likely []*entry
	for _, e := range entries {
		if ps := e.pieces.Load(); ps != nil && q.shallow(*ps) {
			likely = append(likely, e)
		}
	}
	return s.filtersOf(ctx, project, likely, func(e *entry, stored string) error {
		have, err := parseJSON([]byte(stored))
		if err == nil && contains(have, q.deep.want) {
			hits[e] = true
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
	rows, err := s.main.query(ctx, `
select id, filters
  from hog_function
 where id in (select value from json_each($2)) and project_id = $1`, int64(project), list(ids))
	_, err = collect(rows, err, func(r scanner) (struct{}, error) {
		var id cdp.FunctionID
		var filters string
		if err := r.Scan(&id, &filters); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, each(byID[id], filters)
	})
	return err
}
