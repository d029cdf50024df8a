package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
)

// cohortItem is a cohort (REST API specification 11.8). Who belongs to it is
// not kept, so nobody is counted.
type cohortItem struct {
	ID          int64           `json:"id"`
	Name        *string         `json:"name"`
	Description string          `json:"description"`
	Filters     json.RawMessage `json:"filters"`
	IsStatic    bool            `json:"is_static"`
	Deleted     bool            `json:"deleted"`
	Count       *int            `json:"count"`
	CreatedAt   string          `json:"created_at"`
	CreatedBy   *userBasic      `json:"created_by"`
}

func newCohortItem(c cdp.Cohort, users map[cdp.UserID]*userBasic) cohortItem {
	return cohortItem{
		ID: c.ID, Name: c.Name, Description: c.Description, Filters: c.Filters, IsStatic: c.Static, Deleted: c.Deleted,
		CreatedAt: timeText(c.CreatedAt), CreatedBy: users[c.CreatedBy],
	}
}

func (h *Handler) cohorts() noun[cdp.Cohort, cdp.CohortChange, cohortItem] {
	return noun[cdp.Cohort, cdp.CohortChange, cohortItem]{
		list: h.c.Named.Cohorts, find: h.c.Named.CohortAny, create: h.c.Cohorts.Create, update: h.c.Cohorts.Update,
		read: cohortChangeOf, item: newCohortItem, users: h.users,
	}
}

// ListCohorts gives a page of the project's cohorts.
func (h *Handler) ListCohorts(c *fiber.Ctx) error { return h.cohorts().List(c) }

// ShowCohort gives one cohort, also one that is deleted.
func (h *Handler) ShowCohort(c *fiber.Ctx) error { return h.cohorts().Show(c) }

// CreateCohort makes a cohort.
func (h *Handler) CreateCohort(c *fiber.Ctx) error { return h.cohorts().Create(c) }

// UpdateCohort changes a cohort; it also deletes, and brings back what is
// deleted.
func (h *Handler) UpdateCohort(c *fiber.Ctx) error { return h.cohorts().Update(c) }

// cohortChangeOf reads a cohort's body.
func cohortChangeOf(r *fields.Reader) cdp.CohortChange {
	change := cdp.CohortChange{
		Name:        r.Text("name", fields.Rule{Nullable: true, Blank: true, MaxRunes: cdp.MaxCohortNameRunes}),
		Description: r.Text("description", fields.Rule{Blank: true}),
		Filters:     r.Dict("filters", fields.Rule{Nullable: true}),
		Static:      r.Bool("is_static", fields.Rule{}).Ptr(),
		Deleted:     r.Bool("deleted", fields.Rule{}).Ptr(),
	}
	change.Faults = faultsIn(*r.Faults)
	return change
}
