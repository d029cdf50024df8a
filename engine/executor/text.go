package executor

import (
	"crypto/sha1"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"hogpen/cdp"
)

// isoTime is how programs see an instant: UTC, milliseconds, Z.
const isoTime = "2006-01-02T15:04:05.000Z"

func iso(t time.Time) string {
	t = t.UTC()
	y, month, d := t.Date()
	if y < 0 || y > 9999 {
		return t.Format(isoTime)
	}
	h, m, s := t.Clock()
	ms := t.Nanosecond() / 1e6
	b := [...]byte{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0', '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'}
	for _, p := range [...]struct{ at, n int }{{1, y / 100}, {3, y % 100}, {6, int(month)}, {9, d}, {12, h}, {15, m}, {18, s}, {22, ms % 100}} {
		b[p.at-1] += byte(p.n / 10)
		b[p.at] += byte(p.n % 10)
	}
	b[20] += byte(ms / 100)
	return string(b[:])
}

// encodeComponent is JavaScript's encodeURIComponent.
func encodeComponent(s string) string {
	const hex = "0123456789ABCDEF"
	clean := 0
	for clean < len(s) && stays(s[clean]) {
		clean++
	}
	if clean == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)+16), s[:clean]...)
	for i := clean; i < len(s); i++ {
		if c := s[i]; stays(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func stays(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.!~*'()", c) >= 0
}

// Namespaces of the version 5 UUIDs that are computed here.
var (
	// personSpace is PostHog's own for persons (runtime specification 1.11).
	personSpace = uuid.MustParse("932979b4-65c3-4424-8467-0b66ec27bc22")
	// invocationSpace is Hogpen's, for invocations and what they capture.
	invocationSpace = uuid.MustParse("5f0f1d0c-6a53-5c5e-9a4e-0f6a6f0e6b11")
)

// uuid5 is a version 5 UUID (RFC 9562) of a name in parts.
func uuid5(space uuid.UUID, parts ...string) string {
	var room [192]byte
	name := append(room[:0], space[:]...)
	for _, p := range parts {
		name = append(name, p...)
	}
	sum := sha1.Sum(name)
	u := uuid.UUID(sum[:16])
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// PersonID is the person of a distinct ID that has not been merged with
// another: always the same for a project and distinct ID.
func PersonID(project cdp.ProjectID, distinctID string) string {
	return uuid5(personSpace, strconv.FormatInt(int64(project), 10), ":", distinctID)
}

// InvocationID is the ID of the run of function for an event and mapping (-1
// without mappings), so that the same work done twice carries the same ID.
func InvocationID(eventUUID string, function cdp.FunctionID, mapping int) cdp.InvocationID {
	return cdp.InvocationID(uuid5(invocationSpace, eventUUID, "/", string(function), "/", strconv.Itoa(mapping)))
}

// appendTwoDigits writes a number, which is not negative, with two significant
// digits and without an exponent.
func appendTwoDigits(b []byte, f float64) []byte {
	if f == 0 || math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, '0')
	}
	var room [32]byte
	t := strconv.AppendFloat(room[:0], f, 'e', 1, 64) // d.de±dd
	first, second := t[0], t[2]
	exponent, err := strconv.Atoi(string(t[4:]))
	switch {
	case err != nil:
		return append(b, '0')
	case exponent > 0:
		b = append(b, first, second)
		for range exponent - 1 {
			b = append(b, '0')
		}
		return b
	case exponent == 0:
		b = append(b, first)
		if second != '0' {
			b = append(b, '.', second)
		}
		return b
	}
	b = append(b, '0', '.')
	for range -exponent - 1 {
		b = append(b, '0')
	}
	if b = append(b, first); second != '0' {
		b = append(b, second)
	}
	return b
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cut keeps at most n characters of s.
func cut(s string, n int) (text string, wasCut bool) {
	if len(s) <= n {
		return s, false
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i], true
		}
		count++
	}
	return s, false
}

// cutBytes keeps at most n bytes of s, whole characters only.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
