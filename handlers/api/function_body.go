package api

import (
	"encoding/json"
	"strings"
	"time"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// changeOf reads a function's body: every declared field with PostHog's
// coercions, the structured ones as they are. What cannot be read is among
// the change's faults; members that are not declared are ignored.
func changeOf(r *fields.Reader) cdp.FunctionChange {
	nullable := fields.Rule{Nullable: true, Blank: true}
	var c cdp.FunctionChange
	c.Type = typeOf(r)
	c.Name = r.Text("name", nullable)
	c.Description = r.Text("description", nullable)
	c.Enabled = r.Bool("enabled", fields.Rule{}).Ptr()
	c.Deleted = r.Bool("deleted", fields.Rule{}).Ptr()
	c.Hog = r.Text("hog", nullable)
	c.InputsSchema = r.Any("inputs_schema", cdp.InputsSchemaShape).Value
	c.Inputs = r.Any("inputs", cdp.InputsShape).Value
	c.Filters = r.Any("filters", cdp.FiltersShape).Value
	c.Masking = r.Any("masking", cdp.MaskingShape).Value
	c.Mappings = r.Any("mappings", cdp.MappingsShape).Value
	c.IconURL = r.Text("icon_url", nullable)
	c.TemplateID = r.Text("template_id", nullable).Value
	order := anOrder()
	order.Nullable = true
	c.ExecutionOrder = r.Int("execution_order", order)
	c.Folder = r.Text("_create_in_folder", nullable).Ptr()
	c.BaseUpdatedAt = baseTime(r)
	// Only the JSON boolean finds a function that is deleted.
	deleted, _ := r.Members.Get("deleted")
	c.Undelete = string(deleted) == "false"
	c.Faults = faultsIn(*r.Faults)
	return c
}

// typeOf reads the type, which cdp holds against those there are; null counts
// as absent.
func typeOf(r *fields.Reader) *cdp.Type {
	v := r.Any("type", typeShape)
	if !v.Set || fields.KindOf(v.Value) == fields.Null {
		return nil
	}
	t := cdp.Type(fields.Display(v.Value))
	return &t
}

// functionShape is what changeOf reads.
func functionShape() fields.Shape { return *sends("FunctionWrite", changeOf) }

func typeShape() fields.Shape {
	s := fields.OneOf().OrNull()
	for _, t := range cdp.Types {
		s.Choices = append(s.Choices, string(t))
	}
	return s
}

// baseTime reads when the function that is being changed was last saved.
func baseTime(r *fields.Reader) time.Time {
	return timeMember(r, "base_updated_at", fields.Rule{Nullable: true})
}

// timeMember reads a date-time; null counts as absent, which is the zero time.
func timeMember(r *fields.Reader, name string, rule fields.Rule) time.Time {
	rule.Format = "date-time"
	v := r.Text(name, rule)
	if !v.Set || v.Null {
		return time.Time{}
	}
	t, ok := parseTime(v.Value, time.UTC)
	if !ok {
		r.Fail(name, "invalid_input", "%s", badTime)
	}
	return t
}

const badTime = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."

// parseTime reads an ISO 8601 time; one without an offset is meant in loc.
func parseTime(text string, loc *time.Location) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02T15:04Z07:00",
		"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// discarded lists the inputs of a body that the function's schema does not
// know; nothing of them was kept.
func discarded(inputs json.RawMessage, f *cdp.Function) []string {
	members, _ := fields.MembersOf(inputs)
	known := make(map[string]bool, len(f.InputsSchema))
	for _, s := range f.InputsSchema {
		known[s.Key] = true
	}
	var out []string
	for _, m := range members {
		if !known[m.Name] {
			out = append(out, m.Name)
		}
	}
	return out
}
