package cdp

import (
	"strings"
	"time"
)

// LiveFilter says which events a live feed shows (runtime specification 13.4).
// Zero fields do not restrict.
type LiveFilter struct {
	// Event is a part of the event's name, whatever the case.
	Event      string
	DistinctID string
	// Function shows only events that it did not merely filter out.
	Function FunctionID
}

// Admits reports whether an event passes, but for the function.
func (f *LiveFilter) Admits(name, distinctID string) bool {
	return (f.DistinctID == "" || f.DistinctID == distinctID) &&
		(f.Event == "" || strings.Contains(strings.ToLower(name), strings.ToLower(f.Event)))
}

// LiveEvent is an event that just came.
type LiveEvent struct {
	Project    ProjectID
	UUID       string
	Name       string
	DistinctID string
	Time       time.Time
}

// LiveFate is what just became of an event for one function.
type LiveFate struct {
	Function   FunctionID
	Invocation InvocationID // "" when there was none
	Outcome    Outcome
	Duration   time.Duration
	Logs       int // lines of the step
}

// LiveNews is an event, which comes first, or what became of one that came.
type LiveNews struct {
	Event LiveEvent
	Fate  *LiveFate
}

// LiveTally tells how much a feed shows.
type LiveTally struct {
	Seen   int64 // events that the filter admits
	Shown  int64 // of these, told of
	Missed int64 // news left out because the reader was slow
}

// LiveFeed is one watcher of a project's events.
type LiveFeed struct {
	News <-chan LiveNews
	// Tally tells how much was shown so far.
	Tally func() LiveTally
	// Close ends the feed and closes News; it may be called twice.
	Close func()
}
