package cdp

import (
	"context"
	"fmt"
	"time"

	"hogpen/cdp/fields"
)

// Status tells how an enabled function fares (REST API specification 10,
// runtime specification 8).
type Status struct {
	State  State
	Tokens int // left in its bucket, of StatusTokens
	// Reason says in a sentence why the state is what it is; empty when
	// healthy from the start.
	Reason string
	// ChangedAt is when the state last changed; zero when it never did.
	ChangedAt time.Time
}

// State is PostHog's number for a status.
type State int

// The states.
const (
	StateUnknown          State = 0 // disabled, or not known
	StateHealthy          State = 1
	StateDegraded         State = 2  // slow or failing; runs in a slower lane
	StateDisabled         State = 3  // switched off automatically
	StateForcefullySlowed State = 11 // set by an administrator
	StateForcefullyOff    State = 12 // set by an administrator
)

// StatusTokens is a full bucket.
const StatusTokens = 10000

// Slowed reports whether functions in this state run in the slower lane.
func (s State) Slowed() bool { return s == StateDegraded || s == StateForcefullySlowed }

// Stopped reports whether functions in this state do not run.
func (s State) Stopped() bool { return s == StateDisabled || s == StateForcefullyOff }

// String is PostHog's name of the state, as internal events carry it.
func (s State) String() string {
	switch s {
	case StateHealthy:
		return "healthy"
	case StateDegraded:
		return "degraded"
	case StateDisabled:
		return "disabled"
	case StateForcefullySlowed:
		return "forcefully_degraded"
	case StateForcefullyOff:
		return "forcefully_disabled"
	default:
		return "unknown"
	}
}

// valid reports whether an administrator may choose the state.
func (s State) valid() bool { return s == StateHealthy || s.Slowed() || s.Stopped() }

// Watched is the status of one function as it is kept over a restart.
type Watched struct {
	Project  ProjectID
	Function FunctionID
	Status
	At          time.Time // when Tokens was true
	LockedUntil time.Time // no automatic change before; zero is none
}

// Watcher keeps the states of functions; the engine is one.
type Watcher interface {
	// SetState puts a function into a state, fills its bucket to that state's
	// level, and returns once that will survive a restart. It also tells the
	// state before.
	SetState(ctx context.Context, f *Function, state State, reason string) (now Status, before State, err error)
	// Saved tells that an enabled function was saved: one that was stopped
	// automatically gets another chance, slowed.
	Saved(ctx context.Context, f *Function) error
}

// SetState puts a function into a state that a person chose: healthy,
// degraded, disabled, or one of the two forced ones, which nothing but another
// choice ends. The bucket is filled to the state's level. Errors: Invalid for
// any other state, NotFound, and Unavailable when it cannot be stored.
func (fs *Functions) SetState(ctx context.Context, actor UserID, project ProjectID, id FunctionID, state State) (Status, error) {
	if !state.valid() {
		return Status{}, Errorf(Invalid, "", "Invalid state")
	}
	f, err := fs.Store.Function(ctx, project, id)
	if HasCode(err, NotFound) {
		return Status{}, Errorf(NotFound, "", "Hog function not found")
	}
	if err != nil {
		return Status{}, fmt.Errorf("load function %s: %w", id, err)
	}
	if fs.Watcher == nil {
		return Status{}, Errorf(Unavailable, "", "This process does not watch functions. Try again at the one that runs them.")
	}
	now, before, err := fs.Watcher.SetState(ctx, f, state, "A person chose this state.")
	if err != nil {
		return Status{}, fmt.Errorf("set the state of function %s: %w", id, err)
	}
	if before != state {
		fs.note(ctx, f, func() (Activity, error) {
			changes := []ActivityChange{changeOf("status", fields.Quote(before.String()), fields.Quote(state.String()))}
			return newActivity(f, "updated", changes, actor, fs.now())
		})
	}
	return now, nil
}

// saved tells the watcher of a save; the save stands even if that fails.
func (fs *Functions) saved(ctx context.Context, f *Function) {
	if fs.Watcher == nil || !f.Enabled || f.Deleted {
		return
	}
	if err := fs.Watcher.Saved(ctx, f); err != nil {
		fs.logger().ErrorContext(ctx, "the state of a saved function was not stored", "function", f.ID, "error", err)
	}
}
