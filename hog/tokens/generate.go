package tokens

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Script gives views/assets/js/hog-words.js, a module with the word lists that
// the editor's tokenizer and completion use.
func Script() string {
	var b strings.Builder
	b.WriteString("// Made from hog/tokens by go generate; change it there.\n")
	fmt.Fprintf(&b, "export const keywords = %s;\n", quoted(Coloured()))
	fmt.Fprintf(&b, "export const globals = %s;\n", quoted(Globals()))
	return b.String()
}

func quoted(words []string) string { return `["` + strings.Join(words, `", "`) + `"]` }

// rule is a pattern of a TextMate grammar.
type rule struct {
	Include       string          `json:"include,omitempty"`
	Name          string          `json:"name,omitempty"`
	Match         string          `json:"match,omitempty"`
	Begin         string          `json:"begin,omitempty"`
	End           string          `json:"end,omitempty"`
	Captures      map[string]rule `json:"captures,omitempty"`
	BeginCaptures map[string]rule `json:"beginCaptures,omitempty"`
	EndCaptures   map[string]rule `json:"endCaptures,omitempty"`
	Patterns      []rule          `json:"patterns,omitempty"`
}

type grammar struct {
	Comment    string          `json:"comment"`
	Name       string          `json:"name"`
	ScopeName  string          `json:"scopeName"`
	FileTypes  []string        `json:"fileTypes"`
	Patterns   []rule          `json:"patterns"`
	Repository map[string]rule `json:"repository"`
}

// TextMate gives docs/hog.tmLanguage.json, for editors that colour with
// TextMate grammars.
func TextMate() (string, error) {
	g := grammar{
		Comment: "Made from hog/tokens by go generate; change it there.",
		Name:    "Hog", ScopeName: "source.hog", FileTypes: []string{"hog"},
		Patterns:   []rule{{Include: "#code"}},
		Repository: repository(),
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(g); err != nil {
		return "", fmt.Errorf("write the grammar: %w", err)
	}
	return b.String(), nil
}

func repository() map[string]rule {
	var code rule
	for _, name := range []string{"comments", "templates", "strings", "names", "tags", "numbers", "words", "functions", "operators", "braces"} {
		code.Patterns = append(code.Patterns, rule{Include: "#" + name})
	}
	return map[string]rule{
		"code": code,
		"comments": {Patterns: []rule{
			{Name: "comment.block.hog", Begin: `/\*`, End: `\*/`},
			{Name: "comment.line.hog", Match: `(//|--|#(?!\d)).*$`},
		}},
		"templates": {
			Name: "string.template.hog", Begin: `\bf'`, End: `'(?!')`,
			Patterns: []rule{{Include: "#escapes"}, {Name: "constant.character.escape.hog", Match: `\\\{`}, hole("meta.embedded.hog")},
		},
		"strings": {Name: "string.quoted.single.hog", Begin: `'`, End: `'(?!')`, Patterns: []rule{{Include: "#escapes"}}},
		"escapes": {Name: "constant.character.escape.hog", Match: `''|\\([bfrntav0\\']|x[0-9A-Fa-f]{2})`},
		"names":   {Name: "variable.other.hog", Match: "\"([^\"\\\\]|\\\\.|\"\")*\"|`([^`\\\\]|\\\\.|``)*`"},
		"tags": {Patterns: []rule{
			{Name: "entity.name.tag.hog", Match: `</?[A-Za-z_][A-Za-z0-9_-]*(?=\s*[A-Za-z_/>])|/>`},
		}},
		"numbers": {Name: "constant.numeric.hog", Match: `(?<![\w$])(0[xX][0-9A-Fa-f]+|0[bB][01]+|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)`},
		"words":   {Patterns: wordRules()},
		"functions": {Patterns: []rule{
			{Match: `([A-Za-z_$][\w$]*)(?=\s*\()`, Captures: map[string]rule{"1": {Name: "entity.name.function.hog"}}},
		}},
		"operators": {Name: "keyword.operator.hog", Match: `:=|->|\?\?|\?\.|\|\||=~\*?|!~\*?|~\*?|==|!=|<>|<=|>=|[-+*/%=<>?:]`},
		"braces":    {Begin: `\{`, End: `\}`, Patterns: []rule{{Include: "#code"}}},
	}
}

// hole is the code in the braces of a template.
func hole(name string) rule {
	mark := map[string]rule{"0": {Name: "punctuation.section.embedded.hog"}}
	return rule{Name: name, Begin: `\{`, End: `\}`, BeginCaptures: mark, EndCaptures: mark, Patterns: []rule{{Include: "#code"}}}
}

// wordRules colour a word by its class, unless it is a property.
func wordRules() []rule {
	var rules []rule
	for _, c := range []struct {
		class Class
		name  string
	}{
		{ClassControl, "keyword.control.hog"}, {ClassDeclaration, "storage.type.hog"},
		{ClassOperator, "keyword.operator.word.hog"}, {ClassConstant, "constant.language.hog"},
	} {
		rules = append(rules, rule{Name: c.name, Match: word("(?i)", Coloured(c.class))})
	}
	return append(rules, rule{Name: "support.variable.hog", Match: word("", Globals())})
}

func word(flags string, words []string) string {
	return flags + `(?<![.\w$])(` + strings.Join(words, "|") + `)(?![\w$])`
}
