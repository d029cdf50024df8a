package ast

// Null is the constant null.
func Null() *Constant { return &Constant{Kind: KindNull} }

// Bool is the constant true or false.
func Bool(v bool) *Constant { return &Constant{Kind: KindBool, Bool: v} }

// String is a string constant.
func String(s string) *Constant { return &Constant{Kind: KindString, Str: s} }

// Integer is an integer constant (operation INTEGER).
func Integer(i int64) *Constant { return &Constant{Kind: KindInteger, Int: i} }

// Float is a float constant (operation FLOAT), also when it is integral.
func Float(f float64) *Constant { return &Constant{Kind: KindFloat, Float: f} }

// Number is an Integer when f is integral and exact in 53 bits, else a Float.
func Number(f float64) *Constant {
	const exact = 1 << 53
	if f >= -exact && f <= exact && f == float64(int64(f)) {
		return Integer(int64(f))
	}
	return Float(f)
}

// Chain is a field: Chain("properties", "$browser") is properties.$browser. A
// part may hold any text, also dots.
func Chain(parts ...string) *Field { return &Field{Chain: parts} }

// CallOf is a call by name: CallOf("toString", f) is toString(f).
func CallOf(name string, args ...Expr) *Call { return &Call{Name: name, Args: args} }

// CompareOf is left op right.
func CompareOf(op CompareOp, left, right Expr) *Compare {
	return &Compare{Op: op, Left: left, Right: right}
}

// AndOf joins exprs into one And node; operands that are And nodes stay nested.
// It makes a node for any count, also 0 and 1: to use a single operand bare is
// the caller's choice.
func AndOf(exprs ...Expr) *And { return &And{Exprs: exprs} }

// OrOf joins exprs into one Or node, as AndOf.
func OrOf(exprs ...Expr) *Or { return &Or{Exprs: exprs} }

// NotOf is not e.
func NotOf(e Expr) *Not { return &Not{Expr: e} }

// TupleOf is (a, b, …).
func TupleOf(exprs ...Expr) *Tuple { return &Tuple{Exprs: exprs} }

// ArrayOf is [a, b, …].
func ArrayOf(exprs ...Expr) *Array { return &Array{Exprs: exprs} }

// LambdaOf is params -> body.
func LambdaOf(body Expr, params ...string) *Lambda {
	names := make([]Name, len(params))
	for i, p := range params {
		names[i] = Name{Text: p}
	}
	return &Lambda{Params: names, Expr: body}
}
