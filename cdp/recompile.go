package cdp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"hogpen/cdp/fields"
)

// RecompileFilters compiles the filters of all a project's functions anew,
// after something changed that they are compiled from: its test-account
// filters, an action or a cohort (REST API specification 6.5). A function's
// version and the time of its last save stay as they are, and the activity log
// is silent. It tells how many functions' bytecode became another.
func (fs *Functions) RecompileFilters(ctx context.Context, project ProjectID) (int, error) {
	return fs.recompileWhere(ctx, project, func(*Filters) bool { return true })
}

// leavesOutTestAccounts tells whether filters hang on the project's.
func leavesOutTestAccounts(f *Filters) bool {
	return f.FilterTestAccounts != nil && *f.FilterTestAccounts
}

// rebase lets save change something that filters are compiled from, and then
// compiles anew those that hang on it. The project is marked meanwhile: what a
// crash or a fault leaves undone is found by RecompileDue. Whoever saved has
// their answer all the same, for the change itself is stored.
func (fs *Functions) rebase(ctx context.Context, project ProjectID, hangs func(*Filters) bool, save func() error) error {
	mark, err := fs.marked(ctx, project, save)
	if mark == 0 {
		return err
	}
	// What is stored must be followed also when nobody waits any more.
	ctx = context.WithoutCancel(ctx)
	if mark > 1 { // somebody else's work may be left
		hangs = func(*Filters) bool { return true }
	}
	if err == nil {
		_, again := fs.recompileWhere(ctx, project, hangs)
		if again != nil {
			fs.logger().ErrorContext(ctx, "filters were not compiled anew; it is tried again", "project", project, "error", again)
			return nil
		}
	}
	if left := fs.Store.UnmarkFilters(ctx, project, mark); left != nil {
		fs.logger().ErrorContext(ctx, "a project stays marked", "project", project, "error", left)
	}
	return err
}

// marked marks a project and saves, with nothing compiled or looked for in
// between; mark is 0 when there is none.
func (fs *Functions) marked(ctx context.Context, project ProjectID, save func() error) (mark int, err error) {
	fs.sources.Lock()
	defer fs.sources.Unlock()
	if mark, err = fs.Store.MarkFilters(ctx, project); err != nil {
		return 0, fmt.Errorf("mark the filters of project %d: %w", project, err)
	}
	return mark, save()
}

// RecompileDue compiles anew what an earlier process, or a fault, left undone.
func (fs *Functions) RecompileDue(ctx context.Context) error {
	fs.sources.RLock()
	due, err := fs.Store.MarkedFilters(ctx)
	fs.sources.RUnlock()
	if err != nil {
		return fmt.Errorf("look for filters that are due: %w", err)
	}
	for project, mark := range due {
		if _, err := fs.RecompileFilters(ctx, project); err != nil {
			return err
		}
		if err := fs.Store.UnmarkFilters(ctx, project, mark); err != nil {
			return fmt.Errorf("unmark the filters of project %d: %w", project, err)
		}
	}
	return nil
}

// recompileWhere compiles anew the functions of which some filters hang on
// what changed.
func (fs *Functions) recompileWhere(ctx context.Context, project ProjectID, hangs func(*Filters) bool) (int, error) {
	fs.recompiling.Lock()
	defer fs.recompiling.Unlock()
	compiler, err := fs.filterCompiler(ctx, project)
	if err != nil {
		return 0, err
	}
	all, err := fs.Store.ProjectFunctions(ctx, project)
	if err != nil {
		return 0, fmt.Errorf("load the functions of project %d: %w", project, err)
	}
	var changed []*Function
	for _, f := range all {
		other, err := compiler.again(f, hangs)
		if err != nil {
			return 0, fmt.Errorf("compile filters of function %s: %w", f.ID, err)
		}
		if other {
			changed = append(changed, f)
		}
	}
	// Whoever saves a function meanwhile compiles its filters too.
	for part := range slices.Chunk(changed, savedAtOnce) {
		if err := fs.Store.SaveFilters(ctx, part); err != nil {
			return 0, fmt.Errorf("save filters of project %d: %w", project, err)
		}
		for _, f := range part {
			fs.changed(f)
		}
	}
	return len(changed), nil
}

// savedAtOnce is how many functions' filters are stored in one step: others
// who write need not wait for all.
const savedAtOnce = 100

// again compiles those of a function's filters that hang on what changed, and
// tells whether anything became another.
func (c *filterCompiler) again(f *Function, hangs func(*Filters) bool) (changed bool, err error) {
	c.site = f.Type.Site()
	for _, one := range f.allFilters() {
		if !hangs(one) {
			continue
		}
		before, script, fault := one.Bytecode, one.Transpiled, one.BytecodeError
		if err := c.compile(one); err != nil {
			return false, err
		}
		changed = changed || !bytes.Equal(before, one.Bytecode) || !bytes.Equal(script, one.Transpiled) || fault != one.BytecodeError
	}
	if !changed || !c.site {
		return changed, nil
	}
	text, err := script(f)
	if err != nil {
		return false, fmt.Errorf("join the script: %w", err)
	}
	f.Transpiled = text
	return true, nil
}

// allFilters are the function's own and those of its mappings.
func (f *Function) allFilters() []*Filters {
	out := []*Filters{&f.Filters}
	for i := range f.Mappings {
		if m := f.Mappings[i].Filters; m != nil {
			out = append(out, m)
		}
	}
	return out
}

// actionFault says why an action's steps cannot be compiled, "" when they can.
func (fs *Functions) actionFault(ctx context.Context, a Action) (string, error) {
	c, err := fs.filterCompiler(ctx, a.Project)
	if err != nil {
		return "", err
	}
	e, err := c.actionSteps(a)
	if err == nil {
		_, err = compileFilter(e)
	}
	var fault *filterError
	if errors.As(err, &fault) {
		return fault.message, nil
	}
	return "", err
}

// accountFaults says which of a project's test-account filters cannot be
// compiled, and why.
func (fs *Functions) accountFaults(ctx context.Context, p Project) (Faults, error) {
	c, err := fs.filterCompiler(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	c.project = p
	var faults Faults
	for i, raw := range p.accountFilters() {
		e, err := c.account(raw)
		if err == nil {
			_, err = compileFilter(e)
		}
		var fault *filterError
		if errors.As(err, &fault) {
			faults.add(fields.To("test_account_filters", i), "%s", fault.message)
		} else if err != nil {
			return nil, err
		}
	}
	return faults, nil
}
