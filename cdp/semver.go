package cdp

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// compareVersion compares two versions by their numbers, in the sortable form
// that the library's sortableSemver gives (REST API specification 7.3).
func compareVersion(field ast.Expr, operator string, v json.RawMessage) (ast.Expr, error) {
	have := ast.CallOf("sortableSemver", field)
	version := func(text string) ast.Expr { return ast.CallOf("sortableSemver", ast.String(text)) }
	ops := map[string]ast.CompareOp{
		"semver_eq": ast.Eq, "semver_neq": ast.NotEq, "semver_gt": ast.Gt, "semver_gte": ast.GtEq, "semver_lt": ast.Lt, "semver_lte": ast.LtEq,
	}
	if op, ok := ops[operator]; ok {
		return ast.CompareOf(op, have, version(fields.Display(v))), nil
	}
	ranges := map[string]struct {
		name   string
		bounds func(string) (low, high string, ok bool)
	}{
		"semver_tilde": {"Tilde", tildeRange}, "semver_caret": {"Caret", caretRange}, "semver_wildcard": {"Wildcard", wildcardRange},
	}
	r, ok := ranges[operator]
	if !ok {
		return nil, filterErrorf("PropertyOperator %s not implemented", operator)
	}
	text, ok := fields.TextOf(v)
	if !ok {
		return nil, filterErrorf("%s operator requires a semver string value", r.name)
	}
	low, high, ok := r.bounds(strings.TrimSpace(text))
	if !ok {
		return nil, filterErrorf("%s operator requires a valid semver string (e.g., '1.2.3')", r.name)
	}
	return ast.AndOf(ast.CompareOf(ast.GtEq, have, version(low)), ast.CompareOf(ast.Lt, have, version(high))), nil
}

var versionText = regexp.MustCompile(`^v?(\d{1,9}(?:\.\d{1,9})*)(?:[-+].*)?$`)

// versionParts reads the numbers of a version; what follows a hyphen or plus
// does not count.
func versionParts(text string) ([]int, bool) {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	var out []int
	for _, part := range strings.Split(m[1], ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// versionOf writes numbers as a version of at least three parts.
func versionOf(parts ...int) string {
	for len(parts) < 3 {
		parts = append(parts, 0)
	}
	texts := make([]string, len(parts))
	for i, n := range parts {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ".")
}

// tildeRange is ~1.2.3: from there to before 1.3.0.
func tildeRange(text string) (low, high string, ok bool) {
	p, ok := versionParts(text)
	if !ok || len(p) < 2 {
		return "", "", false
	}
	return versionOf(p...), versionOf(p[0], p[1]+1, 0), true
}

// caretRange is ^1.2.3: up to the next change of the leftmost number that is
// not zero.
func caretRange(text string) (low, high string, ok bool) {
	p, ok := versionParts(text)
	if !ok {
		return "", "", false
	}
	low = versionOf(p...)
	for len(p) < 3 {
		p = append(p, 0)
	}
	switch {
	case p[0] > 0:
		return low, versionOf(p[0]+1, 0, 0), true
	case p[1] > 0:
		return low, versionOf(0, p[1]+1, 0), true
	}
	return low, versionOf(0, 0, p[2]+1), true
}

// wildcardRange is 1.* or 1.2.*: all versions that begin so.
func wildcardRange(text string) (low, high string, ok bool) {
	fixed, ok := strings.CutSuffix(text, ".*")
	if !ok {
		return "", "", false
	}
	p, ok := versionParts(fixed)
	if !ok {
		return "", "", false
	}
	next := append([]int(nil), p...)
	next[len(next)-1]++
	// 1.2.3.* begins at 1.2.3.0, so the lower end has one more number.
	return versionOf(append(p, 0)...), versionOf(append(next, make([]int, len(p)/3)...)...), true
}
