package executor

import (
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Limits of what a run may log (runtime specification 6.8).
const (
	maxPrints    = 24
	maxLogChars  = 10_000
	maxErrorText = 4096
	truncated    = "... (truncated)"
)

// journal collects the log entries of one run, in order and redacted.
type journal struct {
	project    cdp.ProjectID
	function   cdp.FunctionID
	invocation cdp.InvocationID
	now        func() time.Time
	hide       func(string) string
	entries    []cdp.LogEntry
	last       time.Time
}

func (j *journal) add(level cdp.Level, message string) {
	at := j.now().UTC().Truncate(time.Millisecond)
	if !at.After(j.last) {
		// Entries of one run are told apart by their time.
		at = j.last.Add(time.Millisecond)
	}
	j.last = at
	j.entries = append(j.entries, cdp.LogEntry{
		Project: j.project, Function: j.function, Invocation: j.invocation,
		Time: at, Level: level, Message: j.clean(message),
	})
}

// clean redacts before it cuts, so that no half of a secret stays.
func (j *journal) clean(message string) string {
	if j.hide != nil {
		message = j.hide(message)
	}
	if text, was := cut(message, maxLogChars); was {
		return text + truncated
	}
	return message
}

// printed is what print writes of its arguments: texts raw, all else as JSON,
// joined with a comma.
func printed(args []vm.Value) string {
	var b []byte
	for i, a := range args {
		if vm.TooLong(len(b)) {
			break
		}
		if i > 0 {
			b = append(b, ", "...)
		}
		if a.IsString() {
			b = append(b, a.Text()...)
		} else {
			b = vm.AppendJSON(b, a)
		}
	}
	return string(b)
}
