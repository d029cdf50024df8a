package ast

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Span is a stretch of source text: 0-based byte offsets, the end exclusive.
// The zero Span means "no place in the source".
type Span struct {
	Start, End int32
}

// Cover returns the smallest span that holds both s and t.
func (s Span) Cover(t Span) Span {
	if s == (Span{}) {
		return t
	}
	if t == (Span{}) {
		return s
	}
	return Span{min(s.Start, t.Start), max(s.End, t.End)}
}

// Position is a place in source text for people: line and column count from 1,
// the column in characters (Unicode code points), the offset in bytes from 0.
type Position struct {
	Line, Column, Offset int
}

// PositionOf finds the place of a byte offset in src. An offset past the end
// is taken as the end.
func PositionOf(src string, offset int) Position {
	offset = max(0, min(offset, len(src)))
	before := src[:offset]
	line := strings.Count(before, "\n") + 1
	start := strings.LastIndexByte(before, '\n') + 1
	return Position{Line: line, Column: utf8.RuneCountInString(before[start:]) + 1, Offset: offset}
}

// Severity tells whether a diagnostic stops compilation.
type Severity string

// The severities of a diagnostic, as `hogpen hog check --json` prints them.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is one fault or warning in a piece of Hog source.
type Diagnostic struct {
	Span     Span
	Severity Severity
	Message  string // one plain sentence without a place
	Hint     string // what to do about it; may be empty
}

// Diagnostics is every fault found in one source, in source order. It is the
// error that the parser and the compiler return.
type Diagnostics []Diagnostic

// Error gives the first fault with a count of the others.
func (ds Diagnostics) Error() string {
	if len(ds) == 0 {
		return "no faults"
	}
	if len(ds) == 1 {
		return ds[0].Message
	}
	return fmt.Sprintf("%s (and %d more)", ds[0].Message, len(ds)-1)
}

// Failed reports whether at least one diagnostic is an error.
func (ds Diagnostics) Failed() bool {
	for _, d := range ds {
		if d.Severity != SeverityWarning {
			return true
		}
	}
	return false
}

// Render shows a diagnostic with its source line and a caret:
//
//	4:10: unknown function "tirm", did you mean "trim"?
//	    let x := tirm(event.event)
//	             ^^^^
//
// Tabs in the line are kept, so that the caret stands under its character.
func (d Diagnostic) Render(src string) string {
	p := PositionOf(src, int(d.Span.Start))
	start := strings.LastIndexByte(src[:p.Offset], '\n') + 1
	end := len(src)
	if i := strings.IndexByte(src[p.Offset:], '\n'); i >= 0 {
		end = p.Offset + i
	}
	line := strings.TrimSuffix(src[start:end], "\r")
	var pad strings.Builder
	for _, r := range src[start:p.Offset] {
		if r == '\t' {
			pad.WriteByte('\t')
		} else {
			pad.WriteByte(' ')
		}
	}
	last := min(int(d.Span.End), start+len(line))
	width := 1
	if last > p.Offset {
		width = max(1, utf8.RuneCountInString(src[p.Offset:last]))
	}
	text := d.Message
	if d.Hint != "" {
		text += ", " + d.Hint
	}
	return fmt.Sprintf("%d:%d: %s\n    %s\n    %s%s", p.Line, p.Column, text, line, pad.String(), strings.Repeat("^", width))
}
