package vm

// DictOf gives a dict of keys, which must be distinct, and their values. It
// owns vals; keys may be shared by many dicts and are not changed. It is for
// hosts that build the same small dict again and again: keys are not looked up
// while it is built, and later by scanning.
func DictOf(keys, vals []Value) Value {
	x := &struct {
		object
		dict
	}{object: object{kind: KindDict, flags: flagLazy}, dict: dict{keys: keys[:len(keys):len(keys)], vals: vals}}
	x.object.dict = &x.dict
	return Value{0, &x.object}
}

// Texts gives strings, such as the keys of DictOf.
func Texts(texts ...string) []Value {
	out := make([]Value, len(texts))
	for i, s := range texts {
		out[i] = String(s)
	}
	return out
}

// Copy gives a private dict with the entries of v and room for some more; an
// empty one when v is no dict.
func (v Value) Copy(extra int) Value {
	if v.o == nil || v.o.dict == nil {
		return NewDict(extra)
	}
	d := v.o.dict
	x := &struct {
		object
		dict
	}{object: object{kind: KindDict, flags: flagLazy}}
	n := len(d.keys) + extra
	x.dict.keys = append(make([]Value, 0, n), d.keys...)
	x.dict.vals = append(make([]Value, 0, n), d.vals...)
	if d.index != nil {
		x.dict.index = append([]int32(nil), d.index...)
	}
	x.object.dict = &x.dict
	return Value{0, &x.object}
}
