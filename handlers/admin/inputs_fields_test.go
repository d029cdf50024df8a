package admin

import (
	"encoding/json"
	"testing"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/views/pages"
)

// sent gives the form that a browser sends for controls as they are shown.
func sent(list []pages.InputField) form {
	f := form{}
	for _, in := range list {
		name := "input." + in.Key
		f[name+".present"] = []string{"true"}
		switch {
		case in.Secret:
			f[name+".mode"] = []string{in.Mode}
		case in.Kind == pages.InputDictionary:
			for _, row := range in.Rows {
				f[name+".name"], f[name+".value"] = append(f[name+".name"], row.Key), append(f[name+".value"], row.Value)
			}
		default:
			f[name] = []string{in.Value}
		}
	}
	return f
}

// TestInputsSurviveTheForm shows stored values in their controls and reads the
// controls back: each value comes out byte for byte.
func TestInputsSurviveTheForm(t *testing.T) {
	t.Parallel()
	choices := []json.RawMessage{json.RawMessage(`{"value":"a","label":"A"}`)}
	for _, tt := range []struct{ kind, value string }{
		{"string", `"{event.event} <b> & \"x\"\n  two"`}, {"string", `""`},
		{"boolean", `true`}, {"boolean", `false`}, {"boolean", `"{event.properties.on}"`},
		{"number", `12.50`}, {"number", `0`},
		{"choice", `"a"`}, {"choice", `"gone"`},
		{"dictionary", `{"b":"1","a":"{event}","n":5,"t":"=5","deep":{"x":[1,2]}}`}, {"dictionary", `{}`},
		{"json", `{"event":"{event}","n":12345678901234567890,"list":[1,2.50]}`},
		{"email", `{"from":"a@example.com","to":"b@example.com","subject":"s","text":"t"}`},
		{"integration", `7`}, {"integration_field", `"C042"`}, {"non_failure_status_codes", `[404,"5xx"]`},
	} {
		schema := []cdp.InputSchema{{Type: tt.kind, Key: "k", Choices: choices}}
		stored := cdp.Inputs{{Key: "k", Value: json.RawMessage(tt.value)}}
		raw, faults := inputsOf(schema, stored, sent(inputFields(schema, stored, nil, nil, nil)))
		if want := `{"k":{"value":` + tt.value + `}}`; string(raw) != want || len(faults) > 0 {
			t.Errorf("%s: have %s (%v), want %s", tt.kind, raw, faults, want)
		}
	}
}

func TestFieldsComeBackAsTyped(t *testing.T) {
	t.Parallel()
	schema := []cdp.InputSchema{{Type: "dictionary", Key: "h"}, {Type: "json", Key: "j"}, {Type: "string", Key: "s", Secret: true}}
	stored := cdp.Inputs{{Key: "h", Value: json.RawMessage(`{"a":"1"}`)}, {Key: "j", Value: json.RawMessage(`{}`)}}
	list := inputFields(schema, stored, map[string][]byte{"s": {1}}, form{
		"input.h.present": {"true"}, "input.h.name": {"a", "a", ""}, "input.h.value": {"1", "2", ""},
		"input.j.present": {"true"}, "input.j": {`{"half": `},
		"input.s.present": {"true"}, "input.s.mode": {"replace"}, "input.s": {"hunter2"},
	}, map[string]string{"inputs__j": "Not valid JSON."})
	if len(list[0].Rows) != 2 || list[0].Rows[1].Value != "2" {
		t.Errorf("rows came back as %v", list[0].Rows)
	}
	if list[1].Value != `{"half": ` || list[1].Error == "" {
		t.Errorf("text came back as %q with %q", list[1].Value, list[1].Error)
	}
	if list[2].Value != "" || !list[2].Set || list[2].Mode != "replace" {
		t.Errorf("the secret came back as %+v", list[2])
	}
}

func TestSecretsAreKeptReplacedOrRemoved(t *testing.T) {
	t.Parallel()
	schema := []cdp.InputSchema{{Type: "string", Key: "s", Secret: true}}
	for mode, want := range map[string]string{"keep": `{"s":{"secret":true}}`, "replace": `{"s":{"value":"new"}}`, "remove": `{"s":{"value":""}}`, "": `{"s":{"secret":true}}`} {
		raw, _ := inputsOf(schema, nil, form{"input.s.present": {"true"}, "input.s.mode": {mode}, "input.s": {"new"}})
		if string(raw) != want {
			t.Errorf("mode %q gives %s, want %s", mode, raw, want)
		}
	}
}

func TestSummaryLeadsToTheControl(t *testing.T) {
	t.Parallel()
	faults := []*cdp.Error{cdp.ErrorAt(cdp.Invalid, fields.To("inputs", "url"), "This field is required."), cdp.Errorf(cdp.Invalid, "hog", "Hog code has errors."), cdp.ErrorAt(cdp.Invalid, fields.To("filters", "non_field_errors"), "no")}
	list := summary(faults, []pages.InputField{{Key: "url", Label: "Address"}})
	if list[0].Field != "input-url" || list[0].Text != "Address: This field is required." || list[1].Field != "code" || list[2].Field != "filters" {
		t.Errorf("summary is %+v", list)
	}
	if byField(faults)["inputs__url"] == "" || byField(faults)["filters"] == "" {
		t.Errorf("by field: %v", byField(faults))
	}
}

// TestTemplateLanguageIsChosen: where the schema leaves it open, and what was
// chosen comes back with the form.
func TestTemplateLanguageIsChosen(t *testing.T) {
	t.Parallel()
	schema := []cdp.InputSchema{
		{Type: "string", Key: "open"}, {Type: "string", Key: "hog", Templating: json.RawMessage("true")},
		{Type: "string", Key: "off", Templating: json.RawMessage("false")}, {Type: "number", Key: "n"}, {Type: "string", Key: "s", Secret: true},
	}
	stored := cdp.Inputs{{Key: "open", Value: json.RawMessage(`"x"`), Templating: "liquid"}}
	list := inputFields(schema, stored, nil, nil, nil)
	for i, f := range list {
		if f.Choosing != (i == 0) {
			t.Errorf("%s: choosing is %v", f.Key, f.Choosing)
		}
	}
	if list[0].Templating != "liquid" {
		t.Errorf("shown as %q", list[0].Templating)
	}
	posted := form{"input.open.present": {"true"}, "input.open": {"{{ y }}"}, "input.open.templating": {""}}
	if list = inputFields(schema, stored, nil, posted, nil); list[0].Templating != "" {
		t.Errorf("posted as Hog, shown as %q", list[0].Templating)
	}
}
