package viewstest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"

	"github.com/a-h/templ"
)

// mountLetters serves dead letters and the live feed.
func (s *Server) mountLetters() {
	show := func(pattern string, c templ.Component) {
		s.Handle(pattern, func(*http.Request) templ.Component { return c })
	}
	show("GET /p/1/dead-letters", pages.DeadLetters(Shell("Dead letters", "Dead letters"), sampleLetters()))
	show("GET /p/1/no-letters", pages.DeadLetters(Shell("Dead letters", "Dead letters"), pages.DeadLettersData{
		Base: "/p/1/dead-letters", Count: "0", Tabs: []ui.Tab{{Label: "Waiting", Href: "/p/1/dead-letters", Count: "0", Current: true}, {Label: "Replayed", Href: "/p/1/dead-letters?replayed=1", Count: "0"}},
		Kinds: []ui.Option{{Label: "Any kind"}}, CanEdit: true,
	}))
	show("GET /p/1/dead-letters/l0", pages.DeadLetter(Shell("purchase", "Dead letters", layout.Crumb{Label: "purchase"}), sampleLetter()))
	show("GET /p/1/live", pages.Live(Shell("Live", "Live"), pages.LiveData{
		Base: "/p/1/live", Functions: []ui.Option{{Label: "Any function"}, {Value: "f1", Label: "HubSpot contacts"}}, Stream: "/p/1/_/live/stream", Events: "/p/1/events",
	}))
	s.HandleFunc("GET /p/1/_/live/stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		var b strings.Builder
		if pages.LiveRows(sampleLive()).Render(r.Context(), &b) != nil {
			return
		}
		for line := range strings.SplitSeq(b.String(), "\n") {
			fmt.Fprintf(w, "data: %s\n", line)
		}
		fmt.Fprint(w, "\nevent: note\ndata: showing 50 of 312/s\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
}

func failed(word string) ui.StatusProps {
	return ui.StatusProps{Tone: ui.Bad, Icon: "circle-x", Word: word}
}

func sampleLetters() pages.DeadLettersData {
	d := pages.DeadLettersData{
		Base: "/p/1/dead-letters", Address: "/p/1/dead-letters", Count: "12,481", Total: 12481, Export: "/export", CanEdit: true, Most: 10000,
		Tabs:  []ui.Tab{{Label: "Waiting", Href: "/p/1/dead-letters", Count: "12,481", Bad: true, Current: true}, {Label: "Replayed", Href: "/p/1/dead-letters?replayed=1", Count: "212"}},
		Kinds: []ui.Option{{Label: "Any kind"}, {Value: "failed", Label: "Failed"}}, Shown: "50 of 12,481", More: "Load 50 more", MoreHref: "/p/1/dead-letters?before=7",
		Jobs: []pages.LetterJob{{ID: "j1", Text: "Replayed 212 of 212.", Done: 212, Total: 212}},
	}
	for i, r := range []pages.LetterRowData{
		{Event: "purchase", Who: "ada@example.com", Function: "HubSpot contacts", Kind: failed("Failed"), Reason: `HTTP fetch failed on attempt 3 with status code 503. Error: {"error":"down for maintenance","retry_after":"2026-11-16T13:00:00Z"}.`},
		{Event: "$pageview", Who: "0195a1f0-7d7e-7000-8000-000000000017", Function: "Warehouse feed with a name that is rather long", Kind: failed("Inputs failed"), Reason: "Could not execute bytecode for input field: body. Global variable not found: plan"},
		{Event: "signed up", Who: "grace@example.com", Function: "Zapier: trial ending", Kind: failed("Filtering failed"), Reason: "Unexpected end of JSON input"},
		{Event: "Webhook request", Who: "", Function: "Stripe in", Kind: ui.StatusProps{Icon: "circle-dashed", Word: "Cancelled"}, Reason: "The watcher stopped this function while this invocation was waiting. It was cancelled.", Replayed: "4 min ago"},
		{Event: "Unreadable message", Who: "", Kind: ui.StatusProps{Tone: ui.Warn, Icon: "octagon-x", Word: "Set aside"}, Reason: "poison: the process ended 5 times with this message in hand"},
	} {
		r.ID, r.At, r.Ago, r.CanEdit = fmt.Sprint("l", i), Now().Add(-time.Duration(i)*time.Minute), fmt.Sprintf("%d min ago", i+1), true
		r.Href, r.FnHref = "/p/1/dead-letters/"+r.ID, "/p/1/functions/f1"
		d.Rows = append(d.Rows, r)
	}
	return d
}

func sampleLetter() pages.LetterData {
	return pages.LetterData{
		ID: "l0", Title: "purchase", Base: "/p/1", Kind: failed("Failed"), Act: "/p/1/dead-letters", CanEdit: true,
		Meaning: "The last attempt failed. Replay it once the other side is up again, or the function is mended.",
		Reason:  `HTTP fetch failed on attempt 3 with status code 503. Error: {"error":"down for maintenance"}.`,
		Facts: []pages.LetterFact{{Name: "When", Value: "16 Nov, 12:04:31.000 UTC, 4 min ago"}, {Name: "Function", Value: "HubSpot contacts, version 8", Href: "/p/1/functions/f1"},
			{Name: "Distinct id", Value: "ada@example.com", Code: true}, {Name: "Event id", Value: "0195a1f0-7d7e-7000-8000-000000000017", Code: true}, {Name: "Attempts", Value: "3"}},
		Payload: "{\n  \"event\": {\n    \"uuid\": \"0195a1f0-7d7e-7000-8000-000000000017\",\n    \"event\": \"purchase\",\n    \"properties\": {\n      \"plan\": \"paid\",\n      \"total\": 99\n    }\n  }\n}",
		Inputs:  "{\n  \"url\": \"https://api.example.com/contacts\",\n  \"token\": \"***REDACTED***\"\n}",
		Event:   "/p/1/events/e1", Logs: "/p/1/functions/f1/logs?run=r1", Again: "/p/1/functions/f1/logs?run=r2", Replayed: "2 min ago",
	}
}

func sampleLive() []pages.LiveRowData {
	ok := ui.StatusProps{Tone: ui.OK, Icon: "circle-check", Word: "Succeeded"}
	quiet := ui.StatusProps{Icon: "circle-dashed", Word: "Filtered"}
	var rows []pages.LiveRowData
	for i, r := range []pages.LiveRowData{
		{Name: "purchase", Who: "ada@example.com", Fates: []pages.LiveFateData{{Function: "HubSpot contacts", Status: failed("Failed"), Note: "3.1 s, 4 lines"}, {Function: "Slack: paid signups", Status: ok, Note: "118 ms, 2 lines"}, {Function: "Warehouse feed", Status: quiet}}},
		{Name: "$pageview", Who: "0195a1f0-7d7e-7000-8000-000000000017", Fates: []pages.LiveFateData{{Function: "URL cleaner", Status: ok, Note: "41 µs"}, {Function: "A function with a name that is rather long", Status: ui.StatusProps{Tone: ui.Info, Icon: "clock", Word: "Triggered"}}}, More: 7},
		{Name: "signed up", Who: "grace@example.com"},
		{Name: "$autocapture", Who: "bot-7", Fates: []pages.LiveFateData{{Function: "Filter bot events", Status: ui.StatusProps{Icon: "trash-2", Word: "Dropped"}}}},
	} {
		r.UUID, r.Time = fmt.Sprint("e", i), Now().Add(time.Duration(i)*311*time.Millisecond)
		r.Clock, r.Href = r.Time.Format("15:04:05.000"), "/p/1/events/e1"
		for j := range r.Fates {
			r.Fates[j].Href = "/p/1/functions/f1"
		}
		rows = append(rows, r)
	}
	return rows
}
