package viewstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"hogpen/views/ui"
)

// mountKit serves a page with every component and what they call.
func (s *Server) mountKit() {
	s.Handle("GET /kit", func(*http.Request) templ.Component { return kit(Shell("Kit", "Metrics"), sampleKit()) })
	s.HandleFunc("POST /p/1/_/hog/check", check)
	s.HandleFunc("GET /p/1/_/hog/complete", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"label":"event.event","type":"variable","detail":"string"},{"label":"fetch","type":"function","detail":"(url, options)"}]`))
	})
	s.HandleFunc("GET /p/1/_/live", live)
}

// check finds one fault: the word "oops".
func check(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-CSRF-Token") != csrf {
		http.Error(w, "no token", http.StatusForbidden)
		return
	}
	found := []map[string]any{}
	for i, line := range strings.Split(r.FormValue("source"), "\n") {
		if at := strings.Index(line, "oops"); at >= 0 {
			column := len([]rune(line[:at])) + 1
			found = append(found, map[string]any{"line": i + 1, "column": column, "end_line": i + 1, "end_column": column + 4,
				"severity": "error", "message": "Unknown variable oops.", "hint": "Did you mean event?"})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"diagnostics": found})
}

// live sends eight lines at once, or those after the given one, and then one
// every tenth of a second.
func live(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	after := 0
	_, _ = fmt.Sscan(r.FormValue("after"), &after)
	for i := after + 1; ; i++ {
		fmt.Fprintf(w, "id: %d\ndata: <tr id=\"line-%d\"><td>line %d</td></tr>\n\n", i, i, i)
		if i < 8 {
			continue
		}
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func sampleKit() kitData {
	d := kitData{
		Outcomes: []ui.Outcome{
			{Name: "succeeded", Class: "series-succeeded", Count: 2778, Href: "?outcome=succeeded"},
			{Name: "failed", Class: "series-failed", Count: 403, Href: "?outcome=failed"},
			{Name: "inputs failed", Class: "series-inputs-failed", Count: 31},
			{Name: "filtered", Class: "series-filtered", Count: 41261},
			{Name: "masked", Class: "series-masked", Count: 327},
		},
		Source: "let url := 'https://hooks.example.com'\n// Only paid plans.\nif (event.properties.plan == 'paid') {\n    let n := 1.5 + length(event.event)\n    fetch(url, {'method': 'POST', 'body': f'{person.name} paid {n}'})\n}\nreturn null",
	}
	d.Chart = ui.ChartProps{
		ID: "chart", Title: "Outcomes over time", Summary: "2,778 succeeded and 403 failed in 7 days.", Legend: true,
		Series:  []ui.Series{{Name: "succeeded", Class: "series-succeeded"}, {Name: "failed", Class: "series-failed"}, {Name: "masked", Class: "series-masked"}},
		Markers: []ui.Marker{{Bucket: 30, Text: "v12 published"}},
	}
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	for i := range 42 {
		at := day.Add(time.Duration(i) * 4 * time.Hour)
		b := ui.Bucket{Label: at.Format("Mon 2 Jan, 15:04"), Href: fmt.Sprintf("/kit?bucket=%d", i), Partial: i == 41}
		if i%6 == 0 {
			b.Tick = at.Format("2 Jan")
		}
		d.Chart.Buckets = append(d.Chart.Buckets, b)
		ok, bad := int64(40+i*7%53), int64(0)
		if i >= 30 {
			bad = int64(10 + i*11%40)
		}
		for n, v := range []int64{ok, bad, int64(i % 9)} {
			d.Chart.Series[n].Values = append(d.Chart.Series[n].Values, v)
		}
	}
	return d
}
