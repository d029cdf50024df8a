package site

import (
	_ "embed"
	"encoding/json"
	"strings"

	"hogpen/hog/javascript"
)

// Input is one input with its value, as Value gives it.
type Input struct {
	Key   string
	Value javascript.Output
}

// Mapping is one of several ways to react to an event. Disabled mappings are
// to be left out.
type Mapping struct {
	Filter javascript.Output // the zero Output holds always
	Inputs []Input           // in order of evaluation; they are laid over the function's
}

// Function is what a script is made of.
type Function struct {
	Source   string            // what Transpile gave
	Inputs   []Input           // in order of evaluation; the zero Value is null
	Filter   javascript.Output // the zero Output holds always
	Mappings []Mapping
}

//go:embed wrapper.js
var wrapper string

// Script gives the script of a site function: a function expression whose
// call gives {init}. It is self-contained: what it uses of the library stands
// in front of what uses it. opt must be what the parts were made with.
//
// With mappings, onEvent is called once for each that matches; without, once
// when the function's filter matches.
func Script(f Function, opt javascript.Options) string {
	w := writer{stl: map[string]bool{}}
	w.text("return __site(source, ")
	w.inputs(f.Inputs)
	w.text(", ")
	w.filter(f.Filter)
	w.text(", [")
	for i, m := range f.Mappings {
		if i > 0 {
			w.text(", ")
		}
		w.text("{ filter: ")
		w.filter(m.Filter)
		w.text(", inputs: ")
		w.inputs(m.Inputs)
		w.text(" }")
	}
	w.text("]);\n")
	return "(function () {\n" +
		"\"use strict\";\n" +
		"const source = (function () {\n" + f.Source + "return " + sourceName + " ?? {};\n})();\n" +
		"return (function () {\n" + w.library(opt) + code(wrapper) + w.b.String() + "})();\n" +
		"})"
}

// writer collects the parts that were made from Hog.
type writer struct {
	b   strings.Builder
	stl map[string]bool
}

func (w *writer) text(s string) { w.b.WriteString(s) }

// thunk writes an expression as a function of the reader of globals. The
// parentheses are for objects, whose brace would begin a block.
func (w *writer) thunk(o javascript.Output) {
	for _, name := range o.STL {
		w.stl[name] = true
	}
	w.text("(__getGlobal) => (" + o.Code + ")")
}

func (w *writer) filter(o javascript.Output) {
	if o.Code == "" {
		o.Code = "true"
	}
	w.thunk(o)
}

func (w *writer) inputs(list []Input) {
	w.text("[")
	for i, in := range list {
		if i > 0 {
			w.text(", ")
		}
		w.text("{ key: " + quote(in.Key) + ", value: ")
		if in.Value.Code == "" {
			in.Value.Code = "null"
		}
		w.thunk(in.Value)
		w.text(" }")
	}
	w.text("]")
}

func (w *writer) library(opt javascript.Options) string {
	names := make([]string, 0, len(w.stl))
	for name := range w.stl {
		names = append(names, name)
	}
	return javascript.Library(names, opt) // sorts them
}

// code is a text without its lines that are comments alone.
func code(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// quote writes a text as a JavaScript string that may also stand inside a
// script element.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // strings cannot fail
	}
	return string(b)
}
