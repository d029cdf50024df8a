package vm_test

import (
	"strings"
	"testing"

	"hogpen/hog/vm"
)

// TestEndlessQueries: a query that holds another one many times over has a
// text that ends, or that the budget stops.
func TestEndlessQueries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"let a := sql(x) for (let i := 0; i < 40; i := i + 1) { a := (select {a}, {a} from t) } print(toString(a))", "The text of a value is longer than"},
		{"let j := (select 1 from t) j.select_from.next_join := j.select_from print(length(toString(j)) < 10000)", ""},
		{"let j := sql(a + 1) j.left := j print(j)", ""},
	} {
		_, _, err := run(t, load(t, tt.src, vm.LoadOptions{}), vm.NewDict(0), vm.Budget{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.src, err, tt.want)
		}
	}
}
