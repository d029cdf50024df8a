package admin

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

func TestInputsOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		schema cdp.InputSchema
		stored cdp.Inputs
		form   form
		want   string
		faults map[string]string
	}{
		{"text is kept as it was typed", cdp.InputSchema{Key: "url", Type: "string"}, nil,
			form{"input.url": {" https://example.com/<x> "}}, `{"url":{"value":" https://example.com/<x> "}}`, nil},
		{"templating is echoed", cdp.InputSchema{Key: "url", Type: "string"}, nil,
			form{"input.url": {"x"}, "input.url.templating": {"liquid"}}, `{"url":{"value":"x","templating":"liquid"}}`, nil},
		{"a checked box follows its hidden field", cdp.InputSchema{Key: "debug", Type: "boolean"}, nil,
			form{"input.debug": {"false", "true"}}, `{"debug":{"value":true}}`, nil},
		{"a number stays a number", cdp.InputSchema{Key: "n", Type: "number"}, nil,
			form{"input.n": {" 1.50 "}}, `{"n":{"value":1.50}}`, nil},
		{"what is no number is left for the rules to refuse", cdp.InputSchema{Key: "n", Type: "number"}, nil,
			form{"input.n": {"many"}}, `{"n":{"value":"many"}}`, nil},
		{"an empty number is no value", cdp.InputSchema{Key: "n", Type: "number"}, nil,
			form{"input.n": {""}}, `{}`, nil},
		{"dictionary rows keep their order", cdp.InputSchema{Key: "h", Type: "dictionary"}, nil,
			form{"input.h.present": {"1"}, "input.h.name": {"b", "a", ""}, "input.h.value": {"1", "={\"x\":2}", ""}},
			`{"h":{"value":{"b":"1","a":{"x":2}}}}`, nil},
		{"a dictionary without rows is empty", cdp.InputSchema{Key: "h", Type: "dictionary"}, nil,
			form{"input.h.present": {"1"}}, `{"h":{"value":{}}}`, nil},
		{"a key that stands twice is a fault", cdp.InputSchema{Key: "h", Type: "dictionary"}, nil,
			form{"input.h.present": {"1"}, "input.h.name": {"a", "a"}, "input.h.value": {"1", "2"}}, `{}`,
			map[string]string{"inputs__h": `The key "a" stands twice.`}},
		{"JSON is compacted", cdp.InputSchema{Key: "b", Type: "json"}, nil,
			form{"input.b": {"{\n \"a\": 1 }"}}, `{"b":{"value":{"a":1}}}`, nil},
		{"bad JSON tells its place", cdp.InputSchema{Key: "b", Type: "json"}, nil,
			form{"input.b": {"{\n \"a\": }"}}, `{}`,
			map[string]string{"inputs__b": "Not valid JSON at line 2, column 7: invalid character '}' looking for beginning of value."}},
		{"a secret is kept unless it is replaced", cdp.InputSchema{Key: "s", Type: "string", Secret: true}, nil,
			form{"input.s": {"typed"}, "input.s.mode": {"keep"}}, `{"s":{"secret":true}}`, nil},
		{"a secret is replaced", cdp.InputSchema{Key: "s", Type: "string", Secret: true}, nil,
			form{"input.s": {"new"}, "input.s.mode": {"replace"}}, `{"s":{"value":"new"}}`, nil},
		{"an input without a field keeps its value", cdp.InputSchema{Key: "x", Type: "string", Hidden: true},
			cdp.Inputs{{Key: "x", Value: json.RawMessage(`"old"`), Templating: "hog"}},
			form{}, `{"x":{"value":"old","templating":"hog"}}`, nil},
	} {
		have, faults := inputsOf([]cdp.InputSchema{tt.schema}, tt.stored, tt.form)
		if string(have) != tt.want {
			t.Errorf("%s: have %s, want %s", tt.name, have, tt.want)
		}
		if len(faults) == 0 {
			faults = nil
		}
		if diff := cmp.Diff(tt.faults, faults); diff != "" {
			t.Errorf("%s: faults (-want +have)\n%s", tt.name, diff)
		}
	}
}
