package cdp

import (
	"encoding/json"
	"slices"

	"hogpen/cdp/fields"
)

// InputTypes are the types an input may have (REST API specification 5.1).
var InputTypes = [...]string{
	"string", "number", "boolean", "dictionary", "choice", "json", "integration", "integration_field", "email",
	"native_email", "integration_multi", "non_failure_status_codes",
}

// TemplatingMode tells how an input's schema treats templates.
type TemplatingMode string

// The modes; TemplatingUnset leaves the choice to the input.
const (
	TemplatingUnset  TemplatingMode = ""
	TemplatingOff    TemplatingMode = "off"
	TemplatingHog    TemplatingMode = "hog"
	TemplatingLiquid TemplatingMode = "liquid"
)

// Mode reads the schema's Templating: true is Hog, false is off.
func (s *InputSchema) Mode() TemplatingMode {
	switch string(s.Templating) {
	case "false":
		return TemplatingOff
	case "true", `"hog"`:
		return TemplatingHog
	case `"liquid"`:
		return TemplatingLiquid
	}
	return TemplatingUnset
}

// ReadInputsSchema reads a list of inputs from JSON and checks it. Members
// that are not declared are dropped, those not given stay absent. path is
// where the list stands in the request.
func ReadInputsSchema(raw json.RawMessage, path fields.Path) ([]InputSchema, Faults) {
	var faults Faults
	items, fault := fields.ToList(raw)
	if fields.KindOf(raw) == fields.Null {
		faults.addCode(path, "null", "This field may not be null.")
		return nil, faults
	}
	if fault != nil {
		faults.addCode(path, fault.Code, "%s", fault.Message)
		return nil, faults
	}
	schema := make([]InputSchema, 0, len(items))
	var found []fields.Fault
	for i, item := range items {
		if r, ok := fields.Nested(item, path.At(i), &found); ok {
			schema = append(schema, readInputSchema(r))
		}
	}
	faults.take(found)
	return schema, faults
}

// InputsSchemaShape is what ReadInputsSchema reads.
func InputsSchemaShape() fields.Shape {
	return fields.ListOf(fields.Describe("InputSchemaWrite", func(r *fields.Reader) { readInputSchema(r) }))
}

func readInputSchema(r *fields.Reader) InputSchema {
	var s InputSchema
	blank := fields.Rule{Blank: true}
	s.Type = r.Choice("type", fields.Rule{Required: true}, InputTypes[:]...).Value
	s.Key = r.Text("key", fields.Rule{Required: true}).Value
	s.Label = r.Text("label", blank).Ptr()
	s.Choices = r.Dicts("choices", fields.Rule{}).Value
	s.Searchable = r.Bool("searchable", fields.Rule{}).Ptr()
	s.Required = r.Bool("required", fields.Rule{}).Value
	s.Default = r.Any("default").Value
	s.Secret = r.Bool("secret", fields.Rule{}).Value
	s.Hidden = r.Bool("hidden", fields.Rule{}).Value
	s.Description = r.Text("description", fields.Rule{}).Ptr()
	s.Integration = r.Text("integration", blank).Ptr()
	s.IntegrationKey = r.Text("integration_key", blank).Ptr()
	s.RequiresField = r.Text("requires_field", blank).Ptr()
	s.IntegrationField = r.Text("integration_field", blank).Ptr()
	s.RequiredScopes = r.Text("requiredScopes", blank).Ptr()
	s.Templating = readTemplating(r)
	return s
}

// readTemplating reads false, true, "hog" or "liquid"; null counts as absent.
func readTemplating(r *fields.Reader) json.RawMessage {
	v, ok := given(r, "templating", templatingShape)
	if !ok {
		return nil
	}
	switch text := fields.Display(v); text {
	case "True", "true":
		return json.RawMessage("true")
	case "False", "false":
		return json.RawMessage("false")
	case "hog", "liquid":
		return fields.Quote(text)
	default:
		f := fields.NotAChoice(text)
		r.Fail("templating", f.Code, "%s", f.Message)
		return nil
	}
}

func templatingShape() fields.Shape {
	return fields.Shape{Kind: fields.Bool, Nullable: true, Or: []fields.Shape{fields.OneOf("hog", "liquid")}}
}

// effective gives the schema with each key once: of two items with one key
// the later one counts, at the place of the first.
func effective(schema []InputSchema) []InputSchema {
	out := make([]InputSchema, 0, len(schema))
	for _, s := range schema {
		if i := slices.IndexFunc(out, func(o InputSchema) bool { return o.Key == s.Key }); i >= 0 {
			out[i] = s
			continue
		}
		out = append(out, s)
	}
	return out
}
