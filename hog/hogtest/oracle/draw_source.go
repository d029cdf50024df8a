package oracle

import "strings"

// source draws a source for the parsers: most are well formed, a third has a
// word dropped, doubled, moved or put in.
func (d *drawer) source() string {
	src := d.some(1, 3, d.pick("; ", "\n", " "), func() string { return d.anyStatement(2) })
	if d.chance(35) {
		src = d.disturb(src)
	}
	return src
}

// disturb breaks a source at one or two of its words.
func (d *drawer) disturb(src string) string {
	words := splitWords(src)
	for range 1 + d.n(2) {
		if len(words) < 2 {
			break
		}
		i, j := d.n(len(words)), d.n(len(words))
		switch d.n(5) {
		case 0:
			words = append(words[:i:i], words[i+1:]...)
		case 1:
			words = append(words[:i:i], append([]string{words[i]}, words[i:]...)...)
		case 2:
			words[i], words[j] = words[j], words[i]
		default:
			extra := d.pick("(", ")", "[", "]", "{", "}", ",", ";", ":", "::", ":=", "->", "?", "?.", "??", "and", "not", "in", "let", "fn", "fun",
				"return", "if", "else", "try", "catch", "as", "from", "select", "1", "'s'", "-", ".", ".5", "=", "!", "#", "<", "/>", "f'", "`", "\"", "null", "order by", "then", "end")
			words = append(words[:i:i], append([]string{" " + extra + " "}, words[i:]...)...)
		}
	}
	return strings.Join(words, "")
}

// splitWords cuts a source between words, spaces and marks; joined again they
// are the source.
func splitWords(src string) []string {
	var words []string
	class := func(c byte) int {
		switch {
		case c == ' ' || c == '\n':
			return 0
		case c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80:
			return 1
		}
		return 2
	}
	from := 0
	for i := 1; i <= len(src); i++ {
		if i == len(src) || class(src[i]) != class(src[i-1]) || class(src[i]) == 2 {
			words = append(words, src[from:i])
			from = i
		}
	}
	return words
}

func (d *drawer) anyStatement(depth int) string {
	e := func() string { return d.anyExpr(3) }
	s := func() string { return d.anyStatement(depth - 1) }
	block := func() string { return "{ " + d.some(0, 2, d.pick(" ", "; ", "\n"), s) + d.pick(" ", "; ") + "}" }
	body := func() string {
		if d.chance(60) {
			return block()
		}
		return s()
	}
	n := 18
	if depth <= 0 {
		n = 9
	}
	switch d.n(n) {
	case 0, 1:
		return "let " + d.anyName() + d.maybe(90, func() string { return " := " + e() })
	case 2, 3:
		return d.target() + " := " + e()
	case 4:
		return "return" + d.maybe(80, func() string { return " " + e() })
	case 5:
		return "throw " + e()
	case 6, 7, 8:
		return e()
	case 9, 10:
		return "if (" + e() + ") " + body() + d.maybe(50, func() string { return d.pick(" else ", "\nelse\n") + body() })
	case 11:
		return "while (" + e() + ") " + body()
	case 12:
		return "for (" + d.maybe(80, func() string { return "let " + d.anyName() + " := " + e() }) + "; " + d.maybe(80, e) + "; " +
			d.maybe(80, func() string { return d.target() + " := " + e() }) + ") " + body()
	case 13:
		return "for (let " + d.anyName() + d.maybe(40, func() string { return ", " + d.anyName() }) + " in " + e() + ") " + body()
	case 14:
		return d.pick("fn ", "fun ") + d.anyName() + "(" + d.params() + ") " + block()
	case 15:
		return "try " + block() + d.catches(block)
	case 16:
		return block()
	}
	return d.pick("// note\n", "-- note\n", "/* note */ ", "# note\n", ";") + s()
}

func (d *drawer) catches(block func() string) string {
	out := d.some(0, 2, "", func() string {
		return " catch " + d.pick("", "(e) ", "(e: Error) ", "(err: RetryError) ", "(`odd name`) ") + block()
	})
	return out + d.maybe(30, func() string { return " finally " + block() })
}

func (d *drawer) params() string {
	return d.some(0, 3, ", ", d.anyName) + d.maybe(10, func() string { return "," })
}

func (d *drawer) target() string {
	return d.anyName() + d.some(0, 2, "", func() string {
		return d.pick(".", "?.")[:1] + d.anyName() + d.maybe(30, func() string { return "[" + d.anyExpr(1) + "]" })
	})
}

func (d *drawer) anyName() string {
	return d.pick("a", "b", "event", "x1", "_y", "$z", "properties", "date", "key", "first", "id", "name", "over", "order", "all", "`odd name`",
		`"quoted"`, "`a``b`", "True", "week", "interval", "values", "left", "top", "is", "end", "case", "select", "from", "in", "format", "ß")
}

func (d *drawer) anyConstant() string {
	return d.pick("0", "1", "42", "1.5", ".5", "1.", "1e3", "1.5E-3", "0x1F", "0b101", "007", "08", "1_000", "9223372036854775807", "9223372036854775808", "1e999", "inf", "nan",
		"null", "NULL", "true", "False", "'text'", "''", "'it''s'", `'a\n\'b\\'`, `'\x41\q'`, `'{a}'`, "'ü→😀'", "f'x{a}y'", "f'{a}{1 + 2}'", "f''", `f'\{a\}'`, "f'{f'{b}'}'", `f'a {b ? 'c' : 'd'} e'`)
}

func (d *drawer) anyExpr(depth int) string {
	if depth <= 0 || d.chance(15) {
		if d.chance(50) {
			return d.anyConstant()
		}
		return d.anyName()
	}
	e := func() string { return d.anyExpr(depth - 1) }
	switch d.n(34) {
	case 0, 1, 2:
		return e() + d.pick(" + ", " - ", " * ", " / ", " % ", "-", "+", "||", " || ") + e()
	case 3, 4, 5:
		return e() + d.pick(" = ", " == ", " != ", " <> ", " < ", " <= ", " > ", " >= ", " like ", " ilike ", " not like ", " not ilike ", " in ", " not in ", " in cohort ", " not in cohort ",
			" =~ ", " !~ ", " =~* ", " !~* ", " ~ ", " ~* ") + e()
	case 6, 7:
		return e() + d.pick(" and ", " or ", " AND ", " OR ", " ?? ", "??") + e()
	case 8:
		return d.pick("not ", "not(", "-", "- ", "+")[0:] + e()
	case 9:
		return "(" + e() + ")"
	case 10:
		return e() + d.pick(" ? ", "?") + e() + d.pick(" : ", ":") + e()
	case 11, 12:
		return d.anyName() + "(" + d.some(0, 3, ", ", e) + d.maybe(8, func() string { return "," }) + ")"
	case 13:
		return d.anyName() + "(" + d.some(0, 2, ", ", e) + ")(" + d.some(0, 2, ", ", e) + ")"
	case 14, 15:
		return d.postfix(e(), e)
	case 16:
		return "[" + d.some(0, 3, ", ", e) + d.maybe(10, func() string { return "," }) + "]"
	case 17:
		return d.pick("(", "tuple(") + d.some(2, 3, ", ", e) + d.maybe(10, func() string { return "," }) + ")"
	case 18:
		return "{" + d.some(0, 2, ", ", func() string { return e() + ": " + e() }) + "}"
	case 19:
		return d.lambda(depth)
	case 20:
		return e() + d.pick(" is null", " is not null", " IS NULL", " between ", " not between ")[0:] + d.maybe(30, func() string { return e() + " and " + e() })
	case 21:
		return e() + d.pick(" between ", " not between ") + e() + " and " + e()
	case 22:
		return d.anyName() + d.some(1, 3, "", func() string { return d.pick(".", ".", "?.") + d.pick("a", "b", "$c", "1", "id", "`x y`", "true") })
	case 23:
		return "case " + d.maybe(40, e) + " when " + e() + " then " + e() + d.maybe(60, func() string { return " else " + e() }) + " end"
	case 24:
		return d.tag(2)
	case 25:
		return "sql(" + d.query(1) + ")"
	case 26:
		return d.pick("cast("+e()+" as int)", e()+"::int", "try_cast("+e()+" as String)", "interval 1 day", "interval "+e()+" "+d.pick("day", "month", "hours"), "date '2024-01-01'", "timestamp '2024-01-01'")
	case 27:
		return d.pick("trim(both 'a' from "+e()+")", "extract(day from "+e()+")", "substring("+e()+" from 1 for 2)", "count(distinct "+e()+")", "count(*)", "*", "t.*", "#1", "columns('a')", e()+" as "+d.anyName())
	case 28:
		return d.postfix(d.pick("[1, 2]", "(1, 2)", "{'a': 1}", "f(1)", "'text'", "(a)"), e)
	case 29:
		return d.anyName() + "(" + d.anyName() + " := " + e() + ")"
	case 30:
		return d.pick("if(", "multiIf(", "ifNull(", "concat(") + d.some(1, 4, ", ", e) + ")"
	}
	return e()
}

func (d *drawer) postfix(of string, e func() string) string {
	return of + d.some(1, 2, "", func() string {
		switch d.n(7) {
		case 0:
			return "[" + e() + "]"
		case 1:
			return "?.[" + e() + "]"
		case 2:
			return "." + d.anyName()
		case 3:
			return "?." + d.anyName()
		case 4:
			return d.pick(".", "?.") + d.pick("1", "2", "10")
		case 5:
			return "(" + d.some(0, 2, ", ", e) + ")"
		}
		return "[" + d.maybe(70, e) + ":" + d.maybe(70, e) + "]"
	})
}

func (d *drawer) lambda(depth int) string {
	e := func() string { return d.anyExpr(depth - 1) }
	params := d.pick("x", "(x)", "(x, y)", "()", "x, y", "lambda x:", "lambda x, y:", "(x, y,)")
	arrow := " -> "
	if strings.HasPrefix(params, "lambda") {
		arrow = " "
	}
	if d.chance(25) {
		return params + arrow + "{ " + d.some(0, 2, "; ", func() string { return d.anyStatement(0) }) + " }"
	}
	return params + arrow + e()
}

func (d *drawer) tag(depth int) string {
	name := d.pick("a", "div", "Sparkline", "b-c", "x1")
	attributes := d.some(0, 2, "", func() string {
		return " " + d.pick("href", "data-x", "on", "children", "class") + d.pick("", "='v'", `="v"`, "={1 + 2}", "={a.b}", "={[1, 2]}")
	})
	if depth <= 0 || d.chance(40) {
		return "<" + name + attributes + " />"
	}
	return "<" + name + attributes + ">" + d.some(0, 3, "", func() string {
		return d.pick("text", " some words ", "{a}", "{1 + 2}", "\n  ", "{'x'}", d.tag(depth-1))
	}) + "</" + name + ">"
}

func (d *drawer) query(depth int) string {
	e := func() string { return d.anyExpr(1) }
	q := d.maybe(10, func() string { return "with " + d.pick("t as (select 1) ", "1 as one ") }) + "select " + d.maybe(10, func() string { return "distinct " }) +
		d.some(1, 2, ", ", func() string { return d.pick("*", e(), e()+" as c", "count()") })
	if !d.chance(85) {
		return q
	}
	q += " from " + d.pick("t", "events", "t as u", "t u", "{t}", "(select 1)", "numbers(10)", "t final", "t sample 1/10") +
		d.maybe(20, func() string {
			return d.pick(" join ", " left join ", " inner join ", " cross join ", " left outer join ", " any left join ", ", ") + "v" + d.maybe(80, func() string { return " on " + e() })
		}) +
		d.maybe(5, func() string { return d.pick(" array join ", " left array join ") + "[1, 2] as z" }) +
		d.maybe(8, func() string { return " prewhere " + e() }) +
		d.maybe(50, func() string { return " where " + e() }) +
		d.maybe(20, func() string { return " group by " + d.some(1, 2, ", ", e) }) +
		d.maybe(10, func() string { return " having " + e() }) +
		d.maybe(8, func() string { return " qualify " + e() }) +
		d.maybe(20, func() string { return " order by " + e() + d.pick("", " asc", " desc", " desc, a") }) +
		d.maybe(6, func() string { return " limit 1 by " + e() }) +
		d.maybe(20, func() string { return " limit " + d.pick("10", "{n}", "10 offset 5", "5, 10", "10 with ties") }) +
		d.maybe(4, func() string { return " settings a = 1" })
	if depth > 0 && d.chance(15) {
		q += d.pick(" union all ", " union distinct ", " intersect ", " except ") + d.query(depth-1)
	}
	return q
}
