package stl

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"hogpen/hog/vm"
)

const textGroup = "Text"

var textFuncs = []*Func{
	{
		Func: fn("concat", 1, many, (*vm.Call).Concat), Group: textGroup, Args: "value, …",
		Doc: "Joins the texts of all arguments.", Null: "Null adds nothing.",
		Examples: []Example{{"concat('a', 1, null, [2])", "'a1[2]'"}},
	},
	{
		Func: fn("toString", 1, 2, toString), Group: textGroup, Args: "value",
		Doc: "Gives the text of a value: its print form, with strings as they are and dates in ISO form.", Null: "Gives 'null'.",
		Examples: []Example{{"toString([1, 'a'])", `'[1, \'a\']'`}, {"toString(null)", "'null'"}, {"toString(toDate('2024-01-07'))", "'2024-01-07'"}},
	},
	{
		Func: fn("toUUID", 1, 1, toString), Group: textGroup, Args: "value",
		Doc:      "The same as toString; the form of a UUID is not checked.",
		Examples: []Example{{"toUUID('0190')", "'0190'"}},
	},
	{
		Func: fn("length", 1, 1, plain(length)), Group: textGroup, Args: "value",
		Doc: "Counts the UTF-16 units of a text or the elements of an array or tuple; anything else gives null.", Null: "Gives null.",
		Examples: []Example{{"length('héllo')", "5"}, {"length([1, 2])", "2"}, {"length('😀')", "2"}, {"length(null)", "null"}},
	},
	{
		Func: test("empty", 1, func(a, _ vm.Value) bool { return empty(a) }), Group: textGroup, Args: "value",
		Doc: "Tells whether a text, array, tuple or dict has nothing in it. Numbers and booleans are never empty.", Null: "Gives true.",
		Examples: []Example{{"empty('')", "true"}, {"empty([1])", "false"}, {"empty(0)", "false"}, {"empty({})", "true"}},
	},
	{
		Func: test("notEmpty", 1, func(a, _ vm.Value) bool { return !empty(a) }), Group: textGroup, Args: "value",
		Doc: "The opposite of empty.", Null: "Gives false.",
		Examples: []Example{{"notEmpty('a')", "true"}, {"notEmpty(null)", "false"}},
	},
	{
		Func: fn("lower", 1, 1, textOrNull("lower", func(_ *vm.Call, s string) (vm.Value, error) { return vm.String(lower(s)), nil })), Group: textGroup, Args: "text",
		Doc: "Makes all letters small.", Null: "Gives null.",
		Examples: []Example{{"lower('ÀB')", "'àb'"}, {"lower(null)", "null"}},
	},
	{
		Func: fn("upper", 1, 1, textOrNull("upper", func(_ *vm.Call, s string) (vm.Value, error) { return vm.String(upper(s)), nil })), Group: textGroup, Args: "text",
		Doc: "Makes all letters capital; one letter may become several.", Null: "Gives null.",
		Examples: []Example{{"upper('straße')", "'STRASSE'"}},
	},
	{
		Func: fn("reverse", 1, 1, textOrNull("reverse", reverse)), Group: textGroup, Args: "text",
		Doc: "Turns a text around, by UTF-16 units.", Null: "Gives null.",
		Examples: []Example{{"reverse('abc')", "'cba'"}},
	},
	{
		Func: fn("trim", 1, 2, trimmer("trim", true, true)), Group: textGroup, Args: "text, character?",
		Doc: "Removes one character, a space unless told otherwise, from both ends. A second argument that is not one character gives ''.", Null: "Gives null.",
		Examples: []Example{{"trim('  a ')", "'a'"}, {"trim('xxaxx', 'x')", "'a'"}, {"trim('ab', 'xy')", "''"}},
	},
	{
		Func: fn("trimLeft", 1, 2, trimmer("trimLeft", true, false)), Group: textGroup, Args: "text, character?",
		Doc: "Removes one character from the beginning.", Null: "Gives null.",
		Examples: []Example{{"trimLeft('  a ')", "'a '"}},
	},
	{
		Func: fn("trimRight", 1, 2, trimmer("trimRight", false, true)), Group: textGroup, Args: "text, character?",
		Doc: "Removes one character from the end.", Null: "Gives null.",
		Examples: []Example{{"trimRight('  a ')", "'  a'"}},
	},
	{
		Func: fn("replaceOne", 3, 3, textOrNull("replaceOne", func(c *vm.Call, s string) (vm.Value, error) { return replace(c, s, 1) })), Group: textGroup, Args: "text, search, replacement",
		Doc: "Replaces the first place where search stands. In the replacement $& is what was found, $` and $' what stands before and after, $$ a dollar.", Null: "Gives null.",
		Examples: []Example{{"replaceOne('aXbX', 'X', '-')", "'a-bX'"}},
	},
	{
		Func: fn("replaceAll", 3, 3, textOrNull("replaceAll", func(c *vm.Call, s string) (vm.Value, error) { return replace(c, s, -1) })), Group: textGroup, Args: "text, search, replacement",
		Doc: "Replaces every place where search stands; see replaceOne. No regular expressions.", Null: "Gives null.",
		Examples: []Example{{"replaceAll('aXbX', 'X', '[$&]')", "'a[X]b[X]'"}, {"replaceAll('ab', '', '-')", "'-a-b-'"}},
	},
	{
		Func: fn("position", 2, 3, plain(func(c *vm.Call) vm.Value { return position(c, false) })), Group: textGroup, Args: "text, needle",
		Doc: "Gives the place of needle in text, counted from 1, and 0 when it is not there or text is no text.", Null: "Gives 0.",
		Examples: []Example{{"position('abc', 'c')", "3"}, {"position('abc', 'x')", "0"}},
	},
	{
		Func: fn("positionCaseInsensitive", 2, 3, plain(func(c *vm.Call) vm.Value { return position(c, true) })), Group: textGroup, Args: "text, needle",
		Doc: "position that ignores case.", Null: "Gives 0.",
		Examples: []Example{{"positionCaseInsensitive('abC', 'c')", "3"}},
	},
	{
		Func: fn("splitByString", 2, 3, splitByString), Group: textGroup, Args: "separator, text, max?",
		Doc: "Splits a text; with max only the first pieces are kept and the rest is dropped. An empty separator gives single characters.", Null: "A null separator does not split; a null text gives null.",
		Examples: []Example{{"splitByString(',', 'a,b,c', 2)", "['a', 'b']"}, {"splitByString('', 'ab')", "['a', 'b']"}},
	},
	{
		Func: fn("substring", 2, 3, plain(substring)), Group: textGroup, Args: "text, start, length?",
		Doc: "Gives a piece of a text; start counts from 1. What is out of range gives ''.", Null: "Gives ''.",
		Examples: []Example{{"substring('hello', 2, 3)", "'ell'"}, {"substring('hello', 0, 2)", "''"}, {"substring('hello', 4)", "'lo'"}},
	},
	{
		Func: test("startsWith", 2, startsWith), Group: textGroup, Args: "text, prefix",
		Doc: "Tells whether text begins with prefix; false unless both are texts.", Null: "Gives false.",
		Examples: []Example{{"startsWith('abc', 'ab')", "true"}, {"startsWith(1, '1')", "false"}},
	},
}

func toString(c *vm.Call) (vm.Value, error) {
	if c.Arg(0).IsString() {
		return c.Arg(0), nil
	}
	s, ok := vm.ToString(c.Arg(0))
	if !ok {
		return vm.Null, nil
	}
	if err := c.Spend(len(s) / 16); err != nil {
		return vm.Null, err
	}
	if err := c.AllocText(len(s)); err != nil {
		return vm.Null, err
	}
	return vm.String(s), nil
}

func length(c *vm.Call) vm.Value {
	v := c.Arg(0)
	switch {
	case v.IsString():
		return vm.Int(vm.UTF16Len(v.Text()))
	case v.IsList():
		return vm.Int(v.Len())
	}
	return vm.Null
}

func empty(v vm.Value) bool {
	switch v.Kind() {
	case vm.KindNull:
		return true
	case vm.KindString:
		return v.Text() == ""
	case vm.KindArray, vm.KindTuple, vm.KindDict:
		return v.Len() == 0
	}
	return false
}

// lower is Unicode's full mapping without locale: the last sigma of a word and
// the dotted capital I are what Go's mapping lacks.
func lower(s string) string { return byStretch(s, lowerText) }

// byStretch maps the stretches of s that are UTF-8 and leaves what is between
// them, which are halves of surrogate pairs.
func byStretch(s string, f func(string) string) string {
	if utf8.ValidString(s) {
		return f(s)
	}
	var b strings.Builder
	from := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			b.WriteString(f(s[from:i]))
			b.WriteByte(s[i])
			from = i + 1
		}
		i += size
	}
	b.WriteString(f(s[from:]))
	return b.String()
}

func lowerText(s string) string {
	if !strings.ContainsAny(s, "Σİ") {
		return strings.ToLower(s)
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == 'İ':
			b.WriteString("i̇")
		case r == 'Σ' && i > 0 && unicode.IsLetter(runes[i-1]) && (i+1 == len(runes) || !unicode.IsLetter(runes[i+1])):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// upperSpecial holds the letters whose capital form is more than one letter
// (Unicode's SpecialCasing, unconditional part, without the Greek letters with
// iota below).
var upperSpecial = strings.NewReplacer(
	"ß", "SS", "ŉ", "ʼN", "ǰ", "J̌", "ΐ", "Ϊ́", "ΰ", "Ϋ́", "և", "ԵՒ", "ẖ", "H̱", "ẗ", "T̈", "ẘ", "W̊", "ẙ", "Y̊", "ẚ", "Aʾ",
	"ﬀ", "FF", "ﬁ", "FI", "ﬂ", "FL", "ﬃ", "FFI", "ﬄ", "FFL", "ﬅ", "ST", "ﬆ", "ST",
	"ﬓ", "ՄՆ", "ﬔ", "ՄԵ", "ﬕ", "ՄԻ", "ﬖ", "ՎՆ", "ﬗ", "ՄԽ",
)

func upper(s string) string { return byStretch(s, upperText) }

// Upper is JavaScript's toUpperCase, for other engines over the machine's texts.
func Upper(s string) string { return upper(s) }

// Lower is JavaScript's toLowerCase.
func Lower(s string) string { return lower(s) }

func upperText(s string) string {
	if vm.ASCII(s) {
		return strings.ToUpper(s)
	}
	return strings.ToUpper(upperSpecial.Replace(s))
}

func reverse(_ *vm.Call, s string) (vm.Value, error) {
	if vm.ASCII(s) {
		b := []byte(s)
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		return vm.String(string(b)), nil
	}
	u := vm.UTF16(s)
	for i, j := 0, len(u)-1; i < j; i, j = i+1, j-1 {
		u[i], u[j] = u[j], u[i]
	}
	return vm.String(vm.FromUTF16(u)), nil
}

func trimmer(name string, left, right bool) vm.HostFunc {
	trim := textOrNull(name, func(c *vm.Call, s string) (vm.Value, error) {
		char := trimmed(c)
		for left && strings.HasPrefix(s, char) {
			s = s[len(char):]
		}
		for right && strings.HasSuffix(s, char) {
			s = s[:len(s)-len(char)]
		}
		return vm.String(s), nil
	})
	return func(c *vm.Call) (vm.Value, error) {
		// PostHog looks at the character first: so a null that is trimmed of
		// more than one is no null either.
		if v := c.Arg(0); (v.IsNull() || v.IsString()) && vm.UTF16Len(trimmed(c)) != 1 {
			return vm.String(""), nil
		}
		return trim(c)
	}
}

// trimmed is the character that a trim function takes away.
func trimmed(c *vm.Call) string {
	if c.Arg(1).IsNull() {
		return " "
	}
	return vm.JSText(c.Arg(1))
}

// growing is a text that a function builds piece by piece.
type growing struct {
	strings.Builder
	c       *vm.Call
	charged int
}

// add charges for a piece and appends it. The memory count takes what nobody
// can reach for garbage, and so this text; that is why it is charged as a
// whole whenever it has grown by a quarter.
func (g *growing) add(piece string) error {
	if err := g.c.Spend(len(piece) / 16); err != nil {
		return err
	}
	if size := g.Len() + len(piece); size > g.charged {
		g.charged = max(size, g.charged+g.charged/4)
		if err := g.c.Alloc(g.charged); err != nil {
			return err
		}
	}
	g.WriteString(piece)
	return nil
}

// replace puts the replacement in up to n places, -1 for all.
func replace(c *vm.Call, s string, n int) (vm.Value, error) {
	search, with := vm.JSText(c.Arg(1)), vm.JSText(c.Arg(2))
	out := growing{c: c}
	rest, at := s, 0
	for n != 0 {
		i := strings.Index(rest[at:], search)
		if i < 0 {
			break
		}
		i += at
		if err := out.add(rest[:i]); err != nil {
			return vm.Null, err
		}
		before := len(s) - len(rest) + i
		if err := out.expand(with, search, s[:before], s[before+len(search):]); err != nil {
			return vm.Null, err
		}
		rest = rest[i+len(search):]
		at = 0
		if search == "" {
			// Go on behind the next character, which stays.
			if rest == "" {
				break
			}
			at = 1
			for at < len(rest) && rest[at]&0xc0 == 0x80 {
				at++
			}
		}
		n--
	}
	if err := out.add(rest); err != nil {
		return vm.Null, err
	}
	return vm.String(out.String()), nil
}

// expand adds the replacement with its dollar marks filled in.
func (g *growing) expand(with, found, before, after string) error {
	for {
		i := strings.IndexByte(with, '$')
		if i < 0 || i+1 == len(with) {
			return g.add(with)
		}
		if err := g.add(with[:i]); err != nil {
			return err
		}
		piece, used := "$", 1
		switch with[i+1] {
		case '$':
			used = 2
		case '&':
			piece, used = found, 2
		case '`':
			piece, used = before, 2
		case '\'':
			piece, used = after, 2
		}
		if err := g.add(piece); err != nil {
			return err
		}
		with = with[i+used:]
	}
}

func position(c *vm.Call, fold bool) vm.Value {
	if !c.Arg(0).IsString() {
		return vm.Int(0)
	}
	s, needle := c.Arg(0).Text(), vm.JSText(c.Arg(1))
	if fold {
		s, needle = lower(s), lower(needle)
	}
	i := strings.Index(s, needle)
	if i < 0 {
		return vm.Int(0)
	}
	return vm.Int(vm.UTF16Len(s[:i]) + 1)
}

func splitByString(c *vm.Call) (vm.Value, error) {
	text := c.Arg(1)
	switch {
	case text.IsNull():
		return vm.Null, nil
	case !text.IsString():
		return vm.Null, wrongType("splitByString", "a string", text)
	}
	limit := -1
	if !c.Arg(2).IsNull() {
		limit = unsigned32(number(c, 2, 0))
	}
	s := text.Text()
	if limit == 0 {
		return vm.NewArray(nil), nil
	}
	if c.Arg(0).IsNull() {
		return vm.NewArray([]vm.Value{text}), nil
	}
	sep := vm.JSText(c.Arg(0))
	count := strings.Count(s, sep) + 1
	if sep == "" {
		count = len(s)
	}
	if limit >= 0 {
		count = min(count, limit)
	}
	if err := room(c, count*4); err != nil {
		return vm.Null, err
	}
	if sep == "" {
		return splitUnits(s, limit), nil
	}
	out := make([]vm.Value, 0, count)
	for limit < 0 || len(out) < limit {
		i := strings.Index(s, sep)
		if i < 0 {
			out = append(out, vm.String(s))
			break
		}
		out = append(out, vm.String(s[:i]))
		s = s[i+len(sep):]
	}
	return vm.NewArray(out), nil
}

// unsigned32 takes a number for one of 32 bits as JavaScript does: what is a
// little below zero is then more than any text has.
func unsigned32(n float64) int {
	if n != n || math.IsInf(n, 0) {
		return 0
	}
	return int(uint32(int64(math.Mod(math.Trunc(n), 1<<32))))
}

func splitUnits(s string, limit int) vm.Value {
	u := vm.UTF16(s)
	if limit >= 0 && limit < len(u) {
		u = u[:limit]
	}
	out := make([]vm.Value, len(u))
	for i := range u {
		out[i] = vm.String(vm.FromUTF16(u[i : i+1]))
	}
	return vm.NewArray(out)
}

func substring(c *vm.Call) vm.Value {
	v := c.Arg(0)
	start := number(c, 1, 1)
	if !v.IsString() || !(start >= 1) {
		return vm.String("")
	}
	s := v.Text()
	ascii := vm.ASCII(s)
	size := len(s)
	if !ascii {
		size = vm.UTF16Len(s)
	}
	if start-1 >= float64(size) {
		return vm.String("")
	}
	from, to := int(start-1), size
	if n := c.Arg(2); n.Kind() == vm.KindNumber {
		n := number(c, 2, 0)
		if !(n >= 0) {
			return vm.String("")
		}
		// The end is reckoned before either is made whole, as JavaScript does.
		if end := start - 1 + n; end < float64(size) {
			to = int(end)
		}
	}
	if ascii {
		return vm.String(s[from:to])
	}
	return vm.String(vm.FromUTF16(vm.UTF16(s)[from:to]))
}

func startsWith(a, b vm.Value) bool {
	return a.IsString() && b.IsString() && strings.HasPrefix(a.Text(), b.Text())
}
