package account

import (
	"context"
	"net/mail"
	"strings"
	"unicode/utf8"

	"hogpen/cdp"
)

// wrongSignIn never says which of the two was wrong.
const wrongSignIn = "The e-mail address or the password is wrong."

// SignIn gives the user with this e-mail address and password. address is
// where the request came from. Errors: Unsigned when either is wrong, after
// the same time for both; TooMany, with a Wait as cause, after repeated
// failures of the e-mail address or of the network address.
func (a *Accounts) SignIn(ctx context.Context, email, password, address string) (User, error) {
	email = normalEmail(email)
	byEmail, byAddress := "e-mail "+email, "address "+address
	if err := a.failed.check(byEmail, emailFailures); err != nil {
		return User{}, err
	}
	if err := a.failed.check(byAddress, addressFailures); err != nil {
		return User{}, err
	}
	u, ok, err := a.verify(ctx, email, password)
	if err != nil {
		return User{}, err
	}
	if !ok {
		a.failed.fail(byEmail, emailFailures)
		a.failed.fail(byAddress, addressFailures)
		return User{}, cdp.Errorf(cdp.Unsigned, "", wrongSignIn)
	}
	a.failed.forget(byEmail)
	return u, nil
}

// verify compares with a decoy when nobody has the e-mail address, so that
// the time taken does not tell who has an account.
func (a *Accounts) verify(ctx context.Context, email, password string) (User, bool, error) {
	if len(password) > MaxPassword*utf8.UTFMax {
		return User{}, false, nil
	}
	hash := a.decoy
	u, err := a.store.UserByEmail(ctx, email)
	known := err == nil
	switch {
	case known:
		hash = u.PasswordHash
	case !cdp.HasCode(err, cdp.NotFound):
		return User{}, false, err
	}
	ok, stale, err := a.matches(ctx, password, hash)
	if err != nil {
		return User{}, false, err
	}
	if !ok || !known {
		return User{}, false, nil
	}
	if stale {
		a.rehash(ctx, u.ID, password)
	}
	return u, true, nil
}

// rehash moves a password to today's cost while we know it. A failure costs
// nothing: the next sign-in tries again.
func (a *Accounts) rehash(ctx context.Context, id cdp.UserID, password string) {
	h, err := a.HashPassword(ctx, password)
	if err == nil {
		err = a.store.SetPassword(ctx, id, h)
	}
	if err != nil {
		a.log.WarnContext(ctx, "password keeps its old hash", "user", id, "error", err)
	}
}

func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// CheckEmail gives the normal form of an e-mail address (trimmed, lower
// case), or a cdp.Error of the field "email".
func CheckEmail(s string) (string, error) {
	s = normalEmail(s)
	if s == "" {
		return "", cdp.Errorf(cdp.Invalid, "email", "Enter an e-mail address.")
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 {
		return "", cdp.Errorf(cdp.Invalid, "email", "This is not an e-mail address: %s.", shorten(s, 80))
	}
	return s, nil
}

func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
