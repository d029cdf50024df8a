package vm

import (
	"math"
	"strings"
	"time"
)

// daysFromCivil counts days since 1970-01-01 in the proleptic calendar.
func daysFromCivil(y, m, d int) int {
	return int(math.Floor(float64(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC).Unix()) / 86400))
}

// ParseDateTime reads the date grammar of Hog (specification 5.5) and gives
// milliseconds since 1970. Text without an offset is meant in zone ("" is
// UTC). ok is false for any other text and for a zone that does not exist.
func ParseDateTime(s, zone string) (ms float64, ok bool) {
	p := dateText{s: strings.TrimFunc(s, isSpace)}
	year, ok1 := p.digits(4)
	ok1 = ok1 && p.eat('-')
	month, ok2 := p.digits(2)
	ok2 = ok2 && p.eat('-')
	day, ok3 := p.digits(2)
	if !ok1 || !ok2 || !ok3 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	hour, minute, second, milli := 0, 0, 0, 0
	if p.eatAny("Tt ") {
		if hour, minute, second, milli, ok = p.clock(); !ok {
			return 0, false
		}
	}
	offset, explicit, ok := p.offset()
	if !ok || p.s != "" {
		return 0, false
	}
	loc := time.UTC
	if !explicit && zone != "" {
		var err error
		if loc, err = LoadZone(zone); err != nil {
			return 0, false
		}
	}
	t := firstOccurrence(time.Date(year, time.Month(month), day, hour, minute, second, milli*1e6, loc))
	return float64(t.UnixMilli()) - float64(offset)*60000, true
}

// firstOccurrence takes the earlier of the two times that a clock set back
// shows twice. Go promises neither.
func firstOccurrence(t time.Time) time.Time {
	_, now := t.Zone()
	_, before := t.Add(-3 * time.Hour).Zone()
	if before > now {
		earlier := t.Add(time.Duration(now-before) * time.Second)
		if _, o := earlier.Zone(); o == before {
			return earlier
		}
	}
	return t
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// LoadZone finds an IANA zone. "" and "local" are UTC: a program must not
// depend on the host.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" || strings.EqualFold(name, "local") {
		return time.UTC, nil
	}
	return time.LoadLocation(name)
}

type dateText struct{ s string }

func (p *dateText) eat(c byte) bool {
	if p.s == "" || p.s[0] != c {
		return false
	}
	p.s = p.s[1:]
	return true
}

func (p *dateText) eatAny(set string) bool {
	if p.s == "" || strings.IndexByte(set, p.s[0]) < 0 {
		return false
	}
	p.s = p.s[1:]
	return true
}

func (p *dateText) digits(n int) (int, bool) {
	if len(p.s) < n {
		return 0, false
	}
	v := 0
	for i := range n {
		c := p.s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	p.s = p.s[n:]
	return v, true
}

func (p *dateText) clock() (hour, minute, second, milli int, ok bool) {
	hour, ok = p.digits(2)
	if !ok || hour > 23 || !p.eat(':') {
		return 0, 0, 0, 0, false
	}
	if minute, ok = p.digits(2); !ok || minute > 59 {
		return 0, 0, 0, 0, false
	}
	if !p.eat(':') {
		return hour, minute, 0, 0, true
	}
	if second, ok = p.digits(2); !ok || second > 59 {
		return 0, 0, 0, 0, false
	}
	if !p.eatAny(".,") {
		return hour, minute, second, 0, true
	}
	n := 0
	for ; n < len(p.s) && p.s[n] >= '0' && p.s[n] <= '9'; n++ {
		if n < 3 {
			milli = milli*10 + int(p.s[n]-'0')
		}
	}
	if n < 1 || n > 9 {
		return 0, 0, 0, 0, false
	}
	for i := n; i < 3; i++ {
		milli *= 10
	}
	p.s = p.s[n:]
	return hour, minute, second, milli, true
}

// offset reads Z or ±HH, ±HHMM, ±HH:MM, in minutes.
func (p *dateText) offset() (minutes int, explicit, ok bool) {
	if p.s == "" {
		return 0, false, true
	}
	if p.eatAny("Zz") {
		return 0, true, true
	}
	sign := 1
	if p.s[0] == '-' {
		sign = -1
	}
	if !p.eatAny("+-") {
		return 0, false, false
	}
	h, ok := p.digits(2)
	if !ok || h > 23 {
		return 0, false, false
	}
	m := 0
	if p.eat(':') || p.s != "" {
		if m, ok = p.digits(2); !ok || m > 59 {
			return 0, false, false
		}
	}
	return sign * (h*60 + m), true, true
}
