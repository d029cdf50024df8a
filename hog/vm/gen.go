package vm

import "hogpen/hog/bytecode"

// Closures are made for the shape of their operands: a constant, a numeric
// slot and a slot of values are captured variables instead of calls. The
// shapes spelled out here are those that paid in the benchmarks.

type (
	valueFunc = func(m *Machine) Value
	numFunc   = func(m *Machine) float64
	condFunc  = func(m *Machine) bool
)

// genStore makes the statement that puts a node into a slot.
func (t *translator) genStore(i int, n *node) func(m *Machine) {
	if t.again {
		return nil
	}
	if !t.boxed[i] && n.typ == typeNumber {
		if s := t.storeSum(i, n); s != nil {
			return s
		}
		f := t.genNum(n)
		return func(m *Machine) { m.f[i] = f(m) }
	}
	switch n.kind {
	case nodeConst:
		v := n.value
		return func(m *Machine) { m.r[i] = v }
	case nodeSlot:
		if t.boxed[n.slot] {
			j := n.slot
			return func(m *Machine) { m.r[i] = m.r[j] }
		}
	case nodeArith:
		f := t.genNum(n)
		return func(m *Machine) { m.r[i] = Value{f(m), &numberObject} }
	case nodeIndex:
		if t.isNumSlot(n.b) && t.isBoxedSlot(n.a) {
			return t.storeElement(i, n)
		}
	}
	f := t.genValue(n)
	// r is read after f: a call in f may move the stack.
	return func(m *Machine) {
		v := f(m)
		m.r[i] = v
	}
}

// storeSum is x := y + const and x := x + expression, the steps of every loop.
func (t *translator) storeSum(i int, n *node) func(m *Machine) {
	if n.kind != nodeArith || n.op != bytecode.Plus {
		return nil
	}
	a, b := n.a, n.b
	if t.isNumSlot(b) && !t.isNumSlot(a) {
		a, b = b, a
	}
	if !t.isNumSlot(a) {
		return nil
	}
	j := a.slot
	switch {
	case isNumConst(b):
		k := b.value.n
		if i == j {
			return func(m *Machine) { m.f[i] += k }
		}
		return func(m *Machine) { m.f[i] = m.f[j] + k }
	case i == j && b.typ == typeNumber:
		f := t.genNum(b)
		return func(m *Machine) {
			v := f(m)
			m.f[i] += v
		}
	}
	return nil
}

// genDrop makes the statement that evaluates a node for its faults.
func (t *translator) genDrop(n *node) func(m *Machine) {
	if t.again {
		return nil
	}
	f := t.genValue(n)
	return func(m *Machine) { f(m) }
}

func isNumConst(n *node) bool { return n.kind == nodeConst && n.typ == typeNumber }

func (t *translator) isNumSlot(n *node) bool { return n.kind == nodeSlot && !t.boxed[n.slot] }

func (t *translator) isBoxedSlot(n *node) bool { return n.kind == nodeSlot && t.boxed[n.slot] }

// genValue makes the closure that gives a node's value.
func (t *translator) genValue(n *node) valueFunc {
	if t.again {
		return nil
	}
	switch n.kind {
	case nodeConst:
		v := n.value
		return func(*Machine) Value { return v }
	case nodeSlot:
		i := n.slot
		if t.boxed[i] {
			return func(m *Machine) Value { return m.r[i] }
		}
		return func(m *Machine) Value { return Value{m.f[i], &numberObject} }
	case nodeUpvalue:
		i := n.slot
		return func(m *Machine) Value {
			if c := m.fn.up[i]; c.open {
				return m.stack[c.slot]
			} else {
				return c.v
			}
		}
	case nodeGlobal:
		return t.genGlobal(n)
	case nodeProp:
		return t.genProp(n)
	case nodeIndex:
		return t.genIndex(n)
	case nodeArith:
		if t.isBoxedSlot(n.a) && t.isBoxedSlot(n.b) && (n.op == bytecode.Plus || n.op == bytecode.Minus) {
			return boxedSum(n.a.slot, n.b.slot, n.op)
		}
		f := t.genNum(n)
		return func(m *Machine) Value { return Value{f(m), &numberObject} }
	case nodeTest, nodeNot, nodeAll, nodeAny, nodeAsk:
		f := t.genCond(n)
		return func(m *Machine) Value { return Bool(f(m)) }
	case nodeDict:
		return t.genDict(n)
	case nodeList:
		return t.genList(n)
	case nodeLib:
		return t.genLib(n)
	}
	info := n.info
	if info.ups > 0 {
		t.bad = true // nobody gave it its upvalues
	}
	return func(m *Machine) Value {
		m.fail(m.alloc(160))
		return functionValue(&function{info: info})
	}
}

// boxedSum is x + y and x - y of two slots that hold values, as the results of
// two calls do.
func boxedSum(i, j int, o op) valueFunc {
	if o == bytecode.Plus {
		return func(m *Machine) Value {
			x, y := m.r[i], m.r[j]
			if x.o == &numberObject && y.o == &numberObject {
				return Value{x.n + y.n, &numberObject}
			}
			return Value{ToNumber(x) + ToNumber(y), &numberObject}
		}
	}
	return func(m *Machine) Value {
		x, y := m.r[i], m.r[j]
		if x.o == &numberObject && y.o == &numberObject {
			return Value{x.n - y.n, &numberObject}
		}
		return Value{ToNumber(x) - ToNumber(y), &numberObject}
	}
}

func (t *translator) genValues(nodes []*node) []valueFunc {
	out := make([]valueFunc, len(nodes))
	for i, n := range nodes {
		out[i] = t.genValue(n)
	}
	return out
}

func (t *translator) genGlobal(n *node) valueFunc {
	p, prog, at := n.path, t.p, n.at
	if prog.writes || len(p.rest) > 2 || p.has {
		return func(m *Machine) Value { return m.global(p, prog, at) }
	}
	root := p.root
	own := prog.compares
	missing := func(m *Machine) Value { return m.global(p, prog, at) }
	step := func(v Value, m *Machine, s *propSite) Value {
		if v.o != nil && v.o.dict != nil {
			if i := s.in(v.o.dict); i >= 0 {
				return v.o.dict.vals[i]
			}
			return Null
		}
		return m.globalStep(v, s)
	}
	switch len(p.rest) {
	case 0:
		return func(m *Machine) Value {
			if d := m.globals; d != nil {
				if i := root.in(d); i >= 0 {
					return fresh(d.vals[i], own)
				}
			}
			return missing(m)
		}
	case 1:
		first := p.rest[0]
		return func(m *Machine) Value {
			if d := m.globals; d != nil {
				if i := root.in(d); i >= 0 {
					return fresh(step(d.vals[i], m, first), own)
				}
			}
			return missing(m)
		}
	}
	first, second := p.rest[0], p.rest[1]
	return func(m *Machine) Value {
		if d := m.globals; d != nil {
			if i := root.in(d); i >= 0 {
				return fresh(step(step(d.vals[i], m, first), m, second), own)
			}
		}
		return missing(m)
	}
}

func (t *translator) genProp(n *node) valueFunc {
	site := n.site
	if t.isBoxedSlot(n.a) {
		i := n.a.slot
		return func(m *Machine) Value { return m.getSite(m.r[i], site) }
	}
	obj := t.genValue(n.a)
	return func(m *Machine) Value { return m.getSite(obj(m), site) }
}

// element reads a list at a number, if that is a plain read.
func element(o *object, k float64) (Value, bool) {
	if o != nil && o.list != nil {
		if i := int(k); float64(i) == k && i > 0 && i <= len(o.list.elems) {
			if v := o.list.elems[i-1]; o.flags == 0 || v.private() {
				return v, true
			}
		}
	}
	return Null, false
}

// storeElement is x := list[i], as loops over entries have it twice.
func (t *translator) storeElement(to int, n *node) func(m *Machine) {
	i, j, rest := n.a.slot, n.b.slot, t.genIndex(n)
	return func(m *Machine) {
		if v, ok := element(m.r[i].o, m.f[j]); ok {
			m.r[to] = v
			return
		}
		v := rest(m)
		m.r[to] = v
	}
}

// genIndex reads a property by a computed key; lists by number come first.
func (t *translator) genIndex(n *node) valueFunc {
	p, at := t.p, n.at
	slow := func(m *Machine, obj, key Value) Value {
		before := m.err
		v := m.getProperty(obj, key)
		if err := m.err; before == nil && err != nil {
			m.err = nil
			m.failAt(p, at, err)
		}
		return v
	}
	if t.isNumSlot(n.b) && t.isBoxedSlot(n.a) {
		i, j := n.a.slot, n.b.slot
		return func(m *Machine) Value {
			k := m.f[j]
			if v, ok := element(m.r[i].o, k); ok {
				return v
			}
			return slow(m, m.r[i], Number(k))
		}
	}
	if n.b.typ == typeNumber && t.isBoxedSlot(n.a) {
		i, key := n.a.slot, t.genNum(n.b)
		return func(m *Machine) Value {
			k := key(m) // cannot change the slot
			if o := m.r[i].o; o != nil && o.list != nil && o.flags == 0 {
				if i := int(k); float64(i) == k && i > 0 && i <= len(o.list.elems) {
					return o.list.elems[i-1]
				}
			}
			return slow(m, m.r[i], Number(k))
		}
	}
	if t.isBoxedSlot(n.a) && t.isBoxedSlot(n.b) {
		i, j := n.a.slot, n.b.slot
		return func(m *Machine) Value {
			o, k := m.r[i], m.r[j]
			if o.o != nil && o.o.dict != nil && o.o.flags == 0 && k.o != nil && k.o.kind == KindString {
				if at := o.o.dict.findAgain(k); at >= 0 {
					return o.o.dict.vals[at]
				}
				return Null
			}
			return slow(m, o, k)
		}
	}
	obj := t.genValue(n.a)
	if n.b.typ == typeNumber {
		key := t.genNum(n.b)
		return func(m *Machine) Value {
			o := obj(m)
			k := key(m)
			if o.o != nil && o.o.list != nil && o.o.flags == 0 {
				if i := int(k); float64(i) == k && i > 0 && i <= len(o.o.list.elems) {
					return o.o.list.elems[i-1]
				}
			}
			return slow(m, o, Number(k))
		}
	}
	key := t.genValue(n.b)
	return func(m *Machine) Value {
		o := obj(m)
		k := key(m)
		if o.o != nil && o.o.flags == 0 {
			if d := o.o.dict; d != nil {
				if i := d.find(k); i >= 0 {
					return d.vals[i]
				}
				return Null
			}
		}
		return slow(m, o, k)
	}
}

func (t *translator) genDict(n *node) valueFunc {
	args, p, at := t.genValues(n.args), t.p, n.at
	cost := 128 + int64(len(args))*24
	constant := true
	for i := 0; i < len(n.args); i += 2 {
		if k := n.args[i]; k.kind != nodeConst || !k.value.IsString() {
			constant = false
		}
	}
	if constant && distinct(n.args) {
		return genRecord(n, args, p, at, cost)
	}
	return func(m *Machine) Value {
		if err := m.alloc(cost); err != nil {
			m.failAt(p, at, err)
		}
		v := NewDict(len(args) / 2)
		for i := 0; i < len(args); i += 2 {
			k := args[i](m)
			v.o.dict.put(k, args[i+1](m))
		}
		return v
	}
}

func distinct(pairs []*node) bool {
	seen := map[string]bool{}
	for i := 0; i < len(pairs); i += 2 {
		if seen[pairs[i].value.o.str] {
			return false
		}
		seen[pairs[i].value.o.str] = true
	}
	return true
}

// genRecord is a dict with constant distinct keys: they need no search.
func genRecord(n *node, args []valueFunc, p *Program, at int, cost int64) valueFunc {
	keys := make([]Value, len(args)/2)
	vals := make([]valueFunc, len(args)/2)
	for i := range keys {
		keys[i], vals[i] = n.args[2*i].value, args[2*i+1]
	}
	return func(m *Machine) Value {
		if err := m.alloc(cost); err != nil {
			m.failAt(p, at, err)
		}
		v := NewDict(0)
		d := v.o.dict
		both := make([]Value, 2*len(keys))
		d.keys, d.vals = both[:len(keys):len(keys)], both[len(keys):]
		copy(d.keys, keys)
		for i, f := range vals {
			d.vals[i] = f(m)
		}
		if len(keys) > scanLimit {
			d.reindex()
		}
		return v
	}
}

// constants gives the values of nodes that are all constants, nil when one is
// not or there is none.
func constants(nodes []*node) []Value {
	var out []Value
	for _, n := range nodes {
		if n.kind != nodeConst {
			return nil
		}
		out = append(out, n.value)
	}
	return out
}

func (t *translator) genList(n *node) valueFunc {
	args, p, at := t.genValues(n.args), t.p, n.at
	kind := KindArray
	if n.op == bytecode.Tuple {
		kind = KindTuple
	}
	cost := 80 + int64(len(args))*16
	if elems := constants(n.args); elems != nil {
		return func(m *Machine) Value {
			if err := m.alloc(cost); err != nil {
				m.failAt(p, at, err)
			}
			v := newList(kind, elems)
			v.o.flags = flagCow
			return v
		}
	}
	return func(m *Machine) Value {
		if err := m.alloc(cost); err != nil {
			m.failAt(p, at, err)
		}
		var elems []Value
		if len(args) > 0 {
			elems = make([]Value, len(args))
		}
		for i, a := range args {
			elems[i] = a(m)
		}
		return newList(kind, elems)
	}
}

// genLib makes a library call; its arguments go to the slots they would stand
// in. Of pure functions on constants nothing special is made: compilers of
// Hog leave few.
func (t *translator) genLib(n *node) valueFunc {
	args, lib, slot, p, at := t.genValues(n.args), n.lib, n.slot, t.p, n.at
	call := lib.Call
	exposes := lib.Elements && p.writes
	end := slot + len(args)
	return func(m *Machine) Value {
		for i, a := range args {
			v := a(m)
			m.r[slot+i] = v
		}
		if m.err != nil {
			return Null
		}
		in := m.r[slot:end]
		if exposes {
			for _, v := range in {
				expose(v)
			}
		}
		before := m.call.Args
		m.call.Args = in
		v, err := call(&m.call)
		m.call.Args = before
		if err != nil {
			m.failAt(p, at, foreign(err))
			return Null
		}
		return v
	}
}
