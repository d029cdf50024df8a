package stl

import (
	"strings"

	"hogpen/hog/vm"
)

const patternGroup = "Patterns"

var patternFuncs = []*Func{
	{
		Func: fn("like", 2, 2, liker(false, false)), Group: patternGroup, Args: "text, pattern",
		Doc:      "Tells whether the pattern is found in text: % stands for any characters within a line, _ for one. The pattern may stand anywhere.",
		Examples: []Example{{"like('abc', 'b')", "true"}, {"like('abc', 'a.c')", "false"}},
	},
	{
		Func: fn("ilike", 2, 2, liker(true, false)), Group: patternGroup, Args: "text, pattern",
		Doc:      "like that ignores case.",
		Examples: []Example{{"ilike('ABC', 'a_c')", "true"}},
	},
	{
		Func: fn("notLike", 2, 2, liker(false, true)), Group: patternGroup, Args: "text, pattern",
		Doc:      "The opposite of like.",
		Examples: []Example{{"notLike('abc', 'x')", "true"}},
	},
	{
		Func: fn("notILike", 2, 2, liker(true, true)), Group: patternGroup, Args: "text, pattern",
		Doc:      "The opposite of ilike.",
		Examples: []Example{{"notILike('ABC', 'b')", "false"}},
	},
	{
		Func: fn("match", 2, 2, match), Group: patternGroup, Args: "text, pattern",
		Doc: "Tells whether a regular expression (RE2 syntax) matches somewhere in text. An empty text or pattern gives false.", Null: "Gives false.",
		Examples: []Example{{"match('abc123', '[0-9]+$')", "true"}, {"match(null, 'a')", "false"}},
	},
	{
		Func: fn("extractRegex", 2, 2, extractRegex), Group: patternGroup, Args: "text, pattern",
		Doc: "Gives the first group of the first match, or the whole match when the pattern has no group; '' without a match.", Null: "Gives ''.",
		Examples: []Example{{"extractRegex('abc123', '([a-z])([a-z])')", "'a'"}, {"extractRegex('abc123', '[0-9]+')", "'123'"}},
	},
	{
		Func: fn("multiSearchAnyCaseInsensitive", 2, 2, plain(multiSearch)), Group: patternGroup, Args: "text, needles",
		Doc: "Gives 1 when one of the needles stands in text, ignoring case, else 0.", Null: "Gives 0.",
		Examples: []Example{{"multiSearchAnyCaseInsensitive('Hello', ['x', 'ELL'])", "1"}},
	},
}

func liker(fold, negate bool) vm.HostFunc {
	return plain(func(c *vm.Call) vm.Value { return vm.Bool(c.Like(c.Arg(0), c.Arg(1), fold) != negate) })
}

func match(c *vm.Call) (vm.Value, error) {
	ok, err := c.Matches(c.Arg(0), c.Arg(1))
	return vm.Bool(ok), err
}

func extractRegex(c *vm.Call) (vm.Value, error) {
	text, pattern := c.Arg(0), c.Arg(1)
	if text.IsNull() || pattern.IsNull() {
		return vm.String(""), nil
	}
	re, err := c.Regex(vm.JSText(pattern))
	if err != nil {
		return vm.Null, err
	}
	m := re.FindStringSubmatch(vm.JSText(text))
	switch {
	case m == nil:
		return vm.String(""), nil
	case len(m) > 1:
		return vm.String(m[1]), nil
	}
	return vm.String(m[0]), nil
}

func multiSearch(c *vm.Call) vm.Value {
	if c.Arg(0).IsNull() || !c.Arg(1).IsList() {
		return vm.Int(0)
	}
	s := lower(vm.JSText(c.Arg(0)))
	for _, n := range c.Arg(1).Elems() {
		if strings.Contains(s, lower(vm.JSText(n))) {
			return vm.Int(1)
		}
	}
	return vm.Int(0)
}
