package engine

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync"
	"time"

	"hogpen/cdp"
)

// seen remembers keys for a while: the newest ones, in two generations, so
// that forgetting costs nothing.
//
// Events of an earlier process are known from what was recorded of them, so
// that remembering them costs nothing while they pass. A message may still be
// in the queue whose event was recorded: the process died before the queue
// knew. So what was recorded holds only against events that were received
// since this process began.
type seen struct {
	mu       sync.Mutex
	size     int // of one generation
	seeds    [2]maphash.Seed
	now, old map[trace]struct{}
	before   map[trace]struct{} // of an earlier process
	began    time.Time
}

// Memory tells which events an earlier process recorded. db.Store is one.
type Memory interface {
	// NewestEvents gives up to most events received after an instant, newest
	// first.
	NewestEvents(ctx context.Context, after time.Time, most int, each func(cdp.ProjectID, string)) error
}

// recall fills in the events of an earlier process.
func (s *seen) recall(ctx context.Context, m Memory, now time.Time) error {
	s.began = now
	if m == nil {
		return nil
	}
	before := map[trace]struct{}{}
	err := m.NewestEvents(ctx, now.Add(-dedupeWindow), s.size, func(p cdp.ProjectID, uuid string) {
		before[s.traceOf(p, uuid)] = struct{}{}
	})
	if err != nil {
		return fmt.Errorf("recall the newest events: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
	return nil
}

// again reports whether an event that was received at an instant was here
// before.
func (s *seen) again(key trace, received time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.knows(key) {
		return true
	}
	if s.before == nil || received.Before(s.began) {
		return false
	}
	if received.Sub(s.began) > dedupeWindow { // their time is over
		s.before = nil
	}
	_, ok := s.before[key]
	return ok
}

// recorded reports whether an earlier process recorded an event, and counted
// what it led to in the same transaction: it may have died before the queue
// knew, and the event is worked on again, but must not count twice.
func (s *seen) recorded(key trace) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.before[key]
	return ok
}

// trace stands for a key: two hashes of it, a fifth of what a text costs. Their
// seeds are of this process, so nobody can make two keys meet.
type trace [2]uint64

func (s *seen) trace(key string) trace {
	return trace{maphash.String(s.seeds[0], key), maphash.String(s.seeds[1], key)}
}

// traceOf is the trace of an event.
func (s *seen) traceOf(p cdp.ProjectID, uuid string) trace {
	var room [64]byte
	key := append(append(strconv.AppendInt(room[:0], int64(p), 10), '/'), uuid...)
	return trace{maphash.Bytes(s.seeds[0], key), maphash.Bytes(s.seeds[1], key)}
}

func newSeen(size int) *seen {
	return &seen{size: size, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, now: make(map[trace]struct{}), old: make(map[trace]struct{})}
}

func (s *seen) has(key trace) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knows(key)
}

// knows needs mu.
func (s *seen) knows(key trace) bool {
	if _, ok := s.now[key]; ok {
		return true
	}
	_, ok := s.old[key]
	return ok
}

func (s *seen) add(key trace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= s.size {
		s.old, s.now = s.now, make(map[trace]struct{}, s.size)
	}
	s.now[key] = struct{}{}
}
