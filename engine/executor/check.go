package executor

import (
	"encoding/json"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Check evaluates compiled expressions over the globals that filters see. An
// empty expression gives an empty answer.
func (x *Executor) Check(s *Scope, codes []json.RawMessage) []cdp.Checked {
	out := make([]cdp.Checked, len(codes))
	globals := s.filterGlobals()
	for i, code := range codes {
		if len(code) == 0 {
			continue
		}
		p, err := x.load(code, nil, nil)
		if err != nil {
			out[i].Fault = err.Error()
			continue
		}
		if got := x.runOnce(p, globals, x.filterBudget(), nil); got.err != nil {
			out[i].Fault = shortText(got.err)
		} else {
			out[i].Value = vm.AppendJSON(nil, got.value)
		}
	}
	return out
}
