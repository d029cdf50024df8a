package views_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What no template may hold. The content policy refuses inline styles, handlers
// and scripts; colours have their one place in tokens.css; htmx attributes are
// written by views/ui/hx alone.
var forbidden = []struct {
	what string
	re   *regexp.Regexp
}{
	{"a style attribute", regexp.MustCompile(`\sstyle=`)},
	{"a handler attribute", regexp.MustCompile(`\son[a-z]+=`)},
	{"an inline script", regexp.MustCompile(`<script[^>]*>\s*[^<\s]`)},
	{"a colour literal", regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b[^"]*;|\brgba?\(|\bhsla?\(|\boklch\(|(bg|text|border)-\[#`)},
	{"a javascript: address", regexp.MustCompile(`javascript:`)},
}

var htmx = regexp.MustCompile(`\shx-[a-z]+(:[a-z]+)?=`)

// TestTemplatesObeyThePolicy reads every template of the room.
func TestTemplatesObeyThePolicy(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".templ" {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for n, line := range strings.Split(string(text), "\n") {
			for _, f := range forbidden {
				if f.re.MatchString(line) {
					t.Errorf("%s:%d: %s: %s", path, n+1, f.what, strings.TrimSpace(line))
				}
			}
			if htmx.MatchString(line) && !strings.HasPrefix(path, filepath.Join("ui", "hx")) {
				t.Errorf("%s:%d: an htmx attribute outside ui/hx: %s", path, n+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Fatalf("only %d templates were read", files)
	}
}

// TestColoursHaveOnePlace looks for colours in the sheets outside the tokens.
func TestColoursHaveOnePlace(t *testing.T) {
	t.Parallel()
	literal := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`)
	sheets, err := filepath.Glob("assets/css/*.css")
	if err != nil || len(sheets) < 5 {
		t.Fatalf("sheets: %v, %v", sheets, err)
	}
	for _, path := range sheets {
		if filepath.Base(path) == "tokens.css" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if literal.MatchString(line) {
				t.Errorf("%s:%d: a colour outside tokens.css: %s", path, n+1, strings.TrimSpace(line))
			}
		}
	}
}

var iconName = regexp.MustCompile(`(?:Icon: |Icon\(|MenuLink\([^"\n]*)"([a-z0-9-]+)"`)

// TestIconsAreInTheList looks for names that would be drawn as nothing.
func TestIconsAreInTheList(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("assets/icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, name := range strings.Fields(string(list)) {
		known[name] = true
	}
	used := 0
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_templ.go") || (filepath.Ext(path) != ".templ" && filepath.Ext(path) != ".go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range iconName.FindAllStringSubmatch(string(text), -1) {
			used++
			if !known[m[1]] {
				t.Errorf("%s: icon %q is not in assets/icons.txt", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if used < 30 {
		t.Fatalf("only %d uses of icons were found", used)
	}
}
