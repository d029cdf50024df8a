package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// The sources a function may be triggered by.
const (
	SourceEvents         = "events"
	SourcePersonUpdates  = "person-updates"
	SourceWarehouseTable = "data-warehouse-table"
	SourceWarehouseView  = "data-warehouse-view"
)

// fromWarehouse reports whether the function is fed by rows, not events.
func (f *Filters) fromWarehouse() bool {
	return f.Source == SourceWarehouseTable || f.Source == SourceWarehouseView
}

// ReadFilters reads filters from JSON, checks their shape and drops what their
// source has no use for (REST API specification 6.1). null is {}. Nothing is
// compiled yet. path is where they stand in the request.
func ReadFilters(raw json.RawMessage, path fields.Path) (Filters, Faults) {
	if raw == nil || fields.KindOf(raw) == fields.Null {
		return Filters{Source: SourceEvents}, nil
	}
	var found []fields.Fault
	var faults Faults
	r, ok := fields.Nested(raw, path, &found)
	if !ok {
		faults.take(found)
		return Filters{}, faults
	}
	f := readFilters(r)
	f.prune()
	faults.take(found)
	return f, faults
}

// FiltersShape is what ReadFilters reads.
func FiltersShape() fields.Shape {
	return fields.Describe("FiltersWrite", func(r *fields.Reader) { readFilters(r) }).OrNull()
}

func readFilters(r *fields.Reader) Filters {
	f := Filters{Source: SourceEvents}
	if s := r.Choice("source", fields.Rule{}, SourceEvents, SourcePersonUpdates, SourceWarehouseTable, SourceWarehouseView); s.Set {
		f.Source = s.Value
	}
	f.Actions = r.Dicts("actions", fields.Rule{}).Value
	f.Events = r.Dicts("events", fields.Rule{}).Value
	f.DataWarehouse = chosenTables(r.Dicts("data_warehouse", fields.Rule{}).Value)
	f.Properties = r.Dicts("properties", fields.Rule{}).Value
	f.FilterTestAccounts = r.Bool("filter_test_accounts", fields.Rule{}).Ptr()
	return f
}

// prune drops the lists that do not fit the source.
func (f *Filters) prune() {
	switch {
	case f.Source == SourceEvents:
		f.DataWarehouse = nil
	case f.Source == SourcePersonUpdates:
		f.Events, f.Actions, f.DataWarehouse = nil, nil, nil
	default:
		f.Events, f.Actions = nil, nil
	}
}

// chosenTables drops entries in which nobody has picked a table yet.
func chosenTables(entries []json.RawMessage) []json.RawMessage {
	if entries == nil {
		return nil
	}
	kept := make([]json.RawMessage, 0, len(entries))
	for _, e := range entries {
		if memberText(e, "name") != "Select a table" && memberText(e, "table_name") != "Select a table" {
			kept = append(kept, e)
		}
	}
	return kept
}

// memberText gives the text of an object's member; "" when it is no text.
func memberText(object json.RawMessage, name string) string {
	members, _ := fields.MembersOf(object)
	v, _ := members.Get(name)
	s, _ := fields.TextOf(v)
	return s
}

// PropertyTypes knows which properties hold booleans.
type PropertyTypes interface {
	// BooleanProperty reports whether a property of that kind ("event",
	// "person" or "group") and name is known to be boolean.
	BooleanProperty(ctx context.Context, project ProjectID, kind, name string) (bool, error)
}

// filterCompiler turns filters into one boolean expression (REST API
// specification 6.2) and that into bytecode.
type filterCompiler struct {
	ctx     context.Context
	project Project
	actions ActionSource
	cohorts CohortSource
	types   PropertyTypes
	now     time.Time // for relative dates
	// where people mend internal-user filters; for messages
	settingsURL string
	site        bool // JavaScript is wanted, not bytecode
}

// filterError is a fault of the filters themselves, as opposed to one of ours.
type filterError struct{ message string }

func (e *filterError) Error() string { return e.message }

func filterErrorf(format string, args ...any) error {
	return &filterError{fmt.Sprintf(format, args...)}
}

// compile sets f.Bytecode (f.Transpiled for functions that run in a site) or, when the filters cannot be compiled,
// f.BytecodeError. An error is our own failure.
func (c *filterCompiler) compile(f *Filters) error {
	f.Bytecode, f.BytecodeError, f.Transpiled = nil, "", nil
	e, err := c.expression(f)
	switch {
	case err != nil:
	case c.site:
		f.Transpiled, err = transpileFilter(e)
	default:
		f.Bytecode, err = compileFilter(e)
	}
	var fault *filterError
	if errors.As(err, &fault) {
		f.Bytecode, f.BytecodeError = nil, fault.message
		return nil
	}
	return err
}

// expression builds the filters' expression: test-account filters AND
// properties AND (one of events and actions).
func (c *filterCompiler) expression(f *Filters) (ast.Expr, error) {
	var parts []ast.Expr
	if f.FilterTestAccounts != nil && *f.FilterTestAccounts {
		exprs, err := c.accounts()
		if err != nil {
			return nil, err
		}
		parts = append(parts, exprs...)
	}
	exprs, err := c.each(f.Properties)
	if err != nil {
		return nil, err
	}
	parts = append(parts, exprs...)
	entries, err := c.entries(f)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		parts = append(parts, anyOf(entries))
	}
	if len(parts) == 0 {
		return ast.Bool(true), nil
	}
	return allOf(parts), nil
}

// each compiles property filters one by one.
func (c *filterCompiler) each(properties []json.RawMessage) ([]ast.Expr, error) {
	var out []ast.Expr
	for _, p := range properties {
		e, err := c.property(p)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// entries gives one expression for each event, then for each action.
func (c *filterCompiler) entries(f *Filters) ([]ast.Expr, error) {
	var out []ast.Expr
	for _, entry := range append(append([]json.RawMessage(nil), f.Events...), f.Actions...) {
		e, err := c.entry(entry)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// entry is what one event or action asks: its matcher and its own properties.
func (c *filterCompiler) entry(raw json.RawMessage) (ast.Expr, error) {
	members, _ := fields.MembersOf(raw)
	var parts []ast.Expr
	id, _ := members.Get("id")
	switch memberText(raw, "type") {
	case "events":
		parts = append(parts, eventIs(id))
	case "actions":
		e, err := c.action(id)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	own, _ := members.Get("properties")
	if items, ok := fields.Items(own); ok && len(items) > 0 {
		exprs, err := c.each(items)
		if err != nil {
			return nil, err
		}
		parts = append(parts, allOf(exprs))
	}
	if len(parts) == 0 {
		return ast.Bool(true), nil
	}
	return allOf(parts), nil
}

// eventIs tests the event's name; every event passes when id is null.
func eventIs(id json.RawMessage) ast.Expr {
	if id == nil || fields.KindOf(id) == fields.Null {
		return ast.Bool(true)
	}
	return ast.CompareOf(ast.Eq, ast.Chain("event"), ast.String(fields.Display(id)))
}

// action finds an action by its id and builds its test.
func (c *filterCompiler) action(id json.RawMessage) (ast.Expr, error) {
	text := fields.Display(id)
	n, fault := fields.ToInt(id, fields.Rule{})
	if fault != nil {
		return nil, filterErrorf("invalid literal for int() with base 10: '%s'", text)
	}
	missing := filterErrorf("Action matching query does not exist.")
	if c.actions == nil {
		return nil, missing
	}
	a, err := c.actions.Action(c.ctx, c.project.ID, int64(n))
	var known *Error
	if errors.As(err, &known) && known.Code == NotFound {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("load action %s: %w", strconv.Itoa(n), err)
	}
	return c.actionSteps(a)
}

// allOf is one expression bare, or an And over several.
func allOf(exprs []ast.Expr) ast.Expr {
	if len(exprs) == 1 {
		return exprs[0]
	}
	return ast.AndOf(exprs...)
}

// anyOf is one expression bare, or an Or over several.
func anyOf(exprs []ast.Expr) ast.Expr {
	if len(exprs) == 1 {
		return exprs[0]
	}
	return ast.OrOf(exprs...)
}
