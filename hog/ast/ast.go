// Package ast is the tree of a Hog program.
//
// The tree is the normal form that PostHog's parser gives, because the
// bytecode depends on it: `a ?? b` is a call of ifNull, `a.b.c` is one field,
// `a and (b and c)` is one And of three. What the author wrote instead is kept
// beside it in hints (Call.Form, Constant.Written, At.Parens, ...) that only
// the printer reads; two trees are equal when they differ in nothing but spans
// and hints (see Equal).
//
// The nodes are plain data. Passes switch on their type; Walk visits all of
// them. Package cdp builds trees for filters by hand with the constructors of
// build.go, so every node is useful with its hints left at zero.
package ast

// Node is any part of the tree.
type Node interface {
	// Place is where the node stands in its source; the zero Span for a node
	// that was built by hand.
	Place() Span
	at() *At
}

// Expr is a node that yields a value.
type Expr interface {
	Node
	expr()
}

// Stmt is a node that does something.
type Stmt interface {
	Node
	stmt()
}

// At is what every node carries: its place, and whether it was written in
// parentheses (a hint for the printer; the span is that of the inside).
type At struct {
	Span   Span
	Parens bool
}

// Place returns the span.
func (a *At) Place() Span { return a.Span }

func (a *At) at() *At { return a }

// AtOf returns what n carries, for a pass that changes the tree in place.
func AtOf(n Node) *At { return n.at() }

type exprNode struct{}

func (exprNode) expr() {}

type stmtNode struct{}

func (stmtNode) stmt() {}

// ConstKind is the type of a constant.
type ConstKind uint8

// The kinds of constant. Integers and floats stay apart to the bytecode.
const (
	KindNull ConstKind = iota
	KindBool
	KindInteger
	KindBigInteger // does not fit in 64 bits; Str holds its decimal digits, with sign
	KindFloat
	KindString
)

// Constant is a literal value.
type Constant struct {
	At
	exprNode
	Kind  ConstKind
	Bool  bool
	Int   int64
	Float float64
	Str   string
	// Written is a number as it was spelled, without spaces, a string literal
	// with its quotes, or, with Raw, the text of a template before escapes;
	// both are hints.
	Written string
	Raw     bool
}

// Field is a chain of names such as a.b.c: a variable with its properties, or
// a global. `*` stands as a part of its own.
type Field struct {
	At
	exprNode
	Chain []string
	// DoubleQuoted tells that the first name was written in double quotes, as
	// strings are in other languages; a hint.
	DoubleQuoted bool
}

// Form tells how a Call, Compare or Arithmetic was written; a hint.
type Form uint8

// The forms. FormPlain is the operator or call itself.
const (
	FormPlain    Form = iota
	FormConcat        // a || b; Call.Operands holds the operands
	FormTemplate      // f'a{b}'; Call.Operands holds the parts
	FormNullish       // a ?? b
	FormTernary       // c ? a : b
	FormCase          // case when …, without operand; Operands is nil
	FormIsNull        // x is null, x is not null
	FormNegate        // -x
)

// Call is a call by name.
type Call struct {
	At
	exprNode
	Name     string
	NameSpan Span
	// Params is the first list of f(x)(y), not nil then but perhaps empty.
	Params []Expr
	Args   []Expr
	Form   Form
	// Operands are the unflattened operands of FormConcat and the parts of
	// FormTemplate. They share their nodes with Args: a pass walks Args.
	Operands []Expr
}

// ExprCall is a call of the value of an expression.
type ExprCall struct {
	At
	exprNode
	Callee Expr
	Args   []Expr
}

// ArithmeticOp is one of + - * / %.
type ArithmeticOp string

// The arithmetic operators, spelled as in AST mode.
const (
	Add ArithmeticOp = "+"
	Sub ArithmeticOp = "-"
	Mul ArithmeticOp = "*"
	Div ArithmeticOp = "/"
	Mod ArithmeticOp = "%"
)

// Arithmetic is a binary operation on numbers. FormNegate marks 0 - e that was
// written -e.
type Arithmetic struct {
	At
	exprNode
	Op          ArithmeticOp
	Left, Right Expr
	Form        Form
}

// CompareOp is a comparison, spelled as in AST mode.
type CompareOp string

// The comparisons.
const (
	Eq          CompareOp = "=="
	NotEq       CompareOp = "!="
	Lt          CompareOp = "<"
	LtEq        CompareOp = "<="
	Gt          CompareOp = ">"
	GtEq        CompareOp = ">="
	Like        CompareOp = "like"
	ILike       CompareOp = "ilike"
	NotLike     CompareOp = "not like"
	NotILike    CompareOp = "not ilike"
	In          CompareOp = "in"
	NotIn       CompareOp = "not in"
	InCohort    CompareOp = "in cohort"
	NotInCohort CompareOp = "not in cohort"
	Regex       CompareOp = "=~"
	NotRegex    CompareOp = "!~"
	IRegex      CompareOp = "=~*"
	NotIRegex   CompareOp = "!~*"
)

// Compare is a comparison.
type Compare struct {
	At
	exprNode
	Op          CompareOp
	Left, Right Expr
	Form        Form
	Written     string // the operator as spelled (= or ==, <> or !=, ~ or =~); a hint
}

// And is a conjunction. The parser flattens; a tree built by hand stays as it is.
type And struct {
	At
	exprNode
	Exprs []Expr
}

// Or is a disjunction, built like And.
type Or struct {
	At
	exprNode
	Exprs []Expr
}

// Not is the prefix operator; not(x) is a Call.
type Not struct {
	At
	exprNode
	Expr Expr
}

// Between is x between low and high.
type Between struct {
	At
	exprNode
	Expr, Low, High Expr
	Negated         bool
}

// Array is [a, b].
type Array struct {
	At
	exprNode
	Exprs []Expr
}

// Tuple is (a, b).
type Tuple struct {
	At
	exprNode
	Exprs []Expr
}

// DictItem is one key with its value.
type DictItem struct {
	Key, Value Expr
}

// Dict is {k: v}.
type Dict struct {
	At
	exprNode
	Items []DictItem
}

// ArrayAccess is x[e], and x.name where x is not a chain of names.
type ArrayAccess struct {
	At
	exprNode
	Array    Expr
	Property Expr
	Nullish  bool
	Dotted   bool // written x.name; a hint
}

// TupleAccess is x.3.
type TupleAccess struct {
	At
	exprNode
	Tuple   Expr
	Index   int64
	Nullish bool
}

// Name is a declared name with its place.
type Name struct {
	Text string
	Span Span
}

// Lambda is params -> body. Exactly one of Expr and Block is set.
type Lambda struct {
	At
	exprNode
	Params []Name
	Expr   Expr
	Block  *Block
}

// Placeholder is {e}. The compiler takes it only as the body of a lambda.
type Placeholder struct {
	At
	exprNode
	Expr Expr
}

// NamedArg is name := value inside an expression; the compiler rejects it.
type NamedArg struct {
	At
	exprNode
	Name  string
	Value Expr
}

// Alias is e as name; the compiler rejects it.
type Alias struct {
	At
	exprNode
	Expr Expr
	Name string
}

// Unsupported is an expression of the SQL side that parses and that the
// bytecode compiler has no rule for: a cast, a slice, a window function, …
type Unsupported struct {
	At
	exprNode
	Construct string // for people: "type cast"
	Visitor   string // the end of PostHog's visit_… name: "type_cast"
	Text      string // the source, for the printer
}

// Tag is a HogQLX element.
type Tag struct {
	At
	exprNode
	Kind       string
	Attributes []TagAttribute
}

// TagAttribute is one attribute of a Tag. Children are an attribute called
// "children" whose value is an Array, with Children set.
type TagAttribute struct {
	Name     string
	Value    Expr
	Children bool // written between the tags; a hint
}

// Bad stands where an expression could not be read; a diagnostic tells why.
type Bad struct {
	At
	exprNode
}

// Let declares a variable. Value may be nil.
type Let struct {
	At
	stmtNode
	Name  Name
	Value Expr
}

// Assign is target := value.
type Assign struct {
	At
	stmtNode
	Target, Value Expr
}

// ExprStmt is an expression as a statement; Expr is nil for the empty
// statement that is a body.
type ExprStmt struct {
	At
	stmtNode
	Expr Expr
}

// Return leaves a function or the program. Value may be nil.
type Return struct {
	At
	stmtNode
	Value Expr
}

// Throw raises an error value.
type Throw struct {
	At
	stmtNode
	Value Expr
}

// Catch is one clause of a Try. Var and Type may have an empty text.
type Catch struct {
	Span Span
	Var  Name
	Type Name
	Body *Block
}

// Try is try/catch/finally. Finally may be nil.
type Try struct {
	At
	stmtNode
	Body    *Block
	Catches []Catch
	Finally *Block
}

// If is a conditional statement. Else may be nil.
type If struct {
	At
	stmtNode
	Cond Expr
	Then Stmt
	Else Stmt
}

// While is a loop.
type While struct {
	At
	stmtNode
	Cond Expr
	Body Stmt
}

// For is for (init; cond; post). Each of the three may be nil. Init and Post
// are a Let, an Assign or an ExprStmt.
type For struct {
	At
	stmtNode
	Init Stmt
	Cond Expr
	Post Stmt
	Body Stmt
}

// ForIn is for (let key, value in e). Key.Text is empty without a key.
type ForIn struct {
	At
	stmtNode
	Key, Value Name
	Expr       Expr
	Body       Stmt
}

// Function declares a function.
type Function struct {
	At
	stmtNode
	Name   Name
	Params []Name
	Body   *Block
}

// Block is { … }.
type Block struct {
	At
	stmtNode
	Stmts []Stmt
}

// Comment is a comment as it stands in the source, delimiters included.
type Comment struct {
	Span Span
	Text string
}

// Program is a whole source. Source and Comments are there for the printer.
type Program struct {
	At
	Stmts    []Stmt
	Comments []Comment
	Source   string
}
