package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"hogpen/queue"
)

const (
	mostWaiting = 100_000          // messages in a window that wait for their turn
	manyWaiting = 256              // from here on latency is a matter of throughput
	enoughReady = 512              // below it the window is filled up
	loadBlocks  = 8                // read at a time
	mostLater   = 512              // rows of later in a window
	lastCommit  = 10 * time.Second // how long a stopping consumer waits for it
)

// liveBlock is a block in a window.
type liveBlock struct {
	id    int64
	topic *queueTopic
	n     int // messages
	size  int // bytes of them
	// crashes tells with which messages in hand the process died, how often.
	crashes map[uint32]int

	// Under consumer.mu.
	body    []byte // nil once nobody waits in it, or when memory was short
	packed  []byte // as it is stored, while it is on the shelf
	waiting int    // messages that are not yet handed out

	// The committer's own.
	done       bitmap
	left       int
	doneStored bool // a row of block_done exists
}

// ref is where a message is: in a block, or in a row of later.
type ref struct {
	block    *liveBlock
	later    int64
	index    uint32
	at, size uint32
	lane     uint64 // of its key, in an ordered topic
	// rider is a message that is not stored; nothing else is set then.
	rider *passenger
}

// note is what the file of messages in hand says about r.
func (r ref) note() handNote {
	if r.block != nil {
		return handNote{r.block.id, r.index, handBlock}
	}
	return handNote{r.later, 0, handLater}
}

func (r ref) String() string {
	if r.block != nil {
		return fmt.Sprintf("message %d of block %d", r.index, r.block.id)
	}
	return fmt.Sprintf("delayed message %d", r.later)
}

// lane is the messages of a key that wait for the one in hand or held back.
type lane struct{ waiting fifo }

// consumer hands out a topic's messages.
type consumer struct {
	q       *Queue
	topic   *queueTopic
	opts    queue.ConsumeOptions
	station queue.Station
	ctx     context.Context // ends when stations must stop
	slots   int             // first slot in the file of messages in hand
	seed    maphash.Seed

	stopping atomic.Bool
	pending  atomic.Int64   // given to the committer, not yet committed
	behind   atomic.Bool    // many messages wait for their turn
	carrying sync.WaitGroup // messages of which a passenger is under way
	poke     chan struct{}
	flushed  chan struct{} // roused when pending falls to 0

	mu       sync.Mutex
	work     *sync.Cond // ready is not empty
	load     *sync.Cond // the window may have room
	ready    fifo
	lanes    map[uint64]*lane
	window   []*liveBlock // those with a body, and some without
	bodies   int
	resident int   // bytes of bodies
	waiting  int   // messages that are not handed out
	aboard   int   // bytes of passengers
	cursor   int64 // newest block in the window
	last     int64 // newest block there is
	laterOut map[int64]struct{}
	retries  dueHeap // ordered: failed messages at the head of their lanes
	nextDue  int64   // when a row of later may be due; 0 is unknown, -1 never
	reading  bool    // rows of later are being read
	returned []int64 // rows that left the window meanwhile
	// shelf are the blocks that follow the window, packed.
	shelf   []*liveBlock
	shelved int // bytes of them

	// The block that was unpacked last for one of its messages; see reread.
	rereading sync.Mutex
	reread    struct {
		id   int64
		body []byte
	}
}

// fifo is a queue of refs.
type fifo struct {
	items []ref
	head  int
}

func (f *fifo) len() int { return len(f.items) - f.head }

func (f *fifo) push(r ref) {
	if f.head > 64 && f.head*2 > len(f.items) {
		n := copy(f.items, f.items[f.head:])
		clear(f.items[n:])
		f.items, f.head = f.items[:n], 0
	}
	f.items = append(f.items, r)
}

func (f *fifo) pop() ref {
	r := f.items[f.head]
	f.items[f.head] = ref{}
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	}
	return r
}

// Consume implements queue.Queue. It returns queue.ErrBusy for a topic that
// is being consumed, queue.ErrClosed, and an error when the last commit could
// not be made; the messages it would have finished then come again.
func (q *Queue) Consume(ctx context.Context, topic string, opts queue.ConsumeOptions, s queue.Station) error {
	opts.Workers = max(opts.Workers, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &consumer{q: q, topic: q.topic(topic), opts: opts, station: s, seed: maphash.MakeSeed(),
		poke: make(chan struct{}, 1), flushed: make(chan struct{}, 1),
		lanes: map[uint64]*lane{}, laterOut: map[int64]struct{}{}}
	c.work, c.load = sync.NewCond(&c.mu), sync.NewCond(&c.mu)
	defer context.AfterFunc(q.ctx, cancel)()
	if err := q.enlist(c); err != nil {
		return err
	}
	defer q.consumers.Done()
	defer q.dismiss(c)
	if err := c.loadHeld(ctx); err != nil {
		return fault("read the failed messages of "+topic, err)
	}
	return c.run(ctx)
}

// enlist makes c its topic's consumer.
func (q *Queue) enlist(c *consumer) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return queue.ErrClosed
	}
	if c.topic.consumer != nil {
		return queue.ErrBusy
	}
	q.consumers.Add(1)
	c.topic.consumer = c
	c.cursor, c.last = c.topic.firstBlock(), c.topic.last
	c.slots = q.hand.claim(c.opts.Workers)
	return nil
}

func (q *Queue) dismiss(c *consumer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c.topic.consumer = nil
	c.topic.hungry.Store(false)
	c.topic.shelving.Store(false)
	q.hand.give(c.slots, c.opts.Workers)
}

// run works until ctx ends, then waits for what is in hand and its commit.
func (c *consumer) run(ctx context.Context) error {
	var stop context.CancelFunc
	c.ctx, stop = context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var helpers, workers sync.WaitGroup
	helpers.Go(c.loadLoop)
	helpers.Go(func() { c.dueLoop(ctx) })
	for i := range c.opts.Workers {
		workers.Go(func() { c.workLoop(c.slots + i) })
	}
	<-ctx.Done()
	c.halt()
	if c.opts.Grace <= 0 {
		stop()
	} else {
		defer time.AfterFunc(c.opts.Grace, stop).Stop()
	}
	workers.Wait()
	helpers.Wait()
	c.carrying.Wait()
	return c.flush()
}

// halt ends the handing out.
func (c *consumer) halt() {
	c.q.mu.Lock()
	c.stopping.Store(true)
	c.q.room.Broadcast()
	c.q.mu.Unlock()
	c.mu.Lock()
	left := c.leaveShip()
	c.work.Broadcast()
	c.load.Broadcast()
	c.mu.Unlock()
	for _, p := range left {
		p.store(p.m.Attempt, time.Time{})
	}
}

// flush waits until all that c finished is committed.
func (c *consumer) flush() error {
	c.q.flush(+1)
	defer c.q.flush(-1)
	timer := time.NewTimer(lastCommit)
	defer timer.Stop()
	for c.pending.Load() > 0 {
		select {
		case <-c.flushed:
		case <-timer.C:
			return fmt.Errorf("last commit of %s: %d finished messages are not stored and will come again",
				c.topic.name, c.pending.Load())
		}
	}
	return nil
}

func (q *Queue) flush(by int) {
	q.mu.Lock()
	q.flushing += by
	q.mu.Unlock()
	q.rouse()
}

// workLoop is one worker.
func (c *consumer) workLoop(slot int) {
	for {
		r, raw, ok := c.take()
		if !ok {
			return
		}
		c.handle(slot, r, raw)
	}
}

// take waits for the next message; raw is nil when it must be read.
func (c *consumer) take() (r ref, raw []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ready.len() == 0 && !c.stopping.Load() {
		c.load.Signal()
		c.work.Wait()
	}
	if c.stopping.Load() {
		return ref{}, nil, false
	}
	r = c.ready.pop()
	c.waiting--
	c.behind.Store(c.waiting >= manyWaiting)
	if b := r.block; b != nil {
		if b.body != nil {
			raw = b.body[r.at : r.at+r.size : r.at+r.size]
		}
		if b.waiting--; b.waiting == 0 && b.body != nil {
			c.shed(b)
		}
	}
	if c.ready.len() < enoughReady && c.cursor < c.last {
		c.load.Signal()
	}
	return r, raw, true
}

// shed takes a block's body out of the account; workers may still hold parts.
func (c *consumer) shed(b *liveBlock) {
	c.resident -= len(b.body)
	b.body = nil
	c.bodies--
	if len(c.window) > 64 && len(c.window) > 2*c.bodies {
		c.window = slices.DeleteFunc(c.window, func(b *liveBlock) bool { return b.body == nil })
	}
}

// handle does the work of one message.
func (c *consumer) handle(slot int, r ref, raw []byte) {
	if r.rider != nil {
		c.serve(slot, r.rider)
		return
	}
	j, err := c.fetch(r, raw)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		c.finish(&finish{ref: r, end: endGone})
		return
	case errors.Is(err, errCorrupt):
		c.q.o.Log.Error("message is damaged and was set aside", "topic", c.topic.name, "error", err)
		c.finish(&finish{ref: r, end: endDead, raw: j.raw, attempt: j.m.Attempt, reason: err.Error()})
		return
	case err != nil:
		c.q.o.Log.Error("message cannot be read; trying again", "topic", c.topic.name, "error", err)
		c.putBack(r)
		return
	}
	if err := c.q.hand.put(slot, r.note()); err != nil {
		// Only the count of crashes suffers.
		c.q.o.Log.Warn("message in hand not noted", "error", err)
	}
	next, err := queue.Do(c.ctx, c.station, j.m)
	if err == nil && c.embark(r, next) {
		return
	}
	var p *parcel
	if err == nil {
		p, err = c.q.parcelOf(next)
	}
	if err != nil {
		c.failed(r, j, err)
		return
	}
	c.finish(&finish{ref: r, end: endDone, next: p})
}

// job is a message in hand in all its forms.
type job struct {
	m       queue.Message
	raw     []byte
	crashes int
}

const (
	readLater = `select attempt, crashes, body from later where id = $1`
	readBlock = `select body from block where id = $1`
)

// fetch reads what take did not have and decodes it.
func (c *consumer) fetch(r ref, raw []byte) (job, error) {
	ctx := context.Background()
	j := job{raw: raw}
	attempt := -1
	if r.block == nil {
		if err := c.q.pool.row(ctx, readLater, []any{r.later}, &attempt, &j.crashes, &j.raw); err != nil {
			return j, err
		}
	} else if raw == nil {
		var err error
		if j.raw, err = c.readInBlock(ctx, r); err != nil {
			return j, err
		}
	}
	var err error
	if j.m, err = decodeMessage(c.topic.name, j.raw); err != nil {
		return j, fmt.Errorf("%s: %w", r, err)
	}
	if attempt >= 0 {
		j.m.Attempt = attempt
	} else {
		j.crashes = r.block.crashes[r.index]
		j.m.Attempt += j.crashes
	}
	return j, nil
}

// readInBlock reads one message of a block that is not in memory. The block is
// kept for the next, which mostly is of the same one.
func (c *consumer) readInBlock(ctx context.Context, r ref) ([]byte, error) {
	c.rereading.Lock()
	defer c.rereading.Unlock()
	if c.reread.id != r.block.id {
		var stored []byte
		if err := c.q.pool.row(ctx, readBlock, []any{r.block.id}, &stored); err != nil {
			return nil, err
		}
		block, err := unpackBlock(stored)
		if err != nil {
			return stored, err
		}
		c.reread.id, c.reread.body = r.block.id, block
	}
	block := c.reread.body
	if len(block) > 2*maxBlockBytes { // of one large message
		c.reread.id, c.reread.body = 0, nil
	}
	end := uint64(r.at) + uint64(r.size)
	if end > uint64(len(block)) {
		return block, errCorrupt
	}
	return block[r.at:end:end], nil
}

// failed decides what becomes of a message whose station returned an error.
func (c *consumer) failed(r ref, j job, err error) {
	if c.stopping.Load() && c.ctx.Err() != nil && errors.Is(err, c.ctx.Err()) {
		return // it stays where it is and comes at the next start
	}
	attempt := j.m.Attempt + 1
	log := c.q.o.Log.With("topic", c.topic.name, "id", j.m.ID, "attempt", attempt, "error", err)
	if queue.GiveUp(err, attempt, c.q.o.MaxAttempts) {
		log.Error("message failed and was set aside")
		c.finish(&finish{ref: r, end: endDead, raw: j.raw, attempt: attempt, reason: err.Error()})
		return
	}
	pause := c.q.o.Pause(attempt)
	log.Error("message failed; trying again", "pause", pause)
	c.finish(&finish{ref: r, end: endLater, raw: j.raw, attempt: attempt, crashes: j.crashes,
		due: c.q.o.Now().Add(pause).UnixMicro()})
}

// finish gives a message to the committer and lets the next of its key go,
// unless it failed: then its key waits for it.
func (c *consumer) finish(f *finish) {
	f.from = c
	c.pending.Add(1)
	c.q.settle(f)
	if f.end != endLater {
		c.release(f.ref.lane)
	}
}

// release lets the next message of a key go.
func (c *consumer) release(lane uint64) {
	if c.opts.Ordered {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.advance(lane)
	}
}

// advance makes the next message of a lane ready. Needs mu.
func (c *consumer) advance(id uint64) {
	l := c.lanes[id]
	if l == nil {
		return
	}
	if l.waiting.len() == 0 {
		delete(c.lanes, id)
		return
	}
	c.ready.push(l.waiting.pop())
	c.work.Signal()
}

// putBack makes a message ready again that could not be read.
func (c *consumer) putBack(r ref) {
	select {
	case <-c.ctx.Done():
	case <-time.After(time.Second):
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.block != nil {
		r.block.waiting++
	}
	c.waiting++
	c.ready.push(r)
	c.work.Signal()
}

// committed is told by the committer that f is stored.
func (c *consumer) committed(f *finish) {
	if f.end == endFree {
		c.dueAt(0)
	} else if f.ref.later != 0 {
		c.mu.Lock()
		switch {
		case f.ref.block != nil:
			// It was no row before. The reader may have met it already: it is
			// then in hand again, and must not be forgotten.
		case c.reading:
			// The reader may still see the row as it was.
			c.returned = append(c.returned, f.ref.later)
		default:
			delete(c.laterOut, f.ref.later)
		}
		if f.end == endLater && c.opts.Ordered {
			r := ref{later: f.ref.later, size: uint32(len(f.raw)), lane: f.ref.lane}
			c.retries.push(dueRef{f.due, r})
		}
		c.mu.Unlock()
		if f.end == endLater {
			c.dueAt(f.due)
		} else {
			c.pokeDue()
		}
	}
	c.settled()
}

// settled counts a message that the committer has done with.
func (c *consumer) settled() {
	if c.pending.Add(-1) == 0 {
		select {
		case c.flushed <- struct{}{}:
		default:
		}
	}
}
