package cdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp/fields"
)

// ActivityDetail is what an activity entry about a function tells (REST API
// specification 12).
type ActivityDetail struct {
	Name    *string          `json:"name"`
	ShortID *string          `json:"short_id"` // always null for functions
	Trigger *string          `json:"trigger"`  // always null for functions
	Type    string           `json:"type"`     // the function's type, underscores as spaces
	Changes []ActivityChange `json:"changes"`  // null at creation
}

// ActivityChange is one field that became different.
type ActivityChange struct {
	Type   string          `json:"type"`   // HogFunction
	Action string          `json:"action"` // created (was empty), changed, deleted (is empty)
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// activityScope is the scope of all entries about functions.
const activityScope = "HogFunction"

func newActivity(f *Function, what string, changes []ActivityChange, by UserID, at time.Time) (Activity, error) {
	detail, err := marshal(ActivityDetail{Name: f.Name, Type: strings.ReplaceAll(string(f.Type), "_", " "), Changes: changes})
	if err != nil {
		return Activity{}, fmt.Errorf("describe %s function %s: %w", what, f.ID, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Activity{}, fmt.Errorf("make an id: %w", err)
	}
	return Activity{
		ID: id.String(), Project: f.Project, User: by, Activity: what, Scope: activityScope,
		ItemID: string(f.ID), Detail: detail, CreatedAt: at,
	}, nil
}

// changesBetween lists the stored fields that differ, without what is derived
// and without secrets.
func changesBetween(before, after *Function) ([]ActivityChange, error) {
	a, err := loggedFields(before)
	if err != nil {
		return nil, err
	}
	b, err := loggedFields(after)
	if err != nil {
		return nil, err
	}
	var changes []ActivityChange
	for i := range a {
		if !bytes.Equal(a[i].Value, b[i].Value) {
			changes = append(changes, changeOf(a[i].Name, a[i].Value, b[i].Value))
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

// loggedFields are the fields the activity log follows, as JSON.
func loggedFields(f *Function) (fields.Members, error) {
	values := []struct {
		name  string
		value any
	}{
		{"name", f.Name}, {"description", f.Description}, {"enabled", f.Enabled}, {"deleted", f.Deleted}, {"hog", f.Hog},
		{"inputs_schema", f.InputsSchema}, {"inputs", InputsJSON(f.Inputs)}, {"filters", &f.Filters}, {"masking", f.Masking},
		{"mappings", MappingsJSON(f.Mappings)}, {"priority", f.ExecutionOrder},
	}
	out := make(fields.Members, 0, len(values))
	for _, v := range values {
		raw, err := marshal(v.value)
		if err != nil {
			return nil, fmt.Errorf("write field %s of function %s: %w", v.name, f.ID, err)
		}
		out = append(out, fields.Member{Name: v.name, Value: raw})
	}
	return out, nil
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
