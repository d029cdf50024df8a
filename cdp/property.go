package cdp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// propertyFilter is one property filter taken apart (REST API specification 7).
type propertyFilter struct {
	kind     string // event, person, group, …
	key      string
	operator string
	value    json.RawMessage // nil when absent
	group    int             // group type index; -1 when absent
}

// property compiles one property filter. A filter that is not complete
// matches everything, as it does in PostHog: clients save them half filled.
func (c *filterCompiler) property(raw json.RawMessage) (ast.Expr, error) {
	p, ok := readProperty(raw)
	if !ok {
		return ast.Integer(1), nil
	}
	switch {
	case p.kind == "hogql":
		return parseFilterExpression(p.key)
	case isCohort(p.kind):
		return nil, filterErrorf("Cohort membership can't be evaluated in real-time filters. Replace cohorts with equivalent "+
			"inline person property filters. Update your filters at: %s", c.settingsURL)
	case p.kind == "element":
		return c.element(p)
	}
	field, err := p.field()
	if err != nil {
		return nil, err
	}
	if p.isArrayProperty() {
		return c.overArray(field, p)
	}
	return c.compare(field, p)
}

// The types a property filter may have, apart from those compiled above.
var (
	readableKinds = []string{"event", "event_metadata", "feature", "person", "group", "session", "data_warehouse",
		"data_warehouse_person_property", "element", "hogql", "cohort", "static-cohort", "precalculated-cohort",
		"workflow_variable"}
	unreadableKinds = []string{"flag", "behavioral", "recording", "log_entry", "log", "log_attribute",
		"log_resource_attribute", "error_tracking_issue", "revenue_analytics"}
)

// readProperty reads a property filter; false when it is not complete.
func readProperty(raw json.RawMessage) (propertyFilter, bool) {
	members, ok := fields.MembersOf(raw)
	p := propertyFilter{kind: "event", operator: "exact", group: -1}
	if !ok {
		return p, false
	}
	if key, ok := members.Get("key"); ok && fields.KindOf(key) != fields.Null {
		p.key = fields.Display(key)
	}
	if kind := memberText(raw, "type"); kind != "" {
		p.kind = kind
	}
	if op := memberText(raw, "operator"); op != "" {
		p.operator = op
	}
	if v, ok := members.Get("value"); ok && fields.KindOf(v) != fields.Null {
		p.value = v
	}
	if v, ok := members.Get("group_type_index"); ok {
		if n, fault := fields.ToInt(v, fields.Between(0, 4)); fault == nil {
			p.group = n
		}
	}
	return p, p.complete()
}

func (p propertyFilter) complete() bool {
	known := slices.Contains(readableKinds, p.kind) || slices.Contains(unreadableKinds, p.kind)
	switch {
	case !known || p.key == "":
		return false
	case p.kind == "group" && p.group < 0:
		return false
	case p.kind == "hogql":
		return true
	}
	return p.value != nil || p.operator == "is_set" || p.operator == "is_not_set"
}

// field is where the filter reads from (REST API specification 7.2).
func (p propertyFilter) field() (ast.Expr, error) {
	switch p.kind {
	case "event", "feature":
		if p.key == "$elements_chain" {
			return ast.Chain("elements_chain"), nil
		}
		return ast.Chain(p.virtual("properties")...), nil
	case "event_metadata":
		return ast.Chain(p.key), nil
	case "person":
		if p.key == "distinct_id" {
			return ast.Chain("person", "pdi", "distinct_id"), nil
		}
		return ast.Chain(p.virtual("person", "properties")...), nil
	case "group":
		return ast.Chain("group_"+strconv.Itoa(p.group), "properties", p.key), nil
	case "session":
		return ast.Chain("session", p.key), nil
	case "workflow_variable":
		return ast.Chain("variables", p.key), nil
	case "data_warehouse", "data_warehouse_person_property":
		return ast.Chain(strings.Split(p.key, ".")...), nil
	case "flag":
		return nil, filterErrorf("property_to_expr not implemented for filter type flag")
	}
	return nil, filterErrorf("property_to_expr not implemented for filter type %s: it is not supported in real-time filters", p.kind)
}

// virtual puts the key below a root; virtual properties are globals of their
// own.
func (p propertyFilter) virtual(root ...string) []string {
	if strings.HasPrefix(p.key, "$virt_") {
		return []string{p.key}
	}
	return append(root, p.key)
}

func (p propertyFilter) isArrayProperty() bool {
	switch p.key {
	case "$exception_types", "$exception_values", "$exception_sources", "$exception_functions":
		return p.kind == "event" && p.operator != "is_set" && p.operator != "is_not_set"
	}
	return false
}

// overArray tests the elements of a property that holds a list of texts.
func (c *filterCompiler) overArray(field ast.Expr, p propertyFilter) (ast.Expr, error) {
	test, err := c.compare(ast.Chain("v"), p)
	if err != nil {
		return nil, err
	}
	list := ast.CallOf("JSONExtract", ast.CallOf("ifNull", field, ast.String("")), ast.String("Array(String)"))
	return ast.CallOf("arrayExists", ast.LambdaOf(test, "v"), list), nil
}

// element tests the clicked element.
func (c *filterCompiler) element(p propertyFilter) (ast.Expr, error) {
	switch p.key {
	case "href":
		return c.compare(ast.Chain("elements_chain_href"), p)
	case "text":
		test, err := c.compare(ast.Chain("text"), p)
		if err != nil {
			return nil, err
		}
		return anyElementText(test), nil
	case "tag_name", "selector":
		return elementNamed(p)
	}
	return nil, filterErrorf("property_to_expr not implemented for filter type element: key %s", p.key)
}

// elementNamed tests tag or selector, which can only be equal or not.
func elementNamed(p propertyFilter) (ast.Expr, error) {
	if p.operator != "exact" && p.operator != "is_not" {
		return nil, filterErrorf("property_to_expr for element %s only supports exact and is_not operators, not %s", p.key, p.operator)
	}
	var tests []ast.Expr
	for _, v := range p.values() {
		var e ast.Expr = matchTag(fields.Display(v))
		if p.key == "selector" {
			var err error
			if e, err = matchSelector(fields.Display(v)); err != nil {
				return nil, err
			}
		}
		if p.operator == "is_not" {
			e = ast.CallOf("not", e)
		}
		tests = append(tests, e)
	}
	switch {
	case len(tests) == 0:
		return ast.Integer(1), nil
	case p.operator == "is_not":
		return allOf(tests), nil
	}
	return anyOf(tests), nil
}

// values are the filter's values as a list: one for a scalar.
func (p propertyFilter) values() []json.RawMessage {
	if items, ok := fields.Items(p.value); ok {
		return items
	}
	if p.value == nil {
		return nil
	}
	return []json.RawMessage{p.value}
}

// compare applies the operator to the field for one value or many (REST API
// specification 7.3 and 7.4).
func (c *filterCompiler) compare(field ast.Expr, p propertyFilter) (ast.Expr, error) {
	switch p.operator {
	case "between", "not_between":
		return between(field, p)
	}
	list, isList := fields.Items(p.value)
	if !isList {
		return c.compareOne(field, p, p.value)
	}
	if len(list) == 0 {
		return ast.Integer(1), nil
	}
	switch p.operator {
	case "in", "not_in":
		return c.membership(field, p, list)
	case "icontains_multi", "not_icontains_multi":
		return containsAny(field, p, list), nil
	}
	if len(list) == 1 {
		return c.compareOne(field, p, list[0])
	}
	return c.compareMany(field, p, list)
}

// compareMany combines the tests of two or more values.
func (c *filterCompiler) compareMany(field ast.Expr, p propertyFilter, list []json.RawMessage) (ast.Expr, error) {
	inElement := p.kind == "element"
	switch p.operator {
	case "exact", "is_not":
		if !inElement {
			return c.membership(field, p, list)
		}
	case "icontains", "not_icontains":
		if !inElement {
			return containsAny(field, p, list), nil
		}
	}
	var tests []ast.Expr
	for _, v := range list {
		e, err := c.compareOne(field, p, v)
		if err != nil {
			return nil, err
		}
		tests = append(tests, e)
	}
	switch p.operator {
	case "is_not", "not_icontains", "not_regex":
		return allOf(tests), nil
	}
	return anyOf(tests), nil
}

// membership is field in (v1, v2, …), with a tuple.
func (c *filterCompiler) membership(field ast.Expr, p propertyFilter, list []json.RawMessage) (ast.Expr, error) {
	values := make([]ast.Expr, 0, len(list))
	for _, v := range list {
		e, err := c.equalTo(p, v)
		if err != nil {
			return nil, err
		}
		values = append(values, e)
	}
	op := ast.In
	if p.operator == "is_not" || p.operator == "not_in" {
		op = ast.NotIn
	}
	return ast.CompareOf(op, field, ast.TupleOf(values...)), nil
}

// containsAny looks for any of several texts, whatever their case.
func containsAny(field ast.Expr, p propertyFilter, list []json.RawMessage) ast.Expr {
	texts := make([]ast.Expr, 0, len(list))
	for _, v := range list {
		texts = append(texts, ast.String(fields.Display(v)))
	}
	op := ast.Gt
	if strings.HasPrefix(p.operator, "not_") {
		op = ast.Eq
	}
	found := ast.CallOf("multiSearchAnyCaseInsensitive", ast.CallOf("toString", field), ast.ArrayOf(texts...))
	return ast.CompareOf(op, found, ast.Integer(0))
}

// compareOne applies the operator to one value.
func (c *filterCompiler) compareOne(field ast.Expr, p propertyFilter, v json.RawMessage) (ast.Expr, error) {
	text := func() ast.Expr { return ast.String(fields.Display(v)) }
	shown := ast.CallOf("toString", field)
	switch p.operator {
	case "exact", "is_not":
		value, err := c.equalTo(p, v)
		if err != nil {
			return nil, err
		}
		return ast.CompareOf(equality(p.operator), field, value), nil
	case "is_set":
		return ast.CompareOf(ast.NotEq, field, ast.Null()), nil
	case "is_not_set":
		return ast.CompareOf(ast.Eq, field, ast.Null()), nil
	case "icontains":
		return ast.CompareOf(ast.ILike, shown, ast.String("%"+fields.Display(v)+"%")), nil
	case "not_icontains":
		return ast.CompareOf(ast.NotILike, shown, ast.String("%"+fields.Display(v)+"%")), nil
	case "regex":
		return ast.CallOf("ifNull", ast.CallOf("match", shown, text()), ast.Integer(0)), nil
	case "not_regex":
		return ast.CallOf("ifNull", ast.CallOf("not", ast.CallOf("match", shown, text())), ast.Integer(1)), nil
	case "gt", "gte", "lt", "lte", "min", "max":
		return ast.CompareOf(ordering(p.operator), field, constant(v)), nil
	case "is_date_exact", "is_date_after", "is_date_before":
		return c.compareDate(shown, p, v), nil
	case "in", "not_in":
		return nil, filterErrorf("%s operator requires a list of values", p.operator)
	case "icontains_multi", "not_icontains_multi":
		return containsAny(field, p, []json.RawMessage{v}), nil
	case "is_cleaned_path_exact":
		return c.compareCleanedPath(field, v), nil
	}
	if strings.HasPrefix(p.operator, "semver_") {
		return compareVersion(field, p.operator, v)
	}
	return nil, filterErrorf("PropertyOperator %s not implemented", p.operator)
}

func equality(operator string) ast.CompareOp {
	if operator == "is_not" {
		return ast.NotEq
	}
	return ast.Eq
}

func ordering(operator string) ast.CompareOp {
	switch operator {
	case "gt", "is_date_after":
		return ast.Gt
	case "gte", "min":
		return ast.GtEq
	case "lt", "is_date_before":
		return ast.Lt
	case "lte", "max":
		return ast.LtEq
	}
	return ast.Eq
}

// equalTo is a value to be compared for equality: booleans, and the texts
// true and false, are texts unless the property is known to be boolean.
func (c *filterCompiler) equalTo(p propertyFilter, v json.RawMessage) (ast.Expr, error) {
	word := strings.ToLower(fields.Display(v))
	isBool := fields.KindOf(v) == fields.Bool
	isWord := fields.KindOf(v) == fields.String && (string(v) == `"true"` || string(v) == `"false"`)
	if !isBool && !isWord {
		return constant(v), nil
	}
	if c.types != nil {
		known, err := c.types.BooleanProperty(c.ctx, c.project.ID, p.kind, p.key)
		if err != nil {
			return nil, fmt.Errorf("look up property %s: %w", p.key, err)
		}
		if known {
			return ast.Bool(word == "true"), nil
		}
	}
	return ast.String(word), nil
}

// constant is a JSON value as a constant of the language.
func constant(v json.RawMessage) ast.Expr {
	switch fields.KindOf(v) {
	case fields.String:
		s, _ := fields.TextOf(v)
		return ast.String(s)
	case fields.Bool:
		return ast.Bool(fields.Truthy(v))
	case fields.Int:
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return ast.Integer(n)
		}
		f, _ := strconv.ParseFloat(string(v), 64)
		return ast.Float(f)
	case fields.Float:
		f, _ := strconv.ParseFloat(string(v), 64)
		return ast.Float(f)
	case fields.List:
		items, _ := fields.Items(v)
		out := make([]ast.Expr, len(items))
		for i := range items {
			out[i] = constant(items[i])
		}
		return ast.ArrayOf(out...)
	case fields.Object:
		return ast.String(string(v))
	}
	return ast.Null()
}

// between compares with both ends of a range, each included.
func between(field ast.Expr, p propertyFilter) (ast.Expr, error) {
	items, _ := fields.Items(p.value)
	if len(items) != 2 {
		return nil, filterErrorf("%s operator requires a two-element array [min, max]", p.operator)
	}
	low, okLow := numberOf(items[0])
	high, okHigh := numberOf(items[1])
	switch {
	case !okLow || !okHigh:
		return nil, filterErrorf("%s operator requires numeric values", p.operator)
	case low > high:
		return nil, filterErrorf("%s operator requires min value to be less than or equal to max value", p.operator)
	case p.operator == "not_between":
		return ast.OrOf(ast.CompareOf(ast.Lt, field, constant(items[0])), ast.CompareOf(ast.Gt, field, constant(items[1]))), nil
	}
	return ast.AndOf(ast.CompareOf(ast.GtEq, field, constant(items[0])), ast.CompareOf(ast.LtEq, field, constant(items[1]))), nil
}

// numberOf reads a number or a text that holds one.
func numberOf(v json.RawMessage) (float64, bool) {
	switch fields.KindOf(v) {
	case fields.Int, fields.Float, fields.String:
		f, err := strconv.ParseFloat(strings.TrimSpace(fields.Display(v)), 64)
		return f, err == nil
	}
	return 0, false
}
