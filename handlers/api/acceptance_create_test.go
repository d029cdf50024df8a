package api_test

import (
	"strings"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

const webhook = `"template_id":"template-webhook","inputs":{"url":{"value":"https://example.com"}}`

// acceptCreate are rows 1 to 19: create and read.
func acceptCreate() map[int]criterion {
	return map[int]criterion{
		1: {test: func(h *house) {
			f := h.made(`{"template_id":"template-discord","inputs":{"webhookUrl":{"value":"https://discord.com/api/webhooks/1/x"},"content":{"value":"hi"}}}`)
			if f["hog"] != at(f, "template/code") || at(f, "created_by/id") != float64(h.owner.ID) {
				h.Errorf("made %v", f)
			}
			if at(f, "template/free") != true || len(f["inputs_schema"].([]any)) != len(at(f, "template/inputs_schema").([]any)) {
				h.Errorf("made %v", f)
			}
		}},
		2: {test: func(h *house) {
			f := h.made(`{` + webhook + `}`)
			h.has(f, "template/free", `false`)
			h.has(h.changed(f["id"], `{"inputs":{"url":{"value":"https://example.com/2"}}}`), "inputs/url/value", `"https://example.com/2"`)
		}},
		3: {test: func(h *house) {
			f := h.made(`{"type":"internal_destination",` + webhook + `}`)
			h.has(f, "type", `"internal_destination"`)
			h.has(h.changed(f["id"], `{"name":"Renamed"}`), "name", `"Renamed"`)
			h.changed(f["id"], `{"deleted":true}`)
			if names := h.names("type=internal_destination"); names != "" {
				h.Errorf("still listed: %s", names)
			}
		}},
		4: {test: func(h *house) {
			r := h.call("POST", "hog_functions/", `{"hog":"fetch('x')"}`)
			if d := cmp.Diff(detailKeys, h.keys(r.body)); d != "" {
				h.Error(d)
			}
			var f map[string]any
			h.read(r, 201, &f)
			for path, want := range map[string]string{"enabled": `false`, "template": `null`, "masking": `null`, "mappings": `null`, "icon_url": `null`, "execution_order": `null`,
				"inputs_schema": `[]`, "inputs": `{}`, "filters": `{"source":"events","bytecode":["_H",1,29]}`, "status": `{"state":0,"tokens":0}`} {
				h.has(f, path, want)
			}
		}},
		5: {test: func(h *house) {
			h.has(h.made(`{"hog":"return 1","inputs":{"url":{"value":"x"}}}`), "inputs", `{}`)
			h.has(h.made(`{"hog":"return 1","inputs_schema":[{"key":"a","type":"number"}],"inputs":{"a":{"value":1},"b":{"value":2}}}`), "inputs", `{"a":{"value":1,"order":0}}`)
		}},
		6: {test: func(h *house) {
			f := h.made(`{"hog":"return 7",` + webhook + `}`)
			h.has(f, "hog", `"return 7"`)
			template := f["template"].(map[string]any)
			if code := template["code"].(string); len(template) != 14 || code == "" || code != strings.TrimSpace(code) {
				h.Errorf("template %v", template)
			}
		}},
		7: {test: func(h *house) {
			h.refuses(`{"template_id":"template-webhook"}`, "invalid_input", "This field is required.", "inputs__url")
			f := h.made(`{` + webhook + `}`)
			for member, of := range map[string]string{"name": "name", "description": "description", "icon_url": "icon_url", "hog": "code"} {
				if f[member] == nil || f[member] != at(f, "template/"+of) {
					h.Errorf("%s is %v", member, f[member])
				}
			}
		}},
		8: {test: func(h *house) {
			h.refuses(`{"template_id":"template-none"}`, "invalid_input", "No template found for id 'template-none'", "template_id")
			h.has(h.object(200, "GET", "hog_functions/", ""), "count", `0`)
		}},
		9:  {not: "no template of the gallery is hidden; [CUR]"},
		10: {not: "no template of the gallery is hidden; [CUR]"},
		11: {test: func(h *house) {
			h.has(h.made(`{`+webhook+`}`), "template/id", `"template-webhook"`)
			h.has(h.made(`{"hog":"return 1"}`), "template", `null`)
		}},
		12: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","_create_in_folder":"Special/Hog Destinations"}`)
			stored, err := h.store.Function(h.Context(), h.project.ID, cdp.FunctionID(f["id"].(string)))
			h.must(err)
			if stored.Folder != "Special/Hog Destinations" {
				h.Errorf("in folder %q", stored.Folder)
			}
		}},
		13: {test: func(h *house) {
			h.refuses(`{"type":"foo","hog":"return 1"}`, "invalid_choice", `"foo" is not a valid choice.`, "type")
		}},
		14: {test: func(h *house) {
			for _, kind := range []string{"site_app", "site_destination"} {
				f := h.made(`{"type":"` + kind + `","hog":"export function onLoad() { console.log('hello from the site') }"}`)
				h.has(f, "bytecode", `null`)
				if text, _ := f["transpiled"].(string); !strings.Contains(text, `console.log("hello from the site")`) {
					h.Errorf("%s: transpiled is %v", kind, f["transpiled"])
				}
				// The script follows what it is made of, not the source alone.
				f = h.changed(f["id"], `{"inputs_schema":[{"key":"who","type":"string"}],"inputs":{"who":{"value":"you there"}}}`)
				if text, _ := f["transpiled"].(string); !strings.Contains(text, "you there") {
					h.Errorf("%s: transpiled is %v", kind, f["transpiled"])
				}
				h.has(h.changed(f["id"], `{"filters":{"events":[{"id":"seen","type":"events"}]}}`), "filters/transpiled/code", `"__equal(__getGlobal(\"event\"), \"seen\")"`)
			}
		}},
		15: {test: func(h *house) {
			h.refuses(`{"type":"site_app","hog":"export function onLoad( {"}`, "invalid_input", "Error in TypeScript code", "hog")
			f := h.made(`{"type":"site_app","hog":"export const a = 1"}`)
			h.invalid(h.call("PATCH", "hog_functions/"+f["id"].(string)+"/", `{"hog":"let let"}`), "invalid_input", "Error in TypeScript code", "hog")
		}},
		16: {test: func(h *house) {
			f := h.made(`{"hog":"return 1"}`)
			h.has(f, "bytecode", `["_H",1,33,1,38]`)
			h.has(f, "transpiled", `null`)
		}},
		17: {test: func(h *house) {
			id := h.create(`{"hog":"return 1"}`)
			h.invalid(h.call("PATCH", "hog_functions/"+id, `{"type":"source_webhook"}`), "invalid_input", "Cannot modify the type of an existing function", "type")
		}},
		18: {test: func(h *house) {
			const detail = "Cannot create or modify warehouse source webhook functions via this API."
			h.refuses(`{"type":"warehouse_source_webhook","hog":"return 1"}`, "invalid_input", detail, "type")
			id := h.create(`{"hog":"return 1"}`)
			h.invalid(h.call("PATCH", "hog_functions/"+id, `{"type":"warehouse_source_webhook"}`), "invalid_input", detail, "type")
		}},
		19: {not: "nothing can make such a row: the API refuses the type (18) and there is no importer"},
	}
}
