package capture

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"hogpen/cdp"
)

// Limits in characters; longer values are cut.
const (
	maxName       = 200
	maxDistinctID = 200
)

// builder makes events of what was read. All properties of a request go into
// one buffer, which the events then own: nothing points into the payload.
type builder struct {
	project cdp.Project
	now     time.Time
	sentAt  time.Time // zero when unknown
	ip      string
	newUUID func() string
	// historical marks events of a migration.
	historical bool
	// borrows tells that buf and made are the caller's, which reads what is made
	// before it asks for more.
	borrows bool
	buf     []byte
	made    []cdp.Event
	last    string // name
}

// events makes all events, or gives the first fault.
func (b *builder) events(raws []raw) ([]cdp.Event, error) {
	if !b.borrows { // what was made before stays
		b.buf, b.made = nil, nil
	}
	size := 0
	for i := range raws {
		size += len(raws[i].properties) + len(raws[i].set) + len(raws[i].setOnce) + 128
	}
	b.buf = slices.Grow(b.buf[:0], size)
	out := slices.Grow(b.made[:0], len(raws))
	for i := range raws {
		e, err := b.event(&raws[i])
		if err != nil {
			return nil, err
		}
		if e.Name != "$performance_event" {
			out = append(out, e)
		}
	}
	return out, nil
}

func (b *builder) event(r *raw) (cdp.Event, error) {
	called := b.last
	if inner := r.event[1 : len(r.event)-1]; string(inner) != called || strings.IndexByte(called, '\\') >= 0 {
		called = text(r.event)
		b.last = called
	}
	if called == "" {
		return cdp.Event{}, refuse(400, "event submitted with an empty event name")
	}
	id, err := distinctID(r)
	if err != nil {
		return cdp.Event{}, err
	}
	if c := r.props.cookieless; c != nil && string(c) != "true" && string(c) != "false" {
		return cdp.Event{}, refuse(400, "event submitted with invalid cookieless mode")
	}
	eventID, err := b.uuid(r.uuid)
	if err != nil {
		return cdp.Event{}, err
	}
	at := b.timestamp(r)
	return cdp.Event{
		Project:    b.project.ID,
		UUID:       eventID,
		Name:       cutRunes(called, maxName),
		DistinctID: id,
		Timestamp:  at.UTC().Truncate(time.Millisecond),
		ReceivedAt: b.now.Truncate(time.Millisecond),
		Properties: b.properties(r),
		Historical: b.historical,
	}, nil
}

// distinctID is who did it, as text: strings as they are, other values as
// compact JSON with sorted keys.
func distinctID(r *raw) (string, error) {
	span := r.distinctID
	if span == nil {
		span = r.props.distinctID
	}
	missing := refuse(400, "event submitted without a distinct_id")
	if span == nil {
		return "", missing
	}
	id := ""
	if span[0] == '"' {
		id = text(span)
	} else {
		id = compact(span)
	}
	if blank(id) {
		return "", missing
	}
	return cutRunes(strings.ReplaceAll(id, "\x00", "\uFFFD"), maxDistinctID), nil
}

// compact writes a value without white space and with sorted keys, its
// numbers as they came.
func compact(span []byte) string {
	d := json.NewDecoder(bytes.NewReader(span))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil { // it was validated
		return string(span)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return string(span)
	}
	return strings.TrimSuffix(out.String(), "\n")
}

func (b *builder) uuid(span []byte) (string, error) {
	if span == nil {
		return b.newUUID(), nil
	}
	t := text(span)
	switch {
	case t == "":
		return b.newUUID(), nil
	case canonical(t):
		return t, nil
	}
	id, err := uuid.Parse(t)
	if err != nil {
		return "", refuse(400, "failed to parse request: UUID parsing failed: %s", strings.TrimPrefix(err.Error(), "invalid "))
	}
	return id.String(), nil
}

// canonical reports whether a text is a UUID as we write it.
func canonical(t string) bool {
	if len(t) != 36 {
		return false
	}
	for i := range len(t) {
		c := t[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// farFuture is how far ahead of our clock an event may be dated.
const farFuture = 23 * time.Hour

// timestamp is when it happened (runtime specification 1.7; the numbers are
// its rules).
func (b *builder) timestamp(r *raw) time.Time {
	at := b.now // 3
	if t, ok := rawTime(r.timestamp); ok {
		at = t // 1
		if !b.sentAt.IsZero() && !r.props.ignoreSentAt {
			at = t.Add(b.now.Sub(b.sentAt))
		}
	}
	if ms, ok := offset(r.offset); ok {
		at = b.now.Add(-ms) // 2
	}
	if at.After(b.now.Add(farFuture)) {
		return b.now // 4
	}
	if y := at.UTC().Year(); y < 0 || y > 9999 {
		return time.Unix(0, 0) // 5
	}
	return at
}

func rawTime(span []byte) (time.Time, bool) {
	if span == nil {
		return time.Time{}, false
	}
	if span[0] == '"' {
		return parseTime(text(span))
	}
	return parseEpoch(string(span))
}

// offset is how long ago it happened by the client's clock, in milliseconds.
func offset(span []byte) (time.Duration, bool) {
	if span == nil {
		return 0, false
	}
	ms, err := strconv.ParseFloat(string(span), 64)
	const most = float64(1<<63-1) / float64(time.Millisecond)
	if err != nil || ms > most || ms < -most {
		return 0, false
	}
	return time.Duration(ms) * time.Millisecond, true
}

// properties copies an event's properties into the buffer, with what clean-up
// adds before transformations (runtime specification 1.10): $set and
// $set_once of the event itself over those of its properties, $ip unless
// given, $sent_at when known. The rest keeps its bytes.
func (b *builder) properties(r *raw) json.RawMessage {
	from := len(b.buf)
	w := objectWriter{buf: append(b.buf, '{')}
	w.copy(r.properties, func(key []byte) bool {
		switch string(name(key)) {
		case "$set":
			return r.set != nil
		case "$set_once":
			return r.setOnce != nil
		case "$sent_at":
			return !b.sentAt.IsZero()
		}
		return false
	}, r.set != nil && r.props.set != nil || r.setOnce != nil && r.props.setOnce != nil ||
		!b.sentAt.IsZero() && r.props.sentAt)
	if r.set != nil {
		w.key("$set")
		w.merge(r.props.set, r.set)
	}
	if r.setOnce != nil {
		w.key("$set_once")
		w.merge(r.props.setOnce, r.setOnce)
	}
	if !r.props.ip {
		w.key("$ip")
		ip := b.ip
		if r.props.internal {
			ip = "127.0.0.1"
		}
		w.buf = strconv.AppendQuote(w.buf, ip)
	}
	if !b.sentAt.IsZero() {
		w.key("$sent_at")
		w.buf = append(w.buf, '"')
		w.buf = b.sentAt.UTC().AppendFormat(w.buf, "2006-01-02T15:04:05.000Z")
		w.buf = append(w.buf, '"')
	}
	w.buf = append(w.buf, '}')
	b.buf = w.buf
	return json.RawMessage(b.buf[from:len(b.buf):len(b.buf)])
}

// objectWriter appends the members of one JSON object.
type objectWriter struct {
	buf  []byte
	some bool // a member was written
}

func (w *objectWriter) comma() {
	if w.some {
		w.buf = append(w.buf, ',')
	}
	w.some = true
}

func (w *objectWriter) key(name string) {
	w.comma()
	w.buf = append(w.buf, '"')
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, '"', ':')
}

// copy writes the members of a valid object, but for those to drop. When
// there is nothing to drop, the bytes between its braces go over as they are.
func (w *objectWriter) copy(object []byte, drop func(key []byte) bool, some bool) {
	if object == nil {
		return
	}
	if !some {
		if inner := bytes.TrimSpace(object[1 : len(object)-1]); len(inner) > 0 {
			w.comma()
			w.buf = append(w.buf, inner...)
		}
		return
	}
	s := scanner{b: object}
	// The object was validated, so reading it again cannot fail.
	_ = s.object(func(key []byte) error {
		v, err := s.skip()
		if err == nil && !drop(key) {
			w.comma()
			w.buf = append(w.buf, key...)
			w.buf = append(w.buf, ':')
			w.buf = append(w.buf, v...)
		}
		return err
	})
}

// merge writes an object of the members of both; over wins. under may be
// absent, or no object, and then counts for nothing.
func (w *objectWriter) merge(under, over []byte) {
	inner := objectWriter{buf: append(w.buf, '{')}
	if len(under) > 0 && under[0] == '{' {
		inner.copy(under, func(key []byte) bool { return has(over, text(key)) }, true)
	}
	inner.copy(over, nil, false)
	w.buf = append(inner.buf, '}')
}

// has tells whether a valid object has a member.
func has(object []byte, want string) bool {
	found := false
	s := scanner{b: object}
	_ = s.object(func(key []byte) error {
		found = found || string(name(key)) == want
		_, err := s.skip()
		return err
	})
	return found
}
