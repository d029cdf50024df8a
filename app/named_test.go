package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// named is a page of a list whose items have names.
type named struct {
	Count   int
	Results []struct {
		Name         string
		PropertyType *string `json:"property_type"`
	}
}

func (n named) String() string {
	var out []string
	for _, r := range n.Results {
		if r.PropertyType != nil {
			r.Name += ":" + *r.PropertyType
		}
		out = append(out, r.Name)
	}
	return strings.Join(out, " ")
}

// TestDefinitionsComeFromEvents sends events and finds their names and
// properties, also after a restart; dropped events leave nothing.
func TestDefinitionsComeFromEvents(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{"type": "transformation", "name": "Drop", "enabled": true,
		"hog": "if (event.event == 'secret') { return null } return event"})
	h.Capture(t, "secret", "u1", map[string]any{"hidden": 1})
	h.Capture(t, "bought", "u1", map[string]any{"price": 3.5, "gift": true, "$set": map[string]any{"email": "a@example.com"}})
	h.Capture(t, "seen", "u1", map[string]any{"where": "shop"})
	finds := func(path, want string) {
		t.Helper()
		apptest.Eventually(t, func() error {
			var page named
			h.MustAPI(t, http.StatusOK, "GET", h.Project("%s", path), nil, &page)
			if have := page.String(); have != want {
				return fmt.Errorf("%s gives %q, want %q", path, have, want)
			}
			return nil
		})
	}
	all := func() {
		t.Helper()
		finds("event_definitions/?ordering=name", "bought seen")
		finds("property_definitions/?type=person", "email:String")
		finds("property_definitions/?event_names=bought&filter_by_event_names=true&search=i", "$ip:String gift:Boolean price:Numeric")
	}
	all()
	h.Capture(t, "last", "u1", nil)
	h.Restart(t)
	finds("event_definitions/?search=last", "last")
}

// TestFiltersFollowTheirAction changes an action under a live function.
func TestFiltersFollowTheirAction(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	var action struct{ ID int }
	h.MustAPI(t, http.StatusCreated, "POST", h.Project("actions/"), map[string]any{"name": "Signed up", "steps": []any{map[string]any{"event": "signup"}}}, &action)
	h.CreateFunction(t, map[string]any{"name": "Hook", "enabled": true, "hog": "fetch('" + h.Sink.URL + "', {'body': event.event})",
		"filters": map[string]any{"actions": []any{map[string]any{"id": fmt.Sprint(action.ID), "type": "actions"}}}})
	h.Capture(t, "signup", "u1", nil)
	if got := h.Sink.Wait(t, 1); !strings.Contains(got[0].Body, "signup") {
		t.Errorf("sent %s", got[0].Body)
	}
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("actions/%d/", action.ID), map[string]any{"steps": []any{map[string]any{"event": "register"}}}, nil)
	h.Capture(t, "signup", "u1", nil)
	h.Capture(t, "register", "u1", nil)
	if got := h.Sink.Wait(t, 2); !strings.Contains(got[1].Body, "register") {
		t.Errorf("sent %s", got[1].Body)
	}
}

// TestGroupTypesHaveOneNumber: a type first named by $groups has the first
// number, for persons and for definitions alike.
func TestGroupTypesHaveOneNumber(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.Capture(t, "bought", "u1", map[string]any{"$groups": map[string]any{"team": "red"}})
	h.Capture(t, "$groupidentify", "u1", map[string]any{"$group_type": "company", "$group_key": "acme", "$group_set": map[string]any{"seats": 5}})
	apptest.Eventually(t, func() error {
		var page named
		h.MustAPI(t, http.StatusOK, "GET", h.Project("property_definitions/?type=group&group_type_index=1"), nil, &page)
		if have := page.String(); have != "seats:Numeric" {
			return fmt.Errorf("the second type of group has %q", have)
		}
		return nil
	})
	var first named
	h.MustAPI(t, http.StatusOK, "GET", h.Project("property_definitions/?type=group&group_type_index=0"), nil, &first)
	if first.Count != 0 {
		t.Errorf("the first type of group has %s", first)
	}
}
