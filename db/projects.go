package db

import (
	"context"
	"database/sql"
	"encoding/json"

	"hogpen/account"
	"hogpen/cdp"
)

func insertOrganization(ctx context.Context, tx *sql.Tx, o account.Organization) error {
	_, err := tx.ExecContext(ctx, `
insert into organization (id, name, slug, created_at_us)
values ($1, $2, $3, $4)`, o.ID, o.Name, o.Slug, us(o.CreatedAt))
	return err
}

// Organizations lists the organizations a user is a member of, oldest first.
func (s *Store) Organizations(ctx context.Context, user cdp.UserID) ([]account.Organization, error) {
	rows, err := s.main.query(ctx, `
select o.id, o.name, o.slug, o.created_at_us
  from organization_member m
  join organization o on o.id = m.organization_id
 where m.user_id = $1
 order by o.created_at_us, o.id`, int64(user))
	os, err := collect(rows, err, func(r scanner) (o account.Organization, err error) {
		var created int64
		err = r.Scan(&o.ID, &o.Name, &o.Slug, &created)
		o.CreatedAt = at(created)
		return o, err
	})
	return os, fault("list organizations", err)
}

const projectColumns = `p.id, p.uuid, p.organization_id, p.name, p.token, p.timezone, p.test_account_filters, p.settings, p.created_at_us, p.updated_at_us`

func scanProject(r scanner) (p cdp.Project, err error) {
	var filters, settings string
	var created, updated int64
	err = r.Scan(&p.ID, &p.UUID, &p.OrganizationID, &p.Name, &p.Token, &p.Timezone, &filters, &settings, &created, &updated)
	p.TestAccountFilters, p.Settings = json.RawMessage(filters), json.RawMessage(settings)
	p.CreatedAt, p.UpdatedAt = at(created), at(updated)
	return p, err
}

// CreateProject stores a project of p.OrganizationID and returns it with its
// number. by becomes its owner, unless 0. The error is a Conflict when the
// token is taken, a NotFound when the organization is unknown.
func (s *Store) CreateProject(ctx context.Context, p cdp.Project, by cdp.UserID) (cdp.Project, error) {
	err := s.main.tx(ctx, "create project", func(tx *sql.Tx) (err error) {
		if p, err = insertProject(ctx, tx, p); err != nil || by == 0 {
			return err
		}
		return insertMember(ctx, tx, account.Membership{Project: p.ID, User: by, Role: account.Owner})
	})
	if err != nil {
		return cdp.Project{}, conflict(err, "token", "There is already a project with this token.")
	}
	return p, nil
}

func insertProject(ctx context.Context, tx *sql.Tx, p cdp.Project) (cdp.Project, error) {
	if p.Timezone == "" {
		p.Timezone = "UTC"
	}
	p.TestAccountFilters = json.RawMessage(rawOr(p.TestAccountFilters, "[]"))
	p.Settings = json.RawMessage(rawOr(p.Settings, "{}"))
	if p.UpdatedAt.IsZero() {
		p.UpdatedAt = p.CreatedAt
	}
	err := tx.QueryRowContext(ctx, `
insert into project (uuid, organization_id, name, token, timezone, test_account_filters, settings, created_at_us, updated_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id`, p.UUID, p.OrganizationID, p.Name, p.Token, p.Timezone, string(p.TestAccountFilters), string(p.Settings),
		us(p.CreatedAt), us(p.UpdatedAt)).Scan(&p.ID)
	return p, err
}

// UpdateProject stores a project's name, token, time zone, test account
// filters and settings. The error is a Conflict when the token is taken.
func (s *Store) UpdateProject(ctx context.Context, p cdp.Project) error {
	n, err := s.main.exec(ctx, `
update project
   set name = $2, token = $3, timezone = $4, test_account_filters = $5, settings = $6, updated_at_us = $7
 where id = $1`, int64(p.ID), p.Name, p.Token, p.Timezone, rawOr(p.TestAccountFilters, "[]"), rawOr(p.Settings, "{}"), us(p.UpdatedAt))
	return conflict(touched("change project", "No such project.", n, err), "token", "There is already a project with this token.")
}

// Project finds a project by number.
func (s *Store) Project(ctx context.Context, id cdp.ProjectID) (cdp.Project, error) {
	return s.oneProject(ctx, `
select `+projectColumns+`
  from project p
 where p.id = $1`, int64(id))
}

// ProjectByToken finds a project by its public token.
func (s *Store) ProjectByToken(ctx context.Context, token string) (cdp.Project, error) {
	return s.oneProject(ctx, `
select `+projectColumns+`
  from project p
 where p.token = $1`, token)
}

func (s *Store) oneProject(ctx context.Context, text string, arg any) (cdp.Project, error) {
	st, err := s.main.stmt(ctx, s.main.r, text)
	if err != nil {
		return cdp.Project{}, fault("find project", err)
	}
	p, err := scanProject(st.QueryRowContext(ctx, arg))
	if err != nil {
		return cdp.Project{}, fault("find project", err)
	}
	return p, nil
}

// Projects lists the projects a user has a role in, oldest first.
func (s *Store) Projects(ctx context.Context, user cdp.UserID) ([]cdp.Project, error) {
	rows, err := s.main.query(ctx, `
select `+projectColumns+`
  from membership m
  join project p on p.id = m.project_id
 where m.user_id = $1
 order by p.id`, int64(user))
	ps, err := collect(rows, err, scanProject)
	return ps, fault("list projects", err)
}

// AllProjects lists every project: the engine's and the tokens' view.
func (s *Store) AllProjects(ctx context.Context) ([]cdp.Project, error) {
	rows, err := s.main.query(ctx, `
select `+projectColumns+`
  from project p
 order by p.id`)
	ps, err := collect(rows, err, scanProject)
	return ps, fault("list projects", err)
}

// Membership gives a user's role in a project; NotFound when there is none.
func (s *Store) Membership(ctx context.Context, project cdp.ProjectID, user cdp.UserID) (account.Role, error) {
	var role account.Role
	err := s.main.row(ctx, `
select role
  from membership
 where project_id = $1 and user_id = $2`, []any{int64(project), int64(user)}, &role)
	return role, fault("find membership", err)
}

// Members lists who has a role in a project, in the order users came.
func (s *Store) Members(ctx context.Context, project cdp.ProjectID) ([]account.Membership, error) {
	rows, err := s.main.query(ctx, `
select project_id, user_id, role
  from membership
 where project_id = $1
 order by user_id`, int64(project))
	ms, err := collect(rows, err, func(r scanner) (m account.Membership, err error) {
		err = r.Scan(&m.Project, &m.User, &m.Role)
		return m, err
	})
	return ms, fault("list members", err)
}

// SetMembership gives a user a role in a project, in place of an earlier one.
// A project or user that does not exist is a NotFound.
func (s *Store) SetMembership(ctx context.Context, m account.Membership) error {
	return s.main.tx(ctx, "set membership", func(tx *sql.Tx) error { return insertMember(ctx, tx, m) })
}

// RemoveMembership takes a user's role in a project away; NotFound when there
// is none.
func (s *Store) RemoveMembership(ctx context.Context, project cdp.ProjectID, user cdp.UserID) error {
	n, err := s.main.exec(ctx, `
delete from membership
 where project_id = $1 and user_id = $2`, int64(project), int64(user))
	return touched("remove membership", "This user is no member of the project.", n, err)
}

// insertMember also makes the user a member of the project's organization.
func insertMember(ctx context.Context, tx *sql.Tx, m account.Membership) error {
	if _, err := tx.ExecContext(ctx, `
insert into membership (project_id, user_id, role)
values ($1, $2, $3)
on conflict (project_id, user_id) do update
   set role = excluded.role`, int64(m.Project), int64(m.User), string(m.Role)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
insert into organization_member (organization_id, user_id)
select organization_id, $2
  from project
 where id = $1
on conflict (organization_id, user_id) do nothing`, int64(m.Project), int64(m.User))
	return err
}
