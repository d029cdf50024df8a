package db

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"
)

const (
	commitMessages = 1000                   // a transaction takes about this many messages
	commitBytes    = 2 << 20                // or this many bytes
	mostFinished   = 4096                   // finished messages that may wait for a commit
	mostBytes      = 16 << 20               // or bytes of them
	patience       = 20 * time.Millisecond  // that finished messages wait for company
	idleAfter      = 50 * time.Millisecond  // until a pause counts as one
	firstHold      = 100 * time.Millisecond // after a failed commit, doubled each time
	mostHold       = 2 * time.Second
)

// finish is a message that left a worker, on its way to the committer.
type finish struct {
	from *consumer
	ref  ref
	end  ending
	next *parcel // what follows; nil is nothing

	// What stands in later or dead from now on.
	raw     []byte
	due     int64
	attempt int
	crashes int
	reason  string
	lost    int // messages that go with a block that cannot be read

	hurry bool // somebody waits for its commit; see settle
}

// ending is what becomes of a message that left a worker.
type ending int

const (
	endDone   ending = iota // finished
	endLater                // failed: back at a later time
	endDead                 // given up
	endRubble               // a whole block that cannot be read is given up
	endGone                 // its row was not there any more
	endFree                 // no message: rows of later are held no more
)

// urgent reports whether somebody waits for the commit of f: while many
// messages wait for their turn, what follows from one may wait for company, too.
func (f *finish) urgent() bool { return f.end != endDone || f.next != nil && !f.from.behind.Load() }

// size is the memory that f holds on to.
func (f *finish) size() int {
	if f.next != nil {
		return len(f.raw) + len(f.next.buf)
	}
	return len(f.raw)
}

// settle hands a finished message to the committer. It waits while too many
// are waiting already, unless the consumer is about to stop.
func (q *Queue) settle(f *finish) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.finished) >= mostFinished || q.finishedBytes >= mostBytes) && !f.from.stopping.Load() {
		q.room.Wait()
	}
	if len(q.finished) == 0 {
		q.since = time.Now()
	}
	q.finished = append(q.finished, f)
	q.finishedBytes += f.size()
	if f.hurry = f.urgent(); f.hurry {
		q.urgent++
	}
	if len(q.finished) == 1 || f.hurry || len(q.finished) == commitMessages {
		q.rouse()
	}
}

// batch is what one transaction takes, and what it did.
type batch struct {
	parcels  []*parcel
	finished []*finish
	fresh    []*liveBlock
	bytes    int64 // stored less removed, without the parcels' reservation
	put      bool  // what was finished was put back, for it could not be settled
}

// commitLoop is the committer. It ends when the queue is over and nothing
// waits, or what waits cannot be written.
func (q *Queue) commitLoop() {
	defer close(q.committer)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		b := &q.batch
		if !q.gather(b, timer) {
			return
		}
		if err := settleFirst(context.Background(), b.finished); err != nil && q.unsettled(b, err) {
			return
		}
		if err := q.commit(b); err == nil {
			q.committed(b)
		} else if q.refused(b, fault("commit to the queue", err)) {
			return
		}
	}
}

// gather waits for work and takes it into b; false ends the committer.
func (q *Queue) gather(b *batch, timer *time.Timer) bool {
	rested, yielded := false, false
	for {
		q.mu.Lock()
		wait := q.wait(time.Now())
		if wait == 0 && !yielded {
			// Who was just roused runs before all others, and would commit a
			// single message; others that are about to publish come along.
			yielded = true
			q.mu.Unlock()
			runtime.Gosched()
			continue
		}
		if wait == 0 {
			q.take(b)
			q.mu.Unlock()
			return true
		}
		over := q.over && len(q.finished) == 0
		q.mu.Unlock()
		if over {
			return false
		}
		if wait < 0 && (!rested || q.shrink.Load()) {
			wait = idleAfter
		}
		if q.sleep(wait, timer) && wait == idleAfter {
			rested = true
			q.rest()
		}
	}
}

// sleep waits to be roused, at most d (negative is for ever), and reports
// whether it slept through.
func (q *Queue) sleep(d time.Duration, timer *time.Timer) bool {
	if d < 0 {
		<-q.wake
		return false
	}
	timer.Reset(d)
	select {
	case <-q.wake:
		return false
	case <-timer.C:
		return true
	}
}

// wait tells how long the committer may sleep: 0 when there is something to
// commit now, negative when nothing waits. Needs mu.
func (q *Queue) wait(now time.Time) time.Duration {
	if len(q.parcels) > 0 {
		return 0
	}
	if len(q.finished) == 0 {
		return -1
	}
	at := q.since.Add(patience)
	if q.urgent > 0 || len(q.finished) >= commitMessages || q.flushing > 0 || q.over {
		at = now
	}
	if at.Before(q.hold) && !q.over {
		at = q.hold
	}
	return max(at.Sub(now), 0)
}

// take moves what waits into b, as far as one transaction goes. Needs mu.
func (q *Queue) take(b *batch) {
	b.parcels, b.finished, b.fresh, b.bytes, b.put = b.parcels[:0], b.finished[:0], b.fresh[:0], 0, false
	count, size := 0, 0
	n := 0
	for n < len(q.finished) && count < mostFinished && size < commitBytes {
		f := q.finished[n]
		if f.hurry {
			q.urgent--
		}
		if f.next != nil {
			count += len(f.next.entries)
		}
		size += f.size()
		q.finishedBytes -= f.size()
		n++
	}
	b.finished = append(b.finished, q.finished[:n]...)
	q.finished = drop(q.finished, n)
	q.since = time.Now()
	n = 0
	for n < len(q.parcels) && (n == 0 || count < commitMessages && size < commitBytes) {
		p := q.parcels[n]
		n++
		if p.abandoned.Load() {
			q.unreserve(p)
			continue
		}
		b.parcels = append(b.parcels, p)
		count += len(p.entries)
		size += len(p.buf)
	}
	q.parcels = drop(q.parcels, n)
	q.room.Broadcast()
}

// drop removes the first n of s and forgets them.
func drop[T any](s []T, n int) []T {
	rest := copy(s, s[n:])
	clear(s[rest:])
	return s[:rest]
}

// unreserve gives back what a parcel took of the budget. Needs mu.
func (q *Queue) unreserve(p *parcel) {
	q.messages -= int64(len(p.entries))
	q.bytes -= int64(len(p.buf))
}

// settleFirst lets the consumers of what was finished write what their stations
// left behind, each once, before it is forgotten what they worked on.
func settleFirst(ctx context.Context, finished []*finish) error {
	var room [4]*consumer // of a few topics
	done := room[:0]
	for _, f := range finished {
		c := f.from
		if c.opts.Settle == nil || slices.Contains(done, c) {
			continue
		}
		done = append(done, c)
		if err := c.opts.Settle(ctx); err != nil {
			return fmt.Errorf("settle the work of %s: %w", c.topic.name, err)
		}
	}
	return nil
}

// commit writes b in one transaction.
func (q *Queue) commit(b *batch) (err error) {
	ctx := context.Background()
	if err := q.w.run(ctx, q.w.begin); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// The cause is already known; SQLite may have rolled back itself.
			_ = q.w.run(ctx, q.w.rollback)
			q.unpack()
		}
	}()
	for _, p := range b.parcels {
		if err := q.lay(ctx, b, p); err != nil {
			return err
		}
	}
	for _, f := range b.finished {
		if err := q.finish(ctx, b, f); err != nil {
			return err
		}
	}
	if err := q.packRest(ctx, b); err != nil {
		return err
	}
	if err := q.writeDone(ctx, b); err != nil {
		return err
	}
	return q.w.run(ctx, q.w.commit)
}

// lay puts a parcel's messages into their topics' blocks, and those that wait
// for a time into later.
func (q *Queue) lay(ctx context.Context, b *batch, p *parcel) error {
	for i := range p.entries {
		e := &p.entries[i]
		t, part := e.topic, p.buf[e.at:e.at+e.size]
		if !t.stored {
			if err := q.w.run(ctx, q.w.insertTopic, t.id, t.name); err != nil {
				return err
			}
		}
		if e.due > 0 {
			q.laterSeq++
			if err := q.w.run(ctx, q.w.insertLater, q.laterSeq, t.id, e.due, e.attempt, 0, 0, part); err != nil {
				return err
			}
			continue
		}
		if len(t.parts) == 0 {
			q.packing = append(q.packing, t)
		}
		t.parts = append(t.parts, part)
		t.size += len(part)
		if t.size >= maxBlockBytes || len(t.parts) >= maxBlockCount {
			if err := q.pack1(ctx, b, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// packRest writes the blocks that are not full.
func (q *Queue) packRest(ctx context.Context, b *batch) error {
	for _, t := range q.packing {
		if len(t.parts) == 0 {
			continue
		}
		if err := q.pack1(ctx, b, t); err != nil {
			return err
		}
	}
	q.packing = q.packing[:0]
	return nil
}

// unpack forgets blocks that a failed transaction was packing.
func (q *Queue) unpack() {
	for _, t := range q.packing {
		clear(t.parts)
		t.parts, t.size = t.parts[:0], 0
	}
	q.packing = q.packing[:0]
}

// pack1 writes the block that t has gathered.
func (q *Queue) pack1(ctx context.Context, b *batch, t *queueTopic) error {
	live := &liveBlock{id: t.next, topic: t, n: len(t.parts), left: len(t.parts), size: t.size}
	size := blockHead + 4*live.n + live.size
	var block []byte
	if t.hungry.Load() {
		live.body = appendBlock(make([]byte, 0, size), t.parts)
		block = live.body
	} else {
		q.scratch = appendBlock(q.scratch[:0], t.parts)
		block = q.scratch
	}
	q.packed = packBlock(q.packed[:0], block) // the driver copies it
	if err := q.w.run(ctx, q.w.insertBlock, live.id, q.o.Now().UnixMicro(), live.n, live.size, q.packed); err != nil {
		return err
	}
	if t.shelving.Load() {
		live.packed = bytes.Clone(q.packed)
	}
	if cap(q.scratch)+cap(q.packed) > 8*maxBlockBytes { // there was a large message
		q.scratch, q.packed = nil, nil
	}
	t.next++
	clear(t.parts)
	t.parts, t.size = t.parts[:0], 0
	b.fresh = append(b.fresh, live)
	return nil
}

// finish writes what became of one message; its block is written by writeDone.
func (q *Queue) finish(ctx context.Context, b *batch, f *finish) error {
	if f.end == endFree {
		return q.w.run(ctx, q.w.freeHeld, f.topic().id)
	}
	if f.next != nil {
		if err := q.lay(ctx, b, f.next); err != nil {
			return err
		}
	}
	if f.end == endDead || f.end == endRubble {
		if err := q.w.run(ctx, q.w.insertDead, f.topic().id, q.o.Now().UnixMicro(), f.attempt, f.reason, f.raw); err != nil {
			return err
		}
	}
	if f.ref.block != nil {
		return q.finishInBlock(ctx, b, f)
	}
	if f.end == endLater {
		return q.w.run(ctx, q.w.updateLater, f.ref.later, f.due, f.attempt, f.crashes, f.held())
	}
	b.bytes -= int64(f.ref.size)
	return q.w.run(ctx, q.w.deleteLater, f.ref.later)
}

// finishInBlock marks a message of a block, or all of them. The marks are
// kept when the transaction fails: the same messages come again in the next.
func (q *Queue) finishInBlock(ctx context.Context, b *batch, f *finish) error {
	blk := f.ref.block
	q.dirty[blk] = struct{}{}
	if f.end == endRubble {
		blk.left = 0
		return nil
	}
	if blk.done == nil {
		blk.done = newBitmap(blk.n)
	}
	if blk.done.set(int(f.ref.index)) {
		blk.left--
	}
	if f.end != endLater {
		return nil
	}
	q.laterSeq++
	f.ref.later = q.laterSeq
	b.bytes += int64(len(f.raw))
	return q.w.run(ctx, q.w.insertLater, q.laterSeq, f.topic().id, f.due, f.attempt, f.crashes, f.held(), f.raw)
}

func (f *finish) topic() *queueTopic { return f.from.topic }

// held is 1 for a message whose key waits for it.
func (f *finish) held() int {
	if f.from.opts.Ordered {
		return 1
	}
	return 0
}

// writeDone writes the bitmaps of blocks that changed and deletes those that
// are done.
func (q *Queue) writeDone(ctx context.Context, b *batch) error {
	for blk := range q.dirty {
		if blk.left > 0 {
			if err := q.w.run(ctx, q.w.setDone, blk.id, []byte(blk.done)); err != nil {
				return err
			}
			blk.doneStored = true
			continue
		}
		b.bytes -= int64(blk.size)
		if err := q.w.run(ctx, q.w.deleteBlock, blk.id); err != nil {
			return err
		}
		if blk.crashes != nil {
			if err := q.w.run(ctx, q.w.deleteCrash, blk.id); err != nil {
				return err
			}
		}
		if !blk.doneStored {
			continue
		}
		if err := q.w.run(ctx, q.w.deleteDone, blk.id); err != nil {
			return err
		}
	}
	return nil
}

// committed counts what was committed, answers publishers and tells consumers.
func (q *Queue) committed(b *batch) {
	q.mu.Lock()
	for blk := range q.dirty {
		if blk.left == 0 && blk.crashes != nil {
			delete(q.crashes, blk.id)
		}
	}
	clear(q.dirty)
	for _, p := range b.parcels {
		q.count(p)
	}
	for _, f := range b.finished {
		q.countFinish(f)
	}
	q.bytes += b.bytes
	if !b.put {
		q.hold, q.holding = time.Time{}, 0
	}
	offers := q.offers(b)
	q.mu.Unlock()
	for _, p := range b.parcels {
		p.answer <- nil
	}
	for _, o := range offers {
		o.to.offer(o.blocks)
	}
	for _, f := range b.finished {
		f.from.committed(f)
	}
	clear(b.parcels)
	clear(b.finished)
	clear(b.fresh)
}

// count adds a parcel's messages to their topics. Needs mu.
func (q *Queue) count(p *parcel) {
	for i := range p.entries {
		e := &p.entries[i]
		e.topic.stored = true
		e.topic.depth++
		if e.due > 0 {
			e.topic.delayed++
			if e.topic.consumer != nil {
				e.topic.consumer.dueAt(e.due)
			}
		}
	}
}

// countFinish counts what became of a message and what follows. Needs mu.
func (q *Queue) countFinish(f *finish) {
	if f.next != nil {
		q.count(f.next)
		q.messages += int64(len(f.next.entries))
		q.bytes += int64(len(f.next.buf))
	}
	switch f.end {
	case endFree:
	case endLater:
		f.topic().delayed++
	case endRubble:
		f.topic().depth -= int64(f.lost)
		q.messages -= int64(f.lost)
	default:
		f.topic().depth--
		q.messages--
	}
}

// offer is new blocks of a topic that has a consumer.
type offer struct {
	to     *consumer
	blocks []*liveBlock
}

// offers groups new blocks by their topics' consumers. Needs mu.
func (q *Queue) offers(b *batch) []offer {
	var list []offer
next:
	for _, blk := range b.fresh {
		blk.topic.last = max(blk.topic.last, blk.id)
		c := blk.topic.consumer
		if c == nil {
			continue
		}
		for i := range list {
			if list[i].to == c {
				list[i].blocks = append(list[i].blocks, blk)
				continue next
			}
		}
		list = append(list, offer{c, []*liveBlock{blk}})
	}
	return list
}

// refused answers publishers after a failed commit and keeps finished messages
// for the next try; true gives up, for the queue is over.
func (q *Queue) refused(b *batch, err error) bool {
	q.mu.Lock()
	for _, p := range b.parcels {
		q.unreserve(p)
	}
	first := q.putBack(b)
	over := q.over
	q.mu.Unlock()
	for _, p := range b.parcels {
		p.answer <- err
	}
	if first || over {
		q.o.Log.Error("queue cannot be written; trying again", "error", err, "finished_waiting", len(b.finished))
	}
	return over
}

// putBack makes what b finished wait again, for longer each time, and reports
// whether it is the first time. Needs mu.
func (q *Queue) putBack(b *batch) (first bool) {
	q.finished = append(append(make([]*finish, 0, len(b.finished)+len(q.finished)), b.finished...), q.finished...)
	for _, f := range b.finished {
		q.finishedBytes += f.size()
		if f.hurry {
			q.urgent++
		}
	}
	first = q.holding == 0
	q.holding = min(max(2*q.holding, firstHold), mostHold)
	q.hold = time.Now().Add(q.holding)
	return first
}

// unsettled keeps what was finished but cannot be acknowledged yet; what was
// published goes on. It reports whether the committer ends.
func (q *Queue) unsettled(b *batch, err error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := q.putBack(b)
	b.finished, b.put = b.finished[:0], true
	if first || q.over {
		q.o.Log.Error("finished work cannot be settled; trying again", "error", err)
	}
	return q.over && len(b.parcels) == 0
}
