package parser

import (
	"strings"

	"hogpen/hog/ast"
)

// caseWhen reads case [x] when … end, or returns nil when `case` is a name.
func (p *parser) caseWhen() ast.Expr {
	if !p.caseAhead() {
		return nil
	}
	from := p.pos
	p.next()
	n := &ast.Call{Form: ast.FormCase}
	withOperand := !p.atKw(kwWhen)
	if withOperand {
		n.Args = append(n.Args, p.expr(precLowest))
	}
	whens := 0
	for !p.bad && p.atKw(kwWhen) {
		p.next()
		n.Args = append(n.Args, p.expr(precLowest))
		p.expectWord(kwThen, "`then`")
		n.Args = append(n.Args, p.expr(precLowest))
		whens++
	}
	n.Args = append(n.Args, p.caseElse())
	p.expectWord(kwEnd, "`end` of the case")
	switch {
	case withOperand:
		n.Name = "_caseWithExpression"
	case whens == 1:
		n.Name = "if"
	default:
		n.Name = "multiIf"
	}
	n.At = p.here(from)
	return n
}

func (p *parser) caseElse() ast.Expr {
	if !p.bad && p.atKw(kwElse) {
		p.next()
		return p.expr(precLowest)
	}
	null := ast.Null()
	null.Span = p.cur().span()
	return null
}

// caseAhead looks for when at the level of the word case: directly behind it,
// or behind an operand without a separator in between.
func (p *parser) caseAhead() bool {
	if p.peek(1).kw == kwWhen {
		return p.startsOperand(p.pos + 2)
	}
	if !p.startsOperand(p.pos + 1) {
		return false
	}
	// Few tokens are an operand in practice; a bound keeps this from being
	// quadratic for many variables called case.
	for i, n := p.pos+1, 0; n < 64; i, n = i+1, n+1 {
		switch t := p.tok(i); t.kind {
		case tokEOF, tokSemicolon, tokComma, tokAssign, tokRParen, tokRBracket, tokRBrace, tokColon:
			return false
		default:
			if t.kw == kwWhen {
				return true
			}
		}
		i = p.skip(i)
	}
	return false
}

func (p *parser) expectWord(k keyword, wanted string) {
	if p.bad {
		return
	}
	if p.atKw(k) {
		p.next()
		return
	}
	p.expected(wanted, "")
}

// interval reads interval 1 day and interval '3 weeks', or returns nil when
// `interval` is a name.
func (p *parser) interval() ast.Expr {
	from := p.pos
	if p.peek(1).kind == tokString && intervalFunction(p.text(p.pos+2)) == "" {
		return p.intervalString()
	}
	unit := p.unitAhead(p.pos + 1)
	if unit < 0 {
		return nil
	}
	p.next()
	e := p.expr(precUnary)
	name := intervalFunction(p.text(p.pos))
	if !p.bad && (p.pos != unit || name == "") {
		p.expected("the unit of the interval", "")
	}
	p.next()
	return &ast.Call{At: p.here(from), Name: name, NameSpan: p.tok(from).span(), Args: []ast.Expr{e}}
}

// unitAhead finds the token of the unit behind a simple operand at i, or -1.
func (p *parser) unitAhead(i int) int {
	switch p.tok(i).kind {
	case tokInt, tokFloat, tokString:
		i++
	case tokLParen, tokLBracket, tokLBrace:
		if p.match[i] < 0 {
			return -1
		}
		i = int(p.match[i]) + 1
	case tokIdent, tokQuoted:
		i++
		for n := 0; n < 64; n++ {
			switch k := p.tok(i).kind; {
			case k == tokDot && p.isName(i+1):
				i += 2
				continue
			case (k == tokLParen || k == tokLBracket) && p.match[i] > 0:
				i = int(p.match[i]) + 1
				continue
			}
			break
		}
	default:
		return -1
	}
	if p.tok(i).kind == tokIdent && intervalFunction(p.text(i)) != "" {
		return i
	}
	return -1
}

func (p *parser) intervalString() ast.Expr {
	from := p.pos
	p.pos += 2
	words := strings.Fields(unquote(p.text(from + 1)))
	if len(words) != 2 || !isDecimal(words[0]) {
		p.failAt(p.tok(from+1), "An interval is a count and a unit, such as interval '3 weeks'", "")
		return p.bads(p.spanFrom(from))
	}
	name := intervalFunction(strings.TrimSuffix(strings.ToLower(words[1]), "s"))
	if name == "" {
		p.failAt(p.tok(from+1), "Unsupported interval unit: "+validText(words[1]), "")
		return p.bads(p.spanFrom(from))
	}
	count := integer(words[0])
	count.Span = p.tok(from + 1).span()
	return &ast.Call{At: p.here(from), Name: name, NameSpan: p.tok(from).span(), Args: []ast.Expr{count}}
}

func intervalFunction(unit string) string {
	switch strings.ToLower(unit) {
	case "second":
		return "toIntervalSecond"
	case "minute":
		return "toIntervalMinute"
	case "hour":
		return "toIntervalHour"
	case "day":
		return "toIntervalDay"
	case "week":
		return "toIntervalWeek"
	case "month":
		return "toIntervalMonth"
	case "quarter":
		return "toIntervalQuarter"
	case "year":
		return "toIntervalYear"
	}
	return ""
}

func (p *parser) dateLiteral(k keyword) ast.Expr {
	from := p.pos
	p.pos += 2
	rule, hint := "ColumnExprDate", "write toDate('…')"
	if k == kwTimestamp {
		rule, hint = "ColumnExprTimestamp", "write toDateTime('…')"
	}
	p.fail(p.spanFrom(from), "Unsupported rule: "+rule, hint)
	return p.bads(p.spanFrom(from))
}

// trimFrom reads trim(both 'x' from s), or returns nil for a plain call.
func (p *parser) trimFrom() ast.Expr {
	if p.peek(1).kind != tokLParen || p.peek(3).kind != tokString || !p.wordAt(p.pos+4, "from") {
		return nil
	}
	name := ""
	switch strings.ToLower(p.text(p.pos + 2)) {
	case "both":
		name = "trim"
	case "leading":
		name = "trimLeft"
	case "trailing":
		name = "trimRight"
	default:
		return nil
	}
	from := p.pos
	p.pos += 3
	chars := p.operand()
	p.next()
	s := p.expr(precLowest)
	p.closeBracket(from+1, tokRParen, "`)`")
	return &ast.Call{At: p.here(from), Name: name, NameSpan: p.tok(from).span(), Args: []ast.Expr{s, chars}}
}

// castCall reads cast(x as T), or returns nil for a call of a function of
// that name.
func (p *parser) castCall() ast.Expr {
	open := p.pos + 1
	if p.tok(open).kind != tokLParen || p.match[open] < 0 || p.hasAtTop(open, tokComma) {
		return nil
	}
	from := p.pos
	end := int(p.match[open])
	for i := open + 1; i < end; i++ {
		if p.toks[i].kw == kwAs && i > open+1 && p.isName(i+1) {
			return p.castAs(from, end)
		}
		i = p.skip(i)
	}
	return nil
}

// castAs reads what stands in the parentheses of a cast that ends at end.
func (p *parser) castAs(from, end int) ast.Expr {
	n := &ast.Cast{Try: p.atKw(kwTryCast)}
	p.pos += 2
	n.Expr = p.expr(precTernary)
	p.expectWord(kwAs, "`as` and a type")
	if p.bad {
		return n.Expr
	}
	n.Type = validText(p.src[p.cur().start:p.tok(end).start])
	p.pos = end + 1
	n.At = p.here(from)
	n.Text = p.sourceOf(n.Span)
	return n
}

func (p *parser) columns() ast.Expr {
	from := p.pos
	p.next()
	p.args("")
	return p.unsupported(p.spanFrom(from), "columns", "columns_expr")
}
