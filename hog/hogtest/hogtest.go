// Package hogtest runs the golden scripts of hog/testdata: one program, many
// readers. A script is a txtar archive: a line or two on what it shows, the
// source in in.hog, and a section for what each stage makes of it.
//
//	Closures keep the variable, not its value.
//	-- in.hog --
//	let n := 1
//	-- out/tree --
//	let n:=1
//
// The parser's test reads out/tree, the compiler's out/bytecode, the
// printer's out/printed, the machine's out/stdout. Each section must be there,
// unless the text above in.hog has a line such as "without: out/stdout".
//
// With HOGPEN_UPDATE=1 in the environment the sections are rewritten instead of
// compared. Packages share the files, so they must run one after another:
//
//	HOGPEN_UPDATE=1 go test -p 1 ./hog/...
package hogtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Script is one golden script.
type Script struct {
	Name   string // the file's name without its ending
	About  string // the text above the first section
	Source string // in.hog
	path   string
	files  *txtar.Archive
}

// Run gives the source of every script in dir to f, as a subtest each, and
// compares what comes back with the section. f reports its own failures with
// t.Error; a final line break is added to its text where it lacks.
func Run(t *testing.T, dir, section string, f func(t *testing.T, s Script) string) {
	t.Helper()
	scripts := Scripts(t, dir)
	for _, s := range scripts {
		if s.without(section) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			have := f(t, s)
			if have != "" && !strings.HasSuffix(have, "\n") {
				have += "\n"
			}
			s.check(t, section, have)
		})
	}
}

// Scripts reads all scripts of dir. It fails the test when there are none.
func Scripts(t testing.TB, dir string) []Script {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	scripts := make([]Script, 0, len(paths))
	for _, path := range paths {
		scripts = append(scripts, read(t, path))
	}
	return scripts
}

func read(t testing.TB, path string) Script {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := Script{Name: strings.TrimSuffix(filepath.Base(path), ".txtar"), About: string(a.Comment), path: path, files: a}
	source, ok := s.Section("in.hog")
	if !ok {
		t.Fatalf("%s has no in.hog", path)
	}
	s.Source = source
	return s
}

// Section returns a section's text and whether the script has it.
func (s Script) Section(name string) (string, bool) {
	for _, f := range s.files.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

func (s Script) without(section string) bool {
	for line := range strings.Lines(s.About) {
		if strings.TrimSpace(line) == "without: "+section {
			return true
		}
	}
	return false
}

// check compares or, when updating, rewrites a section.
func (s Script) check(t *testing.T, section, have string) {
	t.Helper()
	want, ok := s.Section(section)
	if ok && want == have {
		return
	}
	if os.Getenv("HOGPEN_UPDATE") != "" {
		s.update(t, section, have)
		return
	}
	if !ok {
		t.Errorf("%s has no section %s; HOGPEN_UPDATE=1 writes it", s.path, section)
		return
	}
	t.Errorf("%s, %s\nhave\n%s\nwant\n%s", s.path, section, have, want)
}

// update reads the file again, because another section may have been written
// since.
func (s Script) update(t *testing.T, section, have string) {
	t.Helper()
	a, err := txtar.ParseFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for i := range a.Files {
		if a.Files[i].Name == section {
			a.Files[i].Data, found = []byte(have), true
		}
	}
	if !found {
		a.Files = append(a.Files, txtar.File{Name: section, Data: []byte(have)})
	}
	if err := os.WriteFile(s.path, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}
