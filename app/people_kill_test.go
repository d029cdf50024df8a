package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"hogpen/app/apptest"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/engine/executor"
)

// TestPersonsOutliveAKill kills the process in the midst of events that change
// persons, several times. What each answered event said is known in the end.
func TestPersonsOutliveAKill(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	h.CreateFunction(t, map[string]any{"type": "destination", "name": "any", "enabled": true, "filters": map[string]any{"source": "events"}, "hog": "print(person.name)"})
	h.Stop(t)
	const rounds, batches, persons = 4, 12, 30
	said := map[string]map[string]float64{}
	url, kill := startChild(t, h.Dir)
	for round := range rounds {
		for b := range batches {
			var list []map[string]any
			for p := range persons {
				id, key, val := fmt.Sprint("u", p), fmt.Sprint("k", round, "_", b%3), float64(b)
				list = append(list, map[string]any{"event": "a", "distinct_id": id, "properties": map[string]any{"$set": map[string]any{key: val}}})
				if said[id] == nil {
					said[id] = map[string]float64{}
				}
				said[id][key] = val
			}
			body, err := json.Marshal(map[string]any{"api_key": h.Info.ProjectToken, "batch": list})
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.Post(url+"/batch/", "application/json", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Fatalf("batch: %d", res.StatusCode)
			}
		}
		kill()
		url, kill = startChild(t, h.Dir)
	}
	defer kill()
	apptest.Eventually(t, func() error { return known(t.Context(), h.Dir, h.Info.ProjectID, said) })
}

// known tells what of said is not stored.
func known(ctx context.Context, dir string, project cdp.ProjectID, said map[string]map[string]float64) error {
	s, err := db.Open(ctx, db.Options{Dir: dir, Busy: 10 * time.Second})
	if err != nil {
		return err
	}
	defer s.Close()
	for id, keys := range said {
		p, _, err := s.PersonOf(ctx, project, id, cdp.PersonID(executor.PersonID(project, id)))
		if err != nil {
			return err
		}
		var have map[string]any
		if err := json.Unmarshal(p.Properties, &have); err != nil {
			return err
		}
		var wrong []string
		for key, want := range keys {
			if have[key] != want {
				wrong = append(wrong, fmt.Sprintf("%s is %v, want %v", key, have[key], want))
			}
		}
		if len(wrong) > 0 {
			return errors.New(id + ": " + strings.Join(wrong, ", "))
		}
	}
	return s.Integrity(ctx)
}
