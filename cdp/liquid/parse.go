package liquid

import (
	"fmt"
	"strings"

	"hogpen/hog/vm"
)

// Limits of a template and of its rendering (runtime specification 5.3).
const (
	MaxLength = 100_000   // UTF-16 units of a template
	MaxMemory = 1_000_000 // units that one rendering may allocate
	MaxOutput = 1_000_000 // UTF-16 units that an invocation may put out
)

// Error is what is wrong with a template, or went wrong when it was rendered:
// one sentence, with line and column (from 1, in UTF-16 units) where the place
// is known.
type Error struct {
	Message      string
	Line, Column int // 0 when the place is not known
}

// Error is the message with its place, as liquidjs writes it.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s, line:%d, col:%d", e.Message, e.Line, e.Column)
}

func placed(in []uint16, pos int, message string) *Error {
	e := &Error{Message: message, Line: 1, Column: 1}
	for _, u := range in[:min(pos, len(in))] {
		if e.Column++; u == '\n' {
			e.Line, e.Column = e.Line+1, 1
		}
	}
	return e
}

// Template is a parsed template, ready to be rendered by many goroutines.
type Template struct {
	in    []uint16
	nodes []node
	plain bool // there is nothing but text
}

// Parse reads a template. The error, an *Error, tells what is wrong and where.
// HTML entities inside of outputs and tags count as the characters they name.
func Parse(source string) (*Template, error) {
	in := vm.UTF16(decodeEntities(source))
	if len(in) > MaxLength {
		return nil, &Error{Message: fmt.Sprintf("liquid parse length limit exceeded (%d characters)", MaxLength)}
	}
	pieces, err := split(in)
	if err != nil {
		return nil, err
	}
	p := &parser{in: in, pieces: pieces}
	nodes, err := p.all()
	if err != nil {
		return nil, err
	}
	t := &Template{in: in, nodes: nodes, plain: true}
	for _, n := range nodes {
		if _, ok := n.part.(htmlNode); !ok {
			t.plain = false
		}
	}
	return t, nil
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&#x27;", "'", "&amp;", "&")

// decodeEntities undoes what editors of HTML do to operators and quotes.
func decodeEntities(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		from := strings.Index(s, "{{")
		if tag := strings.Index(s, "{%"); from < 0 || tag >= 0 && tag < from {
			from = tag
		}
		if from < 0 {
			break
		}
		end := strings.Index(s[from+2:], map[byte]string{'{': "}}", '%': "%}"}[s[from+1]])
		if end < 0 {
			break
		}
		end += from + 4
		b.WriteString(s[:from])
		b.WriteString(entities.Replace(s[from:end]))
		s = s[end:]
	}
	b.WriteString(s)
	return b.String()
}

// piece is a part of a template: plain text, an output or a tag.
type piece struct {
	kind       pieceKind
	begin, end int
	from, to   int // of the content, for text after its blanks were cut
	cutLeft    bool
	cutRight   bool
	name       string  // of a tag
	args       scanner // of a tag, at its arguments
}

type pieceKind uint8

const (
	htmlPiece pieceKind = iota
	outputPiece
	tagPiece
)

// split cuts a template into pieces and applies the marks that cut white space.
func split(in []uint16) ([]piece, error) {
	s := &scanner{in: in, n: len(in)}
	var out []piece
	raw := -1
	for s.p < s.n {
		p := s.piece(&raw)
		if s.err != nil {
			return nil, s.err
		}
		out = append(out, p)
	}
	cutBlanks(in, out)
	return out, nil
}

// piece reads the next piece; raw is where an open raw tag began, -1 for none.
func (s *scanner) piece(raw *int) piece {
	begin := s.p
	switch {
	case *raw >= 0:
		return s.rawPiece(raw)
	case s.match("{%"):
		if !s.readTo("%}") {
			s.fail(begin, "tag %s not closed", s.snapshot(begin))
			return piece{}
		}
		p := s.tag(begin)
		if p.name == "raw" {
			*raw = begin
		}
		return p
	case s.match("{{"):
		if !s.readToClosing() {
			s.fail(begin, "output %s not closed", s.snapshot(begin))
			return piece{}
		}
		return s.delimited(outputPiece, begin, begin+2, s.p-2)
	}
	for s.p < s.n && !s.match("{%") && !s.match("{{") {
		s.p++
	}
	return piece{kind: htmlPiece, begin: begin, end: s.p, from: begin, to: s.p}
}

// readToClosing moves behind the end of an output, over quoted texts.
func (s *scanner) readToClosing() bool {
	for s.p < s.n {
		if u := s.in[s.p]; u == '"' || u == '\'' {
			s.skipQuoted()
			continue
		}
		s.p++
		if s.behind("}}") {
			return true
		}
	}
	return false
}

func (s *scanner) tag(begin int) piece {
	p := s.delimited(tagPiece, begin, begin+2, s.p-2)
	s.name(&p, "illegal tag syntax, tag name expected")
	return p
}

func (s *scanner) name(p *piece, fault string) {
	p.args = scanner{in: s.in, p: p.from, n: p.to}
	if p.name = p.args.tagName(); p.name == "" {
		s.fail(p.args.p, "%s", fault)
	}
	p.args.blanks()
}

// delimited makes a piece with the content from..to less marks and blanks.
func (s *scanner) delimited(kind pieceKind, begin, from, to int) piece {
	p := piece{kind: kind, begin: begin, end: s.p, from: from, to: to}
	p.cutLeft = from < len(s.in) && s.in[from] == '-'
	p.cutRight = to > 0 && s.in[to-1] == '-'
	if p.cutLeft {
		p.from++
	}
	if p.cutRight {
		p.to--
	}
	for p.from < p.to && isBlank(s.in[p.from]) {
		p.from++
	}
	for p.to > p.from && isBlank(s.in[p.to-1]) {
		p.to--
	}
	return p
}

// rawPiece reads the text up to endraw, or endraw itself.
func (s *scanner) rawPiece(raw *int) piece {
	begin := s.p
	s.readTo("{%")
	left := s.p - 2
	for s.p < s.n {
		if s.word() != "endraw" {
			s.readTo("{%")
			left = s.p - 2
			continue
		}
		for ; s.p <= s.n; s.p++ {
			if s.behind("%}") {
				if begin == left {
					*raw = -1
					return s.tag(begin)
				}
				s.p = left
				return piece{kind: htmlPiece, begin: begin, end: left, from: begin, to: left}
			}
			if s.behind("{%") {
				break
			}
		}
	}
	s.fail(begin, "raw %s not closed", s.snapshot(*raw))
	return piece{}
}

// cutBlanks applies {{- -}} and {%- -%} to the texts beside them.
func cutBlanks(in []uint16, pieces []piece) {
	raw := false
	for i := range pieces {
		p := &pieces[i]
		if p.kind == htmlPiece {
			continue
		}
		if !raw && p.cutLeft && i > 0 {
			cutEnd(in, &pieces[i-1])
		}
		switch {
		case p.kind == tagPiece && p.name == "raw":
			raw = true
		case p.kind == tagPiece && p.name == "endraw":
			raw = false
		}
		if !raw && p.cutRight && i+1 < len(pieces) {
			cutBegin(in, &pieces[i+1])
		}
	}
}

func cutEnd(in []uint16, p *piece) {
	for p.kind == htmlPiece && p.to > p.from && isBlank(in[p.to-1]) {
		p.to--
	}
}

func cutBegin(in []uint16, p *piece) {
	for p.kind == htmlPiece && p.from < p.to && isBlank(in[p.from]) {
		p.from++
	}
}

// parser makes nodes of pieces.
type parser struct {
	in     []uint16
	pieces []piece
	at     int
	depth  int
}

func (p *parser) next() (piece, bool) {
	if p.at >= len(p.pieces) {
		return piece{}, false
	}
	p.at++
	return p.pieces[p.at-1], true
}

// all parses what is left.
func (p *parser) all() ([]node, error) {
	var out []node
	for {
		t, ok := p.next()
		if !ok {
			return out, nil
		}
		n, err := p.node(t)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
}

// node parses one piece, with all that belongs to it.
func (p *parser) node(t piece) (node, error) {
	if p.depth++; p.depth > maxDepth {
		return node{}, placed(p.in, t.begin, fmt.Sprintf("template is nested deeper than %d", maxDepth))
	}
	defer func() { p.depth-- }()
	n := node{begin: t.begin}
	var err error
	switch t.kind {
	case htmlPiece:
		n.part = htmlNode(vm.FromUTF16(p.in[t.from:t.to]))
	case outputPiece:
		s := scanner{in: p.in, p: t.from, n: t.to}
		f := s.filtered()
		n.part, err = newOutput(f), s.err
	case tagPiece:
		n.part, err = p.tag(t)
	}
	if err == nil {
		return n, nil
	}
	if _, ok := err.(*Error); ok {
		return node{}, err
	}
	return node{}, placed(p.in, t.begin, err.Error())
}

// text is what stands at a piece.
func (p *parser) text(t piece) string { return vm.FromUTF16(p.in[t.begin:t.end]) }

// open is the fault of a tag without its end.
func (p *parser) open(t piece) error { return fmt.Errorf("tag %s not closed", p.text(t)) }

// until parses up to the tag end. Tags for which inner returns true are taken
// by it; all else goes to the list that it gave last.
func (p *parser) until(t piece, end string, strict bool, first *[]node, inner func(piece) (*[]node, bool, error)) error {
	to := first
	for {
		next, ok := p.next()
		if !ok {
			return p.open(t)
		}
		if next.kind == tagPiece && next.name == end {
			if strict {
				return noArgs(next)
			}
			return nil
		}
		if next.kind == tagPiece && inner != nil {
			l, taken, err := inner(next)
			if err != nil {
				return err
			}
			if taken {
				to = l
				continue
			}
		}
		n, err := p.node(next)
		if err != nil {
			return err
		}
		if to != nil {
			*to = append(*to, n)
		}
	}
}

func noArgs(t piece) error {
	if rest := t.args.slice(t.args.p, t.args.n); rest != "" {
		return fmt.Errorf("unexpected %s", vm.AppendJSONText(nil, rest))
	}
	return nil
}
