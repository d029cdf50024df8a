package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"hogpen/hog"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
	"hogpen/hog/vm/bench"
)

// result are the CPU seconds of one run of a workload, by who ran it.
type result struct {
	name  string
	times map[string]float64
}

// goals are the ratios that the machine is to reach: against PostHog's, also
// with RE2, and against the best interpreter. Go's own ratio is for a native
// limit, 0 for none.
var goals = map[string]struct{ hogvm, re2, best, native float64 }{
	"fib": {80, 0, 3, 0}, "loop": {120, 0, 5, 0}, "mandelbrot": {100, 0, 5, 0}, "strings": {9, 0, 7, 0},
	"dict": {75, 0, 0, 1}, "filter": {18, 150, 4, 0}, "transform": {20, 0, 3, 0.5},
}

// table prints how Hogpen stands, then everybody's times.
func table(out io.Writer, results []result) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\thogvm\tHogpen\ttimes hogvm\tgoal\t\tbest other\ttimes best\tgoal\t\ttimes Go\tgoal\t\ttimes Go, doubles\t\t\t")
	for _, r := range results {
		best, t := r.best()
		goal, own := goals[r.name], r.times[closures]
		fmt.Fprintf(w, "%s\t%s\t%s\t", r.name, text3(r.times[hogvm]), text3(own))
		against(w, r.times[hogvm]/own, goal.hogvm)
		fmt.Fprintf(w, "%s\t", best)
		against(w, t/own, goal.best)
		against(w, r.native()/own, goal.native)
		against(w, r.times["Go, doubles"]/own, 0)
		fmt.Fprintln(w)
		if goal.re2 > 0 {
			fmt.Fprintf(w, "… RE2\t%s\t%s\t", text3(r.times[hogvmRE2]), text3(own))
			against(w, r.times[hogvmRE2]/own, goal.re2)
			fmt.Fprintln(w, "\t\t\t\t\t\t\t\t\t\t")
		}
	}
	_ = w.Flush()
	fmt.Fprintln(out)
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, r := range results {
		fmt.Fprintf(w, "%s\t", r.name)
		for _, name := range slices.Sorted(maps.Keys(r.times)) {
			fmt.Fprintf(w, "%s %s\t", name, text3(r.times[name]))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush()
}

func against(w io.Writer, have, goal float64) {
	if have == 0 {
		fmt.Fprint(w, "\t\t\t")
		return
	}
	verdict := ""
	switch {
	case goal == 0:
		fmt.Fprintf(w, "%.3g\t\t\t", have)
		return
	case have < goal:
		verdict = "missed"
	default:
		verdict = "met"
	}
	fmt.Fprintf(w, "%.3g\t%g\t%s\t", have, goal, verdict)
}

// best is the fastest other interpreter.
func (r result) best() (name string, t float64) {
	for n, x := range r.times {
		if !strings.HasPrefix(n, hogvm) && !strings.HasPrefix(n, closures) && interpreter(n) && (t == 0 || x < t) {
			name, t = n, x
		}
	}
	return name, t
}

func (r result) native() float64 { return max(r.times["Go"], r.times["Go maps"]) }

// small prints what a call, a load and a compilation cost.
func small(out io.Writer, rounds int) error {
	nothing, err := bench.Load(bench.Workload{Name: "nothing", Source: "return null"}, false)
	if err != nil {
		return err
	}
	m := new(vm.Machine)
	call := func() (any, error) {
		_, err := m.Run(context.Background(), nothing, vm.Null, vm.Env{}, vm.Budget{})
		return nil, err
	}
	fmt.Fprintf(out, "\na call that does nothing: %s, %.0f allocations (goal 50ns, 0)\n", text3(least(call, rounds)), testing.AllocsPerRun(1000, func() { _, _ = call() }))
	code, diags := hog.Compile(bench.Lines(100), hog.Options{})
	if diags.Failed() {
		return diags
	}
	instructions := strings.Count(bytecode.Disassemble(code), "\n")
	t := least(func() (any, error) { return vm.Load(code, vm.LoadOptions{Library: stl.Library()}) }, rounds)
	fmt.Fprintf(out, "load of %d instructions: %s, of 1,000: %s (goal 500µs)\n", instructions, text3(t), text3(t*1000/float64(instructions)))
	for _, lines := range []int{100, 1000, 10000} {
		src := bench.Lines(lines)
		t := least(func() (any, error) {
			if _, diags := hog.Compile(src, hog.Options{}); diags.Failed() {
				return nil, diags
			}
			return nil, nil
		}, rounds)
		fmt.Fprintf(out, "compilation of %d lines: %s (goal 1ms for 100)\n", lines, text3(t))
	}
	return nil
}

// least is the best of several measurements.
func least(run func() (any, error), rounds int) float64 {
	best := 0.0
	for range rounds {
		if t, err := measure(run, 0.2); err == nil && (best == 0 || t < best) {
			best = t
		}
	}
	return best
}
