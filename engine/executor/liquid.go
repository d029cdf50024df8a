package executor

import (
	"errors"

	"hogpen/hog/vm"
)

// renderLiquid renders a Liquid template.
func (x *Executor) renderLiquid(v, globals vm.Value) (vm.Value, error) {
	//lint:ignore ST1005 people read it as a sentence of its own
	return vm.Null, errors.New("Liquid templates cannot be rendered by this version; write the input as a Hog template")
}
