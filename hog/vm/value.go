package vm

import (
	"math"
)

// Kind tells what a Value is. Arrays and tuples differ in their mark only.
type Kind uint8

// The kinds of value.
const (
	KindNull Kind = iota
	KindBool
	KindNumber
	KindString
	KindArray
	KindTuple
	KindDict
	KindDate
	KindDateTime
	KindError
	KindFunction
)

// Value is one Hog value: 16 bytes, a number word and a pointer to an object.
// Null is the zero Value. Numbers and booleans keep their content in the
// number word and point at one shared object each, so that computing never
// allocates. All else lives behind the pointer; arrays, tuples and dicts are
// references, as in the language. A Value may be copied freely.
//
// A frozen value (see Freeze) may be read by any number of goroutines; any
// other belongs to the goroutine that runs the program.
type Value struct {
	n float64
	o *object
}

const (
	// flagFrozen marks a container that is shared and never changes again.
	flagFrozen uint8 = 1 << iota
	// flagCow marks a private object whose content is still that of a frozen
	// one; the first write copies the content.
	flagCow
	// flagLazy marks a private container some of whose children may be frozen:
	// they are wrapped when they are read.
	flagLazy
	// flagView marks a private object with the content of a frozen one in a
	// program that never writes (see view).
	flagView
	// flagLent marks a flagCow array whose content is that of the program's own
	// dict, which may be gone before it: the array's memory counts.
	flagLent
	// flagPlain marks a string that is known to be plain: JSON holds it as it is
	// (see plainLen). One without the mark may be plain, too.
	flagPlain
)

// object is what a Value points at. It is one size for all kinds (48 bytes),
// with a typed pointer each for what the machine touches often, since Go has
// no way from a header to the body around it without package unsafe.
type object struct {
	kind  Kind
	flags uint8
	hash  uint32 // of a string, 0 while not computed; read and written atomically
	str   string // text of a string, zone of a datetime
	list  *list  // array, tuple
	dict  *dict  // dict
	ext   *ext   // the rest
}

// list is the content of an array or tuple.
type list struct {
	elems []Value
}

// ext is the content of the rarer kinds.
type ext struct {
	fn      *function // function
	builder *builder  // string that grows
	year    float64   // date; NaN when invalid
	month   float64
	day     float64
	dt      float64 // datetime: epoch seconds; NaN when invalid
	typ     string  // error
	msg     Value
	payload Value
}

// The two shared objects that numbers and booleans point at; they never change.
var (
	numberObject = object{kind: KindNumber}
	boolObject   = object{kind: KindBool}
)

// Null is the null value.
var Null = Value{}

// True and False are the booleans.
var (
	True  = Value{1, &boolObject}
	False = Value{0, &boolObject}
)

// Bool gives the boolean b.
func Bool(b bool) Value {
	if b {
		return Value{1, &boolObject}
	}
	return Value{0, &boolObject}
}

// Number gives the number f. Hog knows one numeric domain, IEEE doubles.
func Number(f float64) Value { return Value{f, &numberObject} }

// Int gives the number i; beyond 2^53 digits are lost, as in Hog itself.
func Int(i int) Value { return Value{float64(i), &numberObject} }

// String gives the text s, which should be UTF-8.
func String(s string) Value { return Value{0, &object{kind: KindString, str: s}} }

// knownPlain marks a string that was looked at, if it is plain.
func (o *object) knownPlain() {
	if plainLen(o.str) == len(o.str) {
		o.flags |= flagPlain
	}
}

// NewArray gives an array that owns elems.
func NewArray(elems []Value) Value { return newList(KindArray, elems) }

// NewTuple gives a tuple that owns elems.
func NewTuple(elems []Value) Value { return newList(KindTuple, elems) }

func newList(kind Kind, elems []Value) Value {
	x := &struct {
		object
		list
	}{object{kind: kind}, list{elems}}
	x.object.list = &x.list
	return Value{0, &x.object}
}

// NewDict gives an empty dict with room for n keys.
func NewDict(n int) Value {
	x := &struct {
		object
		dict
	}{object: object{kind: KindDict}}
	if n > 0 {
		x.dict.keys = make([]Value, 0, n)
		x.dict.vals = make([]Value, 0, n)
	}
	x.object.dict = &x.dict
	return Value{0, &x.object}
}

// NewDate gives a date. Parts that are NaN make an invalid date.
func NewDate(year, month, day float64) Value {
	return Value{0, &object{kind: KindDate, ext: &ext{year: year, month: month, day: day}}}
}

// NewDateTime gives a datetime: epoch seconds (NaN: invalid) and an IANA zone.
func NewDateTime(seconds float64, zone string) Value {
	return Value{0, &object{kind: KindDateTime, str: zone, ext: &ext{dt: seconds}}}
}

// NewError gives an error value. An empty type becomes Error, a null or empty
// message "An error occurred".
func NewError(typ string, message, payload Value) Value {
	if typ == "" {
		typ = "Error"
	}
	if !message.Truthy() {
		message = String("An error occurred")
	}
	return Value{0, &object{kind: KindError, ext: &ext{typ: typ, msg: message, payload: payload}}}
}

func functionValue(fn *function) Value {
	return Value{0, &object{kind: KindFunction, ext: &ext{fn: fn}}}
}

// Kind tells what v is.
func (v Value) Kind() Kind {
	if v.o == nil {
		return KindNull
	}
	return v.o.kind
}

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.o == nil }

// IsNumber reports whether v is a number.
func (v Value) IsNumber() bool { return v.o == &numberObject }

// IsString reports whether v is a string.
func (v Value) IsString() bool { return v.o != nil && v.o.kind == KindString }

// IsList reports whether v is an array or a tuple.
func (v Value) IsList() bool { return v.o != nil && v.o.list != nil }

// IsDict reports whether v is a dict.
func (v Value) IsDict() bool { return v.o != nil && v.o.dict != nil }

// Num gives the number in v, and 0 when v is not a number.
func (v Value) Num() float64 {
	if v.o == &numberObject {
		return v.n
	}
	return 0
}

// Truth gives the boolean in v, and false when v is not a boolean.
func (v Value) Truth() bool { return v.o == &boolObject && v.n != 0 }

// Text gives the text of a string, and "" when v is not a string.
func (v Value) Text() string {
	if v.o != nil && v.o.kind == KindString {
		return v.o.str
	}
	return ""
}

// Truthy reports whether v counts as true (specification 4.2): all but null,
// false, 0, NaN and the empty string.
func (v Value) Truthy() bool {
	switch {
	case v.o == nil:
		return false
	case v.o == &boolObject:
		return v.n != 0
	case v.o == &numberObject:
		return v.n != 0 && v.n == v.n
	case v.o.kind == KindString:
		return v.o.str != ""
	}
	return true
}

// Len gives the number of elements or entries of a container, else 0.
func (v Value) Len() int {
	switch {
	case v.o == nil:
		return 0
	case v.o.list != nil:
		return len(v.o.list.elems)
	case v.o.dict != nil:
		return len(v.o.dict.keys)
	}
	return 0
}

// At gives element i of an array or tuple, or value i of a dict, counted from
// 0 in insertion order; null when there is none.
func (v Value) At(i int) Value {
	switch {
	case v.o == nil || i < 0:
	case v.o.list != nil:
		if i < len(v.o.list.elems) {
			return v.o.list.elems[i]
		}
	case v.o.dict != nil:
		if i < len(v.o.dict.vals) {
			return v.o.dict.vals[i]
		}
	}
	return Null
}

// Elems gives the elements of an array or tuple, nil for anything else. The
// slice belongs to the value: read it, do not keep or change it.
func (v Value) Elems() []Value {
	if v.o != nil && v.o.list != nil {
		return v.o.list.elems
	}
	return nil
}

// Entries gives keys and values of a dict in order, nil for anything else.
// The slices belong to the value: read them, do not keep or change them.
func (v Value) Entries() (keys, vals []Value) {
	if v.o != nil && v.o.dict != nil {
		return v.o.dict.keys, v.o.dict.vals
	}
	return nil, nil
}

// Get gives the value under a text key of a dict, and whether it is there.
func (v Value) Get(key string) (Value, bool) {
	if v.o == nil || v.o.dict == nil {
		return Null, false
	}
	i := v.o.dict.findText(key, hashText(key))
	if i < 0 {
		return Null, false
	}
	return v.o.dict.vals[i], true
}

// Lookup gives the value under any key of a dict, and whether it is there.
func (v Value) Lookup(key Value) (Value, bool) {
	if v.o == nil || v.o.dict == nil {
		return Null, false
	}
	i := v.o.dict.find(key)
	if i < 0 {
		return Null, false
	}
	return v.o.dict.vals[i], true
}

// Path follows text keys through dicts; null when one is missing.
func (v Value) Path(keys ...string) Value {
	for _, k := range keys {
		v, _ = v.Get(k)
	}
	return v
}

// Set puts val under a text key of a dict. It is for whoever builds a dict;
// on a frozen dict or another kind of value it does nothing and reports false.
func (v Value) Set(key string, val Value) bool { return v.Put(String(key), val) }

// Put is Set for any key.
func (v Value) Put(key, val Value) bool {
	if v.o == nil || v.o.dict == nil || v.o.flags&flagFrozen != 0 {
		return false
	}
	thaw(v.o)
	v.o.dict.put(key, val)
	return true
}

// ErrorParts gives type, message and payload of an error value.
func (v Value) ErrorParts() (typ string, message, payload Value) {
	if v.Kind() != KindError {
		return "", Null, Null
	}
	return v.o.ext.typ, v.o.ext.msg, v.o.ext.payload
}

// DateParts gives year, month and day of a date; NaN where invalid.
func (v Value) DateParts() (year, month, day float64) {
	if v.Kind() != KindDate {
		return math.NaN(), math.NaN(), math.NaN()
	}
	return v.o.ext.year, v.o.ext.month, v.o.ext.day
}

// DateTimeParts gives epoch seconds and zone of a datetime; NaN when invalid.
func (v Value) DateTimeParts() (seconds float64, zone string) {
	if v.Kind() != KindDateTime {
		return math.NaN(), ""
	}
	return v.o.ext.dt, v.o.str
}

// TypeName gives the name that typeof gives (specification 4.1).
func (v Value) TypeName() string {
	switch v.Kind() {
	case KindNull:
		return "null"
	case KindBool:
		return "boolean"
	case KindNumber:
		if math.IsInf(v.n, 0) || v.n != math.Trunc(v.n) {
			return "float"
		}
		return "integer"
	case KindString:
		return "string"
	case KindArray:
		return "array"
	case KindTuple:
		return "tuple"
	case KindDict:
		if _, ok := v.Get("__hx_ast"); ok {
			return "sql"
		}
		return "object"
	case KindDate:
		return "date"
	case KindDateTime:
		return "datetime"
	case KindError:
		return "error"
	}
	return "function"
}

// field gives the own field of a date, datetime or error (specification 4.6).
func (o *object) field(key string) Value {
	switch o.kind {
	case KindDate:
		switch key {
		case "__hogDate__":
			return True
		case "year":
			return Number(o.ext.year)
		case "month":
			return Number(o.ext.month)
		case "day":
			return Number(o.ext.day)
		}
	case KindDateTime:
		switch key {
		case "__hogDateTime__":
			return True
		case "dt":
			return Number(o.ext.dt)
		case "zone":
			return String(o.str)
		}
	case KindError:
		switch key {
		case "__hogError__":
			return True
		case "type":
			return String(o.ext.typ)
		case "message":
			return o.ext.msg
		case "payload":
			return o.ext.payload
		}
	}
	return Null
}

// FieldNames gives the own fields of a date, datetime or error, in order; nil
// for anything else.
func (v Value) FieldNames() []string {
	switch v.Kind() {
	case KindDate:
		return []string{"__hogDate__", "year", "month", "day"}
	case KindDateTime:
		return []string{"__hogDateTime__", "dt", "zone"}
	case KindError:
		return []string{"__hogError__", "type", "message", "payload"}
	}
	return nil
}

// Field gives an own field of a date, datetime or error, else null.
func (v Value) Field(name string) Value {
	if v.o == nil {
		return Null
	}
	return v.o.field(name)
}
