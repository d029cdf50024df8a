package stl

import (
	"fmt"
	"strings"
	"time"

	"hogpen/hog/vm"
)

func formatDateTime(c *vm.Call) (vm.Value, error) {
	v, format := c.Arg(0), c.Arg(1)
	if v.Kind() != vm.KindDateTime {
		return vm.Null, vm.LibraryErrorf("Expected a DateTime")
	}
	if !format.Truthy() {
		return vm.Null, vm.LibraryErrorf("formatDateTime requires at least 2 arguments")
	}
	seconds, zone := v.DateTimeParts()
	t, _, ok := timeIn(seconds, zoneArg(c, 2, zone))
	if !ok {
		return vm.String("Invalid DateTime"), nil
	}
	text := vm.JSText(format)
	if err := work(c, 4*len(text)); err != nil {
		return vm.Null, err
	}
	return vm.String(formatTime(t, text)), nil
}

// formatTime fills in the % codes; unknown ones and a % at the end vanish.
func formatTime(t time.Time, format string) string {
	var b strings.Builder
	for {
		text, rest, found := strings.Cut(format, "%")
		b.WriteString(text)
		if !found || rest == "" {
			return b.String()
		}
		b.WriteString(formatCode(t, rest[0]))
		size := 1
		for size < len(rest) && rest[0] >= 0x80 && rest[size]&0xc0 == 0x80 {
			size++
		}
		format = rest[size:]
	}
}

func formatCode(t time.Time, code byte) string {
	two := func(n int) string { return fmt.Sprintf("%02d", n) }
	switch code {
	case 'a':
		return t.Format("Mon")
	case 'b':
		return t.Format("Jan")
	case 'c', 'm':
		return t.Format("01")
	case 'd':
		return t.Format("02")
	case 'D':
		return t.Format("01/02/06")
	case 'e':
		return t.Format("2")
	case 'f':
		return fmt.Sprintf("%03d", t.Nanosecond()/1e6)
	case 'F':
		return t.Format("2006-01-02")
	case 'g', 'y', 'C':
		return t.Format("06")
	case 'G', 'Y':
		return t.Format("2006")
	case 'h', 'I', 'l':
		return t.Format("03")
	case 'H', 'k':
		return t.Format("15")
	case 'i':
		return t.Format("04")
	case 'j':
		return t.Format("002")
	case 'M':
		return t.Format("January")
	case 'W':
		return t.Format("Monday")
	case 'p':
		return t.Format("PM")
	case 'Q':
		return fmt.Sprint((int(t.Month()) + 2) / 3)
	case 'r':
		return t.Format("03:04 PM")
	case 'R':
		return t.Format("15:04")
	case 's', 'S':
		return t.Format("05")
	case 't':
		return "\t"
	case 'n':
		return "\n"
	case 'T':
		return t.Format("15:04:05")
	case 'u', 'w':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'V':
		_, week := t.ISOWeek()
		return two(week)
	case 'z':
		return t.Format("-0700")
	case '%':
		return "%"
	}
	return ""
}
