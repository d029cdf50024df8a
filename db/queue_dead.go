package db

import (
	"context"
	"time"

	"hogpen/queue"
)

const deadColumns = `
select d.id, t.name, d.at_us, d.attempt, d.reason, d.body
  from dead d
  join topic t on t.id = d.topic_id`

const (
	deadOfTopic = deadColumns + `
 where t.name = $1
 order by d.id desc
 limit $2`
	deadSince = deadColumns + `
 where d.at_us >= $1 and (d.at_us, d.id) > ($1, $2)
 order by d.at_us, d.id
 limit $3`
	deadByID = deadColumns + `
 where d.id in (select value from json_each($1))
 order by d.id
 limit $2`
)

// Dead lists the messages of a topic that were given up, newest first. They
// are kept for 30 days.
func (q *Queue) Dead(ctx context.Context, topic string, limit int) ([]queue.Dead, error) {
	return q.dead(ctx, deadOfTopic, topic, limit)
}

// DeadSince lists the messages of all topics that were given up at an instant
// after the one with the given number, or later, oldest first.
func (q *Queue) DeadSince(ctx context.Context, at time.Time, after int64, limit int) ([]queue.Dead, error) {
	return q.dead(ctx, deadSince, at.UnixMicro(), after, limit)
}

func (q *Queue) dead(ctx context.Context, text string, args ...any) ([]queue.Dead, error) {
	rows, err := q.pool.query(ctx, text, args...)
	dead, err := collect(rows, err, scanDead)
	return dead, fault("list dead messages", err)
}

func scanDead(r scanner) (d queue.Dead, err error) {
	var us int64
	var topic string
	var raw []byte
	var attempt int
	if err := r.Scan(&d.Number, &topic, &us, &attempt, &d.Reason, &raw); err != nil {
		return d, err
	}
	if d.Message, err = decodeMessage(topic, raw); err != nil {
		d.Message = queue.Message{Topic: topic, Body: raw}
	}
	d.Attempt, d.At = attempt, at(us)
	return d, nil
}

// reviveChunk is how many messages are published in one commit.
const reviveChunk = 500

// Revive gives messages another chance that were given up, by their numbers among
// the dead: they are published anew, as if never tried, and leave the dead.
// Those that cannot be read stay. It returns those that were revived, also with
// an error; a crash in between revives some twice.
func (q *Queue) Revive(ctx context.Context, ids []int64) (revived []int64, err error) {
	for len(ids) > 0 {
		n := min(len(ids), reviveChunk)
		dead, err := q.dead(ctx, deadByID, list(ids[:n]), n)
		if err != nil {
			return revived, err
		}
		ids = ids[n:]
		var msgs []queue.Message
		var again []int64
		for i := range dead {
			if m := dead[i].Message; m.ID != "" || m.Key != "" {
				m.Attempt = 0
				msgs, again = append(msgs, m), append(again, dead[i].Number)
			}
		}
		if len(msgs) == 0 {
			continue
		}
		if err := q.Publish(ctx, msgs...); err != nil {
			return revived, err
		}
		revived = append(revived, again...)
		if err := q.Bury(ctx, again); err != nil {
			return revived, err
		}
	}
	return revived, nil
}

// Bury forgets messages that were given up.
func (q *Queue) Bury(ctx context.Context, ids []int64) error {
	// The queue's own writing connection is the committer's.
	p, err := openPool(ctx, q.pool.path, poolOptions{Readers: 1})
	if err != nil {
		return err
	}
	defer p.close()
	_, err = p.exec(ctx, `delete from dead where id in (select value from json_each($1))`, list(ids))
	return fault("remove dead messages", err)
}
