package db

import (
	"context"
	"strconv"
)

// Pragma runs a pragma on the queue's writing connection, between commits, as
// a stand-in for a disk that is full or read-only. The queue must be resting:
// only the committer uses that connection.
func (q *Queue) Pragma(ctx context.Context, text string) error {
	return q.w.exec(ctx, "pragma "+text)
}

// LimitPages makes the file full at its present size plus more pages.
func (q *Queue) LimitPages(ctx context.Context, more int) error {
	var n int
	if err := q.pool.row(ctx, "pragma page_count", nil, &n); err != nil {
		return err
	}
	return q.Pragma(ctx, "max_page_count="+strconv.Itoa(n+more))
}

// Damage changes stored rows behind the queue's back.
func (q *Queue) Damage(ctx context.Context, text string, args ...any) error {
	_, err := q.w.conn.ExecContext(ctx, text, args...)
	return err
}

// Ask reads one number from the file.
func (q *Queue) Ask(ctx context.Context, text string) (int64, error) {
	var n int64
	err := q.pool.row(ctx, text, nil, &n)
	return n, err
}

// Resident is what a topic's window holds in memory, in bytes.
func (q *Queue) Resident(topic string) int {
	t := q.topic(topic)
	q.mu.Lock()
	c := t.consumer
	q.mu.Unlock()
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resident
}

// Budget is what counts against MaxMessages and MaxBytes.
func (q *Queue) Budget() (messages, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.messages, q.bytes
}

// InHand notes a message as in hand, as if the process had died with it.
func (q *Queue) InHand(slot int, block int64, index uint32) error {
	return q.hand.put(slot, handNote{block, index, handBlock})
}

// FirstBlock is the id of a topic's first block.
func (q *Queue) FirstBlock(topic string) int64 { return q.topic(topic).firstBlock() + 1 }

// Abandon drops the queue without closing it, as a crash would.
func (q *Queue) Abandon() {
	q.stop()
	q.mu.Lock()
	q.over, q.closing = true, true
	q.mu.Unlock()
	q.rouse()
	<-q.committer
	q.sidelines.Wait()
	_ = q.release()
}

// The stored forms, for their fuzz tests.
var (
	AppendMessage = appendMessage
	DecodeMessage = decodeMessage
	AppendBlock   = appendBlock
	PackBlock     = packBlock
	OpenBlock     = unpackBlock
)

// SplitBlock gives the stored messages of a block.
func SplitBlock(body []byte) ([][]byte, error) {
	spans, err := splitBlock(body)
	if err != nil {
		return nil, err
	}
	var parts [][]byte
	for _, s := range spans {
		parts = append(parts, body[s.at:s.at+s.size])
	}
	return parts, nil
}

// SetShrinkAbove changes from how many empty bytes the file is made smaller.
func (q *Queue) SetShrinkAbove(n int64) { q.shrinkAbove.Store(n) }
