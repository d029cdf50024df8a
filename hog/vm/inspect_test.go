package vm_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hogpen/hog/hogtest"
	"hogpen/hog/vm"
)

// TestInspect runs the scripts of testdata/inspect: a program, the steps of
// someone who looks at it, and what was seen.
func TestInspect(t *testing.T) {
	hogtest.Run(t, "testdata/inspect", "out/inspect", func(t *testing.T, s hogtest.Script) string {
		steps, ok := s.Section("steps")
		if !ok {
			t.Fatal("the script has no steps")
		}
		l := &looker{t: t}
		l.open(s)
		for line := range strings.Lines(steps) {
			line = strings.TrimSpace(line)
			l.say("> %s", line)
			command, rest, _ := strings.Cut(line, " ")
			l.do(command, rest)
		}
		return l.b.String()
	})
}

// looker carries out steps and writes down what is seen.
type looker struct {
	t   *testing.T
	b   strings.Builder
	p   *vm.Program
	opt vm.InspectOptions
	d   *vm.Inspector
}

func (l *looker) open(s hogtest.Script) {
	opt := vm.LoadOptions{Inspect: true, Chunks: map[string]vm.Chunk{}}
	l.opt = vm.InspectOptions{
		Globals: props(),
		Env:     vm.Env{Print: func(line string) { l.say("printed %s", line) }},
		Budget:  vm.Budget{Steps: 1000, Time: time.Minute},
		Sources: map[string]string{"root": s.Source},
	}
	if lib, ok := s.Section("lib.hog"); ok {
		opt.Chunks["lib"] = vm.Chunk{Code: compile(l.t, lib)}
		l.opt.Sources["lib"] = lib
	}
	l.p = load(l.t, s.Source, opt)
	l.inspect()
}

func (l *looker) inspect() {
	d, err := vm.Inspect(l.t.Context(), l.p, l.opt)
	if err != nil {
		l.t.Fatal(err)
	}
	l.d = d
}

func (l *looker) say(format string, args ...any) { fmt.Fprintf(&l.b, format+"\n", args...) }

func (l *looker) do(command, rest string) {
	switch command {
	case "instruction":
		l.stopped(l.d.StepInstruction())
	case "into":
		l.stopped(l.d.StepInto())
	case "over":
		l.stopped(l.d.StepOver())
	case "out":
		l.stopped(l.d.StepOut())
	case "continue":
		l.stopped(l.d.Continue())
	case "throws":
		l.opt.PauseOnThrow = true
		l.inspect()
	case "break":
		l.breakAt(rest)
	case "clear":
		for _, b := range l.breaks() {
			l.d.Clear(b)
		}
	case "answer":
		l.d.Answer(parse(l.t, []byte(rest)))
	case "save":
		l.save()
	default:
		l.show(command, rest)
	}
}

func (l *looker) show(command, rest string) {
	switch command {
	case "frames":
		for _, f := range l.d.Frames() {
			l.say("  %v %v", f, f.Op)
		}
	case "variables":
		var frame int
		if _, err := fmt.Sscan(rest, &frame); err != nil {
			l.t.Fatal(err)
		}
		for _, v := range l.d.Variables(frame) {
			if v.Name == "" {
				v.Name = "-"
			}
			if v.Upvalue {
				v.Name += " (outer)"
			}
			l.say("  %d %s = %s", v.Slot, v.Name, vm.Print(v.Value))
		}
	case "stack":
		l.say("  %s", vm.Print(vm.NewArray(l.d.Stack())))
	case "used":
		u := l.d.Used()
		l.say("  %d operations, %d frames, %d async steps, memory %v, time %v", u.Ops, u.Frames, u.AsyncSteps, u.Memory > 0, u.Time < time.Minute)
	case "left":
		b := l.d.Left()
		l.say("  %d operations, %d frames, memory %v, time %v", b.Steps, b.Depth, b.Memory > 0, b.Time > 0)
	default:
		l.t.Fatalf("no step is called %q", command)
	}
}

func (l *looker) breakAt(rest string) {
	chunk, line := "root", 0
	if c, n, ok := strings.Cut(rest, " "); ok {
		chunk, rest = c, n
	}
	if _, err := fmt.Sscan(rest, &line); err != nil {
		l.t.Fatal(err)
	}
	b, ok := l.d.BreakLine(chunk, line)
	if !ok {
		l.say("  no code")
		return
	}
	l.say("  at %q", l.opt.Sources[chunk][b.Span.Start:b.Span.End])
}

// breaks finds the breakpoints that were met.
func (l *looker) breaks() []*vm.Breakpoint {
	if b := l.d.Stop().Breakpoint; b != nil {
		return []*vm.Breakpoint{b}
	}
	return nil
}

// save takes the suspended run through JSON into another inspector.
func (l *looker) save() {
	data, err := json.Marshal(l.d.Stop().Suspended.State)
	if err != nil {
		l.t.Fatal(err)
	}
	s, err := vm.ParseState(data, l.p)
	if err != nil {
		l.t.Fatal(err)
	}
	if l.d, err = vm.InspectState(l.t.Context(), l.p, s, l.opt); err != nil {
		l.t.Fatal(err)
	}
}

func (l *looker) stopped(s vm.Stop) {
	at := ""
	if f := l.d.Frames(); len(f) > 0 && !s.Ended() {
		at = " " + f[0].String()
	}
	l.say("  %s%s", s.Reason, at)
	switch {
	case s.Suspended != nil:
		l.say("  waits for %s%s", s.Suspended.Name, vm.Print(vm.NewTuple(s.Suspended.Args)))
	case s.Reason == vm.StopFinished:
		l.say("  gave %s", vm.Print(s.Result.Value))
	case s.Reason == vm.StopFailed:
		l.say("  %v", s.Err)
	}
}

// TestInspectedRunEqualsOthers steps through every program of the suspension
// tests by instruction and by line: it prints, gives and counts what a plain
// run does.
func TestInspectedRunEqualsOthers(t *testing.T) {
	t.Parallel()
	for _, src := range asyncPrograms {
		wantLines, want, wantErr := paused(t, src, false)
		for _, step := range []func(*vm.Inspector) vm.Stop{(*vm.Inspector).StepInstruction, (*vm.Inspector).StepInto, (*vm.Inspector).Continue} {
			var lines []string
			d, err := vm.Inspect(t.Context(), load(t, src, vm.LoadOptions{Inspect: true}), vm.InspectOptions{
				Globals: props(), Env: vm.Env{Print: func(s string) { lines = append(lines, s) }},
				Sources: map[string]string{"root": src},
			})
			if err != nil {
				t.Fatal(err)
			}
			var stop vm.Stop
			for !stop.Ended() {
				if stop = step(d); stop.Suspended != nil {
					arg := vm.Null
					if len(stop.Suspended.Args) > 0 {
						arg = stop.Suspended.Args[0]
					}
					d.Answer(answer(arg))
				}
				d.Frames()
				d.Variables(0)
			}
			if strings.Join(lines, "\n") != strings.Join(wantLines, "\n") || vm.Print(stop.Result.Value) != vm.Print(want.Value) ||
				text(stop.Err) != text(wantErr) || stop.Result.Ops != want.Ops {
				t.Errorf("%s\n have %q %s %v %d\n want %q %s %v %d", src, lines, vm.Print(stop.Result.Value), stop.Err, stop.Result.Ops,
					wantLines, vm.Print(want.Value), wantErr, want.Ops)
			}
		}
	}
}

func TestInspectNeedsProbes(t *testing.T) {
	t.Parallel()
	if _, err := vm.Inspect(t.Context(), load(t, "return 1", vm.LoadOptions{}), vm.InspectOptions{}); err == nil {
		t.Error("a program without probes is inspected")
	}
}

// TestTelemetry has the protocol that PostHog's machine keeps of the program.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	var kept vm.Telemetry
	now := time.UnixMilli(1700000000000)
	d, err := vm.Inspect(t.Context(), load(t, "let f := x -> x + 1.5; let o := {'a': event.props.x}; return f(o.a)", vm.LoadOptions{Inspect: true}),
		vm.InspectOptions{Globals: props(), Env: vm.Env{Now: func() time.Time { return now }}, Telemetry: &kept})
	if err != nil {
		t.Fatal(err)
	}
	if stop := d.Continue(); stop.Result.Value.Num() != 2.5 {
		t.Fatal(stop)
	}
	want := `[[1700000000000,"root",0,"START",""],[0,"",2,"52/CALLABLE",""],[0,"",13,"53/CLOSURE",""],[0,"",15,"32/STRING","a"],` +
		`[0,"",17,"32/STRING","x"],[0,"",19,"32/STRING","props"],[0,"",21,"32/STRING","event"],[0,"",23,"1/GET_GLOBAL","3"],` +
		`[0,"",25,"42/DICT",""],[0,"",27,"36/GET_LOCAL",""],[0,"",29,"32/STRING","a"],[0,"",31,"45/GET_PROPERTY","a"],` +
		`[0,"",32,"36/GET_LOCAL",""],[0,"",34,"54/CALL_LOCAL","[object Object]"],[0,"",7,"34/FLOAT","1.5"],[0,"",9,"36/GET_LOCAL",""],` +
		`[0,"",11,"6/PLUS",""],[0,"",12,"38/RETURN",""],[0,"",36,"38/RETURN",""]]`
	if have := string(vm.AppendJSON(nil, kept.Value())); have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
}
