package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hogpen/cdp/fields"
	"hogpen/hog/ast"
)

// Cohort is a named set of persons. Who belongs to one is not kept here: a
// cohort that asks for nothing but properties of persons can stand in a
// project's test-account filters, where its conditions are compiled in its
// place; no other can be asked about an event.
type Cohort struct {
	ID          int64
	Project     ProjectID
	Name        *string
	Description string
	// Filters is an object: {"properties": {"type": "AND"|"OR", "values":
	// [groups or property filters]}}.
	Filters   json.RawMessage
	Static    bool
	Deleted   bool
	CreatedAt time.Time
	CreatedBy UserID
}

// CohortSource finds cohorts that are not deleted; NotFound when there is none
// with that id.
type CohortSource interface {
	Cohort(ctx context.Context, project ProjectID, id int64) (Cohort, error)
}

// isCohort reports whether a property filter's type asks for membership.
func isCohort(kind string) bool {
	return kind == "cohort" || kind == "static-cohort" || kind == "precalculated-cohort"
}

// negated reports whether a filter says that its opposite is meant.
func negated(raw json.RawMessage) bool {
	members, _ := fields.MembersOf(raw)
	v, _ := members.Get("negation")
	return fields.Truthy(v)
}

// accounts compiles the project's test-account filters one by one. Cohorts of
// person properties are inlined (REST API specification 6.4).
func (c *filterCompiler) accounts() ([]ast.Expr, error) {
	var out []ast.Expr
	for _, raw := range c.project.accountFilters() {
		e, err := c.account(raw)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (c *filterCompiler) account(raw json.RawMessage) (ast.Expr, error) {
	p, complete := readProperty(raw)
	if !complete || !isCohort(p.kind) {
		return c.property(raw)
	}
	e, err := c.inlined(p)
	if err != nil {
		return nil, err
	}
	if p.operator == "not_in" || negated(raw) {
		return ast.CallOf("not", e), nil
	}
	return e, nil
}

// inlined gives the conditions of the cohort that a filter names.
func (c *filterCompiler) inlined(p propertyFilter) (ast.Expr, error) {
	shown := fields.Display(p.value)
	refuse := func(why string) error {
		return filterErrorf("Can't use cohorts in real-time filters unless they only ask for person properties: the cohort with id=%s %s. "+
			"Please inline the relevant expressions. Update your filters at: %s", shown, why, c.settingsURL)
	}
	id, fault := fields.ToInt(p.value, fields.Rule{})
	if fault != nil || c.cohorts == nil {
		return nil, refuse("does not exist")
	}
	cohort, err := c.cohorts.Cohort(c.ctx, c.project.ID, int64(id))
	switch {
	case HasCode(err, NotFound):
		return nil, refuse("does not exist")
	case err != nil:
		return nil, fmt.Errorf("load cohort %d: %w", id, err)
	case cohort.Static || p.kind == "static-cohort":
		return nil, refuse("is a static list")
	}
	members, _ := fields.MembersOf(cohort.Filters)
	group, _ := members.Get("properties")
	e, err := c.cohortGroup(group, 0)
	var why cohortFault
	if errors.As(err, &why) {
		return nil, refuse(string(why))
	}
	return e, err
}

// cohortFault says why a cohort cannot be inlined.
type cohortFault string

func (f cohortFault) Error() string { return string(f) }

// maxCohortDepth is how deep groups may nest.
const maxCohortDepth = 10

// cohortGroup is what a group of conditions asks: all or any of its values.
func (c *filterCompiler) cohortGroup(raw json.RawMessage, depth int) (ast.Expr, error) {
	members, ok := fields.MembersOf(raw)
	values, _ := members.Get("values")
	items, isList := fields.Items(values)
	switch {
	case !ok || !isList || len(items) == 0:
		return nil, cohortFault("has no conditions")
	case depth >= maxCohortDepth:
		return nil, cohortFault("nests too deep")
	}
	var parts []ast.Expr
	for _, item := range items {
		e, err := c.cohortCondition(item, depth)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if strings.EqualFold(memberText(raw, "type"), "OR") {
		return anyOf(parts), nil
	}
	return allOf(parts), nil
}

func (c *filterCompiler) cohortCondition(raw json.RawMessage, depth int) (ast.Expr, error) {
	if slices.Contains([]string{"AND", "OR"}, strings.ToUpper(memberText(raw, "type"))) {
		return c.cohortGroup(raw, depth+1)
	}
	kind := memberText(raw, "type")
	if kind != "person" {
		return nil, cohortFault("asks for more than that")
	}
	if _, complete := readProperty(raw); !complete {
		return nil, cohortFault("has a condition that is not complete")
	}
	e, err := c.property(raw)
	if err != nil {
		return nil, err
	}
	if negated(raw) {
		return ast.CallOf("not", e), nil
	}
	return e, nil
}
