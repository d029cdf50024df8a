package app_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// TestRecordedEventsAreReadWhole: what follows from an event's properties is not
// recorded, and there for whoever reads: pages, and definitions of properties.
func TestRecordedEventsAreReadWhole(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{"type": "transformation", "name": "Same", "enabled": true, "hog": "return event"})
	h.Capture(t, "seen", "u1", map[string]any{"$browser": "Chrome"})
	client := h.SignIn(t)
	read := func(path string) string {
		t.Helper()
		res, err := client.Get(h.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	list := fmt.Sprintf("/p/%d/events", h.Info.ProjectID)
	link := regexp.MustCompile(list + `/[0-9a-f-]{36}`)
	apptest.Eventually(t, func() error {
		if !link.MatchString(read(list)) {
			return errors.New("the list of events has none")
		}
		var page named
		h.MustAPI(t, http.StatusOK, "GET", h.Project("property_definitions/?type=person"), nil, &page)
		if have := page.String(); !strings.Contains(have, "$initial_browser:String") {
			return errors.New("properties of persons are " + have)
		}
		return nil
	})
	page := read(link.FindString(read(list)))
	for _, want := range []string{"$initial_browser", "$transformations_succeeded"} {
		if !strings.Contains(page, want) {
			t.Errorf("the event's page lacks %s", want)
		}
	}
}
