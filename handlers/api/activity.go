package api

import (
	"cmp"
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// activityEntry is one entry of the activity log (REST API specification 12).
type activityEntry struct {
	ID              string          `json:"id"`
	User            *userBasic      `json:"user"`
	Unread          bool            `json:"unread"`
	OrganizationID  string          `json:"organization_id"`
	TeamID          cdp.ProjectID   `json:"team_id"`
	WasImpersonated bool            `json:"was_impersonated"`
	IsSystem        bool            `json:"is_system"`
	Activity        string          `json:"activity"`
	ItemID          string          `json:"item_id"`
	Scope           string          `json:"scope"`
	Detail          json.RawMessage `json:"detail"`
	CreatedAt       string          `json:"created_at"`
}

// activityAsked are the parameters of the log: a page by its number, or
// without one the entries behind a cursor.
type activityAsked struct {
	cdp.ActivityQuery
	user       string
	page, size int // page from 1; 0 when none was asked for
	cursor     cursor
}

const maxActivities = 1000

// activityOf reads the parameters of the log; numbers that cannot be read
// count as not given.
func activityOf(q *params) (ask activityAsked) {
	one, some := q.text("scope", "Only changes of things of this kind, as HogFunction."), q.list("scopes", "Only of these kinds; scope counts first.")
	if ask.Scopes = some; one != "" {
		ask.Scopes = []string{one}
	}
	ask.ItemID = q.text("item_id", "Only changes of this thing.")
	ask.user = q.raw(Param{Name: "user", Shape: fields.Shape{Kind: fields.String, Format: "uuid"}, About: "Only what this user did."})
	natural := func(name, standard, about string) int {
		one := int64(1)
		n, err := strconv.Atoi(q.raw(Param{Name: name, Shape: fields.Shape{Kind: fields.Int, Min: &one}, Default: standard, About: about}))
		if err != nil || n < 1 || n > 1_000_000 {
			return 0
		}
		return n
	}
	ask.page = natural("page", "", "A page by its number: the answer counts all entries.")
	size, limit := natural("page_size", strconv.Itoa(defaultLimit), "How many to give at most, no more than 1,000."), natural("limit", "", "The same, under its other name.")
	ask.size = min(cmp.Or(size, limit, defaultLimit), maxActivities)
	ask.cursor = cursorOf(q)
	return ask
}

// ListActivity gives what was changed in the project, newest first.
func (h *Handler) ListActivity(c *fiber.Ctx) error {
	q := query(c)
	ask := activityOf(q)
	if q.fault != nil {
		return q.fault
	}
	ask.Project = session.Project(c).ID
	users, err := h.c.People.Users(c.UserContext())
	if err != nil {
		return err
	}
	if ask.user != "" {
		if ask.User = userWithUUID(users, ask.user); ask.User == 0 {
			return respond.JSON(c, fiber.StatusOK, page[activityEntry]{Results: []activityEntry{}})
		}
	}
	if ask.page > 0 {
		return h.activityPage(c, q, ask, users)
	}
	return h.activityBehind(c, q, ask, users)
}

// activityPage answers with a page by its number.
func (h *Handler) activityPage(c *fiber.Ctx, q *params, ask activityAsked, users []account.User) error {
	ask.Limit, ask.Offset = ask.size, (ask.page-1)*ask.size
	entries, err := h.c.Activities.Activities(c.UserContext(), ask.ActivityQuery)
	if err != nil {
		return err
	}
	count, err := h.c.Activities.ActivityCount(c.UserContext(), ask.ActivityQuery)
	if err != nil {
		return err
	}
	p := page[activityEntry]{Count: count, Results: activityEntries(entries, users, session.Project(c))}
	if ask.page*ask.size < count {
		p.Next = linkWith(c, q, "page", strconv.Itoa(ask.page+1))
	}
	if ask.page > 1 {
		p.Previous = linkWith(c, q, "page", strconv.Itoa(ask.page-1))
	}
	return respond.JSON(c, fiber.StatusOK, p)
}

// activityBehind answers with the entries behind the cursor. New entries do
// not move what a cursor points at, and there is no way back.
func (h *Handler) activityBehind(c *fiber.Ctx, q *params, ask activityAsked, users []account.User) error {
	ask.Before, ask.Offset, ask.Limit = ask.cursor.before(), ask.cursor.shown, ask.size+1
	entries, err := h.c.Activities.Activities(c.UserContext(), ask.ActivityQuery)
	if err != nil {
		return err
	}
	out := activityPage{}
	if len(entries) > ask.size {
		entries = entries[:ask.size]
		out.Next = linkWith(c, q, "cursor", ask.cursor.after(entries).String())
	}
	out.Results = activityEntries(entries, users, session.Project(c))
	return respond.JSON(c, fiber.StatusOK, out)
}

func activityEntries(entries []cdp.Activity, users []account.User, project cdp.Project) []activityEntry {
	byID := basics(users)
	out := make([]activityEntry, len(entries))
	for i, e := range entries {
		out[i] = activityEntry{
			ID: e.ID, User: byID[e.User], OrganizationID: project.OrganizationID, TeamID: e.Project, IsSystem: e.User == 0,
			Activity: e.Activity, ItemID: e.ItemID, Scope: e.Scope, Detail: e.Detail, CreatedAt: timeText(e.CreatedAt),
		}
	}
	return out
}

func userWithUUID(users []account.User, id string) cdp.UserID {
	for _, u := range users {
		if u.UUID == id {
			return u.ID
		}
	}
	return 0
}
