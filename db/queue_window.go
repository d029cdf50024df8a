package db

import (
	"container/heap"
	"context"
	"database/sql"
	"fmt"
	"hash/maphash"
	"slices"
	"time"
)

// offer is told by the committer which blocks are new. They enter the window
// from memory when all before them are in it and there is room, else the shelf
// when all before them are there.
func (c *consumer) offer(blocks []*liveBlock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range blocks {
		before := c.last
		c.last = b.id
		if c.cursor != before || b.body == nil || !c.roomy() {
			b.body = nil
			c.shelve(b, before)
			continue
		}
		b.packed = nil
		spans, err := splitBlock(b.body)
		if err != nil {
			continue // the loader reads it and reports
		}
		c.add(b, spans)
	}
	c.appetite()
	c.load.Signal()
}

// shelve puts b on the shelf if it follows what is there. Needs mu.
func (c *consumer) shelve(b *liveBlock, before int64) {
	end := c.cursor
	if n := len(c.shelf); n > 0 {
		end = c.shelf[n-1].id
	}
	if b.packed == nil || end != before || c.shelved >= c.q.o.MemoryBytes {
		b.packed = nil
		return
	}
	c.shelf = append(c.shelf, b)
	c.shelved += len(b.packed)
}

// unshelve takes the next blocks off the shelf; they are as readBlocks would
// give them. Needs mu.
func (c *consumer) unshelve() []*liveBlock {
	n := min(len(c.shelf), loadBlocks)
	if n == 0 {
		return nil
	}
	blocks := slices.Clone(c.shelf[:n])
	c.shelf = slices.Delete(c.shelf, 0, n)
	for _, b := range blocks {
		c.shelved -= len(b.packed)
		b.body, b.packed = b.packed, nil
	}
	return blocks
}

// roomy reports whether the window may grow. Needs mu.
func (c *consumer) roomy() bool {
	return c.waiting < mostWaiting && c.resident < c.q.o.MemoryBytes
}

// appetite tells the committer in which form to keep new blocks in memory.
// Needs mu.
func (c *consumer) appetite() {
	c.topic.hungry.Store(c.cursor == c.last && c.roomy())
	c.topic.shelving.Store(c.shelved < c.q.o.MemoryBytes)
}

// add puts a block's unfinished messages into the window. Needs mu.
func (c *consumer) add(b *liveBlock, spans []span) {
	c.cursor = b.id
	b.waiting = 0
	c.resident += len(b.body)
	c.window = append(c.window, b)
	c.bodies++
	for i, s := range spans {
		if b.done.has(i) {
			continue
		}
		b.waiting++
		c.enqueue(ref{block: b, index: uint32(i), at: s.at, size: s.size}, b.body[s.at:s.at+s.size])
	}
	if b.waiting == 0 {
		c.shed(b)
	}
}

// enqueue makes a message ready, or puts it into its key's lane. Needs mu.
func (c *consumer) enqueue(r ref, raw []byte) {
	c.waiting++
	if c.opts.Ordered {
		r.lane = maphash.Bytes(c.seed, messageKey(raw))
		if l := c.lanes[r.lane]; l != nil {
			l.waiting.push(r)
			return
		}
		c.lanes[r.lane] = &lane{}
	}
	c.ready.push(r)
	c.work.Signal()
}

// loadLoop reads blocks that did not enter the window from memory.
func (c *consumer) loadLoop() {
	for {
		c.mu.Lock()
		for !c.stopping.Load() && !c.wanting() {
			c.load.Wait()
		}
		if c.stopping.Load() {
			c.mu.Unlock()
			return
		}
		c.makeRoom()
		cursor, last := c.cursor, c.last
		blocks := c.unshelve()
		c.mu.Unlock()
		if blocks != nil {
			c.loaded(blocks, last)
			continue
		}
		blocks, err := c.q.readBlocks(c.ctx, c.topic, cursor)
		if err != nil {
			if c.ctx.Err() == nil {
				c.q.o.Log.Error("queue cannot be read; trying again", "topic", c.topic.name, "error", err)
				c.pauseLoading()
			}
			continue
		}
		c.loaded(blocks, last)
	}
}

// pauseLoading waits a second, or until the consumer stops.
func (c *consumer) pauseLoading() {
	deadline := time.Now().Add(time.Second)
	wake := time.AfterFunc(time.Second, c.load.Broadcast)
	defer wake.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.stopping.Load() && time.Now().Before(deadline) {
		c.load.Wait()
	}
}

// wanting reports whether blocks should be read now. Needs mu.
func (c *consumer) wanting() bool {
	return c.cursor < c.last && c.waiting < mostWaiting && c.ready.len() < enoughReady &&
		(c.resident < c.q.o.MemoryBytes || c.ready.len() == 0)
}

// makeRoom drops the bodies of messages that wait in lanes when they fill the
// memory; they are read one by one when their turn comes. Needs mu.
func (c *consumer) makeRoom() {
	if c.resident < c.q.o.MemoryBytes {
		return
	}
	for _, b := range c.window {
		b.body = nil
	}
	c.window, c.resident, c.bodies = nil, 0, 0
}

// opened is what openBlock gives.
type opened struct {
	block []byte
	spans []span
	err   error
}

// loaded puts what was read into the window. last is the newest block that
// there was before reading.
func (c *consumer) loaded(blocks []*liveBlock, last int64) {
	var rubble []*finish
	opened := make([]opened, len(blocks))
	for i, b := range blocks {
		opened[i].block, opened[i].spans, opened[i].err = openBlock(b.body)
	}
	c.mu.Lock()
	for i, b := range blocks {
		spans, err := opened[i].spans, opened[i].err
		if err == nil && len(spans) != b.n {
			err = fmt.Errorf("block of %d messages holds %d: %w", b.n, len(spans), errCorrupt)
		}
		if err != nil {
			c.cursor = b.id
			rubble = append(rubble, &finish{ref: ref{block: b}, end: endRubble, raw: b.body,
				reason: err.Error(), lost: b.left})
			continue
		}
		b.body = opened[i].block
		c.add(b, spans)
	}
	if len(blocks) == 0 {
		c.cursor = max(c.cursor, last)
	}
	c.appetite()
	c.mu.Unlock()
	for _, f := range rubble {
		c.q.o.Log.Error("block of messages is damaged and was set aside", "topic", c.topic.name,
			"block", f.ref.block.id, "messages", f.lost, "error", f.reason)
		f.from = c
		c.pending.Add(1)
		c.q.settle(f)
	}
}

const blocksAfter = `
select b.id, b.messages, b.bytes, b.body, d.done
  from block b
  left join block_done d on d.block_id = b.id
 where b.id > $1 and b.id < $2
 order by b.id
 limit $3`

// readBlocks reads the next blocks of a topic.
func (q *Queue) readBlocks(ctx context.Context, t *queueTopic, after int64) ([]*liveBlock, error) {
	rows, err := q.pool.query(ctx, blocksAfter, after, t.endBlock(), loadBlocks)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var blocks []*liveBlock
	for rows.Next() {
		b := &liveBlock{topic: t}
		var done []byte
		if err := rows.Scan(&b.id, &b.n, &b.size, &b.body, &done); err != nil {
			return nil, err
		}
		if done != nil {
			b.doneStored = true
			b.done = newBitmap(b.n)
			copy(b.done, done)
		}
		b.left = b.n - b.done.count(b.n)
		blocks = append(blocks, b)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range blocks {
		b.crashes = q.crashes[b.id]
	}
	return blocks, rows.Err()
}

// dueRef is a message and when it is due, in microseconds.
type dueRef struct {
	due int64
	ref ref
}

// dueHeap holds the earliest first.
type dueHeap []dueRef

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due < h[j].due }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop are for container/heap; use push and pop.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(dueRef)) }

// Pop removes the last item.
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

func (h *dueHeap) push(d dueRef) { heap.Push(h, d) }
func (h *dueHeap) pop() dueRef   { return heap.Pop(h).(dueRef) }

// dueAt tells that a message will be due at the given time.
func (c *consumer) dueAt(due int64) {
	c.mu.Lock()
	if c.nextDue < 0 || due < c.nextDue {
		c.nextDue = due
	}
	c.mu.Unlock()
	c.pokeDue()
}

func (c *consumer) pokeDue() {
	select {
	case c.poke <- struct{}{}:
	default:
	}
}

// dueLoop hands over messages when their time has come.
func (c *consumer) dueLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.poke:
		}
		wait := c.popRetries()
		more, err := c.loadDue(ctx)
		if err != nil && ctx.Err() == nil {
			c.q.o.Log.Error("delayed messages cannot be read; trying again", "topic", c.topic.name, "error", err)
			more = time.Second
		}
		timer.Reset(max(min(wait, more), 0))
	}
}

// farOff is a wait that a poke will cut short.
const farOff = time.Hour

// popRetries makes failed messages of an ordered topic ready that are due,
// and tells how long until the next is.
func (c *consumer) popRetries() time.Duration {
	now := c.q.o.Now().UnixMicro()
	c.mu.Lock()
	n := 0
	for len(c.retries) > 0 && c.retries[0].due <= now {
		r := c.retries.pop().ref
		c.waiting++
		n++
		c.ready.push(r)
		c.work.Signal()
	}
	wait := farOff
	if len(c.retries) > 0 {
		wait = time.Duration(c.retries[0].due-now) * time.Microsecond
	}
	c.mu.Unlock()
	c.q.undelay(c.topic, n)
	return wait
}

// undelay counts messages that are held back no more.
func (q *Queue) undelay(t *queueTopic, n int) {
	if n == 0 {
		return
	}
	q.mu.Lock()
	t.delayed -= int64(n)
	q.mu.Unlock()
}

const (
	// The body is read when its turn comes; before, only its key is needed, in
	// an ordered topic.
	dueLater = `
select id, length(body), case when $4 then body end
  from later
 where topic_id = $1 and held = 0 and due_us <= $2
 order by due_us, id
 limit $3`
	nextLater = `select min(due_us) from later where topic_id = $1 and held = 0 and due_us > $2`
)

// loadDue makes rows of later ready that are due, and tells how long until
// the next may be.
func (c *consumer) loadDue(ctx context.Context) (time.Duration, error) {
	now := c.q.o.Now().UnixMicro()
	c.mu.Lock()
	next, out := c.nextDue, len(c.laterOut)
	c.mu.Unlock()
	switch {
	case next < 0 || out >= mostLater:
		return farOff, nil
	case next > now:
		return time.Duration(next-now) * time.Microsecond, nil
	}
	// Set before reading: what comes meanwhile lowers it again.
	c.setNextDue(-1)
	n, err := c.readDue(ctx, now, mostLater)
	if err != nil {
		c.dueAt(now)
		return farOff, err
	}
	if n >= mostLater {
		// The rest waits until some of these are finished: see committed.
		c.lowerNextDue(now)
		return farOff, nil
	}
	var min sql.NullInt64
	if err := c.q.pool.row(ctx, nextLater, []any{c.topic.id, now}, &min); err != nil {
		c.dueAt(now)
		return farOff, err
	}
	if min.Valid {
		c.lowerNextDue(min.Int64)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nextDue < 0 {
		return farOff, nil
	}
	return time.Duration(c.nextDue-now) * time.Microsecond, nil
}

func (c *consumer) setNextDue(to int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nextDue = to
}

func (c *consumer) lowerNextDue(to int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nextDue < 0 || to < c.nextDue {
		c.nextDue = to
	}
}

// readDue reads at most limit rows that are due and makes those ready that
// are not in the window. It returns how many it read.
func (c *consumer) readDue(ctx context.Context, now int64, limit int) (int, error) {
	c.mu.Lock()
	c.reading = true
	c.mu.Unlock()
	read, added := 0, 0
	defer func() {
		c.endReading()
		c.q.undelay(c.topic, added)
	}()
	rows, err := c.q.pool.query(ctx, dueLater, c.topic.id, now, limit, c.opts.Ordered)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var size uint32
		var raw sql.RawBytes
		if err := rows.Scan(&id, &size, &raw); err != nil {
			return read, err
		}
		read++
		c.mu.Lock()
		if _, out := c.laterOut[id]; !out {
			c.laterOut[id] = struct{}{}
			c.enqueue(ref{later: id, size: size}, raw)
			added++
		}
		c.mu.Unlock()
	}
	return read, rows.Err()
}

// endReading forgets the rows that left the window while others were read.
func (c *consumer) endReading() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range c.returned {
		delete(c.laterOut, id)
	}
	c.reading, c.returned = false, c.returned[:0]
}

const heldRows = `select id, due_us, body from later where topic_id = $1 and held = 1 order by id`

// loadHeld finds the failed messages of an earlier run. In an ordered topic
// they head their lanes; else they become as other rows.
func (c *consumer) loadHeld(ctx context.Context) error {
	if !c.opts.Ordered {
		f := &finish{from: c, end: endFree}
		c.pending.Add(1)
		c.q.settle(f)
		return nil
	}
	rows, err := c.q.pool.query(ctx, heldRows, c.topic.id)
	if err != nil {
		return err
	}
	defer rows.Close()
	inLanes := 0
	defer func() { c.q.undelay(c.topic, inLanes) }()
	for rows.Next() {
		var id, due int64
		var raw sql.RawBytes
		if err := rows.Scan(&id, &due, &raw); err != nil {
			return err
		}
		if c.head(ref{later: id, size: uint32(len(raw))}, due, raw) {
			inLanes++
		}
	}
	return rows.Err()
}

// head puts a failed message at the head of its lane, or behind one that is
// there; then it reports true.
func (c *consumer) head(r ref, due int64, raw []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.lane = maphash.Bytes(c.seed, messageKey(raw))
	if l := c.lanes[r.lane]; l != nil {
		c.waiting++
		l.waiting.push(r)
		return true
	}
	c.lanes[r.lane] = &lane{}
	c.retries.push(dueRef{due, r})
	return false
}
