package executor_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hogpen/cdp"
)

func liquidInput(key, value string) cdp.Input {
	return cdp.Input{Key: key, Value: json.RawMessage(value), Templating: "liquid"}
}

func TestLiquidInputs(t *testing.T) { // 15.3, 7; 5.3
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{`"{{ event.properties.name }}"`, `"&lt;b&gt;&amp;x"`},
		{`"{{ event.properties.name | raw }}"`, `"<b>&x"`},
		{`"{{ event.properties.o | json }}"`, `"{&#34;a&#34;:1}"`},
		{`"{{ event.properties.list }}"`, `"1&lt;[object Object]"`},
		{`"{{ event.properties.none | default: \"d\" }}"`, `"d"`},
		{`"{{ 1.50 }}"`, `"1.5"`},
		{`"{{ \"x\" | nosuch }}"`, `"x"`},
		{`"{{ 7 | divided_by: 2 }}"`, `"3.5"`},
		{`"{% if 1 &lt; 2 %}a &lt; b{% endif %}"`, `"a &lt; b"`},
		{`"{{ event.distinct_id }}/{{ person.properties.email }}/{{ project.id }}/{{ now | date: '%Y' | size }}"`, `"u1/a@example.com/1/4"`},
		{`{"a": ["{{ event.event }}", 1, true, null], "b": {"c": "plain {x}"}}`, `{"a":["signed up",1,true,null],"b":{"c":"plain {x}"}}`},
		{`"{{ inputs.first | raw }}!"`, `"one!"`},
		{`12`, `12`},
		{`""`, `""`},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			f := h.destination("print(jsonStringify(inputs.x))", "first", "one")
			in := liquidInput("x", tt.value)
			in.Order = 1
			f.Inputs = append(f.Inputs, in)
			c := h.compile(f)
			m := h.x.Match(c, h.scope(event(`{"name":"<b>&x","o":{"a":1},"list":[1,"<",{"b":2}],"$set":{"email":"a@example.com"}}`)))
			if len(m.Planned) != 1 {
				t.Fatalf("not planned: %s", logText(m.Logs))
			}
			s := h.finish(c, m.Planned[0].Invocation)
			s.has(t, "info", tt.want)
		})
	}
}

// TestLiquidFaults: whatever is wrong with a template shows when an event
// comes, with the input's name, and makes no invocation.
func TestLiquidFaults(t *testing.T) { // 5.5
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{`"{% nosuch %}"`, `input x: tag "nosuch" not found, line:1, col:1`},
		{`"{{ event.o | where_exp: 'a', 'b' }}"`, `input x: liquid filter where_exp is not supported, line:1, col:1`},
		{`"{{ (1..10000000) }}"`, `input x: memory alloc limit exceeded, line:1, col:1`},
		{`["ok", "{% include 'file' %}"]`, `input x: ENOENT: Failed to lookup "file" in ".", line:1, col:1`},
		{`"` + strings.Repeat("y", 100_001) + `"`, "input x: liquid parse length limit exceeded (100000 characters)"},
		{`["{% for a in (1..20) %}` + strings.Repeat("x", 60_000) + `{% endfor %}"]`, "input x: liquid output limit exceeded (1000000 characters per invocation)"},
	} {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			f := h.destination("print(1)")
			f.Inputs = append(f.Inputs, liquidInput("x", tt.value))
			m := h.x.Match(h.compile(f), h.scope(event(`{}`)))
			want := "error Error building inputs for event 0195a1f0-7d7e-7000-8000-000000000001: " + tt.want + "\n"
			if len(m.Planned) != 0 || logText(m.Logs) != want || len(m.Outcomes) != 1 || m.Outcomes[0] != cdp.OutcomeInputsFailed {
				t.Errorf("%d planned, outcomes %v, logs\n%swant\n%s", len(m.Planned), m.Outcomes, logText(m.Logs), want)
			}
		})
	}
}
