package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"hogpen/cdp"
	"hogpen/queue"
)

// QueueOptions shape a Queue. The zero value of a field takes the default
// named beside it.
type QueueOptions struct {
	// MaxMessages bounds what is stored, in messages: 1,000,000. Publish
	// answers queue.ErrFull beyond it.
	MaxMessages int64
	// MaxBytes bounds what is stored, in bytes of messages: 8 GB.
	MaxBytes int64
	// MemoryBytes bounds the message bodies that wait in memory for each
	// topic: 4 MB, and as much again of packed ones that wait behind them. Those
	// that do not fit are read from disk when their turn comes.
	MemoryBytes int
	// MaxAttempts is after how many failures a message is given up:
	// queue.MaxAttempts.
	MaxAttempts int
	// MaxCrashes is after how many ends of the process with the message in
	// hand it is given up: 5.
	MaxCrashes int
	// Pause is the wait before the given attempt: queue.Pause.
	Pause func(attempt int) time.Duration
	// Now is the clock: time.Now.
	Now func() time.Time
	// Log gets what an operator should know: stations' errors, damage, a
	// full disk. slog.Default.
	Log *slog.Logger
}

func (o QueueOptions) withDefaults() QueueOptions {
	if o.MaxMessages == 0 {
		o.MaxMessages = 1_000_000
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 8 << 30
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = 4 << 20
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = queue.MaxAttempts
	}
	if o.MaxCrashes == 0 {
		o.MaxCrashes = 5
	}
	if o.Pause == nil {
		o.Pause = queue.Pause
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

// Queue is the queue in queue.db; it implements queue.Queue.
//
// One goroutine, the committer, writes. It takes what waits (messages to
// store, messages that are finished and what follows from them) into one
// transaction, syncs once and answers all; while it syncs, the next group
// gathers, so nothing waits for a timer. Finished messages from which nothing
// follows may wait up to 20 ms for company, for nobody waits for them.
//
// Messages are stored in blocks: those of a topic that were committed
// together, packed, at most 256 KB. A bitmap beside a block says which of its
// messages are finished; a block that is done is deleted with its last one.
// Messages that must wait for a time, held back or failed, move to a table of
// their own, where each is a row.
//
// What follows from a message need not be stored, if its topic is consumed in
// this process and keeps up: it rides on the message it follows from, which is
// finished with it (see passenger).
//
// A topic's consumer keeps a window over its blocks. A block that was just
// committed enters it from memory when the window has room; else it waits behind
// the window as it is stored, which is packed, or is read later, in order. In an ordered topic the window has a lane for each key.
//
// What is in hand is noted in the file queue.hand, unsynced: it outlives the
// process, so that a message with which the process dies again and again is
// found and set aside.
type Queue struct {
	o    QueueOptions
	pool *pool
	w    *writer
	hand *handFile

	stop      context.CancelFunc // ends consumers
	ctx       context.Context
	consumers sync.WaitGroup
	committer chan struct{} // closed when it is gone
	sidelines sync.WaitGroup

	wake chan struct{} // something waits for the committer
	room *sync.Cond    // on mu: fewer finished messages wait

	mu            sync.Mutex
	closing       bool
	topics        map[string]*queueTopic
	lastTopic     int64
	parcels       []*parcel
	finished      []*finish
	finishedBytes int
	urgent        int       // of finished: those that must not wait
	since         time.Time // when the oldest of finished came
	messages      int64     // stored or about to be
	bytes         int64
	flushing      int                      // consumers that wait for their last commit
	crashes       map[int64]map[uint32]int // by block and index; inner maps do not change
	over          bool                     // Close: commit what waits, then end
	hold          time.Time                // after a failed commit: not before
	holding       time.Duration            // the length of that pause

	// The committer's own.
	batch    batch
	dirty    map[*liveBlock]struct{} // marks that are not written
	packing  []*queueTopic           // topics with a block that is not full
	scratch  []byte                  // a block
	packed   []byte                  // the same, as it is stored
	laterSeq int64
	pruned   time.Time // when old dead messages were last deleted

	folding     atomic.Bool  // the log is being folded back
	shrink      atomic.Bool  // the file should be made smaller
	shrinkAbove atomic.Int64 // bytes of empty pages from which on
}

// queueTopic is one kind of work.
type queueTopic struct {
	name string
	id   int64

	// Under Queue.mu.
	depth, delayed int64
	last           int64 // newest committed block
	consumer       *consumer

	// hungry: the consumer would take new blocks from memory; shelving: it would
	// take them packed.
	hungry, shelving atomic.Bool

	// The committer's own.
	stored bool // its row exists
	next   int64
	parts  [][]byte // of the block being packed
	size   int
}

// topicShift leaves room for a trillion blocks a topic.
const topicShift = 40

func (t *queueTopic) firstBlock() int64 { return t.id << topicShift }
func (t *queueTopic) endBlock() int64   { return (t.id + 1) << topicShift }

// parcel is messages on their way to the committer, in stored form.
type parcel struct {
	buf       []byte
	entries   []tracked
	answer    chan error
	abandoned atomic.Bool // its publisher is gone
}

// tracked is one message of a parcel.
type tracked struct {
	topic    *queueTopic
	at, size int
	due      int64 // microseconds; 0 is at once
	attempt  int
}

var parcels = sync.Pool{New: func() any { return &parcel{answer: make(chan error, 1)} }}

func (p *parcel) reset() *parcel {
	clear(p.entries)
	p.buf, p.entries = p.buf[:0], p.entries[:0]
	p.abandoned.Store(false)
	return p
}

// OpenQueue opens queue.db in dir, creating it at need, and makes ready what
// an earlier process left. The caller closes the queue. One process at a time
// may have it open.
func OpenQueue(ctx context.Context, dir string, o QueueOptions) (*Queue, error) {
	// SQLite's own default where it is built for Linux; fsync also writes
	// the file's times, which doubles the wait. Unavailable elsewhere.
	_, _ = sqlite.Fdatasync(true)
	p, err := openQueuePool(ctx, filepath.Join(dir, "queue.db"))
	if err != nil {
		return nil, err
	}
	q := &Queue{o: o.withDefaults(), pool: p, topics: map[string]*queueTopic{}, dirty: map[*liveBlock]struct{}{}, crashes: map[int64]map[uint32]int{},
		wake: make(chan struct{}, 1), committer: make(chan struct{})}
	q.room = sync.NewCond(&q.mu)
	q.shrinkAbove.Store(shrinkAbove)
	if err := q.start(ctx, dir); err != nil {
		return nil, errors.Join(err, q.release())
	}
	q.ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	go q.commitLoop()
	return q, nil
}

// openQueuePool opens the file and brings it to the newest schema.
func openQueuePool(ctx context.Context, path string) (*pool, error) {
	p, err := openPool(ctx, path, queuePool)
	if err != nil {
		return nil, err
	}
	if _, err := migrate(ctx, p, "queue"); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// queuePool: a long log, folded back rarely while messages flow and from the
// side when they pause (see fold): what is consumed soon after it came never
// reaches the database file. Pages of 8 KB hold a block in half as many pieces
// as the usual ones; larger ones make single messages dear, since each commit
// writes two pages besides its messages. The cache holds what one commit writes;
// readers read what they read once.
var queuePool = poolOptions{PageBytes: 8192, Sync: "FULL", CacheKB: 2048, ReaderCacheKB: 512, Readers: 4, CheckpointPages: 4000}

// start prepares the writer and rebuilds what is kept in memory.
func (q *Queue) start(ctx context.Context, dir string) error {
	var err error
	if q.w, err = newWriter(ctx, q.pool); err != nil {
		return err
	}
	if q.hand, err = openHandFile(filepath.Join(dir, "queue.hand")); err != nil {
		return err
	}
	if err := q.readTopics(ctx); err != nil {
		return fault("read topics of the queue", err)
	}
	if err := q.recover(ctx); err != nil {
		return fault("recover messages that were in hand", err)
	}
	if err := q.readCrashes(ctx); err != nil {
		return fault("read the queue's crashes", err)
	}
	if err := q.countBlocks(ctx); err != nil {
		return fault("count the queue's blocks", err)
	}
	return fault("count the queue's delayed messages", q.countLater(ctx))
}

// release gives up files and connections.
func (q *Queue) release() error {
	var errs []error
	if q.w != nil {
		errs = append(errs, q.w.close())
	}
	if q.hand != nil {
		errs = append(errs, q.hand.close())
	}
	return errors.Join(append(errs, q.pool.close())...)
}

// Close ends consumers, waits for what is in hand, commits and closes the
// file. It may be called twice.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closing {
		q.mu.Unlock()
		<-q.committer
		return nil
	}
	q.closing = true
	q.mu.Unlock()
	q.stop()
	q.consumers.Wait()
	q.mu.Lock()
	q.over = true
	q.mu.Unlock()
	q.rouse()
	<-q.committer
	q.sidelines.Wait()
	// Nothing is in hand now, so nothing can be blamed for a crash.
	return errors.Join(q.hand.clear(), q.release())
}

// rouse tells the committer that something waits.
func (q *Queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Publish implements queue.Queue. Errors: queue.ErrFull when the budget is
// spent, queue.ErrClosed, or a *cdp.Error with code Unavailable when the disk
// is full or cannot be written, TooLarge for a message past 64 MB, Invalid for
// one without a topic. When ctx ends first, the messages may be stored or not.
func (q *Queue) Publish(ctx context.Context, msgs ...queue.Message) error {
	if err := ctx.Err(); err != nil || len(msgs) == 0 {
		return err
	}
	p := parcels.Get().(*parcel).reset()
	if err := q.pack(p, msgs); err != nil {
		parcels.Put(p)
		return err
	}
	if err := q.send(p); err != nil {
		parcels.Put(p)
		return err
	}
	select {
	case err := <-p.answer:
		parcels.Put(p)
		return err
	case <-ctx.Done():
		// The parcel is not used again: the committer may still read it.
		p.abandoned.Store(true)
		return ctx.Err()
	}
}

// pack brings messages into stored form.
func (q *Queue) pack(p *parcel, msgs []queue.Message) error {
	size := 0
	for i := range msgs {
		size += len(msgs[i].Key) + len(msgs[i].ID) + len(msgs[i].Body) + messageRoom
		if w := msgs[i].Work; w != nil && msgs[i].Body == nil {
			size += w.Size()
		}
	}
	p.buf = slices.Grow(p.buf, size)
	var t *queueTopic
	for i := range msgs {
		m := &msgs[i]
		if m.Topic == "" {
			return cdp.Errorf(cdp.Invalid, "", "A message needs a topic.")
		}
		at := len(p.buf)
		var err error
		if p.buf, err = appendMessage(p.buf, m); err != nil {
			return err
		}
		if t == nil || t.name != m.Topic {
			t = q.topic(m.Topic)
		}
		e := tracked{topic: t, at: at, size: len(p.buf) - at, attempt: m.Attempt}
		if !m.NotBefore.IsZero() && m.NotBefore.After(q.o.Now()) {
			e.due = m.NotBefore.UnixMicro()
		}
		p.entries = append(p.entries, e)
	}
	return nil
}

// send hands a parcel to the committer if the budget allows it.
func (q *Queue) send(p *parcel) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return queue.ErrClosed
	}
	n, size := int64(len(p.entries)), int64(len(p.buf))
	if q.messages+n > q.o.MaxMessages || q.bytes+size > q.o.MaxBytes {
		return queue.ErrFull
	}
	q.messages += n
	q.bytes += size
	q.parcels = append(q.parcels, p)
	q.rouse()
	return nil
}

// topic finds a topic or makes it; its row is written with its first message.
func (q *Queue) topic(name string) *queueTopic {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := q.topics[name]
	if t == nil {
		t = &queueTopic{name: name, id: q.lastTopic + 1}
		q.lastTopic = t.id
		t.next = t.firstBlock() + 1
		t.last = t.firstBlock()
		q.topics[name] = t
	}
	return t
}

const (
	oldestBlock = `select saved_at_us from block where id > $1 and id < $2 order by id limit 1`
	oldestLater = `select min(due_us) from later where topic_id = $1 and held = 0 and due_us <= $2`
)

// Stats implements queue.Queue. The counts are kept in memory; the age takes
// two look-ups by key.
func (q *Queue) Stats(ctx context.Context, topic string) (queue.Stats, error) {
	q.mu.Lock()
	t := q.topics[topic]
	if t == nil || q.closing {
		q.mu.Unlock()
		return queue.Stats{}, nil
	}
	s := queue.Stats{Depth: t.depth, Delayed: t.delayed}
	q.mu.Unlock()
	if s.Depth == 0 {
		return s, nil
	}
	now := q.o.Now()
	oldest := now.UnixMicro() + 1
	var block int64
	err := q.pool.row(ctx, oldestBlock, []any{t.firstBlock(), t.endBlock()}, &block)
	if err == nil {
		oldest = min(oldest, block)
	} else if !errors.Is(err, sql.ErrNoRows) {
		return s, fault("age of the queue", err)
	}
	var later sql.NullInt64
	if err := q.pool.row(ctx, oldestLater, []any{t.id, now.UnixMicro()}, &later); err != nil {
		return s, fault("age of the queue", err)
	}
	if later.Valid {
		oldest = min(oldest, later.Int64)
	}
	s.Oldest = max(now.Sub(time.UnixMicro(oldest)), 0)
	return s, nil
}

// Check runs SQLite's own checks over the file.
func (q *Queue) Check(ctx context.Context) error {
	if err := q.pool.integrity(ctx); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	return nil
}
