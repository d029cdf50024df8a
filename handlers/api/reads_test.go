package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/handlers/api"
)

func TestTestRun(t *testing.T) {
	t.Parallel()
	h := setup(t)
	const globals = `"globals":{"event":{"uuid":"018f0000-0000-7000-8000-000000000009","event":"$pageview","distinct_id":"u1","timestamp":"2026-03-01T10:00:00.000Z","properties":{"plan":"pro"}}}`
	run := func(path, body string) map[string]any {
		t.Helper()
		return h.object(http.StatusOK, "POST", "hog_functions/"+path+"/invocations/", body)
	}
	messages := func(r map[string]any) string {
		var out []string
		for _, l := range r["logs"].([]any) {
			out = append(out, l.(map[string]any)["message"].(string))
		}
		return strings.Join(out, "|")
	}
	r := run("new", `{"configuration":{"type":"destination","hog":"let r := fetch(inputs.url, {'method': 'POST'})\nprint(r.status)",
		"inputs_schema":[{"key":"url","type":"string"}],"inputs":{"url":{"value":"https://example.com/{event.properties.plan}"}}},`+globals+`}`)
	if r["status"] != "success" || !strings.HasPrefix(messages(r), "Async function 'fetch' was mocked with arguments:|fetch('https://example.com/pro', {\n  \"method\": \"POST\"\n})|200|Function completed in ") {
		t.Errorf("%v", r)
	}
	r = run("new", `{"configuration":{"hog":"return 1","filters":{"events":[{"id":"other","type":"events"}]}},`+globals+`}`)
	if r["status"] != "skipped" || messages(r) != "Mapping trigger not matching filters was ignored." {
		t.Errorf("%v", r)
	}
	r = run("new", `{"configuration":{"type":"transformation","hog":"return null"},`+globals+`}`)
	if r["status"] != "success" || r["result"] != nil {
		t.Errorf("%v", r)
	}
	// A stored function lends its secrets; nothing else of the test is stored.
	id := h.create(`{"hog":"print(inputs.token)","inputs_schema":[{"key":"token","type":"string","secret":true,"required":true}],"inputs":{"token":{"value":"s3cret-token"}}}`)
	r = run(id, `{"configuration":{"hog":"print(length(inputs.token), inputs.token)","inputs":{"token":{"secret":true}}},`+globals+`}`)
	if have := messages(r); r["status"] != "success" || !strings.HasPrefix(have, "12") || strings.Contains(have, "s3cret-token") {
		t.Errorf("%v", r)
	}
	if f := h.object(http.StatusOK, "GET", "hog_functions/"+id, ""); f["hog"] != "print(inputs.token)" {
		t.Error("a test run was saved")
	}
	for _, tt := range []struct{ body, want string }{
		{`{}`, `{"configuration":["This field is required."]}`},
		{`{"configuration":[]}`, `{"configuration":{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}}`},
		{`{"configuration":{},"globals":7,"mock_async_functions":"x"}`,
			`{"globals":["Expected a dictionary of items but got type \"int\"."],"mock_async_functions":["Must be a valid boolean."]}`},
		{`{"configuration":{"inputs_schema":[{"key":"url","type":"string","required":true}],"inputs":{}}}`, `{"configuration":{"inputs":{"url":["This field is required."]}}}`},
		{`{"configuration":{"hog":"let","name":[]}}`, `{"configuration":{"hog":["Hog code has errors."],"name":["Not a valid string."]}}`},
		{`{"configuration":{"hog":"return 1"}}`, `{"status":"error","error":"Missing event"}`},
		{`{"configuration":{"hog":"return 1"},"invocation_id":"x",` + globals + `}`, `{"status":"error","error":"Invalid invocation ID"}`},
	} {
		r := h.call("POST", "hog_functions/new/invocations", tt.body)
		if r.status != http.StatusBadRequest || string(r.body) != tt.want {
			t.Errorf("%s\nhave %d %s\nwant 400 %s", tt.body, r.status, r.body, tt.want)
		}
	}
	if r := h.call("POST", "hog_functions/"+id+"/invocations", `{"configuration":{"type":"transformation"}}`); string(r.body) != `{"configuration":{"type":["Cannot modify the type of an existing function"]}}` {
		t.Errorf("another type is answered with %d %s", r.status, r.body)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1"}`)
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	var entries []cdp.LogEntry
	for i, level := range []cdp.Level{cdp.LevelDebug, cdp.LevelInfo, cdp.LevelWarn, cdp.LevelError} {
		entries = append(entries, cdp.LogEntry{Project: h.project.ID, Function: cdp.FunctionID(id), Invocation: cdp.InvocationID("018f0000-0000-7000-8000-00000000000" + string(rune('1'+i))),
			Time: at.Add(time.Duration(i) * 1500 * time.Millisecond), Level: level, Message: "100% <" + string(level) + "> é"})
	}
	h.must(h.store.Record(t.Context(), cdp.Batch{Logs: entries}))
	levels := func(query string) string {
		t.Helper()
		var page struct {
			Count          int
			Next, Previous *string
			Results        []map[string]string
		}
		h.read(h.call("GET", "hog_functions/"+id+"/logs/?"+query, ""), http.StatusOK, &page)
		var out []string
		for _, row := range page.Results {
			out = append(out, row["level"])
		}
		if page.Count != len(out) || page.Next != nil || page.Previous != nil {
			t.Errorf("?%s counts %d, next %v", query, page.Count, page.Next)
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct{ query, want string }{
		{"", "ERROR WARN INFO DEBUG"}, {"limit=2", "ERROR WARN"}, {"limit=2&offset=1", "WARN INFO"}, {"level=info,ERROR", "ERROR INFO"},
		{"level=info&level=debug", "INFO DEBUG"}, {"level=nope", ""}, {"search=100%25+%3CERROR", "ERROR"}, {"search=1_0", ""},
		{"instance_id=018f0000-0000-7000-8000-000000000003", "WARN"},
		{"before=2026-03-01T10:00:03Z", "INFO DEBUG"}, {"after=2026-03-01T10:00:01.500Z", "ERROR WARN"}, {"after=2026-03-01T12:00:02%2B02:00", "ERROR WARN"},
	} {
		if have := levels(tt.query); have != tt.want {
			t.Errorf("?%s gives %q, want %q", tt.query, have, tt.want)
		}
	}
	r := h.call("GET", "hog_functions/"+id+"/logs/?limit=1&level=info", "")
	const want = `{"log_source_id":"%","instance_id":"018f0000-0000-7000-8000-000000000002","timestamp":"2026-03-01T10:00:01.500000Z","level":"INFO","message":"100% \u003cinfo\u003e é"}`
	if !strings.Contains(string(r.body), strings.Replace(want, "%", id, 1)) {
		t.Errorf("a row is %s", r.body)
	}
	const wrong = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
	h.invalid(h.call("GET", "hog_functions/"+id+"/logs/?limit=501", ""), "max_value", "Ensure this value is less than or equal to 500.", "limit")
	h.invalid(h.call("GET", "hog_functions/"+id+"/logs/?limit=0", ""), "min_value", "Ensure this value is greater than or equal to 1.", "limit")
	h.invalid(h.call("GET", "hog_functions/"+id+"/logs/?limit=x", ""), "invalid_input", "A valid integer is required.", "limit")
	h.invalid(h.call("GET", "hog_functions/"+id+"/logs/?after=yesterday", ""), "invalid_input", wrong, "after")
	h.refused(h.call("GET", "hog_functions/018f0000-0000-7000-8000-00000000dead/logs/", ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Truncate(time.Hour).Add(30 * time.Minute)
	h := setup(t, func(c *api.Config) { c.Now = func() time.Time { return now } })
	id := h.create(`{"hog":"return 1"}`)
	record := func(name cdp.Outcome, ago time.Duration, n int64) {
		h.must(h.store.Record(t.Context(), cdp.Batch{Metrics: []cdp.Metric{{Project: h.project.ID, Function: cdp.FunctionID(id), Name: name, Kind: name.Kind(), Time: now.Add(-ago), Count: n}}}))
	}
	record(cdp.OutcomeSucceeded, 0, 5)
	record(cdp.OutcomeSucceeded, 48*time.Hour, 2)
	record(cdp.OutcomeFailed, 0, 1)
	record(cdp.OutcomeFiltered, 24*time.Hour, 7)
	record(cdp.OutcomeSucceeded, 30*24*time.Hour, 100)
	var series struct {
		Labels []string
		Series []struct {
			Name   string
			Values []int64
		}
	}
	h.read(h.call("GET", "hog_functions/"+id+"/metrics/", ""), http.StatusOK, &series)
	if len(series.Labels) != 8 || series.Labels[7] != now.Format(time.DateOnly) || len(series.Series) != 3 {
		t.Fatalf("%+v", series)
	}
	if s := series.Series[2]; s.Name != "success" || !cmp.Equal(s.Values, []int64{0, 0, 0, 0, 0, 2, 0, 5}) {
		t.Errorf("%+v", s)
	}
	h.read(h.call("GET", "hog_functions/"+id+"/metrics/?breakdown_by=name&interval=hour&after=-1h&name=failed", ""), http.StatusOK, &series)
	if len(series.Labels) != 2 || series.Labels[1] != now.Format("2006-01-02T15")+":00" || len(series.Series) != 1 || series.Series[0].Name != "failed" {
		t.Errorf("%+v", series)
	}
	for query, want := range map[string]string{
		"": `{"totals":{"failure":1,"other":7,"success":7}}`, "breakdown_by=name": `{"totals":{"failed":1,"filtered":7,"succeeded":7}}`,
		"name=succeeded": `{"totals":{"success":7}}`, "kind=failure,other": `{"totals":{"failure":1,"other":7}}`, "instance_id=x": `{"totals":{}}`,
		"after=-40d": `{"totals":{"failure":1,"other":7,"success":107}}`, "after=2099-01-01": `{"totals":{}}`,
	} {
		if r := h.call("GET", "hog_functions/"+id+"/metrics/totals/?"+query, ""); string(r.body) != want {
			t.Errorf("?%s gives %s, want %s", query, r.body, want)
		}
	}
	h.invalid(h.call("GET", "hog_functions/"+id+"/metrics/?interval=year", ""), "invalid_choice", `"year" is not a valid choice.`, "interval")
	h.invalid(h.call("GET", "hog_functions/"+id+"/metrics/?breakdown_by=x", ""), "invalid_choice", `"x" is not a valid choice.`, "breakdown_by")
	if r := h.call("GET", "hog_functions/"+id+"/metrics/?after=-900000d&interval=hour", ""); r.status != http.StatusBadRequest {
		t.Errorf("2400 years by the hour are answered with %d", r.status)
	}
	if r := h.call("GET", "hog_functions/"+id+"/metrics/?after=soon", ""); r.status != http.StatusBadRequest {
		t.Errorf("soon is answered with %d", r.status)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	h := setup(t)
	type list struct {
		Count   int
		Results []map[string]any
	}
	ids := func(r reply) string {
		t.Helper()
		var l list
		h.read(r, http.StatusOK, &l)
		var out []string
		for _, item := range l.Results {
			if len(item) != 14 {
				t.Errorf("%v has %d keys", item["id"], len(item))
			}
			out = append(out, strings.TrimPrefix(item["id"].(string), "template-"))
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct{ path, want string }{
		{"hog_function_templates/", "braze customerio discord webhook loops make microsoft-teams pagerduty resend zapier"}, {"hog_function_templates?type=destination&limit=3", "braze customerio discord"}, {"hog_function_templates?type=nope", ""},
		{"hog_function_templates?type=destination,transformation", ""}, {"hog_function_templates?template_id=template-webhook", "webhook"},
		{"hog_function_templates?types=destination,site_app&limit=1&offset=1", "blank-site-app"},
		{"hog_function_templates?type=transformation&limit=2", "blank-transformation drop-events"},
	} {
		if have := ids(h.call("GET", tt.path, "")); have != tt.want {
			t.Errorf("%s gives %q, want %q", tt.path, have, tt.want)
		}
	}
	h.create(`{"template_id":"template-webhook","enabled":true,"inputs":{"url":{"value":"https://example.com"}}}`)
	if have := ids(h.callWith("", "GET", "/api/public_hog_function_templates/", "")); have != "webhook braze customerio discord loops make microsoft-teams pagerduty resend zapier" {
		t.Errorf("by usage: %q", have)
	}
	var one map[string]any
	h.read(h.callWith("", "GET", "/api/public_hog_function_templates/template-drop-events/", ""), http.StatusOK, &one)
	if one["type"] != "transformation" || one["masking"] != nil || one["mapping_templates"] != nil {
		t.Errorf("%v", one)
	}
	h.refused(h.call("GET", "hog_function_templates/template-none", ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	h.refused(h.callWith("", "GET", "hog_function_templates", ""), http.StatusUnauthorized, "authentication_error", "not_authenticated", "Authentication credentials were not provided.", "")
	icon := h.callWith("", "GET", one["icon_url"].(string), "")
	if icon.status != http.StatusOK || icon.header.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(string(icon.body), "<svg") {
		t.Errorf("icon: %d %s", icon.status, icon.header)
	}
	if r := h.call("GET", "hog_functions/icons?query=disc", ""); string(r.body) != `[{"id":"template-discord","name":"Discord","url":"/api/projects/@current/hog_functions/icon/?id=template-discord"}]` {
		t.Errorf("icons: %s", r.body)
	}
	if r := h.call("GET", "hog_functions/icons", ""); string(r.body) != `[]` {
		t.Errorf("icons: %s", r.body)
	}
	if r := h.call("GET", "hog_functions/icon?id=template-discord", ""); r.status != http.StatusOK {
		t.Errorf("icon: %d", r.status)
	}
	h.invalid(h.call("GET", "hog_functions/icon", ""), "invalid_input", "id is required", "")
	if r := h.call("GET", "hog_functions/icon?id=nope", ""); r.status != http.StatusNotFound {
		t.Errorf("icon: %d", r.status)
	}
}

func TestCompileHog(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"hog":"return 1 + 2"}`, 200, `{"bytecode":["_H",1,33,2,33,1,6,38],"locals":[]}`},
		{`{"hog":"let a := 1","in_repl":true}`, 200, `{"bytecode":["_H",1,33,1],"locals":[["a",1,false]]}`},
		{`{"hog":"print(a)","in_repl":"true","locals":[["a",1,false]]}`, 200, `{"bytecode":["_H",1,36,0,2,"print",1,35],"locals":[["a",1,false]]}`},
		{`{"hog":"nosuch()"}`, 400, "{\"error\":\"Hog function `nosuch` is not implemented\"}"},
		{`{}`, 400, `{"error":"Missing required field: hog"}`},
	} {
		if r := h.call("POST", "hog/", tt.body); r.status != tt.status || string(r.body) != tt.want {
			t.Errorf("%s\nhave %d %s\nwant %d %s", tt.body, r.status, r.body, tt.status, tt.want)
		}
	}
	if r := h.call("POST", "hog", `{"hog":"let ("}`); r.status != http.StatusBadRequest || !strings.HasPrefix(string(r.body), `{"error":"`) {
		t.Errorf("a syntax error is answered with %d %s", r.status, r.body)
	}
}

func TestPeopleAndProjects(t *testing.T) {
	t.Parallel()
	h := setup(t)
	me := h.object(http.StatusOK, "GET", "/api/users/@me/", "")
	if me["email"] != "ada@example.com" || me["has_password"] != true || me["team"].(map[string]any)["api_token"] != h.project.Token || len(me) != 29 {
		t.Errorf("%d members: %v", len(me), me)
	}
	if strings.Contains(string(h.call("GET", "/api/users/@me/", "").body), "argon2") {
		t.Error("the password's hash is shown")
	}
	projects := h.object(http.StatusOK, "GET", "/api/projects/", "")
	if projects["count"] != 1.0 || projects["results"].([]any)[0].(map[string]any)["name"] != "Shop" {
		t.Errorf("%v", projects)
	}
	for _, path := range []string{"/api/projects/@current/", "/api/projects/1", "/api/environments/1/"} {
		p := h.object(http.StatusOK, "GET", path, "")
		if p["id"] != 1.0 || p["timezone"] != "UTC" || !cmp.Equal(p["test_account_filters"], []any{}) || !cmp.Equal(p["app_urls"], []any{}) {
			t.Errorf("%s gives %v", path, p)
		}
	}
	list := h.object(http.StatusOK, "GET", "/api/organizations/", "")
	o := h.object(http.StatusOK, "GET", "/api/organizations/@current/", "")
	if list["count"] != 1.0 || o["name"] != "Example" || len(o["teams"].([]any)) != 1 {
		t.Errorf("%v %v", list, o)
	}
	h.refused(h.call("GET", "/api/organizations/nope/", ""), http.StatusNotFound, "invalid_request", "not_found", "Organization not found.", "")
	path := "/api/organizations/" + o["id"].(string) + "/projects/"
	if list := h.object(http.StatusOK, "GET", path, ""); list["count"] != 1.0 || at(list, "results/0/id") != 1.0 {
		t.Errorf("%s gives %v", path, list)
	}
	if p := h.object(http.StatusOK, "GET", path+"1/", ""); p["id"] != 1.0 || !cmp.Equal(p["app_urls"], []any{}) {
		t.Errorf("one of them: %v", p)
	}
	for _, id := range []string{"2", "x", "-1"} {
		h.refused(h.call("GET", path+id+"/", ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
	}
}

// A key that is bound to another organization sees nothing of this one.
func TestKeysBoundToOrganizations(t *testing.T) {
	t.Parallel()
	h := setup(t)
	k, clear, err := h.accounts.CreateKey(t.Context(), h.owner.ID, account.KeyRequest{Label: "k", Scopes: []string{"*"}, ScopedOrganizations: []string{h.project.OrganizationID}})
	h.must(err)
	count := func(path string) any {
		t.Helper()
		var page map[string]any
		h.read(h.callWith(clear, "GET", path, ""), http.StatusOK, &page)
		return page["count"]
	}
	own := "/api/organizations/" + h.project.OrganizationID + "/"
	for _, path := range []string{"/api/projects/", "/api/organizations/", own + "projects/"} {
		if n := count(path); n != 1.0 {
			t.Errorf("%s within the bounds: %v", path, n)
		}
	}
	_, err = h.accounts.ChangeKey(t.Context(), h.owner.ID, k.ID, account.KeyChange{ScopedOrganizations: &[]string{"018f0000-0000-7000-8000-00000000dead"}})
	h.must(err)
	for _, path := range []string{"/api/projects/", "/api/organizations/"} {
		if n := count(path); n != 0.0 {
			t.Errorf("%s beyond the bounds: %v", path, n)
		}
	}
	for _, path := range []string{own, own + "projects/", own + "projects/1/", "/api/organizations/@current/"} {
		h.refused(h.callWith(clear, "GET", path, ""), http.StatusForbidden, "authentication_error", "permission_denied",
			"API key does not have access to the requested organization: ID "+h.project.OrganizationID+".", "")
	}
}

// Whatever JSON a client sends, it is told what is wrong with it.
func FuzzFunctionBody(f *testing.F) {
	for _, s := range []string{
		`{"hog":"return 1"}`, `{"hog":"return {","inputs":{"a":{"value":"{x}"}},"inputs_schema":[{"key":"a","type":"string"}]}`, `[]`, `{"a":`, `"x"`,
		`{"hog":"return 1","filters":{"properties":[{"key":"a","value":[1,"2"],"operator":"between"},{"type":"cohort","key":"id","value":1}],"actions":[{"id":{},"type":"actions"}]}}`,
		`{"hog":"return 1","mappings":[{"inputs_schema":[{"key":"k","type":"json","secret":true}],"inputs":{"k":{"value":{"a":["{b}"]}}},"filters":{"events":[{"id":null,"type":"events","properties":[{"key":"x","type":"hogql"}]}]}}]}`,
		`{"hog":"x","masking":{"ttl":"60","threshold":1.0,"hash":"{a"},"execution_order":1e99,"type":{},"name":1.5,"icon_url":"\u0000"}`,
		`{"hog":"\ud800","inputs_schema":[{"key":"a__b","type":"email"},{"key":"","type":null}],"inputs":[]}`,
		`{"hog":"return 1","filters":{"properties":[{"key":"a","type":"element","operator":"exact","value":[[[]]]},{"key":"selector","type":"element","value":"a[b=\"c\"]>"}]}}`,
		`{"configuration":{"hog":"return inputs"},"globals":{"event":[]},"clickhouse_event":{"properties":"{"}}`, `{"orders":{"":[]}}`,
	} {
		f.Add(s)
	}
	h := setup(f)
	id := h.create(`{"hog":"return 1","enabled":true,"inputs_schema":[{"key":"a","type":"string","secret":true}],"inputs":{"a":{"value":"x"}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		h := *h
		h.TB = t
		if len(body) > 1<<16 {
			return
		}
		for _, ask := range [][2]string{{"POST", "hog_functions/"}, {"PATCH", "hog_functions/" + id + "/"}, {"PATCH", "hog_functions/rearrange/"},
			{"POST", "hog_functions/new/invocations/"}, {"POST", "hog/"}} {
			r := h.call(ask[0], ask[1], body)
			if r.status >= 500 || r.status < 200 || r.status != http.StatusMethodNotAllowed && !json.Valid(r.body) {
				t.Fatalf("%s %s with %q is answered with %d %s", ask[0], ask[1], body, r.status, r.body)
			}
		}
		h.call("PATCH", "hog_functions/"+id+"/", `{"deleted":false}`)
	})
}
