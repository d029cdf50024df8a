package api_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

// traced is the part of an answer that the test compares.
type traced struct {
	Runs []struct {
		Status     string
		FunctionId string `json:"function_id"`
	}
	DidNotRun []struct {
		Name, Reason string
		Clauses      []struct {
			Group, Text string
			Held        bool
			Actual      json.RawMessage
			Error       *string
		}
	} `json:"did_not_run"`
}

// Every destination is told of: the one that ran, and for each other one what
// stopped it, with the value that the event has instead, closest first.
func TestTraceNamesTheClause(t *testing.T) {
	t.Parallel()
	h := setup(t)
	event := cdp.Event{
		Project: h.project.ID, UUID: "0195a1f0-7d7e-7000-8000-000000000001", Name: "purchase", DistinctID: "u1",
		Properties: json.RawMessage(`{"plan":"paid","amount":42,"$set":{"email":"ann@example.com"}}`), Timestamp: time.Now().UTC(),
		ReceivedAt: time.Now().UTC().Add(time.Minute), // so that no function was saved after it came
	}
	made := func(name, more string) string {
		return h.made(fmt.Sprintf(`{"name":%q,"hog":"return 1","enabled":true,%s}`, name, more))["id"].(string)
	}
	ran := made("Ran", `"filters":{}`)
	made("Other event", `"filters":{"events":[{"id":"signup","type":"events"}]}`)
	made("Two off", `"filters":{"events":[{"id":"purchase","type":"events","properties":[{"key":"amount","value":100,"operator":"gt","type":"event"}]}],
		"properties":[{"key":"plan","value":["enterprise","scale"],"type":"event"}]}`)
	made("One off", `"filters":{"events":[{"id":"signup","type":"events"},{"id":"purchase","type":"events"}],
		"properties":[{"key":"plan","value":"enterprise","type":"event"},{"key":"amount","operator":"is_set","type":"event"}]}`)
	made("No mapping", `"filters":{},"mappings":[{"filters":{"events":[{"id":"signup","type":"events"}]}}]`)
	made("Masked", `"filters":{},"masking":{"ttl":60,"hash":"{event.distinct_id}"}`)
	h.changed(made("Off", `"filters":{}`), `{"enabled":false}`)
	h.changed(made("Off, other event", `"filters":{"events":[{"id":"signup","type":"events"}]}`), `{"enabled":false}`)
	made("Expression", `"filters":{"properties":[{"key":"properties.amount > 100","type":"hogql"}]}`)
	h.must(h.store.Record(t.Context(), cdp.Batch{
		Events: []cdp.Event{event},
		Runs: []cdp.Run{{ID: "0195a1f0-7d7e-7000-8000-00000000000a", Project: h.project.ID, Function: cdp.FunctionID(ran), Version: 1, Status: "succeeded",
			EventUUID: event.UUID, EventName: event.Name, DistinctID: "u1", ScheduledAt: event.ReceivedAt, StartedAt: event.ReceivedAt, FinishedAt: event.ReceivedAt}},
	}))

	var got traced
	h.read(h.call("GET", "events/"+event.UUID+"/trace/", ""), 200, &got)
	if len(got.Runs) != 1 || got.Runs[0].FunctionId != ran || got.Runs[0].Status != "succeeded" {
		t.Errorf("runs: %+v", got.Runs)
	}
	var lines []string
	for _, s := range got.DidNotRun {
		line := s.Name + ": " + s.Reason
		for _, c := range s.Clauses {
			mark := "+"
			if !c.Held {
				mark = "-"
			}
			line += fmt.Sprintf(" [%s %s %s %s]", mark, c.Group, c.Text, c.Actual)
		}
		lines = append(lines, line)
	}
	want := []string{
		"Masked: masked",
		"Off: disabled",
		"Expression: filters [- properties properties.amount > 100 null]",
		`No mapping: mappings [- events event is signup "purchase"]`,
		`One off: filters [+ events event is purchase "purchase"] [- properties plan is enterprise "paid"] [+ properties amount is set 42]`,
		`Two off: filters [+ events event is purchase "purchase"] [- events amount is over 100 42] [- properties plan is enterprise or scale "paid"]`,
		"Other event: event",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	h.refused(h.call("GET", "events/0195a1f0-7d7e-7000-8000-0000000000ff/trace/", ""), 404, "invalid_request", "not_found", "Not found.", "")
}
