package capture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// maxDepth is how deep a payload may nest, as in encoding/json. Going deeper
// is a fault of the payload, never of the stack.
const maxDepth = 10_000

// scanner reads JSON text once, from front to back. It validates every byte
// and makes no values: what a caller wants, it takes as a span of the text.
// It accepts exactly what encoding/json accepts.
type scanner struct {
	b     []byte
	at    int
	depth int
	room  []raw // for a list of events
}

// syntaxError says what is wrong and where.
type syntaxError struct {
	what string
	at   int
}

func (e *syntaxError) Error() string { return e.what }

// describe adds line and column, both from 1, in bytes.
func (e *syntaxError) describe(b []byte) string {
	before := b[:min(e.at, len(b))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
	return fmt.Sprintf("%s at line %d column %d", e.what, line, column)
}

func (s *scanner) fail(what string) error {
	if s.at >= len(s.b) {
		what = "EOF while parsing a value"
	}
	return &syntaxError{what: what, at: s.at}
}

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.b) {
		switch s.b[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek skips white space and gives the next byte, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at < len(s.b) {
		return s.b[s.at]
	}
	return 0
}

// end asks that nothing follows.
func (s *scanner) end() error {
	if s.space(); s.at < len(s.b) {
		return s.fail("trailing characters")
	}
	return nil
}

// skip validates the next value and gives its span.
func (s *scanner) skip() ([]byte, error) {
	c := s.peek()
	from := s.at
	var err error
	switch {
	case c == '"':
		err = s.str()
	case c == '{':
		err = s.object(func([]byte) error { _, err := s.skip(); return err })
	case c == '[':
		err = s.array(func() error { _, err := s.skip(); return err })
	case c == '-' || c >= '0' && c <= '9':
		err = s.number()
	case c == 't':
		err = s.word("true")
	case c == 'f':
		err = s.word("false")
	case c == 'n':
		err = s.word("null")
	default:
		err = s.fail("expected value")
	}
	return s.b[from:s.at], err
}

// object reads an object; member is called at each value with the key as it
// is written, quotes included, and must read the value.
func (s *scanner) object(member func(key []byte) error) error {
	if s.peek() != '{' {
		return s.fail("expected an object")
	}
	return s.list('}', func() error {
		if s.peek() != '"' {
			return s.fail("key must be a string")
		}
		from := s.at
		if err := s.str(); err != nil {
			return err
		}
		key := s.b[from:s.at]
		if s.peek() != ':' {
			return s.fail("expected `:`")
		}
		s.at++
		return member(key)
	})
}

// array reads an array; element is called at each value and must read it.
func (s *scanner) array(element func() error) error {
	if s.peek() != '[' {
		return s.fail("expected an array")
	}
	return s.list(']', element)
}

// list reads what stands between brackets, separated by commas.
func (s *scanner) list(closing byte, item func() error) error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("recursion limit exceeded")
	}
	s.at++
	if s.peek() == closing {
		s.at++
		s.depth--
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.at++
		case closing:
			s.at++
			s.depth--
			return nil
		default:
			return s.fail("expected `,` or `" + string(closing) + "`")
		}
	}
}

// str reads a string. Its UTF-8 was validated with the payload.
func (s *scanner) str() error {
	b, i := s.b, s.at+1
	for i += plain(b[i:]); i < len(b); i += plain(b[i:]) {
		switch c := b[i]; {
		case c == '"':
			s.at = i + 1
			return nil
		case c == '\\':
			n := escape(b[i:])
			if n == 0 {
				s.at = i
				return s.fail("invalid escape")
			}
			i += n
		case c < ' ':
			s.at = i
			return s.fail("control character (\\u0000-\\u001F) found while parsing a string")
		default:
			i++ // one of the last few bytes
		}
	}
	s.at = i
	return s.fail("")
}

// plain counts the bytes at the beginning of b that a string may simply hold,
// eight at a time; it stops short of the last seven. The three terms find a
// control character, a quote and a backslash: x-1 &^ x has its high bit set
// where the byte x is zero, and exactly so for the lowest such byte.
func plain(b []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^'"'*ones, w^'\\'*ones
		if m := ((w-' '*ones)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	return i
}

// escape is the length of the escape at the beginning of b; 0 when it is none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex4(b[2:6]) {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// number reads -?(0|[1-9]d*)(.d+)?([eE][+-]?d+)?
func (s *scanner) number() error {
	if s.b[s.at] == '-' {
		s.at++
	}
	if s.at < len(s.b) && s.b[s.at] == '0' {
		s.at++
	} else if !s.digits() {
		return s.fail("invalid number")
	}
	if s.at < len(s.b) && s.b[s.at] == '.' {
		if s.at++; !s.digits() {
			return s.fail("invalid number")
		}
	}
	if s.at < len(s.b) && (s.b[s.at] == 'e' || s.b[s.at] == 'E') {
		s.at++
		if s.at < len(s.b) && (s.b[s.at] == '+' || s.b[s.at] == '-') {
			s.at++
		}
		if !s.digits() {
			return s.fail("invalid number")
		}
	}
	return nil
}

// digits reads digits and tells whether there was one.
func (s *scanner) digits() bool {
	from := s.at
	for s.at < len(s.b) && s.b[s.at] >= '0' && s.b[s.at] <= '9' {
		s.at++
	}
	return s.at > from
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.b[s.at:], []byte(w)) {
		return s.fail("expected ident")
	}
	s.at += len(w)
	return nil
}

// text is the value of a string's span. Escapes that name no character become
// U+FFFD.
func text(span []byte) string {
	inner := span[1 : len(span)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var out string
	if err := json.Unmarshal(span, &out); err != nil { // it was validated
		return ""
	}
	return out
}

// name is what a key's span spells.
func name(span []byte) []byte {
	if bytes.IndexByte(span, '\\') >= 0 {
		return []byte(text(span))
	}
	return span[1 : len(span)-1]
}

// cutRunes cuts text to n characters.
func cutRunes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	count := 0
	for i := range s {
		if count == n {
			return s[:i]
		}
		count++
	}
	return s
}

// blank tells whether text is empty or white space.
func blank(s string) bool {
	for _, r := range s {
		if !space(r) {
			return false
		}
	}
	return true
}

func space(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\v', '\f', '\r', 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200a && r != utf8.RuneError
}
