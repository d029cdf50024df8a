package vm

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"hogpen/hog/bytecode"
)

// decoder turns elements into instructions. It follows jumps, so that code
// reached at an odd place (upstream's typed catch clauses do that) is decoded
// from there as a second reading; every element is decoded from at most once.
type decoder struct {
	p       *Program
	src     []bytecode.Elem
	at      []int32 // instruction that begins at an element, +1; 0 when none
	todo    []int
	targets []target
	intern  map[string]Value
	host    map[string]bool
	async   map[string]bool
	sites   map[string]*callSite // of calls, by name
	paths   map[string]*path     // by their parts, see samePath
	name    []byte               // scratch
}

// target notes that an instruction jumps to an element.
type target struct {
	instr int
	elem  int
}

func (d *decoder) decode() *Program {
	d.todo = append(d.todo, 0)
	for len(d.todo) > 0 {
		at := d.todo[len(d.todo)-1]
		d.todo = d.todo[:len(d.todo)-1]
		d.stream(at)
	}
	landed := make([]bool, len(d.p.code)+1)
	for _, t := range d.targets {
		to := d.at[t.elem] - 1
		// The way past a function's body is no jump that others could take.
		if d.p.code[t.instr].op != bytecode.Callable {
			landed[to] = true
		}
		d.p.setTarget(t.instr, to)
	}
	if !d.p.opt.Inspect {
		d.fold(landed)
	}
	d.p.landed = landed
	d.p.starts = d.at
	return d.p
}

func (p *Program) setTarget(i int, to int32) {
	in := &p.code[i]
	if in.op == bytecode.Callable || in.op == bytecode.DeclareFn {
		p.funcs[in.k].entry = int32(i) + 1
	}
	in.n = to
}

// stream decodes from an element on until code that is decoded already.
func (d *decoder) stream(pos int) {
	for begun := false; ; begun = true {
		if d.at[pos] != 0 {
			if begun {
				d.emit(instr{op: opGlue, pos: int32(pos)})
				d.jump(pos)
			}
			return
		}
		d.at[pos] = int32(len(d.p.code)) + 1
		if pos == len(d.src) {
			d.emit(instr{op: opEnd, pos: int32(pos)})
			return
		}
		next, fault := d.one(pos)
		if fault != "" {
			d.p.texts = append(d.p.texts, fault)
			d.emit(instr{op: opFail, cost: 1, k: int32(len(d.p.texts) - 1), pos: int32(pos)})
			return
		}
		pos = next
	}
}

func (d *decoder) emit(in instr) { d.p.code = append(d.p.code, in) }

// jump makes the newest instruction jump to an element.
func (d *decoder) jump(elem int) {
	elem = min(elem, len(d.src))
	d.targets = append(d.targets, target{len(d.p.code) - 1, elem})
	if d.at[elem] == 0 {
		d.todo = append(d.todo, elem)
	}
}

// constant gives the index of a constant; texts are made once.
func (d *decoder) constant(v Value) int32 {
	d.p.values = append(d.p.values, v)
	return int32(len(d.p.values) - 1)
}

func (d *decoder) text(s string) Value {
	v, ok := d.intern[s]
	if !ok {
		v = String(s)
		v.o.hash = hashText(s)
		v.o.knownPlain()
		d.intern[s] = v
	}
	return v
}

const faultEnd = "Unexpected end of bytecode"

// count reads an operand that is a number from 0 to limit.
func (d *decoder) count(pos, limit int) (int32, string) {
	if pos >= len(d.src) {
		return 0, faultEnd
	}
	e := &d.src[pos]
	n := e.Int
	if e.Kind == bytecode.KindFloat && e.Float == math.Trunc(e.Float) && math.Abs(e.Float) < 1e9 {
		n = int64(e.Float)
	} else if e.Kind != bytecode.KindInt {
		return 0, "Unexpected operand " + elemText(e)
	}
	if n < 0 || n > int64(limit) {
		return 0, "Unexpected operand " + elemText(e)
	}
	return int32(n), ""
}

func (d *decoder) word(pos int) (string, string) {
	if pos >= len(d.src) {
		return "", faultEnd
	}
	if d.src[pos].Kind != bytecode.KindString {
		return "", "Unexpected operand " + elemText(&d.src[pos])
	}
	return d.src[pos].Str, ""
}

// offset reads a jump operand and gives the element it leads to.
func (d *decoder) offset(pos, from int) (int, string) {
	if pos >= len(d.src) {
		return 0, faultEnd
	}
	e := &d.src[pos]
	if e.Kind != bytecode.KindInt || e.Int > maxCode || e.Int < -maxCode || from+int(e.Int) < 0 {
		return 0, "Unexpected operand " + elemText(e)
	}
	return from + int(e.Int), ""
}

const maxCode = math.MaxInt32 / 4

func elemText(e *bytecode.Elem) string {
	switch e.Kind {
	case bytecode.KindInt:
		return strconv.FormatInt(e.Int, 10)
	case bytecode.KindFloat:
		return NumberText(e.Float)
	case bytecode.KindBool:
		return strconv.FormatBool(e.Int != 0)
	case bytecode.KindNull:
		return "null"
	}
	return e.Str
}

// one decodes the instruction at an element and gives the element after it.
func (d *decoder) one(pos int) (next int, fault string) {
	e := &d.src[pos]
	if e.Kind == bytecode.KindNull {
		d.emit(instr{op: opGlue, pos: int32(pos), cost: 1})
		d.jump(pos + 1)
		return pos + 1, ""
	}
	if e.Kind != bytecode.KindInt || e.Int < 1 || e.Int > int64(bytecode.CloseUpvalue) {
		return 0, fmt.Sprintf("Unexpected node while running bytecode in chunk %q: %s", d.p.name, elemText(e))
	}
	in := instr{op: bytecode.Op(e.Int), cost: 1, pos: int32(pos)}
	if d.p.opt.Inspect {
		d.emit(instr{op: opProbe, pos: int32(pos)})
	}
	switch in.op {
	case bytecode.InCohort, bytecode.NotInCohort:
		return 0, fmt.Sprintf("Unexpected node while running bytecode in chunk %q: %s", d.p.name, elemText(e))
	case bytecode.GetGlobal, bytecode.And, bytecode.Or, bytecode.Dict, bytecode.Array, bytecode.Tuple,
		bytecode.CallLocal:
		in.n, fault = d.count(pos+1, maxOperand)
		next = pos + 2
	case bytecode.GetLocal, bytecode.SetLocal, bytecode.GetUpvalue, bytecode.SetUpvalue:
		in.n, fault = d.count(pos+1, maxSlot)
		next = pos + 2
	case bytecode.CallGlobal:
		return d.callGlobal(in, pos)
	case bytecode.String, bytecode.Integer, bytecode.Float:
		return d.literal(in, pos)
	case bytecode.True, bytecode.False, bytecode.Null:
		v := Null
		if in.op != bytecode.Null {
			v = Bool(in.op == bytecode.True)
		}
		in.op, in.k = opConst, d.constant(v)
		next = pos + 1
	case bytecode.Jump, bytecode.JumpIfFalse, bytecode.JumpIfStackNotNull, bytecode.Try:
		return d.branch(in, pos)
	case bytecode.Callable, bytecode.DeclareFn:
		return d.function(in, pos)
	case bytecode.Closure:
		return d.closure(in, pos)
	case bytecode.SetProperty:
		d.p.writes = true
		next = pos + 1
	case bytecode.Eq, bytecode.NotEq, bytecode.In, bytecode.NotIn:
		d.p.compares = true
		next = pos + 1
	default:
		next = pos + 1
	}
	if fault == "" {
		d.emit(in)
	}
	return next, fault
}

func (d *decoder) literal(in instr, pos int) (int, string) {
	if pos+1 >= len(d.src) {
		return 0, faultEnd
	}
	e := &d.src[pos+1]
	var v Value
	switch e.Kind {
	case bytecode.KindString:
		v = d.text(e.Str)
	case bytecode.KindInt:
		v = Number(float64(e.Int))
	case bytecode.KindFloat:
		v = Number(e.Float)
	case bytecode.KindBool:
		v = Bool(e.Int != 0)
	case bytecode.KindBigInt:
		v = Number(parseFloat(e.Str))
	}
	if (in.op == bytecode.String) != (e.Kind == bytecode.KindString) {
		return 0, "Unexpected operand " + elemText(e)
	}
	in.op, in.k = opConst, d.constant(v)
	d.emit(in)
	return pos + 2, ""
}

func (d *decoder) branch(in instr, pos int) (int, string) {
	from := pos + 2
	if in.op == bytecode.Try {
		from = pos + 1
	}
	to, fault := d.offset(pos+1, from)
	if fault != "" {
		return 0, fault
	}
	d.emit(in)
	d.jump(to)
	return pos + 2, ""
}

// callGlobal resolves a name in the order of specification 4.9. Functions of
// DECLARE_FN are looked for when the call is made.
func (d *decoder) callGlobal(in instr, pos int) (int, string) {
	name, fault := d.word(pos + 1)
	if fault == "" {
		in.n, fault = d.count(pos+2, maxOperand)
	}
	if fault != "" {
		return 0, fault
	}
	site := d.sites[name]
	if site == nil {
		site = &callSite{name: name, lib: d.p.opt.Library.find(name)}
		d.sites[name] = site
	}
	switch {
	case name == "import":
		in.op = opCallNone
	case d.host[name]:
		in.op = opCallHost
	case d.async[name] && name != "toString":
		in.op = opCallAsync
		d.p.canSuspend = true
	case site.lib != nil:
		in.op = opCallLib
		d.p.compares = d.p.compares || comparesObjects(name)
	default:
		in.op = opCallNone
	}
	in.k = int32(len(d.p.calls))
	d.p.calls = append(d.p.calls, site)
	d.emit(in)
	return pos + 3, ""
}

func (d *decoder) function(in instr, pos int) (int, string) {
	name, fault := d.word(pos + 1)
	var argc, ups, size int32
	next := pos + 4
	if fault == "" {
		argc, fault = d.count(pos+2, maxSlot)
	}
	if fault == "" && in.op == bytecode.Callable {
		ups, fault = d.count(pos+3, maxSlot)
		next = pos + 5
	}
	if fault == "" {
		size, fault = d.count(next-1, maxCode)
	}
	if fault != "" {
		return 0, fault
	}
	d.p.declares = d.p.declares || in.op == bytecode.DeclareFn
	in.k = int32(len(d.p.funcs))
	d.p.funcs = append(d.p.funcs, &funcInfo{kind: fnLocal, name: name, argc: int(argc), ups: int(ups), prog: d.p})
	d.emit(in)
	d.jump(next + int(size)) // past the body
	return next, ""
}

// closure keeps its captures in consecutive constants: count, then slot and
// whether it is a local, as a number that is negative for upvalues.
func (d *decoder) closure(in instr, pos int) (int, string) {
	n, fault := d.count(pos+1, maxSlot)
	if fault != "" {
		return 0, fault
	}
	if pos+2+2*int(n) > len(d.src) {
		return 0, faultEnd
	}
	in.n, in.k = n, int32(len(d.p.values))
	for i := range int(n) {
		local := &d.src[pos+2+2*i]
		slot, fault := d.count(pos+3+2*i, maxSlot)
		if fault != "" || local.Kind != bytecode.KindBool && local.Kind != bytecode.KindInt {
			return 0, "Unexpected operand " + elemText(local)
		}
		if local.Int == 0 {
			slot = -slot - 1
		}
		d.p.values = append(d.p.values, Number(float64(slot)))
	}
	d.emit(in)
	return pos + 2 + 2*int(n), ""
}

// fold joins constant keys with the GET_GLOBAL or GET_PROPERTY after them,
// where no jump lands in between.
func (d *decoder) fold(landed []bool) {
	code := d.p.code
	for i := range code {
		switch code[i].op {
		case bytecode.GetGlobal:
			d.foldGlobal(code, landed, i)
		case bytecode.GetProperty, bytecode.GetPropertyNullish:
			if i == 0 || landed[i] || code[i-1].op != opConst || code[i-1].pos >= code[i].pos {
				continue
			}
			if key := d.p.values[code[i-1].k]; key.IsString() {
				d.p.sites = append(d.p.sites, &propSite{key: key})
				code[i-1] = instr{op: opProp, cost: 2, n: 1, k: int32(len(d.p.sites) - 1), pos: code[i-1].pos}
			}
		}
	}
}

func (d *decoder) foldGlobal(code []instr, landed []bool, i int) {
	n := int(code[i].n)
	if n < 1 || n > i || n > 200 {
		return
	}
	var few [4]Value
	keys := few[:]
	if n > len(few) {
		keys = make([]Value, n)
	}
	keys = keys[:n]
	for j := range n {
		in := code[i-n+j]
		if in.op != opConst || j > 0 && landed[i-n+j] || !d.p.values[in.k].IsString() || in.pos >= code[i].pos {
			return
		}
		keys[n-1-j] = d.p.values[in.k] // the root was pushed last
	}
	if landed[i] {
		return
	}
	d.p.paths = append(d.p.paths, d.samePath(keys))
	code[i-n] = instr{op: opGlobal, cost: uint8(n + 1), n: int32(n), k: int32(len(d.p.paths) - 1), pos: code[i-n].pos}
}

// samePath gives the one path of these keys: a program names a global many
// times. That its places share their hints is harmless, for they read the same
// dicts.
func (d *decoder) samePath(keys []Value) *path {
	d.name = d.name[:0]
	for _, k := range keys {
		d.name = append(binary.AppendUvarint(d.name, uint64(len(k.o.str))), k.o.str...)
	}
	p := d.paths[string(d.name)]
	if p == nil {
		p = d.path(keys)
		d.paths[string(d.name)] = p
	}
	return p
}

func (d *decoder) path(keys []Value) *path {
	sites, names := make([]propSite, len(keys)), make([]string, len(keys))
	p := &path{root: &sites[0]}
	if len(keys) > 1 {
		p.rest = make([]*propSite, len(keys)-1)
	}
	for i, k := range keys {
		sites[i].key, names[i] = k, k.o.str
		if i > 0 {
			p.rest[i-1] = &sites[i]
		}
	}
	p.text = strings.Join(names, ".")
	if len(keys) > 1 {
		return p
	}
	name := keys[0].o.str
	lib := d.p.opt.Library.find(name)
	switch {
	case d.async[name] && name != "toString":
		p.value, p.has = functionValue(&function{info: &funcInfo{kind: fnAsync, name: name}}), true
		d.p.canSuspend = true
	case lib != nil:
		p.value, p.has = lib.value, true
		d.p.compares = d.p.compares || comparesObjects(name)
	}
	return p
}

// comparesObjects reports whether a library function tells one object from
// another that looks the same.
func comparesObjects(name string) bool {
	switch name {
	case "equals", "notEquals", "in", "has", "indexOf", "inCohort", "notInCohort":
		return true
	}
	return false
}
