package viewstest

import (
	"hogpen/views/layout"
	"hogpen/views/ui"
)

// Shell is the frame of a sample page: section is the label of the current
// navigation item, more are crumbs after it.
func Shell(title, section string, more ...layout.Crumb) layout.Shell {
	path := []layout.Crumb{{Label: "Meadow prod", Href: "/p/1"}}
	if len(more) == 0 {
		path = append(path, layout.Crumb{Label: section})
	} else {
		path = append(path, layout.Crumb{Label: section, Href: "/p/1/" + section})
	}
	return layout.Shell{
		Title: title, Theme: "auto", CSRF: csrf, Crumbs: append(path, more...), Nav: nav(section),
		Projects: []layout.Choice{{Name: "Meadow prod", Href: "/p/1", Current: true}, {Name: "Meadow staging", Href: "/p/2"}},
		Project:  "Meadow prod", Person: "Mira Holm", Email: "mira@example.com", SignOut: "/logout",
		Links:  []ui.MenuItem{{Label: "API keys", Href: "/account/keys", Icon: "key-round"}},
		Ingest: "4.5/min", Version: "v0.1",
	}
}

func nav(section string) []layout.NavGroup {
	groups := []layout.NavGroup{
		{
			{Label: "Overview", Href: "/p/1", Icon: "layout-dashboard", Key: "g o", Phone: true},
			{Label: "Functions", Href: "/p/1/functions", Icon: "braces", Key: "g f", Count: 3, Phone: true},
			{Label: "Pipeline", Href: "/p/1/pipeline", Icon: "list-ordered", Key: "g p"},
			{Label: "Events", Href: "/p/1/events", Icon: "activity", Key: "g e", Phone: true},
			{Label: "Live", Href: "/p/1/live", Icon: "radio", Key: "g v"},
			{Label: "Logs", Href: "/p/1/logs", Icon: "align-left", Key: "g l", Phone: true},
			{Label: "Metrics", Href: "/p/1/metrics", Icon: "chart-column", Key: "g m"},
			{Label: "Dead letters", Href: "/p/1/dead-letters", Icon: "mail-x", Key: "g d"},
		},
		{
			{Label: "Templates", Href: "/p/1/templates", Icon: "layout-grid", Key: "g t"},
			{Label: "Settings", Href: "/account/keys", Icon: "settings-2", Key: "g s"},
		},
	}
	for _, g := range groups {
		for i := range g {
			g[i].Current = g[i].Label == section
		}
	}
	return groups
}
