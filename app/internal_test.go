package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// notifies makes an internal destination that tells the sink of what it met.
func notifies(t *testing.T, h *apptest.House, path string, filters map[string]any) string {
	t.Helper()
	return h.CreateFunction(t, map[string]any{
		"type": "internal_destination", "name": "Notify", "enabled": true, "filters": filters,
		"hog": "fetch('" + h.Sink.URL + path + "', {'body': {'event': event.event, 'who': event.distinct_id, 'url': event.url, 'properties': event.properties}})",
	})
}

type told struct {
	Event, Who, URL string
	Properties      map[string]any
}

func read(t *testing.T, r apptest.Request) (out told) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), &out); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return out
}

// TestActivityReachesInternalDestinations: an entry of the activity log is an
// internal event, which ordinary destinations and the list of events never see.
func TestActivityReachesInternalDestinations(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	notifies(t, h, "/updated", map[string]any{
		"events": []any{map[string]any{"id": "$activity_log_entry_created", "type": "events"}},
		"properties": []any{
			map[string]any{"key": "detail.name", "value": "Watched", "operator": "exact", "type": "event"},
			map[string]any{"key": "activity", "value": "updated", "operator": "exact", "type": "event"},
		},
	})
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "All", "enabled": true, "filters": map[string]any{"source": "events"}, "hog": "fetch('" + h.Sink.URL + "/all')",
	})
	id := h.CreateFunction(t, map[string]any{"type": "destination", "name": "Watched", "enabled": false, "hog": "return 1"})
	h.CreateFunction(t, map[string]any{"type": "destination", "name": "Other", "enabled": false, "hog": "return 1"})
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("hog_functions/%s/", id), map[string]any{"description": "new"}, nil)
	h.Capture(t, "a", "u1", nil) // by the time it arrives, the others have been met
	got := h.Sink.Wait(t, 2)
	for _, r := range got {
		if r.Path == "/all" {
			continue
		}
		m := read(t, r)
		user, _ := m.Properties["user"].(map[string]any)
		if m.Event != "$activity_log_entry_created" || m.Properties["scope"] != "HogFunction" || m.Properties["item_id"] != id ||
			user["email"] != h.Email || !strings.HasSuffix(m.URL, "/functions/"+id) {
			t.Errorf("told %+v", m)
		}
	}
	if len(got) != 2 || got[0].Path == got[1].Path {
		t.Errorf("requests %+v", got)
	}
	status, events := h.API(t, "GET", h.Project("event_definitions/"), nil)
	if status != http.StatusOK || strings.Contains(string(events), "$activity_log_entry_created") {
		t.Errorf("events: %d %s", status, events)
	}
}

// TestStateChangesReachInternalDestinations: whoever wants to know is told when
// a function is slowed or stopped.
func TestStateChangesReachInternalDestinations(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	notifies(t, h, "/state", map[string]any{"events": []any{map[string]any{"id": "$hog_function_state_changed", "type": "events"}}})
	id := h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Frail", "enabled": true, "filters": map[string]any{"source": "events"}, "hog": "return 1",
	})
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("hog_functions/%s/status/", id), map[string]any{"state": 12}, nil)
	m := read(t, h.Sink.Wait(t, 1)[0])
	if m.Event != "$hog_function_state_changed" || m.Properties["hog_function_id"] != id || m.Properties["hog_function_name"] != "Frail" ||
		m.Properties["hog_function_type"] != "destination" || m.Properties["state"] != "forcefully_disabled" ||
		m.Properties["previous_state"] != "healthy" || m.Properties["reason"] == "" {
		t.Errorf("told %+v", m)
	}
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("hog_functions/%s/status/", id), map[string]any{"state": 12}, nil)
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("hog_functions/%s/status/", id), map[string]any{"state": 1}, nil)
	got := h.Sink.Wait(t, 2)
	if m := read(t, got[1]); m.Properties["state"] != "healthy" || m.Properties["previous_state"] != "forcefully_disabled" {
		t.Errorf("the same state is no change; told %+v", m)
	}
}
