package app_test

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// label is how a transformation stands in an event's lists.
func (a *acceptance) label(id string) string { return a.name + " (" + id + ")" }

// properties compares an event's own properties, without those that the
// server and the pipeline add, and one list of labels.
func (a *acceptance) outcome(e echoed, properties, list string, labels ...any) {
	a.Helper()
	own := map[string]any{}
	for k, v := range e.Properties {
		if k[0] != '$' {
			own[k] = v
		}
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(properties), &want); err != nil {
		a.Fatal(err)
	}
	if !reflect.DeepEqual(own, want) {
		a.Errorf("properties are %v, want %v", own, want)
	}
	if got, _ := e.Properties["$transformations_"+list].([]any); !reflect.DeepEqual(got, labels) {
		a.Errorf("%s are %v, want %v", list, got, labels)
	}
}

// transformed makes a transformation and an echo, sends an event with these
// properties and gives the transformation's ID and the event that arrived.
func (a *acceptance) transformed(hog, properties string) (id string, e echoed) {
	a.Helper()
	id = a.function("transformation", hog, nil)
	a.echo()
	a.capture(properties)
	return id, a.events(1)[0]
}

// acceptTransformations is table 15.2.
func acceptTransformations() map[int]criterion {
	return map[int]criterion{
		1: {test: func(a *acceptance) {
			const step = `let e := event
				e.properties.seen := concat(e.properties.seen ?? '', '%s')
				return e`
			second := a.function("transformation", fmt.Sprintf(step, "b"), map[string]any{"execution_order": 2})
			first := a.function("transformation", fmt.Sprintf(step, "a"), map[string]any{"execution_order": 1})
			a.echo()
			a.capture(`{}`)
			a.outcome(a.events(1)[0], `{"seen":"ab"}`, "succeeded", a.label(first), a.label(second))
		}},
		2: {test: func(a *acceptance) {
			drops := a.function("transformation", `if (event.properties.drop) { return null } return event`, map[string]any{"execution_order": 1})
			later := a.function("transformation", `return event`, map[string]any{"execution_order": 2})
			a.echo()
			a.capture(`{"drop":true}`)
			a.capture(`{"drop":false}`)
			a.totals(drops, "dropped 1, succeeded 2")
			a.totals(later, "succeeded 1")
			a.outcome(a.events(1)[0], `{"drop":false}`, "succeeded", a.label(drops), a.label(later))
		}},
		3: {test: func(a *acceptance) {
			id, e := a.transformed(`throw Error('no')`, `{"a":1}`)
			a.outcome(e, `{"a":1}`, "failed", a.label(id))
			a.totals(id, "failed 1")
			a.logs(id, `error Error executing function on event `+e.UUID+`: Error\('no'\)$`)
		}},
		4: {test: func(a *acceptance) {
			id := a.function("transformation", `return event`, map[string]any{"filters": map[string]any{"source": "events", "events": []any{
				map[string]any{"id": a.name, "type": "events", "properties": []any{map[string]any{"key": "plan", "type": "event", "operator": "exact", "value": "pro"}}}}}})
			a.echo()
			a.capture(`{"plan":"free"}`)
			e := a.events(1)[0]
			listed := false
			for _, l := range e.Properties["$transformations_skipped"].([]any) {
				listed = listed || l == a.label(id)
			}
			if !listed {
				a.Errorf("skipped are %v", e.Properties["$transformations_skipped"])
			}
		}},
		5: {test: func(a *acceptance) {
			id, e := a.transformed(`return event`, `{"$transformations_succeeded":["x"],"$transformations_failed":["x"]}`)
			a.outcome(e, `{}`, "succeeded", a.label(id))
			if e.Properties["$transformations_failed"] != nil {
				a.Errorf("properties are %v", e.Properties)
			}
		}},
		6: {test: func(a *acceptance) {
			id, e := a.transformed(`return {'properties': {}}`, `{"a":1}`)
			a.outcome(e, `{}`, "succeeded", a.label(id))
		}},
		7: {test: func(a *acceptance) {
			const uuid = "0195a1f0-7d7e-7000-8000-00000000bbbb"
			a.function("transformation", `let e := event
				e.uuid := 'x'
				e.timestamp := '2001-01-01T00:00:00Z'
				return e`, nil)
			a.echo()
			a.ok("POST", "/capture/", a.event(`"uuid":"`+uuid+`"`))
			if e := a.events(1)[0]; e.UUID != uuid || e.Timestamp.Year() == 2001 {
				a.Errorf("event is %+v", e)
			}
		}},
		8: {test: func(a *acceptance) {
			id, e := a.transformed(`let e := event
				e.event := 5
				return e`, `{"a":1}`)
			a.outcome(e, `{"a":1}`, "failed", a.label(id))
			if e.Event != a.name {
				a.Errorf("name is %s", e.Event)
			}
		}},
		9: {test: func(a *acceptance) {
			id, e := a.transformed("fetch('"+a.url()+"')\nreturn event", `{"a":1}`)
			a.outcome(e, `{"a":1}`, "failed", a.label(id))
			a.logs(id, `error [^\n]*Unsupported function call: fetch`)
		}},
		10: {test: func(a *acceptance) {
			id, e := a.transformed("while (true) {}\nreturn event", `{"a":1}`)
			a.outcome(e, `{"a":1}`, "failed", a.label(id))
			a.logs(id, `error [^\n]*Execution timed out after 0\.55 seconds\. Performed \d+ ops\.`)
		}},
		11: {at: []string{"handlers/api TestAcceptance"}},
		12: {at: []string{"app TestGeoIP"}},
	}
}
