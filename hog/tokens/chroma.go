package tokens

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Chroma gives docs/hog.chroma.xml, a lexer for chroma, which colours code for
// Hugo, goldmark and other programs in Go.
func Chroma() (string, error) {
	l := chromaLexer{
		Comment: " Made from hog/tokens by go generate; change it there. ",
		Config:  chromaConfig{Name: "Hog", Alias: "hog", Filename: "*.hog", Mime: "text/x-hog"},
		States: []chromaState{
			{Name: "root", Rules: chromaCode()},
			{Name: "template", Rules: []chromaRule{
				{Pattern: escape, Token: token("LiteralStringEscape")},
				{Pattern: `\\\{`, Token: token("LiteralStringEscape")},
				{Pattern: `'`, Token: token("LiteralString"), Pop: &chromaPop{1}},
				{Pattern: `\{`, Token: token("LiteralStringInterpol"), Push: &chromaPush{"hole"}},
				{Pattern: `[^'{\\]+|\\`, Token: token("LiteralString")},
			}},
			{Name: "hole", Rules: append([]chromaRule{
				{Pattern: `\}`, Token: token("LiteralStringInterpol"), Pop: &chromaPop{1}},
				{Pattern: `\{`, Token: token("Punctuation"), Push: &chromaPush{"hole"}},
			}, chromaCode()...)},
			{Name: "string", Rules: []chromaRule{
				{Pattern: escape, Token: token("LiteralStringEscape")},
				{Pattern: `'`, Token: token("LiteralString"), Pop: &chromaPop{1}},
				{Pattern: `[^'\\]+|\\`, Token: token("LiteralString")},
			}},
		},
	}
	text, err := xml.MarshalIndent(l, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the lexer: %w", err)
	}
	return string(text) + "\n", nil
}

const escape = `''|\\([bfrntav0\\']|x[0-9A-Fa-f]{2})`

type chromaLexer struct {
	XMLName xml.Name      `xml:"lexer"`
	Comment string        `xml:",comment"`
	Config  chromaConfig  `xml:"config"`
	States  []chromaState `xml:"rules>state"`
}

type chromaConfig struct {
	Name     string `xml:"name"`
	Alias    string `xml:"alias"`
	Filename string `xml:"filename"`
	Mime     string `xml:"mime_type"`
}

type chromaState struct {
	Name  string       `xml:"name,attr"`
	Rules []chromaRule `xml:"rule"`
}

type chromaRule struct {
	Pattern string       `xml:"pattern,attr"`
	Token   *chromaToken `xml:"token"`
	Push    *chromaPush  `xml:"push"`
	Pop     *chromaPop   `xml:"pop"`
}

type chromaToken struct {
	Type string `xml:"type,attr"`
}

type chromaPush struct {
	State string `xml:"state,attr"`
}

type chromaPop struct {
	Depth int `xml:"depth,attr"`
}

func token(kind string) *chromaToken { return &chromaToken{kind} }

// chromaCode are the rules of code, the first that fits counts.
func chromaCode() []chromaRule {
	rules := []chromaRule{
		{Pattern: `/\*(.|\n)*?\*/`, Token: token("CommentMultiline")},
		{Pattern: `(//|--|#(?!\d)).*`, Token: token("CommentSingle")},
		{Pattern: `\bf'`, Token: token("LiteralString"), Push: &chromaPush{"template"}},
		{Pattern: `'`, Token: token("LiteralString"), Push: &chromaPush{"string"}},
		{Pattern: "\"([^\"\\\\]|\\\\.|\"\")*\"|`([^`\\\\]|\\\\.|``)*`", Token: token("NameVariable")},
		{Pattern: `</?[A-Za-z_][A-Za-z0-9_-]*(?=\s*[A-Za-z_/>])|/>`, Token: token("NameTag")},
		{Pattern: `(?<![\w$])(0[xX][0-9A-Fa-f]+|0[bB][01]+|(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?)`, Token: token("LiteralNumber")},
	}
	for _, c := range []struct {
		class Class
		kind  string
	}{
		{ClassControl, "Keyword"}, {ClassDeclaration, "KeywordDeclaration"}, {ClassOperator, "OperatorWord"}, {ClassConstant, "KeywordConstant"},
	} {
		rules = append(rules, chromaRule{Pattern: word("(?i)", Coloured(c.class)), Token: token(c.kind)})
	}
	return append(rules,
		chromaRule{Pattern: word("", Globals()), Token: token("NameBuiltin")},
		chromaRule{Pattern: `[A-Za-z_$][\w$]*(?=\s*\()`, Token: token("NameFunction")},
		chromaRule{Pattern: `[A-Za-z_$][\w$]*`, Token: token("Name")},
		chromaRule{Pattern: strings.Join([]string{`:=|->|\?\?|\?\.|\|\||=~\*?|!~\*?|~\*?|==|!=|<>|<=|>=`, `[-+*/%=<>?:]`}, "|"), Token: token("Operator")},
		chromaRule{Pattern: `[(){}\[\],;.]`, Token: token("Punctuation")},
		chromaRule{Pattern: `\s+`, Token: token("TextWhitespace")},
	)
}
