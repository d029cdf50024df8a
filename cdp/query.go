package cdp

import (
	"encoding/json"
	"time"
)

// FunctionQuery asks for a page of a project's functions; deleted ones and
// warehouse webhooks never match. Zero fields do not restrict. The order is
// execution order, nulls last, then most recently updated; with Search, the
// better match comes first (REST API specification 8.1).
type FunctionQuery struct {
	Project   ProjectID
	Types     []Type
	Enabled   *bool
	ID        FunctionID
	CreatedBy UserID
	CreatedAt time.Time // exact instant
	UpdatedAt time.Time // exact instant
	Template  string
	Search    string // at most 200 characters
	// FilterGroups are containment tests on the stored filters, OR-ed.
	FilterGroups []json.RawMessage
	Sort         string // "", name, changed, created: for pages
	Limit        int    // 100 when 0
	Offset       int
}

// FunctionPage is one page of functions and how many match in all.
type FunctionPage struct {
	Functions []*Function
	Count     int
	// Match tells for each function how it matched Search: "exact" or
	// "similar"; nil without Search.
	Match []string
}

// Revision is one saved state of a function.
type Revision struct {
	Function  FunctionID
	Version   int
	CreatedAt time.Time
	CreatedBy UserID
	// Content is the function as JSON without secrets.
	Content json.RawMessage
}

// Activity is one entry of the activity log.
type Activity struct {
	ID        string // UUID
	Project   ProjectID
	User      UserID // 0 is the system
	Activity  string // created, updated, …
	Scope     string // HogFunction
	ItemID    string
	Detail    json.RawMessage // {"name", "type", "changes": […], …}
	CreatedAt time.Time
}

// ActivityQuery asks for activity, newest first.
type ActivityQuery struct {
	Project ProjectID
	Scopes  []string
	ItemID  string
	User    UserID
	Before  time.Time // strictly less
	Limit   int
	Offset  int
}

// Batch is what the engine records in one step. The whole batch is stored, or
// nothing of it.
type Batch struct {
	Events []Event
	// Runs are states of runs: one replaces what was stored of its run before.
	Runs []Run
	// Ended are runs that came to a good end and of which nothing was stored
	// before.
	Ended   []Run
	Logs    []LogEntry
	Metrics []Metric
}

// RunQuery asks for runs, newest first.
type RunQuery struct {
	Project   ProjectID
	Function  FunctionID // "" asks for the whole project
	EventUUID string
	Statuses  []string
	// ErrorKinds and IDs restrict when they are not empty.
	ErrorKinds []string
	IDs        []InvocationID
	// NotRerun leaves out runs that were done again already.
	NotRerun bool
	After    time.Time
	Before   time.Time // strictly less than; by ScheduledAt
	Search   string    // an ID, event name or distinct ID
	Limit    int
	Offset   int
}

// EventQuery asks for recent events, newest first.
type EventQuery struct {
	Project ProjectID
	Search  string // event name, distinct ID or UUID
	Before  time.Time
	Limit   int
}
