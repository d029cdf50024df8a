package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"hogpen/cdp"
)

const personOf = `
select coalesce(d.person_id, $3), p.id is not null, coalesce(p.distinct_id, ''), coalesce(p.properties, '{}'),
       coalesce(p.identified, 0), coalesce(p.created_at_us, 0), coalesce(p.updated_at_us, 0)
  from (select 1)
  left join person_distinct_id d on d.project_id = $1 and d.distinct_id = $2
  left join person p on p.project_id = $1 and p.id = coalesce(d.person_id, $3)`

// PersonOf gives the person of a distinct ID. computed is the ID of a person
// whose first distinct ID it is; found is false when nothing is stored of the
// person, who then has an ID only.
func (s *Store) PersonOf(ctx context.Context, project cdp.ProjectID, distinctID string, computed cdp.PersonID) (p cdp.Person, found bool, err error) {
	p.Project = project
	var props string
	var created, updated int64
	err = s.persons.row(ctx, personOf, []any{project, distinctID, computed}, &p.ID, &found, &p.DistinctID, &props, &p.Identified, &created, &updated)
	p.Properties, p.CreatedAt, p.UpdatedAt = json.RawMessage(props), at(created), at(updated)
	return p, found, fault("read a person", err)
}

const distinctIDsOf = `
select distinct_id from person where project_id = $1 and id = $2
union
select distinct_id from person_distinct_id where project_id = $1 and person_id = $2
order by distinct_id`

// DistinctIDs lists all distinct IDs of a person.
func (s *Store) DistinctIDs(ctx context.Context, project cdp.ProjectID, id cdp.PersonID) ([]string, error) {
	rows, err := s.persons.query(ctx, distinctIDsOf, project, id)
	all, err := collect(rows, err, func(r scanner) (d string, err error) { return d, r.Scan(&d) })
	return all, fault("list a person's distinct IDs", err)
}

const groupTypes = `
select idx, name from group_type where project_id = $1 order by idx`

// GroupTypes lists a project's types of groups by their index.
func (s *Store) GroupTypes(ctx context.Context, project cdp.ProjectID) ([]cdp.GroupType, error) {
	rows, err := s.persons.query(ctx, groupTypes, project)
	all, err := collect(rows, err, func(r scanner) (g cdp.GroupType, err error) {
		g.Project = project
		return g, r.Scan(&g.Index, &g.Name)
	})
	return all, fault("list the group types", err)
}

const groupRow = `
select properties, created_at_us, updated_at_us
  from project_group
 where project_id = $1 and idx = $2 and key = $3`

// Group gives a group; found is false when nothing is stored of it.
func (s *Store) Group(ctx context.Context, project cdp.ProjectID, index int, key string) (g cdp.Group, found bool, err error) {
	g = cdp.Group{Project: project, Index: index, Key: key}
	var props string
	var created, updated int64
	err = s.persons.row(ctx, groupRow, []any{project, index, key}, &props, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return g, false, nil
	}
	g.Properties, g.CreatedAt, g.UpdatedAt = json.RawMessage(props), at(created), at(updated)
	return g, true, fault("read a group", err)
}

const (
	keepDistinctID = `
insert into person_distinct_id (project_id, distinct_id, person_id)
values ($1, $2, $3)
on conflict (project_id, distinct_id) do update
   set person_id = excluded.person_id`

	moveDistinctIDs = `
update person_distinct_id
   set person_id = $3
 where project_id = $1 and person_id = $2`

	removePerson = `
delete from person
 where project_id = $1 and id = $2`

	keepPerson = `
insert into person (project_id, id, distinct_id, properties, identified, created_at_us, updated_at_us)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (project_id, id) do update
   set properties = excluded.properties, identified = excluded.identified, created_at_us = excluded.created_at_us,
       updated_at_us = excluded.updated_at_us`

	keepGroupType = `
insert into group_type (project_id, idx, name)
values ($1, $2, $3)
on conflict (project_id, idx) do nothing`

	keepGroup = `
insert into project_group (project_id, idx, key, properties, created_at_us, updated_at_us)
values ($1, $2, $3, $4, $5, $6)
on conflict (project_id, idx, key) do update
   set properties = excluded.properties, updated_at_us = excluded.updated_at_us`
)

// KeepPeople writes what a block of events changed in one transaction, which
// is synced before it returns. Writing a block twice is writing it once.
func (s *Store) KeepPeople(ctx context.Context, b *cdp.PeopleBlock) error {
	if b.Empty() {
		return nil
	}
	w := peopleWriter{ctx: ctx, pool: s.persons}
	if err := w.prepare(); err != nil {
		return fault("keep people", err)
	}
	return s.persons.tx(ctx, "keep people", func(tx *sql.Tx) error {
		w.tx = tx
		for _, d := range b.DistinctIDs {
			w.run(keepDistinctID, d.Project, d.DistinctID, d.Person)
		}
		for _, m := range b.Merges {
			w.run(moveDistinctIDs, m.Project, m.From, m.To)
			w.run(removePerson, m.Project, m.From)
		}
		for i := range b.Persons {
			p := &b.Persons[i]
			w.run(keepPerson, p.Project, p.ID, p.DistinctID, string(p.Properties), p.Identified, us(p.CreatedAt), us(p.UpdatedAt))
		}
		for _, t := range b.GroupTypes {
			w.run(keepGroupType, t.Project, t.Index, t.Name)
		}
		for i := range b.Groups {
			g := &b.Groups[i]
			w.run(keepGroup, g.Project, g.Index, g.Key, string(g.Properties), us(g.CreatedAt), us(g.UpdatedAt))
		}
		return w.err
	})
}

// peopleWriter runs prepared statements in a transaction until one fails.
type peopleWriter struct {
	ctx   context.Context
	pool  *pool
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
	err   error
}

// prepare is done before the transaction has taken the one writing connection.
func (w *peopleWriter) prepare() error {
	w.stmts = map[string]*sql.Stmt{}
	for _, text := range []string{keepDistinctID, moveDistinctIDs, removePerson, keepPerson, keepGroupType, keepGroup} {
		st, err := w.pool.stmt(w.ctx, w.pool.w, text)
		if err != nil {
			return err
		}
		w.stmts[text] = st
	}
	return nil
}

func (w *peopleWriter) run(text string, args ...any) {
	if w.err != nil {
		return
	}
	_, w.err = w.tx.StmtContext(w.ctx, w.stmts[text]).ExecContext(w.ctx, args...)
}

const personsAfter = `
select seq, id, distinct_id, properties, identified, created_at_us, updated_at_us
  from person
 where project_id = $1 and seq > $2
 order by seq
 limit $3`

// PersonsAfter gives persons behind a place, in the order in which they were
// first seen, and the place of the last; 0 is the begin.
func (s *Store) PersonsAfter(ctx context.Context, project cdp.ProjectID, after int64, limit int) (persons []cdp.Person, last int64, err error) {
	last = after
	rows, err := s.persons.query(ctx, personsAfter, project, after, limit)
	persons, err = collect(rows, err, func(r scanner) (p cdp.Person, err error) {
		var props string
		var created, updated int64
		err = r.Scan(&last, &p.ID, &p.DistinctID, &props, &p.Identified, &created, &updated)
		p.Project, p.Properties, p.CreatedAt, p.UpdatedAt = project, json.RawMessage(props), at(created), at(updated)
		return p, err
	})
	return persons, last, fault("list persons", err)
}
