package viewstest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
)

// pipeline is an order in memory. An order posted with an old version is a
// conflict.
type pipeline struct {
	mu      sync.Mutex
	version int
	steps   []pages.PipelineStep
}

func (s *Server) mountPipeline() {
	p := &pipeline{version: 1, steps: sampleSteps()}
	s.Handle("GET /p/1/pipeline", func(*http.Request) templ.Component {
		p.mu.Lock()
		defer p.mu.Unlock()
		return pages.Pipeline(Shell("Pipeline", "Pipeline"), p.data())
	})
	s.HandleFunc("POST /p/1/pipeline", p.apply)
	s.HandleFunc("POST /p/1/_/pipeline/{id}/enabled", p.toggle)
	// Somebody else changes the order.
	s.HandleFunc("POST /elsewhere", func(http.ResponseWriter, *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.version++
	})
}

func (p *pipeline) data() pages.PipelineData {
	for i := range p.steps {
		step := &p.steps[i]
		step.Position, step.First, step.Last = i+1, i == 0, i == len(p.steps)-1
		step.CanEdit, step.Version = true, 1
	}
	return pages.PipelineData{
		Version: strconv.Itoa(p.version), Apply: "/p/1/pipeline", Ingest: "4.5/min", Destinations: 41, Notifications: 6,
		Steps: slices.Clone(p.steps), CanEdit: true, AddHref: "/p/1/templates?type=transformation",
	}
}

func (p *pipeline) apply(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Form.Get("version") != strconv.Itoa(p.version) {
		Parts(w, r, http.StatusConflict, within("#order-conflict", hx.Inner, pages.PipelineConflict("Jonas changed it 1 min ago.")))
		return
	}
	before := p.order()
	order := r.Form["order"]
	if move := r.Form.Get("move"); move != "" {
		order = moved(before, move)
	}
	slices.SortStableFunc(p.steps, func(a, b pages.PipelineStep) int {
		return slices.Index(order, string(a.ID)) - slices.Index(order, string(b.ID))
	})
	p.version++
	if r.Header.Get("HX-Request") == "" {
		http.Redirect(w, r, "/p/1/pipeline", http.StatusSeeOther)
		return
	}
	undo := []ui.Hidden{{Name: "version", Value: strconv.Itoa(p.version)}}
	for _, id := range before {
		undo = append(undo, ui.Hidden{Name: "order", Value: id})
	}
	Parts(w, r, http.StatusOK,
		within("#order", hx.Morph, pages.PipelineOrder(p.data())),
		within("#toasts", hx.Prepend, ui.Toast(ui.ToastProps{Tone: ui.OK, Text: "Order applied", Undo: "/p/1/pipeline", Fields: undo})))
}

func (p *pipeline) toggle(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.order(), r.PathValue("id"))
	if i < 0 {
		http.NotFound(w, r)
		return
	}
	p.steps[i].On = r.FormValue("enabled") == "true"
	step := p.data().Steps[i]
	Parts(w, r, http.StatusOK,
		within("#step-"+string(step.ID), hx.Morph, pages.PipelineRow(step)),
		within("#toasts", hx.Prepend, ui.Toast(ui.ToastProps{Tone: ui.OK, Text: "Changed " + step.Name})))
}

func (p *pipeline) order() []string {
	ids := make([]string, len(p.steps))
	for i, step := range p.steps {
		ids[i] = string(step.ID)
	}
	return ids
}

// moved applies "id:up" or "id:down".
func moved(order []string, move string) []string {
	id, way, _ := strings.Cut(move, ":")
	out := slices.Clone(order)
	i := slices.Index(out, id)
	j := i - 1
	if way == "down" {
		j = i + 1
	}
	if i >= 0 && j >= 0 && j < len(out) {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func sampleSteps() []pages.PipelineStep {
	var steps []pages.PipelineStep
	for i, s := range []struct {
		name, sub, runs, dropped string
		on                       bool
	}{
		{"Filter bot events", "when any event", "6,536", "2.1 %", true},
		{"GeoIP", "when any event", "6,400", "–", true},
		{"Hash e-mails", "paused 30 Oct by Mira", "–", "–", false},
		{"Remove null properties", "when any event", "6,400", "–", true},
		{"URL cleaner", "when $pageview", "3,821", "–", true},
		{"Flatten properties", "when purchase or refund", "212", "–", true},
		{"Downsample autocapture", "when $autocapture", "1,204", "11.8 %", true},
	} {
		id := fmt.Sprintf("s%d", i+1)
		steps = append(steps, pages.PipelineStep{
			ID: cdp.FunctionID(id), Name: s.name, Href: "/p/1/functions/" + id, Sub: s.sub, On: s.on,
			Runs: s.runs, Dropped: s.dropped, Switch: "/p/1/_/pipeline/" + id + "/enabled",
		})
	}
	return steps
}
