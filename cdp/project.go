package cdp

import (
	"encoding/json"
	"time"

	"hogpen/cdp/fields"
)

// ProjectID is PostHog's project, environment and team id: one number.
type ProjectID int64

// UserID names a user; 0 is "nobody" (the system, or a removed user).
type UserID int64

// Project owns functions and receives events under one public token.
type Project struct {
	ID             ProjectID
	UUID           string
	OrganizationID string // UUID
	Name           string
	// Token is the public project token (phc_…) that SDKs send.
	Token    string
	Timezone string // IANA name; "UTC" by default
	// TestAccountFilters is a JSON array of property filters.
	TestAccountFilters json.RawMessage
	// Settings are further members that clients store and read back, as a
	// JSON object (app_urls, recording_domains, …).
	Settings  json.RawMessage
	CreatedAt time.Time
	UpdatedAt time.Time
}

// accountFilters are the test-account filters one by one.
func (p *Project) accountFilters() []json.RawMessage {
	items, _ := fields.Items(p.TestAccountFilters)
	return items
}
