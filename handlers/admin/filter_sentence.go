package admin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"hogpen/cdp"
	"hogpen/cdp/fields"
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
	for _, raw := range f.Filters.Actions {
		var a struct {
			ID   json.RawMessage `json:"id"`
			Name string          `json:"name"`
		}
		if json.Unmarshal(raw, &a) == nil {
			events = append(events, "action "+cmp.Or(a.Name, fields.Display(a.ID)))
		}
	}
	if len(events) == 0 {
		events = []string{"any event"}
	}
	clauses := []string{"when " + cdp.Alternatives(events)}
	for i, raw := range f.Filters.Properties {
		if i == 2 {
			clauses = append(clauses, count(len(f.Filters.Properties)-2, "more condition"))
			break
		}
		clauses = append(clauses, cdp.PropertyText(raw))
	}
	text := strings.Join(clauses, " and ")
	if f.Filters.FilterTestAccounts != nil && *f.Filters.FilterTestAccounts {
		text += "; without test accounts"
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
