package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/web/respond"
	"hogpen/web/session"
)

const (
	// liveStep is how often a live feed sends what is new: a row is rendered once
	// for all that became of its event meanwhile.
	liveStep = 200 * time.Millisecond
	// liveNote is how often it tells how much of the traffic it shows.
	liveNote = time.Second
	// liveEvents bounds the events of which a feed remembers the row, liveFates
	// the functions that a row names.
	liveEvents = 500
	liveFates  = 12
	// liveFunctions is how many functions the filter offers.
	liveFunctions = 500
)

// readLiveFilter reads which events the address asks for.
func readLiveFilter(c *fiber.Ctx) cdp.LiveFilter {
	return cdp.LiveFilter{
		Event: strings.TrimSpace(c.Query("event")), DistinctID: strings.TrimSpace(c.Query("distinct_id")), Function: cdp.FunctionID(c.Query("function")),
	}
}

func liveValues(f cdp.LiveFilter) url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"event": f.Event, "distinct_id": f.DistinctID, "function": string(f.Function)} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// Live is GET /p/:pid/live: events as they come (runtime specification 13.4).
func (h *Handler) Live(c *fiber.Ctx) error {
	f := readLiveFilter(c)
	v := liveValues(f)
	on := true
	page, err := h.c.Store.Functions(c.UserContext(), cdp.FunctionQuery{Project: session.Project(c).ID, Enabled: &on, Sort: "name", Limit: liveFunctions})
	if err != nil {
		return err
	}
	d := pages.LiveData{
		Base: base(c) + "/live", Event: f.Event, DistinctID: f.DistinctID, Function: string(f.Function), Functions: []ui.Option{{Label: "Any function"}},
		Stream: address(base(c)+"/_/live/stream", v), Filtered: len(v) > 0, Events: base(c) + "/events",
	}
	for _, fn := range page.Functions {
		d.Functions = append(d.Functions, ui.Option{Value: string(fn.ID), Label: fn.Title()})
	}
	s, err := h.shell(c, "Live", "Live")
	if err != nil {
		return err
	}
	return respond.Page(c, pages.Live(s, d), "live")
}

// LiveStream is GET /p/:pid/_/live/stream.
func (h *Handler) LiveStream(c *fiber.Ctx) error {
	project, home, filter := session.Project(c).ID, base(c), readLiveFilter(c)
	return respond.Stream(c, func(ctx context.Context) (<-chan respond.Message, error) {
		out := make(chan respond.Message)
		s := &liveStream{h: h, project: project, home: home, out: out, rows: map[string]*liveRow{}, names: map[cdp.FunctionID]string{}}
		go s.run(ctx, filter)
		return out, nil
	})
}

// liveStream is one reader of a live feed: it gathers news into rows.
type liveStream struct {
	h       *Handler
	project cdp.ProjectID
	home    string
	out     chan<- respond.Message
	rows    map[string]*liveRow // by UUID
	order   []string            // of rows, oldest first
	changed []*liveRow          // since the last step
	names   map[cdp.FunctionID]string
	before  cdp.LiveTally
}

type liveRow struct {
	event cdp.LiveEvent
	fates []cdp.LiveFate // the last of each function
	dirty bool
}

func (s *liveStream) run(ctx context.Context, filter cdp.LiveFilter) {
	defer close(s.out)
	feed := s.h.c.Live.Watch(s.project, filter)
	defer feed.Close()
	step, note := time.NewTicker(liveStep), time.NewTicker(liveNote)
	defer step.Stop()
	defer note.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case n, ok := <-feed.News:
			if !ok {
				return
			}
			s.take(n)
		case <-step.C:
			err = s.send(ctx)
		case <-note.C:
			err = s.tell(ctx, feed.Tally())
		}
		if err != nil {
			if ctx.Err() == nil {
				s.h.log.Error("live feed", "error", err)
			}
			return
		}
	}
}

// take puts news into its row.
func (s *liveStream) take(n cdp.LiveNews) {
	r := s.rows[n.Event.UUID]
	if r == nil {
		if n.Fate != nil {
			return // of an event that was long ago
		}
		r = &liveRow{event: n.Event}
		s.rows[n.Event.UUID] = r
		s.order = append(s.order, n.Event.UUID)
		if len(s.order) > liveEvents {
			delete(s.rows, s.order[0])
			s.order = s.order[1:]
		}
	}
	if n.Fate != nil {
		r.put(*n.Fate)
	}
	if !r.dirty {
		r.dirty = true
		s.changed = append(s.changed, r)
	}
}

// put keeps the newest fate of each function, the last one first of all that
// matter: what was filtered stands at the end.
func (r *liveRow) put(f cdp.LiveFate) {
	for i := range r.fates {
		old := &r.fates[i]
		if old.Function == f.Function && (old.Invocation == f.Invocation || old.Invocation == "" || f.Invocation == "") {
			f.Logs += old.Logs
			f.Duration = max(f.Duration, old.Duration)
			*old = f
			return
		}
	}
	r.fates = append(r.fates, f)
}

func (s *liveStream) send(ctx context.Context) error {
	if len(s.changed) == 0 {
		return nil
	}
	if err := s.learnNames(ctx); err != nil {
		return err
	}
	rows := make([]pages.LiveRowData, len(s.changed))
	for i, r := range s.changed {
		r.dirty = false
		rows[i] = s.row(r)
	}
	s.changed = s.changed[:0]
	return s.say(ctx, respond.Message{HTML: pages.LiveRows(rows)})
}

func (s *liveStream) say(ctx context.Context, m respond.Message) error {
	select {
	case s.out <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tell says how much of the traffic is shown.
func (s *liveStream) tell(ctx context.Context, now cdp.LiveTally) error {
	seen, shown := now.Seen-s.before.Seen, now.Shown-s.before.Shown
	s.before = now
	text := ""
	if seen > 0 {
		text = fmt.Sprintf("%s/s", ui.Exact(seen))
	}
	if shown < seen {
		text = fmt.Sprintf("showing %s of %s/s", ui.Exact(shown), ui.Exact(seen))
	}
	if now.Missed > 0 {
		text += fmt.Sprintf(", %s left out since your connection is slow", ui.Exact(now.Missed))
	}
	return s.say(ctx, respond.Message{Event: "note", Data: text})
}

// learnNames asks for the names of functions that are new here.
func (s *liveStream) learnNames(ctx context.Context) error {
	var ids []cdp.FunctionID
	for _, r := range s.changed {
		for i := range r.fates {
			if id := r.fates[i].Function; s.names[id] == "" {
				s.names[id] = "A deleted function"
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	names, err := s.h.c.Store.FunctionNames(ctx, s.project, ids)
	for id, name := range names {
		s.names[id] = cmp.Or(name, "Untitled")
	}
	return err
}

func (s *liveStream) row(r *liveRow) pages.LiveRowData {
	out := pages.LiveRowData{
		UUID: r.event.UUID, Time: r.event.Time, Clock: r.event.Time.UTC().Format("15:04:05.000"), Name: cmp.Or(r.event.Name, "(no name)"),
		Href: s.home + "/events/" + url.PathEscape(r.event.UUID), Who: r.event.DistinctID,
	}
	// What ran comes before what was only filtered out.
	for _, quiet := range []bool{false, true} {
		for i := range r.fates {
			if f := &r.fates[i]; (f.Outcome == cdp.OutcomeFiltered) == quiet {
				if len(out.Fates) == liveFates {
					out.More++
					continue
				}
				out.Fates = append(out.Fates, s.fate(f))
			}
		}
	}
	return out
}

func (s *liveStream) fate(f *cdp.LiveFate) pages.LiveFateData {
	home := s.home + "/functions/" + string(f.Function)
	out := pages.LiveFateData{Function: s.names[f.Function], Href: home, Status: fateStatus(f.Outcome)}
	if f.Invocation != "" {
		out.Href = home + "/logs?run=" + url.QueryEscape(string(f.Invocation))
	}
	if f.Duration > 0 {
		out.Note = ui.Took(f.Duration)
	}
	if f.Logs > 0 {
		out.Note = strings.TrimPrefix(fmt.Sprintf("%s, %d %s", out.Note, f.Logs, ui.Plural(int64(f.Logs), "line", "lines")), ", ")
	}
	return out
}

// fateStatus is an outcome in words.
func fateStatus(o cdp.Outcome) ui.StatusProps {
	switch o {
	case cdp.OutcomeTriggered:
		return ui.StatusProps{Tone: ui.Info, Icon: "clock", Word: "Triggered"}
	case cdp.OutcomeRetried:
		return ui.StatusProps{Tone: ui.Warn, Icon: "refresh-cw", Word: "Retrying"}
	case cdp.OutcomeFiltered:
		return ui.StatusProps{Icon: "circle-dashed", Word: "Filtered"}
	case cdp.OutcomeMasked:
		return ui.StatusProps{Icon: "circle-dashed", Word: "Masked"}
	case cdp.OutcomeDisabled:
		return ui.StatusProps{Tone: ui.Bad, Icon: "octagon-x", Word: "Stopped"}
	case cdp.OutcomeReplayed:
		return ui.StatusProps{Tone: ui.Info, Icon: "undo-2", Word: "Replayed"}
	}
	return runStatus(string(o))
}
