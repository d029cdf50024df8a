package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"hogpen/cdp"
)

const insertEvent = `
insert into event (project_id, uuid, name, distinct_id, timestamp_us, received_at_us, properties)`

const insertEventEnd = `
on conflict (project_id, uuid) do nothing`

func eventValues(es []cdp.Event) []any {
	out := make([]any, 0, 7*len(es))
	for i := range es {
		e := &es[i]
		out = append(out, int64(e.Project), e.UUID, e.Name, e.DistinctID, us(e.Timestamp), us(e.ReceivedAt), rawOr(e.Properties, "{}"))
	}
	return out
}

const eventColumns = `project_id, uuid, name, distinct_id, timestamp_us, received_at_us, properties`

func scanEvent(r scanner) (e cdp.Event, err error) {
	var stamp, received int64
	var properties string
	err = r.Scan(&e.Project, &e.UUID, &e.Name, &e.DistinctID, &stamp, &received, &properties)
	e.Timestamp, e.ReceivedAt, e.Properties = at(stamp), at(received), json.RawMessage(properties)
	return e, err
}

// searchBudget bounds how many events a search looks at, newest first, so
// that one for a term that is nowhere ends soon.
const searchBudget = 20000

// RecentEvents lists a project's events, last received first; 50 when q.Limit
// is 0. A search looks in the name, distinct ID and UUID of the last 20,000
// events, without regard to case.
func (s *Store) RecentEvents(ctx context.Context, q cdp.EventQuery) ([]cdp.Event, error) {
	w := &where{}
	w.add("project_id = ?", int64(q.Project))
	if !q.Before.IsZero() {
		w.add("received_at_us < ?", us(q.Before))
	}
	text := `
select ` + eventColumns + `
  from event
 where ` + w.String() + `
 order by received_at_us desc, seq desc
 limit `
	limit := limitOr(q.Limit, 50)
	if search := fold(q.Search); search != "" {
		text = `
select ` + eventColumns + `
  from (` + text + w.bind(searchBudget) + `)
 where instr(fold(name || char(10) || distinct_id || char(10) || uuid), ` + w.bind(search) + `) > 0
 limit `
	}
	rows, err := s.telemetry.query(ctx, text+w.bind(limit), w.args...)
	all := top[placedEvent]{need: limit, order: newestEvent}
	es, err := collect(rows, err, scanEvent)
	for i, e := range es {
		all.items = append(all.items, placedEvent{e, rowPack, -i})
	}
	if err == nil {
		err = s.packedEvents(ctx, q, &all)
	}
	return distinctEvents(all.from(0)), fault("list events", err)
}

// Event finds a project's event by UUID.
func (s *Store) Event(ctx context.Context, project cdp.ProjectID, uuid string) (cdp.Event, error) {
	st, err := s.telemetry.stmt(ctx, s.telemetry.r, `
select `+eventColumns+`
  from event
 where project_id = $1 and uuid = $2`)
	if err != nil {
		return cdp.Event{}, fault("find event", err)
	}
	e, err := scanEvent(st.QueryRowContext(ctx, int64(project), uuid))
	if errors.Is(err, sql.ErrNoRows) {
		e, err = s.packedEvent(ctx, project, uuid)
	}
	if err != nil {
		return cdp.Event{}, fault("find event", err)
	}
	return e, nil
}
