// Package printer writes Hog source tidily: four spaces, a brace on the line of
// its statement, a semicolon behind every statement that may have one, at most
// 100 columns where that is possible.
//
// It prints the tree, with the hints the parser has left in it for what the
// normal form hides (`a ?? b`, f'…', parentheses), and puts the comments back
// from the source: each stays between the same two pieces of code. What it
// prints reads back as the same tree, and printing that changes nothing.
//
// Layout goes through a small document language (doc.go): groups that stay on
// one line if they fit.
package printer

import (
	"strings"

	"hogpen/hog/ast"
	"hogpen/hog/parser"
)

// Format reads a program and writes it tidily. A source with faults is not
// formatted: the result is then empty.
func Format(src string) (string, ast.Diagnostics) {
	prog, diags := parser.Program(src)
	if diags.Failed() {
		return "", diags
	}
	return Print(prog), nil
}

// Print writes a program. The comments and blank lines are taken from
// prog.Source; a tree built by hand has neither.
func Print(prog *ast.Program) string {
	p := &printer{src: prog.Source, comments: prog.Comments}
	body := p.statements(prog.Stmts, int32(len(prog.Source)))
	out := render(body)
	if out == "" {
		return ""
	}
	return out + "\n"
}

// Expr writes a single expression, on one line if it fits.
func Expr(e ast.Expr) string {
	p := &printer{}
	return render(p.expr(e, precLowest))
}

// printer walks the tree and knows which comments are still to come.
type printer struct {
	src      string
	comments []ast.Comment
	inCase   int // inside case … end, where more words steer
}

// before writes the comments that stand before offset.
func (p *printer) before(offset int32) []*doc {
	var docs []*doc
	for len(p.comments) > 0 && p.comments[0].Span.Start < offset {
		docs = append(docs, commentDoc(p.comments[0]))
		if isLineComment(p.comments[0]) {
			docs = append(docs, hardline())
		} else {
			docs = append(docs, text(" "))
		}
		p.comments = p.comments[1:]
	}
	return docs
}

// sameLine writes the comments that follow offset on its line with nothing but
// the characters of skip in between.
func (p *printer) sameLine(offset int32, skip string) []*doc {
	docs, _ := p.behind(offset, skip)
	return docs
}

// behind is sameLine that also tells where the last comment ends.
func (p *printer) behind(offset int32, skip string) ([]*doc, int32) {
	var docs []*doc
	for len(p.comments) > 0 {
		c := p.comments[0]
		if c.Span.Start > offset && strings.Trim(p.src[offset:c.Span.Start], skip) != "" {
			break
		}
		if len(docs) > 0 && docs[len(docs)-1].hard {
			break // its line is over
		}
		docs = append(docs, text(" "), lineEnd(c))
		p.comments = p.comments[1:]
		offset = max(offset, c.Span.End)
	}
	return docs, offset
}

// lineEnd is a comment at the end of a line, which therefore must end.
func lineEnd(c ast.Comment) *doc {
	d := commentDoc(c)
	d.hard = d.hard || isLineComment(c)
	return d
}

func isLineComment(c ast.Comment) bool { return !strings.HasPrefix(c.Text, "/*") }

// commentDoc writes a comment; # and -- become //.
func commentDoc(c ast.Comment) *doc {
	s := c.Text
	switch {
	case strings.HasPrefix(s, "#"):
		s = "//" + s[1:]
	case strings.HasPrefix(s, "--"):
		s = "//" + s[2:]
	}
	return text(s)
}

// skipComments leaves out the comments inside a span whose source is printed
// as it is.
func (p *printer) skipComments(s ast.Span) {
	for len(p.comments) > 0 && p.comments[0].Span.Start < s.End {
		p.comments = p.comments[1:]
	}
}

// breakAfter reports whether the source has a line break directly behind the
// opening bracket at offset: such a list stays broken.
func (p *printer) breakAfter(s ast.Span, first ast.Node) bool {
	from, to := s.Start, first.Place().Start
	if p.src == "" || to <= from || int(to) > len(p.src) {
		return false
	}
	return strings.IndexByte(p.src[from:to], '\n') >= 0
}

// blankLine reports whether there was an empty line between two places.
func (p *printer) blankLine(from, to int32) bool {
	if p.src == "" || to <= from || int(to) > len(p.src) {
		return false
	}
	return strings.Count(p.src[from:to], "\n") > 1
}
