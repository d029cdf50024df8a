package cdp_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hogpen/cdp"
)

func TestCreateMinimal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(minimal())
	stored, err := b.store.Function(b.ctx, b.project, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Type != cdp.Destination || stored.Enabled || stored.Name != nil || stored.ExecutionOrder != nil || stored.Mappings != nil {
		t.Errorf("a minimal function is not a disabled, nameless destination: %+v", stored)
	}
	if have, want := string(stored.Bytecode), `["_H",1,32,"hi",2,"print",1,35]`; have != want {
		t.Errorf("bytecode %s, want %s", have, want)
	}
	filters, _ := json.Marshal(stored.Filters)
	if have, want := string(filters), `{"source":"events","bytecode":["_H",1,29]}`; have != want {
		t.Errorf("filters %s, want %s", have, want)
	}
	if have := string(stored.MaskedInputs()); have != "{}" {
		t.Errorf("inputs %s, want {}", have)
	}
	if stored.CreatedBy != b.user || stored.Version != 1 || !cmp.Equal(b.changed, []cdp.FunctionID{f.ID}) {
		t.Errorf("created by %d version %d, told of %v", stored.CreatedBy, stored.Version, b.changed)
	}
}

func TestCreateFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with := func(edit func(*cdp.FunctionChange)) cdp.FunctionChange {
		c := minimal()
		edit(&c)
		return c
	}
	for _, tt := range []struct {
		name                 string
		change               cdp.FunctionChange
		field, code, message string
	}{
		{"no code", cdp.FunctionChange{}, "hog", "invalid_input", "Required."},
		{"blank code", cdp.FunctionChange{Hog: cdp.Some("  ")}, "hog", "blank", "This field may not be blank."},
		{"code with faults", cdp.FunctionChange{Hog: cdp.Some("let x := ")}, "hog", "invalid_input", "Hog code has errors."},
		{"code with a hyphen", cdp.FunctionChange{Hog: cdp.Some("print(event.properties.user-id)")}, "hog", "invalid_input",
			"Hyphens are not supported in identifiers and are interpreted as subtraction. Use bracket notation: event.properties['user-id']"},
		{"much code", cdp.FunctionChange{Hog: cdp.Some(strings.Repeat("(", 102401))}, "hog", "invalid_input",
			"HOG code exceeds maximum size of 100KB. Please simplify your code or contact support if you need this limit increased."},
		{"unknown type", with(func(c *cdp.FunctionChange) { c.Type = ptr(cdp.Type("foo")) }), "type", "invalid_choice", `"foo" is not a valid choice.`},
		{"warehouse webhook", with(func(c *cdp.FunctionChange) { c.Type = ptr(cdp.WarehouseWebhook) }), "type", "invalid_input",
			"Cannot create or modify warehouse source webhook functions via this API."},
		{"site function that is no TypeScript", cdp.FunctionChange{Type: ptr(cdp.SiteApp), Hog: cdp.Some("let x := 1")}, "hog", "invalid_input",
			"Error in TypeScript code"},
		{"unknown template", cdp.FunctionChange{TemplateID: "nope"}, "template_id", "invalid_input", "No template found for id 'nope'"},
		{"hidden template", cdp.FunctionChange{TemplateID: "template-hidden"}, "template_id", "invalid_input",
			"Template 'template-hidden' is internal and cannot be used to create a function."},
		{"template without its inputs", cdp.FunctionChange{TemplateID: "template-hook"}, "inputs__url", "invalid_input", "This field is required."},
		{"long name", with(func(c *cdp.FunctionChange) { c.Name = cdp.Some(strings.Repeat("é", 401)) }), "name", "max_length",
			"Ensure this field has no more than 400 characters."},
		{"null description", with(func(c *cdp.FunctionChange) { c.Description = cdp.Nothing[string]() }), "description", "null", "This field may not be null."},
		{"order too high", with(func(c *cdp.FunctionChange) { c.ExecutionOrder = cdp.Some(32768) }), "execution_order", "max_value",
			"Ensure this value is less than or equal to 32767."},
		{"mappings of a transformation", with(func(c *cdp.FunctionChange) { c.Type, c.Mappings = ptr(cdp.Transformation), raw(`[{}]`) }), "mappings",
			"invalid_input", "Mappings are only allowed for destinations."},
		{"schema of a bad type", with(func(c *cdp.FunctionChange) { c.InputsSchema = raw(`[{"key":"x","type":"nope"}]`) }), "inputs_schema__0__type",
			"invalid_choice", `"nope" is not a valid choice.`},
		{"schema item that is text", with(func(c *cdp.FunctionChange) { c.InputsSchema = raw(`["x"]`) }), "inputs_schema__0__non_field_errors",
			"invalid_input", "Invalid data. Expected a dictionary, but got str."},
		{"schema that is no list", with(func(c *cdp.FunctionChange) { c.InputsSchema = raw(`{"a":1}`) }), "inputs_schema", "not_a_list",
			`Expected a list of items but got type "dict".`},
		{"schema without keys", with(func(c *cdp.FunctionChange) { c.InputsSchema = raw(`[{"type":"string"}]`) }), "inputs_schema__0__key",
			"required", "This field is required."},
		{"masking without ttl", with(func(c *cdp.FunctionChange) { c.Masking = raw(`{"hash":"x"}`) }), "masking__ttl", "required", "This field is required."},
		{"masking too short", with(func(c *cdp.FunctionChange) { c.Masking = raw(`{"ttl":59,"hash":"x"}`) }), "masking__ttl", "min_value",
			"Ensure this value is greater than or equal to 60."},
		{"masking with a bad hash", with(func(c *cdp.FunctionChange) { c.Masking = raw(`{"ttl":60,"hash":""}`) }), "masking__hash", "blank",
			"This field may not be blank."},
		{"first in the order of declaration", with(func(c *cdp.FunctionChange) {
			c.Masking, c.InputsSchema, c.Type = raw(`{}`), raw(`[{}]`), ptr(cdp.Type("x"))
		}), "type", "invalid_choice", `"x" is not a valid choice.`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bb := *b
			bb.T = t
			bb.refuseCreate(tt.change, tt.field, tt.code, tt.message)
		})
	}
	page, err := b.store.Functions(b.ctx, cdp.FunctionQuery{Project: b.project})
	if err != nil || page.Count != 0 {
		t.Errorf("%d functions were stored by refused changes (%v)", page.Count, err)
	}
}

func TestCreateFromTemplate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(cdp.FunctionChange{TemplateID: "template-hook", Inputs: raw(`{"url":{"value":"https://example.com"}}`)})
	if *f.Name != "Hook" || f.Description != "Calls a hook" || f.Hog != "fetch(inputs.url)" || *f.IconURL != "/icons/hook.svg" {
		t.Errorf("not taken from the template: %+v", f)
	}
	own := b.create(cdp.FunctionChange{TemplateID: "template-hook", Name: cdp.Some("Mine"), Hog: cdp.Some("return 1"),
		InputsSchema: raw(`[{"type":"string","key":"other"}]`)})
	if *own.Name != "Mine" || own.Hog != "return 1" || own.InputsSchema[0].Key != "other" {
		t.Errorf("the template won over the change: %+v", own)
	}
}

func TestTypeStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(minimal())
	b.refuseUpdate(f.ID, cdp.FunctionChange{Type: ptr(cdp.Transformation)}, "type", "invalid_input", "Cannot modify the type of an existing function")
	b.refuseUpdate(f.ID, cdp.FunctionChange{Type: ptr(cdp.WarehouseWebhook)}, "type", "invalid_input",
		"Cannot create or modify warehouse source webhook functions via this API.")
	b.update(f.ID, cdp.FunctionChange{Type: ptr(cdp.Destination), TemplateID: "gone"})
}

func transformation(enabled bool) cdp.FunctionChange {
	return cdp.FunctionChange{Type: ptr(cdp.Transformation), Hog: cdp.Some("return event"), Enabled: &enabled}
}

func TestExecutionOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two, three := b.create(transformation(true)), b.create(transformation(false)), b.create(transformation(true))
	for i, f := range []*cdp.Function{one, two, three} {
		if *f.ExecutionOrder != i+1 {
			t.Errorf("transformation %d has order %d", i+1, *f.ExecutionOrder)
		}
	}
	if f := b.create(minimal()); f.ExecutionOrder != nil {
		t.Errorf("a destination has order %d", *f.ExecutionOrder)
	}
	if f := b.update(two.ID, cdp.FunctionChange{Enabled: ptr(true)}); *f.ExecutionOrder != 4 {
		t.Errorf("enabling again gave order %d, want 4", *f.ExecutionOrder)
	}
	b.update(one.ID, cdp.FunctionChange{Enabled: ptr(false)})
	if f := b.update(one.ID, cdp.FunctionChange{Enabled: ptr(true), ExecutionOrder: cdp.Some(2)}); *f.ExecutionOrder != 2 {
		t.Errorf("enabling again with order 2 gave %d", *f.ExecutionOrder)
	}
	b.update(one.ID, cdp.FunctionChange{Deleted: ptr(true)})
	if f := b.update(one.ID, cdp.FunctionChange{Deleted: ptr(false), Undelete: true, ExecutionOrder: cdp.Some(1)}); *f.ExecutionOrder != 5 {
		t.Errorf("undeleting gave order %d, want 5", *f.ExecutionOrder)
	}
}

func TestTransformationLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var last *cdp.Function
	for range cdp.MaxEnabledTransformations {
		last = b.create(transformation(true))
	}
	const message = "Maximum of 20 enabled transformation functions allowed per team. Please contact support if you need this limit " +
		"increased, or disable some existing transformations."
	b.refuseCreate(transformation(true), "type", "invalid_input", message)
	spare := b.create(transformation(false))
	b.refuseUpdate(spare.ID, cdp.FunctionChange{Enabled: ptr(true)}, "type", "invalid_input", message)
	b.update(last.ID, cdp.FunctionChange{Enabled: ptr(true), Name: cdp.Some("still on")})
	b.update(last.ID, cdp.FunctionChange{Deleted: ptr(true)})
	b.update(spare.ID, cdp.FunctionChange{Enabled: ptr(true)})
	b.refuseUpdate(last.ID, cdp.FunctionChange{Deleted: ptr(false), Undelete: true}, "type", "invalid_input", message)
}

func TestSoftDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(minimal())
	b.update(f.ID, cdp.FunctionChange{Deleted: ptr(true)})
	var e *cdp.Error
	for _, c := range []cdp.FunctionChange{{Name: cdp.Some("x")}, {Deleted: ptr(false)}, {Deleted: ptr(true), Undelete: true}} {
		if _, err := b.fns.Update(b.ctx, b.user, b.project, f.ID, c); !errors.As(err, &e) || e.Code != cdp.NotFound {
			t.Errorf("changing a deleted function by %+v gives %v, want not found", c, err)
		}
	}
	if f := b.update(f.ID, cdp.FunctionChange{Deleted: ptr(false), Undelete: true}); f.Deleted {
		t.Error("the function is still deleted")
	}
}

// Renaming, disabling and deleting do not depend on what is stored.
func TestHarmlessChangesNeverFail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(cdp.FunctionChange{Hog: cdp.Some("return 1"), InputsSchema: raw(`[{"type":"string","key":"a"}]`)})
	broken, err := b.store.Function(b.ctx, b.project, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	bad := *broken
	bad.InputsSchema = []cdp.InputSchema{{Type: "string", Key: "a", Required: true}}
	if err := b.store.UpdateFunction(b.ctx, &bad, broken.Version); err != nil {
		t.Fatal(err)
	}
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("renamed")})
	b.update(f.ID, cdp.FunctionChange{Enabled: ptr(false)})
	b.refuseUpdate(f.ID, cdp.FunctionChange{Enabled: ptr(true)}, "inputs__a", "invalid_input", "This field is required.")
	b.update(f.ID, cdp.FunctionChange{Deleted: ptr(true)})
}

func TestTwoPeopleSave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(minimal())
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("first"), Base: f.Version})
	var e *cdp.Error
	_, err := b.fns.Update(b.ctx, b.user, b.project, f.ID, cdp.FunctionChange{Name: cdp.Some("second"), Base: f.Version})
	if !errors.As(err, &e) || e.Code != cdp.Conflict || e.APICode != "stale_update" {
		t.Errorf("saving from version 1 over version 2 gives %v, want a conflict", err)
	}
	_, err = b.fns.Update(b.ctx, b.user, b.project, f.ID, cdp.FunctionChange{Name: cdp.Some("second"), BaseUpdatedAt: f.UpdatedAt})
	if !errors.As(err, &e) || e.Code != cdp.Conflict {
		t.Errorf("saving from an older time gives %v, want a conflict", err)
	}
	b.update(f.ID, cdp.FunctionChange{Description: cdp.Some("laid over")})
	if f := b.update(f.ID, cdp.FunctionChange{Enabled: ptr(true)}); *f.Name != "first" || f.Description != "laid over" {
		t.Errorf("changes without a base undid each other: %+v", f)
	}
}

func TestRearrange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two, three := b.create(transformation(true)), b.create(transformation(true)), b.create(transformation(false))
	b.changed = nil
	moved, err := b.fns.Rearrange(b.ctx, b.user, b.project, map[cdp.FunctionID]int{one.ID: 3, two.ID: 2, three.ID: 1})
	if err != nil || len(moved) != 2 {
		t.Fatalf("moved %v (%v), want the first and the third", moved, err)
	}
	if len(b.changed) != 2 {
		t.Errorf("told of %v, want the two that moved", b.changed)
	}
	stored, err := b.store.Function(b.ctx, b.project, one.ID)
	if err != nil || *stored.ExecutionOrder != 3 || !stored.UpdatedAt.After(one.UpdatedAt) {
		t.Errorf("the first stands at %d (%v)", *stored.ExecutionOrder, err)
	}
	other := b.create(minimal())
	for _, id := range []cdp.FunctionID{other.ID, "nope", "018f0000-0000-7000-8000-00000000dead"} {
		_, err = b.fns.Rearrange(b.ctx, b.user, b.project, map[cdp.FunctionID]int{one.ID: 9, id: 1})
		b.refuse(err, "", "invalid_input", "HogFunction with id "+string(id)+" does not exist")
	}
	_, err = b.fns.Rearrange(b.ctx, b.user, b.project, nil)
	b.refuse(err, "", "invalid_input", "No orders provided")
	if stored, _ = b.store.Function(b.ctx, b.project, one.ID); *stored.ExecutionOrder != 3 {
		t.Error("a refused rearrangement moved something")
	}
}

func TestActivity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(cdp.FunctionChange{Type: ptr(cdp.InternalDestination), Name: cdp.Some("Ping"), Hog: cdp.Some("return 1"),
		InputsSchema: raw(`[{"type":"string","key":"key","secret":true}]`), Inputs: raw(`{"key":{"value":"s3cret"}}`)})
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("Pong"), Enabled: ptr(true)})
	b.update(f.ID, cdp.FunctionChange{Inputs: raw(`{"key":{"value":"n3w"}}`)})
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("Pong")})
	b.update(f.ID, cdp.FunctionChange{Deleted: ptr(true)})
	entries, err := b.store.Activities(b.ctx, cdp.ActivityQuery{Project: b.project, ItemID: string(f.ID)})
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Activity+" "+string(e.Detail))
	}
	change := func(s string) string { return `{"type":"HogFunction","action":"changed",` + s + `}` }
	want := []string{
		`updated {"name":"Pong","short_id":null,"trigger":null,"type":"internal destination","changes":[` + change(`"field":"deleted","before":false,"after":true`) + `]}`,
		`updated {"name":"Pong","short_id":null,"trigger":null,"type":"internal destination","changes":[` + change(`"field":"encrypted_inputs","before":"masked","after":"masked"`) + `]}`,
		`updated {"name":"Pong","short_id":null,"trigger":null,"type":"internal destination","changes":[` + change(`"field":"name","before":"Ping","after":"Pong"`) + "," + change(`"field":"enabled","before":false,"after":true`) + `]}`,
		`created {"name":"Ping","short_id":null,"trigger":null,"type":"internal destination","changes":null}`,
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Error(d)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		source, message string
		failed          bool
	}{
		{"return event", "", false},
		{"let x := (", "", true},
		{"print(event.properties.a-b)", "Hyphens are not supported", true},
		{strings.Repeat("a", cdp.MaxHogBytes+1), "The code is larger than 100 KB", true},
	} {
		diags := b.fns.Check(cdp.Destination, tt.source)
		if diags.Failed() != tt.failed {
			t.Errorf("Check(%.40q) failed: %v, want %v (%v)", tt.source, diags.Failed(), tt.failed, diags)
		}
		if tt.message != "" && !strings.HasPrefix(diags[0].Message, tt.message) {
			t.Errorf("Check(%.40q) says %q, want %q", tt.source, diags[0].Message, tt.message)
		}
	}
	if diags := b.fns.CheckTemplate(cdp.Destination, "Hi {"); !diags.Failed() {
		t.Error("an open brace is no fault")
	}
}

func TestUpdatedAtMoves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.create(minimal())
	g := b.update(f.ID, cdp.FunctionChange{})
	if !g.UpdatedAt.After(f.UpdatedAt) || g.UpdatedAt.Location() != time.UTC {
		t.Errorf("an empty change moved UpdatedAt from %v to %v", f.UpdatedAt, g.UpdatedAt)
	}
}

// silent is a store whose activity log is broken.
type silent struct{ cdp.FunctionStore }

func (silent) AddActivity(context.Context, cdp.Activity) error { return errors.New("disk full") }

// What is saved is saved: its missing entry does not make a client try again.
func TestActivityFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var out strings.Builder
	b.fns.Store, b.fns.Log = silent{b.store}, slog.New(slog.NewTextHandler(&out, nil))
	f := b.create(minimal())
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("x")})
	if n := strings.Count(out.String(), "disk full"); n != 2 {
		t.Errorf("the log tells %d missing entries, want 2: %s", n, &out)
	}
}

func TestHiddenTemplate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hidden := false
	b.fns.Templates = func(id string) (*cdp.Template, bool) {
		tpl, ok := testTemplates(id)
		if hidden {
			tpl.Status = "hidden"
		}
		return tpl, ok
	}
	f := b.create(cdp.FunctionChange{TemplateID: "template-hook", Inputs: raw(`{"url":{"value":"https://example.com"}}`), Enabled: ptr(true)})
	hidden = true
	const message = "Template 'template-hook' is internal and cannot be used to create a function."
	b.refuseUpdate(f.ID, cdp.FunctionChange{Name: cdp.Some("x")}, "template_id", "invalid_input", message)
	b.update(f.ID, cdp.FunctionChange{Enabled: ptr(false)})
	b.update(f.ID, cdp.FunctionChange{Name: cdp.Some("x")})
	b.refuseUpdate(f.ID, cdp.FunctionChange{Enabled: ptr(true)}, "template_id", "invalid_input", message)
	b.update(f.ID, cdp.FunctionChange{Deleted: ptr(true)})
}

// However many save at once, the limit holds and no place is given twice.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fns.Now, b.fns.Changed = time.Now, nil
	var group sync.WaitGroup
	var made, refused atomic.Int32
	for range 2 * cdp.MaxEnabledTransformations {
		group.Go(func() {
			if _, err := b.fns.Create(b.ctx, b.user, b.project, transformation(true)); err == nil {
				made.Add(1)
			} else if strings.Contains(err.Error(), "Maximum of 20") {
				refused.Add(1)
			} else {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if made.Load() != cdp.MaxEnabledTransformations || refused.Load() != cdp.MaxEnabledTransformations {
		t.Errorf("%d were made, %d refused", made.Load(), refused.Load())
	}
	page, err := b.store.Functions(b.ctx, cdp.FunctionQuery{Project: b.project})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range page.Functions {
		if *f.ExecutionOrder != i+1 {
			t.Errorf("place %d has order %d", i+1, *f.ExecutionOrder)
		}
	}
	id := page.Functions[0].ID
	for i := range 8 {
		group.Go(func() {
			c := cdp.FunctionChange{Description: cdp.Some(strings.Repeat("x", i))}
			if _, err := b.fns.Update(b.ctx, b.user, b.project, id, c); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
