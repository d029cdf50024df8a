package javascript

import (
	"fmt"
	"slices"
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/parser"
)

// scope holds the variables of a block by name, each with its JavaScript name.
type scope struct {
	outer *scope
	names map[string]string
}

func (p *printer) open() { p.scope = &scope{p.scope, map[string]string{}} }

func (p *printer) close() { p.scope = p.scope.outer }

// find gives the JavaScript name of a variable; ok is false for a global.
func (p *printer) find(name string) (js string, ok bool) {
	for s := p.scope; s != nil; s = s.outer {
		if js, ok = s.names[name]; ok {
			return js, true
		}
	}
	return "", false
}

// declare adds a variable to the current scope and gives its JavaScript name.
func (p *printer) declare(n ast.Name) string {
	if _, ok := p.scope.names[n.Text]; ok {
		p.fault(n.Span, "Variable `"+n.Text+"` already declared in this scope", "assign with `:=` and no `let`, or take another name")
	}
	js := mangle(n.Text)
	if _, hides := p.find(n.Text); hides {
		js = p.fresh(n.Text)
	}
	p.scope.names[n.Text] = js
	return js
}

// fresh gives a name that nothing else has: the codes of other characters
// come with two dollars each.
func (p *printer) fresh(name string) string {
	p.names++
	return fmt.Sprintf("__x_%d$%s", p.names, escapeName(name))
}

// mangle gives the JavaScript name for a name of Hog.
func mangle(name string) string {
	js := escapeName(name)
	if js == name && !strings.HasPrefix(name, "__") && !isTaken(name) {
		return name
	}
	if _, ok := function(name); ok && name != "" && isReserved(name) {
		// The library's own function has the name with the plain prefix.
		return "__x_0$" + js
	}
	return "__x_" + js
}

// escapeName writes what is no letter, digit or underscore as $ and its code.
func escapeName(name string) string {
	if parser.IsPlainName(name) && !strings.Contains(name, "$") {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if r == '_' || r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9') {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "$%x$", r)
		}
	}
	return b.String()
}

// isTaken reports whether a name means something else in the output.
func isTaken(name string) bool { return isReserved(name) || isLibrary(name) }

func isReserved(name string) bool { return slices.Contains(reservedWords(), name) }

// reservedWords are JavaScript's, those of strict mode and of modules
// included, and the globals that the library relies on.
func reservedWords() []string {
	return []string{
		"await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "enum",
		"export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in", "instanceof", "interface",
		"let", "new", "null", "package", "private", "protected", "public", "return", "static", "super", "switch", "this", "throw",
		"true", "try", "typeof", "var", "void", "while", "with", "yield",
		"arguments", "async", "eval", "undefined", "NaN", "Infinity",
		"Array", "ArrayBuffer", "Boolean", "DataView", "Date", "Error", "Intl", "JSON", "Map", "Math", "Number", "Object", "RegExp",
		"String", "TextDecoder", "TextEncoder", "Uint8Array", "console", "decodeURIComponent", "encodeURIComponent", "parseFloat", "parseInt",
	}
}
