package vm

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// Inspector runs one program and stops where it is told to: by instruction,
// by line, at breakpoints. Between the stops it shows frames, variables, the
// stack and what is used of the budget. Debuggers are built on it.
//
// The program must be loaded with LoadOptions.Inspect; it has a probe before
// each instruction, so that all other programs pay nothing. Functions of the
// library are one step, but the functions of the program that they call are
// stepped through.
//
// An Inspector is used by one goroutine at a time. Values that it shows belong
// to the run: they are to be read, not changed, and only until the next step.
type Inspector struct {
	m       Machine
	prog    *Program
	sources map[string]string
	lines   map[string][]int32 // where the lines of the sources begin
	breaks  []*Breakpoint
	thrown  bool

	stop       Stop
	suspension *Suspension
	mode       stepMode
	from       spot // where the current step began
	last       spot // the frame of the newest probe
	lastIP     int  // and its instruction
	telemetry  *Telemetry
}

// InspectOptions are what an Inspector runs a program with.
type InspectOptions struct {
	Globals Value
	Env     Env
	// Budget bounds the run as it bounds any other. The time between steps does
	// not count.
	Budget Budget
	// Sources are the texts of the program ("root") and its chunks, by name.
	// Lines are counted in them; a chunk without text is stepped through by
	// instruction alone.
	Sources map[string]string
	// PauseOnThrow stops before each throw statement.
	PauseOnThrow bool
	// Telemetry, when it is set, receives an entry for each instruction.
	Telemetry *Telemetry
}

// StopReason tells why the program stands still.
type StopReason string

// The reasons to stand still.
const (
	StopEntry      StopReason = "entry"      // nothing has run yet
	StopStep       StopReason = "step"       // the step that was asked for is done
	StopBreakpoint StopReason = "breakpoint" // an instruction with a breakpoint is next
	StopThrow      StopReason = "throw"      // a throw is next
	StopSuspended  StopReason = "suspended"  // the program waits for an answer
	StopFinished   StopReason = "finished"
	StopFailed     StopReason = "failed" // the frames are those at the fault
)

// Stop is where the program stands still.
type Stop struct {
	Reason StopReason
	// Breakpoint is the one that was met.
	Breakpoint *Breakpoint
	// Suspended is the call that waits for an answer.
	Suspended *Suspension
	// Result is there when the program has ended, also with an error.
	Result Result
	// Err is why it failed: a *HogError or a *RuntimeError.
	Err error
}

// Ended reports whether no step is left.
func (s Stop) Ended() bool { return s.Reason == StopFinished || s.Reason == StopFailed }

// Breakpoint stops a program each time when an instruction is next.
type Breakpoint struct {
	Chunk string
	Span  ast.Span // of the instruction
	prog  *Program
	pos   int32 // the instruction's element
}

// Frame is an activation of a function, or of a chunk's outermost code.
type Frame struct {
	Function string // "" for the program itself, else as it prints
	Chunk    string // "root" for the program
	// Element is the index of the instruction in the bytecode array, header
	// included: the next one in the newest frame, the call in all others.
	Element int
	Op      bytecode.Op
	Span    ast.Span     // of the instruction; zero when there are none
	Place   ast.Position // where Span starts; zero without source
}

// Variable is a named place of a frame.
type Variable struct {
	Name    string // "" when the compiler's names are not there
	Slot    int    // counted from the frame's begin; of an upvalue its number
	Upvalue bool   // belongs to a function around this one
	Value   Value
}

// Usage is what a run has used up.
type Usage struct {
	Ops        int64
	Time       time.Duration // running, without the time between steps
	Memory     int64         // bytes charged: what is reachable, and garbage not yet found
	Frames     int
	AsyncSteps int
}

type stepMode uint8

const (
	modeInstruction stepMode = iota
	modeInto
	modeOver
	modeOut
	modeRun
)

// spot is a place to compare with: a line of a frame.
type spot struct {
	prog  *Program
	depth int
	line  int
}

var errPaused = errors.New("the inspector paused the run")

// Inspect makes an Inspector that stands before the program's first
// instruction. ctx may be nil.
func Inspect(ctx context.Context, p *Program, opt InspectOptions) (*Inspector, error) {
	d, err := newInspector(p, opt)
	if err != nil {
		return nil, err
	}
	d.m.reset(p, opt.Globals, opt.Env)
	d.m.ctx = ctx
	d.m.setBudget(opt.Budget)
	d.m.frames = append(d.m.frames[:0], frame{prog: p})
	d.m.depth = 1
	d.begin()
	return d, nil
}

// InspectState is Inspect for a suspended run, which stands before its answer.
func InspectState(ctx context.Context, p *Program, s *State, opt InspectOptions) (*Inspector, error) {
	d, err := newInspector(p, opt)
	if err != nil {
		return nil, err
	}
	if err := d.m.restore(ctx, p, s, opt.Globals, opt.Env, opt.Budget); err != nil {
		return nil, err
	}
	d.begin()
	d.stop, d.suspension = Stop{Reason: StopSuspended}, &Suspension{State: s}
	return d, nil
}

func newInspector(p *Program, opt InspectOptions) (*Inspector, error) {
	if !p.opt.Inspect {
		return nil, errors.New("inspect: the program was not loaded with LoadOptions.Inspect")
	}
	d := &Inspector{
		prog: p, sources: opt.Sources, thrown: opt.PauseOnThrow, telemetry: opt.Telemetry,
		stop: Stop{Reason: StopEntry},
	}
	d.lines = make(map[string][]int32, len(opt.Sources))
	for name, text := range opt.Sources {
		d.lines[name] = lineStarts(text)
	}
	d.m.inspector = d
	return d, nil
}

// begin opens the telemetry, by the clock of the run.
func (d *Inspector) begin() {
	if d.telemetry != nil {
		d.telemetry.begin(d.m.now())
	}
}

// Stop is where the program stands still.
func (d *Inspector) Stop() Stop { return d.stop }

// StepInstruction runs one instruction.
func (d *Inspector) StepInstruction() Stop { return d.run(modeInstruction) }

// StepInto runs to the next line, also that of a function which is called.
func (d *Inspector) StepInto() Stop { return d.run(modeInto) }

// StepOver runs to the next line of this frame, or of the one that called it.
func (d *Inspector) StepOver() Stop { return d.run(modeOver) }

// StepOut runs until the newest frame has returned.
func (d *Inspector) StepOut() Stop { return d.run(modeOut) }

// Continue runs to the next breakpoint, suspension or end.
func (d *Inspector) Continue() Stop { return d.run(modeRun) }

// Answer gives a suspended program its answer. The program goes on with the
// next step; until it is answered, steps do nothing.
func (d *Inspector) Answer(v Value) {
	if d.suspension == nil {
		return
	}
	d.suspension = nil
	d.m.push(v)
	d.stop = Stop{Reason: StopStep}
}

func (d *Inspector) run(mode stepMode) Stop {
	if d.stop.Ended() || d.suspension != nil {
		return d.stop
	}
	d.mode, d.from = mode, d.here()
	if d.stop.Reason == StopEntry {
		d.from = spot{} // any line is another one
	}
	d.stop = Stop{}
	m := &d.m
	v, s, err := m.loop()
	// The clock stands still until the next step.
	m.syncBefore = m.elapsed()
	m.clocked = false
	switch {
	case err == errPaused:
	case s != nil:
		m.capture(s.State, d.result(Null))
		d.suspension = s
		d.stop = Stop{Reason: StopSuspended, Suspended: s}
	case err != nil:
		d.stop = Stop{Reason: StopFailed, Err: err, Result: d.result(Null)}
	default:
		d.stop = Stop{Reason: StopFinished, Result: d.result(v)}
	}
	return d.stop
}

func (d *Inspector) result(v Value) Result {
	m := &d.m
	return Result{Value: v, Ops: m.Ops(), SyncDuration: m.elapsed(), MaxMemory: max(m.mem, m.memMax)}
}

// arrive is called before each instruction, with the frame's ip at it, and
// says whether to stop there.
func (d *Inspector) arrive() bool {
	f := &d.m.frames[d.m.depth-1]
	in := &f.prog.code[f.ip]
	d.last, d.lastIP = spot{prog: f.prog, depth: d.m.depth}, f.ip
	if d.telemetry != nil {
		d.telemetry.note(&d.m, f.prog, in)
	}
	if b := d.breakpointAt(f.prog, in.pos); b != nil {
		d.stop = Stop{Reason: StopBreakpoint, Breakpoint: b}
		return true
	}
	if d.thrown && in.op == bytecode.Throw {
		d.stop = Stop{Reason: StopThrow}
		return true
	}
	if d.done() {
		d.stop = Stop{Reason: StopStep}
		return true
	}
	return false
}

// done reports whether the step that was asked for ends here.
func (d *Inspector) done() bool {
	switch d.mode {
	case modeInstruction:
		return true
	case modeRun:
		return false
	case modeOut:
		return d.m.depth < d.from.depth
	}
	if d.mode == modeOver && d.from.depth > 0 && d.m.depth > d.from.depth {
		return false
	}
	now := d.here()
	return now.line > 0 && now != d.from
}

// here is the line that the newest frame stands at, 0 when there is none.
func (d *Inspector) here() spot {
	p := d.m.frames[d.m.depth-1].prog
	s := spot{prog: p, depth: d.m.depth}
	if p.spans == nil {
		return s
	}
	if span := p.spans[d.instruction(d.m.depth-1)]; span != (ast.Span{}) {
		s.line = sort.Search(len(d.lines[p.name]), func(i int) bool { return d.lines[p.name][i] > span.Start })
	}
	return s
}

func lineStarts(text string) []int32 {
	starts := []int32{0}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, int32(i+1))
		}
	}
	return starts
}

// Break makes a breakpoint at the first instruction of a chunk ("root" is the
// program) that comes from within span: a line, a statement, an expression.
// It is false when there is none.
func (d *Inspector) Break(chunk string, span ast.Span) (*Breakpoint, bool) {
	return d.breakAt(chunk, func(s ast.Span) bool { return s.Start >= span.Start && s.End <= span.End })
}

func (d *Inspector) breakAt(chunk string, fits func(ast.Span) bool) (*Breakpoint, bool) {
	p := d.program(chunk)
	if p == nil || p.spans == nil {
		return nil, false
	}
	at := -1
	for i := range p.code {
		if p.code[i].op == opProbe && p.spans[i] != (ast.Span{}) && fits(p.spans[i]) && (at < 0 || p.code[i].pos < p.code[at].pos) {
			at = i
		}
	}
	if at < 0 {
		return nil, false
	}
	b := &Breakpoint{Chunk: chunk, Span: p.spans[at], prog: p, pos: p.code[at].pos}
	d.breaks = append(d.breaks, b)
	return b, true
}

// BreakLine is Break for a line, counted from 1, of a chunk's source.
func (d *Inspector) BreakLine(chunk string, line int) (*Breakpoint, bool) {
	starts := d.lines[chunk]
	if line < 1 || line > len(starts) {
		return nil, false
	}
	start, end := starts[line-1], int32(len(d.sources[chunk]))
	if line < len(starts) {
		end = starts[line] - 1
	}
	if b, ok := d.Break(chunk, ast.Span{Start: start, End: end}); ok {
		return b, true
	}
	// What begins in the line may end in another.
	return d.breakAt(chunk, func(s ast.Span) bool { return s.Start >= start && s.Start <= end })
}

// Clear takes a breakpoint away.
func (d *Inspector) Clear(b *Breakpoint) {
	for i := range d.breaks {
		if d.breaks[i] == b {
			d.breaks = append(d.breaks[:i], d.breaks[i+1:]...)
			return
		}
	}
}

func (d *Inspector) breakpointAt(p *Program, pos int32) *Breakpoint {
	for _, b := range d.breaks {
		if b.pos == pos && b.prog == p {
			return b
		}
	}
	return nil
}

func (d *Inspector) program(chunk string) *Program {
	if chunk == "root" {
		return d.prog
	}
	return d.prog.chunks[chunk]
}

// Frames are the frames, the newest first. After a fault they are those that
// stood when it happened; after the end there is the program's alone.
func (d *Inspector) Frames() []Frame {
	out := make([]Frame, 0, d.m.depth)
	for i := d.m.depth - 1; i >= 0; i-- {
		out = append(out, d.frame(i))
	}
	return out
}

func (d *Inspector) frame(i int) Frame {
	f := &d.m.frames[i]
	p, ip := f.prog, d.instruction(i)
	out := Frame{Chunk: p.name, Element: p.elem(ip), Op: op(0)}
	if f.fn != nil {
		out.Function = Print(functionValue(f.fn))
	}
	if p.source != nil && int(p.code[ip].pos) < len(p.source.Code) {
		out.Op = bytecode.Op(p.source.Code[p.code[ip].pos].Int)
	}
	if p.spans != nil {
		out.Span = p.spans[ip]
		if src, ok := d.sources[p.name]; ok && out.Span != (ast.Span{}) {
			out.Place = ast.PositionOf(src, int(out.Span.Start))
		}
	}
	return out
}

// instruction is the number of the instruction that a frame stands at: the
// next one, or the call that it waits for.
func (d *Inspector) instruction(i int) int {
	f := &d.m.frames[i]
	ip := f.ip
	switch {
	case i < d.m.depth-1 || d.suspension != nil:
		ip--
	case d.stop.Reason == StopFailed && d.last == (spot{prog: f.prog, depth: d.m.depth}):
		ip = d.lastIP // a call has moved the frame on already
	}
	return max(0, min(ip, len(f.prog.code)-1))
}

// Variables are the variables of a frame, counted as in Frames: its locals in
// order of their slots, then the variables of functions around it that it
// uses. A slot without a name is an operand that waits, or, in a program
// without names, any local.
func (d *Inspector) Variables(frame int) []Variable {
	i := d.m.depth - 1 - frame
	if i < 0 || i >= d.m.depth {
		return nil
	}
	f := &d.m.frames[i]
	end := d.m.sp
	if i+1 < d.m.depth {
		end = d.m.frames[i+1].base
	}
	locals, upvalues := d.names(i)
	var out []Variable
	for slot := 0; f.base+slot < end; slot++ {
		out = append(out, Variable{Name: locals[slot], Slot: slot, Value: d.m.stack[f.base+slot]})
	}
	if f.fn != nil {
		for n, c := range f.fn.up {
			out = append(out, Variable{Name: upvalues[n], Slot: n, Upvalue: true, Value: d.m.getCell(c)})
		}
	}
	return out
}

// names are the names that hold in a frame, by slot.
func (d *Inspector) names(i int) (locals, upvalues map[int]string) {
	locals, upvalues = map[int]string{}, map[int]string{}
	f := &d.m.frames[i]
	if f.prog.source == nil {
		return locals, upvalues
	}
	function := int32(0)
	if f.fn != nil {
		function = f.prog.code[f.fn.info.entry].pos
	}
	pos := f.prog.code[d.instruction(i)].pos
	for _, l := range f.prog.source.Locals {
		switch {
		case l.Function != function || pos < l.From || pos >= l.To:
		case l.Upvalue:
			upvalues[int(l.Slot)] = l.Name
		default:
			locals[int(l.Slot)] = l.Name
		}
	}
	return locals, upvalues
}

// Stack is the operand stack of all frames, the oldest value first.
func (d *Inspector) Stack() []Value {
	return append([]Value(nil), d.m.stack[:d.m.sp]...)
}

// Used is what the run has used up so far.
func (d *Inspector) Used() Usage {
	m := &d.m
	return Usage{Ops: m.Ops(), Time: m.elapsed(), Memory: m.mem, Frames: m.depth, AsyncSteps: m.asyncSteps}
}

// Left is what is left of the budget; a field is negative when it is not
// bounded.
func (d *Inspector) Left() Budget {
	b, u := d.m.budget, d.Used()
	left := Budget{Time: -1, Steps: -1, Memory: -1, Depth: b.Depth - u.Frames, AsyncSteps: max(0, b.AsyncSteps-u.AsyncSteps)}
	if b.Time > 0 {
		left.Time = max(0, b.Time-u.Time)
	}
	if b.Steps > 0 {
		left.Steps = max(0, b.Steps-u.Ops)
	}
	if b.Memory > 0 {
		left.Memory = max(0, b.Memory-u.Memory)
	}
	return left
}

// String is a place for people: "f(1) at root 3:5".
func (f Frame) String() string {
	name := f.Function
	if name == "" {
		name = "program"
	}
	if f.Place.Line == 0 {
		return fmt.Sprintf("%s at %s [%d]", name, f.Chunk, f.Element)
	}
	return fmt.Sprintf("%s at %s %d:%d", name, f.Chunk, f.Place.Line, f.Place.Column)
}
