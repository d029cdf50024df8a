package admin

import (
	"encoding/json"
	"fmt"
	"strings"

	"hogpen/cdp"
)

// filterSentence says in words which events a function runs for: "when
// purchase and plan is team or scale; without test accounts".
func filterSentence(f *cdp.Function) string {
	var events []string
	for _, raw := range f.Filters.Events {
		var e struct {
			ID   *string `json:"id"`
			Name string  `json:"name"`
		}
		switch {
		case json.Unmarshal(raw, &e) != nil:
		case e.ID == nil:
			events = append(events, "any event")
		default:
			events = append(events, *e.ID)
		}
	}
	if len(f.Filters.Actions) > 0 {
		events = append(events, count(len(f.Filters.Actions), "action"))
	}
	if len(events) == 0 {
		events = []string{"any event"}
	}
	clauses := []string{"when " + names(events)}
	for i, raw := range f.Filters.Properties {
		if i == 2 {
			clauses = append(clauses, count(len(f.Filters.Properties)-2, "more condition"))
			break
		}
		clauses = append(clauses, propertySentence(raw))
	}
	text := strings.Join(clauses, " and ")
	if f.Filters.FilterTestAccounts != nil && *f.Filters.FilterTestAccounts {
		text += "; without test accounts"
	}
	return text
}

// operatorWords are the operators of property filters in words.
var operatorWords = map[string]string{
	"": "is", "exact": "is", "is_not": "is not", "icontains": "contains", "not_icontains": "does not contain",
	"regex": "matches", "not_regex": "does not match", "gt": "is over", "gte": "is at least", "lt": "is under",
	"lte": "is at most", "is_set": "is set", "is_not_set": "is not set", "in": "is one of", "not_in": "is none of",
}

func propertySentence(raw json.RawMessage) string {
	var p struct {
		Key, Type, Operator string
		Value               any
	}
	if json.Unmarshal(raw, &p) != nil || p.Key == "" {
		return "a condition"
	}
	if p.Type == "hogql" {
		return p.Key
	}
	word, ok := operatorWords[p.Operator]
	if !ok {
		word = strings.ReplaceAll(p.Operator, "_", " ")
	}
	if p.Operator == "is_set" || p.Operator == "is_not_set" {
		return p.Key + " " + word
	}
	var values []string
	if list, ok := p.Value.([]any); ok {
		for _, v := range list {
			values = append(values, fmt.Sprint(v))
		}
	} else if p.Value != nil {
		values = []string{fmt.Sprint(p.Value)}
	}
	return p.Key + " " + word + " " + names(values)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
