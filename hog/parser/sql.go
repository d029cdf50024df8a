package parser

import (
	"cmp"
	"slices"
	"strings"

	"hogpen/hog/ast"
)

// selectQuery reads the inside of (select …) and the closing parenthesis. The
// words of SQL are plain names elsewhere, so here they are looked for by text.
func (p *parser) selectQuery(open int) ast.Expr {
	e := p.queries()
	p.closeBracket(open, tokRParen, "`)` after the query")
	ast.AtOf(e).Parens = true
	return e
}

// queries reads one query, or several joined by union and the like.
func (p *parser) queries() ast.Expr {
	if !p.enter() {
		p.leave()
		return p.bads(p.cur().span())
	}
	defer p.leave()
	from := p.pos
	first := p.query()
	set := p.setOf(first, from)
	if set == nil {
		return first
	}
	return set
}

// moreQueries is setOf for a query that stood in parentheses of its own.
func (p *parser) moreQueries(first ast.Expr, from int) ast.Expr {
	switch first.(type) {
	case *ast.Select, *ast.SelectSet:
		return p.setOf(first, from)
	}
	return nil
}

// setOf reads what union and the like add to a query; nil when nothing does.
func (p *parser) setOf(first ast.Expr, from int) ast.Expr {
	set := &ast.SelectSet{First: first}
	for !p.bad {
		op := p.setOperator()
		if op == "" {
			break
		}
		set.Rest = append(set.Rest, ast.SetMember{Operator: op, Query: p.query()})
	}
	if len(set.Rest) == 0 {
		return nil
	}
	set.At = p.here(from)
	set.Text = p.sourceOf(set.Span)
	return set
}

// setOperator takes union [all | distinct], intersect [distinct] or except.
func (p *parser) setOperator() string {
	for _, op := range []string{"UNION ALL", "UNION DISTINCT", "INTERSECT DISTINCT", "INTERSECT", "EXCEPT"} {
		if p.acceptWords(op) {
			return op
		}
	}
	return ""
}

// acceptWords takes words, separated by a space, or none of them.
func (p *parser) acceptWords(words string) bool {
	list := strings.Fields(words)
	if p.bad {
		return false
	}
	for i, w := range list {
		if !p.wordAt(p.pos+i, w) {
			return false
		}
	}
	p.pos += len(list)
	return true
}

// query reads a select, one in parentheses, or a placeholder for one.
func (p *parser) query() ast.Expr {
	switch {
	case p.bad:
		return p.bads(p.cur().span())
	case p.at(tokLParen):
		open := p.pos
		p.next()
		return p.selectQuery(open)
	case p.at(tokLBrace):
		return p.braces()
	}
	return p.selectStatement()
}

func (p *parser) selectStatement() ast.Expr {
	from := p.pos
	n := &ast.Select{}
	if p.acceptWords("with") {
		n.CTEs = p.ctes()
	}
	if !p.bad && !p.acceptWords("select") {
		p.expected("`select`", "")
	}
	n.Distinct = p.acceptWords("distinct")
	n.Exprs = p.columnList()
	if p.acceptWords("from") {
		n.From = p.tables()
	}
	p.arrayJoin(n)
	p.clauses(n)
	n.At = p.here(from)
	n.Text = p.sourceOf(n.Span)
	return n
}

// clauses reads what follows the tables, in SQL's order.
func (p *parser) clauses(n *ast.Select) {
	if p.acceptWords("prewhere") {
		n.Prewhere = p.expr(precLowest)
	}
	if p.acceptWords("where") {
		n.Where = p.expr(precLowest)
	}
	if p.acceptWords("group by") {
		n.GroupBy = p.sqlList()
	}
	if p.acceptWords("having") {
		n.Having = p.expr(precLowest)
	}
	if !p.bad && (p.wordAt(p.pos, "window") || p.wordAt(p.pos, "settings") || p.wordAt(p.pos, "qualify")) {
		p.failAt(p.cur(), "Unsupported clause: "+strings.ToLower(p.text(p.pos)), "")
	}
	if p.acceptWords("order by") {
		n.OrderBy = p.orders()
	}
	p.limits(n)
}

// limits reads limit n [offset m] by …, and limit n [, m] [with ties] [offset m].
func (p *parser) limits(n *ast.Select) {
	for !p.bad && p.acceptWords("limit") {
		count := p.expr(precLowest)
		var offset ast.Expr
		if p.accept(tokComma) || p.acceptWords("offset") {
			offset = p.expr(precLowest)
		}
		if p.acceptWords("by") {
			n.LimitBy = &ast.LimitBy{N: count, Offset: offset, Exprs: p.sqlList()}
			n.LimitBy.Span = p.since(count)
			continue
		}
		n.Limit, n.Offset = count, offset
		n.WithTies = p.acceptWords("with ties")
		break
	}
	if n.Offset == nil && p.acceptWords("offset") {
		n.Offset = p.expr(precLowest)
	}
}

// sqlList reads expressions and commas.
func (p *parser) sqlList() []ast.Expr {
	list := []ast.Expr{}
	for !p.bad {
		list = append(list, p.expr(precLowest))
		if !p.accept(tokComma) {
			break
		}
	}
	return list
}

// columnList reads the list behind select: with `*`, with aliases that lack
// their `as`, and with a comma at its end.
func (p *parser) columnList() []ast.Expr {
	list := []ast.Expr{}
	for !p.bad {
		list = append(list, p.column())
		if !p.accept(tokComma) || p.endOfColumns() {
			break
		}
	}
	return list
}

func (p *parser) column() ast.Expr {
	if p.at(tokStar) {
		p.next()
		return &ast.Field{At: p.here(p.pos - 1), Chain: []string{"*"}}
	}
	e := p.expr(precLowest)
	if p.bad || !p.isName(p.pos) || p.clauseAhead() {
		return e
	}
	n := &ast.Alias{Expr: e, Name: p.name("an alias").Text}
	n.Span = p.since(e)
	return n
}

func (p *parser) endOfColumns() bool { return p.at(tokRParen) || p.clauseAhead() }

// clauseAhead reports whether the next word starts the next part of a query.
func (p *parser) clauseAhead() bool {
	if !p.at(tokIdent) {
		return false
	}
	switch strings.ToLower(p.text(p.pos)) {
	case "from", "prewhere", "where", "group", "having", "window", "settings", "qualify", "order", "limit", "offset", "union",
		"intersect", "except", "on", "using", "final", "sample", "join", "with", "array", "by", "asc", "desc", "nulls":
		return true
	}
	return p.joinType() != ""
}

func (p *parser) orders() []ast.Expr {
	list := []ast.Expr{}
	for !p.bad {
		e := p.expr(precLowest)
		n := &ast.Order{Expr: e, Desc: p.acceptWords("desc")}
		if !n.Desc {
			p.acceptWords("asc")
		}
		if p.acceptWords("nulls") && !p.acceptWords("first") && !p.acceptWords("last") {
			p.expected("`first` or `last`", "")
		}
		n.Span = p.since(e)
		list = append(list, n)
		if !p.accept(tokComma) {
			break
		}
	}
	return list
}

// ctes reads name as (query) and expr as name.
func (p *parser) ctes() []ast.CTE {
	var list []ast.CTE
	for !p.bad {
		if p.isName(p.pos) && p.wordAt(p.pos+1, "as") && p.peek(2).kind == tokLParen {
			name := p.name("a name").Text
			p.next()
			open := p.pos
			p.next()
			list = append(list, ast.CTE{Name: name, Expr: p.selectQuery(open)})
		} else {
			list = append(list, p.columnCTE())
		}
		if !p.accept(tokComma) {
			break
		}
	}
	return list
}

func (p *parser) columnCTE() ast.CTE {
	e := p.expr(precLowest)
	if a, ok := e.(*ast.Alias); ok {
		return ast.CTE{Name: a.Name, Expr: a.Expr, Column: true}
	}
	p.expected("`as` and a name", "")
	return ast.CTE{Expr: e, Column: true}
}

// tables reads the tables of a from clause with their joins.
func (p *parser) tables() *ast.Join {
	first := p.table("")
	for last := first; !p.bad; last = last.Next {
		op := p.nextJoin()
		if op == "" {
			break
		}
		last.Next = p.table(op)
		p.constraint(last.Next)
	}
	return first
}

func (p *parser) nextJoin() string {
	if p.accept(tokComma) {
		return "CROSS JOIN"
	}
	op := p.joinType()
	p.pos += len(strings.Fields(op))
	return joinOrder(op)
}

// joinOrder puts the words of a join into PostHog's order: LEFT ANY JOIN,
// whichever way it was written, but ANY INNER JOIN.
func joinOrder(op string) string {
	ranks := map[string]int{"LEFT": 1, "RIGHT": 1, "FULL": 1, "OUTER": 2, "INNER": 4, "CROSS": 4, "JOIN": 5}
	words := strings.Fields(op)
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Or(ranks[a], 3) - cmp.Or(ranks[b], 3) })
	return strings.Join(words, " ")
}

// joinType gives the words of a join that begins here, in capital letters.
func (p *parser) joinType() string {
	words := []string{}
	for i := p.pos; len(words) < 5; i++ {
		if p.tok(i).kind != tokIdent {
			return ""
		}
		word := strings.ToUpper(p.text(i))
		words = append(words, word)
		switch word {
		case "JOIN":
			return strings.Join(words, " ")
		case "GLOBAL", "LOCAL", "ANY", "ALL", "ASOF", "SEMI", "ANTI", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS":
		default:
			return ""
		}
	}
	return ""
}

func (p *parser) table(op string) *ast.Join {
	from := p.pos
	n := &ast.Join{Type: op}
	switch {
	case p.bad:
	case p.at(tokLParen):
		n.Table = p.query()
	case p.at(tokLBrace):
		n.Table = p.braces()
	case p.at(tokTagOpen):
		n.Table = p.tag()
	default:
		p.namedTable(n)
	}
	if p.bad {
		n.Table = p.bads(p.cur().span())
		return n
	}
	p.tableAlias(n)
	n.Final = p.acceptWords("final")
	if p.wordAt(p.pos, "sample") {
		p.failAt(p.cur(), "Unsupported clause: sample", "")
	}
	n.At = p.here(from)
	return n
}

// namedTable reads a name with dots, and the arguments of a table function.
func (p *parser) namedTable(n *ast.Join) {
	from := p.pos
	chain := []string{p.name("a table").Text}
	for !p.bad && p.accept(tokDot) {
		chain = append(chain, p.name("a name after the dot").Text)
	}
	n.Table = &ast.Field{At: p.here(from), Chain: chain}
	if p.bad || !p.at(tokLParen) {
		return
	}
	if n.Args = p.args(""); n.Args == nil {
		n.Args = []ast.Expr{}
	}
}

func (p *parser) tableAlias(n *ast.Join) {
	if p.acceptWords("as") {
		n.Alias = p.name("an alias").Text
		return
	}
	if p.isName(p.pos) && !p.clauseAhead() {
		n.Alias = p.name("an alias").Text
	}
}

func (p *parser) constraint(n *ast.Join) {
	if n.Type == "CROSS JOIN" {
		return
	}
	switch {
	case p.acceptWords("on"):
		n.On, n.Clause = p.expr(precLowest), "ON"
	case p.acceptWords("using"):
		n.On, n.Clause = p.expr(precLowest), "USING"
	}
}

func (p *parser) arrayJoin(n *ast.Select) {
	for _, op := range []string{"ARRAY JOIN", "LEFT ARRAY JOIN", "INNER ARRAY JOIN"} {
		if p.acceptWords(op) {
			n.ArrayJoin, n.ArrayList = op, p.sqlList()
			return
		}
	}
}
