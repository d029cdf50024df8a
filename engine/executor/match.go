package executor

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Planned is an invocation that is to be made, with the values it was made of:
// in this process, it can go on from these, and its globals need not be JSON.
type Planned struct {
	Invocation cdp.Invocation
	globals    vm.Value // null when the invocation was stored
	size       int      // about how long they are as JSON
}

// Write puts the globals into the invocation as JSON, unless they are there.
func (p *Planned) Write() {
	if p.Invocation.Globals == nil {
		p.Invocation.Globals = vm.AppendJSON(make([]byte, 0, p.size), p.globals)
	}
}

// Matched is what one function makes of one event.
type Matched struct {
	Planned []Planned
	// Outcomes are what did not become an invocation: filtered,
	// filtering_failed, inputs_failed; one for each mapping.
	Outcomes []cdp.Outcome
	// Failures tell of inputs that could not be built, for the run's record.
	Failures []Failure
	// FilterError is why a filter failed, if one did.
	FilterError string
	Logs        []cdp.LogEntry
}

// Reset empties m for another event and keeps its lists' room.
func (m *Matched) Reset() {
	clear(m.Planned)
	clear(m.Logs)
	*m = Matched{Planned: m.Planned[:0], Outcomes: m.Outcomes[:0], Failures: m.Failures[:0], Logs: m.Logs[:0]}
}

// Failure is an invocation that could not be made.
type Failure struct {
	Invocation cdp.InvocationID
	Mapping    int
	Message    string // redacted
	Remains    Remains
}

// Size is about how long the invocation is when it is written.
func (p *Planned) Size() int { return p.size + len(p.Invocation.Globals) }

// Match asks a function's filters about an event and builds one invocation for
// each match: of the function, or of each of its mappings (runtime
// specification 4.4 and 5). Globals of the invocations are JSON, inputs
// included.
func (x *Executor) Match(f *Function, s *Scope) Matched {
	var m Matched
	x.MatchInto(&m, f, s)
	for i := range m.Planned {
		m.Planned[i].Write()
	}
	return m
}

// MatchInto is Match into an m that may have been used before, whose lists are
// used again. Globals are not written yet; see Planned.Write.
func (x *Executor) MatchInto(m *Matched, f *Function, s *Scope) {
	m.Reset()
	if !x.pass(f, &f.filter, s, m) {
		return
	}
	if len(f.mappings) == 0 {
		x.plan(f, f.inputs, -1, s, m)
		return
	}
	for i := range f.mappings {
		mp := &f.mappings[i]
		if mp.disabled || mp.filter != nil && !x.pass(f, mp.filter, s, m) {
			continue
		}
		x.plan(f, mp.inputs, i, s, m)
	}
}

// Replan is what a function makes of an event that it is given again.
type Replan struct {
	Matched
	ID cdp.InvocationID
}

// Plan builds one invocation of a function, or of one of its mappings, without
// asking filters; mapping is -1 for none. Its ID is a new one, for it is
// different work than the first.
func (x *Executor) Plan(f *Function, s *Scope, mapping int) Replan {
	inputs := f.inputs
	if mapping >= 0 {
		inputs = f.mappings[mapping].inputs
	}
	m := Replan{ID: cdp.InvocationID(x.newID())}
	x.planAs(m.ID, f, inputs, mapping, s, &m.Matched)
	return m
}

func (x *Executor) pass(f *Function, fl *filter, s *Scope, m *Matched) bool {
	got := fl.matches(s)
	switch {
	case got.ok:
		return true
	case got.err == nil:
		m.Outcomes = append(m.Outcomes, cdp.OutcomeFiltered)
		return false
	}
	m.Outcomes = append(m.Outcomes, cdp.OutcomeFilteringFailed)
	m.FilterError = cutBytes(got.err.Error(), maxErrorText)
	j := x.journal(s.project.ID, f, cdp.InvocationID(x.newID()))
	j.add(cdp.LevelError, fmt.Sprintf("Error filtering event %s: %s", s.uuid, got.err))
	m.Logs = append(m.Logs, j.entries...)
	return false
}

// plan builds inputs and globals of one invocation. Errors while building end
// it before it began.
func (x *Executor) plan(f *Function, plan *inputPlan, index int, s *Scope, m *Matched) {
	x.planAs(InvocationID(s.uuid, f.ID, index), f, plan, index, s, m)
}

func (x *Executor) planAs(id cdp.InvocationID, f *Function, plan *inputPlan, index int, s *Scope, m *Matched) {
	globals := s.globals(f)
	inputs, err := x.buildInputs(plan, globals)
	if err != nil {
		j := x.journal(s.project.ID, f, id)
		j.hide = newRedactor(plan, inputs).text
		text := j.clean(shortText(err))
		j.add(cdp.LevelError, fmt.Sprintf("Error building inputs for event %s: %s", s.uuid, text))
		m.Logs = append(m.Logs, j.entries...)
		m.Outcomes = append(m.Outcomes, cdp.OutcomeInputsFailed)
		m.Failures = append(m.Failures, Failure{Invocation: id, Mapping: index, Message: cutBytes(text, maxErrorText), Remains: remainsOf(globals, nil, vm.Null)})
		return
	}
	globals.Set("inputs", inputs)
	globals.Freeze()
	m.Planned = append(m.Planned, Planned{globals: globals, size: 6*s.size + 2048, Invocation: cdp.Invocation{
		ID: id, Project: s.project.ID, Function: f.ID, Version: f.Version, Mapping: index,
		EventUUID: s.uuid, EventName: s.name, DistinctID: s.distinctID, ScheduledAt: x.now().UTC(),
	}})
}

// MaskKey gives the key under which a planned invocation is counted for
// masking: what the masking program gives over its globals, as text, hashed.
// Without masking, or when the program fails or gives nothing, ok is false and
// the invocation is not masked (runtime specification 9).
func (x *Executor) MaskKey(f *Function, p Planned) (key string, ok bool) {
	if f.masking == nil {
		return "", false
	}
	b := vm.Budget{Time: hashTime, Memory: DefaultMemory, AsyncSteps: -1}
	out := x.runOnce(f.masking, p.globals, b, nil)
	if out.err != nil || !out.value.Truthy() {
		return "", false
	}
	sum := md5.Sum([]byte(vm.JSText(out.value)))
	return hex.EncodeToString(sum[:]), true
}

func (x *Executor) journal(p cdp.ProjectID, f *Function, id cdp.InvocationID) *journal {
	return &journal{project: p, function: f.ID, invocation: id, now: x.now}
}
