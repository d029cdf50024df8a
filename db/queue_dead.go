package db

import (
	"context"

	"hogpen/queue"
)

const deadToRevive = `
select id, body
  from dead
 where topic_id = $1 and id > $2
 order by id
 limit $3`

// reviveChunk is how many messages are published in one commit.
const reviveChunk = 500

// Revive gives messages of a topic another chance that were given up: they are
// published anew, as if never tried, and leave the dead. Those that cannot be
// read stay. It returns how many were revived, also with an error; a crash in
// between revives some twice.
func (q *Queue) Revive(ctx context.Context, topic string) (revived int, err error) {
	// The queue's own writing connection is the committer's.
	p, err := openPool(ctx, q.pool.path, poolOptions{Readers: 1})
	if err != nil {
		return 0, err
	}
	defer p.close()
	for after := int64(0); ; {
		ids, msgs, last, err := q.deadAfter(ctx, topic, after)
		if err != nil || last == 0 {
			return revived, fault("revive dead messages", err)
		}
		after = last
		if len(msgs) == 0 {
			continue
		}
		if err := q.Publish(ctx, msgs...); err != nil {
			return revived, err
		}
		revived += len(msgs)
		if _, err := p.exec(ctx, `delete from dead where id in (select value from json_each($1))`, list(ids)); err != nil {
			return revived, fault("remove revived messages", err)
		}
	}
}

// deadAfter reads some dead messages; last is 0 when there are no more.
func (q *Queue) deadAfter(ctx context.Context, topic string, after int64) (ids []int64, msgs []queue.Message, last int64, err error) {
	rows, err := q.pool.query(ctx, deadToRevive, q.topic(topic).id, after, reviveChunk)
	type row struct {
		id  int64
		raw []byte
	}
	all, err := collect(rows, err, func(r scanner) (d row, err error) {
		err = r.Scan(&d.id, &d.raw)
		return d, err
	})
	if err != nil {
		return nil, nil, 0, err
	}
	for _, d := range all {
		last = d.id
		m, err := decodeMessage(topic, d.raw)
		if err != nil {
			continue
		}
		m.Attempt = 0
		ids, msgs = append(ids, d.id), append(msgs, m)
	}
	return ids, msgs, last, nil
}
