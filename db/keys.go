package db

import (
	"context"
	"database/sql"
	"time"

	"hogpen/account"
	"hogpen/cdp"
)

const keyColumns = `id, user_id, label, hash, mask, scopes, scoped_projects, scoped_organizations, created_at_us, last_used_at_us, last_rolled_at_us`

func scanKey(r scanner) (k account.Key, err error) {
	var hash []byte
	var scopes, projects, organizations string
	var created int64
	var used, rolled sql.NullInt64
	if err := r.Scan(&k.ID, &k.User, &k.Label, &hash, &k.Mask, &scopes, &projects, &organizations, &created, &used, &rolled); err != nil {
		return k, err
	}
	copy(k.Hash[:], hash)
	k.CreatedAt, k.LastUsedAt, k.LastRolledAt = at(created), maybeAt(used), maybeAt(rolled)
	if err := decode(scopes, &k.Scopes); err != nil {
		return k, err
	}
	if err := decode(projects, &k.ScopedProjects); err != nil {
		return k, err
	}
	return k, decode(organizations, &k.ScopedOrganizations)
}

// CreateKey stores a personal API key; k.ID must be set. The error is a
// Conflict when the ID or the hash is taken, a NotFound without its user.
// When the user has most keys already it is Invalid.
func (s *Store) CreateKey(ctx context.Context, k account.Key, most int) error {
	return s.main.tx(ctx, "create key", func(tx *sql.Tx) error {
		if err := insertKey(ctx, tx, k); err != nil {
			return err
		}
		have := 0
		if err := tx.QueryRowContext(ctx, `select count(*) from api_key where user_id = $1`, int64(k.User)).Scan(&have); err != nil {
			return err
		}
		if have > most {
			return cdp.Errorf(cdp.Invalid, "", "There are %d keys already.", most)
		}
		return nil
	})
}

func insertKey(ctx context.Context, tx *sql.Tx, k account.Key) error {
	_, err := tx.ExecContext(ctx, `
insert into api_key (id, user_id, label, hash, mask, scopes, scoped_projects, scoped_organizations, created_at_us, last_used_at_us, last_rolled_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		k.ID, int64(k.User), k.Label, k.Hash[:], k.Mask, list(k.Scopes), list(k.ScopedProjects), list(k.ScopedOrganizations),
		us(k.CreatedAt), maybeUS(k.LastUsedAt), maybeUS(k.LastRolledAt))
	return err
}

// UpdateKey stores everything about k but when it was made and last used. A
// key of another user is not found.
func (s *Store) UpdateKey(ctx context.Context, k account.Key) error {
	n, err := s.main.exec(ctx, `
update api_key
   set label = $3, hash = $4, mask = $5, scopes = $6, scoped_projects = $7, scoped_organizations = $8, last_rolled_at_us = $9
 where user_id = $1 and id = $2`, int64(k.User), k.ID, k.Label, k.Hash[:], k.Mask,
		list(k.Scopes), list(k.ScopedProjects), list(k.ScopedOrganizations), maybeUS(k.LastRolledAt))
	return touched("change key", "No such key.", n, err)
}

// KeyByHash finds a key by the SHA-256 of its clear text.
func (s *Store) KeyByHash(ctx context.Context, hash [32]byte) (account.Key, error) {
	st, err := s.main.stmt(ctx, s.main.r, `
select `+keyColumns+`
  from api_key
 where hash = $1`)
	if err != nil {
		return account.Key{}, fault("find key", err)
	}
	k, err := scanKey(st.QueryRowContext(ctx, hash[:]))
	if err != nil {
		return account.Key{}, fault("find key", err)
	}
	return k, nil
}

// Keys lists a user's keys, newest first.
func (s *Store) Keys(ctx context.Context, user cdp.UserID) ([]account.Key, error) {
	rows, err := s.main.query(ctx, `
select `+keyColumns+`
  from api_key
 where user_id = $1
 order by created_at_us desc, id desc`, int64(user))
	ks, err := collect(rows, err, scanKey)
	return ks, fault("list keys", err)
}

// DeleteKey removes a user's key; another user's is not found.
func (s *Store) DeleteKey(ctx context.Context, user cdp.UserID, id string) error {
	n, err := s.main.exec(ctx, `delete from api_key where user_id = $1 and id = $2`, int64(user), id)
	return touched("delete key", "No such key.", n, err)
}

// TouchKey keeps when a key was last used. How often is for the caller to
// say; a key that is gone is no error.
func (s *Store) TouchKey(ctx context.Context, id string, when time.Time) error {
	_, err := s.main.exec(ctx, `update api_key set last_used_at_us = $2 where id = $1`, id, us(when))
	return fault("touch key", err)
}
