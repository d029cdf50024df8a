// Package bytecode holds the interchange form of compiled Hog: PostHog's JSON
// array of opcodes and inline operands. It is what the compiler emits, what
// the API shows and stores, and what any PostHog compiler produces. It is
// never executed as such: package vm translates it once, at load.
//
// A program is a header ("_H", version) followed by elements. An element is
// an opcode (an integer) or an operand of the opcode before it (an integer, a
// string, a float, a boolean). Integers and floats stay apart, because the
// opcodes INTEGER and FLOAT depend on it.
package bytecode

import "hogpen/hog/ast"

// Op is the number of an operation. The comments are stack pictures: what is
// on the stack before, the operation, what is on it after; the top is right.
type Op uint8

// The operations, with PostHog's numbers.
const (
	GetGlobal          Op = 1  //    key_n … key_1 GET_GLOBAL n value
	CallGlobal         Op = 2  //      a_1 … a_n CALL_GLOBAL name n value
	And                Op = 3  //      v_1 … v_n AND n bool
	Or                 Op = 4  //      v_1 … v_n OR n bool
	Not                Op = 5  //              v NOT bool
	Plus               Op = 6  //            b a PLUS a+b (the right operand is pushed first)
	Minus              Op = 7  //            b a MINUS a-b
	Multiply           Op = 8  //            b a MULTIPLY a*b
	Divide             Op = 9  //            b a DIVIDE a/b
	Mod                Op = 10 //            b a MOD a%b
	Eq                 Op = 11 //            b a EQ bool
	NotEq              Op = 12 //            b a NOT_EQ bool
	Gt                 Op = 13 //            b a GT bool
	GtEq               Op = 14 //            b a GT_EQ bool
	Lt                 Op = 15 //            b a LT bool
	LtEq               Op = 16 //            b a LT_EQ bool
	Like               Op = 17 //      pattern s LIKE bool
	ILike              Op = 18 //      pattern s ILIKE bool
	NotLike            Op = 19 //      pattern s NOT_LIKE bool
	NotILike           Op = 20 //      pattern s NOT_ILIKE bool
	In                 Op = 21 // haystack needle IN bool
	NotIn              Op = 22 // haystack needle NOT_IN bool
	Regex              Op = 23 //      pattern s REGEX bool
	NotRegex           Op = 24 //      pattern s NOT_REGEX bool
	IRegex             Op = 25 //      pattern s IREGEX bool
	NotIRegex          Op = 26 //      pattern s NOT_IREGEX bool
	InCohort           Op = 27 // reserved, never emitted
	NotInCohort        Op = 28 // reserved, never emitted
	True               Op = 29 //              - TRUE true
	False              Op = 30 //              - FALSE false
	Null               Op = 31 //              - NULL null
	String             Op = 32 //              - STRING s s
	Integer            Op = 33 //              - INTEGER i i (may carry a boolean in AST mode)
	Float              Op = 34 //              - FLOAT f f
	Pop                Op = 35 //              v POP -
	GetLocal           Op = 36 //              - GET_LOCAL i v
	SetLocal           Op = 37 //              v SET_LOCAL i -
	Return             Op = 38 //              v RETURN (to the caller) v
	Jump               Op = 39 //              - JUMP d -
	JumpIfFalse        Op = 40 //              v JUMP_IF_FALSE d -
	DeclareFn          Op = 41 // deprecated: DECLARE_FN name argc len, body
	Dict               Op = 42 // k_1 v_1 … k_n v_n DICT n dict
	Array              Op = 43 //      v_1 … v_n ARRAY n array
	Tuple              Op = 44 //      v_1 … v_n TUPLE n tuple
	GetProperty        Op = 45 //     object key GET_PROPERTY value
	SetProperty        Op = 46 //   object key v SET_PROPERTY -
	JumpIfStackNotNull Op = 47 //              v JUMP_IF_STACK_NOT_NULL d v
	GetPropertyNullish Op = 48 //     object key GET_PROPERTY_NULLISH value
	Throw              Op = 49 //          error THROW -
	Try                Op = 50 //              - TRY d -
	PopTry             Op = 51 //              - POP_TRY -
	Callable           Op = 52 //              - CALLABLE name argc upvalues len callable, body
	Closure            Op = 53 //       callable CLOSURE n (isLocal index)… closure
	CallLocal          Op = 54 // a_1 … a_n closure CALL_LOCAL n value
	GetUpvalue         Op = 55 //              - GET_UPVALUE i v
	SetUpvalue         Op = 56 //              v SET_UPVALUE i -
	CloseUpvalue       Op = 57 //              v CLOSE_UPVALUE -
)

// Kind tells what an element of a program is.
type Kind uint8

// The kinds of element. A JSON null in opcode position is a no-op.
const (
	KindInt Kind = iota
	KindFloat
	KindString
	KindBool
	KindNull
	// KindBigInt is an integer outside 64 bits: its digits are in Str.
	KindBigInt
)

// Elem is one element of a program: an opcode or an operand.
type Elem struct {
	Kind  Kind
	Int   int64 // KindInt; 0 or 1 for KindBool
	Float float64
	Str   string
}

// Program is bytecode without its header.
type Program struct {
	Version int
	Code    []Elem
	// Spans[i] is where Code[i] comes from in the source; empty when the
	// program was read from JSON.
	Spans []ast.Span
	// Locals names the slots of frames, for who looks into a run; empty when
	// the program was read from JSON.
	Locals []Local
}

// Local is the name of a variable in a stretch of code. Numbers of elements
// count without the header, as jumps do.
type Local struct {
	Name     string
	Slot     int32 // counted from the frame's begin; with Upvalue, the number of the upvalue
	Function int32 // the element at which the function's body begins; 0 for the program
	From, To int32 // the elements between which the name holds; To is exclusive
	Upvalue  bool
}
