package executor

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// Remains are what is kept of work that came to nothing, as JSON (runtime
// specification 13.2).
type Remains struct {
	// Payload is what the program saw of its event or request. What is looked up
	// when it is done again is left out: persons, groups, inputs, the project.
	Payload json.RawMessage
	// Inputs are as they were built, secrets redacted; nil when there are none.
	Inputs json.RawMessage
}

// mostInputs bounds the inputs that are kept.
const mostInputs = 256 << 10

// Remains gives what is left of an invocation that has ended.
func (r *Result) Remains() Remains {
	if r.run == nil {
		return Remains{}
	}
	return remainsOf(r.run.globals, r.run.plan, r.run.inputs)
}

// Remains gives what is left of an event that f's filters failed on.
func (s *Scope) Remains(f *Function) Remains { return remainsOf(s.globals(f), nil, vm.Null) }

// Remains gives what is left of an invocation that was stored or planned. Its
// inputs are left out: which of them are secret, only its function knows.
func (x *Executor) Remains(p *Planned) Remains {
	globals := p.globals
	if globals.IsNull() {
		var err error
		if globals, err = x.parse(p.Invocation.Globals); err != nil {
			return Remains{}
		}
	}
	return remainsOf(globals, nil, vm.Null)
}

func remainsOf(globals vm.Value, plan *inputPlan, inputs vm.Value) Remains {
	kept := vm.NewDict(3)
	for _, name := range []string{"event", "request", "variables"} {
		if v, ok := globals.Get(name); ok {
			kept.Set(name, v)
		}
	}
	if globals.Path("event", "event").Text() == PersonUpdated {
		kept.Set("person", globals.Path("person"))
	}
	out := Remains{Payload: vm.AppendJSON(nil, kept)}
	if plan != nil && inputs.IsDict() && vm.Fits(inputs, mostInputs) {
		out.Inputs = vm.AppendJSON(nil, redactedInputs(plan, inputs))
	}
	return out
}

// redactedInputs gives inputs without what is secret: a secret input as a
// whole, and its value wherever else it stands.
func redactedInputs(plan *inputPlan, inputs vm.Value) vm.Value {
	hide := newRedactor(plan, inputs)
	out := edit(redactTree(inputs, hide, 64), 0)
	for i := range plan.inputs {
		if in := &plan.inputs[i]; in.secret {
			if v, ok := inputs.Get(in.key); ok && !v.IsNull() {
				out.Set(in.key, vm.String(redacted))
			}
		}
	}
	return out
}

func redactTree(v vm.Value, hide redactor, depth int) vm.Value {
	switch {
	case hide.replacer == nil:
		return v
	case depth == 0:
		return vm.Null
	case v.IsString():
		return vm.String(hide.text(v.Text()))
	case v.IsDict():
		keys, vals := v.Entries()
		out := vm.NewDict(len(keys))
		for i, k := range keys {
			out.Put(k, redactTree(vals[i], hide, depth-1))
		}
		return out
	case v.IsList():
		out := make([]vm.Value, 0, v.Len())
		for _, e := range v.Elems() {
			out = append(out, redactTree(e, hide, depth-1))
		}
		return vm.NewArray(out)
	}
	return v
}

// letterPayload is what Remains wrote.
type letterPayload struct {
	Event struct {
		UUID       string          `json:"uuid"`
		Event      string          `json:"event"`
		DistinctID string          `json:"distinct_id"`
		Properties json.RawMessage `json:"properties"`
		Timestamp  time.Time       `json:"timestamp"`
		CapturedAt *time.Time      `json:"captured_at"`
		URL        string          `json:"url"`
	} `json:"event"`
	Request struct {
		Method     string            `json:"method"`
		Headers    map[string]string `json:"headers"`
		Query      map[string]string `json:"query"`
		IP         string            `json:"ip"`
		Body       json.RawMessage   `json:"body"`
		StringBody string            `json:"stringBody"`
	} `json:"request"`
	Person struct {
		ID         string          `json:"id"`
		Properties json.RawMessage `json:"properties"`
	} `json:"person"`
}

// Reopen makes the scope of what a dead letter holds: an event, an internal
// event, a request, or a person that had changed, as it was then. people may be
// nil; else they are asked for what the event's person and groups are now.
func (x *Executor) Reopen(ctx context.Context, p cdp.Project, l cdp.DeadLetter, people People) (*Scope, error) {
	var in letterPayload
	if err := json.Unmarshal(l.Payload, &in); err != nil {
		return nil, fmt.Errorf("read dead letter %s: %w", l.ID, err)
	}
	ev := cdp.Event{
		Project: p.ID, UUID: in.Event.UUID, Name: in.Event.Event, DistinctID: in.Event.DistinctID,
		Timestamp: in.Event.Timestamp, ReceivedAt: l.At, Properties: in.Event.Properties,
	}
	if in.Event.CapturedAt != nil {
		ev.ReceivedAt = *in.Event.CapturedAt
	}
	switch l.Source {
	case cdp.LetterInternal:
		return x.NewInternalScope(p, cdp.InternalEvent{Event: ev, URL: in.Event.URL})
	case cdp.LetterWebhook:
		s := x.NewWebhookScope(p, cdp.WebhookRequest{
			Function: l.Function, Method: in.Request.Method, Headers: in.Request.Headers, Query: in.Request.Query, IP: in.Request.IP,
			Body: in.Request.Body, Text: in.Request.StringBody,
		})
		s.uuid = ev.UUID
		event := s.event.Copy(0)
		event.Set("uuid", vm.String(ev.UUID))
		s.event = event.Freeze()
		return s, nil
	case cdp.LetterPerson:
		props, err := x.parseObject(in.Person.Properties)
		if err != nil {
			return nil, fmt.Errorf("read the person of dead letter %s: %w", l.ID, err)
		}
		return x.NewPersonScope(ctx, p, ev.UUID, ev.Timestamp, people, PersonView{ID: in.Person.ID, Properties: props}), nil
	}
	s, err := x.NewScope(p, ev)
	if err != nil {
		return nil, err
	}
	if people != nil {
		s.Know(ctx, people)
	}
	s.Normalize()
	return s, nil
}
