package cdp

import (
	"context"
	"encoding/json"
	"time"
)

// Why a dead letter is kept (runtime specification 13.2).
const (
	// LetterFailed is a run whose last attempt failed although another one might
	// have succeeded, or a failed run of something that is kept nowhere else.
	LetterFailed = "failed"
	// LetterInputs is a run whose inputs could not be built.
	LetterInputs = "inputs_failed"
	// LetterFiltering is an event that a filter failed on: one letter for each
	// function and hour.
	LetterFiltering = "filtering_failed"
	// LetterCancelled is a run that was cancelled of something that is kept
	// nowhere else.
	LetterCancelled = "cancelled"
	// LetterSetAside is a message that the queue gave up: it ended the process or
	// its station too often, or could not be read.
	LetterSetAside = "set_aside"
)

// LetterKinds are all reasons, in the order people see them.
func LetterKinds() []string {
	return []string{LetterFailed, LetterInputs, LetterFiltering, LetterCancelled, LetterSetAside}
}

// What a dead letter was made of.
const (
	LetterEvent    = "event"
	LetterInternal = "internal_event"
	LetterPerson   = "person_update"
	LetterWebhook  = "webhook"
)

// DeadLetterKept and MaxDeadLetters bound how long dead letters are kept, and
// how many (runtime specification 13.2).
const (
	DeadLetterKept = 30 * 24 * time.Hour
	MaxDeadLetters = 1_000_000
)

// DeadLetter is work that came to nothing and is kept, with what it takes to do
// it again.
type DeadLetter struct {
	// Seq grows with each letter; the store gives it.
	Seq int64 `json:"-"`
	// ID is the invocation's, when there was one.
	ID      string    `json:"id"`
	Project ProjectID `json:"project"` // 0 when it could not be read
	// Function is "" when it was no function's turn.
	Function FunctionID `json:"function"`
	Version  int        `json:"version"`
	Mapping  int        `json:"mapping"` // -1 without mappings
	Kind     string     `json:"kind"`
	Source   string     `json:"source"`
	// Run tells that there is a run with this ID.
	Run        bool   `json:"run,omitempty"`
	EventUUID  string `json:"event_uuid"`
	EventName  string `json:"event_name"`
	DistinctID string `json:"distinct_id"`
	ErrorKind  string `json:"error_kind"`
	// Reason is why it came to nothing: at most 4096 characters, secrets redacted.
	Reason   string    `json:"reason"`
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at"`
	// QueueID is the message's number among those that the queue gave up; it
	// stands there until it is worked on again. 0 is none.
	QueueID int64 `json:"queue_id,omitempty"`
	// Payload is a JSON object of what the program saw: event or request, without
	// what is looked up anew.
	Payload json.RawMessage `json:"payload"`
	// Inputs are as they were built, without secrets; nil when there are none.
	Inputs json.RawMessage `json:"inputs,omitempty"`
	// ReplayedAt is when it was last done again; zero is not yet. ReplayedAs is
	// that invocation.
	ReplayedAt time.Time    `json:"-"`
	ReplayedAs InvocationID `json:"-"`
}

// LetterQuery asks for dead letters, newest first. Zero fields do not restrict.
type LetterQuery struct {
	Project ProjectID
	// Unowned adds those of which nobody knows the project.
	Unowned    bool
	Function   FunctionID
	Kinds      []string
	ErrorKinds []string
	IDs        []string
	Replayed   *bool
	After      time.Time
	Before     time.Time // strictly less than
	Search     string    // an ID, or a part of an event's name, distinct ID or reason
	BeforeSeq  int64     // strictly less than
	Limit      int       // 50 when 0
	Offset     int
}

// LetterStore keeps dead letters. db.Store is one.
type LetterStore interface {
	// Letters lists without payloads and inputs.
	Letters(ctx context.Context, q LetterQuery) ([]DeadLetter, error)
	CountLetters(ctx context.Context, q LetterQuery) (int64, error)
	// Letter gives one whole; NotFound when there is none. A project sees its own
	// and those of none.
	Letter(ctx context.Context, project ProjectID, id string) (DeadLetter, error)
	// RemoveLetters forgets some and gives the numbers that they have in the
	// queue.
	RemoveLetters(ctx context.Context, project ProjectID, ids []string) (removed int64, queued []int64, err error)
	// MarkRerun notes what was done again.
	MarkRerun(ctx context.Context, marks []RerunMark, when time.Time) error
}

// Replayer does a dead letter again, as Rerunner does a run. The engine is one.
type Replayer interface {
	Replay(ctx context.Context, l DeadLetter) (RerunMark, error)
	// Bury forgets messages that the queue gave up.
	Bury(ctx context.Context, queued []int64) error
}

// DeadLetters are the use cases around what came to nothing: look, do again,
// discard.
type DeadLetters struct {
	Store  LetterStore
	Runner Replayer
	// Jobs do many again; they are listed and cancelled there.
	Jobs *Reruns
}

// mostDiscarded is how many letters one request removes.
const mostDiscarded = MaxReruns

// forReplay asks for what was not done again yet, unless it is named.
func (q LetterQuery) forReplay() LetterQuery {
	if len(q.IDs) == 0 && q.Replayed == nil {
		no := false
		q.Replayed = &no
	}
	q.Limit, q.Offset = MaxReruns, 0
	return q
}

// Count is the dry run: how many letters a replay or a removal would meet.
func (d *DeadLetters) Count(ctx context.Context, q LetterQuery) (int64, error) {
	return d.Store.CountLetters(ctx, q.forReplay())
}

// Replay begins to do the letters again that q finds, at most MaxReruns of
// them, oldest first: with the code and inputs of now, whatever filters and
// masking say. rate is letters a second, DefaultRerunRate when 0. Invalid when
// there is none, or another job for the same function is running.
func (d *DeadLetters) Replay(ctx context.Context, by UserID, q LetterQuery, rate int) (Rerun, error) {
	rate, err := rerunRate(rate)
	if err != nil {
		return Rerun{}, err
	}
	all, err := d.Store.Letters(ctx, q.forReplay())
	if err != nil {
		return Rerun{}, err
	}
	if len(all) == 0 {
		return Rerun{}, Errorf(Invalid, "", "No dead letter matches that was not replayed already.")
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[len(ids)-1-i] = all[i].ID
	}
	j := Rerun{Project: q.Project, Function: q.Function, Rate: rate, Total: len(ids), By: by, Letters: true}
	return d.Jobs.begin(ctx, j, func(ctx context.Context, from, to int) (queued, skipped int, err error) {
		return d.part(ctx, q.Project, ids[from:to])
	})
}

// part does some letters again and then notes which: a crash in between does
// them once too often rather than never.
func (d *DeadLetters) part(ctx context.Context, p ProjectID, ids []string) (queued, skipped int, err error) {
	var marks []RerunMark
	for _, id := range ids {
		var m RerunMark
		if m, err = d.one(ctx, p, id); HasCode(err, NotFound) {
			skipped, err = skipped+1, nil
			continue
		} else if err != nil {
			break
		}
		marks = append(marks, m)
	}
	return len(marks), skipped, d.Jobs.mark(ctx, marks, err)
}

func (d *DeadLetters) one(ctx context.Context, p ProjectID, id string) (RerunMark, error) {
	if err := ctx.Err(); err != nil {
		return RerunMark{}, err
	}
	l, err := d.Store.Letter(ctx, p, id)
	if err != nil {
		return RerunMark{}, err
	}
	return d.Runner.Replay(ctx, l)
}

// Discard forgets the letters that q finds, at most 10,000 of them, replayed or
// not, and tells how many that were.
func (d *DeadLetters) Discard(ctx context.Context, q LetterQuery) (int64, error) {
	q.Limit, q.Offset = mostDiscarded, 0
	all, err := d.Store.Letters(ctx, q)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	n, queued, err := d.Store.RemoveLetters(ctx, q.Project, ids)
	if err != nil || len(queued) == 0 {
		return n, err
	}
	return n, d.Runner.Bury(ctx, queued)
}
