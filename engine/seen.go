package engine

import (
	"crypto/sha256"
	"sync"
)

// seen remembers keys for a while: the newest ones, in two generations, so
// that forgetting costs nothing. It is a memory of this process only; after a
// restart, work that was committed is gone from the queue anyway.
type seen struct {
	mu       sync.Mutex
	size     int // of one generation
	now, old map[mark]struct{}
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
