package vm

import "hogpen/hog/bytecode"

// genNum makes the closure that gives a node as a number.
func (t *translator) genNum(n *node) numFunc {
	if t.again {
		return nil
	}
	switch n.kind {
	case nodeConst:
		k := ToNumber(n.value)
		return func(*Machine) float64 { return k }
	case nodeSlot:
		i := n.slot
		if !t.boxed[i] {
			return func(m *Machine) float64 { return m.f[i] }
		}
		return func(m *Machine) float64 {
			if v := m.r[i]; v.o == &numberObject {
				return v.n
			} else {
				return ToNumber(v)
			}
		}
	case nodeArith:
		return t.genArith(n)
	}
	f := t.genValue(n)
	return func(m *Machine) float64 {
		if v := f(m); v.o == &numberObject {
			return v.n
		} else {
			return ToNumber(v)
		}
	}
}

// genArith makes an arithmetic operator: a op b, b evaluated first.
func (t *translator) genArith(n *node) numFunc {
	a, b := n.a, n.b
	switch {
	case b.kind == nodeConst:
		return t.arithConst(n.op, a, ToNumber(b.value))
	case a.kind == nodeConst:
		return t.constArith(n.op, ToNumber(a.value), t.genNum(b))
	case t.isNumSlot(a) && t.isNumSlot(b):
		return arithSlots(n.op, a.slot, b.slot)
	case t.isNumSlot(a):
		return slotArith(n.op, a.slot, t.genNum(b))
	case t.isNumSlot(b):
		return arithSlot(n.op, t.genNum(a), b.slot)
	}
	if (n.op == bytecode.Plus || n.op == bytecode.Minus) && t.isProduct(a) && t.isProduct(b) {
		return sumOfProducts(n.op, a.a.slot, a.b.slot, b.a.slot, b.b.slot)
	}
	x, y := t.genNum(a), t.genNum(b)
	switch n.op {
	case bytecode.Plus:
		return func(m *Machine) float64 {
			r := y(m)
			return x(m) + r
		}
	case bytecode.Minus:
		return func(m *Machine) float64 {
			r := y(m)
			return x(m) - r
		}
	case bytecode.Multiply:
		return func(m *Machine) float64 {
			r := y(m)
			return x(m) * r
		}
	case bytecode.Divide:
		return func(m *Machine) float64 {
			r := y(m)
			return x(m) / r
		}
	}
	return func(m *Machine) float64 {
		r := y(m)
		return mod(x(m), r)
	}
}

// isProduct reports whether a node is a numeric slot times another.
func (t *translator) isProduct(n *node) bool {
	return n.kind == nodeArith && n.op == bytecode.Multiply && t.isNumSlot(n.a) && t.isNumSlot(n.b)
}

// sumOfProducts is i * j + k * l, or minus: what distances are made of.
func sumOfProducts(o op, i, j, k, l int) numFunc {
	if o == bytecode.Minus {
		return func(m *Machine) float64 {
			x := float64(m.f[i] * m.f[j]) // rounded: a fused product would be another number
			return x - float64(m.f[k]*m.f[l])
		}
	}
	return func(m *Machine) float64 {
		x := float64(m.f[i] * m.f[j])
		return x + float64(m.f[k]*m.f[l])
	}
}

// arithConst is a op k.
func (t *translator) arithConst(o op, a *node, k float64) numFunc {
	if t.isNumSlot(a) {
		i := a.slot
		switch o {
		case bytecode.Plus:
			return func(m *Machine) float64 { return m.f[i] + k }
		case bytecode.Minus:
			return func(m *Machine) float64 { return m.f[i] - k }
		case bytecode.Multiply:
			return func(m *Machine) float64 { return m.f[i] * k }
		case bytecode.Divide:
			return func(m *Machine) float64 { return m.f[i] / k }
		}
	}
	if t.isBoxedSlot(a) && (o == bytecode.Plus || o == bytecode.Minus) {
		i := a.slot
		if o == bytecode.Minus {
			k = -k // x - k and x + -k are one in IEEE arithmetic
		}
		return func(m *Machine) float64 {
			if v := m.r[i]; v.o == &numberObject {
				return v.n + k
			} else {
				return ToNumber(v) + k
			}
		}
	}
	if o == bytecode.Mod {
		return t.modConst(a, k)
	}
	x := t.genNum(a)
	switch o {
	case bytecode.Plus:
		return func(m *Machine) float64 { return x(m) + k }
	case bytecode.Minus:
		return func(m *Machine) float64 { return x(m) - k }
	case bytecode.Multiply:
		return func(m *Machine) float64 { return x(m) * k }
	}
	return func(m *Machine) float64 { return x(m) / k }
}

// modConst is a % k, with integers as integers. A dividend of 2^31 and more
// takes the general way, as does a negative one (it may give minus zero).
func (t *translator) modConst(a *node, k float64) numFunc {
	x := t.genNum(a)
	small := uint32(k)
	if float64(small) != k || small == 0 {
		return func(m *Machine) float64 { return mod(x(m), k) }
	}
	if a.kind == nodeArith && a.op == bytecode.Multiply && t.isNumSlot(a.a) && isNumConst(a.b) {
		i, f := a.a.slot, a.b.value.n
		return func(m *Machine) float64 {
			v := m.f[i] * f
			if n := int64(v); float64(n) == v && n > 0 && n <= 0x7fffffff {
				return float64(uint32(n) % small)
			}
			return mod(v, k)
		}
	}
	if t.isNumSlot(a) {
		i := a.slot
		return func(m *Machine) float64 {
			v := m.f[i]
			if n := int64(v); float64(n) == v && n > 0 && n <= 0x7fffffff {
				return float64(uint32(n) % small)
			}
			return mod(v, k)
		}
	}
	return func(m *Machine) float64 {
		v := x(m)
		if n := int64(v); float64(n) == v && n > 0 && n <= 0x7fffffff {
			return float64(uint32(n) % small)
		}
		return mod(v, k)
	}
}

// constArith is k op b.
func (t *translator) constArith(o op, k float64, y numFunc) numFunc {
	switch o {
	case bytecode.Plus:
		return func(m *Machine) float64 { return k + y(m) }
	case bytecode.Minus:
		return func(m *Machine) float64 { return k - y(m) }
	case bytecode.Multiply:
		return func(m *Machine) float64 { return k * y(m) }
	case bytecode.Divide:
		return func(m *Machine) float64 { return k / y(m) }
	}
	return func(m *Machine) float64 { return mod(k, y(m)) }
}

func arithSlots(o op, i, j int) numFunc {
	switch o {
	case bytecode.Plus:
		return func(m *Machine) float64 { return m.f[i] + m.f[j] }
	case bytecode.Minus:
		return func(m *Machine) float64 { return m.f[i] - m.f[j] }
	case bytecode.Multiply:
		return func(m *Machine) float64 { return m.f[i] * m.f[j] }
	case bytecode.Divide:
		return func(m *Machine) float64 { return m.f[i] / m.f[j] }
	}
	return func(m *Machine) float64 { return mod(m.f[i], m.f[j]) }
}

// slotArith is slot op y. Nothing that y does can change a numeric slot.
func slotArith(o op, i int, y numFunc) numFunc {
	switch o {
	case bytecode.Plus:
		return func(m *Machine) float64 { return y(m) + m.f[i] }
	case bytecode.Minus:
		return func(m *Machine) float64 {
			r := y(m)
			return m.f[i] - r
		}
	case bytecode.Multiply:
		return func(m *Machine) float64 { return y(m) * m.f[i] }
	case bytecode.Divide:
		return func(m *Machine) float64 {
			r := y(m)
			return m.f[i] / r
		}
	}
	return func(m *Machine) float64 {
		r := y(m)
		return mod(m.f[i], r)
	}
}

// arithSlot is x op slot.
func arithSlot(o op, x numFunc, j int) numFunc {
	switch o {
	case bytecode.Plus:
		return func(m *Machine) float64 { return x(m) + m.f[j] }
	case bytecode.Minus:
		return func(m *Machine) float64 { return x(m) - m.f[j] }
	case bytecode.Multiply:
		return func(m *Machine) float64 { return x(m) * m.f[j] }
	case bytecode.Divide:
		return func(m *Machine) float64 { return x(m) / m.f[j] }
	}
	return func(m *Machine) float64 { return mod(x(m), m.f[j]) }
}
