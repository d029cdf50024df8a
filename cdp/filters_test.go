package cdp_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

// steps are actions by id, for filters that refer to them.
type steps map[int64]string

func (s steps) Action(_ context.Context, _ cdp.ProjectID, id int64) (cdp.Action, error) {
	text, ok := s[id]
	if !ok {
		return cdp.Action{}, cdp.Errorf(cdp.NotFound, "", "There is no such action.")
	}
	return cdp.Action{ID: id, Steps: json.RawMessage(text)}, nil
}

// compiled gives the filters of a function with the given ones.
func (b *bundle) compiled(filters string) cdp.Filters {
	b.Helper()
	f, err := b.fns.Draft(b.ctx, b.user, b.project, "", cdp.FunctionChange{Filters: raw(filters)})
	if err != nil {
		b.Fatalf("%s: %v", filters, err)
	}
	return f.Filters
}

func TestFilterBytecode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fns.Actions = steps{
		4: `[{"event":"$pageview","url":"/docs","url_matching":"contains"}]`,
		5: `[]`,
		6: `[{"event":"a"},{"url":"https://x","url_matching":"exact","properties":[{"key":"p","value":"v","type":"event"}]}]`,
		7: `[{"event":"$autocapture","tag_name":"a","text":"Buy","href":"/x","href_matching":"contains"}]`,
	}
	const accounts = `32,"%@example.com%",32,"email",32,"properties",32,"person",1,3,2,"toString",1,20`
	for _, tt := range []struct{ filters, want string }{
		{`{}`, `29`},
		{`{"events":[{"id":"x","type":"events"}]}`, `32,"x",32,"event",1,1,11`},
		{`{"events":[{"id":null,"type":"events"}]}`, `29`},
		{`{"filter_test_accounts":true}`, accounts},
		{`{"events":[{"id":"$pageview","type":"events"}],"actions":[{"id":"4","type":"actions"}],"filter_test_accounts":true}`,
			accounts + `,32,"$pageview",32,"event",1,1,11,32,"$pageview",32,"event",1,1,11,32,"%/docs%",32,"$current_url",32,"properties",1,2,17,3,2,4,2,3,2`},
		{`{"events":[{"id":"x","type":"events","properties":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}]}`,
			`32,"x",32,"event",1,1,11,32,"1",32,"a",32,"properties",1,2,11,32,"2",32,"b",32,"properties",1,2,11,3,2,3,2`},
		{`{"events":[{"id":"x","type":"events","properties":[]}]}`, `32,"x",32,"event",1,1,11`},
		{`{"actions":[{"id":5,"type":"actions"}]}`, `29`},
		{`{"actions":[{"id":6,"type":"actions"}]}`,
			`32,"a",32,"event",1,1,11,32,"https://x",32,"$current_url",32,"properties",1,2,11,32,"v",32,"p",32,"properties",1,2,11,3,2,4,2`},
		{`{"actions":[{"id":7,"type":"actions"}]}`,
			`32,"$autocapture",32,"event",1,1,11,32,"(^|;)a(\\.|$|;|:)",32,"elements_chain",1,1,23,32,"%/x%",32,"elements_chain_href",1,1,18,` +
				`52,"lambda",1,0,6,32,"Buy",36,0,11,38,53,0,32,"elements_chain_texts",1,1,2,"arrayExists",2,3,4`},
	} {
		f := b.compiled(tt.filters)
		if want := `["_H",1,` + tt.want + `]`; string(f.Bytecode) != want || f.BytecodeError != "" {
			t.Errorf("%s\nhave %s %s\nwant %s", tt.filters, f.Bytecode, f.BytecodeError, want)
		}
	}
}

func TestPropertyBytecode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := `32,"p",32,"properties",1,2`
	text := p + `,2,"toString",1`
	person := `32,"p",32,"properties",32,"person",1,3`
	for _, tt := range []struct{ property, want string }{
		{`{"key":"p","value":"v"}`, `32,"v",` + p + `,11`},
		{`{"key":"p","value":["v"],"operator":"exact"}`, `32,"v",` + p + `,11`},
		{`{"key":"p","value":["v",2],"operator":"exact"}`, `32,"v",33,2,44,2,` + p + `,21`},
		{`{"key":"p","value":["v","w"],"operator":"is_not"}`, `32,"v",32,"w",44,2,` + p + `,22`},
		{`{"key":"p","value":["v"],"operator":"in"}`, `32,"v",44,1,` + p + `,21`},
		{`{"key":"p","value":["v"],"operator":"not_in"}`, `32,"v",44,1,` + p + `,22`},
		{`{"key":"p","value":[],"operator":"exact"}`, `33,1`},
		{`{"key":"p","value":true}`, `32,"true",` + p + `,11`},
		{`{"key":"p","value":"false","operator":"is_not"}`, `32,"false",` + p + `,12`},
		{`{"key":"p","value":3}`, `33,3,` + p + `,11`},
		{`{"key":"p","value":2.5,"operator":"gt"}`, `34,2.5,` + p + `,13`},
		{`{"key":"p","value":3,"operator":"gte"}`, `33,3,` + p + `,14`},
		{`{"key":"p","value":3,"operator":"min"}`, `33,3,` + p + `,14`},
		{`{"key":"p","value":"3","operator":"lt"}`, `32,"3",` + p + `,15`},
		{`{"key":"p","value":3,"operator":"max"}`, `33,3,` + p + `,16`},
		{`{"key":"p","value":[1,3],"operator":"between"}`, `33,1,` + p + `,14,33,3,` + p + `,16,3,2`},
		{`{"key":"p","value":[1,3],"operator":"not_between"}`, `33,1,` + p + `,15,33,3,` + p + `,13,4,2`},
		{`{"key":"p","value":[1,3],"operator":"gt"}`, `33,1,` + p + `,13,33,3,` + p + `,13,4,2`},
		{`{"key":"p","operator":"is_set"}`, `31,` + p + `,12`},
		{`{"key":"p","operator":"is_not_set"}`, `31,` + p + `,11`},
		{`{"key":"p","value":"fox","operator":"icontains"}`, `32,"%fox%",` + text + `,18`},
		{`{"key":"p","value":"fox","operator":"not_icontains"}`, `32,"%fox%",` + text + `,20`},
		{`{"key":"p","value":["a","b"],"operator":"icontains"}`, `33,0,` + text + `,32,"a",32,"b",43,2,2,"multiSearchAnyCaseInsensitive",2,13`},
		{`{"key":"p","value":["a","b"],"operator":"not_icontains"}`, `33,0,` + text + `,32,"a",32,"b",43,2,2,"multiSearchAnyCaseInsensitive",2,11`},
		{`{"key":"p","value":"^a","operator":"regex"}`, text + `,32,"^a",2,"match",2,47,3,35,33,0`},
		{`{"key":"p","value":"^a","operator":"not_regex"}`, text + `,32,"^a",2,"match",2,5,47,3,35,33,1`},
		{`{"key":"p","value":"1.2.3","operator":"semver_gt"}`, `32,"1.2.3",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,13`},
		{`{"key":"p","value":"1.2.3","operator":"semver_tilde"}`, `32,"1.2.3",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,14,32,"1.3.0",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,15,3,2`},
		{`{"key":"p","value":"0.2.3","operator":"semver_caret"}`, `32,"0.2.3",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,14,32,"0.3.0",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,15,3,2`},
		{`{"key":"p","value":"1.2.3.*","operator":"semver_wildcard"}`, `32,"1.2.3.0",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,14,32,"1.2.4.0",2,"sortableSemver",1,` + p + `,2,"sortableSemver",1,15,3,2`},
		{`{"key":"p","value":"2026-01-01","operator":"is_date_after"}`, `32,"2026-01-01",2,"toDateTime",1,` + text + `,2,"toDateTime",1,13`},
		{`{"key":"p","value":"-7d","operator":"is_date_before"}`, `32,"2026-02-22 10:00:02",2,"toDateTime",1,` + text + `,2,"toDateTime",1,15`},
		{`{"key":"p","value":"v","type":"person"}`, `32,"v",` + person + `,11`},
		{`{"key":"a.b","value":"v","type":"person"}`, `32,"v",32,"a.b",32,"properties",32,"person",1,3,11`},
		{`{"key":"p","value":"v","type":"group","group_type_index":2}`, `32,"v",32,"p",32,"properties",32,"group_2",1,3,11`},
		{`{"key":"distinct_id","value":"v","type":"event_metadata"}`, `32,"v",32,"distinct_id",1,1,11`},
		{`{"key":"$elements_chain","value":"v","operator":"regex"}`, `32,"elements_chain",1,1,2,"toString",1,32,"v",2,"match",2,47,3,35,33,0`},
		{`{"key":"text","value":"Buy","type":"element"}`, `52,"lambda",1,0,6,32,"Buy",36,0,11,38,53,0,32,"elements_chain_texts",1,1,2,"arrayExists",2`},
		{`{"key":"href","value":"/x","type":"element"}`, `32,"/x",32,"elements_chain_href",1,1,11`},
		{`{"key":"tag_name","value":["a","b"],"type":"element"}`, `32,"(^|;)a(\\.|$|;|:)",32,"elements_chain",1,1,23,32,"(^|;)b(\\.|$|;|:)",32,"elements_chain",1,1,23,4,2`},
		{`{"key":"properties.p = 1 and event = 'x'","type":"hogql"}`, `33,1,` + p + `,11,32,"x",32,"event",1,1,11,3,2`},
		{`{"key":"p"}`, `33,1`},
		{`{"value":"v"}`, `33,1`},
		{`{"key":"p","value":"v","type":"nope"}`, `33,1`},
		{`{"key":"p","value":"v","type":"group"}`, `33,1`},
		{`{}`, `33,1`},
	} {
		f := b.compiledAt(`{"properties":[` + tt.property + `]}`)
		if want := `["_H",1,` + tt.want + `]`; string(f.Bytecode) != want || f.BytecodeError != "" {
			t.Errorf("%s\nhave %s %s\nwant %s", tt.property, f.Bytecode, f.BytecodeError, want)
		}
	}
}

// compiledAt compiles at the same time whatever was compiled before.
func (b *bundle) compiledAt(filters string) cdp.Filters {
	b.Helper()
	start := b.now
	defer func() { b.now = start }()
	f, err := b.fns.Draft(b.ctx, b.user, b.project, "", cdp.FunctionChange{Filters: raw(filters)})
	if err != nil {
		b.Fatalf("%s: %v", filters, err)
	}
	return f.Filters
}

func TestBooleanProperty(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fns.Types = knownBooleans{"person/paid"}
	for _, tt := range []struct{ property, want string }{
		{`{"key":"paid","value":"true","type":"person"}`, `29,32,"paid",32,"properties",32,"person",1,3,11`},
		{`{"key":"paid","value":"true","type":"event"}`, `32,"true",32,"paid",32,"properties",1,2,11`},
	} {
		if f := b.compiled(`{"properties":[` + tt.property + `]}`); string(f.Bytecode) != `["_H",1,`+tt.want+`]` {
			t.Errorf("%s gives %s, want %s", tt.property, f.Bytecode, tt.want)
		}
	}
}

type knownBooleans []string

func (k knownBooleans) BooleanProperty(_ context.Context, _ cdp.ProjectID, kind, name string) (bool, error) {
	for _, known := range k {
		if known == kind+"/"+name {
			return true, nil
		}
	}
	return false, nil
}

func TestFilterFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const cohort = "Cohort membership can't be evaluated in real-time filters. Replace cohorts with equivalent inline person property filters. " +
		"Update your filters at: https://hog.example/project/1/settings/project#internal-user-filtering"
	for _, tt := range []struct{ filters, want string }{
		{`{"properties":[{"key":"event in (select 1)","type":"hogql"}]}`, "Select queries are not allowed in filters"},
		{`{"properties":[{"key":"id","value":5,"type":"cohort"}]}`, cohort},
		{`{"actions":[{"id":9,"type":"actions"}]}`, "Action matching query does not exist."},
		{`{"actions":[{"id":"x","type":"actions"}]}`, "invalid literal for int() with base 10: 'x'"},
		{`{"properties":[{"key":"nosuch(event)","type":"hogql"}]}`, "Filter compilation errors: Hog function `nosuch` is not implemented"},
		{`{"properties":[{"key":"f","value":true,"type":"flag","operator":"flag_evaluates_to"}]}`, "property_to_expr not implemented for filter type flag"},
		{`{"properties":[{"key":"p","value":1,"operator":"between"}]}`, "between operator requires a two-element array [min, max]"},
		{`{"properties":[{"key":"p","value":[3,1],"operator":"between"}]}`, "between operator requires min value to be less than or equal to max value"},
		{`{"properties":[{"key":"p","value":["a",1],"operator":"not_between"}]}`, "not_between operator requires numeric values"},
		{`{"properties":[{"key":"p","value":"x","operator":"semver_tilde"}]}`, "Tilde operator requires a valid semver string (e.g., '1.2.3')"},
		{`{"properties":[{"key":"p","value":1,"operator":"semver_caret"}]}`, "Caret operator requires a semver string value"},
		{`{"properties":[{"key":"p","value":1,"operator":"nope"}]}`, "PropertyOperator nope not implemented"},
		{`{"properties":[{"key":"selector","value":"a >","type":"element"}]}`, "The selector 'a >' cannot be understood"},
	} {
		f := b.compiled(tt.filters)
		if f.BytecodeError != tt.want || f.Bytecode != nil {
			t.Errorf("%s\nhave %s %q\nwant %q", tt.filters, f.Bytecode, f.BytecodeError, tt.want)
		}
	}
	c := minimal()
	c.Filters, c.Enabled = raw(`{"actions":[{"id":9,"type":"actions"}]}`), ptr(true)
	b.refuseCreate(c, "filters__non_field_errors", "invalid_input", "Invalid filter configuration: Action matching query does not exist.")
	c.Enabled = nil
	f := b.create(c)
	b.refuseUpdate(f.ID, cdp.FunctionChange{Enabled: ptr(true)}, "filters__non_field_errors", "invalid_input",
		"Invalid filter configuration: Action matching query does not exist.")
	b.update(f.ID, cdp.FunctionChange{Deleted: ptr(true)})
}

func TestFilterShapes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct{ filters, field, code, message string }{
		{`[]`, "filters__non_field_errors", "invalid_input", "Invalid data. Expected a dictionary, but got list."},
		{`{"source":"nope"}`, "filters__source", "invalid_choice", `"nope" is not a valid choice.`},
		{`{"events":["x"]}`, "filters__events__0", "not_a_dict", `Expected a dictionary of items but got type "str".`},
		{`{"events":{}}`, "filters__events", "not_a_list", `Expected a list of items but got type "dict".`},
		{`{"filter_test_accounts":"maybe"}`, "filters__filter_test_accounts", "invalid_input", "Must be a valid boolean."},
	} {
		c := minimal()
		c.Filters = raw(tt.filters)
		b.refuseCreate(c, tt.field, tt.code, tt.message)
	}
	for _, tt := range []struct{ filters, want string }{
		{`{"events":[],"unknown":1,"bytecode":"mine","filter_test_accounts":false}`, `{"source":"events","events":[],"bytecode":["_H",1,29],"filter_test_accounts":false}`},
		{`{"source":"person-updates","events":[{"id":"x"}],"properties":[]}`, `{"source":"person-updates","properties":[],"bytecode":["_H",1,29]}`},
		{`{"source":"data-warehouse-table","events":[],"data_warehouse":[{"table_name":"t","name":"t"},{"name":"Select a table"}]}`,
			`{"source":"data-warehouse-table","data_warehouse":[{"table_name":"t","name":"t"}],"bytecode":["_H",1,29]}`},
	} {
		have, err := json.Marshal(b.compiled(tt.filters))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tt.want, string(have)); d != "" {
			t.Errorf("%s: %s", tt.filters, d)
		}
	}
	f := b.create(cdp.FunctionChange{Hog: cdp.Some("return 1"), Filters: raw(`{"events":[{"id":"x","type":"events"}],"filter_test_accounts":true}`)})
	if f = b.update(f.ID, cdp.FunctionChange{Filters: raw(`null`)}); f.Filters.Events != nil || f.Filters.FilterTestAccounts != nil || f.Filters.Bytecode == nil {
		t.Errorf("after null: %+v", f.Filters)
	}
}
