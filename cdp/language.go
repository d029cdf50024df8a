package cdp

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/compiler"
	"hogpen/hog/javascript/site"
	"hogpen/hog/parser"
	"hogpen/hog/stl"
)

// libraryFunctions are the functions of the standard library with their arity.
func libraryFunctions() map[string]compiler.FuncInfo {
	info := stl.Info()
	out := make(map[string]compiler.FuncInfo, len(info))
	for name, a := range info {
		out[name] = compiler.FuncInfo{Min: a.Min, Max: a.Max}
	}
	return out
}

func isLibraryFunction(name string) bool { return stl.Find(name) != nil }

// compiledTemplate is a text with expressions in braces, compiled.
type compiledTemplate struct {
	code    json.RawMessage
	globals [][]string // the chains of names it reads, such as inputs.url
}

// inputs are the keys of other inputs that the template reads.
func (t compiledTemplate) inputs() []string {
	var keys []string
	for _, chain := range t.globals {
		if len(chain) > 1 && chain[0] == "inputs" && !slices.Contains(keys, chain[1]) {
			keys = append(keys, chain[1])
		}
	}
	return keys
}

// transformationNames are the globals and host functions that a
// transformation's inputs may use (REST API specification 4.9).
var transformationNames = [...]string{
	"project", "event", "inputs",
	"geoipLookup", "cleanNullValues", "isKnownBotUserAgent", "isKnownBotIp", "fetch", "postHogCapture",
}

// transformationGlobals says which names a transformation's template reads
// that are not there, or "".
func transformationGlobals(t compiledTemplate) string {
	var unknown []string
	for _, chain := range t.globals {
		root := chain[0]
		library := len(chain) == 1 && isLibraryFunction(root)
		if !slices.Contains(transformationNames[:], root) && !library && !slices.Contains(unknown, root) {
			unknown = append(unknown, root)
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	slices.Sort(unknown)
	return "Invalid template: Variable not available in transformations: " + strings.Join(unknown, ", ") +
		". Transformations only have access to project, event, and inputs."
}

// compileTemplate compiles an input's text. With warehouse, record.x stands
// for event.properties.x. The error is what is wrong with the text.
func compileTemplate(text string, warehouse bool) (compiledTemplate, error) {
	tree, diags := parser.Template(text)
	if diags.Failed() {
		return compiledTemplate{}, firstFault(diags)
	}
	if fault := hyphenFault(tree); fault != nil {
		return compiledTemplate{}, fault
	}
	if warehouse {
		readRecord(tree)
	}
	return compileTree(tree, compiler.Options{Template: true})
}

// readRecord rewrites record.x to event.properties.x, in place.
func readRecord(tree ast.Node) {
	ast.Walk(tree, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && len(f.Chain) > 1 && f.Chain[0] == "record" {
			f.Chain = append([]string{"event", "properties"}, f.Chain[1:]...)
		}
		return true
	})
}

func compileTree(tree ast.Expr, options compiler.Options) (compiledTemplate, error) {
	r, diags := compiler.Expr(tree, options)
	if diags.Failed() {
		return compiledTemplate{}, firstFault(diags)
	}
	code, err := r.Program.MarshalJSON()
	if err != nil {
		return compiledTemplate{}, err
	}
	t := compiledTemplate{code: code}
	for _, g := range r.Globals {
		t.globals = append(t.globals, g.Chain)
	}
	return t, nil
}

// firstFault is the first diagnostic that is an error, as an error.
func firstFault(diags ast.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != ast.SeverityWarning {
			return errors.New(d.Message)
		}
	}
	return diags
}

// compileProgram compiles a function's source. The text tells what PostHog's
// API says when it does not compile; "" when it does.
func compileProgram(t Type, source string) (json.RawMessage, string) {
	if t.Site() {
		if _, diags := site.Transpile(source); diags.Failed() {
			return nil, site.SourceFault
		}
		return nil, ""
	}
	tree, diags := parser.Program(source)
	if fault := hyphenFault(tree); fault != nil {
		return nil, fault.Error()
	}
	if diags.Failed() {
		return nil, "Hog code has errors."
	}
	r, diags := compiler.Program(tree, compiler.Options{})
	if diags.Failed() {
		return nil, "Hog code has errors."
	}
	code, err := r.Program.MarshalJSON()
	if err != nil {
		return nil, "Hog code has errors."
	}
	return code, ""
}

// hyphenFault is the first name that was meant to hold a hyphen, as an error.
func hyphenFault(tree ast.Node) error {
	if diags := hog.CheckHyphens(tree); len(diags) > 0 {
		return errors.New(diags[0].Message)
	}
	return nil
}

// parseFilterExpression reads a filter that was written as an expression.
func parseFilterExpression(text string) (ast.Expr, error) {
	e, diags := parser.Expr(text)
	if diags.Failed() {
		return nil, filterErrorf("%s", firstFault(diags).Error())
	}
	if hasQuery(e) {
		return nil, filterErrorf("Select queries are not allowed in filters")
	}
	return e, nil
}

func hasQuery(e ast.Expr) bool {
	found := false
	ast.Walk(e, func(n ast.Node) bool {
		_, ok := n.(*ast.Select)
		found = found || ok
		return !found
	})
	return found
}

// compileFilter compiles the expression of filters. Every function must exist:
// a filter that fails for every event is of no use to anyone.
func compileFilter(e ast.Expr) (json.RawMessage, error) {
	r, diags := compiler.Expr(e, compiler.Options{Functions: libraryFunctions(), UnknownFunctionsAreErrors: true})
	if diags.Failed() {
		return nil, filterFault(diags)
	}
	return r.Program.MarshalJSON()
}

// filterFault tells all functions that are unknown, or the first other fault.
func filterFault(diags ast.Diagnostics) error {
	var unknown []string
	for _, d := range diags {
		if d.Severity != ast.SeverityWarning && strings.HasPrefix(d.Message, "Hog function `") {
			unknown = append(unknown, d.Message)
		}
	}
	if len(unknown) > 0 {
		return filterErrorf("Filter compilation errors: %s", strings.Join(unknown, "; "))
	}
	return filterErrorf("%s", firstFault(diags).Error())
}
