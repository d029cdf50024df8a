package cdp_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
	"hogpen/db/dbtest"
)

// bundle is what one test of functions needs.
type bundle struct {
	*testing.T
	ctx     context.Context
	store   *db.Store
	fns     *cdp.Functions
	project cdp.ProjectID
	user    cdp.UserID
	now     time.Time
	changed []cdp.FunctionID
}

// setup gives a project with a test-account filter in a fresh database.
func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{T: t, ctx: t.Context(), store: dbtest.Open(t), now: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)}
	user, project, err := b.store.CreateFirstOwner(b.ctx,
		account.User{UUID: "018f0000-0000-7000-8000-000000000001", Email: "ada@example.com", FirstName: "Ada", CreatedAt: b.now},
		account.Organization{ID: "018f0000-0000-7000-8000-000000000002", Name: "Example", Slug: "example", CreatedAt: b.now},
		cdp.Project{UUID: "018f0000-0000-7000-8000-000000000003", Name: "Shop", Token: "phc_test", CreatedAt: b.now,
			TestAccountFilters: json.RawMessage(`[{"key":"email","type":"person","value":"@example.com","operator":"not_icontains"}]`)},
		account.Key{ID: "018f0000-0000-7000-8000-000000000004", Label: "test", CreatedAt: b.now})
	if err != nil {
		t.Fatalf("create owner: %v", err)
	}
	b.user, b.project = user.ID, project.ID
	b.fns = &cdp.Functions{
		Store: b.store, Projects: b.store, Sealer: newSealer(t), Templates: testTemplates, SiteURL: "https://hog.example",
		Now:     func() time.Time { b.now = b.now.Add(time.Second); return b.now },
		Changed: func(_ cdp.ProjectID, id cdp.FunctionID) { b.changed = append(b.changed, id) },
	}
	return b
}

// testTemplates are a visible and a hidden template.
func testTemplates(id string) (*cdp.Template, bool) {
	icon := "/icons/hook.svg"
	t := &cdp.Template{
		ID: id, Name: "Hook", Description: "Calls a hook", Code: "fetch(inputs.url)", CodeLanguage: "hog",
		Type: cdp.Destination, Status: "stable", IconURL: &icon,
		InputsSchema: []cdp.InputSchema{{Type: "string", Key: "url", Required: true}},
	}
	switch id {
	case "template-hook":
		return t, true
	case "template-hidden":
		t.Status = "hidden"
		return t, true
	}
	return nil, false
}

// newSealer seals under a random key.
func newSealer(t *testing.T) *account.Sealer {
	t.Helper()
	key := make([]byte, account.KeySize)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	s, err := account.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// create makes a function that must be accepted.
func (b *bundle) create(c cdp.FunctionChange) *cdp.Function {
	b.Helper()
	f, err := b.fns.Create(b.ctx, b.user, b.project, c)
	if err != nil {
		b.Fatalf("create: %v", err)
	}
	return f
}

// update makes a change that must be accepted, and returns what is stored.
func (b *bundle) update(id cdp.FunctionID, c cdp.FunctionChange) *cdp.Function {
	b.Helper()
	f, err := b.fns.Update(b.ctx, b.user, b.project, id, c)
	if err != nil {
		b.Fatalf("update: %v", err)
	}
	stored, err := b.store.FunctionAny(b.ctx, b.project, id)
	if err != nil {
		b.Fatalf("read back: %v", err)
	}
	if stored.Version != f.Version {
		b.Fatalf("Update returned version %d, stored is %d", f.Version, stored.Version)
	}
	return stored
}

// refuse checks that err's first fault is the wanted one.
func (b *bundle) refuse(err error, field, code, message string) {
	b.Helper()
	var e *cdp.Error
	if !errors.As(err, &e) {
		b.Fatalf("have error %v, want %s: %s", err, field, message)
	}
	if e.Field.String() != field || e.APICode != code || e.Message != message {
		b.Errorf("have %s (%s): %s\nwant %s (%s): %s", e.Field, e.APICode, e.Message, field, code, message)
	}
}

func (b *bundle) refuseCreate(c cdp.FunctionChange, field, code, message string) {
	b.Helper()
	_, err := b.fns.Create(b.ctx, b.user, b.project, c)
	b.refuse(err, field, code, message)
}

func (b *bundle) refuseUpdate(id cdp.FunctionID, c cdp.FunctionChange, field, code, message string) {
	b.Helper()
	_, err := b.fns.Update(b.ctx, b.user, b.project, id, c)
	b.refuse(err, field, code, message)
}

func ptr[T any](v T) *T { return &v }

func raw(s string) json.RawMessage { return json.RawMessage(s) }

// minimal is the least a function needs.
func minimal() cdp.FunctionChange { return cdp.FunctionChange{Hog: cdp.Some("print('hi');")} }
