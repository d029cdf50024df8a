package admin

import (
	"encoding/json"
	"testing"

	"hogpen/cdp"
	"hogpen/views/pages"
)

// posted gives the form that a browser sends for what the page shows.
func posted(d pages.FiltersData) form {
	f := form{"filters.mode": {"form"}, "filters.keep": {d.Keep}}
	for _, e := range d.Events {
		f["filters.event"] = append(f["filters.event"], e.Name)
		f["filters.event.raw"] = append(f["filters.event.raw"], e.Raw)
	}
	for _, a := range d.Actions {
		f["filters.action"] = append(f["filters.action"], a.Stored.Value)
		f["filters.action.raw"] = append(f["filters.action.raw"], a.Raw)
	}
	for _, p := range d.Properties {
		for name, value := range map[string]string{"raw": p.Raw, "kind": p.Kind, "key": p.Key, "operator": p.Operator, "value": p.Value} {
			f["filters.property."+name] = append(f["filters.property."+name], value)
		}
	}
	if d.Test {
		f["filters.test"] = []string{"true"}
	}
	return f
}

// TestFiltersSurviveTheForm shows filters as rows and reads the rows back:
// whatever was stored comes out byte for byte.
func TestFiltersSurviveTheForm(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"source":"events"}`,
		`{"source":"events","events":[],"properties":[]}`,
		`{"source":"events","events":[{"id":null,"name":"All events","type":"events","order":0}]}`,
		`{"source":"events","events":[{"id":"purchase","name":"purchase","type":"events","order":0,"properties":[{"key":"plan","value":["paid"],"operator":"exact","type":"event"}]}]}`,
		`{"source":"events","actions":[{"id":"4","name":"Signed up","type":"actions"}],"filter_test_accounts":true}`,
		`{"source":"events","events":[{"id":"a","name":"a","type":"events","order":0}],"actions":[{"id":4,"type":"actions","order":1,"properties":[{"key":"plan","value":"paid","type":"event"}]},{"name":"none"},{"id":null}]}`,
		`{"source":"events","properties":[{"key":"plan","value":["team","scale"],"operator":"exact","type":"event"}]}`,
		`{"source":"events","properties":[{"key":"amount","value":5.50,"operator":"gt","type":"event"}]}`,
		`{"source":"events","properties":[{"key":"city","value":["Halle, Saale"],"operator":"exact","type":"person"}]}`,
		`{"source":"events","properties":[{"key":"email","value":"is_set","operator":"is_set","type":"person"}]}`,
		`{"source":"events","properties":[{"key":"id","value":3,"operator":"in","type":"cohort"},{"key":"event.properties.a = 1","type":"hogql"}]}`,
		`{"source":"events","properties":[{"key":"v","value":"1.2","operator":"semver_gt","type":"event"}]}`,
		`{"source":"events","properties":[{"key":"x","value":{"deep":[1,2]},"operator":"exact","type":"event"}],"filter_test_accounts":false}`,
		`{"source":"person-updates","properties":[{"key":"plan","value":"paid","type":"person"}]}`,
	} {
		have, err := filtersOf(posted(filtersData(cdp.Destination, json.RawMessage(raw), false)))
		if err != nil || string(have) != raw {
			t.Errorf("filters\n\t%s came back as\n\t%s (%v)", raw, have, err)
		}
	}
}

// TestFilterRowsAreRead changes what the rows say.
func TestFilterRowsAreRead(t *testing.T) {
	t.Parallel()
	const stored = `{"source":"events","events":[{"id":"purchase","name":"purchase","type":"events","order":0}],"bytecode":["_H"]}`
	condition := func(kind, key, operator, value string) form {
		return form{"filters.property.raw": {""}, "filters.property.kind": {kind}, "filters.property.key": {key},
			"filters.property.operator": {operator}, "filters.property.value": {value}}
	}
	raw := `{"id":"purchase","name":"purchase","type":"events","order":0}`
	for _, tt := range []struct {
		what string
		form form
		want string
	}{
		{"a renamed event", form{"filters.keep": {stored}, "filters.event": {"refund"}, "filters.event.raw": {raw}},
			`{"source":"events","events":[{"id":"refund","name":"refund","type":"events","order":0}]}`},
		{"a cleared event is gone and matches nothing else", form{"filters.keep": {stored}, "filters.event": {" "}, "filters.event.raw": {raw}},
			`{"source":"events","events":[]}`},
		{"a second event, and an empty row", form{"filters.keep": {stored}, "filters.event": {"purchase", "refund", ""}, "filters.event.raw": {raw, "", ""}},
			`{"source":"events","events":[` + raw + `,{"id":"refund","name":"refund","type":"events","order":1}]}`},
		{"an action, behind an event", form{"filters.keep": {stored}, "filters.event": {"purchase"}, "filters.event.raw": {raw}, "filters.action": {"4 Signed up", ""}, "filters.action.raw": {"", ""}},
			`{"source":"events","events":[` + raw + `],"actions":[{"id":"4","name":"Signed up","type":"actions","order":1}]}`},
		{"another action", form{"filters.action": {"5 Left"}, "filters.action.raw": {`{"id":4,"name":"Signed up","type":"actions","order":3,"math":"total"}`}},
			`{"actions":[{"id":"5","name":"Left","type":"actions","order":3,"math":"total"}]}`},
		{"an action by its new name is the same", form{"filters.action": {"4 Joined"}, "filters.action.raw": {`{"id":"4","name":"Signed up"}`}},
			`{"actions":[{"id":"4","name":"Signed up"}]}`},
		{"several values", condition("event", "plan", "exact", "team, scale"),
			`{"properties":[{"key":"plan","type":"event","operator":"exact","value":["team","scale"]}]}`},
		{"a number", condition("event", "amount", "gte", "10.50"), `{"properties":[{"key":"amount","type":"event","operator":"gte","value":10.50}]}`},
		{"a text with a comma that is contained", condition("person", "city", "icontains", "Halle, S"),
			`{"properties":[{"key":"city","type":"person","operator":"icontains","value":"Halle, S"}]}`},
		{"a comparison without a value", condition("event", "coupon", "is_not_set", "left over"),
			`{"properties":[{"key":"coupon","type":"event","operator":"is_not_set","value":"is_not_set"}]}`},
		{"a row without a key", condition("event", "", "exact", "x"), `{}`},
		{"test accounts", form{"filters.test": {"true"}}, `{"filter_test_accounts":true}`},
	} {
		have, err := filtersOf(tt.form)
		if err != nil || string(have) != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.what, have, err, tt.want)
		}
	}
}

func TestFiltersAsJSON(t *testing.T) {
	t.Parallel()
	have, err := filtersOf(form{"filters.mode": {"json"}, "filters.json": {"{\n  \"events\": []\n}"}})
	if err != nil || string(have) != `{"events":[]}` {
		t.Errorf("JSON gives %s, %v", have, err)
	}
	if _, err = filtersOf(form{"filters.mode": {"json"}, "filters.json": {"{\n  \"events\": ]\n}"}}); err == nil || err.Error() != `Not valid JSON at line 2, column 13: invalid character ']' looking for beginning of value.` {
		t.Errorf("broken JSON gives %v", err)
	}
}

func TestSentenceOfTheForm(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`{}`:                             "on any event",
		`{"events":[{"id":"purchase"}]}`: "when the event is purchase",
		`{"events":[{"id":"purchase"}],"actions":[{"id":"4","name":"Signed up"},{"id":5}]}`: "when the event is purchase, action Signed up or action 5",
		`{"properties":[{"key":"plan","value":["a","b"],"type":"event"}]}`:                  "on any event where plan is a or b",
	} {
		if have := filtersData(cdp.Destination, json.RawMessage(raw), false).Sentence; have != want {
			t.Errorf("%s is told as %q, want %q", raw, have, want)
		}
	}
}

// FuzzFilters reads forms of any text without a panic, and what it gives is JSON.
func FuzzFilters(f *testing.F) {
	f.Add(`{"source":"events"}`, "purchase", `{"id":1}`, "plan", "exact", "a,b")
	f.Add(`[]`, "", "", "", "", "")
	f.Add(`{"events":{"a":1},"properties":3}`, "x", "x", "k", "gt", "1e5")
	f.Fuzz(func(t *testing.T, keep, event, raw, key, operator, value string) {
		have, err := filtersOf(form{"filters.keep": {keep}, "filters.event": {event}, "filters.event.raw": {raw},
			"filters.action": {event + " " + key}, "filters.action.raw": {raw}, "filters.property.key": {key}, "filters.property.raw": {raw}, "filters.property.operator": {operator}, "filters.property.value": {value}})
		if err == nil && !json.Valid(have) {
			t.Errorf("not JSON: %s", have)
		}
		filtersData(cdp.Destination, have, false)
	})
}
