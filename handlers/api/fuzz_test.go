package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Whatever text stands in a parameter, the answer is a list or a refusal in
// the documented shape: each documented parameter of each route is asked with
// it, alone and together with the others.
func FuzzParameters(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "true", "99999999999999999999", "1e999", "NaN", "\x00", "\xff", "%", "_", "[", "[]", `{"a":[{}]}`, `["a",1,null,{}]`, `[{"events":[{"id":"a"}]},0,""]`,
		"2026-03-01T10:00:00Z", "0001-01-01", "9999-12-31T23:59:59.999999999Z", "-7d", "-900000y", "+5MEnd", "dStart", "MSsx", "@current", "018f0000-0000-7000-8000-00000000dead",
		"a,b,,c", "hour", "name", "'; --", "slcak", "1\u00a0", "\u202e", strings.Repeat("a ", 200)} {
		f.Add(s)
	}
	h := setup(f)
	id := h.create(`{"hog":"return 1","name":"first"}`)
	h.action(`{"name":"first"}`)
	urls := strings.NewReplacer("{organization_id}", "@current", "/api/projects/{project_id}/", h.base, "hog_functions/{id}/", "hog_functions/"+id+"/")
	asks := map[string][]string{}
	for path, methods := range h.contract.document["paths"].(map[string]any) {
		parameters, _ := at(methods, "get/parameters").([]any)
		for _, p := range parameters {
			if at(p, "in") == "query" && !strings.HasPrefix(path, "/api/environments/{project_id}") {
				asks[urls.Replace(path)] = append(asks[urls.Replace(path)], at(p, "name").(string))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := *h
		h.TB = t
		ask := func(path string, q url.Values) {
			t.Helper()
			if len(q.Encode()) > 8000 {
				return // a request's head has a limit of its own
			}
			if r := h.call("GET", path+"?"+q.Encode(), ""); r.status != http.StatusOK && r.status != http.StatusBadRequest && r.status != http.StatusNotFound {
				t.Fatalf("%s?%s is answered with %d %s", path, q.Encode(), r.status, r.body)
			}
		}
		for path, names := range asks {
			all := url.Values{}
			for _, name := range names {
				ask(path, url.Values{name: {text}})
				all.Set(name, text)
			}
			ask(path, all)
		}
	})
}

// Whatever JSON a client sends to what has no fuzz of its own, it is told what
// is wrong with it.
func FuzzOtherBodies(f *testing.F) {
	for _, s := range []string{
		`{"dry_run":true,"status":["failed",null],"after":"2026-03-01T10:00:00Z","filter":{"window_start":"2026-03-01","window_end":"2026-03-02","invocation_ids":["x"]}}`,
		`{"filter":[],"rate":1e400,"search":{}}`, `{"filter":{"window_start":"0001-01-01","window_end":"9999-12-31T23:59:59Z","error_kind":"x"}}`,
		`{"base_updated_at":"yesterday"}`, `{"base_updated_at":null}`, `[]`, `{"a":`, `"x"`,
	} {
		f.Add(s)
	}
	h := setup(f)
	id := h.create(`{"hog":"return 1","enabled":true}`)
	path := "hog_functions/" + id + "/"
	f.Fuzz(func(t *testing.T, body string) {
		h := *h
		h.TB = t
		if len(body) > 1<<16 {
			return
		}
		for _, ask := range [][2]string{{"POST", path + "rerun/"}, {"POST", path + "revisions/1/restore/"}} {
			r := h.call(ask[0], ask[1], body)
			if r.status >= 500 || r.status < 200 || !json.Valid(r.body) {
				t.Fatalf("%s %s with %q is answered with %d %s", ask[0], ask[1], body, r.status, r.body)
			}
		}
	})
}
