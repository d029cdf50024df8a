package admin

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/views/pages"
	"hogpen/views/ui"
)

// The form of filters. filters.mode says how they were shown. As JSON they are
// the field filters.json. As rows: filters.keep is the whole object as it was,
// for what rows do not show; a matcher is filters.event (its name) beside
// filters.event.raw, or filters.action (see actionChoice) beside
// filters.action.raw; a condition is filters.property.kind, .key, .operator and
// .value beside .raw; filters.test leaves out test accounts. A row that was not
// changed gives its raw text again, byte for byte.

// comparisons are the operators that rows offer; others are edited as JSON.
var comparisons = []ui.Option{
	{Value: "exact", Label: "is"}, {Value: "is_not", Label: "is not"},
	{Value: "icontains", Label: "contains"}, {Value: "not_icontains", Label: "does not contain"},
	{Value: "regex", Label: "matches"}, {Value: "not_regex", Label: "does not match"},
	{Value: "gt", Label: "is over"}, {Value: "gte", Label: "is at least"},
	{Value: "lt", Label: "is under"}, {Value: "lte", Label: "is at most"},
	{Value: "is_set", Label: "is set"}, {Value: "is_not_set", Label: "is not set"},
}

// propertyKinds are whose properties rows offer.
func propertyKinds(t cdp.Type) []ui.Option {
	kinds := []ui.Option{{Value: "event", Label: "event"}}
	if t != cdp.Transformation {
		kinds = append(kinds, ui.Option{Value: "person", Label: "person"})
	}
	return kinds
}

// filtersOf reads the posted form into the JSON that FunctionChange.Filters
// takes. The error is a sentence about a text that is no JSON.
func filtersOf(f form) (json.RawMessage, error) {
	if f.get("filters.mode") == "json" {
		raw, err := jsonOf(f.get("filters.json"))
		if raw == nil && err == nil {
			raw = json.RawMessage("{}")
		}
		return raw, err
	}
	keep, ok := fields.MembersOf(json.RawMessage(f.get("filters.keep")))
	if !ok {
		keep = fields.Members{}
	}
	keep = slices.DeleteFunc(keep, func(m fields.Member) bool {
		return m.Name == "bytecode" || m.Name == "transpiled" || m.Name == "bytecode_error"
	})
	keep = setList(keep, "events", eventRows(f))
	keep = setList(keep, "actions", actionRows(f))
	keep = setList(keep, "properties", propertyRows(f))
	test := f.get("filters.test") == "true"
	if _, had := keep.Get("filter_test_accounts"); had || test {
		keep = set(keep, "filter_test_accounts", boolean(test))
	}
	return fields.Build(keep), nil
}

// set replaces a member or adds it at the end.
func set(members fields.Members, name string, value json.RawMessage) fields.Members {
	for i := range members {
		if members[i].Name == name {
			members[i].Value = value
			return members
		}
	}
	return append(members, fields.Member{Name: name, Value: value})
}

// setList leaves an empty list out where there was none before.
func setList(members fields.Members, name string, items []json.RawMessage) fields.Members {
	if _, had := members.Get(name); !had && len(items) == 0 {
		return members
	}
	return set(members, name, fields.BuildList(items))
}

func boolean(yes bool) json.RawMessage {
	if yes {
		return json.RawMessage("true")
	}
	return json.RawMessage("false")
}

// at is the i-th value of a field, "" past its end.
func (f form) at(name string, i int) string {
	if v := f[name]; i < len(v) {
		return v[i]
	}
	return ""
}

// eventRows reads the matchers. A new row without a name is nothing yet, and
// a row whose name was cleared is gone: it must not come to match everything.
func eventRows(f form) []json.RawMessage {
	var out []json.RawMessage
	for i, name := range f["filters.event"] {
		name = strings.TrimSpace(name)
		raw := json.RawMessage(f.at("filters.event.raw", i))
		members, stored := fields.MembersOf(raw)
		was := eventRow(raw)
		switch {
		case stored && name == was.Name:
			out = append(out, raw)
		case name == "":
		case stored:
			members = set(members, "id", quote(name))
			out = append(out, fields.Build(set(members, "name", quote(name))))
		default:
			out = append(out, fields.Build(fields.Members{
				{Name: "id", Value: quote(name)}, {Name: "name", Value: quote(name)},
				{Name: "type", Value: quote("events")}, {Name: "order", Value: json.RawMessage(strconv.Itoa(len(out)))},
			}))
		}
	}
	return out
}

// actionRows reads the actions. A row where none was chosen is nothing.
func actionRows(f form) []json.RawMessage {
	var out []json.RawMessage
	for i, choice := range f["filters.action"] {
		id, name, _ := strings.Cut(choice, " ")
		raw := json.RawMessage(f.at("filters.action.raw", i))
		members, stored := fields.MembersOf(raw)
		switch {
		case stored && id == actionID(members):
			out = append(out, raw)
		case id == "":
		default:
			members = set(members, "id", quote(id))
			members = set(members, "name", quote(name))
			members = set(members, "type", quote("actions"))
			if _, had := members.Get("order"); !had {
				members = set(members, "order", json.RawMessage(strconv.Itoa(len(f["filters.event"])+len(out))))
			}
			out = append(out, fields.Build(members))
		}
	}
	return out
}

// actionID is the number of the action that an entry of filters names; "" when
// it names none.
func actionID(entry fields.Members) string {
	id, ok := entry.Get("id")
	if !ok || fields.KindOf(id) == fields.Null {
		return ""
	}
	return strings.TrimSpace(fields.Display(id))
}

// actionChoice is what a row says of an action: its number and its name, which
// the filters keep too.
func actionChoice(id, name string) ui.Option {
	if name == "" {
		name = "Action " + id
	}
	return ui.Option{Value: id + " " + name, Label: name}
}

func actionRow(raw json.RawMessage) pages.FilterAction {
	members, _ := fields.MembersOf(raw)
	name, _ := members.Get("name")
	text, _ := fields.TextOf(name)
	row := pages.FilterAction{ID: actionID(members), Raw: string(raw)}
	row.Stored = actionChoice(row.ID, text)
	properties, _ := members.Get("properties")
	conditions, _ := fields.Items(properties)
	for _, p := range conditions {
		row.Conditions = append(row.Conditions, cdp.PropertyText(p))
	}
	return row
}

func propertyRows(f form) []json.RawMessage {
	var out []json.RawMessage
	for i, key := range f["filters.property.key"] {
		raw := json.RawMessage(f.at("filters.property.raw", i))
		now := pages.FilterProperty{
			Kind: f.at("filters.property.kind", i), Key: strings.TrimSpace(key),
			Operator: f.at("filters.property.operator", i), Value: f.at("filters.property.value", i),
		}
		members, stored := fields.MembersOf(raw)
		was := propertyRow(raw)
		same := now.Kind == was.Kind && now.Key == was.Key && now.Operator == was.Operator && (now.Value == was.Value || unary(now.Operator))
		switch {
		case stored && (was.Fixed != "" || same):
			out = append(out, raw)
		case now.Key == "":
		default:
			members = set(members, "key", quote(now.Key))
			members = set(members, "type", quote(now.Kind))
			members = set(members, "operator", quote(now.Operator))
			out = append(out, fields.Build(set(members, "value", comparedWith(now))))
		}
	}
	return out
}

func unary(operator string) bool { return operator == "is_set" || operator == "is_not_set" }

// comparedWith is the value of a condition: a list where several are allowed, a
// number where numbers are compared.
func comparedWith(p pages.FilterProperty) json.RawMessage {
	switch p.Operator {
	case "is_set", "is_not_set":
		return quote(p.Operator)
	case "gt", "gte", "lt", "lte":
		text := json.RawMessage(strings.TrimSpace(p.Value))
		if k := fields.KindOf(text); json.Valid(text) && (k == fields.Int || k == fields.Float) {
			return text
		}
	case "exact", "is_not":
		var list []json.RawMessage
		for part := range strings.SplitSeq(p.Value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, quote(part))
			}
		}
		return fields.BuildList(list)
	}
	return quote(p.Value)
}

// filtersData makes filters ready to show. raw is what is stored or was posted.
func filtersData(t cdp.Type, raw json.RawMessage, asJSON bool) pages.FiltersData {
	filters, _ := cdp.ReadFilters(raw, fields.To("filters"))
	d := pages.FiltersData{
		JSON: asJSON, Text: indented(raw), Keep: string(raw), Kinds: propertyKinds(t), Operators: comparisons,
		Test:      filters.FilterTestAccounts != nil && *filters.FilterTestAccounts,
		CanEvents: filters.Source == "" || filters.Source == cdp.SourceEvents,
		Sentence:  spelledOut(filterSentence(&cdp.Function{Type: t, Filters: filters})),
	}
	for _, e := range filters.Events {
		d.Events = append(d.Events, eventRow(e))
	}
	for _, a := range filters.Actions {
		d.Actions = append(d.Actions, actionRow(a))
	}
	for _, p := range filters.Properties {
		d.Properties = append(d.Properties, propertyRow(p))
	}
	return d
}

// spelledOut makes the short sentence of lists one that follows "Runs".
func spelledOut(sentence string) string {
	if rest, ok := strings.CutPrefix(sentence, "when any event"); ok {
		return "on any event" + strings.Replace(rest, " and ", " where ", 1)
	}
	return "when the event is" + strings.TrimPrefix(sentence, "when")
}

func eventRow(raw json.RawMessage) pages.FilterEvent {
	var e struct {
		ID         *string           `json:"id"`
		Properties []json.RawMessage `json:"properties"`
	}
	row := pages.FilterEvent{Raw: string(raw)}
	if json.Unmarshal(raw, &e) != nil {
		return row
	}
	if e.ID != nil {
		row.Name = *e.ID
	}
	row.Any = e.ID == nil
	for _, p := range e.Properties {
		row.Conditions = append(row.Conditions, cdp.PropertyText(p))
	}
	return row
}

// propertyRow gives the controls of a condition. One that they could not show
// in full is fixed: it is told in words and kept.
func propertyRow(raw json.RawMessage) pages.FilterProperty {
	row := pages.FilterProperty{Raw: string(raw)}
	var p struct {
		Key, Type, Operator string
		Value               json.RawMessage
	}
	if json.Unmarshal(raw, &p) != nil {
		row.Fixed = string(raw)
		return row
	}
	if p.Operator == "" {
		p.Operator = "exact"
	}
	if p.Type == "" {
		p.Type = "event"
	}
	value, ok := listed(p.Value)
	known := slices.ContainsFunc(comparisons, func(o ui.Option) bool { return o.Value == p.Operator })
	if !ok || !known || p.Type != "event" && p.Type != "person" {
		row.Fixed = cdp.PropertyText(raw)
		return row
	}
	if unary(p.Operator) {
		value = ""
	}
	row.Kind, row.Key, row.Operator, row.Value = p.Type, p.Key, p.Operator, value
	return row
}

// listed shows a value or a list of them with commas; false when a text holds
// a comma itself or a value is no scalar.
func listed(value json.RawMessage) (string, bool) {
	items, ok := fields.Items(value)
	if !ok {
		kind := fields.KindOf(value)
		return textOf(value), kind != fields.Object
	}
	var out []string
	for _, item := range items {
		text := textOf(item)
		if kind := fields.KindOf(item); kind == fields.Object || kind == fields.List || strings.Contains(text, ",") {
			return "", false
		}
		out = append(out, text)
	}
	return strings.Join(out, ", "), true
}

// storedFilters is a function's filters as JSON, without what was compiled.
func storedFilters(f *cdp.Function) json.RawMessage {
	all, err := json.Marshal(f.Filters)
	if err != nil {
		return json.RawMessage("{}") // its parts are JSON already
	}
	members, _ := fields.MembersOf(all)
	return fields.Build(slices.DeleteFunc(members, func(m fields.Member) bool {
		return m.Name == "bytecode" || m.Name == "transpiled" || m.Name == "bytecode_error"
	}))
}
