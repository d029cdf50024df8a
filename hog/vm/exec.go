package vm

import (
	"errors"

	"hogpen/hog/ast"
)

// merge lets a block that jumps to a bare condition test it itself, so that a
// loop is one block.
func (c *compiled) merge() {
	for i := range c.blocks {
		b := &c.blocks[i]
		for range 4 {
			if b.kind != endJump || b.yes == i {
				break
			}
			n := &c.blocks[b.yes]
			if len(n.stmts) > 0 {
				break
			}
			b.cost += n.cost
			b.kind, b.cond, b.value, b.yes, b.no = n.kind, n.cond, n.value, n.yes, n.no
		}
	}
}

// failAt notes a fault with its place, unless there was one before.
func (m *Machine) failAt(p *Program, at int, err error) {
	if m.err != nil || err == nil {
		return
	}
	m.err = err
	if p.spans == nil {
		return
	}
	switch e := err.(type) {
	case *RuntimeError:
		if e.Span == (ast.Span{}) {
			e.Span = p.spans[at]
		}
	case *HogError:
		if e.Span == (ast.Span{}) {
			e.Span = p.spans[at]
		}
	}
}

// runCompiled runs the program's root.
func (m *Machine) runCompiled() (Value, error) {
	c := m.prog.entry
	m.compiled = true
	m.depth = 1
	if c.size > len(m.stack) {
		m.grow(c.size)
	}
	m.peak = c.size
	m.r = m.stack[:c.size]
	m.takeNums(c, 0)
	v := m.exec(c, &c.blocks[0])
	m.closeCells(0)
	if m.err != nil {
		return Null, m.err
	}
	return v, nil
}

// takeNums gives the frame at base its numeric slots.
func (m *Machine) takeNums(c *compiled, base int) {
	if c.nums == 0 {
		m.f = nil
		return
	}
	if n := base + c.nums; n > len(m.nums) {
		m.nums = append(m.nums, make([]float64, n-len(m.nums)+64)...)
	}
	m.f = m.nums[base : base+c.nums]
}

// begin runs a function that begins with a bare condition, as recursive ones
// do. Half of their calls end with it, and need no more than this.
func (m *Machine) begin(c *compiled) Value {
	b := &c.blocks[0]
	if m.fuel < b.cost {
		return m.exec(c, b)
	}
	m.fuel -= b.cost
	next := b.no
	if b.cond(m) {
		next = b.yes
	}
	if m.err != nil {
		return Null // no handler is registered yet
	}
	b = &c.blocks[next]
	if b.kind != endReturn || len(b.stmts) > 0 || m.fuel < b.cost {
		return m.exec(c, b)
	}
	m.fuel -= b.cost
	return b.value(m)
}

// exec runs the blocks of a function from b on, in the frame that is set up.
// With m.err set the value means nothing.
func (m *Machine) exec(c *compiled, b *block) Value {
	for {
		if m.fuel -= b.cost; m.fuel < 0 {
			if m.fail(m.refuel()); m.err != nil {
				return Null // no handler catches a limit
			}
		}
		for _, s := range b.stmts {
			if s(m); m.err != nil {
				goto fault
			}
		}
		switch b.kind {
		case endJump:
			b = &c.blocks[b.yes]
			continue
		case endCond:
			next := b.no
			if b.cond(m) {
				next = b.yes
			}
			if m.err == nil {
				b = &c.blocks[next]
				continue
			}
		default:
			if v := b.value(m); m.err == nil {
				return v
			}
		}
	fault:
		at := m.catchHere(c)
		if at < 0 {
			return Null
		}
		b = &c.blocks[at]
	}
}

// catchHere hands a thrown error to the newest handler if it is one of the
// current frame, and gives the block to go on with, else -1.
func (m *Machine) catchHere(c *compiled) int {
	var thrown *HogError
	n := len(m.tries)
	if !c.tries || n == 0 || m.tries[n-1].depth != m.depth || !errors.As(m.err, &thrown) {
		return -1
	}
	t := m.tries[n-1]
	m.tries = m.tries[:n-1]
	m.err = nil
	m.closeCells(t.sp)
	m.r[t.sp-m.base] = thrown.Value
	return t.ip
}

// ready gives the function that v is, if it can be entered at once: closures
// of the program that take n arguments. It is small enough to be inlined.
func (v Value) ready(n int) *function {
	if v.o == nil || v.o.kind != KindFunction {
		return nil
	}
	fn := v.o.ext.fn
	if fn.info.body == nil || n > fn.info.argc {
		return nil
	}
	return fn
}

// callCompiled calls a function value; its n arguments stand from slot place
// on, where the result goes.
func (m *Machine) callCompiled(v Value, place, n int, p *Program, at int) {
	o := v.o
	if o == nil || o.kind != KindFunction {
		m.failAt(p, at, invalidClosure(v))
		return
	}
	fn := o.ext.fn
	c := fn.info.body
	if c == nil {
		m.callOther(fn, v, place, n, p, at)
		return
	}
	if n > fn.info.argc {
		m.failAt(p, at, Errorf("Too many arguments. Passed %d, expected %d", n, fn.info.argc))
		return
	}
	m.enterCompiled(fn, c, place, n, p, at)
}

func (m *Machine) enterCompiled(fn *function, c *compiled, place, n int, p *Program, at int) {
	// nums may move meanwhile; the frame's own slice stays good, for nobody else
	// looks into it.
	base, size, outer, nums := m.base, len(m.r), m.fn, m.f
	inner := base + place
	top := inner + c.size
	if m.depth >= len(m.fns) || top > m.peak {
		if !m.makeRoom(c, top, p, at) {
			return
		}
	}
	m.fns[m.depth] = fn
	m.depth++
	r := m.stack[inner:top]
	for i := n; i < fn.info.argc; i++ {
		r[i] = Null
	}
	m.base, m.r = inner, r
	if fn != outer {
		m.fn = fn
	}
	if c.nums > 0 {
		m.takeNums(c, inner)
	}
	mem := m.mem
	var v Value
	if c.guarded {
		v = m.begin(c)
	} else {
		v = m.exec(c, &c.blocks[0])
	}
	if c.closes || c.tries {
		m.settleFrame(inner)
	}
	// What the callee leaves in its slots would count as reachable; only
	// when it took memory is that worth the clearing.
	if c.clears && m.mem != mem {
		clear(m.r[1:])
	}
	m.depth--
	m.base = base
	if fn != outer {
		m.fn = outer
	}
	if c.nums > 0 {
		m.f = nums
	}
	m.r = m.stack[base : base+size]
	m.r[place] = v
}

// settleFrame ends what a frame may leave behind: cells of its slots that closures
// keep, and handlers.
func (m *Machine) settleFrame(inner int) {
	m.closeCells(inner)
	for i := len(m.tries); i > 0 && m.tries[i-1].depth >= m.depth; i-- {
		m.tries = m.tries[:i-1]
	}
}

// makeRoom is the rare part of a call: the depth limit, and larger stacks.
func (m *Machine) makeRoom(c *compiled, top int, p *Program, at int) bool {
	if m.depth >= m.budget.Depth {
		m.failAt(p, at, m.depthError())
		return false
	}
	if m.depth >= len(m.fns) {
		n := min(max(16, 2*len(m.fns)), m.budget.Depth)
		m.fns = append(m.fns, make([]*function, n-len(m.fns))...)
	}
	if top > len(m.stack) {
		m.grow(top - len(m.stack))
		m.r = m.stack[m.base : m.base+len(m.r)]
	}
	m.peak = max(m.peak, top)
	return m.err == nil
}

// callOther calls a library function value.
func (m *Machine) callOther(fn *function, v Value, place, n int, p *Program, at int) {
	if fn.info.kind != fnLibrary {
		m.failAt(p, at, invalidClosure(v))
		return
	}
	args, err := fillArgs(fn.info.lib, m.r[place:place+n])
	if err == nil {
		v, err = m.library(fn.info.lib, args)
	}
	if err != nil {
		m.failAt(p, at, err)
		return
	}
	m.r[place] = v
}

// invokeCompiled calls a function of the program for a library function: its
// frame begins above the one that called the library.
func (m *Machine) invokeCompiled(fn *function, args []Value) (Value, error) {
	c := fn.info.body
	if c == nil || !m.compiled {
		return Null, Errorf("Invalid closure: the function can not be called here")
	}
	if len(args) > fn.info.argc {
		return Null, Errorf("Too many arguments. Passed %d, expected %d", len(args), fn.info.argc)
	}
	base, size, outer := m.base, len(m.r), m.fn
	top := base + size + max(c.size, len(args)+1)
	if m.depth+1 >= len(m.fns) || top > m.peak {
		m.depth++ // the library function's own frame
		ok := m.makeRoom(c, top, m.prog, 0)
		m.depth--
		if !ok {
			err := m.err
			m.err = nil
			return Null, err
		}
	}
	m.depth++
	m.fns[m.depth-1] = nil
	// The frame of the library function: nothing but the arguments.
	m.base = base + size
	m.r = m.stack[m.base : m.base+max(1, len(args))]
	copy(m.r, args)
	m.enterCompiled(fn, c, 0, len(args), m.prog, 0)
	v, err := m.stack[m.base], m.err
	m.stack[m.base] = Null
	m.err = nil
	m.depth--
	m.base, m.fn = base, outer
	m.r = m.stack[base : base+size]
	return v, err
}
