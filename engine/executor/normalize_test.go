package executor_test

import (
	"testing"

	"hogpen/cdp"
	"hogpen/engine/executor"
)

// TestNormalizeLaterChangesNothing: whatever a filter asks, it is answered as
// if the event had been normalized before, and so are inputs.
func TestNormalizeLaterChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	events := []string{
		`{"$browser":"Chrome","n":1}`, `{"$os_name":"iOS","$current_url":"https://x.example.com/"}`, `{"$process_person_profile":false,"$browser":"Chrome","$set":{"a":1}}`,
		`{"$process_person_profile":true,"n":1}`, `{"$elements":[{"tag_name":"a","$el_text":"Go"}],"n":1}`, `{}`,
	}
	filters := []string{
		"properties.n = 1", "properties.$browser = 'Chrome'", "properties.$os = 'iOS'", "properties.$set.$browser = 'Chrome'", "properties['$set'] is not null",
		"length(keys(properties)) > 2", "properties.$process_person_profile = true", "person.properties.$initial_browser = 'Chrome'",
		"properties.$elements is null", "elements_chain_texts = ['Go']", "jsonStringify(properties) like '%initial%'", "event = 'signed up'", "properties.$set_once is null",
		"properties.$transformations_succeeded = ['Change']", "length(properties.$transformations_succeeded) = 1",
	}
	change := h.compile(h.transformation("Change", "return if(event.properties.n = 1, {'properties': {}}, event)"))
	for _, src := range filters {
		f := h.destination("return 1", "all", "{event.properties}")
		f.Filters = cdp.Filters{Source: "events", Bytecode: condition(t, src)}
		c := h.compile(f)
		for _, props := range events {
			at, later := h.scope(event(props)), h.scope(event(props))
			var lists, same executor.Lists
			h.x.Transform(change, at, &lists)
			h.x.Transform(change, later, &same)
			at.EndTransformations(&lists)
			later.EndTransformationsLater(&same)
			if want, got := at.Event().Properties, later.AppendProperties(nil); string(want) != string(got) {
				t.Errorf("%s was recorded as %s, want %s", props, got, want)
			}
			at.Normalize()
			later.NormalizeLater()
			want, got := h.x.Match(c, at), h.x.Match(c, later)
			if len(want.Planned) != len(got.Planned) {
				t.Errorf("%s of %s: %v, normalized before: %v", src, props, got.Outcomes, want.Outcomes)
			} else if len(want.Planned) > 0 && string(want.Planned[0].Invocation.Globals) != string(got.Planned[0].Invocation.Globals) {
				t.Errorf("%s of %s: globals %s, normalized before: %s", src, props, got.Planned[0].Invocation.Globals, want.Planned[0].Invocation.Globals)
			}
		}
	}
	for _, props := range events {
		once := h.x.Normalized(event(props))
		if twice := h.x.Normalized(once); string(twice.Properties) != string(once.Properties) {
			t.Errorf("%s: %s, and again: %s", props, once.Properties, twice.Properties)
		}
	}
}
