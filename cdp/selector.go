package cdp

import (
	"regexp"
	"slices"
	"strings"
)

// simpleSelector reads one piece of a compound CSS selector: a tag, #id,
// .class, [attribute="value"], :nth-child(n) or :nth-of-type(n).
var simpleSelector = regexp.MustCompile(`^(?:` +
	`(?P<tag>[A-Za-z][\w-]*|\*)|` +
	`#(?P<id>(?:[\w-]|\\.)+)|` +
	`\.(?P<class>(?:[\w-]|\\.)+)|` +
	`\[\s*(?P<attr>[\w:-]+)\s*(?:=\s*(?:"(?P<dq>[^"]*)"|'(?P<sq>[^']*)'|(?P<bare>[^\]\s"']+))\s*)?\]|` +
	`:(?P<nth>nth-child|nth-of-type)\(\s*(?P<n>\d+)\s*\))`)

// element is one compound selector taken apart.
type element struct {
	tag     string
	classes []string
	attrs   []attribute
	child   bool // it stood behind ">"
}

// attribute is a condition on one attribute of an element.
type attribute struct {
	name  string // as the elements chain spells it
	value string
	any   bool // presence is enough
}

// selectorPattern translates a CSS selector into a regular expression on an
// elements chain. In a chain the innermost element comes first, elements are
// parted by ";", and each reads tag.class.class:name="value"name="value",
// classes and attributes sorted.
func selectorPattern(selector string) (string, error) {
	elements, err := parseSelector(selector)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`(^|;)`)
	for i := len(elements) - 1; i >= 0; i-- {
		elements[i].writePattern(&b)
		switch {
		case i == 0:
			b.WriteString(`($|;)`)
		case elements[i].child:
			b.WriteString(`;`)
		default:
			b.WriteString(`;(.*;)?`)
		}
	}
	return b.String(), nil
}

// writePattern writes the expression of one element without its separator.
func (e element) writePattern(b *strings.Builder) {
	if e.tag == "" {
		b.WriteString(`[^.;:]*`)
	} else {
		b.WriteString(regexp.QuoteMeta(e.tag))
	}
	for _, c := range e.classes {
		b.WriteString(`(\.[^.;:]*)*\.` + regexp.QuoteMeta(c))
	}
	b.WriteString(`(\.[^.;:]*)*`)
	// Whole attributes; a quote inside a value is escaped with a backslash.
	const text = `(\\.|[^"\\])*`
	const others = `([^;"=]+="` + text + `")*`
	if len(e.attrs) == 0 {
		b.WriteString(`(:` + others + `)?`)
		return
	}
	b.WriteString(`:`)
	for _, a := range e.attrs {
		b.WriteString(others + regexp.QuoteMeta(a.name) + `="`)
		if a.any {
			b.WriteString(text)
		} else {
			b.WriteString(regexp.QuoteMeta(strings.ReplaceAll(a.value, `"`, `\"`)))
		}
		b.WriteString(`"`)
	}
	b.WriteString(others)
}

// parseSelector splits a selector into its elements, outermost first.
func parseSelector(selector string) ([]element, error) {
	var elements []element
	child := false
	rest := strings.TrimSpace(selector)
	for rest != "" {
		if after, ok := strings.CutPrefix(rest, ">"); ok {
			child, rest = true, strings.TrimSpace(after)
			continue
		}
		e, after, err := parseElement(rest, selector)
		if err != nil {
			return nil, err
		}
		e.child, child = child, false
		elements = append(elements, e)
		rest = strings.TrimSpace(after)
	}
	if len(elements) == 0 || child {
		return nil, filterErrorf("The selector '%s' cannot be understood", selector)
	}
	return elements, nil
}

// parseElement reads one compound selector from the front of s.
func parseElement(s, whole string) (e element, rest string, err error) {
	for s != "" && s[0] != ' ' && s[0] != '>' {
		m := simpleSelector.FindStringSubmatch(s)
		if m == nil {
			return e, "", filterErrorf("The selector '%s' cannot be understood", whole)
		}
		e.add(func(name string) string { return m[simpleSelector.SubexpIndex(name)] })
		s = s[len(m[0]):]
	}
	slices.Sort(e.classes)
	slices.SortStableFunc(e.attrs, func(a, b attribute) int { return strings.Compare(a.name, b.name) })
	return e, s, nil
}

// add takes one simple selector into the element; part gives its pieces.
func (e *element) add(part func(string) string) {
	switch {
	case part("tag") != "" && part("tag") != "*":
		e.tag = part("tag")
	case part("id") != "":
		e.attrs = append(e.attrs, attribute{name: "attr_id", value: unescapeCSS(part("id"))})
	case part("class") != "":
		e.classes = append(e.classes, unescapeCSS(part("class")))
	case part("attr") != "":
		value := part("dq") + part("sq") + part("bare")
		e.attrs = append(e.attrs, attribute{name: chainName(part("attr")), value: value, any: value == ""})
	case part("nth") != "":
		e.attrs = append(e.attrs, attribute{name: part("nth"), value: part("n")})
	}
}

// chainName is how an elements chain spells an HTML attribute.
func chainName(attr string) string {
	switch attr {
	case "id":
		return "attr_id"
	case "href", "text", "nth-child", "nth-of-type":
		return attr
	}
	return "attr__" + attr
}

func unescapeCSS(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
