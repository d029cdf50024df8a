package cdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp/fields"
)

// ActivityDetail is what an activity entry tells (REST API specification 12).
type ActivityDetail struct {
	Name    *string          `json:"name"`
	ShortID *string          `json:"short_id"` // always null
	Trigger *string          `json:"trigger"`  // always null
	Type    *string          `json:"type"`     // a function's type, underscores as spaces; else null
	Changes []ActivityChange `json:"changes"`  // null at creation
}

// ActivityChange is one field that became different.
type ActivityChange struct {
	Type   string          `json:"type"`   // the entry's scope
	Action string          `json:"action"` // created (was empty), changed, deleted (is empty)
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// The scopes of entries.
const (
	activityScope = "HogFunction"
	actionScope   = "Action"
	cohortScope   = "Cohort"
)

func newActivity(f *Function, what string, changes []ActivityChange, by UserID, at time.Time) (Activity, error) {
	kind := strings.ReplaceAll(string(f.Type), "_", " ")
	return Activity{
		Project: f.Project, User: by, Activity: what, Scope: activityScope, ItemID: string(f.ID), CreatedAt: at,
	}.detailed(ActivityDetail{Name: f.Name, Type: &kind, Changes: changes})
}

// one gives an entry's address, or the fault.
func one(a Activity, err error) (*Activity, error) { return &a, err }

// changeActivity tells what became different in a function; nil when nothing
// did.
func changeActivity(old, f *Function, by UserID) (*Activity, error) {
	changes, err := changesBetween(old, f)
	if err != nil || len(changes) == 0 {
		return nil, err
	}
	return one(newActivity(f, "updated", changes, by, f.UpdatedAt))
}

// detailed gives the entry with an id and what it tells.
func (a Activity) detailed(d ActivityDetail) (Activity, error) {
	detail, err := marshal(d)
	if err != nil {
		return Activity{}, fmt.Errorf("describe %s %s %s: %w", a.Activity, a.Scope, a.ItemID, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Activity{}, fmt.Errorf("make an id: %w", err)
	}
	a.ID, a.Detail = id.String(), detail
	return a, nil
}

// differences lists the members that differ between two states with the same
// members, as changes of a scope.
func differences(scope string, before, after fields.Members) []ActivityChange {
	var changes []ActivityChange
	for i := range before {
		if !bytes.Equal(before[i].Value, after[i].Value) {
			c := changeOf(before[i].Name, before[i].Value, after[i].Value)
			c.Type = scope
			changes = append(changes, c)
		}
	}
	return changes
}

// changesBetween lists the stored fields that differ, without what is derived
// and without secrets.
func changesBetween(before, after *Function) ([]ActivityChange, error) {
	var changes []ActivityChange
	was, is := loggedFields(before), loggedFields(after)
	for i, a := range was {
		// Most of a function stays as it is, and need not be written down.
		if reflect.DeepEqual(a.value, is[i].value) {
			continue
		}
		change, err := changeBetween(a, is[i])
		if err != nil {
			return nil, fmt.Errorf("write field %s of function %s: %w", a.name, after.ID, err)
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	if !sameSecrets(before.Sealed, after.Sealed) {
		masked := fields.Quote("masked")
		changes = append(changes, changeOf("encrypted_inputs", masked, masked))
	}
	return changes, nil
}

func changeOf(field string, before, after json.RawMessage) ActivityChange {
	c := ActivityChange{Type: activityScope, Action: "changed", Field: field, Before: before, After: after}
	switch {
	case isNothing(before):
		c.Action = "created"
	case isNothing(after):
		c.Action = "deleted"
	}
	return c
}

// isNothing reports whether a logged value is null or empty; false is a value.
func isNothing(v json.RawMessage) bool { return !fields.Truthy(v) && fields.KindOf(v) != fields.Bool }

// loggedValue is one member of what the activity log follows.
type loggedValue struct {
	name  string
	value any
}

// loggedValues writes plain values, which always can be written.
func loggedValues(values []loggedValue) fields.Members {
	out := make(fields.Members, len(values))
	for i, v := range values {
		out[i].Name = v.name
		if raw, err := marshal(v.value); err == nil {
			out[i].Value = raw
		}
	}
	return out
}

// loggedFields are the fields the activity log follows.
func loggedFields(f *Function) []loggedValue {
	return []loggedValue{
		{"name", f.Name}, {"description", f.Description}, {"enabled", f.Enabled}, {"deleted", f.Deleted}, {"hog", f.Hog},
		{"inputs_schema", f.InputsSchema}, {"inputs", InputsJSON(f.Inputs)}, {"filters", &f.Filters}, {"masking", f.Masking},
		{"mappings", MappingsJSON(f.Mappings)}, {"priority", f.ExecutionOrder},
	}
}

// changeBetween gives the change from one value of a field to another; nil when
// both are the same JSON.
func changeBetween(before, after loggedValue) (*ActivityChange, error) {
	a, err := marshal(before.value)
	if err != nil {
		return nil, err
	}
	b, err := marshal(after.value)
	if err != nil || bytes.Equal(a, b) {
		return nil, err
	}
	c := changeOf(before.name, a, b)
	return &c, nil
}

func sameSecrets(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for key, sealed := range a {
		if !bytes.Equal(sealed, b[key]) {
			return false
		}
	}
	return true
}

// movedActivity describes one function that Rearrange moved; orders are texts
// there.
func movedActivity(f *Function, to int, by UserID, at time.Time) (Activity, error) {
	before := json.RawMessage("null")
	if f.ExecutionOrder != nil {
		before = fields.Quote(strconv.Itoa(*f.ExecutionOrder))
	}
	return newActivity(f, "updated", []ActivityChange{changeOf("priority", before, fields.Quote(strconv.Itoa(to)))}, by, at)
}

// marshal writes JSON with every character as it is, and raw parts as they
// were given.
func marshal(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
