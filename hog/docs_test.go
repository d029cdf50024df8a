package hog_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// example is a program of docs/hog.md with what it prints.
var example = regexp.MustCompile("(?s)```hog\n(.*?)```\n(?:```text\n(.*?)```\n)?")

// TestLanguagePage runs every program of the page and compares what it prints;
// the message of an uncaught error stands behind an exclamation mark.
func TestLanguagePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/hog.md")
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllStringSubmatch(string(page), -1)
	if len(found) < 10 {
		t.Fatalf("only %d programs", len(found))
	}
	for _, m := range found {
		if have := printed(t, m[1]); have != m[2] {
			t.Errorf("%s\nprints\n%s\nthe page says\n%s", m[1], have, m[2])
		}
		if tidy, _ := hog.Format(m[1]); tidy != m[1] {
			t.Errorf("%s\nis tidily written\n%s", m[1], tidy)
		}
	}
}

func printed(t *testing.T, src string) string {
	t.Helper()
	prog, diags := hog.Compile(src, hog.Options{Repair: true})
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	loaded, err := vm.Load(prog, vm.LoadOptions{Library: stl.Library()})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var m vm.Machine
	env := vm.Env{Print: func(line string) { out.WriteString(line + "\n") }}
	if _, err := m.Run(t.Context(), loaded, vm.NewDict(0), env, vm.Budget{}); err != nil {
		out.WriteString("! " + err.Error() + "\n")
	}
	return out.String()
}
