package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// plan is a posthog_hog_function as a person wrote it: what is empty is null
// (REST API specification 13).
type plan struct {
	kind, name, description, hog, template               string
	enabled                                              bool
	schema, inputs, sensitive, filters, masking, mapping string // JSON
}

// terraform is the published provider: it sends its requests and compares
// answers by its rules.
type terraform struct {
	*house
	id    string
	state map[string]any // the last answer
}

// ask sends a request as 13.1 says; a JSON object has to come back.
func (tf *terraform) ask(method, path string, body any) (int, map[string]any) {
	tf.Helper()
	var r io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		tf.must(err)
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(tf.Context(), method, fmt.Sprintf("%s/api/environments/%d/hog_functions/%s", tf.url, tf.project.ID, path), r)
	tf.must(err)
	req.Header.Set("Authorization", "Bearer "+tf.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "posthog/terraform-provider; version: 1.0.0")
	answer := tf.do(req)
	var out map[string]any
	tf.must(exactly(answer.body, &out))
	return answer.status, out
}

// exactly reads JSON and keeps the spelling of numbers.
func exactly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}

func (tf *terraform) read(text string) any {
	tf.Helper()
	if text == "" {
		return nil
	}
	var v any
	tf.must(exactly([]byte(text), &v))
	return v
}

// apply creates or updates, compares the answer, and reads again: the plan has
// to be empty.
func (tf *terraform) apply(p plan) {
	tf.Helper()
	body := map[string]any{"enabled": p.enabled}
	for name, v := range map[string]string{"type": p.kind, "name": p.name, "hog": p.hog, "template_id": p.template} {
		if v != "" {
			body[name] = v
		}
	}
	for name, v := range map[string]string{"inputs_schema": p.schema, "filters": p.filters, "masking": p.masking, "mappings": p.mapping} {
		if v != "" {
			body[name] = tf.read(v)
		}
	}
	inputs := map[string]any{}
	for _, text := range []string{p.inputs, p.sensitive} { // the sensitive one wins
		if v, ok := tf.read(text).(map[string]any); ok {
			maps.Copy(inputs, v)
		}
	}
	if p.inputs != "" || p.sensitive != "" {
		body["inputs"] = inputs
	}
	if p.description != "" || tf.id != "" {
		body["description"] = p.description
	}
	method, want, path := "POST", http.StatusCreated, ""
	if tf.id != "" {
		method, want, path = "PATCH", http.StatusOK, tf.id+"/"
		for _, computed := range []string{"hog", "icon_url", "execution_order", "type"} {
			if _, given := body[computed]; !given && tf.state[computed] != nil {
				body[computed] = tf.state[computed]
			}
		}
	}
	status, answer := tf.ask(method, path, body)
	if status != want {
		tf.Fatalf("%s is answered with %d %v", method, status, answer)
	}
	tf.id = answer["id"].(string)
	tf.compare("after apply", p, answer)
	tf.refresh(p)
}

func (tf *terraform) refresh(p plan) {
	tf.Helper()
	status, answer := tf.ask("GET", tf.id+"/", nil)
	if status != http.StatusOK {
		tf.Fatalf("reading is answered with %d %v", status, answer)
	}
	tf.state = answer
	tf.compare("after refresh", p, answer)
}

// compare holds an answer against what was written, by 13.3.
func (tf *terraform) compare(when string, p plan, answer map[string]any) {
	tf.Helper()
	for name, v := range map[string]string{"type": p.kind, "name": p.name, "description": p.description} {
		if have, _ := answer[name].(string); v != "" && have != v || v == "" && name == "description" && strings.TrimSpace(have) != "" {
			tf.Errorf("%s: %s is %q, want %q", when, name, have, v)
		}
	}
	if have, _ := answer["hog"].(string); p.hog != "" && strings.TrimRight(have, " \t\r\n") != strings.TrimRight(p.hog, " \t\r\n") {
		tf.Errorf("%s: hog is %q", when, have)
	}
	if answer["enabled"] != p.enabled {
		tf.Errorf("%s: enabled is %v", when, answer["enabled"])
	}
	if p.template != "" && at(answer, "template/id") != p.template {
		tf.Errorf("%s: template %v", when, at(answer, "template/id"))
	}
	for _, member := range []string{"state", "tokens"} {
		if n, ok := at(answer, "status/"+member).(json.Number); !ok || strings.ContainsAny(n.String(), ".eE") {
			tf.Errorf("%s: status.%s is no integer", when, member)
		}
	}
	tf.same(when, "inputs", p.inputs, answer["inputs"])
	tf.same(when, "filters", p.filters, answer["filters"])
	tf.same(when, "masking", p.masking, answer["masking"])
	tf.same(when, "mappings", p.mapping, answer["mappings"])
	if p.inputs == "" && p.sensitive == "" {
		for key, v := range answer["inputs"].(map[string]any) {
			tf.Errorf("%s: input %s is %v, and none was written", when, key, v)
		}
	}
	for _, null := range []string{"masking", "mappings"} {
		if p.masking == "" && p.mapping == "" && answer[null] != nil {
			tf.Errorf("%s: %s is %v", when, null, answer[null])
		}
	}
	if p.schema != "" {
		tf.sameSchema(when, p, answer["inputs_schema"].([]any))
	}
}

// sameSchema matches items by their key, in the order of the person's.
func (tf *terraform) sameSchema(when string, p plan, answer []any) {
	tf.Helper()
	var sorted []any
	for _, item := range tf.read(p.schema).([]any) {
		i := slices.IndexFunc(answer, func(a any) bool { return at(a, "key") == at(item, "key") })
		if i >= 0 {
			sorted = append(sorted, answer[i])
		}
	}
	tf.same(when, "inputs_schema", p.schema, sorted)
}

// same reduces an answer to what the person wrote and compares canonical JSON.
func (tf *terraform) same(when, name, text string, answer any) {
	tf.Helper()
	if text == "" {
		return
	}
	written := tf.read(text)
	want, err := json.Marshal(written)
	tf.must(err)
	have, err := json.Marshal(reduced(written, bare(answer)))
	tf.must(err)
	if string(have) != string(want) {
		tf.Errorf("%s: %s is inconsistent\nhave %s\nwant %s", when, name, have, want)
	}
}

// bare drops bytecode and order at any depth.
func bare(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range x {
			if k != "bytecode" && k != "order" {
				out[k] = bare(v)
			}
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = bare(x[i])
		}
		return out
	}
	return v
}

// reduced keeps the members that were written; arrays go by index, and what
// is over stays.
func reduced(written, answer any) any {
	switch w := written.(type) {
	case map[string]any:
		a, ok := answer.(map[string]any)
		if !ok {
			return answer
		}
		out := map[string]any{}
		for k, v := range w {
			if have, ok := a[k]; ok {
				out[k] = reduced(v, have)
			}
		}
		return out
	case []any:
		a, ok := answer.([]any)
		if !ok {
			return answer
		}
		out := slices.Clone(a)
		for i := range min(len(w), len(a)) {
			out[i] = reduced(w[i], a[i])
		}
		return out
	}
	return answer
}

// destroy deletes, and what is gone must be gone.
func (tf *terraform) destroy() {
	tf.Helper()
	if status, answer := tf.ask("PATCH", tf.id+"/", map[string]any{"deleted": true}); status != http.StatusOK || answer["id"] != tf.id {
		tf.Errorf("destroying is answered with %d %v", status, answer)
	}
	if status, _ := tf.ask("GET", tf.id+"/", nil); status != http.StatusNotFound {
		tf.Errorf("what was destroyed is answered with %d", status)
	}
}

const (
	tfFilters = `{"source":"events","events":[{"id":"$pageview","name":"$pageview","type":"events"}],"filter_test_accounts":false}`
	tfInputs  = `{"url":{"value":"https://example.com/hook","templating":"hog"},"method":{"value":"POST","templating":"hog"},
		"body":{"value":{"event":"{event}","n":1,"f":1.50},"templating":"hog"},"headers":{"value":{"Content-Type":"application/json"},"templating":"hog"}}`
	tfSchema = `[{"key":"url","type":"string","label":"URL","required":true},{"key":"method","type":"string","label":"Method"},{"key":"region","type":"string","default":"eu"}]`
)

func hook() plan {
	return plan{kind: "destination", name: "Hook", description: "d", template: "template-webhook", enabled: true, filters: tfFilters, inputs: tfInputs}
}

// What the provider's acceptance tests do (13.4), by number.
func TestTerraform(t *testing.T) {
	t.Parallel()
	first := setup(t)
	steps := map[int]func(tf *terraform){
		1: func(tf *terraform) { tf.apply(hook()) },
		2: func(tf *terraform) {
			p := hook()
			p.filters = `{"source":"events","events":[{"id":"a","name":"a","type":"events"},{"id":"b","name":"b","type":"events"}],"filter_test_accounts":false}`
			tf.apply(p)
		},
		3: func(tf *terraform) {
			p := hook()
			tf.apply(p)
			p.name = "Renamed"
			tf.apply(p)
			p.enabled, p.description = false, ""
			p.inputs = `{"url":{"value":"https://example.com/hook","templating":"hog"},"method":{"value":"POST","templating":"hog"}}`
			tf.apply(p)
		},
		4: func(tf *terraform) {
			p := hook()
			for _, p.enabled = range []bool{true, false, true} {
				tf.apply(p)
			}
		},
		5: func(tf *terraform) {
			tf.apply(hook())
			imported := terraform{house: tf.house, id: tf.id}
			p := hook()
			p.inputs, p.sensitive = "", `{}` // not verified on import
			imported.refresh(p)
		},
		6: func(tf *terraform) {
			p := hook()
			p.hog = "let payload := {\n    'event': event.event\n}\n\nfetch(inputs.url, {'method': 'POST', 'body': payload})"
			tf.apply(p)
			if tf.state["hog"] != p.hog {
				tf.Errorf("hog is %q", tf.state["hog"])
			}
		},
		7: func(tf *terraform) {
			p := hook()
			p.inputs = `{"url":{"value":"https://example.com/1"}}`
			p.sensitive = `{"headers":{"value":{"Authorization":"Bearer 1"}}}`
			tf.apply(p)
			p.sensitive = `{"headers":{"value":{"Authorization":"Bearer 2"}}}`
			tf.apply(p)
			p.inputs = `{"url":{"value":"https://example.com/2"}}`
			tf.apply(p)
		},
		8: func(tf *terraform) {
			p := hook()
			p.inputs, p.sensitive = "", `{"url":{"value":"https://example.com/secret"}}`
			tf.apply(p)
		},
		9: func(tf *terraform) {
			p := hook()
			p.inputs, p.sensitive = `{"url":{"value":"https://example.com/1"}}`, `{"headers":{"value":{"Authorization":"Bearer 1"}}}`
			tf.apply(p)
			imported := terraform{house: tf.house, id: tf.id}
			imported.refresh(p)
		},
		10: func(tf *terraform) {
			p := hook()
			p.schema = tfSchema
			p.inputs = `{"url":{"value":"https://example.com","templating":"hog"},"method":{"value":"PUT"},"region":{"value":"eu"}}`
			tf.apply(p)
			p.inputs = strings.Replace(p.inputs, `"eu"`, `"us"`, 1)
			tf.apply(p)
		},
		11: func(tf *terraform) {
			p := hook()
			p.schema = `[{"key":"url","type":"string","required":true},{"key":"apiKey","type":"string","secret":true,"required":true}]`
			p.inputs, p.sensitive = `{"url":{"value":"https://example.com"}}`, `{"apiKey":{"value":"s3cret-1"}}`
			tf.apply(p)
			p.sensitive = `{"apiKey":{"value":"s3cret-2"}}`
			tf.apply(p)
			tf.has(tf.state, "inputs/apiKey", `{"secret":true}`)
		},
		12: func(tf *terraform) { // without the insights and alerts, which are out of scope
			p := hook()
			p.kind = "internal_destination"
			p.inputs = `{"url":{"value":"https://example.com"},"debug":{"value":false,"templating":"hog"}}`
			p.filters = `{"events":[{"id":"$insight_alert_firing","type":"events","properties":[{"key":"alert_id","value":"a1","operator":"exact","type":"event"}]}]}`
			tf.apply(p)
		},
		13: func(tf *terraform) {
			p := hook()
			p.hog = "print('one')\n\nprint('two')\n"
			p.inputs = `{"url":{"value":"https://example.com"}}`
			tf.apply(p)
			tf.apply(p)
		},
	}
	for n := 1; n <= 13; n++ {
		t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
			tf := &terraform{house: first.fork(t)}
			steps[n](tf)
			tf.destroy()
		})
	}
}

// A client that finds no drift would prove nothing.
func TestTerraformFindsDrift(t *testing.T) {
	t.Parallel()
	own := *setup(t)
	w := &watched{TB: t}
	own.TB = w
	p := hook()
	p.filters = `{"source":"events","unknown":1}` // which the server drops
	(&terraform{house: &own}).apply(p)
	if w.faults == 0 {
		t.Error("a member that the server dropped was not missed")
	}
}
