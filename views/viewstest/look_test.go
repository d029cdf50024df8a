package viewstest_test

import (
	"os"
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// looks are the views of each page, as the visual reference has them.
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
	"functions":  "/p/1/functions",
	"pipeline":   "/p/1/pipeline",
	"kit":        "/kit",
	"overview":   "/p/1",
	"new":        "/new",
	"keys":       "/account/keys",
	"sign-in":    "/login",
	"setup":      "/setup",
	"missing":    "/missing",
	"broken":     "/broken",
	"gallery":    "/p/1/templates",
	"template":   "/p/1/templates/slack",
	"build":      "/p/1/functions/f1",
	"conflict":   "/p/1/conflict",
	"viewer":     "/p/1/viewer",
	"logs":       "/p/1/functions/f1/logs",
	"all-logs":   "/p/1/logs",
	"metrics":    "/p/1/functions/f1/metrics",
	"stopped":    "/p/1/functions/stopped/metrics",
	"slowed":     "/p/1/functions/slowed/metrics",
	"events":     "/p/1/events",
	"no-events":  "/p/1/no-events",
	"event":      "/p/1/events/e1",
	"letters":    "/p/1/dead-letters",
	"no-letters": "/p/1/no-letters",
	"letter":     "/p/1/dead-letters/l0",
	"live":       "/p/1/live",
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
			outline(t, tab, name)
			for _, v := range viewstest.Axe(t, tab) {
				t.Errorf("%s %s: %s", name, look.name, v)
			}
		}
	}
}

// outline checks what every page has exactly once.
func outline(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	for what, count := range map[string]string{
		"an h1":           `document.querySelectorAll("h1").length`,
		"a main":          `document.querySelectorAll("main").length`,
		"a named title":   `Number(/^\S.* · Hogpen$/.test(document.title))`,
		"unique ids":      `Number((ids => new Set(ids).size === ids.length)([...document.querySelectorAll("[id]")].map(e => e.id)))`,
		"labelled fields": `Number([...document.querySelectorAll("input:not([type=hidden]),select,textarea")].every(e => e.labels?.length || e.ariaLabel))`,
	} {
		if n := browser.Eval[int](tab, count); n != 1 {
			t.Errorf("%s: %s: %d, want 1", name, what, n)
		}
	}
	if n := browser.Eval[int](tab, `document.querySelectorAll("#nav [aria-current=page]").length`); browser.Eval[bool](tab, `document.getElementById("nav") !== null`) && n != 1 {
		t.Errorf("%s: %d current items in the navigation, want 1", name, n)
	}
}
