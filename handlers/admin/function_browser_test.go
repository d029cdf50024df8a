package admin_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"hogpen/app/apptest"
	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// open signs a browser in and opens a page of the house.
func open(t *testing.T, p *person, path string, opts ...browser.Option) *browser.Tab {
	t.Helper()
	tab := browser.Open(t, append(opts, browser.ReducedMotion())...)
	tab.Go(p.URL + "/login")
	tab.Type("#email", p.Email)
	tab.Type("#password", p.Password)
	tab.Press(browser.Enter)
	tab.Wait(`location.pathname.startsWith("/p/")`)
	tab.Go(p.URL + path)
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	return tab
}

func toastSays(tab *browser.Tab, text string) {
	tab.Wait(`[...document.querySelectorAll("#toasts [data-hp-toast-text]")].some(e => e.textContent.includes("` + text + `"))`)
}

func sound(t *testing.T, tab *browser.Tab) {
	t.Helper()
	for _, p := range tab.Problems() {
		// The browser notes every answer with faults; those are wanted here.
		if !strings.Contains(p, "status of 422") {
			t.Error(p)
		}
	}
	for _, v := range viewstest.Axe(t, tab) {
		t.Error(v)
	}
}

// Actions stand beside events: one is chosen from those there are, kept by its
// number, and shown with its name of now.
func TestFiltersOfferActions(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	var action struct{ ID int }
	for _, name := range []string{"Signed up", "Left for good"} {
		p.MustAPI(t, 201, "POST", p.Project("actions/"), map[string]any{"name": name, "steps": []any{map[string]any{"event": "signup"}}}, &action)
	}
	tab := open(t, p, home)
	tab.Wait(`document.querySelector("[data-hp-rows-add='action']") !== null`)
	tab.Click("[data-hp-rows-add='action']")
	tab.Wait(`document.activeElement.name === "filters.action" && document.activeElement.options.length === 3`)
	tab.Press("Left") // as a list of choices is used by keyboard
	tab.Wait(`document.activeElement.selectedOptions[0].text === "Left for good"`)
	tab.Click("#filters-form .filter-adds [data-hp-rows-add='']")
	tab.Wait(`document.activeElement.name === "filters.event"`)
	tab.Type("[name='filters.event']", "purchase")
	sound(t, tab)
	tab.Click("#save")
	toastSays(tab, "Saved v2")
	tab.Picture("filters-actions-1280-light")
	small := open(t, p, home, browser.Size(390, 844), browser.Dark())
	small.Wait(`document.querySelector("[name='filters.action']").value !== ""`)
	sound(t, small)
	small.Picture("filters-actions-390-dark")
	tab.Wait(`document.getElementById("filter-sentence").textContent.includes("when the event is purchase or action Left for good")`)
	id := home[strings.LastIndex(home, "/")+1:]
	var f struct {
		Filters struct {
			Actions []struct{ ID, Name, Type string }
		}
	}
	p.MustAPI(t, 200, "GET", p.Project("hog_functions/%s/", id), nil, &f)
	if a := f.Filters.Actions; len(a) != 1 || a[0].ID != fmt.Sprint(action.ID) || a[0].Name != "Left for good" || a[0].Type != "actions" {
		t.Errorf("actions %+v", a)
	}
	p.MustAPI(t, 200, "PATCH", p.Project("actions/%d/", action.ID), map[string]any{"name": "Gone"}, nil)
	if body := p.get(home); !strings.Contains(body, `selected>Gone</option>`) {
		t.Error("the row does not show the action's new name")
	}
	p.MustAPI(t, 200, "PATCH", p.Project("actions/%d/", action.ID), map[string]any{"deleted": true}, nil)
	if body := p.get(home); !strings.Contains(body, `selected>Left for good (deleted)</option>`) {
		t.Error("the row does not show that the action is deleted")
	}
}

// With more properties than a field can offer, it finds those one types.
func TestFieldsOfFiltersFindNames(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	many := map[string]any{}
	for i := range 230 {
		many[fmt.Sprintf("p%03d", i)] = i
	}
	p.Capture(t, "wide", "visitor-1", many)
	apptest.Eventually(t, func() error {
		if !strings.Contains(p.get(home), `<option value="p100">event numeric</option>`) {
			return errors.New("nothing is offered yet")
		}
		return nil
	})
	tab := open(t, p, home)
	const last = `document.querySelector("#property-names option[value=p229]")`
	if !browser.Eval[bool](tab, last+" === null") {
		t.Fatal("the last one is there from the start")
	}
	tab.Wait(`document.querySelector("#filters-form [data-hp-rows]:nth-of-type(2) [data-hp-rows-add]") !== null`)
	tab.Click("#filters-form [data-hp-rows]:nth-of-type(2) [data-hp-rows-add]")
	tab.Wait(`document.querySelector("[name='filters.property.key']") !== null`)
	tab.Type("[name='filters.property.key']", "22")
	tab.Wait(last + ` !== null && document.querySelectorAll("#property-names option").length === 12`)
	sound(t, tab)
}

const wakeEditor = `document.getElementById("hog-editor").scrollIntoView({block: "center"}), true`

// The whole road of an edit: rows, code with a fault, a test, a save by key, the
// switch, and another save from the version that the switch made.
func TestBuildInABrowser(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	tab := open(t, p, home)

	// Rows are added with focus in them and removed with focus on the next one.
	tab.Wait(`document.querySelector("#field-headers [data-hp-rows-add]") !== null`)
	browser.Eval[bool](tab, wakeEditor)
	tab.Wait(`document.querySelector("hog-editor[data-awake] .cm-content") !== null`)
	tab.Click("#field-headers [data-hp-rows-add]")
	tab.Press("X-Two")
	tab.Press(browser.Tabs)
	tab.Press("2")
	tab.Click("#filters-form .filter-list [data-hp-rows-add]")
	tab.Press("purchase")

	// The server's compiler marks the fault on its line.
	tab.Click(".cm-content")
	tab.PressCtrl(browser.End)
	tab.Press("\rlet broken := (")
	tab.Wait(`document.querySelector(".editor-problems:not([hidden]) b") !== null`)
	tab.PressCtrl("s")
	tab.Wait(`document.querySelector("[data-hp-error-summary]")?.textContent.includes("Code: Line ")`)
	tab.Wait(`document.activeElement === document.querySelector("[data-hp-error-summary]")`)
	if have := browser.Eval[string](tab, `[...document.querySelectorAll("#field-headers [data-hp-rows-list] > .pair .pair-key")].at(-1).value`); have != "X-Two" {
		t.Errorf("the row typed before the fault says %q", have)
	}
	sound(t, tab)
	tab.Picture("build-faults-1280-light")

	browser.Eval[bool](tab, `(e => { e.value = e.value.replace("let broken := (", "// mended"); return true })(document.querySelector("hog-editor"))`)
	tab.PressCtrl("s")
	toastSays(tab, "Saved v2")
	if have := browser.Eval[string](tab, `document.getElementById("base").value + document.getElementById("filter-sentence").textContent.trim()`); !strings.HasPrefix(have, "2Runs when the event is purchase.") {
		t.Errorf("after the save the form says %q", have)
	}

	// Ctrl Enter runs what is in the form.
	browser.Eval[bool](tab, `(e => { e.value = JSON.stringify({event: {event: "purchase", uuid: "u", distinct_id: "d", properties: {}}, person: {properties: {}}}); return true })(document.getElementById("globals"))`)
	tab.PressCtrl(browser.Enter)
	tab.Wait(`document.querySelector(".bench-verdict")?.textContent.includes("Succeeded")`)
	if n := len(p.Sink.Requests()); n != 0 {
		t.Errorf("a mocked run sent %d requests", n)
	}
	sound(t, tab)

	// The switch makes a version; the open form goes on from it.
	tab.Click("[data-hp-switch] [role=switch]")
	toastSays(tab, "Enabled Hook")
	tab.Wait(`document.getElementById("base").value === "3"`)
	tab.Type("#description", "Sends purchases")
	tab.PressCtrl("s")
	toastSays(tab, "Saved v4, live now")
	p.Capture(t, "purchase", "d1", nil)
	if got := p.Sink.Wait(t, 1)[0]; got.Header.Get("X-Two") != "2" {
		t.Errorf("the request has the headers %v", got.Header)
	}

	// The filters' other view, and back.
	tab.Click(`[name=show][value=json]`)
	tab.Wait(`document.getElementById("filters-json")?.value.includes('"purchase"')`)
	tab.Click(`[name=show][value=form]`)
	tab.Wait(`document.querySelector("[name='filters.event']")?.value === "purchase"`)
	sound(t, tab)
}

func TestLogsAreLiveInABrowser(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	home := p.create()
	p.post(strings.Replace(home, "/functions/", "/_/functions/", 1)+"/enabled", map[string][]string{"enabled": {"true"}, "version": {"1"}})
	tab := open(t, p, home+"/logs")
	tab.Wait(`document.querySelector("[data-hp-live]").dataset.hpLiveKind === "live"`)
	p.Capture(t, "one", "d1", nil)
	tab.Wait(`document.querySelectorAll("#log-rows tr").length === 1 && document.querySelector("[data-hp-live-none]").hidden`)
	p.Capture(t, "two", "d1", nil)
	tab.Wait(`document.querySelectorAll("#log-rows tr").length === 2`)
	// A facet makes a new page of the same log.
	tab.Click("#level-error")
	tab.Wait(`location.search === "?level=error" && document.querySelector(".empty")?.textContent.includes("No line matches")`)
	sound(t, tab)
}
