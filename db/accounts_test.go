package db_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/db/dbtest"
)

func TestFirstOwnerOnlyOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	if must(s.HasUsers(ctx))(t) {
		t.Error("an empty database has users")
	}
	// Many try at once; one gets it, the others are told.
	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, _, errs[i] = s.CreateFirstOwner(ctx,
				account.User{UUID: uuid.NewString(), DistinctID: uuid.NewString(), Email: "Owner@Example.com", CreatedAt: dbtest.Now},
				account.Organization{ID: uuid.NewString(), Name: "Example", Slug: "example", CreatedAt: dbtest.Now},
				cdp.Project{UUID: uuid.NewString(), Name: "First", Token: "phc_" + uuid.NewString(), CreatedAt: dbtest.Now},
				account.Key{})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if code(err) != cdp.Conflict {
			t.Errorf("refused with %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d first owners", won)
	}
	users := must(s.Users(ctx))(t)
	if len(users) != 1 || users[0].Email != "owner@example.com" {
		t.Errorf("users: %+v", users)
	}
	projects := must(s.AllProjects(ctx))(t)
	if len(projects) != 1 {
		t.Errorf("a refused set-up left projects: %+v", projects)
	}
}

func TestFirstOwnerHasEverything(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	if !must(s.HasUsers(ctx))(t) {
		t.Error("no users after set-up")
	}
	if u.ID == 0 || p.ID == 0 || u.CurrentProject != p.ID {
		t.Errorf("user %d with project %d, project %d", u.ID, u.CurrentProject, p.ID)
	}
	if role := must(s.Membership(ctx, p.ID, u.ID))(t); role != account.Owner {
		t.Errorf("role %s", role)
	}
	if d := cmp.Diff(u, must(s.User(ctx, u.ID))(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(u, must(s.UserByEmail(ctx, "OWNER@example.com"))(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(u, must(s.UserByUUID(ctx, u.UUID))(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]cdp.Project{p}, must(s.Projects(ctx, u.ID))(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(p, must(s.ProjectByToken(ctx, p.Token))(t)); d != "" {
		t.Error(d)
	}
	if o := must(s.Organizations(ctx, u.ID))(t); len(o) != 1 || o[0].ID != p.OrganizationID || o[0].Slug != "example" {
		t.Errorf("organizations %+v", o)
	}
	k := must(s.KeyByHash(ctx, sha256.Sum256([]byte("phx_first"))))(t)
	if k.User != u.ID || len(k.Scopes) != 1 {
		t.Errorf("key %+v", k)
	}
}

func TestUsersChange(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	owner, p := dbtest.Owner(t, s)
	u := must(s.CreateUser(ctx, account.User{UUID: uuid.NewString(), DistinctID: uuid.NewString(), Email: "Ann@example.com",
		FirstName: "Ann", LastName: "Example", PasswordHash: "x", CreatedAt: dbtest.Now}))(t)
	if u.Email != "ann@example.com" || u.Theme != "auto" {
		t.Errorf("created %+v", u)
	}
	for _, err := range []error{
		s.SetPassword(ctx, u.ID, "y"), s.SetTheme(ctx, u.ID, "dark"), s.SetCurrentProject(ctx, u.ID, p.ID), s.SetName(ctx, u.ID, "Anna", ""),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	u.PasswordHash, u.Theme, u.CurrentProject, u.FirstName, u.LastName = "y", "dark", p.ID, "Anna", ""
	if d := cmp.Diff(u, must(s.User(ctx, u.ID))(t)); d != "" {
		t.Error(d)
	}
	_, err := s.CreateUser(ctx, account.User{UUID: uuid.NewString(), DistinctID: uuid.NewString(), Email: "ANN@EXAMPLE.COM", CreatedAt: dbtest.Now})
	if code(err) != cdp.Conflict {
		t.Errorf("same address: %v", err)
	}
	for what, err := range map[string]error{
		"password": s.SetPassword(ctx, 99, "y"), "theme": s.SetTheme(ctx, 99, "dark"),
		"project of nobody": s.SetCurrentProject(ctx, 99, p.ID), "absent project": s.SetCurrentProject(ctx, u.ID, 99),
	} {
		if code(err) != cdp.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := s.User(ctx, 99); code(err) != cdp.NotFound {
		t.Errorf("user 99: %v", err)
	}
	if _, err := s.UserByEmail(ctx, "nobody@example.com"); code(err) != cdp.NotFound {
		t.Errorf("nobody: %v", err)
	}
	byID := must(s.UsersByID(ctx, []cdp.UserID{u.ID, owner.ID, 0, 99}))(t)
	if len(byID) != 2 || byID[u.ID].Email != u.Email {
		t.Errorf("users by ID: %v", byID)
	}
	if none := must(s.UsersByID(ctx, nil))(t); len(none) != 0 {
		t.Errorf("users by no ID: %v", none)
	}
}

func TestProjectsAndMembers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	owner, p := dbtest.Owner(t, s)
	second := dbtest.Project(t, s, owner)
	guest := must(s.CreateUser(ctx, account.User{UUID: uuid.NewString(), DistinctID: uuid.NewString(), Email: "guest@example.com", CreatedAt: dbtest.Now}))(t)
	if _, err := s.Membership(ctx, p.ID, guest.ID); code(err) != cdp.NotFound {
		t.Errorf("role of a stranger: %v", err)
	}
	if ps := must(s.Projects(ctx, guest.ID))(t); len(ps) != 0 {
		t.Errorf("projects of a stranger: %v", ps)
	}
	for _, role := range []account.Role{account.Viewer, account.Admin} {
		if err := s.SetMembership(ctx, account.Membership{Project: second.ID, User: guest.ID, Role: role}); err != nil {
			t.Fatal(err)
		}
		if have := must(s.Membership(ctx, second.ID, guest.ID))(t); have != role {
			t.Errorf("role %s, want %s", have, role)
		}
	}
	if d := cmp.Diff([]cdp.Project{second}, must(s.Projects(ctx, guest.ID))(t)); d != "" {
		t.Error(d)
	}
	if o := must(s.Organizations(ctx, guest.ID))(t); len(o) != 1 {
		t.Errorf("organizations of a member: %v", o)
	}
	if ms := must(s.Members(ctx, second.ID))(t); len(ms) != 2 || ms[1].Role != account.Admin {
		t.Errorf("members: %v", ms)
	}
	if err := s.RemoveMembership(ctx, second.ID, guest.ID); err != nil {
		t.Error(err)
	}
	if err := s.RemoveMembership(ctx, second.ID, guest.ID); code(err) != cdp.NotFound {
		t.Errorf("removing twice: %v", err)
	}
	if err := s.SetMembership(ctx, account.Membership{Project: 99, User: guest.ID, Role: account.Viewer}); code(err) != cdp.NotFound {
		t.Errorf("member of an absent project: %v", err)
	}

	second.Name, second.Timezone, second.UpdatedAt = "Renamed", "Asia/Kolkata", dbtest.Now.Add(time.Hour)
	second.TestAccountFilters, second.Settings = json.RawMessage(`[{"key":"email"}]`), json.RawMessage(`{"app_urls":["https://example.com"]}`)
	if err := s.UpdateProject(ctx, second); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(second, must(s.Project(ctx, second.ID))(t)); d != "" {
		t.Error(d)
	}
	stolen := second
	stolen.Token = p.Token
	if err := s.UpdateProject(ctx, stolen); code(err) != cdp.Conflict {
		t.Errorf("taking another's token: %v", err)
	}
	absent := second
	absent.ID = 99
	absent.Token = "phc_new"
	if err := s.UpdateProject(ctx, absent); code(err) != cdp.NotFound {
		t.Errorf("updating an absent project: %v", err)
	}
	if _, err := s.ProjectByToken(ctx, "phc_wrong"); code(err) != cdp.NotFound {
		t.Errorf("wrong token: %v", err)
	}
	if _, err := s.CreateProject(ctx, cdp.Project{UUID: uuid.NewString(), OrganizationID: p.OrganizationID, Token: p.Token, CreatedAt: dbtest.Now}, 0); code(err) != cdp.Conflict {
		t.Errorf("creating with a taken token: %v", err)
	}
}

func TestSessionsLiveAndEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, _ := dbtest.Owner(t, s)
	hash := func(n byte) [32]byte { return sha256.Sum256([]byte{n}) }
	session := func(n byte, user cdp.UserID, age time.Duration) account.Session {
		return account.Session{IDHash: hash(n), User: user, CSRF: "token", Data: []byte(`{"a":1}`), UserAgent: "Browser",
			CreatedAt: dbtest.Now, SeenAt: dbtest.Now.Add(-age), ExpiresAt: dbtest.Now.Add(time.Hour - age)}
	}
	a, b, anonymous := session(1, u.ID, 0), session(2, u.ID, 2*time.Hour), session(3, 0, 0)
	anonymous.Data = nil
	for _, ses := range []account.Session{a, b, anonymous} {
		if err := s.SaveSession(ctx, ses); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(a, must(s.Session(ctx, a.IDHash))(t)); d != "" {
		t.Error(d)
	}
	anonymous.User, anonymous.Data = u.ID, []byte("{}")
	if err := s.SaveSession(ctx, anonymous); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(anonymous, must(s.Session(ctx, anonymous.IDHash))(t)); d != "" {
		t.Error(d)
	}
	if ss := must(s.SessionsOf(ctx, u.ID))(t); len(ss) != 3 || ss[2].IDHash != b.IDHash {
		t.Errorf("sessions %v", ss)
	}
	if err := s.PruneSessions(ctx, dbtest.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(ctx, b.IDHash); code(err) != cdp.NotFound {
		t.Errorf("expired session: %v", err)
	}
	for range 2 {
		if err := s.DeleteSession(ctx, a.IDHash); err != nil {
			t.Error(err)
		}
	}
	if err := s.DeleteSessionsOf(ctx, u.ID); err != nil {
		t.Error(err)
	}
	if ss := must(s.SessionsOf(ctx, u.ID))(t); len(ss) != 0 {
		t.Errorf("sessions %v", ss)
	}
}

func TestKeysLiveAndEnd(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	k := account.Key{ID: uuid.NewString(), User: u.ID, Label: "Script", Hash: sha256.Sum256([]byte("phx_1")), Mask: "phx_...1",
		Scopes: []string{"hog_function:read"}, ScopedProjects: []cdp.ProjectID{p.ID}, ScopedOrganizations: []string{"org"}, CreatedAt: dbtest.Now.Add(time.Hour)}
	if err := s.CreateKey(ctx, k, account.MaxKeys); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(k, must(s.KeyByHash(ctx, k.Hash))(t)); d != "" {
		t.Error(d)
	}
	again := k
	again.ID = uuid.NewString()
	if err := s.CreateKey(ctx, again, account.MaxKeys); code(err) != cdp.Conflict {
		t.Errorf("same hash: %v", err)
	}
	again.Hash, again.User = sha256.Sum256([]byte("phx_2")), 99
	if err := s.CreateKey(ctx, again, account.MaxKeys); code(err) != cdp.NotFound {
		t.Errorf("key of nobody: %v", err)
	}
	if err := s.TouchKey(ctx, k.ID, dbtest.Now.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	k.LastUsedAt = dbtest.Now.Add(2 * time.Hour)
	k.Label, k.Hash, k.Mask, k.LastRolledAt = "Rolled", sha256.Sum256([]byte("phx_3")), "phx_...3", dbtest.Now.Add(3*time.Hour)
	if err := s.UpdateKey(ctx, k); err != nil {
		t.Error(err)
	}
	ks := must(s.Keys(ctx, u.ID))(t)
	if len(ks) != 2 {
		t.Fatalf("keys %v", ks)
	}
	if d := cmp.Diff(k, ks[0]); d != "" {
		t.Error(d)
	}
	foreign := k
	foreign.User = u.ID + 1
	if err := s.UpdateKey(ctx, foreign); code(err) != cdp.NotFound {
		t.Errorf("another's key: %v", err)
	}
	if err := s.DeleteKey(ctx, u.ID+1, k.ID); code(err) != cdp.NotFound {
		t.Errorf("another's key: %v", err)
	}
	if err := s.DeleteKey(ctx, u.ID, k.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.KeyByHash(ctx, k.Hash); code(err) != cdp.NotFound {
		t.Errorf("deleted key: %v", err)
	}
}

func TestActivityNewestFirst(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := dbtest.Open(t)
	u, p := dbtest.Owner(t, s)
	other := dbtest.Project(t, s, u)
	add := func(project cdp.ProjectID, user cdp.UserID, scope, item string, minutes int) cdp.Activity {
		a := cdp.Activity{ID: uuid.NewString(), Project: project, User: user, Activity: "updated", Scope: scope, ItemID: item,
			Detail: json.RawMessage(`{"name":"x"}`), CreatedAt: dbtest.Now.Add(time.Duration(minutes) * time.Minute)}
		if err := s.AddActivity(ctx, a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	a, b := add(p.ID, u.ID, "HogFunction", "f1", 1), add(p.ID, 0, "HogFunction", "f1", 2)
	c, d := add(p.ID, u.ID, "HogFunction", "f2", 3), add(p.ID, u.ID, "Project", "1", 4)
	add(other.ID, u.ID, "HogFunction", "f1", 5)
	for _, tt := range []struct {
		what string
		q    cdp.ActivityQuery
		want []cdp.Activity
	}{
		{"all", cdp.ActivityQuery{}, []cdp.Activity{d, c, b, a}},
		{"of a scope", cdp.ActivityQuery{Scopes: []string{"HogFunction"}}, []cdp.Activity{c, b, a}},
		{"of an item", cdp.ActivityQuery{Scopes: []string{"HogFunction"}, ItemID: "f1"}, []cdp.Activity{b, a}},
		{"of a user", cdp.ActivityQuery{User: u.ID}, []cdp.Activity{d, c, a}},
		{"before", cdp.ActivityQuery{Before: c.CreatedAt}, []cdp.Activity{b, a}},
		{"a page", cdp.ActivityQuery{Limit: 2, Offset: 1}, []cdp.Activity{c, b}},
	} {
		tt.q.Project = p.ID
		if diff := cmp.Diff(tt.want, must(s.Activities(ctx, tt.q))(t)); diff != "" {
			t.Errorf("%s: %s", tt.what, diff)
		}
	}
	if n := must(s.ActivityCount(ctx, cdp.ActivityQuery{Project: p.ID, ItemID: "f1"}))(t); n != 2 {
		t.Errorf("count %d", n)
	}
}
