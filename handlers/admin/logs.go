package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/layout"
	"hogpen/views/pages"
	"hogpen/views/ui"
	"hogpen/views/ui/hx"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// linesAtOnce is how many lines a page of the log shows.
const linesAtOnce = 100

// logRanges are the time ranges of the log with the step of their histogram.
var logRanges = []struct {
	value, label string
	length, step time.Duration
}{
	{"15m", "Last 15 min", 15 * time.Minute, 15 * time.Second},
	{"1h", "Last hour", time.Hour, time.Minute},
	{"12h", "Last 12 h", 12 * time.Hour, 15 * time.Minute},
	{"24h", "Last 24 h", day, 30 * time.Minute},
	{"7d", "Last 7 d", 7 * day, 3 * time.Hour},
}

var logLevels = []cdp.Level{cdp.LevelError, cdp.LevelWarn, cdp.LevelInfo, cdp.LevelDebug}

// logView is what the address of a log asks for.
type logView struct {
	q, run, span string
	levels       []cdp.Level
	length, step time.Duration
	before       time.Time // older than this instant, …
	beforeSeq    int64     // … or of it with a smaller number
}

func readLogView(c *fiber.Ctx) logView {
	v := logView{q: strings.TrimSpace(c.Query("q")), run: c.Query("run"), span: "24h", length: day, step: 30 * time.Minute}
	for _, r := range logRanges {
		if r.value == c.Query("range") {
			v.span, v.length, v.step = r.value, r.length, r.step
		}
	}
	for _, raw := range c.Context().QueryArgs().PeekMulti("level") {
		if l := cdp.Level(raw); slices.Contains(logLevels, l) {
			v.levels = append(v.levels, l)
		}
	}
	if at, seq, ok := strings.Cut(c.Query("before"), "-"); ok {
		us, err1 := strconv.ParseInt(at, 10, 64)
		n, err2 := strconv.ParseInt(seq, 10, 64)
		if err1 == nil && err2 == nil {
			v.before, v.beforeSeq = time.UnixMicro(us).UTC(), n
		}
	}
	return v
}

// values are the query of the view without a cursor, defaults left out.
func (v logView) values() url.Values {
	out := url.Values{}
	if v.q != "" {
		out.Set("q", v.q)
	}
	if v.run != "" {
		out.Set("run", v.run)
	}
	if v.span != "24h" {
		out.Set("range", v.span)
	}
	for _, l := range v.levels {
		out.Add("level", string(l))
	}
	return out
}

func address(base string, v url.Values) string {
	if len(v) == 0 {
		return base
	}
	return base + "?" + v.Encode()
}

// FunctionLogs is GET /p/:pid/functions/:id/logs.
func (h *Handler) FunctionLogs(c *fiber.Ctx) error {
	f, err := h.functionOf(c)
	if err != nil {
		return err
	}
	head, err := h.head(c, f, "Logs")
	if err != nil {
		return err
	}
	s, err := h.functionShell(c, f, "Logs")
	if err != nil {
		return err
	}
	return h.showLogs(c, s, f.ID, &head)
}

// ProjectLogs is GET /p/:pid/logs.
func (h *Handler) ProjectLogs(c *fiber.Ctx) error {
	s, err := h.shell(c, "Logs", "Logs")
	if err != nil {
		return err
	}
	return h.showLogs(c, s, "", nil)
}

func (h *Handler) showLogs(c *fiber.Ctx, s layout.Shell, f cdp.FunctionID, head *pages.FunctionHeadData) error {
	v := readLogView(c)
	rows, more, err := h.logRows(c, v, f)
	if err != nil {
		return err
	}
	page := c.Path()
	href := ""
	if more != "" {
		next := v.values()
		next.Set("before", more)
		href = address(page, next)
	}
	if !v.before.IsZero() && respond.Partial(c) {
		if err := respond.Part(c, pages.LogRows(rows)); err != nil {
			return err
		}
		return respond.Places(c, respond.Place{Selector: "#log-more", Swap: hx.Morph, Content: pages.LogMore(href, logEdge(href))})
	}
	d := pages.LogsData{
		Head: head, Base: page, Query: v.q, Run: v.run, Range: v.span, Rows: rows, More: href, Edge: logEdge(href),
		Filtered: v.q != "" || v.run != "" || len(v.levels) > 0, Clear: page,
	}
	for _, r := range logRanges {
		d.Ranges = append(d.Ranges, ui.Option{Value: r.value, Label: r.label})
	}
	if err := h.logSummary(c, v, f, &d); err != nil {
		return err
	}
	if err := h.logStream(c, v, f, &d); err != nil {
		return err
	}
	return respond.Page(c, pages.Logs(s, d), "logs")
}

func logEdge(more string) string {
	if more != "" {
		return ""
	}
	return "That is all in this range."
}

func (v logView) query(c *fiber.Ctx, now time.Time, f cdp.FunctionID) cdp.LogQuery {
	return cdp.LogQuery{
		Project: session.Project(c).ID, Function: f, Invocation: cdp.InvocationID(v.run), After: now.Add(-v.length), Levels: v.levels, Search: v.q,
	}
}

// logRows reads a page of lines and the cursor of the next one. Lines of one
// instant are told apart by their number, so that none is left out or shown
// twice however many there are.
func (h *Handler) logRows(c *fiber.Ctx, v logView, f cdp.FunctionID) ([]pages.LogRowData, string, error) {
	q := v.query(c, h.now(), f)
	q.Limit = linesAtOnce + 1
	if !v.before.IsZero() {
		q.Before, q.Limit = v.before.Add(time.Microsecond), 2*linesAtOnce+1
	}
	entries, err := h.c.Store.Logs(c.UserContext(), q)
	if err != nil {
		return nil, "", err
	}
	entries = slices.DeleteFunc(entries, func(e cdp.LogEntry) bool { return e.Time.Equal(v.before) && e.Seq >= v.beforeSeq })
	more := ""
	if len(entries) > linesAtOnce {
		entries = entries[:linesAtOnce]
		last := entries[len(entries)-1]
		more = fmt.Sprintf("%d-%d", last.Time.UnixMicro(), last.Seq)
	}
	names, err := h.namesIn(c.UserContext(), session.Project(c).ID, f, entries)
	if err != nil {
		return nil, "", err
	}
	out := make([]pages.LogRowData, len(entries))
	for i, e := range entries {
		out[i] = h.logRow(base(c), f, e, names)
	}
	return out, more, nil
}

// namesIn gives the names of the functions that wrote entries, for a page that
// shows those of several.
func (h *Handler) namesIn(ctx context.Context, p cdp.ProjectID, f cdp.FunctionID, entries []cdp.LogEntry) (map[cdp.FunctionID]string, error) {
	if f != "" {
		return nil, nil
	}
	var ids []cdp.FunctionID
	for _, e := range entries {
		ids = append(ids, e.Function)
	}
	slices.Sort(ids)
	return h.c.Store.FunctionNames(ctx, p, slices.Compact(ids))
}

func (h *Handler) logRow(base string, f cdp.FunctionID, e cdp.LogEntry, names map[cdp.FunctionID]string) pages.LogRowData {
	at := e.Time.UTC()
	page := base + "/functions/" + string(e.Function) + "/logs"
	r := pages.LogRowData{ID: fmt.Sprintf("log-%d", e.Seq), Time: at, Clock: at.Format("15:04:05.000"), Level: string(e.Level), Message: e.Message}
	if now := h.now().UTC(); at.YearDay() != now.YearDay() || at.Year() != now.Year() {
		r.Day = at.Format("2 Jan")
	}
	if id := string(e.Invocation); id != "" {
		r.Run, r.RunHref = shortID(id), page+"?run="+url.QueryEscape(id)
	}
	if f == "" {
		r.Function, r.FnHref = cmp.Or(names[e.Function], "A deleted function"), page
	}
	return r
}

// shortID is what tells ids of one day apart: the end, since the beginning of
// those made one after the other is a time.
func shortID(id string) string {
	if len(id) > 8 {
		return id[len(id)-8:]
	}
	return id
}

// logSummary counts lines by level and over time.
func (h *Handler) logSummary(c *fiber.Ctx, v logView, f cdp.FunctionID, d *pages.LogsData) error {
	ctx := c.UserContext()
	q := v.query(c, h.now(), f)
	q.Before = h.now().Add(time.Second)
	all := q
	all.Levels = nil
	counts, err := h.c.Store.LogCounts(ctx, all)
	if err != nil {
		return err
	}
	for _, l := range logLevels {
		d.Levels = append(d.Levels, pages.LogLevel{Name: string(l), Count: ui.Count(counts[l]), Checked: slices.Contains(v.levels, l)})
	}
	series, err := h.c.Store.LogHistogram(ctx, q, v.step)
	if err != nil {
		return err
	}
	d.Chart, d.Counts = logChart(series, v.step)
	if v.run != "" {
		runs, err := h.c.Store.Runs(ctx, cdp.RunQuery{Project: q.Project, Search: v.run, Limit: 1})
		if err != nil {
			return err
		}
		if len(runs) > 0 {
			d.Event = base(c) + "/events/" + runs[0].EventUUID
		}
	}
	return nil
}

func logChart(s cdp.Series, step time.Duration) (ui.ChartProps, string) {
	chart := ui.ChartProps{ID: "lines", Title: "Log lines over time", Unit: "lines", Height: 56}
	format := "15:04"
	if step >= time.Hour {
		format = "2 Jan 15:04"
	}
	every := max(1, len(s.Buckets)/6)
	for i, at := range s.Buckets {
		b := ui.Bucket{Label: at.Format(format) + " to " + at.Add(step).Format("15:04"), Partial: i == 0 || i == len(s.Buckets)-1}
		if i%every == 0 && i < len(s.Buckets)-every/2 {
			b.Tick = at.Format(format)
		}
		chart.Buckets = append(chart.Buckets, b)
	}
	total, words := int64(0), []string(nil)
	for _, l := range []cdp.Level{cdp.LevelDebug, cdp.LevelInfo, cdp.LevelWarn, cdp.LevelError} {
		i := slices.IndexFunc(s.Lines, func(x cdp.SeriesLine) bool { return x.Name == string(l) })
		if i < 0 {
			continue
		}
		chart.Series = append(chart.Series, ui.Series{Name: string(l), Class: "series-" + levelSeries(l), Values: s.Lines[i].Values})
		n := sum(s.Lines[i].Values)
		total += n
		if l == cdp.LevelError || l == cdp.LevelWarn {
			words = append(words, ui.Exact(n)+" "+ui.Plural(n, string(l), map[cdp.Level]string{cdp.LevelWarn: "warnings", cdp.LevelError: "errors"}[l]))
		}
	}
	text := ui.Exact(total) + " " + ui.Plural(total, "line", "lines")
	if len(words) > 0 {
		text += ", " + strings.Join(words, ", ")
	}
	chart.Summary = text + "."
	return chart, text
}

func levelSeries(l cdp.Level) string {
	if l == cdp.LevelError {
		return "failed"
	}
	return string(l)
}

// logStream gives the page the address of its live end, unless it shows an
// older part of the log.
func (h *Handler) logStream(c *fiber.Ctx, v logView, f cdp.FunctionID, d *pages.LogsData) error {
	if !v.before.IsZero() {
		return nil
	}
	last, err := h.c.Store.LastLogSeq(c.UserContext())
	if err != nil {
		return err
	}
	q := v.values()
	q.Del("range")
	if f != "" {
		q.Set("function", string(f))
	}
	q.Set("after", strconv.FormatInt(last, 10))
	d.Stream = address(base(c)+"/_/logs/stream", q)
	return nil
}

// LogStream is GET /p/:pid/_/logs/stream: lines as they are stored, each with
// its number, so that a stream that broke goes on where it was.
func (h *Handler) LogStream(c *fiber.Ctx) error {
	f := cdp.FunctionID(c.Query("function"))
	if f != "" {
		if _, err := h.c.Store.Function(c.UserContext(), session.Project(c).ID, f); err != nil {
			return err
		}
	}
	v := readLogView(c)
	q := v.query(c, h.now(), f)
	q.After = time.Time{}
	after, err := strconv.ParseInt(cmp.Or(respond.LastEventID(c), c.Query("after")), 10, 64)
	if err != nil {
		if after, err = h.c.Store.LastLogSeq(c.UserContext()); err != nil {
			return err
		}
	}
	q.Tail, q.AfterSeq, q.Limit = true, max(after, 0), linesPerStep
	home := base(c)
	return respond.Stream(c, func(ctx context.Context) (<-chan respond.Message, error) {
		out := make(chan respond.Message)
		go h.tail(ctx, home, q, out)
		return out, nil
	})
}

const (
	// linesPerStep bounds how many lines one look reads; the next follows soon.
	linesPerStep = 200
	// settle is how long after a line was written it is looked for in the
	// store, which writes in batches.
	settle = 600 * time.Millisecond
	// lookAnyway is for lines of which no notice came, as from another process.
	lookAnyway = 5 * time.Second
)

// tail sends stored lines until ctx ends: soon after the engine says that
// there are some, and now and then anyway.
func (h *Handler) tail(ctx context.Context, home string, q cdp.LogQuery, out chan<- respond.Message) {
	defer close(out)
	entries, cancel := h.c.Live.Logs(q.Project, q.Function)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	waiting := true
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-entries:
			if !ok {
				entries = nil
			} else if !waiting {
				waiting = true
				timer.Reset(settle)
			}
			continue
		case <-timer.C:
		}
		more, err := h.sendNew(ctx, home, &q, out)
		if err != nil {
			if ctx.Err() == nil {
				h.log.Error("live log", "error", err)
			}
			return
		}
		waiting = more
		if more {
			timer.Reset(settle)
		} else {
			timer.Reset(lookAnyway)
		}
	}
}

// sendNew sends what is newer than q.AfterSeq and moves that on; true when
// there was a full batch, so that there may be more.
func (h *Handler) sendNew(ctx context.Context, home string, q *cdp.LogQuery, out chan<- respond.Message) (bool, error) {
	entries, err := h.c.Store.Logs(ctx, *q)
	if err != nil {
		return false, err
	}
	names, err := h.namesIn(ctx, q.Project, q.Function, entries)
	if err != nil {
		return false, err
	}
	if q.AfterSeq == 0 { // nothing was written yet, so these are in the log's own order
		slices.SortFunc(entries, func(a, b cdp.LogEntry) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	full := len(entries) == q.Limit
	for _, e := range entries {
		m := respond.Message{ID: strconv.FormatInt(e.Seq, 10), HTML: pages.LogRow(h.logRow(home, q.Function, e, names))}
		select {
		case out <- m:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		q.AfterSeq = e.Seq
	}
	return full, nil
}
