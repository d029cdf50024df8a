package cdp

import (
	"encoding/json"
	"time"
)

// Event is one product event as it was accepted.
type Event struct {
	Project    ProjectID       `json:"project"`
	UUID       string          `json:"uuid"`
	Name       string          `json:"event"` // at most 200 characters
	DistinctID string          `json:"distinct_id"`
	Timestamp  time.Time       `json:"timestamp"`   // the client's time, corrected for skew; UTC, milliseconds
	ReceivedAt time.Time       `json:"received_at"` // our time
	Properties json.RawMessage `json:"properties"`  // an object, raw as received but for $set, $ip, $sent_at
	// Historical events were sent to fill the store: transformations see them,
	// destinations do not (runtime specification 1.7).
	Historical bool `json:"-"`
}
