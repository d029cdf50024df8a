package vm

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Machine runs programs, one at a time. It keeps its stack and memories from
// run to run, so that a short run allocates nothing: keep one per worker. The
// zero Machine is ready. It is not safe for concurrent use.
type Machine struct {
	prog    *Program
	env     Env
	globals *dict
	ctx     context.Context

	stack  []Value
	sp     int // stack[:sp] is in use
	base   int // where the current frame begins
	frames []frame
	depth  int // frames[:depth] are in use
	tries  []try
	open   []*cell // open cells, by slot
	fn     *function
	err    error // the first fault of the run; nothing that follows counts

	declared map[string]*function
	call     Call
	kept     []Value
	patterns patterns
	buf      []byte
	run      uint64 // number of the run, so that builders know theirs

	asked      Budget // of which budget was made
	budget     Budget
	clocked    bool // started is set
	started    time.Time
	syncBefore time.Duration
	opsBefore  int64
	granted    int64
	fuel       int64
	extra      int64
	mem        int64
	memMax     int64
	memLimit   int64
	asyncSteps int
	printed    int64 // bytes, since the run began or went on

	// The closure back end. r and f are the current frame's slots.
	r        []Value
	f        []float64
	nums     []float64   // numeric slots, by the same numbers as the stack's
	compiled bool        // a closure program runs
	peak     int         // stack[:peak] was in use by it
	fns      []*function // the functions of its frames, fns[:depth]

	inspector *Inspector // whom the machine works for, if for one
}

// frame is an activation of a function.
type frame struct {
	fn   *function
	prog *Program
	ip   int // where to go on when the callee returns
	base int
	argc int
}

// try is a registered handler: where it goes on, and the heights to cut back to.
type try struct {
	ip    int
	sp    int
	depth int
}

// Result is how a run ended, if not with an error.
type Result struct {
	// Value is what the program returned; null when it was suspended.
	Value Value
	// Suspended names the function the program waits for; nil when it finished.
	Suspended *Suspension
	// Ops counts operations, also those before a suspension.
	Ops int64
	// SyncDuration is the time spent running, without the waiting. Runs of less
	// than some 4096 operations do not look at the clock and count as nothing.
	SyncDuration time.Duration
	// MaxMemory is the most that was charged at a time, in bytes.
	MaxMemory int64
}

// Suspension is a call that the host must answer (see Machine.Resume).
type Suspension struct {
	Name  string
	Args  []Value
	State *State
}

// Run runs a program from its beginning. globals is a dict (or null) and
// becomes frozen: freeze it before it is shared. ctx may be nil; its end
// aborts the run within about 4096 operations.
//
// The error is a *HogError for an uncaught throw, else a *RuntimeError. The
// counts of the result are valid with an error too.
func (m *Machine) Run(ctx context.Context, p *Program, globals Value, env Env, b Budget) (Result, error) {
	m.reset(p, globals, env)
	m.ctx = ctx
	m.syncBefore, m.opsBefore, m.asyncSteps = 0, 0, 0
	m.mem, m.memMax = 0, 0
	m.setBudget(b)
	if p.entry != nil {
		v, err := m.runCompiled()
		return m.finish(v, nil, err)
	}
	m.frames = append(m.frames[:0], frame{prog: p})
	m.depth = 1
	return m.conclude()
}

func (m *Machine) conclude() (Result, error) {
	v, s, err := m.loop()
	return m.finish(v, s, err)
}

func (m *Machine) finish(v Value, s *Suspension, err error) (Result, error) {
	r := Result{Value: v, Suspended: s, Ops: m.Ops(), SyncDuration: m.elapsed(), MaxMemory: max(m.mem, m.memMax)}
	if s != nil {
		m.capture(s.State, r)
	}
	m.release()
	return r, err
}

func (m *Machine) reset(p *Program, globals Value, env Env) {
	m.prog, m.env = p, env
	m.globals = nil
	if globals.IsDict() {
		m.globals = globals.Freeze().o.dict
	}
	m.call.m = m
	m.run++
	m.sp, m.base, m.depth, m.fn, m.err = 0, 0, 0, nil, nil
	if m.stack == nil {
		m.stack = make([]Value, 256)
	}
}

// release forgets what the run left, by the length used. A stack that grew
// large is given back.
func (m *Machine) release() {
	if len(m.stack) > 1<<16 {
		m.stack = nil
	} else if n := max(m.sp, m.peak); n > 0 {
		clear(m.stack[:n])
	}
	m.frames, m.tries = emptied(m.frames), m.tries[:0]
	if len(m.fns) > 64 {
		m.fns = nil
	} else if len(m.fns) > 0 {
		clear(m.fns)
	}
	m.open, m.kept = emptied(m.open), emptied(m.kept)
	m.sp, m.depth, m.fn, m.declared = 0, 0, nil, nil
	m.r, m.f, m.compiled, m.peak = nil, nil, false, 0
	m.env, m.globals, m.ctx, m.call.Args = Env{}, nil, nil, nil
	if cap(m.buf) > 1<<16 {
		m.buf = nil
	}
}

// emptied clears what a slice holds and cuts it to nothing.
func emptied[T any](s []T) []T {
	if len(s) > 0 {
		clear(s)
	}
	return s[:0]
}

// top is where the free part of the stack begins.
func (m *Machine) top() int {
	if m.compiled {
		return m.base + len(m.r)
	}
	return m.sp
}

func (m *Machine) now() time.Time {
	if m.env.Now != nil {
		return m.env.Now()
	}
	return time.Now()
}

// fail notes the first fault of the run.
func (m *Machine) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}

func (m *Machine) push(v Value) {
	if m.sp == len(m.stack) {
		m.grow(1)
	}
	m.stack[m.sp] = v
	m.sp++
}

// grow makes room for n more values, charging them.
func (m *Machine) grow(n int) {
	more := max(n, len(m.stack))
	if err := m.alloc(int64(more) * 16); err != nil {
		m.fail(err)
	}
	m.stack = append(m.stack, make([]Value, more)...)
}

func (m *Machine) pop() Value {
	if m.sp <= m.base {
		m.fail(Errorf("Invalid HogQL bytecode, stack is empty, can not pop"))
		return Null
	}
	m.sp--
	v := m.stack[m.sp]
	m.stack[m.sp] = Null
	return v
}

// popN gives the n topmost values in order. They stay valid until the next push.
func (m *Machine) popN(n int) []Value {
	if m.sp-n < m.base {
		m.fail(Errorf("Invalid HogQL bytecode, stack is empty, can not pop"))
		return nil
	}
	m.sp -= n
	return m.stack[m.sp : m.sp+n]
}

// capture finds the open cell of a slot or makes one.
func (m *Machine) cellOf(slot int) *cell {
	i, found := slices.BinarySearchFunc(m.open, slot, func(c *cell, s int) int { return c.slot - s })
	if found {
		return m.open[i]
	}
	c := &cell{slot: slot, open: true}
	m.open = slices.Insert(m.open, i, c)
	return c
}

// closeCells moves the values of all slots from on into their cells.
func (m *Machine) closeCells(from int) {
	for n := len(m.open); n > 0 && m.open[n-1].slot >= from; n = len(m.open) {
		c := m.open[n-1]
		c.v, c.open = m.stack[c.slot], false
		m.open[n-1] = nil
		m.open = m.open[:n-1]
	}
}

func (m *Machine) getCell(c *cell) Value {
	if c.open {
		return m.stack[c.slot]
	}
	return c.v
}

func (m *Machine) setCell(c *cell, v Value) {
	if c.open {
		m.stack[c.slot] = v
	} else {
		c.v = v
	}
}

// library calls a library function on arguments that stay in the stack.
func (m *Machine) library(f *libFunc, args []Value) (Value, error) {
	if f.Elements && m.prog.writes {
		for _, a := range args {
			expose(a)
		}
	}
	return m.goCall(f.Call, args)
}

func (m *Machine) goCall(f HostFunc, args []Value) (Value, error) {
	before := m.call.Args
	m.call.Args = args
	v, err := f(&m.call)
	m.call.Args = before
	if err != nil {
		return Null, foreign(err)
	}
	return v, nil
}

func (m *Machine) host(name string, args []Value) (Value, error) {
	f := m.env.Functions[name]
	if f == nil {
		return Null, Errorf("Unsupported function call: %s", name)
	}
	// What the host makes of its arguments may outlive the call: it gets a
	// slice of its own.
	return m.goCall(f, slices.Clone(args))
}

// invoke calls a function value for a library function. Only the closure back
// end comes here; the switch machine runs such functions as bytecode.
func (m *Machine) invoke(v Value, args []Value) (Value, error) {
	if v.Kind() != KindFunction {
		return Null, invalidClosure(v)
	}
	fn := v.o.ext.fn
	switch fn.info.kind {
	case fnLibrary:
		return m.invokeLibrary(fn.info.lib, args)
	case fnLocal:
		return m.invokeCompiled(fn, args)
	}
	return Null, invalidClosure(v)
}

// invokeLibrary copies the arguments, so that the slice of the caller need not
// be allocated.
func (m *Machine) invokeLibrary(f *libFunc, args []Value) (Value, error) {
	if msg := f.arity(len(args)); msg != "" {
		return Null, Errorf("%s", msg)
	}
	own := make([]Value, max(len(args), f.Max))
	copy(own, args)
	return m.library(f, own)
}

func invalidClosure(v Value) error {
	return Errorf("Invalid closure: %s", AppendJSON(nil, v))
}

// fillArgs checks the arity of a library function called as a value; missing
// optional arguments become null there.
func fillArgs(f *libFunc, args []Value) ([]Value, error) {
	if msg := f.arity(len(args)); msg != "" {
		return nil, Errorf("%s", msg)
	}
	if len(args) < f.Max {
		args = append(slices.Clone(args), make([]Value, f.Max-len(args))...)
	}
	return args, nil
}

// Concat is the function concat: the texts of all arguments in one string,
// null as nothing. The first argument's buffer is grown in place if nobody
// did so before, so that building a text piece by piece is linear.
func (c *Call) Concat() (Value, error) { return c.m.concat(c.Args) }

func (m *Machine) concat(args []Value) (Value, error) {
	if len(args) > 1 && args[0].IsString() {
		o := args[0].o
		if x := o.ext; x != nil && x.builder.m == m && x.builder.run == m.run && x.builder.b.Len() == len(o.str) {
			return m.appendTo(x, args[1:])
		}
	}
	buf := m.buf[:0]
	for _, a := range args {
		before := len(buf)
		buf = appendText(buf, a)
		if !a.IsString() && TooLong(len(buf)-before) {
			return Null, endless()
		}
		if int64(len(buf)) > m.memLimit {
			break // and is refused below
		}
		if len(buf) > 1<<16 {
			if err := m.alloc(int64(len(buf)) / 8); err != nil {
				return Null, err
			}
		}
	}
	m.buf = buf
	if err := m.charge(len(buf)); err != nil {
		return Null, err
	}
	if len(buf) >= 64 && args[0].IsString() && len(args[0].o.str)*2 >= len(buf) {
		x := &ext{builder: &builder{m: m, run: m.run}}
		x.builder.b.Grow(2 * len(buf))
		x.builder.b.Write(buf)
		return Value{0, &object{kind: KindString, str: x.builder.b.String(), ext: x}}, nil
	}
	return String(string(buf)), nil
}

func (m *Machine) appendTo(x *ext, args []Value) (Value, error) {
	b := &x.builder.b
	before := b.Len()
	for _, a := range args {
		if a.IsString() {
			if err := m.charge(len(a.o.str)); err != nil {
				return Null, err
			}
			b.WriteString(a.o.str)
			continue
		}
		m.buf = appendText(m.buf[:0], a)
		b.Write(m.buf)
	}
	if err := m.charge(b.Len() - before); err != nil {
		return Null, err
	}
	return Value{0, &object{kind: KindString, str: b.String(), ext: x}}, nil
}

// charge accounts for a string of n bytes, in memory and in time.
func (m *Machine) charge(n int) error {
	if n > 1024 {
		if err := m.spend(int64(n) >> 4); err != nil {
			return err
		}
	}
	return m.alloc(int64(n) + 48)
}

// appendText appends what concat makes of a value.
func appendText(dst []byte, v Value) []byte {
	switch v.Kind() {
	case KindNull:
		return dst
	case KindString:
		return append(dst, v.o.str...)
	case KindNumber:
		return AppendNumber(dst, v.n)
	}
	s, _ := ToString(v)
	return append(dst, s...)
}

func textContains(s, sub string) bool { return strings.Contains(s, sub) }
