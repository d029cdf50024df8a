package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/parser"
)

// Refused is the answer of a parser to a source that it does not take.
const Refused = "refused"

// Ours gives the tree of Hogpen's parser in the notation of Theirs.
func Ours(src string) string {
	tree, diags := parser.Program(src)
	if diags.Failed() {
		return Refused
	}
	w := &treeWriter{}
	w.block("Program", tree.Stmts)
	return w.String()
}

// field is a named part of a node, written already; what is empty is left out.
type field struct{ name, text string }

// node writes a class and its fields, in order of their names.
func node(class string, fields ...field) string {
	fields = slices.DeleteFunc(fields, func(f field) bool { return f.text == "" })
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	b.WriteString(class + "{")
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.name + ":" + f.text)
	}
	b.WriteByte('}')
	return b.String()
}

// Theirs writes the answer of PostHog's parser as Class{field:value …}:
// fields in order of their names, those that are null or false left out,
// numbers as they are or, when they are no integers, in their shortest form.
func Theirs(answer []byte) (string, error) {
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", fmt.Errorf("read the parser's answer: %w", err)
	}
	if m, ok := v.(map[string]any); ok && m["error"] == true {
		return Refused, nil
	}
	return theirs(v), nil
}

func theirs(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case json.Number:
		return numberText(string(v))
	case bool:
		return strconv.FormatBool(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = theirs(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		return theirNode(v)
	}
	return "null"
}

func theirNode(m map[string]any) string {
	class, _ := m["node"].(string)
	if class == "Constant" {
		return theirConstant(m)
	}
	switch class {
	case "Call":
		// Read and ignored, by the specification 2.7.
		delete(m, "distinct")
		delete(m, "filter_expr")
		delete(m, "order_by")
	case "ColumnsExpr", "WindowFunction":
		// No compiler takes these; Hogpen keeps their text.
		return class + "{}"
	}
	var fields []field
	for name, v := range m {
		// A hint for PostHog's printer, which Hogpen keeps as ast.FormIsNull.
		if name == "node" || name == "is_null_comparison_style" || v == nil || v == false {
			continue
		}
		fields = append(fields, field{name, theirs(v)})
	}
	return node(class, fields...)
}

// theirConstant takes the numbers that JSON has no form for from their names.
func theirConstant(m map[string]any) string {
	text := theirs(m["value"])
	if m["value_type"] == "number" {
		text = strings.ToLower(strings.Trim(text, `"`))
		if name := map[string]string{"infinity": "inf", "-infinity": "-inf"}[text]; name != "" {
			text = name
		}
	}
	return "Constant{" + text + "}"
}

func numberText(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return ast.Dump(ast.Float(f))
}
