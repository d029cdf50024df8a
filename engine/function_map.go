package engine

import (
	"hash/maphash"
	"iter"
	"maps"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// functionMap finds functions by ID. It never changes: with gives another one,
// which shares all but the parts that differ. A save among 100,000 functions
// thereby copies some fifty of them and the list of parts, where a copy of a
// plain map takes milliseconds. The zero value is empty.
type functionMap struct {
	seed  maphash.Seed
	parts []map[cdp.FunctionID]*executor.Function // a power of two
	size  int
}

// perPart is how many functions a part holds on average before there are
// twice as many parts.
const perPart = 128

func newFunctionMap(functions map[cdp.FunctionID]*executor.Function) functionMap {
	parts := 1
	for parts*perPart/2 < len(functions) {
		parts *= 2
	}
	m := functionMap{seed: maphash.MakeSeed(), parts: make([]map[cdp.FunctionID]*executor.Function, parts), size: len(functions)}
	for id, f := range functions {
		i := m.part(id)
		if m.parts[i] == nil {
			m.parts[i] = map[cdp.FunctionID]*executor.Function{}
		}
		m.parts[i][id] = f
	}
	return m
}

func (m *functionMap) part(id cdp.FunctionID) int {
	return int(maphash.String(m.seed, string(id)) & uint64(len(m.parts)-1))
}

// get gives the function of an ID; nil when there is none.
func (m *functionMap) get(id cdp.FunctionID) *executor.Function {
	if len(m.parts) == 0 {
		return nil
	}
	return m.parts[m.part(id)][id]
}

// len is how many functions there are.
func (m *functionMap) len() int { return m.size }

// all gives the functions in no order.
func (m *functionMap) all() iter.Seq[*executor.Function] {
	return func(yield func(*executor.Function) bool) {
		for _, part := range m.parts {
			for _, f := range part {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// with gives m with other functions under some IDs; nil removes one.
func (m functionMap) with(changes map[cdp.FunctionID]*executor.Function) functionMap {
	if len(m.parts) == 0 || m.size+len(changes) > len(m.parts)*perPart {
		return m.anew(changes)
	}
	was := m.parts
	m.parts = append(make([]map[cdp.FunctionID]*executor.Function, 0, len(was)), was...)
	copied := make(map[int]bool, len(changes))
	for id, f := range changes {
		i := m.part(id)
		if !copied[i] {
			copied[i] = true
			m.parts[i] = maps.Clone(was[i])
			if m.parts[i] == nil {
				m.parts[i] = map[cdp.FunctionID]*executor.Function{}
			}
		}
		m.size += put(m.parts[i], id, f)
	}
	return m
}

// anew is with for many changes, and for more functions than there are parts
// for.
func (m *functionMap) anew(changes map[cdp.FunctionID]*executor.Function) functionMap {
	all := make(map[cdp.FunctionID]*executor.Function, m.size+len(changes))
	for f := range m.all() {
		all[f.ID] = f
	}
	for id, f := range changes {
		put(all, id, f)
	}
	return newFunctionMap(all)
}

// put sets or, with nil, removes a function, and tells how many more there are.
func put(m map[cdp.FunctionID]*executor.Function, id cdp.FunctionID, f *executor.Function) int {
	before := len(m)
	if f == nil {
		delete(m, id)
	} else {
		m[id] = f
	}
	return len(m) - before
}
