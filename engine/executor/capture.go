package executor

import (
	"errors"
	"fmt"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

const (
	countKey  = "$hog_function_execution_count"
	loopLimit = 10
	maxName   = 200 // characters of an event's name or distinct ID
)

// capture is postHogCapture: at most once in a run, an event of this project
// that goes through the whole pipeline (runtime specification 6.7).
func (r *run) capture(c *vm.Call) (vm.Value, error) {
	arg := c.Arg(0)
	name, distinct := arg.Path("event").Text(), r.captureFor(arg)
	switch {
	case name == "":
		return vm.Null, errors.New("[HogFunction] - postHogCapture call missing 'event' property")
	case distinct == "":
		return vm.Null, errors.New("[HogFunction] - postHogCapture call missing 'distinct_id' property")
	case r.hasCaptured:
		return vm.Null, errors.New("postHogCapture was called more than once. Only one call is allowed per function")
	}
	if !vm.Fits(arg, maxValue) {
		return vm.Null, fmt.Errorf("postHogCapture was called with more than %d bytes", maxValue)
	}
	r.hasCaptured = true
	count := r.globals.Path("event", "properties", countKey).Num()
	if count >= loopLimit {
		r.journal.add(cdp.LevelWarn, fmt.Sprintf("postHogCapture was called from an event that already executed this function %d times previously. To prevent unbounded infinite loops, the event was not captured.", loopLimit))
		return vm.Null, nil
	}
	if r.trial != nil {
		r.journal.add(cdp.LevelInfo, "Async function 'postHogCapture' was mocked with arguments:")
		r.journal.add(cdp.LevelInfo, "postHogCapture("+string(vm.AppendJSONIndent(nil, arg, "  "))+")")
		return vm.Null, nil
	}
	props := edit(arg.Path("properties"), 1)
	props.Set(countKey, vm.Number(count+1))
	r.captured = append(r.captured, r.capturedEvent(name, distinct, props))
	return vm.Null, nil
}

func (r *run) capturedEvent(name, distinct string, props vm.Value) cdp.Event {
	name, _ = cut(name, maxName)
	distinct, _ = cut(distinct, maxName)
	now := r.x.now().UTC()
	return cdp.Event{
		Project: r.inv.Project,
		// Computed, so that a run that is done twice captures one event.
		UUID: uuid5(invocationSpace, string(r.inv.ID), "/capture"),
		Name: name, DistinctID: distinct, Timestamp: now, ReceivedAt: now,
		Properties: vm.AppendJSON(nil, props),
	}
}

func (r *run) captureFor(arg vm.Value) string {
	for _, v := range []vm.Value{arg.Path("distinct_id"), r.globals.Path("event", "distinct_id"), r.globals.Path("person", "id")} {
		if v.IsString() && v.Text() != "" {
			return v.Text()
		}
		if v.IsNumber() {
			return vm.Print(v)
		}
	}
	return ""
}
