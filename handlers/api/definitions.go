package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// eventDefinition is a name that events had (REST API specification 11.8).
type eventDefinition struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	CreatedAt   string   `json:"created_at"`
	LastSeenAt  string   `json:"last_seen_at"`
	Description *string  `json:"description"`
	Tags        []string `json:"tags"`
}

// propertyDefinition is a property that events, persons or groups had.
type propertyDefinition struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Description  *string    `json:"description"`
	Tags         []string   `json:"tags"`
	IsNumerical  bool       `json:"is_numerical"`
	PropertyType *string    `json:"property_type"`
	UpdatedAt    *string    `json:"updated_at"`
	UpdatedBy    *userBasic `json:"updated_by"`
	// SeenOn is null unless event_names were asked for.
	SeenOn *bool `json:"is_seen_on_filtered_events"`
}

// ListEventDefinitions gives a page of the names that events had.
func (h *Handler) ListEventDefinitions(c *fiber.Ctx) error {
	q := query(c)
	w := windowOf(q)
	found, count, err := h.c.Named.EventDefinitions(c.UserContext(), cdp.EventDefinitionQuery{
		Project: session.Project(c).ID, Search: q.text("search"), Order: q.text("ordering"), Limit: w.limit, Offset: w.offset,
	})
	if err != nil {
		return err
	}
	out := make([]eventDefinition, len(found))
	for i, e := range found {
		out[i] = eventDefinition{ID: e.ID, Name: e.Name, CreatedAt: timeText(e.CreatedAt), LastSeenAt: timeText(e.LastSeenAt), Tags: []string{}}
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, count, out))
}

// ListPropertyDefinitions gives a page of the properties that events, persons
// or groups had.
func (h *Handler) ListPropertyDefinitions(c *fiber.Ctx) error {
	q := query(c)
	w := windowOf(q)
	pq, err := propertyQuery(q, w)
	if err != nil {
		return err
	}
	pq.Project = session.Project(c).ID
	found, count, err := h.c.Named.PropertyDefinitions(c.UserContext(), pq)
	if err != nil {
		return err
	}
	out := make([]propertyDefinition, len(found))
	for i, p := range found {
		out[i] = propertyDefinition{ID: p.ID, Name: p.Name, Tags: []string{}, IsNumerical: p.Type == cdp.NumericProperty, SeenOn: p.SeenOn}
		if p.Type != "" {
			out[i].PropertyType = &p.Type
		}
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, count, out))
}

// propertyKinds are the values of type. Sessions have no properties here.
var propertyKinds = [...]string{cdp.EventProperty, cdp.PersonProperty, cdp.GroupProperty, "session"}

func propertyQuery(q params, w window) (cdp.PropertyDefinitionQuery, error) {
	pq := cdp.PropertyDefinitionQuery{
		Kind: q.text("type"), Search: q.text("search"), Limit: w.limit, Offset: w.offset,
		Names: q.names("properties"), Excluded: q.names("excluded_properties"), Events: q.names("event_names"),
	}
	if pq.Kind != "" && !slices.Contains(propertyKinds[:], pq.Kind) {
		return pq, faultOf("type", fields.NotAChoice(pq.Kind))
	}
	if text := q.text("group_type_index"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 4 {
			return pq, faultOf("group_type_index", fields.NotAChoice(text))
		}
		if pq.Kind == cdp.GroupProperty {
			pq.GroupIndex = &n
		}
	}
	for name, to := range map[string]**bool{"is_numerical": &pq.Numerical, "is_feature_flag": &pq.FeatureFlag} {
		*to = q.bool(name)
	}
	only, core := q.bool("filter_by_event_names"), q.bool("exclude_core_properties")
	pq.OnlyEvents = only != nil && *only && len(pq.Events) > 0
	pq.NoCore = core != nil && *core
	return pq, nil
}

func faultOf(field string, f *fields.Fault) error {
	return cdp.Errorf(cdp.Invalid, field, "%s", f.Message).WithAPICode(f.Code)
}

// bool is a parameter that is true or false; nil for anything else.
func (p params) bool(name string) *bool {
	yes := false
	switch strings.ToLower(p.text(name)) {
	case "true", "1":
		yes = true
	case "false", "0":
	default:
		return nil
	}
	return &yes
}

// names is a parameter that holds a JSON list of texts, or texts with commas.
func (p params) names(name string) []string {
	items, ok := fields.Items([]byte(p.text(name)))
	if !ok {
		return p.list(name)
	}
	var out []string
	for _, v := range items {
		out = append(out, fields.Display(v))
	}
	return out
}
