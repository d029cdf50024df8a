package viewstest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
)

// mountBuild serves the gallery and the pages of one function.
func (s *Server) mountBuild() {
	show := func(path string, c templ.Component) {
		s.Handle("GET "+path, func(*http.Request) templ.Component { return c })
	}
	fn := []layout.Crumb{{Label: "Paid signups to CRM", Href: "/p/1/functions/f1"}}
	show("/p/1/templates", pages.TemplateList(Shell("Templates", "Templates"), sampleGallery()))
	show("/p/1/templates/slack", pages.Template(Shell("Slack", "Templates", layout.Crumb{Label: "Slack"}), sampleTemplate()))
	show("/p/1/functions/f1", pages.FunctionBuild(Shell("Paid signups to CRM", "Functions", layout.Crumb{Label: "Paid signups to CRM"}), sampleBuild()))
	show("/p/1/conflict", pages.FunctionBuild(Shell("Paid signups to CRM", "Functions", layout.Crumb{Label: "Paid signups to CRM"}), sampleConflict()))
	show("/p/1/viewer", pages.FunctionBuild(Shell("Paid signups to CRM", "Functions", layout.Crumb{Label: "Paid signups to CRM"}), sampleViewer()))
	show("/p/1/functions/f1/logs", pages.Logs(Shell("Paid signups to CRM: Logs", "Functions", append(fn, layout.Crumb{Label: "Logs"})...), sampleLogs(true)))
	show("/p/1/logs", pages.Logs(Shell("Logs", "Logs"), sampleLogs(false)))
	for _, stopped := range []bool{true, false} {
		d := sampleMetrics()
		d.Head.Status, d.Head.Watch = pages.StatusDegraded, &pages.WatchBar{
			Title: "Slowed down 12 min ago", Reason: "212 requests took up to 3.0 s.", Runs: "/p/1/functions/f1/logs", Reset: "/p/1/_/functions/f1/state",
			Advice: "Its events wait in a slower lane, so that they hold up no other function. It gets back by itself once its runs are fast and succeed.",
		}
		path := "/p/1/functions/slowed/metrics"
		if stopped {
			path = "/p/1/functions/stopped/metrics"
			d.Head.Status, d.Head.Watch = pages.StatusStopped, &pages.WatchBar{
				Stopped: true, Title: "Enabled, but stopped by the watcher 12 min ago", Runs: "/p/1/functions/f1/logs",
				Reason: "212 runs failed; last error: HTTP fetch failed on attempt 3 with status code 503.", Reset: "/p/1/_/functions/f1/state",
				Advice: "Events are not sent, and are counted as disabled_permanently. Mend the cause, then save the function or enable it again.",
			}
		}
		show(path, pages.Metrics(Shell("Paid signups to CRM: Metrics", "Functions", append(fn, layout.Crumb{Label: "Metrics"})...), d))
	}
	show("/p/1/functions/f1/metrics", pages.Metrics(Shell("Paid signups to CRM: Metrics", "Functions", append(fn, layout.Crumb{Label: "Metrics"})...), sampleMetrics()))
	show("/p/1/events", pages.EventList(Shell("Events", "Events"), sampleEvents()))
	show("/p/1/no-events", pages.EventList(Shell("Events", "Events"), pages.EventListData{Base: "/p/1/no-events", Token: "phc_meadow",
		Curl: "curl https://pen.example.com/capture/ -d '{}'", JS: "posthog.init('phc_meadow')", Node: "new PostHog('phc_meadow')"}))
	show("/p/1/events/e1", pages.Event(Shell("purchase", "Events", layout.Crumb{Label: "purchase"}), sampleEvent()))
}

func sampleHead(tab string) pages.FunctionHeadData {
	home := "/p/1/functions/f1"
	return pages.FunctionHeadData{
		ID: "f1", Name: "Paid signups to CRM", Href: home, Type: cdp.Destination, On: true, Version: 12, Status: pages.StatusActive,
		Origin: "Destination, built from HTTP Webhook", Saved: "2 d ago by Mira", CanEdit: true, Switch: "/p/1/_/functions/f1/enabled", Trash: "/p/1/_/functions/f1/trash",
		Tabs: []ui.Tab{{Label: "Build", Href: home, Current: tab == "Build"}, {Label: "Logs", Href: home + "/logs", Count: "3", Bad: true, Current: tab == "Logs"},
			{Label: "Metrics", Href: home + "/metrics", Current: tab == "Metrics"}},
	}
}

func sampleInputs() []pages.InputField {
	return []pages.InputField{
		{Key: "url", Label: "Relay URL", Kind: pages.InputText, Value: "https://crm-relay.example.com/v2/{event.event}", Required: true, Templated: true},
		{Key: "summary", Label: "Summary", Help: "One line that your sales team reads first.", Kind: pages.InputText, Value: "{person.properties.name} chose {event.properties.plan}", Templated: true},
		{Key: "body", Label: "Body", Kind: pages.InputDictionary, Templated: true, Rows: []pages.InputRow{{Key: "email", Value: "{person.properties.email}"}, {Key: "plan", Value: "{upper(event.properties.plan)}"}, {Key: "source", Value: "hogpen"}}},
		{Key: "extra", Label: "Extra", Kind: pages.InputJSON, Value: "{\n  \"tags\": [\"trial\"]\n}", Templated: true},
		{Key: "method", Label: "Method", Kind: pages.InputRadio, Value: "POST", Options: []ui.Option{{Value: "POST", Label: "POST"}, {Value: "PUT", Label: "PUT"}}},
		{Key: "region", Label: "Region", Kind: pages.InputSelect, Value: "eu", Options: []ui.Option{{Value: "eu", Label: "Europe"}, {Value: "us", Label: "United States"}}},
		{Key: "retries", Label: "Most retries", Kind: pages.InputNumber, Value: "3"},
		{Key: "debug", Label: "Log requests", Kind: pages.InputBoolean, Value: "false"},
		{Key: "secret", Label: "Signing secret", Kind: pages.InputText, Secret: true, Set: true, Mode: "keep", Required: true},
		{Key: "token", Label: "Second token", Kind: pages.InputText, Secret: true, Mode: "replace"},
	}
}

func sampleFilters() pages.FiltersData {
	return pages.FiltersData{
		Keep: "{}", Sentence: "when the event is purchase and plan is paid or trial; without test accounts", CanEvents: true, Test: true,
		Events:     []pages.FilterEvent{{Name: "purchase"}, {Name: "refund", Conditions: []string{"amount is over 10"}}},
		Properties: []pages.FilterProperty{{Kind: "event", Key: "plan", Operator: "exact", Value: "paid, trial"}, {Fixed: "id in 3", Raw: "{}"}},
		Kinds:      []ui.Option{{Value: "event", Label: "event"}, {Value: "person", Label: "person"}},
		Operators:  []ui.Option{{Value: "exact", Label: "is"}, {Value: "is_set", Label: "is set"}},
		Names:      []string{"purchase", "$pageview"}, Show: "/p/1/_/functions/f1/filters",
	}
}

func sampleBuild() pages.FunctionBuildData {
	return pages.FunctionBuildData{
		Head: sampleHead("Build"), Action: "/p/1/functions/f1", Base: 12, Name: "Paid signups to CRM", Filtered: true, Filters: sampleFilters(), Inputs: sampleInputs(),
		Hog:  "// Send a paid signup to the CRM relay\nlet res := fetch(inputs.url, {'method': 'POST', 'body': inputs.body})\nif (res.status >= 400) {\n    throw Error(f'Relay answered {res.status}')\n}",
		Kind: "destination", Check: "/p/1/_/hog/check", Complete: "/p/1/_/hog/complete", CanEdit: true, Bench: sampleBench(),
	}
}

func sampleBench() pages.BenchData {
	return pages.BenchData{
		Run: "/p/1/_/functions/f1/test", Sample: "purchase, 12 s ago", Note: "The newest event of that name.", CanReal: true,
		Globals: "{\n  \"event\": {\n    \"event\": \"purchase\",\n    \"properties\": {\"plan\": \"paid\"}\n  }\n}",
		Result: &pages.TestResult{
			Tone: ui.OK, Icon: "circle-check", Verdict: "Succeeded", Took: "118 ms", Mode: "mocked", Returned: "null", Diffed: true,
			Diff: []pages.DiffRow{{Key: "$set.email", Before: `"robin@example.com"`, After: `"9f21c0aa"`, Change: "changed"}, {Key: "plan", After: `"PAID"`, Change: "added"}},
			Requests: []pages.TestRequest{{Method: "POST", Target: "crm-relay.example.com/v2/purchase", URL: "https://crm-relay.example.com/v2/purchase", Status: "200", Tone: ui.OK, Mocked: true,
				Headers: [][2]string{{"Content-Type", "application/json"}}, Body: "{\n  \"plan\": \"PAID\"\n}", Response: "{}"}},
			Logs: []pages.LogRowData{{Level: "info", Message: "Relay accepted 9f21c0aa"}, {Level: "warn", Message: "name is null"}},
		},
	}
}

func sampleConflict() pages.FunctionBuildData {
	d := sampleBuild()
	d.Conflict = &pages.FunctionConflict{Who: "Version 13 was saved 1 min ago by Jonas.", Version: 13, Load: "/p/1/functions/f1",
		Changes: []pages.FieldChange{{Field: "Description", Theirs: "For sales", Yours: ""}, {Field: "Code", Theirs: "let a := 1", Yours: "let a := 2\nlet b := 3"}}}
	d.Inputs[0].Error = "This field is required."
	d.Errors = []ui.FormError{{Field: "input-url", Text: "Relay URL: This field is required."}}
	d.Error = map[string]string{"hog": "Line 2: expected an expression"}
	d.Filters.JSON, d.Filters.Text, d.Filters.Error = true, "{", "Not valid JSON at line 1, column 1: unexpected end of JSON input."
	d.Bench.Result = &pages.TestResult{Confirm: "This really sends a request to crm-relay.example.com, and nobody can take that back.", ConfirmFor: "crm-relay.example.com",
		Requests: []pages.TestRequest{{Method: "POST", Target: "crm-relay.example.com/v2/purchase"}}}
	return d
}

func sampleViewer() pages.FunctionBuildData {
	d := sampleBuild()
	d.CanEdit, d.Head.CanEdit, d.Bench.CanReal, d.Bench.Result = false, false, false, nil
	return d
}

func sampleGallery() pages.TemplateListData {
	d := pages.TemplateListData{
		Base: "/p/1/templates", All: 87, Count: 4, CanEdit: true, Scratch: "/p/1/templates/blank",
		Tabs:       []ui.Tab{{Label: "All", Href: "/p/1/templates", Count: "87", Current: true}, {Label: "Destinations", Href: "?type=destination", Count: "52"}},
		Categories: []pages.TemplateFacet{{Name: "Analytics", Count: 11}, {Name: "Customer success", Count: 15, Checked: true}},
	}
	for _, c := range []pages.TemplateCard{
		{Name: "HTTP Webhook", Text: "Send the event to any address, as JSON or form data.", Used: "used by 12"},
		{Name: "Salesforce", Text: "Create, update or look up a record of any object, and much more than fits into two lines of a card.", Used: "not used here", Status: "Beta", Tone: ui.Info},
		{Name: "Hash properties", Text: "Replace chosen properties by a salted SHA-256.", Used: "used by 1"},
		{Name: "Discord", Text: "Post a message to a channel.", Used: "not used here"},
	} {
		c.ID, c.Type = "template-"+fmt.Sprint(len(d.Cards)), "Destination"
		c.Href = "/p/1/templates/slack"
		d.Cards = append(d.Cards, c)
	}
	return d
}

func sampleTemplate() pages.TemplateData {
	return pages.TemplateData{
		Name: "Slack", Text: "Post a message to a channel when an event happens.", Type: "Destination", Status: "Stable", Category: "Customer success", Used: "used by 9",
		Docs:   "<p>Each matching event becomes one message.</p><h3>Before you start</h3><ol><li>Connect Slack.</li><li>Invite the bot, or messages fail with <code>not_in_channel</code>.</li></ol>",
		Inputs: []pages.TemplateInput{{Label: "Channel", Key: "channel", Type: "string", Default: "–", Required: true}, {Label: "Text", Key: "text", Type: "string", Default: "{person.name}: {event.event}"}},
		Code:   "fetch('https://slack.com/api/chat.postMessage', {'body': inputs.text})", Required: 1, CanEdit: true, Action: "/p/1/templates/slack", Title: "Slack: new message",
		Filters: "when the event is survey sent", Fields: []pages.InputField{{Key: "channel", Label: "Channel", Kind: pages.InputText, Required: true, Error: "This field is required."}},
		Errors: []ui.FormError{{Field: "input-channel", Text: "Channel: This field is required."}},
	}
}

func sampleLogs(own bool) pages.LogsData {
	d := pages.LogsData{
		Base: "/p/1/logs", Levels: []pages.LogLevel{{Name: "error", Count: "9", Checked: true}, {Name: "warn", Count: "42"}, {Name: "info", Count: "705"}, {Name: "debug", Count: "1,204"}},
		Ranges: []ui.Option{{Label: "Last 24 h"}, {Value: "7d", Label: "Last 7 d"}}, Counts: "756 lines, 42 warnings, 9 errors", More: "/p/1/logs?before=1-1", Filtered: true, Clear: "/p/1/logs",
		Chart: ui.ChartProps{ID: "lines", Title: "Log lines over time", Summary: "756 lines.", Height: 56, Series: []ui.Series{{Name: "info", Class: "series-info"}, {Name: "error", Class: "series-failed"}}},
	}
	if own {
		head := sampleHead("Logs")
		d.Head, d.Run, d.Event = &head, "03de91b7-77aa", "/p/1/events/e1"
	}
	for i := range 48 {
		at := Now().Add(time.Duration(i-48) * 15 * time.Minute)
		b := ui.Bucket{Label: at.Format("15:04")}
		if i%12 == 0 {
			b.Tick = b.Label
		}
		d.Chart.Buckets = append(d.Chart.Buckets, b)
		d.Chart.Series[0].Values = append(d.Chart.Series[0].Values, int64(8+i*5%11))
		d.Chart.Series[1].Values = append(d.Chart.Series[1].Values, int64(i%17/15))
	}
	for i, l := range []struct{ level, text string }{
		{"info", "Posted to #growth, 118 ms"}, {"warn", "person.properties.name is null, wrote “Someone”"},
		{"error", "Gave up after 5 tries: Slack answered 429 rate_limited. The answer was long, so that this line needs more than one row of the table to be shown in full to whoever reads it."},
		{"debug", `{"plan":"trial","seats":3,"source":"docs"}`}, {"info", "Posted to #growth, 97 ms"},
	} {
		at := Now().Add(-time.Duration(i) * 3 * time.Minute)
		r := pages.LogRowData{ID: fmt.Sprintf("log-%d", i), Time: at, Clock: at.Format("15:04:05.000"), Level: l.level, Message: l.text, Run: "9f21c0aa", RunHref: "/p/1/functions/f1/logs?run=9f21c0aa"}
		if !own {
			r.Function, r.FnHref = "Paid signups to CRM", "/p/1/functions/f1/logs"
		}
		d.Rows = append(d.Rows, r)
	}
	return d
}

func sampleMetrics() pages.MetricsData {
	head := sampleHead("Metrics")
	kit := sampleKit()
	requests := ui.ChartProps{ID: "requests", Title: "Outbound requests an hour", Summary: "1,472 requests.", Height: 120, Buckets: kit.Chart.Buckets,
		Series: []ui.Series{{Name: "requests", Class: "series-requests", Values: kit.Chart.Series[0].Values}}}
	kit.Chart.Legend = false
	return pages.MetricsData{
		Head: &head, Interval: "an hour", Step: "1 h", Total: "44,800", Outcomes: kit.Outcomes, Sum: "44,800 events evaluated", Chart: kit.Chart, Requests: &requests,
		ChartNote: "Filtered events are left out here, since they outnumber the rest; the table has them. Times are UTC.",
		Ranges:    []ui.Segment{{Label: "1 h", Href: "?range=1h"}, {Label: "24 h", Href: "?", Current: true}, {Label: "7 d", Href: "?range=7d"}, {Label: "30 d", Href: "?range=30d"}},
		Views:     []ui.Segment{{Label: "Chart", Icon: "chart-column", Href: "?", Current: true}, {Label: "Table", Icon: "rows-4", Href: "?view=table"}},
		Stats: []ui.StatProps{{Label: "Succeeded", Value: "2,778", Class: "series-succeeded", Note: "4.0 % more than the 24 h before"}, {Label: "Failed", Value: "403", Class: "series-failed", Note: "32 times the 24 h before", Bad: true, Href: "?"},
			{Label: "Inputs failed", Value: "31", Class: "series-inputs-failed", Note: "new, none in the 24 h before", Bad: true}, {Label: "Requests sent", Value: "1,472", Class: "series-requests"}, {Label: "Masked", Value: "327", Class: "series-masked"}},
	}
}

func sampleEvents() pages.EventListData {
	d := pages.EventListData{Base: "/p/1/events", More: "/p/1/events?before=1"}
	for i, name := range []string{"purchase", "$pageview", "user signed up", "$identify", "a rather long name of an event that somebody made up without thinking of tables"} {
		at := Now().Add(-time.Duration(i*i) * time.Minute)
		d.Rows = append(d.Rows, pages.EventRowData{UUID: fmt.Sprintf("e%d", i), Name: name, Href: "/p/1/events/e1", DistinctID: "visitor-1", Person: []string{"robin@example.com", ""}[i%2],
			Library: "web", Place: "shop.example.com/checkout", Received: at, Ago: ui.Ago(Now(), at)})
	}
	return d
}

func sampleEvent() pages.EventData {
	return pages.EventData{
		Name: "purchase", UUID: "9f21c0aa-4b07-4c11-8c11-000000000001", Received: "16 Nov, 12:04:31.201 UTC, 12 s ago", Happened: "16 Nov, 12:04:31.000 UTC", DistinctID: "visitor-1", Person: "robin@example.com",
		Steps: []pages.TraceStep{{Name: "URL cleaner", Href: "/p/1/functions/f1", Took: "55 µs", Status: ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Ran"}},
			{Name: "Drop bots", Href: "/p/1/functions/f1", Status: ui.StatusProps{Icon: "circle-dashed", Word: "Skipped, filters did not match"}}},
		Runs: []pages.TraceRun{{ID: "r1", Function: "Paid signups to CRM", Href: "/p/1/functions/f1", Version: "v12", Status: ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: "Failed"}, Took: "10.0 s", Attempts: "3 attempts",
			Error: "timeout after 10 s, POST crm-relay.example.com", Logs: []pages.LogRowData{{Level: "error", Message: "timeout after 10 s"}}, LogsHref: "/p/1/functions/f1/logs?run=r1", Debug: "/p/1/functions/f1?event=e1"}},
		Skips: []pages.TraceSkip{
			{Function: "Webhook B", Href: "/p/1/functions/f1", Version: "v3", Edit: "/p/1/functions/f1#filters", Passed: "2 of 3 conditions hold", Status: ui.StatusProps{Icon: "circle-dashed", Word: "Filtered"},
				Clauses: []pages.TraceClause{{Text: "event is purchase", Held: true}, {Text: "plan is enterprise", Was: `"paid"`}, {Text: "email does not contain @example.com (test accounts)", Held: true}}},
			{Function: "Ads API", Href: "/p/1/functions/f1", Version: "v1", Edit: "/p/1/functions/f1#filters", Status: ui.StatusProps{Icon: "pause", Word: "Switched off; it would match"}, Clauses: []pages.TraceClause{{Text: "event is purchase", Held: true}}},
		},
		Others:     []pages.TraceSkip{{Function: "Sign-ups to Slack", Href: "/p/1/functions/f1"}, {Function: "Page views", Href: "/p/1/functions/f1"}},
		Properties: "{\n  \"plan\": \"paid\",\n  \"$current_url\": \"https://shop.example.com/checkout\"\n}",
	}
}
