package account

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"hogpen/cdp"
)

// MinPassword and MaxPassword bound a password's length in characters. The
// upper bound keeps a megabyte of password out of the hash.
const (
	MinPassword = 12
	MaxPassword = 200
)

// cost is OWASP's second recommendation for argon2id: 19 MiB, two passes.
var cost = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// CheckPassword reports what is wrong with a new password, as a cdp.Error of
// the field "password"; nil when it is good.
func CheckPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n == 0:
		return cdp.Errorf(cdp.Invalid, "password", "Choose a password of %d characters or more.", MinPassword)
	case n < MinPassword:
		return cdp.Errorf(cdp.Invalid, "password", "The password has %d characters. Use %d or more.", n, MinPassword)
	case n > MaxPassword:
		return cdp.Errorf(cdp.Invalid, "password", "The password has %d characters. Use %d or fewer.", n, MaxPassword)
	}
	return nil
}

// HashPassword gives the argon2id hash of a password in PHC form. At most
// Config.MaxHashes run at once; a caller whose ctx ends while it waits gets
// an error with code Unavailable.
func (a *Accounts) HashPassword(ctx context.Context, password string) (string, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	p := cost
	h, err := argon2id.CreateHash(password, &p)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

// matches tells whether the password belongs to the hash, and whether the
// hash was made at another cost than today's.
func (a *Accounts) matches(ctx context.Context, password, hash string) (ok, stale bool, err error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	ok, p, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("compare password: %w", err)
	}
	return ok, *p != cost, nil
}

// enter takes one of the places for hashing.
func (a *Accounts) enter(ctx context.Context) (leave func(), err error) {
	select {
	case a.hashing <- struct{}{}:
		return func() { <-a.hashing }, nil
	case <-ctx.Done():
		return nil, &cdp.Error{Code: cdp.Unavailable, Message: "The server is busy. Try again in a moment.", Cause: ctx.Err()}
	}
}

// ChangePassword sets a user's password after checking the current one, and
// ends all their sessions: whoever learnt the old password is out. The caller
// signs the person in again. Errors are Invalid, with the field "current" or
// "password", or TooMany after repeated failures.
func (a *Accounts) ChangePassword(ctx context.Context, user cdp.UserID, current, next string) error {
	u, err := a.store.User(ctx, user)
	if err != nil {
		return err
	}
	who := "change " + u.Email
	if err := a.failed.check(who, emailFailures); err != nil {
		return err
	}
	if len(current) > MaxPassword*utf8.UTFMax {
		return cdp.Errorf(cdp.Invalid, "current", "This is not your current password.")
	}
	ok, _, err := a.matches(ctx, current, u.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		a.failed.fail(who, emailFailures)
		return cdp.Errorf(cdp.Invalid, "current", "This is not your current password.")
	}
	a.failed.forget(who)
	return a.ResetPassword(ctx, user, next)
}

// ResetPassword sets a password without asking for the old one, as an
// operator does on the server, and ends all the user's sessions.
func (a *Accounts) ResetPassword(ctx context.Context, user cdp.UserID, next string) error {
	if err := CheckPassword(next); err != nil {
		return err
	}
	h, err := a.HashPassword(ctx, next)
	if err != nil {
		return err
	}
	if err := a.store.SetPassword(ctx, user, h); err != nil {
		return err
	}
	return a.store.DeleteSessionsOf(ctx, user)
}
