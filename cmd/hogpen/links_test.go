package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// The addresses that a program sees lead people to pages that are there.
func TestAddressesInGlobalsLeadSomewhere(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Links", "template_id": "template-webhook", "enabled": true,
		"filters": map[string]any{"events": []any{map[string]any{"id": "linked", "type": "events"}}},
		"inputs": map[string]any{"url": map[string]any{"value": h.Sink.URL},
			"body": map[string]any{"value": map[string]any{"event": "{event.url}", "person": "{person.url}", "project": "{project.url}", "source": "{source.url}"}}},
	})
	h.Capture(t, "linked", "someone with space", nil)
	var links map[string]string
	if err := json.Unmarshal([]byte(h.Sink.Wait(t, 1)[0].Body), &links); err != nil {
		t.Fatal(err)
	}
	web := h.SignIn(t)
	web.CheckRedirect = nil // follow them
	for name, link := range links {
		if !strings.HasPrefix(link, h.URL+"/project/1") {
			t.Errorf("%s.url is %s, want an address of %s", name, link, h.URL)
			continue
		}
		apptest.Eventually(t, func() error { // the event's row follows within half a second
			return wantOK(web, link)
		})
	}
}

func wantOK(web *http.Client, link string) error {
	res, err := web.Get(link)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return &statusError{link, res.StatusCode}
	}
	return nil
}

type statusError struct {
	link   string
	status int
}

func (e *statusError) Error() string { return e.link + " answers " + http.StatusText(e.status) }
