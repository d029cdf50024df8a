package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// TestOperationsPage: each of our metrics has its alert in docs/operations.md,
// and each test that the page names is there.
func TestOperationsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	must(t, err)
	h := apptest.New(t)
	h.Capture(t, "a", "u", nil)
	a := &acceptance{T: t, house: h}
	names := regexp.MustCompile(`(?m)^# TYPE (hogpen_\S+) `).FindAllStringSubmatch(a.send(http.MethodGet, "/_metrics", nil).body, -1)
	if len(names) < 10 {
		t.Errorf("/_metrics has %v", names)
	}
	for _, n := range names {
		if !strings.Contains(string(page), "| `"+n[1]+"` |") {
			t.Errorf("%s has no row", n[1])
		}
	}
	for _, name := range regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1) {
		found := false
		for _, pkg := range []string{"app", "cmd/hogpen", "engine", "db"} {
			found = found || stands(pkg+" "+name[1]) == nil
		}
		if !found {
			t.Errorf("there is no test %s", name[1])
		}
	}
}
