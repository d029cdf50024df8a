package vm

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// State is a suspended run. It holds live values: resume it once, or write it
// to JSON and read it back as often as wanted.
type State struct {
	hash       string
	stack      []Value
	frames     []frame
	tries      []try
	open       []*cell
	declared   map[string]*function
	ops        int64
	asyncSteps int
	elapsed    time.Duration
	maxMem     int64
}

// capture moves what the run needs later into s.
func (m *Machine) capture(s *State, r Result) {
	s.hash = m.prog.hash
	s.stack = slices.Clone(m.stack[:m.sp])
	s.frames = slices.Clone(m.frames[:m.depth])
	s.tries = slices.Clone(m.tries)
	s.open = slices.Clone(m.open)
	s.declared = m.declared
	s.ops, s.asyncSteps, s.elapsed, s.maxMem = r.Ops, m.asyncSteps, r.SyncDuration, r.MaxMemory
}

// AsyncSteps is the number of suspensions so far.
func (s *State) AsyncSteps() int { return s.asyncSteps }

// Resume goes on with a suspended run: answer takes the place of the call's
// result. The program must have the bytecode that the run began with; globals,
// environment and budget are given anew, and count what was used before.
func (m *Machine) Resume(ctx context.Context, p *Program, s *State, answer Value, globals Value, env Env, b Budget) (Result, error) {
	if err := m.restore(ctx, p, s, globals, env, b); err != nil {
		return Result{}, err
	}
	if m.err = m.alloc(int64(m.sp) * 16); m.err == nil {
		m.push(answer)
	}
	if m.err != nil {
		return m.finish(Null, nil, m.err)
	}
	return m.conclude()
}

// restore brings the machine to where the run stopped.
func (m *Machine) restore(ctx context.Context, p *Program, s *State, globals Value, env Env, b Budget) error {
	if s.hash != p.hash {
		return fmt.Errorf("resume: the state belongs to other bytecode (%s, not %s)", s.hash, p.hash)
	}
	m.reset(p, globals, env)
	m.ctx = ctx
	m.syncBefore, m.opsBefore, m.asyncSteps = s.elapsed, s.ops, s.asyncSteps
	m.mem, m.memMax = 0, s.maxMem
	m.setBudget(b)
	if len(m.stack) < len(s.stack)+64 {
		m.stack = make([]Value, len(s.stack)+256)
	}
	m.sp = copy(m.stack, s.stack)
	m.frames = append(m.frames[:0], s.frames...)
	m.depth = len(m.frames)
	m.tries = append(m.tries[:0], s.tries...)
	m.open = append(m.open[:0], s.open...)
	m.declared = s.declared
	m.base = m.frames[m.depth-1].base
	return nil
}

// MarshalJSON writes the state in the shape of specification 4.12. Beyond it,
// tuples, errors, numbers JSON does not know, dicts whose keys are not plain
// texts, and values reached on several ways keep what they are through marks
// ("__hogTuple__", "__hogNumber__", "__hogMap__", "__hogDef__" and
// "__hogRef__"). Instead of the bytecode its hash is written.
func (s *State) MarshalJSON() ([]byte, error) {
	w := &stateWriter{count: map[*object]int{}, ids: map[*object]int{}}
	for _, c := range s.open {
		w.cell(c)
	}
	for _, f := range s.frames {
		w.scanFunction(f.fn)
	}
	for _, v := range s.stack {
		w.scan(v)
	}
	if w.deep {
		return nil, fmt.Errorf("state: values are nested deeper than %d", maxStateDepth)
	}
	top := NewDict(12)
	code := NewDict(1)
	chunk := NewDict(1)
	chunk.Set("hash", String(s.hash))
	code.Set("root", chunk)
	top.Set("bytecodes", code)
	top.Set("stack", w.list(s.stack))
	top.Set("callStack", w.frames(s.frames))
	top.Set("upvalues", w.upvalues(s.stack))
	top.Set("throwStack", tryStack(s.tries, s.frames))
	declared := NewDict(len(s.declared))
	for _, name := range sortedKeys(s.declared) {
		info := s.declared[name].info
		declared.Set(name, NewArray([]Value{Int(info.elem()), Int(info.argc)}))
	}
	top.Set("declaredFunctions", declared)
	top.Set("ops", Number(float64(s.ops)))
	top.Set("asyncSteps", Int(s.asyncSteps))
	top.Set("syncDuration", Number(float64(s.elapsed)/float64(time.Millisecond)))
	top.Set("maxMemUsed", Number(float64(s.maxMem)))
	return AppendJSON(nil, top), nil
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// maxStateDepth is the deepest nesting that a state may have: the writer of
// JSON and its reader need more levels than values have.
const maxStateDepth = 500

type stateWriter struct {
	count map[*object]int // how often an object is met
	ids   map[*object]int // those met more than once that were written
	cells []*cell
	depth int
	deep  bool
}

// scan counts the ways to each object and collects the cells.
func (w *stateWriter) scan(v Value) {
	o := v.o
	if o == nil || o.list == nil && o.dict == nil && o.kind != KindFunction && o.kind != KindError {
		return
	}
	w.count[o]++
	if w.count[o] > 1 {
		return
	}
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxStateDepth {
		w.deep = true
		return
	}
	switch {
	case o.list != nil:
		for _, e := range o.list.elems {
			w.scan(e)
		}
	case o.dict != nil:
		for i, k := range o.dict.keys {
			w.scan(k)
			w.scan(o.dict.vals[i])
		}
	case o.kind == KindError:
		w.scan(o.ext.msg)
		w.scan(o.ext.payload)
	default:
		w.scanFunction(o.ext.fn)
	}
}

func (w *stateWriter) scanFunction(fn *function) {
	if fn == nil {
		return
	}
	for _, c := range fn.up {
		w.cell(c)
	}
}

func (w *stateWriter) cell(c *cell) {
	if c.id > 0 && c.id <= len(w.cells) && w.cells[c.id-1] == c {
		return
	}
	w.cells = append(w.cells, c)
	c.id = len(w.cells)
	w.scan(c.v)
}

func (w *stateWriter) list(vs []Value) Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i] = w.value(v)
	}
	return NewArray(out)
}

// value gives v as it is written: plain data, with marks.
func (w *stateWriter) value(v Value) Value {
	switch v.Kind() {
	case KindNumber:
		if v.n-v.n != 0 || v.n == 0 && math.Signbit(v.n) {
			text := NumberText(v.n)
			if v.n == 0 {
				text = "-0"
			}
			return mark("__hogNumber__", String(text))
		}
		return v
	case KindNull, KindBool, KindString, KindDate, KindDateTime:
		return v
	}
	if w.count[v.o] > 1 {
		if id := w.ids[v.o]; id > 0 {
			return mark("__hogRef__", Int(id))
		}
		id := len(w.ids) + 1
		w.ids[v.o] = id
		d := mark("__hogDef__", Int(id))
		d.Set("value", w.container(v))
		return d
	}
	return w.container(v)
}

func mark(key string, v Value) Value {
	d := NewDict(2)
	d.Set(key, v)
	return d
}

func (w *stateWriter) container(v Value) Value {
	switch v.Kind() {
	case KindArray:
		return w.list(v.o.list.elems)
	case KindTuple:
		return mark("__hogTuple__", w.list(v.o.list.elems))
	case KindError:
		d := mark("__hogError__", True)
		d.Set("type", String(v.o.ext.typ))
		d.Set("message", w.value(v.o.ext.msg))
		d.Set("payload", w.value(v.o.ext.payload))
		return d
	case KindFunction:
		return w.function(v.o.ext.fn)
	}
	d := v.o.dict
	if !plainKeys(d) {
		pairs := make([]Value, len(d.keys))
		for i, k := range d.keys {
			pairs[i] = NewArray([]Value{w.value(k), w.value(d.vals[i])})
		}
		return mark("__hogMap__", NewArray(pairs))
	}
	out := NewDict(len(d.keys))
	for i, k := range d.keys {
		out.o.dict.add(k, w.value(d.vals[i]))
	}
	return out
}

// plainKeys reports whether a dict can be written as an object as it is.
func plainKeys(d *dict) bool {
	for _, k := range d.keys {
		if !k.IsString() || plainIndex(k.o.str) || len(k.o.str) > 5 && k.o.str[:5] == "__hog" || CleanText(k.o.str) != k.o.str {
			return false
		}
	}
	return true
}

func (w *stateWriter) function(fn *function) Value {
	if fn == nil {
		return Null
	}
	ids := make([]Value, len(fn.up))
	for i, c := range fn.up {
		ids[i] = Int(c.id)
	}
	info := fn.info
	callable := mark("__hogCallable__", String([]string{"local", "stl", "async"}[info.kind]))
	callable.Set("name", String(info.name))
	callable.Set("chunk", String(info.chunk()))
	callable.Set("argCount", Int(info.argc))
	callable.Set("upvalueCount", Int(info.ups))
	callable.Set("ip", Int(info.elem()))
	d := mark("__hogClosure__", True)
	d.Set("callable", callable)
	d.Set("upvalues", NewArray(ids))
	return d
}

func (f *funcInfo) chunk() string {
	if f.prog == nil {
		return "stl"
	}
	return f.prog.name
}

// elem is where the function's body begins, counted as PostHog counts: in
// elements of the whole array, header included.
func (f *funcInfo) elem() int {
	if f.prog == nil {
		return 0
	}
	return f.prog.elem(int(f.entry))
}

func (p *Program) header() int {
	if p.version == 0 {
		return 1
	}
	return 2
}

func (p *Program) elem(ip int) int {
	if ip >= len(p.code) {
		return p.header()
	}
	return int(p.code[ip].pos) + p.header()
}

func (w *stateWriter) frames(frames []frame) Value {
	out := make([]Value, len(frames))
	for i, f := range frames {
		d := NewDict(5)
		d.Set("ip", Int(f.prog.elem(f.ip)))
		d.Set("chunk", String(f.prog.name))
		d.Set("stackStart", Int(f.base))
		d.Set("argCount", Int(f.argc))
		d.Set("closure", w.function(f.fn))
		out[i] = d
	}
	return NewArray(out)
}

func (w *stateWriter) upvalues(stack []Value) Value {
	out := make([]Value, len(w.cells))
	for i, c := range w.cells {
		d := mark("__hogUpValue__", True)
		d.Set("id", Int(i+1))
		d.Set("location", Int(c.slot))
		d.Set("closed", Bool(!c.open))
		if c.open {
			d.Set("value", Null)
		} else {
			d.Set("value", w.value(c.v))
		}
		out[i] = d
	}
	return NewArray(out)
}

func tryStack(tries []try, frames []frame) Value {
	out := make([]Value, len(tries))
	for i, t := range tries {
		d := NewDict(3)
		d.Set("callStackLen", Int(t.depth))
		d.Set("stackLen", Int(t.sp))
		d.Set("catchIp", Int(frames[t.depth-1].prog.elem(t.ip)))
		out[i] = d
	}
	return NewArray(out)
}

// ParseState reads a state of a program from JSON, as MarshalJSON writes it or
// PostHog's own machine does, which holds the bytecode itself: such a state
// goes on here too, unless it was taken within a callback of arrayMap and the
// like. A state of other bytecode, and one that is not consistent, is an error.
func ParseState(data []byte, p *Program) (*State, error) {
	top, err := ParseJSON(data, JSONOptions{Depth: 4*maxStateDepth + 64})
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	hash, posthog := stateHash(top, p)
	if hash != p.hash {
		return nil, fmt.Errorf("state: it belongs to other bytecode (%s, not %s)", hash, p.hash)
	}
	r := &stateReader{p: p, posthog: posthog, defs: map[int]Value{}, cells: map[int]*cell{}}
	s := r.state(top)
	if r.err != nil {
		return nil, fmt.Errorf("state: %w", r.err)
	}
	return s, nil
}

type stateReader struct {
	p       *Program
	posthog bool // the state was written by PostHog's machine
	defs    map[int]Value
	cells   map[int]*cell
	err     error
}

func (r *stateReader) fault(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *stateReader) state(top Value) *State {
	s := &State{
		hash:       r.p.hash,
		ops:        counterOf(top.Path("ops")),
		asyncSteps: int(counterOf(top.Path("asyncSteps"))),
		elapsed:    time.Duration(min(max(top.Path("syncDuration").Num(), 0), 1e12) * float64(time.Millisecond)),
		maxMem:     counterOf(top.Path("maxMemUsed")),
	}
	ups := top.Path("upvalues").Elems()
	for _, u := range ups {
		slot, id := int(u.Path("location").Num()), int(u.Path("id").Num())
		r.cells[id] = &cell{slot: slot, open: !u.Path("closed").Truthy()}
	}
	// The order is the writer's, since a value is defined where it is met first.
	for _, v := range top.Path("stack").Elems() {
		s.stack = append(s.stack, r.value(v))
	}
	for i, f := range top.Path("callStack").Elems() {
		s.frames = append(s.frames, r.frame(f, len(s.stack)))
		if r.posthog && i == 0 {
			s.frames[0].fn = nil // PostHog has a function for the root too
		}
	}
	for _, u := range ups {
		c := r.cells[int(u.Path("id").Num())]
		c.v = r.value(u.Path("value"))
		if c.open {
			if c.slot < 0 || c.slot >= len(s.stack) {
				r.fault("an open upvalue points at slot %d of %d", c.slot, len(s.stack))
			}
			s.open = append(s.open, c)
		}
	}
	slices.SortFunc(s.open, func(a, b *cell) int { return a.slot - b.slot })
	for i := 1; i < len(s.open); i++ {
		if s.open[i].slot == s.open[i-1].slot {
			r.fault("two open upvalues point at slot %d", s.open[i].slot)
		}
	}
	for _, t := range top.Path("throwStack").Elems() {
		s.tries = append(s.tries, r.try(t, s))
	}
	names, vals := top.Path("declaredFunctions").Entries()
	for i, name := range names {
		if s.declared == nil {
			s.declared = map[string]*function{}
		}
		info := r.local(r.p, name.Text(), int(vals[i].At(0).Num()), 0)
		s.declared[name.Text()] = &function{info: info}
	}
	if len(s.frames) == 0 || s.frames[0].prog != r.p || s.frames[0].fn != nil {
		r.fault("the call stack does not begin at the program's root")
	}
	return s
}

// counterOf reads a counter: whole, not negative, and far from overflowing.
func counterOf(v Value) int64 { return int64(min(max(v.Num(), 0), 1<<53)) }

func (r *stateReader) frame(v Value, stack int) frame {
	p := r.program(v.Path("chunk").Text())
	f := frame{prog: p, base: int(v.Path("stackStart").Num()), argc: int(v.Path("argCount").Num())}
	if f.base < 0 || f.base > stack {
		r.fault("a frame begins at slot %d of %d", f.base, stack)
		f.base = 0
	}
	if c := v.Path("closure"); !c.IsNull() && !(r.posthog && isRootFunction(c)) {
		if fn := r.value(c); fn.Kind() == KindFunction {
			f.fn = fn.o.ext.fn
		} else {
			r.fault("a frame without function")
		}
	}
	if r.posthog && strings.HasPrefix(p.name, libraryChunk) {
		// The bytecode of these functions is PostHog's own there, and ours here.
		r.fault("PostHog's machine suspended it inside of %s", strings.TrimPrefix(p.name, libraryChunk))
		return f
	}
	f.ip = r.ip(p, int(v.Path("ip").Num()))
	return f
}

func (r *stateReader) ip(p *Program, elem int) int {
	ip, ok := p.instrAt(elem - p.header())
	if !ok {
		r.fault("no instruction begins at element %d", elem)
	}
	return int(ip)
}

func (r *stateReader) program(chunk string) *Program {
	if chunk == "root" {
		return r.p
	}
	if p := r.p.chunks[chunk]; p != nil {
		return p
	}
	if name, ok := strings.CutPrefix(chunk, libraryChunk); ok {
		if f := r.p.opt.Library.find(name); f != nil && f.code != nil {
			if p, err := f.code(); err == nil {
				return p
			}
		}
	}
	r.fault("unknown chunk %q", chunk)
	return r.p
}

func (r *stateReader) try(v Value, s *State) try {
	t := try{sp: int(v.Path("stackLen").Num()), depth: int(v.Path("callStackLen").Num())}
	if r.err != nil || t.depth < 1 || t.depth > len(s.frames) || t.sp > len(s.stack) || t.sp < s.frames[t.depth-1].base {
		r.fault("a handler points outside of the call stack")
		return t
	}
	t.ip = r.ip(s.frames[t.depth-1].prog, int(v.Path("catchIp").Num()))
	return t
}

// value reads a value with its marks.
func (r *stateReader) value(v Value) Value {
	switch v.Kind() {
	case KindArray:
		return r.list(KindArray, v)
	case KindDict:
		return r.object(v)
	}
	return v
}

func (r *stateReader) list(kind Kind, v Value) Value {
	out := newList(kind, make([]Value, v.Len()))
	r.fillList(out, v)
	return out
}

func (r *stateReader) fillList(out, v Value) {
	for i, e := range v.Elems() {
		out.o.list.elems[i] = r.value(e)
	}
}

func (r *stateReader) object(v Value) Value {
	if id, ok := v.Get("__hogRef__"); ok {
		x, ok := r.defs[int(id.Num())]
		if !ok {
			r.fault("reference to an unknown value")
		}
		return x
	}
	if id, ok := v.Get("__hogDef__"); ok {
		return r.define(int(id.Num()), v.Path("value"))
	}
	return r.plain(v, func(Value) {})
}

// define makes a value known before its content is read: it may hold itself.
func (r *stateReader) define(id int, v Value) Value {
	if v.IsList() {
		out := newList(KindArray, make([]Value, v.Len()))
		r.defs[id] = out
		r.fillList(out, v)
		return out
	}
	if !v.IsDict() {
		r.fault("a shared value that is no container")
		return Null
	}
	out := r.plain(v, func(x Value) { r.defs[id] = x })
	r.defs[id] = out
	return out
}

// plain reads an object that is no reference; known is told of it as soon as
// it exists.
func (r *stateReader) plain(v Value, known func(Value)) Value {
	if n, ok := v.Get("__hogNumber__"); ok {
		if n.Text() == "-0" {
			return Number(math.Copysign(0, -1))
		}
		return Number(textToNumber(n.Text()))
	}
	if t, ok := v.Get("__hogTuple__"); ok {
		out := newList(KindTuple, make([]Value, t.Len()))
		known(out)
		r.fillList(out, t)
		return out
	}
	if pairs, ok := v.Get("__hogMap__"); ok {
		out := NewDict(pairs.Len())
		known(out)
		for _, p := range pairs.Elems() {
			out.o.dict.put(r.value(p.At(0)), r.value(p.At(1)))
		}
		return out
	}
	switch {
	case v.Path("__hogClosure__").Truthy():
		return functionValue(r.function(v))
	case v.Path("__hogError__").Truthy():
		return NewError(v.Path("type").Text(), r.value(v.Path("message")), r.value(v.Path("payload")))
	case v.Path("__hogDate__").Truthy(), v.Path("__hogDateTime__").Truthy():
		return hogObject(v)
	}
	keys, vals := v.Entries()
	out := NewDict(len(keys))
	known(out)
	for i, k := range keys {
		out.o.dict.add(k, r.value(vals[i]))
	}
	return out
}

func (r *stateReader) function(v Value) *function {
	c := v.Path("callable")
	name := c.Path("name").Text()
	fn := &function{}
	switch c.Path("__hogCallable__").Text() {
	case "async":
		fn.info = &funcInfo{kind: fnAsync, name: name}
		return fn
	case "stl":
		if chunk := c.Path("chunk").Text(); strings.HasPrefix(chunk, libraryChunk) {
			fn.info = r.program(chunk).main
		} else if lib := r.p.opt.Library.find(name); lib != nil {
			fn.info = lib.info
		}
	default:
		p := r.program(c.Path("chunk").Text())
		if p != r.p && p.main.elem() == int(c.Path("ip").Num()) {
			fn.info = p.main
		} else {
			fn.info = r.local(p, name, int(c.Path("ip").Num()), v.Path("upvalues").Len())
		}
	}
	if fn.info == nil {
		r.fault("unknown function %q", name)
		fn.info = &funcInfo{kind: fnAsync, name: name}
	}
	for _, id := range v.Path("upvalues").Elems() {
		cell := r.cells[int(id.Num())]
		if cell == nil {
			r.fault("function %q captures an unknown variable", name)
		}
		fn.up = append(fn.up, cell)
	}
	return fn
}

// local finds the function of the program whose body begins at an element.
func (r *stateReader) local(p *Program, name string, elem, ups int) *funcInfo {
	for _, f := range p.funcs {
		if f.elem() == elem && f.name == name && f.ups == ups {
			return f
		}
	}
	r.fault("no function %q begins at element %d", name, elem)
	return &funcInfo{kind: fnAsync, name: name, prog: p}
}
