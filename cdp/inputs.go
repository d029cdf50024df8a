package cdp

import (
	"encoding/json"
	"slices"
	"strings"

	"hogpen/cdp/fields"
)

// givenInput is one input as a client sent it.
type givenInput struct {
	value      json.RawMessage // nil when there is none; null counts as none
	templating string
	secret     bool
}

// inputWork is everything that decides about one set of inputs: a function's
// or a mapping's.
type inputWork struct {
	function  Type
	path      fields.Path // where the inputs stand in the request
	schema    []InputSchema
	given     map[string]givenInput
	stored    keeper // what may be kept for secret inputs
	warehouse bool   // {record.x} stands for {event.properties.x}
}

// inputResult is a checked and compiled set of inputs.
type inputResult struct {
	plain   Inputs // in order of evaluation, those without a value last
	secrets Inputs // in order of evaluation; all have values
}

// readInputs reads the members of an inputs object that the schema knows.
// Others are discarded, whatever they are.
func readInputs(raw json.RawMessage, path fields.Path, schema []InputSchema, faults *Faults) map[string]givenInput {
	members, ok := fields.MembersOf(raw)
	if !ok {
		if fields.KindOf(raw) == fields.Null {
			faults.addCode(path, "null", "This field may not be null.")
			return nil
		}
		faults.addCode(path, "not_a_dict", "Expected a dictionary of items but got type \"%s\".", fields.TypeName(raw))
		return nil
	}
	given := make(map[string]givenInput, len(schema))
	var found []fields.Fault
	for _, s := range schema {
		v, ok := members.Get(s.Key)
		if !ok || fields.KindOf(v) == fields.Null {
			continue
		}
		r, ok := fields.Nested(v, path.At(s.Key), &found)
		if !ok {
			continue
		}
		given[s.Key] = readInput(r)
	}
	faults.take(found)
	return given
}

// InputsShape is what readInputs reads.
func InputsShape() fields.Shape {
	return fields.MapOf(fields.Describe("InputWrite", func(r *fields.Reader) { readInput(r) }).OrNull())
}

func readInput(r *fields.Reader) (in givenInput) {
	if value, ok := given(r, "value", nil); ok {
		in.value = value
	}
	in.templating = r.Choice("templating", fields.Rule{Nullable: true}, "hog", "liquid").Value
	secret := r.Any("secret", func() fields.Shape { return fields.Shape{Kind: fields.Bool, Nullable: true} })
	in.secret = secret.Set && fields.Truthy(secret.Value)
	return in
}

// givenFromStored turns stored inputs into what a client would send to keep
// them, for checking them again under another schema.
func givenFromStored(inputs Inputs) map[string]givenInput {
	given := make(map[string]givenInput, len(inputs))
	for _, in := range inputs {
		given[in.Key] = givenInput{value: in.Value, templating: in.Templating}
	}
	return given
}

// compile checks every input of the schema, compiles templates and finds the
// order of evaluation (REST API specification 5.2 to 5.6).
func (w *inputWork) compile(faults *Faults) inputResult {
	var done []compiledInput
	var empty Inputs
	for _, s := range effective(w.schema) {
		given, ok := w.resolve(s, faults)
		if !ok {
			continue
		}
		if given.value == nil {
			if !s.Secret {
				empty = append(empty, Input{Key: s.Key})
			}
			continue
		}
		c, ok := w.compileOne(s, given, faults)
		if ok {
			done = append(done, c)
		}
	}
	ordered, ok := evaluationOrder(done)
	if !ok {
		faults.add(w.path, "Circular dependency detected in input_deps.")
	}
	var out inputResult
	for i, c := range ordered {
		c.input.Order = i
		if c.secret {
			out.secrets = append(out.secrets, c.input)
		} else {
			out.plain = append(out.plain, c.input)
		}
	}
	out.plain = append(out.plain, empty...)
	return out
}

// resolve settles what value an input has: the one sent, a kept secret, the
// schema's default for a required one, or none. It is false after a fault.
func (w *inputWork) resolve(s InputSchema, faults *Faults) (givenInput, bool) {
	path := w.path.At(s.Key)
	given := w.given[s.Key]
	if s.Secret {
		var ok bool
		if given, ok = w.resolveSecret(s, given, faults); !ok {
			return given, false
		}
	}
	if given.value == nil && s.Required && s.Default != nil && fields.KindOf(s.Default) != fields.Null {
		given.value = s.Default
	}
	switch s.Mode() {
	case TemplatingHog, TemplatingLiquid:
		given.templating = string(s.Mode())
	}
	if s.Required && (given.value == nil || isEmptyText(given.value)) {
		faults.add(path, "This field is required.")
		return given, false
	}
	if s.Secret && given.value != nil && isEmptyText(given.value) {
		given.value = nil // an emptied secret is cleared
	}
	return given, true
}

// compiledInput is an input with what its order depends on.
type compiledInput struct {
	input  Input
	secret bool
	needs  []string // keys of other inputs it reads
}

// compileOne checks an input's value against its type and compiles it.
func (w *inputWork) compileOne(s InputSchema, given givenInput, faults *Faults) (compiledInput, bool) {
	c := compiledInput{secret: s.Secret, input: Input{Key: s.Key, Value: given.value, Templating: given.templating}}
	if !fields.Truthy(given.value) {
		return c, true
	}
	path := w.path.At(s.Key)
	if message := checkInputType(s, given); message != "" {
		faults.add(path, "%s", message)
		return c, false
	}
	if !compiles(s, given) {
		return c, true
	}
	value := given.value
	if s.Type == "email" || s.Type == "native_email" {
		value = without(value, "design")
	}
	m := mirror{function: w.function, warehouse: w.warehouse}
	code, err := m.value(value)
	if err != "" {
		faults.add(path, "%s", err)
		return c, false
	}
	if w.function.Site() {
		code, err = transpileInput(value)
		if err != "" {
			faults.add(path, "%s", err)
			return c, false
		}
		c.input.Transpiled = code
	} else {
		c.input.Bytecode = code
	}
	c.needs = m.needs
	return c, true
}

// compiles reports whether an input's value is a template in Hog.
func compiles(s InputSchema, given givenInput) bool {
	if s.Mode() == TemplatingOff || given.templating == string(TemplatingLiquid) {
		return false
	}
	switch s.Type {
	case "string", "boolean", "dictionary", "json", "email", "native_email":
		return true
	}
	return false
}

// without gives an object less one member.
func without(raw json.RawMessage, name string) json.RawMessage {
	members, ok := fields.MembersOf(raw)
	if !ok {
		return raw
	}
	return fields.Build(slices.DeleteFunc(members, func(m fields.Member) bool { return m.Name == name }))
}

func isEmptyText(raw json.RawMessage) bool { return string(raw) == `""` }

// evaluationOrder sorts inputs so that each comes after those it reads, in the
// exact order PostHog numbers them: a queue begins with all that read nothing,
// in schema order; one is taken, and those whose last open dependency it was
// join the queue in schema order. Inputs without a value are no dependency.
// It is false when some wait for each other; those are left out.
func evaluationOrder(inputs []compiledInput) ([]compiledInput, bool) {
	open := make([]map[string]bool, len(inputs))
	var queue []int
	for i, in := range inputs {
		open[i] = map[string]bool{}
		for _, key := range in.needs {
			if slices.ContainsFunc(inputs, func(o compiledInput) bool { return o.input.Key == key }) {
				open[i][key] = true
			}
		}
		if len(open[i]) == 0 {
			queue = append(queue, i)
		}
	}
	ordered := make([]compiledInput, 0, len(inputs))
	for len(queue) > 0 {
		next := inputs[queue[0]]
		queue = queue[1:]
		ordered = append(ordered, next)
		for i := range inputs {
			if open[i][next.input.Key] {
				delete(open[i], next.input.Key)
				if len(open[i]) == 0 {
					queue = append(queue, i)
				}
			}
		}
	}
	return ordered, len(ordered) == len(inputs)
}

// mirror compiles the text leaves of a value and keeps all else, so that the
// result has the value's shape (REST API specification 5.4).
type mirror struct {
	function  Type
	warehouse bool
	needs     []string
}

// value gives the mirrored value, or what is wrong with it as a sentence.
func (m *mirror) value(raw json.RawMessage) (json.RawMessage, string) {
	switch fields.KindOf(raw) {
	case fields.String:
		return m.text(raw)
	case fields.List:
		items, _ := fields.Items(raw)
		for i := range items {
			v, fault := m.value(items[i])
			if fault != "" {
				return nil, fault
			}
			items[i] = v
		}
		return fields.BuildList(items), ""
	case fields.Object:
		members, _ := fields.MembersOf(raw)
		for i := range members {
			v, fault := m.value(members[i].Value)
			if fault != "" {
				return nil, fault
			}
			members[i].Value = v
		}
		return fields.Build(members), ""
	}
	return raw, ""
}

func (m *mirror) text(raw json.RawMessage) (json.RawMessage, string) {
	text, ok := fields.TextOf(raw)
	if !ok {
		return nil, "Invalid template: the text cannot be read."
	}
	t, err := compileTemplate(text, m.warehouse)
	if err != nil {
		return nil, templateFault(text, err)
	}
	if m.function == Transformation {
		if fault := transformationGlobals(t); fault != "" {
			return nil, fault
		}
	}
	for _, key := range t.inputs() {
		if !slices.Contains(m.needs, key) {
			m.needs = append(m.needs, key)
		}
	}
	return t.code, ""
}

// templateFault says why a template does not compile. Double braces are
// Liquid's: whoever wrote them is told so first.
func templateFault(text string, err error) string {
	reason := err.Error()
	if strings.Contains(text, "{{") {
		return "Invalid template: this field uses single-curly templating like {person.properties.email}. " +
			"Liquid-style {{ ... }} syntax is not supported here. (" + reason + ")"
	}
	return "Invalid template: " + reason
}
