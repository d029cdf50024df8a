package cdp

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var relativeTime = regexp.MustCompile(`^([-+])?(\d{1,6})?([smhdwqyMHDWQY])(Start|End)?$`)

// RelativeTime reads a time that is said from now: -24h, -7d, -4w, -1m
// (months), -3M (minutes), -1q, -1y; with Start or End behind it, the start or
// end of that hour, day, month or year in loc. It is false for other texts.
func RelativeTime(text string, now time.Time, loc *time.Location) (time.Time, bool) {
	m := relativeTime.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[2] == "" && m[4] == "" {
		return time.Time{}, false
	}
	n, _ := strconv.Atoi(m[2])
	if m[1] != "+" {
		n = -n
	}
	t := now.In(loc)
	switch unit := m[3]; unit {
	case "s":
		t = t.Add(time.Duration(n) * time.Second)
	case "M":
		t = t.Add(time.Duration(n) * time.Minute)
	case "h", "H":
		t = t.Add(time.Duration(n) * time.Hour)
	case "d", "D":
		t = t.AddDate(0, 0, n)
	case "w", "W":
		t = t.AddDate(0, 0, 7*n)
	case "m":
		t = addMonths(t, n)
	case "q", "Q":
		t = addMonths(t, 3*n)
	case "y", "Y":
		t = addMonths(t, 12*n)
	}
	switch m[4] {
	case "Start":
		t, _ = unitAround(t, m[3])
	case "End":
		_, t = unitAround(t, m[3])
	}
	return t, true
}

// addMonths moves by months and stays within the month: the 31st becomes the
// last day of a shorter month.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// unitAround gives the first and the last microsecond of the hour, day, week
// (from Monday), month, quarter or year that t lies in.
func unitAround(t time.Time, unit string) (start, end time.Time) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, t.Location()) }
	y, m, d := t.Date()
	var next time.Time
	switch unit {
	case "h", "H":
		start = time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
		next = start.Add(time.Hour)
	case "d", "D":
		start, next = day(y, m, d), day(y, m, d+1)
	case "w", "W":
		monday := d - (int(t.Weekday())+6)%7
		start, next = day(y, m, monday), day(y, m, monday+7)
	case "m":
		start, next = day(y, m, 1), day(y, m+1, 1)
	case "q", "Q":
		first := (m-1)/3*3 + 1
		start, next = day(y, first, 1), day(y, first+3, 1)
	case "y", "Y":
		start, next = day(y, 1, 1), day(y+1, 1, 1)
	default:
		return t, t
	}
	return start, next.Add(-time.Microsecond)
}
