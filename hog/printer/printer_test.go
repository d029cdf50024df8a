package printer_test

import (
	"os"
	"strings"
	"testing"

	"hogpen/hog/ast"
	"hogpen/hog/parser"
	"hogpen/hog/printer"
)

// checkStable is the printer's promise: what it prints reads back as the same
// tree with the same comments, and prints the same again.
func checkStable(t *testing.T, src string) {
	t.Helper()
	prog, diags := parser.Program(src)
	if diags.Failed() {
		return
	}
	first := printer.Print(prog)
	again, diags := parser.Program(first)
	if diags.Failed() {
		t.Fatalf("source\n%s\nis printed as\n%s\nwhich does not parse: %s", src, first, diags[0].Render(first))
	}
	if have, want := ast.Dump(again), ast.Dump(prog); have != want {
		t.Fatalf("source\n%s\nis printed as\n%s\nhave %s\nwant %s", src, first, have, want)
	}
	if have, want := commentTexts(again), commentTexts(prog); have != want {
		t.Fatalf("source\n%s\nis printed as\n%s\nhave comments %s\nwant %s", src, first, have, want)
	}
	if second := printer.Print(again); second != first {
		t.Fatalf("source\n%q\nis printed as\n%s\nand then as\n%s", src, first, second)
	}
}

// commentTexts joins the comments without their opening marks, which may
// change.
func commentTexts(p *ast.Program) string {
	var b strings.Builder
	for _, c := range p.Comments {
		b.WriteString(strings.TrimLeft(c.Text, "#-/"))
		b.WriteByte('|')
	}
	return b.String()
}

// tricky are sources whose tidy form is easily another program.
var tricky = []string{
	"0/*\n*//**/#", "f(0 /*\n*/ /**/ # x\n, 1)", "{ 'a': 1 /*\n*/ /**/ # x\n}",
	"''As'\xb2'", "not 00.080000000", "-00.8", "not 00.x", "CAst(00As I, )", "let x := try_cast(a as b,)",
	"a - -5", "-(-5)", "-(5)", "- - a", "-(-a)", "(1).2", "1.5.2", "1..2", ".5.1", "1e3.2", "(true).x", "true.x", "(a).b", "(null).x", "(array)[1]", "array[1]",
	"not 1[1]", "not 1.5.2", "not true[1]", "not `array`[1]", "not 0x1F.2", "not 1?.2", "not 1..2", "not 'a'.b",
	"not (a)", "not (a) = b", "not a = b", "not -a", "not [1]", "not a, b -> c", "x = not a", "not not a",
	"f(a, b -> c)", "f(a, (b) -> c)", "f(x -> y, (z) -> w)", "f(x -> (y, z -> w))", "[a + b, (c) -> d]",
	"x -> {}", "x -> {x}", "x -> { x; }", "x -> { return }", "x -> {;}", "x -> {{}}", "x -> {{};}", "x -> {{a;}}", "x -> { return -1 }", "x -> { return -1; }",
	"x -> {'a': 1}.a", "() -> 1", "(x -> x)(1)", "x -> y -> { return z }", "a = (x -> 1)", "a = x -> 1", "x -> { if (a) { b } }",
	"{}", "({})", "{}.a", "{a}", "({a})", "{a}.b", "{a: 1}", "{a: 1}.b", "({}).a := 1", "{}[1]", "({})[1]", "{a: b ? c : d}", "{a ? b : c: 1}", "{(a ? b : c): 1}",
	"(a := 1)", "not a := 0", "not a -> 0", "f(a := 1)", "a := b := c", "b(a := 1) := 2",
	"if (a) x := 1 else y := 2", "if (a) x := 1; else y := 2", "if (a) b; else c", "if (a) if (b) c; else d", "if (a) { if (b) c } else d", "while (a) if (b) x := 1;",
	"if (a) while (b) x := 1; else y", "if (a) let x := 1 else let y := 2", "if(a, b, c)", "`if`(a)", "(if(a))", "`if`(a); b", "if (a) ; else b", "if (a) else b",
	"while (a) ;", "for (;;) a", "for (let i := 0; i < 1; i := i + 1) ;", "for (a; b; c) {}", "for (i in x) { y }", "for (let k, v in x) {}", "for (i := 0; ; ) a",
	"return", "return\nx", "return; (a)", "`return`", "`return` := 1", "throw x", "fn f() {} (a)", "fn f(a.b, c) {}", "{ a } (b)", "{ a } -b", "{a} .5", "* ;", "(*)", "f(*)", "a.*",
	"try { a } catch {}", "try {} catch (e) {} catch (f: T) { g } finally { h }",
	"f(x)(y)", "(f(x))(y)", "f()(y)", "f(x)(y)(z)", "(f)(x)", "a.f(x)", "'s'.b", "'s'(1)", "f'x{a}y'", "f'{a}'", "f'{a}' || 'b'", "f'a{f'b{c}'}'", "f'\\{{a}''\\n'", "(a || b) || c", "a || (b || c)", "a || (b + c)", "(a + b) || c", "concat(a, b) || c",
	"a ?? b ?? c", "a ?? (b ?? c)", "(a ?? b) ?? c", "a ? b : c ? d : e", "(a ? b : c) ? d : e", "a ? .5 : 1", "a ? [1] : 2", "a?.b?.[1]?.2", "a?.`b c`", "a.`fn`", "a['fn']",
	"a = b is null", "a = (b is null)", "(a is null)[1]", "a is null = b", "a between 1 and 2 and c", "a between 1 and (b and c)", "not a between b and c", "a not between 1 and 2", "(a between 1 and 2) between 3 and 4",
	"a in cohort 2", "a in `cohort`", "a in cohort and b", "a in (1)", "a in (1,)", "a <> b", "a ~ b", "a !~* b", "a NOT LIKE b", "a == b = c",
	"case when a then b end", "case x when 1 then 2 else 3 end", "case when `end` then `when` end", "interval 3 day", "trim(both 'x' from s)",
	"a as b", "(a as b).c", "a::int", "a[1:2]", "#1", "lambda x, y: x", "columns('a')",
	"(select 1)", "((select 1))", "(select a b, c from t // x\n where {d})", "f((select 1 union all select 2), 1)", "((select 1) except (select 2)) + 1", "(select 1).a", "sql(a + {b})",
	"not#0", "not a::Int", "not a[1:2]", "not a is distinct from b", "not columns(a)", "cast(a as Int) + 1", "-cast(a as Int)", "a is not distinct from b = c", "a::Array(Int)[1]", "a[:2]", "a[1:][2]",
	"<T a='x' b={1} c/>", "<a>hi {x}</a>", "<a>{'x'}{'y'}</a>", "<a> <b/> {x}\n<c/></a>", "<a><b/>x<c/></a>", "<a>\n  {x}\n</a>", "x := <a/>", "a<b", "i<n;",
	"`a b`", "`true`", "`a``b`", "\"a\"\"b\"", "let `let` := 1", "let array := [1]; array", "0x1F + 0b1 + 007 + 1. + .5 + 1e-5 + inf + nan + -inf + - 5 + +3", "'it''s' + 'a\\nb\\x41'", "'multi\nline'",
	"// a\nb // c\n// d\n\n\n// e\nf /* g */ + /* h */ i // j", "f(a, // x\n b // y\n)", "[ // a\n 1, 2 // b\n // c\n]", "{ // a\n 'k': 1, // b\n // c\n}", "f(/* a */)", "if (a) { // b\n}", "if (a // b\n) c", "x -> { // c\n}", "fn f( // a\n b) {}", "a /* x\ny */ + b", "/* m\n\n\nn */ a", "a; /* m\nn */ b", "a\n\n\n;\n\nb", "#c\n--d\n//e", "a and // b\nc", "a // b\nand c", "let a // b\n := 1", "return // x\n a", "f(x -> { return 1 }, xs) // t", "<a // b\n c={d // e\n}/>", "f'{a // b\n}c'",
}

func TestPrintIsStable(t *testing.T) {
	t.Parallel()
	for _, src := range tricky {
		if _, diags := parser.Program(src); diags.Failed() {
			t.Errorf("%q does not parse: %v", src, diags)
			continue
		}
		t.Run("", func(t *testing.T) { checkStable(t, src) })
	}
	for _, file := range []string{"parsing.txt", "bytecode.txt", "sections.txt"} {
		for _, src := range seeds(t, file) {
			t.Run("", func(t *testing.T) { checkStable(t, src) })
		}
	}
}

// seeds are the sources of a table of the specification.
func seeds(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile("../testdata/spec/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, line := range strings.Split(string(data), "\n") {
		src, _, _ := strings.Cut(line, "→")
		if src = strings.ReplaceAll(strings.TrimSpace(src), "⏎", "\n"); src != "" {
			list = append(list, src)
		}
	}
	return list
}

func FuzzPrint(f *testing.F) {
	for _, src := range tricky {
		f.Add(src)
	}
	for _, file := range []string{"parsing.txt", "bytecode.txt", "sections.txt"} {
		for _, src := range seeds(f, file) {
			f.Add(src)
		}
	}
	f.Fuzz(checkStable)
}
