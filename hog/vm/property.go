package vm

import (
	"math"
	"strconv"
)

const faultIndex = "Hog arrays start from index 1"

// maxArrayLen bounds the writes beyond an array's end.
const maxArrayLen = 1 << 24

// getProperty reads a property (specification 4.6).
func (m *Machine) getProperty(obj, key Value) Value {
	o := obj.o
	switch {
	case o == nil:
	case o.dict != nil:
		if i := o.dict.find(key); i >= 0 {
			return child(o, o.dict.vals[i], i)
		}
	case o.list != nil:
		if i := m.index(o, key); i >= 0 {
			return child(o, o.list.elems[i], i)
		}
		if key.IsString() && key.o.str == "length" {
			return Int(len(o.list.elems))
		}
	case o.ext != nil && key.IsString():
		return o.field(key.o.str)
	}
	return Null
}

// index gives the 0-based place of a key in a list, or -1.
func (m *Machine) index(o *object, key Value) int {
	n := len(o.list.elems)
	if key.o == &numberObject {
		i := int(key.n)
		switch {
		case float64(i) != key.n:
			return -1
		case i > 0 && i <= n:
			return i - 1
		case i < 0 && -i <= n:
			return n + i
		case i == 0:
			m.fail(LibraryErrorf(faultIndex))
		}
		return -1
	}
	if key.IsString() {
		if i, err := strconv.Atoi(key.o.str); err == nil && i >= 0 && i < n && strconv.Itoa(i) == key.o.str {
			return i
		}
	}
	return -1
}

// getSite reads a property with a constant key.
func (m *Machine) getSite(obj Value, s *propSite) Value {
	if o := obj.o; o != nil && o.dict != nil {
		if i := s.in(o.dict); i >= 0 {
			v := o.dict.vals[i]
			if o.flags == 0 {
				return v
			}
			return child(o, v, i)
		}
		return Null
	}
	return m.getProperty(obj, s.key)
}

// global reads a chain from the globals. Every read gives a value of its own
// (specification 4.1): without a SET_PROPERTY in the program a view of the
// shared one will do, and without a comparison the shared value itself.
func (m *Machine) global(p *path, prog *Program, at int) Value {
	d := m.globals
	if prog.apart {
		d = prog.globals
	}
	i := -1
	if d != nil {
		i = p.root.in(d)
	}
	if i < 0 {
		if p.has {
			return p.value
		}
		m.failAt(prog, at, Errorf("Global variable not found: %s", p.text))
		return Null
	}
	v := d.vals[i]
	for _, s := range p.rest {
		v = m.globalStep(v, s)
	}
	return m.own(v)
}

// own makes what was read of the globals the program's own, if it may notice.
func (m *Machine) own(v Value) Value {
	switch {
	case m.prog.writes:
		return wrap(v)
	case m.prog.compares:
		return view(v)
	}
	return v
}

// globalStep reads a key within a chain: like a property, but texts know their length.
func (m *Machine) globalStep(v Value, s *propSite) Value {
	o := v.o
	switch {
	case o == nil:
		return Null
	case o.dict != nil:
		if i := s.in(o.dict); i >= 0 {
			return o.dict.vals[i]
		}
		return Null
	case o.kind == KindString && s.key.o.str == "length":
		return Int(UTF16Len(o.str))
	}
	return m.getProperty(v, s.key)
}

// globalOf is global for keys that are not constants; keys[0] is the root.
func (m *Machine) globalOf(prog *Program, keys []Value) Value {
	d := &decoder{p: m.prog, async: map[string]bool{"sleep": true}}
	for _, n := range m.prog.opt.Async {
		d.async[n] = true
	}
	texts := make([]Value, len(keys))
	for i, k := range keys {
		texts[i] = k
		if !k.IsString() {
			texts[i] = String(JSText(k))
		}
	}
	p := d.path(texts[:1])
	for _, t := range texts[1:] {
		p.text += "." + t.o.str
		p.has = false
	}
	v := m.global(p, prog, 0)
	for i, k := range keys[1:] {
		if k.IsString() {
			v = m.globalStep(v, &propSite{key: texts[i+1]})
		} else {
			v = m.getProperty(v, k)
		}
	}
	return m.own(v)
}

// dictEntry is what a new key of a dict is charged with.
const dictEntry = 48

// setProperty writes a property (specification 4.6).
func (m *Machine) setProperty(obj, key, val Value) error {
	o := obj.o
	switch {
	case o == nil || o.list == nil && o.dict == nil && o.ext == nil && o.kind != KindFunction || o.kind == KindString:
		return LibraryErrorf("Can not set %s on non-object: %s", JSText(key), javascriptType(obj))
	case o.list == nil && o.dict == nil || o.kind == KindFunction:
		return LibraryErrorf("Can not set %s on element of type object", JSText(key))
	case o.flags&flagFrozen != 0:
		return LibraryErrorf("Can not set %s on a shared value", JSText(key))
	}
	thaw(o)
	if o.dict != nil {
		n := len(o.dict.keys)
		o.dict.put(key, val)
		if len(o.dict.keys) > n {
			return m.alloc(dictEntry)
		}
		return nil
	}
	return m.setElement(o, key, val)
}

func (m *Machine) setElement(o *object, key, val Value) error {
	if key.o != &numberObject || key.n != math.Trunc(key.n) {
		return LibraryErrorf("Can not set %s on element of type object", JSText(key))
	}
	if key.n <= 0 {
		return LibraryErrorf(faultIndex)
	}
	if key.n <= float64(len(o.list.elems)) {
		o.list.elems[int(key.n)-1] = val
		return nil
	}
	if key.n > maxArrayLen {
		return limitErrorf(LimitMemory, "Memory limit of %d bytes exceeded. Tried to allocate %s bytes.", m.memLimit, NumberText(key.n*8))
	}
	grow := int(key.n) - len(o.list.elems)
	if err := m.alloc(int64(grow) * 16); err != nil {
		return err
	}
	for range grow - 1 {
		o.list.elems = append(o.list.elems, Null)
	}
	o.list.elems = append(o.list.elems, val)
	return nil
}

func javascriptType(v Value) string {
	switch v.Kind() {
	case KindBool:
		return "boolean"
	case KindNumber:
		return "number"
	case KindString:
		return "string"
	case KindFunction:
		return "function"
	}
	return "object"
}

// contains is the operator in (specification 4.5).
func (m *Machine) contains(needle, haystack Value) bool {
	switch {
	case haystack.IsList():
		for _, e := range haystack.o.list.elems {
			if sameValue(e, needle) {
				return true
			}
		}
		return false
	case haystack.IsString():
		return textContains(haystack.o.str, JSText(needle))
	}
	m.fail(Errorf(`Can not use "in" on a value of type %s`, haystack.TypeName()))
	return false
}

// like is the operator LIKE and its variants.
func (m *Machine) like(s, pattern Value, fold bool) bool {
	return m.patterns.likeOf(JSText(pattern), fold).match(JSText(s))
}

// regex is the operator =~ and its variants. A falsy operand makes it false,
// but with fold the pattern never is: its prefix comes first.
func (m *Machine) regex(s, pattern Value, fold bool) bool {
	if !s.Truthy() || !fold && !pattern.Truthy() {
		return false
	}
	text := JSText(pattern)
	if fold {
		text = "(?i)" + text
	}
	re, err := m.patterns.regex(text)
	if err != nil {
		m.fail(Errorf("%s", err.Error()))
		return false
	}
	return re.MatchString(JSText(s))
}
