package liquid

import (
	"math"
	"strconv"
	"strings"

	"hogpen/hog/vm"
)

// value is what an expression gives: a value of the Hog machine, or one of
// those that only templates know.
type value struct {
	v    vm.Value
	kind special
	loop *loop
}

type special uint8

const (
	plain   special = iota
	missing         // JavaScript's undefined
	nilWord         // the literals, which compare in ways of their own
	emptyWord
	blankWord
	loopState // forloop or tablerowloop
	blockWord // the variable "block" inside of a block
)

var absent = value{kind: missing}

func of(v vm.Value) value      { return value{v: v} }
func text(s string) value      { return value{v: vm.String(s)} }
func number(f float64) value   { return value{v: vm.Number(f)} }
func boolean(b bool) value     { return value{v: vm.Bool(b)} }
func list(l []vm.Value) value  { return value{v: vm.NewArray(l)} }
func (x value) isString() bool { return x.kind == plain && x.v.IsString() }
func (x value) isList() bool   { return x.kind == plain && x.v.IsList() }
func (x value) isNumber() bool { return x.kind == plain && x.v.IsNumber() }

// base is the value behind a literal or a loop's state, which filters and tags
// work on.
func (x value) base() value {
	switch x.kind {
	case nilWord:
		return value{}
	case emptyWord, blankWord:
		return text("")
	case loopState:
		return text(x.loop.json())
	case blockWord:
		return text("[object Object]")
	}
	return x
}

// isNil is true of null and of what is missing.
func (x value) isNil() bool {
	return x.kind == missing || x.kind == nilWord || x.kind == plain && x.v.IsNull()
}

func (x value) isFalse() bool { return x.kind == plain && x.v == vm.False }

// truthy: only false, null and what is missing are not.
func (x value) truthy() bool { return !x.isNil() && !x.isFalse() }

// jsTruthy is JavaScript's own truth, which some filters ask of arguments.
func (x value) jsTruthy() bool {
	x = x.base()
	switch {
	case !x.truthy():
		return false
	case x.isNumber():
		return x.v.Num() != 0 && !math.IsNaN(x.v.Num())
	case x.isString():
		return x.v.Text() != ""
	}
	return true
}

// comparable reports whether x is a literal with comparisons of its own.
func (x value) comparable() bool {
	return x.kind == nilWord || x.kind == emptyWord || x.kind == blankWord
}

const maxDepth = 1000

// text is what a value puts out: nothing for nil, lists item by item.
func (c *context) text(x value) string {
	x = x.base()
	if x.isString() {
		return x.v.Text()
	}
	if !x.isList() {
		return plainText(x, "")
	}
	var b strings.Builder
	c.writeItems(&b, x.v, "", 0)
	return b.String()
}

// joined is the text JavaScript makes of a value: lists with commas, and null
// as a word unless it is an item.
func (c *context) joined(x value) string {
	x = x.base()
	if !x.isList() {
		if x.kind == missing {
			return "undefined"
		}
		return plainText(x, "null")
	}
	var b strings.Builder
	c.writeItems(&b, x.v, ",", 0)
	return b.String()
}

func (c *context) writeItems(b *strings.Builder, v vm.Value, sep string, depth int) {
	if depth > maxDepth {
		c.fail(errDeep)
		return
	}
	for i := range v.Len() {
		if !c.spend(1) || b.Len() > vm.MaxText {
			c.fail(errMemory)
			return
		}
		if i > 0 {
			b.WriteString(sep)
		}
		if item := v.At(i); item.IsList() {
			c.writeItems(b, item, sep, depth+1)
		} else {
			b.WriteString(plainText(of(item), ""))
		}
	}
}

// plainText is the text of anything but lists.
func plainText(x value, null string) string {
	if x.isNil() {
		return null
	}
	switch x.v.Kind() {
	case vm.KindString:
		return x.v.Text()
	case vm.KindNumber:
		return numberText(x.v.Num())
	case vm.KindBool:
		return strconv.FormatBool(x.v == vm.True)
	case vm.KindDateTime:
		return dateText(x.v)
	}
	return "[object Object]"
}

func numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return vm.NumberText(f)
}

// num is JavaScript's Number(x).
func (c *context) num(x value) float64 {
	x = x.base()
	switch {
	case x.kind == missing:
		return math.NaN()
	case x.v.IsNull():
		return 0
	}
	switch x.v.Kind() {
	case vm.KindNumber:
		return x.v.Num()
	case vm.KindBool:
		if x.v == vm.True {
			return 1
		}
		return 0
	case vm.KindString:
		return textNumber(x.v.Text())
	case vm.KindDateTime:
		return millis(x.v)
	case vm.KindArray, vm.KindTuple:
		return textNumber(c.joined(x))
	}
	return math.NaN()
}

// numOr0 is num with 0 for what is no number, as the arithmetic filters have it.
func (c *context) numOr0(x value) float64 {
	if f := c.num(x); !math.IsNaN(f) {
		return f
	}
	return 0
}

// textNumber reads a text as JavaScript's Number does.
func textNumber(s string) float64 {
	s = strings.TrimFunc(s, isSpace)
	switch s {
	case "":
		return 0
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if len(s) > 2 && s[0] == '0' {
		if base, ok := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]; ok {
			n, err := strconv.ParseUint(s[2:], base, 64)
			if err != nil {
				return math.NaN()
			}
			return float64(n)
		}
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return math.NaN()
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}

// whole makes an integer of a number as JavaScript's slice does; what is no
// number is 0.
func whole(f float64) int {
	switch {
	case math.IsNaN(f):
		return 0
	case f > 1<<52:
		return 1 << 52
	case f < -(1 << 52):
		return -(1 << 52)
	}
	return int(f)
}

// equals is the operator ==: strict for scalars, item by item for lists,
// the same object for objects.
func (c *context) equals(l, r value) bool {
	switch {
	case l.comparable():
		return c.literalEquals(l.kind, r)
	case r.comparable():
		return c.literalEquals(r.kind, l)
	}
	return c.same(l, r, 0)
}

func (c *context) same(l, r value, depth int) bool {
	if depth > maxDepth {
		c.fail(errDeep)
	}
	if !c.spend(1) {
		return false
	}
	if l.kind != plain || r.kind != plain {
		return l.kind == r.kind && l.loop == r.loop
	}
	if !l.v.IsList() {
		return vm.StrictEqual(l.v, r.v)
	}
	if !r.v.IsList() || l.v.Len() != r.v.Len() {
		return false
	}
	for i := range l.v.Len() {
		if !c.same(of(l.v.At(i)), of(r.v.At(i)), depth+1) {
			return false
		}
	}
	return true
}

// literalEquals compares with nil, empty or blank.
func (c *context) literalEquals(word special, x value) bool {
	if word == nilWord {
		return x.isNil()
	}
	if word == blankWord {
		switch {
		case x.isFalse() || x.isNil():
			return true
		case x.isString():
			return strings.TrimFunc(x.v.Text(), isSpace) == ""
		}
	}
	if x.kind == emptyWord || x.kind == blankWord {
		return false
	}
	x = x.base()
	switch {
	case x.isNil():
		return false
	case x.v.IsString():
		return x.v.Text() == ""
	case x.v.IsList(), x.v.IsDict():
		return x.v.Len() == 0
	}
	return x.v.Kind() == vm.KindDateTime
}

// order compares as JavaScript's < does; ok is false where nothing holds.
func (c *context) order(l, r value) (cmp int, ok bool) {
	l, r = c.primitive(l), c.primitive(r)
	if l.isString() && r.isString() {
		return vm.CompareText(l.v.Text(), r.v.Text()), true
	}
	a, b := c.num(l), c.num(r)
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return 0, false
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

func (c *context) primitive(x value) value {
	x = x.base()
	if x.isList() || x.kind == plain && x.v.IsDict() {
		return text(c.joined(x))
	}
	return x
}

// isSpace reports what JavaScript's \s and trim take for white space.
func isSpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r == ' ', r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000, r == 0xfeff:
		return true
	}
	return false
}
