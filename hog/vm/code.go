package vm

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"sync/atomic"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// LoadOptions is what a program is loaded against.
type LoadOptions struct {
	// Library resolves function names; nil is an empty library.
	Library *Library
	// Functions names the synchronous host functions. They come before the
	// library; their Go code is given at each run (Env.Functions).
	Functions []string
	// Async names the functions at whose call the run is suspended. sleep is
	// always one of them.
	Async []string
	// NullOrdering chooses how < <= > >= treat null.
	NullOrdering NullOrdering
	// Chunks are the programs that import finds, by name. They may import each
	// other. A program with chunks runs on the plain machine.
	Chunks map[string]Chunk
	// Inspect makes a program that an Inspector can step through. It runs on
	// the plain machine, and slower.
	Inspect bool
	// SwitchOnly keeps the closure back end from being used. It is for tests
	// that compare the two.
	SwitchOnly bool
}

// Chunk is a program that others import: import(name) runs it as a function
// without arguments and gives what it returns (specification 4.9).
type Chunk struct {
	Code *bytecode.Program
	// Globals is a dict, or null. It is what the chunk and the functions in it
	// see, whoever calls them, and becomes frozen.
	Globals Value
}

// Program is loaded bytecode: checked, decoded to fixed-size instructions with
// jump targets as instruction numbers, names resolved. It never changes and
// may be run by any number of machines at a time.
type Program struct {
	name    string
	version int
	code    []instr
	spans   []ast.Span // per instruction; nil when the bytecode had none
	values  []Value    // constants
	paths   []*path
	sites   []*propSite
	funcs   []*funcInfo
	calls   []*callSite
	texts   []string // messages of opFail
	starts  []int32  // instruction that begins at an element, +1; 0 when none
	landed  []bool   // instructions that are jumped to
	hash    string
	opt     LoadOptions
	main    *funcInfo
	chunks  map[string]*Program // what import finds
	source  *bytecode.Program   // what it was loaded from, with LoadOptions.Inspect
	apart   bool                // sees its own globals instead of the run's
	globals *dict               // these; nil when there are none

	canSuspend bool
	declares   bool // has DECLARE_FN
	writes     bool // has SET_PROPERTY: only then globals need copies
	compares   bool // may tell whether two values are one object
	entry      *compiled
}

// op is a decoded operation: bytecode's numbers, and some of the machine's own.
type op = bytecode.Op

const (
	opConst     op = 100 + iota // push values[k]
	opGlobal                    // push the global at paths[k]; skip n instructions
	opProp                      // property sites[k] of the top; skip n instructions
	opFail                      // abort with texts[k]
	opEnd                       // end of the chunk
	opCallHost                  // calls[k] of n arguments, a host function
	opCallLib                   // calls[k] of n arguments, a library function
	opCallAsync                 // calls[k] of n arguments, suspends
	opCallNone                  // calls[k] of n arguments, unknown
	opGlue                      // jump without cost, between overlapping decodings
	opProbe                     // the inspector may stop here
)

// instr is one decoded instruction. cost is the number of operations it stands
// for; pos is where it begins in the bytecode.
type instr struct {
	op   op
	cost uint8
	n    int32
	k    int32
	pos  int32
}

// path is a folded chain of GET_GLOBAL.
type path struct {
	root  *propSite
	rest  []*propSite
	text  string
	value Value // what a one-part chain gives when there is no such global
	has   bool
}

// propSite is a constant key with the position where it was last found. The
// hint is shared by all machines: it is only a guess, checked at each use.
type propSite struct {
	key  Value
	hint atomic.Int32
}

func (s *propSite) in(d *dict) int {
	h := int(s.hint.Load())
	if h < len(d.keys) {
		o := d.keys[h].o
		if o == s.key.o || o != nil && o.kind == KindString && o.str == s.key.o.str {
			return h
		}
	}
	i := d.find(s.key)
	if i >= 0 {
		s.hint.Store(int32(i))
	}
	return i
}

type fnKind uint8

const (
	fnLocal fnKind = iota
	fnLibrary
	fnAsync
)

// funcInfo is the code of a function; function is one closure over it.
type funcInfo struct {
	kind  fnKind
	name  string
	argc  int
	ups   int
	entry int32
	prog  *Program
	lib   *libFunc
	body  *compiled
}

type function struct {
	info *funcInfo
	up   []*cell
}

func (f *function) name() string { return f.info.name }
func (f *function) argc() int    { return f.info.argc }

// cell is a captured variable: while open it stands for a stack slot.
type cell struct {
	v    Value
	slot int
	open bool
	id   int // while a state is written
}

// callSite is a resolved CALL_GLOBAL.
type callSite struct {
	name string
	lib  *libFunc
}

// The deepest stack an instruction may address, and the longest list operand:
// beyond them bytecode is hostile.
const (
	maxSlot    = 1 << 16
	maxOperand = 1 << 20
)

// Load checks a program and translates it once. Bytecode that cannot be
// decoded is no error here: it fails when it is reached, as upstream does.
func Load(p *bytecode.Program, opt LoadOptions) (*Program, error) {
	if p == nil {
		return nil, fmt.Errorf("load: no program")
	}
	root, err := load(p, opt, "root")
	if err != nil || len(opt.Chunks) == 0 {
		return root, err
	}
	return root, root.loadChunks(opt)
}

func load(p *bytecode.Program, opt LoadOptions, name string) (*Program, error) {
	if len(p.Code) > math.MaxInt32/4 {
		return nil, fmt.Errorf("load: program of %d elements is too long", len(p.Code))
	}
	// Compiled programs have nearly two elements to an instruction.
	n := len(p.Code)*5/8 + 8
	d := &decoder{
		p:       &Program{name: name, version: p.Version, opt: opt, code: make([]instr, 0, n), values: make([]Value, 0, n/2)},
		src:     p.Code,
		at:      make([]int32, len(p.Code)+1),
		targets: make([]target, 0, n/8),
		intern:  map[string]Value{},
		host:    map[string]bool{},
		async:   map[string]bool{"sleep": true},
		sites:   map[string]*callSite{},
		paths:   map[string]*path{},
	}
	for _, n := range opt.Functions {
		d.host[n] = true
	}
	for _, n := range opt.Async {
		d.async[n] = true
	}
	prog := d.decode()
	if len(p.Spans) == len(p.Code) && len(p.Code) > 0 {
		prog.spans = make([]ast.Span, len(prog.code))
		for i, in := range prog.code {
			if int(in.pos) < len(p.Spans) {
				prog.spans[i] = p.Spans[in.pos]
			}
		}
	}
	prog.hash = hashCode(p)
	prog.canSuspend = prog.canSuspend || opt.Inspect
	prog.main = &funcInfo{kind: fnLocal, name: name, prog: prog}
	if opt.Inspect {
		prog.source = p
	}
	if !opt.SwitchOnly && !opt.Inspect && name == "root" && len(opt.Chunks) == 0 {
		prog.entry = compileClosures(prog)
	}
	return prog, nil
}

// CanSuspend reports whether the program names an asynchronous function, so
// that a run of it may end suspended.
func (p *Program) CanSuspend() bool { return p.canSuspend }

// instrAt gives the instruction that begins at an element.
func (p *Program) instrAt(elem int) (int32, bool) {
	if elem < 0 || elem >= len(p.starts) || p.starts[elem] == 0 {
		return 0, false
	}
	return p.starts[elem] - 1, true
}

// Hash identifies the bytecode, for states that outlive the process.
func (p *Program) Hash() string { return p.hash }

// Compiled reports whether the closure back end took the program.
func (p *Program) Compiled() bool { return p.entry != nil }

func hashCode(p *bytecode.Program) string {
	h := sha256.New()
	b := binary.AppendVarint(make([]byte, 0, 4096+64), int64(p.Version))
	for i := range p.Code {
		e := &p.Code[i]
		b = append(b, byte(e.Kind))
		switch e.Kind {
		case bytecode.KindInt, bytecode.KindBool:
			b = binary.AppendVarint(b, e.Int)
		case bytecode.KindFloat:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(e.Float))
		default:
			b = append(binary.AppendUvarint(b, uint64(len(e.Str))), e.Str...)
		}
		if len(b) > 4096 {
			h.Write(b)
			b = b[:0]
		}
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
