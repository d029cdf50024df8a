package vm

import "strings"

// sql writes a value in AST mode as the query it describes, between sql( and )
// (specification 4.8). What is no node, such as a value that came from a
// placeholder, stands in print form.
func (p *printer) sql(v Value) {
	p.str("sql(")
	p.node(v)
	p.str(")")
}

// node writes one node of a query; a node inside itself is null. Behind
// MaxText it writes nothing more.
func (p *printer) node(v Value) {
	if TooLong(len(p.b)) {
		return
	}
	class, ok := v.Get("__hx_ast")
	if !ok || v.o == nil {
		p.tagOrValue(v)
		return
	}
	if !p.enter(v.o) {
		p.str("null")
		return
	}
	p.class(class.Text(), v)
	p.leave()
}

// part gives a field of a node, null when it has none of that name.
func part(v Value, name string) Value {
	f, _ := v.Get(name)
	return f
}

func (p *printer) class(class string, v Value) {
	switch class {
	case "Constant":
		p.value(part(v, "value"))
	case "Field":
		p.names(part(v, "chain"))
	case "Call":
		p.identifier(part(v, "name").Text())
		if params := part(v, "params"); !params.IsNull() {
			p.nodes("(", params, ")")
		}
		p.nodes("(", part(v, "args"), ")")
	case "ExprCall":
		p.node(part(v, "expr"))
		p.nodes("(", part(v, "args"), ")")
	case "ArithmeticOperation":
		p.call(arithmeticName(part(v, "op").Text()), part(v, "left"), part(v, "right"))
	case "CompareOperation":
		p.comparison(part(v, "op").Text(), part(v, "left"), part(v, "right"))
	case "And", "Or":
		p.str(strings.ToLower(class))
		p.nodes("(", part(v, "exprs"), ")")
	case "Not":
		p.call("not", part(v, "expr"))
	case "BetweenExpr":
		p.between(v)
	case "Array":
		p.nodes("[", part(v, "exprs"), "]")
	case "Tuple":
		p.nodes("tuple(", part(v, "exprs"), ")")
	default:
		p.otherClass(class, v)
	}
}

func (p *printer) otherClass(class string, v Value) {
	switch class {
	case "ArrayAccess":
		p.node(part(v, "array"))
		p.nodes(nullish(v)+"[", NewArray([]Value{part(v, "property")}), "]")
	case "TupleAccess":
		p.node(part(v, "tuple"))
		p.str(nullish(v) + ".")
		p.value(part(v, "index"))
	case "Lambda":
		p.lambda(v)
	case "Alias":
		p.node(part(v, "expr"))
		p.str(" AS ")
		p.identifier(part(v, "alias").Text())
	case "OrderExpr":
		p.node(part(v, "expr"))
		p.str(" " + part(v, "order").Text())
	case "SelectQuery":
		p.selectQuery(v)
	case "SelectSetQuery":
		p.selectSet(v)
	case "JoinExpr":
		p.join(v)
	case "HogQLXTag":
		p.tag(part(v, "kind"), part(v, "attributes"))
	default:
		// A node that the specification gives no form is shown as its dict.
		p.leave()
		p.dict(v.o)
		p.enter(v.o)
	}
}

func nullish(v Value) string {
	if part(v, "nullish").Truthy() {
		return "?."
	}
	return ""
}

func (p *printer) names(chain Value) {
	for i, e := range chain.Elems() {
		if i > 0 {
			p.str(".")
		}
		if e.Text() == "*" {
			p.str("*")
		} else {
			p.identifier(e.Text())
		}
	}
}

func (p *printer) nodes(open string, list Value, end string) {
	p.str(open)
	for i, e := range list.Elems() {
		if TooLong(len(p.b)) {
			break
		}
		if i > 0 {
			p.str(", ")
		}
		p.nested(e)
	}
	p.str(end)
}

// nested writes a node; a query gets parentheses.
func (p *printer) nested(v Value) {
	switch class, _ := v.Get("__hx_ast"); class.Text() {
	case "SelectQuery", "SelectSetQuery":
		p.str("(")
		p.node(v)
		p.str(")")
	default:
		p.node(v)
	}
}

func (p *printer) call(name string, args ...Value) { p.nodes(name+"(", NewArray(args), ")") }

func arithmeticName(op string) string {
	switch op {
	case "+":
		return "plus"
	case "-":
		return "minus"
	case "*":
		return "multiply"
	case "/":
		return "divide"
	}
	return "modulo"
}

func (p *printer) comparison(op string, left, right Value) {
	name := ""
	switch op {
	case "==":
		name = "equals"
	case "!=":
		name = "notEquals"
	case "<":
		name = "less"
	case "<=":
		name = "lessOrEquals"
	case ">":
		name = "greater"
	case ">=":
		name = "greaterOrEquals"
	case "in":
		name = "in"
	case "not in":
		name = "notIn"
	case "like":
		name = "like"
	case "not like":
		name = "notLike"
	case "ilike":
		name = "ilike"
	case "not ilike":
		name = "notILike"
	case "in cohort":
		name = "inCohort"
	case "not in cohort":
		name = "notInCohort"
	default:
		p.matching(op, left, right)
		return
	}
	p.call(name, left, right)
}

// matching writes the regular expression operators.
func (p *printer) matching(op string, left, right Value) {
	negated, fold := strings.HasPrefix(op, "!"), strings.HasSuffix(op, "*")
	if negated {
		p.str("not(")
	}
	p.str("match(")
	p.nested(left)
	p.str(", ")
	if fold {
		p.str("concat('(?i)', ")
	}
	p.nested(right)
	if fold {
		p.str(")")
	}
	p.str(")")
	if negated {
		p.str(")")
	}
}

func (p *printer) between(v Value) {
	p.nested(part(v, "expr"))
	if part(v, "negated").Truthy() {
		p.str(" NOT")
	}
	p.str(" BETWEEN ")
	p.nested(part(v, "low"))
	p.str(" AND ")
	p.nested(part(v, "high"))
}

func (p *printer) lambda(v Value) {
	args := part(v, "args")
	if args.Len() != 1 {
		p.str("(")
	}
	for i, a := range args.Elems() {
		if i > 0 {
			p.str(", ")
		}
		p.identifier(a.Text())
	}
	if args.Len() != 1 {
		p.str(")")
	}
	p.str(" -> ")
	p.nested(part(v, "expr"))
}

// clause writes a part of a query that is one node, when it is there.
func (p *printer) clause(word string, v Value) {
	if !v.IsNull() {
		p.str(" " + word + " ")
		p.nested(v)
	}
}

func (p *printer) clauseList(word string, list Value) {
	if list.Len() > 0 {
		p.nodes(" "+word+" ", list, "")
	}
}

func (p *printer) selectQuery(v Value) {
	p.ctes(part(v, "ctes"))
	p.str("SELECT ")
	if part(v, "distinct").Truthy() {
		p.str("DISTINCT ")
	}
	p.nodes("", part(v, "select"), "")
	p.clause("FROM", part(v, "select_from"))
	p.clauseList(part(v, "array_join_op").Text(), part(v, "array_join_list"))
	p.clause("PREWHERE", part(v, "prewhere"))
	p.clause("WHERE", part(v, "where"))
	p.clauseList("GROUP BY", part(v, "group_by"))
	p.clause("HAVING", part(v, "having"))
	p.clauseList("ORDER BY", part(v, "order_by"))
	if by := part(v, "limit_by"); !by.IsNull() {
		p.clause("LIMIT", part(by, "n"))
		p.clause("OFFSET", part(by, "offset_value"))
		p.clauseList("BY", part(by, "exprs"))
	}
	p.clause("LIMIT", part(v, "limit"))
	if part(v, "limit_with_ties").Truthy() {
		p.str(" WITH TIES")
	}
	p.clause("OFFSET", part(v, "offset"))
}

func (p *printer) ctes(v Value) {
	names, nodes := v.Entries()
	for i, name := range names {
		if i == 0 {
			p.str("WITH ")
		} else {
			p.str(", ")
		}
		column := part(nodes[i], "cte_type").Text() == "column"
		if column {
			p.nested(part(nodes[i], "expr"))
			p.str(" AS ")
		}
		p.identifier(name.Text())
		if !column {
			p.str(" AS ")
			p.nested(part(nodes[i], "expr"))
		}
	}
	if len(names) > 0 {
		p.str(" ")
	}
}

func (p *printer) selectSet(v Value) {
	p.node(part(v, "initial_select_query"))
	for _, e := range part(v, "subsequent_select_queries").Elems() {
		p.str(" " + part(e, "set_operator").Text() + " ")
		p.node(part(e, "select_query"))
	}
}

// join writes a table and what is joined to it.
func (p *printer) join(v Value) {
	for n := 0; !v.IsNull(); n++ {
		if op := part(v, "join_type").Text(); op != "" && n > 0 {
			p.str(" " + op + " ")
		}
		p.nested(part(v, "table"))
		if args := part(v, "table_args"); !args.IsNull() {
			p.nodes("(", args, ")")
		}
		if alias := part(v, "alias").Text(); alias != "" {
			p.str(" AS ")
			p.identifier(alias)
		}
		if part(v, "table_final").Truthy() {
			p.str(" FINAL")
		}
		if c := part(v, "constraint"); !c.IsNull() {
			p.clause(part(c, "constraint_type").Text(), part(c, "expr"))
		}
		v = part(v, "next_join")
		if n >= maxNesting {
			return // a chain that was perhaps made to lead back to itself
		}
	}
}

// tag writes an element with its attributes, which are nodes.
func (p *printer) tag(kind, attributes Value) {
	p.str("<")
	p.identifier(kind.Text())
	for _, a := range attributes.Elems() {
		p.str(" ")
		p.identifier(part(a, "name").Text())
		p.str("={")
		p.nested(part(a, "value"))
		p.str("}")
	}
	p.str(" />")
}

// tagOrValue writes what a placeholder has put into a query.
func (p *printer) tagOrValue(v Value) {
	kind, ok := v.Get("__hx_tag")
	if !ok || !p.enter(v.o) {
		p.value(v)
		return
	}
	p.str("<")
	p.identifier(kind.Text())
	names, values := v.Entries()
	for i, name := range names {
		if name.Text() == "__hx_tag" {
			continue
		}
		p.str(" ")
		p.identifier(name.Text())
		p.str("={")
		p.nested(values[i])
		p.str("}")
	}
	p.str(" />")
	p.leave()
}
