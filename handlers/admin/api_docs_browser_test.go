package admin_test

import (
	"strings"
	"testing"

	"hogpen/views/viewstest/browser"
)

// The description of the API is shown, a request is tried out as the person who
// is signed in, and nothing breaks the content policy or the page's width.
func TestAPIDocsInABrowser(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	for _, look := range []struct {
		name  string
		width int64
		opts  []browser.Option
	}{
		{"1280-light", 1280, []browser.Option{browser.Size(1280, 860)}},
		{"1280-dark", 1280, []browser.Option{browser.Size(1280, 860), browser.Dark()}},
		{"390-light", 390, []browser.Option{browser.Size(390, 844)}},
		{"390-dark", 390, []browser.Option{browser.Size(390, 844), browser.Dark()}},
	} {
		tab := open(t, p, "/api/docs", look.opts...)
		tab.Wait(`document.querySelector(".api-docs .opblock") !== null`)
		if n := browser.Eval[int](tab, `document.querySelectorAll(".api-docs .opblock-tag").length`); n < 8 {
			t.Errorf("%s: %d groups of endpoints", look.name, n)
		}
		if wide := browser.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > look.width {
			t.Errorf("%s: the page is %d px wide", look.name, wide)
		}
		tab.Picture("api-docs-" + look.name)
		// One group has every method, and is judged and tried.
		tab.Type(".operation-filter-input", "personal_api_keys")
		tab.Wait(`document.querySelectorAll(".api-docs .opblock-tag").length === 1`)
		tab.Click(`#operations-personal_api_keys-get_api_personal_api_keys_ .opblock-summary-control`)
		tab.Wait(`document.querySelector(".try-out__btn") !== null`)
		// Not by its place: the part is still unfolding.
		browser.Eval[bool](tab, `document.querySelector(".try-out__btn").click(), true`)
		tab.Wait(`document.querySelector(".btn.execute") !== null`)
		browser.Eval[bool](tab, `document.querySelector(".btn.execute").click(), true`)
		tab.Wait(`document.querySelector(".live-responses-table .response-col_status") !== null`)
		if status := tab.Text(".live-responses-table .response .response-col_status"); !strings.HasPrefix(status, "200") {
			t.Errorf("%s: the list answered %q", look.name, status)
		}
		tab.Picture("api-docs-tried-" + look.name)
		sound(t, tab)
	}
}
