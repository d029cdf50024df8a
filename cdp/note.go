package cdp

import "context"

// note is the activity entry of a change to a function.
type note struct {
	function *Function
	entry    *Activity // nil when there is nothing to tell
	stored   bool
}

// noteOf makes the note of a change that is about to be stored. An entry that
// cannot be written down does not refuse the change.
func (fs *Functions) noteOf(ctx context.Context, f *Function, entry func() (*Activity, error)) *note {
	a, err := entry()
	if err != nil {
		fs.missing(ctx, f, err)
		return &note{function: f}
	}
	return &note{function: f, entry: a}
}

// with stores a change: together with its entry, where there is one and the
// store can do so, else alone.
func (n *note) with(s FunctionStore, noted func(NotedStore, Activity) error, alone func(FunctionStore) error) error {
	both, ok := s.(NotedStore)
	if !ok || n.entry == nil {
		return alone(s)
	}
	err := noted(both, *n.entry)
	n.stored = err == nil
	return err
}

// tell stores the entry of a change that is stored already, unless it is too,
// and tells whoever listens. Whoever made the change is told so even if the
// entry fails, for they would repeat it.
func (n *note) tell(ctx context.Context, fs *Functions) {
	switch {
	case n.entry == nil:
	case !n.stored:
		if err := fs.addActivity(ctx, *n.entry); err != nil {
			fs.missing(ctx, n.function, err)
		}
	case fs.Logged != nil:
		fs.Logged(ctx, *n.entry)
	}
}

// missing tells the operator of an entry that is not there.
func (fs *Functions) missing(ctx context.Context, f *Function, err error) {
	fs.logger().ErrorContext(ctx, "the activity entry of a change is missing", "project", f.Project, "function", f.ID, "error", err)
}

// note writes an activity entry about a change that is stored already.
func (fs *Functions) note(ctx context.Context, f *Function, entry func() (Activity, error)) {
	fs.noteOf(ctx, f, func() (*Activity, error) { return one(entry()) }).tell(ctx, fs)
}

// noteItem is note for what is no function.
func (fs *Functions) noteItem(ctx context.Context, entry func() (Activity, error)) {
	a, err := entry()
	if err == nil {
		err = fs.addActivity(ctx, a)
	}
	if err != nil {
		fs.logger().ErrorContext(ctx, "the activity entry of a change is missing", "scope", a.Scope, "item", a.ItemID, "error", err)
	}
}

func (fs *Functions) addActivity(ctx context.Context, a Activity) error {
	err := fs.Store.AddActivity(ctx, a)
	if err == nil && fs.Logged != nil {
		fs.Logged(ctx, a)
	}
	return err
}
