package oracle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// Script is a golden script with the answers of PostHog's packages. The record
// keeps its source too, so that a script that is changed or added later needs
// no Node.
type Script struct {
	Name, Source string
	// Tree is the answer of the parser.
	Tree string
	// Run is the answer of the machine; empty for a script that has no
	// out/stdout, because it is not meant to run.
	Run string `json:",omitempty"`
}

// Scripts reads the golden scripts of dir, without answers; runs tells which
// of them are meant to run.
func Scripts(dir string) (scripts []Script, runs []bool, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		return nil, nil, fmt.Errorf("no scripts in %s: %w", dir, err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("read scripts: %w", err)
		}
		s, run := Script{Name: strings.TrimSuffix(filepath.Base(path), ".txtar")}, false
		for _, f := range a.Files {
			switch f.Name {
			case "in.hog":
				s.Source = string(f.Data)
			case "out/stdout":
				run = true
			}
		}
		scripts, runs = append(scripts, s), append(runs, run)
	}
	return scripts, runs, nil
}

// CompareScripts holds Hogpen against the answers to scripts, and gives the
// cases that differ and that no row of Known covers.
func CompareScripts(scripts []Script) []Case {
	var differ []Case
	compare := func(c Case) {
		c.Ours = Short(answer(c.Kind, c.Source))
		if c.Ours != c.Theirs && known(c) == nil {
			differ = append(differ, c)
		}
	}
	for i, s := range scripts {
		compare(Case{Kind: Trees, Index: i, Source: s.Source, Theirs: s.Tree})
		if s.Run != "" {
			compare(Case{Kind: Programs, Index: i, Source: s.Source, Theirs: s.Run})
		}
	}
	return differ
}

func scriptsPath(dir string) string { return filepath.Join(dir, "scripts.jsonl") }

// WriteScripts puts the answers to scripts into dir, a line each.
func WriteScripts(dir string, scripts []Script) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, s := range scripts {
		if err := enc.Encode(s); err != nil {
			return fmt.Errorf("record scripts: %w", err)
		}
	}
	return os.WriteFile(scriptsPath(dir), []byte(b.String()), 0o644)
}

// ReadScripts gets them back.
func ReadScripts(dir string) ([]Script, error) {
	f, err := os.Open(scriptsPath(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	var scripts []Script
	for {
		var s Script
		switch err := dec.Decode(&s); err {
		case nil:
			scripts = append(scripts, s)
		case io.EOF:
			return scripts, nil
		default:
			return nil, fmt.Errorf("read the record of scripts: %w", err)
		}
	}
}
