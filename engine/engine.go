package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/engine/fetch"
	"hogpen/queue"
)

// The topics of the queue.
const (
	TopicEvents      = "events"
	TopicInvocations = "invocations"
	TopicPersons     = "persons" // that changed
)

const (
	defaultPoll   = 3 * time.Second
	pollOverlap   = 5 * time.Second
	projectsEvery = 30 * time.Second
	filteredEvery = 5 * time.Second
	defaultGrace  = 20 * time.Second
	// dedupeWindow is how long an event's UUID is remembered at most.
	dedupeWindow = 24 * time.Hour
	// The newest IDs that are remembered against duplicates, times two.
	seenEvents      = 200_000
	seenInvocations = 100_000
)

// Config is what an Engine needs.
type Config struct {
	Queue     queue.Queue
	Functions Source
	Projects  Projects
	Recorder  Recorder
	// States keeps what the watcher knows over a restart; nil forgets it.
	States States
	// Windows keeps the counters of masking over a restart, Memory knows the
	// events of an earlier process; nil forgets them.
	Windows Windows
	Memory  Memory
	// Letters keeps what came to nothing, Dead is what the queue gave up; nil
	// keeps none of them.
	Letters Letters
	Dead    Dead
	// StateChanged is told when the watcher's state of a function changes; it
	// must not block. May be nil.
	StateChanged func(StateChange)
	// Fetch makes the requests of functions: the Do of a fetch.Client.
	Fetch func(ctx context.Context, r fetch.Request) (fetch.Response, error)
	// Sealer opens secret inputs and seals invocations that hold some.
	Sealer cdp.Sealer
	// People keeps persons and groups; nil keeps none, and a person is what an
	// event says.
	People People
	// Places finds the place of an IP address for transformations; nil knows
	// of none.
	Places executor.Places
	// BaseURL is the site's address as people see it, without a closing slash.
	BaseURL string
	// OwnHosts are the host names (with port) at which this site takes events
	// in; fetches to them are watched for loops.
	OwnHosts []string
	// NoEvents and NoInvocations leave a station to other processes.
	NoEvents, NoInvocations bool
	// EventWorkers and InvocationWorkers are how many messages are in hand at
	// once; 0 chooses by the number of processors.
	EventWorkers, InvocationWorkers int
	// Grace is how long Stop lets work in hand go on; 20 s when 0.
	Grace time.Duration
	// PollEvery is how often functions saved by other processes are looked
	// for; 3 s when 0.
	PollEvery time.Duration
	// LookForDead is how often Dead is asked; 5 s when 0.
	LookForDead time.Duration
	// PersonPause is for how long changes of one person are gathered before the
	// functions that wait for them run; 5 s when 0.
	PersonPause time.Duration
	// Backoff replaces the pauses between attempts, for tests.
	Backoff func(attempt int) time.Duration
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // the operator's log; slog.Default when nil
}

// People are the persons and groups that events change; people.People is one.
type People interface {
	executor.People
	// Flush makes durable what events changed until now. Events are forgotten
	// only after it.
	Flush(ctx context.Context) error
}

// Engine is the running pipeline.
type Engine struct {
	cfg      Config
	exec     *executor.Executor
	registry *registry
	batcher  *batcher
	hub      *hub
	masker   *masker
	watcher  *watcher
	counters *counters
	lanes    *lanes
	updates  *updates
	// happenings are pooled; see happening.
	happenings sync.Pool
	parcels    sync.Pool // of what Capture publishes
	events     *seen     // UUIDs of events that went through
	finished   *seen     // IDs of invocations that ended
	letters    letterbox
	lastDead   queue.Dead // that has its letter; watchDead's own
	now        func() time.Time
	log        *slog.Logger

	mu      sync.Mutex
	started bool
	stop    context.CancelFunc // ends the stations
	work    sync.WaitGroup     // stations and polling
	end     context.CancelFunc // ends the recorder, after them
	writing sync.WaitGroup
}

// New makes an Engine that is not started yet.
func New(cfg Config) (*Engine, error) {
	if cfg.Queue == nil || cfg.Functions == nil || cfg.Projects == nil || cfg.Recorder == nil || cfg.Fetch == nil {
		return nil, errors.New("engine: Queue, Functions, Projects, Recorder and Fetch are needed")
	}
	cfg.fill()
	exec, err := executor.New(executor.Config{
		Fetch: cfg.Fetch, Sealer: cfg.Sealer, BaseURL: cfg.BaseURL, OwnHosts: cfg.OwnHosts,
		Places: cfg.Places, Now: cfg.Now, Backoff: cfg.Backoff,
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, exec: exec, hub: newHub(), masker: newMasker(cfg.Now, cfg.Log, cfg.Windows), counters: newCounters(), lanes: newLanes(cfg.InvocationWorkers), updates: newUpdates(cfg.PersonPause),
		events: newSeen(seenEvents), finished: newSeen(seenInvocations), now: cfg.Now, log: cfg.Log,
	}
	e.batcher = newBatcher(cfg.Recorder, cfg.Log, e.counters)
	e.registry = newRegistry(e)
	e.watcher = newWatcher(cfg.Now, cfg.Log, cfg.States, e.stateChanged)
	return e, nil
}

func (c *Config) fill() {
	procs := runtime.GOMAXPROCS(0)
	if c.EventWorkers <= 0 {
		c.EventWorkers = 8 * procs
	}
	if c.InvocationWorkers <= 0 {
		// Nearly all of them wait for an answer; see lanes.
		c.InvocationWorkers = max(256, 32*procs)
	}
	if c.Grace <= 0 {
		c.Grace = defaultGrace
	}
	if c.PersonPause <= 0 {
		c.PersonPause = defaultPersonPause
	}
	if c.LookForDead <= 0 {
		c.LookForDead = lookForDead
	}
	if c.PollEvery <= 0 {
		c.PollEvery = defaultPoll
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// Start loads the functions and begins to work. It returns once the engine is
// up or has failed; an engine is started once.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started {
		return errors.New("engine: started already")
	}
	if err := e.registry.load(ctx); err != nil {
		return err
	}
	if err := e.recall(ctx); err != nil {
		return err
	}
	e.started = true
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	write, end := context.WithCancel(context.WithoutCancel(ctx))
	e.stop, e.end = stop, end
	e.writing.Go(func() { e.batcher.run(write) })
	e.work.Go(func() { e.keepCurrent(work) })
	e.writing.Go(func() { e.watcher.run(write) })
	e.writing.Go(func() { e.masker.run(write) })
	if !e.cfg.NoEvents {
		e.work.Go(func() { e.consume(work, TopicEvents, e.cfg.EventWorkers, true, e.event) })
		e.work.Go(func() { e.consume(work, TopicInternal, internalWorkers, false, e.internal) })
		if e.cfg.People != nil {
			e.work.Go(func() { e.consume(work, TopicPersons, personWorkers, false, e.personUpdated) })
		}
	}
	if e.cfg.Letters != nil {
		e.work.Go(func() { e.consume(work, TopicLetters, letterWorkers, false, e.letter) })
		e.work.Go(func() { e.watchDead(work) })
	}
	if !e.cfg.NoInvocations {
		e.work.Go(func() { e.consume(work, TopicInvocations, e.cfg.InvocationWorkers, false, e.invocation) })
	}
	return nil
}

// recall takes up what an earlier process knew.
func (e *Engine) recall(ctx context.Context) error {
	if err := e.watcher.load(ctx); err != nil {
		return err
	}
	if err := e.masker.load(ctx); err != nil {
		return err
	}
	return e.events.recall(ctx, e.cfg.Memory, e.now())
}

// Stop lets the work in hand end, within the configured grace, writes what is
// left to record, and returns once all goroutines are gone. It may be called
// twice, and without Start.
func (e *Engine) Stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.started || e.stop == nil {
		return
	}
	e.stop()
	e.work.Wait()
	e.registry.countFiltered()
	e.end()
	e.writing.Wait()
	e.stop = nil
}

// consume works on one topic until ctx ends. A carrier that fails is asked
// again after a while: the rest of the house goes on.
func (e *Engine) consume(ctx context.Context, topic string, workers int, ordered bool, s queue.Station) {
	opts := queue.ConsumeOptions{Workers: workers, Ordered: ordered, Grace: e.cfg.Grace}
	if topic == TopicEvents && e.cfg.People != nil {
		opts.Settle = e.cfg.People.Flush
	}
	if topic == TopicLetters {
		opts.Settle = e.settleLetters
	}
	for {
		err := e.cfg.Queue.Consume(ctx, topic, opts, s)
		if err == nil || ctx.Err() != nil {
			return
		}
		e.log.Error("consuming the queue failed", "topic", topic, "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// keepCurrent asks for changes of functions and projects, and writes the
// counts that the index keeps.
func (e *Engine) keepCurrent(ctx context.Context) {
	poll, projects, filtered := time.NewTicker(e.cfg.PollEvery), time.NewTicker(projectsEvery), time.NewTicker(filteredEvery)
	defer poll.Stop()
	defer projects.Stop()
	defer filtered.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			err = e.registry.poll(ctx)
		case <-projects.C:
			err = e.registry.refreshProjects(ctx)
		case <-filtered.C:
			e.registry.countFiltered()
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("the functions were not brought up to date", "error", err)
		}
	}
}

// Capture stores events in the queue and returns when they are durable. Events
// of one project and distinct ID stay in their order. The error is
// Unavailable when the queue is full or cannot store them; then none was
// stored.
func (e *Engine) Capture(ctx context.Context, events []cdp.Event) error {
	if len(events) == 0 {
		return nil
	}
	l, ok := e.parcels.Get().(*parcel)
	if !ok {
		l = new(parcel)
	}
	err := e.cfg.Queue.Publish(ctx, l.write(events)...)
	if l.forget(); cap(l.msgs) <= keptMessages {
		e.parcels.Put(l)
	}
	if err != nil {
		return &cdp.Error{Code: cdp.Unavailable, Message: "transient error, please retry", Cause: fmt.Errorf("store events: %w", err)}
	}
	e.counters.ingested.Add(int64(len(events)))
	return nil
}

// parcel is messages of events; its memory serves again once these are stored.
type parcel struct {
	msgs []queue.Message
	keys []byte
	ends []int // of each key
}

// keptMessages is up to how many messages a parcel is kept.
const keptMessages = 1000

// write makes the messages of events. Their keys share one text.
func (l *parcel) write(events []cdp.Event) []queue.Message {
	l.ends = l.ends[:0]
	for i := range events {
		l.keys = appendKey(l.keys, events[i].Project, ':', events[i].DistinctID)
		l.ends = append(l.ends, len(l.keys))
	}
	at, keys := 0, string(l.keys)
	for i, end := range l.ends {
		l.msgs = append(l.msgs, queue.Message{Topic: TopicEvents, Key: keys[at:end], ID: events[i].UUID, Work: (*arrival)(&events[i])})
		at = end
	}
	return l.msgs
}

func (l *parcel) forget() {
	clear(l.msgs)
	l.msgs, l.keys = l.msgs[:0], l.keys[:0]
}

// eventMessage makes the message of an event, which it refers to until it is
// stored.
func eventMessage(ev *cdp.Event) queue.Message {
	return queue.Message{Topic: TopicEvents, Key: keyOf(ev.Project, ':', ev.DistinctID), ID: ev.UUID, Work: (*arrival)(ev)}
}

// keyOf is a text that is unique to a project.
func keyOf(p cdp.ProjectID, sep byte, id string) string {
	return string(appendKey(make([]byte, 0, 24+len(id)), p, sep, id))
}

func appendKey(b []byte, p cdp.ProjectID, sep byte, id string) []byte {
	return append(append(strconv.AppendInt(b, int64(p), 10), sep), id...)
}

// Reload takes up one function as it is stored now; the next event meets it.
// cdp.Functions.Changed calls it after each commit.
func (e *Engine) Reload(ctx context.Context, project cdp.ProjectID, id cdp.FunctionID) error {
	return e.registry.reload(ctx, project, id)
}

// Version tells which version of a function is live; ok is false when none is.
func (e *Engine) Version(project cdp.ProjectID, id cdp.FunctionID) (version int, ok bool) {
	f := e.registry.Load().projects[project].function(id)
	if f == nil {
		return 0, false
	}
	return f.Version, true
}

// Test runs a function once on a sample event. See executor.Executor.Test.
func (e *Engine) Test(ctx context.Context, req cdp.TestRequest) (cdp.TestResult, error) {
	return e.exec.Test(ctx, req)
}

// Normalized gives a recorded event as destinations saw it: with what follows
// from its properties (runtime specification 1.10), which is not recorded.
func (e *Engine) Normalized(ev cdp.Event) cdp.Event { return e.exec.Normalized(ev) }

// logFor records a log entry that is not part of a run.
func (e *Engine) logFor(p cdp.ProjectID, f cdp.FunctionID, inv cdp.InvocationID, level cdp.Level, message string) {
	e.keepLogs([]cdp.LogEntry{{
		Project: p, Function: f, Invocation: inv, Time: e.now().UTC().Truncate(time.Millisecond), Level: level, Message: message,
	}})
}

func (e *Engine) keepLogs(entries []cdp.LogEntry) {
	if len(entries) == 0 {
		return
	}
	e.batcher.add(cdp.Batch{Logs: entries})
	e.showLogs(entries)
}
