package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

const (
	broadcastPage  = 500 // persons in hand at once
	broadcastPause = 10 * time.Millisecond
)

// Broadcasts reports whether functions of this type can run for a person
// without an event.
func (t Type) Broadcasts() bool {
	return t == Broadcast || t == Destination || t == InternalDestination
}

// PersonLister lists a project's persons.
type PersonLister interface {
	// PersonsAfter gives at most limit persons behind a place in the order in
	// which they were first seen, and the place of the last one; 0 is the begin.
	PersonsAfter(ctx context.Context, project ProjectID, after int64, limit int) (persons []Person, last int64, err error)
}

// Broadcaster runs functions for persons. The engine is one.
type Broadcaster interface {
	// Settle makes durable what is known of persons now.
	Settle(ctx context.Context) error
	// Broadcast queues an invocation of the function for each person for whom
	// filter, compiled, is true, the first at start and each pause later, and
	// tells how many. NotFound when the function does not run.
	Broadcast(ctx context.Context, f *Function, filter json.RawMessage, persons []Person, start time.Time, pause time.Duration) (int, error)
}

// Broadcasts runs a function once for each person of its project that the
// properties of its filters let through (REST API specification 8.9). No event
// is involved, so the events of its filters are not asked.
type Broadcasts struct {
	Functions *Functions
	Persons   PersonLister
	Runner    Broadcaster

	mu      sync.Mutex
	running map[FunctionID]bool
}

// Start queues the invocations, to be run a hundred a second, and returns how
// many there are once all are durable. Invalid when the function cannot run
// or is being broadcast already.
func (bs *Broadcasts) Start(ctx context.Context, f *Function) (int, error) {
	switch {
	case !f.Enabled:
		return 0, Errorf(Invalid, "", "Cannot broadcast: function is disabled")
	case !f.Type.Broadcasts():
		return 0, Errorf(Invalid, "", "Cannot broadcast: functions of type '%s' do not run for persons", f.Type)
	}
	filter, err := bs.Functions.personFilter(ctx, f)
	if err != nil {
		return 0, err
	}
	if !bs.begin(f.ID) {
		return 0, Errorf(Invalid, "", "Cannot broadcast: this function is being broadcast already")
	}
	defer bs.end(f.ID)
	return bs.queue(ctx, f, filter)
}

func (bs *Broadcasts) begin(id FunctionID) bool {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if bs.running[id] {
		return false
	}
	if bs.running == nil {
		bs.running = map[FunctionID]bool{}
	}
	bs.running[id] = true
	return true
}

func (bs *Broadcasts) end(id FunctionID) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	delete(bs.running, id)
}

func (bs *Broadcasts) queue(ctx context.Context, f *Function, filter json.RawMessage) (queued int, err error) {
	if err := bs.Runner.Settle(ctx); err != nil {
		return 0, fmt.Errorf("settle persons: %w", err)
	}
	start := bs.Functions.now()
	for place := int64(0); ; {
		var persons []Person
		if persons, place, err = bs.Persons.PersonsAfter(ctx, f.Project, place, broadcastPage); err != nil {
			return queued, err
		}
		n, err := bs.Runner.Broadcast(ctx, f, filter, persons, start.Add(time.Duration(queued)*broadcastPause), broadcastPause)
		queued += n
		if HasCode(err, NotFound) {
			return queued, Errorf(Invalid, "", "Cannot broadcast: function does not run")
		}
		if err != nil || len(persons) < broadcastPage {
			return queued, err
		}
	}
}

// personFilter compiles what a function's filters say of persons.
func (fs *Functions) personFilter(ctx context.Context, f *Function) (json.RawMessage, error) {
	c, err := fs.filterCompiler(ctx, f.Project)
	if err != nil {
		return nil, err
	}
	of := Filters{Source: SourceEvents, Properties: f.Filters.Properties, FilterTestAccounts: f.Filters.FilterTestAccounts}
	if err := c.compile(&of); err != nil {
		return nil, err
	}
	if of.BytecodeError != "" {
		return nil, Errorf(Invalid, "", "Cannot broadcast: %s", of.BytecodeError)
	}
	return of.Bytecode, nil
}
