package db

import (
	"errors"
	"time"

	"hogpen/queue"
)

// passenger is a message that is not stored: it rides on the one that it
// follows from, which stays unfinished until the passenger's work is done, and
// is then finished together with what follows in turn. So the first step of an
// invocation costs no commit of its own. When the process dies on the way, the
// message comes again and leads to the passenger again, as when it had died
// within its station.
//
// Only a single one rides: of several, one that hangs would keep those that are
// done from being finished. What has to wait gets off and is stored: when the
// process stops, when its station fails, and when its topic does not keep up.
type passenger struct {
	m    queue.Message
	on   ref // what it rides on
	from *consumer
	by   *consumer // of its own topic
}

// mostAboard bounds the bytes of messages on which others ride.
const mostAboard = 4 << 20

// embark lets what follows from r ride, if it can. r's key is then free for
// others.
func (c *consumer) embark(r ref, next []queue.Message) bool {
	if len(next) != 1 || next[0].Work == nil || !next[0].NotBefore.IsZero() || r.block == nil {
		return false
	}
	by := c.q.consumerOf(next[0].Topic)
	if by == nil || by.opts.Ordered {
		return false
	}
	p := &passenger{m: next[0], on: r, from: c, by: by}
	c.pending.Add(1)
	c.carrying.Add(1)
	if !by.board(p) {
		c.pending.Add(-1)
		c.carrying.Done()
		return false
	}
	c.release(r.lane)
	return true
}

// consumerOf gives the consumer of a topic in this process, if there is one.
func (q *Queue) consumerOf(topic string) *consumer {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.topics[topic]; t != nil {
		return t.consumer
	}
	return nil
}

// board takes p in hand soon, unless others wait already: those on disk came
// before.
func (c *consumer) board(p *passenger) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int(p.on.size)
	if c.stopping.Load() || c.cursor != c.last || c.waiting >= manyWaiting || c.aboard > 0 && c.aboard+size > mostAboard {
		return false
	}
	c.aboard += size
	c.waiting++
	c.ready.push(ref{rider: p})
	c.work.Signal()
	return true
}

// leaveShip takes out passengers that wait. Needs mu.
func (c *consumer) leaveShip() []*passenger {
	var out []*passenger
	stay := fifo{}
	for c.ready.len() > 0 {
		if r := c.ready.pop(); r.rider != nil {
			out = append(out, r.rider)
			c.waiting--
		} else {
			stay.push(r)
		}
	}
	c.ready = stay
	return out
}

// serve does the work of a passenger.
func (c *consumer) serve(slot int, p *passenger) {
	if err := c.q.hand.put(slot, p.on.note()); err != nil {
		c.q.o.Log.Warn("message in hand not noted", "error", err)
	}
	next, err := queue.Do(c.ctx, c.station, p.m)
	if err != nil && c.stopping.Load() && c.ctx.Err() != nil && errors.Is(err, c.ctx.Err()) {
		p.store(p.m.Attempt, time.Time{})
		return
	}
	var parcel *parcel
	if err == nil {
		parcel, err = c.q.parcelOf(next)
	}
	if err != nil {
		attempt := p.m.Attempt + 1
		pause := c.q.o.Pause(attempt)
		c.q.o.Log.Error("message failed; trying again", "topic", c.topic.name, "id", p.m.ID, "attempt", attempt, "error", err, "pause", pause)
		p.store(attempt, c.q.o.Now().Add(pause))
		return
	}
	p.end(parcel)
}

// parcelOf packs what follows from a message; nil is nothing.
func (q *Queue) parcelOf(next []queue.Message) (*parcel, error) {
	if len(next) == 0 {
		return nil, nil
	}
	p := new(parcel) // nobody waits for an answer
	return p, q.pack(p, next)
}

// store makes p a message as others are, in place of what it rides on.
func (p *passenger) store(attempt int, due time.Time) {
	m := p.m
	m.Attempt, m.NotBefore = attempt, due
	parcel, err := p.from.q.parcelOf([]queue.Message{m})
	if err == nil {
		p.end(parcel)
		return
	}
	p.from.q.o.Log.Error("message cannot be stored; it comes again at the next start", "topic", p.m.Topic, "id", p.m.ID, "error", err)
	p.alight()
	p.from.arrived()
}

// end finishes the message that p rides on.
func (p *passenger) end(next *parcel) {
	p.alight()
	p.from.q.settle(&finish{from: p.from, ref: p.on, end: endDone, next: next})
	p.from.carrying.Done()
}

func (p *passenger) alight() {
	p.by.mu.Lock()
	defer p.by.mu.Unlock()
	p.by.aboard -= int(p.on.size)
}

// arrived is told when a message will not come to the committer after all.
func (c *consumer) arrived() {
	c.carrying.Done()
	c.settled()
}
