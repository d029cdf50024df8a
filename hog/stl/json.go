package stl

import (
	"strings"

	"hogpen/hog/vm"
)

const jsonGroup = "JSON"

var jsonFuncs = []*Func{
	{
		Func: fn("jsonParse", 1, 1, jsonParse), Group: jsonGroup, Args: "text",
		Doc:      "Reads JSON. Bad text aborts the run and cannot be caught; see isValidJSON.",
		Examples: []Example{{`jsonParse('{"a": [1, null]}')`, "{'a': [1, null]}"}},
	},
	{
		Func: fn("jsonStringify", 1, 2, jsonStringify), Group: jsonGroup, Args: "value, indent?",
		Doc:      "Writes JSON, over several lines when indent is a positive number.",
		Examples: []Example{{"jsonStringify({'a': (1, 2), 'b': null})", `'{"a":[1,2],"b":null}'`}, {"jsonStringify(0/0)", "'null'"}, {"jsonStringify([1, {'a': 2}], 2)", `'[\n  1,\n  {\n    "a": 2\n  }\n]'`}},
	},
	{
		Func: fn("isValidJSON", 1, 1, isValidJSON), Group: jsonGroup, Args: "value",
		Doc: "Tells whether the text of a value is JSON.", Null: "Gives true.",
		Examples: []Example{{"isValidJSON('{')", "false"}, {"isValidJSON(null)", "true"}},
	},
	{
		Func: fn("JSONHas", 1, many, jsonHas), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Tells whether there is something at a path of keys and positions (from 1, or from the end when negative). The first argument is JSON text or a value.",
		Examples: []Example{{`JSONHas('{"a":[1]}', 'a', -1)`, "true"}, {`JSONHas('{"a":1}', 'b')`, "false"}},
	},
	{
		Func: fn("JSONLength", 1, many, jsonLength), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Counts the elements of what is at the path, 0 when there is no array or dict.",
		Examples: []Example{{`JSONLength('{"a":[1,2]}', 'a')`, "2"}, {"JSONLength('{')", "0"}},
	},
	{
		Func: fn("JSONExtractBool", 1, many, jsonExtractBool), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Gives the boolean at the path, else false.",
		Examples: []Example{{`JSONExtractBool('{"a":true}', 'a')`, "true"}, {`JSONExtractBool('{"a":1}', 'a')`, "false"}},
	},
	{
		Func: fn("JSONExtractInt", 1, many, extractor(leadingInt, vm.Null)), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Gives the whole number at the beginning of the text at the path, else null.",
		Examples: []Example{{`JSONExtractInt('{"a":"12px"}', 'a')`, "12"}},
	},
	{
		Func: fn("JSONExtractFloat", 1, many, extractor(leadingFloat, vm.Null)), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Gives the number at the beginning of the text at the path, else null.",
		Examples: []Example{{`JSONExtractFloat('{"a":"1.5"}', 'a')`, "1.5"}},
	},
	{
		Func: fn("JSONExtractString", 1, many, extractor(textOf, vm.Null)), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Gives the text of what is at the path, null when that is null.",
		Examples: []Example{{"JSONExtractString({'a': [1, 2]}, 'a')", "'1,2'"}},
	},
	{
		Func: elements(fn("JSONExtractArrayRaw", 1, many, extractor(listOf, vm.Null))), Group: jsonGroup, Args: "json, key, …",
		Doc:      "Gives the array at the path, else null.",
		Examples: []Example{{`JSONExtractArrayRaw('{"a":[1]}', 'a')`, "[1]"}},
	},
	{
		Func: elements(fn("JSONExtract", 2, many, jsonExtract)), Group: jsonGroup, Args: "json, key, …, type",
		Doc:      "Gives the value at the path between the first and the last argument, which is ignored.",
		Examples: []Example{{`JSONExtract('{"a":[1]}', 'a', 'Array(Int)')`, "[1]"}},
	},
}

func jsonParse(c *vm.Call) (vm.Value, error) {
	s := vm.JSText(c.Arg(0))
	if err := parseCost(c, len(s)); err != nil {
		return vm.Null, err
	}
	v, err := vm.ParseJSONText(s)
	if err != nil {
		return vm.Null, vm.LibraryErrorf("%s", err.Error())
	}
	return v, nil
}

// parseCost charges for what a JSON text may become: in the worst case, "[[[",
// each byte a container.
func parseCost(c *vm.Call, n int) error {
	if err := c.Spend(n / 8); err != nil {
		return err
	}
	return c.Alloc(4 * n)
}

func jsonStringify(c *vm.Call) (vm.Value, error) {
	indent := ""
	if n := c.Arg(1).Num(); n >= 1 {
		indent = strings.Repeat(" ", int(min(n, 10)))
	}
	b := vm.AppendJSONIndent(nil, c.Arg(0), indent)
	if err := c.Spend(len(b) / 8); err != nil {
		return vm.Null, err
	}
	if err := c.AllocText(len(b)); err != nil {
		return vm.Null, err
	}
	return vm.String(string(b)), nil
}

func isValidJSON(c *vm.Call) (vm.Value, error) {
	s := vm.JSText(c.Arg(0))
	if err := parseCost(c, len(s)); err != nil {
		return vm.Null, err
	}
	_, err := vm.ParseJSONText(s)
	return vm.Bool(err == nil), nil
}

// open gives the value that a JSON function works on: a text is parsed.
func open(c *vm.Call, v vm.Value) (vm.Value, bool, error) {
	if !v.IsString() {
		return v, true, nil
	}
	if err := parseCost(c, len(v.Text())); err != nil {
		return vm.Null, false, err
	}
	v, err := vm.ParseJSONText(v.Text())
	return v, err == nil, nil
}

// walk follows a path; ok is false for bad JSON.
func walk(c *vm.Call, path []vm.Value) (vm.Value, bool, error) {
	v, ok, err := open(c, c.Arg(0))
	if !ok || err != nil {
		return vm.Null, false, err
	}
	for i, key := range path {
		if key.IsNumber() && key.Num() == 0 && counts(c, v, i) {
			return vm.Null, false, vm.LibraryErrorf("Hog arrays start from index 1")
		}
		if v, err = c.Property(v, key); err != nil {
			return vm.Null, false, err
		}
	}
	return v, true, nil
}

// counts tells whether a number at place i of a path counts elements of v,
// though it has none: a dict that came as a value may have a key 0, and nothing
// else that a path starts from is looked into.
func counts(c *vm.Call, v vm.Value, i int) bool {
	if v.IsDict() {
		return c.Arg(0).IsString()
	}
	return i > 0 && !v.IsNull()
}

// inside is walk for functions that give null when there is nothing to walk
// into: PostHog's walk starts inside of something, even without a path.
func inside(c *vm.Call, path []vm.Value) (vm.Value, bool, error) {
	v, ok, err := walk(c, path)
	if len(path) == 0 && !v.IsList() && !v.IsDict() {
		v = vm.Null
	}
	return v, ok, err
}

func jsonExtractBool(c *vm.Call) (vm.Value, error) {
	v, ok, err := walk(c, c.Args[1:])
	return vm.Bool(ok && err == nil && v.Truth()), err
}

func extractor(f func(vm.Value) vm.Value, otherwise vm.Value) vm.HostFunc {
	return func(c *vm.Call) (vm.Value, error) {
		v, ok, err := inside(c, c.Args[1:])
		if err != nil || !ok {
			return otherwise, err
		}
		return f(v), nil
	}
}

func leadingInt(v vm.Value) vm.Value {
	if f, ok := vm.LeadingInt(vm.JSText(v)); ok {
		return vm.Number(f)
	}
	return vm.Null
}

func leadingFloat(v vm.Value) vm.Value {
	if f, ok := vm.LeadingFloat(vm.JSText(v)); ok {
		return vm.Number(f)
	}
	return vm.Null
}

func textOf(v vm.Value) vm.Value {
	switch {
	case v.IsNull(), v.IsString():
		return v
	case v.IsDict():
		return vm.String("[object Object]")
	}
	return vm.String(vm.JSText(v))
}

func listOf(v vm.Value) vm.Value {
	if v.IsList() {
		return v
	}
	return vm.Null
}

func jsonExtract(c *vm.Call) (vm.Value, error) {
	v, _, err := inside(c, c.Args[1:len(c.Args)-1])
	return v, err
}

func jsonLength(c *vm.Call) (vm.Value, error) {
	v, _, err := walk(c, c.Args[1:])
	return vm.Int(v.Len()), err
}

func jsonHas(c *vm.Call) (vm.Value, error) {
	v := c.Arg(0)
	for _, key := range c.Args[1:] {
		var ok bool
		var err error
		if v, ok, err = open(c, v); err != nil || !ok {
			return vm.False, err
		}
		switch {
		case v.IsDict():
			if v, ok = v.Lookup(key); !ok {
				return vm.False, nil
			}
		case v.IsList() && key.IsNumber():
			n := key.Num()
			if n < 0 {
				n += float64(v.Len()) + 1
			}
			if n < 1 || n > float64(v.Len()) || n != float64(int(n)) {
				return vm.False, nil
			}
			v = v.At(int(n) - 1)
		default:
			return vm.False, nil
		}
	}
	return vm.True, nil
}
