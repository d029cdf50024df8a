package fields_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp/fields"
)

// read runs one declared read on an object and tells value or fault.
func read(t *testing.T, object string, get func(*fields.Reader) any) string {
	t.Helper()
	var faults []fields.Fault
	r, ok := fields.Nested(json.RawMessage(object), nil, &faults)
	if !ok {
		return faults[0].Message
	}
	v := get(r)
	if len(faults) > 0 {
		return faults[0].Path.String() + " " + faults[0].Code + ": " + faults[0].Message
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCoercions(t *testing.T) {
	t.Parallel()
	text := func(r *fields.Reader) any { return r.Text("a", fields.Rule{MaxRunes: 3}).Ptr() }
	number := func(r *fields.Reader) any { return r.Int("a", fields.Between(0, 9)).Ptr() }
	boolean := func(r *fields.Reader) any { return r.Bool("a", fields.Rule{}).Ptr() }
	choice := func(r *fields.Reader) any { return r.Choice("a", fields.Rule{}, "x", "y").Ptr() }
	list := func(r *fields.Reader) any { return r.Dicts("a", fields.Rule{}).Value }
	for _, tt := range []struct {
		value string
		get   func(*fields.Reader) any
		want  string
	}{
		{`"  é "`, text, `"é"`}, {`12`, text, `"12"`}, {`1.5`, text, `"1.5"`}, {`2.0`, text, `"2.0"`},
		{`true`, text, `a invalid_input: Not a valid string.`}, {`[]`, text, `a invalid_input: Not a valid string.`},
		{`null`, text, `a null: This field may not be null.`}, {`" "`, text, `a blank: This field may not be blank.`},
		{`"abcd"`, text, `a max_length: Ensure this field has no more than 3 characters.`},
		{`"a\u0000"`, text, `a null_characters_not_allowed: Null characters are not allowed.`},
		{`3`, number, `3`}, {`"3"`, number, `3`}, {`3.0`, number, `3`}, {`" 3 "`, number, `3`},
		{`3.5`, number, `a invalid_input: A valid integer is required.`}, {`"x"`, number, `a invalid_input: A valid integer is required.`},
		{`true`, number, `a invalid_input: A valid integer is required.`}, {`-1`, number, `a min_value: Ensure this value is greater than or equal to 0.`},
		{`10`, number, `a max_value: Ensure this value is less than or equal to 9.`},
		{`99999999999999999999999`, number, `a max_value: Ensure this value is less than or equal to 9.`},
		{`true`, boolean, `true`}, {`0`, boolean, `false`}, {`"Yes"`, boolean, `true`}, {`"off"`, boolean, `false`}, {`"T"`, boolean, `true`},
		{`2`, boolean, `a invalid_input: Must be a valid boolean.`}, {`{}`, boolean, `a invalid_input: Must be a valid boolean.`},
		{`"x"`, choice, `"x"`}, {`"z"`, choice, `a invalid_choice: "z" is not a valid choice.`}, {`true`, choice, `a invalid_choice: "True" is not a valid choice.`},
		{`[{}]`, list, `[{}]`}, {`[1.5]`, list, `a__0 not_a_dict: Expected a dictionary of items but got type "float".`},
		{`"x"`, list, `a not_a_list: Expected a list of items but got type "str".`},
		{`[null]`, list, `a__0 null: This field may not be null.`},
	} {
		if have := read(t, `{"a":`+tt.value+`}`, tt.get); have != tt.want {
			t.Errorf("%s is read as %s, want %s", tt.value, have, tt.want)
		}
	}
	if have := read(t, `{}`, func(r *fields.Reader) any { return r.Text("a", fields.Rule{Required: true}) }); have != "a required: This field is required." {
		t.Errorf("absence is read as %s", have)
	}
	if have := read(t, `3`, nil); have != "Invalid data. Expected a dictionary, but got int." {
		t.Errorf("a number is read as %s", have)
	}
}

func TestMembersKeepOrder(t *testing.T) {
	t.Parallel()
	many := `{"z":1`
	want := `{"z":9`
	for _, c := range strings.Split("abcdefghijklmnopqrstuvwxy", "") {
		many += `,"` + c + `":"<` + c + `>"`
		want += `,"` + c + `":"<` + c + `>"`
	}
	members, ok := fields.MembersOf(json.RawMessage(many + `, "z": 9 }`))
	if !ok {
		t.Fatal("not read")
	}
	if d := cmp.Diff(want+"}", string(fields.Build(members))); d != "" {
		t.Error(d)
	}
}

func TestTruthy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`null`: false, `false`: false, `0`: false, `0.0`: false, `""`: false, `[]`: false, `{}`: false, `[ ]`: false, ``: false,
		`true`: true, `1`: true, `"x"`: true, `[0]`: true, `{"a":null}`: true, `-0.5`: true,
	} {
		if have := fields.Truthy(json.RawMessage(text)); have != want {
			t.Errorf("Truthy(%s) = %v", text, have)
		}
	}
}

// What is taken apart and put together again says the same.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[1,{"c":"\ud800"}]}`, `{"a":1,"a":2}`, `[1,2]`, `{"é":"<>&"}`, `{`, `"x"`, `{"a":1}x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw, err := fields.Parse([]byte(s))
		if err != nil {
			return
		}
		if fields.KindOf(raw) == fields.Invalid {
			t.Fatalf("%q was parsed into %q", s, raw)
		}
		members, ok := fields.MembersOf(raw)
		if ok != (fields.KindOf(raw) == fields.Object) {
			t.Fatalf("%q: an object %v", raw, ok)
		}
		if !ok {
			return
		}
		var before, after any
		if json.Unmarshal(raw, &before) != nil {
			return
		}
		if err := json.Unmarshal(fields.Build(members), &after); err != nil {
			t.Fatalf("%q was rebuilt as %q: %v", raw, fields.Build(members), err)
		}
		if d := cmp.Diff(before, after); d != "" {
			t.Fatalf("%q: %s", raw, d)
		}
	})
}
