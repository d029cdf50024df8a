package db

import (
	"database/sql"
	"encoding/json"

	"hogpen/cdp"
)

// The stored forms of what a function is made of. They have the nouns' fields
// (a conversion fails to compile when a noun grows), with names of their own:
// unlike the API's, they keep an empty list apart from an absent one. The
// names inside filters are the API's, for clients search by them.
type (
	storedSchema struct {
		Type             string            `json:"type"`
		Key              string            `json:"key"`
		Label            *string           `json:"label,omitzero"`
		Choices          []json.RawMessage `json:"choices,omitzero"`
		Searchable       *bool             `json:"searchable,omitzero"`
		Required         bool              `json:"required"`
		Default          json.RawMessage   `json:"default,omitzero"`
		Secret           bool              `json:"secret"`
		Hidden           bool              `json:"hidden"`
		Description      *string           `json:"description,omitzero"`
		Integration      *string           `json:"integration,omitzero"`
		IntegrationKey   *string           `json:"integration_key,omitzero"`
		RequiresField    *string           `json:"requires_field,omitzero"`
		IntegrationField *string           `json:"integration_field,omitzero"`
		RequiredScopes   *string           `json:"requiredScopes,omitzero"`
		Templating       json.RawMessage   `json:"templating,omitzero"`
	}
	storedInput struct {
		Key        string          `json:"key"`
		Value      json.RawMessage `json:"value,omitzero"`
		Templating string          `json:"templating,omitzero"`
		Bytecode   json.RawMessage `json:"bytecode,omitzero"`
		Transpiled json.RawMessage `json:"transpiled,omitzero"`
		Order      int             `json:"order"`
	}
	storedFilters struct {
		Source             string            `json:"source"`
		Actions            []json.RawMessage `json:"actions,omitzero"`
		Events             []json.RawMessage `json:"events,omitzero"`
		DataWarehouse      []json.RawMessage `json:"data_warehouse,omitzero"`
		Properties         []json.RawMessage `json:"properties,omitzero"`
		Bytecode           json.RawMessage   `json:"bytecode,omitzero"`
		Transpiled         json.RawMessage   `json:"transpiled,omitzero"`
		FilterTestAccounts *bool             `json:"filter_test_accounts,omitzero"`
		BytecodeError      string            `json:"bytecode_error,omitzero"`
	}
	storedMasking struct {
		TTL       int             `json:"ttl"`
		Threshold *int            `json:"threshold,omitzero"`
		Hash      string          `json:"hash"`
		Bytecode  json.RawMessage `json:"bytecode,omitzero"`
	}
	storedMapping struct {
		Name         *string        `json:"name,omitzero"`
		Disabled     bool           `json:"disabled,omitzero"`
		InputsSchema []storedSchema `json:"inputs_schema,omitzero"`
		Inputs       []storedInput  `json:"inputs,omitzero"`
		Filters      *storedFilters `json:"filters,omitzero"`
	}
)

// each converts a list, keeping nil nil.
func each[A, B any](in []A, conv func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = conv(v)
	}
	return out
}

// maybe converts what a pointer points to, keeping nil nil.
func maybe[A, B any](in *A, conv func(A) B) *B {
	if in == nil {
		return nil
	}
	v := conv(*in)
	return &v
}

func toSchema(s cdp.InputSchema) storedSchema   { return storedSchema(s) }
func fromSchema(s storedSchema) cdp.InputSchema { return cdp.InputSchema(s) }
func toInput(i cdp.Input) storedInput           { return storedInput(i) }
func fromInput(i storedInput) cdp.Input         { return cdp.Input(i) }
func toFilters(f cdp.Filters) storedFilters     { return storedFilters(f) }
func fromFilters(f storedFilters) cdp.Filters   { return cdp.Filters(f) }
func toMasking(m cdp.Masking) storedMasking     { return storedMasking(m) }
func fromMasking(m storedMasking) cdp.Masking   { return cdp.Masking(m) }
func toMapping(m cdp.Mapping) storedMapping {
	return storedMapping{
		Name: m.Name, Disabled: m.Disabled,
		InputsSchema: each(m.InputsSchema, toSchema), Inputs: each(m.Inputs, toInput),
		Filters: maybe(m.Filters, toFilters),
	}
}
func fromMapping(m storedMapping) cdp.Mapping {
	return cdp.Mapping{
		Name: m.Name, Disabled: m.Disabled,
		InputsSchema: each(m.InputsSchema, fromSchema), Inputs: each(m.Inputs, fromInput),
		Filters: maybe(m.Filters, fromFilters),
	}
}

// functionJSON holds the JSON columns of a row.
type functionJSON struct {
	schema, inputs, filters, sealed string
	masking, mappings               sql.NullString
}

// functionTexts encodes the JSON columns of f.
func functionTexts(f *cdp.Function) (t functionJSON, err error) {
	if t.schema, err = encode(each(f.InputsSchema, toSchema)); err != nil {
		return t, err
	}
	if t.inputs, err = encode(each(f.Inputs, toInput)); err != nil {
		return t, err
	}
	if t.filters, err = encode(toFilters(f.Filters)); err != nil {
		return t, err
	}
	if t.sealed, err = encode(f.Sealed); err != nil {
		return t, err
	}
	if f.Masking != nil {
		t.masking.Valid = true
		if t.masking.String, err = encode(toMasking(*f.Masking)); err != nil {
			return t, err
		}
	}
	if f.Mappings != nil {
		t.mappings.Valid = true
		t.mappings.String, err = encode(each(f.Mappings, toMapping))
	}
	return t, err
}

// fill decodes the JSON columns into f.
func (t functionJSON) fill(f *cdp.Function) error {
	var schema []storedSchema
	var inputs []storedInput
	var filters storedFilters
	for _, c := range []struct {
		text string
		into any
	}{{t.schema, &schema}, {t.inputs, &inputs}, {t.filters, &filters}, {t.sealed, &f.Sealed}} {
		if err := decode(c.text, c.into); err != nil {
			return err
		}
	}
	f.InputsSchema = each(schema, fromSchema)
	f.Inputs = each(inputs, fromInput)
	f.Filters = fromFilters(filters)
	if t.masking.Valid {
		var m storedMasking
		if err := decode(t.masking.String, &m); err != nil {
			return err
		}
		f.Masking = maybe(&m, fromMasking)
	}
	if t.mappings.Valid {
		var m []storedMapping
		if err := decode(t.mappings.String, &m); err != nil {
			return err
		}
		f.Mappings = each(m, fromMapping)
	}
	return nil
}

const functionColumns = `f.id, f.project_id, f.type, f.enabled, f.deleted, f.execution_order, f.version,
       f.created_at_us, f.created_by, f.updated_at_us, f.updated_by, f.name, f.template_id, f.folder, f.icon_url, f.description,
       f.inputs_schema, f.inputs, f.filters, f.masking, f.mappings, f.sealed, f.hog, f.bytecode, f.transpiled`

// scanFunction reads a row of functionColumns.
func scanFunction(r scanner) (*cdp.Function, error) {
	f := &cdp.Function{}
	var t functionJSON
	var created, updated int64
	var bytecode sql.NullString
	if err := r.Scan(&f.ID, &f.Project, &f.Type, &f.Enabled, &f.Deleted, &f.ExecutionOrder, &f.Version,
		&created, &f.CreatedBy, &updated, &f.UpdatedBy, &f.Name, &f.TemplateID, &f.Folder, &f.IconURL, &f.Description,
		&t.schema, &t.inputs, &t.filters, &t.masking, &t.mappings, &t.sealed, &f.Hog, &bytecode, &f.Transpiled); err != nil {
		return nil, err
	}
	f.CreatedAt, f.UpdatedAt = at(created), at(updated)
	if bytecode.Valid {
		f.Bytecode = json.RawMessage(bytecode.String)
	}
	return f, t.fill(f)
}

// functionArgs gives the values of insertFunction; all but the last two are
// also those of updateFunction.
func functionArgs(f *cdp.Function) ([]any, error) {
	t, err := functionTexts(f)
	if err != nil {
		return nil, err
	}
	var bytecode any
	if len(f.Bytecode) > 0 {
		bytecode = string(f.Bytecode)
	}
	return []any{
		string(f.ID), int64(f.Project), string(f.Type), f.Enabled, f.Deleted, f.ExecutionOrder, f.Version,
		us(f.UpdatedAt), int64(f.UpdatedBy), f.Name, f.TemplateID, f.Folder, f.IconURL, f.Description,
		t.schema, t.inputs, t.filters, t.masking, t.mappings, t.sealed, f.Hog, bytecode, f.Transpiled,
		us(f.CreatedAt), int64(f.CreatedBy),
	}, nil
}
