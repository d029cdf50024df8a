package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hogpen/account"
	"hogpen/cdp"
)

// action makes an action and gives its id.
func (h *house) action(body string) string {
	h.Helper()
	return fmt.Sprint(h.object(http.StatusCreated, "POST", "actions/", body)["id"])
}

func (h *house) cohort(body string) string {
	h.Helper()
	return fmt.Sprint(h.object(http.StatusCreated, "POST", "cohorts/", body)["id"])
}

func TestActions(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	a := h.object(201, "POST", "actions/", `{"name":" Paid ","tags":["B"," a ","b"],"post_to_slack":"yes","steps":[{"event":" pay ","properties":[{"key":"k","value":1}],"url":"/x","more":1},{}]}`)
	delete(a, "created_at")
	delete(a, "last_calculated_at")
	empty := map[string]any{"event": nil, "properties": nil, "selector": nil, "tag_name": nil, "text": nil, "text_matching": nil,
		"href": nil, "href_matching": nil, "url": nil, "url_matching": nil}
	first := map[string]any{}
	for k, v := range empty {
		first[k] = v
	}
	first["event"], first["url"], first["properties"] = " pay ", "/x", []any{map[string]any{"key": "k", "value": 1.0}}
	who := at(a, "created_by")
	want := map[string]any{"id": a["id"], "name": "Paid", "description": "", "tags": []any{"b", "a"}, "post_to_slack": true, "slack_message_format": "",
		"steps": []any{first, empty}, "created_by": who, "deleted": false, "is_calculating": false, "team_id": float64(h.project.ID), "is_action": true,
		"bytecode_error": nil, "pinned_at": nil}
	if d := cmp.Diff(want, a); d != "" || at(who, "id") != float64(h.owner.ID) {
		t.Error(d, who)
	}
	id := fmt.Sprint(a["id"])
	for _, prefix := range []string{"projects", "environments"} {
		for _, slash := range []string{"", "/"} {
			path := fmt.Sprintf("/api/%s/%d/actions/%s%s", prefix, h.project.ID, id, slash)
			h.has(h.object(200, "GET", path, ""), "name", `"Paid"`)
		}
	}
	h.has(h.object(200, "PUT", "actions/"+id, `{"description":"d"}`), "name", `"Paid"`)
	h.has(h.object(200, "PATCH", "actions/"+id, `{"steps":[]}`), "steps", `[]`)

	// Deleted: gone from the list, readable, and its name is free.
	h.has(h.object(200, "PATCH", "actions/"+id, `{"deleted":true}`), "deleted", `true`)
	h.has(h.object(200, "GET", "actions/", ""), "count", `0`)
	h.has(h.object(200, "GET", "actions/"+id, ""), "deleted", `true`)
	other := h.action(`{"name":"Paid"}`)
	taken := "This project already has an action with this name, ID " + other
	for _, ask := range [][3]string{{"PATCH", "actions/" + id, `{"deleted":false}`}, {"POST", "actions/", `{"name":"Paid"}`}} {
		h.invalid(h.call(ask[0], ask[1], ask[2]), "unique", taken, "name")
	}
	h.has(h.object(200, "PATCH", "actions/"+id, `{"deleted":false,"name":"Paid again"}`), "deleted", `false`)

	// The same name in another project is another action, which is not found here.
	elsewhere := setupElsewhere(h)
	foreign := elsewhere.action(`{"name":"Paid"}`)
	for _, bad := range []string{foreign, "0", "-1", "x", "99999999999999999999"} {
		for _, method := range []string{"GET", "PATCH", "PUT"} {
			h.refused(h.call(method, "actions/"+bad, ""), 404, "invalid_request", "not_found", "Not found.", "")
		}
	}
	h.refused(h.call("DELETE", "actions/"+id, ""), 405, "invalid_request", "method_not_allowed", `Method "DELETE" not allowed.`, "")

	log := h.object(200, "GET", "activity_log/?scope=Action&page=1&item_id="+id, "")
	h.has(log, "count", `5`)
	h.has(log, "results/4", mustJSON(h, at(log, "results/4")))
	h.has(log, "results/4/activity", `"created"`)
	h.has(log, "results/4/detail", `{"name":"Paid","short_id":null,"trigger":null,"type":null,"changes":null}`)
	h.has(log, "results/1/detail/changes", `[{"type":"Action","action":"changed","field":"deleted","before":false,"after":true}]`)
	h.has(log, "results/3/detail/changes", `[{"type":"Action","action":"created","field":"description","before":"","after":"d"}]`)
}

func mustJSON(h *house, v any) string {
	h.Helper()
	b, err := json.Marshal(v)
	h.must(err)
	return string(b)
}

// setupElsewhere is another project of the same server.
func setupElsewhere(h *house) *house {
	h.Helper()
	own := *h
	p, err := h.accounts.NewProject(h.project.OrganizationID, "Elsewhere", "UTC")
	h.must(err)
	own.project, err = h.store.CreateProject(h.Context(), p, h.owner.ID)
	h.must(err)
	own.base = fmt.Sprintf("/api/projects/%d/", own.project.ID)
	return &own
}

func TestActionLists(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	for i := range 12 {
		h.action(fmt.Sprintf(`{"name":"Ünit %02d"}`, i))
		h.cohort(fmt.Sprintf(`{"name":"Ünit %02d"}`, i))
	}
	for _, what := range []string{"actions", "cohorts"} {
		page := h.object(200, "GET", what+"/?limit=5&offset=5&search=%C3%BCNIT", "")
		h.has(page, "count", `12`)
		h.has(page, "results/0/name", `"Ünit 06"`)
		next, previous := page["next"].(string), page["previous"].(string)
		if !strings.HasPrefix(next, h.url) || !strings.Contains(next, "offset=10") || strings.Contains(previous, "offset") {
			t.Errorf("next %s, previous %s", next, previous)
		}
		h.has(h.object(200, "GET", what+"/?search=03%20nit", ""), "count", `1`)
		h.has(h.object(200, "GET", what+"/?search=%25", ""), "results", `[]`)
		h.has(h.object(200, "GET", what+"/?limit=x&offset=-1", ""), "count", `12`)
		h.has(h.object(200, "GET", what+"/?offset=100", ""), "results", `[]`)
	}
}

// No text in a parameter makes a list fail.
func TestOddParametersOfLists(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	for _, odd := range []string{"%00", "%ff", "'%22;--", "%F0%9F%A6%94", strings.Repeat("a%20", 300), "[", `["a",1,null,{}]`, "1e999", "-1", "99999999999999999999"} {
		odd = strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D").Replace(odd)
		for _, list := range []string{"actions", "cohorts", "event_definitions", "property_definitions"} {
			h.object(200, "GET", list+"/?search="+odd+"&limit="+odd+"&offset="+odd+"&ordering="+odd, "")
		}
		h.object(200, "GET", "property_definitions/?filter_by_event_names=true&event_names="+odd+"&properties="+odd+"&excluded_properties="+odd+
			"&is_numerical="+odd+"&is_feature_flag="+odd+"&exclude_core_properties="+odd, "")
	}
}

func TestBadActions(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	id := h.action(`{"name":"A"}`)
	many := "[" + strings.Repeat("{},", cdp.MaxActionSteps) + "{}]"
	for _, tt := range []struct{ body, code, detail, attr string }{
		{`[]`, "invalid_input", "Invalid data. Expected a dictionary, but got list.", ""},
		{`{"name":[]}`, "invalid_input", "Not a valid string.", "name"},
		{`{"name":"` + strings.Repeat("é", 401) + `"}`, "max_length", "Ensure this field has no more than 400 characters.", "name"},
		{`{"name":"\u0000"}`, "null_characters_not_allowed", "Null characters are not allowed.", "name"},
		{`{"description":null}`, "null", "This field may not be null.", "description"},
		{`{"post_to_slack":"maybe"}`, "invalid_input", "Must be a valid boolean.", "post_to_slack"},
		{`{"tags":"x"}`, "not_a_list", `Expected a list of items but got type "str".`, "tags"},
		{`{"tags":["x",{}]}`, "invalid_input", "Not a valid string.", "tags__1"},
		{`{"steps":null}`, "null", "This field may not be null.", "steps"},
		{`{"steps":{}}`, "not_a_list", `Expected a list of items but got type "dict".`, "steps"},
		{`{"steps":[1]}`, "invalid_input", "Invalid data. Expected a dictionary, but got int.", "steps__0__non_field_errors"},
		{`{"steps":[{},{"event":true}]}`, "invalid_input", "Not a valid string.", "steps__1__event"},
		{`{"steps":[{"url_matching":"like"}]}`, "invalid_choice", `"like" is not a valid choice.`, "steps__0__url_matching"},
		{`{"steps":[{"properties":[1]}]}`, "not_a_dict", `Expected a dictionary of items but got type "int".`, "steps__0__properties__0"},
		{`{"steps":` + many + `}`, "max_length", "Ensure this field has no more than 1000 elements.", "steps"},
		{`{"deleted":null}`, "null", "This field may not be null.", "deleted"},
	} {
		h.invalid(h.call("POST", "actions/", tt.body), tt.code, tt.detail, tt.attr)
		h.invalid(h.call("PATCH", "actions/"+id, tt.body), tt.code, tt.detail, tt.attr)
	}
	h.has(h.object(200, "GET", "actions/", ""), "count", `1`)
	// Steps that cannot be compiled are kept, and the action says why.
	a := h.object(200, "PATCH", "actions/"+id, `{"steps":[{"event":"x","properties":[{"key":"a","value":"b","operator":"nope"}]}]}`)
	h.has(a, "bytecode_error", `"PropertyOperator nope not implemented"`)
}

func TestScopesOfNamedThings(t *testing.T) {
	t.Parallel()
	h := setup(t)
	action, cohort := h.action(`{}`), h.cohort(`{}`)
	for _, tt := range []struct{ method, path, scope string }{
		{"GET", "actions/", "action:read"}, {"POST", "actions/", "action:write"}, {"GET", "actions/" + action, "action:read"},
		{"PATCH", "actions/" + action, "action:write"}, {"PUT", "actions/" + action, "action:write"},
		{"GET", "cohorts/", "cohort:read"}, {"POST", "cohorts/", "cohort:write"}, {"GET", "cohorts/" + cohort, "cohort:read"},
		{"PATCH", "cohorts/" + cohort, "cohort:write"},
		{"GET", "event_definitions/", "event_definition:read"}, {"GET", "property_definitions/", "property_definition:read"},
	} {
		key := func(scope string) string {
			_, value, err := h.accounts.CreateKey(t.Context(), h.owner.ID, account.KeyRequest{Label: "fits " + scope, Scopes: []string{scope}})
			h.must(err)
			return value
		}
		good := key(tt.scope)
		if r := h.callWith(good, tt.method, tt.path, ""); r.status >= 300 {
			t.Errorf("%s %s with %s: %d %s", tt.method, tt.path, tt.scope, r.status, r.body)
		}
		h.refused(h.callWith(key("hog_function:write"), tt.method, tt.path, ""), 403, "authentication_error", "permission_denied",
			"API key missing required scope '"+tt.scope+"'", "")
		h.refused(h.callWith("", tt.method, tt.path, ""), 401, "authentication_error", "not_authenticated", "Authentication credentials were not provided.", "")
		keys, err := h.store.Keys(t.Context(), h.owner.ID)
		h.must(err)
		for _, k := range keys {
			if k.Label != "test" {
				h.must(h.accounts.RevokeKey(t.Context(), h.owner.ID, k.ID))
			}
		}
	}
}

// What is compiled from an action or a cohort follows it.
func TestChangesReachFunctions(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	var told []cdp.FunctionID
	h.fns.Changed = func(_ cdp.ProjectID, id cdp.FunctionID) { told = append(told, id) }
	id := h.action(`{"name":"A","steps":[{"event":"one"}]}`)
	named := h.made(`{"hog":"return 1","enabled":true,"filters":{"actions":[{"id":"` + id + `","type":"actions"}]}}`)
	mapped := h.made(`{"hog":"return 1","enabled":true,"mappings":[{"inputs_schema":[],"inputs":{},"filters":{"actions":[{"id":` + id + `,"type":"actions"}]}}]}`)
	other := h.made(`{"hog":"return 1","enabled":true,"filters":{"events":[{"id":"e","type":"events"}]}}`)
	site := h.made(`{"type":"site_destination","hog":"export function onLoad() {}","enabled":true,"filters":{"actions":[{"id":"` + id + `","type":"actions"}]}}`)
	told = nil
	h.object(200, "PATCH", "actions/"+id, `{"steps":[{"event":"two"}]}`)
	two := `["_H",1,32,"two",32,"event",1,1,11]`
	read := func(f map[string]any) map[string]any {
		t.Helper()
		return h.object(200, "GET", "hog_functions/"+f["id"].(string), "")
	}
	h.has(read(named), "filters/bytecode", two)
	h.has(read(mapped), "mappings/0/filters/bytecode", two)
	if script, _ := read(site)["transpiled"].(string); !strings.Contains(script, `"two"`) || strings.Contains(script, `"one"`) {
		t.Errorf("the script is %s", script)
	}
	if len(told) != 3 || read(named)["updated_at"] != named["updated_at"] || len(h.log(named["id"])) != 1 {
		t.Errorf("told %v; updated at %v; %d entries", told, read(named)["updated_at"], len(h.log(named["id"])))
	}
	h.has(read(other), "filters/bytecode", `["_H",1,32,"e",32,"event",1,1,11]`)
	// The list shows it too, from memory or not.
	h.has(h.object(200, "GET", "hog_functions/?id="+named["id"].(string), ""), "results/0/filters/bytecode", two)

	// A rename or a deletion changes no filter.
	told = nil
	h.object(200, "PATCH", "actions/"+id, `{"name":"B","deleted":true}`)
	h.has(read(named), "filters/bytecode", two)
	h.has(h.changed(named["id"], `{"filters":{"actions":[{"id":"`+id+`","type":"actions"}]}}`), "filters/bytecode", two)
	// Steps that cannot be compiled stop the function, with the reason.
	h.object(200, "PATCH", "actions/"+id, `{"steps":[{"event":"x","properties":[{"key":"id","value":1,"type":"cohort"}]}]}`)
	if fault, _ := at(read(named), "filters/bytecode_error").(string); !strings.HasPrefix(fault, "Cohort membership can't be evaluated in real-time filters.") {
		t.Errorf("error %q", fault)
	}
	h.changed(named["id"], `{"enabled":false}`)
	h.object(200, "PATCH", "actions/"+id, `{"steps":[{"event":"three"}]}`)
	h.has(read(named), "filters", `{"source":"events","actions":[{"id":"`+id+`","type":"actions"}],"bytecode":["_H",1,32,"three",32,"event",1,1,11]}`)
	if due, err := h.store.MarkedFilters(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v %v", due, err)
	}
}

// What a crash leaves undone is done by the next process.
func TestDueFiltersAreCompiled(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	id := h.action(`{"steps":[{"event":"one"}]}`)
	f := h.made(filtered(`{"actions":[{"id":"` + id + `","type":"actions"}]}`))
	var n int64
	_, err := fmt.Sscan(id, &n)
	h.must(err)
	a, err := h.store.Action(t.Context(), h.project.ID, n)
	h.must(err)
	a.Steps = json.RawMessage(`[{"event":"two"}]`)
	_, err = h.store.MarkFilters(t.Context(), h.project.ID)
	h.must(err)
	h.must(h.store.UpdateAction(t.Context(), a))
	h.must(h.fns.RecompileDue(t.Context()))
	h.has(h.object(200, "GET", "hog_functions/"+f["id"].(string), ""), "filters/bytecode", `["_H",1,32,"two",32,"event",1,1,11]`)
	if due, err := h.store.MarkedFilters(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("still due: %v %v", due, err)
	}
}

func TestCohortsInTestAccountFilters(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	id := h.cohort(`{"name":"Us","filters":{"properties":{"type":"OR","values":[{"type":"AND","values":[{"key":"plan","value":"pro","type":"person"},{"key":"team","value":"x","type":"person","negation":true}]}]}}}`)
	account := func(filters string) reply { return h.call("PATCH", "", `{"test_account_filters":`+filters+`}`) }
	accepted := func(filters string) {
		t.Helper()
		if r := account(filters); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	f := h.made(filtered(`{"filter_test_accounts":true}`))
	compiled := func() map[string]any {
		t.Helper()
		return h.object(200, "GET", "hog_functions/"+f["id"].(string), "")["filters"].(map[string]any)
	}
	inside := `32,"pro",32,"plan",32,"properties",32,"person",1,3,11,32,"x",32,"team",32,"properties",32,"person",1,3,11,5,3,2`
	accepted(`[{"key":"id","type":"cohort","value":` + id + `}]`)
	h.has(compiled(), "bytecode", `["_H",1,`+inside+`]`)
	for _, not := range []string{`"negation":true`, `"operator":"not_in"`} {
		accepted(`[{"key":"id","type":"cohort","value":` + id + `,` + not + `}]`)
		h.has(compiled(), "bytecode", `["_H",1,`+inside+`,5]`)
	}
	// The cohort changes.
	h.object(200, "PATCH", "cohorts/"+id, `{"filters":{"properties":{"type":"AND","values":[{"key":"plan","value":"free","type":"person"}]}}}`)
	h.has(compiled(), "bytecode", `["_H",1,32,"free",32,"plan",32,"properties",32,"person",1,3,11,5]`)
	h.object(200, "PATCH", "cohorts/"+id, `{"deleted":true}`)
	const begin, end = "Can't use cohorts in real-time filters unless they only ask for person properties: the cohort with id=", ". Please inline the relevant expressions. Update your filters at: https://hog.example/project/"
	settings := fmt.Sprintf("%d/settings/project#internal-user-filtering", h.project.ID)
	h.has(compiled(), "bytecode_error", mustJSON(h, begin+id+" does not exist"+end+settings))
	h.object(200, "PATCH", "cohorts/"+id, `{"deleted":false,"is_static":true}`)
	h.has(compiled(), "bytecode_error", mustJSON(h, begin+id+" is a static list"+end+settings))

	for filters, why := range map[string]string{
		`{"properties":{"type":"AND","values":[{"key":"x","type":"behavioral","value":"performed_event"}]}}`: "asks for more than that",
		`{}`: "has no conditions",
		`{"properties":{"type":"AND","values":[{"key":"x","type":"person"}]}}`:                                                  "has a condition that is not complete",
		`{"properties":` + strings.Repeat(`{"type":"OR","values":[`, 12) + `{"type":"person"}` + strings.Repeat(`]}`, 12) + `}`: "nests too deep",
	} {
		other := h.cohort(`{"filters":` + filters + `}`)
		h.invalid(account(`[{"key":"email","type":"person","value":"x"},{"key":"id","type":"cohort","value":`+other+`}]`), "invalid_input", begin+other+" "+why+end+settings, "test_account_filters__1")
	}
	// A cohort among a function's own filters is refused in any case.
	bad := h.made(filtered(`{"properties":[{"key":"id","type":"cohort","value":` + id + `}]}`))
	h.has(bad, "filters/bytecode", `null`)
}

func TestTestAccountFiltersMustCompile(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	before := h.object(200, "GET", "", "")
	for filters, message := range map[string]string{
		`[{"key":"a","value":"b","operator":"nope"}]`:                            "PropertyOperator nope not implemented",
		`[{"key":"a in (select 1)","type":"hogql"}]`:                             "Select queries are not allowed in filters",
		`[{"key":"x","type":"flag","value":"y","operator":"flag_evaluates_to"}]`: "property_to_expr not implemented for filter type flag",
	} {
		h.invalid(h.call("PATCH", "", `{"name":"Not kept","test_account_filters":`+filters+`}`), "invalid_input", message, "test_account_filters__0")
	}
	if d := cmp.Diff(before, h.object(200, "GET", "", "")); d != "" {
		t.Error(d)
	}
	// One that is not complete is kept, as in PostHog.
	h.has(h.object(200, "PATCH", "", `{"test_account_filters":[{"key":"a"}]}`), "test_account_filters", `[{"key":"a"}]`)
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	first := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	event := func(name string, minutes int) cdp.EventDefinition {
		return cdp.EventDefinition{Name: name, CreatedAt: first, LastSeenAt: first.Add(time.Duration(minutes) * time.Minute)}
	}
	property := func(kind, name, typ string, group int) cdp.PropertyDefinition {
		return cdp.PropertyDefinition{Kind: kind, Name: name, Type: typ, GroupIndex: group, CreatedAt: first}
	}
	h.must(h.store.RecordSeen(t.Context(), []cdp.Seen{{
		Project: h.project.ID, Events: []cdp.EventDefinition{event("$pageview", 3), event("Bought it", 1), event("signed up", 2)},
		Properties: []cdp.PropertyDefinition{property("event", "$browser", "String", -1), property("event", "price", "Numeric", -1), property("event", "odd", "", -1),
			property("event", "$feature/beta", "String", -1), property("person", "email", "String", -1), property("group", "seats", "Numeric", 0), property("group", "size", "Numeric", 1)},
		Pairs: []cdp.EventPropertyPair{{Event: "Bought it", Property: "price"}, {Event: "$pageview", Property: "$browser"}},
	}}))
	names := func(path string) string {
		t.Helper()
		var out []string
		page := h.object(200, "GET", path, "")
		for _, item := range page["results"].([]any) {
			out = append(out, item.(map[string]any)["name"].(string))
		}
		return strings.Join(out, ",")
	}
	for query, want := range map[string]string{
		"": "$pageview,signed up,Bought it", "search=IT%20bought": "Bought it", "search=%25": "", "ordering=name": "$pageview,Bought it,signed up",
		"ordering=-name": "signed up,Bought it,$pageview", "ordering=last_seen_at": "Bought it,signed up,$pageview", "ordering=created_at": "$pageview,Bought it,signed up",
		"limit=1&offset=1": "signed up", "ordering=drop%20table": "$pageview,signed up,Bought it",
	} {
		if have := names("event_definitions/?" + query); have != want {
			t.Errorf("%s gives %s, want %s", query, have, want)
		}
	}
	events := url.QueryEscape(`["Bought it"]`)
	for query, want := range map[string]string{
		"": "$browser,$feature/beta,odd,price", "type=person": "email", "type=group": "seats,size", "type=group&group_type_index=1": "size", "type=session": "",
		"search=ROW": "$browser", "is_numerical=true": "price", "is_numerical=false": "$browser,$feature/beta,odd", "is_feature_flag=true": "$feature/beta",
		"is_feature_flag=false": "$browser,odd,price", "exclude_core_properties=true": "odd,price", "properties=odd,price": "odd,price",
		"excluded_properties=" + url.QueryEscape(`["odd"]`): "$browser,$feature/beta,price", "event_names=" + events: "price,$browser,$feature/beta,odd",
		"filter_by_event_names=true&event_names=" + events: "price", "filter_by_event_names=true": "$browser,$feature/beta,odd,price", "exclude_hidden=true&limit=1": "$browser",
	} {
		if have := names("property_definitions/?" + query); have != want {
			t.Errorf("%s gives %s, want %s", query, have, want)
		}
	}
	e := h.object(200, "GET", "event_definitions/?search=bought", "")
	h.has(e, "results/0/last_seen_at", `"2026-03-01T10:01:00Z"`)
	p := h.object(200, "GET", "property_definitions/?event_names="+events, "")
	for path, want := range map[string]string{"results/0/is_seen_on_filtered_events": "true", "results/1/is_seen_on_filtered_events": "false",
		"results/0/property_type": `"Numeric"`, "results/0/is_numerical": "true", "results/3/property_type": "null", "count": "4"} {
		h.has(p, path, want)
	}
	h.invalid(h.call("GET", "property_definitions/?type=x", ""), "invalid_choice", `"x" is not a valid choice.`, "type")
	h.invalid(h.call("GET", "property_definitions/?group_type_index=9", ""), "invalid_choice", `"9" is not a valid choice.`, "group_type_index")
	if other := setupElsewhere(h); other.object(200, "GET", "event_definitions/", "")["count"] != 0.0 {
		t.Error("another project's names are shown")
	}
}

// A property that is known to be boolean is compared as one.
func TestBooleanPropertiesInFilters(t *testing.T) {
	t.Parallel()
	h := setup(t).fork(t)
	f := filtered(`{"properties":[{"key":"paid","value":"true","type":"event"}]}`)
	h.has(h.made(f), "filters/bytecode", `["_H",1,32,"true",32,"paid",32,"properties",1,2,11]`)
	h.must(h.store.RecordSeen(t.Context(), []cdp.Seen{{Project: h.project.ID, Properties: []cdp.PropertyDefinition{{Kind: "event", GroupIndex: -1, Name: "paid", Type: "Boolean"}}}}))
	h.has(h.made(f), "filters/bytecode", `["_H",1,29,32,"paid",32,"properties",1,2,11]`)
}

// Whatever JSON a client sends, it is told what is wrong with it, and what is
// refused changes nothing.
func FuzzActionBody(f *testing.F) {
	for _, s := range []string{
		`{"name":"A","steps":[{"event":"$autocapture","selector":"a[b=\"c\"] > .d","tag_name":"a","text":"x","text_matching":"regex","href":"/","href_matching":"contains","url":"(","url_matching":"regex"}]}`,
		`{"steps":[{"properties":[{"key":"a","value":[1,"2"],"operator":"between"},{"type":"cohort","key":"id","value":1},{"type":"hogql","key":"1 +"}]}]}`,
		`{"name":"\ud800","tags":[1,null,{}],"post_to_slack":"on","slack_message_format":1.5,"deleted":"t"}`, `{"steps":[{},null,[]]}`, `[]`, `{"a":`, `{"name":{},"steps":"x"}`,
		`{"steps":[{"event":1e400,"url":-0.0,"properties":[{"key":{},"value":{}}]}],"description":"\u0000"}`,
	} {
		f.Add(s)
	}
	h := setup(f)
	id := h.action(`{"name":"Stays","steps":[{"event":"one"}]}`)
	fn := h.create(`{"hog":"return 1","filters":{"actions":[{"id":"` + id + `","type":"actions"}]}}`)
	fuzzed(f, h, map[string]string{"actions/": "POST", "actions/" + id + "/": "PATCH"}, []string{"actions/" + id, "actions/?limit=1", "hog_functions/" + fn})
}

func FuzzCohortBody(f *testing.F) {
	for _, s := range []string{
		`{"name":"Us","filters":{"properties":{"type":"OR","values":[{"type":"AND","values":[{"key":"a","type":"person","value":"b","operator":"regex","negation":true}]}]}}}`,
		`{"filters":null,"is_static":"no","deleted":1,"name":null}`, `{"filters":[]}`, `{"filters":{"properties":[1]},"description":{}}`, `"x"`,
		`{"test_account_filters":[{"key":"id","type":"cohort","value":1},{"key":"a","value":[[]],"operator":"in"}],"name":"P","timezone":"Mars"}`, `{"test_account_filters":[null]}`,
	} {
		f.Add(s)
	}
	h := setup(f)
	id := h.cohort(`{"name":"Stays","filters":{}}`)
	h.object(200, "PATCH", "", `{"test_account_filters":[{"key":"email","type":"person","value":"x"}]}`)
	fn := h.create(`{"hog":"return 1","filters":{"filter_test_accounts":true}}`)
	fuzzed(f, h, map[string]string{"cohorts/": "POST", "cohorts/" + id + "/": "PATCH", "": "PATCH"}, []string{"cohorts/" + id, "cohorts/?limit=1", "hog_functions/" + fn, ""})
}

// fuzzed sends each body to each of the paths; a refusal must leave what is
// seen at the others as it was.
func fuzzed(f *testing.F, h *house, asks map[string]string, seen []string) {
	before := "" // until something is accepted
	f.Fuzz(func(t *testing.T, body string) {
		h := *h
		h.TB = t
		if len(body) > 1<<16 {
			return
		}
		look := func() (all string) {
			for _, one := range seen {
				all += string(h.call("GET", one, "").body)
			}
			return all
		}
		for path, method := range asks {
			if before == "" {
				before = look()
			}
			r := h.call(method, path, body)
			if r.status >= 500 || r.status < 200 || !json.Valid(r.body) {
				t.Fatalf("%s %s with %q is answered with %d %s", method, path, body, r.status, r.body)
			}
			if r.status < 400 {
				before = ""
			} else if after := look(); after != before {
				t.Fatalf("%s %s with %q is refused (%s) and changed\n%s\nto\n%s", method, path, body, r.body, before, after)
			}
		}
	})
}
