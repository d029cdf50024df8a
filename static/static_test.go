package static_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"hogpen/static"
)

func TestURLLeadsToAFile(t *testing.T) {
	t.Parallel()
	for name := range static.Manifest() {
		f, ok := static.Lookup(static.URL(name))
		if !ok || len(f.Raw) == 0 {
			t.Errorf("URL(%q) = %s leads nowhere", name, static.URL(name))
			continue
		}
		if f.Type == "application/octet-stream" {
			t.Errorf("%s has no media type", f.Name)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "/_assets/", "manifest.json", "../static.go", "app.js"} {
		if f, ok := static.Lookup(name); ok {
			t.Errorf("Lookup(%q) = %s, want nothing", name, f.Name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("URL of an unknown name did not panic")
		}
	}()
	static.URL("never-built.css")
}

func TestCompressedFormsAreTheSameContent(t *testing.T) {
	t.Parallel()
	for _, f := range static.Files() {
		if packed := f.Gzip(); packed != nil {
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			same(t, f, r)
		}
		if packed := f.Brotli(); packed != nil {
			same(t, f, brotli.NewReader(bytes.NewReader(packed)))
		}
	}
}

func same(t *testing.T, f *static.File, r io.Reader) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, f.Raw) {
		t.Errorf("%s: unpacked content differs (%v)", f.Name, err)
	}
}

// The budgets of the UI specification, section 12, in bytes after gzip.
func TestSizesStayInBudget(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int{
		"app.js":     20_000, // every page; 30,000 allowed
		"style.css":  18_000,
		"reorder.js": 16_000,
		"chart.js":   4_000,
		"live.js":    4_000,
		"editor.js":  137_000,
	} {
		f, _ := static.Lookup(static.URL(name))
		if n := len(f.Gzip()); n > most {
			t.Errorf("%s is %d bytes after gzip, at most %d allowed", name, n, most)
		}
	}
	var fonts int
	for _, f := range static.Files() {
		if strings.HasSuffix(f.Name, ".woff2") {
			fonts += len(f.Raw)
		}
	}
	if fonts > 52_000 {
		t.Errorf("fonts are %d bytes, at most 52,000 allowed", fonts)
	}
}
