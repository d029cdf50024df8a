// Package session knows who is asking. It turns a cookie into a session and
// a user, protects changes against forged requests, and hands handlers what
// the middleware of package web found out: the principal, the project and the
// role of this request, the CSRF token, the nonce and the request ID.
//
// A session is a row in the database and a signed ID in the cookie
// "sessionid", so signing out, and ending another browser's session, take
// effect at once. It is loaded once a request, if there is a cookie, and
// saved after the handler when something changed; a visitor who only looks
// leaves no row. gorilla/sessions is spoken to through a shim, never through
// Fiber's adaptor, which copies the Cookie header once a layer.
//
// The accessors (User, Project, CSRF, …) never fail: what may fail was done
// by the middleware before the handler began.
package session

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gorilla/sessions"

	"hogpen/account"
	"hogpen/cdp"
)

// Names of the cookies (REST API specification 2.2).
const (
	CookieName     = "sessionid"
	CSRFCookieName = "posthog_csrftoken" // readable by scripts
)

// Lifetime is how long a session lasts without use; LongLifetime after "keep
// me signed in", and StrangerLifetime before a sign-in, since every look at a
// form begins one.
const (
	Lifetime         = 14 * 24 * time.Hour
	LongLifetime     = 30 * 24 * time.Hour
	StrangerLifetime = 24 * time.Hour
)

// keepValue marks, among a session's values, one that lasts longer.
const keepValue = "keep"

// touchEvery is how old SeenAt may get before a request moves it, and with it
// the end of the session. It bounds the writes that reading pages causes.
const touchEvery = time.Hour

// Rows is where sessions are stored; absence is a cdp.Error with code
// NotFound.
type Rows interface {
	SaveSession(ctx context.Context, s account.Session) error
	Session(ctx context.Context, idHash [32]byte) (account.Session, error)
	DeleteSession(ctx context.Context, idHash [32]byte) error
}

// Users finds the user of a session.
type Users interface {
	User(ctx context.Context, id cdp.UserID) (account.User, error)
}

// Config is what a Manager is made of. Rows, Users and Key are required.
type Config struct {
	Rows  Rows
	Users Users
	// Key signs the cookies; 32 bytes.
	Key []byte
	// BaseURL is the address that people use, empty when it is taken from
	// the request. With https it makes cookies Secure.
	BaseURL string
	Now     func() time.Time // time.Now when nil
	Rand    io.Reader        // crypto/rand when nil
}

// Manager loads and saves sessions.
type Manager struct {
	store *rowStore
	users Users
	base  *url.URL
}

// New makes a Manager and refuses what is missing.
func New(c Config) (*Manager, error) {
	if c.Rows == nil || c.Users == nil || len(c.Key) < 32 {
		return nil, errors.New("session: rows, users and a key of 32 bytes are required")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	m := &Manager{store: newStore(c.Rows, c.Key, c.Now, c.Rand), users: c.Users}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("session: the base URL %q is not an address such as https://hogpen.example.com", c.BaseURL)
		}
		m.base = u
	}
	return m, nil
}

// current is the session of one request.
type current struct {
	*sessions.Session
	row   *account.Session
	user  account.User
	dirty bool
	r     *http.Request
	m     *Manager
	// stale rows are removed when the session is saved.
	stale [][32]byte
}

// Middleware loads the session before the handler and saves it after, if it
// changed. A request without a session cookie costs no query.
func (m *Manager) Middleware(c *fiber.Ctx) error {
	s, err := m.load(c)
	if err != nil {
		return err
	}
	err = c.Next()
	if !s.dirty {
		return err
	}
	// Nothing was sent yet, so that headers may still be added.
	return errors.Join(err, m.save(c, s))
}

func (m *Manager) load(c *fiber.Ctx) (*current, error) {
	r := shim(c)
	v, err := m.store.New(r, CookieName)
	if err != nil {
		return nil, err
	}
	s := &current{Session: v, row: v.Values[rowKey{}].(*account.Session), r: r, m: m}
	v.Options.Secure = m.secure(c)
	c.Locals(sessionKey, s)
	if s.row.User == 0 {
		return s, nil
	}
	s.user, err = m.users.User(c.UserContext(), s.row.User)
	if cdp.HasCode(err, cdp.NotFound) { // removed meanwhile
		s.renew()
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("user of the session: %w", err)
	}
	SetPrincipal(c, account.Principal{User: s.user})
	if now := m.store.now(); now.Sub(s.row.SeenAt) >= touchEvery {
		s.dirty = true
	}
	return s, nil
}

func (m *Manager) save(c *fiber.Ctx, s *current) error {
	now := m.store.now().UTC().Truncate(time.Microsecond)
	if s.row.CreatedAt.IsZero() {
		s.row.CreatedAt = now
		s.row.UserAgent = cut(c.Get(fiber.HeaderUserAgent), 200)
	}
	lasts := Lifetime
	switch {
	case s.row.User == 0:
		lasts = StrangerLifetime
	case s.Values[keepValue] == true:
		lasts = LongLifetime
	}
	if s.Options.MaxAge >= 0 {
		s.Options.MaxAge = int(lasts / time.Second)
	}
	s.row.SeenAt, s.row.ExpiresAt = now, now.Add(lasts)
	for _, hash := range s.stale {
		if err := m.store.rows.DeleteSession(s.r.Context(), hash); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
	}
	w := headers{http.Header{}}
	if err := m.store.Save(s.r, w, s.Session); err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: CSRFCookieName, Value: s.row.CSRF, Path: "/", MaxAge: s.Options.MaxAge,
		Secure: s.Options.Secure, SameSite: http.SameSiteLaxMode,
	})
	for _, v := range w.h["Set-Cookie"] {
		c.Response().Header.Add("Set-Cookie", v)
	}
	return nil
}

// renew forgets who the session belonged to: another ID, another token,
// nobody signed in. The old row is removed on save.
func (s *current) renew() {
	if s.ID != "" {
		s.stale = append(s.stale, s.row.IDHash)
	}
	s.ID = ""
	*s.row = account.Session{}
	s.user = account.User{}
	s.Options.MaxAge = int(Lifetime / time.Second)
	clear(s.Values)
	s.Values[rowKey{}] = s.row
}

// SignIn begins a session for a user under a new ID, so that an ID planted
// before is worthless, and ends the one the browser had.
func SignIn(c *fiber.Ctx, u account.User) error {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok {
		return errors.New("sign in: the route has no session middleware")
	}
	s.renew()
	s.row.User, s.user, s.dirty = u.ID, u, true
	SetPrincipal(c, account.Principal{User: u})
	return s.ensureToken()
}

// Keep lets the session that SignIn began last for LongLifetime.
func Keep(c *fiber.Ctx) {
	if s, ok := c.Locals(sessionKey).(*current); ok {
		s.Values[keepValue] = true
		s.dirty = true
	}
}

// SignOut ends the session and removes its cookies. Without a session it does
// nothing.
func SignOut(c *fiber.Ctx) {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok || s.ID == "" {
		return
	}
	s.Options.MaxAge = -1
	s.user, s.dirty = account.User{}, true
	s.row.CSRF = ""
	c.Locals(principalKey, nil)
}

// ID gives the stored hash of this request's session, to tell it from the
// user's others; false when there is none.
func ID(c *fiber.Ctx) ([32]byte, bool) {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok || s.ID == "" {
		return [32]byte{}, false
	}
	return s.row.IDHash, true
}

// Flash leaves a message for the next page, as a plain form's answer is a
// redirect.
func Flash(c *fiber.Ctx, text string) {
	if s, ok := c.Locals(sessionKey).(*current); ok {
		s.AddFlash(text)
		s.dirty = true
	}
}

// Flashes takes the messages that were left for this page.
func Flashes(c *fiber.Ctx) []string {
	s, ok := c.Locals(sessionKey).(*current)
	if !ok {
		return nil
	}
	var out []string
	for _, v := range s.Flashes() {
		if text, ok := v.(string); ok {
			out = append(out, text)
		}
	}
	s.dirty = s.dirty || len(out) > 0
	return out
}

// ensureToken gives the session a CSRF token if it has none.
func (s *current) ensureToken() error {
	if s.row.CSRF != "" {
		return nil
	}
	b := make([]byte, 24)
	if _, err := io.ReadFull(s.m.store.rand, b); err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	s.row.CSRF = base64.RawURLEncoding.EncodeToString(b)
	s.dirty = true
	return nil
}

// secure tells whether cookies may only travel over HTTPS: the public address
// decides, else the request (whose X-Forwarded-Proto counts from trusted
// proxies alone).
func (m *Manager) secure(c *fiber.Ctx) bool {
	if m.base != nil {
		return m.base.Scheme == "https"
	}
	return c.Protocol() == "https"
}

// headers is a response that collects headers; gorilla/sessions writes
// cookies to it.
type headers struct{ h http.Header }

func (w headers) Header() http.Header         { return w.h }
func (w headers) Write(b []byte) (int, error) { return len(b), nil }
func (w headers) WriteHeader(int)             {}

// shim is the part of a request that gorilla/sessions reads. All browsers
// send one Cookie header.
func shim(c *fiber.Ctx) *http.Request {
	r := &http.Request{
		Method: c.Method(),
		URL:    &url.URL{},
		Header: http.Header{"Cookie": {string(c.Request().Header.Peek(fiber.HeaderCookie))}},
	}
	return r.WithContext(c.UserContext())
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
