package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
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
	now, old map[mark]struct{}
	before   map[mark]struct{} // of an earlier process
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
	before := map[mark]struct{}{}
	err := m.NewestEvents(ctx, now.Add(-dedupeWindow), s.size, func(p cdp.ProjectID, uuid string) {
		before[markOf(eventKey(p, uuid))] = struct{}{}
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
func (s *seen) again(text string, received time.Time) bool {
	key := markOf(text)
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

func eventKey(p cdp.ProjectID, uuid string) string {
	return strconv.FormatInt(int64(p), 10) + "/" + uuid
}

// mark stands for a key: 16 bytes of its hash, a fifth of what a text costs.
type mark [16]byte

func markOf(key string) mark {
	sum := sha256.Sum256([]byte(key))
	return mark(sum[:16])
}

func newSeen(size int) *seen {
	return &seen{size: size, now: make(map[mark]struct{}), old: make(map[mark]struct{})}
}

func (s *seen) has(text string) bool {
	key := markOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.knows(key)
}

// knows needs mu.
func (s *seen) knows(key mark) bool {
	if _, ok := s.now[key]; ok {
		return true
	}
	_, ok := s.old[key]
	return ok
}

func (s *seen) add(text string) {
	key := markOf(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= s.size {
		s.old, s.now = s.now, make(map[mark]struct{}, s.size)
	}
	s.now[key] = struct{}{}
}
