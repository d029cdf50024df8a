package printer

import (
	"strings"

	"hogpen/hog/ast"
)

// tag writes a HogQLX element. A line break between two children is only
// possible where neither is text: there white space is layout.
func (p *printer) tag(n *ast.Tag) *doc {
	docs := []*doc{text("<" + n.Kind)}
	var children []ast.Expr
	for _, a := range n.Attributes {
		if list, ok := a.Value.(*ast.Array); ok && a.Children && len(list.Exprs) > 0 {
			children = list.Exprs
			continue
		}
		docs = append(docs, p.attribute(a))
	}
	if children == nil {
		return concat(append(docs, text(" />"))...)
	}
	docs = append(docs, text(">"), p.children(children), text("</"+n.Kind+">"))
	return concat(docs...)
}

func (p *printer) attribute(a ast.TagAttribute) *doc {
	docs := append([]*doc{text(" ")}, p.before(a.Value.Place().Start)...)
	switch c, ok := a.Value.(*ast.Constant); {
	case ok && c.Kind == ast.KindBool && c.Bool:
		return concat(append(docs, text(a.Name))...)
	case ok && c.Kind == ast.KindString && !c.Parens:
		return concat(append(docs, text(a.Name+"="+constant(c)))...)
	}
	return concat(append(docs, text(a.Name+"={"), p.expr(a.Value, precLowest), text("}"))...)
}

func (p *printer) children(list []ast.Expr) *doc {
	var docs []*doc
	wasText := false
	for _, e := range list {
		raw, isText := rawText(e)
		isText = isText && !wasText
		if !isText && !wasText {
			docs = append(docs, soft())
		}
		docs = append(docs, p.child(e, raw, isText))
		wasText = isText
	}
	if wasText {
		return group(nest(docs...))
	}
	return group(nest(docs...), soft())
}

func (p *printer) child(e ast.Expr, raw string, isText bool) *doc {
	if isText {
		return text(raw)
	}
	if t, ok := e.(*ast.Tag); ok && !t.Parens {
		return p.tag(t)
	}
	return concat(text("{"), p.expr(e, precLowest), text("}"))
}

// rawText returns a string that can stand between tags as it is.
func rawText(e ast.Expr) (string, bool) {
	c, ok := e.(*ast.Constant)
	if !ok || c.Kind != ast.KindString || c.Str == "" || c.Written != "" || c.Parens || strings.ContainsAny(c.Str, "<{") {
		return "", false
	}
	if strings.TrimSpace(c.Str) == "" && strings.ContainsAny(c.Str, "\r\n") {
		return "", false
	}
	return c.Str, true
}
