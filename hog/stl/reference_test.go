package stl_test

import (
	"os"
	"strings"
	"testing"

	"hogpen/hog/stl"
)

func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../docs/stl.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != stl.Reference() {
		t.Error("docs/stl.md is not what hog/stl says; run go generate ./hog/stl")
	}
}

// TestReferenceIsWhole: every function has its heading once, under a group
// that does not come twice.
func TestReferenceIsWhole(t *testing.T) {
	t.Parallel()
	page := stl.Reference()
	for _, f := range stl.All {
		if n := strings.Count(page, "\n### "+f.Name+"\n"); n != 1 {
			t.Errorf("%s has %d headings", f.Name, n)
		}
		if n := strings.Count(page, "\n## "+f.Group+"\n"); n != 1 {
			t.Errorf("the group %s has %d headings", f.Group, n)
		}
	}
}
