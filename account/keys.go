package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"hogpen/cdp"
)

// MaxKeys is how many personal API keys a user may have.
const MaxKeys = 10

// KeyPrefix begins every personal API key; legacy keys may lack it.
const KeyPrefix = "phx_"

// scopeObjects are the objects a scope may name, as PostHog spells them, so
// that keys made for other tools can be made here too. Hogpen itself asks for
// a few of them.
var scopeObjects = []string{
	"access_control", "action", "activity_log", "annotation", "batch_export", "cohort", "dashboard",
	"dashboard_template", "early_access_feature", "error_tracking", "event_definition", "experiment", "export",
	"feature_flag", "group", "hog_flow", "hog_function", "insight", "integration", "notebook", "organization",
	"organization_member", "person", "plugin", "project", "property_definition", "query", "session_recording",
	"session_recording_playlist", "sharing_configuration", "subscription", "survey", "user", "warehouse_table",
	"warehouse_view", "web_analytics", "webhook",
}

// KeyRequest asks for a personal API key.
type KeyRequest struct {
	Label               string
	Scopes              []string // "*", or <object>:read and <object>:write
	ScopedProjects      []cdp.ProjectID
	ScopedOrganizations []string
}

// HashKey is how a clear key is stored and looked up.
func HashKey(clear string) [32]byte { return sha256.Sum256([]byte(clear)) }

// CreateKey makes a personal API key for a user and gives it in clear, this
// once. Errors are Invalid, with the field "label" or "scopes", or without
// one when the user has MaxKeys already.
func (a *Accounts) CreateKey(ctx context.Context, user cdp.UserID, r KeyRequest) (Key, string, error) {
	k, clear, err := a.newKey(r)
	if err != nil {
		return Key{}, "", err
	}
	k.User = user
	// The store counts within its transaction: two requests at once may not
	// both be the last.
	err = a.store.CreateKey(ctx, k, MaxKeys)
	if cdp.HasCode(err, cdp.Invalid) {
		return Key{}, "", cdp.Errorf(cdp.Invalid, "", "You can only have %d personal API keys. Remove an existing key before creating a new one.", MaxKeys)
	}
	if err != nil {
		return Key{}, "", err
	}
	return k, clear, nil
}

// newKey checks a request and makes the key, not yet anybody's.
func (a *Accounts) newKey(r KeyRequest) (Key, string, error) {
	label, err := checkLabel(r.Label)
	if err != nil {
		return Key{}, "", err
	}
	scopes, err := CheckScopes(r.Scopes)
	if err != nil {
		return Key{}, "", err
	}
	clear, err := a.clearKey()
	if err != nil {
		return Key{}, "", err
	}
	now := a.stamp()
	return Key{
		ID:                  a.newID(),
		Label:               label,
		Hash:                HashKey(clear),
		Mask:                mask(clear),
		Scopes:              scopes,
		ScopedProjects:      r.ScopedProjects,
		ScopedOrganizations: r.ScopedOrganizations,
		CreatedAt:           now,
		LastRolledAt:        now,
	}, clear, nil
}

func (a *Accounts) clearKey() (string, error) {
	s, err := a.letters(43)
	return KeyPrefix + s, err
}

// mask shows enough of a key to tell it from others.
func mask(clear string) string { return clear[:4] + "..." + clear[len(clear)-4:] }

// CheckScopes gives the scopes trimmed, sorted and without repetition. The
// error has the field "scopes" and PostHog's words.
func CheckScopes(scopes []string) ([]string, error) {
	if len(scopes) == 0 {
		return nil, cdp.Errorf(cdp.Invalid, "scopes", "This field is required.").WithAPICode("required")
	}
	out := make([]string, 0, len(scopes))
	for _, s := range scopes {
		s = strings.TrimSpace(s)
		if !validScope(s) {
			return nil, cdp.Errorf(cdp.Invalid, "scopes", "Invalid scope: %s", shorten(s, 100))
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ParseScopes reads a list as the command line takes it: separated by commas
// or spaces.
func ParseScopes(list string) ([]string, error) {
	return CheckScopes(strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }))
}

func validScope(s string) bool {
	if s == "*" {
		return true
	}
	object, verb, ok := strings.Cut(s, ":")
	return ok && (verb == "read" || verb == "write") && slices.Contains(scopeObjects, object)
}

// HasScope tells whether a key carries a scope (<object>:read or :write).
// Writing includes reading, "*" is everything, and a key without scopes is a
// legacy key that may do everything.
func (k *Key) HasScope(scope string) bool {
	if len(k.Scopes) == 0 {
		return true
	}
	object, isRead := strings.CutSuffix(scope, ":read")
	for _, s := range k.Scopes {
		if s == "*" || s == scope || isRead && s == object+":write" {
			return true
		}
	}
	return false
}

// AllowsProject tells whether a key may be used on a project; a key without
// scoped projects may be used on all of its user's.
func (k *Key) AllowsProject(id cdp.ProjectID) bool {
	return len(k.ScopedProjects) == 0 || slices.Contains(k.ScopedProjects, id)
}

// AllowsOrganization is AllowsProject for organizations.
func (k *Key) AllowsOrganization(id string) bool {
	return len(k.ScopedOrganizations) == 0 || slices.Contains(k.ScopedOrganizations, id)
}

// RollKey gives one of the user's keys a new value, shown this once; the old
// value ceases to work. NotFound when the user has no such key.
func (a *Accounts) RollKey(ctx context.Context, user cdp.UserID, id string) (Key, string, error) {
	keys, err := a.store.Keys(ctx, user)
	if err != nil {
		return Key{}, "", err
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, "", cdp.Errorf(cdp.NotFound, "", "Not found.")
	}
	k := keys[i]
	clear, err := a.clearKey()
	if err != nil {
		return Key{}, "", err
	}
	k.Hash, k.Mask, k.LastRolledAt = HashKey(clear), mask(clear), a.stamp()
	if err := a.store.UpdateKey(ctx, k); err != nil {
		return Key{}, "", err
	}
	return k, clear, nil
}

// RevokeKey removes one of the user's keys; NotFound when there is none.
func (a *Accounts) RevokeKey(ctx context.Context, user cdp.UserID, id string) error {
	return a.store.DeleteKey(ctx, user, id)
}

// Where says in which part of a request a key was found.
type Where string

// The parts of a request, as PostHog names them in its errors.
const (
	InHeader Where = "Authorization header"
	InBody   Where = "body"
	InQuery  Where = "query string"
)

// Authenticate gives the user behind a personal API key. Any key that is not
// good is an error with code Unsigned and PostHog's text, which says where
// the key was found (REST API specification 2.3). A use moves the key's
// LastUsedAt at most once an hour.
func (a *Accounts) Authenticate(ctx context.Context, token string, where Where) (Principal, error) {
	token = strings.TrimSpace(token)
	bad := cdp.Errorf(cdp.Unsigned, "", "Personal API key found in request %s is invalid.", where).WithAPICode("authentication_failed")
	// OAuth tokens (pha_) and project tokens (phc_) are never personal keys.
	if token == "" || len(token) > 200 || strings.HasPrefix(token, "pha_") || strings.HasPrefix(token, "phc_") {
		return Principal{}, bad
	}
	k, err := a.store.KeyByHash(ctx, HashKey(token))
	if err != nil {
		return Principal{}, replaceAbsent(err, bad)
	}
	u, err := a.store.User(ctx, k.User)
	if err != nil {
		return Principal{}, replaceAbsent(err, bad)
	}
	if now := a.stamp(); now.Sub(k.LastUsedAt) >= time.Hour {
		// A use that cannot be noted is still a use.
		if err := a.store.TouchKey(ctx, k.ID, now); err != nil && !errors.Is(err, context.Canceled) {
			a.log.WarnContext(ctx, "last use of a key was not noted", "key", k.ID, "error", err)
		}
	}
	return Principal{User: u, Key: &k}, nil
}

// replaceAbsent gives instead when err says that something is not there.
func replaceAbsent(err error, instead *cdp.Error) error {
	if cdp.HasCode(err, cdp.NotFound) {
		return instead
	}
	return err
}
