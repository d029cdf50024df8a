package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/views/pages"
	"hogpen/views/ui"
)

// inputFields makes the controls of an inputs form: with the stored values, or
// with what was posted when the form came back. sealed are the secrets that
// have a value; faulty are messages by field.
func inputFields(schema []cdp.InputSchema, stored cdp.Inputs, sealed map[string][]byte, posted form, faulty map[string]string) []pages.InputField {
	var out []pages.InputField
	for _, s := range schema {
		if s.Hidden {
			continue
		}
		f := fieldOf(s)
		f.Error = faulty["inputs__"+s.Key]
		_, f.Set = sealed[s.Key]
		in, _ := stored.Get(s.Key)
		f.Templating = in.Templating
		f.show(in.Value)
		if name := "input." + s.Key; posted.has(name + ".present") {
			f.posted(posted, name)
		}
		out = append(out, pages.InputField(f.field))
	}
	return out
}

// shownField is a control in the making.
type shownField struct {
	field
	choices []choice
}

type field pages.InputField

// choice is one value of a choice input.
type choice struct{ value, label string }

func fieldOf(s cdp.InputSchema) *shownField {
	f := &shownField{field: field{Key: s.Key, Label: labelOf(s), Required: s.Required, Secret: s.Secret, Mode: "keep"}}
	if s.Description != nil {
		f.Help = *s.Description
	}
	mode := s.Mode()
	switch s.Type {
	case "string":
		f.Kind, f.Templated = pages.InputText, mode != cdp.TemplatingOff
	case "boolean":
		f.Kind = pages.InputBoolean
	case "number", "integration":
		f.Kind = pages.InputNumber
	case "choice":
		f.choices = choicesOf(s)
		f.Kind = pages.InputSelect
		if len(f.choices) <= 5 {
			f.Kind = pages.InputRadio
		}
	case "dictionary":
		f.Kind, f.Templated = pages.InputDictionary, mode != cdp.TemplatingOff
	case "json":
		f.Kind, f.Templated = pages.InputJSON, mode != cdp.TemplatingOff
	case "integration_field":
		f.Kind = pages.InputText
	default:
		f.Kind, f.Note = pages.InputJSON, "This type has no editor of its own yet, so it is edited as JSON."
	}
	f.Choosing = f.Templated && mode == cdp.TemplatingUnset && !s.Secret
	return f
}

func labelOf(s cdp.InputSchema) string {
	if s.Label != nil {
		return cmp.Or(*s.Label, s.Key)
	}
	return s.Key
}

// choicesOf reads the choices of a schema; what cannot be read is left out.
func choicesOf(s cdp.InputSchema) []choice {
	var out []choice
	for _, raw := range s.Choices {
		var c struct {
			Value json.RawMessage `json:"value"`
			Label string          `json:"label"`
		}
		if json.Unmarshal(raw, &c) == nil && c.Value != nil {
			value := textOf(c.Value)
			out = append(out, choice{value, cmp.Or(c.Label, value)})
		}
	}
	return out
}

// show fills the control with a stored value.
func (f *shownField) show(value json.RawMessage) {
	if f.Secret {
		return
	}
	switch f.Kind {
	case pages.InputDictionary:
		f.Rows = rowsOf(value)
	case pages.InputJSON:
		f.Value = indented(value)
	default:
		f.Value = textOf(value)
	}
	f.offer()
}

// offer makes the options; a value that left the list stays to be chosen.
func (f *shownField) offer() {
	if f.Kind != pages.InputSelect && f.Kind != pages.InputRadio {
		return
	}
	f.Options = nil
	for _, c := range f.choices {
		f.Options = append(f.Options, ui.Option{Value: c.value, Label: c.label})
	}
	known := slices.ContainsFunc(f.choices, func(c choice) bool { return c.value == f.Value })
	if !known && (f.Value != "" || f.Kind == pages.InputSelect) {
		label := f.Value + " (no longer offered)"
		if f.Value == "" {
			label = "Choose one"
		}
		f.Options = append([]ui.Option{{Value: f.Value, Label: label}}, f.Options...)
	}
}

// posted fills the control with what somebody typed. A secret is never shown
// again, so its mode goes back to keeping unless there is none to keep.
func (f *shownField) posted(posted form, name string) {
	if f.Secret {
		if mode := posted.get(name + ".mode"); mode != "" {
			f.Mode = mode
		}
		return
	}
	if f.Choosing && posted.has(name+".templating") {
		f.Templating = posted.get(name + ".templating")
	}
	if f.Kind != pages.InputDictionary {
		f.Value = posted.get(name)
		f.offer()
		return
	}
	f.Rows = nil
	values := posted[name+".value"]
	for i, key := range posted[name+".name"] {
		row := pages.InputRow{Key: key}
		if i < len(values) {
			row.Value = values[i]
		}
		if row.Key != "" || row.Value != "" {
			f.Rows = append(f.Rows, row)
		}
	}
}

// rowsOf gives an object's members as rows, in their order. A value that is no
// text is shown as JSON behind an equals sign, and so is a text that would be
// read as such.
func rowsOf(value json.RawMessage) []pages.InputRow {
	members, _ := fields.MembersOf(value)
	var out []pages.InputRow
	for _, m := range members {
		text, ok := fields.TextOf(m.Value)
		if raw, looks := strings.CutPrefix(text, "="); !ok || looks && json.Valid([]byte(raw)) {
			text = "=" + string(m.Value)
		}
		out = append(out, pages.InputRow{Key: m.Name, Value: text})
	}
	return out
}

// textOf gives a JSON string as its text and any other value as JSON; null and
// nothing are "".
func textOf(value json.RawMessage) string {
	if len(value) == 0 || string(value) == "null" {
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var b bytes.Buffer
	if json.Compact(&b, value) != nil {
		return string(value)
	}
	return b.String()
}

// indented gives JSON for people; its numbers and texts stay as they are.
func indented(value json.RawMessage) string {
	if len(value) == 0 || string(value) == "null" {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, value, "", "  ") != nil {
		return string(value)
	}
	return b.String()
}

// inputFaults are the texts that could not be read, as faults of a change.
func inputFaults(unread map[string]string) cdp.Faults {
	var out cdp.Faults
	for name, message := range unread {
		path := fields.To(name)
		if key, ok := strings.CutPrefix(name, "inputs__"); ok {
			path = fields.To("inputs", key)
		}
		out = append(out, cdp.ErrorAt(cdp.Invalid, path, "%s", message))
	}
	slices.SortFunc(out, func(a, b *cdp.Error) int { return slices.Compare(a.Field, b.Field) })
	return out
}

// byField gives the first message for each field of a form. A fault deep in an
// input (inputs__body__0) belongs to the input as well.
func byField(faults []*cdp.Error) map[string]string {
	out := map[string]string{}
	note := func(name, message string) {
		if out[name] == "" {
			out[name] = message
		}
	}
	for _, f := range faults {
		note(f.Field.String(), f.Message)
		for deep := range f.Field {
			note(f.Field[:deep+1].String(), f.Message)
		}
	}
	return out
}

// summary lists the faults above a form, each leading to its control.
func summary(faults []*cdp.Error, inputs []pages.InputField) []ui.FormError {
	var out []ui.FormError
	for _, f := range faults {
		e := ui.FormError{Text: f.Message}
		first := ""
		if len(f.Field) > 0 {
			first = f.Field[0]
		}
		switch first {
		case "name", "description":
			e.Field = first
			e.Text = strings.ToUpper(first[:1]) + first[1:] + ": " + f.Message
		case "hog":
			e.Field, e.Text = "code", "Code: "+f.Message
		case "filters":
			e.Field, e.Text = "filters", "Filters: "+f.Message
		case "inputs":
			for _, in := range inputs {
				if f.Field.Within("inputs", in.Key) {
					e.Field, e.Text = "input-"+in.Key, in.Label+": "+f.Message
					if in.Secret || in.Kind == pages.InputDictionary || in.Kind == pages.InputRadio || in.Kind == pages.InputBoolean {
						e.Field = "field-" + in.Key
					}
				}
			}
		}
		out = append(out, e)
	}
	return out
}
