package main

import (
	"fmt"
	"strings"
	"testing"

	"hogpen/app/apptest"
	"hogpen/views/viewstest/browser"
)

// signIn opens a browser and signs the owner in through the form.
func signIn(t *testing.T, h *apptest.House, opts ...browser.Option) *browser.Tab {
	t.Helper()
	b := browser.Open(t, opts...)
	b.Go(h.URL)
	b.Wait("location.pathname === '/login'")
	b.Type("#email", h.Email)
	b.Type("#password", h.Password)
	b.Press(browser.Enter)
	b.Wait("location.pathname.startsWith('/p/')")
	return b
}

// transformation makes an enabled transformation that appends its name to the
// event's property "path", so that the order of steps can be read off.
func transformation(t *testing.T, h *apptest.House, name string) string {
	t.Helper()
	return h.CreateFunction(t, map[string]any{
		"type": "transformation", "name": name, "enabled": true,
		"hog": fmt.Sprintf("let out := event\nout.properties.path := concat(event.properties.path ?? '', '%s')\nreturn out", name),
	})
}

// The pipeline page: steps are dragged and moved by keyboard, and the next
// event follows the new order.
func TestWalkPipeline(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	forward(t, h, "step")
	for _, name := range []string{"A", "B", "C"} {
		transformation(t, h, name)
	}
	order := func(distinctID string) string {
		before := len(h.Sink.Requests())
		h.Capture(t, "step", distinctID, nil)
		got := delivered(t, h.Sink.Wait(t, before+1))
		return fmt.Sprint(got[before].Properties["path"])
	}
	if have := order("u1"); have != "ABC" {
		t.Fatalf("the first event went through %s, want ABC", have)
	}
	b := signIn(t, h)
	b.Go(h.URL + "/p/1/pipeline")
	b.Wait("document.querySelectorAll('[data-hp-item]').length === 3")
	first, third := "#steps > li:nth-child(1) [data-hp-handle]", "#steps > li:nth-child(3) [data-hp-handle]"

	b.Drag(first, third)
	b.Wait("[...document.querySelectorAll('#steps .step-name a')].map(a => a.textContent).join('') === 'BCA'")
	if have := order("u2"); have != "ABC" {
		t.Errorf("a staged move must not change events yet: %s", have)
	}
	b.Picture("walk-pipeline-staged")
	b.Click("#order-form .btn-primary")
	b.Wait("document.querySelector('[data-hp-toast]')?.textContent.includes('Order applied')")
	if have := order("u3"); have != "BCA" {
		t.Errorf("after the drag the event went through %s, want BCA", have)
	}

	b.Focus(third)
	b.Press(" ")
	b.Press(browser.Up)
	b.Press(" ")
	b.Wait("[...document.querySelectorAll('#steps .step-name a')].map(a => a.textContent).join('') === 'BAC'")
	b.Click("#order-form .btn-primary")
	b.Wait("document.querySelector('#order-form').hidden")
	apptest.Eventually(t, func() error {
		if have := order("u4"); have != "BAC" {
			return fmt.Errorf("after the keys the event went through %s, want BAC", have)
		}
		return nil
	})
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the page said: %v", problems)
	}
}

// The list of functions: search, tabs and the switch.
func TestWalkFunctionList(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := forward(t, h, "listed")
	transformation(t, h, "Clean")
	b := signIn(t, h)
	b.Go(h.URL + "/p/1/functions")
	b.Wait("document.querySelectorAll('#function-rows tr').length === 2")
	b.Picture("walk-functions")
	b.Type("#q", "forw")
	b.Wait("document.querySelectorAll('#function-rows tr').length === 1")
	b.Wait("location.search.includes('q=forw')")

	b.Click("#switch-" + id)
	b.Wait("document.querySelector('[data-hp-toast]')?.textContent.includes('Paused Forward')")
	var f struct{ Enabled bool }
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/", id), nil, &f)
	if f.Enabled {
		t.Error("the switch did not pause the function")
	}
	b.Click("[data-hp-undo]")
	b.Wait("document.querySelector('#switch-" + id + "').getAttribute('aria-checked') === 'true'")
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/", id), nil, &f)
	if !f.Enabled {
		t.Error("Undo did not enable the function again")
	}
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the page said: %v", problems)
	}
}

// The whole road of a person: a function is made from a template in the
// gallery, its inputs are filled in, its code is edited with a compile error
// marked on the line, it is tested with mocked HTTP and switched on; the next
// event reaches the receiver, and logs and metrics show it.
func TestWalkBuild(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	b := signIn(t, h)
	b.Go(h.URL + "/p/1/templates")
	b.Type("#q", "webh")
	b.Wait("[...document.querySelectorAll('.gallery-name')].map(a => a.textContent).join() === 'HTTP Incoming Webhook,HTTP Webhook,Make'")
	b.Picture("walk-build-1-gallery")
	b.Click("a[href$='/templates/template-webhook']")
	b.Wait("location.pathname.endsWith('/templates/template-webhook') && document.querySelector('#name')")
	fill(b, "#name", "Orders to CRM")
	fill(b, "#input-url", h.Sink.URL+"/built")
	b.Click(".tpl-use button.btn-primary")
	b.Wait("/\\/functions\\/[0-9a-f-]{36}$/.test(location.pathname) && document.querySelector('#build-form')")
	id := b.Path()[strings.LastIndex(b.Path(), "/")+1:]

	// Filters and inputs.
	b.Click(".filter-list [data-hp-rows-add]")
	fill(b, ".filter-list input[name='filters.event']", "ordered")
	fill(b, "#input-body", `{"who": "{event.distinct_id}", "total": "{event.properties.total}"}`)

	// A compile error stands on its line until it is mended.
	b.Wait("document.querySelector('hog-editor[data-awake] .cm-content')")
	good := browser.Eval[string](b, "document.querySelector('hog-editor').value")
	browser.Eval[bool](b, "(document.querySelector('hog-editor').value = 'let a := 1\\nlet b = 2\\n', true)")
	b.Wait("document.querySelector('hog-editor .cm-lintRange-error')")
	if line := browser.Eval[string](b, "document.querySelector('hog-editor .cm-lintRange-error').closest('.cm-line').textContent"); line != "let b = 2" {
		t.Errorf("the mark stands in the line %q", line)
	}
	b.Picture("walk-build-2-compile-error")
	changed := "print('sending for', event.distinct_id);\n" + good
	browser.Eval[bool](b, fmt.Sprintf("(document.querySelector('hog-editor').value = %q, true)", changed))
	b.Wait("!document.querySelector('hog-editor .cm-lintRange-error')")

	// A test with mocked HTTP sends nothing.
	fill(b, "#globals", `{"event": {"event": "ordered", "uuid": "0195a1f0-7d7e-7000-8000-000000000001", "distinct_id": "tester", "properties": {"total": 12}, "timestamp": "2026-03-01T10:00:00Z"}}`)
	b.Click(".bench-go")
	b.Wait("document.querySelector('#bench-result .bench-verdict')?.innerText.includes('Succeeded')")
	result := b.Text("#bench-result")
	for _, want := range []string{"POST", "/built", "sending for", "tester"} {
		if !strings.Contains(result, want) {
			t.Errorf("the test's result does not show %q: %s", want, result)
		}
	}
	b.Picture("walk-build-3-tested")
	if n := len(h.Sink.Requests()); n != 0 {
		t.Errorf("a mocked test sent %d requests", n)
	}

	// Saved and switched on, it runs for the next event.
	b.Click("#save")
	b.Wait("document.querySelector('[data-hp-toast]')?.textContent.includes('Saved') && document.querySelector('#base').value === '2'")
	b.Click("#switch-" + id)
	b.Wait("document.querySelector('#switch-" + id + "').getAttribute('aria-checked') === 'true' && [...document.querySelectorAll('[data-hp-toast]')].some(t => t.textContent.includes('Enabled'))")
	b.Go(h.URL + "/p/1/functions/" + id + "/logs")
	b.Wait("document.querySelector('[data-hp-live-state]')?.textContent.startsWith('Live')")
	h.Capture(t, "ordered", "customer", map[string]any{"total": 99})
	h.Capture(t, "something else", "customer", nil)
	got := h.Sink.Wait(t, 1)
	if want := `{"who":"customer","total":99}`; got[0].Path != "/built" || got[0].Body != want {
		t.Errorf("%s got %s, want %s", got[0].Path, got[0].Body, want)
	}
	// The log fills without a reload.
	b.Wait("document.querySelector('#log-rows')?.innerText.includes('sending for, customer')")
	b.Picture("walk-build-4-logs")
	apptest.Eventually(t, func() error {
		var m struct{ Totals map[string]int64 }
		h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/metrics/totals/?breakdown_by=name", id), nil, &m)
		if m.Totals["succeeded"] != 1 || m.Totals["triggered"] != 1 || m.Totals["fetch"] != 1 {
			return fmt.Errorf("totals are %v", m.Totals)
		}
		return nil
	})
	b.Go(h.URL + "/p/1/functions/" + id + "/metrics?range=1h")
	b.Wait("document.querySelector('svg') && document.querySelector('#page').innerText.includes('Succeeded')")
	b.Picture("walk-build-5-metrics")
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("the pages said: %v", problems)
	}
}

// Two people save the same function: the second is told, keeps the text, and
// may overwrite.
func TestWalkConflict(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := forward(t, h, "x")
	one, two := signIn(t, h), signIn(t, h)
	for _, b := range []*browser.Tab{one, two} {
		b.Go(h.URL + "/p/1/functions/" + id)
		b.Wait("document.querySelector('#save')")
	}
	fill(one, "#name", "First")
	one.Click("#save")
	one.Wait("document.querySelector('#base').value === '2'")
	fill(two, "#name", "Second")
	two.Click("#save")
	two.Wait("document.querySelector('.conflict')?.innerText.includes('First')")
	if have := browser.Eval[string](two, "document.querySelector('#name').value"); have != "Second" {
		t.Errorf("what was typed became %q", have)
	}
	two.Picture("walk-conflict")
	two.Click(".conflict button[name=overwrite]")
	two.Wait("document.querySelector('#base').value === '3' && !document.querySelector('.conflict')")
	var f struct{ Name string }
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/", id), nil, &f)
	if f.Name != "Second" {
		t.Errorf("the stored name is %q", f.Name)
	}
}

// fill replaces what a field holds, as typing would.
func fill(b *browser.Tab, selector, text string) {
	browser.Eval[bool](b, fmt.Sprintf("(e => { e.focus(); e.value = %q; e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true})); return true })(document.querySelector(%q))", text, selector))
}

// Every page is looked at in all four looks: nothing scrolls sideways and
// nothing is wrong in the console.
func TestWalkLooks(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := forward(t, h, "looked at")
	step := transformation(t, h, "Clean")
	h.Sink.Answer(func(r apptest.Request) (int, string) {
		if strings.Contains(r.Body, "u1") {
			return 400, `{"error":"no"}`
		}
		return 200, "{}"
	})
	for i := range 20 {
		h.Capture(t, "looked at", fmt.Sprint("u", i), map[string]any{"n": i})
	}
	h.Sink.Wait(t, 20)
	pages := map[string]string{
		"overview": "/p/1", "functions": "/p/1/functions", "pipeline": "/p/1/pipeline", "templates": "/p/1/templates",
		"template": "/p/1/templates/template-webhook", "build": "/p/1/functions/" + id, "build-step": "/p/1/functions/" + step,
		"logs": "/p/1/functions/" + id + "/logs", "metrics": "/p/1/functions/" + id + "/metrics?range=1h", "all-logs": "/p/1/logs",
		"all-metrics": "/p/1/metrics?range=1h", "events": "/p/1/events", "keys": "/account/keys",
		"live": "/p/1/live", "dead-letters": "/p/1/dead-letters",
	}
	for look, opts := range map[string][]browser.Option{
		"1280-light": {browser.Size(1280, 900)},
		"1280-dark":  {browser.Size(1280, 900), browser.Dark()},
		"390-light":  {browser.Size(390, 844)},
		"390-dark":   {browser.Size(390, 844), browser.Dark()},
	} {
		b := signIn(t, h, opts...)
		for name, path := range pages {
			b.Go(h.URL + path)
			b.Wait("document.readyState === 'complete'")
			b.Picture("look-" + name + "-" + look)
			if browser.Eval[bool](b, "document.documentElement.scrollWidth > document.documentElement.clientWidth") {
				t.Errorf("%s scrolls sideways in %s", name, look)
			}
			if problems := b.Problems(); len(problems) > 0 {
				t.Errorf("%s in %s: %v", name, look, problems)
			}
		}
		b.Go(h.URL + "/p/1/nothing-here")
		b.Picture("look-not-found-" + look)
	}
}
