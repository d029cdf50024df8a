package vm

import (
	"math"
	"strconv"
	"strings"
)

// AppendNumber appends the ECMAScript text of f: the shortest digits that
// read back as f, plain from 1e-6 up to below 1e21, else with an exponent.
// Minus zero is 0.
func AppendNumber(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes 1e-07, ECMAScript 1e-7.
	for i := start; i < len(dst); i++ {
		if dst[i] == 'e' && i+3 < len(dst) && dst[i+2] == '0' {
			return append(dst[:i+2], dst[i+3:]...)
		}
	}
	return dst
}

// NumberText is AppendNumber as a string.
func NumberText(f float64) string {
	if f >= 0 && f < 10 && f == math.Trunc(f) {
		return "0123456789"[int(f) : int(f)+1]
	}
	var b [32]byte
	return string(AppendNumber(b[:0], f))
}

func isSpace(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// ToNumber converts as every arithmetic operator does (specification 4.3).
func ToNumber(v Value) float64 {
	switch {
	case v.o == &numberObject, v.o == &boolObject:
		return v.n
	case v.o == nil:
		return 0
	case v.o.kind == KindString:
		return textToNumber(v.o.str)
	case v.o.list != nil:
		return textToNumber(JSText(v))
	}
	return math.NaN()
}

func textToNumber(s string) float64 {
	s = strings.TrimFunc(s, isSpace)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		switch s[1] {
		case 'x', 'X':
			return digitsToNumber(s[2:], 16)
		case 'o', 'O':
			return digitsToNumber(s[2:], 8)
		case 'b', 'B':
			return digitsToNumber(s[2:], 2)
		}
	}
	n := floatPrefix(s)
	if n != len(s) {
		return math.NaN()
	}
	return parseFloat(s)
}

func digitsToNumber(s string, base int) float64 {
	f := 0.0
	for i := 0; i < len(s); i++ {
		d := digit(s[i])
		if d >= base {
			return math.NaN()
		}
		f = f*float64(base) + float64(d)
	}
	return f
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}

func parseFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) { // an overflow is an infinity, not a fault
		return math.NaN()
	}
	return f
}

// floatPrefix gives the length of the longest decimal number at the start of
// s, 0 if there is none.
func floatPrefix(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	if strings.HasPrefix(s[i:], "Infinity") {
		return i + len("Infinity")
	}
	digits := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for ; j < len(s) && s[j] >= '0' && s[j] <= '9'; j++ {
			digits++
		}
		if digits > 0 {
			i = j
		}
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		k := j
		for ; k < len(s) && s[k] >= '0' && s[k] <= '9'; k++ {
		}
		if k > j {
			i = k
		}
	}
	return i
}

// LeadingFloat reads the longest number at the start of s, past white space,
// as toFloat does; ok is false when there is none.
func LeadingFloat(s string) (f float64, ok bool) {
	s = strings.TrimLeftFunc(s, isSpace)
	n := floatPrefix(s)
	if n == 0 {
		return 0, false
	}
	return parseFloat(s[:n]), true
}

// LeadingInt reads the digits at the start of s, past white space and a sign,
// also in 0x form, as toInt does; ok is false when there are none.
func LeadingInt(s string) (f float64, ok bool) {
	s = strings.TrimLeftFunc(s, isSpace)
	sign, base := 1.0, 10
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') && digit(s[2]) < 16 {
		s, base = s[2:], 16
	}
	i := 0
	for i < len(s) && digit(s[i]) < base {
		i++
	}
	if i == 0 {
		return 0, false
	}
	if base == 10 {
		return sign * parseFloat(s[:i]), true
	}
	return sign * digitsToNumber(s[:i], base), true
}

// mod is the remainder with the sign of the dividend.
func mod(a, b float64) float64 {
	ai, bi := int64(a), int64(b)
	if float64(ai) == a && float64(bi) == b && bi != 0 && ai != math.MinInt64 {
		r := ai % bi
		if r == 0 && (a < 0 || a == 0 && math.Signbit(a)) {
			return math.Copysign(0, -1)
		}
		return float64(r)
	}
	return math.Mod(a, b)
}
