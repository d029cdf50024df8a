package javascript

import (
	"embed"
	"regexp"
	"slices"
	"strings"
	"sync"

	"hogpen/hog/vm"
)

//go:embed library/*.js
var librarySources embed.FS

// piece is one function of the library: its text, and the other functions
// that it names.
type piece struct {
	text  string
	needs []string
}

// nullSwitch is the one function of the library whose text depends on the
// options.
const nullSwitch = "__nullsAreZero"

// library is all functions by name. A function begins in column 1 and ends at
// the next brace there.
var library = sync.OnceValue(func() map[string]*piece {
	all := map[string]*piece{nullSwitch: {}}
	entries, err := librarySources.ReadDir("library")
	if err != nil {
		panic("javascript: " + err.Error()) // embedded: cannot fail
	}
	for _, entry := range entries {
		text, err := librarySources.ReadFile("library/" + entry.Name())
		if err != nil {
			panic("javascript: " + err.Error()) // embedded: cannot fail
		}
		for _, m := range functionPattern().FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = &piece{text: m[0]}
		}
	}
	for name, p := range all {
		p.needs = namesIn(p.text, name, all)
	}
	return all
})

var functionPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?ms)^function (\w+)\(.*?^}\n`)
})

var stringPattern = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`)
})

var wordPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[.]?\b[A-Za-z_]\w*`) })

// namesIn lists the functions that a text names, without itself, in order. A
// word behind a dot is a property, one in a string is text.
func namesIn(text, self string, all map[string]*piece) []string {
	text = stringPattern().ReplaceAllString(text, "")
	var names []string
	for _, word := range wordPattern().FindAllString(text, -1) {
		if _, ok := all[word]; ok && word != self && !slices.Contains(names, word) {
			names = append(names, word)
		}
	}
	slices.Sort(names)
	return names
}

func isLibrary(name string) bool {
	_, ok := library()[name]
	return ok
}

// Library gives the text of the named functions and of all that they need,
// each once, what is needed before what needs it. Names that the library does
// not have are left out.
func Library(names []string, opt Options) string {
	var b strings.Builder
	done := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		p, ok := library()[name]
		if !ok || done[name] {
			return
		}
		done[name] = true
		for _, need := range p.needs {
			add(need)
		}
		if name == nullSwitch {
			b.WriteString(nullSwitchText(opt))
			return
		}
		b.WriteString(p.text)
	}
	sorted := slices.Clone(names)
	slices.Sort(sorted)
	for _, name := range sorted {
		add(name)
	}
	return b.String()
}

func nullSwitchText(opt Options) string {
	answer := "true"
	if opt.NullOrdering == vm.NullOrderingFalse {
		answer = "false"
	}
	return "function " + nullSwitch + "() {\n    return " + answer + ";\n}\n"
}

// Script puts the library that an output needs in front of its code.
func (o Output) Script(opt Options) string { return Library(o.STL, opt) + o.Code }

// function gives the JavaScript name of a function of Hog's standard library;
// ok is false when there is none for browsers.
func function(name string) (js string, ok bool) {
	switch name {
	case "if", "in", "typeof", "Error":
		return "__x_" + name, true
	}
	return name, !strings.HasPrefix(name, "__") && isLibrary(name)
}
