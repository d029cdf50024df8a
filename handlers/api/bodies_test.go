package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// Every kind of body that cannot be used, at every kind of route that reads
// one: the answer is PostHog's (REST API specification 1.2 and 3), and nothing
// is written.
func TestBodiesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1","name":"kept"}`)
	routes := []struct{ method, path string }{
		{"POST", "hog_functions/"}, {"PATCH", "hog_functions/" + id + "/"}, {"PUT", "hog_functions/" + id}, {"PATCH", "hog_functions/rearrange/"},
		{"POST", "hog_functions/" + id + "/invocations/"}, {"POST", "hog_functions/" + id + "/rerun/"}, {"PATCH", "hog_functions/" + id + "/status/"},
		{"POST", "hog_functions/" + id + "/revisions/1/restore/"}, {"POST", "hog/"},
		{"POST", "actions/"}, {"POST", "cohorts/"}, {"PATCH", ""},
	}
	const parse, dict = "parse_error", "invalid_input"
	for _, tt := range []struct {
		what, body, kind string
		status           int
		code, detail     string // how the detail begins
	}{
		{"half an object", `{`, "", 400, parse, "JSON parse error - "},
		{"no value", `{"name":}`, "", 400, parse, "JSON parse error - "},
		{"a comma too many", `{"name":"a",}`, "", 400, parse, "JSON parse error - "},
		{"single quotes", `{'name':'a'}`, "", 400, parse, "JSON parse error - "},
		{"text behind it", `{"name":"a"} x`, "", 400, parse, "JSON parse error - "},
		{"two objects", `{"name":"a"}{"name":"b"}`, "", 400, parse, "JSON parse error - "},
		{"white space", "  \n", "", 400, parse, "JSON parse error - "},
		{"no JSON at all", "name=a", "", 400, parse, "JSON parse error - "},
		{"not a number", `{"name":NaN}`, "", 400, parse, "JSON parse error - "},
		{"a byte order mark", "\ufeff{}", "", 400, parse, "JSON parse error - "},
		{"a NUL byte", "{\"name\":\"a\x00b\"}", "", 400, parse, "JSON parse error - "},
		{"a NUL byte between", "{\x00}", "", 400, parse, "JSON parse error - "},
		{"no UTF-8", "{\"name\":\"\xff\xfe\"}", "", 400, parse, "JSON parse error - "},
		{"half a rune", "{\"name\":\"\xc3\"}", "", 400, parse, "JSON parse error - "},
		{"a name without UTF-8", "{\"\xff\":1}", "", 400, parse, "JSON parse error - "},
		{"lists without end", strings.Repeat("[", 200_000), "", 400, parse, "JSON parse error - "},
		{"lists within lists", strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000), "", 400, parse, "JSON parse error - "},
		{"objects within objects", `{"inputs":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_001), "", 400, parse, "JSON parse error - "},
		{"a list", `[]`, "", 400, dict, "Invalid data. Expected a dictionary, but got list."},
		{"a text", `"x"`, "", 400, dict, "Invalid data. Expected a dictionary, but got str."},
		{"a number", `1`, "", 400, dict, "Invalid data. Expected a dictionary, but got int."},
		{"a large number", `1e400`, "", 400, dict, "Invalid data. Expected a dictionary, but got float."},
		{"true", `true`, "", 400, dict, "Invalid data. Expected a dictionary, but got bool."},
		{"null", `null`, "", 400, dict, "Invalid data. Expected a dictionary, but got NoneType."},
		{"plain text", `{}`, "text/plain", 415, "unsupported_media_type", `Unsupported media type "text/plain" in request.`},
		{"XML", `<a/>`, "application/xml; charset=utf-8", 415, "unsupported_media_type", `Unsupported media type "application/xml; charset=utf-8" in request.`},
		{"parts", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415, "unsupported_media_type", `Unsupported media type "multipart/form-data; boundary=x" in request.`},
		{"a type that is none", `{}`, "json;;=", 415, "unsupported_media_type", `Unsupported media type "json;;=" in request.`},
		{"too large", strings.Repeat("x", 20<<20+1), "", 413, "request_too_large", "The request is too large."},
		{"too large, of spaces", "{" + strings.Repeat(" ", 20<<20) + "}", "", 413, "request_too_large", "The request is too large."},
	} {
		for _, route := range routes {
			if len(tt.body) > 1<<20 && route.path != "hog_functions/" {
				continue // the limit is the group's, not the route's
			}
			r := h.send(route.method, route.path, tt.body, tt.kind)
			var e struct{ Type, Code, Detail string }
			h.read(r, tt.status, &e)
			wantType := "invalid_request"
			if tt.code == dict {
				wantType = "validation_error"
			}
			if e.Type != wantType || e.Code != tt.code || !strings.HasPrefix(e.Detail, tt.detail) || strings.ContainsRune(e.Detail, '\ufffd') {
				t.Errorf("%s to %s %s: %s", tt.what, route.method, route.path, r.body)
			}
		}
	}
	if f := h.object(200, "GET", "hog_functions/"+id, ""); f["name"] != "kept" {
		t.Errorf("the function is now %v", f["name"])
	}
	if n := h.object(200, "GET", "hog_functions/", "")["count"]; n != 1.0 {
		t.Errorf("%v functions", n)
	}
}

// send is call with a content type of its own; "" is JSON's.
func (h *house) send(method, path, body, kind string) reply {
	h.Helper()
	if kind == "" {
		kind = "application/json"
	}
	if !strings.HasPrefix(path, "/") {
		path = h.base + path
	}
	req, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(body))
	h.must(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+h.key)
	return h.do(req)
}

// Odd bodies that can be read are.
func TestOddBodies(t *testing.T) {
	t.Parallel()
	h := setup(t)
	for _, tt := range []struct {
		what, body, kind string
		member           string
		want             any
	}{
		{"of two members the later counts", `{"hog":"return 1","name":"a","name":"b"}`, "", "name", "b"},
		{"of two objects the later counts", `{"hog":"return 1","filters":{"source":"person-updates"},"filters":{}}`, "", "filters/source", "events"},
		{"half a surrogate pair becomes a mark", `{"hog":"return 1","name":"x\ud800"}`, "", "name", "x\ufffd"},
		{"a form has flat fields", `hog=return+1&name=a%26b&enabled=on&execution_order=7`, "application/x-www-form-urlencoded", "name", "a&b"},
		{"a form's texts are read as what they are", `hog=return+1&execution_order=7`, "application/x-www-form-urlencoded; charset=utf-8", "execution_order", 7.0},
		{"a kind of JSON", `{"hog":"return 1","name":"a"}`, "application/vnd.api+json", "name", "a"},
		{"a charset", `{"hog":"return 1","name":"é"}`, "application/json; charset=UTF-8", "name", "é"},
		{"members that nobody declared", `{"hog":"return 1","id":"x","bytecode":[1],"status":{"state":9},"wat":{"deep":[{}]}}`, "", "status/state", 0.0},
	} {
		var f map[string]any
		h.read(h.send("POST", "hog_functions/", tt.body, tt.kind), 201, &f)
		if have := at(f, tt.member); have != tt.want {
			t.Errorf("%s: %v, want %v", tt.what, have, tt.want)
		}
	}
	for _, tt := range []struct{ body, code, detail, attr string }{
		{`{"hog":"return 1","execution_order":1e999}`, "invalid_input", "A valid integer is required.", "execution_order"},
		{`{"hog":"return 1","execution_order":123456789012345678901234567890}`, "max_value", "Ensure this value is less than or equal to 32767.", "execution_order"},
		{`{"hog":"return 1","execution_order":-1}`, "min_value", "Ensure this value is greater than or equal to 0.", "execution_order"},
		{`{"hog":"return 1","name":"a\u0000b"}`, "null_characters_not_allowed", "Null characters are not allowed.", "name"},
		{`{"hog":"` + strings.Repeat("x", 102401) + `"}`, "invalid_input", "HOG code exceeds maximum size of 100KB. Please simplify your code or contact support if you need this limit increased.", "hog"},
		{`{"hog":"return 1","inputs_schema":[{"key":"n","type":"number"}],"inputs":{"n":{"value":"x"}}}`, "invalid_input", "Value must be a number.", "inputs__n"},
		{`{"hog":"return 1","mappings":[{"inputs_schema":[{"key":"a","type":"string"},{"key":"","type":"string"}]}]}`, "blank", "This field may not be blank.", "mappings__0__inputs_schema__1__key"},
		{`{"hog":"return 1","masking":{"ttl":1,"hash":"x"}}`, "min_value", "Ensure this value is greater than or equal to 60.", "masking__ttl"},
		{`{"hog":"return 1","filters":{"events":[1]}}`, "not_a_dict", "Expected a dictionary of items but got type \"int\".", "filters__events__0"},
		{`{"hog":"return 1","inputs_schema":[{"key":"url","type":"string"}],"inputs":{"url":{"value":"x","templating":"wat"}}}`, "invalid_choice", "\"wat\" is not a valid choice.", "inputs__url__templating"},
	} {
		h.refuses(tt.body, tt.code, tt.detail, tt.attr)
	}
}
