package api_test

import (
	"fmt"
	"strings"

	"hogpen/cdp"
)

// withInput is a function of one input.
func withInput(kind, value string) string {
	return `{"hog":"return 1","inputs_schema":[{"key":"a","type":"` + kind + `"}],"inputs":{"a":{"value":` + value + `}}}`
}

// withOrder is a function of string inputs, each "key=template".
func withOrder(inputs ...string) string {
	var schema, values []string
	for _, in := range inputs {
		key, value, _ := strings.Cut(in, "=")
		schema = append(schema, fmt.Sprintf(`{"key":%q,"type":"string"}`, key))
		values = append(values, fmt.Sprintf(`%q:{"value":%q}`, key, value))
	}
	return `{"hog":"return 1","inputs_schema":[` + strings.Join(schema, ",") + `],"inputs":{` + strings.Join(values, ",") + `}}`
}

const secretive = `{"hog":"return 1","inputs_schema":[{"key":"a","type":"string","secret":true},{"key":"b","type":"string","secret":true}],"inputs":{"a":{"value":"s3cret-a"}}}`

// acceptInputs are rows 20 to 36.
func acceptInputs() map[int]criterion {
	return map[int]criterion{
		20: {test: func(h *house) {
			h.refuses(`{"hog":"return 1","inputs_schema":[{"key":"url","type":"string","required":true}],"inputs":{}}`, "invalid_input", "This field is required.", "inputs__url")
		}},
		21: {test: func(h *house) {
			h.refuses(withInput("string", `1`), "invalid_input", "Value must be a string.", "inputs__a")
			h.refuses(withInput("dictionary", `"x"`), "invalid_input", "Value must be a dictionary.", "inputs__a")
			h.refuses(withInput("boolean", `1`), "invalid_input", "Value must be a boolean or a template string.", "inputs__a")
			h.refuses(withInput("number", `"x"`), "invalid_input", "Value must be a number.", "inputs__a")
		}},
		22: {test: func(h *house) {
			h.refuses(`{"hog":"return 1","inputs_schema":[{"key":"a","type":"nope"}]}`, "invalid_choice", `"nope" is not a valid choice.`, "inputs_schema__0__type")
		}},
		23: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","inputs_schema":[{"key":"a","type":"choice","label":"A","choices":[{"label":"x","value":"x"}],"description":"d","default":"x"}]}`)
			h.has(f, "inputs_schema", `[{"type":"choice","key":"a","label":"A","choices":[{"label":"x","value":"x"}],"required":false,"default":"x","secret":false,"hidden":false,"description":"d"}]`)
		}},
		24: {test: func(h *house) {
			h.has(h.made(withInput("string", `"x"`)), "inputs/a", `{"value":"x","bytecode":["_H",1,32,"x"],"order":0}`)
			h.has(h.made(withInput("json", `{"k":["x",{"n":1}]}`)), "inputs/a/bytecode", `{"k":[["_H",1,32,"x"],{"n":1}]}`)
			h.has(h.made(withInput("dictionary", `{"k":"{event.event}"}`)), "inputs/a/bytecode", `{"k":["_H",1,32,"event",32,"event",1,2]}`)
			h.has(h.made(withInput("choice", `"x"`)), "inputs/a", `{"value":"x","order":0}`)
			h.has(h.made(withInput("number", `1.5`)), "inputs/a", `{"value":1.5,"order":0}`)
		}},
		25: {test: func(h *house) {
			h.has(h.made(withInput("string", `"v={event.properties.x}"`)), "inputs/a/bytecode", `["_H",1,32,"v=",32,"x",32,"properties",32,"event",1,3,2,"concat",2]`)
			h.has(h.made(withInput("string", `"\\{x}"`)), "inputs/a/bytecode", `["_H",1,32,"{x}"]`)
		}},
		26: {test: func(h *house) {
			f := h.made(withInput("string", `"{arrayMap(x -> x + 1, [1, 2])}"`))
			if code := fmt.Sprint(at(f, "inputs/a/bytecode")); !strings.Contains(code, "arrayMap") {
				h.Errorf("bytecode %s", code)
			}
		}},
		27: {test: func(h *house) {
			h.has(h.made(`{"hog":"return f'a{event.event}'"}`), "bytecode", `["_H",1,32,"a",32,"event",32,"event",1,2,2,"concat",2,38]`)
			h.has(h.made(`{"hog":"return {'a': 1}"}`), "bytecode", `["_H",1,32,"a",33,1,42,1,38]`)
			h.has(h.made(`{"hog":"while (true) {}"}`), "bytecode", `["_H",1,29,40,2,39,-5]`)
		}},
		28: {test: func(h *house) {
			order := func(f map[string]any, want string) {
				h.Helper()
				var have []string
				for _, key := range strings.Split("a b c d", " ") {
					if n := at(f, "inputs/"+key+"/order"); n != nil {
						have = append(have, fmt.Sprint(key, n))
					}
				}
				if s := strings.Join(have, " "); s != want {
					h.Errorf("order %s, want %s", s, want)
				}
			}
			order(h.made(withOrder("a={inputs.b}", "b={inputs.c}", "c=x")), "a2 b1 c0")
			order(h.made(withOrder("a={inputs.b}{inputs.c}", "b={inputs.d}", "c={inputs.d}", "d=x")), "a3 b1 c2 d0")
			order(h.made(withOrder("b=x", "a=y", "c={inputs.none}")), "a1 b0 c2")
			h.refuses(withOrder("a={inputs.b}", "b={inputs.a}"), "invalid_input", "Circular dependency detected in input_deps.", "inputs")
		}},
		29: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","inputs_schema":[{"key":"a","type":"string","templating":false}],"inputs":{"a":{"value":"{event.event} {"}}}`)
			h.has(f, "inputs/a", `{"value":"{event.event} {","order":0}`)
		}},
		30: {test: func(h *house) {
			f := h.made(secretive)
			h.has(f, "inputs", `{"a":{"secret":true}}`)
			h.has(h.object(200, "GET", "hog_functions/"+f["id"].(string), ""), "inputs", `{"a":{"secret":true}}`)
			stored, err := h.store.Function(h.Context(), h.project.ID, cdp.FunctionID(f["id"].(string)))
			h.must(err)
			if strings.Contains(fmt.Sprint(stored.Inputs), "s3cret") {
				h.Error("the secret stands among the open inputs")
			}
			if sealed := string(stored.Sealed["a"]); sealed == "" || strings.Contains(sealed, "s3cret") {
				h.Errorf("the secret is sealed as %q", sealed)
			}
		}},
		31: {test: func(h *house) {
			f := h.made(secretive)
			for _, kept := range []string{`{"secret":true}`, `{}`} {
				h.has(h.changed(f["id"], `{"inputs":{"a":`+kept+`,"b":{"value":"s3cret-b"}}}`), "inputs", `{"a":{"secret":true},"b":{"secret":true}}`)
			}
		}},
		32: {test: func(h *house) {
			f := h.made(secretive)
			h.has(h.changed(f["id"], `{"inputs":{"a":{"value":"s3cret-new"}}}`), "inputs/a", `{"secret":true}`)
			h.has(h.log(f["id"]), "0/detail/changes/0", `{"type":"HogFunction","action":"changed","field":"encrypted_inputs","before":"masked","after":"masked"}`)
		}},
		33: {test: func(h *house) {
			f := h.made(`{"type":"site_destination","hog":"export function onEvent() {}","inputs_schema":[{"key":"a","type":"string"},{"key":"n","type":"number"}],
				"inputs":{"a":{"value":"{upper(event.event)}!"},"n":{"value":5}}}`)
			h.has(f, "inputs/a/transpiled/lang", `"ts"`)
			h.has(f, "inputs/a/transpiled/stl", `["__getProperty","concat","upper"]`)
			h.has(f, "inputs/a/order", `0`)
			if code, _ := at(f, "inputs/a/transpiled/code").(string); !strings.Contains(code, "upper(") {
				h.Errorf("inputs.a is %v", at(f, "inputs/a"))
			}
			if in := at(f, "inputs/a").(map[string]any); in["bytecode"] != nil {
				h.Errorf("inputs.a has bytecode: %v", in)
			}
			h.has(f, "inputs/n", `{"value":5,"order":1}`)
		}},
		34: {test: func(h *house) {
			h.refuses(`{"hog":"return 1","mappings":[{"inputs_schema":[{"key":"required_field","type":"string","required":true}],"inputs":{}}]}`,
				"invalid_input", "This field is required.", "mappings__0__inputs__required_field")
		}},
		35: {test: func(h *house) {
			f := h.made(`{"hog":"return 1","mappings":[{"name":"M","inputs_schema":[{"key":"a","type":"string"}],"inputs":{"a":{"value":"x"}},
				"filters":{"events":[{"id":"e","type":"events"}],"filter_test_accounts":true}}]}`)
			h.has(f, "mappings/0/inputs_schema", `[{"type":"string","key":"a","required":false,"secret":false,"hidden":false}]`)
			h.has(f, "mappings/0/inputs/a", `{"value":"x","bytecode":["_H",1,32,"x"],"order":0}`)
			h.has(f, "mappings/0/filters/bytecode", `["_H",1,32,"%@posthog.com%",32,"email",32,"properties",32,"person",1,3,2,"toString",1,20,32,"e",32,"event",1,1,11,3,2]`)
		}},
		36: {test: func(h *house) {
			h.refuses(`{"type":"transformation","hog":"return event","inputs_schema":[{"key":"a","type":"string"}],"inputs":{"a":{"value":"{person.properties.email}"}}}`, "invalid_input",
				"Invalid template: Variable not available in transformations: person. Transformations only have access to project, event, and inputs.", "inputs__a")
		}},
	}
}
