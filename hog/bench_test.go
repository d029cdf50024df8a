package hog_test

import (
	"fmt"
	"strings"
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
)

// hundredLines is a function of a hundred lines, as destinations are written.
func hundredLines() string {
	var b strings.Builder
	b.WriteString("fn deliver(event, inputs) {\n")
	for i := range 14 {
		fmt.Fprintf(&b, `    let payload%d := {
        'event': event.event, 'id': event.uuid ?? 'none', 'n': %d,
        'props': {'a': [1, 2.5, 'x'], 'b': event.properties.b.c},
    };
    if (inputs.debug and not empty(payload%d.props) or length(payload%d.event) > 10) {
        print(f'Sending {payload%d.id} to {inputs.url}', payload%d);
    }
`, i, i, i, i, i, i)
	}
	b.WriteString("    return payload1\n}\n")
	return b.String()
}

func BenchmarkCompile(b *testing.B) {
	one := hundredLines()
	if n := strings.Count(one, "\n"); n < 98 || n > 102 {
		b.Fatalf("the function has %d lines", n)
	}
	for _, times := range []int{1, 10, 100} {
		src := strings.Repeat(strings.Replace(one, "fn deliver", "{ fn deliver", 1)+"}\n", times)
		b.Run(fmt.Sprintf("%dx", times), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, diags := hog.Compile(src, hog.Options{}); diags.Failed() {
					b.Fatal(diags)
				}
			}
		})
	}
}

// BenchmarkManyVariables shows that looking a name up does not walk a list.
func BenchmarkManyVariables(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		var src strings.Builder
		for i := range n {
			fmt.Fprintf(&src, "let v%d := %d f(v%d, x -> v%d)\n", i, i, i/2, i/3)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, diags := hog.Compile(src.String(), hog.Options{}); diags.Failed() {
					b.Fatal(diags)
				}
			}
		})
	}
}

// BenchmarkNested shows that depth costs no more than length: expressions in
// each other, of every bracket, and functions in functions.
func BenchmarkNested(b *testing.B) {
	for name, one := range map[string][2]string{
		"brackets": {"f([{'a': (", ")}])"}, "sums": {"1 + (2 * (", "))"}, "lambdas": {"(x -> x + ", ")"}, "conditions": {"a ? b : (not c and (", "))"},
		"blocks": {"if (a) { let b := 1; while (c) { ", "} }"}, "functions": {"fn f(a) { let g := a; ", " return g }"},
	} {
		for _, depth := range []int{4, 40, 80} {
			src := strings.Repeat(one[0], depth) + "1" + strings.Repeat(one[1], depth)
			b.Run(fmt.Sprintf("%s/%d", name, depth), func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				for b.Loop() {
					if _, diags := hog.Compile(src, hog.Options{}); diags.Failed() {
						b.Fatal(diags)
					}
				}
			})
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	src := hundredLines()
	b.ReportAllocs()
	for b.Loop() {
		if _, diags := hog.Format(src); diags.Failed() {
			b.Fatal(diags)
		}
	}
}

var sink ast.Diagnostics

func BenchmarkCompileTemplate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, sink = hog.CompileTemplate(`Hello {person.properties.email ?? 'nobody'}, {length(event.properties.items)} items`, hog.Options{})
	}
}
