package cdp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

// withInputs is a destination with the given schema and inputs.
func withInputs(schema, inputs string) cdp.FunctionChange {
	return cdp.FunctionChange{Hog: cdp.Some("return 1"), InputsSchema: raw(schema), Inputs: raw(inputs)}
}

func TestInputsCompile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ name, schema, inputs, want string }{
		{"a text", `[{"type":"string","key":"a"}]`, `{"a":{"value":"v={event.properties.x}"}}`,
			`{"a":{"value":"v={event.properties.x}","bytecode":["_H",1,32,"v=",32,"x",32,"properties",32,"event",1,3,2,"concat",2],"order":0}}`},
		{"a text without braces", `[{"type":"string","key":"a"}]`, `{"a":{"value":"plain"}}`,
			`{"a":{"value":"plain","bytecode":["_H",1,32,"plain"],"order":0}}`},
		{"an escaped brace", `[{"type":"string","key":"a"}]`, `{"a":{"value":"a\\{b"}}`,
			`{"a":{"value":"a\\{b","bytecode":["_H",1,32,"a{b"],"order":0}}`},
		{"nested JSON keeps its shape and numbers", `[{"type":"json","key":"a"}]`, `{"a":{"value":{"n":1.0,"l":["{event.uuid}",true,null]}}}`,
			`{"a":{"value":{"n":1.0,"l":["{event.uuid}",true,null]},"bytecode":{"n":1.0,"l":[["_H",1,32,"uuid",32,"event",1,2],true,null]},"order":0}}`},
		{"markup stays as written", `[{"type":"string","key":"a","templating":false}]`, `{"a":{"value":"<b>&é"}}`, `{"a":{"value":"<b>&é","order":0}}`},
		{"a dictionary", `[{"type":"dictionary","key":"a"}]`, `{"a":{"value":{"k":"v"}}}`, `{"a":{"value":{"k":"v"},"bytecode":{"k":["_H",1,32,"v"]},"order":0}}`},
		{"a true boolean", `[{"type":"boolean","key":"a"}]`, `{"a":{"value":true}}`, `{"a":{"value":true,"bytecode":true,"order":0}}`},
		{"choice and number have no bytecode", `[{"type":"choice","key":"a"},{"type":"number","key":"b"}]`, `{"a":{"value":"x"},"b":{"value":4}}`,
			`{"a":{"value":"x","order":0},"b":{"value":4,"order":1}}`},
		{"falsy values are not checked", `[{"type":"string","key":"a"},{"type":"dictionary","key":"b","required":true}]`, `{"a":{"value":0},"b":{"value":[]}}`,
			`{"a":{"value":0,"order":0},"b":{"value":[],"order":1}}`},
		{"an e-mail's design is not compiled", `[{"type":"email","key":"a"}]`, `{"a":{"value":{"from":"a","to":"b","subject":"c","text":"d","design":{"x":"{"}}}}`,
			`{"a":{"value":{"from":"a","to":"b","subject":"c","text":"d","design":{"x":"{"}},"bytecode":{"from":["_H",1,32,"a"],"to":["_H",1,32,"b"],"subject":["_H",1,32,"c"],"text":["_H",1,32,"d"]},"order":0}}`},
		{"Liquid is kept as it is", `[{"type":"string","key":"a"}]`, `{"a":{"value":"{{ x }}","templating":"liquid"}}`, `{"a":{"value":"{{ x }}","templating":"liquid","order":0}}`},
		{"the schema chooses the templating", `[{"type":"string","key":"a","templating":true}]`, `{"a":{"value":"x","templating":"liquid"}}`,
			`{"a":{"value":"x","templating":"hog","bytecode":["_H",1,32,"x"],"order":0}}`},
		{"templating off", `[{"type":"string","key":"a","templating":false}]`, `{"a":{"value":"{"}}`, `{"a":{"value":"{","order":0}}`},
		{"keys outside the schema are dropped", `[{"type":"string","key":"a"}]`, `{"b":"not even an object"}`, `{"a":null}`},
		{"no value is null", `[{"type":"string","key":"a"},{"type":"string","key":"b"}]`, `{"a":{},"b":{"value":null}}`, `{"a":null,"b":null}`},
		{"a required default", `[{"type":"string","key":"a","required":true,"default":"d"},{"type":"string","key":"b","default":"e"}]`, `{}`,
			`{"a":{"value":"d","bytecode":["_H",1,32,"d"],"order":0},"b":null}`},
		{"lambdas", `[{"type":"json","key":"a"}]`, `{"a":{"value":"{arrayMap(a -> a, event.properties.list)}"}}`,
			`{"a":{"value":"{arrayMap(a -> a, event.properties.list)}","bytecode":["_H",1,52,"lambda",1,0,3,36,0,38,53,0,32,"list",32,"properties",32,"event",1,3,2,"arrayMap",2],"order":0}}`},
		{"a repeated key: the later item counts", `[{"type":"number","key":"a"},{"type":"string","key":"a"}]`, `{"a":{"value":"x"}}`,
			`{"a":{"value":"x","bytecode":["_H",1,32,"x"],"order":0}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bb := *b
			bb.T = t
			f := bb.create(withInputs(tt.schema, tt.inputs))
			stored, err := b.store.Function(b.ctx, b.project, f.ID)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, string(stored.MaskedInputs())); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestInputFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := func(item string) string { return `[{"key":"a",` + item + `}]` }
	value := func(v string) string { return `{"a":{"value":` + v + `}}` }
	for _, tt := range []struct{ name, schema, inputs, field, code, message string }{
		{"required", one(`"type":"string","required":true`), `{}`, "inputs__a", "invalid_input", "This field is required."},
		{"required and empty", one(`"type":"string","required":true`), value(`""`), "inputs__a", "invalid_input", "This field is required."},
		{"string", one(`"type":"string"`), value(`1`), "inputs__a", "invalid_input", "Value must be a string."},
		{"number", one(`"type":"number"`), value(`true`), "inputs__a", "invalid_input", "Value must be a number."},
		{"boolean", one(`"type":"boolean"`), value(`1`), "inputs__a", "invalid_input", "Value must be a boolean or a template string."},
		{"boolean without templating", one(`"type":"boolean","templating":false`), value(`"x"`), "inputs__a", "invalid_input", "Value must be a boolean."},
		{"boolean in Liquid", one(`"type":"boolean"`), `{"a":{"value":"x","templating":"liquid"}}`, "inputs__a", "invalid_input",
			"Liquid templating is not supported for boolean fields. Use Hog templating instead."},
		{"dictionary", one(`"type":"dictionary"`), value(`"x"`), "inputs__a", "invalid_input", "Value must be a dictionary."},
		{"integration", one(`"type":"integration"`), value(`"x"`), "inputs__a", "invalid_input", "Value must be an Integration ID."},
		{"integrations", one(`"type":"integration_multi"`), value(`["x"]`), "inputs__a", "invalid_input", "Value must be a list of Integration IDs."},
		{"e-mail", one(`"type":"email"`), value(`"x"`), "inputs__a", "invalid_input", "Value must be an email object."},
		{"e-mail without a part", one(`"type":"email"`), value(`{"from":"a","subject":"s","text":"t"}`), "inputs__a", "invalid_input", "Missing value for 'to'."},
		{"e-mail without parts", one(`"type":"email"`), value(`{"subject":"s"}`), "inputs__a", "invalid_input", "Missing values for 'from', 'to', either 'text' or 'html'."},
		{"status codes", one(`"type":"non_failure_status_codes"`), value(`"404"`), "inputs__a", "invalid_input", "Value must be a list of status codes."},
		{"status code range", one(`"type":"non_failure_status_codes"`), value(`[399]`), "inputs__a", "invalid_input", "Status code numbers must be between 400 and 599."},
		{"status code pattern", one(`"type":"non_failure_status_codes"`), value(`["3xx"]`), "inputs__a", "invalid_input", "Wildcards must be '4xx' or '5xx'."},
		{"not an object", one(`"type":"string"`), `{"a":"https://example.com"}`, "inputs__a__non_field_errors", "invalid_input", "Invalid data. Expected a dictionary, but got str."},
		{"bad templating", one(`"type":"string"`), `{"a":{"value":"x","templating":"jinja"}}`, "inputs__a__templating", "invalid_choice", `"jinja" is not a valid choice.`},
		{"inputs are a list", one(`"type":"string"`), `[]`, "inputs", "not_a_dict", `Expected a dictionary of items but got type "list".`},
		{"cycle", `[{"key":"a","type":"string"},{"key":"b","type":"string"}]`, `{"a":{"value":"{inputs.b}"},"b":{"value":"{inputs.a}"}}`, "inputs", "invalid_input",
			"Circular dependency detected in input_deps."},
		{"hyphen", one(`"type":"string"`), value(`"{event.properties.my-prop}"`), "inputs__a", "invalid_input",
			"Invalid template: Hyphens are not supported in identifiers and are interpreted as subtraction. Use bracket notation: event.properties['my-prop']"},
		{"a secret that is not there", one(`"type":"string","secret":true`), `{"a":{"secret":true}}`, "inputs__a", "invalid_input",
			"No value is saved for this secret input. Enter the value again."},
		{"the mask as a secret", one(`"type":"string","secret":true`), value(`"********"`), "inputs__a", "invalid_input",
			"This secret input was not updated correctly. Enter the value again."},
		{"the first of the schema's order", `[{"key":"a","type":"string"},{"key":"b","type":"string","required":true}]`, `{"a":{"value":1}}`, "inputs__a", "invalid_input",
			"Value must be a string."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bb := *b
			bb.T = t
			bb.refuseCreate(withInputs(tt.schema, tt.inputs), tt.field, tt.code, tt.message)
		})
	}
}

func TestBrokenTemplates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.fns.Create(b.ctx, b.user, b.project, withInputs(`[{"key":"a","type":"string"}]`, `{"a":{"value":"Hi {{ person.name }}"}}`))
	if err == nil || !strings.HasPrefix(err.Error(), "inputs__a: Invalid template: this field uses single-curly templating like {person.properties.email}. "+
		"Liquid-style {{ ... }} syntax is not supported here. (") {
		t.Errorf("double braces are refused with %v", err)
	}
	_, err = b.fns.Create(b.ctx, b.user, b.project, withInputs(`[{"key":"a","type":"string"}]`, `{"a":{"value":"Hi {"}}`))
	if err == nil || !strings.HasPrefix(err.Error(), "inputs__a: Invalid template: ") {
		t.Errorf("an open brace is refused with %v", err)
	}
	c := withInputs(`[{"key":"a","type":"string"}]`, `{"a":{"value":"{person.name} {groups.x} {event.uuid} {concat('a', inputs.b)}"}}`)
	c.Type = ptr(cdp.Transformation)
	b.refuseCreate(c, "inputs__a", "invalid_input", "Invalid template: Variable not available in transformations: groups, person. "+
		"Transformations only have access to project, event, and inputs.")
}

func TestInputOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ name, keys, inputs, want string }{
		{"none depends", "a b c", "", "a b c"},
		{"a chain backwards", "a b c", "a:b b:c", "c b a"},
		{"a diamond", "a b c d", "a:b a:c b:d c:d", "d b c a"},
		{"independent ones first, then those set free", "a b c d", "a:d", "b c d a"},
		{"unknown references", "a b", "a:x", "a b"},
		{"set free in schema order", "a b c d", "a:c b:d", "c d a b"},
	} {
		needs := map[string]string{}
		for _, pair := range strings.Fields(tt.inputs) {
			key, on, _ := strings.Cut(pair, ":")
			needs[key] += "{inputs." + on + "}"
		}
		var schema, inputs []string
		for _, key := range strings.Fields(tt.keys) {
			schema = append(schema, `{"type":"string","key":"`+key+`"}`)
			inputs = append(inputs, `"`+key+`":{"value":"x`+needs[key]+`"}`)
		}
		f := b.create(withInputs("["+strings.Join(schema, ",")+"]", "{"+strings.Join(inputs, ",")+"}"))
		var have []string
		for i, in := range f.Inputs {
			have = append(have, in.Key)
			if in.Order != i {
				t.Errorf("%s: input %s has order %d at place %d", tt.name, in.Key, in.Order, i)
			}
		}
		if got := strings.Join(have, " "); got != tt.want {
			t.Errorf("%s: order %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const schema = `[{"type":"string","key":"token","secret":true,"required":true},{"type":"string","key":"extra","secret":true},{"type":"string","key":"open"}]`
	f := b.create(withInputs(schema, `{"token":{"value":"s3cret {event.uuid}"},"open":{"value":"{inputs.token}"}}`))
	const masked = `{"open":{"value":"{inputs.token}","bytecode":["_H",1,32,"token",32,"inputs",1,2],"order":1},"token":{"secret":true}}`
	if have := string(f.MaskedInputs()); have != masked {
		t.Errorf("shown as %s, want %s", have, masked)
	}
	if _, ok := f.Inputs.Get("token"); ok {
		t.Error("the secret stands among the open inputs")
	}
	for key, sealed := range f.Sealed {
		if strings.Contains(string(sealed), "s3cret") {
			t.Errorf("%s is not sealed", key)
		}
	}
	secret := func(f *cdp.Function, key string) string {
		t.Helper()
		if f.Sealed[key] == nil {
			return ""
		}
		in, err := f.OpenSecret(b.fns.Sealer, key)
		if err != nil {
			t.Fatal(err)
		}
		return string(in.Value)
	}
	for _, keep := range []string{`{}`, `{"token":null}`, `{"token":{}}`, `{"token":{"secret":true}}`, `{"token":{"secret":true,"value":"********"}}`} {
		f = b.update(f.ID, cdp.FunctionChange{Inputs: raw(keep)})
		if have := secret(f, "token"); have != `"s3cret {event.uuid}"` {
			t.Fatalf("%s made the secret %s", keep, have)
		}
	}
	f = b.update(f.ID, cdp.FunctionChange{Inputs: raw(`{"token":{"value":"new","secret":true},"extra":{"value":"more"}}`)})
	if secret(f, "token") != `"new"` || secret(f, "extra") != `"more"` {
		t.Errorf("secrets are %s and %s", secret(f, "token"), secret(f, "extra"))
	}
	in, err := f.Secrets(b.fns.Sealer, -1)
	if err != nil || len(in) != 2 || string(in[0].Bytecode) != `["_H",1,32,"new"]` {
		t.Errorf("the engine is given %+v (%v)", in, err)
	}
	b.refuseUpdate(f.ID, cdp.FunctionChange{Inputs: raw(`{"token":{"value":""}}`)}, "inputs__token", "invalid_input", "This field is required.")
	f = b.update(f.ID, cdp.FunctionChange{Inputs: raw(`{"extra":{"value":""}}`)})
	if have := string(f.MaskedInputs()); have != `{"open":null,"token":{"secret":true}}` {
		t.Errorf("after clearing: %s", have)
	}
}

// A secret whose key is lost can be entered again.
func TestSecretsUnderAnotherKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(withInputs(`[{"type":"string","key":"a","secret":true},{"type":"string","key":"b"}]`, `{"a":{"value":"hidden"}}`))
	b.fns.Sealer = newSealer(t)
	b.refuseUpdate(f.ID, cdp.FunctionChange{Hog: cdp.Some("return 2")}, "inputs__a", "invalid_input",
		"The saved value cannot be opened with this server's key. Enter the value again.")
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("renamed")})
	f = b.update(f.ID, cdp.FunctionChange{Inputs: raw(`{"a":{"value":"again"}}`)})
	if in, err := f.OpenSecret(b.fns.Sealer, "a"); err != nil || string(in.Value) != `"again"` {
		t.Errorf("sealed is %+v (%v)", in, err)
	}
}

// A secret never shows itself, and an open value can become one.
func TestSecretsAndSchema(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(withInputs(`[{"type":"string","key":"a","secret":true},{"type":"string","key":"b"}]`, `{"a":{"value":"hidden"},"b":{"value":"open"}}`))
	f = b.update(f.ID, cdp.FunctionChange{InputsSchema: raw(`[{"type":"string","key":"a"},{"type":"string","key":"b","secret":true}]`)})
	if have := string(f.MaskedInputs()); have != `{"a":null,"b":{"secret":true}}` {
		t.Errorf("shown as %s", have)
	}
	in, err := f.OpenSecret(b.fns.Sealer, "b")
	if err != nil || string(in.Value) != `"open"` || f.Sealed["a"] != nil {
		t.Errorf("sealed is %+v (%v)", in, err)
	}
	f = b.update(f.ID, cdp.FunctionChange{InputsSchema: raw(`[]`)})
	if len(f.Sealed) != 0 {
		t.Error("a secret outlived its schema")
	}
}

func TestMappings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := withInputs(`[]`, `{}`)
	c.Filters = raw(`{"events":[{"id":"x","type":"events"}],"properties":[],"filter_test_accounts":false}`)
	c.Mappings = raw(`[{"name":"One","inputs_schema":[{"type":"string","key":"k","required":true},{"type":"string","key":"s","secret":true}],
		"inputs":{"k":{"value":"v"},"s":{"value":"shh"}},"filters":{"events":[{"id":"$pageview","type":"events"}],"filter_test_accounts":true}},{}]`)
	f := b.create(c)
	const want = `[{"name":"One","inputs_schema":[{"type":"string","key":"k","required":true,"secret":false,"hidden":false},{"type":"string","key":"s","required":false,"secret":true,"hidden":false}],` +
		`"inputs":{"k":{"value":"v","bytecode":["_H",1,32,"v"],"order":0},"s":{"secret":true}},` +
		`"filters":{"source":"events","events":[{"id":"$pageview","type":"events"}],"bytecode":["_H",1,32,"%@example.com%",32,"email",32,"properties",32,"person",1,3,2,"toString",1,20,32,"$pageview",32,"event",1,1,11,3,2],"filter_test_accounts":true}},{}]`
	f = b.update(f.ID, cdp.FunctionChange{})
	if d := cmp.Diff(want, string(f.MaskedMappings())); d != "" {
		t.Error(d)
	}
	if f.Filters.Events != nil || f.Filters.Properties == nil || *f.Filters.FilterTestAccounts {
		t.Errorf("top-level filters are %+v", f.Filters)
	}
	f = b.update(f.ID, cdp.FunctionChange{Mappings: f.MaskedMappings(), Hog: cdp.Some("return 2")})
	in, err := f.Secrets(b.fns.Sealer, 0)
	if err != nil || len(in) != 1 || in[0].Key != "s" || string(in[0].Value) != `"shh"` {
		t.Errorf("after sending what was shown the secret is %+v (%v)", in, err)
	}
	b.refuseUpdate(f.ID, cdp.FunctionChange{Mappings: raw(`[{},{"inputs":{}}]`)}, "mappings__1__inputs", "invalid_input", "Missing inputs_schema.")
	b.refuseUpdate(f.ID, cdp.FunctionChange{Mappings: raw(`[{"inputs_schema":[{"type":"string","key":"required_field","required":true}],"inputs":{}}]`)},
		"mappings__0__inputs__required_field", "invalid_input", "This field is required.")
	b.refuseUpdate(f.ID, cdp.FunctionChange{Mappings: raw(`[{"inputs_schema":[{"type":"string"}]}]`)}, "mappings__0__inputs_schema__0__key", "required", "This field is required.")
	if f = b.update(f.ID, cdp.FunctionChange{Mappings: raw(`[]`)}); f.Mappings == nil || len(f.Mappings) != 0 || len(f.Sealed) != 0 {
		t.Errorf("after []: %v, sealed %v", f.Mappings, f.Sealed)
	}
	if f = b.update(f.ID, cdp.FunctionChange{Mappings: raw(`null`)}); f.Mappings != nil {
		t.Errorf("after null: %v", f.Mappings)
	}
	c.Mappings = raw(`[]`)
	if f = b.create(c); f.Mappings != nil {
		t.Errorf("created with []: %v", f.Mappings)
	}
}

func TestMasking(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := minimal()
	c.Masking = raw(`{"ttl":"600","threshold":5,"hash":" {event.distinct_id} ","bytecode":"ignored"}`)
	f := b.create(c)
	if f.Masking.TTL != 600 || *f.Masking.Threshold != 5 || f.Masking.Hash != "{event.distinct_id}" ||
		string(f.Masking.Bytecode) != `["_H",1,32,"distinct_id",32,"event",1,2]` {
		t.Errorf("masking is %+v", f.Masking)
	}
	if f = b.update(f.ID, cdp.FunctionChange{Masking: raw(`null`)}); f.Masking != nil {
		t.Errorf("after null masking is %+v", f.Masking)
	}
}
