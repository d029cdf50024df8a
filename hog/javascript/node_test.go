package javascript_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/hogtest"
	"hogpen/hog/javascript"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

// runner is a program for Node: it runs the scripts that it reads and writes
// what each printed. A script has no globals but the function __getGlobal.
const runner = `
const scripts = JSON.parse(require("fs").readFileSync(0, "utf8"));
const globals = { event: { name: "seen", count: 2, list: [1] } };
const results = scripts.map((script) => {
    let out = "";
    const shown = { log: (line) => { out += line + "\n"; } };
    const get = (name) => {
        if (Object.prototype.hasOwnProperty.call(globals, name)) return globals[name];
        throw new Error("Global variable not found: " + name);
    };
    try {
        new Function("__getGlobal", "console", '"use strict";\n' + script)(get, shown);
    } catch (e) {
        out += e && e.__hogError__ ? "! " + e.type + ": " + e.message + "\n" : "! error\n";
        if (e instanceof SyntaxError && !/JSON/.test(e.message)) out += e.message + "\n" + script;
    }
    return out.isWellFormed === undefined ? out : out.toWellFormed();
});
process.stdout.write(JSON.stringify(results));
`

// node runs scripts in Node, which make test installs nothing for: the
// browser assets need it anyway.
func node(t *testing.T, scripts []string) []string {
	t.Helper()
	in, err := json.Marshal(scripts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "-e", runner)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, stderr.String())
	}
	var out []string
	if err := json.Unmarshal(raw, &out); err != nil || len(out) != len(scripts) {
		t.Fatalf("node answered %d of %d: %v", len(out), len(scripts), err)
	}
	return out
}

// machine gives what the machine prints for a program, in the runner's words.
func machine(t *testing.T, src string, opt vm.LoadOptions) string {
	t.Helper()
	prog, diags := hog.Compile(src, hog.Options{Repair: true})
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	opt.Library = stl.Library()
	loaded, err := vm.Load(prog, opt)
	if err != nil {
		t.Fatal(err)
	}
	globals, err := vm.ParseJSON([]byte(`{"event": {"name": "seen", "count": 2, "list": [1]}}`), vm.JSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var m vm.Machine
	env := vm.Env{Print: func(line string) { out.WriteString(line + "\n") }}
	if _, err := m.Run(t.Context(), loaded, globals, env, vm.Budget{}); err != nil {
		out.WriteString(failure(err))
	}
	return out.String()
}

func failure(err error) string {
	if thrown, ok := err.(*vm.HogError); ok {
		return "! " + thrown.Type + ": " + thrown.Message + "\n"
	}
	return "! error\n"
}

// row is a program with what it is an example of, when it is known to differ.
type row struct {
	src, reason string
}

// compare runs rows in both worlds. A row with a reason must differ.
func compare(t *testing.T, rows []row, opt javascript.Options) {
	t.Helper()
	scripts := make([]string, len(rows))
	for i, r := range rows {
		scripts[i] = translate(t, r.src, opt).Script(opt)
	}
	for i, have := range node(t, scripts) {
		want := machine(t, rows[i].src, vm.LoadOptions{NullOrdering: opt.NullOrdering})
		switch same := have == want; {
		case !same && rows[i].reason == "":
			t.Errorf("%s\nprints %s\nwant   %s", rows[i].src, have, want)
		case same && rows[i].reason != "":
			t.Errorf("%s\nno longer differs (%s)", rows[i].src, rows[i].reason)
		}
	}
}

// rows adds to sources what is known of them.
func rows(sources []string) []row {
	list := make([]row, len(sources))
	for i, src := range sources {
		list[i] = row{src, differences[src]}
	}
	return list
}

func TestScriptsPrintTheSame(t *testing.T) {
	t.Parallel()
	var list []row
	for _, s := range hogtest.Scripts(t, "../testdata") {
		if _, ok := s.Section("out/stdout"); ok {
			list = append(list, row{s.Source, differences["script "+s.Name]})
		}
	}
	compare(t, list, javascript.Options{})
}

// TestSpecPrintsTheSame runs the examples of Appendix E.
func TestSpecPrintsTheSame(t *testing.T) {
	t.Parallel()
	var sources []string
	for _, file := range []string{"evaluation.txt", "programs.txt"} {
		data, err := os.ReadFile("../vm/testdata/spec/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			src, _, isRow := strings.Cut(line, "→")
			switch src = strings.TrimSpace(src); {
			case src == "":
			case file == "programs.txt":
				sources = append(sources, src)
			case isRow:
				sources = append(sources, "print(["+src+"])")
			}
		}
	}
	if len(sources) < 160 {
		t.Fatalf("only %d examples", len(sources))
	}
	compare(t, rows(sources), javascript.Options{})
}

func TestLibraryPrintsTheSame(t *testing.T) {
	t.Parallel()
	var sources []string
	for _, f := range stl.All {
		for _, e := range f.Examples {
			sources = append(sources, "print(["+e.Src+"])")
		}
	}
	compare(t, rows(sources), javascript.Options{})
}

// TestCornersPrintTheSame are programs where the two languages invite to
// differ, and the known differences that no other test shows.
func TestCornersPrintTheSame(t *testing.T) {
	t.Parallel()
	compare(t, rows([]string{
		"let a := 1 { print(a) let a := 2 print(a) } print(a)",
		"let x := x print(x)",
		"fn f(a) { let a := 2 return a } print(f(1))",
		"let fs := [] for (let i := 0; i < 3; i := i + 1) { fs := arrayPushBack(fs, () -> i) } print(arrayMap(f -> f(), fs))",
		"let fs := [] for (let i in [1, 2]) { let j := i fs := arrayPushBack(fs, () -> j) } print(arrayMap(f -> f(), fs))",
		"let fs := [] for (let k, v in {'a': 1, 'b': 2}) { fs := arrayPushBack(fs, () -> [k, v]) } print(arrayMap(f -> f(), fs))",
		"let v := [1, 2] for (let v in v) print(v) print(v)",
		"for (let v in null) print(v) for (let v in 'abc') print(v) for (let v in (1, 2)) print(v)",
		"let e := event e.name := 'other' e.list[1] := 5 print(event, e, event.name.length)",
		"try { throw Error('a', {'p': 1}) } catch (x: Other) { print('no') } catch (y) { print(y.message, y.payload, e.type, type) }",
		"try { try { throw HogError('T', 'm') } catch (e: U) { print(1) } } catch (e: T) { print('outer', e) }",
		"try { print(1) } catch (e) { print(e) } throw 'x'",
		"try { throw null } catch { print('caught') }",
		"try { assumeNotNull(null) } catch { print('caught') }",
		"throw RetryError('x')",
		"let t := (1, 2) t[1] := 5 t[4] := 1 print(t, typeof(t), length(t))",
		"let a := [1] a[0 - 1 + 1] := 2",
		"'abc'[1] := 2",
		"let class := 1 let concat := 2 print(f'a{class}', concat)",
		"fn `a b`(x) { return x } print(`a b`, `a b`(1), toInt, x -> x)",
		"let `typeof` := x -> 'mine' print(typeof(1)) { let if := 2 print(if) }",
		"print(true = 'true', true = 'x', 1 = true, '1' = 1, [1] = [1], ['a'] = ['a'], null = 0, 'a' != null)",
		"print(toDate('2024-01-01') = toDateTime('2024-01-01'), toDateTime('2024-01-02') > '2024-01-01', sortableSemver('1.2.3') = sortableSemver('v1.2.3'))",
		"print([1, 2] < [1, 3], 'B' < 'a', null < 1, true < 2, 1 < 'x')",
		"print(arrayMap(x -> toTimeZone(toDateTime(x), 'Europe/Tallinn'), ['2024-10-27T00:30:00Z']), toDateTime('2024-10-27 03:30:00', 'Europe/Tallinn'))",
		"print(toString(toDateTime('2024-07-01', 'Asia/Kolkata')), toStartOfDay(toDateTime('2024-07-01T20:00:00Z', 'Asia/Kolkata')))",
		"print(formatDateTime(toDateTime('2024-01-07T15:04:05.678Z'), '%a %b %c %d %D %e %f %F %g %h %H %i %j %M %W %V %p %Q %r %R %s %T %u %z %% %x %', 'America/New_York'))",
		"print(dateAdd('month', 1, toDateTime('2024-01-31T10:00:00', 'Europe/Tallinn')), dateAdd('day', 1, toDateTime('2024-03-30T12:00:00', 'Europe/Tallinn')))",
		"print(dateDiff('month', '2024-01-31', '2025-03-01'), dateDiff('week', toDate('2024-01-01'), toDate('2024-02-01')), toDateTime('2024-02-30'))",
		"print('abc' like 'a%', 'ABC' ilike 'a_c', 'a.c' like 'a.c', 'abc' =~ '^a', 'ABC' =~* 'b', 'x' !~ '', match('a1', '(?i)A[0-9]'))",
		"print(jsonStringify({'b': (1, 2), 'd': toDate('2024-01-02'), 'e': Error('x'), 'f': toInt, 'n': 0 / 0}, 2))",
		"let o := {'a': 1} o.o := o print(o, jsonStringify(o))",
		"print(jsonParse('{\"__proto__\": {\"x\": 1}, \"a\": [null]}'), {'__proto__': 1}, {}.constructor, [].length, 'a'.length)",
		"print(reverse('abc'), length('😀'), substring('a😀b', 2, 2), upper('straße'), splitByString('', 'ab'))",
		"print(md5('héllo', 'base64'), sha1Hex('a'), sha256('a', 'base64url'), sha256HmacChain(['a', 'b', 'c']), sha1HmacChainHex(['key', 'text']))",
		"print(sha256Hex('0123456789012345678901234567890123456789012345678901234567890123456789'), md5Hex('01234567890123456789012345678901234567890123456789012345'))",
		"print(isIPAddressInRange('2001:db8::1', '2001:db8::/32'), isIPAddressInRange('1.2.3.4', '::/0'), isIPAddressInRange('10.0.0.1', '10.0.0.0/31'))",
		"print(base64Decode('aMOpbGxv'), base64Decode('aGk'), tryDecodeURLComponent('%zz'), encodeURLComponent('a b/é'))",
		"let s := <a>hi {1 + 1}</a> print(s) let Tag := x -> x.b print(<Tag b={2} />)",
		"print(if(1, 2, 3), multiIf(0, 1, 0, 2, 3), 5 between 1 and 10, 5 not between 1 and 10, null between 1 and 2)",
		"let n := 0 fn f() { n := n + 1 return n } print(f() between 1 and 1, n)",
		"return 5",
		"let d := {'a': {'b': [1, 2]}} d.a.b[2] := 9 d['x y'] := d.a?.b?.[2] print(d.a.b.2, d)",
		"print(-5 % 3, 7 / 2, 0.1 + 0.2, 1e21, 1e-7, -0, 5 - -5, [5] * 2, null - 1, 'x' * 1)",
		"print(arraySort([2, 10, 1]), arrayReverseSort(['a', 'b']), keys([5, 6]), has([1], '1'), indexOf([1, 2], 2), range(2, 5), 1 in '123')",
		"print(1 in null)",
		"print(x.y)",
		"let n := 0 fn f() { n := n + 1 return true } print(true or f(), n)",
		"let j := arrayStringConcat print(j([1, 2]))",
		"print('b' =~ 'a(?i)B')",
	}), javascript.Options{})
}

func TestNullOrdering(t *testing.T) {
	t.Parallel()
	list := rows([]string{"print(null < 1, 1 > null, null <= null, less(null, 1), null between 1 and 2)"})
	compare(t, list, javascript.Options{})
	compare(t, list, javascript.Options{NullOrdering: vm.NullOrderingFalse})
}
