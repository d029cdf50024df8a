package db

import (
	"context"
	"slices"

	"hogpen/cdp"
)

// scan says which packs of a table to visit, in which order.
type scan struct {
	table   string
	project cdp.ProjectID
	// afterUS and beforeUS bound, exclusively, the times of interest; 0 is open.
	afterUS, beforeUS int64
	// tail goes by number, oldest first, after afterSeq; else newest first.
	tail     bool
	afterSeq int64
	marks    bool // they are needed
}

// headsAtOnce is how many packs are looked at in one query. A query is over
// before a body is read, so that no reader waits for a second connection.
const headsAtOnce = 64

// visit calls fn with each pack's head until fn returns false.
func (s *Store) visit(ctx context.Context, q scan, fn func(h *head) (more bool, err error)) error {
	var last *head
	for {
		heads, err := s.heads(ctx, q, last)
		if err != nil {
			return err
		}
		for i := range heads {
			if more, err := fn(&heads[i]); err != nil || !more {
				return err
			}
		}
		if len(heads) < headsAtOnce {
			return nil
		}
		last = &heads[len(heads)-1]
	}
}

func (s *Store) heads(ctx context.Context, q scan, last *head) ([]head, error) {
	w := &where{}
	w.add("project_id = ?", int64(q.project))
	if q.afterUS != 0 {
		w.add("last_us > ?", q.afterUS)
	}
	if q.beforeUS != 0 {
		w.add("first_us < ?", q.beforeUS)
	}
	order := "last_us desc, seq desc"
	switch {
	case q.tail && last != nil:
		w.add("last_seq > ?", last.lastSeq)
	case q.tail:
		w.add("last_seq > ?", q.afterSeq)
	case last != nil:
		w.add("(last_us, seq) < (?, ?)", last.lastUS, last.seq)
	}
	if q.tail {
		order = "last_seq"
	}
	marks := "x''"
	if q.marks {
		marks = "marks"
	}
	rows, err := s.telemetry.query(ctx, `
select seq, project_id, first_us, last_us, first_seq, last_seq, count, digest, `+marks+`
  from `+q.table+`
 where `+w.String()+`
 order by `+order+`
 limit `+w.bind(headsAtOnce), w.args...)
	return collect(rows, err, scanHead)
}

func scanHead(r scanner) (h head, err error) {
	var digest []byte
	if err := r.Scan(&h.seq, &h.project, &h.firstUS, &h.lastUS, &h.firstSeq, &h.lastSeq, &h.count, &digest, &h.marks); err != nil {
		return h, err
	}
	return h, h.readDigest(digest)
}

// entries reads a pack. One that was pruned meanwhile has none.
func entries[T any](ctx context.Context, s *Store, table string, h *head, entry func(*unpacker, *head) T) ([]T, error) {
	rows, err := s.telemetry.query(ctx, `select body from `+table+` where seq = $1`, h.seq)
	bodies, err := collect(rows, err, scanOne[[]byte])
	if err != nil || len(bodies) == 0 {
		return nil, err
	}
	return open(h, bodies[0], true, entry)
}

// top keeps the first entries of an order.
type top[T any] struct {
	need  int
	order func(a, b T) int
	items []T
	// newest tells that the order is that in which packs are visited, so that
	// those behind the last that is needed are not.
	newest bool
}

func (t *top[T]) add(v T) {
	t.items = append(t.items, v)
	if len(t.items) >= 2*t.need+packCount {
		t.cut()
	}
}

func (t *top[T]) cut() {
	slices.SortStableFunc(t.items, t.order)
	t.items = t.items[:min(len(t.items), t.need)]
}

// last is the last entry that is needed; false while there are fewer.
func (t *top[T]) last() (v T, full bool) {
	if len(t.items) < t.need || t.need == 0 {
		return v, t.need == 0
	}
	t.cut()
	return t.items[t.need-1], true
}

// from gives the entries from offset on.
func (t *top[T]) from(offset int) []T {
	t.cut()
	if offset >= len(t.items) {
		return nil
	}
	return t.items[offset:]
}
