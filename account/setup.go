package account

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"hogpen/cdp"
)

// SetupRequest is what the first owner tells about themselves.
type SetupRequest struct {
	Email    string
	Password string
	// Name is the person's name; the part before the first space becomes
	// the first name. May be empty.
	Name         string
	Organization string // "Default organization" when empty
	Project      string // "Default project" when empty
	Timezone     string // IANA name; "UTC" when empty
	// KeyLabel asks for a personal API key with full access when not empty.
	KeyLabel string
}

// SetupResult is what the first owner got.
type SetupResult struct {
	User         User
	Organization Organization
	Project      cdp.Project
	// Key is the clear personal API key, shown this once; empty when none
	// was asked for.
	Key string
}

// SetupCode is the one-time code that serve prints while there is no user;
// whoever can read the server's output may claim the server. It changes with
// every start.
func (a *Accounts) SetupCode() string { return a.code }

// newCode makes four groups of four: 72 bits, so that guessing needs no
// throttle of its own.
func (a *Accounts) newCode() (string, error) {
	s, err := pick(a.rand, codeAlphabet, 16)
	if err != nil {
		return "", err
	}
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:], nil
}

// CheckSetupCode compares a code as it was typed (case and hyphens do not
// matter); the error has the field "code".
func (a *Accounts) CheckSetupCode(code string) error {
	have := plainCode(code)
	if subtle.ConstantTimeCompare([]byte(have), []byte(plainCode(a.code))) == 1 {
		return nil
	}
	return cdp.Errorf(cdp.Invalid, "code", "This is not the setup code. The server printed it when it started.")
}

func plainCode(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.TrimSpace(s)))
}

// NeedsSetup reports whether nobody was set up yet.
func (a *Accounts) NeedsSetup(ctx context.Context) (bool, error) {
	has, err := a.store.HasUsers(ctx)
	return !has, err
}

// Setup creates the first owner with an organization, a project and, when
// asked, a key, in one step. Errors: Invalid with the field at fault;
// Conflict when somebody was set up already, and then nothing changed.
func (a *Accounts) Setup(ctx context.Context, r SetupRequest) (SetupResult, error) {
	if has, err := a.store.HasUsers(ctx); err != nil || has {
		if err == nil {
			err = cdp.Errorf(cdp.Conflict, "", "This server is already set up. Sign in instead.")
		}
		return SetupResult{}, err
	}
	u, err := a.newUser(r.Email, r.Name)
	if err != nil {
		return SetupResult{}, err
	}
	if err := CheckPassword(r.Password); err != nil {
		return SetupResult{}, err
	}
	o, err := a.newOrganization(r.Organization)
	if err != nil {
		return SetupResult{}, err
	}
	p, err := a.NewProject(o.ID, r.Project, r.Timezone)
	if err != nil {
		return SetupResult{}, err
	}
	var k Key
	var clear string
	if r.KeyLabel != "" {
		if k, clear, err = a.newKey(KeyRequest{Label: r.KeyLabel, Scopes: []string{"*"}}); err != nil {
			return SetupResult{}, err
		}
	}
	if u.PasswordHash, err = a.HashPassword(ctx, r.Password); err != nil {
		return SetupResult{}, err
	}
	u, p, err = a.store.CreateFirstOwner(ctx, u, o, p, k)
	if err != nil {
		return SetupResult{}, err
	}
	if a.made != nil {
		if err := a.made(ctx, p, u); err != nil {
			a.log.Error("furnish the new project", "project", p.ID, "error", err)
		}
	}
	return SetupResult{User: u, Organization: o, Project: p, Key: clear}, nil
}

// newUser checks what was said about a person and fills the rest, but for
// the password.
func (a *Accounts) newUser(email, name string) (User, error) {
	email, err := CheckEmail(email)
	if err != nil {
		return User{}, err
	}
	name, err = checkName("name", "name", name, "")
	if err != nil {
		return User{}, err
	}
	first, last, _ := strings.Cut(name, " ")
	distinct, err := a.letters(32)
	if err != nil {
		return User{}, err
	}
	return User{
		UUID:       a.newID(),
		DistinctID: distinct,
		Email:      email,
		FirstName:  first,
		LastName:   strings.TrimSpace(last),
		CreatedAt:  a.stamp(),
		Theme:      "auto",
	}, nil
}

func (a *Accounts) newOrganization(name string) (Organization, error) {
	name, err := checkName("organization", "organization's name", name, "Default organization")
	if err != nil {
		return Organization{}, err
	}
	return Organization{ID: a.newID(), Name: name, Slug: slug(name), CreatedAt: a.stamp()}, nil
}

// NewProject fills a project with a fresh token, ready to be stored; the
// store assigns its ID. Errors have the field "project" or "timezone".
func (a *Accounts) NewProject(organization, name, timezone string) (cdp.Project, error) {
	name, err := checkName("project", "project's name", name, "Default project")
	if err != nil {
		return cdp.Project{}, err
	}
	if timezone == "" {
		timezone = "UTC"
	}
	if _, err := time.LoadLocation(timezone); err != nil || timezone == "Local" {
		return cdp.Project{}, cdp.Errorf(cdp.Invalid, "timezone", "There is no time zone %q. Use a name such as Europe/Berlin.", shorten(timezone, 60))
	}
	token, err := a.letters(43)
	if err != nil {
		return cdp.Project{}, err
	}
	now := a.stamp()
	return cdp.Project{
		UUID:               a.newID(),
		OrganizationID:     organization,
		Name:               name,
		Token:              "phc_" + token,
		Timezone:           timezone,
		TestAccountFilters: json.RawMessage("[]"),
		Settings:           json.RawMessage("{}"),
		CreatedAt:          now,
		UpdatedAt:          now,
	}, nil
}

// stamp is now, as it is stored: UTC, microseconds.
func (a *Accounts) stamp() time.Time { return a.now().UTC().Truncate(time.Microsecond) }

// checkName trims a name and bounds it to 150 characters.
func checkName(field, noun, s, fallback string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		s = fallback
	}
	if n := utf8.RuneCountInString(s); n > 150 {
		return "", cdp.Errorf(cdp.Invalid, field, "The %s has %d characters. Use 150 or fewer.", noun, n)
	}
	return s, nil
}

// slug is a name for URLs: lower-case letters and digits, hyphens between.
func slug(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return "organization"
	}
	return b.String()
}
