package capture

import (
	"strconv"
	"strings"
	"time"
)

// layouts are tried in turn; without a zone they are UTC.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999Z07",
	"2006-01-02T15:04",
	"2006-01-02",
	"2006/01/02T15:04:05.999999999",
	"2006/01/02T15:04",
	"2006/01/02",
	"01/02/2006T15:04:05",
	"01/02/2006",
	time.RFC1123Z,
	time.RFC1123,
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05 MST",
	"2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST",
}

// parseTime reads a time as clients write it: RFC 3339 first, then other
// spellings of dates, then seconds or milliseconds since 1970.
func parseTime(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return time.Time{}, false
	}
	for _, form := range spellings(s) {
		for _, l := range layouts {
			if t, err := time.Parse(l, form); err == nil {
				return t, true
			}
		}
	}
	return parseEpoch(s)
}

// spellings are s itself, and s with a T for the space after its date and
// without the space before its zone.
func spellings(s string) []string {
	date, rest, ok := strings.Cut(s, " ")
	if !ok || date == "" || date[0] < '0' || date[0] > '9' || len(date) < 8 {
		return []string{s}
	}
	rest = strings.TrimSuffix(strings.ReplaceAll(rest, " ", ""), "UTC")
	return []string{date + "T" + rest, s}
}

// parseEpoch reads seconds, or from the year 5138 on milliseconds, since
// 1970.
func parseEpoch(s string) (time.Time, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v != v || v < -1e15 || v > 1e15 {
		return time.Time{}, false
	}
	if v >= 1e11 || v <= -1e11 {
		return time.UnixMicro(int64(v * 1e3)).UTC(), true
	}
	return time.UnixMicro(int64(v * 1e6)).UTC(), true
}
