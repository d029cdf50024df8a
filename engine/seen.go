package engine

import "sync"

// seen remembers keys for a while: the newest ones, in two generations, so
// that forgetting costs nothing. It is a memory of this process only; after a
// restart, work that was committed is gone from the queue anyway.
type seen struct {
	mu       sync.Mutex
	size     int // of one generation
	now, old map[string]struct{}
}

func newSeen(size int) *seen {
	return &seen{size: size, now: make(map[string]struct{}), old: make(map[string]struct{})}
}

func (s *seen) has(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.now[key]; ok {
		return true
	}
	_, ok := s.old[key]
	return ok
}

func (s *seen) add(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= s.size {
		s.old, s.now = s.now, make(map[string]struct{}, s.size)
	}
	s.now[key] = struct{}{}
}
