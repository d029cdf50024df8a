package stl

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"hogpen/hog/vm"
)

const listGroup = "Arrays and dicts"

// elements marks a function that hands elements of its arguments on.
func elements(f vm.Func) vm.Func {
	f.Elements = true
	return f
}

var listFuncs = []*Func{
	{
		Func: fn("tuple", 0, many, tuple), Group: listGroup, Args: "value, …",
		Doc:      "Makes a tuple.",
		Examples: []Example{{"tuple(1)", "tuple(1)"}, {"tuple(1, 2)", "(1, 2)"}},
	},
	{
		Func: fn("keys", 1, 1, keys), Group: listGroup, Args: "value",
		Doc: "Gives the keys of a dict in their order, or the positions of an array counted from 0.", Null: "Gives [].",
		Examples: []Example{{"keys({'b': 1, 'a': 2})", "['b', 'a']"}, {"keys([5, 6])", "[0, 1]"}, {"keys(null)", "[]"}},
	},
	{
		Func: elements(fn("values", 1, 1, values)), Group: listGroup, Args: "value",
		Doc: "Gives the values of a dict in their order, or a copy of an array.", Null: "Gives [].",
		Examples: []Example{{"values({'b': 1, 'a': 2})", "[1, 2]"}, {"values('a')", "[]"}},
	},
	{
		Func: fn("indexOf", 2, 2, plain(indexOf)), Group: listGroup, Args: "array, value",
		Doc: "Gives the place of a value in an array, counted from 1; 0 when it is not there.", Null: "Gives 0.",
		Examples: []Example{{"indexOf([1, 2], 2)", "2"}, {"indexOf([1], '1')", "0"}},
	},
	{
		Func: test("has", 2, holds), Group: listGroup, Args: "array, value",
		Doc: "Tells whether an array or tuple holds a value; texts are not searched.", Null: "Gives false.",
		Examples: []Example{{"has([1, 2], 2)", "true"}, {"has('abc', 'a')", "false"}},
	},
	{
		Func: elements(fn("arrayPushBack", 2, 2, arrayPushBack)), Group: listGroup, Args: "array, value",
		Doc: "Gives a new array with the value at its end.", Null: "Gives [value].",
		Examples: []Example{{"arrayPushBack([1], 2)", "[1, 2]"}, {"arrayPushBack(null, 2)", "[2]"}},
	},
	{
		Func: elements(fn("arrayPushFront", 2, 2, arrayPushFront)), Group: listGroup, Args: "array, value",
		Doc: "Gives a new array with the value at its beginning.", Null: "Gives [value].",
		Examples: []Example{{"arrayPushFront([1], 2)", "[2, 1]"}},
	},
	{
		Func: elements(fn("arrayPopBack", 1, 1, slicer(func(e []vm.Value) []vm.Value { return e[:max(0, len(e)-1)] }))), Group: listGroup, Args: "array",
		Doc: "Gives a new array without the last element.", Null: "Gives [].",
		Examples: []Example{{"arrayPopBack([1, 2])", "[1]"}, {"arrayPopBack([])", "[]"}},
	},
	{
		Func: elements(fn("arrayPopFront", 1, 1, slicer(func(e []vm.Value) []vm.Value { return e[min(1, len(e)):] }))), Group: listGroup, Args: "array",
		Doc: "Gives a new array without the first element.", Null: "Gives [].",
		Examples: []Example{{"arrayPopFront([1, 2])", "[2]"}},
	},
	{
		Func: elements(fn("arraySort", 1, many, sorter(false))), Group: listGroup, Args: "array",
		Doc: "Gives a new array ordered by the texts of the elements: 10 comes before 2.", Null: "Gives [].",
		Examples: []Example{{"arraySort(['b', 'a'])", "['a', 'b']"}, {"arraySort([2, 10, 1])", "[1, 10, 2]"}},
	},
	{
		Func: elements(fn("arrayReverseSort", 1, many, sorter(true))), Group: listGroup, Args: "array",
		Doc: "arraySort, the other way round.", Null: "Gives [].",
		Examples: []Example{{"arrayReverseSort(['a', 'b'])", "['b', 'a']"}},
	},
	{
		Func: elements(fn("arrayReverse", 1, 1, arrayReverse)), Group: listGroup, Args: "array",
		Doc: "Gives a new array in the other order.", Null: "Gives [].",
		Examples: []Example{{"arrayReverse([1, 2])", "[2, 1]"}},
	},
	{
		Func: fn("arrayStringConcat", 1, 2, arrayStringConcat), Group: listGroup, Args: "array, separator?",
		Doc: "Joins the texts of the elements; null elements add nothing.", Null: "Gives ''.",
		Examples: []Example{{"arrayStringConcat([1, 'a', null, [2, 3]])", "'1a2,3'"}, {"arrayStringConcat(['a', 'b'], '-')", "'a-b'"}},
	},
	{
		Func: hogFunc(fn("sortableSemver", 1, 1, sortableSemver)), Group: listGroup, Args: "text",
		Doc: "Gives the numbers of the first version in a text, for comparison with < and >.", Null: "Gives [].",
		Examples: []Example{{"sortableSemver('v10.0.1-beta.2')", "[10, 0, 1]"}, {"sortableSemver('1.10') > sortableSemver('1.9')", "true"}},
	},
	{
		Func: hogFunc(fn("inCohort", 2, 2, cohort("inCohort", false))), Group: listGroup, Args: "id, ids",
		Doc:  "Tells whether a cohort is among those of the person.",
		Null: "Null ids throw an error.",
	},
	{
		Func: hogFunc(fn("notInCohort", 2, 2, cohort("notInCohort", true))), Group: listGroup, Args: "id, ids",
		Doc:  "The opposite of inCohort.",
		Null: "Null ids throw an error.",
	},
}

func hogFunc(f vm.Func) vm.Func {
	f.Hog = true
	return f
}

func tuple(c *vm.Call) (vm.Value, error) {
	if err := room(c, len(c.Args)); err != nil {
		return vm.Null, err
	}
	return vm.NewTuple(slices.Clone(c.Args)), nil
}

func keys(c *vm.Call) (vm.Value, error) {
	v := c.Arg(0)
	if err := room(c, v.Len()); err != nil {
		return vm.Null, err
	}
	switch {
	case v.IsDict():
		return vm.SharedKeys(v), nil
	case v.IsList():
		out := make([]vm.Value, v.Len())
		for i := range out {
			out[i] = vm.Int(i)
		}
		return vm.NewArray(out), nil
	}
	var out []vm.Value
	for _, name := range v.FieldNames() {
		out = append(out, vm.String(name))
	}
	return vm.NewArray(out), nil
}

func values(c *vm.Call) (vm.Value, error) {
	v := c.Arg(0)
	if err := room(c, v.Len()); err != nil {
		return vm.Null, err
	}
	if v.IsDict() {
		return vm.SharedValues(v), nil
	}
	return vm.NewArray(slices.Clone(valuesOf(v))), nil
}

// valuesOf gives what values gives, without copying where that is not needed.
func valuesOf(v vm.Value) []vm.Value {
	switch {
	case v.IsList():
		return v.Elems()
	case v.IsDict():
		_, vals := v.Entries()
		return vals
	}
	var out []vm.Value
	for _, name := range v.FieldNames() {
		out = append(out, v.Field(name))
	}
	return out
}

func indexOf(c *vm.Call) vm.Value {
	for i, e := range c.Arg(0).Elems() {
		if vm.StrictEqual(e, c.Arg(1)) {
			return vm.Int(i + 1)
		}
	}
	return vm.Int(0)
}

func holds(list, v vm.Value) bool {
	for _, e := range list.Elems() {
		if vm.SameValue(e, v) {
			return true
		}
	}
	return false
}

func arrayPushBack(c *vm.Call) (vm.Value, error) {
	old := c.Arg(0).Elems()
	if err := room(c, len(old)+1); err != nil {
		return vm.Null, err
	}
	return vm.NewArray(append(append(make([]vm.Value, 0, len(old)+1), old...), c.Arg(1))), nil
}

func arrayPushFront(c *vm.Call) (vm.Value, error) {
	old := c.Arg(0).Elems()
	if err := room(c, len(old)+1); err != nil {
		return vm.Null, err
	}
	return vm.NewArray(append(append(make([]vm.Value, 0, len(old)+1), c.Arg(1)), old...)), nil
}

// slicer makes a function that gives a part of an array.
func slicer(part func([]vm.Value) []vm.Value) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		e := part(c.Arg(0).Elems())
		if err := room(c, len(e)); err != nil {
			return vm.Null, err
		}
		return vm.NewArray(slices.Clone(e)), nil
	}
}

func arrayReverse(c *vm.Call) (vm.Value, error) {
	e := c.Arg(0).Elems()
	if err := room(c, len(e)); err != nil {
		return vm.Null, err
	}
	out := slices.Clone(e)
	slices.Reverse(out)
	return vm.NewArray(out), nil
}

// sortOrder is the one place that knows how arraySort orders: by text, as
// PostHog's VM does; a newer level may order numbers as numbers.
func sortOrder(a, b sortable) int { return vm.CompareText(a.text, b.text) }

type sortable struct {
	text  string
	value vm.Value
}

func sorter(backwards bool) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		e := c.Arg(0).Elems()
		if err := room(c, 3*len(e)); err != nil {
			return vm.Null, err
		}
		all := make([]sortable, len(e))
		for i, v := range e {
			all[i] = sortable{vm.JSText(v), v}
		}
		slices.SortStableFunc(all, sortOrder)
		out := make([]vm.Value, len(all))
		for i, s := range all {
			out[i] = s.value
		}
		if backwards {
			slices.Reverse(out)
		}
		return vm.NewArray(out), nil
	}
}

func arrayStringConcat(c *vm.Call) (vm.Value, error) {
	v, sep := c.Arg(0), ""
	if len(c.Args) > 1 {
		sep = vm.JSText(c.Arg(1))
	}
	if !v.IsList() {
		return vm.String(""), nil
	}
	size := len(sep) * v.Len()
	for _, e := range v.Elems() {
		size += len(e.Text()) + 2
	}
	if err := work(c, size); err != nil {
		return vm.Null, err
	}
	return vm.String(vm.JoinText(v, sep)), nil
}

var versionPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\d+(\.\d+)+`) })

func sortableSemver(c *vm.Call) (vm.Value, error) {
	if c.Arg(0).IsNull() {
		return vm.NewArray(nil), nil
	}
	var out []vm.Value
	for _, part := range strings.Split(versionPattern().FindString(vm.JSText(c.Arg(0))), ".") {
		if n, ok := vm.LeadingInt(part); ok {
			out = append(out, vm.Number(n))
		}
	}
	return vm.NewArray(out), nil
}

func cohort(name string, negate bool) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		if c.Arg(1).IsNull() {
			return vm.Null, vm.Throw(vm.NewError("Error",
				vm.String(name+"() requires cohort membership to be loaded for this evaluation"), vm.Null))
		}
		for _, id := range valuesOf(c.Arg(1)) {
			if vm.Equal(id, c.Arg(0)) {
				return vm.Bool(!negate), nil
			}
		}
		return vm.Bool(negate), nil
	}
}
