// Package bench holds the seven programs that the machine's speed is judged
// by, the event that two of them read, and a driver that runs the same
// bytecode on PostHog's published machine.
package bench

import (
	_ "embed"
	"fmt"
	"strings"

	"hogpen/hog"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// Workload is a program with what it must give.
type Workload struct {
	Name   string
	Source string
	Want   string // print form; empty: it only must not fail
}

// Workloads are the programs of the specification of performance, part A.
var Workloads = []Workload{
	{"fib", `fn fib(n) { if (n < 2) { return n } return fib(n - 1) + fib(n - 2) } return fib(25)`, "75025"},
	{"loop", `let s := 0; for (let i := 0; i < 1000000; i := i + 1) { s := s + i * 2 % 7 } return s`, "2999997"},
	{"mandelbrot", `let total := 0
for (let py := 0; py < 20; py := py + 1) {
  for (let px := 0; px < 30; px := px + 1) {
    let x0 := px / 30 * 3.5 - 2.5
    let y0 := py / 20 * 2 - 1
    let x := 0
    let y := 0
    let i := 0
    while (x * x + y * y <= 4 and i < 50) {
      let t := x * x - y * y + x0
      y := 2 * x * y + y0
      x := t
      i := i + 1
    }
    total := total + i
  }
}
return total`, ""},
	{"strings", `let s := ''; for (let i := 0; i < 2000; i := i + 1) { s := concat(s, toString(i), ',') } return length(s)`, "8890"},
	{"dict", `let d := {}; let a := ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
for (let i := 0; i < 10; i := i + 1) { d[a[i + 1]] := 0 }
for (let i := 0; i < 20000; i := i + 1) { let k := a[i % 10 + 1]; d[k] := d[k] + i }
return d.c`, "19994000"},
	{"filter", `return event = '$pageview' and properties.$browser = 'Chrome' and person.properties.email ilike '%@example.com'`, "true"},
	{"transform", `let denied := ['$ip', '$session_id', '$device_id']
let props := {}
for (let k, v in properties) {
  if (not has(denied, k)) { props[k] := v }
}
props.email_hash := sha256Hex(person.properties.email)
props.$processed := true
return {'event': event, 'distinct_id': distinct_id, 'timestamp': timestamp, 'properties': props}`, ""},
	{"nothing", `return null`, "null"},
}

// Event is a page view of 29 properties, 1.4 KB of JSON.
//
//go:embed event.json
var Event []byte

// Compile makes the bytecode of a workload.
func Compile(w Workload) (*bytecode.Program, error) {
	code, diags := hog.Compile(w.Source, hog.Options{})
	if diags.Failed() {
		return nil, fmt.Errorf("compile %s: %w", w.Name, diags)
	}
	return code, nil
}

// Load makes a workload ready to run.
func Load(w Workload, switchOnly bool) (*vm.Program, error) {
	code, err := Compile(w)
	if err != nil {
		return nil, err
	}
	return vm.Load(code, vm.LoadOptions{Library: stl.Library(), SwitchOnly: switchOnly})
}

// Lines is a program of n lines as functions have them: a variable, a condition
// of two comparisons and a call of the library.
func Lines(n int) string {
	var src strings.Builder
	for i := range n {
		fmt.Fprintf(&src, "let line%d := lower(event) = 'x' and properties.b > 1;\n", i)
	}
	return src.String()
}
