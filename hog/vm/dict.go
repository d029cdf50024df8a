package vm

import (
	"math"
	"sync/atomic"
)

// dict is an insertion-ordered map. Up to eight keys it is scanned; above, a
// small open-addressing table maps hashes to positions. Hog has no way to
// remove a key, hence no tombstones.
type dict struct {
	keys  []Value
	vals  []Value
	index []int32 // position+1 per bucket, 0 for empty; a power of two long
	// shared tells that index is another dict's too: it is made anew before a
	// key is added. Keys never change in place, and can be shared freely.
	shared bool
	// lent tells that vals is an array's content too (LendValues): they are
	// copied before one of them is replaced. What is added lies beyond what was
	// lent, and needs no copy.
	lent bool
	// last is where findAgain found a key. It is no hint for others: what
	// several goroutines read has no place for it.
	last int32
}

const scanLimit = 8

// maxKeysAhead bounds the keys that an index is made for before they come.
const maxKeysAhead = 64

// hashText is FNV-1a, never 0.
func hashText(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	if h == 0 {
		return 1
	}
	return h
}

// textHash gives the hash of a string object. It is kept; two goroutines may
// both compute it, with the same result.
func (o *object) textHash() uint32 {
	h := atomic.LoadUint32(&o.hash)
	if h == 0 {
		h = hashText(o.str)
		atomic.StoreUint32(&o.hash, h)
	}
	return h
}

func hashNumber(f float64) uint32 {
	if f == 0 {
		f = 0 // minus zero and zero are one key
	}
	if f != f {
		return 7
	}
	b := math.Float64bits(f)
	h := uint32(b^b>>32) * 2654435761
	return h ^ h>>15
}

// sameValue is the identity of keys and of membership: same text, same number
// (NaN included), same boolean, null, or the same reference.
func sameValue(a, b Value) bool {
	if a.o == b.o {
		return a.o != &numberObject && a.o != &boolObject || a.n == b.n || a.n != a.n && b.n != b.n
	}
	return a.o != nil && b.o != nil && a.o.kind == KindString && b.o.kind == KindString && a.o.str == b.o.str
}

// find gives the position of a key, or -1.
func (d *dict) find(k Value) int {
	if k.o != nil && k.o.kind == KindString {
		if d.index == nil {
			for i := range d.keys {
				o := d.keys[i].o
				if o == k.o || o != nil && o.kind == KindString && o.str == k.o.str {
					return i
				}
			}
			return -1
		}
		return d.probeObject(k.o)
	}
	if d.index != nil && (k.o == &numberObject) {
		return d.probe(k, hashNumber(k.n))
	}
	// Booleans, null and references are rare keys: they are looked for one by one.
	for i := range d.keys {
		if sameValue(d.keys[i], k) {
			return i
		}
	}
	return -1
}

// findAgain is find for a text key of a dict that only one program sees, and
// quick when it is asked for the same key once more, as x[k] := x[k] + 1 does.
func (d *dict) findAgain(k Value) int {
	if i := int(d.last); i < len(d.keys) && d.keys[i].o == k.o {
		return i
	}
	i := d.find(k)
	if i >= 0 {
		d.last = int32(i)
	}
	return i
}

// set is put for a text key of a dict that only one program sees. It reports
// whether the key is new; then the one search has found its bucket too.
func (d *dict) set(k, v Value) bool {
	i := int(d.last)
	if i >= len(d.keys) || d.keys[i].o != k.o {
		if d.index == nil || d.shared || len(d.keys) == cap(d.keys) || (len(d.keys)+1)*4 > len(d.index)*3 {
			i = d.find(k)
			if i < 0 {
				d.add(k, v)
				return true
			}
		} else {
			b := d.bucket(k.o)
			i = int(d.index[b]) - 1
			if i < 0 {
				d.keys = append(d.keys, k)
				d.vals = append(d.vals, v)
				d.index[b] = int32(len(d.keys))
				return true
			}
		}
		d.last = int32(i)
	}
	d.replace(i, v)
	return false
}

func (d *dict) findText(s string, hash uint32) int {
	if d.index == nil {
		for i := range d.keys {
			o := d.keys[i].o
			if o != nil && o.kind == KindString && o.str == s {
				return i
			}
		}
		return -1
	}
	return d.probeText(s, hash)
}

// probeObject is probeText for a string object: most keys are found by their
// identity.
func (d *dict) probeObject(k *object) int { return int(d.index[d.bucket(k)]) - 1 }

// bucket gives where the index has a text key, or has room for it.
func (d *dict) bucket(k *object) uint32 {
	mask := uint32(len(d.index) - 1)
	for b := k.textHash() & mask; ; b = (b + 1) & mask {
		p := d.index[b]
		if p == 0 {
			return b
		}
		o := d.keys[p-1].o
		if o == k || o != nil && o.kind == KindString && o.str == k.str {
			return b
		}
	}
}

func (d *dict) probeText(s string, hash uint32) int {
	mask := uint32(len(d.index) - 1)
	for b := hash & mask; ; b = (b + 1) & mask {
		p := d.index[b]
		if p == 0 {
			return -1
		}
		o := d.keys[p-1].o
		if o != nil && o.kind == KindString && o.str == s {
			return int(p - 1)
		}
	}
}

func (d *dict) probe(k Value, hash uint32) int {
	mask := uint32(len(d.index) - 1)
	for b := hash & mask; ; b = (b + 1) & mask {
		p := d.index[b]
		if p == 0 {
			return -1
		}
		if sameValue(d.keys[p-1], k) {
			return int(p - 1)
		}
	}
}

// put sets a key, at its old place if it is there, else at the end.
func (d *dict) put(k, v Value) {
	if i := d.find(k); i >= 0 {
		d.replace(i, v)
		return
	}
	d.add(k, v)
}

// replace sets the value of key i.
func (d *dict) replace(i int, v Value) {
	if d.lent {
		d.vals, d.lent = append([]Value(nil), d.vals...), false
	}
	d.vals[i] = v
}

// add appends a key known to be absent.
func (d *dict) add(k, v Value) {
	if len(d.keys) == cap(d.keys) || len(d.vals) == cap(d.vals) {
		d.grow()
	}
	d.keys = append(d.keys, k)
	d.vals = append(d.vals, v)
	n := len(d.keys)
	switch {
	case n <= scanLimit:
	case d.index == nil || d.shared || n*4 > len(d.index)*3:
		d.reindex()
	default:
		d.place(k, int32(n))
	}
}

// grow makes room for more keys and values, which lie in one block. What
// outgrows the first few is most often an event's properties: it gets room for
// them at once.
func (d *dict) grow() {
	n := len(d.keys)
	room := max(scanLimit, 2*n)
	if n == scanLimit {
		room = 4 * n
	}
	d.reserve(room)
}

// reserve makes room for keys in all.
func (d *dict) reserve(room int) {
	both := make([]Value, 2*room)
	d.keys = append(both[:0:room], d.keys...)
	d.vals = append(both[room:room:2*room], d.vals...)
}

func (d *dict) place(k Value, pos int32) {
	var h uint32
	switch {
	case k.o == &numberObject:
		h = hashNumber(k.n)
	case k.o != nil && k.o.kind == KindString:
		h = k.o.textHash()
	default:
		return // found by scanning
	}
	mask := uint32(len(d.index) - 1)
	b := h & mask
	for d.index[b] != 0 {
		b = (b + 1) & mask
	}
	d.index[b] = pos
}

func (d *dict) reindex() {
	size := 32
	for size < max(len(d.keys)*2, min(cap(d.keys), maxKeysAhead)*3/2) {
		size *= 2
	}
	d.index, d.shared = make([]int32, size), false
	for i, k := range d.keys {
		d.place(k, int32(i+1))
	}
}

// copyOf gives a dict with the same content whose values are its own.
func (d *dict) copyOf() *dict {
	n := len(d.keys)
	return &dict{keys: d.keys[:n:n], vals: append([]Value(nil), d.vals...), index: d.index, shared: true}
}
