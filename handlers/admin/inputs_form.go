package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"hogpen/cdp"
)

// form is a posted form: values by field name, in the order they came.
type form map[string][]string

// get gives the last value of a field, since a checkbox follows the hidden
// field that stands for "off".
func (f form) get(name string) string {
	if v := f[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

func (f form) has(name string) bool { return len(f[name]) > 0 }

// inputsOf turns the fields of the inputs form into the JSON object that
// FunctionChange.Inputs takes. Fields are named input.<key>; a dictionary has
// rows of input.<key>.name and input.<key>.value; a secret is replaced only
// when input.<key>.mode says "replace" and cleared when it says "remove". stored gives what has no field in the
// form (hidden inputs), so that nothing gets lost. Texts that cannot be read
// are faults by field, in the API's naming (inputs__url).
func inputsOf(schema []cdp.InputSchema, stored cdp.Inputs, f form) (json.RawMessage, map[string]string) {
	var b bytes.Buffer
	faults := map[string]string{}
	b.WriteByte('{')
	for _, s := range schema {
		member, err := inputOf(s, stored, f)
		if err != nil {
			faults["inputs__"+s.Key] = err.Error()
		}
		if member == nil {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(quote(s.Key))
		b.WriteByte(':')
		b.Write(member)
	}
	b.WriteByte('}')
	return b.Bytes(), faults
}

// inputOf gives one member of the inputs object, or nil when it has no value.
func inputOf(s cdp.InputSchema, stored cdp.Inputs, f form) (json.RawMessage, error) {
	name := "input." + s.Key
	switch {
	case s.Secret && f.get(name+".mode") == "remove":
		return json.RawMessage(`{"value":""}`), nil
	case s.Secret && f.get(name+".mode") != "replace":
		return json.RawMessage(`{"secret":true}`), nil
	}
	if !f.has(name) && !f.has(name+".present") {
		old, ok := stored.Get(s.Key)
		if !ok || old.Value == nil {
			return nil, nil
		}
		return member(old.Value, old.Templating), nil
	}
	value, err := valueOf(s, f)
	if value == nil || err != nil {
		return nil, err
	}
	return member(value, f.get(name+".templating")), nil
}

func member(value json.RawMessage, templating string) json.RawMessage {
	out := append([]byte(`{"value":`), value...)
	if templating != "" {
		out = append(append(out, `,"templating":`...), quote(templating)...)
	}
	return append(out, '}')
}

// valueOf reads a field as its schema type wants it; nil is "no value".
func valueOf(s cdp.InputSchema, f form) (json.RawMessage, error) {
	name := "input." + s.Key
	text := f.get(name)
	switch s.Type {
	case "boolean":
		if text == "true" || text == "false" {
			return json.RawMessage(text), nil
		}
		return quote(text), nil // a template, or a fault that cdp words
	case "number", "integration":
		if strings.TrimSpace(text) == "" {
			return nil, nil
		}
		if _, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && json.Valid([]byte(strings.TrimSpace(text))) {
			return json.RawMessage(strings.TrimSpace(text)), nil
		}
		return quote(text), nil
	case "dictionary":
		return dictionaryOf(f[name+".name"], f[name+".value"])
	case "json", "email", "native_email", "integration_multi", "non_failure_status_codes":
		return jsonOf(text)
	default:
		return quote(text), nil
	}
}

// dictionaryOf keeps the order of the rows. Rows that are empty on both sides
// are left out; a row without a name or with one that stands twice is a fault.
func dictionaryOf(names, values []string) (json.RawMessage, error) {
	var b bytes.Buffer
	seen := map[string]bool{}
	b.WriteByte('{')
	for i, n := range names {
		v := ""
		if i < len(values) {
			v = values[i]
		}
		if n == "" && v == "" {
			continue
		}
		if n == "" {
			return nil, cdp.Errorf(cdp.Invalid, "", "Row %d has a value but no key.", i+1)
		}
		if seen[n] {
			return nil, cdp.Errorf(cdp.Invalid, "", "The key %q stands twice.", n)
		}
		seen[n] = true
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(quote(n))
		b.WriteByte(':')
		b.Write(dictionaryValue(v))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// dictionaryValue gives text as a JSON string. What a client stored as another
// kind of value is shown as JSON behind an equals sign and read back from it.
func dictionaryValue(v string) json.RawMessage {
	if raw, ok := strings.CutPrefix(v, "="); ok && json.Valid([]byte(raw)) {
		return json.RawMessage(strings.TrimSpace(raw))
	}
	return quote(v)
}

// jsonOf reads a JSON text; a fault tells line and column.
func jsonOf(text string) (json.RawMessage, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var raw json.RawMessage
	err := json.Unmarshal([]byte(text), &raw)
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		var compact bytes.Buffer
		err = json.Compact(&compact, raw)
		return compact.Bytes(), err
	case errors.As(err, &syntax):
		before := text[:min(int(syntax.Offset), len(text))]
		line := strings.Count(before, "\n") + 1
		column := len(before) - strings.LastIndexByte(before, '\n') - 1
		return nil, cdp.Errorf(cdp.Invalid, "", "Not valid JSON at line %d, column %d: %s.", line, max(column, 1), syntax.Error())
	default:
		return nil, cdp.Errorf(cdp.Invalid, "", "Not valid JSON: %s.", err.Error())
	}
}

// quote gives a Go string as JSON without escaping < > &.
func quote(s string) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return json.RawMessage(`""`) // a string always encodes
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
