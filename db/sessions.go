package db

import (
	"context"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

const sessionColumns = `id_hash, coalesce(user_id, 0), csrf, data, user_agent, created_at_us, seen_at_us, expires_at_us`

func scanSession(r scanner) (ses account.Session, err error) {
	var hash []byte
	var created, seen, expires int64
	err = r.Scan(&hash, &ses.User, &ses.CSRF, &ses.Data, &ses.UserAgent, &created, &seen, &expires)
	copy(ses.IDHash[:], hash)
	ses.CreatedAt, ses.SeenAt, ses.ExpiresAt = at(created), at(seen), at(expires)
	return ses, err
}

// SaveSession stores a session, in place of an earlier one with its ID.
func (s *Store) SaveSession(ctx context.Context, ses account.Session) error {
	data := ses.Data
	if data == nil {
		data = []byte{}
	}
	_, err := s.main.exec(ctx, `
insert into session (id_hash, user_id, csrf, data, user_agent, created_at_us, seen_at_us, expires_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (id_hash) do update
   set user_id = excluded.user_id, csrf = excluded.csrf, data = excluded.data, user_agent = excluded.user_agent,
       seen_at_us = excluded.seen_at_us, expires_at_us = excluded.expires_at_us`,
		ses.IDHash[:], maybeID(ses.User), ses.CSRF, data, ses.UserAgent, us(ses.CreatedAt), us(ses.SeenAt), us(ses.ExpiresAt))
	return fault("save session", err)
}

// Session finds a session by the hash of its ID. Whether it has expired is
// for the caller to say.
func (s *Store) Session(ctx context.Context, hash [32]byte) (account.Session, error) {
	st, err := s.main.stmt(ctx, s.main.r, `
select `+sessionColumns+`
  from session
 where id_hash = $1`)
	if err != nil {
		return account.Session{}, fault("find session", err)
	}
	ses, err := scanSession(st.QueryRowContext(ctx, hash[:]))
	if err != nil {
		return account.Session{}, fault("find session", err)
	}
	return ses, nil
}

// SessionsOf lists a user's sessions, the one seen last first.
func (s *Store) SessionsOf(ctx context.Context, user cdp.UserID) ([]account.Session, error) {
	rows, err := s.main.query(ctx, `
select `+sessionColumns+`
  from session
 where user_id = $1
 order by seen_at_us desc`, int64(user))
	ss, err := collect(rows, err, scanSession)
	return ss, fault("list sessions", err)
}

// DeleteSession ends a session. One that is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, hash [32]byte) error {
	_, err := s.main.exec(ctx, `delete from session where id_hash = $1`, hash[:])
	return fault("delete session", err)
}

// DeleteSessionsOf ends all sessions of a user.
func (s *Store) DeleteSessionsOf(ctx context.Context, user cdp.UserID) error {
	_, err := s.main.exec(ctx, `delete from session where user_id = $1`, int64(user))
	return fault("delete sessions", err)
}

// PruneSessions removes the sessions that expired before now.
func (s *Store) PruneSessions(ctx context.Context, now time.Time) error {
	_, err := s.main.exec(ctx, `delete from session where expires_at_us < $1`, us(now))
	return fault("prune sessions", err)
}
