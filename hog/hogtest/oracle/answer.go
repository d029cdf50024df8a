package oracle

import (
	"context"
	"errors"
	"strings"

	"hogpen/hog"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// Limit is the answer of a run that hit a budget: where exactly it does is
// each machine's own affair.
const Limit = "limit"

// Run gives the answer of Hogpen's machine to a program: what it printed, a
// line each, then "= " and the value, or "! " and the error. With plain the
// plain machine runs it, else the closures.
func Run(src string, plain bool) (string, error) {
	code, diags := hog.Compile(src, hog.Options{Repair: true})
	if diags.Failed() {
		return "", errors.New(diags[0].Message)
	}
	program, err := vm.Load(code, vm.LoadOptions{Library: stl.Library(), SwitchOnly: plain})
	if err != nil {
		return "", err
	}
	globals, err := vm.ParseJSON([]byte(Globals), vm.JSONOptions{Freeze: true})
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	env := vm.Env{Print: func(s string) { lines.WriteString(s + "\n") }}
	r, err := new(vm.Machine).Run(context.Background(), program, globals, env, vm.Budget{Steps: 1e6, Memory: 64 << 20})
	var re *vm.RuntimeError
	switch {
	case err == nil:
		return vm.CleanText(lines.String() + "= " + vm.Print(r.Value)), nil
	case errors.As(err, &re) && re.Limit != vm.LimitNone:
		return Limit, nil
	}
	return vm.CleanText(lines.String() + "! " + err.Error()), nil
}
