package cdp

import (
	"encoding/json"

	"hogpen/cdp/fields"
)

// TemplateSource finds an entry of the gallery by its id; false when there is
// none.
type TemplateSource func(id string) (*Template, bool)

// prefill lays a template under a change: what the change leaves out or
// leaves empty comes from the template (REST API specification 4.7). Neither
// type, inputs, filters, masking nor mappings are taken.
func (c *FunctionChange) prefill(t *Template) error {
	if c.Hog.Value == "" {
		c.Hog = Some(t.Code)
	}
	if !fields.Truthy(c.InputsSchema) {
		schema, err := marshal(t.InputsSchema)
		if err != nil {
			return err
		}
		c.InputsSchema = schema
		if t.InputsSchema == nil {
			c.InputsSchema = json.RawMessage("[]")
		}
	}
	if c.Name.Value == "" {
		c.Name = Some(t.Name)
	}
	if c.Description.Value == "" {
		c.Description = Some(t.Description)
	}
	if c.IconURL.Value == "" && t.IconURL != nil {
		c.IconURL = Some(*t.IconURL)
	}
	return nil
}

// IncludedMappings are the mappings that a function begins with that a person
// makes from the template, each with the defaults of its inputs; nil when there
// are none (specification of templates 1.1). Programs send their own: the API
// takes none of them over (REST API specification 4.7).
func (t *Template) IncludedMappings() json.RawMessage {
	all, _ := fields.Items(t.MappingTemplates)
	var out []json.RawMessage
	for _, raw := range all {
		m, _ := fields.MembersOf(raw)
		if include, _ := m.Get("include_by_default"); string(include) == "true" {
			out = append(out, beginMapping(m))
		}
	}
	if out == nil {
		return nil
	}
	return fields.BuildList(out)
}

func beginMapping(template fields.Members) json.RawMessage {
	var m, inputs fields.Members
	for _, name := range []string{"name", "inputs_schema", "filters"} {
		if v, ok := template.Get(name); ok {
			m = append(m, fields.Member{Name: name, Value: v})
		}
	}
	schema, _ := template.Get("inputs_schema")
	items, _ := fields.Items(schema)
	for _, item := range items {
		s, _ := fields.MembersOf(item)
		key, _ := s.Get("key")
		if v, ok := s.Get("default"); ok && fields.KindOf(v) != fields.Null {
			inputs = append(inputs, fields.Member{Name: fields.Display(key), Value: fields.Build(fields.Members{{Name: "value", Value: v}})})
		}
	}
	if given, ok := template.Get("inputs"); ok && fields.KindOf(given) == fields.Object {
		return fields.Build(append(m, fields.Member{Name: "inputs", Value: given}))
	}
	if len(items) > 0 {
		m = append(m, fields.Member{Name: "inputs", Value: fields.Build(inputs)})
	}
	return fields.Build(m)
}

// pickTemplate finds the template a new function begins with.
func (fs *Functions) pickTemplate(id string) (*Template, *Error) {
	var t *Template
	ok := false
	if fs.Templates != nil {
		t, ok = fs.Templates(id)
	}
	if !ok {
		return nil, Errorf(Invalid, "template_id", "No template found for id '%s'", id).WithAPICode("invalid_input")
	}
	if t.Status == "hidden" {
		return nil, hiddenTemplate(id)
	}
	return t, nil
}

func hiddenTemplate(id string) *Error {
	return Errorf(Invalid, "template_id", "Template '%s' is internal and cannot be used to create a function.", id).
		WithAPICode("invalid_input")
}
