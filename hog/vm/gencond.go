package vm

import (
	"strings"

	"hogpen/hog/bytecode"
)

// genCond makes the closure that gives a node's truth.
func (t *translator) genCond(n *node) condFunc {
	if t.again {
		return nil
	}
	switch n.kind {
	case nodeConst:
		b := n.value.Truthy()
		return func(*Machine) bool { return b }
	case nodeNot:
		f := t.genCond(n.a)
		return func(m *Machine) bool { return !f(m) }
	case nodeAll, nodeAny:
		return t.genJunction(n)
	case nodeTest:
		return t.genTest(n)
	case nodeAsk:
		return t.genAsk(n)
	}
	if n.typ == typeNumber {
		f := t.genNum(n)
		return func(m *Machine) bool {
			x := f(m)
			return x != 0 && x == x
		}
	}
	f := t.genValue(n)
	return func(m *Machine) bool { return f(m).Truthy() }
}

// genJunction is AND and OR. All operands are evaluated, as upstream does;
// only where the rest can not fail it is left out, for nobody can tell.
func (t *translator) genJunction(n *node) condFunc {
	any := n.kind == nodeAny
	conds := make([]condFunc, len(n.args))
	quick := len(n.args) // operands from here on may be left out
	for i, a := range n.args {
		conds[i] = t.genCond(a)
	}
	for quick > 0 && !n.args[quick-1].fails {
		quick--
	}
	if len(conds) == 2 && quick > 1 {
		a, b := conds[0], conds[1]
		if any {
			return func(m *Machine) bool {
				x := a(m)
				y := b(m)
				return x || y
			}
		}
		return func(m *Machine) bool {
			x := a(m)
			y := b(m)
			return x && y
		}
	}
	return func(m *Machine) bool {
		result := !any
		for i, c := range conds {
			if result == any && i >= quick {
				break
			}
			if c(m) == any {
				result = any
			}
		}
		return result
	}
}

// genAsk makes a library function that only tells yes or no.
func (t *translator) genAsk(n *node) condFunc {
	ask := n.lib.Test
	if len(n.args) == 1 {
		a := t.genValue(n.args[0])
		return func(m *Machine) bool { return ask(a(m), Null) }
	}
	if t.isBoxedSlot(n.args[0]) && t.isBoxedSlot(n.args[1]) {
		i, j := n.args[0].slot, n.args[1].slot
		return func(m *Machine) bool { return ask(m.r[i], m.r[j]) }
	}
	a, b := t.genValue(n.args[0]), t.genValue(n.args[1])
	return func(m *Machine) bool {
		x := a(m)
		return ask(x, b(m))
	}
}

func (t *translator) genTest(n *node) condFunc {
	switch n.op {
	case bytecode.Eq:
		return t.genEqual(n)
	case bytecode.NotEq:
		f := t.genEqual(n)
		return func(m *Machine) bool { return !f(m) }
	case bytecode.Lt, bytecode.LtEq, bytecode.Gt, bytecode.GtEq:
		return t.genCompare(n)
	case bytecode.Like, bytecode.NotLike, bytecode.ILike, bytecode.NotILike:
		if f := t.genLike(n); f != nil {
			return f
		}
	}
	a, b, o, p, at := t.genValue(n.a), t.genValue(n.b), n.op, t.p, n.at
	return func(m *Machine) bool {
		y := b(m)
		x := a(m)
		if m.err != nil {
			return false
		}
		result := m.test(o, x, y)
		if err := m.err; err != nil {
			m.err = nil
			m.failAt(p, at, err)
		}
		return result
	}
}

func (t *translator) genEqual(n *node) condFunc {
	a, b := n.a, n.b
	if a.kind == nodeConst {
		a, b = b, a // equality is symmetric, and a constant has no order
	}
	if b.kind == nodeConst {
		k := b.value
		switch {
		case k.IsNull():
			f := t.genValue(a)
			return func(m *Machine) bool { return f(m).o == nil }
		case k.IsString():
			f, text := t.genValue(a), k.o.str
			return func(m *Machine) bool {
				v := f(m)
				if v.o != nil && v.o.kind == KindString {
					return v.o.str == text
				}
				return Equal(v, k)
			}
		case k.IsNumber() && a.typ == typeNumber:
			f, x := t.genNum(a), k.n
			return func(m *Machine) bool { return f(m) == x }
		}
	}
	if a.typ == typeNumber && b.typ == typeNumber {
		x, y := t.genNum(n.a), t.genNum(n.b)
		return func(m *Machine) bool {
			r := y(m)
			return x(m) == r
		}
	}
	x, y := t.genValue(n.a), t.genValue(n.b)
	return func(m *Machine) bool {
		r := y(m)
		return Equal(x(m), r)
	}
}

func orderingOf(o op) ordering {
	switch o {
	case bytecode.Lt:
		return orderLess
	case bytecode.LtEq:
		return orderLessEq
	case bytecode.Gt:
		return orderGreater
	}
	return orderGreaterEq
}

// swapped is the operator with its operands exchanged.
func (o ordering) swapped() ordering {
	return [...]ordering{orderGreater, orderGreaterEq, orderLess, orderLessEq}[o]
}

// genCompare makes the ordering operators; a is the left operand.
func (t *translator) genCompare(n *node) condFunc {
	a, b, o := n.a, n.b, orderingOf(n.op)
	if isNumConst(a) && !isNumConst(b) {
		a, b, o = b, a, o.swapped()
	}
	if isNumConst(b) {
		return t.compareConst(a, b.value.n, o)
	}
	if t.isNumSlot(a) && t.isNumSlot(b) {
		return compareSlots(a.slot, b.slot, o)
	}
	if a.typ == typeNumber && b.typ == typeNumber {
		first, second := t.genNum(n.b), t.genNum(n.a)
		o = orderingOf(n.op)
		return func(m *Machine) bool {
			y := first(m)
			return o.numbers(second(m), y)
		}
	}
	x, y, nulls := t.genValue(n.a), t.genValue(n.b), t.p.opt.NullOrdering
	o = orderingOf(n.op)
	return func(m *Machine) bool {
		r := y(m)
		l := x(m)
		if l.o == &numberObject && r.o == &numberObject {
			return o.numbers(l.n, r.n)
		}
		return compare(l, r, o, nulls)
	}
}

func compareSlots(i, j int, o ordering) condFunc {
	switch o {
	case orderLess:
		return func(m *Machine) bool { return m.f[i] < m.f[j] }
	case orderLessEq:
		return func(m *Machine) bool { return m.f[i] <= m.f[j] }
	case orderGreater:
		return func(m *Machine) bool { return m.f[i] > m.f[j] }
	}
	return func(m *Machine) bool { return m.f[i] >= m.f[j] }
}

func (t *translator) compareConst(a *node, k float64, o ordering) condFunc {
	if t.isNumSlot(a) {
		i := a.slot
		switch o {
		case orderLess:
			return func(m *Machine) bool { return m.f[i] < k }
		case orderLessEq:
			return func(m *Machine) bool { return m.f[i] <= k }
		case orderGreater:
			return func(m *Machine) bool { return m.f[i] > k }
		}
		return func(m *Machine) bool { return m.f[i] >= k }
	}
	if a.typ == typeNumber {
		f := t.genNum(a)
		switch o {
		case orderLess:
			return func(m *Machine) bool { return f(m) < k }
		case orderLessEq:
			return func(m *Machine) bool { return f(m) <= k }
		case orderGreater:
			return func(m *Machine) bool { return f(m) > k }
		}
		return func(m *Machine) bool { return f(m) >= k }
	}
	nulls, right := t.p.opt.NullOrdering, Number(k)
	if t.isBoxedSlot(a) {
		return compareBoxed(a.slot, k, o, nulls)
	}
	f := t.genValue(a)
	return func(m *Machine) bool {
		v := f(m)
		if v.o == &numberObject {
			return o.numbers(v.n, k)
		}
		return compare(v, right, o, nulls)
	}
}

// compareBoxed compares a slot that holds values with a number.
func compareBoxed(i int, k float64, o ordering, nulls NullOrdering) condFunc {
	right := Number(k)
	switch o {
	case orderLess:
		return func(m *Machine) bool {
			if v := m.r[i]; v.o == &numberObject {
				return v.n < k
			} else {
				return compare(v, right, orderLess, nulls)
			}
		}
	case orderGreater:
		return func(m *Machine) bool {
			if v := m.r[i]; v.o == &numberObject {
				return v.n > k
			} else {
				return compare(v, right, orderGreater, nulls)
			}
		}
	}
	return func(m *Machine) bool {
		if v := m.r[i]; v.o == &numberObject {
			return o.numbers(v.n, k)
		} else {
			return compare(v, right, o, nulls)
		}
	}
}

// genLike compiles a constant pattern at load.
func (t *translator) genLike(n *node) condFunc {
	if n.b.kind != nodeConst {
		return nil
	}
	fold := n.op == bytecode.ILike || n.op == bytecode.NotILike
	negate := n.op == bytecode.NotLike || n.op == bytecode.NotILike
	f, p := t.genValue(n.a), newLike(strings.Clone(JSText(n.b.value)), fold)
	return func(m *Machine) bool {
		v := f(m)
		if v.o != nil && v.o.kind == KindString {
			return p.match(v.o.str) != negate
		}
		return p.match(JSText(v)) != negate
	}
}
