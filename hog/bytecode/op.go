package bytecode

import (
	"strconv"

	"hogpen/hog/ast"
)

// Variable is the operand count of CLOSURE, which depends on its first
// operand: 1 + 2 for each upvalue.
const Variable = -1

// opInfo is what is known about an operation: PostHog's name and its operands.
type opInfo struct {
	name     string
	operands int
}

// info returns the name and operand count of op; ok is false for a number that
// is no operation.
func info(op Op) (opInfo, bool) {
	table := [...]opInfo{
		GetGlobal: {"GET_GLOBAL", 1}, CallGlobal: {"CALL_GLOBAL", 2},
		And: {"AND", 1}, Or: {"OR", 1}, Not: {"NOT", 0},
		Plus: {"PLUS", 0}, Minus: {"MINUS", 0}, Multiply: {"MULTIPLY", 0}, Divide: {"DIVIDE", 0}, Mod: {"MOD", 0},
		Eq: {"EQ", 0}, NotEq: {"NOT_EQ", 0}, Gt: {"GT", 0}, GtEq: {"GT_EQ", 0}, Lt: {"LT", 0}, LtEq: {"LT_EQ", 0},
		Like: {"LIKE", 0}, ILike: {"ILIKE", 0}, NotLike: {"NOT_LIKE", 0}, NotILike: {"NOT_ILIKE", 0},
		In: {"IN", 0}, NotIn: {"NOT_IN", 0},
		Regex: {"REGEX", 0}, NotRegex: {"NOT_REGEX", 0}, IRegex: {"IREGEX", 0}, NotIRegex: {"NOT_IREGEX", 0},
		InCohort: {"IN_COHORT", 0}, NotInCohort: {"NOT_IN_COHORT", 0},
		True: {"TRUE", 0}, False: {"FALSE", 0}, Null: {"NULL", 0},
		String: {"STRING", 1}, Integer: {"INTEGER", 1}, Float: {"FLOAT", 1},
		Pop: {"POP", 0}, GetLocal: {"GET_LOCAL", 1}, SetLocal: {"SET_LOCAL", 1}, Return: {"RETURN", 0},
		Jump: {"JUMP", 1}, JumpIfFalse: {"JUMP_IF_FALSE", 1}, DeclareFn: {"DECLARE_FN", 3},
		Dict: {"DICT", 1}, Array: {"ARRAY", 1}, Tuple: {"TUPLE", 1},
		GetProperty: {"GET_PROPERTY", 0}, SetProperty: {"SET_PROPERTY", 0},
		JumpIfStackNotNull: {"JUMP_IF_STACK_NOT_NULL", 1}, GetPropertyNullish: {"GET_PROPERTY_NULLISH", 0},
		Throw: {"THROW", 0}, Try: {"TRY", 1}, PopTry: {"POP_TRY", 0},
		Callable: {"CALLABLE", 4}, Closure: {"CLOSURE", Variable}, CallLocal: {"CALL_LOCAL", 1},
		GetUpvalue: {"GET_UPVALUE", 1}, SetUpvalue: {"SET_UPVALUE", 1}, CloseUpvalue: {"CLOSE_UPVALUE", 0},
	}
	if int(op) >= len(table) || table[op].name == "" {
		return opInfo{}, false
	}
	return table[op], true
}

// String returns PostHog's name of the operation, or its number.
func (op Op) String() string {
	if i, ok := info(op); ok {
		return i.name
	}
	return strconv.Itoa(int(op))
}

// Known reports whether op is an operation.
func (op Op) Known() bool {
	_, ok := info(op)
	return ok
}

// Operands returns how many elements follow op inline, or Variable.
func (op Op) Operands() int {
	i, _ := info(op)
	return i.operands
}

// Length returns how many elements the instruction at index ip of code takes,
// opcode included, and its operation. ok is false when the element is no
// operation (a JSON null, which is a no-op of length 1, has length 1 and ok
// false) or when operands are missing.
func Length(code []Elem, ip int) (op Op, n int, ok bool) {
	e := code[ip]
	if e.Kind != KindInt || e.Int < 0 || e.Int > 255 || !Op(e.Int).Known() {
		return 0, 1, false
	}
	op = Op(e.Int)
	n = 1 + op.Operands()
	if op == Closure {
		if ip+1 >= len(code) || code[ip+1].Kind != KindInt || code[ip+1].Int < 0 || code[ip+1].Int > int64(len(code)) {
			return op, 1, false
		}
		n = 2 + 2*int(code[ip+1].Int)
	}
	return op, n, ip+n <= len(code)
}

// SpanAt returns where the element at index ip comes from, or the zero Span
// when the program carries no places.
func (p *Program) SpanAt(ip int) ast.Span {
	if ip >= 0 && ip < len(p.Spans) {
		return p.Spans[ip]
	}
	return ast.Span{}
}

// IntElem is an integer element.
func IntElem(i int64) Elem { return Elem{Kind: KindInt, Int: i} }

// StringElem is a string element.
func StringElem(s string) Elem { return Elem{Kind: KindString, Str: s} }

// FloatElem is a float element.
func FloatElem(f float64) Elem { return Elem{Kind: KindFloat, Float: f} }

// BoolElem is a boolean element.
func BoolElem(b bool) Elem {
	e := Elem{Kind: KindBool}
	if b {
		e.Int = 1
	}
	return e
}
