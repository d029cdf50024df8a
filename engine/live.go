package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"hogpen/cdp"
)

// LiveItem is one thing that just happened: a log entry, or what became of an
// event for a function. Exactly one of the two is there.
type LiveItem struct {
	Log     *cdp.LogEntry
	Outcome *LiveOutcome
}

// LiveOutcome is what became of one event for one function.
type LiveOutcome struct {
	Project    cdp.ProjectID
	Function   cdp.FunctionID
	Invocation cdp.InvocationID // "" when there was none
	EventUUID  string
	EventName  string
	DistinctID string
	Time       time.Time
	Outcome    cdp.Outcome
	Duration   time.Duration
}

// liveBuffer is how many items a slow reader may be behind; more are dropped.
const liveBuffer = 256

// hub hands what happens to whoever watches. It never waits for a watcher.
type hub struct {
	mu   sync.RWMutex
	subs map[*subscription]struct{}
	// missed counts items that slow watchers did not get.
	missed atomic.Int64
}

type subscription struct {
	project  cdp.ProjectID
	function cdp.FunctionID
	ch       chan LiveItem
}

func newHub() *hub { return &hub{subs: map[*subscription]struct{}{}} }

func (h *hub) subscribe(p cdp.ProjectID, f cdp.FunctionID) (<-chan LiveItem, func()) {
	s := &subscription{project: p, function: f, ch: make(chan LiveItem, liveBuffer)}
	h.mu.Lock()
	h.subs[s] = struct{}{}
	h.mu.Unlock()
	var once sync.Once
	return s.ch, func() {
		once.Do(func() {
			h.mu.Lock()
			delete(h.subs, s)
			h.mu.Unlock()
			close(s.ch)
		})
	}
}

// watched reports whether anybody listens at all.
func (h *hub) watched() bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.subs) > 0
}

func (h *hub) publish(p cdp.ProjectID, f cdp.FunctionID, item LiveItem) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for s := range h.subs {
		if s.project != p || s.function != "" && s.function != f {
			continue
		}
		select {
		case s.ch <- item:
		default:
			h.missed.Add(1)
		}
	}
}

// Subscribe watches a project, or one of its functions when function is not
// "". Items come as they happen, in no order between functions; who reads too
// slowly misses some. Call cancel when done: it closes the channel.
func (e *Engine) Subscribe(project cdp.ProjectID, function cdp.FunctionID) (items <-chan LiveItem, cancel func()) {
	return e.hub.subscribe(project, function)
}
