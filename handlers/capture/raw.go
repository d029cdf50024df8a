package capture

import (
	"strings"
	"time"
)

// raw is one event as it came: spans of the payload, nil where a member is
// absent or null.
type raw struct {
	token      []byte
	event      []byte
	distinctID []byte
	uuid       []byte
	properties []byte // an object
	timestamp  []byte
	offset     []byte
	set        []byte // an object
	setOnce    []byte // an object
	props      known
}

// known are the properties that capture itself reads.
type known struct {
	token        []byte
	distinctID   []byte
	set          []byte
	setOnce      []byte
	ip           bool
	sentAt       bool
	internal     bool // capture_internal
	cookieless   []byte
	ignoreSentAt bool
}

// read is a payload that was read.
type read struct {
	events []raw
	// token is the batch's own, which goes before those of its events.
	token      []byte
	sentAt     time.Time
	historical bool
}

// top is the outermost object: a batch, or an event.
type top struct {
	raw
	isBatch bool
	batch   []raw
	sentAt  []byte
	history []byte
}

// readPayload reads one of the three shapes: a list of events, a batch, or a
// single event. engage is set on the one route where the name of the event
// may be absent.
func readPayload(b []byte, engage bool) (read, error) { return readInto(nil, b, engage) }

// readInto is readPayload with room for the events of a list.
func readInto(room []raw, b []byte, engage bool) (read, error) {
	s := scanner{b: b, room: room}
	var r read
	var err error
	switch s.peek() {
	case '[':
		r.events, err = s.eventList()
	case '{':
		err = s.top(&r, engage)
	default:
		_, err = s.skip()
		if err == nil {
			err = &syntaxError{what: "invalid type: expected an event, a list of events or a batch", at: 0}
		}
	}
	if err == nil {
		err = s.end()
	}
	if bad, is := err.(*syntaxError); is {
		return read{}, refuse(400, "failed to parse request: %s", bad.describe(b))
	}
	if err != nil {
		return read{}, err
	}
	if len(r.events) == 0 {
		return read{}, refuse(400, "request holds no event")
	}
	return r, nil
}

// eventList reads an array of events.
func (s *scanner) eventList() ([]raw, error) {
	out := s.room[:0]
	s.room = nil // a second list is rare
	var t top
	err := s.array(func() error {
		t = top{}
		if err := s.members(&t); err != nil {
			return err
		}
		if t.event == nil {
			return &syntaxError{what: "missing field `event`", at: s.at}
		}
		out = append(out, t.raw)
		return nil
	})
	return out, err
}

func (s *scanner) top(r *read, engage bool) error {
	t := top{isBatch: true}
	if err := s.members(&t); err != nil {
		return err
	}
	if err := s.end(); err != nil { // before anything is said about what it means
		return err
	}
	switch {
	case t.batch != nil:
		r.events, r.token, r.historical = t.batch, t.token, string(t.history) == "true"
		if t.sentAt != nil && t.sentAt[0] == '"' {
			r.sentAt, _ = parseTime(text(t.sentAt))
		}
	case t.event == nil && engage:
		t.event = []byte(`"$identify"`)
		fallthrough
	case t.event != nil:
		r.events = []raw{t.raw}
	default:
		return refuse(400, "failed to hydrate events from request: non-engage request missing event name attribute")
	}
	return nil
}

// members reads an event's members, and a batch's where t.isBatch is set. Of
// a member that is given twice, the later one counts.
func (s *scanner) members(t *top) error {
	return s.object(func(key []byte) error {
		switch string(name(key)) {
		case "event":
			return s.take(&t.event, '"')
		case "distinct_id", "$distinct_id":
			return s.take(&t.distinctID, 0)
		case "properties":
			return s.known(t)
		case "timestamp":
			return s.take(&t.timestamp, 0)
		case "uuid":
			return s.take(&t.uuid, '"')
		case "token", "$token", "api_key":
			return s.take(&t.token, '"')
		case "offset":
			return s.take(&t.offset, 0)
		case "$set":
			return s.take(&t.set, '{')
		case "$set_once":
			return s.take(&t.setOnce, '{')
		case "sent_at":
			if t.isBatch {
				return s.take(&t.sentAt, 0)
			}
		case "historical_migration":
			if t.isBatch {
				return s.take(&t.history, 0)
			}
		case "batch":
			if t.isBatch && s.peek() == '[' {
				var err error
				if t.batch, err = s.eventList(); t.batch == nil {
					t.batch = []raw{}
				}
				return err
			}
		}
		_, err := s.skip()
		return err
	})
}

// take reads a value into a span; null leaves it absent. A value that does
// not begin with the wanted byte is a fault of the whole request, unless any
// will do (0).
func (s *scanner) take(into *[]byte, begins byte) error {
	c := s.peek()
	from := s.at
	v, err := s.skip()
	if err != nil {
		return err
	}
	switch {
	case c == 'n':
		*into = nil
	case begins != 0 && c != begins:
		return &syntaxError{what: "invalid type: expected " + named(begins), at: from}
	default:
		*into = v
	}
	return nil
}

func named(begins byte) string {
	if begins == '"' {
		return "a string"
	}
	return "a map"
}

// known reads properties and notes those that capture itself reads.
func (s *scanner) known(t *top) error {
	if s.peek() != '{' {
		return s.take(&t.properties, '{')
	}
	t.props = known{}
	k := &t.props
	from := s.at
	err := s.object(func(key []byte) error {
		v, err := s.skip()
		if err != nil {
			return err
		}
		k.note(key, v)
		return nil
	})
	t.properties = s.b[from:s.at]
	return err
}

// note keeps one property, if it is one of those.
func (k *known) note(key, v []byte) {
	switch string(name(key)) {
	case "token":
		if k.token = nil; v[0] == '"' {
			k.token = v
		}
	case "distinct_id":
		if k.distinctID = v; v[0] == 'n' {
			k.distinctID = nil
		}
	case "$set":
		k.set = v
	case "$set_once":
		k.setOnce = v
	case "$ip":
		k.ip = true
	case "$sent_at":
		k.sentAt = true
	case "capture_internal":
		k.internal = true
	case "$cookieless_mode":
		k.cookieless = v
	case "$ignore_sent_at":
		k.ignoreSentAt = string(v) == "true"
	}
}

// tokenOf gives the one token of the request, checked: the batch's, or the
// one on which all events that carry one agree.
func (r *read) tokenOf() (string, error) {
	if r.token != nil {
		return checkToken(text(r.token))
	}
	found, have := "", false
	for i := range r.events {
		span := r.events[i].token
		if span == nil {
			span = r.events[i].props.token
		}
		if span == nil {
			continue
		}
		t := text(span)
		if have && t != found {
			return "", refuse(401, "batch submitted with inconsistent api_key values")
		}
		found, have = t, true
	}
	if !have {
		return "", refuse(401, "event submitted without an api_key")
	}
	return checkToken(found)
}

func checkToken(t string) (string, error) {
	t = strings.TrimSpace(t)
	switch {
	case t == "":
		return "", badToken("empty")
	case len(t) > 64:
		return "", badToken("too_long")
	case strings.IndexFunc(t, func(r rune) bool { return r > 0x7f }) >= 0:
		return "", badToken("not_ascii")
	case strings.HasPrefix(t, "phx_"):
		return "", badToken("personal_api_key")
	case strings.IndexByte(t, 0) >= 0:
		return "", badToken("null_byte")
	}
	return t, nil
}
