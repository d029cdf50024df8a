// Package account knows who may do what: people, their passwords and
// sessions, their roles in a project, and personal API keys with scopes.
//
// It holds nouns (User, Session, Key, Principal) and use cases (Accounts),
// and declares the Store it needs; package db satisfies it. It knows nothing
// of HTTP: package web/session turns a cookie or a header into a Principal.
package account

import (
	"time"

	"hogpen/cdp"
)

// Role is what a user may do in a project; each includes the one before.
type Role string

// The roles, weakest first.
const (
	Viewer Role = "viewer"
	Editor Role = "editor"
	Admin  Role = "admin"
	Owner  Role = "owner"
)

// Rank orders roles; 0 is no role at all.
func (r Role) Rank() int {
	switch r {
	case Viewer:
		return 1
	case Editor:
		return 2
	case Admin:
		return 3
	case Owner:
		return 4
	}
	return 0
}

// User is a person who can sign in.
type User struct {
	ID           cdp.UserID
	UUID         string
	DistinctID   string
	Email        string // lower case
	FirstName    string
	LastName     string
	PasswordHash string // argon2id in PHC form; never shown
	CreatedAt    time.Time
	// CurrentProject is the project last looked at; 0 when none.
	CurrentProject cdp.ProjectID
	Theme          string // auto, light, dark
}

// DisplayName is the name to show: first and last name, or the e-mail address.
func (u *User) DisplayName() string {
	n := u.FirstName
	if u.LastName != "" {
		if n != "" {
			n += " "
		}
		n += u.LastName
	}
	if n == "" {
		return u.Email
	}
	return n
}

// Organization owns projects.
type Organization struct {
	ID        string // UUID
	Name      string
	Slug      string
	CreatedAt time.Time
}

// Membership is a user's role in a project.
type Membership struct {
	Project cdp.ProjectID
	User    cdp.UserID
	Role    Role
}

// Session is a signed-in browser. Only the SHA-256 of its ID is stored, so a
// stolen database signs nobody in.
type Session struct {
	IDHash    [32]byte
	User      cdp.UserID // 0 before sign-in
	CSRF      string
	Data      []byte // values of gorilla/sessions as JSON
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Key is a personal API key. The clear key (phx_…) is shown once, at
// creation; only its SHA-256 is stored.
type Key struct {
	ID                  string // UUID
	User                cdp.UserID
	Label               string
	Hash                [32]byte
	Mask                string   // phx_…abcd
	Scopes              []string // hog_function:read, …; empty or "*" is everything
	ScopedProjects      []cdp.ProjectID
	ScopedOrganizations []string
	CreatedAt           time.Time
	LastUsedAt          time.Time // moves at most once an hour; zero when never
	LastRolledAt        time.Time
}

// Principal is who is asking: a user, and the key they came with, if any.
type Principal struct {
	User User
	Key  *Key // nil for a browser session
}
