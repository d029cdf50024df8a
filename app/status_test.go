package app_test

import (
	"net/http"
	"testing"

	"hogpen/app/apptest"
)

// TestStatusIsChosen stops a function through the API, and lets it run again.
func TestStatusIsChosen(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := h.CreateFunction(t, map[string]any{"type": "destination", "name": "one", "hog": "return 1", "enabled": true})
	path := h.Project("hog_functions/%s/status/", id)
	var got struct{ State, Tokens int }
	h.MustAPI(t, http.StatusOK, "PATCH", path, map[string]any{"state": 12}, &got)
	if got.State != 12 {
		t.Errorf("state %d", got.State)
	}
	var f struct{ Status struct{ State, Tokens int } }
	h.MustAPI(t, http.StatusOK, "GET", h.Project("hog_functions/%s/", id), nil, &f)
	if f.Status.State != 12 {
		t.Errorf("the function shows state %d", f.Status.State)
	}
	h.MustAPI(t, http.StatusOK, "PATCH", path, map[string]any{"state": 1}, &got)
	if got.State != 1 || got.Tokens != 10000 {
		t.Errorf("healthy again: %+v", got)
	}
	for _, body := range []any{map[string]any{"state": 7}, map[string]any{"state": "x"}, map[string]any{}} {
		if status, answer := h.API(t, "PATCH", path, body); status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", body, status, answer)
		}
	}
}
