package db

import (
	"context"
	"database/sql"
	"strings"

	"hogpen/account"
	"hogpen/cdp"
)

// HasUsers reports whether anybody can sign in yet.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	var has bool
	err := s.main.row(ctx, `select exists (select 1 from app_user)`, nil, &has)
	return has, fault("look for users", err)
}

// CreateFirstOwner sets up an empty database in one transaction: u owns p,
// which belongs to o, and holds k unless k has no ID. It returns u and p with
// their numbers. The error is a Conflict when there is a user already.
func (s *Store) CreateFirstOwner(ctx context.Context, u account.User, o account.Organization, p cdp.Project, k account.Key) (account.User, cdp.Project, error) {
	err := s.main.tx(ctx, "set up", func(tx *sql.Tx) (err error) {
		var taken bool
		if err := tx.QueryRowContext(ctx, `select exists (select 1 from app_user)`).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return cdp.Errorf(cdp.Conflict, "", "Hogpen is already set up. Sign in instead.")
		}
		if err := insertOrganization(ctx, tx, o); err != nil {
			return err
		}
		p.OrganizationID = o.ID
		if p, err = insertProject(ctx, tx, p); err != nil {
			return err
		}
		u.CurrentProject = p.ID
		if u, err = insertUser(ctx, tx, u); err != nil {
			return err
		}
		if err := insertMember(ctx, tx, account.Membership{Project: p.ID, User: u.ID, Role: account.Owner}); err != nil {
			return err
		}
		if k.ID == "" {
			return nil
		}
		k.User = u.ID
		return insertKey(ctx, tx, k)
	})
	if err != nil {
		return account.User{}, cdp.Project{}, err
	}
	return u, p, nil
}

// CreateUser stores a new user and returns it with its number. The error is a
// Conflict with field email when the address is taken.
func (s *Store) CreateUser(ctx context.Context, u account.User) (account.User, error) {
	err := s.main.tx(ctx, "create user", func(tx *sql.Tx) (err error) {
		u, err = insertUser(ctx, tx, u)
		return err
	})
	if err != nil {
		return account.User{}, conflict(err, "email", "There is already a user with this e-mail address.")
	}
	return u, nil
}

func insertUser(ctx context.Context, tx *sql.Tx, u account.User) (account.User, error) {
	u.Email = strings.ToLower(u.Email)
	if u.Theme == "" {
		u.Theme = "auto"
	}
	err := tx.QueryRowContext(ctx, `
insert into app_user (uuid, distinct_id, email, first_name, last_name, password_hash, theme, current_project_id, created_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id`, u.UUID, u.DistinctID, u.Email, u.FirstName, u.LastName, u.PasswordHash, u.Theme,
		maybeID(u.CurrentProject), us(u.CreatedAt)).Scan(&u.ID)
	return u, err
}

// maybeID stores the number 0 as null.
func maybeID[T ~int64](id T) any {
	if id == 0 {
		return nil
	}
	return int64(id)
}

const userColumns = `id, uuid, distinct_id, email, first_name, last_name, password_hash, theme, coalesce(current_project_id, 0), created_at_us`

func scanUser(r scanner) (u account.User, err error) {
	var created int64
	err = r.Scan(&u.ID, &u.UUID, &u.DistinctID, &u.Email, &u.FirstName, &u.LastName, &u.PasswordHash, &u.Theme, &u.CurrentProject, &created)
	u.CreatedAt = at(created)
	return u, err
}

// User finds a user by number.
func (s *Store) User(ctx context.Context, id cdp.UserID) (account.User, error) {
	return s.oneUser(ctx, `
select `+userColumns+`
  from app_user
 where id = $1`, int64(id))
}

// UserByEmail finds a user by e-mail address, in any case.
func (s *Store) UserByEmail(ctx context.Context, email string) (account.User, error) {
	return s.oneUser(ctx, `
select `+userColumns+`
  from app_user
 where email = $1`, strings.ToLower(email))
}

// UserByUUID finds a user by UUID, which the API uses in places.
func (s *Store) UserByUUID(ctx context.Context, uuid string) (account.User, error) {
	return s.oneUser(ctx, `
select `+userColumns+`
  from app_user
 where uuid = $1`, uuid)
}

func (s *Store) oneUser(ctx context.Context, text string, arg any) (account.User, error) {
	st, err := s.main.stmt(ctx, s.main.r, text)
	if err != nil {
		return account.User{}, fault("find user", err)
	}
	u, err := scanUser(st.QueryRowContext(ctx, arg))
	if err != nil {
		return account.User{}, fault("find user", err)
	}
	return u, nil
}

// Users lists all users in the order they came.
func (s *Store) Users(ctx context.Context) ([]account.User, error) {
	rows, err := s.main.query(ctx, `
select `+userColumns+`
  from app_user
 order by id`)
	us, err := collect(rows, err, scanUser)
	return us, fault("list users", err)
}

// UsersByID finds the users with these numbers; unknown ones, and 0, are left
// out.
func (s *Store) UsersByID(ctx context.Context, ids []cdp.UserID) (map[cdp.UserID]account.User, error) {
	rows, err := s.main.query(ctx, `
select `+userColumns+`
  from app_user
 where id in (select value from json_each($1))`, list(ids))
	us, err := collect(rows, err, scanUser)
	if err != nil {
		return nil, fault("find users", err)
	}
	out := make(map[cdp.UserID]account.User, len(us))
	for _, u := range us {
		out[u.ID] = u
	}
	return out, nil
}

// SetPassword replaces a user's password hash.
func (s *Store) SetPassword(ctx context.Context, id cdp.UserID, hash string) error {
	return s.changeUser(ctx, `update app_user set password_hash = $2 where id = $1`, id, hash)
}

// SetName replaces a user's first and last name.
func (s *Store) SetName(ctx context.Context, id cdp.UserID, first, last string) error {
	return s.changeUser(ctx, `update app_user set first_name = $2, last_name = $3 where id = $1`, id, first, last)
}

// SetTheme keeps which look a user chose: auto, light or dark.
func (s *Store) SetTheme(ctx context.Context, id cdp.UserID, theme string) error {
	return s.changeUser(ctx, `update app_user set theme = $2 where id = $1`, id, theme)
}

// SetCurrentProject keeps which project a user looked at last.
func (s *Store) SetCurrentProject(ctx context.Context, id cdp.UserID, project cdp.ProjectID) error {
	return s.changeUser(ctx, `update app_user set current_project_id = $2 where id = $1`, id, maybeID(project))
}

func (s *Store) changeUser(ctx context.Context, text string, id cdp.UserID, args ...any) error {
	n, err := s.main.exec(ctx, text, append([]any{int64(id)}, args...)...)
	return touched("change user", "No such user.", n, err)
}

// touched makes an update that met no row a NotFound.
func touched(what, missing string, n int64, err error) error {
	if err != nil {
		return fault(what, err)
	}
	if n == 0 {
		return cdp.Errorf(cdp.NotFound, "", "%s", missing)
	}
	return nil
}
