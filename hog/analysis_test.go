package hog_test

import (
	"slices"
	"testing"

	"hogpen/hog"
)

func TestGlobals(t *testing.T) {
	t.Parallel()
	prog, diags := hog.ParseProgram(`
		let name := event.event
		fn f(inputs2) { return inputs2.x + person.id }
		let g := inputs -> inputs.hidden
		return f(inputs.url) + name`)
	if diags.Failed() {
		t.Fatal(diags)
	}
	var have []string
	for _, g := range hog.Globals(prog) {
		have = append(have, g.Chain[0]+"."+g.Chain[1])
	}
	if want := []string{"event.event", "person.id", "inputs.url"}; !slices.Equal(have, want) {
		t.Errorf("globals %v, want %v", have, want)
	}
}

func TestInputDependencies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		template string
		want     []string
	}{
		{`no braces`, nil},
		{`{inputs.a} and {inputs.b.c}, again {inputs.a}`, []string{"a", "b"}},
		{`{arrayMap(inputs -> inputs.x, event.inputs.y)}`, nil},
		{`{inputs['a']}`, nil},
	} {
		tree, diags := hog.ParseTemplate(tt.template)
		if diags.Failed() {
			t.Errorf("%s: %v", tt.template, diags)
		}
		if have := hog.InputDependencies(tree); !slices.Equal(have, tt.want) {
			t.Errorf("%s depends on %v, want %v", tt.template, have, tt.want)
		}
	}
}

func TestCheckHyphens(t *testing.T) {
	t.Parallel()
	const message = "Hyphens are not supported in identifiers and are interpreted as subtraction. Use bracket notation: event.properties['my-prop']"
	for _, tt := range []struct {
		template string
		want     int
	}{
		{`{event.properties.my-prop}`, 1},
		{`{event.properties.my - prop}`, 0},
		{`{event.properties.my -prop}`, 0},
		{`{my-prop}`, 0},
		{`{event.a-event.b}`, 0},
		{`{event.a-1}`, 0},
		{`{[event.properties.my-prop, 1]}`, 1},
	} {
		tree, _ := hog.ParseTemplate(tt.template)
		have := hog.CheckHyphens(tree)
		if len(have) != tt.want {
			t.Errorf("%s: %d faults, want %d: %v", tt.template, len(have), tt.want, have)
		}
		if len(have) == 1 && have[0].Message != message {
			t.Errorf("%s: have %q, want %q", tt.template, have[0].Message, message)
		}
	}
}
