package printer

import (
	"math"
	"strconv"
	"strings"

	"hogpen/hog/ast"
)

// The levels of precedence, as in the parser, from loosest to tightest.
const (
	precLowest = iota
	precAlias
	precTernary
	precOr
	precAnd
	precNot
	precBetween
	precNullish
	precIsNull
	precCompare
	precAdd
	precMul
	precUnary
	precPostfix
)

// level is how tightly e is written.
func level(e ast.Expr) int {
	switch n := e.(type) {
	case *ast.Call:
		switch n.Form {
		case ast.FormConcat:
			return precAdd
		case ast.FormNullish:
			return precNullish
		case ast.FormTernary:
			return precTernary
		}
	case *ast.Arithmetic:
		switch {
		case n.Form == ast.FormNegate:
			return precUnary
		case n.Op == ast.Add || n.Op == ast.Sub:
			return precAdd
		}
		return precMul
	case *ast.Compare:
		if n.Form == ast.FormIsNull {
			return precIsNull
		}
		return precCompare
	case *ast.Between:
		return precBetween
	case *ast.Not:
		return precNot
	case *ast.And:
		return precAnd
	case *ast.Or:
		return precOr
	case *ast.Alias:
		return precAlias
	case *ast.IsDistinct:
		return precIsNull
	case *ast.Lambda, *ast.NamedArg:
		return precLowest
	}
	return precPostfix
}

// expr writes e where operators of at least the level least are expected: with
// parentheses if it is looser, or if it had them. Comments that stand before e
// come first.
func (p *printer) expr(e ast.Expr, least int) *doc {
	docs := p.before(e.Place().Start)
	if ast.AtOf(e).Parens || level(e) < least {
		docs = append(docs, text("("), p.bare(e), text(")"))
	} else {
		docs = append(docs, p.bare(e))
	}
	if len(docs) == 1 {
		return docs[0]
	}
	return concat(docs...)
}

// bare writes e without parentheses around it.
func (p *printer) bare(e ast.Expr) *doc {
	switch n := e.(type) {
	case *ast.Constant:
		return text(constant(n))
	case *ast.Field:
		return text(p.field(n))
	case *ast.Call:
		return p.call(n)
	case *ast.ExprCall:
		return concat(p.callee(n.Callee), p.args(n.Args, n.Span))
	case *ast.Arithmetic:
		return p.arithmetic(n)
	case *ast.Compare:
		return p.compare(n)
	case *ast.And:
		return p.chain(n.Exprs, "and", precAnd+1)
	case *ast.Or:
		return p.chain(n.Exprs, "or", precOr+1)
	case *ast.Not:
		return p.not(n)
	case *ast.Between:
		return p.between(n)
	case *ast.Array:
		return p.list("[", n.Exprs, "]", n.Span, ",")
	case *ast.Tuple:
		return p.tuple(n)
	case *ast.Dict:
		return p.dict(n)
	case *ast.Lambda:
		return p.lambda(n, false)
	}
	return p.rest(e)
}

func (p *printer) rest(e ast.Expr) *doc {
	switch n := e.(type) {
	case *ast.ArrayAccess:
		return p.arrayAccess(n)
	case *ast.TupleAccess:
		return concat(p.base(n.Tuple, !n.Nullish, false), text(dot(n.Nullish)+strconv.FormatInt(n.Index, 10)))
	case *ast.Placeholder:
		return concat(text("{"), p.expr(n.Expr, precLowest), text("}"))
	case *ast.NamedArg:
		return concat(text(name(n.Name)+" := "), p.expr(n.Value, precLowest))
	case *ast.Alias:
		return concat(p.expr(n.Expr, precAlias), text(" as "+name(n.Name)))
	case *ast.Unsupported:
		return p.written(n.Span, n.Text)
	case *ast.Cast:
		return p.written(n.Span, n.Text)
	case *ast.Slice:
		return p.written(n.Span, n.Text)
	case *ast.IsDistinct:
		return p.written(n.Span, n.Text)
	case *ast.Positional:
		return text("#" + n.Index)
	case *ast.Select:
		return p.written(n.Span, n.Text)
	case *ast.SelectSet:
		return p.written(n.Span, n.Text)
	case *ast.Tag:
		return p.tag(n)
	}
	return text("")
}

// written writes the source of what is printed as it was written.
func (p *printer) written(span ast.Span, source string) *doc {
	p.skipComments(span)
	return text(source)
}

func dot(nullish bool) string {
	if nullish {
		return "?."
	}
	return "."
}

// constant writes a literal as it was spelled, if that is known.
func constant(n *ast.Constant) string {
	if n.Written != "" {
		return n.Written
	}
	switch n.Kind {
	case ast.KindBool:
		return strconv.FormatBool(n.Bool)
	case ast.KindInteger:
		return strconv.FormatInt(n.Int, 10)
	case ast.KindBigInteger:
		return n.Str
	case ast.KindFloat:
		return floatText(n.Float)
	case ast.KindString:
		return quoteString(n.Str)
	}
	return "null"
}

func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if strings.ContainsAny(s, ".e") {
		return s
	}
	return s + ".0"
}

// field writes a chain. A lone name steers more than one with properties.
func (p *printer) field(n *ast.Field) string {
	var b strings.Builder
	for i, s := range n.Chain {
		switch {
		case i > 0:
			b.WriteString("." + part(s))
		case s == "*":
			b.WriteString(s)
		case p.inCase > 0 && caseWord(s):
			b.WriteString(quote(s))
		case len(n.Chain) > 1 && isBool(s):
			b.WriteString(s)
		default:
			b.WriteString(name(s))
		}
	}
	return b.String()
}

func (p *printer) call(n *ast.Call) *doc {
	switch n.Form {
	case ast.FormConcat:
		return p.chain(n.Operands, "||", precAdd+1)
	case ast.FormTemplate:
		return p.template(n)
	case ast.FormNullish:
		return group(p.expr(n.Args[0], precNullish), nest(line(), text("?? "), p.expr(n.Args[1], precNullish+1)))
	case ast.FormTernary:
		return group(p.expr(n.Args[0], precTernary+1),
			nest(line(), text("? "), p.expr(n.Args[1], precTernary), line(), text(": "), p.expr(n.Args[2], precTernary)))
	case ast.FormCase:
		return p.caseWhen(n)
	}
	callee := text(callName(n.Name, len(n.Args)))
	if n.Params != nil {
		callee = text(callName(n.Name, len(n.Params)))
		return concat(callee, p.args(n.Params, ast.Span{}), p.args(n.Args, n.Span))
	}
	if castLike(n) {
		callee = text(quote(n.Name))
	}
	return concat(callee, p.args(n.Args, n.Span))
}

// castLike reports whether a call would be read as a cast to a type. It is
// none, for in its source a comma followed the argument.
func castLike(n *ast.Call) bool {
	if len(n.Args) != 1 || !strings.EqualFold(n.Name, "cast") && !strings.EqualFold(n.Name, "try_cast") {
		return false
	}
	alias, ok := n.Args[0].(*ast.Alias)
	return ok && !alias.Parens
}

// callee writes what an argument list is attached to. A lone name or a call by
// name needs its parentheses: without them it would be another node.
func (p *printer) callee(e ast.Expr) *doc {
	switch n := e.(type) {
	case *ast.Constant:
		if n.Kind == ast.KindBool && !n.Parens {
			return p.wrapped(e)
		}
	case *ast.Field:
		if len(n.Chain) == 1 && !n.Parens {
			return p.wrapped(e)
		}
	case *ast.Call:
		if n.Params == nil && n.Form == ast.FormPlain && !n.Parens {
			return p.wrapped(e)
		}
	}
	return p.expr(e, precPostfix)
}

func (p *printer) wrapped(e ast.Expr) *doc {
	docs := p.before(e.Place().Start)
	return concat(append(docs, text("("), p.bare(e), text(")"))...)
}

// base writes what a property is attached to. With a plain dot behind it, an
// integer would become a float, and true or a chain of names a longer chain.
func (p *printer) base(e ast.Expr, plainDot, isName bool) *doc {
	if ast.AtOf(e).Parens {
		return p.expr(e, precPostfix)
	}
	switch n := e.(type) {
	case *ast.Constant:
		if plainDot && (n.Kind == ast.KindBool || isDigits(constant(n))) {
			return p.wrapped(e)
		}
	case *ast.Field:
		if plainDot && isName {
			return p.wrapped(e)
		}
		if len(n.Chain) == 1 && strings.EqualFold(n.Chain[0], "array") {
			return concat(append(p.before(n.Span.Start), text(quote(n.Chain[0])))...)
		}
	}
	return p.expr(e, precPostfix)
}

// isDigits reports whether a dot behind a number would be read as a part of
// it: not behind 00, which no float begins with.
func isDigits(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return strings.Trim(s, "0123456789") == "" && (len(s) < 2 || s[0] != '0')
}

func (p *printer) arrayAccess(n *ast.ArrayAccess) *doc {
	key, ok := n.Property.(*ast.Constant)
	if n.Dotted && ok && key.Kind == ast.KindString {
		return concat(p.base(n.Array, !n.Nullish, true), text(dot(n.Nullish)+part(key.Str)))
	}
	open := "["
	if n.Nullish {
		open = "?.["
	}
	return concat(p.base(n.Array, false, false), text(open), p.expr(n.Property, precLowest), text("]"))
}

func (p *printer) arithmetic(n *ast.Arithmetic) *doc {
	if n.Form == ast.FormNegate {
		if needsParensAfterMinus(n.Right) {
			return concat(text("-"), p.wrapped(n.Right))
		}
		return concat(text("-"), p.expr(n.Right, precUnary))
	}
	return p.binary(n.Left, string(n.Op), n.Right, level(n))
}

// needsParensAfterMinus: -5 is a literal, and -- starts a comment.
func needsParensAfterMinus(e ast.Expr) bool {
	e = leftmost(e)
	if ast.AtOf(e).Parens {
		return false
	}
	switch n := e.(type) {
	case *ast.Constant:
		return n.Kind == ast.KindInteger || n.Kind == ast.KindBigInteger || n.Kind == ast.KindFloat
	case *ast.Arithmetic:
		return n.Form == ast.FormNegate
	}
	return false
}

func (p *printer) compare(n *ast.Compare) *doc {
	if n.Form == ast.FormIsNull {
		word := " is null"
		if n.Op == ast.NotEq {
			word = " is not null"
		}
		return concat(p.expr(n.Left, precIsNull), text(word))
	}
	op := string(n.Op)
	if n.Written != "" {
		op = strings.ToLower(n.Written)
	}
	return p.binary(n.Left, op, n.Right, precCompare)
}

func (p *printer) binary(left ast.Expr, op string, right ast.Expr, prec int) *doc {
	l := p.expr(left, prec)
	return group(l, nest(line(), text(op+" "), p.expr(right, prec+1)))
}

// chain writes operands with the same operator between them.
func (p *printer) chain(list []ast.Expr, op string, least int) *doc {
	var rest []*doc
	var head *doc
	for i, e := range list {
		d := p.expr(e, least)
		if i > 0 {
			d = concat(line(), text(op+" "), d)
		}
		if i < len(list)-1 {
			d = concat(append([]*doc{d}, p.sameLine(e.Place().End, " \t")...)...)
		}
		if i == 0 {
			head = d
		} else {
			rest = append(rest, d)
		}
	}
	if head == nil {
		return text("true")
	}
	return group(head, nest(rest...))
}

func (p *printer) not(n *ast.Not) *doc {
	if l, ok := n.Expr.(*ast.Lambda); ok && len(l.Params) > 0 && !l.Parens {
		return concat(text("not "), p.lambda(l, len(l.Params) > 1))
	}
	if a, ok := n.Expr.(*ast.NamedArg); ok && !a.Parens {
		return concat(text("not "), p.expr(a, precLowest)) // in parentheses it would be a call of not
	}
	return concat(text("not "), p.expr(n.Expr, precNot))
}

func (p *printer) between(n *ast.Between) *doc {
	word := "between "
	if n.Negated {
		word = "not between "
	}
	return group(p.expr(n.Expr, precBetween),
		nest(line(), text(word), p.expr(n.Low, precBetween+1), line(), text("and "), p.expr(n.High, precBetween+1)))
}

func (p *printer) caseWhen(n *ast.Call) *doc {
	p.inCase++
	defer func() { p.inCase-- }()
	args := n.Args
	docs := []*doc{text("case")}
	if n.Name == "_caseWithExpression" {
		docs = append(docs, text(" "), p.expr(args[0], precLowest))
		args = args[1:]
	}
	var whens []*doc
	for ; len(args) > 1; args = args[2:] {
		whens = append(whens, line(), text("when "), p.expr(args[0], precLowest), text(" then "), p.expr(args[1], precLowest))
	}
	if c, ok := args[0].(*ast.Constant); !ok || c.Kind != ast.KindNull {
		whens = append(whens, line(), text("else "), p.expr(args[0], precLowest))
	}
	docs = append(docs, nest(whens...), line(), text("end"))
	return group(docs...)
}

// template writes f'…' with its text as it was.
func (p *printer) template(n *ast.Call) *doc {
	docs := []*doc{text("f'")}
	for _, e := range n.Operands {
		if c, ok := e.(*ast.Constant); ok && c.Raw {
			docs = append(docs, text(c.Written))
			continue
		}
		docs = append(docs, text("{"), p.expr(e, precLowest), text("}"))
	}
	return concat(append(docs, text("'"))...)
}
