package cdp

import "time"

// Metric is a count to be added to one app metric of one function.
type Metric struct {
	Project  ProjectID
	Function FunctionID
	Name     Outcome
	Kind     string // Outcome.Kind unless said otherwise
	Time     time.Time
	Count    int64
}

// MetricQuery asks for counts in time buckets.
type MetricQuery struct {
	Project  ProjectID
	Function FunctionID // "" asks for the whole project
	After    time.Time  // inclusive
	Before   time.Time  // inclusive
	Interval string     // minute, hour, day, week
	Location *time.Location
	// By is the breakdown: "name" or "kind".
	By    string
	Names []string
	Kinds []string
}

// Series is the answer to a MetricQuery: bucket starts and, for each value of
// the breakdown that has data, one count per bucket, sorted by name.
type Series struct {
	Buckets []time.Time
	Lines   []SeriesLine
}

// SeriesLine is one breakdown value's counts, as long as Series.Buckets.
type SeriesLine struct {
	Name   string
	Values []int64
}

// FunctionStats summarises the last 24 hours of one function for lists:
// counts per hour, oldest first, 24 of each.
type FunctionStats struct {
	Succeeded [24]int64
	Failed    [24]int64
	Other     map[Outcome]int64 // totals of the remaining outcomes
	LastRun   time.Time
}
