package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"hogpen/cdp/fields"
)

// draft is a function in the making: a change being laid over a new or a
// stored function.
type draft struct {
	change   *FunctionChange
	function *Function // the result; its fields start as the stored ones
	old      *Function // as stored; nil for a new one
	creating bool      // required fields are asked for, and checks of creation made
	testing  bool      // nothing will be stored
	faults   Faults
	late     Faults // of what fields mean together; reported after the others
}

// apply lays the change over the function: first every field on its own, then
// what fields mean together (REST API specification 8.2). Faults come in the
// order of declaration.
func (fs *Functions) apply(ctx context.Context, d *draft) (*Function, error) {
	if d.old == nil {
		d.old = &Function{}
	}
	d.faults = slices.Clone(d.change.Faults)
	d.scalars()
	d.checkType()
	if err := fs.applyStructured(ctx, d); err != nil {
		return nil, err
	}
	d.checkCode()
	if faults := append(d.faults.sorted(), d.late...); len(faults) > 0 {
		return d.function, faults.orNil()
	}
	return d.function, d.transpile()
}

// transpile makes the script of a function that runs in a site.
func (d *draft) transpile() (err error) {
	f := d.function
	if !f.Type.Site() || d.old.ID != "" && !d.change.touchesCode() && !d.testing {
		return nil
	}
	if f.Transpiled, err = script(f); err != nil {
		return fmt.Errorf("script of function %s: %w", f.ID, err)
	}
	return nil
}

// scalars takes the plain fields over.
func (d *draft) scalars() {
	c, f := d.change, d.function
	if c.Name.Set {
		f.Name = d.text("name", c.Name, fields.Rule{Blank: true, MaxRunes: MaxNameRunes})
	}
	if c.Description.Set {
		if c.Description.Null {
			d.faults.addCode(fields.To("description"), "null", "This field may not be null.")
		} else if text := d.text("description", c.Description, fields.Rule{Blank: true}); text != nil {
			f.Description = *text
		}
	}
	if c.IconURL.Set {
		f.IconURL = d.text("icon_url", c.IconURL, fields.Rule{Blank: true})
	}
	if c.Enabled != nil {
		f.Enabled = *c.Enabled
	}
	if c.Deleted != nil {
		f.Deleted = *c.Deleted
	}
	if c.ExecutionOrder.Set {
		f.ExecutionOrder = c.ExecutionOrder.Ptr()
		if n := f.ExecutionOrder; n != nil {
			if _, fault := fields.CheckInt(int64(*n), fields.Between(0, MaxExecutionOrder)); fault != nil {
				d.faults.addCode(fields.To("execution_order"), fault.Code, "%s", fault.Message)
			}
		}
	}
	if utf8.RuneCountInString(c.TemplateID) > MaxTemplateIDRunes {
		d.faults.addCode(fields.To("template_id"), "max_length", "Ensure this field has no more than %d characters.", MaxTemplateIDRunes)
	}
}

// text trims and checks a text field; nil for null and after a fault.
func (d *draft) text(name string, o Optional[string], rule fields.Rule) *string {
	if o.Null {
		return nil
	}
	s, fault := fields.CheckText(o.Value, rule)
	if fault != nil {
		d.faults.addCode(fields.To(name), fault.Code, "%s", fault.Message)
		return nil
	}
	return &s
}

// checkType settles the type (REST API specification 4.2).
func (d *draft) checkType() {
	if d.change.Type == nil {
		return
	}
	t := *d.change.Type
	switch {
	case t == WarehouseWebhook:
		d.faults.add(fields.To("type"), "Cannot create or modify warehouse source webhook functions via this API.")
	case !slices.Contains(Types, t):
		d.faults.addCode(fields.To("type"), "invalid_choice", "\"%s\" is not a valid choice.", string(t))
	case d.old.ID != "" && t != d.old.Type:
		d.faults.add(fields.To("type"), "Cannot modify the type of an existing function")
	default:
		d.function.Type = t
	}
}

// applyStructured takes over the fields that are checked and compiled.
func (fs *Functions) applyStructured(ctx context.Context, d *draft) error {
	f, c := d.function, d.change
	if d.old.ID != "" && !c.touchesCode() && !d.testing {
		return nil
	}
	compiler, err := fs.filterCompiler(ctx, f.Project)
	if err != nil {
		return err
	}
	compiler.site = f.Type.Site()
	fs.applySchema(d)
	d.readFilters()
	f.Sealed = map[string][]byte{}
	if err := fs.applyInputs(d); err != nil {
		return err
	}
	if err := fs.applyMappings(d, compiler); err != nil {
		return err
	}
	if f.Mappings != nil {
		f.Filters.Events, f.Filters.Actions = nil, nil
	}
	if err := d.compileFilters(compiler); err != nil {
		return err
	}
	if c.Masking != nil {
		masking, faults := ReadMasking(c.Masking)
		f.Masking = masking
		d.faults = append(d.faults, faults...)
	}
	return nil
}

// filterCompiler readies the compiler of a project's filters.
func (fs *Functions) filterCompiler(ctx context.Context, project ProjectID) (*filterCompiler, error) {
	p, err := fs.Projects.Project(ctx, project)
	if err != nil {
		return nil, fmt.Errorf("load project %d: %w", project, err)
	}
	return &filterCompiler{
		ctx: ctx, project: p, actions: fs.Actions, cohorts: fs.Cohorts, types: fs.Types, now: fs.now(),
		settingsURL: fmt.Sprintf("%s/project/%d/settings/project#internal-user-filtering", fs.SiteURL, project),
	}, nil
}

// applySchema reads the inputs schema, if the change has one.
func (fs *Functions) applySchema(d *draft) {
	raw := d.change.InputsSchema
	if d.creating && !fields.Truthy(raw) && fields.KindOf(raw) <= fields.Null {
		raw = json.RawMessage("[]")
	}
	if raw == nil {
		return
	}
	schema, faults := ReadInputsSchema(raw, fields.To("inputs_schema"))
	d.function.InputsSchema = schema
	d.faults = append(d.faults, faults...)
}

// applyInputs checks and compiles the inputs sent, or the stored ones again,
// and seals the secret ones.
func (fs *Functions) applyInputs(d *draft) error {
	f, raw := d.function, d.change.Inputs
	if d.creating && (raw == nil || fields.KindOf(raw) == fields.Null) {
		raw = json.RawMessage("{}")
	}
	stored := keeper{function: d.old, sealer: fs.Sealer, mapping: -1, plain: d.old.Inputs}
	before := len(d.faults)
	w := inputWork{
		function: f.Type, path: fields.To("inputs"), schema: f.InputsSchema, stored: stored, warehouse: f.Filters.fromWarehouse(),
	}
	if raw == nil {
		w.given = givenFromStored(d.old.Inputs)
	} else {
		w.given = readInputs(raw, w.path, f.InputsSchema, &d.faults)
	}
	if len(d.faults) > before && w.given == nil {
		return nil
	}
	result := w.compile(&d.faults)
	if len(d.faults) > before {
		return nil
	}
	f.Inputs = result.plain
	return seal(f, d.old.Sealed, fs.Sealer, result.secrets, -1)
}

// applyMappings compiles the mappings sent; stored ones stay, with their
// secrets.
func (fs *Functions) applyMappings(d *draft, c *filterCompiler) error {
	f, raw := d.function, d.change.Mappings
	switch {
	case raw == nil:
		keepMappingSecrets(f, d.old)
		return nil
	case fields.KindOf(raw) == fields.Null:
		f.Mappings = nil
		return nil
	}
	if d.creating && string(raw) == "[]" {
		f.Mappings = nil
		return nil
	}
	if !mappingAllowed(f.Type) {
		d.late.add(fields.To("mappings"), "Mappings are only allowed for destinations.")
		return nil
	}
	return fs.compileMappings(f, d.old, raw, c, &d.faults)
}

func keepMappingSecrets(f, old *Function) {
	for key, sealed := range old.Sealed {
		if old.belongsToMapping(key) {
			f.Sealed[key] = sealed
		}
	}
}

// readFilters takes over the filters sent.
func (d *draft) readFilters() {
	if d.change.Filters == nil {
		return
	}
	filters, faults := ReadFilters(d.change.Filters, fields.To("filters"))
	d.faults = append(d.faults, faults...)
	if len(faults) == 0 {
		d.function.Filters = filters
	}
}

// compileFilters compiles the filters, new or stored. What cannot be compiled
// refuses the change only if the function will run (REST API specification
// 6.4).
func (d *draft) compileFilters(c *filterCompiler) error {
	f := d.function
	if f.Filters.Source == "" {
		f.Filters.Source = SourceEvents
	}
	if err := c.compile(&f.Filters); err != nil {
		return fmt.Errorf("compile filters of function %s: %w", f.ID, err)
	}
	if f.Enabled && !f.Deleted {
		if message := f.Filters.BytecodeError; message != "" {
			d.faults.add(fields.To("filters", "non_field_errors"), "Invalid filter configuration: %s", message)
		}
		for i := range f.Mappings {
			if m := f.Mappings[i].Filters; m != nil && m.BytecodeError != "" {
				d.faults.add(fields.To("mappings", i, "filters", "non_field_errors"), "Invalid filter configuration: %s", m.BytecodeError)
			}
		}
	}
	return nil
}

// checkCode checks and compiles the source, if the change has one (REST API
// specification 4.3).
func (d *draft) checkCode() {
	c, f := d.change, d.function
	if !c.Hog.Set {
		if d.creating {
			d.late.add(fields.To("hog"), "Required.")
		}
		return
	}
	if c.Hog.Null {
		d.faults.addCode(fields.To("hog"), "null", "This field may not be null.")
		return
	}
	source := d.text("hog", c.Hog, fields.Rule{})
	if source == nil {
		return
	}
	if len(*source) > MaxHogBytes {
		d.late.add(fields.To("hog"), "HOG code exceeds maximum size of 100KB. Please simplify your code or contact support if you need "+
			"this limit increased.")
		return
	}
	code, fault := compileProgram(f.Type, *source)
	if fault != "" {
		d.late.add(fields.To("hog"), "%s", fault)
		return
	}
	f.Hog, f.Bytecode = *source, code
}
