package stl

import (
	"fmt"
	"strings"
)

//go:generate go run ./gen ../../docs/stl.md

// Reference gives the library as a Markdown page, docs/stl.md: by group, each
// function with its signature, what it does, what it makes of null, and its
// examples.
func Reference() string {
	var b strings.Builder
	b.WriteString("# The standard library\n\n")
	b.WriteString("<!-- Made from hog/stl by go generate; change it there. -->\n\n")
	fmt.Fprintf(&b, "Hog has %d functions. An argument with a question mark may be left out, … is any number. The comment behind an example is the\n", len(All))
	b.WriteString("print form of its value. The language is told in [hog.md](hog.md).\n\n")
	for _, g := range chapters() {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", g.name, anchor(g.name), strings.Join(g.names(), ", "))
	}
	for _, g := range chapters() {
		fmt.Fprintf(&b, "\n## %s\n", g.name)
		for _, f := range g.funcs {
			f.describe(&b)
		}
	}
	return b.String()
}

type chapter struct {
	name  string
	funcs []*Func
}

func (g chapter) names() []string {
	list := make([]string, len(g.funcs))
	for i, f := range g.funcs {
		list[i] = "`" + f.Name + "`"
	}
	return list
}

// chapters gives the functions by heading, in the order of All.
func chapters() []chapter {
	var list []chapter
	for _, f := range All {
		if n := len(list); n == 0 || list[n-1].name != f.Group {
			list = append(list, chapter{name: f.Group})
		}
		last := &list[len(list)-1]
		last.funcs = append(last.funcs, f)
	}
	return list
}

// anchor is the address that Markdown gives a heading.
func anchor(heading string) string { return strings.ReplaceAll(strings.ToLower(heading), " ", "-") }

func (f *Func) describe(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n`%s(%s)`\n\n%s\n", f.Name, f.Name, f.Args, f.Doc)
	if f.Null != "" {
		fmt.Fprintf(b, "\nNull: %s\n", f.Null)
	}
	if len(f.Examples) == 0 {
		return
	}
	b.WriteString("\n```hog\n")
	for _, e := range f.Examples {
		fmt.Fprintf(b, "%s // %s\n", e.Src, e.Want)
	}
	b.WriteString("```\n")
}
