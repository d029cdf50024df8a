package cdp

import (
	"encoding/json"
	"time"
)

// InvocationID is a UUID computed from event, function and mapping, so that
// the same work done twice carries the same ID.
type InvocationID string

// Invocation is one run of one function for one event (and one mapping). It
// travels through the queue; while it waits for a retry it carries the state
// of its suspended program.
type Invocation struct {
	ID       InvocationID `json:"id"`
	Project  ProjectID    `json:"project"`
	Function FunctionID   `json:"function"`
	// Version is the function's version the invocation began with.
	Version int `json:"version"`
	// Mapping is the index of the mapping that matched; -1 without mappings.
	Mapping    int    `json:"mapping"`
	EventUUID  string `json:"event_uuid"`
	EventName  string `json:"event_name"`
	DistinctID string `json:"distinct_id"`
	// Globals is the JSON the program sees, inputs included.
	Globals json.RawMessage `json:"globals"`
	// State is the suspended program (vm state JSON); nil before the first run.
	State json.RawMessage `json:"state,omitempty"`
	// Pending is the async call that State waits for; nil before the first run.
	Pending json.RawMessage `json:"pending,omitempty"`
	Attempt int             `json:"attempt"` // attempts made of the pending call
	Printed int             `json:"printed"` // log lines kept so far
	// FetchError is the final failure of an earlier fetch; the invocation
	// counts as failed even if the program goes on (runtime 6.6).
	FetchError  string    `json:"fetch_error,omitempty"`
	ScheduledAt time.Time `json:"scheduled_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`
}

// Outcome is what became of one event for one function.
type Outcome string

// The outcomes, which are also the names of the app metrics.
const (
	OutcomeTriggered       Outcome = "triggered"
	OutcomeSucceeded       Outcome = "succeeded"
	OutcomeFailed          Outcome = "failed"
	OutcomeFiltered        Outcome = "filtered"
	OutcomeFilteringFailed Outcome = "filtering_failed"
	OutcomeInputsFailed    Outcome = "inputs_failed"
	OutcomeMasked          Outcome = "masked"
	OutcomeDisabled        Outcome = "disabled_permanently"
	OutcomeRateLimited     Outcome = "rate_limited"
	OutcomeDropped         Outcome = "dropped"
	OutcomeFetch           Outcome = "fetch"
	OutcomeRetried         Outcome = "retried"
	// OutcomeCancelled ends an invocation that was triggered and whose
	// function was gone, switched off or stopped when its turn came.
	OutcomeCancelled Outcome = "cancelled"
	// OutcomeReplayed counts invocations that a person asked to run again.
	OutcomeReplayed Outcome = "replayed"
)

// Kind gives the metric kind of an outcome: success, failure or other
// (runtime specification 7.1).
func (o Outcome) Kind() string {
	switch o {
	case OutcomeSucceeded:
		return "success"
	case OutcomeFailed, OutcomeInputsFailed, OutcomeDisabled, OutcomeRateLimited:
		return "failure"
	default:
		return "other"
	}
}

// Run is the record of one invocation: updated as it goes, one row each.
type Run struct {
	ID           InvocationID
	Project      ProjectID
	Function     FunctionID
	Version      int
	Status       string // running, succeeded, failed, inputs_failed, filtering_failed, cancelled, dropped
	Attempts     int
	EventUUID    string
	EventName    string
	DistinctID   string
	ScheduledAt  time.Time
	StartedAt    time.Time
	FinishedAt   time.Time // zero while running
	Duration     time.Duration
	ErrorKind    string // inputs_failed, timeout, http_5xx, http_4xx, oom, hog_error
	ErrorMessage string // at most 4096 characters, secrets redacted
}
