package stl

import (
	"strings"

	"hogpen/hog/vm"
)

const errorGroup = "Errors and output"

var errorFuncs = []*Func{
	{
		Func: fn("Error", 0, 2, plain(errorOf("Error"))), Group: errorGroup, Args: "message?, payload?",
		Doc:      "Makes an error, to be thrown.",
		Examples: []Example{{"Error('it''s', {'a': 'b'})", `Error('it\'s', {'a': 'b'})`}, {"Error()", "Error('An error occurred')"}},
	},
	{
		Func: fn("RetryError", 0, 2, plain(errorOf("RetryError"))), Group: errorGroup, Args: "message?, payload?",
		Doc:      "Makes an error of the type RetryError.",
		Examples: []Example{{"RetryError('x')", "RetryError('x')"}},
	},
	{
		Func: fn("NotImplementedError", 0, 2, plain(errorOf("NotImplementedError"))), Group: errorGroup, Args: "message?, payload?",
		Doc:      "Makes an error of the type NotImplementedError.",
		Examples: []Example{{"NotImplementedError('x').type", "'NotImplementedError'"}},
	},
	{
		Func: fn("HogError", 1, 3, plain(hogError)), Group: errorGroup, Args: "type, message?, payload?",
		Doc:      "Makes an error of any type.",
		Examples: []Example{{"HogError('T', 'm')", "T('m')"}},
	},
	{
		Func: effect(fn("print", 0, many, print)), Group: errorGroup, Args: "value, …",
		Doc:      "Prints its arguments on one line; texts as they are, everything else in print form.",
		Examples: []Example{{"print", "fn<print(0)>"}},
	},
	{
		Func: effect(fn("sleep", 1, 1, sleep)), Group: errorGroup, Args: "seconds",
		Doc: "Pauses the run. The host decides what that means: a function that is delivered later goes on later.",
	},
}

func effect(f vm.Func) vm.Func {
	f.Effect = true
	return f
}

func errorOf(typ string) func(c *vm.Call) vm.Value {
	return func(c *vm.Call) vm.Value { return vm.NewError(typ, c.Arg(0), c.Arg(1)) }
}

func hogError(c *vm.Call) vm.Value {
	typ := ""
	if c.Arg(0).Truthy() {
		typ = vm.JSText(c.Arg(0))
	}
	return vm.NewError(typ, c.Arg(1), c.Arg(2))
}

func print(c *vm.Call) (vm.Value, error) {
	var b strings.Builder
	for i, a := range c.Args {
		if vm.TooLong(b.Len()) {
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		if a.IsString() {
			b.WriteString(vm.CleanText(a.Text()))
		} else {
			b.WriteString(vm.CleanText(vm.Print(a)))
		}
		if err := c.Spend(b.Len() / 64); err != nil {
			return vm.Null, err
		}
	}
	return vm.Null, c.Print(b.String())
}

// sleep is asynchronous: the machine suspends before it comes here.
func sleep(*vm.Call) (vm.Value, error) {
	return vm.Null, vm.Errorf("sleep can not be called here")
}
