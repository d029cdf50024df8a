package engine

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/queue"
)

// An event's message is a version byte, the project, three texts with their
// lengths, two instants in milliseconds, and the properties as they came. JSON
// around JSON would be read and checked once more on each way.
//
// The second version is that of a historical event.
const (
	eventVersion      = 1
	historicalVersion = 2
)

var errEvent = errors.New("the message is not an event")

func encodeEvent(e *cdp.Event) []byte { return appendEvent(make([]byte, 0, eventSize(e)), e) }

// eventSize is no less than what appendEvent adds.
func eventSize(e *cdp.Event) int {
	return len(e.Properties) + len(e.UUID) + len(e.Name) + len(e.DistinctID) + 1 + 6*binary.MaxVarintLen64
}

func appendEvent(b []byte, e *cdp.Event) []byte {
	version := byte(eventVersion)
	if e.Historical {
		version = historicalVersion
	}
	b = append(b, version)
	b = binary.AppendVarint(b, int64(e.Project))
	for _, s := range [...]string{e.UUID, e.Name, e.DistinctID} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	b = binary.AppendVarint(b, e.Timestamp.UnixMilli())
	b = binary.AppendVarint(b, e.ReceivedAt.UnixMilli())
	return append(b, e.Properties...)
}

// decodeEvent reads what encodeEvent wrote. The properties are a part of b.
func decodeEvent(b []byte) (cdp.Event, error) {
	var e cdp.Event
	if len(b) == 0 || b[0] != eventVersion && b[0] != historicalVersion {
		return e, errEvent
	}
	e.Historical = b[0] == historicalVersion
	r := reader{b: b[1:]}
	e.Project = cdp.ProjectID(r.number())
	e.UUID, e.Name, e.DistinctID = r.texts()
	e.Timestamp = time.UnixMilli(r.number()).UTC()
	e.ReceivedAt = time.UnixMilli(r.number()).UTC()
	e.Properties = r.b
	if r.bad {
		return cdp.Event{}, errEvent
	}
	return e, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() int64 {
	n, size := binary.Varint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

// texts reads three texts into one piece of memory.
func (r *reader) texts() (a, b, c string) {
	x, y, z := r.part(), r.part(), r.part()
	all := make([]byte, 0, len(x)+len(y)+len(z))
	text := string(append(append(append(all, x...), y...), z...))
	return text[:len(x)], text[len(x) : len(x)+len(y)], text[len(x)+len(y):]
}

// part is a length and that many bytes, which stay where they are.
func (r *reader) part() []byte {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(len(r.b)-size) {
		r.bad = true
		return nil
	}
	p := r.b[size : size+int(n) : size+int(n)]
	r.b = r.b[size+int(n):]
	return p
}

// An invocation's message is a mark and its body, sealed when its inputs hold
// secrets: what is encrypted in one database must not lie open in another. The
// body is the invocation as JSON without globals and state, then these two:
// they are JSON already, and long.
const (
	plainBody  = 'j'
	sealedBody = 's'
)

func sealContext(p cdp.ProjectID) []byte {
	return []byte("invocation/" + strconv.FormatInt(int64(p), 10))
}

func appendBody(b []byte, inv *cdp.Invocation) ([]byte, error) {
	head := *inv
	head.Globals, head.State = nil, nil
	text, err := json.Marshal(&head)
	if err != nil {
		return nil, err
	}
	for _, part := range [][]byte{text, inv.Globals} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return append(b, inv.State...), nil
}

func readBody(b []byte) (*cdp.Invocation, error) {
	r := reader{b: b}
	head, globals := r.part(), r.part()
	if r.bad {
		return nil, errors.New("the message is cut short")
	}
	inv := new(cdp.Invocation)
	if err := json.Unmarshal(head, inv); err != nil {
		return nil, fmt.Errorf("read invocation: %w", err)
	}
	inv.Globals = globals
	if len(r.b) > 0 {
		inv.State = r.b
	}
	return inv, nil
}

func (e *Engine) encodeInvocation(inv *cdp.Invocation, secret bool) ([]byte, error) {
	plain := append(make([]byte, 0, len(inv.Globals)+len(inv.State)+len(inv.Pending)+500), plainBody)
	plain, err := appendBody(plain, inv)
	if err != nil {
		return nil, fmt.Errorf("write invocation %s: %w", inv.ID, err)
	}
	if !secret {
		return plain, nil
	}
	sealed, err := e.cfg.Sealer.Seal(plain[1:], sealContext(inv.Project))
	if err != nil {
		return nil, fmt.Errorf("seal invocation %s: %w", inv.ID, err)
	}
	// The project stands before the sealed part, which opens under it only.
	b := binary.AppendVarint([]byte{sealedBody}, int64(inv.Project))
	return append(b, sealed...), nil
}

func (e *Engine) decodeInvocation(b []byte) (inv *cdp.Invocation, secret bool, err error) {
	if len(b) == 0 {
		return nil, false, errors.New("the message is empty")
	}
	body := b[1:]
	switch b[0] {
	case plainBody:
	case sealedBody:
		r := reader{b: body}
		project := cdp.ProjectID(r.number())
		if r.bad || e.cfg.Sealer == nil {
			return nil, false, errors.New("the message cannot be opened")
		}
		if body, err = e.cfg.Sealer.Open(r.b, sealContext(project)); err != nil {
			return nil, false, fmt.Errorf("open invocation: %w", err)
		}
		secret = true
	default:
		return nil, false, errors.New("the message is not an invocation")
	}
	inv, err = readBody(body)
	return inv, secret, err
}

// errand is an invocation on its way to the second station in this process:
// its message has no body unless it must be stored.
type errand struct {
	e       *Engine
	planned executor.Planned
	secret  bool
}

// AppendBody implements queue.Work.
func (w *errand) AppendBody(dst []byte) ([]byte, error) {
	w.planned.Write()
	body, err := w.e.encodeInvocation(&w.planned.Invocation, w.secret)
	return append(dst, body...), err
}

// Size implements queue.Work.
func (w *errand) Size() int { return w.planned.Size() }

// arrival is an event on its way into the queue.
type arrival cdp.Event

// AppendBody implements queue.Work.
func (a *arrival) AppendBody(dst []byte) ([]byte, error) {
	return appendEvent(dst, (*cdp.Event)(a)), nil
}

// Size implements queue.Work.
func (a *arrival) Size() int { return eventSize((*cdp.Event)(a)) }

// eventOf reads an event's message.
func eventOf(m *queue.Message) (cdp.Event, error) {
	if a, ok := m.Work.(*arrival); ok {
		return cdp.Event(*a), nil
	}
	return decodeEvent(m.Body)
}

// plannedOf reads an invocation's message. The invocation is the caller's: a
// message may be worked on again as it was.
func (e *Engine) plannedOf(m *queue.Message) (p executor.Planned, secret bool, err error) {
	if w, ok := m.Work.(*errand); ok {
		return w.planned, w.secret, nil
	}
	inv, secret, err := e.decodeInvocation(m.Body)
	if err == nil {
		p.Invocation = *inv
	}
	return p, secret, err
}
