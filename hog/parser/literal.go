package parser

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"hogpen/hog/ast"
)

// unquote gives the value of a string or quoted identifier, delimiters
// included in s.
func unquote(s string) string {
	quote := s[0]
	inner := s[1 : len(s)-1]
	if strings.IndexByte(inner, '\\') < 0 && strings.IndexByte(inner, quote) < 0 {
		return inner
	}
	return decode(inner, quote)
}

// decode resolves doubled quotes and escapes. quote is ', ", ` or 0 for the
// text of f'…', which adds \{ to what ' knows.
func decode(s string, quote byte) string {
	var b strings.Builder
	doubled := quote
	if quote == 0 {
		doubled = '\''
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c == doubled && i+1 < len(s) && s[i+1] == doubled {
			b.WriteByte(c)
			i += 2
			continue
		}
		if c != '\\' || i+1 == len(s) {
			b.WriteByte(c)
			i++
			continue
		}
		i += decodeEscape(&b, s[i:], quote)
	}
	return b.String()
}

func decodeEscape(b *strings.Builder, s string, quote byte) int {
	if commonEscape(b, s[1]) {
		return 2
	}
	switch c := s[1]; {
	case c == '\'' && (quote == '\'' || quote == 0),
		c == '"' && quote == '"',
		c == '{' && quote == 0:
		b.WriteByte(c)
		return 2
	case c == '\'':
		b.WriteString(`\'`)
		return 2
	}
	b.WriteByte('\\')
	return 1
}

// commonEscape writes what a backslash and c stand for. \0 stands for nothing.
func commonEscape(b *strings.Builder, c byte) bool {
	switch c {
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'r':
		b.WriteByte('\r')
	case 'n':
		b.WriteByte('\n')
	case 't':
		b.WriteByte('\t')
	case 'a':
		b.WriteByte('\a')
	case 'v':
		b.WriteByte('\v')
	case '\\':
		b.WriteByte('\\')
	case '0':
	default:
		return false
	}
	return true
}

// decodeFull resolves the escapes of an input template's text: what is not a
// known escape stays as it is, and so does \}.
func decodeFull(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch {
		case s[i] != '\\' || i+1 == len(s):
			b.WriteByte(s[i])
			i++
		case s[i+1] == '{':
			b.WriteByte('{')
			i += 2
		case commonEscape(&b, s[i+1]):
			i += 2
		default:
			b.WriteByte('\\')
			i++
		}
	}
	return b.String()
}

// integer makes the constant of an integer literal, sign included in text.
func integer(text string) *ast.Constant {
	sign, digits := splitSign(text)
	base := 10
	if len(digits) > 2 && digits[0] == '0' {
		switch digits[1] | 0x20 {
		case 'x':
			base, digits = 16, digits[2:]
		case 'b':
			base, digits = 2, digits[2:]
		}
	}
	if i, err := strconv.ParseInt(sign+digits, base, 64); err == nil {
		return &ast.Constant{Kind: ast.KindInteger, Int: i, Written: text}
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return &ast.Constant{Kind: ast.KindInteger, Written: text}
	}
	return &ast.Constant{Kind: ast.KindBigInteger, Str: sign + n.String(), Written: text}
}

// float makes the constant of a float literal; an overflow becomes infinity.
func float(text string) *ast.Constant {
	sign, digits := splitSign(text)
	f, _ := strconv.ParseFloat(digits, 64)
	if sign != "" {
		f = -f
	}
	return &ast.Constant{Kind: ast.KindFloat, Float: f, Written: text}
}

func special(negative bool, k keyword, text string) *ast.Constant {
	f := math.Inf(1)
	if k == kwNan {
		f = math.NaN()
	}
	if negative {
		f = -f
	}
	return &ast.Constant{Kind: ast.KindFloat, Float: f, Written: text}
}

// splitSign separates a leading minus; a plus is dropped.
func splitSign(text string) (sign, rest string) {
	switch text[0] {
	case '-':
		return "-", text[1:]
	case '+':
		return "", text[1:]
	}
	return "", text
}

// validText replaces broken UTF-8, so that bytecode and JSON agree on a string:
// each bad byte on its own, so that what stands between two matters not.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { return r }, s)
}
