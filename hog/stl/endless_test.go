package stl_test

import (
	"errors"
	"testing"
	"time"

	"hogpen/hog"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// twice makes a value that is small and whose text has no end: each list holds
// the one before it twice.
const twice = `
let a := ['0']
let i := 0
while (i < 60) { a := [a, a]
i := i + 1 }
let s := 'ab'
while (length(s) < 500000) { s := concat(s, s) }
let marks := '$\''
while (length(marks) < 500000) { marks := concat(marks, marks) }
`

// Texts that would be larger than any memory end at the program's limits, and
// the process stays small.
func TestTextsWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"return jsonStringify(a)", "return toString(a)", "return concat(a, 'x', a)", "return plus(a, 'x')", "print(a, a)",
		"return replaceOne(s, 'b', marks)", "return replaceAll(s, 'a', s)", "return replaceAll(s, '', s)",
	} {
		code, diags := hog.Compile(twice+src, hog.Options{})
		if diags.Failed() {
			t.Fatalf("%s: %v", src, diags)
		}
		p, err := vm.Load(code, vm.LoadOptions{Library: stl.Library()})
		if err != nil {
			t.Fatal(err)
		}
		var m vm.Machine
		r, err := m.Run(t.Context(), p, vm.NewDict(0), vm.Env{}, vm.Budget{Time: 550 * time.Millisecond})
		var fault *vm.RuntimeError
		if errors.As(err, &fault) && (fault.Limit == vm.LimitMemory || fault.Limit == vm.LimitTime) {
			continue
		}
		if text := vm.Print(r.Value); err != nil || len(text) > 2*vm.MaxText {
			t.Errorf("%s: %d bytes, %v", src, len(text), err)
		}
	}
}
