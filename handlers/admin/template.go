package admin

import (
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// templateOf finds the template that the path names.
func (h *Handler) templateOf(c *fiber.Ctx) (*cdp.Template, error) {
	t, ok := h.c.Template(c.Params("tid"))
	if !ok || t.Status == "hidden" {
		return nil, cdp.Errorf(cdp.NotFound, "", "There is no such template.")
	}
	return t, nil
}

// Template is GET /p/:pid/templates/:tid.
func (h *Handler) Template(c *fiber.Ctx) error {
	t, err := h.templateOf(c)
	if err != nil {
		return err
	}
	return h.showTemplate(c, t, nil, nil)
}

// showTemplate shows a template, with what was posted and its faults if the
// form came back.
func (h *Handler) showTemplate(c *fiber.Ctx, t *cdp.Template, posted form, faults []*cdp.Error) error {
	used, err := h.c.Store.TemplateUsage(c.UserContext())
	if err != nil {
		return err
	}
	docs, err := h.c.TemplateDocs(t)
	if err != nil {
		return err
	}
	status, tone := templateStatus(t.Status)
	d := pages.TemplateData{
		ID: t.ID, Name: t.Name, Text: t.Description, Type: pages.TypeName(t.Type), Status: status, Tone: tone,
		Category: strings.Join(t.Category, ", "), Used: usedBy(used[t.ID]), Docs: docs, Code: t.Code, CanEdit: canEdit(c),
		Action: base(c) + "/templates/" + t.ID, Title: t.Name, Filters: presetSentence(t),
	}
	if t.IconURL != nil {
		d.Icon = *t.IconURL
	}
	if posted != nil {
		d.Title = posted.get("name")
	}
	for _, s := range t.InputsSchema {
		if s.Hidden {
			continue
		}
		if s.Required {
			d.Required++
		}
		d.Inputs = append(d.Inputs, templateInput(s))
	}
	faulty := byField(faults)
	d.Error = faulty
	d.Fields = inputFields(needed(t), nil, nil, posted, faulty)
	d.Errors = summary(faults, d.Fields)
	s, err := h.shell(c, t.Name, "Templates", layout.Crumb{Label: "Templates", Href: base(c) + "/templates"}, layout.Crumb{Label: t.Name})
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return respond.Invalid(c, pages.Template(s, d))
	}
	return respond.Page(c, pages.Template(s, d))
}

// needed are the inputs without which no function can be made: required ones
// that have no default.
func needed(t *cdp.Template) []cdp.InputSchema {
	var out []cdp.InputSchema
	for _, s := range t.InputsSchema {
		if s.Required && !hasDefault(s) {
			out = append(out, s)
		}
	}
	return out
}

func hasDefault(s cdp.InputSchema) bool {
	text := strings.TrimSpace(string(s.Default))
	return text != "" && text != "null" && text != `""`
}

func templateInput(s cdp.InputSchema) pages.TemplateInput {
	in := pages.TemplateInput{Label: labelOf(s), Key: s.Key, Type: typeWord(s), Required: s.Required, Secret: s.Secret, Default: "–"}
	if hasDefault(s) {
		in.Default = textOf(s.Default)
	}
	return in
}

// typeWord is an input's type in words.
func typeWord(s cdp.InputSchema) string {
	word := map[string]string{
		"boolean": "on or off", "dictionary": "key and value rows", "json": "JSON", "choice": "choice", "integration": "connection",
		"integration_field": "connection field",
	}[s.Type]
	if word == "" {
		word = s.Type
	}
	if s.Secret {
		word += ", secret"
	}
	return word
}

// presetSentence says in words which events a template's functions begin with.
func presetSentence(t *cdp.Template) string {
	filters, faults := cdp.ReadFilters(t.Filters, fields.To("filters"))
	if len(faults) > 0 || len(filters.Events)+len(filters.Actions)+len(filters.Properties) == 0 {
		return ""
	}
	return spelledOut(filterSentence(&cdp.Function{Type: t.Type, Filters: filters}))
}

// UseTemplate is POST /p/:pid/templates/:tid: a paused function with the
// template's defaults, and on to its Build page.
func (h *Handler) UseTemplate(c *fiber.Ctx) error {
	t, err := h.templateOf(c)
	if err != nil {
		return err
	}
	posted := formOf(c)
	inputs, unread := newInputs(t, posted)
	off := false
	change := cdp.FunctionChange{
		Type: &t.Type, Name: cdp.Some(strings.TrimSpace(posted.get("name"))), TemplateID: t.ID, Enabled: &off, Inputs: inputs, Faults: unread,
	}
	if present(t.Filters) {
		change.Filters = t.Filters
	}
	if present(t.Masking) {
		change.Masking = t.Masking
	}
	change.Mappings = t.IncludedMappings()
	if change.Name.Value == "" {
		return h.showTemplate(c, t, posted, []*cdp.Error{cdp.Errorf(cdp.Invalid, "name", "The name is empty. Give the function one.")})
	}
	f, err := h.c.Functions.Create(c.UserContext(), session.User(c).ID, session.Project(c).ID, change)
	if faults, ok := faultsOf(err); ok {
		return h.showTemplate(c, t, posted, faults)
	}
	if err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: "Created " + f.Title() + ", paused"})
	return respond.Redirect(c, base(c)+"/functions/"+string(f.ID))
}

// newInputs are the defaults of a template, and what the form gave.
func newInputs(t *cdp.Template, posted form) (json.RawMessage, cdp.Faults) {
	var stored cdp.Inputs
	for _, s := range t.InputsSchema {
		if hasDefault(s) {
			stored = append(stored, cdp.Input{Key: s.Key, Value: s.Default})
		}
	}
	var open []cdp.InputSchema
	for _, s := range t.InputsSchema {
		// A secret nobody was asked for has no value to keep yet.
		if !s.Secret || posted.has("input."+s.Key) {
			open = append(open, s)
		}
	}
	raw, unread := inputsOf(open, stored, posted)
	return raw, inputFaults(unread)
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
