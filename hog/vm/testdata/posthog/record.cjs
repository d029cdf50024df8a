// Records states of PostHog's own machine for TestPostHogStatesResume:
//
//	node record.cjs folder-with-node_modules hogpen > states.json
//
// The folder is one in which @posthog/hogvm is installed, hogpen the binary.
const { execFileSync } = require("child_process");
const path = require("path");
const { exec } = require(path.resolve(process.argv[2], "node_modules/@posthog/hogvm"));

const sources = [
    "let a := [1]; let t := {'k': toDateTime(5)}; fn f(n) { let b := () -> a; try { let r := fetch(n); return [r, b(), t.k] } catch (e) { return e.message } } return f(toInt('2'))",
    "let n := 0; fn g() { n := n + 1; return () -> n } let h := g; try { throw Error('x', {'a': 1}) } catch (e) { let u := toInt; let z := g(); let late := 2.0; fetch(1); return [u('5'), z(), h()(), late, e.message] }",
    "fn c() { let n := 0; return () -> { n := n + 1; return n } } let a := c(); a(); fetch(0); return a()",
    "let x := 1; let f := () -> { x := x + 1; return x }; fetch(0); f(); fetch(1); return [x, f()]",
    "try { fetch(1); throw RetryError('later') } catch (e: RetryError) { return e.message }",
    "fn d(n) { if (n = 0) { return [] } let r := fetch(n); return arrayPushBack(d(n - 1), r) } return d(4)",
    "for (let k, v in {'a': 1, 'b': 2}) { fetch(v); print(k) }",
    "let res := fetch('https://example.com', {'method': 'POST', 'body': {'n': null, 'd': toDate('2024-01-02')}}); if (res[1] != 'x') { throw Error('bad') } return 'fine'",
    "return arrayMap(x -> fetch(x), [1, 2])",
    "return arrayFilter(x -> fetch(x)[1] > 1, [1, 2, 3])",
    "return [arrayExists(x -> fetch(x)[1] = 2, [1, 2, 3]), arrayCount(x -> fetch(x)[1] > 1, [1, 2, 3])]",
    "return arrayReduce((a, x) -> a + fetch(x)[1], [1, 2, 3], 10)",
    "try { arrayMap(x -> { fetch(x); throw Error('in ' || x) }, [7]) } catch (e) { return e.message }",
    "sleep(1); return 'slept'",
];

const records = sources.map((source) => {
    const bytecode = JSON.parse(execFileSync(process.argv[3], ["hog", "compile", "-"], { input: source }));
    const lines = [];
    const steps = [];
    const options = {
        asyncFunctions: { fetch: () => {} },
        functions: { print: (...args) => void lines.push(args.join(" ")) },
    };
    let r = exec(bytecode, options);
    for (; !r.finished && !r.error; r = exec(JSON.parse(JSON.stringify(r.state)), options)) {
        const answer = r.asyncFunctionName === "fetch" ? [r.asyncFunctionArgs[0]] : null;
        steps.push({ state: JSON.parse(JSON.stringify(r.state)), answer, lines: lines.length });
        r.state.stack.push(answer);
    }
    return { source, steps, lines, result: r.result ?? null, error: r.error ? String(r.error) : "" };
});
process.stdout.write("[\n" + records.map((r) => JSON.stringify(r)).join(",\n") + "\n]\n");
