package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/handlers/api"
)

var detailKeys = []string{
	"id", "type", "name", "description", "created_at", "created_by", "updated_at", "enabled", "hog", "bytecode", "transpiled",
	"inputs_schema", "inputs", "filters", "masking", "mappings", "icon_url", "template", "status", "execution_order",
}

func TestCreateAndRetrieve(t *testing.T) {
	t.Parallel()
	h := setup(t)
	r := h.call("POST", "hog_functions/", `{"name":" Ping ","hog":"print('hi');"}`)
	var f map[string]any
	h.read(r, http.StatusCreated, &f)
	if d := cmp.Diff(detailKeys, h.keys(r.body)); d != "" {
		t.Error(d)
	}
	id := f["id"].(string)
	created := f["created_at"].(string)
	delete(f, "created_at")
	delete(f, "updated_at")
	want := map[string]any{
		"id": id, "type": "destination", "name": "Ping", "description": "", "enabled": false, "hog": "print('hi');",
		"bytecode": []any{"_H", 1.0, 32.0, "hi", 2.0, "print", 1.0, 35.0}, "transpiled": nil, "inputs_schema": []any{}, "inputs": map[string]any{},
		"filters": map[string]any{"source": "events", "bytecode": []any{"_H", 1.0, 29.0}}, "masking": nil, "mappings": nil, "icon_url": nil,
		"template": nil, "status": map[string]any{"state": 0.0, "tokens": 0.0}, "execution_order": nil,
		"created_by": map[string]any{"id": float64(h.owner.ID), "uuid": h.owner.UUID, "distinct_id": h.owner.DistinctID, "first_name": "Ada",
			"last_name": "Example", "email": "ada@example.com", "is_email_verified": nil, "hedgehog_config": nil, "role_at_organization": nil},
	}
	if d := cmp.Diff(want, f); d != "" {
		t.Error(d)
	}
	if !strings.HasSuffix(created, "Z") || len(id) != 36 {
		t.Errorf("created %s, id %s", created, id)
	}
	// Every spelling of the address is the same function.
	for _, path := range []string{
		"hog_functions/" + id, "hog_functions/" + id + "/", fmt.Sprintf("/api/projects/%d/hog_functions/%s/", h.project.ID, id),
		fmt.Sprintf("/api/environments/%d/hog_functions/%s", h.project.ID, id), "/api/environments/@current/hog_functions/" + strings.ToUpper(id),
	} {
		if got := h.object(http.StatusOK, "GET", path, ""); got["id"] != id {
			t.Errorf("%s gives %v", path, got["id"])
		}
	}
	for _, bad := range []string{"nope", "018f0000-0000-7000-8000-00000000dead", "..", "%00"} {
		r := h.call("GET", "hog_functions/"+bad+"/", "")
		if bad == ".." {
			continue // leads elsewhere before it arrives
		}
		h.refused(r, http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	}
}

func TestCreateFromTemplate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	h.invalid(h.call("POST", "hog_functions", `{"template_id":"template-webhook"}`), "invalid_input", "This field is required.", "inputs__url")
	f := h.object(http.StatusCreated, "POST", "hog_functions", `{"template_id":"template-webhook","inputs":{"url":{"value":"https://example.com"}}}`)
	template := f["template"].(map[string]any)
	if len(template) != 14 || template["id"] != "template-webhook" || f["name"] != template["name"] || f["hog"] != template["code"] || f["icon_url"] != template["icon_url"] {
		t.Errorf("made %v", f)
	}
	h.invalid(h.call("POST", "hog_functions", `{"template_id":"template-none"}`), "invalid_input", "No template found for id 'template-none'", "template_id")
}

func TestBadBodies(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1"}`)
	for _, tt := range []struct{ body, code, detail, attr string }{
		{`{}`, "invalid_input", "Required.", "hog"},
		{``, "invalid_input", "Required.", "hog"},
		{`[]`, "invalid_input", "Invalid data. Expected a dictionary, but got list.", ""},
		{`{"hog":""}`, "blank", "This field may not be blank.", "hog"},
		{`{"hog":[]}`, "invalid_input", "Not a valid string.", "hog"},
		{`{"hog":"return 1","enabled":"maybe"}`, "invalid_input", "Must be a valid boolean.", "enabled"},
		{`{"hog":"return 1","enabled":null}`, "null", "This field may not be null.", "enabled"},
		{`{"hog":"return 1","name":true}`, "invalid_input", "Not a valid string.", "name"},
		{`{"hog":"return 1","type":"foo"}`, "invalid_choice", `"foo" is not a valid choice.`, "type"},
		{`{"hog":"return 1","type":7}`, "invalid_choice", `"7" is not a valid choice.`, "type"},
		{`{"hog":"return 1","execution_order":-1}`, "min_value", "Ensure this value is greater than or equal to 0.", "execution_order"},
		{`{"hog":"return 1","execution_order":"x"}`, "invalid_input", "A valid integer is required.", "execution_order"},
		{`{"hog":"return 1","inputs_schema":"x"}`, "not_a_list", `Expected a list of items but got type "str".`, "inputs_schema"},
		{`{"hog":"return 1","inputs_schema":[{"key":"a","type":"string"}],"inputs":{"a":1}}`, "invalid_input", "Invalid data. Expected a dictionary, but got int.", "inputs__a__non_field_errors"},
		{`{"hog":"return 1","filters":7}`, "invalid_input", "Invalid data. Expected a dictionary, but got int.", "filters__non_field_errors"},
		{`{"hog":"return 1","masking":{"ttl":5,"hash":"x"}}`, "min_value", "Ensure this value is greater than or equal to 60.", "masking__ttl"},
		{`{"hog":"return 1","mappings":{}}`, "not_a_list", `Expected a list of items but got type "dict".`, "mappings"},
		{`{"hog":"let","masking":{"ttl":5},"name":[]}`, "invalid_input", "Not a valid string.", "name"},
	} {
		h.invalid(h.call("POST", "hog_functions/", tt.body), tt.code, tt.detail, tt.attr)
	}
	if n := h.call("POST", "hog_functions/", `{"hog":"let","masking":{"ttl":5},"name":[]}`).header.Get("X-Hogpen-Errors"); n != "4" {
		t.Errorf("%s errors were counted, want 4", n)
	}
	for _, body := range []string{`{`, `{"hog":}`, "{\"hog\":\"\xff\"}", `{} {}`} {
		r := h.call("POST", "hog_functions/", body)
		if r.status != 400 || !strings.Contains(string(r.body), `"code":"parse_error","detail":"JSON parse error - `) || !strings.Contains(string(r.body), `"invalid_request"`) {
			t.Errorf("%q is answered with %d %s", body, r.status, r.body)
		}
	}
	for body, attr := range map[string]string{`{"inputs_schema":null}`: "inputs_schema", `{"inputs":null}`: "inputs", `{"description":null}`: "description", `{"deleted":null}`: "deleted"} {
		h.invalid(h.call("PATCH", "hog_functions/"+id, body), "null", "This field may not be null.", attr)
	}
	req, err := http.NewRequest("POST", h.url+"/api/projects/@current/hog_functions/", strings.NewReader("<x/>"))
	h.must(err)
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", "application/xml")
	h.refused(h.do(req), http.StatusUnsupportedMediaType, "invalid_request", "unsupported_media_type", `Unsupported media type "application/xml" in request.`, "")
	req, err = http.NewRequest("POST", h.url+"/api/projects/@current/hog_functions/", strings.NewReader("hog=return+1&enabled=true&name=Form"))
	h.must(err)
	req.Header.Set("Authorization", "Bearer "+h.key)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var made map[string]any
	h.read(h.do(req), http.StatusCreated, &made)
	if made["name"] != "Form" || made["enabled"] != true {
		t.Errorf("a form made %v", made)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1","inputs_schema":[{"key":"url","type":"string","templating":"hog"},{"key":"token","type":"string","secret":true}],
		"inputs":{"url":{"value":"https://example.com","templating":"hog"},"token":{"value":"s3cret"}},
		"filters":{"source":"events","events":[{"id":"$pageview","name":"$pageview","type":"events"}],"filter_test_accounts":false},"description":"d"}`)
	f := h.object(http.StatusOK, "PATCH", "hog_functions/"+id+"/", `{"name":"Renamed","enabled":"true"}`)
	if f["name"] != "Renamed" || f["enabled"] != true || f["description"] != "d" {
		t.Errorf("updated to %v", f)
	}
	if d := cmp.Diff(map[string]any{"state": 1.0, "tokens": 10000.0}, f["status"]); d != "" {
		t.Error(d)
	}
	// A client may send back what it got.
	got := h.call("GET", "hog_functions/"+id, "")
	back := h.call("PUT", "hog_functions/"+id, string(got.body))
	var before, after map[string]any
	h.read(got, http.StatusOK, &before)
	h.read(back, http.StatusOK, &after)
	delete(before, "updated_at")
	delete(after, "updated_at")
	if d := cmp.Diff(before, after); d != "" {
		t.Errorf("sending back what was got changed: %s", d)
	}
	if have := after["inputs"].(map[string]any)["token"]; !cmp.Equal(have, map[string]any{"secret": true}) || strings.Contains(string(back.body), "s3cret") {
		t.Errorf("the secret is shown as %v", have)
	}
	h.invalid(h.call("PATCH", "hog_functions/"+id, `{"type":"transformation"}`), "invalid_input", "Cannot modify the type of an existing function", "type")
	r := h.call("PATCH", "hog_functions/"+id, `{"inputs":{"url":{"value":"x"},"extra":{"value":1}}}`)
	if r.status != 200 || r.header.Get("X-Hogpen-Warnings") != `inputs not in inputs_schema were discarded: "extra"` {
		t.Errorf("%d with warnings %q", r.status, r.header.Get("X-Hogpen-Warnings"))
	}
	r = h.call("PATCH", "hog_functions/"+id, `{"name":"late","base_updated_at":"2020-01-01T00:00:00Z"}`)
	if r.status != http.StatusConflict || !strings.Contains(string(r.body), `"code":"stale_update"`) {
		t.Errorf("a stale update is answered with %d %s", r.status, r.body)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1"}`)
	r := h.call("DELETE", "hog_functions/"+id+"/", "")
	if r.status != http.StatusMethodNotAllowed || len(r.body) != 0 {
		t.Errorf("DELETE is answered with %d %q", r.status, r.body)
	}
	if f := h.object(http.StatusOK, "PATCH", "hog_functions/"+id, `{"deleted":true}`); f["id"] != id {
		t.Errorf("deleting gives %v", f)
	}
	for _, ask := range []func() reply{
		func() reply { return h.call("GET", "hog_functions/"+id, "") },
		func() reply { return h.call("GET", "hog_functions/"+id+"/logs", "") },
		func() reply { return h.call("PATCH", "hog_functions/"+id, `{"name":"x"}`) },
		func() reply { return h.call("PATCH", "hog_functions/"+id, `{"deleted":"false"}`) },
		func() reply { return h.call("PUT", "hog_functions/"+id, `{"deleted":false}`) },
	} {
		h.refused(ask(), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	}
	if page := h.object(http.StatusOK, "GET", "hog_functions/", ""); page["count"] != 0.0 {
		t.Errorf("the list still counts %v", page["count"])
	}
	h.object(http.StatusOK, "PATCH", "hog_functions/"+id, `{"deleted":false,"name":"Back"}`)
	if f := h.object(http.StatusOK, "GET", "hog_functions/"+id, ""); f["name"] != "Back" {
		t.Errorf("came back as %v", f["name"])
	}
	entries := h.object(http.StatusOK, "GET", "activity_log/?scope=HogFunction&item_id="+id+"&page=1", "")
	results := entries["results"].([]any)
	if entries["count"] != 3.0 || len(results) != 3 {
		t.Fatalf("activity %v", entries)
	}
	first := results[2].(map[string]any)
	if d := cmp.Diff(map[string]any{"name": nil, "short_id": nil, "trigger": nil, "type": "destination", "changes": nil}, first["detail"]); d != "" || first["activity"] != "created" {
		t.Errorf("%v %s", first, d)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for path, method := range map[string]string{"hog_functions": "PUT", "hog_functions/rearrange": "GET", "hog_functions/icons": "PATCH",
		"hog_function_templates": "POST", "/api/public_hog_function_templates": "POST", "/api/users/@me": "DELETE"} {
		h.refused(h.call(method, path, ""), http.StatusMethodNotAllowed, "invalid_request", "method_not_allowed", `Method "`+method+`" not allowed.`, "")
	}
	h.refused(h.callWith("", "GET", "hog_functions", ""), http.StatusUnauthorized, "authentication_error", "not_authenticated", "Authentication credentials were not provided.", "")
	h.refused(h.call("GET", "/api/projects/77/hog_functions", ""), http.StatusNotFound, "invalid_request", "not_found", "Project not found.", "")
	h.refused(h.call("GET", "/api/nothing", ""), http.StatusNotFound, "invalid_request", "not_found", "Endpoint not found.", "")
	if r := h.call("HEAD", "hog_functions", ""); r.status != http.StatusOK || len(r.body) != 0 {
		t.Errorf("HEAD is answered with %d %q", r.status, r.body)
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1"}`)
	key := func(scopes ...string) string {
		_, clear, err := h.accounts.CreateKey(t.Context(), h.owner.ID, account.KeyRequest{Label: "k", Scopes: scopes})
		h.must(err)
		return clear
	}
	reader, writer, other := key("hog_function:read"), key("hog_function:write"), key("project:read")
	missing := func(r reply, scope string) {
		t.Helper()
		h.refused(r, http.StatusForbidden, "authentication_error", "permission_denied", "API key missing required scope '"+scope+"'", "")
	}
	for _, path := range []string{"hog_functions", "hog_functions/" + id, "hog_functions/" + id + "/logs", "hog_functions/" + id + "/metrics",
		"hog_functions/" + id + "/metrics/totals", "hog_function_templates", "hog_function_templates/template-webhook"} {
		for _, k := range []string{reader, writer} {
			if r := h.callWith(k, "GET", path, ""); r.status != http.StatusOK {
				t.Errorf("%s: %d %s", path, r.status, r.body)
			}
		}
		missing(h.callWith(other, "GET", path, ""), "hog_function:read")
	}
	for path, method := range map[string]string{"hog_functions": "POST", "hog_functions/" + id: "PATCH", "hog_functions/rearrange": "PATCH",
		"hog_functions/" + id + "/invocations": "POST", "hog_functions/" + id + "/broadcast": "POST", "hog_functions/" + id + "/rerun": "POST", "hog": "POST"} {
		missing(h.callWith(reader, method, path, `{}`), "hog_function:write")
	}
	missing(h.callWith(reader, "DELETE", "hog_functions/"+id, ""), "hog_function:write")
	missing(h.callWith(writer, "POST", "hog_functions/"+id+"/rerun", `{}`), "person:read")
}

func TestRearrange(t *testing.T) {
	t.Parallel()
	h := setup(t)
	var ids []string
	for range 3 {
		ids = append(ids, h.create(`{"type":"transformation","hog":"return event"}`))
	}
	other := h.create(`{"hog":"return 1"}`)
	r := h.call("PATCH", "hog_functions/rearrange/", fmt.Sprintf(`{"orders":{"%s":3,"%s":1,"%s":"2"}}`, ids[0], ids[1], ids[2]))
	var list []map[string]any
	h.read(r, http.StatusOK, &list)
	var have []string
	for _, f := range list {
		have = append(have, fmt.Sprint(f["id"], f["execution_order"]))
	}
	if d := cmp.Diff([]string{ids[1] + "1", ids[2] + "2", ids[0] + "3"}, have); d != "" {
		t.Error(d)
	}
	for _, tt := range []struct{ body, code, detail, attr string }{
		{`{}`, "invalid_input", "No orders provided", ""},
		{`{"orders":null}`, "invalid_input", "No orders provided", ""},
		{`{"orders":{}}`, "invalid_input", "No orders provided", ""},
		{`{"orders":[1]}`, "not_a_dict", `Expected a dictionary of items but got type "list".`, "orders"},
		{`{"orders":{"nope":1}}`, "invalid_input", "HogFunction with id nope does not exist", ""},
		{`{"orders":{"` + other + `":1}}`, "invalid_input", "HogFunction with id " + other + " does not exist", ""},
		{`{"orders":{"` + ids[0] + `":"x"}}`, "invalid_input", "A valid integer is required.", "orders__" + ids[0]},
		{`{"orders":{"` + ids[0] + `":40000}}`, "max_value", "Ensure this value is less than or equal to 32767.", "orders__" + ids[0]},
	} {
		h.invalid(h.call("PATCH", "hog_functions/rearrange", tt.body), tt.code, tt.detail, tt.attr)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	h := setup(t)
	a := h.create(`{"name":"Slack notification","hog":"return 1","filters":{"events":[{"id":"$pageview","type":"events"}],"filter_test_accounts":true}}`)
	b := h.create(`{"name":"Marketing webhook","hog":"return 1","enabled":true,"template_id":"template-webhook","inputs":{"url":{"value":"x"}}}`)
	c := h.create(`{"type":"transformation","hog":"return event","description":"tidies"}`)
	ids := func(query string) string {
		t.Helper()
		page := h.object(http.StatusOK, "GET", "hog_functions/?"+query, "")
		var out []string
		for _, item := range page["results"].([]any) {
			id := item.(map[string]any)["id"]
			out = append(out, map[any]string{a: "a", b: "b", c: "c"}[id])
		}
		return strings.Join(out, "")
	}
	for _, tt := range []struct{ query, want string }{
		{"", "cba"}, {"type=destination", "ba"}, {"types=transformation", "c"}, {"type=destination,transformation", "cba"}, {"type=nope", ""},
		{"enabled=true", "b"}, {"enabled=False", "ca"}, {"enabled=true,false", "cba"}, {"id=" + a, "a"},
		{"created_by=" + strconv.FormatInt(int64(h.owner.ID), 10), "cba"},
		{"search=slcak", "a"}, {"search=Marke", "b"}, {"search=" + url.QueryEscape(" \x00 "), "cba"}, {"search=tidies", "c"},
		{"filters=" + url.QueryEscape(`{"filter_test_accounts":true}`), "a"},
		{"filter_groups=" + url.QueryEscape(`[{"events":[{"id":"$pageview"}]},{"events":[{"id":"x"}]}]`), "a"},
		{"limit=1", "c"}, {"limit=1&offset=1", "b"}, {"offset=9", ""}, {"limit=0&offset=-1", "cba"}, {"limit=x", "cba"},
	} {
		if have := ids(tt.query); have != tt.want {
			t.Errorf("?%s gives %q, want %q", tt.query, have, tt.want)
		}
	}
	var pageOfTwo struct {
		Count          int
		Next, Previous *string
		Results        []json.RawMessage
	}
	h.read(h.call("GET", "hog_functions/?limit=1&offset=1&type=destination,transformation", ""), http.StatusOK, &pageOfTwo)
	base := h.url + "/api/projects/@current/hog_functions/?limit=1"
	if pageOfTwo.Count != 3 || *pageOfTwo.Next != base+"&offset=2&type=destination%2Ctransformation" || *pageOfTwo.Previous != base+"&type=destination%2Ctransformation" {
		t.Errorf("%d, %s, %s", pageOfTwo.Count, *pageOfTwo.Next, *pageOfTwo.Previous)
	}
	want := []string{"id", "type", "name", "description", "created_at", "created_by", "updated_at", "enabled", "hog", "filters", "icon_url", "template", "status", "execution_order"}
	if d := cmp.Diff(want, h.keys(pageOfTwo.Results[0])); d != "" {
		t.Error(d)
	}
	h.read(h.call("GET", "hog_functions/?search=slcak&full=true", ""), http.StatusOK, &pageOfTwo)
	if d := cmp.Diff(append(detailKeys, "search_match_type"), h.keys(pageOfTwo.Results[0])); d != "" || !strings.Contains(string(pageOfTwo.Results[0]), `"search_match_type":"similar"`) {
		t.Error(d, string(pageOfTwo.Results[0]))
	}
	for _, tt := range []struct{ query, code, detail, attr string }{
		{"id=nope", "invalid_input", "Enter a valid UUID.", "id"},
		{"created_at=nope", "invalid_input", "Enter a valid date/time.", "created_at"},
		{"created_by=99", "invalid_choice", "Select a valid choice. That choice is not one of the available choices.", "created_by"},
		{"filters=nope", "invalid_input", "Invalid filters", "filters"},
		{"filter_groups={}", "invalid_input", "Invalid filter_groups", "filter_groups"},
		{"search=" + strings.Repeat("x", 201), "invalid_input", "Search query must be 200 characters or fewer.", "search"},
	} {
		h.invalid(h.call("GET", "hog_functions/?"+tt.query, ""), tt.code, tt.detail, tt.attr)
	}
	if r := h.call("GET", "hog_functions/?search="+strings.Repeat("x", 200), ""); r.status != http.StatusOK {
		t.Errorf("200 characters are answered with %d", r.status)
	}
}

func TestBadStates(t *testing.T) {
	t.Parallel()
	h := setup(t)
	path := "hog_functions/" + h.create(`{"hog":"return 1"}`) + "/status/"
	h.invalid(h.call("PATCH", path, `{}`), "required", "This field is required.", "state")
	h.invalid(h.call("PATCH", path, `{"state":"x"}`), "invalid_input", "A valid integer is required.", "state")
	h.invalid(h.call("PATCH", path, `{"state":null}`), "null", "This field may not be null.", "state")
	h.invalid(h.call("PATCH", path, `{"state":7}`), "invalid_input", "Invalid state", "")
	if r := h.call("PATCH", path, `{`); r.status != http.StatusBadRequest || !strings.Contains(string(r.body), `"code":"parse_error"`) {
		t.Errorf("half a body is answered with %d %s", r.status, r.body)
	}
}

func TestStatusSourceDown(t *testing.T) {
	t.Parallel()
	h := setup(t, func(c *api.Config) { c.Statuses = failing{} })
	f := h.object(http.StatusCreated, "POST", "hog_functions", `{"hog":"return 1","enabled":true}`)
	if d := cmp.Diff(map[string]any{"state": 0.0, "tokens": 0.0}, f["status"]); d != "" {
		t.Error(d)
	}
}

func TestNewRefusesGaps(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Config{Functions: &cdp.Functions{}}); err == nil {
		t.Error("a handler without readers was made")
	}
}

// A key may look like a path of keys; the nested form of a test run keeps it
// whole, and attr joins it as it is.
func TestKeysThatLookLikePaths(t *testing.T) {
	t.Parallel()
	h := setup(t)
	body := `{"hog":"return 1","inputs_schema":[{"key":"a__b","type":"string","required":true},{"key":"a","type":"string","required":true}],"inputs":{}}`
	h.invalid(h.call("POST", "hog_functions/", body), "invalid_input", "This field is required.", "inputs__a__b")
	r := h.call("POST", "hog_functions/new/invocations/", `{"configuration":`+body+`,"globals":{"event":{}}}`)
	want := `{"configuration":{"inputs":{"a":["This field is required."],"a__b":["This field is required."]}}}`
	if r.status != http.StatusBadRequest || string(r.body) != want {
		t.Errorf("%d %s, want %s", r.status, r.body, want)
	}
}
