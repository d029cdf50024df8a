package vm

import (
	"errors"
	"slices"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// loop is the plain machine: one switch over decoded stack code. It runs what
// may be suspended, and whatever the closure back end declines; it is also the
// oracle that the closures are compared with.
//
// It ends with the value of the root, a suspension, or an error.
func (m *Machine) loop() (Value, *Suspension, error) {
	f := &m.frames[m.depth-1]
	p := f.prog
	code, ip := p.code, f.ip
	for {
		at := ip
		in := &code[at]
		ip++
		if m.fuel -= int64(in.cost); m.fuel < 0 {
			m.fail(m.refuel())
		}
		call := callNone
		switch in.op {
		case opConst:
			m.push(p.values[in.k])
		case opGlobal:
			ip += int(in.n)
			m.push(m.global(p.paths[in.k], p, at))
		case opProp:
			ip += int(in.n)
			m.push(m.getSite(m.pop(), p.sites[in.k]))
		case opGlue, bytecode.Jump:
			ip = int(in.n)
		case opFail:
			m.fail(Errorf("%s", p.texts[in.k]))
		case opEnd:
			call = callReturn
			if m.depth > 1 || m.sp == m.base {
				m.push(Null)
			}
		case bytecode.GetGlobal:
			keys := slices.Clone(m.popN(int(in.n)))
			slices.Reverse(keys)
			if len(keys) > 0 {
				m.push(m.globalOf(p, keys))
			} else {
				m.fail(Errorf("Global variable not found: "))
			}
		case bytecode.And, bytecode.Or:
			result := in.op == bytecode.And
			args := m.popN(int(in.n))
			for _, v := range args {
				if v.Truthy() == (in.op == bytecode.Or) {
					result = !result
					break
				}
			}
			clear(args)
			m.push(Bool(result))
		case bytecode.Not:
			m.push(Bool(!m.pop().Truthy()))
		case bytecode.Plus, bytecode.Minus, bytecode.Multiply, bytecode.Divide, bytecode.Mod:
			a := m.pop()
			b := m.pop()
			m.push(Number(arithmetic(in.op, ToNumber(a), ToNumber(b))))
		case bytecode.Eq, bytecode.NotEq, bytecode.Gt, bytecode.GtEq, bytecode.Lt, bytecode.LtEq,
			bytecode.Like, bytecode.ILike, bytecode.NotLike, bytecode.NotILike, bytecode.In, bytecode.NotIn,
			bytecode.Regex, bytecode.NotRegex, bytecode.IRegex, bytecode.NotIRegex:
			a := m.pop()
			b := m.pop()
			m.push(Bool(m.test(in.op, a, b)))
		case bytecode.Pop:
			m.pop()
		case bytecode.GetLocal:
			if i := m.base + int(in.n); i < m.sp {
				m.push(m.stack[i])
			} else {
				m.push(Null)
			}
		case bytecode.SetLocal:
			v := m.pop()
			m.setLocal(m.base+int(in.n), v)
		case bytecode.JumpIfFalse:
			if !m.pop().Truthy() {
				ip = int(in.n)
			}
		case bytecode.JumpIfStackNotNull:
			if m.sp > m.base && m.stack[m.sp-1].o != nil {
				ip = int(in.n)
			}
		case bytecode.Dict:
			m.fail(m.makeDict(int(in.n)))
		case bytecode.Array, bytecode.Tuple:
			m.fail(m.makeList(in.op, int(in.n)))
		case bytecode.GetProperty, bytecode.GetPropertyNullish:
			key := m.pop()
			obj := m.pop()
			m.push(m.getProperty(obj, key))
		case bytecode.SetProperty:
			v := m.pop()
			key := m.pop()
			obj := m.pop()
			if m.err == nil {
				m.fail(m.setProperty(obj, key, v))
			}
		case bytecode.Throw:
			call = callThrow
		case bytecode.Try:
			if len(m.tries) >= maxOperand {
				m.fail(m.alloc(m.memLimit))
			}
			m.tries = append(m.tries, try{ip: int(in.n), sp: m.sp, depth: m.depth})
		case bytecode.PopTry:
			if n := len(m.tries); n > 0 {
				m.tries = m.tries[:n-1]
			} else {
				m.fail(Errorf("Invalid HogQL bytecode, try stack is empty, can not pop"))
			}
		case bytecode.Callable:
			ip = int(in.n)
			m.fail(m.alloc(160))
			m.push(functionValue(&function{info: p.funcs[in.k]}))
		case bytecode.DeclareFn:
			ip = int(in.n)
			if m.declared == nil {
				m.declared = map[string]*function{}
			}
			m.declared[p.funcs[in.k].name] = &function{info: p.funcs[in.k]}
		case bytecode.Closure:
			m.fail(m.makeClosure(p, in))
		case bytecode.GetUpvalue:
			if c := m.upvalue(f.fn, int(in.n)); c != nil {
				m.push(m.getCell(c))
			}
		case bytecode.SetUpvalue:
			v := m.pop()
			if c := m.upvalue(f.fn, int(in.n)); c != nil {
				m.setCell(c, v)
			}
		case bytecode.CloseUpvalue:
			m.closeCells(m.sp - 1)
			m.pop()
		case bytecode.Return:
			call = callReturn
		case opProbe:
			call = callProbe
		default: // the calls
			call = callOut
		}
		if m.err != nil {
			m.placeError(p, at)
			var thrown *HogError
			if !errors.As(m.err, &thrown) || !m.catch(thrown.Value) {
				return Null, nil, m.err
			}
			m.err = nil
			f = &m.frames[m.depth-1]
			p = f.prog
			code, ip = p.code, f.ip
			continue
		}
		switch call {
		case callNone:
			continue
		case callOut:
			f.ip = ip
			s, err := m.callOut(p, in)
			if s != nil {
				return Null, s, nil
			}
			m.fail(err)
		case callThrow:
			m.fail(m.throw(m.pop()))
		case callProbe:
			f.ip = ip
			if m.inspector != nil && m.inspector.arrive() {
				return Null, nil, errPaused
			}
		case callReturn:
			v := m.pop()
			if m.err == nil {
				if m.depth == 1 {
					m.closeCells(0)
					return v, nil, nil
				}
				m.leave(v)
			}
		}
		if m.err != nil {
			m.placeError(p, at)
			var thrown *HogError
			if !errors.As(m.err, &thrown) || !m.catch(thrown.Value) {
				return Null, nil, m.err
			}
			m.err = nil
		}
		f = &m.frames[m.depth-1]
		p = f.prog
		code, ip = p.code, f.ip
	}
}

// What an instruction of the loop does to the frames.
const (
	callNone = iota
	callOut
	callThrow
	callReturn
	callProbe
)

// placeError gives a fault its place in the source. What runs without spans (a
// library function that is bytecode here) is placed at its call.
func (m *Machine) placeError(p *Program, ip int) {
	for i := m.depth - 2; p.spans == nil; i-- {
		if i < 0 {
			return
		}
		p, ip = m.frames[i].prog, max(0, m.frames[i].ip-1)
	}
	chunk := ""
	if p.apart {
		chunk = p.name
	}
	switch e := m.err.(type) {
	case *RuntimeError:
		if e.Span == (ast.Span{}) {
			e.Span, e.Chunk = p.spans[ip], chunk
		}
	case *HogError:
		if e.Span == (ast.Span{}) {
			e.Span, e.Chunk = p.spans[ip], chunk
		}
	}
}

func arithmetic(o op, a, b float64) float64 {
	switch o {
	case bytecode.Plus:
		return a + b
	case bytecode.Minus:
		return a - b
	case bytecode.Multiply:
		return a * b
	case bytecode.Divide:
		return a / b
	}
	return mod(a, b)
}

// test computes an operator that gives a boolean; a is the left operand.
func (m *Machine) test(o op, a, b Value) bool {
	switch o {
	case bytecode.Eq:
		return Equal(a, b)
	case bytecode.NotEq:
		return !Equal(a, b)
	case bytecode.Gt:
		return compare(a, b, orderGreater, m.prog.opt.NullOrdering)
	case bytecode.GtEq:
		return compare(a, b, orderGreaterEq, m.prog.opt.NullOrdering)
	case bytecode.Lt:
		return compare(a, b, orderLess, m.prog.opt.NullOrdering)
	case bytecode.LtEq:
		return compare(a, b, orderLessEq, m.prog.opt.NullOrdering)
	case bytecode.Like:
		return m.like(a, b, false)
	case bytecode.ILike:
		return m.like(a, b, true)
	case bytecode.NotLike:
		return !m.like(a, b, false)
	case bytecode.NotILike:
		return !m.like(a, b, true)
	case bytecode.In:
		return m.contains(a, b)
	case bytecode.NotIn:
		return !m.contains(a, b)
	case bytecode.Regex:
		return m.regex(a, b, false)
	case bytecode.NotRegex:
		return !m.regex(a, b, false)
	case bytecode.IRegex:
		return m.regex(a, b, true)
	}
	return !m.regex(a, b, true)
}

// setLocal writes a slot; a slot beyond the stack comes to be, as in JavaScript.
func (m *Machine) setLocal(i int, v Value) {
	for m.sp <= i && m.err == nil {
		m.push(Null)
	}
	if m.err == nil {
		m.stack[i] = v
	}
}

func (m *Machine) makeDict(n int) error {
	pairs := m.popN(2 * n)
	if err := m.alloc(128 + int64(n)*48); err != nil {
		return err
	}
	v := NewDict(n)
	for i := 0; i+1 < len(pairs); i += 2 {
		v.o.dict.put(pairs[i], pairs[i+1])
	}
	clear(pairs)
	m.push(v)
	return nil
}

func (m *Machine) makeList(o op, n int) error {
	elems := m.popN(n)
	if err := m.alloc(80 + int64(n)*16); err != nil {
		return err
	}
	kind := KindArray
	if o == bytecode.Tuple {
		kind = KindTuple
	}
	v := newList(kind, append(make([]Value, 0, len(elems)), elems...))
	clear(elems)
	m.push(v)
	return nil
}

func (m *Machine) makeClosure(p *Program, in *instr) error {
	v := m.pop()
	if v.Kind() != KindFunction {
		return Errorf("Invalid callable: %s", AppendJSON(nil, v))
	}
	fn := v.o.ext.fn
	if fn.info.ups != int(in.n) {
		return Errorf("Invalid upvalue count. Expected %d, got %d", fn.info.ups, in.n)
	}
	fn = &function{info: fn.info, up: make([]*cell, in.n)}
	outer := m.frames[m.depth-1].fn
	for i := range fn.up {
		slot := int(p.values[int(in.k)+i].n)
		if slot >= 0 {
			// The slot may not be filled yet: a function that calls itself
			// captures the slot that its closure is about to take.
			if n := m.base + slot + 1 - len(m.stack); n > 0 {
				m.grow(n)
			}
			fn.up[i] = m.cellOf(m.base + slot)
		} else if fn.up[i] = m.upvalue(outer, -slot-1); fn.up[i] == nil {
			return nil
		}
	}
	m.push(functionValue(fn))
	return nil
}

// upvalue gives a captured variable of fn; nil and a fault when there is none.
func (m *Machine) upvalue(fn *function, i int) *cell {
	if fn == nil || i >= len(fn.up) {
		m.fail(Errorf("Invalid upvalue index: %d", i))
		return nil
	}
	return fn.up[i]
}

// enter makes a frame for a function whose arguments are the argc topmost values.
func (m *Machine) enter(fn *function, argc int) error {
	info := fn.info
	if argc > info.argc {
		return Errorf("Too many arguments. Passed %d, expected %d", argc, info.argc)
	}
	if m.depth >= m.budget.Depth {
		return m.depthError()
	}
	for range info.argc - argc {
		m.push(Null)
	}
	m.base = m.sp - info.argc
	m.frames = append(m.frames[:m.depth], frame{fn: fn, prog: info.prog, ip: int(info.entry), base: m.base, argc: info.argc})
	m.depth++
	return nil
}

func (m *Machine) depthError() error {
	return limitErrorf(LimitDepth, "Call stack exceeded maximum length of %d", m.budget.Depth)
}

// leave drops the newest frame and gives v to its caller.
func (m *Machine) leave(v Value) {
	m.cut(m.base)
	m.depth--
	m.frames[m.depth] = frame{}
	// A handler dies with the frame that registered it.
	for n := len(m.tries); n > 0 && m.tries[n-1].depth > m.depth; n-- {
		m.tries = m.tries[:n-1]
	}
	m.base = m.frames[m.depth-1].base
	m.push(v)
}

// cut drops the stack above sp, closing what was captured there.
func (m *Machine) cut(sp int) {
	m.closeCells(sp)
	if sp < m.sp {
		clear(m.stack[sp:m.sp])
	}
	m.sp = sp
}

// throw makes the error of a THROW.
func (m *Machine) throw(v Value) error {
	if m.err != nil {
		return m.err
	}
	if v.Kind() != KindError {
		return Errorf("Can not throw: value is not of type Error")
	}
	return Throw(v)
}

// catch hands an error value to the newest handler; false when there is none.
func (m *Machine) catch(v Value) bool {
	n := len(m.tries)
	if n == 0 {
		return false
	}
	t := m.tries[n-1]
	m.tries = m.tries[:n-1]
	for m.depth > t.depth {
		m.depth--
		m.frames[m.depth] = frame{}
	}
	f := &m.frames[m.depth-1]
	m.base, f.ip = f.base, t.ip
	m.cut(min(t.sp, m.sp))
	m.err = nil
	m.push(v)
	return m.err == nil
}

// callOut makes the calls: of a named function, or of a function value. The
// frame's ip is already behind the call.
func (m *Machine) callOut(p *Program, in *instr) (*Suspension, error) {
	n := int(in.n)
	if in.op == bytecode.CallLocal {
		return m.callValue(m.pop(), n)
	}
	if m.err != nil {
		return nil, m.err
	}
	site := p.calls[in.k]
	if n > m.sp-m.base {
		return nil, Errorf("Not enough arguments on the stack")
	}
	if n > maxArguments {
		return nil, Errorf("Too many arguments")
	}
	if m.declared != nil && site.name != "toString" {
		if fn := m.declared[site.name]; fn != nil {
			return nil, m.enter(fn, n)
		}
	}
	args := m.stack[m.sp-n : m.sp]
	if p.version == 0 {
		slices.Reverse(args)
	}
	switch in.op {
	case opCallHost:
		v, err := m.host(site.name, args)
		return nil, m.answer(n, v, err)
	case opCallAsync:
		return m.suspend(site.name, n)
	case opCallLib:
		return nil, m.callLibrary(site.lib, n)
	}
	if site.name == "import" {
		return nil, m.importChunk(n)
	}
	return nil, Errorf("Unsupported function call: %s", site.name)
}

// answer replaces n arguments by a result.
func (m *Machine) answer(n int, v Value, err error) error {
	if err != nil {
		return err
	}
	clear(m.popN(n))
	m.push(v)
	return nil
}

func (m *Machine) callLibrary(f *libFunc, n int) error {
	if msg := f.arity(n); msg != "" {
		return Errorf("%s", msg)
	}
	if f.code != nil {
		prog, err := f.code()
		if err != nil {
			return foreign(err)
		}
		if m.prog.writes {
			for _, a := range m.stack[m.sp-n : m.sp] {
				expose(a)
			}
		}
		return m.enter(&function{info: prog.main}, n)
	}
	v, err := m.library(f, m.stack[m.sp-n:m.sp])
	return m.answer(n, v, err)
}

func (m *Machine) callValue(v Value, n int) (*Suspension, error) {
	if m.err != nil {
		return nil, m.err
	}
	if v.Kind() != KindFunction {
		return nil, invalidClosure(v)
	}
	if n > m.sp-m.base {
		return nil, Errorf("Not enough arguments on the stack")
	}
	if n > maxArguments {
		return nil, Errorf("Too many arguments")
	}
	fn := v.o.ext.fn
	switch fn.info.kind {
	case fnAsync:
		return m.suspend(fn.info.name, n)
	case fnLibrary:
		f := fn.info.lib
		args, err := fillArgs(f, m.stack[m.sp-n:m.sp])
		if err != nil {
			return nil, err
		}
		for _, a := range args[n:] {
			m.push(a)
		}
		return nil, m.callLibrary(f, len(args))
	}
	return nil, m.enter(fn, n)
}

// suspend ends the run at an asynchronous call.
func (m *Machine) suspend(name string, n int) (*Suspension, error) {
	if m.asyncSteps >= m.budget.AsyncSteps {
		return nil, limitErrorf(LimitAsync, "Exceeded maximum number of async steps: %d", max(0, m.budget.AsyncSteps))
	}
	popped := m.popN(n)
	args := slices.Clone(popped)
	clear(popped)
	m.asyncSteps++
	return &Suspension{Name: name, Args: args, State: &State{}}, nil
}
