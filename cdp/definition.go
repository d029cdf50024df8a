package cdp

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"hogpen/cdp/fields"
)

// Whose properties a PropertyDefinition is about.
const (
	EventProperty  = "event"
	PersonProperty = "person"
	GroupProperty  = "group"
)

// The types that PostHog gives to properties; "" is unknown.
const (
	StringProperty   = "String"
	NumericProperty  = "Numeric"
	BooleanProperty  = "Boolean"
	DateTimeProperty = "DateTime"
)

// EventDefinition is a name that events of a project have had.
type EventDefinition struct {
	ID         string // UUID
	Project    ProjectID
	Name       string
	CreatedAt  time.Time // when it was first seen
	LastSeenAt time.Time
}

// PropertyDefinition is a property that events, persons or groups of a project
// have had.
type PropertyDefinition struct {
	ID      string // UUID
	Project ProjectID
	Kind    string // event, person, group
	// GroupIndex is the group type's number, from 0 in the order the types
	// were first seen; -1 for other kinds.
	GroupIndex int
	GroupType  string // "" for other kinds
	Name       string
	Type       string // String, Numeric, Boolean, DateTime; "" is unknown
	CreatedAt  time.Time
	// SeenOn tells whether it came with one of the events that were asked for;
	// nil when none was.
	SeenOn *bool
}

// EventPropertyPair says that a property came with an event.
type EventPropertyPair struct{ Event, Property string }

// Seen is what is new in the events of a project. Definitions without an id
// get one; those that are stored already keep it, and take over a later
// LastSeenAt, and a type when they had none.
type Seen struct {
	Project    ProjectID
	Events     []EventDefinition
	Properties []PropertyDefinition
	Pairs      []EventPropertyPair
}

// EventDefinitionQuery asks for a page of a project's event definitions.
type EventDefinitionQuery struct {
	Project ProjectID
	Search  string // words that the name contains, whatever their case
	// Order is name, last_seen_at or created_at, with "-" before it for the
	// last first; anything else is -last_seen_at.
	Order  string
	Limit  int // 100 when 0
	Offset int
}

// PropertyDefinitionQuery asks for a page of a project's property definitions,
// by name; those that came with the asked events come first. Zero fields do
// not restrict.
type PropertyDefinitionQuery struct {
	Project     ProjectID
	Kind        string // event when ""
	GroupIndex  *int
	Search      string   // words that the name contains, whatever their case
	Names       []string // only these
	Excluded    []string // none of these
	Events      []string // marks what came with one of these …
	OnlyEvents  bool     // … and leaves out the rest
	Numerical   *bool
	FeatureFlag *bool // $feature/…
	NoCore      bool  // leaves out names that begin with $
	Limit       int   // 100 when 0
	Offset      int
}

// DefinitionStore reads what was seen.
type DefinitionStore interface {
	EventDefinitions(ctx context.Context, q EventDefinitionQuery) ([]EventDefinition, int, error)
	PropertyDefinitions(ctx context.Context, q PropertyDefinitionQuery) ([]PropertyDefinition, int, error)
}

// Definitions is the door for whoever offers names to choose from: the
// filter editor's pickers.
type Definitions struct{ Store DefinitionStore }

// EventNames gives up to limit names that match the search, those seen last
// first.
func (d *Definitions) EventNames(ctx context.Context, project ProjectID, search string, limit int) ([]string, error) {
	found, _, err := d.Store.EventDefinitions(ctx, EventDefinitionQuery{Project: project, Search: search, Limit: limit})
	names := make([]string, len(found))
	for i := range found {
		names[i] = found[i].Name
	}
	return names, err
}

// Properties gives up to limit properties of a kind that match the search;
// those that came with one of the events come first.
func (d *Definitions) Properties(ctx context.Context, project ProjectID, kind, search string, events []string, limit int) ([]PropertyDefinition, error) {
	found, _, err := d.Store.PropertyDefinitions(ctx, PropertyDefinitionQuery{
		Project: project, Kind: kind, Search: search, Events: events, Limit: limit,
	})
	return found, err
}

// PropertyTypeOf guesses a property's type from its name and one value. Only
// JSON's booleans are boolean: a filter compares such a property with true, so
// the text "true" must not make it one.
func PropertyTypeOf(name string, value json.RawMessage) string {
	if strings.HasPrefix(name, "$feature/") || strings.HasPrefix(name, "utm_") || strings.HasPrefix(name, "$initial_utm_") {
		return StringProperty
	}
	switch fields.KindOf(value) {
	case fields.Bool:
		return BooleanProperty
	case fields.Int, fields.Float:
		return NumericProperty
	case fields.String:
		if text, ok := fields.TextOf(value); ok && isDateText(text) {
			return DateTimeProperty
		}
		return StringProperty
	}
	return ""
}

// isDateText reports whether a text is a date, with or without a time.
func isDateText(s string) bool {
	if len(s) < len(time.DateOnly) || len(s) > 40 || s[4] != '-' {
		return false
	}
	for _, layout := range []string{
		time.DateOnly, time.RFC3339Nano, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04",
		"2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700",
	} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}
