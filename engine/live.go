package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
)

const (
	// liveBuffer is how many items a slow reader may be behind; more are dropped.
	liveBuffer = 256
	// newsBuffer is the same for feeds of events: one brings several news.
	newsBuffer = 2048
	// eventsASecond is how many events a feed tells of (runtime specification
	// 13.4), with as many more at once.
	eventsASecond = 50
	// newsOf is for how many of its last events a feed tells what became of them.
	newsOf = 1000
)

// hub hands what happens to whoever watches. It never waits for a watcher.
type hub struct {
	mu    sync.RWMutex
	subs  map[*subscription]struct{}
	feeds map[*feed]struct{}
	// watched and feeding count subs and feeds: most of the time nobody watches,
	// and that costs no lock.
	watched, feeding atomic.Int32
	missed           atomic.Int64 // items that slow watchers did not get
}

// subscription is one watcher of log entries.
type subscription struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	ch       chan cdp.LogEntry
}

func newHub() *hub {
	return &hub{subs: map[*subscription]struct{}{}, feeds: map[*feed]struct{}{}}
}

// Logs watches the log of a project, or of one of its functions when function is
// not "". Entries come as they happen, in no order between functions; who reads
// too slowly misses some. Call cancel when done: it closes the channel.
func (e *Engine) Logs(project cdp.ProjectID, function cdp.FunctionID) (entries <-chan cdp.LogEntry, cancel func()) {
	h := e.hub
	s := &subscription{project: project, function: function, ch: make(chan cdp.LogEntry, liveBuffer)}
	h.mu.Lock()
	h.subs[s] = struct{}{}
	h.watched.Store(int32(len(h.subs)))
	h.mu.Unlock()
	var once sync.Once
	return s.ch, func() {
		once.Do(func() {
			h.mu.Lock()
			delete(h.subs, s)
			h.watched.Store(int32(len(h.subs)))
			h.mu.Unlock()
			close(s.ch)
		})
	}
}

// showLogs shows entries to whoever watches.
func (e *Engine) showLogs(entries []cdp.LogEntry) {
	if len(entries) == 0 || e.hub.watched.Load() == 0 {
		return
	}
	h := e.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i := range entries {
		for s := range h.subs {
			if s.project != entries[i].Project || s.function != "" && s.function != entries[i].Function {
				continue
			}
			select {
			case s.ch <- entries[i]:
			default:
				h.missed.Add(1)
			}
		}
	}
}

// feed is one watcher of events. It tells of some and of what becomes of these:
// which ones is decided when they come, so that whoever is not told of costs a
// look at the filter and no more.
type feed struct {
	project cdp.ProjectID
	filter  cdp.LiveFilter
	ch      chan cdp.LiveNews

	mu     sync.Mutex
	known  map[string]bool
	order  [newsOf]string // of known, a ring
	next   int
	tokens float64
	filled time.Time
	tally  cdp.LiveTally
}

// Watch opens a feed of a project's events. Under load it tells of some.
func (e *Engine) Watch(project cdp.ProjectID, filter cdp.LiveFilter) cdp.LiveFeed {
	h := e.hub
	f := &feed{project: project, filter: filter, ch: make(chan cdp.LiveNews, newsBuffer), known: map[string]bool{}, tokens: eventsASecond, filled: time.Now()}
	h.mu.Lock()
	h.feeds[f] = struct{}{}
	h.feeding.Store(int32(len(h.feeds)))
	h.mu.Unlock()
	var once sync.Once
	return cdp.LiveFeed{News: f.ch, Tally: f.told, Close: func() {
		once.Do(func() {
			h.mu.Lock()
			delete(h.feeds, f)
			h.feeding.Store(int32(len(h.feeds)))
			h.mu.Unlock()
			close(f.ch)
		})
	}}
}

func (f *feed) told() cdp.LiveTally {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tally
}

// arrive tells feeds of an event, and whether any wants to know what becomes of
// it.
func (h *hub) arrive(ev *cdp.Event) (wanted bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for f := range h.feeds {
		if f.project != ev.Project || !f.filter.Admits(ev.Name, ev.DistinctID) {
			continue
		}
		if f.filter.Function != "" {
			wanted = true // its fate decides
			continue
		}
		if f.admit(h, liveEvent(ev)) {
			wanted = true
		}
	}
	return wanted
}

func liveEvent(ev *cdp.Event) cdp.LiveEvent {
	return cdp.LiveEvent{Project: ev.Project, UUID: ev.UUID, Name: ev.Name, DistinctID: ev.DistinctID, Time: ev.ReceivedAt}
}

// fate tells feeds what became of an event for a function.
func (h *hub) fate(ev cdp.LiveEvent, fate cdp.LiveFate) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for f := range h.feeds {
		if f.project == ev.Project {
			f.fate(h, ev, &fate)
		}
	}
}

func (f *feed) fate(h *hub, ev cdp.LiveEvent, fate *cdp.LiveFate) {
	f.mu.Lock()
	known := f.known[ev.UUID]
	f.mu.Unlock()
	if only := f.filter.Function; only != "" {
		if only != fate.Function || !known && fate.Outcome == cdp.OutcomeFiltered {
			return
		}
		if !known && f.filter.Admits(ev.Name, ev.DistinctID) {
			known = f.admit(h, ev)
		}
	}
	if known {
		f.send(h, cdp.LiveNews{Event: ev, Fate: fate})
	}
}

// admit tells of an event, unless there were many just now.
func (f *feed) admit(h *hub, ev cdp.LiveEvent) bool {
	f.mu.Lock()
	f.tally.Seen++
	now := time.Now()
	f.tokens = min(eventsASecond, f.tokens+now.Sub(f.filled).Seconds()*eventsASecond)
	f.filled = now
	if f.tokens < 1 {
		f.mu.Unlock()
		return false
	}
	f.tokens--
	f.tally.Shown++
	delete(f.known, f.order[f.next])
	f.order[f.next], f.known[ev.UUID] = ev.UUID, true
	f.next = (f.next + 1) % newsOf
	f.mu.Unlock()
	f.send(h, cdp.LiveNews{Event: ev})
	return true
}

func (f *feed) send(h *hub, n cdp.LiveNews) {
	select {
	case f.ch <- n:
	default:
		h.missed.Add(1)
		f.mu.Lock()
		f.tally.Missed++
		f.mu.Unlock()
	}
}
