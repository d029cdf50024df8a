package viewstest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

func TestScratch(t *testing.T) {
	base := os.Getenv("LOOK_URL")
	if base == "" {
		t.Fatal("no url")
	}
	for _, look := range looks {
		if only := os.Getenv("LOOK_ONLY"); only != "" && !strings.Contains(look.name, only) {
			continue
		}
		tab := browser.Open(t, look.opts...)
		tab.Go(base + "/login")
		tab.Type("#email", "demo@hogpen.example")
		tab.Type("#password", "hogpen-demo-only")
		tab.Press(browser.Enter)
		tab.Wait(`location.pathname.startsWith("/p/1")`)
		tab.Go(base + "/p/1/functions?sort=name")
		ids := strings.Split(browser.Eval[string](tab, `[...document.querySelectorAll("#function-rows .fn-name")].map(a => a.textContent + "=" + a.getAttribute("href")).join("|")`), "|")
		href := map[string]string{}
		for _, x := range ids {
			n, h, _ := strings.Cut(x, "=")
			href[n] = h
		}
		pages := map[string]string{
			"r-gallery": "/p/1/templates", "r-template": "/p/1/templates/template-webhook", "r-build": href["Legacy billing"],
			"r-buildt": href["Hash e-mails"],
			"r-logs": href["Legacy billing"] + "/logs", "r-metrics": href["Legacy billing"] + "/metrics",
			"r-plogs": "/p/1/logs", "r-pmetrics": "/p/1/metrics", "r-events": "/p/1/events",
		}
		if want := os.Getenv("LOOK_PAGES"); want != "" {
			for k := range pages {
				if !strings.Contains(","+want+",", ","+k+",") {
					delete(pages, k)
				}
			}
		}
		check := func(name string) {
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
		for name, path := range pages {
			fmt.Println(name, path)
			tab.Go(base + path)
			tab.Wait("document.querySelector('[data-htmx-powered]') !== null || !document.querySelector('.app')")
			if strings.HasPrefix(name, "r-build") {
				browser.Eval[bool](tab, `document.getElementById("hog-editor").scrollIntoView({block: "center"}), true`)
				tab.Wait(`document.querySelector("hog-editor[data-awake] .cm-content") !== null`)
				browser.Eval[bool](tab, `scrollTo(0,0), true`)
				tab.Click(".bench-go")
				tab.Wait(`document.querySelector(".bench-verdict") !== null`)
			}
			check(name)
			if name == "r-events" {
				tab.Click("#event-rows tr:nth-child(30) a")
				tab.Wait(`document.getElementById("event-json") !== null`)
				check("r-event")
			}
		}
	}
}
