package cdp

import (
	"encoding/json"
	"regexp"
	"slices"
)

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

// alertNames are the events that alerts fire.
var alertNames = regexp.MustCompile(`^\$[a-z0-9_]+_alert_(firing|resolved|errored|auto_disabled)$`)

// IsAlert reports whether an internal event is an alert's, which reaches only
// functions that name it and its alert (see NamesAlert).
func (e *InternalEvent) IsAlert() bool { return alertNames.MatchString(e.Name) }

// NamesAlert reports whether the filters name the event and hold a property
// filter "alert_id" "exact" that equals the alert's ID (runtime specification
// 12.1). Filters without one would hear of every alert of the project.
func (f *Filters) NamesAlert(event, alert string) bool {
	for _, raw := range f.Events {
		var e struct {
			ID         json.RawMessage   `json:"id"`
			Properties []json.RawMessage `json:"properties"`
		}
		if json.Unmarshal(raw, &e) != nil || textIn(e.ID) != event {
			continue
		}
		for _, p := range slices.Concat(f.Properties, e.Properties) {
			if isAlert(p, alert) {
				return true
			}
		}
	}
	return false
}

func isAlert(raw json.RawMessage, alert string) bool {
	var p struct {
		Key      string          `json:"key"`
		Operator string          `json:"operator"`
		Value    json.RawMessage `json:"value"`
	}
	if json.Unmarshal(raw, &p) != nil || p.Key != "alert_id" || p.Operator != "exact" && p.Operator != "" {
		return false
	}
	var several []json.RawMessage
	if json.Unmarshal(p.Value, &several) != nil {
		several = []json.RawMessage{p.Value}
	}
	return len(several) == 1 && textIn(several[0]) == alert
}

// textIn is a JSON text, or a number as it is written.
func textIn(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
