package hog

import (
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/bytecode"
	"hogpen/hog/compiler"
	"hogpen/hog/parser"
	"hogpen/hog/printer"
)

// Options steer a compilation, see compiler.Options.
type Options = compiler.Options

// FuncInfo is the arity of a function, see compiler.FuncInfo.
type FuncInfo = compiler.FuncInfo

// Compile compiles a program. The bytecode is nil when a diagnostic is an
// error; warnings may come with it. All faults are in source order.
func Compile(src string, opt Options) (*bytecode.Program, ast.Diagnostics) {
	tree, diags := parser.Program(src)
	r, more := compileProgram(tree, opt, diags)
	return r.Program, more
}

// CompileRepl compiles one input of a session. opt.Locals are the locals of
// the inputs before; the new list comes back. Repl is implied.
func CompileRepl(src string, opt Options) (*bytecode.Program, []string, ast.Diagnostics) {
	opt.Repl = true
	tree, diags := parser.Program(src)
	r, more := compileProgram(tree, opt, diags)
	return r.Program, r.Locals, more
}

func compileProgram(tree *ast.Program, opt Options, diags ast.Diagnostics) (compiler.Result, ast.Diagnostics) {
	if diags.Failed() {
		return compiler.Result{}, diags
	}
	r, found := compiler.Program(tree, opt)
	return r, append(diags, found...)
}

// CompileTemplate compiles an input template: text with { expressions }. The
// value that is left on the stack is the result.
func CompileTemplate(text string, opt Options) (*bytecode.Program, ast.Diagnostics) {
	opt.Template = true
	e, diags := parser.Template(text)
	if diags.Failed() && strings.Contains(text, "{{") {
		// Most likely Liquid, whose own faults would only confuse.
		diags[0].Hint = "Hog templates use single braces: {name}"
	}
	return compileExpr(e, opt, diags)
}

// CompileExpr compiles a single expression, such as a filter in HogQL.
func CompileExpr(src string, opt Options) (*bytecode.Program, ast.Diagnostics) {
	e, diags := parser.Expr(src)
	return compileExpr(e, opt, diags)
}

// CompileTree compiles an expression that was built as a tree. Spans in the
// diagnostics are those of the tree.
func CompileTree(e ast.Expr, opt Options) (*bytecode.Program, ast.Diagnostics) {
	return compileExpr(e, opt, nil)
}

func compileExpr(e ast.Expr, opt Options, diags ast.Diagnostics) (*bytecode.Program, ast.Diagnostics) {
	if diags.Failed() {
		return nil, diags
	}
	r, found := compiler.Expr(e, opt)
	return r.Program, append(diags, found...)
}

// ParseProgram reads a program. The tree is there also when there are faults.
func ParseProgram(src string) (*ast.Program, ast.Diagnostics) { return parser.Program(src) }

// ParseExpr reads a single expression.
func ParseExpr(src string) (ast.Expr, ast.Diagnostics) { return parser.Expr(src) }

// ParseTemplate reads an input template.
func ParseTemplate(text string) (ast.Expr, ast.Diagnostics) { return parser.Template(text) }

// Format writes a program tidily. A source with faults is not formatted: the
// result is then empty.
func Format(src string) (string, ast.Diagnostics) { return printer.Format(src) }
