package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// TopicLetters is the topic of dead letters on their way into the store. They
// take it so that a letter is there, or on its way, from the moment on at which
// the queue forgets what it is of.
const TopicLetters = "letters"

const (
	letterWorkers = 8
	// lookForDead is how often the queue's own dead are looked for; all of them
	// every lookAtAll times, should the clock have jumped back.
	lookForDead = 5 * time.Second
	lookAtAll   = 720
	deadAtOnce  = 200
	// maxReason bounds what a letter says of its reason, in bytes.
	maxReason = 4096
	// toldFilters bounds the functions of which it is remembered that their
	// filter failed in this hour.
	toldFilters = 10_000
)

// Letters keeps dead letters. db.Store is one.
type Letters interface {
	// KeepLetters is durable when it returns; a letter whose ID is there already
	// stays as it is.
	KeepLetters(ctx context.Context, all []cdp.DeadLetter) error
	WaitingLetters(ctx context.Context) (map[string]int64, error)
}

// Dead are the messages that the queue gave up. db.Queue is one.
type Dead interface {
	DeadSince(ctx context.Context, at time.Time, after int64, limit int) ([]queue.Dead, error)
	Revive(ctx context.Context, numbers []int64) (revived []int64, err error)
	Bury(ctx context.Context, numbers []int64) error
}

// letterbox gathers letters between their station and the commit that forgets
// their messages.
type letterbox struct {
	mu      sync.Mutex
	waiting []cdp.DeadLetter
	told    map[string]bool // filters that failed in the hour
	hour    int64
}

// letter is the station of dead letters; settleLetters writes what it gathers.
func (e *Engine) letter(_ context.Context, m queue.Message) ([]queue.Message, error) {
	var l cdp.DeadLetter
	if err := json.Unmarshal(m.Body, &l); err != nil {
		return nil, e.unreadable(m, err)
	}
	e.letters.mu.Lock()
	e.letters.waiting = append(e.letters.waiting, l)
	e.letters.mu.Unlock()
	return nil, nil
}

func (e *Engine) settleLetters(ctx context.Context) error {
	b := &e.letters
	b.mu.Lock()
	all := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	if len(all) == 0 {
		return nil
	}
	err := e.cfg.Letters.KeepLetters(ctx, all)
	if err != nil {
		b.mu.Lock()
		b.waiting = append(all, b.waiting...)
		b.mu.Unlock()
	}
	return err
}

// unreadable is the error of a message that no station can read: the queue sets
// it aside.
func (e *Engine) unreadable(m queue.Message, err error) error {
	e.counters.malformed.Add(1)
	return fmt.Errorf("%w: read %s %s: %w", queue.ErrHopeless, m.Topic, m.ID, err)
}

// post makes the message of a letter.
func post(l cdp.DeadLetter) (queue.Message, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return queue.Message{}, fmt.Errorf("write dead letter %s: %w", l.ID, err)
	}
	return queue.Message{Topic: TopicLetters, Key: l.ID, ID: l.ID, Body: body}, nil
}

// sourceOf tells what a function runs on.
func sourceOf(f *executor.Function) string {
	switch {
	case f.Type == cdp.SourceWebhook:
		return cdp.LetterWebhook
	case f.Type == cdp.InternalDestination:
		return cdp.LetterInternal
	case f.Source() == cdp.SourcePersonUpdates:
		return cdp.LetterPerson
	}
	return cdp.LetterEvent
}

// letterOf gives the letter of a run that has failed, as a message or none: when
// another attempt might have succeeded, and when what it is of is kept nowhere
// else.
func (e *Engine) letterOf(f *executor.Function, inv *cdp.Invocation, res *executor.Result) ([]queue.Message, error) {
	if e.cfg.Letters == nil || !res.Done || res.Outcome != cdp.OutcomeFailed || !res.Hopeful && sourceOf(f) == cdp.LetterEvent {
		return nil, nil
	}
	l := e.letterTo(f, inv, cdp.LetterFailed)
	l.ErrorKind, l.Reason, l.Attempts = res.ErrorKind, res.Error, res.Attempts
	left := res.Remains()
	l.Payload, l.Inputs = left.Payload, left.Inputs
	return posted(l)
}

func (e *Engine) letterTo(f *executor.Function, inv *cdp.Invocation, kind string) cdp.DeadLetter {
	return cdp.DeadLetter{
		ID: string(inv.ID), Project: inv.Project, Function: inv.Function, Version: inv.Version, Mapping: inv.Mapping,
		Kind: kind, Source: sourceOf(f), Run: true, EventUUID: inv.EventUUID, EventName: inv.EventName, DistinctID: inv.DistinctID,
		At: e.now().UTC(),
	}
}

func posted(l cdp.DeadLetter) ([]queue.Message, error) {
	m, err := post(l)
	if err != nil {
		return nil, err
	}
	return []queue.Message{m}, nil
}

// cancelled gives the letter of a cancelled invocation of something that is kept
// nowhere else; f is the function as it is stored, nil when it is gone.
func (e *Engine) cancelled(f *executor.Function, p *executor.Planned, why string) ([]queue.Message, error) {
	if e.cfg.Letters == nil || f == nil || sourceOf(f) == cdp.LetterEvent {
		return nil, nil
	}
	l := e.letterTo(f, &p.Invocation, cdp.LetterCancelled)
	l.ErrorKind, l.Reason, l.Payload = "cancelled", why, e.exec.Remains(p).Payload
	return posted(l)
}

// letterOfInputs adds the letter of inputs that could not be built.
func (h *happening) letterOfInputs(f *executor.Function, fail *executor.Failure) error {
	if h.e.cfg.Letters == nil {
		return nil
	}
	l := h.letter(f, string(fail.Invocation), cdp.LetterInputs)
	l.Mapping, l.Run, l.ErrorKind, l.Reason, l.Payload = fail.Mapping, true, "inputs_failed", fail.Message, fail.Remains.Payload
	return h.send1(l)
}

// letterOfFilter adds the letter of a filter that failed: the first in an hour.
func (h *happening) letterOfFilter(f *executor.Function, reason string) error {
	if h.e.cfg.Letters == nil {
		return nil
	}
	id, first := h.e.letters.firstOf(h.set.project.ID, f.ID, h.e.now())
	if !first {
		return nil
	}
	l := h.letter(f, id, cdp.LetterFiltering)
	l.Mapping = -1
	l.ErrorKind, l.Reason, l.Payload = "filtering_failed", reason, h.scope.Remains(f).Payload
	return h.send1(l)
}

func (h *happening) letter(f *executor.Function, id, kind string) cdp.DeadLetter {
	ev := h.scope.Head()
	return cdp.DeadLetter{
		ID: id, Project: h.set.project.ID, Function: f.ID, Version: f.Version, Kind: kind, Source: sourceOf(f),
		EventUUID: ev.UUID, EventName: ev.Name, DistinctID: ev.DistinctID, At: h.e.now().UTC(),
	}
}

func (h *happening) send1(l cdp.DeadLetter) error {
	m, err := post(l)
	if err == nil {
		h.next = append(h.next, m)
	}
	return err
}

// firstOf gives the ID of the letter of a function's filter in this hour, and
// whether this process has not written it yet.
func (b *letterbox) firstOf(p cdp.ProjectID, f cdp.FunctionID, now time.Time) (id string, first bool) {
	hour := now.Unix() / 3600
	id = fmt.Sprintf("filter-%s-%s", f, time.Unix(hour*3600, 0).UTC().Format("2006010215"))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hour != hour || len(b.told) >= toldFilters {
		b.hour, b.told = hour, map[string]bool{}
	}
	if b.told[id] {
		return id, false
	}
	b.told[id] = true
	return id, true
}

// watchDead writes a letter for each message that the queue gave up. The message
// stays there until it is worked on again.
func (e *Engine) watchDead(ctx context.Context) {
	if e.cfg.Letters == nil || e.cfg.Dead == nil {
		return
	}
	tick := time.NewTicker(e.cfg.LookForDead)
	defer tick.Stop()
	for round := 0; ; round++ {
		if round%lookAtAll == 0 {
			e.lastDead = queue.Dead{}
		}
		if err := e.takeDead(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("messages that the queue gave up were not made dead letters", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) takeDead(ctx context.Context) error {
	for {
		dead, err := e.cfg.Dead.DeadSince(ctx, e.lastDead.At, e.lastDead.Number, deadAtOnce)
		if err != nil || len(dead) == 0 {
			return err
		}
		all := make([]cdp.DeadLetter, len(dead))
		for i := range dead {
			all[i] = e.letterOfDead(&dead[i])
		}
		if err := e.cfg.Letters.KeepLetters(ctx, all); err != nil {
			return err
		}
		e.lastDead = dead[len(dead)-1]
		e.lastDead.Body = nil
	}
}

// letterOfDead tells of a message what can be read of it.
func (e *Engine) letterOfDead(d *queue.Dead) cdp.DeadLetter {
	l := cdp.DeadLetter{
		ID: fmt.Sprintf("queue-%d-%d", d.At.UnixMicro(), d.Number), Kind: cdp.LetterSetAside, Source: cdp.LetterEvent, Mapping: -1,
		ErrorKind: "set_aside", Reason: firstBytes(d.Reason, maxReason), Attempts: d.Attempt, At: d.At.UTC(), QueueID: d.Number,
	}
	switch d.Topic {
	case TopicEvents:
		if ev, err := decodeEvent(d.Body); err == nil {
			tellOfEvent(&l, &ev)
		}
	case TopicInternal:
		var ev cdp.InternalEvent
		if json.Unmarshal(d.Body, &ev) == nil {
			l.Source = cdp.LetterInternal
			tellOfEvent(&l, &ev.Event)
		}
	case TopicPersons:
		var news personNews
		if json.Unmarshal(d.Body, &news) == nil {
			l.Source, l.Project, l.EventUUID, l.EventName, l.DistinctID = cdp.LetterPerson, news.Project, news.UUID, executor.PersonUpdated, news.DistinctID
		}
	case TopicInvocations:
		if inv, _, err := e.decodeInvocation(d.Body); err == nil {
			l.Project, l.Function, l.Version, l.Mapping = inv.Project, inv.Function, inv.Version, inv.Mapping
			l.EventUUID, l.EventName, l.DistinctID = inv.EventUUID, inv.EventName, inv.DistinctID
			l.Payload = e.exec.Remains(&executor.Planned{Invocation: *inv}).Payload
		}
	}
	if p, _, ok := strings.Cut(d.Key, ":"); ok && l.Project == 0 {
		if n, err := strconv.ParseInt(p, 10, 64); err == nil {
			l.Project = cdp.ProjectID(n)
		}
	}
	return l
}

func tellOfEvent(l *cdp.DeadLetter, ev *cdp.Event) {
	l.Project, l.EventUUID, l.EventName, l.DistinctID = ev.Project, ev.UUID, ev.Name, ev.DistinctID
	// Properties that are no JSON are why some messages are here.
	text, err := json.Marshal(map[string]any{"event": map[string]any{
		"uuid": ev.UUID, "event": ev.Name, "distinct_id": ev.DistinctID, "timestamp": ev.Timestamp, "captured_at": ev.ReceivedAt,
		"properties": ev.Properties,
	}})
	if err == nil {
		l.Payload = text
	}
}
