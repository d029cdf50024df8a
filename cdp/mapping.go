package cdp

import (
	"encoding/json"

	"hogpen/cdp/fields"
)

// mappingAllowed reports whether functions of this type may have mappings.
func mappingAllowed(t Type) bool { return t == Destination || t == SiteDestination }

// compileMappings reads and compiles the mappings of f from JSON into f. Its
// secrets end in sealed (REST API specification 5.7).
func (fs *Functions) compileMappings(f *Function, old *Function, raw json.RawMessage, c *filterCompiler, faults *Faults) error {
	items, fault := fields.ToList(raw)
	if fault != nil {
		faults.addCode(fields.To("mappings"), fault.Code, "%s", fault.Message)
		return nil
	}
	f.Mappings = make([]Mapping, 0, len(items))
	for i, item := range items {
		var found []fields.Fault
		r, ok := fields.Nested(item, fields.To("mappings", i), &found)
		faults.take(found)
		if !ok {
			continue
		}
		m, err := fs.compileMapping(f, old, i, r, c, faults)
		if err != nil {
			return err
		}
		f.Mappings = append(f.Mappings, m)
	}
	return nil
}

func (fs *Functions) compileMapping(f, old *Function, i int, r *fields.Reader, c *filterCompiler, faults *Faults) (Mapping, error) {
	var found []fields.Fault
	r.Faults = &found
	g := readMapping(r)
	m := g.Mapping
	faults.take(found)
	if g.schema != nil {
		read, bad := ReadInputsSchema(g.schema, r.Path.At("inputs_schema"))
		m.InputsSchema = read
		*faults = append(*faults, bad...)
	}
	if g.filters != nil {
		read, bad := ReadFilters(g.filters, r.Path.At("filters"))
		*faults = append(*faults, bad...)
		if len(bad) == 0 {
			if err := c.compile(&read); err != nil {
				return m, err
			}
		}
		m.Filters = &read
	}
	inputs, hasInputs, hasSchema := g.inputs, g.inputs != nil, g.schema != nil
	path := r.Path.At("inputs")
	if hasInputs && !hasSchema {
		faults.add(path, "Missing inputs_schema.")
		return m, nil
	}
	if !hasSchema {
		return m, nil
	}
	if !hasInputs {
		inputs = json.RawMessage("{}")
	}
	return m, fs.mappingInputs(f, old, i, &m, inputs, path, hasInputs, faults)
}

// givenMapping is a mapping as a client sent it; a part that is absent or null
// is nil.
type givenMapping struct {
	Mapping
	schema, inputs, filters json.RawMessage
}

// MappingsShape is what compileMappings reads.
func MappingsShape() fields.Shape {
	return fields.ListOf(fields.Describe("MappingWrite", func(r *fields.Reader) { readMapping(r) })).OrNull()
}

func readMapping(r *fields.Reader) (g givenMapping) {
	g.Name = r.Text("name", fields.Rule{Blank: true, Nullable: true}).Ptr()
	g.Disabled = r.Bool("disabled", fields.Rule{Nullable: true}).Value
	g.schema, _ = given(r, "inputs_schema", InputsSchemaShape)
	g.inputs, _ = given(r, "inputs", InputsShape)
	g.filters, _ = given(r, "filters", FiltersShape)
	return g
}

// given finds a member that is neither absent nor null; shape may be nil.
func given(r *fields.Reader, name string, shape func() fields.Shape) (json.RawMessage, bool) {
	v := r.Any(name, func() (s fields.Shape) {
		if shape != nil {
			s = shape()
		}
		return s.OrNull()
	})
	if !v.Set || fields.KindOf(v.Value) == fields.Null {
		return nil, false
	}
	return v.Value, true
}

// mappingInputs compiles one mapping's inputs and seals its secrets.
func (fs *Functions) mappingInputs(f, old *Function, i int, m *Mapping, raw json.RawMessage, path fields.Path, sent bool, faults *Faults) error {
	stored := keeper{function: old, sealer: fs.Sealer, mapping: i}
	if i < len(old.Mappings) {
		stored.plain = old.Mappings[i].Inputs
	}
	before := len(*faults)
	w := inputWork{
		function: f.Type, path: path, schema: m.InputsSchema, stored: stored,
		given:     readInputs(raw, path, m.InputsSchema, faults),
		warehouse: f.Filters.fromWarehouse(),
	}
	result := w.compile(faults)
	if len(*faults) > before {
		return nil
	}
	if sent || len(result.plain) > 0 {
		m.Inputs = result.plain
		if m.Inputs == nil {
			m.Inputs = Inputs{}
		}
	}
	return seal(f, old.Sealed, fs.Sealer, result.secrets, i)
}
