package stl_test

import (
	"testing"

	"hogpen/hog"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// eval gives the print form of an expression.
func eval(t *testing.T, src string, opt vm.LoadOptions) string {
	t.Helper()
	code, diags := hog.CompileExpr(src, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	opt.Library = stl.Library()
	p, err := vm.Load(code, opt)
	if err != nil {
		t.Fatal(err)
	}
	var m vm.Machine
	r, err := m.Run(t.Context(), p, vm.NewDict(0), vm.Env{}, vm.Budget{})
	if err != nil {
		return "! " + err.Error()
	}
	return vm.Print(r.Value)
}

func TestEveryExample(t *testing.T) {
	t.Parallel()
	for _, f := range stl.All {
		if f.Doc == "" || f.Group == "" {
			t.Errorf("%s has no documentation", f.Name)
		}
		if len(f.Examples) == 0 && f.Name != "inCohort" && f.Name != "notInCohort" && f.Name != "sleep" {
			t.Errorf("%s has no example", f.Name)
		}
		for _, e := range f.Examples {
			for _, only := range []bool{false, true} {
				if have := eval(t, e.Src, vm.LoadOptions{SwitchOnly: only}); have != e.Want {
					t.Errorf("%s (switch %v) = %s, want %s", e.Src, only, have, e.Want)
				}
			}
		}
	}
}
