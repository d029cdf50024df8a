package cdp

// Status tells how an enabled function fares (REST API specification 10).
type Status struct {
	State  State
	Tokens int // left in its bucket, of StatusTokens
}

// State is PostHog's number for a status.
type State int

// The states.
const (
	StateUnknown          State = 0 // disabled, or not known
	StateHealthy          State = 1
	StateDegraded         State = 2  // slow or failing; runs in a slower lane
	StateDisabled         State = 3  // switched off automatically
	StateForcefullySlowed State = 11 // set by an administrator
	StateForcefullyOff    State = 12 // set by an administrator
)

// StatusTokens is a full bucket.
const StatusTokens = 10000
