package vm

import (
	"errors"
	"fmt"
	"strings"

	"hogpen/hog/ast"
)

// HogError is an error value that a program threw and did not catch.
type HogError struct {
	Type    string
	Message string
	Payload Value
	Value   Value    // the error value itself
	Span    ast.Span // where it was thrown, if the program has spans
	Chunk   string   // the imported chunk that Span lies in; "" for the program
}

// Error gives Type('message'), single quotes escaped by a backslash.
func (e *HogError) Error() string {
	return e.Type + "('" + strings.ReplaceAll(e.Message, "'", `\'`) + "')"
}

// Throw makes an error out of an error value: returned by a Go function, it is
// thrown in the program and may be caught there.
func Throw(v Value) error {
	typ, msg, payload := v.ErrorParts()
	return &HogError{Type: typ, Message: JSText(msg), Payload: payload, Value: v}
}

// Limit tells which budget a run exceeded.
type Limit uint8

// The limits of a run.
const (
	LimitNone Limit = iota
	LimitTime
	LimitSteps
	LimitMemory
	LimitDepth
	LimitAsync
	LimitOutput
)

// RuntimeError is a fault that aborts a run and cannot be caught in the
// program: of the machine (class HogVMException) or of a library or host
// function (class Error).
type RuntimeError struct {
	Class   string
	Message string
	Limit   Limit    // which budget ran out, if that is the fault
	Span    ast.Span // where it happened, if the program has spans
	Chunk   string   // the imported chunk that Span lies in; "" for the program
	Cause   error    // what a host function returned, else nil
}

// Error gives "Class: message".
func (e *RuntimeError) Error() string { return e.Class + ": " + e.Message }

// Unwrap gives the host function's error.
func (e *RuntimeError) Unwrap() error { return e.Cause }

// Errorf makes a fault of the machine, HogVMException.
func Errorf(format string, args ...any) *RuntimeError {
	return &RuntimeError{Class: "HogVMException", Message: fmt.Sprintf(format, args...)}
}

// LibraryErrorf makes a fault of a library function, Error.
func LibraryErrorf(format string, args ...any) *RuntimeError {
	return &RuntimeError{Class: "Error", Message: fmt.Sprintf(format, args...)}
}

func limitErrorf(l Limit, format string, args ...any) *RuntimeError {
	e := Errorf(format, args...)
	e.Limit = l
	return e
}

// Diagnose turns the error of a run into a diagnostic with its place in the
// source; ok is false when the error has none, is not of a run, or lies in an
// imported chunk, which has a source of its own.
func Diagnose(err error) (d ast.Diagnostic, ok bool) {
	d, chunk, ok := diagnose(err)
	return d, ok && chunk == ""
}

func diagnose(err error) (d ast.Diagnostic, chunk string, ok bool) {
	var re *RuntimeError
	var he *HogError
	switch {
	case errors.As(err, &re):
		chunk = re.Chunk
		d = ast.Diagnostic{Span: re.Span, Severity: ast.SeverityError, Message: re.Error()}
	case errors.As(err, &he):
		chunk = he.Chunk
		d = ast.Diagnostic{Span: he.Span, Severity: ast.SeverityError, Message: he.Error()}
	}
	return d, chunk, d.Span != (ast.Span{})
}

// Explain gives the text of a run's error, with line, column and caret when
// the program carries spans of src.
func Explain(err error, src string) string {
	return ExplainChunks(err, map[string]string{"": src})
}

// ExplainChunks is Explain with the sources of imported chunks too, by name;
// the program's own is that of "". A fault in a chunk is told with its name.
func ExplainChunks(err error, sources map[string]string) string {
	d, chunk, ok := diagnose(err)
	text := err.Error()
	if src, known := sources[chunk]; ok && known {
		text = d.Render(src)
	}
	if ok && chunk != "" {
		return "in chunk " + chunk + ": " + text
	}
	return text
}

// foreign makes a run's error of what a Go function returned.
func foreign(err error) error {
	var re *RuntimeError
	var he *HogError
	if errors.As(err, &he) || errors.As(err, &re) {
		return err
	}
	return &RuntimeError{Class: "Error", Message: err.Error(), Cause: err}
}
