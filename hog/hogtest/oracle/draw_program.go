package oracle

import (
	"fmt"
	"strings"

	"hogpen/hog/stl"
)

// Globals are what the programs see.
const Globals = `{"event":{"event":"$pageview","distinct_id":"u-1","n":7,"text":"Ünï→😀","empty":"","none":null,"flag":true,"list":[1,"two",[3],{"k":4}],
"properties":{"$browser":"Chrome","price":12.5,"count":"3","nested":{"a":{"b":[1,2,3]}},"tags":["x","y"]}},
"person":{"id":"p1","properties":{"email":"ada@example.com","age":36}},"number":3,"word":"abc"}`

// program draws a program that ends: loops are bounded.
func (d *drawer) program() string {
	d.vars = []string{"number", "word"}
	src := "let v0 := " + d.value(2) + "\nlet v1 := " + d.value(1) + "\nlet v2 := [1, {'k': 2}, 'z']\nfn fn0(a, b) { return a ?? b }\nfn fn1(n) { if (n < 1) { return [] } return arrayPushBack(fn1(n - 1), n) }\n"
	d.vars = []string{"v0", "v1", "v2"}
	src += d.some(1, 8, "", func() string { return d.statement(3) + "\n" })
	return src + "print(v0, v1)\nreturn [v0, v1, v2]"
}

// variable gives one that may be assigned; counters of loops may not.
func (d *drawer) variable() string { return d.pick(d.vars...) }

func (d *drawer) readable() string {
	if len(d.counters) > 0 && d.chance(30) {
		return d.pick(d.counters...)
	}
	return d.variable()
}

func (d *drawer) statement(depth int) string {
	n := 16
	if depth <= 0 {
		n = 6
	}
	switch d.n(n) {
	case 0, 1:
		return d.variable() + " := " + d.value(3)
	case 2, 3:
		return "print(" + d.value(3) + ")"
	case 4:
		return d.variable() + d.pick("[1]", "[2]", "[-1]", "['k']", "['n']", ".k", ".new") + " := " + d.value(2)
	case 5:
		v := d.value(2)
		return "let " + d.declare() + " := " + v
	case 6, 7:
		return "if (" + d.value(2) + ") {" + d.body(depth) + "}" + d.maybe(60, func() string { return " else {" + d.body(depth) + "}" })
	case 8:
		i := d.fresh()
		return fmt.Sprintf("for (let %s := 0; %s < %d; %s := %s + 1) {%s}", i, i, d.n(5), i, i, d.counted(depth, i))
	case 9:
		i := d.fresh()
		return fmt.Sprintf("{ let %s := 0; while (%s < 3) { %s := %s + 1; %s } }", i, i, i, i, d.counted(depth, i))
	case 10:
		i := d.fresh()
		if d.chance(40) {
			j := d.fresh()
			return "for (let " + i + ", " + j + " in " + d.value(2) + ") {" + d.scoped(depth, i, j) + "}"
		}
		return "for (let " + i + " in " + d.value(2) + ") {" + d.scoped(depth, i) + "}"
	case 11, 12:
		e := d.fresh()
		of := d.pick("", ": Error", ": RetryError", ": Custom")
		return "try {" + d.body(depth) + d.maybe(50, func() string { return d.raise() + ";" }) + "} catch (" + e + of + ") { print(" + e + ".type, " + e + ".message, " + e + ".payload);" + d.scoped(depth, e) + "}"
	case 13:
		f := d.fresh()
		return "{ let " + f + " := (q) -> {" + d.scoped(depth-1, "q") + " return " + d.value(2) + "; }; " + d.variable() + " := " + f + "(" + d.value(1) + ") }"
	case 14:
		f, p := d.fresh(), d.fresh()
		return "fn " + f + "(" + p + ") {" + d.scoped(depth-1, p) + " return " + p + " }\n" + d.variable() + " := " + f + "(" + d.value(2) + ")"
	}
	if d.chance(30) {
		return d.raise()
	}
	return "{" + d.body(depth) + "}"
}

func (d *drawer) raise() string {
	return "throw " + d.pick("Error", "RetryError", "NotImplementedError") + "(" + d.pick("", "'broken'", `'it\'s'`, "'a', {'k': 1}", "null, 5") + ")"
}

// declare makes a variable of the block that is being drawn.
func (d *drawer) declare() string {
	v := d.fresh()
	d.vars = append(d.vars, v)
	return v
}

func (d *drawer) body(depth int) string { return d.scoped(depth) }

func (d *drawer) scoped(depth int, names ...string) string {
	n := len(d.vars)
	d.vars = append(d.vars, names...)
	src := d.some(0, 2, "", func() string { return " " + d.statement(depth-1) + ";" })
	d.vars = d.vars[:n]
	return src + " "
}

// counted is scoped for a loop that counts.
func (d *drawer) counted(depth int, counter string) string {
	d.counters = append(d.counters, counter)
	defer func() { d.counters = d.counters[:len(d.counters)-1] }()
	return d.scoped(depth)
}

func (d *drawer) value(depth int) string {
	if depth <= 0 || d.chance(12) {
		switch d.n(4) {
		case 0:
			return d.readable()
		case 1:
			return d.global()
		}
		return d.literal()
	}
	v := func() string { return d.value(depth - 1) }
	switch d.n(26) {
	case 0:
		return d.readable()
	case 1:
		return d.global()
	case 2, 3:
		return "(" + v() + d.pick(" + ", " - ", " * ", " / ", " % ") + v() + ")"
	case 4, 5, 6:
		return "(" + v() + d.pick(" = ", " != ", " < ", " <= ", " > ", " >= ") + v() + ")"
	case 7:
		return "(" + v() + d.pick(" like ", " ilike ", " not like ", " not ilike ") + d.pick("'%a%'", "'a_c'", "'Chrome'", "'%.%'", "''", "'%'", v()) + ")"
	case 8:
		return "(" + v() + d.pick(" in ", " not in ") + d.pick("[1, 2, 'abc']", "(1, null, 'x')", "['a', "+v()+"]", "concat("+v()+")", "event.list") + ")"
	case 9:
		return "(" + v() + d.pick(" =~ ", " !~ ", " =~* ", " !~* ") + d.pick("'^a'", "'[a-z]+'", "'b.?c'", "'CHROME'", "'\\\\d+'") + ")"
	case 10, 11:
		return "(" + v() + d.pick(" and ", " or ") + v() + ")"
	case 12:
		return d.pick("(not ", "(- ") + v() + ")"
	case 13:
		return "[" + d.some(0, 3, ", ", v) + "]"
	case 14:
		return "{" + d.some(0, 3, ", ", func() string { return d.pick("'k'", "'l'", "'1'", "3", "word") + ": " + v() }) + "}"
	case 15:
		return "tuple(" + d.some(1, 3, ", ", v) + ")"
	case 16:
		return "(" + v() + ")" + d.pick("[1]", "[2]", "[-1]", "['k']", ".k", ".1", "?.k", "?.[1]", "[5]", "['nothing']", "?.a?.b")
	case 17:
		return "(" + v() + d.pick(" ?? ", " || ") + v() + ")"
	case 18:
		return "(" + v() + " ? " + v() + " : " + v() + ")"
	case 19:
		return d.pick("fn0", "concat", "tuple", "coalesce", "ifNull") + "(" + v() + ", " + v() + ")"
	case 20, 21:
		return closed(d.pick("toString(", "length([1, ", "keys(", "values(", "typeof(", "jsonStringify(", "toInt(", "toFloat(", "empty(", "notEmpty(", "upper(toString(", "upper(", "toDate(", "lower(concat(", "reverse(toString(", "tuple(", "not(", "isNull(", "length(toString("), v())
	case 22:
		return d.pick("arrayMap", "arrayFilter", "arrayExists") + "(" + d.closure(depth) + ", " + d.pick("[1, 2, 3]", "event.list", "['a', null]", v()) + ")"
	case 23:
		return "(" + d.closure(depth) + ")(" + v() + ")"
	case 24:
		return "fn1(" + d.pick("0", "1", "3") + ")"
	}
	return "f'" + d.pick("a", "", "é ") + "{" + d.variable() + "}" + d.pick("", "{number + 1}", "!") + "'"
}

// closed puts an argument behind what opens a call and closes all brackets.
func closed(open, argument string) string {
	end := ""
	for _, c := range open {
		switch c {
		case '(':
			end = ")" + end
		case '[':
			end = "]" + end
		}
	}
	return open + argument + end
}

func (d *drawer) closure(depth int) string {
	p := d.fresh()
	d.vars = append(d.vars, p)
	body := d.value(depth - 1)
	d.vars = d.vars[:len(d.vars)-1]
	return "(" + p + ") -> " + body
}

func (d *drawer) global() string {
	return d.pick("event", "event.n", "event.text", "event.list", "event.none", "event.flag", "event.empty", "event.properties", "event.properties.$browser", "event.properties.price",
		"event.properties.count", "event.properties.nested.a.b", "event.properties.nothing", "person.properties.email", "number", "word")
}

func (d *drawer) literal() string {
	return d.pick("0", "1", "2", "-3", "7", "2.5", "0.1", "1000000", "1e21", "9007199254740993", "1e-7", "null", "true", "false", "''", "'a'", "'abc'", "'12'", "' 3 '", "'true'", "'x%'", "'Ünï'", "'😀b'", `'q\'s'`, `'tab\tnew\n'`,
		"[]", "{}", "[1, 2, 3]", "[3, 'b', null]", "{'a': 1, 'b': {'c': [1, 2]}}", "tuple(1, 'x')", "toDate('2024-02-29')", "toDateTime('2024-02-29T12:34:56.789Z')", "(x -> x)", "(0 / 0)", "(1 / 0)")
}

// unsteady functions answer by the clock or by chance, or may not be called.
var unsteady = []string{"inCohort", "notInCohort", "now", "today", "generateUUIDv4", "randCanonical", "sleep", "import", "run", "randomFloat", "generateUUID"}

// call draws a call of a function of the library, each in its turn.
func (d *drawer) call(turn int) string {
	var names []*stl.Func
	for _, f := range stl.All {
		steady := f.Name != "print"
		for _, u := range unsteady {
			steady = steady && !strings.EqualFold(f.Name, u)
		}
		if steady {
			names = append(names, f)
		}
	}
	f := names[turn%len(names)]
	d.vars = []string{"number", "word"}
	n := f.Min
	if f.Max > f.Min {
		n += d.n(f.Max - f.Min + 1)
	} else if f.Max < 0 {
		n += d.n(4)
	}
	args := make([]string, n)
	for i := range args {
		args[i] = d.argument(argumentName(f.Args, i))
	}
	return "return " + f.Name + "(" + strings.Join(args, ", ") + ")"
}

// argumentName gives the documented name of argument i.
func argumentName(list string, i int) string {
	names := strings.Split(list, ",")
	return strings.Trim(names[min(i, len(names)-1)], " ?….[]")
}

// argument draws a value that suits an argument by its name two times of
// three, and else any.
func (d *drawer) argument(name string) string {
	if d.chance(33) {
		return d.hostile()
	}
	name = strings.ToLower(name)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("fn", "callback", "lambda", "func", "compare"):
		return d.pick("x -> x", "x -> x > 1", "(a, b) -> a + b", "x -> length(toString(x))", "x -> [x]", "() -> 1", "x -> null", "toString", "(a, b) -> concat(a, b)")
	case has("array", "list", "tuple"):
		return d.pick("[1, 2, 3]", "[3, 1, 2]", "['b', 'a']", "[]", "[1, 'a', null, 2.5]", "[[1], [2]]", "tuple(1, 2)", "[null, null]", "event.list", "['a', 'ab', 'A', 'é']", "[true, false]", "[10, 9, 1]", "[{'a': 1}, {'a': 2}]")
	case name == "json":
		return d.pick(`'{"a":1,"b":[1,2,{"c":null}]}'`, `'[1,2.5,"x"]'`, `'"text"'`, `'12'`, `'{'`, `''`, `'{"a":{"b":"c"}}'`, `'null'`, `'true'`, `'1e400'`, `'{"a":1,"a":2}'`, `'["\\u00e9"]'`)
	case has("date", "time", "timestamp") && !has("zone", "format"):
		return d.pick("toDateTime('2024-02-29T12:34:56.789Z')", "toDate('2024-02-29')", "toDateTime(0)", "toDateTime('2023-12-31 23:59:59')", "toDate('1970-01-01')", "toDateTime('2024-06-15T00:00:00+02:00')", "1700000000", "'2024-01-31'", "toDateTime('1969-12-31T23:59:59Z')")
	case has("zone", "tz"):
		return d.pick("'UTC'", "'Europe/Berlin'", "'America/New_York'", "'Asia/Kolkata'", "'Nowhere/None'")
	case has("unit"):
		return d.pick("'day'", "'hour'", "'minute'", "'second'", "'week'", "'month'", "'year'", "'quarter'", "'Days'", "'millisecond'")
	case has("format"):
		return d.pick("'%Y-%m-%d'", "'%Y-%m-%d %H:%i:%S'", "'%a %b %d %e'", "'%y%j%%%Q'", "'%h %I %p %T %R'", "'%f %z %n %t %V %G %u %w'", "'x'", "'%'", "''")
	case has("regex", "pattern"):
		return d.pick("'a'", "'^[a-c]+'", "'b.'", "'(a)(b)?'", "'\\\\d+'", "'(?i)A'", "''", "'[a-z]'", "'.*@(.*)'")
	case name == "n" || has("index", "pos", "start", "length", "max", "number", "amount", "seconds", "days", "end"):
		return d.pick("0", "1", "2", "-1", "3", "10", "1.5", "-2.5", "100", "'2'", "2.4999", "1e3")
	case has("object", "dict", "obj", "map"):
		return d.pick("{'a': 1}", "{}", "{'b': [1], 'a': {'c': 2}}", "event", "event.properties", "{'1': 2, '0': 1}")
	}
	return d.pick("'abc'", "''", "'Hello World'", "' pad '", "'a,b,,c'", "','", "'Ünï→😀'", "'aXbXc'", "'X'", "'https://user@example.com:8080/a/b?c=d&e=f#g'", "'%41%20b%zz'", "'SGVsbG8='", "'{a}'", "'1.2.3.4'", "'é'", "'12'", "'-1.5e3'", "'ABC'", "'b'", "'a'")
}

func (d *drawer) hostile() string {
	if d.chance(50) {
		return d.literal()
	}
	return d.pick("1e308", "-1e308", "9223372036854775807", "-0", "(0 / 0)", "(-1 / 0)", "range(50)", "Error('x', {'a': 1})", "[[[[[]]]]]", "{'a': {'a': {'a': {}}}}", "'\\0'", "'\\n\\r\\t'",
		"reverse('😀')", "'İıſßŒ'", "'\\'\"\\\\`'", "'-'", "'+1'", "'0x1F'", "'Infinity'", "'1e5'", "'   '", "tuple()", "event", "toDate('0001-01-01')", "toDateTime('9999-12-31T23:59:59Z')", "jsonParse('[1,{\"a\":2}]')", "(x -> y -> x)", "4294967296", "0.1 + 0.2", "1.005", "'null'", "'undefined'", "'__proto__'", "'constructor'")
}
