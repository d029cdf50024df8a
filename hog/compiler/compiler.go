// Package compiler turns a tree into PostHog bytecode, element by element what
// PostHog's own compiler makes of it.
//
// The compiler keeps a list of locals for each function; a local's number is
// its place in that list, and the code assumes that the operand stack of the
// frame holds exactly the locals when a statement starts. Some of PostHog's
// lowerings break that assumption (between, and a typed catch clause with a
// variable not called e): by default their bytes are reproduced, with
// Options.Repair they are replaced by sound ones.
//
// A name is looked up among the locals of its function, last first, then in
// the functions around it, which makes it an upvalue; what is found nowhere is
// a global. Jumps are written with their distance left open and filled in when
// their target is reached.
//
// Each element of the code carries the span of the source it comes from.
package compiler

import (
	"sort"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// FuncInfo is how many arguments a function takes. Max -1 means any number.
type FuncInfo struct {
	Min, Max int
}

// Options steer a compilation. The zero value compiles anything, with
// PostHog's bytes, and warns of nothing that needs to know the library.
type Options struct {
	// Functions are the names of the standard library with their arity. When
	// it is nil, calls of unknown functions are not reported.
	Functions map[string]FuncInfo
	// HostFunctions are the functions that the host offers, such as fetch.
	HostFunctions []string
	// Globals are the roots that exist at run time. When it is nil, unknown
	// globals are not reported.
	Globals []string

	// Repl leaves the locals of the program on the stack; Locals are those
	// that earlier inputs have left there, in stack order.
	Repl   bool
	Locals []string

	// Cohorts allows `in cohort`, which then becomes a call of inCohort.
	Cohorts bool
	// NullSafe makes an ordering comparison with null false.
	NullSafe bool
	// Repair replaces the lowerings of PostHog's compiler that are wrong
	// (typed catch, between) by sound ones.
	Repair bool
	// UnknownFunctionsAreErrors makes a call of an unknown function fatal, as
	// filters want it.
	UnknownFunctionsAreErrors bool
	// Template tells that the tree is an input template, for better hints.
	Template bool
}

// GlobalRead is one place where a program reads a global.
type GlobalRead struct {
	Chain []string
	Span  ast.Span
}

// Result is what a compilation gives besides diagnostics.
type Result struct {
	// Program is nil when a diagnostic is an error.
	Program *bytecode.Program
	// Locals are the locals of a repl input, those of earlier inputs first.
	Locals []string
	// Globals are all reads of globals, in the order of the code.
	Globals []GlobalRead
}

// Program compiles a whole program.
func Program(p *ast.Program, opt Options) (Result, ast.Diagnostics) {
	u := &unit{opt: opt, root: p}
	// An element comes from three to four bytes of source.
	u.code = make([]bytecode.Elem, 0, len(p.Source)/3)
	u.spans = make([]ast.Span, 0, len(p.Source)/3)
	f := u.newFunction(nil)
	f.cohorts, f.nullSafe = opt.Cohorts, opt.NullSafe
	f.depth = 1
	for _, name := range opt.Locals {
		f.push(name)
	}
	f.statements(p.Stmts)
	var names []string
	for _, l := range f.locals {
		names = append(names, l.name)
	}
	if !opt.Repl {
		f.endScope(ast.Span{Start: p.Span.End, End: p.Span.End})
	}
	f.finish()
	return u.result(names)
}

// Expr compiles a single expression. The value stays on the stack; there is no
// RETURN.
func Expr(e ast.Expr, opt Options) (Result, ast.Diagnostics) {
	u := &unit{opt: opt, root: e}
	f := u.newFunction(nil)
	f.cohorts, f.nullSafe = opt.Cohorts, opt.NullSafe
	f.expr(e)
	f.finish()
	return u.result(nil)
}

// unit is one compilation: the code of all its functions, which lie inside
// each other, and what is known about the world.
type unit struct {
	opt     Options
	root    ast.Node
	code    []bytecode.Elem
	spans   []ast.Span
	notes   []bytecode.Local
	diags   ast.Diagnostics
	globals []GlobalRead
	// declared are the functions of the whole program, for hints; filled when
	// first needed.
	declared map[string]bool
}

func (u *unit) result(locals []string) (Result, ast.Diagnostics) {
	sort.SliceStable(u.diags, func(i, j int) bool { return u.diags[i].Span.Start < u.diags[j].Span.Start })
	r := Result{Locals: locals, Globals: u.globals}
	if !u.diags.Failed() {
		r.Program = &bytecode.Program{Version: 1, Code: u.code, Spans: u.spans, Locals: u.notes}
	}
	return r, u.diags
}

func (u *unit) fault(span ast.Span, message, hint string) {
	u.diags = append(u.diags, ast.Diagnostic{Span: span, Severity: ast.SeverityError, Message: message, Hint: hint})
}

func (u *unit) warn(span ast.Span, message, hint string) {
	u.diags = append(u.diags, ast.Diagnostic{Span: span, Severity: ast.SeverityWarning, Message: message, Hint: hint})
}

func (u *unit) emit(span ast.Span, elems ...bytecode.Elem) {
	u.code = append(u.code, elems...)
	for range elems {
		u.spans = append(u.spans, span)
	}
}

// op writes an opcode with integer operands.
func (u *unit) op(span ast.Span, op bytecode.Op, operands ...int) {
	u.emit(span, bytecode.IntElem(int64(op)))
	for _, n := range operands {
		u.emit(span, bytecode.IntElem(int64(n)))
	}
}

func (u *unit) str(span ast.Span, s string) {
	u.emit(span, bytecode.IntElem(int64(bytecode.String)), bytecode.StringElem(s))
}

// call writes a call of a global function.
func (u *unit) call(span ast.Span, name string, argc int) {
	u.emit(span, bytecode.IntElem(int64(bytecode.CallGlobal)), bytecode.StringElem(name), bytecode.IntElem(int64(argc)))
}

// jump writes a jump with its distance open and returns where the distance
// stands.
func (u *unit) jump(span ast.Span, op bytecode.Op) int {
	u.op(span, op, 0)
	return len(u.code) - 1
}

// land makes the jump whose distance is at hole lead to here.
func (u *unit) land(hole int) { u.set(hole, len(u.code)-hole-1) }

func (u *unit) set(hole, n int) { u.code[hole].Int = int64(n) }

// back writes a jump to the earlier index to.
func (u *unit) back(span ast.Span, to int) {
	u.op(span, bytecode.Jump, to-(len(u.code)+2))
}
