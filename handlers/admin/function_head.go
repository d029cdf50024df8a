package admin

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// functionOf finds the function that the path names.
func (h *Handler) functionOf(c *fiber.Ctx) (*cdp.Function, error) {
	return h.c.Store.Function(c.UserContext(), session.Project(c).ID, cdp.FunctionID(c.Params("id")))
}

// head is what all pages of one function begin with; current is the tab.
func (h *Handler) head(c *fiber.Ctx, f *cdp.Function, current string) (pages.FunctionHeadData, error) {
	ctx := c.UserContext()
	all, err := h.c.Store.FunctionStats(ctx, f.Project, []cdp.FunctionID{f.ID})
	if err != nil {
		return pages.FunctionHeadData{}, err
	}
	stats := all[f.ID]
	saved, err := h.savedBy(ctx, f)
	if err != nil {
		return pages.FunctionHeadData{}, err
	}
	href, part := base(c)+"/functions/"+string(f.ID), base(c)+"/_/functions/"+string(f.ID)
	status, why := h.functionStatus(f, stats)
	d := pages.FunctionHeadData{
		ID: f.ID, Name: f.Title(), Href: href, Type: f.Type, On: f.Enabled, Version: f.Version, Status: status, Why: why,
		Origin: h.origin(f), Saved: saved, CanEdit: canEdit(c), Switch: part + "/enabled", Trash: part + "/trash",
	}
	d.Watch = h.watchBar(c, f, href)
	if f.Type == cdp.SourceWebhook {
		d.Address = session.From(c).BaseURL + "/public/webhooks/" + string(f.ID)
	}
	failed := ""
	if n := sum(stats.Failed[:]); n > 0 {
		failed = ui.Count(n)
	}
	d.Tabs = []ui.Tab{
		{Label: "Build", Href: href, Current: current == "Build"},
		{Label: "Logs", Href: href + "/logs", Count: failed, Bad: true, Current: current == "Logs"},
		{Label: "Metrics", Href: href + "/metrics", Current: current == "Metrics"},
	}
	return d, nil
}

// origin says what a function is and where it came from.
func (h *Handler) origin(f *cdp.Function) string {
	if t, ok := h.c.Template(f.TemplateID); ok {
		return pages.TypeName(f.Type) + ", built from " + t.Name
	}
	return pages.TypeName(f.Type)
}

// savedBy says when the present version was saved, and by whom if that is known.
func (h *Handler) savedBy(ctx context.Context, f *cdp.Function) (string, error) {
	users, err := h.c.Store.UsersByID(ctx, []cdp.UserID{f.UpdatedBy})
	if err != nil {
		return "", err
	}
	ago := ui.Ago(h.now(), f.UpdatedAt)
	if u, ok := users[f.UpdatedBy]; ok {
		name, _, _ := strings.Cut(u.DisplayName(), " ")
		return ago + " by " + name, nil
	}
	return ago, nil
}

// functionShell is the frame around a page of one function; tab is "" on Build.
func (h *Handler) functionShell(c *fiber.Ctx, f *cdp.Function, tab string) (layout.Shell, error) {
	crumbs := []layout.Crumb{{Label: "Functions", Href: base(c) + "/functions"}}
	title := f.Title()
	if tab == "" {
		crumbs = append(crumbs, layout.Crumb{Label: title})
	} else {
		crumbs = append(crumbs, layout.Crumb{Label: title, Href: base(c) + "/functions/" + string(f.ID)}, layout.Crumb{Label: tab})
		title += ": " + tab
	}
	return h.shell(c, title, "Functions", crumbs...)
}

// watchBar is nil while the watcher lets the function be.
func (h *Handler) watchBar(c *fiber.Ctx, f *cdp.Function, href string) *pages.WatchBar {
	st := h.c.Status(f.Project, f.ID)
	if !f.Enabled || !st.State.Slowed() && !st.State.Stopped() {
		return nil
	}
	w := &pages.WatchBar{Stopped: st.State.Stopped(), Reason: st.Reason, Runs: href + "/logs?level=error"}
	word := "Slowed down"
	if w.Stopped {
		word = "Enabled, but stopped by the watcher"
	}
	w.Title = word + " " + ui.Ago(h.now(), st.ChangedAt)
	switch st.State {
	case cdp.StateDegraded:
		w.Advice = "Its events wait in a slower lane, so that they hold up no other function. It gets back by itself once its runs are fast and succeed."
	case cdp.StateDisabled:
		w.Advice = "Events are not sent, and are counted as disabled_permanently. Mend the cause, then save the function or enable it again."
	default:
		w.Advice = "An administrator chose this; only an administrator can end it."
	}
	if account.Can(session.Role(c), account.Manage) {
		w.Reset = base(c) + "/_/functions/" + string(f.ID) + "/state"
	}
	return w
}

// FunctionState is POST /p/:pid/_/functions/:id/state: the watcher's state as
// a person chooses it.
func (h *Handler) FunctionState(c *fiber.Ctx) error {
	state, err := strconv.Atoi(c.FormValue("state"))
	if err != nil {
		return cdp.Errorf(cdp.Invalid, "", "Invalid state")
	}
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	if _, err := h.c.Functions.SetState(c.UserContext(), session.User(c).ID, f.Project, f.ID, cdp.State(state)); err != nil {
		return err
	}
	respond.Toast(c, ui.ToastProps{Tone: ui.OK, Text: f.Title() + " is now " + cdp.State(state).String()})
	return respond.Redirect(c, back(c, base(c)+"/functions/"+string(f.ID)))
}
