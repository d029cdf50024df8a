package api_test

import (
	"fmt"
	"net/http"
	"strings"

	"hogpen/app/apptest"
)

// acceptLifecycle are rows 55 to 65.
func acceptLifecycle() map[int]criterion {
	const transformation = `{"type":"transformation","hog":"return event","name":%q,"enabled":%t}`
	return map[int]criterion{
		55: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","name":"A"}`)
			h.changed(f["id"], `{"deleted":true}`)
			h.has(h.object(200, "GET", "hog_functions/", ""), "count", `0`)
			log := h.log(f["id"])
			h.has(log, "0/detail/changes", `[{"type":"HogFunction","action":"changed","field":"deleted","before":false,"after":true}]`)
			h.has(log, "0/activity", `"updated"`)
			h.has(log, "1/activity", `"created"`)
		}},
		56: {test: func(h *house) {
			f := h.made(`{"hog":"return 1"}`)
			h.changed(f["id"], `{"deleted":true}`)
			path := "hog_functions/" + f["id"].(string)
			h.refused(h.call("GET", path, ""), http.StatusNotFound, "invalid_request", "not_found", "Not found.", "")
			h.changed(f["id"], `{"deleted":false}`)
			h.object(200, "GET", path, "")
		}},
		57: {test: func(h *house) {
			h.has(h.made(`{"hog":"return 1","enabled":true}`), "status", `{"state":1,"tokens":10000}`)
		}},
		58: {covered: "TestStatusSourceDown"},
		59: {test: func(h *house) {
			live := apptest.New(h) // with an engine, which watches
			id := live.CreateFunction(h, map[string]any{"hog": "return 1", "enabled": true})
			path := live.Project("hog_functions/%s/", id)
			patch := func(path, body, field, want string) {
				h.Helper()
				var out map[string]any
				live.MustAPI(h, http.StatusOK, "PATCH", path, []byte(body), &out)
				h.has(out, field, want)
			}
			patch(path+"status/", `{"state":3}`, "state", `3`)
			patch(path, `{"enabled":false}`, "enabled", `false`)
			patch(path, `{"enabled":true}`, "status/state", `2`)
			var log map[string]any
			live.MustAPI(h, http.StatusOK, "GET", live.Project("activity_log/?scope=HogFunction&page=1&item_id=%s", id), nil, &log)
			h.has(log, "results/0/detail/changes", `[{"type":"HogFunction","action":"changed","field":"enabled","before":false,"after":true}]`)
			h.has(log, "results/1/detail/changes", `[{"type":"HogFunction","action":"changed","field":"enabled","before":true,"after":false}]`)
		}},
		60: {test: func(h *house) {
			for i := 1; i <= 2; i++ {
				h.has(h.made(fmt.Sprintf(transformation, "t", true)), "execution_order", fmt.Sprint(i))
			}
			h.has(h.made(`{"hog":"return 1","enabled":true}`), "execution_order", `null`)
		}},
		61: {test: func(h *house) {
			a, b := h.made(fmt.Sprintf(transformation, "A", true)), h.made(fmt.Sprintf(transformation, "B", true))
			h.has(h.made(fmt.Sprintf(transformation, "C", true)), "execution_order", `3`)
			h.changed(b["id"], `{"deleted":true}`)
			h.has(h.changed(b["id"], `{"deleted":false}`), "execution_order", `4`)
			h.changed(a["id"], `{"enabled":false}`)
			h.has(h.changed(a["id"], `{"enabled":true}`), "execution_order", `5`)
		}},
		62: {test: func(h *house) {
			a, b := h.made(fmt.Sprintf(transformation, "A", true)), h.made(fmt.Sprintf(transformation, "B", true))
			h.has(h.changed(b["id"], `{"execution_order":1}`), "execution_order", `1`)
			h.has(h.object(200, "GET", "hog_functions/"+a["id"].(string), ""), "execution_order", `1`)
			if have := h.names("type=transformation"); have != "B,A" {
				h.Errorf("order %s", have)
			}
		}},
		63: {test: func(h *house) {
			first := ""
			for range 20 {
				first = h.create(fmt.Sprintf(transformation, "t", true))
			}
			const detail = "Maximum of 20 enabled transformation functions allowed per team. Please contact support if you need this limit increased, or disable some existing transformations."
			h.refuses(fmt.Sprintf(transformation, "late", true), "invalid_input", detail, "type")
			spare := h.create(fmt.Sprintf(transformation, "spare", false))
			h.invalid(h.call("PATCH", "hog_functions/"+spare, `{"enabled":true}`), "invalid_input", detail, "type")
			h.changed(first, `{"deleted":true}`)
			h.changed(spare, `{"enabled":true}`)
		}},
		64: {test: func(h *house) {
			const detail = "HOG code exceeds maximum size of 100KB. Please simplify your code or contact support if you need this limit increased."
			large := `{"hog":"let x := '` + strings.Repeat("x", 102400) + `"}` // does not even parse
			h.refuses(large, "invalid_input", detail, "hog")
			id := h.create(`{"hog":"return 1"}`)
			h.invalid(h.call("PATCH", "hog_functions/"+id, large), "invalid_input", detail, "hog")
		}},
		65: {test: func(h *house) {
			log := h.log(h.made(`{"hog":"return 1","name":"A"}`)["id"])
			h.has(log, "0/detail", `{"name":"A","short_id":null,"trigger":null,"type":"destination","changes":null}`)
			h.has(log, "0/scope", `"HogFunction"`)
		}},
	}
}

// acceptActions are rows 66 to 80: actions on functions, and templates.
func acceptActions() map[int]criterion {
	return map[int]criterion{
		66: {test: func(h *house) {
			r := h.tested(`{"hog":"print(inputs.a)","inputs_schema":[{"key":"a","type":"string"}],"inputs":{"a":{"value":"x{event.event}"}}}`, ``)
			h.has(r, "status", `"success"`)
			h.has(r, "logs/0/message", `"xe"`)
		}},
		67: {not: "backfills are not offered (REST API specification 2.4: 404 unless implemented); [CUR]"},
		68: {not: "log transformations are not offered; rearranging transformations is in TestRearrange; [CUR]"},
		69: {not: "log transformations are not offered"},
		70: {test: func(h *house) {
			list := h.object(200, "GET", "/api/projects/@current/hog_function_templates/", "")["results"].([]any)
			if len(list) <= 5 {
				h.Errorf("%d templates, want more than five", len(list))
			}
			if first := list[0].(map[string]any); len(first) != 14 {
				h.Errorf("a template has %d members, want 14: %v", len(first), first)
			}
		}},
		71: {not: "no template of the gallery is deprecated"},
		72: {covered: "TestTemplates"},
		73: {covered: "TestTemplates"},
		74: {test: func(h *house) {
			for _, id := range []string{"template-webhook", "template-drop-events"} {
				h.has(h.object(200, "GET", "hog_function_templates/"+id, ""), "id", `"`+id+`"`)
			}
		}},
		75: {covered: "TestTemplates"},
		76: {covered: "TestTemplates"},
		77: {not: "templates are part of the program"},
		78: {covered: "TestTemplates"},
		79: {test: func(h *house) {
			for _, method := range []string{"PUT", "PATCH", "POST", "DELETE"} {
				for _, path := range []string{"hog_function_templates", "hog_function_templates/template-webhook"} {
					if r := h.callWith("", method, path, `{"name":"x"}`); r.status != 401 {
						h.Errorf("%s %s: %d", method, path, r.status)
					}
					if r := h.callWith("", method, "/api/public_"+path, `{"name":"x"}`); r.status != 405 {
						h.Errorf("public %s %s: %d", method, path, r.status)
					}
				}
			}
		}},
		80: {covered: "TestScopes, and web's TestAPIAccess for another project's key"},
	}
}
