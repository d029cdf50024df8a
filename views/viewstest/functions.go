package viewstest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
)

// functions is a list in memory that can be searched and switched.
type functions struct {
	mu   sync.Mutex
	rows []pages.FunctionRowData
}

func (s *Server) mountFunctions() {
	f := &functions{rows: sampleFunctions()}
	s.HandleFunc("GET /p/1/functions", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("HX-Target"), "#function-rows") {
			Parts(w, r, http.StatusOK, pages.FunctionListMore(f.data(r)))
			return
		}
		Render(w, r, http.StatusOK, pages.FunctionList(Shell("Functions", "Functions"), f.data(r)), "list")
	})
	s.HandleFunc("POST /p/1/_/functions/{id}/enabled", f.toggle)
}

func (f *functions) data(r *http.Request) pages.FunctionListData {
	f.mu.Lock()
	defer f.mu.Unlock()
	q, typ, status := r.FormValue("q"), r.FormValue("type"), r.FormValue("status")
	var rows []pages.FunctionRowData
	for _, row := range f.rows {
		if strings.Contains(strings.ToLower(row.Name+row.Sub), strings.ToLower(q)) && (typ == "" || string(row.Type) == typ) &&
			(status == "" || string(row.Status) == status) {
			rows = append(rows, row)
		}
	}
	for want, _ := strconv.Atoi(r.FormValue("rows")); len(rows) < want; { // for measuring
		row := rows[len(rows)%len(f.rows)]
		row.ID = cdp.FunctionID(fmt.Sprintf("%s-%d", row.ID, len(rows)))
		rows = append(rows, row)
	}
	// Twelve rows make one page; a copy of them stands for the second.
	shown, more := fmt.Sprintf("%d of %d", len(rows), len(rows)), ""
	if r.FormValue("long") != "" {
		shown, more = "12 of 24", "/p/1/functions?long=1&page=2"
		if r.FormValue("page") == "2" {
			shown, more = "24 of 24", ""
			for i := range rows {
				rows[i].ID += "-2"
			}
		}
	}
	moreText := ""
	if more != "" {
		moreText = "Load 12 more"
	}
	return pages.FunctionListData{
		Base: "/p/1/functions", Count: fmt.Sprint(len(rows)), Query: q, Type: typ, Status: status, Filtered: q+typ+status != "",
		Tabs:     f.tabs(typ),
		Statuses: []ui.Option{{Label: "Any status"}, {Value: "active", Label: "Active 7"}, {Value: "broken", Label: "Needs attention 1"}, {Value: "paused", Label: "Paused 2"}},
		Sorts:    []ui.Option{{Label: "Sort: last run"}, {Value: "name", Label: "Sort: name"}},
		Rows:     rows, Shown: shown, More: moreText, MoreHref: more, CanEdit: true, NewHref: "/p/1/templates",
	}
}

func (f *functions) tabs(typ string) []ui.Tab {
	counts := map[cdp.Type]int{}
	for _, row := range f.rows {
		counts[row.Type]++
	}
	tabs := []ui.Tab{{Label: "All", Href: "/p/1/functions", Count: fmt.Sprint(len(f.rows)), Current: typ == ""}}
	for _, t := range []cdp.Type{cdp.Destination, cdp.Transformation, cdp.InternalDestination, cdp.SourceWebhook, cdp.SiteApp} {
		tabs = append(tabs, ui.Tab{Label: pages.TypeName(t) + "s", Href: "/p/1/functions?type=" + string(t), Count: fmt.Sprint(counts[t]), Current: typ == string(t)})
	}
	return tabs
}

// toggle answers a switch. Names with "slow" answer after two seconds, those
// with "broken" with 500, so that a test sees both.
func (f *functions) toggle(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on := r.FormValue("enabled") == "true"
	for i := range f.rows {
		row := &f.rows[i]
		if string(row.ID) != r.PathValue("id") {
			continue
		}
		if strings.Contains(row.Name, "Partner") {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		if strings.Contains(row.Name, "Warehouse") {
			time.Sleep(2 * time.Second)
		}
		row.On, row.Status = on, pages.StatusPaused
		text := "Paused " + row.Name
		if on {
			row.Status, text = pages.StatusActive, "Enabled "+row.Name
		}
		undo := []ui.Hidden{{Name: "enabled", Value: fmt.Sprint(!on)}}
		Parts(w, r, http.StatusOK,
			within("#function-"+string(row.ID), hx.Morph, pages.FunctionRow(*row)),
			within("#toasts", hx.Prepend, ui.Toast(ui.ToastProps{Tone: ui.OK, Text: text, Undo: r.URL.Path, Fields: undo})))
		return
	}
	http.NotFound(w, r)
}

func sampleFunctions() []pages.FunctionRowData {
	up := []int64{12, 13, 15, 14, 14, 15, 19, 22, 20, 18, 17, 16, 13, 12, 11, 10, 9, 9, 12, 15, 19, 20, 25, 26}
	none := make([]int64, 24)
	type sample struct {
		name, sub, tag string
		typ            cdp.Type
		status         pages.FunctionStatus
		ok, bad        []int64
		runs           string
		rate           string
		changed        string
	}
	list := []sample{
		{"HubSpot contacts", "when $identify; without test accounts", "crm", cdp.Destination, pages.StatusBroken, up[:6], append(make([]int64, 5), up[5:]...), "1,504", "19.1 %", "Mira, 6 h ago"},
		{"Paid signups to CRM", "when purchase and plan is paid or trial", "growth", cdp.Destination, pages.StatusActive, up, none, "170", "98.2 %", "Mira, 2 d ago"},
		{"Slack: new signups", "posts to #growth", "growth", cdp.Destination, pages.StatusActive, up, []int64{20: 1, 21: 1}, "421", "97.6 %", "Jonas, 4 Nov"},
		{"Warehouse feed", "when any event; source events", "data", cdp.Destination, pages.StatusDegraded, up, []int64{15: 1, 16: 2, 18: 2, 19: 1, 20: 2, 21: 2, 22: 2, 23: 2}, "6,400", "92.5 %", "Jonas, 9 Nov"},
		{"GeoIP", "adds country, city and time zone from the address of the event", "", cdp.Transformation, pages.StatusActive, up, none, "6,400", "100 %", "Mira, 12 Oct"},
		{"URL cleaner", "when $pageview; removes utm and click ids", "privacy", cdp.Transformation, pages.StatusActive, up, none, "3,821", "100 %", "Lena, 1 Nov"},
		{"Error rate alert", "posts to #on-call, once per hour", "ops", cdp.InternalDestination, pages.StatusActive, []int64{2: 2, 6: 2, 12: 2, 15: 2, 23: 1}, none, "9", "100 %", "Lena, 28 Oct"},
		{"Stripe webhook", "receives charge and invoice events", "billing", cdp.SourceWebhook, pages.StatusActive, up, none, "646", "99.4 %", "Jonas, 20 Oct"},
		{"Zapier: trial ending", "when trial_ending_soon", "growth", cdp.Destination, pages.StatusPaused, none, none, "0", "–", "Mira, just now"},
		{"Partner postback", "when purchase and utm_source is partner", "ads", cdp.Destination, pages.StatusStopped, up[:5], append(make([]int64, 5), up[5:18]...), "250", "15.2 %", "Mira, 9 h ago"},
		{"Cookie notice", "shown on every page of docs", "web", cdp.SiteApp, pages.StatusNoRuns, none, none, "0", "–", "Lena, 1 d ago"},
		{"Hash e-mails", "replaces e-mail addresses by SHA-256", "privacy", cdp.Transformation, pages.StatusPaused, none, none, "0", "–", "Mira, 30 Oct"},
	}
	var rows []pages.FunctionRowData
	for i, s := range list {
		id := fmt.Sprintf("0199a%03d-7c1d-7c3e-9a51-1f0f6e2d90aa", i)
		row := pages.FunctionRowData{
			ID: cdp.FunctionID(id), Name: s.name, Href: "/p/1/functions/" + id, Type: s.typ, Sub: s.sub, On: s.status != pages.StatusPaused, Version: 3,
			Status: s.status, Runs: s.runs, Changed: s.changed, CanEdit: true, Switch: "/p/1/_/functions/" + id + "/enabled",
			Logs: "/p/1/functions/" + id + "/logs", Metrics: "/p/1/functions/" + id + "/metrics", Delete: "/p/1/_/functions/" + id + "/delete",
			Spark: ui.SparkProps{OK: s.ok, Bad: s.bad, Rate: s.rate, Label: s.runs + " runs, " + s.rate + " succeeded"},
			Draft: i == 1,
		}
		if s.tag != "" {
			row.Tags = []string{s.tag}
		}
		switch s.status {
		case pages.StatusBroken, pages.StatusStopped:
			row.Spark.Tone = ui.Bad
		case pages.StatusDegraded:
			row.Spark.Tone = ui.Warn
		}
		rows = append(rows, row)
	}
	return rows
}
