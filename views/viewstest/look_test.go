package viewstest_test

import (
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

// views of each page, as the visual reference has them.
var looks = []struct {
	name  string
	width int
	opts  []browser.Option
}{
	{"1280-light", 1280, []browser.Option{browser.Size(1280, 860)}},
	{"1280-dark", 1280, []browser.Option{browser.Size(1280, 860), browser.Dark()}},
	{"390-light", 390, []browser.Option{browser.Size(390, 844)}},
}

// paths are the sample pages.
var paths = map[string]string{
	"functions": "/p/1/functions",
	"pipeline":  "/p/1/pipeline",
	"kit":       "/kit",
	"overview":  "/p/1",
	"new":       "/new",
	"keys":      "/account/keys",
	"sign-in":   "/login",
	"setup":     "/setup",
	"missing":   "/missing",
	"broken":    "/broken",
}

// TestPagesAreSound looks at every page in every size and theme: nothing breaks
// the content policy, no exception, nothing scrolls sideways, axe finds nothing.
func TestPagesAreSound(t *testing.T) {
	s := viewstest.New(t)
	for _, look := range looks {
		tab := browser.Open(t, look.opts...)
		for name, path := range paths {
			tab.Go(s.URL + path)
			tab.Wait("document.querySelector('[data-htmx-powered]') !== null || !document.querySelector('.app')")
			tab.Picture(name + "-" + look.name)
			for _, p := range tab.Problems() {
				t.Errorf("%s %s: %s", name, look.name, p)
			}
			if wide := browser.Eval[int](tab, "document.documentElement.scrollWidth"); wide > look.width {
				t.Errorf("%s %s: the page is %d px wide", name, look.name, wide)
			}
			for _, v := range viewstest.Axe(t, tab) {
				t.Errorf("%s %s: %s", name, look.name, v)
			}
		}
	}
}
