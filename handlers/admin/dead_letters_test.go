package admin_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"hogpen/app/apptest"
	"hogpen/views/viewstest/browser"
)

// downHouse is somebody whose destination is down until up is set, with a dead
// letter for each of some events.
func downHouse(t *testing.T, events int) (p *person, up *atomic.Bool) {
	t.Helper()
	p, up = signIn(t), new(atomic.Bool)
	p.Sink.Answer(func(apptest.Request) (int, string) {
		if up.Load() {
			return http.StatusOK, "{}"
		}
		return http.StatusServiceUnavailable, `{"error":"down for maintenance"}`
	})
	p.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Orders to CRM", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog":           "fetch(inputs.url, {'body': {'who': event.distinct_id}, 'headers': {'X-Key': inputs.key}})",
		"inputs_schema": []any{map[string]any{"key": "url", "type": "string"}, map[string]any{"key": "key", "type": "string", "secret": true}},
		"inputs":        map[string]any{"url": map[string]any{"value": p.Sink.URL + "/in"}, "key": map[string]any{"value": "s3cr3t-key"}},
	})
	for i := range events {
		p.Capture(t, "ordered", fmt.Sprintf("ada-%d", i), map[string]any{"total": i})
	}
	apptest.Eventually(t, func() error {
		if body := p.get(p.at("/dead-letters")); !strings.Contains(body, fmt.Sprintf(`<span class="page-count">%d</span>`, events)) {
			return errors.New("they are not there yet")
		}
		return nil
	})
	return p, up
}

// Somebody without script looks at dead letters, replays one and discards the
// rest.
func TestDeadLettersWithoutScript(t *testing.T) {
	t.Parallel()
	p, up := downHouse(t, 3)
	list := p.get(p.at("/dead-letters?q=ada-1"))
	p.says("the list", list, "ordered", "ada-1", "Orders to CRM", "Failed", "HTTP fetch failed on attempt 3", "Replay all 1")
	if strings.Contains(list, "ada-0") {
		t.Error("the search leaves others in the list")
	}
	p.says("an empty search", p.get(p.at("/dead-letters?q=nothing-like-it")), "Nothing matches these filters")
	p.says("the other kinds", p.get(p.at("/dead-letters?kind=set_aside")), "Nothing matches these filters")
	_, after, _ := strings.Cut(list, p.at("/dead-letters/"))
	id, _, _ := strings.Cut(after, `"`)
	page := p.get(p.at("/dead-letters/" + id))
	p.says("the letter", page, "down for maintenance", "ada-1", "&#34;total&#34;: 1", "***REDACTED***", "/in", "Replay", "Log of this run")
	if strings.Contains(page, "s3cr3t-key") {
		t.Error("the secret is shown")
	}
	status, _, header := p.post(p.at("/dead-letters"), url.Values{"act": {"replay"}})
	if status != http.StatusSeeOther {
		t.Errorf("without a choice: %d", status)
	}
	p.says("the list", p.get(header.Get("Location")), "Select at least one dead letter.")
	p.says("the overview", p.get(p.at("")), "Dead letters", "3 wait to be replayed")
	up.Store(true)
	before := len(p.Sink.Requests())
	if status, body, _ := p.post(p.at("/dead-letters"), url.Values{"act": {"replay"}, "ids": {id}}); status != http.StatusSeeOther {
		t.Fatalf("replay: %d %s", status, body)
	}
	if got := p.Sink.Wait(t, before+1)[before]; got.Body != `{"who":"ada-1"}` || got.Header.Get("X-Key") != "s3cr3t-key" {
		t.Errorf("the replay sent %+v", got)
	}
	apptest.Eventually(t, func() error {
		if !strings.Contains(p.get(p.at("/dead-letters?replayed=1")), "ada-1") {
			return errors.New("it does not stand among the replayed")
		}
		return nil
	})
	p.says("the letter", p.get(p.at("/dead-letters/"+id)), "Replay once more", "Log of the replay")
	p.post(p.at("/dead-letters"), url.Values{"act": {"discard-all"}})
	p.says("the list", p.get(p.at("/dead-letters")), "No dead letters", "Discarded 2 dead letters")
	if status, _, _ := p.post(p.at("/dead-letters"), url.Values{"act": {"burn"}, "ids": {id}}); status != http.StatusSeeOther {
		t.Errorf("an act that there is not: %d", status)
	}
	for _, id := range []string{"nope", "%zz"} {
		req, _ := http.NewRequest("GET", p.URL+p.at("/dead-letters/nope"), nil)
		if status, _, _ := p.do(req); status != http.StatusNotFound {
			t.Errorf("%s: %d", id, status)
		}
	}
}

// In a browser, a dead letter is replayed by mouse and keyboard, and the list
// follows.
func TestDeadLettersInABrowser(t *testing.T) {
	t.Parallel()
	p, up := downHouse(t, 4)
	tab := open(t, p, p.at("/dead-letters"))
	tab.Wait(`document.querySelectorAll("#letter-rows tr").length === 4`)
	tab.Picture("dead-letters")
	sound(t, tab)
	tab.Click("#letter-rows tr:nth-child(2) a[data-hp-row-link]")
	tab.Wait(`location.pathname.includes("/dead-letters/") && document.querySelector(".letter-why")`)
	tab.Picture("dead-letter")
	sound(t, tab)
	up.Store(true)
	before := len(p.Sink.Requests())
	tab.Click("button[value=replay]")
	tab.Wait(`location.pathname.endsWith("/dead-letters")`)
	toastSays(tab, "Replaying 1 dead letter")
	p.Sink.Wait(t, before+1)
	tab.Wait(`document.querySelectorAll("#letter-rows tr").length === 3`)

	// A choice by keyboard.
	tab.Focus("#letter-rows tr:nth-child(1) input")
	tab.Press(" ")
	tab.Focus("button[value=replay]")
	tab.Press(browser.Enter)
	toastSays(tab, "Replaying 1 dead letter")
	p.Sink.Wait(t, before+2)
	tab.Wait(`document.querySelectorAll("#letter-rows tr").length === 2`)

	// All that are left, after a question.
	tab.Click("button[value=replay-all]")
	tab.Wait(`document.querySelector("#confirm[open]")?.textContent.includes("Replay all 2?")`)
	tab.Click("#confirm [data-hp-confirm-yes]")
	p.Sink.Wait(t, before+4)
	tab.Wait(`document.querySelector("#letters .empty")?.textContent.includes("No dead letters")`)
	tab.Wait(`document.querySelector("#letter-jobs")?.textContent.includes("Replayed 2 of 2.")`)
	tab.Picture("dead-letters-replayed")
	sound(t, tab)
}

// Of filters that fail there is one dead letter an hour, which tells how many
// events it stands for.
func TestDeadLetterOfAFilter(t *testing.T) {
	t.Parallel()
	p := signIn(t)
	p.CreateFunction(t, map[string]any{"type": "destination", "name": "Picky", "enabled": true, "hog": "return 1",
		"filters": map[string]any{"source": "events", "properties": []any{map[string]any{"key": "jsonParse(properties.text).ok", "type": "hogql"}}}})
	for range 3 {
		p.Capture(t, "ordered", "ada", map[string]any{"text": "{"})
	}
	apptest.Eventually(t, func() error {
		list := p.get(p.at("/dead-letters"))
		_, after, _ := strings.Cut(list, p.at("/dead-letters/filter-"))
		id, _, ok := strings.Cut(after, `"`)
		if !ok || !strings.Contains(list, `<span class="page-count">1</span>`) || !strings.Contains(list, "Filtering failed") {
			return errors.New("it is not there yet")
		}
		if page := p.get(p.at("/dead-letters/filter-" + id)); !strings.Contains(page, "3 events") {
			return errors.New("it does not count the events yet")
		}
		return nil
	})
}
