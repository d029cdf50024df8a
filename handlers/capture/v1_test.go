package capture_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hogpen/handlers/capture"
)

// FuzzV1 holds that any body of Capture V1 is refused as a whole or gives each
// of its UUIDs one result, and an event for every one that is not dropped.
func FuzzV1(f *testing.F) {
	const id = `"uuid":"0195a1f0-7d7e-7000-8000-000000000001"`
	f.Add(`{"batch":[{"event":"a",` + id + `,"distinct_id":"u","timestamp":"2026-03-01T10:00:00Z","properties":{"a":[1,{"b":null}]}}]}`)
	f.Add(`{"historical_migration":true,"batch":[{"event":"a",` + id + `,"distinct_id":"guest","timestamp":"2026-03-01T10:00:00.5+02:00","session_id":"s","options":{"cookieless_mode":"1","product_tour_id":"t"}}]}`)
	f.Add(`{"batch":[{"event":"",` + id + `},{"uuid":"x"}]}`)
	f.Add(`{"batch":[{"event":"a",` + id + `,"distinct_id":"\u0000","timestamp":"2026-03-01T10:00:00Z","properties":{"a":1,"a":2,"":1e999}}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		events, results, err := capture.EventsV1([]byte(body), capture.Now)
		if err != nil {
			if len(events) > 0 {
				t.Fatalf("%q was refused (%v) and gave events", body, err)
			}
			return
		}
		if !json.Valid([]byte(body)) {
			t.Fatalf("%q was read", body)
		}
		kept := 0
		for _, result := range results {
			if result != "drop" {
				kept++
			}
		}
		if kept != len(events) {
			t.Fatalf("%q: %d events for results %v", body, len(events), results)
		}
		for _, e := range events {
			if !json.Valid(e.Properties) || e.Name == "" || strings.TrimSpace(e.DistinctID) == "" || results[e.UUID] == "" {
				t.Fatalf("%q gave %+v", body, e)
			}
		}
	})
}
