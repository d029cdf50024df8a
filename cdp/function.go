package cdp

import (
	"encoding/json"
	"time"
)

// FunctionID is a UUID in lower case with hyphens; new ones are version 7.
type FunctionID string

// Type is the kind of a function, spelled as PostHog's API spells it.
type Type string

// The types of function.
const (
	Destination         Type = "destination"
	Transformation      Type = "transformation"
	InternalDestination Type = "internal_destination"
	SourceWebhook       Type = "source_webhook"
	WarehouseWebhook    Type = "warehouse_source_webhook"
	SiteDestination     Type = "site_destination"
	SiteApp             Type = "site_app"
	Broadcast           Type = "broadcast"
)

// Types lists the types a caller may create, in the order of the tabs.
var Types = []Type{Destination, Transformation, InternalDestination, SourceWebhook, SiteDestination, SiteApp, Broadcast}

// Site reports whether functions of this type run in the visitor's browser.
func (t Type) Site() bool { return t == SiteDestination || t == SiteApp }

// Filtered tells that a function runs on what its filters let through. A source
// webhook runs on each request.
func (t Type) Filtered() bool { return t != SourceWebhook && t != WarehouseWebhook }

// Function is a hog function as it is stored: what people wrote, and what was
// compiled from it. A Function that was handed out is not changed by anyone;
// the registry shares it between goroutines.
type Function struct {
	ID      FunctionID
	Project ProjectID
	Type    Type

	// What people wrote. Name and IconURL may be null in the API.
	Name           *string
	Description    string
	Enabled        bool
	Deleted        bool
	Hog            string // Hog source, or TypeScript for site functions
	InputsSchema   []InputSchema
	Inputs         Inputs // without secrets
	Filters        Filters
	Masking        *Masking  // nil is null
	Mappings       []Mapping // nil is null; empty is []
	IconURL        *string
	TemplateID     string // "" is none
	ExecutionOrder *int   // 0 to 32767
	Folder         string

	// Sealed holds the secret inputs, each sealed by a Sealer, by key. A
	// mapping's secret has the key "mappings.<index>.<key>". The sealed text
	// is the JSON of an Input.
	Sealed map[string][]byte

	// What was derived.
	Bytecode   json.RawMessage // PostHog bytecode; nil for site functions
	Transpiled *string         // JavaScript; nil for all others

	// Version counts saves, from 1; a save names the version it began with.
	Version   int
	CreatedAt time.Time // UTC, microseconds
	CreatedBy UserID
	UpdatedAt time.Time
	UpdatedBy UserID
}

// Title is the name to show: the name, or a sentence that there is none.
func (f *Function) Title() string {
	if f.Name != nil && *f.Name != "" {
		return *f.Name
	}
	return "Hog function: " + string(f.ID)
}

// Label is how a transformation is named inside an event:
// "<function name> (<function id>)" (runtime specification 3.2).
func (f *Function) Label() string { return f.Title() + " (" + string(f.ID) + ")" }

// Masking holds back repeated invocations: see runtime specification 9.
type Masking struct {
	TTL       int    `json:"ttl"` // seconds, 60 to 86400
	Threshold *int   `json:"threshold"`
	Hash      string `json:"hash"` // a Hog template
	// Bytecode is the compiled Hash.
	Bytecode json.RawMessage `json:"bytecode"`
}

// Mapping is one way in which a destination answers an event: its own filters
// and inputs, the latter laid over the function's.
type Mapping struct {
	Name         *string
	Disabled     bool
	InputsSchema []InputSchema // nil when absent
	Inputs       Inputs        // nil when absent
	Filters      *Filters      // nil when absent
}

// InputSchema describes one input of a function's form. Members that were not
// given stay absent (nil) on the way out, as API clients compare them.
type InputSchema struct {
	Type        string            `json:"type"`
	Key         string            `json:"key"`
	Label       *string           `json:"label,omitempty"`
	Choices     []json.RawMessage `json:"choices,omitzero"`
	Searchable  *bool             `json:"searchable,omitempty"`
	Required    bool              `json:"required"`
	Default     json.RawMessage   `json:"default,omitzero"`
	Secret      bool              `json:"secret"`
	Hidden      bool              `json:"hidden"`
	Description *string           `json:"description,omitempty"`

	Integration      *string `json:"integration,omitempty"`
	IntegrationKey   *string `json:"integration_key,omitempty"`
	RequiresField    *string `json:"requires_field,omitempty"`
	IntegrationField *string `json:"integration_field,omitempty"`
	RequiredScopes   *string `json:"requiredScopes,omitempty"`

	// Templating is false, true, "hog" or "liquid"; nil when absent.
	Templating json.RawMessage `json:"templating,omitempty"`
}

// Input is one input's value and what was compiled from it.
type Input struct {
	Key string `json:"-"`
	// Value is the JSON value as the client wrote it; nil when there is none.
	Value      json.RawMessage `json:"value,omitempty"`
	Templating string          `json:"templating,omitempty"` // "", "hog" or "liquid"
	// Bytecode mirrors Value: each string leaf is a compiled template.
	Bytecode json.RawMessage `json:"bytecode,omitempty"`
	// Transpiled is set for site functions instead of Bytecode.
	Transpiled json.RawMessage `json:"transpiled,omitempty"`
	// Order is the place in the order of evaluation, from 0.
	Order int `json:"order"`
}

// Inputs are a function's inputs in the order of evaluation. In JSON they are
// an object; an input without a value is null there.
type Inputs []Input

// Get finds an input by key.
func (in Inputs) Get(key string) (Input, bool) {
	for _, i := range in {
		if i.Key == key {
			return i, true
		}
	}
	return Input{}, false
}

// Filters choose the events a function runs for. Lists are nil when absent
// (an empty list that was given is shown as one);
// their elements are kept as the client wrote them.
type Filters struct {
	Source             string            `json:"source"` // "events" by default
	Actions            []json.RawMessage `json:"actions,omitzero"`
	Events             []json.RawMessage `json:"events,omitzero"`
	DataWarehouse      []json.RawMessage `json:"data_warehouse,omitzero"`
	Properties         []json.RawMessage `json:"properties,omitzero"`
	Bytecode           json.RawMessage   `json:"bytecode"` // null when not compiled
	Transpiled         json.RawMessage   `json:"transpiled,omitzero"`
	FilterTestAccounts *bool             `json:"filter_test_accounts,omitempty"`
	BytecodeError      string            `json:"bytecode_error,omitempty"`
}
