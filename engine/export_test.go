package engine

import (
	"log/slog"
	"time"

	"hogpen/cdp"
)

// Parts of the engine that are tested on their own.
var (
	EncodeEvent = encodeEvent
	DecodeEvent = decodeEvent
)

// MaxPending is the recorder's bound.
const MaxPending = maxPending

// NewMasker gives the question "is this one masked?" over a clock.
func NewMasker(now func() time.Time) func(cdp.FunctionID, *cdp.Masking, string) bool {
	return newMasker(now).masked
}

// NewBatcher gives a recorder's add and flush, and what was lost.
func NewBatcher(to Recorder) (add func(cdp.Batch), flush func(), lost func() int64) {
	c := newCounters()
	b := newBatcher(to, slog.New(slog.DiscardHandler), c)
	return b.add, func() { b.flush(true) }, c.lost.Load
}

// DecodeInvocation reads an invocation's message.
func (e *Engine) DecodeInvocation(b []byte) (*cdp.Invocation, bool, error) {
	return e.decodeInvocation(b)
}
