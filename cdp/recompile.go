package cdp

import (
	"bytes"
	"context"
	"fmt"
)

// RecompileFilters compiles the filters of all a project's functions anew,
// after something changed that they are compiled from: its test-account
// filters, or an action (REST API specification 6.5). A function's version and
// the time of its last save stay as they are, and the activity log is silent.
// It tells how many functions' bytecode became another.
func (fs *Functions) RecompileFilters(ctx context.Context, project ProjectID) (int, error) {
	compiler, err := fs.filterCompiler(ctx, project)
	if err != nil {
		return 0, err
	}
	all, err := fs.Store.ProjectFunctions(ctx, project)
	if err != nil {
		return 0, fmt.Errorf("load the functions of project %d: %w", project, err)
	}
	n := 0
	for _, f := range all {
		changed, err := fs.recompile(ctx, compiler, f)
		if err != nil {
			return n, err
		}
		if changed {
			n++
		}
	}
	return n, nil
}

func (fs *Functions) recompile(ctx context.Context, c *filterCompiler, f *Function) (bool, error) {
	changed := false
	c.site = f.Type.Site()
	filters := []*Filters{&f.Filters}
	for i := range f.Mappings {
		if m := f.Mappings[i].Filters; m != nil {
			filters = append(filters, m)
		}
	}
	for _, one := range filters {
		before, script, fault := one.Bytecode, one.Transpiled, one.BytecodeError
		if err := c.compile(one); err != nil {
			return false, fmt.Errorf("compile filters of function %s: %w", f.ID, err)
		}
		changed = changed || !bytes.Equal(before, one.Bytecode) || !bytes.Equal(script, one.Transpiled) || fault != one.BytecodeError
	}
	if !changed {
		return false, nil
	}
	if c.site {
		text, err := script(f)
		if err != nil {
			return false, fmt.Errorf("script of function %s: %w", f.ID, err)
		}
		f.Transpiled = text
	}
	// Whoever saves the function meanwhile compiles them too.
	err := fs.Store.SaveFilters(ctx, f)
	if err != nil && !HasCode(err, Conflict) {
		return false, fmt.Errorf("save filters of function %s: %w", f.ID, err)
	}
	fs.changed(f)
	return true, nil
}
