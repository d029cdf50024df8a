package liquid

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hogpen/hog/vm"
)

// moment is a date as the date filters see it: shown in a zone.
type moment struct {
	at   time.Time
	name string // of the zone; empty when only its offset is known
}

func millis(v vm.Value) float64 {
	seconds, _ := v.DateTimeParts()
	return math.Floor(seconds * 1000)
}

// dateText is what JavaScript prints for a Date, in UTC.
func dateText(v vm.Value) string {
	ms := millis(v)
	if math.IsNaN(ms) {
		return "Invalid Date"
	}
	return time.UnixMilli(int64(ms)).UTC().Format("Mon Jan 02 2006 15:04:05 GMT+0000 (Coordinated Universal Time)")
}

func isoText(v vm.Value) string {
	return time.UnixMilli(int64(millis(v))).UTC().Format("2006-01-02T15:04:05.000Z")
}

const defaultFormat = "%A, %B %-e, %Y at %-l:%M %P %z"

func date(c *context, in value, args []value) (value, error) {
	if in.isString() && !c.useText(in.v.Text()) {
		return absent, c.err
	}
	m, ok, err := c.moment(in, arg(args, 1))
	if err != nil || !ok {
		return in, err
	}
	format := defaultFormat
	if f := arg(args, 0).base(); !f.isNil() {
		format = c.text(f)
	}
	if !c.useText(format) {
		return absent, c.err
	}
	return m.filter(c, format)
}

func (m moment) filter(c *context, format string) (value, error) {
	out := m.format(c, format)
	return text(out), c.err
}

// dateAs is a date filter with a format of its own.
func dateAs(format string) filterFunc {
	return func(c *context, in value, _ []value) (value, error) {
		m, ok, err := c.moment(in, absent)
		if err != nil || !ok {
			return in, err
		}
		return m.filter(c, format)
	}
}

// dateString writes day, month and year, the day as an ordinal when asked to.
func dateString(month string) filterFunc {
	return func(c *context, in value, args []value) (value, error) {
		m, ok, err := c.moment(in, absent)
		if err != nil || !ok {
			return in, err
		}
		day := strconv.Itoa(m.at.Day())
		switch {
		case c.text(arg(args, 0)) != "ordinal":
			return m.filter(c, "%d "+month+" %Y")
		case c.text(arg(args, 1)) == "US":
			return m.filter(c, month+" "+day+"%q, %Y")
		}
		return m.filter(c, day+"%q "+month+" %Y")
	}
}

var allDigits = regexp.MustCompile(`^[0-9]+$`)

// moment reads a date: a datetime, seconds since 1970, a text, or now. It is
// shown in zone: an IANA name or, as JavaScript has it, the minutes that UTC is
// ahead.
func (c *context) moment(in, zone value) (moment, bool, error) {
	in = in.base()
	if in.isNil() {
		return moment{}, false, nil
	}
	var ms float64
	switch {
	case in.isString() && (in.v.Text() == "now" || in.v.Text() == "today"):
		ms = float64(c.budget.now.UnixMilli())
	case in.isNumber():
		ms = in.v.Num() * 1000
	case in.isString() && allDigits.MatchString(in.v.Text()):
		ms = textNumber(in.v.Text()) * 1000
	case in.isString():
		t, ok := parseDate(in.v.Text())
		if !ok {
			return moment{}, false, nil
		}
		ms = float64(t.UnixMilli())
	default:
		ms = c.num(in)
	}
	if math.IsNaN(ms) || math.Abs(ms) > 8.64e15 {
		return moment{}, false, nil
	}
	return c.inZone(time.UnixMilli(int64(ms)).UTC(), zone.base())
}

func (c *context) inZone(t time.Time, zone value) (moment, bool, error) {
	switch {
	case zone.isNil():
		return moment{at: t, name: "UTC"}, true, nil
	case zone.isString():
		loc, err := vm.LoadZone(zone.v.Text())
		if err != nil {
			return moment{}, false, &Error{Message: "Invalid time zone specified: " + zone.v.Text()}
		}
		return moment{at: t.In(loc), name: zone.v.Text()}, true, nil
	}
	minutes := c.num(zone)
	if math.IsNaN(minutes) || math.Abs(minutes) > 24*60 {
		return moment{}, false, nil
	}
	return moment{at: t.In(time.FixedZone("", -int(minutes)*60))}, true, nil
}

// dateLayouts are the spellings that JavaScript's Date reads and templates
// use; those without a zone are in UTC.
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02", "2006-01", "2006",
	"2006-01-02T15:04:05.999999999-0700",
	"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04",
	"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2 Jan 2006", "2 January 2006", "Mon Jan 2 2006 15:04:05 GMT-0700",
	"Mon Jan 2 2006", "Mon Jan 2 15:04:05 2006", "Jan 2, 2006 15:04:05", "Jan 2, 2006 3:04 PM", "Jan 2, 2006 3:04:05 PM", "Jan 2, 2006 15:04",
	"Jan 2, 2006", "Jan 2 2006", "January 2, 2006 15:04:05", "January 2, 2006 3:04 PM", "January 2, 2006 15:04", "January 2, 2006",
	"January 2 2006", "Jan 2006", "January 2006", "2006/1/2", "2006/1/2 15:04:05", "2006/1/2 15:04", "1/2/2006", "1/2/2006 15:04:05",
	"1/2/2006 15:04", "1/2/2006 3:04 PM", "2006-1-2", "1-2-2006",
}

var zoneWords = regexp.MustCompile(`\s*\([^)]*\)$`)

func parseDate(s string) (time.Time, bool) {
	s = strings.TrimFunc(s, isSpace)
	if len(s) > 100 {
		return time.Time{}, false
	}
	s = zoneWords.ReplaceAllString(s, "")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			if name, offset := t.Zone(); offset == 0 && name != "" && name != "UTC" && name != "GMT" && name != "Z" {
				return time.Time{}, false // an abbreviation that means nothing here
			}
			return t, true
		}
	}
	return time.Time{}, false
}

// directive is one part of a format: %, flags, width, a modifier that is
// ignored, and the letter.
var directive = regexp.MustCompile(`(?s)%([-_0^#:]+)?([0-9]+)?([EO])?(.)`)

var widths = map[byte]int{'C': 2, 'd': 2, 'e': 2, 'H': 2, 'I': 2, 'j': 3, 'k': 2, 'l': 2, 'L': 3, 'm': 2, 'M': 2, 'S': 2,
	'U': 2, 'W': 2, 'y': 2, 'Y': 4}

// format writes a date as strftime does.
func (m moment) format(c *context, format string) string {
	var b strings.Builder
	last := 0
	for _, at := range directive.FindAllStringSubmatchIndex(format, -1) {
		b.WriteString(format[last:at[0]])
		last = at[1]
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return format[at[2*i]:at[2*i+1]]
		}
		out, ok := m.directive(c, part(1), part(2), part(4))
		if !ok {
			out = part(0)
		}
		b.WriteString(out)
	}
	b.WriteString(format[last:])
	return b.String()
}

func (m moment) directive(c *context, flags, width, letter string) (string, bool) {
	if len(letter) != 1 {
		return "", false
	}
	wide, err := strconv.Atoi(width)
	if width != "" && (err != nil || wide > MaxMemory) {
		c.fail(errMemory)
		return "", true
	}
	if wide > 0 && !c.use(wide) {
		return "", true
	}
	out, ok := m.field(letter[0], flags, wide)
	if !ok {
		return "", false
	}
	if wide == 0 {
		wide = widths[letter[0]]
	}
	switch {
	case strings.Contains(flags, "^"):
		out = strings.ToUpper(out)
	case strings.Contains(flags, "#"):
		out = changeCase(out)
	}
	fill := "0"
	if strings.Contains("aAbBceklpP", letter) {
		fill = " "
	}
	switch {
	case strings.Contains(flags, "_"):
		fill = " "
	case strings.Contains(flags, "0"):
		fill = "0"
	}
	if strings.Contains(flags, "-") {
		wide = 0
	}
	if fill == "0" && strings.HasPrefix(out, "-") {
		return "-" + padStart(out[1:], wide-1, fill), true
	}
	return padStart(out, wide, fill), true
}

func padStart(s string, n int, fill string) string {
	return strings.Repeat(fill, max(n-len(s), 0)) + s
}

func changeCase(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' }) {
		return strings.ToUpper(s)
	}
	return strings.ToLower(s)
}

// field is one member of a date as text, not yet padded.
func (m moment) field(letter byte, flags string, wide int) (string, bool) {
	t := m.at
	n := strconv.Itoa
	switch letter {
	case 'a':
		return t.Format("Mon"), true
	case 'A':
		return t.Format("Monday"), true
	case 'b', 'h':
		return t.Format("Jan"), true
	case 'B':
		return t.Format("January"), true
	case 'c':
		return t.Format("1/2/2006, 3:04:05 PM"), true
	case 'C':
		return n(int(math.Floor(float64(t.Year()) / 100))), true
	case 'd', 'e':
		return n(t.Day()), true
	case 'H', 'k':
		return n(t.Hour()), true
	case 'I', 'l':
		return n((t.Hour()+11)%12 + 1), true
	case 'j':
		return n(t.YearDay()), true
	case 'L':
		return n(t.Nanosecond() / 1e6), true
	case 'm':
		return n(int(t.Month())), true
	case 'M':
		return n(t.Minute()), true
	case 'N':
		return fraction(t, wide), true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'q':
		return ordinal(t.Day()), true
	case 's':
		return strconv.FormatInt(int64(math.Floor(float64(t.UnixMilli())/1000)), 10), true
	case 'S':
		return n(t.Second()), true
	case 'u':
		return n((int(t.Weekday())+6)%7 + 1), true
	case 'U':
		return n(week(t, 0)), true
	case 'w':
		return n(int(t.Weekday())), true
	case 'W':
		return n(week(t, 1)), true
	case 'x':
		return t.Format("1/2/2006"), true
	case 'X':
		return t.Format("3:04:05 PM"), true
	case 'y':
		return n((t.Year()%100 + 100) % 100), true
	case 'Y':
		return n(t.Year()), true
	case 'z':
		return m.offset(strings.Contains(flags, ":")), true
	case 'Z':
		if m.name != "" {
			return m.name, true
		}
		return m.offset(strings.Contains(flags, ":")), true
	case 't':
		return "\t", true
	case 'n':
		return "\n", true
	case '%':
		return "%", true
	}
	return "", false
}

func (m moment) offset(colon bool) string {
	if colon {
		return m.at.Format("-07:00")
	}
	return m.at.Format("-0700")
}

// fraction is the part below a second; only milliseconds are known.
func fraction(t time.Time, wide int) string {
	if wide == 0 {
		wide = 9
	}
	s := t.Format(".000")[1:]
	return s[:min(wide, 3)] + strings.Repeat("0", max(wide-3, 0))
}

func ordinal(day int) string {
	switch {
	case day >= 11 && day <= 13:
		return "th"
	case day%10 == 1:
		return "st"
	case day%10 == 2:
		return "nd"
	case day%10 == 3:
		return "rd"
	}
	return "th"
}

// week counts weeks that begin on a day; days before the first are in week 0.
func week(t time.Time, first int) int {
	return (t.YearDay() - 1 - (int(t.Weekday())-first+7)%7 + 7) / 7
}
