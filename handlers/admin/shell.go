package admin

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// section is a part of the navigation.
type section struct {
	label, path, icon, key string
	phone                  bool
}

// sections are the links of a project's navigation, in two groups.
var sections = [2][]section{{
	{"Overview", "", "layout-dashboard", "g o", true},
	{"Functions", "functions", "braces", "g f", true},
	{"Pipeline", "pipeline", "list-ordered", "g p", false},
	{"Events", "events", "activity", "g e", true},
	{"Live", "live", "radio", "g v", false},
	{"Logs", "logs", "align-left", "g l", true},
	{"Metrics", "metrics", "chart-column", "g m", false},
	{"Dead letters", "dead-letters", "mail-x", "g d", false},
}, {
	{"Templates", "templates", "layout-grid", "g t", false},
}}

// base is the address of the request's project: /p/1.
func base(c *fiber.Ctx) string { return fmt.Sprintf("/p/%d", session.Project(c).ID) }

// canEdit tells whether the person may change functions of the project.
func canEdit(c *fiber.Ctx) bool { return account.Can(session.Role(c), account.Edit) }

// shell is the frame of a project's page. current is the section's label;
// crumbs lead from the project to the page.
func (h *Handler) shell(c *fiber.Ctx, title, current string, crumbs ...layout.Crumb) (layout.Shell, error) {
	user, project := session.User(c), session.Project(c)
	projects, err := h.c.Store.Projects(c.UserContext(), user.ID)
	if err != nil {
		return layout.Shell{}, err
	}
	if project.ID == 0 {
		project = h.lastProject(user, projects)
	}
	s := layout.Shell{
		Title: title, Theme: user.Theme, CSRF: session.CSRF(c), Project: project.Name,
		Person: user.DisplayName(), Email: user.Email, SignOut: "/logout", Version: h.c.Version,
		Links:  []ui.MenuItem{{Label: "API keys", Href: "/account/keys", Icon: "key-round"}, {Label: "REST API", Href: "/api/docs", Icon: "braces"}},
		Toasts: respond.Toasts(c),
	}
	if project.ID != 0 {
		s.Nav, s.Projects = navigation(project.ID, current), choices(c, project.ID, projects)
		s.Crumbs = append([]layout.Crumb{{Label: project.Name, Href: fmt.Sprintf("/p/%d", project.ID)}}, crumbs...)
	}
	if len(crumbs) == 0 {
		s.Crumbs = append(s.Crumbs, layout.Crumb{Label: title})
	}
	return s, nil
}

// lastProject is the project to show around pages that belong to none.
func (h *Handler) lastProject(u account.User, projects []cdp.Project) cdp.Project {
	for _, p := range projects {
		if p.ID == u.CurrentProject {
			return p
		}
	}
	if len(projects) > 0 {
		return projects[0]
	}
	return cdp.Project{}
}

func navigation(p cdp.ProjectID, current string) []layout.NavGroup {
	var groups []layout.NavGroup
	for _, list := range sections {
		var g layout.NavGroup
		for _, s := range list {
			href := fmt.Sprintf("/p/%d", p)
			if s.path != "" {
				href += "/" + s.path
			}
			g = append(g, layout.NavItem{Label: s.label, Href: href, Icon: s.icon, Key: s.key, Phone: s.phone, Current: s.label == current})
		}
		groups = append(groups, g)
	}
	return groups
}

// choices are the projects of the switcher; each leads to the same section.
func choices(c *fiber.Ctx, current cdp.ProjectID, projects []cdp.Project) []layout.Choice {
	section := ""
	if parts := strings.Split(strings.Trim(c.Path(), "/"), "/"); len(parts) > 2 && parts[0] == "p" {
		section = "/" + parts[2]
	}
	var out []layout.Choice
	for _, p := range projects {
		out = append(out, layout.Choice{Name: p.Name, Href: fmt.Sprintf("/p/%d%s", p.ID, section), Current: p.ID == current})
	}
	return out
}
