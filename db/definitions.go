package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"hogpen/cdp"
)

// Seen gives everything that was recorded of a project's events. It is read
// once for each project, by whoever records.
func (s *Store) Seen(ctx context.Context, project cdp.ProjectID) (cdp.Seen, error) {
	seen := cdp.Seen{Project: project}
	rows, err := s.main.query(ctx, `
select id, project_id, name, created_at_us, last_seen_us
  from event_definition
 where project_id = $1`, int64(project))
	if seen.Events, err = collect(rows, err, scanEventDefinition); err != nil {
		return seen, fault("read event definitions", err)
	}
	rows, err = s.main.query(ctx, `
select `+propertyDefinitionColumns+`, null
  from property_definition
 where project_id = $1`, int64(project))
	if seen.Properties, err = collect(rows, err, scanPropertyDefinition); err != nil {
		return seen, fault("read property definitions", err)
	}
	rows, err = s.main.query(ctx, `
select event, property
  from event_property
 where project_id = $1`, int64(project))
	seen.Pairs, err = collect(rows, err, func(r scanner) (p cdp.EventPropertyPair, err error) {
		err = r.Scan(&p.Event, &p.Property)
		return p, err
	})
	return seen, fault("read event properties", err)
}

func scanEventDefinition(r scanner) (e cdp.EventDefinition, err error) {
	var created, seen int64
	err = r.Scan(&e.ID, &e.Project, &e.Name, &created, &seen)
	e.CreatedAt, e.LastSeenAt = at(created), at(seen)
	return e, err
}

const propertyDefinitionColumns = `id, project_id, kind, group_index, group_type, name, property_type, created_at_us`

func scanPropertyDefinition(r scanner) (p cdp.PropertyDefinition, err error) {
	var created int64
	var seenOn sql.NullBool
	err = r.Scan(&p.ID, &p.Project, &p.Kind, &p.GroupIndex, &p.GroupType, &p.Name, &p.Type, &created, &seenOn)
	p.CreatedAt = at(created)
	if seenOn.Valid {
		p.SeenOn = &seenOn.Bool
	}
	return p, err
}

// RecordSeen stores what is new in the events of several projects, in one
// transaction. A project that is gone is left out.
func (s *Store) RecordSeen(ctx context.Context, all []cdp.Seen) error {
	return s.main.tx(ctx, "record definitions", func(tx *sql.Tx) error {
		for i := range all {
			var known int64
			err := tx.QueryRowContext(ctx, `select id from project where id = $1`, int64(all[i].Project)).Scan(&known)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err == nil {
				err = recordSeen(ctx, tx, &all[i])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func recordSeen(ctx context.Context, tx *sql.Tx, seen *cdp.Seen) error {
	if err := eachOf(ctx, tx, `
insert into event_definition (project_id, name, folded, id, created_at_us, last_seen_us)
values ($1, $2, $3, $4, $5, $6)
on conflict (project_id, name) do update
   set last_seen_us = max(last_seen_us, excluded.last_seen_us)`, seen.Events, func(e cdp.EventDefinition) ([]any, error) {
		id, err := idOr(e.ID)
		return []any{int64(seen.Project), e.Name, fold(e.Name), id, us(e.CreatedAt), us(e.LastSeenAt)}, err
	}); err != nil {
		return err
	}
	if err := eachOf(ctx, tx, `
insert into property_definition (project_id, kind, group_index, name, folded, id, group_type, property_type, created_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (project_id, kind, group_index, name) do update
   set property_type = excluded.property_type
 where property_definition.property_type = ''`, seen.Properties, func(p cdp.PropertyDefinition) ([]any, error) {
		id, err := idOr(p.ID)
		return []any{int64(seen.Project), p.Kind, p.GroupIndex, p.Name, fold(p.Name), id, p.GroupType, p.Type, us(p.CreatedAt)}, err
	}); err != nil {
		return err
	}
	return eachOf(ctx, tx, `
insert into event_property (project_id, event, property)
values ($1, $2, $3)
on conflict (project_id, event, property) do nothing`, seen.Pairs, func(p cdp.EventPropertyPair) ([]any, error) {
		return []any{int64(seen.Project), p.Event, p.Property}, nil
	})
}

// eachOf runs a statement for each value.
func eachOf[T any](ctx context.Context, tx *sql.Tx, text string, values []T, args func(T) ([]any, error)) error {
	if len(values) == 0 {
		return nil
	}
	st, err := tx.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer st.Close()
	for _, v := range values {
		a, err := args(v)
		if err != nil {
			return err
		}
		if _, err := st.ExecContext(ctx, a...); err != nil {
			return err
		}
	}
	return nil
}

func idOr(id string) (string, error) {
	if id != "" {
		return id, nil
	}
	made, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return made.String(), nil
}

// eventOrder is the order of a list of event definitions.
func eventOrder(by string) string {
	switch by {
	case "name":
		return "name"
	case "-name":
		return "name desc"
	case "last_seen_at":
		return "last_seen_us, name"
	case "created_at":
		return "created_at_us, name"
	case "-created_at":
		return "created_at_us desc, name"
	}
	return "last_seen_us desc, name"
}

// EventDefinitions lists a project's event definitions and counts all that
// match.
func (s *Store) EventDefinitions(ctx context.Context, q cdp.EventDefinitionQuery) ([]cdp.EventDefinition, int, error) {
	w := &where{}
	w.add("project_id = ?", int64(q.Project))
	w.folded(q.Search)
	var n int
	if err := s.main.row(ctx, `select count(*) from event_definition where `+w.String(), w.args, &n); err != nil {
		return nil, 0, fault("count event definitions", err)
	}
	text := `
select id, project_id, name, created_at_us, last_seen_us
  from event_definition
 where ` + w.String() + `
 order by ` + eventOrder(q.Order) + `
 limit ` + w.bind(limitOr(q.Limit, 100)) + ` offset ` + w.bind(q.Offset)
	rows, err := s.main.query(ctx, text, w.args...)
	es, err := collect(rows, err, scanEventDefinition)
	return es, n, fault("list event definitions", err)
}

// PropertyDefinitions lists a project's property definitions and counts all
// that match.
func (s *Store) PropertyDefinitions(ctx context.Context, q cdp.PropertyDefinitionQuery) ([]cdp.PropertyDefinition, int, error) {
	w := propertyWhere(q)
	var n int
	if err := s.main.row(ctx, `select count(*) from property_definition p where `+w.String(), w.args, &n); err != nil {
		return nil, 0, fault("count property definitions", err)
	}
	seenOn := "null"
	if len(q.Events) > 0 {
		seenOn = cameWith(w.bind(list(q.Events)))
	}
	text := `
select ` + propertyDefinitionColumns + `, ` + seenOn + ` as seen_on
  from property_definition p
 where ` + w.String() + `
 order by seen_on desc, name, group_index
 limit ` + w.bind(limitOr(q.Limit, 100)) + ` offset ` + w.bind(q.Offset)
	rows, err := s.main.query(ctx, text, w.args...)
	ps, err := collect(rows, err, scanPropertyDefinition)
	return ps, n, fault("list property definitions", err)
}

// cameWith asks whether a property came with one of a list of events.
func cameWith(events string) string {
	return `exists (select 1 from event_property e where e.project_id = p.project_id and e.property = p.name and p.kind = 'event'
       and e.event in (select value from json_each(` + events + `)))`
}

func propertyWhere(q cdp.PropertyDefinitionQuery) *where {
	w := &where{}
	kind := q.Kind
	if kind == "" {
		kind = cdp.EventProperty
	}
	w.add("project_id = ? and kind = ?", int64(q.Project), kind)
	w.folded(q.Search)
	if q.GroupIndex != nil {
		w.add("group_index = ?", *q.GroupIndex)
	}
	if len(q.Names) > 0 {
		w.add("name in (select value from json_each(?))", list(q.Names))
	}
	if len(q.Excluded) > 0 {
		w.add("name not in (select value from json_each(?))", list(q.Excluded))
	}
	if q.OnlyEvents {
		w.add(cameWith("?"), list(q.Events))
	}
	if q.Numerical != nil {
		w.add("(property_type = 'Numeric') = ?", *q.Numerical)
	}
	if q.FeatureFlag != nil {
		w.add("(name like '$feature/%') = ?", *q.FeatureFlag)
	}
	if q.NoCore {
		w.add("name not like '$%'")
	}
	return w
}

// BooleanProperty reports whether a property is known to hold booleans; kind
// is event, feature, person or group.
func (s *Store) BooleanProperty(ctx context.Context, project cdp.ProjectID, kind, name string) (bool, error) {
	if kind == "feature" {
		kind = cdp.EventProperty
	}
	var known bool
	err := s.main.row(ctx, `
select exists (select 1 from property_definition where project_id = $1 and kind = $2 and name = $3 and property_type = 'Boolean')`,
		[]any{int64(project), kind, name}, &known)
	return known, fault("look up property", err)
}

// MarkFilters notes that the filters of a project's functions are due to be
// compiled anew; the mark grows with each call.
func (s *Store) MarkFilters(ctx context.Context, project cdp.ProjectID) (mark int, err error) {
	err = s.main.tx(ctx, "mark filters", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
insert into filters_due (project_id, mark)
values ($1, 1)
on conflict (project_id) do update
   set mark = filters_due.mark + 1
returning mark`, int64(project)).Scan(&mark)
	})
	return mark, err
}

// UnmarkFilters takes the note back, unless the mark has grown since.
func (s *Store) UnmarkFilters(ctx context.Context, project cdp.ProjectID, mark int) error {
	_, err := s.main.exec(ctx, `
delete from filters_due
 where project_id = $1 and mark = $2`, int64(project), mark)
	return fault("unmark filters", err)
}

// MarkedFilters gives the marks of all projects that have one.
func (s *Store) MarkedFilters(ctx context.Context) (map[cdp.ProjectID]int, error) {
	rows, err := s.main.query(ctx, `
select project_id, mark
  from filters_due`)
	if err != nil {
		return nil, fault("read marks", err)
	}
	defer rows.Close()
	marks := map[cdp.ProjectID]int{}
	for rows.Next() {
		var project cdp.ProjectID
		var mark int
		if err := rows.Scan(&project, &mark); err != nil {
			return nil, fault("read marks", err)
		}
		marks[project] = mark
	}
	return marks, fault("read marks", rows.Err())
}
