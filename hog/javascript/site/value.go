package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/javascript"
	"hogpen/hog/parser"
)

// Value gives an input's value as a JavaScript expression. The value is any
// JSON; with templating each text in it, however deep, is an input template,
// and keys of objects are plain text. Order of keys is kept, of equal keys the
// last counts.
//
// The error of a template is ast.Diagnostics, with places in its text.
// Otherwise an error means that the value is no JSON.
func Value(value json.RawMessage, templating bool, opt javascript.Options) (javascript.Output, error) {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	r := reader{dec: dec, templating: templating}
	tree, err := r.next()
	if err != nil {
		return javascript.Output{}, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return javascript.Output{}, fmt.Errorf("read an input's value: there is text after it")
	}
	out, diags := javascript.Print(tree, opt)
	if diags.Failed() {
		return javascript.Output{}, diags
	}
	return out, nil
}

// maxDepth is how deep a value may be nested; encoding/json sets the same for
// values it reads whole.
const maxDepth = 10000

// reader turns JSON into a tree of Hog.
type reader struct {
	dec        *json.Decoder
	templating bool
	depth      int
}

func (r *reader) next() (ast.Expr, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read an input's value: %w", err)
	}
	switch v := token.(type) {
	case json.Delim:
		if r.depth++; r.depth > maxDepth {
			return nil, fmt.Errorf("read an input's value: it is nested more than %d deep", maxDepth)
		}
		defer func() { r.depth-- }()
		if v == '[' {
			return r.array()
		}
		return r.object()
	case string:
		return r.text(v)
	case json.Number:
		return number(v)
	case bool:
		return ast.Bool(v), nil
	}
	return ast.Null(), nil
}

func (r *reader) array() (ast.Expr, error) {
	list := ast.ArrayOf()
	for r.dec.More() {
		e, err := r.next()
		if err != nil {
			return nil, err
		}
		list.Exprs = append(list.Exprs, e)
	}
	_, err := r.dec.Token()
	return list, err
}

func (r *reader) object() (ast.Expr, error) {
	dict := &ast.Dict{}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return nil, fmt.Errorf("read an input's value: %w", err)
		}
		e, err := r.next()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		dict.Items = append(dict.Items, ast.DictItem{Key: ast.String(name), Value: e})
	}
	_, err := r.dec.Token()
	return dict, err
}

func (r *reader) text(text string) (ast.Expr, error) {
	if !r.templating {
		return ast.String(text), nil
	}
	e, diags := parser.Template(text)
	if diags.Failed() {
		return nil, diags
	}
	return e, nil
}

func number(n json.Number) (ast.Expr, error) {
	if i, err := n.Int64(); err == nil {
		return ast.Integer(i), nil
	}
	f, err := n.Float64()
	if err != nil && !strings.Contains(err.Error(), "value out of range") {
		return nil, fmt.Errorf("read an input's value: %w", err)
	}
	return ast.Float(f), nil
}
