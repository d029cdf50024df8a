package hog_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
)

// mark is the wanted fault on a line: // ### "the message".
var mark = regexp.MustCompile(`// ### "(.*)"$`)

// TestFaults tries the sources of errors.txt, which are split by ---. Each
// fault must stand on the line that carries its message, and there must be no
// other; so a source with two marks shows that reading goes on after a fault.
func TestFaults(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	line := 1
	for _, src := range strings.Split(string(data), "---\n") {
		checkFaults(t, src, line)
		line += strings.Count(src, "\n") + 1
	}
}

func checkFaults(t *testing.T, src string, first int) {
	t.Helper()
	want := map[int]string{}
	for i, line := range strings.Split(src, "\n") {
		if m := mark.FindStringSubmatch(line); m != nil {
			want[i+1] = m[1]
		}
	}
	_, diags := hog.Compile(src, hog.Options{})
	for _, d := range diags {
		line := ast.PositionOf(src, int(d.Span.Start)).Line
		if want[line] != d.Message {
			t.Errorf("errors.txt:%d: have %q, want %q", first+line-1, d.Message, want[line])
		}
		if d.Span.End < d.Span.Start || int(d.Span.End) > len(src) {
			t.Errorf("errors.txt:%d: span %v lies outside the source", first+line-1, d.Span)
		}
		delete(want, line)
	}
	for line, message := range want {
		t.Errorf("errors.txt:%d: missing %q", first+line-1, message)
	}
}

// TestHints: what is said to people who come from other languages.
func TestHints(t *testing.T) {
	t.Parallel()
	program := func(src string) ast.Diagnostics { _, diags := hog.Compile(src, hog.Options{}); return diags }
	template := func(src string) ast.Diagnostics { _, diags := hog.CompileTemplate(src, hog.Options{}); return diags }
	for _, tt := range []struct {
		compile   func(string) ast.Diagnostics
		src, hint string
	}{
		{program, `print("hello")`, "a string stands in single quotes"},
		{program, `let x = 1`, "write `let x := …`"},
		{program, `let f := fn (x) { return x }`, "a function inside an expression is a lambda: `(x) -> { … }`"},
		{program, `if (a && b) {}`, "did you mean `and`?"},
		{program, `if (a<b and c) {}`, "to compare, put a space after `<`"},
		{program, `x := 1`, "declare it with `let`"},
		{program, `let value := 1 vlaue := 2`, `did you mean "value"?`},
		{template, `{{ name }}`, "write single braces: {name}"},
		{template, `{{ name | upcase }}`, "Hog templates use single braces: {name}"},
		{template, `{"a": 1}`, "write \\{ for a literal brace, {{key: value}} for a dict"},
		{template, `{}`, "write \\{ for a literal brace"},
	} {
		diags := tt.compile(tt.src)
		if len(diags) == 0 || diags[0].Hint != tt.hint {
			t.Errorf("%s: have %+v, want the hint %q", tt.src, diags, tt.hint)
		}
	}
}
