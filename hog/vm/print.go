package vm

import (
	"math"
	"slices"
	"strings"
	"time"
)

// MaxText bounds the text of a nested value, in bytes. A value that holds
// another one twice, which holds a third one twice, and so on, is small, while
// its text has no end. Texts break off soon behind this length.
const MaxText = 16 << 20

// TooLong reports whether the text of a nested value, n bytes, broke off.
func TooLong(n int) bool { return n > MaxText }

// endless is how a program learns it.
func endless() error {
	return limitErrorf(LimitMemory, "The text of a value is longer than %d bytes.", MaxText)
}

// Fits reports whether the texts and numbers in v, as often as they would be
// written, are about most bytes or fewer. It looks at no more than that.
func Fits(v Value, most int) bool { return fit(v, most, 0) >= 0 }

// fit gives what is left of a size; negative when v does not fit.
func fit(v Value, left, depth int) int {
	left -= 2
	if v.o == nil || depth >= maxNesting {
		return left
	}
	left -= len(v.o.str)
	if l := v.o.list; l != nil {
		for _, e := range l.elems {
			if left < 0 {
				return left
			}
			left = fit(e, left, depth+1)
		}
	}
	if d := v.o.dict; d != nil {
		for i := range d.keys {
			if left < 0 {
				return left
			}
			left = fit(d.vals[i], fit(d.keys[i], left, depth+1), depth+1)
		}
	}
	if e := v.o.ext; e != nil && v.o.kind == KindError {
		left = fit(e.payload, fit(e.msg, left, depth+1), depth+1)
	}
	return left
}

// Print gives the print form of a nested value (specification 4.7): strings
// quoted, cycles as null. It breaks off behind MaxText.
func Print(v Value) string {
	if v.o == &numberObject {
		return NumberText(v.n)
	}
	var p printer
	p.value(v)
	return string(p.b)
}

// ToString gives the text that toString gives: the print form, with strings
// raw and dates in ISO form. An invalid datetime has none: ok is false.
func ToString(v Value) (text string, ok bool) {
	switch v.Kind() {
	case KindString:
		return v.o.str, true
	case KindDate:
		e := v.o.ext
		if e.year != e.year {
			return "NaN-NaN-NaN", true
		}
		return NumberText(e.year) + "-" + pad2(int(e.month)) + "-" + pad2(int(e.day)), true
	case KindDateTime:
		return isoText(v.o.ext.dt, v.o.str)
	}
	return Print(v), true
}

func pad2(n int) string { return string([]byte{byte('0' + n/10%10), byte('0' + n%10)}) }

func isoText(dt float64, zone string) (string, bool) {
	loc, err := LoadZone(zone)
	if err != nil || dt-dt != 0 || math.Abs(dt) > 8.64e12 {
		return "", false
	}
	t := time.UnixMilli(int64(math.Floor(dt * 1000))).In(loc)
	return t.Format("2006-01-02T15:04:05.000Z07:00"), true
}

// JSText gives the text JavaScript makes of a value: arrays joined with
// commas, null inside them empty, dicts as [object Map].
func JSText(v Value) string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindBool:
		if v.n != 0 {
			return "true"
		}
		return "false"
	case KindNumber:
		return NumberText(v.n)
	case KindString:
		return v.o.str
	case KindArray, KindTuple:
		return JoinText(v, ",")
	case KindDict:
		return "[object Map]"
	}
	return "[object Object]"
}

// JoinText joins the JavaScript texts of a list's elements, null as nothing.
func JoinText(v Value, sep string) string {
	var j joiner
	j.list(v.o, sep)
	return string(j.b)
}

type joiner struct {
	b    []byte
	open []*object
}

func (j *joiner) list(o *object, sep string) {
	if len(j.open) >= maxNesting || slices.Contains(j.open, o) {
		return
	}
	j.open = append(j.open, o)
	for i, e := range o.list.elems {
		if TooLong(len(j.b)) {
			break
		}
		if i > 0 {
			j.b = append(j.b, sep...)
		}
		switch {
		case e.o == nil:
		case e.o.list != nil:
			j.list(e.o, ",")
		default:
			j.b = append(j.b, JSText(e)...)
		}
	}
	j.open = j.open[:len(j.open)-1]
}

// maxNesting bounds every walk over nested values that a program can make.
const maxNesting = 2000

type printer struct {
	b    []byte
	open []*object
}

// enter notes that o is being printed; false when it is already.
func (p *printer) enter(o *object) bool {
	if len(p.open) >= maxNesting {
		return false
	}
	for _, x := range p.open {
		if x == o {
			return false
		}
	}
	p.open = append(p.open, o)
	return true
}

func (p *printer) leave() { p.open = p.open[:len(p.open)-1] }

func (p *printer) str(s string) { p.b = append(p.b, s...) }

func (p *printer) value(v Value) {
	switch v.Kind() {
	case KindNull:
		p.str("null")
	case KindBool:
		p.str(JSText(v))
	case KindNumber:
		p.b = AppendNumber(p.b, v.n)
	case KindString:
		p.quoted(v.o.str, '\'')
	case KindArray:
		p.list(v.o, "[", "]")
	case KindTuple:
		if len(v.o.list.elems) < 2 {
			p.str("tuple")
		}
		p.list(v.o, "(", ")")
	case KindDict:
		if _, ok := v.Get("__hx_ast"); ok {
			p.sql(v)
			return
		}
		p.dict(v.o)
	case KindDate:
		e := v.o.ext
		p.str("Date(" + NumberText(e.year) + ", " + NumberText(e.month) + ", " + NumberText(e.day) + ")")
	case KindDateTime:
		n := NumberText(v.o.ext.dt)
		if !strings.Contains(n, ".") {
			n += ".0"
		}
		p.str("DateTime(" + n + ", ")
		p.quoted(v.o.str, '\'')
		p.str(")")
	case KindError:
		p.error(v.o)
	case KindFunction:
		fn := v.o.ext.fn
		p.str("fn<")
		p.identifier(fn.name())
		p.str("(" + NumberText(float64(fn.argc())) + ")>")
	}
}

func (p *printer) list(o *object, open, close string) {
	if !p.enter(o) {
		if o.kind == KindTuple && len(o.list.elems) < 2 {
			p.b = p.b[:len(p.b)-len("tuple")]
		}
		p.str("null")
		return
	}
	p.str(open)
	for i, e := range o.list.elems {
		if TooLong(len(p.b)) {
			break
		}
		if i > 0 {
			p.str(", ")
		}
		p.value(e)
	}
	p.str(close)
	p.leave()
}

func (p *printer) dict(o *object) {
	if !p.enter(o) {
		p.str("null")
		return
	}
	p.str("{")
	for i, k := range o.dict.keys {
		if TooLong(len(p.b)) {
			break
		}
		if i > 0 {
			p.str(", ")
		}
		p.value(k)
		p.str(": ")
		p.value(o.dict.vals[i])
	}
	p.str("}")
	p.leave()
}

func (p *printer) error(o *object) {
	if !p.enter(o) {
		p.str("null")
		return
	}
	p.str(o.ext.typ + "(")
	p.value(o.ext.msg)
	if o.ext.payload.Truthy() {
		p.str(", ")
		p.value(o.ext.payload)
	}
	p.str(")")
	p.leave()
}

// quoted writes s between quotes, with the escapes of Hog.
func (p *printer) quoted(s string, quote byte) {
	p.b = append(p.b, quote)
	start := 0
	for i := 0; i < len(s); i++ {
		esc := byte(0)
		switch c := s[i]; c {
		case '\b':
			esc = 'b'
		case '\f':
			esc = 'f'
		case '\r':
			esc = 'r'
		case '\n':
			esc = 'n'
		case '\t':
			esc = 't'
		case '\v':
			esc = 'v'
		case 0:
			esc = '0'
		case '\\', quote:
			esc = c
		default:
			continue
		}
		p.b = append(p.b, s[start:i]...)
		if quote == '`' && esc == '`' {
			p.b = append(p.b, "``"...)
		} else {
			p.b = append(p.b, '\\', esc)
		}
		start = i + 1
	}
	p.b = append(append(p.b, s[start:]...), quote)
}

// identifier writes a name, in backticks unless it is a plain one.
func (p *printer) identifier(s string) {
	plain := s != ""
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$'
		if !letter && (i == 0 || c < '0' || c > '9') {
			plain = false
		}
	}
	if plain {
		p.str(s)
	} else {
		p.quoted(s, '`')
	}
}
