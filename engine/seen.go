package engine

import (
	"hash/maphash"
	"sync"
)

// seen remembers keys for a while: the newest ones, in two generations, so
// that forgetting costs nothing. It is a memory of this process only; after a
// restart, work that was committed is gone from the queue anyway.
type seen struct {
	mu       sync.Mutex
	size     int // of one generation
	seeds    [2]maphash.Seed
	now, old map[mark]struct{}
}

// mark stands for a key: two hashes of it, a fifth of what a text costs. Their
// seeds are of this process, so nobody can make two keys meet.
type mark [2]uint64

func (s *seen) mark(key string) mark {
	return mark{maphash.String(s.seeds[0], key), maphash.String(s.seeds[1], key)}
}

func newSeen(size int) *seen {
	return &seen{size: size, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, now: make(map[mark]struct{}), old: make(map[mark]struct{})}
}

func (s *seen) has(text string) bool {
	key := s.mark(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.now[key]; ok {
		return true
	}
	_, ok := s.old[key]
	return ok
}

func (s *seen) add(text string) {
	key := s.mark(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.now) >= s.size {
		s.old, s.now = s.now, make(map[mark]struct{}, s.size)
	}
	s.now[key] = struct{}{}
}
