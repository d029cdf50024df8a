package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

func TestRevisions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"type":"destination","name":"One","hog":"return 1",
		"inputs_schema":[{"key":"token","type":"string","secret":true,"required":true},{"key":"a","type":"string"}],
		"inputs":{"token":{"value":"s3cr3t-value"},"a":{"value":"first"}}}`)
	path := "hog_functions/" + id + "/"
	two := h.object(http.StatusOK, "PATCH", path, `{"name":"Two","hog":"return 2","inputs":{"token":{"secret":true},"a":{"value":"second"}}}`)

	list := h.object(http.StatusOK, "GET", path+"revisions/?limit=1", "")
	if list["count"] != 2.0 || list["next"] == nil {
		t.Errorf("list: %v", list)
	}
	newest := list["results"].([]any)[0].(map[string]any)
	if newest["version"] != 2.0 || newest["created_by"].(map[string]any)["email"] != "ada@example.com" || len(newest) != 3 {
		t.Errorf("newest: %v", newest)
	}
	r := h.call("GET", path+"revisions/1/", "")
	if r.status != http.StatusOK || !bytes.Contains(r.body, []byte(`"first"`)) || bytes.Contains(r.body, []byte("s3cr3t")) {
		t.Errorf("revision 1: %d %s", r.status, r.body)
	}
	for _, version := range []string{"3", "0", "x", "99999999999999999999"} {
		h.refused(h.call("GET", path+"revisions/"+version+"/", ""), http.StatusNotFound, "invalid_request", "not_found",
			"No such revision for this function.", "")
	}

	stale := fmt.Sprintf(`{"base_updated_at":%q}`, "2020-01-01T00:00:00Z")
	if r := h.call("POST", path+"revisions/1/restore/", stale); r.status != http.StatusConflict || !bytes.Contains(r.body, []byte(`"stale_update"`)) {
		t.Errorf("stale restore: %d %s", r.status, r.body)
	}
	f := h.object(http.StatusOK, "POST", path+"revisions/1/restore/", fmt.Sprintf(`{"base_updated_at":%q}`, two["updated_at"]))
	inputs := f["inputs"].(map[string]any)
	if f["name"] != "One" || f["hog"] != "return 1" || inputs["a"].(map[string]any)["value"] != "first" || inputs["token"].(map[string]any)["secret"] != true {
		t.Errorf("restored: %v", f)
	}
	if list := h.object(http.StatusOK, "GET", path+"revisions/", ""); list["count"] != 3.0 {
		t.Errorf("a restore is a revision: %v", list["count"])
	}
}

// Secrets that were sealed with another key, or are the mask, are listed.
func TestMaskedSecrets(t *testing.T) {
	t.Parallel()
	h := setup(t)
	made := func(name string) *cdp.Function {
		id := h.create(`{"hog":"return 1","name":"` + name + `","inputs_schema":[{"key":"a","type":"string","secret":true},{"key":"b","type":"string","secret":true}],"inputs":{"a":{"value":"x"},"b":{"value":"y"}}}`)
		f, err := h.store.Function(t.Context(), h.project.ID, cdp.FunctionID(id))
		h.must(err)
		return f
	}
	made("whole")
	otherKey, masked := *made("other key"), *made("masked")
	spoilt := append([]byte(nil), otherKey.Sealed["b"]...)
	spoilt[len(spoilt)-1] ^= 1
	otherKey.Sealed = map[string][]byte{"a": otherKey.Sealed["a"], "b": spoilt}
	mask, err := h.fns.Sealer.Seal([]byte(`{"value":"`+cdp.SecretMask+`","order":0}`), cdp.SealContext(masked.ID, "a"))
	h.must(err)
	masked.Sealed = map[string][]byte{"a": mask}
	for _, f := range []*cdp.Function{&otherKey, &masked} {
		h.must(h.store.UpdateFunction(t.Context(), f, f.Version))
	}
	var list []map[string]any
	h.read(h.call("GET", "hog_functions/masked_secrets/", ""), http.StatusOK, &list)
	want := []map[string]any{}
	for f, key := range map[*cdp.Function]string{&otherKey: "b", &masked: "a"} {
		want = append(want, map[string]any{"id": string(f.ID), "name": *f.Name, "type": "destination", "enabled": false, "input_keys": []any{key}, "draft_input_keys": []any{}})
	}
	byName := func(a, b map[string]any) int { return strings.Compare(a["name"].(string), b["name"].(string)) }
	slices.SortFunc(want, byName)
	slices.SortFunc(list, byName)
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
	h.refused(h.call("PATCH", "hog_functions/masked_secrets", `{}`), http.StatusMethodNotAllowed, "invalid_request", "method_not_allowed", `Method "PATCH" not allowed.`, "")
}

func TestUpdateProject(t *testing.T) {
	t.Parallel()
	h := setup(t)
	p := h.object(http.StatusOK, "PATCH", "", `{"name":"Shop 2","timezone":"Europe/Berlin","heatmaps_opt_in":true,"api_token":"phc_mine",
		"test_account_filters":[{"key":"email","value":"@example.com","operator":"not_icontains","type":"person"}]}`)
	if p["name"] != "Shop 2" || p["timezone"] != "Europe/Berlin" || p["heatmaps_opt_in"] != true || p["api_token"] == "phc_mine" ||
		len(p["test_account_filters"].([]any)) != 1 {
		t.Errorf("changed: %v", p)
	}
	p = h.object(http.StatusOK, "PATCH", "/api/environments/@current/", `{"surveys_opt_in":false}`)
	if p["heatmaps_opt_in"] != true || p["surveys_opt_in"] != false || p["name"] != "Shop 2" {
		t.Errorf("laid over: %v", p)
	}
	for _, c := range []struct{ body, code, detail, attr string }{
		{`{"name":""}`, "blank", "This field may not be blank.", "name"},
		{`{"name":null}`, "null", "This field may not be null.", "name"},
		{`{"timezone":"Mars/Olympus","name":"x"}`, "invalid_choice", `"Mars/Olympus" is not a valid choice.`, "timezone"},
		{`{"timezone":"../etc/passwd"}`, "invalid_choice", `"../etc/passwd" is not a valid choice.`, "timezone"},
		{`{"test_account_filters":{}}`, "not_a_list", `Expected a list of items but got type "dict".`, "test_account_filters"},
		{`{"test_account_filters":[1]}`, "not_a_dict", `Expected a dictionary of items but got type "int".`, "test_account_filters__0"},
	} {
		h.invalid(h.call("PATCH", "", c.body), c.code, c.detail, c.attr)
	}
	if p := h.object(http.StatusOK, "GET", "", ""); p["name"] != "Shop 2" {
		t.Errorf("a refused change was stored: %v", p["name"])
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	h := setup(t)
	closed := "This action does not support Personal API Key access"
	self := h.object(http.StatusOK, "GET", "/api/personal_api_keys/@current/", "")
	if self["label"] != "test" || self["value"] != nil || self["user_id"] != float64(h.owner.ID) {
		t.Errorf("self: %v", self)
	}
	id := self["id"].(string)
	if again := h.object(http.StatusOK, "GET", "/api/personal_api_keys/"+url.PathEscape(id)+"/", ""); again["id"] != id {
		t.Errorf("self by id: %v", again)
	}
	for _, c := range [][2]string{{"GET", ""}, {"POST", ""}, {"GET", "other/"}, {"PATCH", id + "/"}, {"DELETE", id + "/"}, {"POST", id + "/roll/"}} {
		h.refused(h.call(c[0], "/api/personal_api_keys/"+c[1], ""), http.StatusForbidden, "authentication_error", "permission_denied", closed, "")
	}
}

// TestTestAccountsReachFunctions changes the project's test-account filters:
// functions that use them are compiled anew, without a new version.
func TestTestAccountsReachFunctions(t *testing.T) {
	t.Parallel()
	h := setup(t)
	with := h.object(http.StatusCreated, "POST", "hog_functions/", `{"type":"destination","name":"with","hog":"return 1","enabled":true,"filters":{"filter_test_accounts":true}}`)
	without := h.object(http.StatusCreated, "POST", "hog_functions/", `{"type":"destination","name":"without","hog":"return 1","filters":{}}`)
	h.object(http.StatusOK, "PATCH", "", `{"test_account_filters":[{"key":"email","value":"@internal.example.com","operator":"not_icontains","type":"person"}]}`)
	for _, before := range []map[string]any{with, without} {
		now := h.object(http.StatusOK, "GET", "hog_functions/"+before["id"].(string)+"/", "")
		was, _ := json.Marshal(before["filters"].(map[string]any)["bytecode"])
		is, _ := json.Marshal(now["filters"].(map[string]any)["bytecode"])
		if changed := string(was) != string(is); changed != (before["name"] == "with") {
			t.Errorf("%s: bytecode changed is %v: %s", before["name"], changed, is)
		}
		if before["name"] == "with" && !strings.Contains(string(is), "@internal.example.com") {
			t.Errorf("the new filter is not in %s", is)
		}
		if now["updated_at"] != before["updated_at"] || now["version"] != before["version"] {
			t.Errorf("%s was saved: %v, before %v", before["name"], now["updated_at"], before["updated_at"])
		}
	}
}
