package ui

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Ago says how long before now an instant was: "just now", "12 s ago", "4 min
// ago", "3 h ago", and after a day the date: "12 Oct", "12 Oct 2025" in another year.
func Ago(now, at time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case d < 5*time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case at.Year() == now.Year():
		return at.Format("2 Jan")
	}
	return at.Format("2 Jan 2006")
}

// Count groups digits by three ("6,400"); above 99,999 it is compact: "1.24 M".
func Count(n int64) string {
	if n < 0 {
		return "-" + Count(-n)
	}
	switch {
	case n > 999_999_999:
		return compact(n, 1_000_000_000) + " bn"
	case n > 999_999:
		return compact(n, 1_000_000) + " M"
	case n > 99_999:
		return compact(n, 1_000) + " k"
	}
	return Exact(n)
}

// Exact groups digits by three, however many there are.
func Exact(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if s[0] == '-' {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// compact keeps three figures: 1.24, 12.4, 124.
func compact(n, unit int64) string {
	v := float64(n) / float64(unit)
	decimals := 2 - int(math.Log10(v))
	return strconv.FormatFloat(v, 'f', max(0, decimals), 64)
}

// Share is part of whole in percent: "98.2 %", "100 %", "–" of nothing. What is
// not all never rounds to 100 %, and what is something never to 0 %.
func Share(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	p := float64(part) / float64(whole) * 100
	switch {
	case part == whole:
		return "100 %"
	case part == 0:
		return "0 %"
	case p > 99.9:
		return "99.9 %"
	case p < 0.1:
		return "<0.1 %"
	}
	return strconv.FormatFloat(p, 'f', 1, 64) + " %"
}

// Took shows a duration with the unit that suits it: "8 µs", "118 ms", "10.0 s".
func Took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// Plural picks the word that goes with n: Plural(1, "run", "runs").
func Plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
