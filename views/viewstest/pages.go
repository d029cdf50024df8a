package viewstest

import (
	"net/http"

	"github.com/a-h/templ"

	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
)

// mountPages serves the pages that only show something.
func (s *Server) mountPages() {
	show := func(pattern string, c templ.Component) {
		s.Handle(pattern, func(*http.Request) templ.Component { return c })
	}
	show("GET /login", pages.SignIn(pages.SignInData{Action: "/login", CSRF: csrf, Email: "mira@example.com",
		Error: "This e-mail and password do not match."}))
	show("GET /setup", pages.Setup(pages.SetupData{Action: "/setup", CSRF: csrf, Name: "Mira Holm", Email: "mira@example.com", Project: "Meadow prod",
		Errors: map[string]string{"password": "The password has 8 characters. Use 12 or more."}}))
	show("GET /missing", pages.Error(Shell("Not found", "Functions"), pages.ErrorData{Status: 404, Search: "/p/1/functions",
		Links: []ui.MenuItem{{Label: "All functions", Href: "/p/1/functions", Icon: "braces"}}}))
	show("GET /broken", pages.ErrorFrame("auto", pages.ErrorData{Status: 500, ID: "01k9z3c1-77aa", Saved: "Nothing you submitted was saved.", Retry: "/broken"}))
	show("GET /p/1", pages.Overview(Shell("Overview", "Overview"), overview()))
	show("GET /new", pages.Overview(Shell("Overview", "Overview"), newProject()))
	s.HandleFunc("POST /account/keys/{id}/revoke", func(w http.ResponseWriter, r *http.Request) {
		Parts(w, r, http.StatusOK,
			within("#key-"+r.PathValue("id"), hx.Delete, templ.NopComponent),
			within("#toasts", hx.Prepend, ui.Toast(ui.ToastProps{Tone: ui.OK, Text: "Key revoked"})))
	})
	show("GET /account/keys", pages.AccountKeys(Shell("API keys", "Settings"), keys()))
}

func overview() pages.OverviewData {
	rows := sampleFunctions()
	d := pages.OverviewData{
		Range: "last 24 h", NewHref: "/p/1/templates", CanEdit: true, LogsHref: "/p/1/logs?level=error",
		Attention: []pages.OverviewItem{
			{Tone: ui.Bad, Icon: "octagon-x", Name: "Partner postback", Href: rows[9].Href, Text: "was stopped at 09:12 after 212 of 250 runs failed", Action: "Open logs", To: rows[9].Logs},
			{Tone: ui.Bad, Icon: "circle-alert", Name: "HubSpot contacts", Href: rows[0].Href, Text: "1,216 runs failed since v8, 6 h ago", Action: "Open logs", To: rows[0].Logs},
			{Tone: ui.Warn, Icon: "gauge", Name: "Warehouse feed", Href: rows[3].Href, Text: "is slowed down: 7.5 % of its runs failed", Action: "Open metrics", To: rows[3].Metrics},
		},
		Stats: []ui.StatProps{
			{Label: "Events in", Value: "6,400", Note: "4.5 a minute"},
			{Label: "Runs", Value: "19,621", Note: "by 12 functions"},
			{Label: "Failed", Value: "1,919", Note: "9.8 % of runs", Bad: true, Class: "series-failed"},
			{Label: "Waiting", Value: "0", Note: "nothing is behind"},
		},
		Failures: []pages.OverviewFailure{
			{When: "12 s ago", Function: "HubSpot contacts", Href: rows[0].Logs, Text: "Error: api.example.com answered 401: the token has expired"},
			{When: "48 s ago", Function: "HubSpot contacts", Href: rows[0].Logs, Text: "Error: api.example.com answered 401: the token has expired"},
			{When: "3 min ago", Function: "Partner postback", Href: rows[9].Logs, Text: "fetch: timeout after 10 s, POST hooks.example.com/postback"},
		},
	}
	for _, row := range rows[:6] {
		d.Functions = append(d.Functions, pages.OverviewFunction{Name: row.Name, Href: row.Href, Type: row.Type, Spark: row.Spark, Runs: row.Runs})
	}
	return d
}

func newProject() pages.OverviewData {
	return pages.OverviewData{
		Range: "last 24 h", NewHref: "/p/1/templates", CanEdit: true, Checked: "Last checked 20 s ago.",
		Steps: []pages.OverviewStep{
			{Done: true, Text: "Send an event", Href: "/p/1/events"},
			{Text: "Add a function", Href: "/p/1/templates"},
			{Text: "Test it on an event", Href: "/p/1/functions"},
			{Text: "Enable it", Href: "/p/1/functions"},
		},
		Stats: []ui.StatProps{{Label: "Events in", Value: "1"}, {Label: "Runs", Value: "0"}, {Label: "Failed", Value: "0"}, {Label: "Waiting", Value: "0"}},
	}
}

func keys() pages.AccountKeysData {
	return pages.AccountKeysData{
		Action: "/account/keys", Most: 10, Fresh: "phx_Zk3mP0aVwX8rT1uQy7bN5cLd9eFg2hJs",
		Keys: []pages.AccountKey{
			{ID: "k1", Label: "Terraform", Mask: "phx_…2hJs", Scopes: "can read and change functions", Created: "12 Oct", LastUsed: "4 min ago", Revoke: "/account/keys/k1/revoke"},
			{ID: "k2", Label: "Nightly export", Mask: "phx_…q81x", Scopes: "can read functions, logs and metrics", Created: "3 Nov", LastUsed: "never", Revoke: "/account/keys/k2/revoke"},
		},
	}
}
