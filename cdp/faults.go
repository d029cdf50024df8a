package cdp

import (
	"fmt"
	"slices"

	"hogpen/cdp/fields"
)

// Faults is everything that is wrong with one change, in the order in which
// PostHog reports it: the first is what the API answers, a page shows all. It
// is the error that Functions' methods return for bad input;
// errors.As finds the first *Error in it, or the Faults themselves.
type Faults []*Error

// Error gives the first fault with a count of the others.
func (fs Faults) Error() string {
	switch len(fs) {
	case 0:
		return "no faults"
	case 1:
		return fs[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", fs[0].Error(), len(fs)-1)
}

// Unwrap gives the single faults to errors.Is and errors.As.
func (fs Faults) Unwrap() []error {
	out := make([]error, len(fs))
	for i, f := range fs {
		out[i] = f
	}
	return out
}

// orNil is fs as an error: nil when there are none.
func (fs Faults) orNil() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}

// add records a fault with PostHog's general code for bad values.
func (fs *Faults) add(path fields.Path, format string, args ...any) {
	fs.addCode(path, "invalid_input", format, args...)
}

// addCode records a fault with a code of its own.
func (fs *Faults) addCode(path fields.Path, code, format string, args ...any) {
	*fs = append(*fs, ErrorAt(Invalid, path, format, args...).WithAPICode(code))
}

// take records what a fields.Reader found.
func (fs *Faults) take(found []fields.Fault) {
	for _, f := range found {
		fs.addCode(f.Path, f.Code, "%s", f.Message)
	}
}

// declared are the writable fields of a function in PostHog's order of
// declaration; faults are reported in it (REST API specification 3.1, 4.1).
var declared = [...]string{
	"type", "name", "description", "enabled", "deleted", "hog", "inputs_schema", "inputs", "filters",
	"masking", "mappings", "icon_url", "template_id", "execution_order", "_create_in_folder",
}

// sorted puts faults into the order of declaration; within a field they keep
// theirs.
func (fs Faults) sorted() Faults {
	rank := func(e *Error) int {
		if len(e.Field) == 0 {
			return len(declared)
		}
		if i := slices.Index(declared[:], e.Field[0]); i >= 0 {
			return i
		}
		return len(declared)
	}
	slices.SortStableFunc(fs, func(a, b *Error) int { return rank(a) - rank(b) })
	return fs
}
