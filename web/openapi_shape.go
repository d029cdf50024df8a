package web

import (
	"cmp"
	"strconv"

	"hogpen/cdp/fields"
	"hogpen/handlers/api"
)

// shape is the JSON Schema of what a reader asks for. An object with a name
// stands among the components. Members that nobody declared are ignored, so
// they may be there.
func (d *describer) shape(s fields.Shape) obj {
	out := d.plain(s)
	var others []any
	for _, or := range s.Or {
		others = append(others, d.shape(or))
	}
	if s.Nullable {
		others = append(others, obj{"type": "null"})
	}
	if len(others) == 0 || s.Kind == fields.Invalid && len(s.Or) == 0 {
		return out
	}
	return obj{"anyOf": append([]any{out}, others...)}
}

// plain is shape for one kind of value.
func (d *describer) plain(s fields.Shape) obj {
	switch s.Kind {
	case fields.String:
		return textOf(s)
	case fields.Int:
		out := obj{"type": "integer"}
		if s.Min != nil {
			out["minimum"] = *s.Min
		}
		if s.Max != nil {
			out["maximum"] = *s.Max
		}
		return out
	case fields.Bool:
		return obj{"type": "boolean"}
	case fields.List:
		return obj{"type": "array", "items": d.shape(*cmp.Or(s.Of, &fields.Shape{}))}
	case fields.Object:
		return d.object(s)
	}
	return obj{}
}

func textOf(s fields.Shape) obj {
	out := obj{"type": "string"}
	if s.Format != "" {
		out["format"] = s.Format
	}
	if s.Choices != nil {
		out["enum"] = s.Choices
	}
	if s.MinRunes > 0 {
		out["minLength"] = s.MinRunes
	}
	if s.MaxRunes > 0 {
		out["maxLength"] = s.MaxRunes
	}
	return out
}

func (d *describer) object(s fields.Shape) obj {
	if s.Members == nil {
		return obj{"type": "object", "additionalProperties": d.shape(*cmp.Or(s.Of, &fields.Shape{}))}
	}
	properties, required := obj{}, []string{}
	for _, m := range s.Members {
		properties[m.Name] = d.shape(m.Shape)
		if m.Required {
			required = append(required, m.Name)
		}
	}
	out := obj{"type": "object", "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if s.Name == "" {
		return out
	}
	d.schemas[s.Name] = out
	return ref(s.Name)
}

// param describes a parameter of a URL.
func (d *describer) param(p api.Param) obj {
	out := obj{"name": p.Name, "in": "query"}
	if p.About != "" {
		out["description"] = p.About
	}
	schema := d.shape(p.Shape)
	if p.Default != "" {
		schema["default"] = standard(p)
	}
	switch {
	case p.JSON:
		out["content"] = content(schema)
		return out
	case p.Shape.Kind == fields.List:
		out["style"], out["explode"] = "form", false
	}
	out["schema"] = schema
	return out
}

// standard is a parameter's default as its kind is written in JSON.
func standard(p api.Param) any {
	if n, err := strconv.Atoi(p.Default); err == nil && p.Shape.Kind == fields.Int {
		return n
	}
	return p.Default
}
