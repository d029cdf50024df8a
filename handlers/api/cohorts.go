package api

import (
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
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

// cohortWrite are the members of a cohort that clients may send.
type cohortWrite struct {
	Name        *string `json:"name"`
	Description string  `json:"description"`
	Filters     object  `json:"filters"`
	IsStatic    bool    `json:"is_static"`
	Deleted     bool    `json:"deleted"`
}

func newCohortItem(c cdp.Cohort, users map[cdp.UserID]*userBasic) cohortItem {
	return cohortItem{
		ID: c.ID, Name: c.Name, Description: c.Description, Filters: c.Filters, IsStatic: c.Static, Deleted: c.Deleted,
		CreatedAt: timeText(c.CreatedAt), CreatedBy: users[c.CreatedBy],
	}
}

// ListCohorts gives a page of the project's cohorts.
func (h *Handler) ListCohorts(c *fiber.Ctx) error {
	q := query(c)
	w := windowOf(q)
	found, count, err := h.c.Named.Cohorts(c.UserContext(), listQuery(c, q, w))
	if err != nil {
		return err
	}
	users, err := h.users(c.UserContext())
	if err != nil {
		return err
	}
	out := make([]cohortItem, len(found))
	for i, one := range found {
		out[i] = newCohortItem(one, users)
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, w, count, out))
}

// ShowCohort gives one cohort, also one that is deleted.
func (h *Handler) ShowCohort(c *fiber.Ctx) error {
	id, err := numericID(c)
	if err != nil {
		return err
	}
	one, err := h.c.Named.CohortAny(c.UserContext(), session.Project(c).ID, id)
	if err != nil {
		return absent(err)
	}
	return h.showCohort(c, fiber.StatusOK, one)
}

func (h *Handler) showCohort(c *fiber.Ctx, status int, one cdp.Cohort) error {
	users, err := h.users(c.UserContext())
	if err != nil {
		return err
	}
	return respond.JSON(c, status, newCohortItem(one, users))
}

// CreateCohort makes a cohort.
func (h *Handler) CreateCohort(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	one, err := h.c.Cohorts.Create(c.UserContext(), session.User(c).ID, session.Project(c).ID, cohortChangeOf(members))
	if err != nil {
		return counted(c, err)
	}
	return h.showCohort(c, fiber.StatusCreated, one)
}

// UpdateCohort changes the members that were sent; it also deletes, and brings
// back what is deleted.
func (h *Handler) UpdateCohort(c *fiber.Ctx) error {
	id, err := numericID(c)
	if err != nil {
		return err
	}
	members, err := body(c)
	if err != nil {
		return err
	}
	one, err := h.c.Cohorts.Update(c.UserContext(), session.User(c).ID, session.Project(c).ID, id, cohortChangeOf(members))
	if err != nil {
		return counted(c, absent(err))
	}
	return h.showCohort(c, fiber.StatusOK, one)
}

// cohortChangeOf reads a cohort's body.
func cohortChangeOf(members fields.Members) cdp.CohortChange {
	var found []fields.Fault
	r := &fields.Reader{Members: members, Faults: &found}
	change := cdp.CohortChange{
		Name:        r.Text("name", fields.Rule{Nullable: true, Blank: true, MaxRunes: cdp.MaxCohortNameRunes}),
		Description: r.Text("description", fields.Rule{Blank: true}),
		Filters:     r.Dict("filters", fields.Rule{Nullable: true}),
		Static:      r.Bool("is_static", fields.Rule{}).Ptr(),
		Deleted:     r.Bool("deleted", fields.Rule{}).Ptr(),
	}
	change.Faults = faultsIn(found)
	return change
}
