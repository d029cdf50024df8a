package cdp

import (
	"encoding/json"

	"hogpen/cdp/fields"
)

// InputsJSON writes inputs as PostHog stores and shows them: an object in the
// order of evaluation, null for an input without a value (REST API
// specification 5.2). Secrets are not among them.
func InputsJSON(inputs Inputs) json.RawMessage {
	members := make(fields.Members, 0, len(inputs))
	for _, in := range inputs {
		members = append(members, fields.Member{Name: in.Key, Value: inputJSON(in)})
	}
	return fields.Build(members)
}

func inputJSON(in Input) json.RawMessage {
	if in.Value == nil {
		return json.RawMessage("null")
	}
	raw, err := marshal(in)
	if err != nil {
		return json.RawMessage("null") // only parts that were read from JSON are in it
	}
	return raw
}

// MaskedInputsJSON is InputsJSON for a reader who must not see secrets: every
// input that the schema calls secret is {"secret": true} if it has a value,
// and absent if not. has tells which secrets are stored.
func MaskedInputsJSON(schema []InputSchema, inputs Inputs, has func(key string) bool) json.RawMessage {
	secret := make(map[string]bool, len(schema))
	for _, s := range schema {
		secret[s.Key] = s.Secret
	}
	shown := json.RawMessage(`{"secret":true}`)
	members := make(fields.Members, 0, len(inputs))
	for _, in := range inputs {
		switch {
		case !secret[in.Key]:
			members = append(members, fields.Member{Name: in.Key, Value: inputJSON(in)})
		case in.Value != nil && !has(in.Key):
			members = append(members, fields.Member{Name: in.Key, Value: shown})
		}
	}
	for _, s := range effective(schema) {
		if s.Secret && has(s.Key) {
			members = append(members, fields.Member{Name: s.Key, Value: shown})
		}
	}
	return fields.Build(members)
}

// MaskedInputs is what readers see of a function's own inputs.
func (f *Function) MaskedInputs() json.RawMessage {
	return MaskedInputsJSON(f.InputsSchema, f.Inputs, func(key string) bool { return f.Sealed[key] != nil })
}

// MaskedMappings is what readers see of a function's mappings: a list, or
// null when there are none.
func (f *Function) MaskedMappings() json.RawMessage {
	return mappingsJSON(f.Mappings, func(i int, m *Mapping) json.RawMessage {
		return MaskedInputsJSON(m.InputsSchema, m.Inputs, func(key string) bool { return f.Sealed[MappingSecret(i, key)] != nil })
	})
}

// MappingsJSON writes mappings without their secrets; null for nil.
func MappingsJSON(mappings []Mapping) json.RawMessage {
	return mappingsJSON(mappings, func(_ int, m *Mapping) json.RawMessage { return InputsJSON(m.Inputs) })
}

func mappingsJSON(mappings []Mapping, inputs func(int, *Mapping) json.RawMessage) json.RawMessage {
	if mappings == nil {
		return json.RawMessage("null")
	}
	items := make([]json.RawMessage, 0, len(mappings))
	for i := range mappings {
		m := &mappings[i]
		var members fields.Members
		put := func(name string, value any) {
			raw, err := marshal(value)
			if err == nil {
				members = append(members, fields.Member{Name: name, Value: raw})
			}
		}
		if m.Name != nil {
			put("name", *m.Name)
		}
		if m.Disabled {
			put("disabled", true)
		}
		if m.InputsSchema != nil {
			put("inputs_schema", m.InputsSchema)
		}
		if shown := inputs(i, m); m.Inputs != nil || string(shown) != "{}" {
			put("inputs", shown)
		}
		if m.Filters != nil {
			put("filters", m.Filters)
		}
		items = append(items, fields.Build(members))
	}
	return fields.BuildList(items)
}
