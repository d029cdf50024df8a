package vm

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// likePattern is a LIKE pattern made ready. The pattern is searched for, not
// anchored: % stands for any run of characters within a line, _ for one
// character (specification 4.5). So the pattern is a row of pieces that must
// follow each other within one line.
type likePattern struct {
	pieces []string
	fold   bool                  // ignore case; pieces are lower-case then
	any    bool                  // a piece has a _ in it
	re     *regexp.Regexp        // for what the pieces cannot do at all
	slow   func() *regexp.Regexp // for subjects beyond ASCII, made when first needed
	source string
}

func newLike(pattern string, fold bool) *likePattern {
	p := &likePattern{fold: fold, source: pattern, any: strings.Contains(pattern, "_")}
	if fold {
		pattern = strings.ToLower(pattern)
	}
	for _, piece := range strings.Split(pattern, "%") {
		if piece != "" {
			p.pieces = append(p.pieces, piece)
		}
	}
	// Characters beyond ASCII have more than one lower-case partner, and a line
	// break inside a piece breaks the line rule: regular expressions know.
	if fold && !ASCII(p.source) || strings.Contains(pattern, "\n") {
		p.re = p.compile()
	}
	p.slow = sync.OnceValue(p.compile)
	return p
}

func (p *likePattern) compile() *regexp.Regexp {
	var b strings.Builder
	if p.fold {
		b.WriteString("(?i)")
	}
	for _, r := range CleanText(p.source) {
		switch r {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteByte('.')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	re, err := regexp.Compile(b.String())
	if err != nil { // only for a pattern beyond the size that regexp takes
		return regexp.MustCompile(`[^\s\S]`)
	}
	return re
}

func (p *likePattern) match(s string) bool {
	if p.re != nil {
		return p.re.MatchString(s)
	}
	if p.fold && !ASCII(s) {
		return p.slow().MatchString(s)
	}
	switch {
	case len(p.pieces) == 0:
		return true
	case len(p.pieces) == 1 && !p.any:
		return p.find(s, 0, p.pieces[0]) >= 0
	}
	for {
		line, rest, more := strings.Cut(s, "\n")
		if p.matchLine(line) {
			return true
		}
		if !more {
			return false
		}
		s = rest
	}
}

func (p *likePattern) matchLine(line string) bool {
	at := 0
	for _, piece := range p.pieces {
		i := p.find(line, at, piece)
		if i < 0 {
			return false
		}
		at = i
	}
	return true
}

// find gives the end of the first place of piece in s from byte at on, or -1.
func (p *likePattern) find(s string, at int, piece string) int {
	if !p.any && !p.fold {
		i := strings.Index(s[at:], piece)
		if i < 0 {
			return -1
		}
		return at + i + len(piece)
	}
	c := piece[0]
	for i := at; i < len(s); i++ {
		x := s[i]
		if !utf8.RuneStart(x) {
			continue
		}
		if p.fold {
			x = lowerASCII(x)
		}
		if x != c && c != '_' {
			continue
		}
		if end := p.here(s, i, piece); end >= 0 {
			return end
		}
	}
	return -1
}

func lowerASCII(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func (p *likePattern) here(s string, i int, piece string) int {
	for j := 0; j < len(piece); j++ {
		if i >= len(s) {
			return -1
		}
		if piece[j] == '_' {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		x := s[i]
		if p.fold {
			x = lowerASCII(x)
		}
		if x != piece[j] {
			return -1
		}
		i++
	}
	return i
}

// Like reports whether s is like the pattern, ignoring case if fold is set.
func Like(s, pattern string, fold bool) bool { return newLike(pattern, fold).match(s) }

// CompileRegex compiles a pattern in RE2 syntax, as match and extractRegex take it.
func CompileRegex(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(CleanText(pattern))
	if err != nil {
		return nil, errors.New("Invalid regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// A machine remembers this many patterns that are not constants.
const keptPatterns = 64

// patterns is the memory of a machine for dynamic patterns.
type patterns struct {
	re   map[string]*regexp.Regexp
	like map[likeKey]*likePattern
}

type likeKey struct {
	pattern string
	fold    bool
}

func (c *patterns) regex(pattern string) (*regexp.Regexp, error) {
	if re := c.re[pattern]; re != nil {
		return re, nil
	}
	re, err := CompileRegex(pattern)
	if err != nil {
		return nil, err
	}
	if c.re == nil || len(c.re) >= keptPatterns {
		c.re = make(map[string]*regexp.Regexp)
	}
	c.re[strings.Clone(pattern)] = re
	return re, nil
}

func (c *patterns) likeOf(pattern string, fold bool) *likePattern {
	key := likeKey{pattern, fold}
	if p := c.like[key]; p != nil {
		return p
	}
	key.pattern = strings.Clone(pattern)
	p := newLike(key.pattern, fold)
	if c.like == nil || len(c.like) >= keptPatterns {
		c.like = make(map[likeKey]*likePattern)
	}
	c.like[key] = p
	return p
}
