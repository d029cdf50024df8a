package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const allTopics = `
select t.id, t.name, coalesce((select max(b.id) from block b where b.id > t.id << 40 and b.id < (t.id + 1) << 40), 0)
  from topic t`

// readTopics finds the topics and where their blocks end.
func (q *Queue) readTopics(ctx context.Context) error {
	rows, err := q.pool.query(ctx, allTopics)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		t := &queueTopic{stored: true}
		if err := rows.Scan(&t.id, &t.name, &t.last); err != nil {
			return err
		}
		t.last = max(t.last, t.firstBlock())
		t.next = t.last + 1
		q.topics[t.name] = t
		q.lastTopic = max(q.lastTopic, t.id)
	}
	return rows.Err()
}

// topicByID is a small search: there are a handful of topics.
func (q *Queue) topicByID(id int64) *queueTopic {
	for _, t := range q.topics {
		if t.id == id {
			return t
		}
	}
	return nil
}

const allBlocks = `
select b.id, b.messages, b.bytes, d.done
  from block b
  left join block_done d on d.block_id = b.id`

// countBlocks counts what is stored in blocks.
func (q *Queue) countBlocks(ctx context.Context) error {
	rows, err := q.pool.query(ctx, allBlocks)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, size int64
		var n int
		var done bitmap
		if err := rows.Scan(&id, &n, &size, (*[]byte)(&done)); err != nil {
			return err
		}
		left := int64(n - done.count(n))
		q.messages += left
		q.bytes += size
		if t := q.topicByID(id >> topicShift); t != nil {
			t.depth += left
		}
	}
	return rows.Err()
}

const (
	laterByTopic = `select topic_id, count(*), coalesce(sum(length(body)), 0) from later group by topic_id`
	lastLater    = `select coalesce(max(id), 0) from later`
)

// countLater counts what waits for a time.
func (q *Queue) countLater(ctx context.Context) error {
	if err := q.pool.row(ctx, lastLater, nil, &q.laterSeq); err != nil {
		return err
	}
	rows, err := q.pool.query(ctx, laterByTopic)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, n, size int64
		if err := rows.Scan(&id, &n, &size); err != nil {
			return err
		}
		q.messages += n
		q.bytes += size
		if t := q.topicByID(id); t != nil {
			t.depth += n
			t.delayed += n
		}
	}
	return rows.Err()
}

// recover raises the attempt of each message that the last process had in
// hand when it died; one with which the process died too often is set aside.
func (q *Queue) recover(ctx context.Context) error {
	notes, err := q.hand.notes()
	if err != nil {
		return err
	}
	if len(notes) == 0 {
		return nil
	}
	if err := q.w.run(ctx, q.w.begin); err != nil {
		return err
	}
	seen := map[handNote]bool{}
	for _, n := range notes {
		if seen[n] {
			continue
		}
		seen[n] = true
		if err := q.recoverOne(ctx, n); err != nil {
			return errors.Join(err, q.w.run(ctx, q.w.rollback))
		}
	}
	if err := q.w.run(ctx, q.w.commit); err != nil {
		return errors.Join(err, q.w.run(ctx, q.w.rollback))
	}
	return q.hand.clear()
}

func (q *Queue) recoverOne(ctx context.Context, n handNote) error {
	if n.kind == handLater {
		return q.recoverLater(ctx, n.id)
	}
	t := q.topicByID(n.id >> topicShift)
	if t == nil {
		return nil
	}
	b, body, err := q.readOne(ctx, t, n.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // finished
	}
	if err != nil {
		return err
	}
	body, spans, err := openBlock(body)
	if err != nil || len(spans) != b.n || int(n.index) >= b.n || b.done.has(int(n.index)) {
		return nil // finished, or damaged: the consumer reports that
	}
	s := spans[n.index]
	raw := body[s.at : s.at+s.size]
	f, err := parseFrame(raw)
	if err != nil {
		return nil
	}
	crashes := 1
	err = q.w.conn.QueryRowContext(ctx, countCrash, n.id, n.index).Scan(&crashes)
	if err != nil {
		return err
	}
	if crashes < q.o.MaxCrashes {
		return nil
	}
	if err := q.poison(ctx, t, raw, f.attempt+crashes, crashes); err != nil {
		return err
	}
	return q.markOne(ctx, b, int(n.index))
}

const countCrash = `
insert into crash (block_id, idx, crashes)
values ($1, $2, 1)
on conflict do update set crashes = crashes + 1
returning crashes`

// readCrashes reads the counts into memory; there are seldom any.
func (q *Queue) readCrashes(ctx context.Context) error {
	rows, err := q.pool.query(ctx, `select block_id, idx, crashes from crash`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var block int64
		var index uint32
		var n int
		if err := rows.Scan(&block, &index, &n); err != nil {
			return err
		}
		if q.crashes[block] == nil {
			q.crashes[block] = map[uint32]int{}
		}
		q.crashes[block][index] = n
	}
	return rows.Err()
}

const oneBlock = `
select b.messages, b.bytes, b.body, d.done
  from block b
  left join block_done d on d.block_id = b.id
 where b.id = $1`

// readOne reads a block on the writing connection, inside its transaction.
func (q *Queue) readOne(ctx context.Context, t *queueTopic, id int64) (*liveBlock, []byte, error) {
	b := &liveBlock{id: id, topic: t}
	var body, done []byte
	if err := q.w.conn.QueryRowContext(ctx, oneBlock, id).Scan(&b.n, &b.size, &body, &done); err != nil {
		return nil, nil, err
	}
	b.done = newBitmap(b.n)
	copy(b.done, done)
	return b, body, nil
}

// markOne marks one message of a block as finished.
func (q *Queue) markOne(ctx context.Context, b *liveBlock, i int) error {
	b.done.set(i)
	if b.done.count(b.n) < b.n {
		return q.w.run(ctx, q.w.setDone, b.id, []byte(b.done))
	}
	for _, text := range []*sql.Stmt{q.w.deleteBlock, q.w.deleteDone, q.w.deleteCrash} {
		if err := q.w.run(ctx, text, b.id); err != nil {
			return err
		}
	}
	return nil
}

const oneLater = `select topic_id, attempt, crashes, held, body from later where id = $1`

func (q *Queue) recoverLater(ctx context.Context, id int64) error {
	var topic int64
	var attempt, crashes, held int
	var raw []byte
	err := q.w.conn.QueryRowContext(ctx, oneLater, id).Scan(&topic, &attempt, &crashes, &held, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // finished
	}
	t := q.topicByID(topic)
	if err != nil || t == nil {
		return err
	}
	attempt, crashes = attempt+1, crashes+1
	if crashes < q.o.MaxCrashes {
		return q.w.run(ctx, q.w.updateLater, id, q.o.Now().UnixMicro(), attempt, crashes, held)
	}
	if err := q.poison(ctx, t, raw, attempt, crashes); err != nil {
		return err
	}
	return q.w.run(ctx, q.w.deleteLater, id)
}

// poison sets a message aside with which the process died too often.
func (q *Queue) poison(ctx context.Context, t *queueTopic, raw []byte, attempt, crashes int) error {
	reason := fmt.Sprintf("poison: the process ended %d times with this message in hand", crashes)
	q.o.Log.Error("message was set aside", "topic", t.name, "reason", reason)
	return q.w.run(ctx, q.w.insertDead, t.id, q.o.Now().UnixMicro(), attempt, reason, raw)
}

const (
	keepDead    = 30 * 24 * time.Hour
	shrinkAbove = 64 << 20 // bytes of empty pages, and most of the file
)

// rest is called by the committer when nothing has come for a moment: the log
// is folded back from the side, so that a commit seldom has to.
func (q *Queue) rest() {
	if now := time.Now(); now.Sub(q.pruned) > time.Hour {
		q.pruned = now
		if err := q.w.run(context.Background(), q.w.pruneDead, q.o.Now().Add(-keepDead).UnixMicro()); err != nil {
			q.o.Log.Warn("old dead messages not deleted", "error", err)
		}
	}
	if q.shrink.Swap(false) {
		// What is left is small, so this takes a moment only.
		if err := q.w.exec(context.Background(), "vacuum"); err != nil {
			q.o.Log.Warn("queue file not made smaller", "error", err)
		}
	}
	if q.folding.CompareAndSwap(false, true) {
		q.sidelines.Go(q.fold)
	}
}

// fold copies the log into the database file as far as readers allow, and
// looks whether most of the file is empty.
func (q *Queue) fold() {
	defer q.folding.Store(false)
	ctx := context.Background()
	var busy, pages, folded int64
	if err := q.pool.r.QueryRowContext(ctx, "pragma wal_checkpoint(passive)").Scan(&busy, &pages, &folded); err != nil {
		q.o.Log.Warn("queue log not folded back", "error", err)
		return
	}
	var free, size int64
	if err := q.pool.row(ctx, "pragma freelist_count", nil, &free); err != nil {
		return
	}
	if err := q.pool.row(ctx, "pragma page_size", nil, &size); err != nil {
		return
	}
	q.mu.Lock()
	stored := q.bytes
	q.mu.Unlock()
	if free*size > q.shrinkAbove.Load() && stored < free*size/4 {
		q.shrink.Store(true)
		q.rouse()
	}
}
