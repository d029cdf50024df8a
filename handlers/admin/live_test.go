package admin_test

import (
	"bufio"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hogpen/app/apptest"
	"hogpen/views/viewstest/browser"
)

// An event that is posted shows up in the open page, with what becomes of it,
// without a reload; the feed pauses, goes on, is cleared and filtered.
func TestLiveInABrowser(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	p.Sink.Answer(func(r apptest.Request) (int, string) {
		if strings.Contains(r.Body, "bad") {
			return http.StatusBadRequest, "{}"
		}
		return http.StatusOK, "{}"
	})
	hook := p.CreateFunction(t, map[string]any{"type": "destination", "name": "Orders to CRM", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": "print('sending'); fetch('" + p.Sink.URL + "/in', {'body': {'who': event.distinct_id}})"})
	p.CreateFunction(t, map[string]any{"type": "destination", "name": "Pages only", "enabled": true,
		"filters": map[string]any{"events": []any{map[string]any{"id": "$pageview", "type": "events"}}}, "hog": "return 1"})
	tab := open(t, p, p.at("/live"))
	tab.Wait(`document.querySelector("[data-hp-live]").dataset.hpLiveKind === "live"`)
	sound(t, tab)
	p.Capture(t, "ordered", "ada", nil)
	const row = `document.querySelector("#live-rows tr")`
	tab.Wait(row + `?.innerText.includes("ordered") && ` + row + `.innerText.includes("Succeeded")`)
	for _, want := range []string{"ada", "Orders to CRM", "Pages only", "Filtered", "2 lines"} {
		if text := tab.Text("#live-rows tr"); !strings.Contains(text, want) {
			t.Errorf("the row does not say %q: %s", want, text)
		}
	}
	p.Capture(t, "ordered", "bad", nil)
	tab.Wait(`document.querySelectorAll("#live-rows tr").length === 2 && ` + row + `.innerText.includes("Failed")`)
	tab.Picture("live")
	sound(t, tab)

	// Paused, nothing is added; going on, what comes then is.
	tab.Click("[data-hp-live-toggle]")
	tab.Wait(`document.querySelector("[data-hp-live-state]").textContent === "Stopped"`)
	p.Capture(t, "unseen", "ada", nil)
	p.Sink.Wait(t, 3)
	tab.Click("[data-hp-live-toggle]")
	tab.Wait(`document.querySelector("[data-hp-live]").dataset.hpLiveKind === "live"`)
	p.Capture(t, "seen", "ada", nil)
	tab.Wait(row + `.innerText.includes("seen")`)
	if n := browser.Eval[int](tab, `document.querySelectorAll("#live-rows tr").length`); n != 3 {
		t.Errorf("%d rows after the pause, want 3", n)
	}
	tab.Click("[data-hp-live-clear]")
	tab.Wait(`document.querySelectorAll("#live-rows tr").length === 0 && !document.querySelector("[data-hp-live-none]").hidden`)

	// The filters make another feed.
	tab.Type("#event", "page")
	tab.Wait(`location.search === "?event=page" && document.querySelector("[data-hp-live]").dataset.hpLiveKind === "live"`)
	p.Capture(t, "ordered", "ada", nil)
	p.Capture(t, "$pageview", "ada", nil)
	tab.Wait(row + `?.innerText.includes("$pageview")`)
	if n := browser.Eval[int](tab, `document.querySelectorAll("#live-rows tr").length`); n != 1 {
		t.Errorf("%d rows with a filter, want 1", n)
	}
	tab.Go(p.URL + p.at("/live?function="+hook))
	tab.Wait(`document.querySelector("[data-hp-live]").dataset.hpLiveKind === "live"`)
	p.Capture(t, "$pageview", "eve", nil)
	tab.Wait(row + `?.innerText.includes("Succeeded")`)
	if text := tab.Text("#live-rows"); strings.Contains(text, "Pages only") {
		t.Errorf("another function's fate is shown: %s", text)
	}
	sound(t, tab)
}

// A stream is heard by whoever is signed in, until that ends.
func TestLiveStreamEndsWithTheSession(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	req, err := http.NewRequestWithContext(t.Context(), "GET", p.URL+p.at("/_/live/stream"), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(res.Body); in.Scan(); {
			lines <- in.Text()
		}
	}()
	wait := func(what string) {
		t.Helper()
		for timeout := time.After(30 * time.Second); ; {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatalf("the stream ended before %q", what)
				}
				if strings.Contains(line, what) {
					return
				}
			case <-timeout:
				t.Fatalf("no %q", what)
			}
		}
	}
	wait("open")
	p.Capture(t, "ordered", "ada", nil)
	wait("ordered")
	if status, body, _ := p.post("/logout", url.Values{}); status != http.StatusSeeOther {
		t.Fatalf("sign out: %d %s", status, body)
	}
	wait("event: end")
	apptest.Eventually(t, func() error {
		select {
		case _, open := <-lines:
			if !open {
				return nil
			}
		default:
		}
		return errors.New("the stream goes on")
	})
}
