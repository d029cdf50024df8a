package liquid

import (
	"fmt"
	"math"

	"hogpen/hog/vm"
)

// scanner reads expressions from a part of a template. The first fault stays
// and moves it to its end, so that every loop over it stops.
type scanner struct {
	in    []uint16 // the whole template, as JavaScript would index it
	p, n  int
	depth int
	err   error
}

// Classes of characters; beyond ASCII all are letters but spaces and curly
// quotation marks.
func isBlank(u uint16) bool { return u != 0xfeff && isSpace(rune(u)) || u == 0x180e }

func isWord(u uint16) bool {
	switch {
	case u >= 128:
		return !isBlank(u) && u != 0x201c && u != 0x201d
	case u >= 'a' && u <= 'z', u >= 'A' && u <= 'Z', u >= '0' && u <= '9':
		return true
	}
	return u == '_' || u == '-' || u == '?'
}

func isDigit(u uint16) bool { return u >= '0' && u <= '9' }

func (s *scanner) fail(pos int, format string, args ...any) {
	if s.err == nil {
		s.err = placed(s.in, pos, fmt.Sprintf(format, args...))
	}
	s.p = s.n
}

func (s *scanner) slice(from, to int) string { return vm.FromUTF16(s.in[from:max(from, to)]) }

// snapshot quotes what follows, for messages.
func (s *scanner) snapshot(from int) string {
	rest := s.in[min(from, s.n):s.n]
	t := vm.FromUTF16(rest)
	if len(rest) > 32 {
		t = vm.FromUTF16(rest[:29]) + "..."
	}
	return string(vm.AppendJSONText(nil, t))
}

func (s *scanner) end() bool { return s.p >= s.n }

// peek gives the character at p+i, 0 beyond the end.
func (s *scanner) peek(i int) uint16 {
	if s.p+i >= s.n {
		return 0
	}
	return s.in[s.p+i]
}

func (s *scanner) blanks() {
	for s.p < s.n && isBlank(s.in[s.p]) {
		s.p++
	}
}

func (s *scanner) match(word string) bool {
	if s.p+len(word) > len(s.in) {
		return false
	}
	for i := range len(word) {
		if s.in[s.p+i] != uint16(word[i]) {
			return false
		}
	}
	return true
}

// behind reports whether word ends just before p.
func (s *scanner) behind(word string) bool {
	if s.p < len(word) || s.p > len(s.in) {
		return false
	}
	for i := range len(word) {
		if s.in[s.p-len(word)+i] != uint16(word[i]) {
			return false
		}
	}
	return true
}

// readTo moves behind the next word; false when there is none.
func (s *scanner) readTo(word string) bool {
	for s.p < s.n {
		s.p++
		if s.behind(word) {
			return true
		}
	}
	return false
}

func (s *scanner) word() string {
	s.blanks()
	from := s.p
	for s.p < s.n && isWord(s.in[s.p]) {
		s.p++
	}
	return s.slice(from, s.p)
}

func (s *scanner) tagName() string {
	s.blanks()
	if s.peek(0) == '#' {
		s.p++
		return "#"
	}
	return s.word()
}

// keyword reads one of the words if it stands here as a word of its own;
// signs need no such end.
func (s *scanner) keyword(words []string) string {
	s.blanks()
	found := ""
	for _, w := range words {
		if len(w) > len(found) && s.p+len(w) <= s.n && s.match(w) {
			found = w
		}
	}
	if found == "" {
		return ""
	}
	last := uint16(found[len(found)-1])
	if isWord(last) && s.p+len(found) < s.n && isWord(s.in[s.p+len(found)]) {
		return ""
	}
	s.p += len(found)
	return found
}

var (
	operatorWords = []string{"==", "!=", ">", "<", ">=", "<=", "contains", "not", "and", "or"}
	literalWords  = []string{"true", "false", "nil", "null", "empty", "blank"}
)

func (s *scanner) literal() *term {
	s.blanks()
	from := s.p
	switch s.keyword(literalWords) {
	case "true":
		return s.constant(from, boolean(true))
	case "false":
		return s.constant(from, boolean(false))
	case "nil", "null":
		return s.constant(from, value{kind: nilWord})
	case "empty":
		return s.constant(from, value{kind: emptyWord})
	case "blank":
		return s.constant(from, value{kind: blankWord})
	}
	return nil
}

func (s *scanner) constant(from int, v value) *term {
	return &term{kind: constantTerm, value: v, from: from, to: s.p}
}

// spelling is how a term is written.
func (s *scanner) spelling(t *term) string { return s.slice(t.from, t.to) }

func (s *scanner) number() *term {
	s.blanks()
	i, digits, dot := 0, false, false
	if s.peek(0) == '-' {
		i++
	}
	for s.p+i <= s.n {
		switch u := s.peek(i); {
		case isDigit(u):
			digits = true
			i++
			continue
		case u == '.' && s.peek(i+1) != '.':
			if dot || !digits {
				return nil
			}
			dot = true
			i++
			continue
		}
		break
	}
	if !digits || s.p+i < s.n && isWord(s.in[s.p+i]) {
		return nil
	}
	from := s.p
	s.p += i
	f := textNumber(s.slice(from, s.p))
	if math.IsNaN(f) {
		f = 0
	}
	return s.constant(from, number(f))
}

// value reads an operand; nil when there is none.
func (s *scanner) value() *term {
	if s.depth++; s.depth > maxDepth {
		s.fail(s.p, "expression is nested deeper than %d", maxDepth)
		return nil
	}
	defer func() { s.depth-- }()
	s.blanks()
	from := s.p
	t := s.literal()
	if t == nil {
		t = s.quoted()
	}
	if t == nil {
		t = s.number()
	}
	if t == nil && s.peek(0) == '(' {
		t = s.between()
	}
	return s.withProperties(from, t)
}

// scopeValue reads a variable and its properties, never a literal.
func (s *scanner) scopeValue() *term {
	s.blanks()
	return s.withProperties(s.p, nil)
}

func (s *scanner) withProperties(from int, base *term) *term {
	props := s.properties(base == nil)
	if len(props) == 0 {
		return base
	}
	return &term{kind: pathTerm, base: base, props: props, from: from, to: s.p}
}

func (s *scanner) properties(first bool) []*term {
	var props []*term
	for {
		switch {
		case s.peek(0) == '[':
			s.p++
			prop := s.value()
			if prop == nil {
				prop = &term{kind: constantTerm, value: text("")}
			}
			if !s.readTo("]") {
				s.fail(s.p, "[ not closed")
			}
			props = append(props, prop)
			continue
		case first && len(props) == 0:
			if w := s.word(); w != "" {
				props = append(props, &term{kind: constantTerm, value: text(w)})
				continue
			}
		}
		if s.peek(0) == '.' && s.peek(1) != '.' {
			s.p++
			if w := s.word(); w != "" {
				props = append(props, &term{kind: constantTerm, value: text(w)})
				continue
			}
		}
		return props
	}
}

// between reads a range.
func (s *scanner) between() *term {
	from := s.p
	s.p++
	low := s.needValue()
	s.blanks()
	if s.peek(0) != '.' || s.peek(1) != '.' {
		s.fail(s.p, "invalid range syntax")
		return nil
	}
	s.p += 2
	high := s.needValue()
	s.blanks()
	if s.peek(0) != ')' {
		s.fail(s.p+1, "invalid range syntax")
		return nil
	}
	s.p++
	return &term{kind: rangeTerm, low: low, high: high, from: from, to: s.p}
}

func (s *scanner) needValue() *term {
	t := s.value()
	if t == nil {
		s.fail(s.p, "unexpected token %s, value expected", s.snapshot(s.p))
	}
	return t
}

func (s *scanner) quoted() *term {
	s.blanks()
	quote := s.peek(0)
	if quote != '"' && quote != '\'' {
		return nil
	}
	from := s.p
	s.skipQuoted()
	return s.constant(from, text(unquote(s.in[from:s.p])))
}

func (s *scanner) skipQuoted() {
	quote := s.in[s.p]
	s.p++
	escaped := false
	for s.p < s.n {
		u := s.in[s.p]
		s.p++
		switch {
		case u == quote && !escaped:
			return
		case escaped:
			escaped = false
		case u == '\\':
			escaped = true
		}
	}
}

// unquote gives the content of a quoted text, whose last character is taken
// for the closing mark.
func unquote(q []uint16) string {
	out := make([]uint16, 0, len(q))
	for i := 1; i < len(q)-1; i++ {
		if q[i] != '\\' {
			out = append(out, q[i])
			continue
		}
		next := uint16(0)
		if i+1 < len(q) {
			next = q[i+1]
		}
		switch {
		case next == 'u':
			var v uint16
			j := i + 2
			for ; j <= i+5 && j < len(q) && hexDigit(q[j]) >= 0; j++ {
				v = v*16 + uint16(hexDigit(q[j]))
			}
			i = j - 1
			out = append(out, v)
		case next >= '0' && next <= '7':
			var v uint16
			j := i + 1
			for ; j <= i+3 && j < len(q) && q[j] >= '0' && q[j] <= '7'; j++ {
				v = v*8 + q[j] - '0'
			}
			i = j - 1
			out = append(out, v)
		default:
			i++
			out = append(out, escapedUnit(next))
		}
	}
	return vm.FromUTF16(out)
}

func escapedUnit(u uint16) uint16 {
	switch u {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'v':
		return '\v'
	}
	return u
}

func hexDigit(u uint16) int {
	switch {
	case isDigit(u):
		return int(u - '0')
	case u >= 'a' && u <= 'f':
		return int(u-'a') + 10
	case u >= 'A' && u <= 'F':
		return int(u-'A') + 10
	}
	return -1
}

// filtered reads an expression and its filters.
func (s *scanner) filtered() *filtered {
	from := s.p
	f := &filtered{post: postfix(s.operands())}
	if len(f.post) == 0 {
		s.fail(s.p, "invalid value expression: %s", s.snapshot(s.p))
		return f
	}
	for {
		call, ok := s.filter()
		if !ok {
			break
		}
		f.filters = append(f.filters, call)
	}
	f.text = s.slice(from, s.p)
	return f
}

// operands reads operands and operators in the order in which they stand.
func (s *scanner) operands() []*term {
	var out []*term
	for s.p < s.n {
		if op := s.keyword(operatorWords); op != "" {
			out = append(out, &term{kind: operatorTerm, op: op})
			continue
		}
		t := s.value()
		if t == nil {
			break
		}
		out = append(out, t)
	}
	return out
}

func (s *scanner) filter() (filterCall, bool) {
	s.blanks()
	if s.end() || s.peek(0) == ')' || s.peek(0) == ',' {
		return filterCall{}, false
	}
	if s.peek(0) != '|' {
		s.fail(s.p+1, `expected "|" before filter`)
		return filterCall{}, false
	}
	s.p++
	call := filterCall{name: s.word()}
	if call.name == "" {
		if !s.end() {
			s.fail(s.p, "expected filter name")
		}
		return call, false
	}
	s.blanks()
	switch u := s.peek(0); {
	case u == ':':
		call.args = s.filterArgs()
	case s.end() || u == '|' || u == ')' || u == ',':
	default:
		s.fail(s.p, `expected ":" after filter name`)
	}
	return call, s.err == nil
}

func (s *scanner) filterArgs() []argument {
	var args []argument
	for {
		s.p++
		if a, ok := s.filterArg(); ok {
			args = append(args, a)
		}
		s.blanks()
		if u := s.peek(0); !s.end() && u != ',' && u != '|' && u != ')' {
			s.fail(s.p, "unexpected character %s", s.snapshot(s.p))
		}
		if s.peek(0) != ',' {
			return args
		}
	}
}

func (s *scanner) filterArg() (argument, bool) {
	t := s.value()
	if t == nil {
		return argument{}, false
	}
	s.blanks()
	if s.peek(0) != ':' {
		return argument{term: t}, true
	}
	s.p++
	return argument{key: s.spelling(t), named: true, term: s.value()}, true
}

// hash reads named arguments of a tag: a name alone stands for true.
func (s *scanner) hash() []argument {
	var out []argument
	for {
		s.blanks()
		if s.peek(0) == ',' {
			s.p++
		}
		a := argument{key: s.word(), named: true}
		if a.key == "" {
			return out
		}
		s.blanks()
		if s.peek(0) == ':' {
			s.p++
			a.term = s.value()
		}
		out = append(out, a)
	}
}
