package cdp

import (
	"encoding/json"
	"time"

	"hogpen/cdp/fields"
)

// Optional is a field that may be left alone, emptied with null, or set.
type Optional[T any] = fields.Optional[T]

// Some sets an Optional to a value.
func Some[T any](v T) Optional[T] { return fields.Some(v) }

// Nothing sets an Optional to null.
func Nothing[T any]() Optional[T] { return fields.Nothing[T]() }

// FunctionChange is what someone asks to be different in a function, or the
// whole of a new one. A nil pointer, an unset Optional and nil JSON leave a
// field as it is. A form and a PATCH body both become one.
//
// The five structured fields are JSON as the REST API takes it (REST API
// specification 5, 6, 4.5, 5.7): Functions reads, checks and compiles them, so
// that a page and the API obey the same rules. "null" is null, nil is absent.
type FunctionChange struct {
	Type           *Type // only at creation; otherwise it must equal the stored one
	Name           Optional[string]
	Description    Optional[string] // null is a fault, unless a template fills it
	Enabled        *bool
	Deleted        *bool
	Hog            Optional[string]
	InputsSchema   json.RawMessage // a list of InputSchema
	Inputs         json.RawMessage // {"<key>": {"value": …, "templating"?, "secret"?}}
	Filters        json.RawMessage
	Masking        json.RawMessage
	Mappings       json.RawMessage
	IconURL        Optional[string]
	TemplateID     string // only at creation; ignored otherwise
	ExecutionOrder Optional[int]
	Folder         *string // only at creation; ignored otherwise

	// Undelete lets Deleted=false reach a function that is deleted.
	Undelete bool
	// Base is the version the change was made from; 0 takes the present one.
	// A function saved since then is a Conflict.
	Base int
	// BaseUpdatedAt is the same said with a time; zero takes the present one.
	BaseUpdatedAt time.Time

	// Faults are fields that could not even be read; they are reported
	// together with what Functions finds.
	Faults Faults
}

// touchesCode reports whether the change asks for stored parts to be checked
// and compiled again. Renaming, disabling and deleting never do, so they
// cannot fail because of what is stored (REST API specification 8.4).
func (c *FunctionChange) touchesCode() bool {
	return c.Hog.Set || c.InputsSchema != nil || c.Inputs != nil || c.Filters != nil || c.Mappings != nil ||
		c.Masking != nil || c.Enabled != nil && *c.Enabled
}
