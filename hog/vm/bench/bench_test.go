package bench_test

import (
	"context"
	"encoding/json"
	"testing"

	"hogpen/hog"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
	"hogpen/hog/vm/bench"
)

func globals(t testing.TB) vm.Value {
	t.Helper()
	v, err := vm.ParseJSON(bench.Event, vm.JSONOptions{Freeze: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWorkloadsGiveWhatTheyMust(t *testing.T) {
	t.Parallel()
	for _, w := range bench.Workloads {
		var results []string
		for _, switchOnly := range []bool{false, true} {
			p, err := bench.Load(w, switchOnly)
			if err != nil {
				t.Fatal(err)
			}
			if p.Compiled() == switchOnly {
				t.Errorf("%s: compiled to closures: %v", w.Name, p.Compiled())
			}
			r, err := new(vm.Machine).Run(t.Context(), p, globals(t), vm.Env{}, vm.Budget{})
			if err != nil {
				t.Fatalf("%s: %v", w.Name, err)
			}
			results = append(results, vm.Print(r.Value))
		}
		if results[0] != results[1] || w.Want != "" && results[0] != w.Want {
			t.Errorf("%s: closures %s, switch %s, want %s", w.Name, results[0], results[1], w.Want)
		}
	}
}

func BenchmarkClosures(b *testing.B) { workloads(b, false) }

func BenchmarkSwitch(b *testing.B) { workloads(b, true) }

func workloads(b *testing.B, switchOnly bool) {
	g := globals(b)
	for _, w := range bench.Workloads {
		b.Run(w.Name, func(b *testing.B) {
			p, err := bench.Load(w, switchOnly)
			if err != nil {
				b.Fatal(err)
			}
			m := new(vm.Machine)
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				r, err := m.Run(context.Background(), p, g, vm.Env{}, vm.Budget{})
				if err != nil {
					b.Fatal(err)
				}
				if w.Name == "transform" {
					buf = vm.AppendJSON(buf[:0], r.Value)
				}
			}
		})
	}
}

func TestShortRunsAllocateNothing(t *testing.T) {
	g := globals(t)
	for _, w := range bench.Workloads {
		if w.Name != "filter" && w.Name != "nothing" {
			continue
		}
		p, err := bench.Load(w, false)
		if err != nil {
			t.Fatal(err)
		}
		m := new(vm.Machine)
		n := testing.AllocsPerRun(100, func() {
			if _, err := m.Run(context.Background(), p, g, vm.Env{}, vm.Budget{}); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s allocates %v times a run", w.Name, n)
		}
	}
}

func BenchmarkLoad1000Instructions(b *testing.B) {
	code, diags := hog.Compile(bench.Lines(100), hog.Options{})
	if diags.Failed() {
		b.Fatal(diags)
	}
	b.ReportMetric(float64(len(code.Code)), "elements")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vm.Load(code, vm.LoadOptions{Library: stl.Library()}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseEvent(b *testing.B) {
	var r vm.JSONReader
	b.SetBytes(int64(len(bench.Event)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Parse(bench.Event, vm.JSONOptions{Freeze: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParseEventEncodingJSON is what the reader is measured against.
func BenchmarkParseEventEncodingJSON(b *testing.B) {
	b.SetBytes(int64(len(bench.Event)))
	b.ReportAllocs()
	for b.Loop() {
		var m map[string]any
		if err := json.Unmarshal(bench.Event, &m); err != nil {
			b.Fatal(err)
		}
	}
}
