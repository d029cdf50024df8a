package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp/fields"
	"hogpen/web/respond"
)

// local is a variable of a session: its name, how deep it was declared, and
// whether a function captured it. It travels as a list of three.
type local struct {
	name     string
	depth    int
	captured bool
}

func (l local) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.name, l.depth, l.captured}) }

// CompileHog compiles source to bytecode, also one input of a session after
// the other (REST API specification 11.6).
func (h *Handler) CompileHog(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	source := hogOf(reader(members))
	if source.missing {
		return hogFault(c, "Missing required field: hog")
	}
	code, names, fault := h.c.Functions.CompileSource(source.text, source.repl, source.locals)
	if fault != "" {
		return hogFault(c, fault)
	}
	out := make([]local, len(names))
	for i, name := range names {
		out[i] = local{name: name, depth: 1}
	}
	return respond.JSON(c, fiber.StatusOK, struct {
		Bytecode json.RawMessage `json:"bytecode"`
		Locals   []local         `json:"locals"`
	}{code, out})
}

func hogFault(c *fiber.Ctx, message string) error {
	return respond.JSON(c, fiber.StatusBadRequest, struct {
		Error string `json:"error"`
	}{message})
}

// hogSource is what is to be compiled.
type hogSource struct {
	text    string   // as it was written, blanks and all
	missing bool     // there is no text
	repl    bool     // it is one input of a session
	locals  []string // the variables of earlier inputs
}

func hogOf(r *fields.Reader) hogSource {
	text, ok := fields.TextOf(r.Any("hog", func() fields.Shape { return fields.Shape{Kind: fields.String} }).Value)
	repl := fields.Display(r.Any("in_repl", func() fields.Shape { return fields.Shape{Kind: fields.Bool} }).Value)
	locals := r.Any("locals", func() fields.Shape { return fields.ListOf(fields.Shape{Kind: fields.List}) }).Value
	return hogSource{text, !ok, repl == "True" || repl == "true", localNames(locals)}
}

// localNames reads the variables of earlier inputs; what is not in the form
// is passed over.
func localNames(raw json.RawMessage) []string {
	items, _ := fields.Items(raw)
	var names []string
	for _, item := range items {
		parts, _ := fields.Items(item)
		if len(parts) > 0 {
			if name, ok := fields.TextOf(parts[0]); ok {
				names = append(names, name)
			}
		}
	}
	return names
}
