package api

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Named reads what filters may name: actions, cohorts, events and properties.
type Named interface {
	cdp.DefinitionStore
	Action(ctx context.Context, project cdp.ProjectID, id int64) (cdp.Action, error)
	Actions(ctx context.Context, q cdp.ListQuery) ([]cdp.Action, int, error)
	CohortAny(ctx context.Context, project cdp.ProjectID, id int64) (cdp.Cohort, error)
	Cohorts(ctx context.Context, q cdp.ListQuery) ([]cdp.Cohort, int, error)
}

// noun is a kind of thing that has a number and is listed, shown, made and
// changed in one way: T as it is kept, C a change of it, J as clients see it.
// Deleting is a change, and what is deleted can still be shown, to be brought
// back.
type noun[T, C, J any] struct {
	list   func(context.Context, cdp.ListQuery) ([]T, int, error)
	find   func(context.Context, cdp.ProjectID, int64) (T, error)
	create func(context.Context, cdp.UserID, cdp.ProjectID, C) (T, error)
	update func(context.Context, cdp.UserID, cdp.ProjectID, int64, C) (T, error)
	read   func(*fields.Reader) C
	item   func(T, map[cdp.UserID]*userBasic) J
	users  func(context.Context) (map[cdp.UserID]*userBasic, error)
}

// List gives a page of the project's things.
func (n noun[T, C, J]) List(c *fiber.Ctx) error {
	q := query(c)
	lq := listOf(q)
	lq.Project = session.Project(c).ID
	found, count, err := n.list(c.UserContext(), lq)
	if err != nil {
		return err
	}
	users, err := n.users(c.UserContext())
	if err != nil {
		return err
	}
	out := make([]J, len(found))
	for i, one := range found {
		out[i] = n.item(one, users)
	}
	return respond.JSON(c, fiber.StatusOK, newPage(c, q, window{lq.Limit, lq.Offset}, count, out))
}

// listOf reads the parameters of a list of things with names.
func listOf(q *params) cdp.ListQuery {
	lq := cdp.ListQuery{Search: q.text("search", "Words that the name contains.")}
	w := windowOf(q)
	lq.Limit, lq.Offset = w.limit, w.offset
	return lq
}

// Show gives the thing of the URL.
func (n noun[T, C, J]) Show(c *fiber.Ctx) error {
	id, err := numericID(c)
	if err != nil {
		return err
	}
	one, err := n.find(c.UserContext(), session.Project(c).ID, id)
	if err != nil {
		return absent(err)
	}
	return n.show(c, fiber.StatusOK, one)
}

func (n noun[T, C, J]) show(c *fiber.Ctx, status int, one T) error {
	users, err := n.users(c.UserContext())
	if err != nil {
		return err
	}
	return respond.JSON(c, status, n.item(one, users))
}

// Create makes a thing.
func (n noun[T, C, J]) Create(c *fiber.Ctx) error {
	members, err := body(c)
	if err != nil {
		return err
	}
	one, err := n.create(c.UserContext(), session.User(c).ID, session.Project(c).ID, n.read(reader(members)))
	if err != nil {
		return counted(c, err)
	}
	return n.show(c, fiber.StatusCreated, one)
}

// Update changes the members that were sent.
func (n noun[T, C, J]) Update(c *fiber.Ctx) error {
	id, err := numericID(c)
	if err != nil {
		return err
	}
	members, err := body(c)
	if err != nil {
		return err
	}
	one, err := n.update(c.UserContext(), session.User(c).ID, session.Project(c).ID, id, n.read(reader(members)))
	if err != nil {
		return counted(c, absent(err))
	}
	return n.show(c, fiber.StatusOK, one)
}

// numericID reads the id of the URL; what is no number is not found.
func numericID(c *fiber.Ctx) (int64, error) {
	id, err := strconv.ParseInt(c.Params("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, notFound()
	}
	return id, nil
}

// users are all users as they stand beside what they did.
func (h *Handler) users(ctx context.Context) (map[cdp.UserID]*userBasic, error) {
	all, err := h.c.People.Users(ctx)
	if err != nil {
		return nil, err
	}
	return basics(all), nil
}

// basics are users by their number.
func basics(all []account.User) map[cdp.UserID]*userBasic {
	out := make(map[cdp.UserID]*userBasic, len(all))
	for _, u := range all {
		out[u.ID] = newUserBasic(u)
	}
	return out
}
