package viewstest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

const (
	warehouse = "0199a003-7c1d-7c3e-9a51-1f0f6e2d90aa" // answers after two seconds
	partner   = "0199a009-7c1d-7c3e-9a51-1f0f6e2d90aa" // answers with 500
	slack     = "0199a002-7c1d-7c3e-9a51-1f0f6e2d90aa"
)

func functions(t *testing.T, opts ...browser.Option) (*viewstest.Server, *browser.Tab) {
	t.Helper()
	s := viewstest.New(t)
	tab := browser.Open(t, opts...)
	tab.Go(s.URL + "/p/1/functions")
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	return s, tab
}

func checked(id string) string {
	return `document.getElementById("switch-` + id + `").getAttribute("aria-checked")`
}

func status(id string) string {
	return `document.querySelector("#function-` + id + ` [data-hp-status]").innerText.trim()`
}

func TestSwitchIsOptimistic(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	tab.Focus("#switch-" + warehouse)
	// It turns in the very task of the press, whatever the server does.
	if have := browser.Eval[string](tab, `document.getElementById("switch-`+warehouse+`").click(), `+checked(warehouse)); have != "false" {
		t.Errorf("right after the press the switch says %s", have)
	}
	if have := browser.Eval[string](tab, checked(warehouse)+"+"+status(warehouse)); have != "falsePaused" {
		t.Errorf("while waiting: %s, want falsePaused", have)
	}
	// A second press meanwhile sends nothing.
	tab.Press(" ")
	tab.Wait(`document.querySelector("#toasts .toast-ok") !== null`)
	if have := browser.Eval[string](tab, checked(warehouse)+"+"+status(warehouse)); have != "falsePaused" {
		t.Errorf("after the answer: %s, want falsePaused", have)
	}
	focused(t, tab, "#switch-"+warehouse)
	if n := browser.Eval[int](tab, `document.querySelectorAll("#toasts .toast").length`); n != 1 {
		t.Errorf("%d toasts, want 1", n)
	}
	tab.Picture("functions-toast-1280-light")
	tab.Click("#toasts [data-hp-undo]")
	tab.Wait(checked(warehouse) + ` === "true"`)
	problems(t, tab)
}

func TestSwitchGoesBackOnFailure(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	tab.Click("#switch-" + partner)
	tab.Wait(`document.getElementById("alert").textContent.includes("Partner postback was not paused")`)
	if have := browser.Eval[string](tab, checked(partner)+"+"+status(partner)); have != "trueStopped by Hogpen" {
		t.Errorf("after the failure: %s", have)
	}
	if have := tab.Text("#function-" + partner + " [data-hp-error]"); !strings.Contains(have, "error 500") || !strings.Contains(have, "Retry") {
		t.Errorf("the row says %q", have)
	}
	tab.Picture("functions-failed-1280-light")
}

func TestUndoKeyAndToastTimer(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	tab.Click("#switch-" + slack)
	tab.Wait(`document.querySelector("#toasts [data-hp-undo]") !== null`)
	if ttl := browser.Eval[string](tab, `document.querySelector("#toasts .toast").dataset.hpTtl`); ttl != "10000" {
		t.Errorf("a toast with Undo stays %s ms, want 10000", ttl)
	}
	said(tab, "Paused Slack: new signups")
	tab.PressCtrl("z")
	tab.Wait(checked(slack) + ` === "true"`)
}

func TestSearchKeepsTheCaret(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	// Chromium's protocol types the character even when the key was handled, so
	// the key is sent as an event.
	browser.Eval[bool](tab, `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true, cancelable: true})) || true`)
	focused(t, tab, "#q")
	tab.Press("signup")
	tab.Wait(`document.querySelectorAll("#function-rows tr").length === 2`)
	focused(t, tab, "#q")
	if at := browser.Eval[int](tab, `document.getElementById("q").selectionStart`); at != 6 {
		t.Errorf("caret at %d, want 6", at)
	}
	tab.Wait(`location.search === "?q=signup"`)
	said(tab, "2 functions")
	// Two facets are joined by and; what is not set is not in the address.
	browser.Eval[bool](tab, `(s => { s.value = "active"; s.dispatchEvent(new Event("change", {bubbles: true})); return true })(document.getElementById("status"))`)
	tab.Wait(`location.search === "?q=signup&status=active"`)
	problems(t, tab)
}

func TestNavigationSwapsThePage(t *testing.T) {
	t.Parallel()
	s, tab := functions(t)
	browser.Eval[bool](tab, `window.stays = true`)
	tab.Press("g")
	tab.Press("p")
	tab.Wait(`location.pathname === "/p/1/pipeline" && document.querySelector("h1").textContent === "Pipeline"`)
	if !browser.Eval[bool](tab, `window.stays === true`) {
		t.Error("the document was loaded again")
	}
	tab.Wait(`document.activeElement === document.querySelector("h1")`)
	if have := browser.Eval[string](tab, `document.title + "|" + document.querySelector("#nav [aria-current]").innerText`); have != "Pipeline · Hogpen|Pipeline" {
		t.Errorf("title and current item: %s", have)
	}
	browser.Eval[bool](tab, `history.back() ?? true`)
	tab.Wait(`location.pathname === "/p/1/functions" && document.querySelector("h1").textContent.includes("Functions")`)

	// A page without our frame is loaded as a document.
	s.HandleFunc("GET /p/1/metrics", plain)
	tab.Click(`#nav [href="/p/1/metrics"]`)
	tab.Wait(`document.body.innerText === "plain"`)
}

func TestMenuKeys(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	opener := `[popovertarget="menu-` + slack + `"]`
	tab.Focus(opener)
	tab.Press(browser.Enter)
	tab.Wait(`document.activeElement.innerText.trim() === "Open"`)
	tab.Picture("functions-menu-1280-light")
	tab.Press(browser.Down)
	tab.Wait(`document.activeElement.innerText.trim() === "Logs"`)
	tab.Press(browser.Up)
	tab.Press(browser.Up)
	tab.Wait(`document.activeElement.innerText.trim() === "Move to trash"`)
	tab.Press(browser.Escape)
	focused(t, tab, opener)
}

func TestSkipLinkAndShortcuts(t *testing.T) {
	t.Parallel()
	_, tab := functions(t)
	tab.Press(browser.Tabs)
	focused(t, tab, ".skip")
	tab.Press(browser.Enter)
	focused(t, tab, "#main")
	tab.Press("?")
	tab.Wait(`document.getElementById("shortcuts").open`)
	tab.Picture("shortcuts-1280-light")
	tab.Click("#single-keys")
	tab.Press(browser.Escape)
	tab.Press("g")
	tab.Press("p")
	if have := tab.Path(); have != "/p/1/functions" {
		t.Errorf("keys that are off lead to %s", have)
	}
}

func TestLoadMoreAppends(t *testing.T) {
	t.Parallel()
	s, tab := functions(t)
	tab.Go(s.URL + "/p/1/functions?long=1")
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	tab.Click("#function-more a")
	tab.Wait(`document.querySelectorAll("#function-rows > tr").length === 24`)
	if n := browser.Eval[int](tab, `new Set([...document.querySelectorAll("#function-rows > tr")].map(r => r.id)).size`); n != 24 {
		t.Errorf("%d different rows, want 24", n)
	}
	if have := tab.Text("#function-more"); have != "24 of 24" {
		t.Errorf("the end says %q", have)
	}
	// What was appended works.
	tab.Click("#switch-" + slack + "-2")
	tab.Wait(`document.querySelector("#toasts .toast") !== null`)
}

func TestListWithoutScript(t *testing.T) {
	t.Parallel()
	s := viewstest.New(t)
	tab := browser.Open(t, browser.NoScript())
	tab.Go(s.URL + "/p/1/functions")
	tab.Type("#q", "signup")
	tab.Press(browser.Enter)
	tab.Wait(`document.querySelectorAll("#function-rows tr").length === 2`)
	if have := tab.Path(); !strings.Contains(have, "q=signup") {
		t.Errorf("searched at %s", have)
	}
}

func plain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<!doctype html><title>plain</title>plain"))
}

// The list of fifty rows stays within 22 KB after gzip.
func TestFiftyRowsStayInBudget(t *testing.T) {
	t.Parallel()
	s := viewstest.New(t)
	resp, err := http.Get(s.URL + "/p/1/functions?rows=50")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	raw, err := io.Copy(w, resp.Body)
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d after gzip", raw, packed.Len())
	if packed.Len() > 22_000 {
		t.Errorf("%d bytes after gzip, at most 22,000 allowed", packed.Len())
	}
}
