package api

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"hogpen/cdp"
)

// cursor points into a list by time, newest first: at what is not later than
// at, behind the entries of that very moment that were shown already. Clients
// hand it back as it came.
type cursor struct {
	at    time.Time // zero is the list's begin
	shown int
}

// cursorOf reads the parameter cursor.
func cursorOf(q *params) cursor {
	text := q.text("cursor", "Where to go on, as next of the answer before says.")
	if text == "" {
		return cursor{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	at, shown, _ := strings.Cut(string(raw), "+")
	us, badTime := strconv.ParseInt(at, 10, 64)
	n, badCount := strconv.Atoi(shown)
	if err != nil || badTime != nil || badCount != nil || n < 0 {
		q.failWith("cursor", "Invalid cursor")
		return cursor{}
	}
	return cursor{time.UnixMicro(us), n}
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.at.UnixMicro(), 10) + "+" + strconv.Itoa(c.shown)))
}

// before is the moment that all entries behind the cursor come before.
func (c cursor) before() time.Time {
	if c.at.IsZero() {
		return c.at
	}
	return c.at.Add(time.Microsecond)
}

// after is the cursor behind entries that were shown; there are some.
func (c cursor) after(entries []cdp.Activity) cursor {
	next := cursor{at: entries[len(entries)-1].CreatedAt}
	for _, e := range entries {
		if e.CreatedAt.Equal(next.at) {
			next.shown++
		}
	}
	if next.at.Equal(c.at) {
		next.shown += c.shown
	}
	return next
}
