package app_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// doors says which room may look into which (CONTRIBUTING.md draws it).
// A room always may look into its own sub-packages. web/respond and
// web/session are rooms of their own, since handlers may use them without
// seeing the rest of web.
var doors = map[string][]string{
	"hog":       {},
	"queue":     {},
	"static":    {},
	"cdp":       {"hog"},
	"account":   {"cdp"},
	"templates": {"cdp", "hog"},
	"engine":    {"cdp", "hog", "queue"},
	"db":        {"account", "cdp", "queue"},
	"views":     {"account", "cdp", "static"},
	"handlers":  {"account", "cdp", "views", "web/respond", "web/session"},
	// The nonce and the token that components need come from the session.
	"web/respond": {"account", "cdp", "views", "web/session"},
	"web/session": {"account", "cdp"},
	"web":         {"account", "cdp", "handlers", "static", "views", "web/respond", "web/session"},
	"app":         {"account", "cdp", "db", "engine", "handlers", "queue", "templates", "web", "web/respond", "web/session"},
	"cmd/hogpen":  {"app", "hog"},
	// The asset builder is a tool for developers: it looks at nothing of ours.
	"cmd/assets": {},
}

// narrow names libraries that only some rooms may use.
var narrow = map[string][]string{
	"github.com/gofiber/fiber/v2": {"web", "web/respond", "web/session", "handlers"},
	"github.com/a-h/templ":        {"views", "web/respond"},
	"database/sql":                {"db"},
}

// TestDoors parses every file, since a test that asked the go command would
// be answered from the test cache.
func TestDoors(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != root && (strings.HasPrefix(n, ".") || n == "node_modules" || n == "testdata" || n == "artifacts" || n == "data") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if testOnly(pkg) {
			return nil
		}
		room := roomOf(pkg)
		if _, ok := doors[room]; !ok {
			t.Errorf("%s: the room %q is not in the plan", path, room)
			return nil
		}
		seen[room] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			checkDoor(t, path, room, imp.Path.Value)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range doors {
		if !seen[room] {
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(room))); err == nil {
				t.Errorf("the plan names room %q, but no file of it was read", room)
			}
		}
	}
}

func checkDoor(t *testing.T, path, room, quoted string) {
	t.Helper()
	imp, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatal(err)
	}
	if rooms, ok := narrow[imp]; ok && !slices.Contains(rooms, room) {
		t.Errorf("%s: room %q may not use %s; only %v may", path, room, imp, rooms)
	}
	target, ours := strings.CutPrefix(imp, "hogpen/")
	if !ours {
		return
	}
	if to := roomOf(target); to != room && !slices.Contains(doors[room], to) {
		t.Errorf("%s: room %q has no door to %q (%s)", path, room, to, imp)
	}
}

// roomOf gives the room of a package path below the module's root.
func roomOf(pkg string) string {
	for _, room := range []string{"web/respond", "web/session", "cmd/hogpen", "cmd/assets"} {
		if pkg == room || strings.HasPrefix(pkg, room+"/") {
			return room
		}
	}
	room, _, _ := strings.Cut(pkg, "/")
	return room
}

// testOnly packages exist for tests alone and may look where their tests look.
func testOnly(pkg string) bool {
	return strings.HasSuffix(pkg, "test") || strings.Contains(pkg, "test/")
}
