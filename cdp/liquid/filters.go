package liquid

import (
	"errors"
	"math"
	"strings"

	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// filterFunc is a filter: in is what comes through, args are its arguments.
type filterFunc func(c *context, in value, args []value) (value, error)

// filters are all filters by name (runtime specification 5.3). Nothing writes
// to the map.
var filters = map[string]filterFunc{
	"abs":                      arithmetic(func(n []float64) float64 { return math.Abs(n[0]) }),
	"append":                   appendText,
	"array_to_sentence_string": sentence,
	"at_least":                 arithmetic(func(n []float64) float64 { return fold(n, math.Max) }),
	"at_most":                  arithmetic(func(n []float64) float64 { return fold(n, math.Min) }),
	"base64_decode":            base64Decode,
	"base64_encode":            onText(base64Encode),
	"capitalize":               onText(capitalize),
	"ceil":                     arithmetic(func(n []float64) float64 { return math.Ceil(n[0]) }),
	"cgi_escape":               onText(cgiEscape),
	"compact":                  compact,
	"concat":                   concat,
	"date":                     date,
	"date_to_long_string":      dateString("%B"),
	"date_to_rfc822":           dateAs("%a, %d %b %Y %H:%M:%S %z"),
	"date_to_string":           dateString("%b"),
	"date_to_xmlschema":        dateAs("%Y-%m-%dT%H:%M:%S%:z"),
	"default":                  orElse,
	"divided_by":               arithmetic(divide),
	"downcase":                 onText(stl.Lower),
	"escape":                   onText(escaper.Replace),
	"escape_once":              onText(func(s string) string { return escaper.Replace(unescaper.Replace(s)) }),
	"find":                     find,
	"find_exp":                 refused("find_exp"),
	"find_index":               findIndex,
	"find_index_exp":           refused("find_index_exp"),
	"first":                    firstItem,
	"floor":                    arithmetic(func(n []float64) float64 { return math.Floor(n[0]) }),
	"group_by":                 groupBy,
	"group_by_exp":             refused("group_by_exp"),
	"has":                      has,
	"has_exp":                  refused("has_exp"),
	"hmac_sha256":              hmacSHA256,
	"inspect":                  toJSON,
	"join":                     join,
	"json":                     toJSON,
	"jsonify":                  toJSON,
	"last":                     lastItem,
	"lstrip":                   stripText(true, false),
	"map":                      mapItems,
	"minus":                    arithmetic(func(n []float64) float64 { return n[0] - second(n) }),
	"modulo":                   arithmetic(modulo),
	"newline_to_br":            onText(func(s string) string { return newlines.ReplaceAllString(s, "<br />\n") }),
	"normalize_whitespace":     onText(oneSpace),
	"number_of_words":          words,
	"plus":                     arithmetic(func(n []float64) float64 { return n[0] + second(n) }),
	"pop":                      pop,
	"prepend":                  prependText,
	"push":                     push,
	"raw":                      func(_ *context, in value, _ []value) (value, error) { return in, nil },
	"reject":                   where(false),
	"reject_exp":               refused("reject_exp"),
	"remove":                   remove,
	"remove_first":             removeFirst,
	"remove_last":              removeLast,
	"replace":                  replace,
	"replace_first":            replaceFirst,
	"replace_last":             replaceLast,
	"reverse":                  reverse,
	"round":                    round,
	"rstrip":                   stripText(false, true),
	"sample":                   sample,
	"sha256":                   onText(sha256Hex),
	"shift":                    shift,
	"size":                     size,
	"slice":                    slice,
	"slugify":                  slugify,
	"sort":                     sortItems(false),
	"sort_natural":             sortItems(true),
	"split":                    splitText,
	"squish":                   onText(func(s string) string { return trim(oneSpace(s)) }),
	"strip":                    stripText(true, true),
	"strip_html":               onText(stripHTML),
	"strip_newlines":           onText(func(s string) string { return newlines.ReplaceAllString(s, "") }),
	"sum":                      sum,
	"times":                    arithmetic(func(n []float64) float64 { return n[0] * second(n) }),
	"to_integer":               func(c *context, in value, _ []value) (value, error) { return number(c.num(in)), nil },
	"truncate":                 truncate,
	"truncatewords":            truncateWords,
	"uniq":                     uniq,
	"unshift":                  unshift,
	"upcase":                   onText(stl.Upper),
	"uri_escape":               onText(uriEscape),
	"url_decode":               urlDecode,
	"url_encode":               onText(urlEncode),
	"where":                    where(true),
	"where_exp":                refused("where_exp"),
	"xml_escape":               onText(escaper.Replace),
}

// refused is a filter that would evaluate a text of the event as an expression.
func refused(name string) filterFunc {
	return func(*context, value, []value) (value, error) {
		return absent, errors.New("liquid filter " + name + " is not supported")
	}
}

// onText is a filter that makes a text of a text.
func onText(f func(string) string) filterFunc {
	return func(c *context, in value, _ []value) (value, error) {
		s := c.text(in)
		if !c.useText(s) {
			return absent, c.err
		}
		return text(f(s)), nil
	}
}

// arithmetic is a filter over numbers; what is none counts as 0.
func arithmetic(f func([]float64) float64) filterFunc {
	return func(c *context, in value, args []value) (value, error) {
		n := []float64{c.numOr0(in)}
		for _, a := range args {
			n = append(n, c.numOr0(a))
		}
		return number(f(n)), nil
	}
}

// second is the first argument of an arithmetic filter, NaN without one.
func second(n []float64) float64 {
	if len(n) < 2 {
		return math.NaN()
	}
	return n[1]
}

func fold(n []float64, f func(a, b float64) float64) float64 {
	out := n[0]
	for _, x := range n[1:] {
		out = f(out, x)
	}
	return out
}

func divide(n []float64) float64 {
	q := n[0] / second(n)
	if len(n) > 2 && n[2] != 0 {
		return math.Floor(q)
	}
	return q
}

// modulo takes the sign of the divisor.
func modulo(n []float64) float64 {
	by := second(n)
	return math.Mod(math.Mod(n[0], by)+by, by)
}

func round(c *context, in value, args []value) (value, error) {
	v, places := c.numOr0(in), 0.0
	if a := arg(args, 0); a.kind != missing {
		places = c.numOr0(a)
	}
	scaled := shiftDecimal(math.Abs(v), places)
	if !(scaled <= 1<<53-1) {
		return number(v), nil
	}
	return number(math.Copysign(shiftDecimal(math.Floor(scaled+0.5), -places), v)), nil
}

// shiftDecimal multiplies by a power of ten without the noise of binary
// fractions, through the number's text.
func shiftDecimal(f, places float64) float64 {
	mantissa, power, _ := strings.Cut(numberText(f), "e")
	p := 0.0
	if power != "" {
		p = textNumber(power)
	}
	return textNumber(mantissa + "e" + numberText(p+places))
}

// arg is an argument, or missing.
func arg(args []value, i int) value {
	if i < len(args) {
		return args[i]
	}
	return absent
}

// orElse is the filter default.
func orElse(c *context, in value, args []value) (value, error) {
	in = in.base()
	instead := arg(args, 0)
	switch {
	case in.isString() && in.v.Text() == "", in.isList() && in.v.Len() == 0:
		return instead, nil
	case in.isFalse() && len(args) > 1:
		for _, a := range args[1:] {
			if a.isList() && a.v.Len() == 2 && a.v.At(0).Text() == "allow_false" && of(a.v.At(1)).jsTruthy() {
				return in, nil
			}
		}
		return instead, nil
	case in.truthy():
		return in, nil
	}
	return instead, nil
}

// toJSON is JSON.stringify, with an indent as its argument.
func toJSON(c *context, in value, args []value) (value, error) {
	in = in.base()
	if in.kind == missing {
		return absent, nil
	}
	if in.v.Kind() == vm.KindDateTime {
		return text(string(vm.AppendJSONText(nil, isoText(in.v)))), nil
	}
	if !c.useJSON(in.v, 0) {
		return absent, c.err
	}
	out := vm.AppendJSONIndent(nil, in.v, c.indent(arg(args, 0)))
	if vm.TooLong(len(out)) {
		return absent, errMemory
	}
	return text(string(out)), nil
}

// useJSON counts what writing v takes, as liquidjs counts it.
func (c *context) useJSON(v vm.Value, depth int) bool {
	if depth > maxDepth {
		c.fail(errDeep)
		return false
	}
	if !c.spend(1) {
		return false
	}
	switch {
	case v.IsString():
		return c.useText(v.Text())
	case v.IsList():
		if !c.use(v.Len() + 1) {
			return false
		}
		for i := range v.Len() {
			if !c.useJSON(v.At(i), depth+1) {
				return false
			}
		}
		return true
	case v.IsDict():
		if !c.use(2) {
			return false
		}
		_, vals := v.Entries()
		for _, x := range vals {
			if !c.useJSON(x, depth+1) {
				return false
			}
		}
		return true
	}
	return c.use(len(plainText(of(v), "null")))
}

// indent is the third argument of JSON.stringify: a number of spaces or the
// first ten units of a text.
func (c *context) indent(x value) string {
	x = x.base()
	switch {
	case x.isNumber():
		return strings.Repeat(" ", max(0, min(whole(x.v.Num()), 10)))
	case x.isString():
		u := vm.UTF16(x.v.Text())
		return vm.FromUTF16(u[:min(len(u), 10)])
	}
	return ""
}
