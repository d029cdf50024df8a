package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"

	"hogpen/cdp"
)

const actionColumns = `id, project_id, name, description, tags, post_to_slack, slack_message_format, steps, bytecode_error, deleted,
       created_at_us, created_by, calculated_at_us`

func scanAction(r scanner) (a cdp.Action, err error) {
	var tags, steps string
	var created, calculated int64
	err = r.Scan(&a.ID, &a.Project, &a.Name, &a.Description, &tags, &a.PostToSlack, &a.SlackMessageFormat, &steps, &a.BytecodeError,
		&a.Deleted, &created, &a.CreatedBy, &calculated)
	if err != nil {
		return a, err
	}
	a.Steps, a.CreatedAt, a.CalculatedAt = json.RawMessage(steps), at(created), at(calculated)
	return a, decode(tags, &a.Tags)
}

// Action finds an action, deleted or not.
func (s *Store) Action(ctx context.Context, project cdp.ProjectID, id int64) (cdp.Action, error) {
	st, err := s.main.stmt(ctx, s.main.r, `
select `+actionColumns+`
  from action
 where id = $2 and project_id = $1`)
	if err != nil {
		return cdp.Action{}, fault("find action", err)
	}
	a, err := scanAction(st.QueryRowContext(ctx, int64(project), id))
	return a, fault("find action", err)
}

// CreateAction stores a new action and gives it its number. A name that
// another one of the project has is Invalid.
func (s *Store) CreateAction(ctx context.Context, a cdp.Action) (cdp.Action, error) {
	tags, err := encode(a.Tags)
	if err != nil {
		return a, err
	}
	err = s.main.tx(ctx, "create action", func(tx *sql.Tx) error {
		if err := actionNameIsFree(ctx, tx, &a); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `
insert into action (project_id, name, description, tags, post_to_slack, slack_message_format, steps, bytecode_error, deleted,
       created_at_us, created_by, calculated_at_us, folded)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
returning id`, int64(a.Project), a.Name, a.Description, tags, a.PostToSlack, a.SlackMessageFormat, rawOr(a.Steps, "[]"), a.BytecodeError,
			a.Deleted, us(a.CreatedAt), int64(a.CreatedBy), us(a.CalculatedAt), foldedName(a.Name)).Scan(&a.ID)
	})
	return a, err
}

// UpdateAction stores a; who made it, and when, is not written.
func (s *Store) UpdateAction(ctx context.Context, a cdp.Action) error {
	tags, err := encode(a.Tags)
	if err != nil {
		return err
	}
	return s.main.tx(ctx, "change action", func(tx *sql.Tx) error {
		if err := actionNameIsFree(ctx, tx, &a); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `
update action
   set name = $3, description = $4, tags = $5, post_to_slack = $6, slack_message_format = $7, steps = $8, bytecode_error = $9,
       deleted = $10, calculated_at_us = $11, folded = $12
 where id = $1 and project_id = $2`, a.ID, int64(a.Project), a.Name, a.Description, tags, a.PostToSlack, a.SlackMessageFormat,
			rawOr(a.Steps, "[]"), a.BytecodeError, a.Deleted, us(a.CalculatedAt), foldedName(a.Name))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		return touched("change action", "There is no such action.", n, err)
	})
}

// actionNameIsFree refuses a name that another action has which is not deleted.
func actionNameIsFree(ctx context.Context, tx *sql.Tx, a *cdp.Action) error {
	if a.Deleted || a.Name == nil || *a.Name == "" {
		return nil
	}
	var other int64
	err := tx.QueryRowContext(ctx, `
select id
  from action
 where project_id = $1 and name = $2 and deleted = 0 and id <> $3`, int64(a.Project), *a.Name, a.ID).Scan(&other)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return cdp.Errorf(cdp.Invalid, "name", "This project already has an action with this name, ID %d", other).WithAPICode("unique")
}

// Actions lists a project's actions that are not deleted, the one saved last
// first, and counts all that match.
func (s *Store) Actions(ctx context.Context, q cdp.ListQuery) ([]cdp.Action, int, error) {
	w := listWhere(q)
	var n int
	if err := s.main.row(ctx, `select count(*) from action where `+w.String(), w.args, &n); err != nil {
		return nil, 0, fault("count actions", err)
	}
	text := `
select ` + actionColumns + `
  from action
 where ` + w.String() + `
 order by calculated_at_us desc, id desc
 limit ` + w.bind(limitOr(q.Limit, 100)) + ` offset ` + w.bind(q.Offset)
	rows, err := s.main.query(ctx, text, w.args...)
	as, err := collect(rows, err, scanAction)
	return as, n, fault("list actions", err)
}

// listWhere are the conditions of a list of actions or cohorts.
func listWhere(q cdp.ListQuery) *where {
	w := &where{}
	w.add("project_id = ? and deleted = 0", int64(q.Project))
	w.folded(q.Search)
	return w
}

// folded asks for each word of a search within the folded name.
func (w *where) folded(search string) {
	if words := strings.Fields(fold(search)); len(words) > 0 {
		w.add("not exists (select 1 from json_each(?) word where instr(folded, word.value) = 0)", list(words))
	}
}

// foldedName is a name as searches compare it.
func foldedName(name *string) string {
	if name == nil {
		return ""
	}
	return fold(*name)
}

const cohortColumns = `id, project_id, name, description, filters, is_static, deleted, created_at_us, created_by`

func scanCohort(r scanner) (c cdp.Cohort, err error) {
	var filters string
	var created int64
	err = r.Scan(&c.ID, &c.Project, &c.Name, &c.Description, &filters, &c.Static, &c.Deleted, &created, &c.CreatedBy)
	c.Filters, c.CreatedAt = json.RawMessage(filters), at(created)
	return c, err
}

// Cohort finds a cohort that is not deleted.
func (s *Store) Cohort(ctx context.Context, project cdp.ProjectID, id int64) (cdp.Cohort, error) {
	c, err := s.CohortAny(ctx, project, id)
	if err == nil && c.Deleted {
		return cdp.Cohort{}, cdp.Errorf(cdp.NotFound, "", "There is no such cohort.")
	}
	return c, err
}

// CohortAny finds a cohort, deleted or not.
func (s *Store) CohortAny(ctx context.Context, project cdp.ProjectID, id int64) (cdp.Cohort, error) {
	st, err := s.main.stmt(ctx, s.main.r, `
select `+cohortColumns+`
  from cohort
 where id = $2 and project_id = $1`)
	if err != nil {
		return cdp.Cohort{}, fault("find cohort", err)
	}
	c, err := scanCohort(st.QueryRowContext(ctx, int64(project), id))
	return c, fault("find cohort", err)
}

// CreateCohort stores a new cohort and gives it its number.
func (s *Store) CreateCohort(ctx context.Context, c cdp.Cohort) (cdp.Cohort, error) {
	err := s.main.tx(ctx, "create cohort", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
insert into cohort (project_id, name, description, filters, is_static, deleted, created_at_us, created_by, folded)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id`, int64(c.Project), c.Name, c.Description, rawOr(c.Filters, "{}"), c.Static, c.Deleted, us(c.CreatedAt), int64(c.CreatedBy),
			foldedName(c.Name)).Scan(&c.ID)
	})
	return c, err
}

// UpdateCohort stores c; who made it, and when, is not written.
func (s *Store) UpdateCohort(ctx context.Context, c cdp.Cohort) error {
	n, err := s.main.exec(ctx, `
update cohort
   set name = $3, description = $4, filters = $5, is_static = $6, deleted = $7, folded = $8
 where id = $1 and project_id = $2`, c.ID, int64(c.Project), c.Name, c.Description, rawOr(c.Filters, "{}"), c.Static, c.Deleted, foldedName(c.Name))
	return touched("change cohort", "There is no such cohort.", n, err)
}

// Cohorts lists a project's cohorts that are not deleted, newest first, and
// counts all that match.
func (s *Store) Cohorts(ctx context.Context, q cdp.ListQuery) ([]cdp.Cohort, int, error) {
	w := listWhere(q)
	var n int
	if err := s.main.row(ctx, `select count(*) from cohort where `+w.String(), w.args, &n); err != nil {
		return nil, 0, fault("count cohorts", err)
	}
	text := `
select ` + cohortColumns + `
  from cohort
 where ` + w.String() + `
 order by created_at_us desc, id desc
 limit ` + w.bind(limitOr(q.Limit, 100)) + ` offset ` + w.bind(q.Offset)
	rows, err := s.main.query(ctx, text, w.args...)
	cs, err := collect(rows, err, scanCohort)
	return cs, n, fault("list cohorts", err)
}
