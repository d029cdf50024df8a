package vm_test

import (
	"os"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/bytecode"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// compile makes bytecode of a program.
func compile(t testing.TB, src string) *bytecode.Program {
	t.Helper()
	code, diags := hog.Compile(src, hog.Options{HostFunctions: []string{"fetch", "host"}})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	return code
}

// load makes a program of source; fetch is asynchronous.
func load(t testing.TB, src string, opt vm.LoadOptions) *vm.Program {
	t.Helper()
	return loadCode(t, compile(t, src), opt)
}

func loadCode(t testing.TB, code *bytecode.Program, opt vm.LoadOptions) *vm.Program {
	t.Helper()
	opt.Library = stl.Library()
	opt.Async = append(opt.Async, "fetch")
	p, err := vm.Load(code, opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// backends are the ways to run a program: as it is loaded, and on the plain
// machine alone.
var backends = []struct {
	name string
	opt  vm.LoadOptions
}{{"closures", vm.LoadOptions{}}, {"switch", vm.LoadOptions{SwitchOnly: true}}}

// run runs a program to its end and gives what it printed and returned.
func run(t testing.TB, p *vm.Program, globals vm.Value, b vm.Budget) (lines []string, r vm.Result, err error) {
	t.Helper()
	var m vm.Machine
	env := vm.Env{Print: func(s string) { lines = append(lines, s) }}
	r, err = m.Run(t.Context(), p, globals, env, b)
	return lines, r, err
}

// specRows reads the rows "source → result" of a file, the arrow also at the
// beginning of the next line.
func specRows(t *testing.T, file string) (rows [][2]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/spec/" + file)
	if err != nil {
		t.Fatal(err)
	}
	pending := ""
	for line := range strings.Lines(string(data)) {
		src, want, ok := strings.Cut(line, "→")
		src, want = strings.TrimSpace(src), strings.TrimSpace(want)
		switch {
		case !ok:
			pending = src
			continue
		case src == "":
			src = pending
		}
		rows = append(rows, [2]string{src, want})
	}
	return rows
}

func TestSpecEvaluation(t *testing.T) {
	t.Parallel()
	rows := specRows(t, "evaluation.txt")
	if len(rows) < 150 {
		t.Fatalf("only %d rows found", len(rows))
	}
	for _, b := range backends {
		for _, row := range rows {
			_, r, err := run(t, load(t, "return "+row[0], b.opt), vm.NewDict(0), vm.Budget{})
			checkRow(t, b.name, row, vm.Print(r.Value), err)
		}
	}
}

// checkRow compares with what a row wants: a value, or "!" for an aborted run.
func checkRow(t *testing.T, backend string, row [2]string, have string, err error) {
	t.Helper()
	want, aborts := strings.CutPrefix(row[1], "!")
	want = strings.TrimSpace(want)
	switch {
	case aborts && err == nil:
		t.Errorf("%s: %s = %s, want a fault", backend, row[0], have)
	case aborts && !strings.HasPrefix(want, "(") && err.Error() != want:
		t.Errorf("%s: %s fails with %q, want %q", backend, row[0], err, want)
	case !aborts && err != nil:
		t.Errorf("%s: %s fails with %q, want %s", backend, row[0], err, want)
	case !aborts && have != want:
		t.Errorf("%s: %s = %s, want %s", backend, row[0], have, want)
	}
}

func TestSpecPrograms(t *testing.T) {
	t.Parallel()
	rows := specRows(t, "programs.txt")
	if len(rows) < 18 {
		t.Fatalf("only %d rows found", len(rows))
	}
	for _, b := range backends {
		for _, row := range rows {
			lines, _, err := run(t, load(t, row[0], b.opt), vm.NewDict(0), vm.Budget{})
			checkRow(t, b.name, row, strings.Join(lines, " / "), err)
		}
	}
}
