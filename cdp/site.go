package cdp

import (
	"encoding/json"
	"fmt"
	"slices"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
	"hogpen/hog/javascript"
	"hogpen/hog/javascript/site"
)

// Functions that run in a site have no bytecode: their source is TypeScript,
// their filters and templates become JavaScript, and all of it one script that
// visitors' browsers load (runtime specification 11.2). Whatever is in it is
// public, so secret inputs stay out: the script reads null there.

// SiteScript is the script of one enabled site function, as it is served.
type SiteScript struct {
	ID     FunctionID
	Script string // a function expression whose call gives {init}
}

// transpiled is a piece of Hog as the API shows its JavaScript.
type transpiled struct {
	Lang string   `json:"lang"` // "ts", as PostHog writes it
	Code string   `json:"code"` // an expression
	STL  []string `json:"stl"`  // the library functions it uses
}

func transpiledJSON(o javascript.Output) (json.RawMessage, error) {
	if o.STL == nil {
		o.STL = []string{}
	}
	return json.Marshal(transpiled{"ts", o.Code, o.STL})
}

// outputOf is transpiledJSON backwards; the zero Output for nothing.
func outputOf(raw json.RawMessage) (javascript.Output, error) {
	var t transpiled
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &t); err != nil {
			return javascript.Output{}, fmt.Errorf("read a transpiled expression: %w", err)
		}
	}
	return javascript.Output{Code: t.Code, STL: t.STL}, nil
}

// transpileFilter gives the JavaScript of a filter's expression. What would
// not compile to bytecode is refused here too, in the same words.
func transpileFilter(e ast.Expr) (json.RawMessage, error) {
	if _, err := compileFilter(e); err != nil {
		return nil, err
	}
	o, diags := javascript.Print(e, javascript.Options{})
	if diags.Failed() {
		return nil, filterErrorf("%s", firstFault(diags).Error())
	}
	return transpiledJSON(o)
}

// transpileInput gives the JavaScript of an input's value, whose templates are
// known to compile.
func transpileInput(value json.RawMessage) (json.RawMessage, string) {
	o, err := site.Value(value, true, javascript.Options{})
	if err != nil {
		return nil, "Invalid template: " + err.Error()
	}
	raw, err := transpiledJSON(o)
	if err != nil {
		return nil, "Invalid template: " + err.Error()
	}
	return raw, ""
}

// script puts the parts of a site function together. It is nil while the
// filters do not compile: such a function is served to nobody.
func script(f *Function) (*string, error) {
	code, diags := site.Transpile(f.Hog)
	if diags.Failed() || f.Filters.BytecodeError != "" {
		return nil, nil
	}
	parts := site.Function{Source: code}
	var err error
	if parts.Inputs, err = siteInputs(f.Inputs); err != nil {
		return nil, err
	}
	if parts.Filter, err = outputOf(f.Filters.Transpiled); err != nil {
		return nil, err
	}
	for i := range f.Mappings {
		m, err := siteMapping(&f.Mappings[i])
		switch {
		case err != nil:
			return nil, err
		case m != nil:
			parts.Mappings = append(parts.Mappings, *m)
		}
	}
	text := site.Script(parts, javascript.Options{})
	return &text, nil
}

// siteMapping is nil for a mapping that is switched off, or would never match.
func siteMapping(m *Mapping) (*site.Mapping, error) {
	if m.Disabled || m.Filters != nil && m.Filters.BytecodeError != "" {
		return nil, nil
	}
	inputs, err := siteInputs(withDefaults(m))
	if err != nil {
		return nil, err
	}
	out := &site.Mapping{Inputs: inputs}
	if m.Filters != nil {
		out.Filter, err = outputOf(m.Filters.Transpiled)
	}
	return out, err
}

// withDefaults are a mapping's inputs, in which one without a value has its
// schema's default.
func withDefaults(m *Mapping) Inputs {
	out := append(Inputs(nil), m.Inputs...)
	for _, s := range m.InputsSchema {
		if in, _ := m.Inputs.Get(s.Key); in.Value != nil || s.Secret || s.Default == nil {
			continue
		}
		d := Input{Key: s.Key, Value: s.Default}
		if compiles(s, givenInput{value: s.Default}) {
			// A default that is no template stands as it is written.
			if code, fault := transpileInput(s.Default); fault == "" {
				d.Transpiled = code
			}
		}
		out = append(slices.DeleteFunc(out, func(in Input) bool { return in.Key == s.Key }), d)
	}
	return out
}

func siteInputs(inputs Inputs) ([]site.Input, error) {
	var out []site.Input
	for _, in := range inputs {
		i := site.Input{Key: in.Key}
		var err error
		switch {
		case in.Transpiled != nil:
			i.Value, err = outputOf(in.Transpiled)
		case in.Value != nil && fields.KindOf(in.Value) != fields.Null:
			i.Value, err = site.Value(in.Value, false, javascript.Options{})
		}
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", in.Key, err)
		}
		out = append(out, i)
	}
	return out, nil
}
