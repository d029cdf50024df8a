package cdp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// operatorWords are the operators of property filters in words.
var operatorWords = map[string]string{
	"": "is", "exact": "is", "is_not": "is not", "icontains": "contains", "not_icontains": "does not contain",
	"regex": "matches", "not_regex": "does not match", "gt": "is over", "gte": "is at least", "lt": "is under",
	"lte": "is at most", "is_set": "is set", "is_not_set": "is not set", "in": "is one of", "not_in": "is none of",
}

// PropertyText says a property filter in words: "plan is team or scale".
func PropertyText(raw json.RawMessage) string {
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
	return p.Key + " " + word + " " + Alternatives(values)
}

// Alternatives joins at most three names for a sentence.
func Alternatives(list []string) string {
	list = slices.Compact(list)
	switch {
	case len(list) == 0:
		return ""
	case len(list) == 1:
		return list[0]
	case len(list) <= 3:
		return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
	}
	return fmt.Sprintf("%s, %s or %d others", list[0], list[1], len(list)-2)
}
