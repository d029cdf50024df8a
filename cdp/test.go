package cdp

import (
	"encoding/json"
	"time"
)

// TestRequest asks for one test run of a function, as the editor's bench and
// POST …/invocations do (runtime specification 12.6). Nothing of it is stored
// or counted.
type TestRequest struct {
	Project Project
	// Function is the configuration under test, compiled as for a save; it need
	// be neither saved nor enabled. Secret inputs are in Sealed as always.
	Function *Function
	// Invocation is the ID to use in logs; a new one when empty.
	Invocation InvocationID
	// Globals are {"event", "person"?, "groups"?, "project"?, "source"?,
	// "request"?, "inputs"?}. Event is required unless ClickhouseEvent is
	// there.
	Globals json.RawMessage
	// ClickhouseEvent is a raw event row; it wins over Globals.
	ClickhouseEvent json.RawMessage
	// Mock answers fetch with 200 and {} instead of making the request.
	Mock bool
}

// The statuses of a TestResult.
const (
	TestSuccess = "success"
	TestError   = "error"
	TestSkipped = "skipped" // the filters matched nothing
)

// TestResult tells what a test run did. Secrets are redacted everywhere.
type TestResult struct {
	Invocation InvocationID
	Status     string // success, error or skipped
	Errors     []string
	Logs       []TestLog
	// Result is the event after a transformation ("null" when it was dropped),
	// the answer of a source webhook, and "null" for destinations.
	Result json.RawMessage
	// Requests are the requests that were made or mocked, in order.
	Requests []TestFetch
	Duration time.Duration
}

// TestLog is one line of a test run.
type TestLog struct {
	Level   Level
	Time    time.Time
	Message string
}

// TestFetch is one request of a test run, for people to look at.
type TestFetch struct {
	Method  string
	URL     string
	Headers map[string]string
	Body    string
	Mocked  bool
	// Status is the answer's, 0 when there was none; then Error says why.
	Status   int
	Response string // at most 10 000 bytes
	Error    string
	Attempt  int // from 1
	Duration time.Duration
}
