package vm

import (
	"fmt"
	"slices"
	"strconv"
)

// AppendJSON appends the JSON text of v, as jsonStringify makes it
// (specification 4.13, 5.7): compact, without HTML escaping; tuples are
// arrays, dates and errors their raw objects, functions their print form as a
// string; NaN, infinities and cycles are null; integer-like keys come first.
// What is longer than MaxText breaks off and is no JSON: see TooLong.
func AppendJSON(dst []byte, v Value) []byte { return AppendJSONIndent(dst, v, "") }

// AppendJSONIndent is AppendJSON over several lines, each level indented by
// indent; an empty indent means one line.
func AppendJSONIndent(dst []byte, v Value, indent string) []byte {
	w := jsonWriter{b: dst, indent: indent, most: len(dst) + MaxText}
	w.value(v, nil)
	return w.b
}

type jsonWriter struct {
	b      []byte
	indent string
	most   int // bytes of b; beyond them nothing is begun
}

// opened is a container that is being written, in the one that it stands in.
// The chain lives on the stack, so that writing allocates nothing.
type opened struct {
	o     *object
	depth int // 1 for the outermost
	in    *opened
}

// open begins a container, unless it is one of those it stands in or is too
// deep.
func (in *opened) open(o *object) (opened, bool) {
	x := opened{o, 1, in}
	if in != nil {
		x.depth = in.depth + 1
	}
	for up := in; up != nil; up = up.in {
		if up.o == o {
			return x, false
		}
	}
	return x, x.depth <= maxNesting
}

func (w *jsonWriter) full() bool { return len(w.b) > w.most }

func (w *jsonWriter) value(v Value, in *opened) {
	switch v.Kind() {
	case KindNull:
		w.b = append(w.b, "null"...)
	case KindBool:
		w.b = strconv.AppendBool(w.b, v.n != 0)
	case KindNumber:
		if v.n-v.n != 0 {
			w.b = append(w.b, "null"...)
			return
		}
		w.b = AppendNumber(w.b, v.n)
	case KindString:
		w.b = appendString(w.b, v.o)
	case KindFunction:
		w.b = AppendJSONText(w.b, Print(v))
	default:
		w.container(v, in)
	}
}

func (w *jsonWriter) container(v Value, in *opened) {
	x, ok := in.open(v.o)
	if !ok {
		w.b = append(w.b, "null"...)
		return
	}
	switch {
	case v.o.list != nil:
		w.array(v.o.list.elems, &x)
	case v.o.dict != nil:
		w.dict(v.o.dict, &x)
	default:
		w.fields(v, &x)
	}
}

func (w *jsonWriter) line(open int) {
	if w.indent == "" {
		return
	}
	w.b = append(w.b, '\n')
	for range open {
		w.b = append(w.b, w.indent...)
	}
}

func (w *jsonWriter) array(elems []Value, in *opened) {
	w.b = append(w.b, '[')
	for i, e := range elems {
		if w.full() {
			return
		}
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.line(in.depth)
		w.value(e, in)
	}
	if len(elems) > 0 {
		w.line(in.depth - 1)
	}
	w.b = append(w.b, ']')
}

// open comes before a key, colon behind it.
func (w *jsonWriter) open(first bool, in *opened) {
	if !first {
		w.b = append(w.b, ',')
	}
	w.line(in.depth)
}

func (w *jsonWriter) colon() {
	w.b = append(w.b, ':')
	if w.indent != "" {
		w.b = append(w.b, ' ')
	}
}

func (w *jsonWriter) dict(d *dict, in *opened) {
	w.b = append(w.b, '{')
	for _, k := range d.keys {
		if k.o == nil || k.o.kind != KindString || plainIndex(k.o.str) {
			d = textKeys(d)
			break
		}
	}
	for i, k := range d.keys {
		if w.full() {
			return
		}
		w.open(i == 0, in)
		w.b = appendString(w.b, k.o)
		w.colon()
		w.value(d.vals[i], in)
	}
	if len(d.keys) > 0 {
		w.line(in.depth - 1)
	}
	w.b = append(w.b, '}')
}

func plainIndex(s string) bool { return s != "" && s[0] <= '9' && s[0] >= '0' }

// textKeys gives a dict with the texts of the keys, integer-like ones first.
func textKeys(d *dict) *dict {
	c := &dict{}
	for i, k := range d.keys {
		if k.o == nil || k.o.kind != KindString {
			k = String(JSText(k))
		}
		c.put(k, d.vals[i])
	}
	orderKeys(c)
	return c
}

func (w *jsonWriter) fields(v Value, in *opened) {
	w.b = append(w.b, '{')
	first := true
	for _, name := range v.FieldNames() {
		f := v.o.field(name)
		if name == "payload" && f.IsNull() {
			continue
		}
		w.open(first, in)
		w.b = AppendJSONText(w.b, name)
		w.colon()
		w.value(f, in)
		first = false
	}
	w.line(in.depth - 1)
	w.b = append(w.b, '}')
}

const hexDigits = "0123456789abcdef"

// AppendJSONText appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendJSONText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if plainLen(s) == len(s) {
		return append(append(dst, s...), '"')
	}
	return appendEscaped(dst, CleanText(s))
}

// appendString is AppendJSONText for the text of a string.
func appendString(dst []byte, o *object) []byte {
	if o.flags&flagPlain == 0 {
		return AppendJSONText(dst, o.str)
	}
	return append(append(append(dst, '"'), o.str...), '"')
}

// appendEscaped appends the rest of a JSON string behind its quote.
func appendEscaped(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// ToGo gives v as encoding/json would have read it: nil, bool, float64,
// string, []any and map[string]any. Dates and errors become their raw objects,
// functions their print form. Deeper nesting than 2000, and cycles, are nil.
func (v Value) ToGo() any {
	var around [16]*object
	return toGo(v, around[:0])
}

// toGo converts v, which lies within the containers around it.
func toGo(v Value, around []*object) any {
	switch v.Kind() {
	case KindNull:
		return nil
	case KindBool:
		return v.n != 0
	case KindNumber:
		return v.n
	case KindString:
		return v.o.cleanText()
	case KindFunction:
		return Print(v)
	}
	if len(around) >= maxNesting || slices.Contains(around, v.o) {
		return nil
	}
	around = append(around, v.o)
	if v.o.list != nil {
		out := make([]any, len(v.o.list.elems))
		for i, e := range v.o.list.elems {
			out[i] = toGo(e, around)
		}
		return out
	}
	out := make(map[string]any, v.Len())
	if v.o.dict != nil {
		for i, k := range v.o.dict.keys {
			out[cleanKey(k)] = toGo(v.o.dict.vals[i], around)
		}
		return out
	}
	for _, name := range v.FieldNames() {
		out[name] = toGo(v.o.field(name), around)
	}
	return out
}

func (o *object) cleanText() string {
	if o.flags&flagPlain != 0 {
		return o.str
	}
	return CleanText(o.str)
}

func cleanKey(k Value) string {
	if k.IsString() {
		return k.o.cleanText()
	}
	return CleanText(JSText(k))
}

// FromGo makes a value of Go data: nil, booleans, numbers, strings, Values,
// slices of these and maps with text keys, whose keys are sorted. Anything
// else is an error.
func FromGo(x any) (Value, error) {
	switch x := x.(type) {
	case nil:
		return Null, nil
	case Value:
		return x, nil
	case bool:
		return Bool(x), nil
	case string:
		return String(x), nil
	case float64:
		return Number(x), nil
	case int:
		return Number(float64(x)), nil
	case int64:
		return Number(float64(x)), nil
	case []string:
		elems := make([]Value, len(x))
		for i, s := range x {
			elems[i] = String(s)
		}
		return NewArray(elems), nil
	case []any:
		elems := make([]Value, len(x))
		for i, e := range x {
			v, err := FromGo(e)
			if err != nil {
				return Null, err
			}
			elems[i] = v
		}
		return NewArray(elems), nil
	case map[string]string:
		return fromMap(x)
	case map[string]any:
		return fromMap(x)
	}
	return Null, fmt.Errorf("no Hog value for a Go %T", x)
}

func fromMap[T any](m map[string]T) (Value, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	d := NewDict(len(keys))
	for _, k := range keys {
		v, err := FromGo(m[k])
		if err != nil {
			return Null, fmt.Errorf("%s: %w", k, err)
		}
		d.o.dict.add(String(k), v)
	}
	return d, nil
}
