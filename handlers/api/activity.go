package api

import (
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
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

// activityWindow is a page by number, or without one a plain list.
type activityWindow struct {
	page, size int // page from 1; 0 when none was asked for
}

func activityWindowOf(q params) activityWindow {
	w := activityWindow{size: defaultLimit}
	if n, err := strconv.Atoi(q.text("page_size")); err == nil && n > 0 {
		w.size = min(n, 1000)
	} else if n, err := strconv.Atoi(q.text("limit")); err == nil && n > 0 {
		w.size = min(n, 1000)
	}
	if n, err := strconv.Atoi(q.text("page")); err == nil && n > 0 && n < 1_000_000 {
		w.page = n
	}
	return w
}

// ListActivity gives what was changed in the project, newest first.
func (h *Handler) ListActivity(c *fiber.Ctx) error {
	q := query(c)
	project := session.Project(c)
	aq := cdp.ActivityQuery{Project: project.ID, ItemID: q.text("item_id"), Scopes: q.list("scopes")}
	if s := q.text("scope"); s != "" {
		aq.Scopes = []string{s}
	}
	users, err := h.c.People.Users(c.UserContext())
	if err != nil {
		return err
	}
	if id := q.text("user"); id != "" {
		aq.User = userWithUUID(users, id)
		if aq.User == 0 {
			return respond.JSON(c, fiber.StatusOK, page[activityEntry]{Results: []activityEntry{}})
		}
	}
	w := activityWindowOf(q)
	aq.Limit, aq.Offset = w.size, max(0, w.page-1)*w.size
	entries, err := h.c.Activities.Activities(c.UserContext(), aq)
	if err != nil {
		return err
	}
	out := activityEntries(entries, users, project)
	if w.page == 0 {
		return respond.JSON(c, fiber.StatusOK, struct {
			Next     *string         `json:"next"`
			Previous *string         `json:"previous"`
			Results  []activityEntry `json:"results"`
		}{Results: out})
	}
	count, err := h.c.Activities.ActivityCount(c.UserContext(), aq)
	if err != nil {
		return err
	}
	return respond.JSON(c, fiber.StatusOK, numberedPage(c, q, w, count, out))
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

// numberedPage links pages by their number.
func numberedPage(c *fiber.Ctx, q params, w activityWindow, count int, results []activityEntry) page[activityEntry] {
	at := func(n int) *string {
		q.Set("page", strconv.Itoa(n))
		url := session.From(c).BaseURL + string(c.Request().URI().PathOriginal()) + "?" + q.Encode()
		return &url
	}
	p := page[activityEntry]{Count: count, Results: results}
	if w.page*w.size < count {
		p.Next = at(w.page + 1)
	}
	if w.page > 1 {
		p.Previous = at(w.page - 1)
	}
	return p
}
