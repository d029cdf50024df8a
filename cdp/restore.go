package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hogpen/cdp/fields"
)

// Restore saves an earlier state of a function again, as a new version, and
// returns the function. It is checked and compiled like any change, so that
// it can be refused with Faults. Secrets are in no revision: those that are
// stored now stay. Being on or off, and the place of a transformation, stay
// too. With a base, a function saved since is a Conflict.
func (fs *Functions) Restore(ctx context.Context, actor UserID, project ProjectID, r Revision, base time.Time) (*Function, error) {
	members, ok := fields.MembersOf(r.Content)
	if !ok {
		return nil, fmt.Errorf("restore version %d of function %s: its content is no object", r.Version, r.Function)
	}
	return fs.Update(ctx, actor, project, r.Function, restoring(members, base))
}

// restoring is the change that brings a revision's content back.
func restoring(members fields.Members, base time.Time) FunctionChange {
	raw := func(name string) json.RawMessage {
		if v, ok := members.Get(name); ok {
			return v
		}
		return json.RawMessage("null")
	}
	text := func(name string) Optional[string] {
		s, ok := fields.TextOf(raw(name))
		if !ok {
			return fields.Nothing[string]()
		}
		return fields.Some(s)
	}
	return FunctionChange{
		Name: text("name"), Description: text("description"), Hog: text("hog"), IconURL: text("icon_url"),
		InputsSchema: raw("inputs_schema"), Inputs: raw("inputs"), Filters: raw("filters"), Masking: raw("masking"), Mappings: raw("mappings"),
		BaseUpdatedAt: base,
	}
}
