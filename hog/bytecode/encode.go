package bytecode

import (
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
)

// errNotJSON is returned for what JSON has no token for.
var errNotJSON = errors.New("encode bytecode: an infinite or undefined number has no JSON form")

// MarshalJSON writes the program as PostHog stores it, without spaces. A float
// keeps its form (2.0, 1e-05), as Python writes it. Infinity and NaN, which the
// literals inf and nan produce, are an error, since they are no JSON.
func (p *Program) MarshalJSON() ([]byte, error) {
	for _, e := range p.Code {
		if e.Kind == KindFloat && (math.IsInf(e.Float, 0) || math.IsNaN(e.Float)) {
			return nil, errNotJSON
		}
	}
	return p.append(nil), nil
}

// String writes the program like MarshalJSON, with Infinity and NaN written as
// Python does.
func (p *Program) String() string { return string(p.append(nil)) }

func (p *Program) append(b []byte) []byte {
	if p.Version == 0 {
		b = append(b, `["_h"`...)
	} else {
		b = append(b, `["_H",`...)
		b = strconv.AppendInt(b, int64(p.Version), 10)
	}
	for _, e := range p.Code {
		b = append(b, ',')
		b = e.append(b)
	}
	return append(b, ']')
}

// String writes one element as in the JSON form.
func (e Elem) String() string { return string(e.append(nil)) }

func (e Elem) append(b []byte) []byte {
	switch e.Kind {
	case KindInt:
		return strconv.AppendInt(b, e.Int, 10)
	case KindFloat:
		return appendFloat(b, e.Float)
	case KindString:
		return appendString(b, e.Str)
	case KindBool:
		return strconv.AppendBool(b, e.Int != 0)
	case KindBigInt:
		return append(b, e.Str...)
	}
	return append(b, "null"...)
}

// appendFloat writes f as Python's repr does: the shortest digits that read
// back the same, with an exponent when it is below -4 or at least 16.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[start:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

// appendString writes s as a JSON string; only what JSON demands is escaped.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += size
			continue
		}
		i++
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
