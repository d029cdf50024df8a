package vm

import (
	"slices"
	"strings"
)

// keyEntry is a kept key, with the key that followed it and with what its
// value was made of, the last times.
type keyEntry struct {
	object object
	next   *keyEntry
	shapes [keptShapes]*shape
	oldest uint8 // of shapes, which is overwritten next
	missed uint8 // dicts that none of shapes fitted
}

// keptShapes is how many shapes are kept for one key: `properties` is a key of
// events, of persons and of groups, and events of one name have their own.
const keptShapes = 8

// keptShapesInAll bounds the memory that shapes take, as keptKeys does for keys.
const keptShapesInAll = 512

// missesPerShape is how many dicts must fit no shape before a full set of
// shapes takes another one: a stream in which no two are alike would make one
// for each otherwise.
const missesPerShape = 8

// shape are the keys of a dict with their index. It never changes: only frozen
// dicts share one, and those are copied before they are written to.
type shape struct {
	keys    []Value
	entries []*keyEntry
	index   []int32
}

func (r *JSONReader) dict(owner *keyEntry) (Value, error) {
	if err := r.enter(); err != nil {
		return Null, err
	}
	if r.pos < len(r.src) && r.src[r.pos] == '}' {
		r.pos++
		r.depth--
		return r.fill(nil), nil
	}
	sh, key, e, err := r.firstKey(owner)
	if err != nil {
		return Null, err
	}
	var v Value
	if sh != nil {
		v, err = r.shaped(sh, owner)
	} else {
		v, err = r.pairs(len(r.tmp), owner, key, e, true)
	}
	r.depth--
	if err == nil && r.opt.Hog && len(v.o.dict.keys) > 0 {
		return hogObject(v), nil
	}
	return v, err
}

// firstKey reads the first key of a dict, and gives a shape that begins with
// it if there is one.
func (r *JSONReader) firstKey(owner *keyEntry) (*shape, Value, *keyEntry, error) {
	if !r.opt.Freeze || r.opt.Ordered {
		key, e, err := r.nextKey(nil)
		return nil, key, e, err
	}
	for _, sh := range owner.shapes {
		if sh != nil && r.literal(sh.entries[0]) {
			return sh, sh.keys[0], sh.entries[0], r.colon()
		}
	}
	key, e, err := r.nextKey(nil)
	if err != nil || e == nil {
		return nil, key, e, err
	}
	return owner.like(nil, e), key, e, nil
}

// pairs reads a dict from behind its next key on, whose entry e is nil when
// the key is not kept. What was read of the dict before stands in r.tmp from
// base on; kept tells whether all of that has kept keys.
func (r *JSONReader) pairs(base int, owner *keyEntry, key Value, e *keyEntry, kept bool) (Value, error) {
	for {
		kept = kept && e != nil
		last := e
		if last == nil {
			last = &r.other
		}
		v, err := r.value(last)
		if err != nil {
			return Null, err
		}
		r.tmp = append(r.tmp, key, v)
		more, err := r.next('}')
		if err != nil {
			return Null, err
		}
		if !more {
			break
		}
		if key, e, err = r.nextKey(last.next); err != nil {
			return Null, err
		}
		if last.next != e {
			last.next = e
		}
	}
	v := r.fill(r.tmp[base:])
	r.drop(base)
	if kept && r.opt.Freeze && !r.opt.Ordered {
		r.remember(owner, v.o.dict)
	}
	return v, nil
}

// shaped reads a dict from behind its first key on, in the hope that it has
// the shape sh: then its values go straight to their place, and its keys are
// those of sh. Where it is another one it goes on with that, and where it is
// none, pairs does.
func (r *JSONReader) shaped(sh *shape, owner *keyEntry) (Value, error) {
	vals := r.cut(len(sh.keys))
	n := 0
	for {
		v, err := r.value(sh.entries[n])
		if err != nil {
			return Null, err
		}
		vals[n] = v
		n++
		more, err := r.next('}')
		if err != nil {
			return Null, err
		}
		if !more {
			break
		}
		r.space()
		if n < len(vals) && r.literal(sh.entries[n]) {
			if err := r.colon(); err != nil {
				return Null, err
			}
			continue
		}
		key, e, err := r.nextKey(nil)
		if err != nil {
			return Null, err
		}
		if n < len(vals) && sh.entries[n] == e {
			continue // it was written with escapes
		}
		var other *shape
		if e != nil {
			other = owner.like(sh.entries[:n], e)
		}
		if other == nil {
			r.tmp = appendPairs(r.tmp, sh, vals[:n])
			return r.pairs(len(r.tmp)-2*n, owner, key, e, true)
		}
		sh, vals = other, append(r.cut(len(other.keys))[:0], vals[:n]...)[:len(other.keys)]
	}
	if n < len(vals) {
		return r.cutShort(sh, vals[:n], owner), nil
	}
	return r.share(sh, vals), nil
}

// share makes a dict of the shape sh.
func (r *JSONReader) share(sh *shape, vals []Value) Value {
	x := r.dictObject()
	x.object.kind, x.object.flags, x.object.dict = KindDict, flagFrozen, &x.dict
	d := &x.dict
	d.keys, d.vals, d.index, d.shared = sh.keys, vals, sh.index, true
	return Value{0, &x.object}
}

func appendPairs(dst []Value, sh *shape, vals []Value) []Value {
	for i, v := range vals {
		dst = append(dst, sh.keys[i], v)
	}
	return dst
}

// cutShort makes the dict of a text that ends before its shape does.
func (r *JSONReader) cutShort(sh *shape, vals []Value, owner *keyEntry) Value {
	if whole := owner.like(sh.entries[:len(vals)], nil); whole != nil {
		return r.share(whole, vals)
	}
	base := len(r.tmp)
	r.tmp = appendPairs(r.tmp, sh, vals)
	v := r.fill(r.tmp[base:])
	r.drop(base)
	r.remember(owner, v.o.dict)
	return v
}

// literal goes past the string literal of a key and tells so, if that is next.
func (r *JSONReader) literal(e *keyEntry) bool {
	s, from := e.object.str, r.pos+1
	end := from + len(s)
	if e.object.flags&flagPlain == 0 || end >= len(r.src) || r.src[end] != '"' || r.src[from-1] != '"' || r.src[from:end] != s {
		return false
	}
	r.pos = end + 1
	return true
}

// nextKey reads a key and its colon, and gives its entry if it is a kept one.
// First it looks whether the key is the expected one.
func (r *JSONReader) nextKey(expected *keyEntry) (Value, *keyEntry, error) {
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != '"' {
		return Null, nil, r.unexpected()
	}
	if expected != nil && r.literal(expected) {
		return Value{0, &expected.object}, expected, r.colon()
	}
	s, flags, err := r.text()
	if err != nil {
		return Null, nil, err
	}
	if e := r.entry(s); e != nil {
		return Value{0, &e.object}, e, r.colon()
	}
	if len(r.src) > maxPinned {
		s = r.own(s)
	}
	o := r.object()
	o.kind, o.flags, o.str, o.hash = KindString, flags, s, hashText(s)
	return Value{0, o}, nil, r.colon()
}

func (r *JSONReader) colon() error {
	if r.pos < len(r.src) && r.src[r.pos] == ':' {
		r.pos++
		return nil
	}
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != ':' {
		return r.unexpected()
	}
	r.pos++
	return nil
}

// entry gives the kept key of that text, nil when it is not kept.
func (r *JSONReader) entry(s string) *keyEntry {
	if e := r.keys[s]; e != nil {
		return e
	}
	if len(r.keys) >= keptKeys || len(s) > keptKeyLen {
		return nil
	}
	s = strings.Clone(s)
	e := &keyEntry{object: object{kind: KindString, str: s, hash: hashText(s)}}
	e.object.knownPlain()
	r.keys[s] = e
	return e
}

// A dict of more keys than these is seldom met again.
const maxShape = 128

// remember keeps the shape of a dict that stood behind the key owner. All its
// keys are kept ones, so that nothing of the text is held.
func (r *JSONReader) remember(owner *keyEntry, d *dict) {
	if len(d.keys) == 0 || len(d.keys) > maxShape {
		return
	}
	if r.shapes >= keptShapesInAll {
		return
	}
	place := &owner.shapes[owner.oldest]
	if *place != nil {
		if owner.missed++; owner.missed%missesPerShape != 0 {
			return
		}
	}
	entries := make([]*keyEntry, len(d.keys))
	for i, k := range d.keys {
		entries[i] = r.keys[k.o.str]
	}
	r.shapes++
	*place = &shape{slices.Clone(d.keys), entries, d.index}
	owner.oldest = (owner.oldest + 1) % keptShapes
}

// like gives a shape behind e that begins with the keys first and goes on with
// next, or ends there if next is nil.
func (e *keyEntry) like(first []*keyEntry, next *keyEntry) *shape {
	n := len(first)
	for _, s := range e.shapes {
		if s == nil || len(s.keys) < n || !slices.Equal(s.entries[:n], first) {
			continue
		}
		if next == nil && len(s.keys) == n || next != nil && len(s.keys) > n && s.entries[n] == next {
			return s
		}
	}
	return nil
}
