package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"hogpen/app/apptest"
)

// TestBroadcastThroughTheAPI runs functions once for each person that their
// filters let through; the events of the filters are not asked.
func TestBroadcastThroughTheAPI(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{"type": "destination", "enabled": true, "hog": "fetch('" + h.Sink.URL + "/seen')"})
	for i, plan := range []string{"pro", "free", "pro"} {
		h.Capture(t, "signed up", fmt.Sprint("u", i), map[string]any{"$set": map[string]any{"plan": plan}})
	}
	h.Sink.Wait(t, 3) // the persons are known then
	create := func(kind string, enabled bool) string {
		t.Helper()
		return h.CreateFunction(t, map[string]any{
			"type": kind, "name": kind, "enabled": enabled,
			"filters": map[string]any{"events": []any{map[string]any{"id": "never", "type": "events"}},
				"properties": []any{map[string]any{"key": "plan", "value": "pro", "type": "person"}}},
			"hog": "print(person.created_at != null); fetch('" + h.Sink.URL + "/" + kind + "/' || person.distinct_id || event.event || event.elements_chain)",
		})
	}
	broadcast := func(status int, id string) (answer struct {
		Success bool
		Error   string
	}) {
		t.Helper()
		h.MustAPI(t, status, "POST", h.Project("hog_functions/%s/broadcast/", id), nil, &answer)
		return answer
	}
	if a := broadcast(http.StatusBadRequest, create("broadcast", false)); a.Error != "Cannot broadcast: function is disabled" {
		t.Errorf("disabled: %+v", a)
	}
	h.MustAPI(t, http.StatusNotFound, "POST", h.Project("hog_functions/018f0000-0000-7000-8000-00000000dead/broadcast/"), nil, nil)
	transformation := h.CreateFunction(t, map[string]any{"type": "transformation", "hog": "return event", "enabled": true})
	if a := broadcast(http.StatusBadRequest, transformation); a.Error != "Cannot broadcast: functions of type 'transformation' do not run for persons" {
		t.Errorf("transformation: %+v", a)
	}
	var want []string
	for _, kind := range []string{"broadcast", "destination"} {
		id := create(kind, true)
		if a := broadcast(http.StatusOK, id); !a.Success {
			t.Errorf("%s: %+v", kind, a)
		}
		want = append(want, "/"+kind+"/u0$broadcast", "/"+kind+"/u2$broadcast")
		var logs struct {
			Results []struct {
				Message    string
				InstanceID string `json:"instance_id"`
			}
		}
		apptest.Eventually(t, func() error {
			h.MustAPI(t, http.StatusOK, "GET", h.Project("hog_functions/%s/logs/?search=true", id), nil, &logs)
			if len(logs.Results) != 2 || logs.Results[0].InstanceID == logs.Results[1].InstanceID {
				return fmt.Errorf("logs %+v", logs.Results)
			}
			return nil
		})
	}
	var have []string
	for _, r := range h.Sink.Wait(t, 3+len(want))[3:] {
		have = append(have, r.Path)
	}
	slices.Sort(have)
	if !slices.Equal(have, want) {
		t.Errorf("requests %v, want %v", have, want)
	}
}
