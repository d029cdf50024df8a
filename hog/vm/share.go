package vm

// Globals are parsed once and read by many programs at a time, yet a program
// that changes what it read from a global changes its own copy only. The copy
// is made late: a container read from a global is wrapped in a private object
// that still points at the shared content (flagCow); the first write copies
// one level (thaw). Children of a copied level are shared still, and are
// wrapped when they are read (flagLazy), so that two reads give one object.
// A program without a SET_PROPERTY, or with such only as go to literals of its
// own (see translator.reaches), skips all of it: it cannot write to a global.

// Freeze marks v and everything in it as shared and unchangeable, and gives v
// back. What is frozen may be read by any number of goroutines; freezing
// itself must be done by one. A value that is frozen already costs nothing.
// Freezing a value that a running program holds is a fault of the caller.
func (v Value) Freeze() Value {
	if v.o == nil || v.o.flags&flagFrozen != 0 {
		return v
	}
	switch {
	case v.o.list != nil:
		v.o.flags = flagFrozen
		for _, e := range v.o.list.elems {
			e.Freeze()
		}
	case v.o.dict != nil:
		v.o.flags = flagFrozen
		for _, e := range v.o.dict.vals {
			e.Freeze()
		}
	}
	return v
}

// Frozen reports whether v is a container that was frozen.
func (v Value) Frozen() bool { return v.o != nil && v.o.flags&flagFrozen != 0 }

// wrap gives a private view of a frozen container, and anything else as it is.
func wrap(v Value) Value {
	if v.o == nil || v.o.flags&flagFrozen == 0 {
		return v
	}
	return Value{0, &object{kind: v.o.kind, flags: flagCow, list: v.o.list, dict: v.o.dict}}
}

// private tells that a read may give v as it is: it is nothing that is shared.
func (v Value) private() bool { return v.o == nil || v.o.flags&flagFrozen == 0 }

// view gives a frozen container an identity of its own, for programs that
// never write.
func view(v Value) Value {
	if v.o == nil || v.o.flags&flagFrozen == 0 {
		return v
	}
	return Value{0, &object{kind: v.o.kind, flags: flagView, list: v.o.list, dict: v.o.dict}}
}

// fresh is what a read of a global gives: a view, if the program may notice.
func fresh(v Value, own bool) Value {
	if own && v.o != nil && v.o.flags&flagFrozen != 0 {
		return view(v)
	}
	return v
}

// SharedKeys gives the array of a dict's keys, SharedValues that of its values.
// Neither side copies them before it writes.
func SharedKeys(v Value) Value { return lend(v.o, v.o.dict.keys) }

// SharedValues: see SharedKeys.
func SharedValues(v Value) Value {
	a := lend(v.o, v.o.dict.vals)
	if a.o.flags&flagLent != 0 {
		v.o.dict.lent = true
	}
	return a
}

// lend gives an array of elems, which are a dict's. Keys are never replaced.
func lend(o *object, elems []Value) Value {
	a := newList(KindArray, elems[:len(elems):len(elems)])
	switch {
	case o.flags&(flagFrozen|flagView) != 0:
		a.o.flags = flagView // the program never writes
	case o.flags&flagCow != 0:
		a.o.flags = flagCow
	default:
		a.o.flags = flagCow | flagLent | o.flags&flagLazy
	}
	return a
}

// thaw makes the content of a private container its own.
func thaw(o *object) {
	if o.flags&flagCow == 0 {
		return
	}
	if o.list != nil {
		o.list = &list{append([]Value(nil), o.list.elems...)}
	} else {
		o.dict = o.dict.copyOf()
	}
	o.flags = o.flags&^(flagCow|flagLent) | flagLazy
}

// child gives the element at *slot of o, read from position i, wrapping a
// frozen one for good so that a second read gives the same object.
func child(o *object, v Value, i int) Value {
	if v.o == nil || v.o.flags&flagFrozen == 0 || o.flags&(flagCow|flagLazy) == 0 {
		return v
	}
	thaw(o)
	v = wrap(v)
	if o.list != nil {
		o.list.elems[i] = v
	} else {
		o.dict.replace(i, v)
	}
	return v
}

// expose wraps all frozen children of v, before a library function hands them
// on one by one.
func expose(v Value) {
	o := v.o
	if o == nil || o.flags&(flagCow|flagLazy) == 0 {
		return
	}
	var elems []Value
	if o.list != nil {
		elems = o.list.elems
	} else {
		elems = o.dict.vals
	}
	for i, e := range elems {
		if e.o != nil && e.o.flags&flagFrozen != 0 {
			child(o, e, i)
		}
	}
	if o.flags&flagCow == 0 {
		o.flags &^= flagLazy
	}
}
