package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/account"
	"hogpen/account/accounttest"
	"hogpen/cdp"
)

// bundle is what one test needs: accounts over a store in memory, and a clock
// the test sets.
type bundle struct {
	*account.Accounts
	store *accounttest.Store
	mu    sync.Mutex
	now   time.Time
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{store: &accounttest.Store{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	a, err := account.New(account.Config{Store: b.store, Now: b.clock})
	if err != nil {
		t.Fatal(err)
	}
	b.Accounts = a
	return b
}

const (
	email    = "ada@example.com"
	password = "correct horse battery"
)

func (b *bundle) owner(t *testing.T) account.SetupResult {
	t.Helper()
	r, err := b.Setup(t.Context(), account.SetupRequest{Email: " Ada@Example.com ", Password: password, Name: "Ada Lovelace", KeyLabel: "setup"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantError asks for a cdp.Error with this code and field.
func wantError(t *testing.T, err error, code cdp.Code, field, part string) {
	t.Helper()
	var e *cdp.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want a cdp.Error with code %s", err, code)
	}
	if e.Code != code || e.Field.String() != field || !strings.Contains(e.Message, part) {
		t.Fatalf("error = %s %q %q, want %s %q with %q", e.Code, e.Field, e.Message, code, field, part)
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := account.New(account.Config{}); err == nil {
		t.Fatal("New without a store gave no error")
	}
}

func TestSetup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if need, err := b.NeedsSetup(t.Context()); err != nil || !need {
		t.Fatalf("NeedsSetup = %t, %v, want true", need, err)
	}
	r := b.owner(t)
	if r.User.Email != email || r.User.FirstName != "Ada" || r.User.LastName != "Lovelace" || r.User.ID == 0 {
		t.Errorf("user = %+v", r.User)
	}
	if !strings.HasPrefix(r.User.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %s", r.User.PasswordHash)
	}
	if !strings.HasPrefix(r.Project.Token, "phc_") || len(r.Project.Token) != 47 || r.Project.Name != "Default project" || r.Project.Timezone != "UTC" {
		t.Errorf("project = %+v", r.Project)
	}
	p, err := b.Authenticate(t.Context(), r.Key, account.InHeader)
	if err != nil || p.User.ID != r.User.ID || !p.Key.HasScope("hog_function:write") {
		t.Errorf("the key of setup: %+v, %v", p, err)
	}
	if need, err := b.NeedsSetup(t.Context()); err != nil || need {
		t.Fatalf("NeedsSetup = %t, %v, want false", need, err)
	}
	_, err = b.Setup(t.Context(), account.SetupRequest{Email: "eve@example.com", Password: password})
	wantError(t, err, cdp.Conflict, "", "already set up")
}

func TestSetupWithoutKeyStoresNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.Setup(t.Context(), account.SetupRequest{Email: email, Password: password})
	if err != nil || r.Key != "" {
		t.Fatalf("key = %q, %v", r.Key, err)
	}
	if keys, _ := b.store.Keys(t.Context(), r.User.ID); len(keys) != 0 {
		t.Fatalf("keys = %v, want none", keys)
	}
}

func TestSetupRefusesBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := account.SetupRequest{Email: email, Password: password}
	for _, tt := range []struct {
		name, field, part string
		change            func(*account.SetupRequest)
	}{
		{"no e-mail", "email", "Enter", func(r *account.SetupRequest) { r.Email = " " }},
		{"not an e-mail", "email", "not an e-mail", func(r *account.SetupRequest) { r.Email = "ada" }},
		{"a name with the e-mail", "email", "not an e-mail", func(r *account.SetupRequest) { r.Email = "Ada <ada@example.com>" }},
		{"a very long e-mail", "email", "not an e-mail", func(r *account.SetupRequest) { r.Email = strings.Repeat("a", 260) + "@example.com" }},
		{"no password", "password", "12 characters", func(r *account.SetupRequest) { r.Password = "" }},
		{"a short password", "password", "has 11", func(r *account.SetupRequest) { r.Password = "ÄÖÜäöüß1234" }},
		{"an endless password", "password", "or fewer", func(r *account.SetupRequest) { r.Password = strings.Repeat("x", 201) }},
		{"an endless name", "name", "151", func(r *account.SetupRequest) { r.Name = strings.Repeat("x", 151) }},
		{"an endless project", "project", "151", func(r *account.SetupRequest) { r.Project = strings.Repeat("x", 151) }},
		{"no such time zone", "timezone", "Mars", func(r *account.SetupRequest) { r.Timezone = "Mars/Olympus" }},
	} {
		r := good
		tt.change(&r)
		_, err := b.Setup(t.Context(), r)
		t.Run(tt.name, func(t *testing.T) { wantError(t, err, cdp.Invalid, tt.field, tt.part) })
	}
}

func TestSetupCode(t *testing.T) {
	t.Parallel()
	b, other := setup(t), setup(t)
	if b.SetupCode() == other.SetupCode() {
		t.Fatal("two servers have the same code")
	}
	for _, typed := range []string{b.SetupCode(), strings.ToLower(b.SetupCode()), " " + strings.ReplaceAll(b.SetupCode(), "-", " ")} {
		if err := b.CheckSetupCode(typed); err != nil {
			t.Errorf("code %q: %v", typed, err)
		}
	}
	for _, typed := range []string{"", "-", other.SetupCode(), b.SetupCode() + "A"} {
		wantError(t, b.CheckSetupCode(typed), cdp.Invalid, "code", "not the setup code")
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.owner(t)
	u, err := b.SignIn(t.Context(), " ADA@example.com", password, "203.0.113.9")
	if err != nil || u.ID != r.User.ID {
		t.Fatalf("SignIn = %v, %v", u, err)
	}
	_, wrong := b.SignIn(t.Context(), email, "wrong horse battery", "203.0.113.9")
	wantError(t, wrong, cdp.Unsigned, "", "wrong")
	_, unknown := b.SignIn(t.Context(), "eve@example.com", password, "203.0.113.9")
	if wrong.Error() != unknown.Error() {
		t.Errorf("a wrong password says %q, an unknown e-mail says %q", wrong, unknown)
	}
	_, err = b.SignIn(t.Context(), email, strings.Repeat("x", 1<<20), "203.0.113.9")
	wantError(t, err, cdp.Unsigned, "", "wrong")
}

func TestSignInPausesAfterFailures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.owner(t)
	for i := range 5 {
		_, err := b.SignIn(t.Context(), email, "wrong horse battery", fmt.Sprintf("203.0.113.%d", i))
		wantError(t, err, cdp.Unsigned, "", "wrong")
	}
	_, err := b.SignIn(t.Context(), email, password, "203.0.113.77")
	wantError(t, err, cdp.TooMany, "", "Try again in 30 s")
	var w interface{ RetryAfter() time.Duration }
	if !errors.As(err, &w) || w.RetryAfter() != 30*time.Second {
		t.Errorf("retry after = %v, want 30s", w)
	}
	b.pass(31 * time.Second)
	if _, err := b.SignIn(t.Context(), email, password, "203.0.113.77"); err != nil {
		t.Fatalf("after the pause: %v", err)
	}
}

func TestSignInPausesAnAddressThatTriesManyAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.owner(t)
	for i := range 20 {
		_, err := b.SignIn(t.Context(), fmt.Sprintf("user%d@example.com", i), password, "203.0.113.9")
		wantError(t, err, cdp.Unsigned, "", "wrong")
	}
	_, err := b.SignIn(t.Context(), email, password, "203.0.113.9")
	wantError(t, err, cdp.TooMany, "", "Try again")
	if _, err := b.SignIn(t.Context(), email, password, "198.51.100.1"); err != nil {
		t.Errorf("another address: %v", err)
	}
}

func TestHashingWaitsForAPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.owner(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A context that has ended may still win a free place; with all places
	// taken it must not wait.
	a, err := account.New(account.Config{Store: b.store, MaxHashes: 1})
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		close(started)
		for range 20 {
			if _, err := a.HashPassword(context.Background(), password); err != nil {
				t.Error(err)
			}
		}
	}()
	<-started
	refused := false
	for !refused {
		_, err := a.HashPassword(ctx, password)
		var e *cdp.Error
		refused = errors.As(err, &e) && e.Code == cdp.Unavailable
		select {
		case <-done:
			if !refused {
				t.Fatal("no hash was refused while another one ran")
			}
		default:
		}
	}
	<-done
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := b.owner(t)
	if err := b.store.SaveSession(t.Context(), account.Session{User: r.User.ID}); err != nil {
		t.Fatal(err)
	}
	err := b.ChangePassword(t.Context(), r.User.ID, "not my password", "another horse battery")
	wantError(t, err, cdp.Invalid, "current", "not your current")
	err = b.ChangePassword(t.Context(), r.User.ID, password, "short")
	wantError(t, err, cdp.Invalid, "password", "12")
	if err := b.ChangePassword(t.Context(), r.User.ID, password, "another horse battery"); err != nil {
		t.Fatal(err)
	}
	if left := b.store.Sessions(); len(left) != 0 {
		t.Errorf("sessions left: %v", left)
	}
	if _, err := b.SignIn(t.Context(), email, "another horse battery", ""); err != nil {
		t.Errorf("the new password: %v", err)
	}
	_, err = b.SignIn(t.Context(), email, password, "")
	wantError(t, err, cdp.Unsigned, "", "wrong")
}

func TestCan(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		role account.Role
		want string
	}{
		{"", ""}, {"stranger", ""},
		{account.Viewer, "see"}, {account.Editor, "see edit"},
		{account.Admin, "see edit manage"}, {account.Owner, "see edit manage own"},
	} {
		var have []string
		for _, a := range []account.Ability{account.See, account.Edit, account.Manage, account.Own, "", "fly"} {
			if account.Can(tt.role, a) {
				have = append(have, string(a))
			}
		}
		if h := strings.Join(have, " "); h != tt.want {
			t.Errorf("%q can %q, want %q", tt.role, h, tt.want)
		}
	}
}
