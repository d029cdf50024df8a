package db

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"hogpen/cdp"
)

// snapshot is a project's functions at one change number: those that are not
// deleted, without warehouse webhooks. It is not changed once it is on the
// shelf.
type snapshot struct {
	change int64
	blocks []*block
	free   []int32 // slots below the end that hold nothing
	end    int32   // the first slot that was never used
	counts map[cdp.Type]int

	// orders are the slots in the order of lists and in those others that were
	// asked for.
	mu     sync.Mutex
	orders map[string][]int32
}

func (s *snapshot) entry(slot int32) *entry {
	return s.blocks[slot>>blockBits].entries[slot&(blockSlots-1)]
}

// live is the set of all slots that hold something.
func (s *snapshot) live() slotSet {
	out := make(slotSet, 0, len(s.blocks)*blockWords)
	for _, b := range s.blocks {
		out = append(out, b.live[:]...)
	}
	return out
}

// all gives the functions in no order.
func (s *snapshot) all(yield func(*entry) bool) {
	for _, b := range s.blocks {
		for _, e := range b.entries {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}

// moved is what became of one slot; before and after are nil for nothing.
type moved struct {
	slot          int32
	before, after *entry
}

// with gives s with some entries replaced, removed or new; slots tells where
// each function of s stands, and then where those of the new one do.
func (s *snapshot) with(changed []*entry, change int64, slots map[cdp.FunctionID]int32) *snapshot {
	next := &snapshot{change: change, blocks: slices.Clone(s.blocks), free: slices.Clone(s.free), end: s.end, counts: maps.Clone(s.counts)}
	moves := make([]moved, 0, len(changed))
	for _, e := range changed {
		m := moved{slot: -1}
		if slot, ok := slots[e.id]; ok {
			m.slot, m.before = slot, s.entry(slot)
		}
		if e.shown() {
			m.after = e
		}
		if m.before == nil && m.after == nil {
			continue
		}
		next.settle(&m, e.id, slots)
		moves = append(moves, m)
	}
	next.rebuild(s, moves)
	s.mu.Lock()
	defer s.mu.Unlock()
	next.orders = make(map[string][]int32, len(s.orders)+1)
	if s.orders == nil {
		next.orders[""] = reorder(s, nil, inOrder, moves)
	}
	for by, list := range s.orders {
		next.orders[by] = reorder(s, list, orderBy(by), moves)
	}
	return next
}

// settle counts an entry and finds a slot for it, or frees its slot.
func (s *snapshot) settle(m *moved, id cdp.FunctionID, slots map[cdp.FunctionID]int32) {
	if m.before != nil {
		s.counts[m.before.kind]--
		if s.counts[m.before.kind] == 0 {
			delete(s.counts, m.before.kind)
		}
	}
	switch {
	case m.after == nil:
		delete(slots, id)
		s.free = append(s.free, m.slot)
		return
	case m.before != nil:
	case len(s.free) > 0:
		m.slot, s.free = s.free[len(s.free)-1], s.free[:len(s.free)-1]
		slots[id] = m.slot
	default:
		m.slot = s.end
		s.end++
		slots[id] = m.slot
	}
	s.counts[m.after.kind]++
}

// rebuild puts what moved into copies of the blocks concerned.
func (s *snapshot) rebuild(old *snapshot, moves []moved) {
	byBlock := map[int][]moved{}
	for _, m := range moves {
		byBlock[int(m.slot>>blockBits)] = append(byBlock[int(m.slot>>blockBits)], m)
	}
	for len(s.blocks)*blockSlots < int(s.end) {
		s.blocks = append(s.blocks, &block{})
	}
	for i, ms := range byBlock {
		slots := min(int(s.end)-i*blockSlots, blockSlots)
		b := s.blocks[i].clone(slots)
		for _, m := range ms {
			at := int(m.slot & (blockSlots - 1))
			if m.before != nil {
				b.clear(at)
			}
			if m.after != nil {
				b.set(at, m.after)
			}
		}
		b.gather()
		if len(ms) > blockSlots/8 {
			for _, m := range ms {
				b.share(int(m.slot&(blockSlots-1)), m.after)
			}
		}
		s.blocks[i] = b
	}
}

// order compares entries as a list sorts them.
type order func(a, b *entry) int

// reorder gives an order of slots after some moved: those that left it are
// dropped, those that came are put in their places, all others are copied as
// they stand. list is sorted over the entries of old.
func reorder(old *snapshot, list []int32, by order, moves []moved) []int32 {
	place := func(e *entry) int {
		at, _ := slices.BinarySearchFunc(list, e, func(slot int32, e *entry) int { return by(old.entry(slot), e) })
		return at
	}
	var gone []int
	var come []moved
	for _, m := range moves {
		if m.before != nil {
			gone = append(gone, place(m.before))
		}
		if m.after != nil {
			come = append(come, m)
		}
	}
	slices.Sort(gone)
	slices.SortFunc(come, func(a, b moved) int { return by(a.after, b.after) })
	out := make([]int32, 0, len(list)-len(gone)+len(come))
	done := 0
	upTo := func(at int) {
		for ; len(gone) > 0 && gone[0] < at; gone = gone[1:] {
			out = append(out, list[done:gone[0]]...)
			done = gone[0] + 1
		}
		out = append(out, list[done:at]...)
		done = at
	}
	for _, m := range come {
		upTo(max(place(m.after), done))
		out = append(out, m.slot)
	}
	upTo(len(list))
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

// orderBy gives the order of a list that is sorted by a column.
func orderBy(column string) order {
	switch column {
	case "name":
		return func(a, b *entry) int { return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.id, b.id)) }
	case "changed":
		return func(a, b *entry) int { return cmp.Or(cmp.Compare(b.updatedUS, a.updatedUS), cmp.Compare(a.id, b.id)) }
	case "created":
		return func(a, b *entry) int { return cmp.Or(cmp.Compare(b.createdUS, a.createdUS), cmp.Compare(a.id, b.id)) }
	}
	return inOrder
}

// by gives the slots in the order of a list sorted by a column, not to be
// changed.
func (s *snapshot) by(column string) []int32 {
	switch column {
	case "name", "changed", "created":
	default:
		column = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list, ok := s.orders[column]
	if !ok {
		list = slices.Clone(s.orders[""])
		order := orderBy(column)
		slices.SortFunc(list, func(a, b int32) int { return order(s.entry(a), s.entry(b)) })
		s.orders[column] = list
	}
	return list
}

// pick gives the entries of a set from the from-th on in an order, at most
// limit; count is how many the set has. Of a large set the order is walked until the
// page is full, a small one is sorted.
func (s *snapshot) pick(set slotSet, count int, column string, from, limit int) []*entry {
	out := make([]*entry, 0, min(limit, max(count-from, 0)))
	if cap(out) == 0 {
		return nil
	}
	list := s.by(column)
	if count == len(list) { // all
		return s.entries(out, list[from:from+cap(out)])
	}
	if count <= maxSorted {
		list = set.list(count)
		order := orderBy(column)
		slices.SortFunc(list, func(a, b int32) int { return order(s.entry(a), s.entry(b)) })
		return s.entries(out, list[from:from+cap(out)])
	}
	for _, slot := range list {
		if !set.has(slot) {
			continue
		}
		if from--; from >= 0 {
			continue
		}
		if out = append(out, s.entry(slot)); len(out) == cap(out) {
			break
		}
	}
	return out
}

// maxSorted is how many slots are sorted rather than found by a walk.
const maxSorted = 256

func (s *snapshot) entries(out []*entry, list []int32) []*entry {
	for _, slot := range list {
		out = append(out, s.entry(slot))
	}
	return out
}
