package api_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"hogpen/handlers/api"
	"hogpen/web"
)

// contract is the OpenAPI document that the server publishes; every answer to
// a test of this package is held against it.
type contract struct {
	mu       sync.Mutex
	document map[string]any
	paths    map[string]*regexp.Regexp // the documented paths
	compiler *jsonschema.Compiler
	known    map[string]*jsonschema.Schema
}

var parameter = regexp.MustCompile(`\\\{\w+\\\}`)

func newContract(h *house) *contract {
	h.Helper()
	res, err := h.client.Get(h.url + "/api/schema/")
	h.must(err)
	defer res.Body.Close()
	document, err := jsonschema.UnmarshalJSON(res.Body)
	h.must(err)
	c := &contract{document: document.(map[string]any), paths: map[string]*regexp.Regexp{}, compiler: jsonschema.NewCompiler(), known: map[string]*jsonschema.Schema{}}
	h.must(c.compiler.AddResource("http://hogpen.example/openapi.json", document))
	for path := range c.document["paths"].(map[string]any) {
		pattern := parameter.ReplaceAllString(regexp.QuoteMeta(strings.TrimSuffix(path, "/")), `[^/]+`)
		c.paths[path] = regexp.MustCompile("^" + pattern + "/?$")
	}
	return c
}

// path is the documented path of a request; literal ones win.
func (c *contract) path(of string) string {
	best := ""
	for path, pattern := range c.paths {
		if pattern.MatchString(of) && (best == "" || strings.Count(path, "{") < strings.Count(best, "{")) {
			best = path
		}
	}
	return best
}

// holds checks an answer: its status is documented, and its body has the
// shape of that status.
func (c *contract) holds(t testing.TB, req *http.Request, r reply) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	method := strings.ToLower(req.Method)
	if method == "head" || r.header.Get("Location") != "" {
		return
	}
	path := c.path(req.URL.Path)
	op, _ := at(c.document["paths"].(map[string]any)[path], method).(map[string]any)
	if op == nil {
		if r.status < 400 {
			t.Errorf("%s %s is answered with %d and not in the document", req.Method, req.URL.Path, r.status)
			return
		}
		c.valid(t, req, r, "/components/schemas/Refusal")
		return
	}
	responses := op["responses"].(map[string]any)
	status := strconv.Itoa(r.status)
	answer, ok := responses[status].(map[string]any)
	if !ok {
		status = strconv.Itoa(r.status/100) + "XX"
		answer, ok = responses[status].(map[string]any)
	}
	content, _ := answer["content"].(map[string]any)
	switch {
	case !ok:
		t.Errorf("%s %s is answered with %d, which is not in the document: %s", req.Method, req.URL.Path, r.status, r.body)
	case content == nil:
		// Another refusal may come before the empty one of a status.
		if len(r.body) != 0 && r.status < 400 {
			t.Errorf("%s %s: %d has a body: %s", req.Method, req.URL.Path, r.status, r.body)
		}
	case content["application/json"] != nil:
		c.valid(t, req, r, "/paths/"+pointer(path)+"/"+method+"/responses/"+status+"/content/application~1json/schema")
	}
}

// pointer escapes one part of a JSON pointer.
func pointer(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1")
}

func (c *contract) valid(t testing.TB, req *http.Request, r reply, at string) {
	t.Helper()
	schema := c.known[at]
	if schema == nil {
		var err error
		if schema, err = c.compiler.Compile("http://hogpen.example/openapi.json#" + (&url.URL{Path: at}).EscapedPath()); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		c.known[at] = schema
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.body))
	if err != nil {
		t.Errorf("%s %s: %d: %v: %s", req.Method, req.URL.Path, r.status, err, r.body)
		return
	}
	if err := schema.Validate(body); err != nil {
		t.Errorf("%s %s: %d: %v\n%.600s", req.Method, req.URL.Path, r.status, err, r.body)
	}
}

// Every route of the table is described, and nothing else.
func TestDocumentIsTheTable(t *testing.T) {
	t.Parallel()
	table := web.APIRoutes(new(api.Handler))
	docs := api.Docs()
	want := map[string]bool{}
	for prefix, routes := range map[string][]web.Route{"/api/projects/:project_id": table.Project, "/api/environments/:project_id": table.Project, "/api": append(table.User, table.Open...)} {
		for _, r := range routes {
			route := r.Method + " " + r.Path
			if _, ok := docs[route]; !ok {
				t.Errorf("%s is not described", route)
			}
			path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(strings.TrimSuffix(prefix+r.Path, "/"), "{$1}") + "/"
			want[strings.ToLower(r.Method)+" "+path] = true
		}
	}
	have := map[string]bool{}
	c := setup(t).contract
	for path, methods := range c.document["paths"].(map[string]any) {
		for method := range methods.(map[string]any) {
			have[method+" "+path] = true
		}
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
	for route := range docs {
		found := false
		for _, r := range slices.Concat(table.Project, table.User, table.Open) {
			found = found || r.Method+" "+r.Path == route
		}
		if !found {
			t.Errorf("%s is described and no route", route)
		}
	}
	if version := c.document["openapi"]; version != "3.1.0" {
		t.Errorf("version %v", version)
	}
	for name := range at(c.document, "components/schemas").(map[string]any) {
		if _, err := c.compiler.Compile("http://hogpen.example/openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// watched counts what a contract says.
type watched struct {
	testing.TB
	faults int
}

func (w *watched) Errorf(string, ...any) { w.faults++ }

// A contract that finds nothing wrong would prove nothing.
func TestContractFindsFaults(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.create(`{"hog":"return 1"}`)
	good := h.call("GET", "hog_functions/"+id, "")
	for name, bad := range map[string]reply{
		"another status":      {status: 202, body: good.body},
		"a member of a kind":  {status: 200, body: bytes.Replace(good.body, []byte(`"enabled":false`), []byte(`"enabled":"no"`), 1)},
		"one member too few":  {status: 200, body: bytes.Replace(good.body, []byte(`"enabled":false,`), nil, 1)},
		"one member too many": {status: 200, body: bytes.Replace(good.body, []byte(`{`), []byte(`{"deleted":false,`), 1)},
		"another error":       {status: 404, body: []byte(`{"detail":"Not found."}`)},
		"no JSON":             {status: 200, body: []byte(`<html>`)},
	} {
		req, err := http.NewRequest("GET", h.url+"/api/projects/@current/hog_functions/"+id+"/", nil)
		h.must(err)
		w := &watched{TB: t}
		h.contract.holds(w, req, bad)
		if w.faults == 0 {
			t.Errorf("%s is let through", name)
		}
	}
}
