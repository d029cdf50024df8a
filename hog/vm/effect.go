package vm

import (
	"slices"

	"hogpen/hog/bytecode"
)

// effect translates the instructions that do more than push a value.
func (t *translator) effect(in *instr, at int32) (next int32, ended bool) {
	next = at + 1
	switch in.op {
	case opGlue, bytecode.Jump:
		t.endWithJump(in.n)
		return 0, true
	case bytecode.JumpIfFalse:
		n := t.pop()
		t.fill(len(t.stack))
		if t.bad {
			return 0, true
		}
		t.cur.kind, t.cur.cond = endCond, t.genCond(n)
		t.cur.yes, t.cur.no = t.blockOf(next, len(t.stack)), t.blockOf(in.n, len(t.stack))
		t.finish()
		return 0, true
	case bytecode.JumpIfStackNotNull:
		return t.jumpNotNull(in, next)
	case opEnd:
		var n *node
		if n = t.constNode(Null); t.root && len(t.stack) > 0 {
			n = t.pop()
		}
		return t.giveBack(n)
	case bytecode.Return:
		return t.giveBack(t.pop())
	case bytecode.Throw:
		n := t.pop()
		t.fill(len(t.stack))
		if t.bad {
			return 0, true
		}
		value, p := t.genValue(n), t.p
		t.stmt(func(m *Machine) { m.failAt(p, int(at), m.throw(value(m))) })
		t.cur.kind, t.cur.value = endReturn, func(*Machine) Value { return Null }
		t.finish()
		return 0, true
	case opFail:
		msg, p := t.p.texts[in.k], t.p
		t.fill(len(t.stack))
		t.stmt(func(m *Machine) { m.failAt(p, int(at), Errorf("%s", msg)) })
		t.cur.kind, t.cur.value = endReturn, func(*Machine) Value { return Null }
		t.finish()
		return 0, true
	case bytecode.Try:
		t.out.tries = true
		t.fill(len(t.stack))
		height := len(t.stack)
		t.hold(height)
		t.use(height + 1)
		handler := t.blockOf(in.n, height+1)
		t.active = append(slices.Clip(t.active), height)
		t.stmt(func(m *Machine) {
			if len(m.tries) >= maxOperand {
				m.fail(m.alloc(m.memLimit))
			}
			m.tries = append(m.tries, try{ip: handler, sp: m.base + height, depth: m.depth})
		})
	case bytecode.PopTry:
		if len(t.active) == 0 {
			t.bad = true // it would take a handler of the caller
			return 0, true
		}
		t.active = t.active[:len(t.active)-1]
		t.fill(len(t.stack))
		p := t.p
		t.stmt(func(m *Machine) {
			if n := len(m.tries); n > 0 {
				m.tries = m.tries[:n-1]
			} else {
				m.failAt(p, int(at), Errorf("Invalid HogQL bytecode, try stack is empty, can not pop"))
			}
		})
	case bytecode.SetProperty:
		t.setProperty(int(at))
	case bytecode.SetUpvalue:
		t.setUpvalue(int(in.n))
	case bytecode.CloseUpvalue:
		if len(t.stack) == 0 {
			t.bad = true
			return 0, true
		}
		t.out.closes = true
		t.fill(len(t.stack))
		slot := len(t.stack) - 1
		t.hold(slot)
		t.stmt(func(m *Machine) { m.closeCells(m.base + slot) })
		delete(t.held, slot)
		t.pop()
	case bytecode.Closure:
		t.closure(in)
	case bytecode.CallLocal:
		return next, t.callLocal(int(in.n), int(at))
	case opCallHost:
		return next, t.callHost(in, int(at))
	case opCallNone:
		t.callNone(in, int(at))
		return 0, true
	default: // GET_GLOBAL with computed keys, and what only hostile code has
		t.bad = true
		return 0, true
	}
	return next, t.bad
}

func (t *translator) jumpNotNull(in *instr, next int32) (int32, bool) {
	if len(t.stack) == 0 {
		t.bad = true
		return 0, true
	}
	t.fill(len(t.stack))
	top := t.stack[len(t.stack)-1]
	value := t.genValue(top)
	t.cur.kind, t.cur.cond = endCond, func(m *Machine) bool { return value(m).o != nil }
	t.cur.yes, t.cur.no = t.blockOf(in.n, len(t.stack)), t.blockOf(next, len(t.stack))
	t.finish()
	return 0, true
}

func (t *translator) giveBack(n *node) (int32, bool) {
	t.settle()
	if t.bad {
		return 0, true
	}
	t.cur.kind, t.cur.value = endReturn, t.genValue(n)
	t.finish()
	return 0, true
}

func (t *translator) setProperty(at int) {
	args := t.popN(3)
	t.settle()
	if t.bad {
		return
	}
	t.writesTo(args[0])
	p, val := t.p, t.genValue(args[2])
	obj := t.genValue(args[0])
	if key := args[1]; key.kind == nodeConst {
		k := key.value
		t.stmt(func(m *Machine) {
			o := obj(m)
			v := val(m)
			if m.err == nil {
				if err := m.setProperty(o, k, v); err != nil {
					m.failAt(p, at, err)
				}
			}
		})
		return
	}
	if t.isBoxedSlot(args[0]) && t.isBoxedSlot(args[1]) {
		t.stmt(setSlot(args[0].slot, args[1].slot, val, p, at))
		return
	}
	key := t.genValue(args[1])
	t.stmt(func(m *Machine) {
		o := obj(m)
		k := key(m)
		v := val(m)
		if m.err == nil {
			if err := m.setProperty(o, k, v); err != nil {
				m.failAt(p, at, err)
			}
		}
	})
}

// setSlot is x[y] := expression, as loops over entries have it. The expression
// cannot change the two variables, but may move the stack that they lie in.
func setSlot(i, j int, val valueFunc, p *Program, at int) func(m *Machine) {
	return func(m *Machine) {
		v := val(m)
		if m.err != nil {
			return
		}
		o, key := m.r[i].o, m.r[j]
		if o == nil || o.dict == nil || o.flags&^flagLazy != 0 || key.o == nil || key.o.kind != KindString {
			if err := m.setProperty(m.r[i], key, v); err != nil {
				m.failAt(p, at, err)
			}
			return
		}
		if o.dict.set(key, v) {
			if err := m.alloc(dictEntry); err != nil {
				m.failAt(p, at, err)
			}
		}
	}
}

func (t *translator) setUpvalue(i int) {
	n := t.pop()
	if i >= t.info.ups {
		t.bad = true
	}
	// The cell may stand for a slot of an outer frame only, never of this one;
	// but pending reads of upvalues must not see the new value.
	t.settle()
	if t.bad {
		return
	}
	value := t.genValue(n)
	t.stmt(func(m *Machine) {
		v := value(m)
		if m.err == nil {
			m.setCell(m.fn.up[i], v)
		}
	})
}

func (t *translator) closure(in *instr) {
	n := t.pop()
	if n.kind != nodeFunc || n.info.ups != int(in.n) {
		t.bad = true
		return
	}
	info, count := n.info, int(in.n)
	if count == 0 {
		t.push(n) // a function without variables of others
		return
	}
	t.fill(len(t.stack))
	place := len(t.stack)
	slots := make([]int, count)
	for i := range slots {
		slots[i] = int(t.p.values[int(in.k)+i].n)
		switch {
		case slots[i] >= 0:
			if slots[i] > place {
				t.bad = true
				return
			}
			t.hold(slots[i])
			t.out.closes = true
			if t.held == nil {
				t.held = map[int]bool{}
			}
			t.held[slots[i]] = true
		case -slots[i]-1 >= t.info.ups:
			t.bad = true
			return
		}
	}
	t.push(t.node(node{kind: nodeSlot, slot: place}))
	t.hold(place)
	t.out.clears = true
	t.stmt(func(m *Machine) {
		fn := &function{info: info, up: make([]*cell, count)}
		for i, s := range slots {
			if s >= 0 {
				fn.up[i] = m.cellOf(m.base + s)
			} else {
				fn.up[i] = m.fn.up[-s-1]
			}
		}
		m.fail(m.alloc(160 + 56*int64(count)))
		m.r[place] = functionValue(fn)
	})
}

// callLocal makes the call of a function value. Its arguments stand in the
// stack slots that become the callee's first ones.
func (t *translator) callLocal(argc, at int) (ended bool) {
	callee := t.pop()
	if argc > maxArguments || argc > len(t.stack) {
		t.bad = true
		return true
	}
	last := t.lastStep(callee, argc)
	t.fill(len(t.stack))
	place := len(t.stack) - argc
	for i := place; i <= len(t.stack); i++ {
		t.hold(i)
	}
	t.use(len(t.stack) + 1)
	if t.bad {
		return true
	}
	p := t.p
	t.out.clears = true
	switch {
	case last != nil:
		t.callWithStep(callee.slot, last, place, argc, at)
	case callee.kind == nodeUpvalue:
		up := callee.slot
		t.stmt(func(m *Machine) {
			v := m.getCell(m.fn.up[up])
			if fn := v.ready(argc); fn != nil {
				m.enterCompiled(fn, fn.info.body, place, argc, p, at)
			} else {
				m.callCompiled(v, place, argc, p, at)
			}
		})
	default:
		value := t.genValue(callee)
		t.stmt(func(m *Machine) {
			if fn := value(m); m.err == nil {
				m.callCompiled(fn, place, argc, p, at)
			}
		})
	}
	t.popN(argc)
	t.push(t.slotNode(place))
	return false
}

// lastStep gives the last argument of a recursive call when it is a variable
// plus or minus a constant, as in f(n - 1), and takes it off the pending ones:
// the call then computes it itself.
func (t *translator) lastStep(callee *node, argc int) *node {
	if callee.kind != nodeUpvalue || argc == 0 {
		return nil
	}
	top := len(t.stack) - 1
	n := t.stack[top]
	if n.kind != nodeArith || n.op != bytecode.Plus && n.op != bytecode.Minus || !isNumConst(n.b) || !t.isBoxedSlot(n.a) || n.a.slot >= top {
		return nil
	}
	t.fill(top)
	t.use(top + 1)
	t.hold(top)
	t.stack[top] = t.slotNode(top)
	return n
}

// callWithStep is the call of an upvalue whose last argument is step.
func (t *translator) callWithStep(up int, step *node, place, argc, at int) {
	p, info, from, to, k := t.p, t.info, step.a.slot, place+argc-1, step.b.value.n
	if step.op == bytecode.Minus {
		k = -k // x - k and x + -k are one in IEEE arithmetic
	}
	t.stmt(func(m *Machine) {
		x := m.r[from]
		if x.o != &numberObject {
			x.n = ToNumber(x)
		}
		m.r[to] = Value{x.n + k, &numberObject}
		c := m.fn.up[up]
		v := c.v
		if c.open {
			v = m.stack[c.slot]
		}
		// A function that calls itself is known.
		if o := v.o; o != nil && o.ext != nil && o.ext.fn == m.fn && argc <= info.argc {
			m.enterCompiled(m.fn, info.body, place, argc, p, at)
			return
		}
		m.callCompiled(v, place, argc, p, at)
	})
}

func (t *translator) callHost(in *instr, at int) (ended bool) {
	site, n := t.p.calls[in.k], int(in.n)
	if n > maxArguments || n > len(t.stack) {
		t.bad = true
		return true
	}
	t.fill(len(t.stack))
	place := len(t.stack) - n
	for i := place; i <= len(t.stack); i++ {
		t.hold(i)
	}
	t.use(len(t.stack) + 1)
	if t.bad {
		return true
	}
	p := t.p
	t.out.clears = true
	t.stmt(func(m *Machine) {
		v, err := m.host(site.name, m.r[place:place+n])
		if err != nil {
			m.failAt(p, at, err)
		}
		m.r[place] = v
	})
	t.popN(n)
	t.push(t.slotNode(place))
	return false
}

// callNone is a call that can only fail: of import, or of nothing known.
func (t *translator) callNone(in *instr, at int) {
	site, n := t.p.calls[in.k], int(in.n)
	if n > len(t.stack) || n > maxArguments {
		t.bad = true
		return
	}
	t.fill(len(t.stack))
	p, place := t.p, len(t.stack)-n
	for i := range n {
		t.hold(place + i)
	}
	t.stmt(func(m *Machine) {
		switch {
		case site.name != "import":
			m.failAt(p, at, Errorf("Unsupported function call: %s", site.name))
		case n != 1:
			m.failAt(p, at, Errorf("Function import requires exactly 1 argument"))
		default:
			m.failAt(p, at, Errorf("Unknown chunk: %s", JSText(m.r[place])))
		}
	})
	t.cur.kind, t.cur.value = endReturn, func(*Machine) Value { return Null }
	t.finish()
}
