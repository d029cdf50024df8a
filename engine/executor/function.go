package executor

import (
	"bytes"
	"encoding/json"
	"fmt"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// The functions that programs may call besides the standard library.
var (
	destinationHost = []string{"print", "postHogCapture"}
	transformHost   = []string{"print", "postHogCapture", "geoipLookup", "cleanNullValues", "isKnownBotUserAgent", "isKnownBotIp"}
	destinationCall = []string{"fetch"}
)

// Function is a stored function with its programs, ready to run. It never
// changes, but for the measure of its pace, and is shared by all goroutines.
type Function struct {
	*cdp.Function
	title    string
	label    vm.Value    // of Label, for the lists of transformations
	source   vm.Value    // the global "source", outside of tests
	program  *vm.Program // nil for functions that run elsewhere
	filter   filter
	inputs   *inputPlan
	mappings []mapping
	masking  *vm.Program
	pace     *pace
}

// mapping is one mapping with its own filter and the inputs that result from
// it. A mapping without filters matches always.
type mapping struct {
	disabled bool
	filter   *filter
	inputs   *inputPlan
}

// filter tells whether an event is one that a function waits for.
type filter struct {
	source string
	// always: nothing is asked.
	always bool
	// names are the event names that can match at all; nil when any can.
	names   map[string]bool
	program *vm.Program
	plain   bool   // the program asks for plain globals only
	blind   bool   // and for nothing that Normalize changes
	fault   string // why there is no program
}

// Compile makes a Function of f. The error tells what is broken; functions
// that run in a site compile to one without a program.
func (x *Executor) Compile(f *cdp.Function) (*Function, error) {
	c := &Function{Function: f, title: f.Title(), label: vm.String(f.Label()), pace: &pace{}}
	if f.Type.Site() {
		return c, nil
	}
	c.source = x.sourceGlobal(c)
	host, async := destinationHost, destinationCall
	if f.Type == cdp.Transformation {
		host, async = transformHost, nil
	}
	if absent(f.Bytecode) {
		return nil, fmt.Errorf("function %s has no bytecode", f.ID)
	}
	var err error
	if c.program, err = x.load(f.Bytecode, host, async); err != nil {
		return nil, fmt.Errorf("load function %s: %w", f.ID, err)
	}
	if c.inputs, err = x.planInputs(f, -1); err != nil {
		return nil, err
	}
	c.filter = x.compileFilter(&f.Filters)
	if err := x.compileMappings(c); err != nil {
		return nil, err
	}
	if f.Masking != nil && !absent(f.Masking.Bytecode) {
		if c.masking, err = x.load(f.Masking.Bytecode, nil, nil); err != nil {
			return nil, fmt.Errorf("load masking of function %s: %w", f.ID, err)
		}
	}
	return c, nil
}

func (x *Executor) compileMappings(c *Function) error {
	for i := range c.Mappings {
		plan, err := x.planInputs(c.Function, i)
		if err != nil {
			return fmt.Errorf("mapping %d: %w", i, err)
		}
		m := mapping{disabled: c.Mappings[i].Disabled, inputs: plan}
		if fs := c.Mappings[i].Filters; fs != nil {
			f := x.compileFilter(fs)
			m.filter = &f
		}
		c.mappings = append(c.mappings, m)
	}
	return nil
}

// compileFilter never fails: what is broken shows when an event asks (runtime
// specification 4.2).
func (x *Executor) compileFilter(fs *cdp.Filters) filter {
	f := filter{source: fs.Source, names: admitted(fs)}
	if f.source == "" {
		f.source = "events"
	}
	switch {
	case absent(fs.Bytecode):
		f.fault = "Filters were not compiled correctly and so could not be executed"
		return f
	case alwaysTrue(fs.Bytecode):
		f.always = true
		return f
	}
	p, err := x.load(fs.Bytecode, nil, nil)
	if err != nil {
		f.fault = err.Error()
		return f
	}
	f.program, f.plain = p, plainly(fs.Bytecode)
	f.blind = f.plain && blindly(fs.Bytecode)
	return f
}

// alwaysTrue recognises the filter of a function without any conditions.
func alwaysTrue(code json.RawMessage) bool {
	var b bytes.Buffer
	return json.Compact(&b, code) == nil && b.String() == `["_H",1,29]`
}

// admitted gives the event names that a filter can match, from its list of
// events; nil when it can match any.
func admitted(fs *cdp.Filters) map[string]bool {
	if len(fs.Events) == 0 || len(fs.Actions) > 0 {
		return nil
	}
	names := map[string]bool{}
	for _, raw := range fs.Events {
		var e struct {
			ID *string `json:"id"`
		}
		if json.Unmarshal(raw, &e) != nil || e.ID == nil {
			return nil
		}
		names[*e.ID] = true
	}
	return names
}

// Names are the names of events that can pass the function's own filter, for
// whoever keeps an index; nil when any event can.
func (f *Function) Names() map[string]bool { return f.filter.names }

// Source is what triggers the function: "events" unless its filters say
// otherwise.
func (f *Function) Source() string { return f.filter.source }

// match is what a filter said of an event.
type match struct {
	ok  bool
	err error // the filter failed; then ok is false
}

// matches asks a filter about an event (runtime specification 4.2).
func (f *filter) matches(s *Scope) match {
	switch {
	case f.names != nil && !f.names[s.name]:
		return match{}
	case f.always:
		return match{ok: true}
	case f.program == nil:
		return match{err: fmt.Errorf("%s", f.fault)}
	}
	if !f.blind {
		s.settle()
	}
	globals := s.plainGlobals()
	// A filter may name a type of group, which no look at the program tells.
	if !f.plain || s.given.groups.IsDict() || s.who.people != nil && s.props.Path("$groups").Len() > 0 {
		globals = s.filterGlobals()
	}
	out := s.x.runOnce(f.program, globals, s.x.filterBudget(), nil)
	if out.err != nil {
		return match{err: fmt.Errorf("%s", shortText(out.err))}
	}
	return match{ok: out.value == vm.True}
}
