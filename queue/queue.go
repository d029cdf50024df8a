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
	// NotBefore holds the message back until then; zero is at once.
	NotBefore time.Time
	// Attempt counts deliveries that ended without an acknowledgement (a
	// crash, or an error of the station), from 0.
	Attempt int
}

// Station does the work of one message and says what follows from it. The
// carrier commits the acknowledgement and next in one step. An error is our
// own failure: the message comes back later with a higher Attempt. ctx ends
// when the consumer must stop; a station that cannot finish by then returns
// ctx's error and its message comes back at the next start.
type Station func(ctx context.Context, m Message) (next []Message, err error)

// ConsumeOptions shape how a topic is consumed.
type ConsumeOptions struct {
	// Workers is how many messages are in hand at once.
	Workers int
	// Ordered hands out messages of one key one at a time, in order.
	Ordered bool
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
