// Command peer compares the machine with PostHog's published one, and with the
// interpreters that Go programs embed: the same bytecode runs here and on
// Node, the same task in the language of each other one, in turn, each warmed
// up, and a table of times and ratios is printed. It counts CPU time, the
// garbage collector's included, and takes each one's least over the rounds:
// what other work on the same computer disturbs least.
//
// It is a module of its own, so that what is compared is no part of Hogpen. It
// needs node and npm; the package is installed, at an exact version, into an
// ignored folder.
//
//	make bench-vm
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
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"hogpen/hog/vm"
	"hogpen/hog/vm/bench"
)

// The packages that are compared with. PostHog matches patterns with RE2, which
// is compiled when it is installed, against the headers beside the node that
// runs: a C++ compiler and Python are needed, or npm fails with their names.
var published = []string{"@posthog/hogvm@1.0.71", "re2@1.24.0"}

//go:embed peer.js
var script []byte

func main() {
	dir := flag.String("dir", "artifacts/peer", "folder for the npm packages")
	rounds := flag.Int("rounds", 7, "rounds; the least time counts")
	seconds := flag.Float64("seconds", 0.3, "length of one measurement")
	only := flag.String("only", "", "names of workloads, separated by commas; empty: all")
	flag.Parse()
	nursery()
	if err := compare(*dir, *only, *rounds, *seconds); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

// nursery gives all that runs in this process as much room between two garbage
// collections as Node's young generation has, 16 MB. Go's own choice for a
// process as small as this one is 4 MB, which no server has: collections then
// are a fifth of the time of a program that makes values.
func nursery() { debug.SetGCPercent(400) }

func compare(dir, only string, rounds int, seconds float64) error {
	if err := install(dir); err != nil {
		return err
	}
	var event map[string]any
	if err := json.Unmarshal(bench.Event, &event); err != nil {
		return err
	}
	globals, err := vm.ParseJSON(bench.Event, vm.JSONOptions{Freeze: true})
	if err != nil {
		return err
	}
	var results []result
	for _, w := range bench.Workloads {
		if only != "" && !slices.Contains(strings.Split(only, ","), w.Name) {
			continue
		}
		r, err := task(dir, w, globals, event, rounds, seconds)
		if err != nil {
			return fmt.Errorf("%s: %w", w.Name, err)
		}
		fmt.Fprintf(os.Stderr, "%s done\n", w.Name)
		results = append(results, r)
	}
	table(os.Stdout, results)
	if only != "" {
		return nil
	}
	return small(os.Stdout, rounds)
}

func install(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "peer.js"), script, 0o644); err != nil {
		return err
	}
	if installed(dir) {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		return err
	}
	headers, err := exec.Command("node", "-p", "path.dirname(path.dirname(process.execPath))").Output()
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	fmt.Fprintln(os.Stderr, "installing", strings.Join(published, " and "), "(once; RE2 takes some minutes)")
	cmd := exec.Command("npm", append([]string{"install", "--save-exact", "--no-audit", "--no-fund"}, published...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "npm_config_nodedir="+strings.TrimSpace(string(headers)))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return nil
}

func installed(dir string) bool {
	for _, built := range []string{"@posthog/hogvm/package.json", "re2/build/Release/re2.node"} {
		if _, err := os.Stat(filepath.Join(dir, "node_modules", filepath.FromSlash(built))); err != nil {
			return false
		}
	}
	return true
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
	RE2     bool            `json:"re2,omitempty"`
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

// task runs one workload everywhere.
func task(dir string, w bench.Workload, globals vm.Value, event map[string]any, rounds int, seconds float64) (result, error) {
	res := result{name: w.Name, times: map[string]float64{}}
	code, err := bench.Compile(w)
	if err != nil {
		return res, err
	}
	text, err := json.Marshal(code)
	if err != nil {
		return res, err
	}
	other, err := start(dir)
	if err != nil {
		return res, err
	}
	defer other.stop()
	warm, err := other.ask(request{Program: text, Globals: bench.Event, Seconds: 1})
	if err != nil {
		return res, err
	}
	runners, err := runners(w, globals, event, warm.Result)
	if err != nil {
		return res, err
	}
	times := map[string][]float64{}
	for range rounds {
		m, err := other.ask(request{Seconds: seconds})
		if err != nil {
			return res, err
		}
		times[hogvm] = append(times[hogvm], m.CPU/float64(m.N))
		if w.Name == "filter" {
			if m, err = other.ask(request{Seconds: seconds, RE2: true}); err != nil {
				return res, err
			}
			times[hogvmRE2] = append(times[hogvmRE2], m.CPU/float64(m.N))
		}
		for _, r := range runners {
			t, err := measure(r.run, seconds)
			if err != nil {
				return res, fmt.Errorf("%s: %w", r.name, err)
			}
			times[r.name] = append(times[r.name], t)
		}
	}
	for name, list := range times {
		res.times[name] = slices.Min(list)
	}
	return res, nil
}

// The names of the machines that are no peer.
const (
	hogvm    = "@posthog/hogvm"
	hogvmRE2 = "@posthog/hogvm, RE2"
	closures = "Hogpen"
	plain    = "Hogpen, plain"
)

// runners are all that run in this process, each checked once to give what
// Node gave.
func runners(w bench.Workload, globals vm.Value, event map[string]any, want string) ([]peer, error) {
	var list []peer
	for name, switchOnly := range map[string]bool{closures: false, plain: true} {
		p, err := bench.Load(w, switchOnly)
		if err != nil {
			return nil, err
		}
		m := new(vm.Machine)
		run := func() (any, error) {
			r, err := m.Run(context.Background(), p, globals, vm.Env{}, vm.Budget{Time: time.Hour})
			if r.Value.IsDict() {
				return r.Value.ToGo(), err
			}
			return nil, err
		}
		r, err := m.Run(context.Background(), p, globals, vm.Env{}, vm.Budget{Time: time.Hour})
		if err != nil {
			return nil, err
		}
		if have := string(vm.AppendJSON(nil, r.Value)); !sameJSON(have, want) {
			return nil, fmt.Errorf("%s gives %s and Node %s", name, have, want)
		}
		list = append(list, peer{name, run})
		if r.Value.IsDict() && !switchOnly {
			// What the pipeline makes of a result; no goal speaks of it.
			var buf []byte
			list = append(list, peer{closures + ", to JSON", func() (any, error) {
				r, err := m.Run(context.Background(), p, globals, vm.Env{}, vm.Budget{Time: time.Hour})
				buf = vm.AppendJSON(buf[:0], r.Value)
				return nil, err
			}})
		}
	}
	more, err := peers(w.Name, event)
	if err != nil {
		return nil, err
	}
	for _, p := range more {
		have, err := p.run()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		if !sameResult(have, want) {
			return nil, fmt.Errorf("%s gives %v and Node %s", p.name, have, want)
		}
	}
	return append(list, more...), nil
}

func sameJSON(a, b string) bool {
	x, err1 := vm.ParseJSON([]byte(a), vm.JSONOptions{Ordered: true})
	y, err2 := vm.ParseJSON([]byte(b), vm.JSONOptions{Ordered: true})
	return err1 == nil && err2 == nil && vm.Print(x) == vm.Print(y)
}

func text3(seconds float64) string {
	return strings.TrimSpace(time.Duration(seconds * 1e9).Round(max(1, time.Duration(seconds*1e6))).String())
}

// measure gives the CPU seconds of one run.
func measure(run func() (any, error), seconds float64) (float64, error) {
	n, batch := 0, 1
	begin, cpu := time.Now(), cpuSeconds()
	for time.Since(begin).Seconds() < seconds {
		for range batch {
			if _, err := run(); err != nil {
				return 0, err
			}
		}
		n += batch
		batch = min(2*batch, 1024)
	}
	return (cpuSeconds() - cpu) / float64(n), nil
}

// cpuSeconds is what the process has used so far, the garbage collector included.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}
