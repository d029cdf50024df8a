package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

func TestHasScope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scopes string
		asked  string
		want   bool
	}{
		{"", "hog_function:write", true},
		{"*", "hog_function:write", true},
		{"hog_function:read", "hog_function:read", true},
		{"hog_function:read", "hog_function:write", false},
		{"hog_function:write", "hog_function:read", true},
		{"project:write", "hog_function:read", false},
		{"hog_function:write", "hog_function_x:read", false},
	} {
		k := account.Key{Scopes: strings.Fields(tt.scopes)}
		if have := k.HasScope(tt.asked); have != tt.want {
			t.Errorf("scopes %q have %q = %t, want %t", tt.scopes, tt.asked, have, tt.want)
		}
	}
}

func TestParseScopes(t *testing.T) {
	t.Parallel()
	have, err := account.ParseScopes("project:read, hog_function:write,project:read")
	if err != nil || strings.Join(have, " ") != "hog_function:write project:read" {
		t.Errorf("scopes = %v, %v", have, err)
	}
	for _, bad := range []string{"hog_function", "hog_function:fly", "pig:read", "*:read"} {
		_, err := account.ParseScopes(bad)
		wantError(t, err, cdp.Invalid, "scopes", "Invalid scope: "+bad)
	}
	_, err = account.ParseScopes(" ")
	wantError(t, err, cdp.Invalid, "scopes", "required")
}

func TestKeyLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.owner(t).User
	k, clear, err := b.CreateKey(t.Context(), u.ID, account.KeyRequest{Label: " CI ", Scopes: []string{"hog_function:read"}})
	if err != nil {
		t.Fatal(err)
	}
	if k.Label != "CI" || !strings.HasPrefix(clear, "phx_") || k.Mask != "phx_..."+clear[len(clear)-4:] || k.Hash != account.HashKey(clear) {
		t.Errorf("key = %+v, clear %q", k, clear)
	}
	if p, err := b.Authenticate(t.Context(), " "+clear+" ", account.InQuery); err != nil || p.Key.ID != k.ID {
		t.Fatalf("Authenticate = %+v, %v", p, err)
	}

	rolled, again, err := b.RollKey(t.Context(), u.ID, k.ID)
	if err != nil || again == clear || rolled.ID != k.ID {
		t.Fatalf("RollKey = %+v, %v", rolled, err)
	}
	_, err = b.Authenticate(t.Context(), clear, account.InHeader)
	wantError(t, err, cdp.Unsigned, "", "Personal API key found in request Authorization header is invalid.")
	if _, err := b.Authenticate(t.Context(), again, account.InHeader); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.RollKey(t.Context(), u.ID+1, k.ID)
	wantError(t, err, cdp.NotFound, "", "Not found.")
	wantError(t, b.RevokeKey(t.Context(), u.ID+1, k.ID), cdp.NotFound, "", "")
	if err := b.RevokeKey(t.Context(), u.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	_, err = b.Authenticate(t.Context(), again, account.InBody)
	wantError(t, err, cdp.Unsigned, "", "Personal API key found in request body is invalid.")
}

func TestAuthenticateRefusesOtherTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.owner(t)
	for _, token := range []string{"", " ", "phx_nobody", r.Project.Token, "pha_oauth", r.Key[:len(r.Key)-1], strings.Repeat("x", 10_000)} {
		_, err := b.Authenticate(t.Context(), token, account.InQuery)
		wantError(t, err, cdp.Unsigned, "", "Personal API key found in request query string is invalid.")
		var e *cdp.Error
		if errors.As(err, &e); e.APICode != "authentication_failed" {
			t.Errorf("%q: code %q", token, e.APICode)
		}
	}
	b.store.Fail = errors.New("disk is gone")
	_, err := b.Authenticate(t.Context(), r.Key, account.InHeader)
	if !errors.Is(err, b.store.Fail) {
		t.Errorf("a broken store: %v, want its own error", err)
	}
}

func TestLastUseMovesOnceAnHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.owner(t).Key
	for range 3 {
		if _, err := b.Authenticate(t.Context(), key, account.InHeader); err != nil {
			t.Fatal(err)
		}
		b.pass(20 * time.Minute)
	}
	if b.store.Touched != 1 {
		t.Errorf("touched %d times within the hour, want 1", b.store.Touched)
	}
	if _, err := b.Authenticate(t.Context(), key, account.InHeader); err != nil || b.store.Touched != 2 {
		t.Errorf("touched %d times after it, want 2 (%v)", b.store.Touched, err)
	}
}

func TestAtMostTenKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.owner(t).User // has one
	r := account.KeyRequest{Label: "x", Scopes: []string{"*"}}
	for range account.MaxKeys - 1 {
		if _, _, err := b.CreateKey(t.Context(), u.ID, r); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := b.CreateKey(t.Context(), u.ID, r)
	wantError(t, err, cdp.Invalid, "", "You can only have 10 personal API keys. Remove an existing key before creating a new one.")
}

func TestKeyScopedToProjects(t *testing.T) {
	t.Parallel()
	free := account.Key{}
	bound := account.Key{ScopedProjects: []cdp.ProjectID{7}, ScopedOrganizations: []string{"o"}}
	if !free.AllowsProject(1) || !bound.AllowsProject(7) || bound.AllowsProject(1) {
		t.Error("projects")
	}
	if !free.AllowsOrganization("x") || !bound.AllowsOrganization("o") || bound.AllowsOrganization("x") {
		t.Error("organizations")
	}
}
