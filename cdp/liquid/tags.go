package liquid

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"hogpen/hog/vm"
)

// tag parses a tag with all that belongs to it.
func (p *parser) tag(t piece) (part, error) {
	switch t.name {
	case "assign":
		return p.assign(t)
	case "capture":
		return p.capture(t)
	case "increment", "decrement":
		return counterNode{name: t.args.word(), down: t.name == "decrement"}, nil
	case "if", "unless":
		return p.condition(t)
	case "case":
		return p.choice(t)
	case "for":
		return p.loop(t)
	case "tablerow":
		return p.tableRow(t)
	case "cycle":
		return p.cycle(t)
	case "echo":
		return p.echo(t)
	case "liquid":
		return p.liquid(t)
	case "comment":
		return p.comment(t)
	case "raw":
		return p.raw(t)
	case "#":
		return inlineComment(t)
	case "break", "continue":
		return jumpNode{stop: t.name == "break"}, nil
	case "include", "render", "layout":
		return p.file(t)
	case "block":
		return p.block(t)
	}
	return nil, fmt.Errorf("tag %q not found", t.name)
}

func (p *parser) assign(t piece) (part, error) {
	s := t.args
	name := s.word()
	if name == "" {
		s.fail(s.p, "expected variable name")
	}
	s.blanks()
	if s.peek(0) != '=' {
		s.fail(s.p, `expected "="`)
	}
	s.p++
	f := s.filtered()
	return assignNode{name: name, value: compile(f)}, s.err
}

func (p *parser) capture(t piece) (part, error) {
	s := t.args
	name := s.word()
	if name == "" {
		q := s.quoted()
		if q == nil {
			s.fail(s.p, "invalid capture name")
			return nil, s.err
		}
		name = q.value.v.Text()
	}
	n := &captureNode{name: name}
	return n, p.until(t, "endcapture", false, &n.body, nil)
}

func (p *parser) condition(t piece) (part, error) {
	n := &ifNode{}
	strict := t.name == "if"
	add := func(t piece, negate bool) (*branch, error) {
		f := t.args.filtered()
		b := &branch{value: compile(f), negate: negate}
		n.branches = append(n.branches, b)
		return b, t.args.err
	}
	first, err := add(t, !strict)
	if err != nil {
		return nil, err
	}
	elses := 0
	err = p.until(t, "end"+t.name, strict, &first.body, func(in piece) (*[]node, bool, error) {
		switch {
		case in.name == "elsif" && elses > 0 && strict:
			return nil, true, errors.New("unexpected elsif after else")
		case in.name == "elsif" && elses > 0:
			return nil, true, nil
		case in.name == "elsif":
			b, err := add(in, false)
			return &b.body, true, err
		case in.name == "else":
			if elses++; elses == 1 {
				if strict {
					err = noArgs(in)
				}
				return &n.otherwise, true, err
			}
			if strict {
				return nil, true, errors.New("duplicated else")
			}
			return nil, true, nil
		}
		return nil, false, nil
	})
	return n, err
}

func (p *parser) choice(t piece) (part, error) {
	f := t.args.filtered()
	n := &caseNode{value: compile(f)}
	if t.args.err != nil {
		return nil, t.args.err
	}
	var ignored []node
	elses := 0
	return n, p.until(t, "endcase", false, &ignored, func(in piece) (*[]node, bool, error) {
		switch in.name {
		case "when":
			if elses > 0 {
				return nil, true, nil
			}
			b := &whenBranch{values: whenValues(&in.args)}
			n.branches = append(n.branches, b)
			return &b.body, true, in.args.err
		case "else":
			if elses++; elses > 1 {
				return nil, true, nil
			}
			return &n.otherwise, true, nil
		}
		return nil, false, nil
	})
}

// whenValues reads values between commas or the word or.
func whenValues(s *scanner) []*term {
	var out []*term
	for !s.end() {
		out = append(out, s.needValue())
		s.blanks()
		if s.peek(0) == ',' {
			s.readTo(",")
		} else {
			s.readTo("or")
		}
	}
	return out
}

func (p *parser) loop(t piece) (part, error) {
	s := &t.args
	n := &forNode{name: s.word()}
	in := s.word()
	n.list = s.value()
	if n.name == "" || in != "in" || n.list == nil {
		if s.err != nil {
			return nil, s.err
		}
		return nil, fmt.Errorf("illegal tag: %s", p.text(t))
	}
	n.label = n.name + "-" + s.spelling(n.list)
	n.args = s.hash()
	if s.err != nil {
		return nil, s.err
	}
	return n, p.until(t, "endfor", true, &n.body, func(in piece) (*[]node, bool, error) {
		if in.name != "else" {
			return nil, false, nil
		}
		return &n.otherwise, true, noArgs(in)
	})
}

func (p *parser) tableRow(t piece) (part, error) {
	s := &t.args
	n := &rowNode{name: s.word()}
	in := s.word()
	n.list = s.value()
	if in != "in" || n.list == nil {
		if s.err != nil {
			return nil, s.err
		}
		return nil, fmt.Errorf("illegal tag: %s", p.text(t))
	}
	n.label = n.name + "-" + s.spelling(n.list)
	n.args = s.hash()
	if s.err != nil {
		return nil, s.err
	}
	return n, p.until(t, "endtablerow", false, &n.body, nil)
}

func (p *parser) cycle(t piece) (part, error) {
	s := &t.args
	n := &cycleNode{}
	begin := s.p
	group := s.value()
	s.blanks()
	if group != nil {
		if s.peek(0) == ':' {
			n.group = group
			s.p++
		} else {
			s.p = begin
		}
	}
	var texts []string
	for !s.end() {
		f := s.filtered()
		n.values = append(n.values, newOutput(f))
		texts = append(texts, f.text)
		s.readTo(",")
	}
	if len(n.values) == 0 {
		s.fail(s.p, `empty candidates: "%s"`, p.text(t))
	}
	n.key = strings.Join(texts, ",")
	return n, s.err
}

func (p *parser) echo(t piece) (part, error) {
	s := t.args
	if s.blanks(); s.end() {
		return htmlNode(""), nil
	}
	f := s.filtered()
	return newOutput(f), s.err
}

// liquid parses the lines of a liquid tag, each a tag without its braces.
func (p *parser) liquid(t piece) (part, error) {
	s := &t.args
	inner := &parser{in: p.in, depth: p.depth}
	for {
		if s.blanks(); s.end() {
			break
		}
		begin := s.p
		s.readTo("\n")
		line := s.delimited(tagPiece, begin, begin, s.p)
		line.cutLeft, line.cutRight = false, false
		s.name(&line, "illegal liquid tag syntax")
		inner.pieces = append(inner.pieces, line)
	}
	if s.err != nil {
		return nil, s.err
	}
	nodes, err := inner.all()
	return blockNode{body: nodes}, err
}

func (p *parser) comment(t piece) (part, error) {
	for {
		next, ok := p.next()
		if !ok {
			return nil, p.open(t)
		}
		if next.kind == tagPiece && next.name == "endcomment" {
			return htmlNode(""), nil
		}
	}
}

func (p *parser) raw(t piece) (part, error) {
	var b strings.Builder
	for {
		next, ok := p.next()
		if !ok {
			return nil, p.open(t)
		}
		if next.kind == tagPiece && next.name == "endraw" {
			return htmlNode(b.String()), nil
		}
		b.WriteString(p.text(next))
	}
}

var badComment = regexp.MustCompile(`\n\s*[^#\s]`)

func inlineComment(t piece) (part, error) {
	if badComment.MatchString(t.args.slice(t.args.p, t.args.n)) {
		return nil, errors.New("every line of an inline comment must start with a '#' character")
	}
	return htmlNode(""), nil
}

// file parses include, render and layout. There are no files: they fail when
// they are reached, but for the layout that is none.
func (p *parser) file(t piece) (part, error) {
	s := &t.args
	name := s.value()
	if name == nil {
		s.fail(s.p, "illegal file path")
		return nil, s.err
	}
	if t.name == "layout" {
		body, err := p.all()
		if err != nil || s.spelling(name) == "none" {
			return blockNode{body: body}, err
		}
	}
	return fileNode{name: name}, s.err
}

func (p *parser) block(t piece) (part, error) {
	n := &blockNode{scoped: true}
	return n, p.until(t, "endblock", false, &n.body, nil)
}

// compile finds the filters of an expression. Unknown ones change nothing.
func compile(f *filtered) *filtered {
	for i := range f.filters {
		f.filters[i].run = filters[f.filters[i].name]
	}
	return f
}

// newOutput escapes what it puts out unless its last filter is raw.
func newOutput(f *filtered) outputNode {
	n := len(f.filters)
	return outputNode{value: compile(f), raw: n > 0 && f.filters[n-1].name == "raw"}
}

var fileFault = func(name string) error {
	return fmt.Errorf(`ENOENT: Failed to lookup "%s" in "."`, vm.CleanText(name))
}
