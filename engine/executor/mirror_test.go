package executor_test

import (
	"testing"

	"hogpen/hog/vm"
)

// TestUnstoredRunsSeeTheSame: a program sees its inputs as they are after a way
// through the queue, whether they took it or not.
func TestUnstoredRunsSeeTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, input := range []string{
		"{event.properties}", "{toDateTime('2026-01-02T03:04:05Z')}", "{tuple(1, 2)}", "{toDate('2026-01-02')}", "{-0.0}", "{1 / 0}", "{[1, {'a': null}]}", "{{'2': 'b', '1': 'a'}}",
		"{HogError('x', 'y')}", "{event.distinct_id}",
	} {
		c := h.compile(h.destination("return [typeof(inputs.in), jsonStringify(inputs.in), toString(inputs.in)]", "in", input))
		props := `{"n":2.50,"list":[1,2],"z":"é","10":1,"9":2}`
		m := h.x.Match(c, h.scope(event(props)))
		if len(m.Planned) != 1 {
			t.Errorf("%s: %+v", input, m)
			continue
		}
		stored := m.Planned[0].Invocation
		want, err := h.x.Run(t.Context(), shop, c, &stored)
		if err != nil {
			t.Fatal(err)
		}
		m = h.x.Match(c, h.scope(event(props)))
		m.Planned[0].Invocation.Globals = nil // as it is before it is stored
		got, err := h.x.RunPlanned(t.Context(), shop, c, &m.Planned[0])
		if err != nil {
			t.Fatal(err)
		}
		have := vm.AppendJSON(nil, got.Value)
		should := vm.AppendJSON(nil, want.Value)
		if string(have) != string(should) || string(have) == "null" {
			t.Errorf("%s: not stored %s, stored %s, errors %q %q", input, have, should, got.Error, want.Error)
		}
	}
}
