package stl

import (
	"math"

	"hogpen/hog/vm"
)

const numberGroup = "Numbers"

var numberFuncs = []*Func{
	{
		Func: fn("toInt", 1, 1, plain(toInt)), Group: numberGroup, Args: "value",
		Doc: "Reads the whole number at the beginning of the text of a value, null when there is none. A datetime gives its epoch seconds, a date its days since 1970.", Null: "Gives null.",
		Examples: []Example{{"toInt('12abc')", "12"}, {"toInt('0x1F')", "31"}, {"toInt('1e3')", "1"}, {"toInt(-12.9)", "-12"}, {"toInt(true)", "null"}},
	},
	{
		Func: fn("toFloat", 1, 1, plain(toFloat)), Group: numberGroup, Args: "value",
		Doc: "Reads the number at the beginning of the text of a value, null when there is none. Dates as in toInt, with fractions.", Null: "Gives null.",
		Examples: []Example{{"toFloat('1.5x')", "1.5"}, {"toFloat('x')", "null"}},
	},
	{
		Func: fn("floor", 1, 2, plain(func(c *vm.Call) vm.Value { return vm.Number(math.Floor(number(c, 0, 0))) })), Group: numberGroup, Args: "number",
		Doc:      "Gives the next whole number below.",
		Examples: []Example{{"floor(-1.1)", "-2"}},
	},
	{
		Func: fn("round", 1, 2, plain(func(c *vm.Call) vm.Value { return vm.Number(round(number(c, 0, 0))) })), Group: numberGroup, Args: "number",
		Doc:      "Gives the nearest whole number; a half goes up.",
		Examples: []Example{{"round(2.5)", "3"}, {"round(-2.5)", "-2"}},
	},
	{
		Func: fn("min2", 2, 2, plain(min2)), Group: numberGroup, Args: "a, b",
		Doc:      "Gives the smaller of two values.",
		Examples: []Example{{"min2(3, 2)", "2"}},
	},
	{
		Func: fn("plus", 2, 2, plus), Group: numberGroup, Args: "a, b",
		Doc:      "Adds two numbers, or joins texts when one side is a text. The operator + always adds.",
		Examples: []Example{{"plus('a', 1)", "'a1'"}, {"plus(1, 2)", "3"}},
	},
	{
		Func: fn("minus", 2, 2, plain(func(c *vm.Call) vm.Value { return vm.Number(number(c, 0, 0) - number(c, 1, 0)) })), Group: numberGroup, Args: "a, b",
		Doc:      "Subtracts b from a.",
		Examples: []Example{{"minus(3, 2)", "1"}},
	},
	{
		Func: fn("range", 1, 2, rangeOf), Group: numberGroup, Args: "start?, end",
		Doc:      "Gives the whole numbers from start (0 unless given) up to below end.",
		Examples: []Example{{"range(3)", "[0, 1, 2]"}, {"range(2, 5)", "[2, 3, 4]"}, {"range(-1)", "[]"}},
	},
}

func toInt(c *vm.Call) vm.Value {
	v := c.Arg(0)
	switch v.Kind() {
	case vm.KindDateTime:
		return vm.Number(math.Floor(vm.EpochSeconds(v)))
	case vm.KindDate:
		return vm.Number(math.Floor(vm.EpochSeconds(v) / 86400))
	}
	if f, ok := vm.LeadingInt(vm.JSText(v)); ok {
		return vm.Number(f)
	}
	return vm.Null
}

func toFloat(c *vm.Call) vm.Value {
	v := c.Arg(0)
	switch v.Kind() {
	case vm.KindDateTime:
		return vm.Number(vm.EpochSeconds(v))
	case vm.KindDate:
		return vm.Number(vm.EpochSeconds(v) / 86400)
	}
	if f, ok := vm.LeadingFloat(vm.JSText(v)); ok {
		return vm.Number(f)
	}
	return vm.Null
}

// round takes halves up, as JavaScript does; x + 0.5 would be wrong just below
// a half and beyond 2^52.
func round(x float64) float64 {
	f := math.Floor(x)
	if x-f >= 0.5 {
		return f + 1
	}
	return f
}

func min2(c *vm.Call) vm.Value {
	if vm.Less(c.Arg(0), c.Arg(1)) {
		return c.Arg(0)
	}
	return c.Arg(1)
}

func plus(c *vm.Call) (vm.Value, error) {
	a, b := c.Arg(0), c.Arg(1)
	if simple(a) && simple(b) {
		return vm.Number(vm.ToNumber(a) + vm.ToNumber(b)), nil
	}
	x, y := vm.JSText(a), vm.JSText(b)
	if err := work(c, len(x)+len(y)); err != nil {
		return vm.Null, err
	}
	return vm.String(x + y), nil
}

func simple(v vm.Value) bool {
	return v.Kind() == vm.KindNull || v.Kind() == vm.KindBool || v.Kind() == vm.KindNumber
}

func rangeOf(c *vm.Call) (vm.Value, error) {
	from, to := 0.0, number(c, 0, 0)
	if len(c.Args) > 1 {
		from, to = to, number(c, 1, 0)
	}
	n := math.Trunc(to - from)
	if !(n > 0) {
		return vm.NewArray(nil), nil
	}
	if n > math.MaxInt32 {
		n = math.MaxInt32 // more than any memory limit that is on
	}
	if err := room(c, int(n)); err != nil {
		return vm.Null, err
	}
	out := make([]vm.Value, int(n))
	for i := range out {
		out[i] = vm.Number(from + float64(i))
	}
	return vm.NewArray(out), nil
}
