package account

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"hogpen/cdp"
)

// KeyChange is what may be changed about a key; nil leaves as is.
type KeyChange struct {
	Label               *string
	Scopes              *[]string
	ScopedProjects      *[]cdp.ProjectID
	ScopedOrganizations *[]string
}

// Keys lists a user's keys, newest first.
func (a *Accounts) Keys(ctx context.Context, user cdp.UserID) ([]Key, error) {
	return a.store.Keys(ctx, user)
}

// Key finds one of the user's keys; NotFound when there is none.
func (a *Accounts) Key(ctx context.Context, user cdp.UserID, id string) (Key, error) {
	keys, err := a.store.Keys(ctx, user)
	if err != nil {
		return Key{}, err
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, cdp.Errorf(cdp.NotFound, "", "Not found.")
	}
	return keys[i], nil
}

// ChangeKey changes one of the user's keys; its value stays. Errors are those
// of CreateKey, and NotFound.
func (a *Accounts) ChangeKey(ctx context.Context, user cdp.UserID, id string, c KeyChange) (Key, error) {
	k, err := a.Key(ctx, user, id)
	if err != nil {
		return Key{}, err
	}
	if c.Label != nil {
		if k.Label, err = checkLabel(*c.Label); err != nil {
			return Key{}, err
		}
	}
	if c.Scopes != nil {
		if k.Scopes, err = CheckScopes(*c.Scopes); err != nil {
			return Key{}, err
		}
	}
	if c.ScopedProjects != nil {
		k.ScopedProjects = *c.ScopedProjects
	}
	if c.ScopedOrganizations != nil {
		k.ScopedOrganizations = *c.ScopedOrganizations
	}
	return k, a.store.UpdateKey(ctx, k)
}

// checkLabel gives a label trimmed, or what is wrong with it.
func checkLabel(label string) (string, error) {
	label = strings.TrimSpace(label)
	switch n := utf8.RuneCountInString(label); {
	case n == 0:
		return "", cdp.Errorf(cdp.Invalid, "label", "This field may not be blank.").WithAPICode("blank")
	case n > 40:
		return "", cdp.Errorf(cdp.Invalid, "label", "Ensure this field has no more than 40 characters.").WithAPICode("max_length")
	}
	return label, nil
}
