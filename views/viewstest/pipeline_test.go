package viewstest_test

import (
	"fmt"
	"strings"
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

// names is the order on the page.
const names = `[...document.querySelectorAll("#steps [data-hp-item]")].map(i => i.dataset.hpName[0]).join("")`

// start is the sample's order by initials.
const start = "FGHRUFD"

func pipeline(t *testing.T, opts ...browser.Option) (*viewstest.Server, *browser.Tab) {
	t.Helper()
	s := viewstest.New(t)
	tab := browser.Open(t, append(opts, browser.ReducedMotion())...)
	load(tab, s)
	return s, tab
}

// load opens the page and waits until moves can be staged.
func load(tab *browser.Tab, s *viewstest.Server) {
	tab.Go(s.URL + "/p/1/pipeline")
	tab.Wait(`document.querySelector("[data-hp-handle][aria-label$='of 7']") !== null`)
}

func order(t *testing.T, tab *browser.Tab, want string) {
	t.Helper()
	if have := browser.Eval[string](tab, names); have != want {
		t.Errorf("order %s, want %s", have, want)
	}
}

func said(tab *browser.Tab, text string) {
	tab.Wait(`document.getElementById("announce").textContent.includes("` + text + `")`)
}

func TestDragStagesAMove(t *testing.T) {
	t.Parallel()
	_, tab := pipeline(t)
	tab.Drag("#step-s5 [data-hp-handle]", "#step-s3 [data-hp-handle]")
	tab.Wait(names + ` === "FGUHRFD"`)
	if have := tab.Text("[data-hp-staged-text]"); !strings.HasPrefix(have, "Order changed: URL cleaner 5 → 3") {
		t.Errorf("staged bar says %q", have)
	}
	if have := tab.Text("#step-s5 [data-hp-position]"); have != "3" {
		t.Errorf("position %s after the drag, want 3", have)
	}
	tab.Picture("pipeline-staged-1280-light")
}

func TestKeysOnTheHandle(t *testing.T) {
	t.Parallel()
	_, tab := pipeline(t)
	tab.Focus("#step-s5 [data-hp-handle]")
	tab.Press(" ")
	said(tab, "URL cleaner lifted, position 5 of 7")
	tab.Press(browser.Up)
	said(tab, "Position 4 of 7")
	tab.Press(browser.Up)
	said(tab, "Position 3 of 7")
	tab.Picture("pipeline-lifted-1280-light")
	tab.Press(" ")
	said(tab, "Dropped at position 3")
	order(t, tab, "FGUHRFD")

	tab.Press(" ")
	tab.Press(browser.End)
	said(tab, "Position 7 of 7")
	tab.Press(browser.Escape)
	said(tab, "Cancelled, back at position 3")
	order(t, tab, "FGUHRFD")
	focused(t, tab, "#step-s5 [data-hp-handle]")
}

func TestAltArrowsAndButtons(t *testing.T) {
	t.Parallel()
	_, tab := pipeline(t)
	tab.Focus("#step-s2 [data-hp-row-link]")
	tab.PressAlt(browser.Down)
	said(tab, "GeoIP, position 3 of 7")
	order(t, tab, "FHGRUFD")
	focused(t, tab, "#step-s2 [data-hp-row-link]")

	if !browser.Eval[bool](tab, `document.querySelector("#step-s1 [data-hp-move=up]").disabled`) {
		t.Error("the first row can move up")
	}
	tab.Focus("#step-s3 [data-hp-move=up]")
	tab.Press(browser.Enter)
	said(tab, "Hash e-mails, position 1 of 7")
	order(t, tab, "HFGRUFD")

	tab.PressCtrl("z")
	order(t, tab, "FHGRUFD")
	tab.Click("[data-hp-undo-move]")
	order(t, tab, start)
	if browser.Eval[bool](tab, `document.getElementById("order-form").checkVisibility()`) {
		t.Error("the staged bar stays with nothing staged")
	}
}

func TestApplyAndUndo(t *testing.T) {
	t.Parallel()
	s, tab := pipeline(t)
	tab.Focus("#step-s2 [data-hp-row-link]")
	tab.PressAlt(browser.Down)
	tab.Click("#order-form .btn-primary")
	tab.Wait(`document.querySelector("#toasts [data-hp-undo]") !== null`)
	tab.Wait(`document.getElementById("order-form").hidden`)
	load(tab, s)
	order(t, tab, "FHGRUFD")

	tab.Focus("#step-s2 [data-hp-row-link]")
	tab.PressAlt(browser.Down)
	tab.Click("#order-form .btn-primary")
	tab.Wait(`document.querySelector("#toasts [data-hp-undo]") !== null`)
	tab.Click("#toasts [data-hp-undo]")
	tab.Wait(names + ` === "FHGRUFD"`)
	problems(t, tab)
}

func TestConflictKeepsTheMoves(t *testing.T) {
	t.Parallel()
	_, tab := pipeline(t)
	browser.Eval[int](tab, `fetch("/elsewhere", {method: "POST"}).then(r => r.status)`)
	tab.Focus("#step-s2 [data-hp-row-link]")
	tab.PressAlt(browser.Down)
	tab.Click("#order-form .btn-primary")
	tab.Wait(`document.querySelector("#order-conflict .notice") !== null`)
	order(t, tab, "FHGRUFD")
	if !browser.Eval[bool](tab, `document.getElementById("order-form").checkVisibility()`) {
		t.Error("the staged bar went away")
	}
}

func TestASwitchKeepsStagedMoves(t *testing.T) {
	t.Parallel()
	_, tab := pipeline(t)
	tab.Focus("#step-s2 [data-hp-row-link]")
	tab.PressAlt(browser.Down)
	tab.Click("#switch-s3")
	tab.Wait(`document.querySelector("#switch-s3").getAttribute("aria-checked") === "true" && document.querySelector("#toasts .toast") !== null`)
	order(t, tab, "FHGRUFD")
	if have := tab.Text("#step-s3 [data-hp-position]"); have != "2" {
		t.Errorf("position %s after the switch, want the staged 2", have)
	}
}

func TestOrderWithoutScript(t *testing.T) {
	t.Parallel()
	s := viewstest.New(t)
	tab := browser.Open(t, browser.NoScript())
	tab.Go(s.URL + "/p/1/pipeline")
	tab.Focus("#step-s2 [data-hp-move=down]")
	tab.Press(browser.Enter)
	tab.Wait(names + ` === "FHGRUFD"`)
}

func focused(t *testing.T, tab *browser.Tab, selector string) {
	t.Helper()
	if !browser.Eval[bool](tab, fmt.Sprintf("document.activeElement === document.querySelector(%q)", selector)) {
		t.Errorf("focus is on %s, want %s", browser.Eval[string](tab, `document.activeElement.outerHTML.slice(0, 120)`), selector)
	}
}

func problems(t *testing.T, tab *browser.Tab) {
	t.Helper()
	for _, p := range tab.Problems() {
		t.Error(p)
	}
}
