package stl

import "hogpen/hog/vm"

const logicGroup = "Logic and null"

var logicFuncs = []*Func{
	{
		Func: test("equals", 2, vm.StrictEqual), Group: logicGroup, Args: "a, b",
		Doc:      "Tells whether two values are equal without any conversion; the operator = converts.",
		Examples: []Example{{"equals(1, '1')", "false"}, {"equals(1, 1)", "true"}},
	},
	{
		Func: test("notEquals", 2, func(a, b vm.Value) bool { return !vm.StrictEqual(a, b) }), Group: logicGroup, Args: "a, b",
		Doc:      "The opposite of equals.",
		Examples: []Example{{"notEquals(1, 2)", "true"}},
	},
	{
		Func: fn("greater", 2, 2, ordered(vm.Greater)), Group: logicGroup, Args: "a, b",
		Doc:      "Tells whether a is greater than b.",
		Examples: []Example{{"greater(2, 1)", "true"}},
	},
	{
		Func: fn("greaterOrEquals", 2, 2, ordered(vm.GreaterOrEqual)), Group: logicGroup, Args: "a, b",
		Doc:      "Tells whether a is at least b.",
		Examples: []Example{{"greaterOrEquals(2, 2)", "true"}},
	},
	{
		Func: fn("less", 2, 2, ordered(vm.Less)), Group: logicGroup, Args: "a, b",
		Doc:      "Tells whether a is less than b.",
		Examples: []Example{{"less(2, 1)", "false"}},
	},
	{
		Func: fn("lessOrEquals", 2, 2, ordered(vm.LessOrEqual)), Group: logicGroup, Args: "a, b",
		Doc:      "Tells whether a is at most b.",
		Examples: []Example{{"lessOrEquals(2, 2)", "true"}},
	},
	{
		Func: fn("and", 1, many, plain(and)), Group: logicGroup, Args: "value, …",
		Doc:      "Tells whether all values count as true.",
		Examples: []Example{{"and(1)", "true"}, {"and(1, 0)", "false"}},
	},
	{
		Func: fn("or", 1, many, plain(or)), Group: logicGroup, Args: "value, …",
		Doc:      "Tells whether one of the values counts as true.",
		Examples: []Example{{"or(0)", "false"}, {"or(0, 'a')", "true"}},
	},
	{
		Func: test("not", 1, func(a, _ vm.Value) bool { return !a.Truthy() }), Group: logicGroup, Args: "value",
		Doc:      "Tells whether a value counts as false: null, false, 0, NaN and ''.",
		Examples: []Example{{"not('')", "true"}, {"not([])", "false"}},
	},
	{
		Func: test("in", 2, func(a, b vm.Value) bool { return holds(b, a) }), Group: logicGroup, Args: "value, list",
		Doc:      "Tells whether an array or tuple holds the value; texts are not searched.",
		Examples: []Example{{"arrayMap(in, [])", "[]"}},
	},
	{
		Func: fn("if", 3, 3, plain(choose)), Group: logicGroup, Args: "condition, then, else",
		Doc:      "Gives then when the condition counts as true, else the third argument.",
		Examples: []Example{{"if(1 > 2, 'a', 'b')", "'b'"}},
	},
	{
		Func: fn("multiIf", 3, many, plain(choose)), Group: logicGroup, Args: "condition, value, …, else",
		Doc:      "Gives the value behind the first condition that counts as true, else the last argument.",
		Examples: []Example{{"multiIf(false, 1, true, 2, 3)", "2"}},
	},
	{
		Func: fn("ifNull", 2, 2, plain(coalesce)), Group: logicGroup, Args: "value, default",
		Doc: "Gives the value, or the default when it is null.", Null: "Gives the default.",
		Examples: []Example{{"ifNull(null, 1)", "1"}, {"ifNull(0, 1)", "0"}},
	},
	{
		Func: fn("coalesce", 1, many, plain(coalesce)), Group: logicGroup, Args: "value, …",
		Doc: "Gives the first argument that is not null.", Null: "Passes on to the next.",
		Examples: []Example{{"coalesce(null, 2)", "2"}},
	},
	{
		Func: test("isNull", 1, func(a, _ vm.Value) bool { return a.IsNull() }), Group: logicGroup, Args: "value",
		Doc: "Tells whether the value is null.", Null: "Gives true.",
		Examples: []Example{{"isNull(null)", "true"}},
	},
	{
		Func: test("isNotNull", 1, func(a, _ vm.Value) bool { return !a.IsNull() }), Group: logicGroup, Args: "value",
		Doc: "Tells whether the value is anything but null.", Null: "Gives false.",
		Examples: []Example{{"isNotNull(0)", "true"}},
	},
	{
		Func: fn("assumeNotNull", 1, 1, assumeNotNull), Group: logicGroup, Args: "value",
		Doc: "Gives the value back.", Null: "Aborts the run.",
		Examples: []Example{{"assumeNotNull(1)", "1"}},
	},
	{
		Func: fn("typeof", 1, 1, plain(func(c *vm.Call) vm.Value { return vm.String(c.Arg(0).TypeName()) })), Group: logicGroup, Args: "value",
		Doc: "Gives the name of the value's type: null, boolean, integer, float, string, array, tuple, object, date, datetime, error, function or sql.", Null: "Gives 'null'.",
		Examples: []Example{{"typeof(1.0)", "'integer'"}, {"typeof((1, 2))", "'tuple'"}, {"typeof(x -> x)", "'function'"}},
	},
}

func ordered(f func(a, b vm.Value) bool) vm.HostFunc {
	return plain(func(c *vm.Call) vm.Value {
		a, b := c.Arg(0), c.Arg(1)
		if c.NullOrdering() == vm.NullOrderingFalse && (a.IsNull() || b.IsNull()) {
			return vm.False
		}
		return vm.Bool(f(a, b))
	})
}

func and(c *vm.Call) vm.Value {
	for _, a := range c.Args {
		if !a.Truthy() {
			return vm.False
		}
	}
	return vm.True
}

func or(c *vm.Call) vm.Value {
	for _, a := range c.Args {
		if a.Truthy() {
			return vm.True
		}
	}
	return vm.False
}

// choose is if and multiIf as functions: conditions and values in turn.
func choose(c *vm.Call) vm.Value {
	for i := 0; i+1 < len(c.Args); i += 2 {
		if c.Args[i].Truthy() {
			return c.Args[i+1]
		}
	}
	if len(c.Args)%2 == 1 {
		return c.Args[len(c.Args)-1]
	}
	return vm.Null
}

func coalesce(c *vm.Call) vm.Value {
	for _, a := range c.Args {
		if !a.IsNull() {
			return a
		}
	}
	return vm.Null
}

func assumeNotNull(c *vm.Call) (vm.Value, error) {
	if c.Arg(0).IsNull() {
		return vm.Null, vm.LibraryErrorf("Value is null in assumeNotNull")
	}
	return c.Arg(0), nil
}
