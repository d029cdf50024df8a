package cdp

import (
	"encoding/json"
	"time"
)

// PersonID is a person's UUID. That of a person who was not merged into another
// one is computed from project and first distinct ID.
type PersonID string

// Person is somebody whom events are about (runtime specification 1.11).
type Person struct {
	Project ProjectID
	ID      PersonID
	// DistinctID is the first one, from which the ID was computed.
	DistinctID string
	// Properties are a JSON object.
	Properties json.RawMessage
	// Identified tells that an event $identify or $create_alias named the
	// person; nobody else's such event merges it away then.
	Identified bool
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// MaxGroupTypes is how many types of groups a project has at most.
const MaxGroupTypes = 5

// GroupType is a kind of group and its number, from 0, in its project.
type GroupType struct {
	Project ProjectID
	Index   int
	Name    string
}

// Group is something that events belong to, as a company (runtime
// specification 1.12).
type Group struct {
	Project ProjectID
	Index   int // of its type
	Key     string
	// Properties are a JSON object.
	Properties json.RawMessage
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// DistinctID says whose a distinct ID is that is not its person's first.
type DistinctID struct {
	Project    ProjectID
	DistinctID string
	Person     PersonID
}

// Merge moves all distinct IDs of one person to another and removes the first.
type Merge struct {
	Project  ProjectID
	From, To PersonID
}

// PeopleBlock is what a block of events changed about people. It is written in
// one transaction: distinct IDs first, then merges in their order, then the
// rest.
type PeopleBlock struct {
	DistinctIDs []DistinctID
	Merges      []Merge
	Persons     []Person
	GroupTypes  []GroupType
	Groups      []Group
}

// Empty tells that there is nothing to write.
func (b *PeopleBlock) Empty() bool {
	return len(b.DistinctIDs)+len(b.Merges)+len(b.Persons)+len(b.GroupTypes)+len(b.Groups) == 0
}
