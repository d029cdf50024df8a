package site

import (
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"hogpen/hog/ast"
)

// SourceFault is what PostHog's API answers for a source that is no
// TypeScript. The diagnostics of Transpile say what is wrong with it.
const SourceFault = "Error in TypeScript code"

// sourceName is the variable that holds the exports of the source.
const sourceName = "__source"

// Transpile turns a TypeScript module (JavaScript is one) into a statement of
// plain JavaScript that leaves the module's exports in the variable __source.
// The diagnostics are the faults in source order, with places in source; the
// code is empty when one of them is an error. Types are dropped, not checked.
//
// There is nothing that a site function could import from, so an import of a
// value is a fault, as is an await outside of a function: the script runs at
// once.
//
// A source may be hostile: at the size that a function may have, 100 KB, it is
// answered within a few seconds, however it is nested.
func Transpile(source string) (code string, diags ast.Diagnostics) {
	if at, ok := tooManyOpen(source); ok {
		return "", ast.Diagnostics{{
			Span: ast.Span{Start: int32(at), End: int32(at + 1)}, Severity: ast.SeverityError,
			Message: "Too many `<` are open here",
		}}
	}
	result := api.Build(api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: source, Sourcefile: "source.ts", Loader: api.LoaderTS},
		Bundle:        true, // so that imports are looked at
		TreeShaking:   api.TreeShakingFalse,
		Format:        api.FormatIIFE,
		GlobalName:    sourceName,
		Target:        api.ES2020,
		Platform:      api.PlatformBrowser,
		TsconfigRaw:   "{}", // do not look for one
		LogLevel:      api.LogLevelSilent,
		LegalComments: api.LegalCommentsInline,
		Plugins:       []api.Plugin{noImports()},
	})
	for _, m := range result.Errors {
		diags = append(diags, diagnostic(source, m, ast.SeverityError))
	}
	for _, m := range result.Warnings {
		diags = append(diags, diagnostic(source, m, ast.SeverityWarning))
	}
	if diags.Failed() || len(result.OutputFiles) != 1 {
		return "", diags
	}
	return strings.TrimPrefix(string(result.OutputFiles[0].Contents), "\"use strict\";\n"), diags
}

// maxOpen is how many `<` may stand without a `>` for each.
const maxOpen = 1000

// tooManyOpen finds where a source has too many open `<`. After a name each
// may begin a list of types, which esbuild tries and takes back: a<a<a<… takes
// it time with the square of its length, minutes for 100 KB.
func tooManyOpen(source string) (at int, found bool) {
	open := 0
	for i := range len(source) {
		switch source[i] {
		case '<':
			if open++; open > maxOpen {
				return i, true
			}
		case '>':
			open = max(0, open-1)
		}
	}
	return 0, false
}

// noImports refuses every import before it is looked for on the disk.
func noImports() api.Plugin {
	return api.Plugin{Name: "no-imports", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Errors: []api.Message{{
				Text: "A site function can not import " + args.Path,
			}}}, nil
		})
	}}
}

// diagnostic gives a message of esbuild, whose lines count from 1 and whose
// columns count bytes from 0.
func diagnostic(source string, m api.Message, severity ast.Severity) ast.Diagnostic {
	d := ast.Diagnostic{Severity: severity, Message: m.Text}
	if m.Location == nil {
		return d
	}
	d.Hint = m.Location.Suggestion
	start := 0
	for line := 1; line < m.Location.Line; line++ {
		start += lineLength(source[start:])
	}
	start = min(start+m.Location.Column, len(source))
	d.Span = ast.Span{Start: int32(start), End: int32(min(start+m.Location.Length, len(source)))}
	return d
}

// lineLength is the length of the first line with its end, as JavaScript sees
// lines.
func lineLength(text string) int {
	i := strings.IndexAny(text, "\r\n\u2028\u2029")
	switch {
	case i < 0:
		return len(text)
	case strings.HasPrefix(text[i:], "\r\n"):
		return i + 2
	case text[i] == '\r' || text[i] == '\n':
		return i + 1
	}
	return i + len("\u2028")
}
