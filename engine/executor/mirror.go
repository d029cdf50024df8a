package executor

import (
	"math"
	"unicode/utf8"

	"hogpen/hog/vm"
)

// mostMirrored bounds the values that a mirror looks at: shared parts may be
// many times more when they are walked.
const mostMirrored = 10_000

// mirror tells which values are the same after they were written as JSON and
// read. An invocation that was not stored may use its values as they are if
// they are such: programs must not see which way they came.
type mirror struct {
	left int
	// shared are the last dicts of some size that were found to be such: the
	// event's properties are among the globals, and mostly in the inputs, too.
	shared [4]vm.Value
	n      int
}

// manyMembers is from how many members on a dict is remembered.
const manyMembers = 6

// met reports whether a dict was looked at before.
func (m *mirror) met(v vm.Value) bool {
	for i := range min(m.n, len(m.shared)) {
		if vm.SameValue(m.shared[i], v) {
			return true
		}
	}
	return false
}

// gives reports whether reading v's JSON gives v.
func (m *mirror) gives(v vm.Value, depth int) bool {
	if m.left--; m.left < 0 || depth > maxInputDepth {
		return false
	}
	switch v.Kind() {
	case vm.KindNull, vm.KindBool:
		return true
	case vm.KindNumber:
		n := v.Num()
		return n-n == 0 && (n != 0 || !math.Signbit(n)) // neither infinite nor NaN nor -0
	case vm.KindString:
		return utf8.ValidString(v.Text())
	case vm.KindArray:
		return m.all(v.Elems(), depth)
	case vm.KindDict:
		keys, vals := v.Entries()
		if len(keys) >= manyMembers && m.met(v) {
			return true
		}
		for _, k := range keys {
			if !k.IsString() || !keeps(k.Text()) {
				return false
			}
		}
		if !m.all(vals, depth) {
			return false
		}
		if len(keys) >= manyMembers {
			m.shared[m.n%len(m.shared)] = v
			m.n++
		}
		return true
	}
	return false
}

func (m *mirror) all(list []vm.Value, depth int) bool {
	for _, v := range list {
		if !m.gives(v, depth+1) {
			return false
		}
	}
	return true
}

// keeps reports whether a key stays as and where it is. JSON puts those that
// look like integers first.
func keeps(key string) bool {
	return (key == "" || key[0] < '0' || key[0] > '9') && utf8.ValidString(key)
}
