package cdp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// Trace is what became of one event: the runs that are on record and, for each
// destination without one, why it did not run.
type Trace struct {
	Event   Event
	Runs    []Run
	Skipped []Skip // closest to running first
	// Left counts functions that were not looked into, for there are many.
	Left int
}

// Skip is a destination that has no run for an event. Nothing is stored of
// most of them, so the reason is found now, with the function as it is now.
type Skip struct {
	Function FunctionID
	Name     string
	Version  int
	Reason   SkipReason
	// Clauses are the conditions of the filters, of the first mapping where
	// these decide; empty for SkipEvent and reasons without filters.
	Clauses []Clause
	At      time.Time // of the last save, for SkipLater
}

// SkipReason tells why a function did not run for an event.
type SkipReason string

// The reasons.
const (
	SkipEvent    SkipReason = "event"    // it waits for events of other names
	SkipFilters  SkipReason = "filters"  // a clause does not hold
	SkipMappings SkipReason = "mappings" // no mapping's filters hold
	SkipFault    SkipReason = "fault"    // the filters cannot be compiled
	SkipDisabled SkipReason = "disabled" // it is switched off, and would match
	SkipLater    SkipReason = "later"    // it matches, but was saved after the event came
	SkipStopped  SkipReason = "stopped"  // it matches, but the watcher has stopped it
	SkipMasked   SkipReason = "masked"   // it matches, and masking holds runs back
	SkipUnknown  SkipReason = "unknown"  // it matches: the run is under way, or its record is gone
)

// Clause is one condition of filters with what became of it.
type Clause struct {
	// Group is where it stands: "test_accounts", "properties", "events".
	Group  string
	Text   string // in words
	Held   bool
	Actual json.RawMessage // what was compared; nil when it is no single value
	Fault  string          // why it could not be evaluated
	test   json.RawMessage
	actual json.RawMessage
}

// Checker evaluates compiled expressions over an event as filters see it. The
// engine is one.
type Checker interface {
	// Check gives the value of each expression as JSON, or its fault.
	Check(ctx context.Context, e Event, codes []json.RawMessage) ([]Checked, error)
}

// Checked is the value of one expression.
type Checked struct {
	Value json.RawMessage
	Fault string
}

// TraceStore finds what is on record of an event.
type TraceStore interface {
	// Event finds an event; NotFound when it is no longer kept.
	Event(ctx context.Context, project ProjectID, uuid string) (Event, error)
	RunsOf(ctx context.Context, project ProjectID, event string) ([]Run, error)
	ProjectFunctions(ctx context.Context, project ProjectID) ([]*Function, error)
}

// Traces tells what became of events.
type Traces struct {
	Store     TraceStore
	Functions *Functions
	Checker   Checker
	// Status tells how functions fare now; nil: nobody watches over them.
	Status func(ProjectID, FunctionID) Status
}

// maxTraced bounds the functions whose clauses are looked into; those that
// wait for other events cost nothing and do not count.
const maxTraced = 300

// Trace follows an event through a project. Faults of single functions are in
// the result.
func (ts *Traces) Trace(ctx context.Context, project ProjectID, uuid string) (Trace, error) {
	e, err := ts.Store.Event(ctx, project, uuid)
	if err != nil {
		return Trace{}, err
	}
	t := Trace{Event: e}
	if t.Runs, err = ts.Store.RunsOf(ctx, project, e.UUID); err != nil {
		return Trace{}, err
	}
	t.Skipped, t.Left, err = ts.why(ctx, e, t.Runs)
	return t, err
}

// why tells of each destination that is not among runs why it did not run.
func (ts *Traces) why(ctx context.Context, e Event, runs []Run) ([]Skip, int, error) {
	all, err := ts.Store.ProjectFunctions(ctx, e.Project)
	if err != nil {
		return nil, 0, fmt.Errorf("trace event %s: %w", e.UUID, err)
	}
	c, err := ts.Functions.filterCompiler(ctx, e.Project)
	if err != nil {
		return nil, 0, err
	}
	ran := map[FunctionID]bool{}
	for _, r := range runs {
		ran[r.Function] = true
	}
	w := why{ts: ts, c: c, e: e}
	for _, f := range all {
		if f.Type != Destination || f.Filters.Source != SourceEvents || ran[f.ID] {
			continue
		}
		if err := w.consider(ctx, f); err != nil {
			return nil, 0, err
		}
	}
	slices.SortStableFunc(w.out, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.distance(), b.distance()), cmp.Compare(a.Name, b.Name))
	})
	return w.out, max(0, w.looked-maxTraced), nil
}

// distance is how far a function was from running.
func (s Skip) distance() int {
	switch s.Reason {
	case SkipEvent:
		return 1000
	case SkipFault:
		return 999
	}
	n := 0
	for _, c := range s.Clauses {
		if !c.Held {
			n++
		}
	}
	return n
}

// why looks into one function after the other.
type why struct {
	ts     *Traces
	c      *filterCompiler
	e      Event
	looked int
	out    []Skip
}

func (w *why) consider(ctx context.Context, f *Function) error {
	s := Skip{Function: f.ID, Name: f.Title(), Version: f.Version, At: f.UpdatedAt}
	if otherEvent(&f.Filters, w.e.Name) {
		if f.Enabled {
			s.Reason = SkipEvent
			w.out = append(w.out, s)
		}
		return nil
	}
	if w.looked++; w.looked > maxTraced {
		return nil
	}
	clauses, held, err := w.evaluate(ctx, &f.Filters)
	if err != nil {
		return err
	}
	s.Clauses = clauses
	switch {
	case f.Filters.BytecodeError != "":
		s.Reason, s.Clauses = SkipFault, []Clause{{Group: "properties", Text: "the filters", Fault: f.Filters.BytecodeError}}
	case !held:
		s.Reason = SkipFilters
	default:
		if err := w.beyondFilters(ctx, f, &s); err != nil {
			return err
		}
	}
	if !f.Enabled {
		// One that is off and would not run either is not worth a line.
		if s.Reason == SkipFilters || s.Reason == SkipMappings || s.Reason == SkipFault {
			return nil
		}
		s.Reason = SkipDisabled
	}
	w.out = append(w.out, s)
	return nil
}

// beyondFilters finds what held back a function whose filters hold.
func (w *why) beyondFilters(ctx context.Context, f *Function, s *Skip) error {
	if len(f.Mappings) > 0 {
		matched, nearest, err := w.mappings(ctx, f)
		if err != nil {
			return err
		}
		if !matched {
			s.Reason, s.Clauses = SkipMappings, nearest
			return nil
		}
	}
	switch {
	case f.UpdatedAt.After(w.e.ReceivedAt):
		s.Reason = SkipLater
	case w.ts.Status != nil && w.ts.Status(f.Project, f.ID).State.Stopped():
		s.Reason = SkipStopped
	case f.Masking != nil:
		s.Reason = SkipMasked
	default:
		s.Reason = SkipUnknown
	}
	return nil
}

// mappings tells whether the filters of one mapping hold, and the clauses of
// the mapping that came nearest.
func (w *why) mappings(ctx context.Context, f *Function) (matched bool, nearest []Clause, err error) {
	best := -1
	for i := range f.Mappings {
		m := &f.Mappings[i]
		if m.Disabled {
			continue
		}
		if m.Filters == nil {
			return true, nil, nil
		}
		clauses, held, err := w.evaluate(ctx, m.Filters)
		if err != nil || held {
			return held, nil, err
		}
		if d := (Skip{Clauses: clauses}).distance(); best < 0 || d < best {
			best, nearest = d, clauses
		}
	}
	return false, nearest, nil
}

// otherEvent reports whether filters name events, and none of them is name.
func otherEvent(f *Filters, name string) bool {
	if len(f.Actions) > 0 || len(f.Events) == 0 {
		return false
	}
	for _, raw := range f.Events {
		members, _ := fields.MembersOf(raw)
		id, _ := members.Get("id")
		if id == nil || fields.KindOf(id) == fields.Null || fields.Display(id) == name || memberText(raw, "type") != "events" {
			return false
		}
	}
	return true
}

// evaluate takes filters apart and evaluates each clause. Of several events
// and actions, the one that came nearest is told.
func (w *why) evaluate(ctx context.Context, f *Filters) (clauses []Clause, held bool, err error) {
	must, entries, err := w.c.clauses(f)
	if err != nil {
		return nil, false, err
	}
	list := slices.Clone(must)
	for _, e := range entries {
		list = append(list, e...)
	}
	if err := w.check(ctx, list); err != nil {
		return nil, false, err
	}
	clauses, rest := list[:len(must):len(must)], list[len(must):]
	held = allHeld(clauses)
	best := -1
	var nearest []Clause
	for _, e := range entries {
		one := rest[:len(e)]
		rest = rest[len(e):]
		if d := (Skip{Clauses: one}).distance(); best < 0 || d < best {
			best, nearest = d, one
		}
	}
	return append(nearest, clauses...), held && best <= 0, nil
}

func allHeld(list []Clause) bool {
	return !slices.ContainsFunc(list, func(c Clause) bool { return !c.Held })
}

func (w *why) check(ctx context.Context, list []Clause) error {
	var codes []json.RawMessage
	for _, c := range list {
		codes = append(codes, c.test, c.actual)
	}
	got, err := w.ts.Checker.Check(ctx, w.e, codes)
	if err != nil {
		return fmt.Errorf("trace event %s: %w", w.e.UUID, err)
	}
	for i := range list {
		c := &list[i]
		if c.test == nil {
			continue // its fault is known
		}
		c.Held, c.Fault = string(got[2*i].Value) == "true", got[2*i].Fault
		if c.actual != nil {
			c.Actual = got[2*i+1].Value
		}
	}
	return nil
}

// clauses takes filters apart: those that all must hold, and for each event
// and action its own, of which one list must hold.
func (c *filterCompiler) clauses(f *Filters) (must []Clause, entries [][]Clause, err error) {
	if f.FilterTestAccounts != nil && *f.FilterTestAccounts {
		accounts, _ := fields.Items(c.project.TestAccountFilters)
		for _, raw := range accounts {
			must = append(must, c.clause("test_accounts", raw))
		}
	}
	for _, raw := range f.Properties {
		must = append(must, c.clause("properties", raw))
	}
	for _, raw := range append(slices.Clone(f.Events), f.Actions...) {
		members, _ := fields.MembersOf(raw)
		id, _ := members.Get("id")
		var e []Clause
		switch memberText(raw, "type") {
		case "events":
			if id != nil && fields.KindOf(id) != fields.Null {
				e = append(e, c.compiled(Clause{Group: "events", Text: "event is " + fields.Display(id)}, eventIs(id), ast.Chain("event")))
			}
		case "actions":
			text := "action " + cmp.Or(memberText(raw, "name"), fields.Display(id))
			test, err := c.action(id)
			if err != nil {
				e = append(e, Clause{Group: "events", Text: text, Fault: err.Error()})
			} else {
				e = append(e, c.compiled(Clause{Group: "events", Text: text}, test, nil))
			}
		}
		own, _ := members.Get("properties")
		items, _ := fields.Items(own)
		for _, p := range items {
			e = append(e, c.clause("events", p))
		}
		entries = append(entries, e)
	}
	return must, entries, nil
}

// clause compiles one property filter.
func (c *filterCompiler) clause(group string, raw json.RawMessage) Clause {
	one := Clause{Group: group, Text: PropertyText(raw)}
	test, err := c.property(raw)
	if err != nil {
		one.Fault = err.Error()
		return one
	}
	var actual ast.Expr
	if p, ok := readProperty(raw); ok && p.kind != "hogql" && p.kind != "element" && !isCohort(p.kind) {
		actual, _ = p.field() // property has read it already
	}
	return c.compiled(one, test, actual)
}

func (c *filterCompiler) compiled(one Clause, test, actual ast.Expr) Clause {
	code, err := compileFilter(test)
	if err != nil {
		one.Fault = err.Error()
		return one
	}
	one.test = code
	if actual != nil {
		one.actual, _ = compileFilter(actual) // a chain of names compiles
	}
	return one
}
