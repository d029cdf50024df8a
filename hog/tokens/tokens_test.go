package tokens_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/chroma/v2"

	"hogpen/hog/parser"
	"hogpen/hog/tokens"
)

// TestTableIsTheLexers: the words of the lexer's switch and those of the table
// are the same, with the same ones reserved. true and false are no tokens.
func TestTableIsTheLexers(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../parser/token.go")
	if err != nil {
		t.Fatal(err)
	}
	lexer := map[string]bool{}
	for _, m := range regexp.MustCompile(`case "(\w+)":`).FindAllStringSubmatch(string(source), -1) {
		lexer[m[1]] = true
	}
	if len(lexer) < 45 {
		t.Fatalf("only %d words found in the lexer", len(lexer))
	}
	for _, w := range tokens.Words() {
		if parser.IsReserved(w.Text) != w.Reserved {
			t.Errorf("%s: the table says reserved %v", w.Text, w.Reserved)
		}
		if w.Text != "true" && w.Text != "false" && !lexer[w.Text] {
			t.Errorf("the lexer does not know %s", w.Text)
		}
		delete(lexer, w.Text)
	}
	for word := range lexer {
		t.Errorf("the table lacks %s", word)
	}
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	grammar, err := tokens.TextMate()
	if err != nil {
		t.Fatal(err)
	}
	lexer, err := tokens.Chroma()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"docs/hog.chroma.xml":          lexer,
		"views/assets/js/hog-words.js": tokens.Script(),
		"docs/hog.tmLanguage.json":     grammar,
	} {
		have, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != want {
			t.Errorf("%s is not what hog/tokens says; run go generate ./hog/tokens", name)
		}
	}
}

// checker reads a grammar in Node, whose regular expressions are near to those
// of editors: every rule that is included exists, every pattern can be
// compiled, and a line of Hog is coloured as its marks say.
const checker = `
const grammar = JSON.parse(require("fs").readFileSync("../../docs/hog.tmLanguage.json", "utf8"));
const compile = (text) => new RegExp(text.replace(/^\(\?i\)/, ""), text.startsWith("(?i)") ? "iy" : "y");
const faults = [];
const visit = (rule) => {
    if (rule.include && !grammar.repository[rule.include.slice(1)]) faults.push("no rule " + rule.include);
    for (const key of ["match", "begin", "end"]) {
        try { if (rule[key]) compile(rule[key]); } catch (e) { faults.push(e.message); }
    }
    (rule.patterns || []).forEach(visit);
};
Object.values(grammar.repository).forEach(visit);
const flat = (rule) => rule.include ? flat(grammar.repository[rule.include.slice(1)]) : rule.match || rule.begin ? [rule] : rule.patterns.flatMap(flat);
const rules = flat(grammar.repository.code);
const nameAt = (line, at) => {
    for (const r of rules) {
        const re = compile(r.match || r.begin);
        re.lastIndex = at;
        if (re.test(line)) return r.name || (r.captures && r.captures["1"].name) || "";
    }
    return "";
};
for (const [line, text, want] of [
    ["let x := 1", "let", "storage.type"], ["LET x := 1", "LET", "storage.type"], ["x.let", "let", ""], ["letter", "letter", ""],
    ["return null", "return", "keyword.control"], ["return null", "null", "constant.language"], ["a -- b", "--", "comment.line"],
    ["#1", "#", ""], ["# a", "#", "comment.line"], ["f'a{b}'", "f'", "string.template"], ["'a'", "'", "string.quoted"], ["0x1F", "0x1F", "constant.numeric"],
    ["trim(a)", "trim", "entity.name.function"], ["event.x", "event", "support.variable"], ["a =~* b", "=~*", "keyword.operator"], ["<b a='x'/>", "<b", "entity.name.tag"],
    ["a < b", "<", "keyword.operator"], ["from.x", "from", ""],
]) {
    const have = nameAt(line, line.indexOf(text));
    if (want === "" ? have !== "" : !have.startsWith(want)) faults.push(line + ": " + text + " is " + JSON.stringify(have) + ", want " + want);
}
process.stdout.write(faults.join("\n"));
`

func TestGrammarColours(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "node", "-e", checker).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "" {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestChromaColours reads the generated lexer with chroma itself.
func TestChromaColours(t *testing.T) {
	t.Parallel()
	lexer, err := chroma.NewXMLLexer(os.DirFS("../../docs"), "hog.chroma.xml")
	if err != nil {
		t.Fatal(err)
	}
	source := "let a := f'x{event.props['k']}' // note\nif (a != null and length(a) > 1.5e3) { return <b c='d'/> }\n"
	list, err := chroma.Tokenise(lexer, nil, source)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]chroma.TokenType{}
	text := ""
	for _, token := range list {
		if _, ok := kinds[token.Value]; !ok {
			kinds[token.Value] = token.Type
		}
		text += token.Value
		if token.Type == chroma.Error {
			t.Errorf("%q is not coloured", token.Value)
		}
	}
	if text != source {
		t.Errorf("the tokens are %q", text)
	}
	for word, want := range map[string]chroma.TokenType{
		"let": chroma.KeywordDeclaration, ":=": chroma.Operator, "f'": chroma.LiteralString, "{": chroma.LiteralStringInterpol, "event": chroma.NameBuiltin,
		"props": chroma.Name, "// note": chroma.CommentSingle, "if": chroma.Keyword, "and": chroma.OperatorWord, "null": chroma.KeywordConstant,
		"length": chroma.NameFunction, "1.5e3": chroma.LiteralNumber, "return": chroma.Keyword, "<b": chroma.NameTag,
	} {
		if kinds[word] != want {
			t.Errorf("%s is %s, want %s", word, kinds[word], want)
		}
	}
}
