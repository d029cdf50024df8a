package api

import (
	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// UpdateProject changes the settings that were sent and gives the project
// (REST API specification 11.1). Members that are not declared are ignored.
func (h *Handler) UpdateProject(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	p, err := h.c.Settings.Update(c.UserContext(), session.Project(c).ID, projectChangeOf(reader(members)))
	if err != nil {
		return counted(c, err)
	}
	full, err := fullProject(p)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, full)
}

// projectChangeOf reads a project's body.
func projectChangeOf(r *fields.Reader) cdp.ProjectChange {
	change := cdp.ProjectChange{
		Name:               r.Text("name", fields.Rule{MaxRunes: 200}),
		Timezone:           r.Text("timezone", fields.Rule{MaxRunes: 240}),
		TestAccountFilters: r.Dicts("test_account_filters", fields.Rule{}),
	}
	for _, name := range storedSettings {
		if v := r.Any(name); v.Set {
			change.Settings = append(change.Settings, fields.Member{Name: name, Value: v.Value})
		}
	}
	change.Faults = faultsIn(*r.Faults)
	return change
}
