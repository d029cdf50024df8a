package db

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"hogpen/cdp"
)

// nextChange is the change number of the next write to hog_function. There is
// one writer, so the numbers grow in the order of commits.
const nextChange = `(select coalesce(max(change), 0) + 1 from hog_function)`

const insertFunction = `
insert into hog_function (id, project_id, type, enabled, deleted, execution_order, version, updated_at_us, updated_by,
       name, template_id, folder, icon_url, description, inputs_schema, inputs, filters, masking, mappings, sealed,
       hog, bytecode, transpiled, created_at_us, created_by, change)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
       ` + nextChange + `)`

// CreateFunction stores a new function and its first revision, and sets
// f.Version to 1. The error is a Conflict when the ID is taken, a NotFound
// when the project does not exist.
func (s *Store) CreateFunction(ctx context.Context, f *cdp.Function) error {
	return s.createFunction(ctx, f, nil)
}

// CreateFunctionNoted is CreateFunction, with an activity entry in the same
// transaction.
func (s *Store) CreateFunctionNoted(ctx context.Context, f *cdp.Function, note cdp.Activity) error {
	return s.createFunction(ctx, f, &note)
}

func (s *Store) createFunction(ctx context.Context, f *cdp.Function, note *cdp.Activity) error {
	row := *f
	row.Version = 1
	sv, err := s.newSave(ctx, "create function", insertFunction, &row, note)
	if err != nil {
		return err
	}
	err = sv.commit(ctx, sv.args, func(*sql.Tx) error { return nil })
	if err != nil {
		return conflict(err, "id", "There is already a function with this ID.")
	}
	f.Version = 1
	return nil
}

// save is a function about to be written, with its revision and perhaps an
// activity entry, all in one transaction. Everything is made ready before it
// begins, so that others who write wait as short as may be.
type save struct {
	main                      *pool
	what                      string
	row                       *cdp.Function
	args                      []any
	content                   string
	note                      *cdp.Activity // nil is none
	write, revision, activity *sql.Stmt
}

func (s *Store) newSave(ctx context.Context, what, text string, row *cdp.Function, note *cdp.Activity) (*save, error) {
	sv := &save{main: s.main, what: what, row: row, note: note}
	var err error
	if sv.args, err = functionArgs(row); err != nil {
		return nil, err
	}
	if sv.content, err = contentOf(row); err != nil {
		return nil, err
	}
	for _, st := range []struct {
		text string
		into **sql.Stmt
	}{{text, &sv.write}, {insertRevisionText, &sv.revision}, {insertActivity, &sv.activity}} {
		if *st.into, err = s.main.stmt(ctx, s.main.w, st.text); err != nil {
			return nil, fault(what, err)
		}
	}
	return sv, nil
}

// commit writes everything; unmet says what it means that no row was written.
func (sv *save) commit(ctx context.Context, args []any, unmet func(*sql.Tx) error) error {
	return sv.main.tx(ctx, sv.what, func(tx *sql.Tx) error {
		res, err := tx.StmtContext(ctx, sv.write).ExecContext(ctx, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return unmet(tx)
		}
		if _, err := tx.StmtContext(ctx, sv.revision).ExecContext(ctx, revisionArgs(sv.row, sv.content)...); err != nil {
			return err
		}
		if sv.note == nil {
			return nil
		}
		_, err = tx.StmtContext(ctx, sv.activity).ExecContext(ctx, activityArgs(sv.note)...)
		return err
	})
}

// A stale save, or one from another project, changes no row. Who made the
// function, and when, is not written.
const updateFunction = `
update hog_function
   set type = $3, enabled = $4, deleted = $5, execution_order = $6, version = $7, updated_at_us = $8, updated_by = $9,
       name = $10, template_id = $11, folder = $12, icon_url = $13, description = $14,
       inputs_schema = $15, inputs = $16, filters = $17, masking = $18, mappings = $19, sealed = $20,
       hog = $21, bytecode = $22, transpiled = $23, change = ` + nextChange + `
 where id = $1 and project_id = $2 and version = $24`

// UpdateFunction stores f in place of version base and adds a revision; on
// success f.Version is base + 1. The error is a Conflict when the stored
// version is no longer base, a NotFound when there is no such function in
// f.Project. Deleted functions can be updated: that is how they come back.
func (s *Store) UpdateFunction(ctx context.Context, f *cdp.Function, base int) error {
	return s.updateFunction(ctx, f, base, nil)
}

// UpdateFunctionNoted is UpdateFunction, with an activity entry in the same
// transaction.
func (s *Store) UpdateFunctionNoted(ctx context.Context, f *cdp.Function, base int, note cdp.Activity) error {
	return s.updateFunction(ctx, f, base, &note)
}

func (s *Store) updateFunction(ctx context.Context, f *cdp.Function, base int, note *cdp.Activity) error {
	row := *f
	row.Version = base + 1
	sv, err := s.newSave(ctx, "update function", updateFunction, &row, note)
	if err != nil {
		return err
	}
	err = sv.commit(ctx, append(sv.args[:len(sv.args)-2], base), func(tx *sql.Tx) error {
		return stale(ctx, tx, f.Project, f.ID)
	})
	if err == nil {
		f.Version = row.Version
	}
	return err
}

// SaveFilters stores the compiled filters of functions and of their mappings
// beside their present versions, in one transaction. One that was saved since,
// or is gone, stays as it is.
func (s *Store) SaveFilters(ctx context.Context, fs []*cdp.Function) error {
	return s.main.tx(ctx, "save filters", func(tx *sql.Tx) error {
		return eachOf(ctx, tx, `
update hog_function
   set filters = $1, mappings = $2, transpiled = $3, change = `+nextChange+`
 where id = $4 and project_id = $5 and version = $6`, fs, func(f *cdp.Function) ([]any, error) {
			t, err := functionTexts(f)
			return []any{t.filters, t.mappings, f.Transpiled, string(f.ID), int64(f.Project), f.Version}, err
		})
	})
}

// ProjectFunctions lists a project's functions that are not deleted, by id.
func (s *Store) ProjectFunctions(ctx context.Context, project cdp.ProjectID) ([]*cdp.Function, error) {
	rows, err := s.main.query(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.project_id = $1 and f.deleted = 0
 order by f.id`, int64(project))
	fs, err := collect(rows, err, scanFunction)
	return fs, fault("load the functions of a project", err)
}

// SiteScripts gives the scripts of a project's enabled site functions, oldest
// first. Those without a script are left out.
func (s *Store) SiteScripts(ctx context.Context, project cdp.ProjectID) ([]cdp.SiteScript, error) {
	rows, err := s.main.query(ctx, `
select f.id, f.transpiled
  from hog_function f
 where f.project_id = $1 and f.deleted = 0 and f.enabled = 1
   and f.type in ('site_destination', 'site_app') and f.transpiled is not null
 order by f.created_at_us, f.id`, int64(project))
	scripts, err := collect(rows, err, func(row scanner) (one cdp.SiteScript, err error) {
		err = row.Scan(&one.ID, &one.Script)
		return one, err
	})
	return scripts, fault("load the site functions of a project", err)
}

// stale tells why an update met no row: the function is newer, or not there.
func stale(ctx context.Context, tx *sql.Tx, project cdp.ProjectID, id cdp.FunctionID) error {
	var version int
	err := tx.QueryRowContext(ctx, `
select version
  from hog_function
 where project_id = $1 and id = $2`, int64(project), string(id)).Scan(&version)
	if err != nil {
		return err
	}
	return cdp.Errorf(cdp.Conflict, "", "Somebody else saved this function meanwhile; it is now at version %d. Load it again, or save over it.", version)
}

// Function finds a function that is not deleted.
func (s *Store) Function(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error) {
	return s.oneFunction(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.id = $2 and f.project_id = $1 and f.deleted = 0`, project, id)
}

// FunctionAny finds a function, deleted or not.
func (s *Store) FunctionAny(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error) {
	return s.oneFunction(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.id = $2 and f.project_id = $1`, project, id)
}

func (s *Store) oneFunction(ctx context.Context, text string, project cdp.ProjectID, id cdp.FunctionID) (*cdp.Function, error) {
	st, err := s.main.stmt(ctx, s.main.r, text)
	if err != nil {
		return nil, fault("find function", err)
	}
	f, err := scanFunction(st.QueryRowContext(ctx, int64(project), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, cdp.Errorf(cdp.NotFound, "", "There is no such function.")
	}
	if err != nil {
		return nil, fault("load function "+string(id), err)
	}
	return f, nil
}

// functionsByID loads functions of a project in the order of ids; ids that
// are gone meanwhile are left out.
func (s *Store) functionsByID(ctx context.Context, project cdp.ProjectID, ids []cdp.FunctionID) ([]*cdp.Function, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.main.query(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.id in (select value from json_each($2)) and +f.project_id = $1`, int64(project), list(ids))
	fs, err := collect(rows, err, scanFunction)
	if err != nil {
		return nil, fault("load functions", err)
	}
	place := make(map[cdp.FunctionID]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(fs, func(a, b *cdp.Function) int { return place[a.ID] - place[b.ID] })
	return fs, nil
}

// EnabledFunctions lists the enabled functions of all projects, for the
// engine's start, in the order they run in.
func (s *Store) EnabledFunctions(ctx context.Context) ([]*cdp.Function, error) {
	rows, err := s.main.query(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.enabled = 1 and f.deleted = 0
 order by f.project_id, f.execution_order is null, f.execution_order, f.updated_at_us desc, f.id`)
	fs, err := collect(rows, err, scanFunction)
	return fs, fault("load enabled functions", err)
}

// FunctionsChangedSince lists the functions of all projects whose UpdatedAt is
// since or later, disabled and deleted ones too, oldest change first. Clocks of
// several processes differ: ask with some overlap.
func (s *Store) FunctionsChangedSince(ctx context.Context, since time.Time) ([]*cdp.Function, error) {
	rows, err := s.main.query(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.updated_at_us >= $1
 order by f.updated_at_us, f.id`, us(since))
	fs, err := collect(rows, err, scanFunction)
	return fs, fault("load changed functions", err)
}

// DeletedFunctions lists a project's deleted functions, last deleted first.
func (s *Store) DeletedFunctions(ctx context.Context, project cdp.ProjectID, limit int) ([]*cdp.Function, error) {
	rows, err := s.main.query(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.project_id = $1 and f.deleted = 1
 order by f.updated_at_us desc, f.id
 limit $2`, int64(project), limitOr(limit, 100))
	fs, err := collect(rows, err, scanFunction)
	return fs, fault("load deleted functions", err)
}

// limitOr gives the limit to use where 0 asks for the default.
func limitOr(limit, def int) int {
	if limit <= 0 {
		return def
	}
	return limit
}

// TemplateUsage counts, over all projects, the functions made from each
// template.
func (s *Store) TemplateUsage(ctx context.Context) (map[string]int, error) {
	rows, err := s.main.query(ctx, `
select template_id, count(*)
  from hog_function
 where template_id <> '' and deleted = 0
 group by template_id`)
	if err != nil {
		return nil, fault("count templates", err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, fault("count templates", err)
		}
		out[id] = n
	}
	return out, fault("count templates", rows.Err())
}

// Rearrange gives transformations new places in the order of execution, in
// one transaction: all or none. Only those whose place differs are written;
// they are returned, in the order of their IDs. An ID that is not a
// transformation of the project, or is deleted, is Invalid.
func (s *Store) Rearrange(ctx context.Context, project cdp.ProjectID, orders map[cdp.FunctionID]int, by cdp.UserID, when time.Time) ([]cdp.FunctionID, error) {
	var changed []cdp.FunctionID
	err := s.main.tx(ctx, "rearrange functions", func(tx *sql.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(orders)) {
			moved, err := moveFunction(ctx, tx, project, id, orders[id], by, when)
			if err != nil {
				return err
			}
			if moved {
				changed = append(changed, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// moveFunction sets one function's place and says whether that was a change.
func moveFunction(ctx context.Context, tx *sql.Tx, project cdp.ProjectID, id cdp.FunctionID, order int, by cdp.UserID, when time.Time) (bool, error) {
	f, err := scanFunction(tx.QueryRowContext(ctx, `
select `+functionColumns+`
  from hog_function f
 where f.id = $2 and f.project_id = $1 and f.deleted = 0 and f.type = 'transformation'`, int64(project), string(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return false, cdp.Errorf(cdp.Invalid, "", "HogFunction with id %s does not exist", id)
	}
	if err != nil {
		return false, err
	}
	if f.ExecutionOrder != nil && *f.ExecutionOrder == order {
		return false, nil
	}
	f.ExecutionOrder, f.UpdatedBy, f.UpdatedAt = &order, by, when
	f.Version++
	if _, err := tx.ExecContext(ctx, `
update hog_function
   set execution_order = $2, updated_by = $3, updated_at_us = $4, version = $5, change = `+nextChange+`
 where id = $1`, string(id), order, int64(by), us(when), f.Version); err != nil {
		return false, err
	}
	return true, insertRevision(ctx, tx, f)
}
