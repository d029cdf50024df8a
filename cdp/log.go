package cdp

import "time"

// Level is how grave a log entry is, in lower case.
type Level string

// The levels, lightest first.
const (
	LevelDebug Level = "debug"
	LevelInfo  Level = "info"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// LogEntry is one line that a run, a filter or the runtime wrote.
type LogEntry struct {
	Project    ProjectID
	Function   FunctionID
	Invocation InvocationID // PostHog's instance_id
	Time       time.Time    // UTC, milliseconds; distinct within one invocation
	Level      Level
	Message    string // at most 10 000 characters, secrets redacted
	// Seq orders entries and resumes live streams; set by the store.
	Seq int64
}

// LogQuery asks for log entries, newest first. Zero fields do not restrict.
type LogQuery struct {
	Project    ProjectID
	Function   FunctionID // "" asks for the whole project
	Invocation InvocationID
	After      time.Time // strictly greater
	Before     time.Time // strictly less
	// Tail asks for what came after AfterSeq (0 is the beginning), oldest first.
	Tail     bool
	AfterSeq int64 // strictly greater; only with Tail
	Levels   []Level
	Search   string // case-insensitive, literal
	Limit    int    // 50 when 0
	Offset   int
}
