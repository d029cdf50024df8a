package cdp

// The events that Hogpen itself tells its internal destinations of (runtime
// specification 8.5 and 12.1).
const (
	ActivityLogged  = "$activity_log_entry_created"
	StateWasChanged = "$hog_function_state_changed"
)

// InternalEvent is an event of the house, for functions of type
// internal_destination. No transformation sees it, it is of no person and no
// group, and it does not stand among the project's events.
type InternalEvent struct {
	Event
	// URL is where people see what it tells of.
	URL string
}
