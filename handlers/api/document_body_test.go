package api_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// member is a documented member of a request's body.
type member struct {
	path   []string // names and indexes, from the body's top
	schema map[string]any
}

// membersIn are the members of a schema and of what lies within them; key
// names the members of an object that may have any.
func (c *contract) membersIn(schema map[string]any, path []string, key func(of string) string) []member {
	schema = c.resolved(schema)
	var out []member
	within := func(name string, s any) {
		inner := append(slices.Clone(path), name)
		out = append(out, member{inner, c.resolved(s.(map[string]any))})
		out = append(out, c.membersIn(s.(map[string]any), inner, key)...)
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		within(name, properties[name])
	}
	if items, ok := schema["items"].(map[string]any); ok && len(items) > 0 {
		within("0", items)
	}
	if values, ok := schema["additionalProperties"].(map[string]any); ok && len(values) > 0 {
		within(key(path[len(path)-1]), values)
	}
	return out
}

// resolved follows references, and takes what may be null as what it else is.
func (c *contract) resolved(schema map[string]any) map[string]any {
	if name, ok := schema["$ref"].(string); ok {
		return c.resolved(at(c.document, strings.TrimPrefix(name, "#/")).(map[string]any))
	}
	if shapes, ok := schema["anyOf"].([]any); ok {
		return c.resolved(shapes[0].(map[string]any))
	}
	return schema
}

// wrong is a value that a documented kind of value cannot be read from; nil
// when everything can.
func wrong(schema map[string]any) any {
	switch {
	case schema["enum"] != nil, schema["format"] != nil, schema["type"] == "integer", schema["type"] == "boolean":
		return "no such value"
	case schema["type"] == "string":
		return map[string]any{}
	case schema["type"] == "array", schema["type"] == "object":
		return 1.5
	}
	return nil
}

// put sets what lies at a path of a body, with lists and objects around it,
// and the members that those must have. Inputs are read only where a schema
// knows them.
func (c *contract) put(schema map[string]any, to any, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	schema = c.resolved(schema)
	if items, ok := schema["items"].(map[string]any); ok {
		return []any{c.put(items, nil, path[1:], v)}
	}
	o, _ := to.(map[string]any)
	if o == nil {
		o = map[string]any{}
	}
	inner, _ := at(schema, "properties/"+path[0]).(map[string]any)
	if inner == nil {
		inner, _ = schema["additionalProperties"].(map[string]any)
	}
	o[path[0]] = c.put(inner, o[path[0]], path[1:], v)
	if path[0] == "inputs" {
		o["inputs_schema"] = []any{map[string]any{"key": "k", "type": "string"}}
	}
	return c.filled(schema, o)
}

// filled adds the members that an object must have.
func (c *contract) filled(schema map[string]any, o map[string]any) map[string]any {
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := o[name.(string)]; !ok {
			o[name.(string)] = c.sample(at(schema, "properties/"+name.(string)).(map[string]any))
		}
	}
	return o
}

// sample is a value that a schema allows.
func (c *contract) sample(schema map[string]any) any {
	schema = c.resolved(schema)
	choices, _ := schema["enum"].([]any)
	switch {
	case len(choices) > 0:
		return choices[0]
	case schema["format"] == "date-time":
		return "2026-03-01T10:00:00Z"
	case schema["type"] == "integer":
		return cmp.Or(schema["minimum"], any(1))
	case schema["type"] == "array":
		return []any{}
	case schema["type"] == "object":
		return c.filled(schema, map[string]any{})
	}
	return "x"
}

// Every documented member of every body is read by the running server, and as
// what the document says: another kind of value is refused, and the refusal
// names the member.
func TestDocumentedBodiesAreRead(t *testing.T) {
	t.Parallel()
	h := inSession(t)
	first := h.create(`{"type":"transformation","hog":"return event"}`)
	urls := strings.NewReplacer(
		"/api/projects/{project_id}/", h.base, "hog_functions/{id}/", "hog_functions/"+h.create(`{"hog":"return 1","enabled":true}`)+"/",
		"actions/{id}/", "actions/"+h.action(`{"name":"A"}`)+"/", "cohorts/{id}/", "cohorts/"+h.cohort(`{"name":"C"}`)+"/", "{version}", "1",
		"keys/{id}/", "keys/"+h.object(201, "POST", "/api/personal_api_keys/", `{"label":"k","scopes":["*"]}`)["id"].(string)+"/")
	key := func(of string) string {
		if of == "orders" {
			return first
		}
		return "k"
	}
	read := 0
	for path, methods := range h.contract.document["paths"].(map[string]any) {
		if strings.HasPrefix(path, "/api/environments/{project_id}") {
			continue // the same routes again
		}
		for method, op := range methods.(map[string]any) {
			content, _ := at(op, "requestBody/content").(map[string]any)
			if content == nil {
				continue
			}
			schema := content["application/json"].(map[string]any)["schema"].(map[string]any)
			for _, m := range h.contract.membersIn(schema, nil, key) {
				bad := wrong(m.schema)
				if bad == nil || slices.ContainsFunc(m.path, func(name string) bool { return takesAll[name] }) {
					continue
				}
				read++
				body := map[string]any{}
				if path == "/api/projects/{project_id}/hog_functions/" {
					body["hog"] = "return 1"
				}
				b, err := json.Marshal(h.contract.put(schema, body, m.path, bad))
				h.must(err)
				r := h.call(strings.ToUpper(method), urls.Replace(path), string(b))
				if r.status != http.StatusBadRequest || !names(r.body, m.path) {
					t.Errorf("%s %s with %s is answered with %d %s", method, path, b, r.status, r.body)
				}
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d members", read)
	}
	t.Logf("%d members", read)
}

// takesAll are members that are read as whatever they are.
var takesAll = map[string]bool{"secret": true, "in_repl": true, "locals": true}

// inSession is a whole Hogpen that is asked with a browser's session, which
// opens every route.
func inSession(t *testing.T) *house {
	t.Helper()
	live := apptest.New(t)
	client := live.SignIn(t)
	client.Transport = &csrf{apptest.CSRF(t, client, live.URL+"/account/keys")}
	h := &house{TB: t, url: live.URL, client: client, base: "/api/projects/@current/"}
	h.contract = newContract(h)
	return h
}

// csrf adds the header that changes need.
type csrf struct{ token string }

func (c *csrf) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("X-CSRFToken", c.token)
	return http.DefaultTransport.RoundTrip(req)
}

// names tells whether a refusal is about the member at a path.
func names(body []byte, path []string) bool {
	var e map[string]any
	if json.Unmarshal(body, &e) != nil {
		return false
	}
	whole := strings.Join(path, "__")
	if attr, ok := e["attr"].(string); ok {
		return attr == whole || attr == whole+"__non_field_errors"
	}
	if text, ok := e["error"].(string); ok { // the form of hog
		return strings.HasSuffix(text, ": "+whole)
	}
	return at(e, strings.Join(path, "/")) != nil
}
