package app_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"hogpen/app/apptest"
)

// TestRerunThroughTheAPI takes a destination down, and sends again what failed
// once it is up.
func TestRerunThroughTheAPI(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.Sink.Answer(func(apptest.Request) (int, string) { return http.StatusNotFound, "down" })
	id := h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Hook", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": "fetch('" + h.Sink.URL + "/in')",
	})
	h.Capture(t, "a", "u1", nil)
	h.Capture(t, "a", "u2", nil)
	path := h.Project("hog_functions/%s/rerun/", id)
	var dry struct {
		Count        int64
		WithoutEvent int64 `json:"without_event"`
	}
	apptest.Eventually(t, func() error {
		h.MustAPI(t, http.StatusOK, "POST", path, map[string]any{"dry_run": true}, &dry)
		if dry.Count != 2 || dry.WithoutEvent != 0 {
			return errors.New("the runs are not recorded yet")
		}
		return nil
	})
	h.MustAPI(t, http.StatusOK, "POST", path, map[string]any{"dry_run": true, "error_kind": []string{"timeout"}}, &dry)
	if dry.Count != 0 {
		t.Errorf("%d runs timed out", dry.Count)
	}
	h.MustAPI(t, http.StatusBadRequest, "POST", path, map[string]any{"rate": 5000}, nil)
	h.MustAPI(t, http.StatusBadRequest, "POST", path, []byte("[1]"), nil)
	h.Sink.Answer(nil)
	var job struct {
		ID, Status    string
		Total, Queued int
	}
	h.MustAPI(t, http.StatusAccepted, "POST", path, map[string]any{"status": []string{"failed"}}, &job)
	if job.Total != 2 {
		t.Errorf("job = %+v", job)
	}
	h.Sink.Wait(t, 4)
	var list struct {
		Results []struct {
			Status string
			Queued int
		}
	}
	apptest.Eventually(t, func() error {
		h.MustAPI(t, http.StatusOK, "GET", path, nil, &list)
		if len(list.Results) != 1 || list.Results[0].Status != "done" || list.Results[0].Queued != 2 {
			return errors.New("the job is not done")
		}
		return nil
	})
	h.MustAPI(t, http.StatusOK, "DELETE", path+job.ID+"/", nil, nil)
	h.MustAPI(t, http.StatusNotFound, "DELETE", path+"nothing/", nil, nil)
	// PostHog's clients say it with a filter, and are answered in their words.
	h.Sink.Answer(func(apptest.Request) (int, string) { return http.StatusNotFound, "down" })
	h.Capture(t, "a", "u3", nil)
	apptest.Eventually(t, func() error {
		h.MustAPI(t, http.StatusOK, "POST", path, map[string]any{"dry_run": true}, &dry)
		if dry.Count != 1 {
			return errors.New("the run is not recorded yet")
		}
		return nil
	})
	h.Sink.Answer(nil)
	day := func(n int) string { return time.Now().AddDate(0, 0, n).UTC().Format(time.RFC3339) }
	for _, filter := range []map[string]any{{"window_start": day(1), "window_end": day(0)}, {"window_start": day(-31), "window_end": day(0)}, {"window_end": day(0)}} {
		h.MustAPI(t, http.StatusBadRequest, "POST", path, map[string]any{"filter": filter}, nil)
	}
	var queued struct {
		ID      string `json:"rerun_job_id"`
		Queued  int    `json:"queued_count"`
		Skipped *int   `json:"skipped_count"`
	}
	h.MustAPI(t, http.StatusOK, "POST", path, map[string]any{"filter": map[string]any{"window_start": day(-1), "window_end": day(1)}}, &queued)
	if queued.ID == "" || queued.Queued != 1 || queued.Skipped == nil {
		t.Errorf("queued = %+v", queued)
	}
	h.Sink.Wait(t, 6)
	h.MustAPI(t, http.StatusOK, "PATCH", h.Project("hog_functions/%s/", id), map[string]any{"enabled": false}, nil)
	h.MustAPI(t, http.StatusBadRequest, "POST", path, map[string]any{}, nil)
	site := h.CreateFunction(t, map[string]any{"type": "transformation", "hog": "return event"})
	var refused struct {
		Queued *int `json:"queued_count"`
		Detail string
	}
	h.MustAPI(t, http.StatusBadRequest, "POST", h.Project("hog_functions/%s/rerun/", site), map[string]any{}, &refused)
	if refused.Queued == nil || refused.Detail != "Re-runs aren't supported for 'transformation' functions." {
		t.Errorf("refused = %+v", refused)
	}
	var totals struct{ Totals map[string]int64 }
	apptest.Eventually(t, func() error {
		h.MustAPI(t, http.StatusOK, "GET", h.Project("hog_functions/%s/metrics/totals/?breakdown_by=name", id), nil, &totals)
		if totals.Totals["replayed"] != 3 || totals.Totals["succeeded"] != 3 || totals.Totals["failed"] != 3 {
			return errors.New("the metrics are not written yet")
		}
		return nil
	})
}
