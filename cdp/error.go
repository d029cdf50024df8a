package cdp

import (
	"errors"
	"fmt"

	"hogpen/cdp/fields"
)

// Code classifies an Error; the edge turns it into an HTTP status in one table.
type Code string

// The codes an Error may carry.
const (
	Invalid     Code = "invalid"     // the input is wrong: 400 for programs, 422 for people
	NotFound    Code = "not_found"   // absent, deleted, or another project's
	Conflict    Code = "conflict"    // somebody else changed it meanwhile
	Forbidden   Code = "forbidden"   // known, but not allowed
	Unsigned    Code = "unsigned"    // nobody is signed in, or the credential is bad
	TooLarge    Code = "too_large"   // the body or a field is over its limit
	TooMany     Code = "too_many"    // a rate limit; retry later
	Unavailable Code = "unavailable" // a passing fault of ours: disk full, database locked
)

// Error is the one error that a person or an API client may read. Every other
// error is internal and is shown as "something went wrong" with a request ID.
type Error struct {
	Code Code
	// Field leads to the offending field; empty when the fault lies with the
	// whole request. The answer to a program joins its parts.
	Field fields.Path
	// Message is one sentence that says what is wrong and what to do.
	Message string
	// APICode is PostHog's code for this failure where it is not the default
	// of Code: required, invalid_choice, max_length, null, blank, …
	APICode string
	// Cause is the error underneath, for the log; never shown.
	Cause error
}

func (e *Error) Error() string {
	if len(e.Field) > 0 {
		return e.Field.String() + ": " + e.Message
	}
	return e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error for a field at the top of a request; field may be
// empty.
func Errorf(code Code, field, format string, args ...any) *Error {
	e := &Error{Code: code, Message: fmt.Sprintf(format, args...)}
	if field != "" {
		e.Field = fields.To(field)
	}
	return e
}

// ErrorAt makes an Error for a field anywhere.
func ErrorAt(code Code, field fields.Path, format string, args ...any) *Error {
	return &Error{Code: code, Field: field, Message: fmt.Sprintf(format, args...)}
}

// WithAPICode returns a copy of e with PostHog's code set.
func (e *Error) WithAPICode(code string) *Error {
	c := *e
	c.APICode = code
	return &c
}

// HasCode tells whether err is, or wraps, an Error with this code.
func HasCode(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}
