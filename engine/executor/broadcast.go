package executor

import (
	"context"

	"hogpen/cdp"
)

// BroadcastEvent is the name of the event that a function sees of a broadcast.
const BroadcastEvent = "$broadcast"

// NewBroadcastScope is a Scope of what a broadcast tells of one person, as it is
// stored (REST API specification 8.9): there is no event, and one that began
// with the person stands in its place.
func (x *Executor) NewBroadcastScope(ctx context.Context, p cdp.Project, people People, person *cdp.Person) (*Scope, error) {
	props, err := x.parseObject(person.Properties)
	if err != nil {
		return nil, err
	}
	s := &Scope{x: x, project: p, uuid: x.newID(), name: BroadcastEvent, distinctID: person.DistinctID, timestamp: person.CreatedAt,
		props: emptyDict, raw: []byte("{}")}
	s.who = who{people: people, ctx: ctx, known: true, person: PersonView{ID: string(person.ID), Properties: props.Freeze()}}
	s.given.person = dict("created_at", iso(person.CreatedAt)).Freeze()
	return s, nil
}
