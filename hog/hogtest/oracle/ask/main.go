// Command ask compares Hogpen's Hog with PostHog's published packages, see
// package oracle. It installs them from npm at exact versions, needs node, and
// fails when an answer differs in a way that is not known, or when a known
// difference is gone.
//
//	go run ./hog/hogtest/oracle/ask            compare, and record the answers
//	go run ./hog/hogtest/oracle/ask -seed 7    compare other cases, record nothing
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"hogpen/hog"
	"hogpen/hog/hogtest/oracle"
)

// The packages that are asked.
var packages = []string{"@posthog/hogvm@1.0.71", "@posthog/hogql-parser@1.3.87"}

//go:embed ask.js
var script []byte

func main() {
	dir := flag.String("dir", "artifacts/oracle", "folder for the npm packages")
	record := flag.String("record", "hog/testdata/oracle", "folder of the record, which is written when the seed is its own")
	seed := flag.Uint64("seed", oracle.Seed, "seed of the cases")
	factor := flag.Int("times", 1, "ask this many times as many cases; nothing is recorded then")
	show := flag.Int("show", 10, "how many unknown differences to show of each kind")
	only := flag.String("only", "", "one kind: scripts, trees, programs or calls")
	flag.Parse()
	if err := ask(*dir, *record, *seed, *factor, *show, oracle.Kind(*only)); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func ask(dir, record string, seed uint64, factor, show int, only oracle.Kind) error {
	if err := install(dir); err != nil {
		return err
	}
	n, err := start(dir)
	if err != nil {
		return err
	}
	defer n.stop()
	failed := false
	if only == "" || only == scripts {
		if failed, err = n.scripts(filepath.Dir(record), record); err != nil {
			return err
		}
	}
	for _, k := range oracle.Kinds {
		if only != "" && only != k.Kind {
			continue
		}
		began := time.Now()
		sources := oracle.Draw(k.Kind, seed, k.Count*factor)
		answers, err := n.all(k.Kind, sources)
		if err != nil {
			return err
		}
		r := oracle.Compare(k.Kind, sources, answers)
		own := seed == oracle.Seed && factor == 1
		failed = !report(r, own, show, time.Since(began)) || failed
		if own {
			rec := oracle.Record{Sum: oracle.Sum(sources), Answers: answers}
			if err := rec.Write(record, k.Kind); err != nil {
				return err
			}
		}
	}
	if failed {
		return errors.New("there are differences that are not known, or known ones that are gone")
	}
	return nil
}

// scripts is the name of the golden scripts on the command line.
const scripts oracle.Kind = "scripts"

// scripts compares the golden scripts of dir, records the answers, and tells
// whether any differ.
func (n *node) scripts(dir, record string) (bool, error) {
	list, runs, err := oracle.Scripts(dir)
	if err != nil {
		return false, err
	}
	ran := 0
	for i := range list {
		s := &list[i]
		tree, err := n.all(oracle.Trees, []string{s.Source})
		if err != nil {
			return false, err
		}
		s.Tree = tree[0]
		if !runs[i] {
			continue
		}
		ran++
		run, err := n.all(oracle.Programs, []string{s.Source})
		if err != nil {
			return false, err
		}
		s.Run = run[0]
	}
	differ := oracle.CompareScripts(list)
	for _, c := range differ {
		fmt.Printf("script %s: %s\n", list[c.Index].Name, c)
	}
	fmt.Printf("scripts: %d trees and %d runs compared, %d differ\n", len(list), ran, len(differ))
	return len(differ) > 0, oracle.WriteScripts(record, list)
}

// report prints what was found and tells whether all is as it should be. Only
// the cases of the record show every known difference.
func report(r oracle.Report, own bool, show int, took time.Duration) bool {
	for _, c := range r.Unknown[:min(show, len(r.Unknown))] {
		fmt.Println(c)
	}
	meant := 0
	for _, name := range slices.Sorted(maps.Keys(r.Known)) {
		meant += r.Known[name]
		fmt.Printf("%s: %d differ as known: %s\n", r.Kind, r.Known[name], name)
	}
	var gone []string
	if own {
		gone = r.Vanished()
	}
	for _, name := range gone {
		fmt.Printf("%s: no case differs any more by: %s\n", r.Kind, name)
	}
	fmt.Printf("%s: %d compared, %d same, %d differ as known, %d differ (%.1f s)\n", r.Kind, r.Compared, r.Same, meant, len(r.Unknown), took.Seconds())
	return len(r.Unknown) == 0 && len(gone) == 0
}

func install(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ask.js"), script, 0o644); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@posthog", "hogql-parser")); err == nil {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("npm", append([]string{"install", "--save-exact", "--no-audit", "--no-fund"}, packages...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install: %w\n%s", err, out)
	}
	return nil
}

// node is the one process that answers.
type node struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(dir string) (*node, error) {
	cmd := exec.Command("node", "ask.js")
	cmd.Dir, cmd.Stderr, cmd.Env = dir, os.Stderr, append(os.Environ(), "TZ=UTC")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	return &node{cmd: cmd, in: in, out: bufio.NewReaderSize(out, 1<<20)}, nil
}

func (n *node) stop() {
	n.in.Close()
	n.cmd.Wait()
}

// all asks for every source, writing ahead of reading.
func (n *node) all(kind oracle.Kind, sources []string) ([]string, error) {
	wrote := make(chan error, 1)
	go func() {
		err := n.write(kind, sources)
		if err != nil {
			n.in.Close() // so that no one waits for answers to what was not asked
		}
		wrote <- err
	}()
	answers := make([]string, 0, len(sources))
	for range sources {
		a, err := n.read(kind)
		if err != nil {
			return nil, errors.Join(<-wrote, err)
		}
		answers = append(answers, oracle.Short(a))
	}
	return answers, <-wrote
}

func (n *node) write(kind oracle.Kind, sources []string) error {
	w := bufio.NewWriter(n.in)
	enc := json.NewEncoder(w)
	for _, src := range sources {
		request := map[string]any{"source": src}
		if kind != oracle.Trees {
			code, diags := hog.Compile(src, hog.Options{Repair: true})
			if diags.Failed() {
				return fmt.Errorf("a drawn program does not compile: %s\n%s", diags[0].Message, src)
			}
			request = map[string]any{"program": code, "globals": json.RawMessage(oracle.Globals)}
		}
		if err := enc.Encode(request); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (n *node) read(kind oracle.Kind) (string, error) {
	line, err := n.out.ReadBytes('\n')
	if err != nil {
		return "", fmt.Errorf("read from node: %w", err)
	}
	var answer struct{ Run, Tree string }
	if err := json.Unmarshal(line, &answer); err != nil {
		return "", fmt.Errorf("read from node: %w", err)
	}
	if kind != oracle.Trees {
		return answer.Run, nil
	}
	return oracle.Theirs([]byte(answer.Tree))
}
