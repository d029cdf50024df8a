package engine

import (
	"slices"

	"hogpen/engine/executor"
)

// functionList is a sorted list of functions. It never changes: including and
// without give another one, which shares all parts but one. The zero value is
// empty.
type functionList struct {
	parts [][]*executor.Function // none is empty
	size  int
}

// maxPart is how many functions a part of a list holds at most.
const maxPart = 256

// order compares functions; two different ones are never equal.
type order func(a, b *executor.Function) int

// listOf makes a list of functions in any order, which it takes over.
func listOf(functions []*executor.Function, by order) functionList {
	slices.SortFunc(functions, by)
	l := functionList{size: len(functions)}
	for part := range slices.Chunk(functions, maxPart/2) {
		l.parts = append(l.parts, part)
	}
	return l
}

func (l functionList) len() int { return l.size }

// all gives the functions in their order.
func (l functionList) all(yield func(*executor.Function) bool) {
	for _, part := range l.parts {
		for _, f := range part {
			if !yield(f) {
				return
			}
		}
	}
}

// place gives the part in which f stands or would stand, where in it, and
// whether it is there.
func (l functionList) place(f *executor.Function, by order) (part, at int, ok bool) {
	part, _ = slices.BinarySearchFunc(l.parts, f, func(part []*executor.Function, f *executor.Function) int {
		return by(part[len(part)-1], f)
	})
	if part == len(l.parts) {
		part = max(part-1, 0) // behind the last
	}
	if part < len(l.parts) {
		at, ok = slices.BinarySearchFunc(l.parts[part], f, by)
	}
	return part, at, ok
}

// without gives the list without f.
func (l functionList) without(f *executor.Function, by order) functionList {
	part, at, ok := l.place(f, by)
	if !ok {
		return l
	}
	was := l.parts[part]
	if len(was) == 1 {
		return functionList{append(slices.Clone(l.parts[:part]), l.parts[part+1:]...), l.size - 1}
	}
	return functionList{l.with(part, slices.Concat(was[:at], was[at+1:])), l.size - 1}
}

// including gives the list with f; one that stands in its place is replaced.
func (l functionList) including(f *executor.Function, by order) functionList {
	if l.size == 0 {
		return functionList{[][]*executor.Function{{f}}, 1}
	}
	part, at, ok := l.place(f, by)
	was := l.parts[part]
	if ok {
		now := slices.Clone(was)
		now[at] = f
		return functionList{l.with(part, now), l.size}
	}
	now := slices.Concat(was[:at], []*executor.Function{f}, was[at:])
	parts := l.with(part, now)
	if len(now) > maxPart {
		parts[part] = now[: maxPart/2 : maxPart/2]
		parts = slices.Insert(parts, part+1, now[maxPart/2:])
	}
	return functionList{parts, l.size + 1}
}

// with is a copy of the parts, one of them another.
func (l functionList) with(part int, now []*executor.Function) [][]*executor.Function {
	parts := slices.Clone(l.parts)
	parts[part] = now
	return parts
}
