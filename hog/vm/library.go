package vm

import (
	"fmt"
	"regexp"
	"sync"
	"time"

	"hogpen/hog/bytecode"
)

// HostFunc is a function that Go offers to programs. It is given the call with
// its arguments and answers with a value or an error. A *RuntimeError aborts
// the run with its text, what Throw gives can be caught by the program, any
// other error aborts the run as "Error: text".
//
// Arguments are read, not changed; containers in them may be kept in the result.
type HostFunc func(c *Call) (Value, error)

// Func is a library function as the machine needs it.
type Func struct {
	Name string
	// Min and Max are the numbers of arguments taken; Max -1 means no bound.
	Min, Max int
	Call     HostFunc
	// Test is the function once more, where it takes one or two arguments, no
	// fewer and no more, gives a boolean, and can do nothing else: not fail, not
	// take memory, not call back. The machine then needs no Call. b is null
	// when the function takes one.
	Test func(a, b Value) bool
	// Hog marks what PostHog wrote in Hog itself: its calls are frames that
	// count against the depth, and its arity message is another one.
	Hog bool
	// Code is the function as bytecode, a JSON array without header, for
	// functions that call back: a program that may pause runs this, so that it
	// may pause inside of the callback.
	Code string
	// Elements marks functions whose result holds elements of their arguments.
	Elements bool
	// Effect marks functions that must run in their place: they print, or
	// throw, or call back.
	Effect bool
}

// Library is a set of functions by name, ready for Load. It never changes.
type Library struct {
	byName map[string]*libFunc
}

// libFunc is a library function with what the machine keeps about it.
type libFunc struct {
	*Func
	info  *funcInfo // as a callable value
	value Value
	code  func() (*Program, error)
}

// NewLibrary makes a library. Two functions of one name are an error.
func NewLibrary(funcs []*Func) (*Library, error) {
	l := &Library{byName: make(map[string]*libFunc, len(funcs))}
	for _, f := range funcs {
		if l.byName[f.Name] != nil {
			return nil, fmt.Errorf("library function %s is there twice", f.Name)
		}
		lf := &libFunc{Func: f}
		lf.info = &funcInfo{kind: fnLibrary, name: f.Name, argc: max(0, f.Max), lib: lf}
		lf.value = functionValue(&function{info: lf.info})
		if f.Code != "" {
			lf.code = sync.OnceValues(func() (*Program, error) { return l.loadCode(lf) })
		}
		l.byName[f.Name] = lf
	}
	return l, nil
}

// libraryChunk begins the names of the chunks that library functions run in.
const libraryChunk = "stl/"

func (l *Library) loadCode(f *libFunc) (*Program, error) {
	v, err := ParseJSON([]byte(f.Code), JSONOptions{})
	if err != nil {
		return nil, fmt.Errorf("bytecode of %s: %w", f.Name, err)
	}
	p := &bytecode.Program{Version: 1}
	for _, e := range v.Elems() {
		if e.IsString() {
			p.Code = append(p.Code, bytecode.Elem{Kind: bytecode.KindString, Str: e.Text()})
		} else {
			p.Code = append(p.Code, bytecode.Elem{Kind: bytecode.KindInt, Int: int64(e.Num())})
		}
	}
	prog, err := load(p, LoadOptions{Library: l}, libraryChunk+f.Name)
	if err != nil {
		return nil, err
	}
	prog.main = &funcInfo{kind: fnLocal, name: f.Name, argc: f.Min, prog: prog}
	prog.apart = true
	return prog, nil
}

func (l *Library) find(name string) *libFunc {
	if l == nil {
		return nil
	}
	return l.byName[name]
}

// arity gives the message for a wrong number of arguments, "" when n is right.
func (f *Func) arity(n int) string {
	switch {
	case n >= f.Min && (n <= f.Max || f.Max < 0):
		return ""
	case f.Hog:
		return fmt.Sprintf("Function %s requires exactly %d arguments", f.Name, f.Min)
	case n < f.Min:
		return fmt.Sprintf("Function %s requires at least %d arguments", f.Name, f.Min)
	}
	return fmt.Sprintf("Function %s requires at most %d arguments", f.Name, f.Max)
}

// Call is one call of a Go function by a program. It is valid until the
// function returns.
type Call struct {
	// Args are the arguments passed; those left out are absent. The slice
	// belongs to the machine.
	Args []Value
	m    *Machine
}

// Arg gives argument i, null when it is absent.
func (c *Call) Arg(i int) Value {
	if i < len(c.Args) {
		return c.Args[i]
	}
	return Null
}

// Now is the time the program sees.
func (c *Call) Now() time.Time { return c.m.now() }

// Invoke calls a function value of the program. What is not a function is the
// error Invalid closure; what the callback throws is an error that the caller
// must return at once.
func (c *Call) Invoke(fn Value, args ...Value) (Value, error) { return c.m.invoke(fn, args) }

// Property reads a property as the language does (specification 4.6). Index 0
// of a list is an error.
func (c *Call) Property(obj, key Value) (Value, error) {
	v := c.m.getProperty(obj, key)
	err := c.m.err
	c.m.err = nil
	return v, err
}

// Regex compiles a pattern in RE2 syntax; the machine remembers it.
func (c *Call) Regex(pattern string) (*regexp.Regexp, error) {
	re, err := c.m.patterns.regex(pattern)
	if err != nil {
		return nil, Errorf("%s", err.Error())
	}
	return re, nil
}

// Like is the operator LIKE, and ILIKE when fold is set.
func (c *Call) Like(s, pattern Value, fold bool) bool { return c.m.like(s, pattern, fold) }

// Matches is the operator =~.
func (c *Call) Matches(s, pattern Value) (bool, error) {
	ok := c.m.regex(s, pattern, false)
	err := c.m.err
	c.m.err = nil
	return ok, err
}

// NullOrdering is the program's choice for comparisons with null.
func (c *Call) NullOrdering() NullOrdering { return c.m.prog.opt.NullOrdering }

// Alloc asks for bytes of memory before they are used. The error is the
// memory limit's, and must be returned.
func (c *Call) Alloc(bytes int) error { return c.m.alloc(int64(bytes)) }

// AllocText is Alloc for the text of a nested value, which may have broken
// off.
func (c *Call) AllocText(bytes int) error {
	if TooLong(bytes) {
		return endless()
	}
	return c.Alloc(bytes)
}

// Spend takes note of work that grows with its input: one unit for about
// sixteen bytes or one element. The error is the time limit's, and must be
// returned.
func (c *Call) Spend(units int) error { return c.m.spend(int64(units)) }

// Print hands a line to the environment. The error is the limit's of what a run
// may print, and must be returned.
func (c *Call) Print(line string) error {
	m := c.m
	if m.env.Print == nil {
		return nil
	}
	if m.printed += int64(len(line)) + 1; m.budget.Output > 0 && m.printed > m.budget.Output {
		return limitErrorf(LimitOutput, "Print output limit of %d bytes exceeded", m.budget.Output)
	}
	m.env.Print(line)
	return nil
}

// Keep makes v known as reachable while the function calls back, so that the
// memory count sees what the function is building.
func (c *Call) Keep(v Value) { c.m.kept = append(c.m.kept, v) }

// Release forgets the newest kept value.
func (c *Call) Release() { c.m.kept = c.m.kept[:len(c.m.kept)-1] }

// Env is what the host gives to a run.
type Env struct {
	// Functions holds the synchronous host functions named at load.
	Functions map[string]HostFunc
	// Print receives what the library's print prints; nil discards it.
	Print func(line string)
	// Now is the clock that programs see; nil is the system's.
	Now func() time.Time
}
