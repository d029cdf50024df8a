package printer

import (
	"strings"

	"hogpen/hog/ast"
)

// list writes expressions between brackets: on one line if they fit, else one
// a line. trailing is what a broken list has behind its last element.
func (p *printer) list(open string, list []ast.Expr, end string, span ast.Span, trailing string) *doc {
	if len(list) == 0 {
		return p.empty(open, end, span)
	}
	broken := p.breakAfter(span, list[0]) && open == "["
	items := make([]*doc, 0, 2*len(list))
	for i, e := range list {
		items = append(items, p.item(e, i), p.comma(i == len(list)-1, trailing, e.Place().End))
	}
	return p.brackets(open, items, end, span, broken)
}

// item writes element i of a list. A lambda with one parameter would take the
// name before it as another one, so it gets parentheses around its head.
func (p *printer) item(e ast.Expr, i int) *doc {
	if l, ok := e.(*ast.Lambda); ok && i > 0 && !l.Parens && len(l.Params) == 1 {
		docs := p.before(e.Place().Start)
		return concat(append(docs, text("("+name(l.Params[0].Text)+") -> "), p.lambdaBody(l))...)
	}
	return p.expr(e, precLowest)
}

// comma writes what stands behind an element that ends at offset, comments on
// its line included, and the break to the next one.
func (p *printer) comma(last bool, trailing string, offset int32) *doc {
	docs := []*doc{text(",")}
	if last {
		docs = []*doc{ifBreak(trailing)}
	}
	docs = append(docs, p.sameLine(offset, " \t,")...)
	if !last {
		docs = append(docs, line())
	}
	return concat(docs...)
}

// brackets puts items between brackets, with the comments that stand before
// the closing one.
func (p *printer) brackets(open string, items []*doc, end string, span ast.Span, broken bool) *doc {
	if span.End > 0 {
		items = append(items, p.closing(span.End-1)...)
	}
	inside := nest(append([]*doc{soft()}, items...)...)
	d := group(text(open), inside, soft(), text(end))
	d.hard = d.hard || broken
	return d
}

// closing writes the comments before the closing bracket at offset, a line
// each.
func (p *printer) closing(offset int32) []*doc {
	var docs []*doc
	for len(p.comments) > 0 && p.comments[0].Span.Start < offset {
		docs = append(docs, hardline(), lineEnd(p.comments[0]))
		p.comments = p.comments[1:]
	}
	return docs
}

func (p *printer) empty(open, end string, span ast.Span) *doc {
	var docs []*doc
	if span.End > 0 {
		docs = p.closing(span.End - 1)
	}
	if len(docs) == 0 {
		return text(open + end)
	}
	return concat(text(open), nest(docs...), hardline(), text(end))
}

func (p *printer) tuple(n *ast.Tuple) *doc {
	if len(n.Exprs) == 1 {
		return concat(text("("), p.expr(n.Exprs[0], precLowest), text(",)"))
	}
	return p.list("(", n.Exprs, ")", n.Span, "")
}

func (p *printer) dict(n *ast.Dict) *doc {
	if len(n.Items) == 0 {
		return p.empty("{", "}", n.Span)
	}
	broken := p.breakAfter(n.Span, n.Items[0].Key)
	items := make([]*doc, 0, 2*len(n.Items))
	for i, item := range n.Items {
		d := concat(p.key(item.Key), text(": "), p.expr(item.Value, precLowest))
		items = append(items, d, p.comma(i == len(n.Items)-1, ",", item.Value.Place().End))
	}
	return p.brackets("{", items, "}", n.Span, broken)
}

// key writes a dict's key; a lambda or a ternary there gets parentheses.
func (p *printer) key(e ast.Expr) *doc { return p.expr(e, precOr) }

// args writes an argument list. When one argument can be broken by itself (a
// dict, an array, a lambda with a block) and the others are short, it stays on
// the line of the call:
//
//	fetch(inputs.url, {
//	    'method': 'POST',
//	})
func (p *printer) args(list []ast.Expr, span ast.Span) *doc {
	if len(list) == 0 {
		return p.empty("(", ")", span)
	}
	hugged := hugIndex(list)
	if hugged < 0 || p.commentsInside(list) {
		return p.list("(", list, ")", span, "")
	}
	docs := []*doc{text("(")}
	short := 0
	for i, e := range list {
		if i > 0 {
			docs = append(docs, text(", "))
		}
		d := p.item(e, i)
		if i != hugged {
			short += d.width()
			if d.hard {
				short += pageWidth
			}
		}
		docs = append(docs, d)
	}
	if short <= pageWidth/2 {
		return concat(append(docs, text(")"))...)
	}
	return spread(docs)
}

// hugIndex is the only argument that breaks by itself, or the last one if
// there are several and it does, or -1.
func hugIndex(list []ast.Expr) int {
	index, count := -1, 0
	for i, e := range list {
		if breaksItself(e) {
			index = i
			count++
		}
	}
	if count > 1 && index != len(list)-1 {
		return -1
	}
	return index
}

// spread puts the arguments that were written for one line on lines of their
// own. docs are the parenthesis, then arguments with commas in between.
func spread(docs []*doc) *doc {
	inside := []*doc{soft()}
	for i, d := range docs[1:] {
		if i%2 == 1 {
			d = concat(text(","), line())
		}
		inside = append(inside, d)
	}
	return group(docs[0], nest(inside...), soft(), text(")"))
}

// breaksItself reports whether e has brackets that can be broken while the
// code before it stays on its line.
func breaksItself(e ast.Expr) bool {
	if ast.AtOf(e).Parens {
		return false
	}
	switch n := e.(type) {
	case *ast.Dict:
		return len(n.Items) > 0
	case *ast.Array:
		return len(n.Exprs) > 0
	case *ast.Lambda:
		return n.Block != nil || n.Expr != nil && breaksItself(n.Expr)
	}
	return false
}

// commentsInside reports whether a comment stands between the arguments.
func (p *printer) commentsInside(list []ast.Expr) bool {
	end := list[len(list)-1].Place().Start
	return len(p.comments) > 0 && p.comments[0].Span.Start < end
}

// lambda writes a head and a body. A head with several parameters has
// parentheses, unless bare.
func (p *printer) lambda(n *ast.Lambda, bare bool) *doc {
	var head *doc
	switch {
	case len(n.Params) == 1:
		head = text(name(n.Params[0].Text))
	case bare:
		names := make([]string, len(n.Params))
		for i, param := range n.Params {
			names[i] = name(param.Text)
		}
		head = text(strings.Join(names, ", "))
	default:
		head = p.lambdaHead(n.Params)
	}
	return concat(head, text(" -> "), p.lambdaBody(n))
}

func (p *printer) lambdaHead(list []ast.Name) *doc {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = name(n.Text)
	}
	return text("(" + strings.Join(names, ", ") + ")")
}

func (p *printer) lambdaBody(n *ast.Lambda) *doc {
	if n.Block != nil {
		return p.lambdaBlock(n.Block)
	}
	if n.Expr == nil {
		return text("null")
	}
	return p.expr(n.Expr, precLowest)
}
