// Package stl is the standard library of Hog: one table of function values,
// each with its arity, its documentation, its examples and its Go code. The
// machine calls it, the compiler checks the number of arguments with it, the
// documentation and the editor's completion print it, and a test runs every
// example.
//
// Functions are pure unless they say otherwise: they return new values and
// change no argument. Most are tolerant of null, as the field Null tells.
package stl

import (
	"fmt"
	"slices"
	"sync"

	"hogpen/hog/compiler"
	"hogpen/hog/vm"
)

// Func is one function of the library.
type Func struct {
	vm.Func
	// Args names the arguments as documentation shows them; a question mark
	// marks an optional one, an ellipsis any number.
	Args string
	// Group is the heading the function stands under.
	Group string
	// Doc is what the function does, in one or two sentences.
	Doc string
	// Null tells what null as the first argument gives; empty when nothing
	// special happens.
	Null string
	// Examples are expressions with the print form of their value.
	Examples []Example
}

// Example is an expression and the print form of what it gives.
type Example struct {
	Src  string
	Want string
}

// All is the library, by group.
var All = slices.Concat(
	textFuncs, patternFuncs, encodingFuncs, numberFuncs, logicFuncs, listFuncs, callbackFuncs,
	dateFuncs, jsonFuncs, cryptoFuncs, networkFuncs, errorFuncs,
)

// Info gives the arity of every function by name, as the compiler wants it.
// The map belongs to the caller.
func Info() map[string]compiler.FuncInfo {
	m := make(map[string]compiler.FuncInfo, len(All))
	for _, f := range All {
		m[f.Name] = compiler.FuncInfo{Min: f.Min, Max: f.Max}
	}
	return m
}

// Find gives a function by name, nil when there is none.
func Find(name string) *Func {
	for _, f := range All {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Library gives the table in the form that vm.Load takes. It is made once.
func Library() *vm.Library { return library() }

var library = sync.OnceValue(func() *vm.Library {
	funcs := make([]*vm.Func, len(All))
	for i, f := range All {
		funcs[i] = &f.Func
	}
	l, err := vm.NewLibrary(funcs)
	if err != nil {
		panic(fmt.Sprintf("stl: %v", err)) // a name stands twice in the table above; every test fails
	}
	return l
})

// any number of arguments.
const many = -1

// fn makes the part of a Func that the machine needs.
func fn(name string, least, most int, call vm.HostFunc) vm.Func {
	return vm.Func{Name: name, Min: least, Max: most, Call: call}
}

// plain makes a call of a function that cannot fail.
func plain(f func(c *vm.Call) vm.Value) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) { return f(c), nil }
}

// test makes the part of a Func that the machine needs, for a function of n
// arguments, one or two, that only tells yes or no.
func test(name string, n int, f func(a, b vm.Value) bool) vm.Func {
	return vm.Func{
		Name: name, Min: n, Max: n, Test: f,
		Call: func(c *vm.Call) (vm.Value, error) { return vm.Bool(f(c.Arg(0), c.Arg(1))), nil },
	}
}

// number gives argument i as a number, def when it is absent.
func number(c *vm.Call, i int, def float64) float64 {
	if i >= len(c.Args) {
		return def
	}
	return vm.ToNumber(c.Args[i])
}

// wrongType is the fault of an argument of the wrong type.
func wrongType(name, want string, v vm.Value) error {
	return vm.Errorf("Function %s expects %s, got %s", name, want, v.TypeName())
}

// textOrNull makes a call of a function on a text, to which null is null.
func textOrNull(name string, f func(c *vm.Call, s string) (vm.Value, error)) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		v := c.Arg(0)
		switch {
		case v.IsNull():
			return vm.Null, nil
		case !v.IsString():
			return vm.Null, wrongType(name, "a string", v)
		}
		if err := work(c, len(v.Text())); err != nil {
			return vm.Null, err
		}
		return f(c, v.Text())
	}
}

// work charges for reading and making a text of n bytes.
func work(c *vm.Call, n int) error {
	if n < 512 {
		return nil
	}
	if err := c.Spend(n / 16); err != nil {
		return err
	}
	return c.Alloc(n)
}

// room charges for a list of n elements before it is made.
func room(c *vm.Call, n int) error {
	if n > 64 {
		if err := c.Spend(n); err != nil {
			return err
		}
	}
	return c.Alloc(80 + 16*n)
}
