package executor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// The lists that transformations leave in an event, of the labels of those
// that ran, failed, or did not match.
const (
	succeededKey = "$transformations_succeeded"
	failedKey    = "$transformations_failed"
	skippedKey   = "$transformations_skipped"
)

var listKeys = vm.Texts(succeededKey, failedKey, skippedKey)

// Lists collect what the transformations of one event did.
type Lists struct {
	succeeded, failed, skipped []vm.Value // labels
}

// Reset empties the lists, for another event.
func (l *Lists) Reset() {
	l.succeeded, l.failed, l.skipped = l.succeeded[:0], l.failed[:0], l.skipped[:0]
}

// BeginTransformations removes what a client claims about transformations.
func (s *Scope) BeginTransformations() {
	if p := without(s.props, succeededKey, failedKey, skippedKey); p != s.props {
		s.setProps(p)
	}
}

// EndTransformations writes the lists that are not empty into the event.
func (s *Scope) EndTransformations(l *Lists) {
	if l.none() {
		return
	}
	p := s.editProps(5) // two more come with Normalize
	for i, labels := range l.all() {
		if len(labels) > 0 {
			p.Put(listKeys[i], vm.NewArray(slices.Clone(labels)))
		}
	}
	s.leaveOpen(p)
}

// EndTransformationsLater has the lists written when somebody asks for them: a
// copy of all properties for what few programs read. l belongs to s until then.
func (s *Scope) EndTransformationsLater(l *Lists) {
	for _, key := range listKeys {
		if _, given := s.props.Lookup(key); given { // by a program, with other values
			s.EndTransformations(l)
			return
		}
	}
	s.lists = l
}

func (l *Lists) all() [3][]vm.Value { return [...][]vm.Value{l.succeeded, l.failed, l.skipped} }

func (l *Lists) none() bool { return len(l.succeeded)+len(l.failed)+len(l.skipped) == 0 }

// appendTo adds the lists to the end of an object's JSON.
func (l *Lists) appendTo(b []byte) []byte {
	for i, labels := range l.all() {
		if len(labels) == 0 {
			continue
		}
		if b = b[:len(b)-1]; b[len(b)-1] != '{' { // the closing brace
			b = append(b, ',')
		}
		b = append(vm.AppendJSON(b, listKeys[i]), ':', '[')
		for j, label := range labels {
			if j > 0 {
				b = append(b, ',')
			}
			b = vm.AppendJSON(b, label)
		}
		b = append(b, ']', '}')
	}
	return b
}

// Bypasses reports whether an event is not transformed.
func Bypasses(name string) bool { return name == "$$heatmap" || name == "$$client_ingestion_warning" }

// Transformed is what one transformation did to an event.
type Transformed struct {
	// Dropped tells that the event ends here.
	Dropped bool
	// Ran tells that the program ran, in contrast to a filter that did not
	// match or inputs that could not be built.
	Ran      bool
	Outcomes []cdp.Outcome
	Error    string // redacted
	Kind     string
	Logs     []cdp.LogEntry
	Took     time.Duration // the program's time
	id       cdp.InvocationID
	plan     *inputPlan
	inputs   vm.Value
}

// Reset empties t for another run and keeps its lists' room.
func (t *Transformed) Reset() {
	clear(t.Logs)
	*t = Transformed{Outcomes: t.Outcomes[:0], Logs: t.Logs[:0]}
}

// hide redacts the secrets of this run.
func (t *Transformed) hide(s string) string {
	h := newRedactor(t.plan, t.inputs)
	return h.text(s)
}

// Invocation is the ID under which the run was logged.
func (t *Transformed) Invocation() cdp.InvocationID { return t.id }

// Transform runs one transformation on the event and changes it by the result
// (runtime specification 3.2). A transformation that fails leaves the event as
// it was.
func (x *Executor) Transform(f *Function, s *Scope, l *Lists) Transformed {
	var out Transformed
	x.TransformInto(&out, f, s, l)
	return out
}

// TransformInto is Transform into an out that may have been used before, whose
// lists are used again.
func (x *Executor) TransformInto(out *Transformed, f *Function, s *Scope, l *Lists) {
	out.Reset()
	out.id, out.plan = InvocationID(s.uuid, f.ID, -1), f.inputs
	w := x.transformations.Get().(*transformation)
	defer w.release()
	w.x, w.f, w.s, w.lists, w.out = x, f, s, l, out
	w.journal = journal{project: s.project.ID, function: f.ID, invocation: out.id, now: x.now, hide: w.redact, entries: out.Logs}
	w.work()
	out.Logs, out.inputs = w.journal.entries, w.inputs
}

// newTransformation makes one for the pool: its host functions, bound to it,
// serve all runs for which it is taken.
func newTransformation() any {
	w := new(transformation)
	w.functions = w.host()
	w.redact = w.hide
	return w
}

// release gives w back without anything of its run.
func (w *transformation) release() {
	x := w.x
	*w = transformation{functions: w.functions, redact: w.redact}
	x.transformations.Put(w)
}

// transformation is one run of one transformation.
type transformation struct {
	x       *Executor
	f       *Function
	s       *Scope
	lists   *Lists
	journal journal
	inputs  vm.Value
	hidden  *redactor
	prints  int
	out     *Transformed

	functions map[string]vm.HostFunc
	redact    func(string) string
}

func (w *transformation) hide(s string) string {
	if !w.f.inputs.hides {
		return s
	}
	if w.hidden == nil {
		h := newRedactor(w.f.inputs, w.inputs)
		w.hidden = &h
	}
	return w.hidden.text(s)
}

func (w *transformation) outcome(o cdp.Outcome) { w.out.Outcomes = append(w.out.Outcomes, o) }

func (w *transformation) work() {
	if !w.passes() {
		w.lists.skipped = append(w.lists.skipped, w.f.label)
		return
	}
	some := len(w.f.inputs.inputs) > 0
	globals, inputs := w.s.transformGlobals(some), emptyDict
	var err error
	if some {
		inputs, err = w.x.buildInputs(w.f.inputs, globals)
	}
	w.inputs = inputs
	if err != nil {
		w.fail(fmt.Sprintf("Error building inputs for event %s: %s", w.s.uuid, shortText(err)), shortText(err), "inputs_failed")
		return
	}
	if some {
		globals.Set("inputs", inputs)
	}
	w.out.Ran = true
	out := w.x.runOnce(w.f.program, globals, w.x.transformBudget(), w.functions)
	w.out.Took = out.took
	if out.suspended != nil {
		out.err = fmt.Errorf("Function suspended on async function '%s' but this executor cannot run async functions", out.suspended.Name)
	}
	if out.err != nil {
		w.fail(fmt.Sprintf("Error executing function on event %s: %s", w.s.uuid, out.err), out.err.Error(), errorKind(out.err))
		return
	}
	url := w.s.props.Path("$current_url").Text()
	w.journal.add(cdp.LevelDebug, completed(out.took, out, url))
	w.apply(out.value)
}

// passes asks the filter; a transformation without one always runs.
func (w *transformation) passes() bool {
	if absent(w.f.Filters.Bytecode) {
		return true
	}
	got := w.f.filter.matches(w.s)
	switch {
	case got.ok:
		return true
	case got.err != nil:
		w.outcome(cdp.OutcomeFilteringFailed)
		w.journal.add(cdp.LevelError, fmt.Sprintf("Error filtering event %s: %s", w.s.uuid, got.err))
	default:
		w.outcome(cdp.OutcomeFiltered)
	}
	return false
}

func (w *transformation) fail(log, text, kind string) {
	w.journal.add(cdp.LevelError, log)
	w.lists.failed = append(w.lists.failed, w.f.label)
	w.outcome(cdp.OutcomeFailed)
	w.out.Error, w.out.Kind = cutBytes(w.journal.clean(text), maxErrorText), kind
}

// apply changes the event by what the program returned. Only properties, name
// and distinct ID can change. What is wrong puts the label into the failed
// list, while the metric stays "succeeded", as upstream counts.
func (w *transformation) apply(v vm.Value) {
	w.outcome(cdp.OutcomeSucceeded)
	if !v.Truthy() {
		w.out.Dropped = true
		w.outcome(cdp.OutcomeDropped)
		return
	}
	props, _ := v.Get("properties")
	if !props.IsDict() {
		w.invalid("Invalid transformation result: expected an object with properties")
		return
	}
	if !vm.Fits(props, maxValue) {
		w.invalid(fmt.Sprintf("Invalid transformation result: properties are larger than %d bytes", maxValue))
		return
	}
	w.s.setProps(props)
	if !w.rename(v, "event", &w.s.name) || !w.rename(v, "distinct_id", &w.s.distinctID) {
		return
	}
	w.lists.succeeded = append(w.lists.succeeded, w.f.label)
}

func (w *transformation) invalid(text string) {
	w.journal.add(cdp.LevelError, text)
	w.lists.failed = append(w.lists.failed, w.f.label)
}

// rename takes over a text member of the result; false when it is no text.
func (w *transformation) rename(v vm.Value, key string, to *string) bool {
	got, ok := v.Get(key)
	if !ok || got.IsNull() {
		return true
	}
	if !got.IsString() {
		w.invalid(fmt.Sprintf("Invalid transformation result: %s must be a string", key))
		return false
	}
	text, _ := cut(got.Text(), maxName)
	if text != "" {
		if *to == text {
			return true
		}
		*to = text
		w.s.texts.name = vm.Null // and the distinct ID
		w.s.forget()
	}
	return true
}

func (x *Executor) transformBudget() vm.Budget {
	b := x.programBudget()
	b.AsyncSteps = 1 // so that sleep is told by name
	return b
}

// host gives a transformation its functions.
func (w *transformation) host() map[string]vm.HostFunc {
	return map[string]vm.HostFunc{
		"print": w.print,
		"postHogCapture": func(*vm.Call) (vm.Value, error) {
			return vm.Null, errors.New("posthogCapture is not supported in transformations")
		},
		"geoipLookup":         func(c *vm.Call) (vm.Value, error) { return w.x.place(c.Arg(0)), nil },
		"cleanNullValues":     func(c *vm.Call) (vm.Value, error) { return cleanNulls(c.Arg(0), 0), nil },
		"isKnownBotUserAgent": func(c *vm.Call) (vm.Value, error) { return vm.Bool(botAgent(c.Arg(0).Text())), nil },
		"isKnownBotIp":        func(c *vm.Call) (vm.Value, error) { return vm.Bool(botAddress(c.Arg(0).Text())), nil },
	}
}

// place is the host function geoipLookup: null for what is no text, no address
// or not known (runtime specification 3.3 and 3.4).
func (x *Executor) place(ip vm.Value) vm.Value {
	if x.cfg.Places == nil || !ip.IsString() {
		return vm.Null
	}
	return x.cfg.Places.Lookup(ip.Text())
}

func (w *transformation) print(c *vm.Call) (vm.Value, error) {
	w.prints++
	switch {
	case w.prints <= maxPrints:
		text := printed(c.Args)
		if err := c.Spend(len(text) / 16); err != nil {
			return vm.Null, err
		}
		w.journal.add(cdp.LevelInfo, text)
	case w.prints == maxPrints+1:
		w.journal.add(cdp.LevelWarn, "Function exceeded maximum log entries. No more logs will be collected. Event: "+w.s.uuid)
	}
	return vm.Null, nil
}

// cleanNulls removes null members and items, down to the third level.
func cleanNulls(v vm.Value, depth int) vm.Value {
	const deepest = 3
	switch {
	case depth > deepest:
		return v
	case v.IsDict():
		keys, vals := v.Entries()
		out := vm.NewDict(len(keys))
		for i, k := range keys {
			if !vals[i].IsNull() {
				out.Put(k, cleanNulls(vals[i], depth+1))
			}
		}
		return out
	case v.IsList():
		var out []vm.Value
		for _, e := range v.Elems() {
			if !e.IsNull() {
				out = append(out, cleanNulls(e, depth+1))
			}
		}
		return vm.NewArray(out)
	}
	return v
}
