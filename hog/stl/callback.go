package stl

import (
	"slices"

	"hogpen/hog/vm"
)

const callbackGroup = "Arrays and functions"

// The functions that call back exist twice: in Go, for programs that cannot be
// suspended, and as Hog bytecode, for those that can, since a callback may
// wait for an answer in the middle of the array. Both are compared by tests.
//
// The bytecode keeps to one plan of slots:
//
//	0 function  1 argument  2 its values  3 result  4 position  5 last position
const (
	// let 2 := values(1); let 3 := …; let 4 := 1; let 5 := length(2)
	codeValues = `[36,1,2,"values",1,`
	codeLoop   = `,33,1,36,2,2,"length",1,`
	// while (4 <= 5) …: the condition; the jump is relative to its own body.
	codeWhile = `36,5,36,4,16,40,`
	// 0(2[4])
	codeElem = `36,2,36,4,45,36,0,54,1`
	// 4 := 4 + 1
	codeNext = `33,1,36,4,6,37,4,39,`
)

var callbackFuncs = []*Func{
	{
		// let 3 := []; while (…) { 3[4] := 0(2[4]); 4 := 4 + 1 } return 3
		Func: callback("arrayMap", arrayMap, codeValues+`43,0`+codeLoop+
			codeWhile+`23,36,3,36,4,`+codeElem+`,46,`+codeNext+`-30,36,3,38]`),
		Group: callbackGroup, Args: "function, array",
		Doc: "Gives what the function makes of each element.", Null: "A null array is empty.",
		Examples: []Example{{"arrayMap(x -> x * 2, [1, 2])", "[2, 4]"}, {"arrayMap(x -> x * 2, {'a': 1, 'b': 2})", "[2, 4]"}, {"arrayMap(toInt, ['1', '2'])", "[1, 2]"}},
	},
	{
		// let 3 := []; … let 6 := 1; if (0(2[4])) { 3[6] := 2[4]; 6 := 6 + 1 }
		Func: callback("arrayFilter", arrayFilter, codeValues+`43,0`+codeLoop+`33,1,`+
			codeWhile+`37,`+codeElem+`,40,17,36,3,36,6,36,2,36,4,45,46,33,1,36,6,6,37,6,`+codeNext+`-44,36,3,38]`),
		Group: callbackGroup, Args: "function, array",
		Doc: "Gives the elements for which the function gives something that counts as true.", Null: "A null array is empty.",
		Examples: []Example{{"arrayFilter(x -> x > 1, [1, 2, 3])", "[2, 3]"}, {"arrayFilter(x -> x > 1, 'abc')", "[]"}},
	},
	{
		Func: callback("arrayExists", arrayExists, codeValues+`31`+codeLoop+
			codeWhile+`22,`+codeElem+`,40,2,29,38,`+codeNext+`-29,30,38]`),
		Group: callbackGroup, Args: "function, array",
		Doc: "Tells whether the function gives something that counts as true for an element; stops at the first.", Null: "A null array is empty.",
		Examples: []Example{{"arrayExists(x -> x > 1, [1, 2])", "true"}, {"arrayExists(x -> x > 1, [])", "false"}},
	},
	{
		Func: callback("arrayCount", arrayCount, codeValues+`33,0`+codeLoop+
			codeWhile+`27,`+codeElem+`,40,7,33,1,36,3,6,37,3,`+codeNext+`-34,36,3,38]`),
		Group: callbackGroup, Args: "function, array",
		Doc: "Counts the elements for which the function gives something that counts as true.", Null: "A null array counts as empty.",
		Examples: []Example{{"arrayCount(x -> x > 1, [1, 2, 3])", "2"}},
	},
	{
		// slots: 0 function, 1 array, 2 accumulator, 3 values, 4 position, 5 last
		Func: callback("arrayReduce", arrayReduce, `[36,1,2,"values",1,33,1,36,3,2,"length",1,`+
			codeWhile+`22,36,2,36,3,36,4,45,36,0,54,2,37,2,`+codeNext+`-29,36,2,38]`),
		Group: callbackGroup, Args: "function, array, initial",
		Doc: "Joins the elements into one value: the function gets what has come together so far and the next element.", Null: "A null array is empty.",
		Examples: []Example{{"arrayReduce((a, x) -> a + x, [1, 2, 3], 10)", "16"}},
	},
}

func callback(name string, call vm.HostFunc, code string) vm.Func {
	n := 2
	if name == "arrayReduce" {
		n = 3
	}
	return vm.Func{Name: name, Min: n, Max: n, Call: call, Hog: true, Code: code, Elements: true, Effect: true}
}

// each calls the function for every element until do says no. The elements are
// those that the array had at the beginning.
func each(c *vm.Call, do func(elem, result vm.Value) (more bool)) error {
	f := c.Arg(0)
	list := vm.NewArray(slices.Clone(valuesOf(c.Arg(1))))
	if err := room(c, list.Len()); err != nil {
		return err
	}
	c.Keep(list)
	defer c.Release()
	for _, e := range list.Elems() {
		r, err := c.Invoke(f, e)
		if err != nil {
			return err
		}
		if !do(e, r) {
			break
		}
	}
	return nil
}

func arrayMap(c *vm.Call) (vm.Value, error) {
	list := vm.NewArray(slices.Clone(valuesOf(c.Arg(1))))
	if err := room(c, list.Len()); err != nil {
		return vm.Null, err
	}
	// The results take the places of the elements, which nobody needs any more.
	c.Keep(list)
	defer c.Release()
	f, elems := c.Arg(0), list.Elems()
	for i, e := range elems {
		r, err := c.Invoke(f, e)
		if err != nil {
			return vm.Null, err
		}
		elems[i] = r
	}
	return list, nil
}

func arrayFilter(c *vm.Call) (vm.Value, error) {
	var out []vm.Value
	err := each(c, func(e, r vm.Value) bool {
		if r.Truthy() {
			out = append(out, e)
		}
		return true
	})
	if err != nil {
		return vm.Null, err
	}
	return vm.NewArray(out), c.Alloc(16 * len(out))
}

func arrayExists(c *vm.Call) (vm.Value, error) {
	found := false
	err := each(c, func(_, r vm.Value) bool {
		found = r.Truthy()
		return !found
	})
	return vm.Bool(found), err
}

func arrayCount(c *vm.Call) (vm.Value, error) {
	n := 0
	err := each(c, func(_, r vm.Value) bool {
		if r.Truthy() {
			n++
		}
		return true
	})
	return vm.Int(n), err
}

func arrayReduce(c *vm.Call) (vm.Value, error) {
	f, acc := c.Arg(0), c.Arg(2)
	list := vm.NewArray(slices.Clone(valuesOf(c.Arg(1))))
	if err := room(c, list.Len()); err != nil {
		return vm.Null, err
	}
	c.Keep(list)
	defer c.Release()
	for _, e := range list.Elems() {
		r, err := c.Invoke(f, acc, e)
		if err != nil {
			return vm.Null, err
		}
		acc = r
	}
	return acc, nil
}
