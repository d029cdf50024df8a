package fields_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp/fields"
)

// A reader is described by what it asks for, in its order.
func TestDescribe(t *testing.T) {
	t.Parallel()
	inner := func() fields.Shape {
		return fields.Describe("Inner", func(r *fields.Reader) { r.Int("n", fields.Between(1, 5)) })
	}
	var faults []fields.Fault
	asks := func(r *fields.Reader) {
		r.Text("name", fields.Rule{Required: true, MaxRunes: 9})
		r.Choice("how", fields.Rule{Nullable: true}, "a", "b")
		r.Bool("on", fields.Rule{})
		fields.Each(r, "tags", fields.Rule{}, func(r *fields.Reader, at string) string { return r.Text(at, fields.Rule{Blank: true}).Value })
		r.Dicts("rows", fields.Rule{})
		r.Nested("one", fields.Rule{}, inner)
		r.Any("free")
		r.Any("many", func() fields.Shape { return fields.MapOf(inner()).OrNull() })
	}
	n := fields.Between(1, 5)
	of := fields.Shape{Kind: fields.Object, Name: "Inner", Members: []fields.Declared{{Name: "n", Shape: fields.Shape{Kind: fields.Int, Min: n.Min, Max: n.Max}}}}
	tag := fields.Shape{Kind: fields.String}
	row := fields.Shape{Kind: fields.Object}
	want := fields.Shape{Kind: fields.Object, Name: "All", Members: []fields.Declared{
		{Name: "name", Required: true, Shape: fields.Shape{Kind: fields.String, MinRunes: 1, MaxRunes: 9}},
		{Name: "how", Shape: fields.Shape{Kind: fields.String, Choices: []string{"a", "b"}, Nullable: true}},
		{Name: "on", Shape: fields.Shape{Kind: fields.Bool}},
		{Name: "tags", Shape: fields.Shape{Kind: fields.List, Of: &tag}},
		{Name: "rows", Shape: fields.Shape{Kind: fields.List, Of: &row}},
		{Name: "one", Shape: of},
		{Name: "free"},
		{Name: "many", Shape: fields.Shape{Kind: fields.Object, Of: &of, Nullable: true}},
	}}
	if d := cmp.Diff(want, fields.Describe("All", asks)); d != "" {
		t.Error(d)
	}
	// The same reader reads.
	members, _ := fields.MembersOf([]byte(`{"name":"x","tags":["a",1],"one":{"n":9}}`))
	r := &fields.Reader{Members: members, Faults: &faults}
	asks(r)
	if len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
	bad, _ := fields.MembersOf([]byte(`{"name":"x","tags":["a",{}],"one":3}`))
	r = &fields.Reader{Members: bad, Faults: &faults}
	asks(r)
	if len(faults) != 2 || faults[0].Path.String() != "tags__1" || faults[1].Path.String() != "one__non_field_errors" {
		t.Errorf("faults %v", faults)
	}
}
