package cdp

import (
	"fmt"
	"slices"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/compiler"
	"hogpen/hog/javascript/site"
	"hogpen/hog/parser"
)

// Check finds every fault of a source, for an editor: those that stop a save,
// and warnings of calls and names that will not be there at run time. The
// places are in source.
func (fs *Functions) Check(t Type, source string) ast.Diagnostics {
	if len(source) > MaxHogBytes {
		return ast.Diagnostics{{
			Span: ast.Span{Start: MaxHogBytes, End: int32(len(source))}, Severity: ast.SeverityError,
			Message: fmt.Sprintf("The code is larger than %d KB", MaxHogBytes/1024), Hint: "shorten it",
		}}
	}
	if t.Site() {
		_, diags := site.Transpile(source)
		return diags
	}
	tree, diags := parser.Program(source)
	if diags.Failed() {
		return diags
	}
	_, found := compiler.Program(tree, checkOptions(t, false))
	return withHyphens(append(diags, found...), tree)
}

// CheckTemplate finds every fault of an input's text.
func (fs *Functions) CheckTemplate(t Type, text string) ast.Diagnostics {
	tree, diags := parser.Template(text)
	if diags.Failed() {
		return diags
	}
	_, found := compiler.Expr(tree, checkOptions(t, true))
	return withHyphens(append(diags, found...), tree)
}

// withHyphens adds names that were meant to hold a hyphen.
func withHyphens(diags ast.Diagnostics, tree ast.Node) ast.Diagnostics {
	diags = append(diags, hog.CheckHyphens(tree)...)
	slices.SortStableFunc(diags, func(a, b ast.Diagnostic) int { return int(a.Span.Start) - int(b.Span.Start) })
	return diags
}

// checkOptions tell the compiler what exists at run time.
func checkOptions(t Type, template bool) compiler.Options {
	o := compiler.Options{
		Functions: libraryFunctions(), Template: template,
		HostFunctions: []string{"print", "fetch", "postHogCapture", "sleep", "sendEmail"},
		Globals:       []string{"project", "event", "inputs"},
	}
	if t == Transformation {
		o.HostFunctions = []string{"print", "geoipLookup", "cleanNullValues", "isKnownBotUserAgent", "isKnownBotIp"}
		return o
	}
	o.Globals = append(o.Globals, "source", "person", "groups")
	if t == SourceWebhook {
		o.Globals = append(o.Globals, "request", "variables")
		o.HostFunctions = append(o.HostFunctions, "produceToWarehouseWebhooks")
	}
	return o
}

// CompileSource compiles a program for a caller who runs it elsewhere, or with
// repl one input of a session that has left the given variables behind. It
// gives bytecode and the variables there are afterwards, or what is wrong.
func (fs *Functions) CompileSource(source string, repl bool, locals []string) (code []byte, after []string, fault string) {
	if len(source) > MaxHogBytes {
		return nil, nil, fmt.Sprintf("The code is larger than %d KB", MaxHogBytes/1024)
	}
	options := checkOptions(Destination, false)
	options.HostFunctions = append(options.HostFunctions, "run")
	options.Globals, options.UnknownFunctionsAreErrors = nil, true
	options.Repl, options.Locals = repl, locals
	tree, diags := parser.Program(source)
	if diags.Failed() {
		return nil, nil, firstFault(diags).Error()
	}
	r, diags := compiler.Program(tree, options)
	if diags.Failed() {
		return nil, nil, firstFault(diags).Error()
	}
	code, err := r.Program.MarshalJSON()
	if err != nil {
		return nil, nil, "Internal error when compiling hog"
	}
	return code, r.Locals, ""
}

// Diagnostics are the faults of a source; see Functions.Check.
type Diagnostics = ast.Diagnostics
