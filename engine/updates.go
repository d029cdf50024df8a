package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/queue"
)

const (
	defaultPersonPause = 5 * time.Second
	personWorkers      = 4
	mostGathering      = 20_000 // persons whose changes are gathered, before old ones are forgotten
)

// personNews says that a person has changed. It is a message of the queue.
type personNews struct {
	Project    cdp.ProjectID `json:"project"`
	UUID       string        `json:"uuid"` // of the event that tells of it
	DistinctID string        `json:"distinct_id"`
}

// updates gathers changes of one person that come soon after each other: the
// first one is told after a pause, with all that came in between. A process
// that dies forgets what is gathered, and may tell of a change twice.
type updates struct {
	pause time.Duration
	mu    sync.Mutex
	until map[string]time.Time
}

func newUpdates(pause time.Duration) *updates {
	return &updates{pause: pause, until: map[string]time.Time{}}
}

// first reports whether a change is to be told, and when. A change that comes
// while an earlier one waits is told with that one.
func (u *updates) first(key string, now time.Time) (at time.Time, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Before(u.until[key]) {
		return time.Time{}, false
	}
	if len(u.until) >= mostGathering {
		for k, at := range u.until {
			if !now.Before(at) {
				delete(u.until, k)
			}
		}
	}
	at = now.Add(u.pause)
	if len(u.until) < mostGathering {
		u.until[key] = at
	}
	return at, true
}

// tell ends the gathering of a person's changes: the next one is news again.
func (u *updates) tell(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.until, key)
}

// tellOfPerson queues the news that the event changed its person, when there is
// a function that waits for such. Of an event that may have been worked on
// before, nobody knows what was new, so all that it says is.
func (h *happening) tellOfPerson(again bool) {
	if h.set.updates.len() == 0 {
		return
	}
	id, changed := h.scope.Changed()
	if id == "" || !changed && !again {
		return
	}
	key := keyOf(h.set.project.ID, ':', id)
	at, ok := h.e.updates.first(key, h.e.now())
	if !ok {
		return
	}
	news := personNews{Project: h.set.project.ID, UUID: uuid.Must(uuid.NewV7()).String(), DistinctID: h.scope.DistinctID()}
	body, err := json.Marshal(news)
	if err != nil {
		h.e.log.Error("write the news of a person", "person", id, "error", err)
		return
	}
	h.next = append(h.next, queue.Message{Topic: TopicPersons, Key: key, ID: news.UUID, Body: body, NotBefore: at})
}

// personUpdated is the station of persons: the functions that wait for changes
// of persons meet one, as it is now (runtime specification 12.3).
func (e *Engine) personUpdated(ctx context.Context, m queue.Message) ([]queue.Message, error) {
	var news personNews
	if err := json.Unmarshal(m.Body, &news); err != nil {
		return nil, e.unreadable(m, err)
	}
	e.updates.tell(m.Key)
	set := e.registry.Load().projects[news.Project]
	if set == nil || set.updates.len() == 0 {
		return nil, nil
	}
	person, err := e.cfg.People.Person(ctx, news.Project, news.DistinctID)
	if err != nil {
		return nil, fmt.Errorf("read a person that has changed: %w", err)
	}
	scope := e.exec.NewPersonScope(ctx, set.project, news.UUID, e.now().UTC(), e.cfg.People, person)
	h := e.lone(set)
	h.scope = *scope
	for f := range set.updates.all {
		if err := h.offer(f); err != nil {
			return nil, err
		}
	}
	e.batcher.add(h.batch)
	return h.next, nil
}
