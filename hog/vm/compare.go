package vm

import (
	"math"
)

// unify brings the operands of a comparison to one kind (specification 4.4).
func unify(a, b Value) (Value, Value) {
	ka, kb := a.Kind(), b.Kind()
	if ka == kb && ka != KindDate && ka != KindDateTime {
		return a, b
	}
	ta, tb := ka == KindDate || ka == KindDateTime, kb == KindDate || kb == KindDateTime
	switch {
	case ta && tb:
		return Number(EpochSeconds(a)), Number(EpochSeconds(b))
	case ta && kb == KindString:
		if ms, ok := ParseDateTime(b.o.str, ""); ok {
			return Number(EpochSeconds(a)), Number(ms / 1000)
		}
	case tb && ka == KindString:
		if ms, ok := ParseDateTime(a.o.str, ""); ok {
			return Number(ms / 1000), Number(EpochSeconds(b))
		}
	case ka == KindNumber && kb == KindString:
		return a, Number(textToNumber(b.o.str))
	case kb == KindNumber && ka == KindString:
		return Number(textToNumber(a.o.str)), b
	case ka == KindBool && kb == KindString:
		return a, Bool(b.o.str == "true")
	case kb == KindBool && ka == KindString:
		return Bool(a.o.str == "true"), b
	case ka == KindBool && kb == KindNumber:
		return Number(a.n), b
	case kb == KindBool && ka == KindNumber:
		return a, Number(b.n)
	}
	return a, b
}

// numberLists compares two lists of finite numbers; ok is false when either
// operand is anything else.
func numberLists(a, b Value) (order int, ok bool) {
	if !a.IsList() || !b.IsList() || !finiteNumbers(a.o.list.elems) || !finiteNumbers(b.o.list.elems) {
		return 0, false
	}
	x, y := a.o.list.elems, b.o.list.elems
	for i := range min(len(x), len(y)) {
		switch {
		case x[i].n < y[i].n:
			return -1, true
		case x[i].n > y[i].n:
			return 1, true
		}
	}
	return len(x) - len(y), true
}

func finiteNumbers(elems []Value) bool {
	for _, e := range elems {
		if e.o != &numberObject || e.n-e.n != 0 {
			return false
		}
	}
	return true
}

// Equal is the operator =.
func Equal(a, b Value) bool {
	if a.o == &numberObject && b.o == &numberObject {
		return a.n == b.n
	}
	if a.o == nil || b.o == nil {
		return a.o == b.o
	}
	if a.o.kind == KindString && b.o.kind == KindString {
		return a.o == b.o || a.o.str == b.o.str
	}
	a, b = unify(a, b)
	if order, ok := numberLists(a, b); ok {
		return order == 0
	}
	return StrictEqual(a, b)
}

// StrictEqual is equality without conversion: same kind and content for
// numbers, texts and booleans, same reference for the rest; NaN differs from itself.
func StrictEqual(a, b Value) bool {
	if a.o == &numberObject && b.o == &numberObject {
		return a.n == b.n
	}
	return sameValue(a, b)
}

// SameValue is the identity used by has, in and dict keys: StrictEqual, except
// that NaN is itself.
func SameValue(a, b Value) bool { return sameValue(a, b) }

// ordering is what an ordering operator asks for.
type ordering uint8

const (
	orderLess ordering = iota
	orderLessEq
	orderGreater
	orderGreaterEq
)

func (o ordering) holds(c int) bool {
	switch o {
	case orderLess:
		return c < 0
	case orderLessEq:
		return c <= 0
	case orderGreater:
		return c > 0
	}
	return c >= 0
}

func (o ordering) numbers(a, b float64) bool {
	switch o {
	case orderLess:
		return a < b
	case orderLessEq:
		return a <= b
	case orderGreater:
		return a > b
	}
	return a >= b
}

// NullOrdering chooses what < <= > >= do with a null operand.
type NullOrdering uint8

const (
	// NullOrderingJS counts null as 0, as PostHog's published VM does.
	NullOrderingJS NullOrdering = iota
	// NullOrderingFalse makes every such comparison false, as its newest programs expect.
	NullOrderingFalse
)

// compare is the four ordering operators.
func compare(a, b Value, op ordering, nulls NullOrdering) bool {
	if a.o == &numberObject && b.o == &numberObject {
		return op.numbers(a.n, b.n)
	}
	if nulls == NullOrderingFalse && (a.o == nil || b.o == nil) {
		return false
	}
	a, b = unify(a, b)
	if order, ok := numberLists(a, b); ok {
		return op.holds(order)
	}
	return relational(a, b, op)
}

// relational is JavaScript's comparison of two primitives.
func relational(a, b Value, op ordering) bool {
	a, b = primitive(a), primitive(b)
	if a.IsString() && b.IsString() {
		return op.holds(CompareText(a.o.str, b.o.str))
	}
	return op.numbers(ToNumber(a), ToNumber(b))
}

func primitive(v Value) Value {
	switch v.Kind() {
	case KindNull, KindBool, KindNumber, KindString:
		return v
	}
	return String(JSText(v))
}

// Less, LessOrEqual, Greater and GreaterOrEqual are JavaScript's relational
// operators, without the unification that the operators of Hog do first.
func Less(a, b Value) bool { return relational(a, b, orderLess) }

// LessOrEqual is described at Less.
func LessOrEqual(a, b Value) bool { return relational(a, b, orderLessEq) }

// Greater is described at Less.
func Greater(a, b Value) bool { return relational(a, b, orderGreater) }

// GreaterOrEqual is described at Less.
func GreaterOrEqual(a, b Value) bool { return relational(a, b, orderGreaterEq) }

// EpochSeconds gives the seconds since 1970 of a date (its UTC midnight) or
// datetime; NaN for anything else and for invalid ones.
func EpochSeconds(v Value) float64 {
	switch v.Kind() {
	case KindDateTime:
		return v.o.ext.dt
	case KindDate:
		e := v.o.ext
		if e.year != e.year {
			return math.NaN()
		}
		return float64(daysFromCivil(int(e.year), int(e.month), int(e.day))) * 86400
	}
	return math.NaN()
}
