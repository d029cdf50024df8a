package people_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/engine/fetch"
)

// TestAGlanceTellsTheSame: an event changes its person as if it had been
// normalized before, though it is normalized only when somebody asks.
func TestAGlanceTellsTheSame(t *testing.T) {
	t.Parallel()
	x, err := executor.New(executor.Config{Fetch: func(context.Context, fetch.Request) (fetch.Response, error) {
		return fetch.Response{}, errors.New("no requests here")
	}})
	if err != nil {
		t.Fatal(err)
	}
	glance, whole := newHouse(t, 0), newHouse(t, 0)
	ctx := t.Context()
	changed := 0
	for _, name := range []string{"a", "$pageview", "$identify", "$set", "$exception", "$snapshot", "$groupidentify", "$create_alias"} {
		for _, props := range []string{
			`{}`, `{"$browser":"Chrome","n":1}`, `{"$browser":"Chrome","n":1}`, `{"$browser":"Safari","$os":"iOS"}`, `{"utm_source":"b","$app_name":"x"}`,
			`{"$set":{"$browser":"Mosaic","plan":"pro"},"$browser":"Chrome","$set_once":{"$initial_os":"BeOS","first":1},"$os":"iOS"}`,
			`{"$os_name":"Linux","$current_url":"https://x.example.com/"}`, `{"$os_name":"Linux","$os":"iOS"}`, `{"$is_server":true,"$os":"Linux","gclid":"7"}`,
			`{"$process_person_profile":false,"$app_version":"1"}`, `{"$process_person_profile":true,"$app_version":"2"}`, `{"$unset":["plan","$initial_os"]}`,
			`{"$groups":{"company":"x"},"$app_build":"9"}`, `{"$set":{},"$set_once":[],"$unset":{}}`, `{"$referrer":null,"$set":{"plan":{"a":1}}}`,
			`{"$anon_distinct_id":"v","alias":"w","$device_type":"Phone"}`, `{"$set":7,"fbclid":"1"}`,
		} {
			for _, id := range []string{"u", "u2", ""} {
				e := cdp.Event{Project: 1, UUID: "1", Name: name, DistinctID: id, Timestamp: day, Properties: json.RawMessage(props)}
				var at, later executor.Scope
				if err := errors.Join(at.Open(x, cdp.Project{ID: 1}, &e), later.Open(x, cdp.Project{ID: 1}, &e)); err != nil {
					t.Fatal(err)
				}
				at.Normalize()
				later.NormalizeLater()
				if err := errors.Join(at.UpdatePeople(ctx, whole), later.UpdatePeople(ctx, glance)); err != nil {
					t.Fatal(err)
				}
				wantID, want := at.Changed()
				gotID, got := later.Changed()
				if want != got || wantID != gotID {
					t.Errorf("%s %s of %q: changed %q %v, want %q %v", name, props, id, gotID, got, wantID, want)
				}
				if want {
					changed++
				}
				later.Normalize()
				if a, b := at.Event().Properties, later.Event().Properties; string(a) != string(b) {
					t.Errorf("%s %s of %q: the event is %s, want %s", name, props, id, b, a)
				}
				if a, b := members(t, whole.props("u")), members(t, glance.props("u")); !reflect.DeepEqual(a, b) {
					t.Errorf("%s %s of %q: the person is %v, want %v", name, props, id, b, a)
				}
			}
		}
	}
	if changed < 20 {
		t.Errorf("only %d events changed a person", changed)
	}
}

func members(t *testing.T, text string) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
