// Command peer compares the machine with PostHog's published one: the same
// bytecode runs here and on Node, in turn, each warmed up, and a table of
// medians and ratios is printed. It counts CPU time, which other work on the
// same computer disturbs least.
//
// It needs node and npm; the package is installed, at an exact version, into
// an ignored folder.
//
//	go run ./hog/vm/bench/peer
package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hogpen/hog/vm"
	"hogpen/hog/vm/bench"
)

// The packages that are compared with.
var packages = []string{"@posthog/hogvm@1.0.71", "re2-wasm@1.0.2"}

//go:embed peer.js
var script []byte

func main() {
	dir := flag.String("dir", "artifacts/peer", "folder for the npm packages")
	rounds := flag.Int("rounds", 5, "rounds; the median counts")
	seconds := flag.Float64("seconds", 0.3, "length of one measurement")
	only := flag.String("only", "", "names of workloads, separated by commas; empty: all")
	flag.Parse()
	if err := compare(*dir, *only, *rounds, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func compare(dir, only string, rounds int, seconds float64) error {
	if err := install(dir); err != nil {
		return err
	}
	globals, err := vm.ParseJSON(bench.Event, vm.JSONOptions{Freeze: true})
	if err != nil {
		return err
	}
	fmt.Printf("%-18s %14s %14s %14s %8s\n", "workload", "node", "closures", "switch", "ratio")
	for _, w := range bench.Workloads {
		if only != "" && !slices.Contains(strings.Split(only, ","), w.Name) {
			continue
		}
		regexes := []string{"js"}
		if w.Name == "filter" {
			regexes = append(regexes, "re2")
		}
		for _, regex := range regexes {
			if err := row(dir, w, regex, globals, rounds, seconds); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return nil
}

func install(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "peer.js"), script, 0o644); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@posthog", "hogvm")); err == nil {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("npm", append([]string{"install", "--save-exact"}, packages...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return nil
}

// node is the other machine in a process of its own.
type node struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

type request struct {
	Program json.RawMessage `json:"program,omitempty"`
	Globals json.RawMessage `json:"globals,omitempty"`
	Regex   string          `json:"regex,omitempty"`
	Seconds float64         `json:"seconds"`
}

type measurement struct {
	N      int     `json:"n"`
	CPU    float64 `json:"cpu"`
	Result string  `json:"result"`
}

func start(dir string) (*node, error) {
	cmd := exec.CommandContext(context.Background(), "node", "peer.js")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n := &node{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	n.out.Buffer(nil, 1<<20)
	return n, cmd.Start()
}

func (n *node) ask(r request) (m measurement, err error) {
	line, err := json.Marshal(r)
	if err != nil {
		return m, err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return m, err
	}
	if !n.out.Scan() {
		return m, fmt.Errorf("node ended: %w", n.out.Err())
	}
	return m, json.Unmarshal(n.out.Bytes(), &m)
}

func (n *node) stop() {
	_ = n.in.Close()
	_ = n.cmd.Wait()
}

func row(dir string, w bench.Workload, regex string, globals vm.Value, rounds int, seconds float64) error {
	code, err := bench.Compile(w)
	if err != nil {
		return err
	}
	text, err := json.Marshal(code)
	if err != nil {
		return err
	}
	other, err := start(dir)
	if err != nil {
		return err
	}
	defer other.stop()
	warm, err := other.ask(request{Program: text, Globals: bench.Event, Regex: regex, Seconds: 1})
	if err != nil {
		return err
	}
	var theirs, closures, plain []float64
	for range rounds {
		m, err := other.ask(request{Seconds: seconds})
		if err != nil {
			return err
		}
		theirs = append(theirs, m.CPU/float64(m.N))
		for _, own := range []struct {
			switchOnly bool
			times      *[]float64
		}{{false, &closures}, {true, &plain}} {
			t, result, err := measure(w, own.switchOnly, globals, seconds)
			if err != nil {
				return err
			}
			if !sameJSON(result, warm.Result) {
				return fmt.Errorf("it gives %s here and %s on Node", result, warm.Result)
			}
			*own.times = append(*own.times, t)
		}
	}
	name := w.Name
	if w.Name == "filter" {
		name += " (" + regex + ")"
	}
	a, b, c := median(theirs), median(closures), median(plain)
	fmt.Printf("%-18s %14s %14s %14s %7.1fx\n", name, text3(a), text3(b), text3(c), a/b)
	return nil
}

func sameJSON(a, b string) bool {
	x, err1 := vm.ParseJSON([]byte(a), vm.JSONOptions{Ordered: true})
	y, err2 := vm.ParseJSON([]byte(b), vm.JSONOptions{Ordered: true})
	return err1 == nil && err2 == nil && vm.Print(x) == vm.Print(y)
}

func median(xs []float64) float64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

func text3(seconds float64) string {
	return strings.TrimSpace(time.Duration(seconds * 1e9).Round(max(1, time.Duration(seconds*1e6))).String())
}

// measure gives the CPU seconds of one run, and its result as JSON.
func measure(w bench.Workload, switchOnly bool, globals vm.Value, seconds float64) (float64, string, error) {
	p, err := bench.Load(w, switchOnly)
	if err != nil {
		return 0, "", err
	}
	m := new(vm.Machine)
	var buf []byte
	once := func() error {
		r, err := m.Run(context.Background(), p, globals, vm.Env{}, vm.Budget{Time: time.Hour})
		buf = vm.AppendJSON(buf[:0], r.Value)
		return err
	}
	if err := once(); err != nil {
		return 0, "", err
	}
	n, batch := 0, 1
	begin, cpu := time.Now(), cpuSeconds()
	for time.Since(begin).Seconds() < seconds {
		for range batch {
			if err := once(); err != nil {
				return 0, "", err
			}
		}
		n += batch
		batch = min(2*batch, 1024)
	}
	return (cpuSeconds() - cpu) / float64(n), string(buf), nil
}

// cpuSeconds is what the process has used so far, the garbage collector included.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
