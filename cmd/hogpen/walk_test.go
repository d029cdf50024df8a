package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

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

// Pages are looked at in all four looks; axe finds nothing.
func TestWalkLooks(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := forward(t, h, "looked at")
	transformation(t, h, "Clean")
	for i := range 20 {
		h.Capture(t, "looked at", fmt.Sprint("u", i), map[string]any{"n": i})
	}
	h.Sink.Wait(t, 20)
	paths := []string{"/p/1", "/p/1/functions", "/p/1/pipeline", "/account/keys", "/p/1/nothing-here"}
	_ = id
	for look, opts := range map[string][]browser.Option{
		"1280-light": {browser.Size(1280, 900)},
		"1280-dark":  {browser.Size(1280, 900), browser.Dark()},
		"390-light":  {browser.Size(390, 844)},
		"390-dark":   {browser.Size(390, 844), browser.Dark()},
	} {
		b := signIn(t, h, opts...)
		for _, path := range paths {
			b.Go(h.URL + path)
			b.Wait("document.readyState === 'complete'")
			b.Picture("look" + strings.NewReplacer("/", "-", id, "id").Replace(path) + "-" + look)
		}
	}
	_ = time.Now
}
