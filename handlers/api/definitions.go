package api

import (
	"strconv"

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
	eq := eventDefinitionsOf(q)
	eq.Project = session.Project(c).ID
	found, count, err := h.c.Named.EventDefinitions(c.UserContext(), eq)
	if err != nil {
		return err
	}
	out := make([]eventDefinition, len(found))
	for i, e := range found {
		out[i] = eventDefinition{ID: e.ID, Name: e.Name, CreatedAt: timeText(e.CreatedAt), LastSeenAt: timeText(e.LastSeenAt), Tags: []string{}}
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, window{eq.Limit, eq.Offset}, count, out))
}

// ListPropertyDefinitions gives a page of the properties that events, persons
// or groups had.
func (h *Handler) ListPropertyDefinitions(c *fiber.Ctx) error {
	q := query(c)
	pq := propertyDefinitionsOf(q)
	if q.fault != nil {
		return q.fault
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
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, window{pq.Limit, pq.Offset}, count, out))
}

// eventDefinitionsOf reads the parameters of the list of events.
func eventDefinitionsOf(q *params) cdp.EventDefinitionQuery {
	eq := cdp.EventDefinitionQuery{
		Search: q.text("search", "Words that the name contains."),
		Order:  q.text("ordering", "By name, created_at or last_seen_at; a minus before it turns the order around."),
	}
	w := windowOf(q)
	eq.Limit, eq.Offset = w.limit, w.offset
	return eq
}

// propertyDefinitionsOf reads the parameters of the list of properties.
// Sessions have no properties here.
func propertyDefinitionsOf(q *params) (pq cdp.PropertyDefinitionQuery) {
	pq.Kind = q.choice("type", "Whose properties.", cdp.EventProperty, cdp.PersonProperty, cdp.GroupProperty, "session")
	pq.Search = q.text("search", "Words that the name contains.")
	pq.Events = q.names("event_names", "Events; the answer says of each property whether they had it.")
	pq.OnlyEvents = q.on("filter_by_event_names", "Only properties that event_names had.") && len(pq.Events) > 0
	if index := groupIndexOf(q); pq.Kind == cdp.GroupProperty {
		pq.GroupIndex = index
	}
	pq.Numerical = q.flag("is_numerical", "Only properties that hold numbers, or only others.")
	pq.FeatureFlag = q.flag("is_feature_flag", "Only properties of feature flags, or only others.")
	pq.Names = q.names("properties", "Only these.")
	pq.Excluded = q.names("excluded_properties", "All but these.")
	pq.NoCore = q.on("exclude_core_properties", "Without those that PostHog's libraries set.")
	w := windowOf(q)
	pq.Limit, pq.Offset = w.limit, w.offset
	return pq
}

// groupIndexOf reads which type of group is meant; nil is any.
func groupIndexOf(q *params) *int {
	least, most := int64(0), int64(4)
	text := q.raw(Param{Name: "group_type_index", Shape: fields.Shape{Kind: fields.Int, Min: &least, Max: &most}, About: "Of this type of group."})
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 4 {
		q.fail("group_type_index", fields.NotAChoice(text))
	}
	return &n
}
