package cdp

import (
	"encoding/json"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// actionSteps is the test of an action: any of its steps; without steps every
// event passes (REST API specification 6.3).
func (c *filterCompiler) actionSteps(a Action) (ast.Expr, error) {
	steps, _ := fields.Items(a.Steps)
	var out []ast.Expr
	for _, s := range steps {
		e, err := c.actionStep(s)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return ast.Bool(true), nil
	}
	return anyOf(out), nil
}

// actionStep is all of a step's conditions: the event's name, for an
// autocaptured one also its element, the address, and properties.
func (c *filterCompiler) actionStep(step json.RawMessage) (ast.Expr, error) {
	var parts []ast.Expr
	event := memberText(step, "event")
	if event != "" {
		parts = append(parts, ast.CompareOf(ast.Eq, ast.Chain("event"), ast.String(event)))
	}
	if event == "$autocapture" {
		element, err := elementConditions(step)
		if err != nil {
			return nil, err
		}
		parts = append(parts, element...)
	}
	if url := memberText(step, "url"); url != "" {
		parts = append(parts, matchURL(url, memberText(step, "url_matching")))
	}
	members, _ := fields.MembersOf(step)
	own, _ := members.Get("properties")
	if items, ok := fields.Items(own); ok && len(items) > 0 {
		exprs, err := c.each(items)
		if err != nil {
			return nil, err
		}
		parts = append(parts, allOf(exprs))
	}
	if len(parts) == 0 {
		return ast.Bool(true), nil
	}
	return allOf(parts), nil
}

func matchURL(url, matching string) ast.Expr {
	field := ast.Chain("properties", "$current_url")
	switch matching {
	case "exact":
		return ast.CompareOf(ast.Eq, field, ast.String(url))
	case "regex":
		return ast.CompareOf(ast.Regex, field, ast.String(url))
	}
	return ast.CompareOf(ast.Like, field, ast.String("%"+url+"%"))
}

// elementConditions are a step's conditions on the clicked element.
func elementConditions(step json.RawMessage) ([]ast.Expr, error) {
	var parts []ast.Expr
	if s := memberText(step, "selector"); s != "" {
		e, err := matchSelector(s)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if t := memberText(step, "tag_name"); t != "" {
		parts = append(parts, matchTag(t))
	}
	if h := memberText(step, "href"); h != "" {
		parts = append(parts, matchText(ast.Chain("elements_chain_href"), h, memberText(step, "href_matching")))
	}
	if t := memberText(step, "text"); t != "" {
		test := matchText(ast.Chain("text"), t, memberText(step, "text_matching"))
		parts = append(parts, anyElementText(test))
	}
	return parts, nil
}

// matchText compares a text of an element; equality unless said otherwise.
func matchText(field ast.Expr, value, matching string) ast.Expr {
	switch matching {
	case "regex":
		return ast.CompareOf(ast.Regex, field, ast.String(value))
	case "contains":
		return ast.CompareOf(ast.ILike, field, ast.String("%"+value+"%"))
	}
	return ast.CompareOf(ast.Eq, field, ast.String(value))
}

// anyElementText holds when the test, on the variable text, holds for one of
// the chain's texts.
func anyElementText(test ast.Expr) ast.Expr {
	return ast.CallOf("arrayExists", ast.LambdaOf(test, "text"), ast.Chain("elements_chain_texts"))
}

func matchTag(tag string) ast.Expr {
	return ast.CompareOf(ast.Regex, ast.Chain("elements_chain"), ast.String(`(^|;)`+tag+`(\.|$|;|:)`))
}

func matchSelector(selector string) (ast.Expr, error) {
	pattern, err := selectorPattern(selector)
	if err != nil {
		return nil, err
	}
	return ast.CompareOf(ast.Regex, ast.Chain("elements_chain"), ast.String(pattern)), nil
}
