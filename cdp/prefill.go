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
