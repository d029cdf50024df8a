package cdp

import (
	"encoding/json"
	"time"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// compareDate compares points in time. Relative dates (-7d) are resolved now,
// when the filter is compiled (language specification 3.10).
func (c *filterCompiler) compareDate(shown ast.Expr, p propertyFilter, v json.RawMessage) ast.Expr {
	text := fields.Display(v)
	loc, err := time.LoadLocation(c.project.Timezone)
	if err != nil {
		loc = time.UTC
	}
	if t, ok := RelativeTime(text, c.now, loc); ok {
		text = t.UTC().Format(time.DateTime)
	}
	return ast.CompareOf(ordering(p.operator), ast.CallOf("toDateTime", shown), ast.CallOf("toDateTime", ast.String(text)))
}

// compareCleanedPath compares addresses after the project's path-cleaning
// rules were applied to both sides.
func (c *filterCompiler) compareCleanedPath(field ast.Expr, v json.RawMessage) ast.Expr {
	clean := func(e ast.Expr) ast.Expr {
		settings, _ := fields.MembersOf(c.project.Settings)
		rules, _ := settings.Get("path_cleaning_filters")
		items, _ := fields.Items(rules)
		for _, item := range items {
			if pattern := memberText(item, "regex"); pattern != "" {
				e = ast.CallOf("replaceRegexpAll", e, ast.String(pattern), ast.String(memberText(item, "alias")))
			}
		}
		return e
	}
	return ast.CompareOf(ast.Eq, clean(field), clean(constant(v)))
}
