package vm

import (
	"math"
	"strings"
	"time"
)

// Print gives the print form of a nested value (specification 4.7): strings
// quoted, cycles as null.
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
		var b strings.Builder
		joinText(&b, v, ",", nil)
		return b.String()
	case KindDict:
		return "[object Map]"
	}
	return "[object Object]"
}

// JoinText joins the JavaScript texts of a list's elements, null as nothing.
func JoinText(v Value, sep string) string {
	var b strings.Builder
	joinText(&b, v, sep, nil)
	return b.String()
}

func joinText(b *strings.Builder, v Value, sep string, open []*object) {
	for _, o := range open {
		if o == v.o {
			return
		}
	}
	open = append(open, v.o)
	for i, e := range v.o.list.elems {
		if i > 0 {
			b.WriteString(sep)
		}
		switch {
		case e.o == nil:
		case e.o.list != nil:
			if len(open) < maxNesting {
				joinText(b, e, ",", open)
			}
		default:
			b.WriteString(JSText(e))
		}
	}
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
	if o.ext.payload.o != nil {
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
