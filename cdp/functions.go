package cdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp/fields"
)

// Limits of a function (REST API specification 4.1 to 4.3).
const (
	MaxHogBytes               = 102400
	MaxNameRunes              = 400
	MaxTemplateIDRunes        = 400
	MaxExecutionOrder         = 32767
	MaxEnabledTransformations = 20
)

// FunctionStore is where functions are kept. Errors that people may read are
// *Error: NotFound for a function that is not there, is deleted or is another
// project's; Conflict when base is not the stored version; Unavailable.
type FunctionStore interface {
	// Function finds a function that is not deleted.
	Function(ctx context.Context, project ProjectID, id FunctionID) (*Function, error)
	// FunctionAny also finds a deleted one.
	FunctionAny(ctx context.Context, project ProjectID, id FunctionID) (*Function, error)
	// CreateFunction stores f as version 1, with its first revision.
	CreateFunction(ctx context.Context, f *Function) error
	// UpdateFunction stores f as version base+1 if base is the stored one.
	UpdateFunction(ctx context.Context, f *Function, base int) error
	// SaveFilters stores the compiled filters of functions of one project, and
	// of their mappings, with the scripts they are part of, and nothing else.
	// One of which Version is not the stored one stays as it is.
	SaveFilters(ctx context.Context, fs []*Function) error
	// ProjectFunctions lists a project's functions that are not deleted.
	ProjectFunctions(ctx context.Context, project ProjectID) ([]*Function, error)
	// MarkFilters notes that the filters of a project's functions are due to
	// be compiled anew; the mark grows with each call.
	MarkFilters(ctx context.Context, project ProjectID) (mark int, err error)
	// UnmarkFilters takes the note back, unless the mark has grown since.
	UnmarkFilters(ctx context.Context, project ProjectID, mark int) error
	// MarkedFilters gives the marks of all projects that have one.
	MarkedFilters(ctx context.Context) (map[ProjectID]int, error)
	// EnabledTransformations counts those enabled and not deleted.
	EnabledTransformations(ctx context.Context, project ProjectID) (int, error)
	// LastExecutionOrder is the highest among the transformations that are
	// not deleted; 0 when there is none.
	LastExecutionOrder(ctx context.Context, project ProjectID) (int, error)
	// Rearrange sets orders in one transaction and tells which changed.
	Rearrange(ctx context.Context, project ProjectID, orders map[FunctionID]int, by UserID, at time.Time) ([]FunctionID, error)
	AddActivity(ctx context.Context, a Activity) error
}

// NotedStore is what a FunctionStore may be besides: one that stores a change
// and the activity entry that tells of it in one transaction, so that there is
// never one without the other, and the two cost one sync. With another store
// the entry follows the change, and a fault is logged.
type NotedStore interface {
	// CreateFunctionNoted is FunctionStore's CreateFunction with an entry.
	CreateFunctionNoted(ctx context.Context, f *Function, note Activity) error
	// UpdateFunctionNoted is FunctionStore's UpdateFunction with an entry.
	UpdateFunctionNoted(ctx context.Context, f *Function, base int, note Activity) error
}

// ProjectReader finds a project; NotFound when there is none.
type ProjectReader interface {
	Project(ctx context.Context, id ProjectID) (Project, error)
}

// Functions is the one place where a hog function is created, changed,
// ordered, removed or checked. Bad input is answered with Faults, whose first
// *Error is what PostHog's API would say.
type Functions struct {
	Store     FunctionStore
	Projects  ProjectReader
	Sealer    Sealer         // encrypts secret inputs
	Templates TemplateSource // nil: there are none
	Actions   ActionSource   // nil: there are none
	Cohorts   CohortSource   // nil: there are none
	Types     PropertyTypes  // nil: no property is known to be boolean
	Watcher   Watcher        // keeps the states of functions; nil: nobody does
	// Changed is told after each commit; the engine listens. May be nil.
	Changed func(ProjectID, FunctionID)
	// Logged is told of each activity entry that is stored. May be nil.
	Logged func(context.Context, Activity)
	Now    func() time.Time
	// NewID makes ids of functions; nil makes UUIDs of version 7.
	NewID func() FunctionID
	// SiteURL is where people open Hogpen, without a slash at the end; it
	// stands in messages that lead to the project's settings.
	SiteURL string

	// Log is told of what must not fail a change that is saved already, such
	// as an activity entry that could not be written; nil is slog.Default.
	Log *slog.Logger

	// order is held while transformations are counted and one is written.
	order sync.Mutex
	// sources is held for reading while a function is compiled and stored, and
	// for writing while something changes that filters are compiled from: what
	// was compiled from the old state is stored before the new one, so that
	// compiling anew meets it.
	sources sync.RWMutex
	// recompiling is held while filters are compiled anew.
	recompiling sync.Mutex
}

// now is the time of a change: UTC in microseconds, as stored.
func (fs *Functions) now() time.Time {
	if fs.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return fs.Now().UTC().Truncate(time.Microsecond)
}

func (fs *Functions) newID() (FunctionID, error) {
	if fs.NewID != nil {
		return fs.NewID(), nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return FunctionID(id.String()), nil
}

// Create stores a new function of the project, laid over a template when the
// change names one, and returns it. Faults name what is wrong with the change.
func (fs *Functions) Create(ctx context.Context, actor UserID, project ProjectID, change FunctionChange) (*Function, error) {
	f, n, err := fs.create(ctx, actor, project, change)
	if err != nil {
		return nil, err
	}
	fs.changed(f)
	n.tell(ctx, fs)
	return f, nil
}

// create builds and stores a new function.
func (fs *Functions) create(ctx context.Context, actor UserID, project ProjectID, change FunctionChange) (*Function, *note, error) {
	fs.sources.RLock()
	defer fs.sources.RUnlock()
	f, err := fs.draftNew(ctx, actor, project, change)
	if err != nil {
		return nil, nil, err
	}
	f.Version = 1
	var n *note
	err = fs.alone(f, func() error {
		if err := fs.placeNew(ctx, f); err != nil {
			return err
		}
		n = fs.noteOf(ctx, f, func() (*Activity, error) { return one(newActivity(f, "created", nil, actor, f.CreatedAt)) })
		return n.with(fs.Store,
			func(s NotedStore, a Activity) error { return s.CreateFunctionNoted(ctx, f, a) },
			func(s FunctionStore) error { return s.CreateFunction(ctx, f) })
	})
	if err != nil {
		return nil, nil, fmt.Errorf("create function: %w", err)
	}
	return f, n, nil
}

// alone does what counts transformations and then writes f without another
// one in between. Other functions need no such care.
func (fs *Functions) alone(f *Function, do func() error) error {
	if f.Type == Transformation {
		fs.order.Lock()
		defer fs.order.Unlock()
	}
	return do()
}

// draftNew builds a new function without storing it.
func (fs *Functions) draftNew(ctx context.Context, actor UserID, project ProjectID, change FunctionChange) (*Function, error) {
	if change.TemplateID != "" {
		t, fault := fs.pickTemplate(change.TemplateID)
		if fault != nil {
			return nil, Faults{fault}
		}
		if err := change.prefill(t); err != nil {
			return nil, err
		}
	}
	id, err := fs.newID()
	if err != nil {
		return nil, err
	}
	now := fs.now()
	f := &Function{
		ID: id, Project: project, Type: Destination, Filters: Filters{Source: SourceEvents}, TemplateID: change.TemplateID,
		CreatedAt: now, CreatedBy: actor, UpdatedAt: now, UpdatedBy: actor,
	}
	if change.Folder != nil {
		f.Folder = *change.Folder
	}
	return fs.apply(ctx, &draft{change: &change, function: f, creating: true})
}

// placeNew gives a new transformation its place and holds it against the
// limit.
func (fs *Functions) placeNew(ctx context.Context, f *Function) error {
	if f.Type != Transformation {
		return nil
	}
	if f.Enabled {
		if err := fs.checkLimit(ctx, f.Project); err != nil {
			return err
		}
	}
	if f.ExecutionOrder == nil {
		return fs.placeLast(ctx, f)
	}
	return nil
}

// placeLast puts a transformation behind all others.
func (fs *Functions) placeLast(ctx context.Context, f *Function) error {
	last, err := fs.Store.LastExecutionOrder(ctx, f.Project)
	if err != nil {
		return fmt.Errorf("find the last transformation: %w", err)
	}
	next := min(last+1, MaxExecutionOrder)
	f.ExecutionOrder = &next
	return nil
}

func (fs *Functions) checkLimit(ctx context.Context, project ProjectID) error {
	n, err := fs.Store.EnabledTransformations(ctx, project)
	if err != nil {
		return fmt.Errorf("count enabled transformations: %w", err)
	}
	if n >= MaxEnabledTransformations {
		var faults Faults
		faults.add(fields.To("type"), "Maximum of %d enabled transformation functions allowed per team. Please contact support if you "+
			"need this limit increased, or disable some existing transformations.", MaxEnabledTransformations)
		return faults
	}
	return nil
}

// Update changes a function and returns it as it is now. Without a base
// version the change is laid over whatever is stored, also when somebody else
// saves at the same moment; with one, a function saved since is a Conflict.
func (fs *Functions) Update(ctx context.Context, actor UserID, project ProjectID, id FunctionID, change FunctionChange) (*Function, error) {
	const tries = 20 // each lost one means that somebody else got through
	for try := 1; ; try++ {
		f, err := fs.updateOnce(ctx, actor, project, id, change)
		var known *Error
		again := change.Base == 0 && change.BaseUpdatedAt.IsZero() && try < tries
		if again && errors.As(err, &known) && known.Code == Conflict {
			continue
		}
		return f, err
	}
}

func (fs *Functions) updateOnce(ctx context.Context, actor UserID, project ProjectID, id FunctionID, change FunctionChange) (*Function, error) {
	f, n, err := fs.store(ctx, actor, project, id, change)
	if err != nil {
		return nil, err
	}
	fs.saved(ctx, f)
	fs.changed(f)
	n.tell(ctx, fs)
	return f, nil
}

// store lays the change over the stored function and stores it.
func (fs *Functions) store(ctx context.Context, actor UserID, project ProjectID, id FunctionID, change FunctionChange) (f *Function, n *note, err error) {
	fs.sources.RLock()
	defer fs.sources.RUnlock()
	old, err := fs.find(ctx, project, id, &change)
	if err != nil {
		return nil, nil, err
	}
	if err := checkBase(old, &change); err != nil {
		return nil, nil, err
	}
	f = old.clone()
	f.UpdatedAt, f.UpdatedBy = fs.now(), actor
	if f.UpdatedAt.Before(old.UpdatedAt) {
		f.UpdatedAt = old.UpdatedAt
	}
	if f, err = fs.apply(ctx, &draft{change: &change, function: f, old: old}); err != nil {
		return nil, nil, err
	}
	if err := fs.checkHidden(f); err != nil {
		return nil, nil, err
	}
	err = fs.alone(f, func() error {
		if err := fs.placeAgain(ctx, old, f, &change); err != nil {
			return err
		}
		n = fs.noteOf(ctx, f, func() (*Activity, error) { return changeActivity(old, f, actor) })
		return n.with(fs.Store,
			func(s NotedStore, a Activity) error { return s.UpdateFunctionNoted(ctx, f, old.Version, a) },
			func(s FunctionStore) error { return s.UpdateFunction(ctx, f, old.Version) })
	})
	if err != nil {
		return nil, nil, fmt.Errorf("save function %s: %w", id, err)
	}
	f.Version = old.Version + 1
	return f, n, nil
}

// checkHidden refuses a function of an internal template that would run.
// Disabling and deleting it always work.
func (fs *Functions) checkHidden(f *Function) error {
	if !f.Enabled || f.Deleted || f.TemplateID == "" || fs.Templates == nil {
		return nil
	}
	if t, ok := fs.Templates(f.TemplateID); ok && t.Status == "hidden" {
		return Faults{hiddenTemplate(f.TemplateID)}
	}
	return nil
}

// find loads the function a change is for; a deleted one only to undelete it.
func (fs *Functions) find(ctx context.Context, project ProjectID, id FunctionID, change *FunctionChange) (*Function, error) {
	load := fs.Store.Function
	if change.Undelete && change.Deleted != nil && !*change.Deleted {
		load = fs.Store.FunctionAny
	}
	f, err := load(ctx, project, id)
	if err != nil {
		return nil, fmt.Errorf("load function %s: %w", id, err)
	}
	if f.Type == WarehouseWebhook {
		return nil, Errorf(NotFound, "", "Not found.")
	}
	return f, nil
}

// checkBase refuses a change that was made from an older state than the
// stored one.
func checkBase(old *Function, change *FunctionChange) error {
	stale := change.Base != 0 && change.Base != old.Version ||
		!change.BaseUpdatedAt.IsZero() && old.UpdatedAt.After(change.BaseUpdatedAt)
	if !stale {
		return nil
	}
	return Errorf(Conflict, "", "Somebody saved this function since you opened it (it is version %d now). "+
		"Load it again and repeat your change.", old.Version).WithAPICode("stale_update")
}

// placeAgain gives a transformation that comes back its place, and holds one
// that becomes enabled against the limit (REST API specification 4.2, 4.8).
func (fs *Functions) placeAgain(ctx context.Context, old, f *Function, change *FunctionChange) error {
	if f.Type != Transformation {
		return nil
	}
	returns := old.Deleted && !f.Deleted
	enables := !old.Enabled && f.Enabled
	if (returns || enables) && f.Enabled && !f.Deleted {
		if err := fs.checkLimit(ctx, f.Project); err != nil {
			return err
		}
	}
	if returns || enables && change.ExecutionOrder.Ptr() == nil {
		return fs.placeLast(ctx, f)
	}
	return nil
}

// Draft builds a function as it would be saved, without saving it: for a test
// run. With an id it is the change laid over that function; an empty id, or
// one that does not resolve, gives a new function of which nothing is asked
// to be present. Secrets of a stored function are kept in it.
func (fs *Functions) Draft(ctx context.Context, actor UserID, project ProjectID, id FunctionID, change FunctionChange) (*Function, error) {
	change.Undelete = false
	if id != "" {
		old, err := fs.find(ctx, project, id, &change)
		var known *Error
		switch {
		case err == nil:
			f := old.clone()
			return fs.apply(ctx, &draft{change: &change, function: f, old: old, testing: true})
		case !errors.As(err, &known) || known.Code != NotFound:
			return nil, err
		}
	}
	newID, err := fs.newID()
	if err != nil {
		return nil, err
	}
	now := fs.now()
	f := &Function{
		ID: newID, Project: project, Type: Destination, Filters: Filters{Source: SourceEvents},
		CreatedAt: now, CreatedBy: actor, UpdatedAt: now, UpdatedBy: actor, Version: 1,
	}
	return fs.apply(ctx, &draft{change: &change, function: f, testing: true})
}

// Rearrange gives transformations new places, all of them or none, and tells
// which moved. Only functions whose place differs are touched.
func (fs *Functions) Rearrange(ctx context.Context, actor UserID, project ProjectID, orders map[FunctionID]int) ([]FunctionID, error) {
	if len(orders) == 0 {
		return nil, Errorf(Invalid, "", "No orders provided").WithAPICode("invalid_input")
	}
	before := make(map[FunctionID]*Function, len(orders))
	for id := range orders {
		f, err := fs.Store.Function(ctx, project, id)
		var known *Error
		if errors.As(err, &known) && known.Code == NotFound || err == nil && f.Type != Transformation {
			return nil, Errorf(Invalid, "", "HogFunction with id %s does not exist", id).WithAPICode("invalid_input")
		}
		if err != nil {
			return nil, fmt.Errorf("load function %s: %w", id, err)
		}
		before[id] = f
	}
	at := fs.now()
	fs.order.Lock()
	moved, err := fs.Store.Rearrange(ctx, project, orders, actor, at)
	fs.order.Unlock()
	if err != nil {
		return nil, fmt.Errorf("rearrange functions: %w", err)
	}
	for _, id := range moved {
		fs.changed(before[id])
	}
	for _, id := range moved {
		fs.note(ctx, before[id], func() (Activity, error) { return movedActivity(before[id], orders[id], actor, at) })
	}
	return moved, nil
}

func (fs *Functions) changed(f *Function) {
	if fs.Changed != nil {
		fs.Changed(f.Project, f.ID)
	}
}

func (fs *Functions) logger() *slog.Logger {
	if fs.Log == nil {
		return slog.Default()
	}
	return fs.Log
}

// clone copies what Update may change; parts are replaced, never edited, so
// they may be shared.
func (f *Function) clone() *Function {
	c := *f
	return &c
}
