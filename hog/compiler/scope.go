package compiler

import (
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// local is a slot of a function's frame.
type local struct {
	name     string
	depth    int
	captured bool
	note     int // its place in the unit's notes
}

// upvalue is a variable of an enclosing function: a local of the one directly
// around, or one of its upvalues.
type upvalue struct {
	index   int
	isLocal bool
}

// function is the state of compiling one function; the program is one too.
type function struct {
	*unit
	parent   *function
	locals   []local
	slots    map[string][]int // the locals of each name, the visible one last
	upvalues []upvalue
	captured map[upvalue]int // the number of each upvalue
	depth    int
	cohorts  bool
	nullSafe bool
	start    int      // where its body begins in the code
	upNames  []string // the names of the upvalues
}

// newFunction starts a function. The cohort and null-safe options are not
// inherited.
func (u *unit) newFunction(parent *function) *function {
	return &function{unit: u, parent: parent, slots: map[string][]int{}}
}

// push adds a local.
func (f *function) push(name string) int {
	i := len(f.locals)
	f.locals = append(f.locals, local{name: name, depth: f.depth, note: len(f.notes)})
	f.notes = append(f.notes, bytecode.Local{Name: name, Slot: int32(i), Function: int32(f.start), From: int32(len(f.code))})
	f.slots[name] = append(f.slots[name], i)
	return i
}

// forget takes the last local off the list.
func (f *function) forget() local {
	last := f.locals[len(f.locals)-1]
	f.locals = f.locals[:len(f.locals)-1]
	same := f.slots[last.name]
	f.slots[last.name] = same[:len(same)-1]
	f.notes[last.note].To = int32(len(f.code))
	return last
}

// born tells that the newest local has its value from here on.
func (f *function) born() {
	if n := len(f.locals); n > 0 {
		f.notes[f.locals[n-1].note].From = int32(len(f.code))
	}
}

// finish notes how far the locals that are left reach, and the upvalues.
func (f *function) finish() {
	end := int32(len(f.code))
	for _, l := range f.locals {
		f.notes[l.note].To = end
	}
	for i, name := range f.upNames {
		f.notes = append(f.notes, bytecode.Local{
			Name: name, Slot: int32(i), Function: int32(f.start), From: int32(f.start), To: end, Upvalue: true,
		})
	}
}

// declare adds a local to the current scope and returns its slot.
func (f *function) declare(n ast.Name) int {
	if i := f.findLocal(n.Text); i >= 0 && f.locals[i].depth == f.depth {
		f.fault(n.Span, "Variable `"+n.Text+"` already declared in this scope", "assign with `:=` and no `let`, or take another name")
	}
	return f.push(n.Text)
}

func (f *function) hidden(name string) int { return f.declare(ast.Name{Text: name}) }

func (f *function) beginScope() { f.depth++ }

// endScope drops the locals of the current scope, last first, and returns how
// many there were.
func (f *function) endScope(span ast.Span) int {
	pops := 0
	for len(f.locals) > 0 && f.locals[len(f.locals)-1].depth == f.depth {
		f.dropLocal(span)
		pops++
	}
	f.depth--
	return pops
}

func (f *function) dropLocal(span ast.Span) {
	op := bytecode.Pop
	if f.forget().captured {
		op = bytecode.CloseUpvalue
	}
	f.op(span, op)
}

// place is where a name lives.
type place uint8

const (
	isGlobal place = iota
	isLocal
	isUpvalue
)

// find looks a name up. A variable of an enclosing function becomes an
// upvalue by being found.
func (f *function) find(name string) (place, int) {
	if i := f.findLocal(name); i >= 0 {
		return isLocal, i
	}
	if i := f.findUpvalue(name); i >= 0 {
		return isUpvalue, i
	}
	return isGlobal, 0
}

func (f *function) findLocal(name string) int {
	if same := f.slots[name]; len(same) > 0 {
		return same[len(same)-1]
	}
	return -1
}

func (f *function) findUpvalue(name string) int {
	if f.parent == nil {
		return -1
	}
	if i := f.parent.findLocal(name); i >= 0 {
		f.parent.locals[i].captured = true
		return f.addUpvalue(upvalue{i, true}, name)
	}
	if i := f.parent.findUpvalue(name); i >= 0 {
		return f.addUpvalue(upvalue{i, false}, name)
	}
	return -1
}

func (f *function) addUpvalue(u upvalue, name string) int {
	if i, ok := f.captured[u]; ok {
		return i
	}
	if f.captured == nil {
		f.captured = map[upvalue]int{}
	}
	f.captured[u] = len(f.upvalues)
	f.upvalues = append(f.upvalues, u)
	f.upNames = append(f.upNames, name)
	return len(f.upvalues) - 1
}

// read writes the code that pushes a variable.
func (f *function) read(span ast.Span, p place, index int) {
	if p == isUpvalue {
		f.op(span, bytecode.GetUpvalue, index)
		return
	}
	f.op(span, bytecode.GetLocal, index)
}
