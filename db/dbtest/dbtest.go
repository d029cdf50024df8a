// Package dbtest hands tests a fresh database on real files, and the few
// things that most of them need in it.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db"
)

// Open gives a store in a folder that goes away with the test.
func Open(t testing.TB) *db.Store {
	t.Helper()
	s, err := db.Open(context.Background(), db.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return s
}

// Now is the time at which the helpers' things were made.
var Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Owner sets up an empty store: a first owner with a project and a key.
func Owner(t testing.TB, s *db.Store) (account.User, cdp.Project) {
	t.Helper()
	u, p, err := s.CreateFirstOwner(context.Background(),
		account.User{UUID: uuid.NewString(), DistinctID: uuid.NewString(), Email: "owner@example.com", FirstName: "Olga", CreatedAt: Now},
		account.Organization{ID: uuid.NewString(), Name: "Example", Slug: "example", CreatedAt: Now},
		cdp.Project{UUID: uuid.NewString(), Name: "First project", Token: "phc_" + uuid.NewString(), CreatedAt: Now},
		account.Key{ID: uuid.NewString(), Label: "Setup", Hash: sha256.Sum256([]byte("phx_first")), Mask: "phx_...irst", Scopes: []string{"*"}, CreatedAt: Now})
	if err != nil {
		t.Fatalf("set up: %v", err)
	}
	return u, p
}

// Project adds a project to the one that is there, owned by u.
func Project(t testing.TB, s *db.Store, u account.User) cdp.Project {
	t.Helper()
	ctx := context.Background()
	o, err := s.Organizations(ctx, u.ID)
	if err != nil || len(o) == 0 {
		t.Fatalf("organizations of %d: %v, %v", u.ID, o, err)
	}
	p, err := s.CreateProject(ctx, cdp.Project{UUID: uuid.NewString(), OrganizationID: o[0].ID, Name: "Another project",
		Token: "phc_" + uuid.NewString(), CreatedAt: Now}, u.ID)
	if err != nil {
		t.Fatalf("create project: %v", err)
	}
	return p
}

// Function stores an enabled destination of the project that was changed by
// edit, which may be nil, and returns it.
func Function(t testing.TB, s *db.Store, project cdp.ProjectID, name string, edit func(*cdp.Function)) *cdp.Function {
	t.Helper()
	f := &cdp.Function{
		ID: cdp.FunctionID(uuid.NewString()), Project: project, Type: cdp.Destination, Name: &name, Enabled: true,
		Hog: "return event", InputsSchema: []cdp.InputSchema{}, Inputs: cdp.Inputs{},
		Filters:  cdp.Filters{Source: "events", Bytecode: json.RawMessage(`["_H",1,29]`)},
		Bytecode: json.RawMessage(`["_H",1,32,"event",1,1,38]`), CreatedAt: Now, UpdatedAt: Now,
	}
	if edit != nil {
		edit(f)
	}
	if err := s.CreateFunction(context.Background(), f); err != nil {
		t.Fatalf("create function %q: %v", name, err)
	}
	return f
}
