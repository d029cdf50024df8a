package viewstest_test

import (
	"strings"
	"testing"

	"hogpen/views/viewstest"
	"hogpen/views/viewstest/browser"
)

func kit(t *testing.T, opts ...browser.Option) *browser.Tab {
	t.Helper()
	s := viewstest.New(t)
	tab := browser.Open(t, opts...)
	tab.Go(s.URL + "/kit")
	return tab
}

func TestEditorMarksFaults(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	browser.Eval[bool](tab, `document.getElementById("hog-editor").scrollIntoView({block: "center"}), true`)
	tab.Wait(`document.querySelector("hog-editor[data-awake] .cm-content") !== null`)
	tab.Wait(`document.querySelector(".editor-bar").innerText.includes("No problems")`)
	if !browser.Eval[bool](tab, `getComputedStyle(document.querySelector(".cm-gutters")).display === "flex"`) {
		t.Error("the editor's own sheet was refused")
	}
	tab.Click(".cm-content")
	tab.PressCtrl(browser.Home)
	tab.Press("é oops ")
	tab.Wait(`document.querySelector(".cm-lintRange-error")?.textContent === "oops"`)
	if have := tab.Text(".editor-problems"); !strings.Contains(have, "1:3") || !strings.Contains(have, "Did you mean event?") {
		t.Errorf("problems say %q", have)
	}
	if have := browser.Eval[string](tab, `new FormData(document.querySelector("hog-editor").closest("form")).get("hog").slice(0, 8)`); have != "é oops l" {
		t.Errorf("the form would send %q", have)
	}
	tab.Picture("editor-1280-light")
	for range 7 {
		tab.PressCtrl("z")
	}
	// Tab indents; Esc, then Tab leaves.
	tab.Press(browser.Escape)
	tab.Press(browser.Tabs)
	if browser.Eval[bool](tab, `document.activeElement.closest(".cm-editor") !== null`) {
		t.Error("Esc, Tab does not leave the editor")
	}
	problems(t, tab)
}

func TestEditorCompletes(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	browser.Eval[bool](tab, `document.getElementById("hog-editor").scrollIntoView({block: "center"}), true`)
	tab.Wait(`document.querySelector("hog-editor[data-awake] .cm-content") !== null`)
	tab.Click(".cm-content")
	tab.PressCtrl(browser.End)
	tab.Press("\rfet")
	tab.Wait(`document.querySelector(".cm-tooltip-autocomplete")?.innerText.includes("fetch")`)
	tab.Press(browser.Escape)
	problems(t, tab)
}

func TestEditorIsATextareaWithoutScript(t *testing.T) {
	t.Parallel()
	tab := kit(t, browser.NoScript())
	if have := browser.Eval[string](tab, `document.getElementById("hog").value.slice(0, 7)`); have != "let url" {
		t.Errorf("the textarea holds %q", have)
	}
	if !browser.Eval[bool](tab, `document.getElementById("hog").checkVisibility()`) {
		t.Error("the textarea is hidden")
	}
}

func TestChartKeys(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	tab.Wait(`document.querySelector("[data-hp-chart]") !== null`)
	tab.Focus("[data-hp-chart]")
	tab.Wait(`(document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "Home", bubbles: true, cancelable: true})), !document.querySelector("[data-hp-tip]").hidden)`)
	if have := tab.Text("[data-hp-tip]"); !strings.Contains(have, "Mon 9 Nov, 00:00") || !strings.Contains(have, "40") {
		t.Errorf("the tip says %q", have)
	}
	tab.Press(browser.Right)
	said(tab, "Mon 9 Nov, 04:00: 47 succeeded")
	tab.Picture("chart-1280-light")
	tab.Press(browser.Enter)
	tab.Wait(`location.search === "?bucket=1"`)
}

func TestLiveListCapsAndResumes(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	const rows = `[...document.querySelectorAll("[data-hp-live-list] tr")]`
	tab.Wait(rows + `.length === 5 && document.querySelector("[data-hp-live-state]").textContent === "Live"`)
	// A press on the list stops following; lines are counted instead.
	browser.Eval[bool](tab, rows+`[0].dispatchEvent(new PointerEvent("pointerdown", {bubbles: true}))`)
	tab.Wait(`!document.querySelector("[data-hp-live-new]").hidden`)
	tab.Click("[data-hp-live-new]")
	tab.Wait(`document.querySelector("[data-hp-live-new]").hidden`)
	// Stopped and started again, the stream goes on where it was.
	tab.Click("[data-hp-live-toggle]")
	tab.Wait(`document.querySelector("[data-hp-live-state]").textContent === "Stopped"`)
	last := browser.Eval[string](tab, rows+`[0].id`)
	tab.Click("[data-hp-live-toggle]")
	tab.Wait(rows + `[0].id !== "` + last + `"`)
	if !browser.Eval[bool](tab, `(ids => ids.every((id, i) => i === 0 || ids[i - 1] === id + 1))(`+rows+`.map(r => Number(r.id.slice(5))))`) {
		t.Errorf("lines were lost or doubled: %s", tab.Text("[data-hp-live-list]"))
	}
}

func TestDialogGivesFocusBack(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	tab.Click("[data-hp-open=sample-dialog]")
	tab.Wait(`document.getElementById("sample-dialog").open`)
	tab.Press(browser.Escape)
	tab.Wait(`!document.getElementById("sample-dialog").open`)
	focused(t, tab, "[data-hp-open=sample-dialog]")
}

func TestThemeIsKept(t *testing.T) {
	t.Parallel()
	tab := kit(t)
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	tab.Click(".person")
	tab.Click(`#person [data-hp-theme=dark]`)
	tab.Wait(`document.documentElement.dataset.theme === "dark" && document.cookie.includes("hp_theme=dark")`)
}

func TestConfirmAsksFirst(t *testing.T) {
	t.Parallel()
	s := viewstest.New(t)
	tab := browser.Open(t)
	tab.Go(s.URL + "/account/keys")
	tab.Wait("document.querySelector('[data-htmx-powered]') !== null")
	tab.Click("#key-k1 button")
	tab.Wait(`document.getElementById("confirm").open`)
	if have := tab.Text("#confirm"); !strings.Contains(have, "Revoke Terraform?") || !strings.Contains(have, "4 min ago") {
		t.Errorf("the question is %q", have)
	}
	tab.Picture("confirm-1280-light")
	tab.Click("#confirm [value=no]")
	tab.Wait(`document.getElementById("key-k1") !== null && !document.getElementById("confirm").open`)
	tab.Click("#key-k1 button")
	tab.Click("#confirm [value=yes]")
	tab.Wait(`document.getElementById("key-k1") === null`)
	// Focus goes on to the neighbour's button.
	focused(t, tab, "#key-k2 button")
}
