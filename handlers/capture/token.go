package capture

import (
	"context"
	"sync"
	"time"

	"hogpen/cdp"
)

// How long the answer for a token is believed. A new project waits at most
// for the shorter one, a replaced token works on for the longer one.
const (
	knownFor   = 5 * time.Second
	unknownFor = time.Second
)

// maxTokens bounds what strangers with made-up tokens can make us remember.
const maxTokens = 2_000

// tokens remembers the projects of tokens for a few seconds, as every request
// asks for one.
type tokens struct {
	projects Projects
	now      func() time.Time
	mu       sync.RWMutex
	by       map[string]answer
}

type answer struct {
	project cdp.Project
	err     error // NotFound, or nil
	until   time.Time
}

func newTokens(p Projects, now func() time.Time) *tokens {
	return &tokens{projects: p, now: now, by: map[string]answer{}}
}

// find gives the project of a token; NotFound when there is none.
func (t *tokens) find(ctx context.Context, token string) (cdp.Project, error) {
	now := t.now()
	t.mu.RLock()
	a, ok := t.by[token]
	t.mu.RUnlock()
	if ok && now.Before(a.until) {
		return a.project, a.err
	}
	p, err := t.projects.ProjectByToken(ctx, token)
	a = answer{project: p, err: err, until: now.Add(knownFor)}
	switch {
	case cdp.HasCode(err, cdp.NotFound):
		a.until = now.Add(unknownFor)
	case err != nil: // ours: ask again next time
		return p, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.by) >= maxTokens {
		clear(t.by)
	}
	t.by[token] = a
	return a.project, a.err
}
