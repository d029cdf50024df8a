package printer

import (
	"strings"
	"unicode/utf8"
)

// docKind is the kind of a layout element.
type docKind uint8

const (
	docText    docKind = iota
	docConcat          // parts after each other
	docGroup           // on one line if it fits, else all its own lines break
	docNest            // lines inside are indented one level more
	docLine            // a space, or a line break in a broken group
	docSoft            // nothing, or a line break
	docHard            // always a line break
	docIfBreak         // text that shows only in a broken group
)

// doc is a piece of layout, after Wadler: text with places where it may break.
type doc struct {
	kind  docKind
	text  string
	parts []*doc
	// hard is set when there is a line break inside that cannot be avoided.
	hard bool
}

const (
	indentWidth = 4
	pageWidth   = 100
)

func text(s string) *doc { return &doc{kind: docText, text: s, hard: strings.Contains(s, "\n")} }

func line() *doc { return &doc{kind: docLine} }

func soft() *doc { return &doc{kind: docSoft} }

func hardline() *doc { return &doc{kind: docHard, hard: true} }

func ifBreak(s string) *doc { return &doc{kind: docIfBreak, text: s} }

func concat(parts ...*doc) *doc { return combine(docConcat, parts) }

func group(parts ...*doc) *doc { return combine(docGroup, parts) }

func nest(parts ...*doc) *doc { return combine(docNest, parts) }

func combine(k docKind, parts []*doc) *doc {
	d := &doc{kind: k, parts: parts}
	for _, p := range parts {
		d.hard = d.hard || p.hard
	}
	return d
}

// width is how long d is on one line.
func (d *doc) width() int {
	n := 0
	switch d.kind {
	case docText:
		n = utf8.RuneCountInString(d.text)
	case docLine:
		n = 1
	}
	for _, p := range d.parts {
		n += p.width()
	}
	return n
}

// frame is a doc that waits to be written, with its indentation and whether
// the group it stands in is broken.
type frame struct {
	d      *doc
	indent int
	broken bool
}

// renderer writes docs to out and knows the column it is in.
type renderer struct {
	out    strings.Builder
	column int
	indent int // still to be written on this line
	stack  []frame
}

func render(d *doc) string {
	r := &renderer{stack: []frame{{d, 0, true}}}
	for len(r.stack) > 0 {
		f := r.stack[len(r.stack)-1]
		r.stack = r.stack[:len(r.stack)-1]
		r.write(f)
	}
	return r.out.String()
}

func (r *renderer) write(f frame) {
	switch f.d.kind {
	case docText:
		r.text(f.d.text)
	case docIfBreak:
		if f.broken {
			r.text(f.d.text)
		}
	case docHard:
		r.newline(f.indent)
	case docLine, docSoft:
		switch {
		case f.broken:
			r.newline(f.indent)
		case f.d.kind == docLine:
			r.text(" ")
		}
	case docNest:
		r.push(f.d.parts, f.indent+1, f.broken)
	case docGroup:
		r.push(f.d.parts, f.indent, f.d.hard || !r.fits(f.d, f.indent))
	default:
		r.push(f.d.parts, f.indent, f.broken)
	}
}

func (r *renderer) push(parts []*doc, indent int, broken bool) {
	for i := len(parts) - 1; i >= 0; i-- {
		r.stack = append(r.stack, frame{parts[i], indent, broken})
	}
}

// text writes s, after the indentation that a line break has left open: so
// an empty line stays empty.
func (r *renderer) text(s string) {
	if s == "" {
		return
	}
	if r.indent > 0 {
		r.out.WriteString(strings.Repeat(" ", r.indent))
		r.column, r.indent = r.indent, 0
	}
	r.out.WriteString(s)
	if i := strings.LastIndexByte(s, '\n'); i >= 0 {
		r.column = utf8.RuneCountInString(s[i+1:])
		return
	}
	r.column += utf8.RuneCountInString(s)
}

func (r *renderer) newline(indent int) {
	r.out.WriteByte('\n')
	r.column = 0
	r.indent = indent * indentWidth
}

// fits tells whether d, written on one line, and what follows it up to the
// next possible line break stay within the page.
func (r *renderer) fits(d *doc, indent int) bool {
	room := pageWidth - r.column - r.indent
	todo := []frame{{d, indent, false}}
	rest := len(r.stack)
	for room >= 0 {
		if len(todo) == 0 {
			if rest == 0 {
				return true
			}
			rest--
			todo = append(todo, r.stack[rest])
			continue
		}
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch f.d.kind {
		case docText:
			if i := strings.IndexByte(f.d.text, '\n'); i >= 0 {
				return utf8.RuneCountInString(f.d.text[:i]) <= room
			}
			room -= utf8.RuneCountInString(f.d.text)
		case docHard:
			return true
		case docLine, docSoft:
			if f.broken {
				return true
			}
			if f.d.kind == docLine {
				room--
			}
		case docIfBreak:
		default:
			// What follows the group may break where it likes.
			broken := f.broken && !(f.d.kind == docGroup && !f.d.hard)
			for i := len(f.d.parts) - 1; i >= 0; i-- {
				todo = append(todo, frame{f.d.parts[i], f.indent, broken})
			}
		}
	}
	return false
}
