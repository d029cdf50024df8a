// Package queue is the contract between the engine and whatever carries its
// work: a message, a station that turns a message into the next ones, and a
// queue that commits a message's acknowledgement together with what comes
// next. The default carrier is db.Queue; memqueue serves tests. queuetest is
// what a carrier must pass. Nothing of a broker (offsets, subjects,
// partitions) appears here.
package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Message is one unit of work.
type Message struct {
	// Topic is the kind of work: "events" or "invocations".
	Topic string
	// Key keeps order where a consumer asks for it: messages with the same
	// topic and key are handed out one after the other.
	Key string
	// ID names the work; a carrier keeps it for logs and tests.
	ID   string
	Body []byte
	// Work, when it is not nil, is the work as the station that it is for takes
	// it, made in this process; Body may then be nil. A carrier that hands the
	// message over in memory may leave both as they are; one that stores it
	// calls Write or AppendBody.
	Work Work
	// NotBefore holds the message back until then; zero is at once.
	NotBefore time.Time
	// Attempt counts deliveries that ended without an acknowledgement (a
	// crash, or an error of the station), from 0.
	Attempt int
}

// Work is a body that need not be written before it is stored.
type Work interface {
	// AppendBody adds it to dst.
	AppendBody(dst []byte) ([]byte, error)
	// Size is about how much that is.
	Size() int
}

// Write makes m's Body, if it has none, and drops its Work: m is then what a
// carrier stores.
func (m *Message) Write() error {
	var err error
	if m.Work != nil && m.Body == nil {
		m.Body, err = m.AppendBody(nil)
	}
	m.Work = nil
	return err
}

// AppendBody adds m's body to dst, whether it is written or not.
func (m *Message) AppendBody(dst []byte) ([]byte, error) {
	if m.Body != nil || m.Work == nil {
		return append(dst, m.Body...), nil
	}
	dst, err := m.Work.AppendBody(dst)
	if err != nil {
		err = fmt.Errorf("write %s %s: %w", m.Topic, m.ID, err)
	}
	return dst, err
}

// Station does the work of one message and says what follows from it. The
// carrier commits the acknowledgement and next in one step; next is not held
// against the queue's budget, so that accepted work can always be finished.
// An error is our own failure: the message comes back after Pause with a
// higher Attempt, and is set aside as dead when GiveUp says so. A panic counts
// as an error. ctx ends when the consumer must stop (see
// ConsumeOptions.Grace); a station that cannot finish by then returns ctx's
// error and its message comes back, as it was, at the next start.
//
// m.Body may be kept after return but not changed: messages that were stored
// together share its memory.
type Station func(ctx context.Context, m Message) (next []Message, err error)

// ConsumeOptions shape how a topic is consumed.
type ConsumeOptions struct {
	// Workers is how many messages are in hand at once.
	Workers int
	// Ordered hands out messages of one key one at a time, in order; one that
	// fails keeps its place, and only its own key waits for it. A message
	// with NotBefore takes its place when it is due.
	Ordered bool
	// Grace is how long stations may go on after Consume's context has ended
	// before their own context ends; zero ends both together.
	Grace time.Duration
	// Settle, when it is not nil, is called before acknowledgements of the topic
	// are made durable, and they are made only if it gives no error: what
	// stations left in memory can be written there, in one go for many messages.
	// It is called by one goroutine at a time, and also when there is nothing to
	// write.
	Settle func(ctx context.Context) error
}

// Stats describe a topic.
type Stats struct {
	Depth   int64         // messages waiting or in hand
	Delayed int64         // of these, held back until later
	Oldest  time.Duration // age of the oldest message that could run
}

// ErrFull is what Publish returns when the queue's budget is spent: nothing
// was stored, and the caller should answer "try again later".
var ErrFull = errors.New("queue is full")

// ErrClosed is what a carrier's methods return after its Close.
var ErrClosed = errors.New("queue is closed")

// ErrBusy is what Consume returns when the topic has a consumer already.
var ErrBusy = errors.New("topic is being consumed already")

// ErrHopeless is wrapped by a station's error when trying again cannot help, as
// for a message that cannot be read: it is set aside as dead at once.
var ErrHopeless = errors.New("the message cannot be worked on")

// ErrPanic is wrapped by the error that Do makes of a panic. A message whose
// station panics is set aside after MaxPanics attempts.
var ErrPanic = errors.New("panicked")

// MaxPanics is after how many panics a message is set aside as dead.
const MaxPanics = 5

// GiveUp reports whether a message whose station failed with err for the
// attempt-th time, from 1, is to be set aside.
func GiveUp(err error, attempt, most int) bool {
	return attempt >= most || errors.Is(err, ErrHopeless) || errors.Is(err, ErrPanic) && attempt >= MaxPanics
}

// Dead is a message that was given up.
type Dead struct {
	// Number is its own among the dead.
	Number int64
	Message
	// Reason tells why: the station's last error, damage, or a message with
	// which the process died. Of a damaged message or block only Topic and Body,
	// the bytes as found, are set.
	Reason string
	At     time.Time
}

// MaxAttempts is after how many failed deliveries a carrier sets a message
// aside as dead, unless it was told another number.
const MaxAttempts = 50

// Pause is how long a carrier waits before it hands out a message for the
// given attempt, from 1: 100 ms, doubled each time, at most 30 s.
func Pause(attempt int) time.Duration {
	const first, most = 100 * time.Millisecond, 30 * time.Second
	if attempt < 1 {
		return 0
	}
	if attempt > 9 {
		return most
	}
	return min(first<<(attempt-1), most)
}

// Do runs a station, turning a panic into an error that holds the stack:
// one bad message must not end the process that carries all others.
func Do(ctx context.Context, s Station, m Message) (next []Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			next, err = nil, fmt.Errorf("station of %s %w: %v\n%s", m.Topic, ErrPanic, r, debug.Stack())
		}
	}()
	return s(ctx, m)
}

// Queue carries messages. All methods may be called at the same time.
type Queue interface {
	// Publish stores messages durably before it returns; what arrives
	// together may share one transaction. Bodies are not kept after return.
	Publish(ctx context.Context, msgs ...Message) error
	// Consume hands messages of a topic to the station until ctx ends, then
	// waits for those in hand, commits, and returns nil. One consumer a
	// topic and process.
	Consume(ctx context.Context, topic string, opts ConsumeOptions, s Station) error
	// Stats describes a topic.
	Stats(ctx context.Context, topic string) (Stats, error)
}
