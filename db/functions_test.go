package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/db/dbtest"
)

// code gives the code of a person's error; "" for any other and for nil.
func code(err error) cdp.Code {
	var e *cdp.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// must gives v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ptr[T any](v T) *T { return &v }

// full is a function with something in every field.
func full(project cdp.ProjectID) *cdp.Function {
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	return &cdp.Function{
		ID: cdp.FunctionID(uuid.NewString()), Project: project, Type: cdp.Destination,
		Name: ptr("Wächter <b> & \"Co\""), Description: "Sends 🦔", Enabled: true, Hog: "let x := 1 < 2",
		InputsSchema: []cdp.InputSchema{
			{Type: "string", Key: "url", Label: ptr("URL"), Required: true, Default: raw(`null`), Description: ptr("")},
			{Type: "choice", Key: "method", Choices: []json.RawMessage{raw(`{"label":"<POST>","value":"POST"}`)}, Templating: raw(`false`)},
			{Type: "choice", Key: "none", Choices: []json.RawMessage{}, Secret: true, Hidden: true, Searchable: ptr(false), RequiredScopes: ptr("a b")},
		},
		Inputs: cdp.Inputs{
			{Key: "url", Value: raw(`"https://example.com/{event.uuid}?a=<1>"`), Templating: "hog", Bytecode: raw(`["_H",1]`), Order: 0},
			{Key: "empty", Order: 1},
			{Key: "null", Value: raw(`null`), Order: 2},
			{Key: "site", Value: raw(`1.50`), Transpiled: raw(`{"lang":"ts"}`), Order: 3},
		},
		Filters: cdp.Filters{Source: "events", Events: []json.RawMessage{raw(`{"id":"$pageview","type":"events"}`)},
			Properties: []json.RawMessage{}, Bytecode: raw(`["_H",1,29]`), FilterTestAccounts: ptr(false), BytecodeError: "no"},
		Masking: &cdp.Masking{TTL: 60, Threshold: ptr(3), Hash: "{person.id}", Bytecode: raw(`["_H"]`)},
		Mappings: []cdp.Mapping{
			{Name: ptr("one"), Disabled: true, InputsSchema: []cdp.InputSchema{}, Inputs: cdp.Inputs{{Key: "a", Value: raw(`"x"`)}},
				Filters: &cdp.Filters{Source: "events"}},
			{},
		},
		IconURL: ptr("/static/icon.png"), TemplateID: "template-webhook", ExecutionOrder: ptr(0), Folder: "Unfiled/Destinations",
		Sealed:   map[string][]byte{"token": {0, 1, 255}, "mappings.0.key": {7}},
		Bytecode: raw(`["_H",1,32,"<a>"]`), Transpiled: ptr("(function(){})"),
		CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), CreatedBy: 1,
		UpdatedAt: time.Date(2026, 1, 2, 3, 4, 5, 678902000, time.UTC), UpdatedBy: 2,
	}
}

func TestFunctionComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	minimal := &cdp.Function{ID: cdp.FunctionID(uuid.NewString()), Project: p.ID, Type: cdp.SiteApp, CreatedAt: dbtest.Now, UpdatedAt: dbtest.Now}
	empty := &cdp.Function{ID: cdp.FunctionID(uuid.NewString()), Project: p.ID, Type: cdp.SiteApp, CreatedAt: dbtest.Now, UpdatedAt: dbtest.Now,
		Name: ptr(""), InputsSchema: []cdp.InputSchema{}, Inputs: cdp.Inputs{}, Mappings: []cdp.Mapping{}, Transpiled: ptr("")}
	for _, f := range []*cdp.Function{full(p.ID), minimal, empty} {
		if err := s.CreateFunction(ctx, f); err != nil {
			t.Fatal(err)
		}
		if f.Version != 1 {
			t.Errorf("version %d after create", f.Version)
		}
		have := must(s.Function(ctx, p.ID, f.ID))(t)
		if d := cmp.Diff(f, have); d != "" {
			t.Errorf("stored and loaded differ (-want +have):\n%s", d)
		}
	}
}

func TestFunctionOfAnotherProjectIsNotFound(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	other := dbtest.Project(t, s, u)
	f := dbtest.Function(t, s, p.ID, "Mine", nil)
	if _, err := s.Function(ctx, other.ID, f.ID); code(err) != cdp.NotFound {
		t.Errorf("function: %v", err)
	}
	if _, err := s.FunctionAny(ctx, other.ID, f.ID); code(err) != cdp.NotFound {
		t.Errorf("any function: %v", err)
	}
	stolen := *f
	stolen.Project = other.ID
	if err := s.UpdateFunction(ctx, &stolen, 1); code(err) != cdp.NotFound {
		t.Errorf("update: %v", err)
	}
	if rs, n, err := s.Revisions(ctx, other.ID, f.ID, 100, 0); err != nil || n != 0 || len(rs) != 0 {
		t.Errorf("revisions: %v", rs)
	}
	if names := must(s.FunctionNames(ctx, other.ID, []cdp.FunctionID{f.ID}))(t); len(names) != 0 {
		t.Errorf("names: %v", names)
	}
	if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: other.ID}))(t); page.Count != 0 {
		t.Errorf("list: %v", page)
	}
}

func TestCreateRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "One", nil)
	again := *f
	if err := s.CreateFunction(ctx, &again); code(err) != cdp.Conflict {
		t.Errorf("same ID: %v", err)
	}
	again.ID, again.Project = cdp.FunctionID(uuid.NewString()), 999
	if err := s.CreateFunction(ctx, &again); code(err) != cdp.NotFound {
		t.Errorf("no such project: %v", err)
	}
	again.Project, again.Hog, again.Bytecode = p.ID, "x", json.RawMessage(`[`)
	if err := s.CreateFunction(ctx, &again); err == nil || code(err) != "" {
		t.Errorf("bytecode that is no JSON is our own fault, have: %v", err)
	}
}

func TestUpdateTellsTheStaleFromTheAbsent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := full(p.ID)
	if err := s.CreateFunction(ctx, f); err != nil {
		t.Fatal(err)
	}
	mine, theirs := *f, *f
	mine.Name, mine.UpdatedAt, mine.UpdatedBy = ptr("Mine"), f.UpdatedAt.Add(time.Second), 5
	mine.CreatedBy = 77 // is not written
	if err := s.UpdateFunction(ctx, &mine, 1); err != nil {
		t.Fatal(err)
	}
	if mine.Version != 2 {
		t.Errorf("version %d after the first update", mine.Version)
	}
	theirs.Name = ptr("Theirs")
	if err := s.UpdateFunction(ctx, &theirs, 1); code(err) != cdp.Conflict {
		t.Errorf("stale save: %v", err)
	}
	if theirs.Version != 1 {
		t.Errorf("a refused save changed the version to %d", theirs.Version)
	}
	have := must(s.Function(ctx, p.ID, f.ID))(t)
	mine.CreatedBy = f.CreatedBy
	if d := cmp.Diff(&mine, have); d != "" {
		t.Errorf("(-want +have):\n%s", d)
	}
	theirs.ID = cdp.FunctionID(uuid.NewString())
	if err := s.UpdateFunction(ctx, &theirs, 1); code(err) != cdp.NotFound {
		t.Errorf("absent: %v", err)
	}
}

func TestTwoPeopleSavingGiveOneConflict(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Contended", nil)
	for round := 1; round <= 20; round++ {
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				mine := *f
				mine.Hog = fmt.Sprintf("// %d.%d", round, i)
				errs[i] = s.UpdateFunction(ctx, &mine, round)
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || code(errors.Join(errs...)) != cdp.Conflict {
			t.Fatalf("round %d: %v", round, errs)
		}
	}
	if have := must(s.Function(ctx, p.ID, f.ID))(t); have.Version != 21 {
		t.Errorf("version %d, want 21", have.Version)
	}
	if rs, n, err := s.Revisions(ctx, p.ID, f.ID, 5, 19); err != nil || n != 21 || len(rs) != 2 || rs[1].Version != 1 {
		t.Errorf("%d revisions, want 21", len(rs))
	}
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	const writers, each = 8, 20
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				dbtest.Function(t, s, p.ID, fmt.Sprintf("Writer %d function %d", w, i), nil)
				// Everybody sees what they wrote at once.
				page, err := s.Functions(ctx, cdp.FunctionQuery{Project: p.ID, Search: fmt.Sprintf("writer %d function", w)})
				if err != nil || page.Count != i+1 {
					t.Errorf("writer %d after %d: count %d, %v", w, i+1, page.Count, err)
				}
			}
		})
	}
	wg.Wait()
	if n := must(s.FunctionCounts(ctx, p.ID))(t)[cdp.Destination]; n != writers*each {
		t.Errorf("%d functions, want %d", n, writers*each)
	}
}

func TestSoftDeleteAndReturn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := dbtest.Function(t, s, p.ID, "Gone", nil)
	f.Deleted = true
	if err := s.UpdateFunction(ctx, f, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Function(ctx, p.ID, f.ID); code(err) != cdp.NotFound {
		t.Errorf("deleted function: %v", err)
	}
	if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID}))(t); page.Count != 0 {
		t.Errorf("deleted function is listed: %v", page.Count)
	}
	if got := must(s.DeletedFunctions(ctx, p.ID, 0))(t); len(got) != 1 || got[0].ID != f.ID {
		t.Errorf("deleted functions: %v", got)
	}
	back := must(s.FunctionAny(ctx, p.ID, f.ID))(t)
	back.Deleted = false
	if err := s.UpdateFunction(ctx, back, 2); err != nil {
		t.Fatal(err)
	}
	if page := must(s.Functions(ctx, cdp.FunctionQuery{Project: p.ID}))(t); page.Count != 1 {
		t.Errorf("count %d after return", page.Count)
	}
}

func TestEngineSeesEnabledAndChanged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	other := dbtest.Project(t, s, u)
	a := dbtest.Function(t, s, p.ID, "A", func(f *cdp.Function) { f.Type, f.ExecutionOrder = cdp.Transformation, ptr(2) })
	b := dbtest.Function(t, s, p.ID, "B", func(f *cdp.Function) { f.Type, f.ExecutionOrder = cdp.Transformation, ptr(1) })
	off := dbtest.Function(t, s, p.ID, "Off", func(f *cdp.Function) { f.Enabled = false })
	c := dbtest.Function(t, s, other.ID, "C", nil)
	ids := func(fs []*cdp.Function) (out []cdp.FunctionID) {
		for _, f := range fs {
			out = append(out, f.ID)
		}
		return out
	}
	if d := cmp.Diff([]cdp.FunctionID{b.ID, a.ID, c.ID}, ids(must(s.EnabledFunctions(ctx))(t))); d != "" {
		t.Error(d)
	}
	later := dbtest.Now.Add(time.Minute)
	off.UpdatedAt, off.Deleted = later, true
	if err := s.UpdateFunction(ctx, off, 1); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]cdp.FunctionID{off.ID}, ids(must(s.FunctionsChangedSince(ctx, later))(t))); d != "" {
		t.Error(d)
	}
	if n := len(must(s.FunctionsChangedSince(ctx, dbtest.Now))(t)); n != 4 {
		t.Errorf("%d changed since the beginning, want 4", n)
	}
}

func TestTransformationsAreCountedAndRearranged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	if n := must(s.LastExecutionOrder(ctx, p.ID))(t); n != 0 {
		t.Errorf("last order of none: %d", n)
	}
	order := func(n int) func(*cdp.Function) {
		return func(f *cdp.Function) { f.Type, f.ExecutionOrder, f.Enabled = cdp.Transformation, ptr(n), n != 3 }
	}
	a, b, c := dbtest.Function(t, s, p.ID, "a", order(1)), dbtest.Function(t, s, p.ID, "b", order(2)), dbtest.Function(t, s, p.ID, "c", order(3))
	d := dbtest.Function(t, s, p.ID, "d", func(f *cdp.Function) { f.ExecutionOrder = ptr(9) })
	if n := must(s.LastExecutionOrder(ctx, p.ID))(t); n != 3 {
		t.Errorf("last order %d, want 3", n)
	}
	if n := must(s.EnabledTransformations(ctx, p.ID))(t); n != 2 {
		t.Errorf("%d enabled, want 2", n)
	}
	when := dbtest.Now.Add(time.Hour)
	changed := must(s.Rearrange(ctx, p.ID, map[cdp.FunctionID]int{a.ID: 2, b.ID: 1, c.ID: 3}, 7, when))(t)
	want := []cdp.FunctionID{a.ID, b.ID}
	slices.Sort(want)
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Errorf("changed: %s", diff)
	}
	have := must(s.Function(ctx, p.ID, a.ID))(t)
	if *have.ExecutionOrder != 2 || have.Version != 2 || have.UpdatedBy != 7 || !have.UpdatedAt.Equal(when) {
		t.Errorf("moved function: %+v", have)
	}
	if rs, _, err := s.Revisions(ctx, p.ID, a.ID, 100, 0); err != nil || len(rs) != 2 {
		t.Errorf("%d revisions after a move", len(rs))
	}
	// All or nothing: d is no transformation.
	_, err := s.Rearrange(ctx, p.ID, map[cdp.FunctionID]int{a.ID: 5, b.ID: 6, d.ID: 7}, 7, when)
	if code(err) != cdp.Invalid {
		t.Errorf("rearranging a destination: %v", err)
	}
	for _, f := range []*cdp.Function{a, b} {
		if have := must(s.Function(ctx, p.ID, f.ID))(t); *have.ExecutionOrder > 2 {
			t.Errorf("a refused rearrangement moved %s to %d", *f.Name, *have.ExecutionOrder)
		}
	}
}

func TestRevisionKeepsWhatPeopleWroteWithoutSecrets(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	_, p := dbtest.Owner(t, s)
	f := full(p.ID)
	if err := s.CreateFunction(ctx, f); err != nil {
		t.Fatal(err)
	}
	r := must(s.Revision(ctx, p.ID, f.ID, 1))(t)
	if r.CreatedBy != f.UpdatedBy || !r.CreatedAt.Equal(f.UpdatedAt) {
		t.Errorf("revision by %d at %s", r.CreatedBy, r.CreatedAt)
	}
	var have map[string]any
	if err := json.Unmarshal(r.Content, &have); err != nil {
		t.Fatal(err)
	}
	wantInputs := map[string]any{
		"url":   map[string]any{"value": "https://example.com/{event.uuid}?a=<1>", "templating": "hog"},
		"empty": nil,
		"null":  map[string]any{"value": nil},
		"site":  map[string]any{"value": 1.5},
	}
	if d := cmp.Diff(wantInputs, have["inputs"]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]any{"source": "events", "events": []any{map[string]any{"id": "$pageview", "type": "events"}},
		"properties": []any{}, "filter_test_accounts": false}, have["filters"]); d != "" {
		t.Error(d)
	}
	for _, secret := range []string{"sealed", "bytecode", "transpiled"} {
		if _, ok := have[secret]; ok {
			t.Errorf("revision holds %s", secret)
		}
	}
	if _, err := s.Revision(ctx, p.ID, f.ID, 2); code(err) != cdp.NotFound {
		t.Errorf("revision 2: %v", err)
	}
}

func TestTemplateUsageCountsLivingFunctions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	other := dbtest.Project(t, s, u)
	from := func(id string, deleted bool) func(*cdp.Function) {
		return func(f *cdp.Function) { f.TemplateID, f.Deleted = id, deleted }
	}
	dbtest.Function(t, s, p.ID, "1", from("template-webhook", false))
	dbtest.Function(t, s, other.ID, "2", from("template-webhook", false))
	dbtest.Function(t, s, p.ID, "3", from("template-slack", false))
	dbtest.Function(t, s, p.ID, "4", from("template-slack", true))
	dbtest.Function(t, s, p.ID, "5", nil)
	want := map[string]int{"template-webhook": 2, "template-slack": 1}
	if d := cmp.Diff(want, must(s.TemplateUsage(ctx))(t)); d != "" {
		t.Error(d)
	}
}
