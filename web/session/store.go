package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"

	"hogpen/account"
	"hogpen/cdp"
)

// idSize is the length of a session ID in bytes, before it is hashed for the
// database and signed for the cookie.
const idSize = 24

// rowKey is where a session carries its row among its Values. Values with a
// string key are the data; this one is not written to it.
type rowKey struct{}

// rowStore is a sessions.Store that keeps everything but the ID on the
// server. The cookie is the ID, signed; the database knows its SHA-256.
type rowStore struct {
	rows  Rows
	codec *securecookie.SecureCookie
	now   func() time.Time
	rand  io.Reader
}

func newStore(rows Rows, key []byte, now func() time.Time, rand io.Reader) *rowStore {
	// The row says when a session ends, so the signature need not.
	codec := securecookie.New(key, nil).SetSerializer(securecookie.NopEncoder{}).MaxAge(0)
	return &rowStore{rows: rows, codec: codec, now: now, rand: rand}
}

// Get gives the session that the request's registry holds, or loads it.
func (s *rowStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New loads the session of the request's cookie. Without a cookie, or with
// one that is forged, unknown or expired, it is a new one. Only a database
// that does not answer is an error.
func (s *rowStore) New(r *http.Request, name string) (*sessions.Session, error) {
	fresh := sessions.NewSession(s, name)
	fresh.IsNew = true
	fresh.Options = &sessions.Options{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(Lifetime / time.Second)}
	fresh.Values[rowKey{}] = &account.Session{}

	c, err := r.Cookie(name)
	if err != nil {
		return fresh, nil
	}
	var id []byte
	if s.codec.Decode(name, c.Value, &id) != nil || len(id) != idSize {
		return fresh, nil
	}
	row, err := s.rows.Session(r.Context(), sha256.Sum256(id))
	switch {
	case cdp.HasCode(err, cdp.NotFound):
		return fresh, nil
	case err != nil:
		return fresh, fmt.Errorf("load session: %w", err)
	case !row.ExpiresAt.After(s.now()):
		return fresh, nil
	}
	if err := readValues(row.Data, fresh.Values); err != nil {
		return fresh, fmt.Errorf("session data: %w", err)
	}
	fresh.Values[rowKey{}] = &row
	fresh.ID = base64.RawURLEncoding.EncodeToString(id)
	fresh.IsNew = false
	return fresh, nil
}

// Save stores the session and sets its cookie. A session without an ID gets
// one; one with a negative MaxAge is removed together with its cookie.
func (s *rowStore) Save(r *http.Request, w http.ResponseWriter, v *sessions.Session) error {
	row, _ := v.Values[rowKey{}].(*account.Session)
	if row == nil {
		return errors.New("save session: it was not made by this store")
	}
	if v.Options.MaxAge < 0 {
		http.SetCookie(w, sessions.NewCookie(v.Name(), "", v.Options))
		if v.ID == "" {
			return nil
		}
		return s.rows.DeleteSession(r.Context(), row.IDHash)
	}
	if gone, err := s.ended(r, v, row); err != nil || gone {
		return err
	}
	id, err := s.id(v)
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	if row.Data, err = writeValues(v.Values); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	row.IDHash = sha256.Sum256(id)
	if err := s.rows.SaveSession(r.Context(), *row); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	text, err := s.codec.Encode(v.Name(), id)
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	http.SetCookie(w, sessions.NewCookie(v.Name(), text, v.Options))
	return nil
}

// ended tells whether a session that was loaded has been removed since: a
// request that is still under way must not bring back what a sign-out ended.
func (s *rowStore) ended(r *http.Request, v *sessions.Session, row *account.Session) (bool, error) {
	if v.ID == "" {
		return false, nil
	}
	_, err := s.rows.Session(r.Context(), row.IDHash)
	if cdp.HasCode(err, cdp.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("save session: %w", err)
	}
	return false, nil
}

// id gives the session's ID in bytes, a new one when it has none.
func (s *rowStore) id(v *sessions.Session) ([]byte, error) {
	if v.ID != "" {
		return base64.RawURLEncoding.DecodeString(v.ID)
	}
	id := make([]byte, idSize)
	if _, err := io.ReadFull(s.rand, id); err != nil {
		return nil, err
	}
	v.ID = base64.RawURLEncoding.EncodeToString(id)
	return id, nil
}

// readValues reads a session's data; JSON, as gob is four times slower here.
func readValues(data []byte, into map[any]any) error {
	if len(data) == 0 {
		return nil
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	for k, v := range m {
		into[k] = v
	}
	return nil
}

func writeValues(from map[any]any) ([]byte, error) {
	m := map[string]any{}
	for k, v := range from {
		if name, ok := k.(string); ok {
			m[name] = v
		}
	}
	return json.Marshal(m)
}
