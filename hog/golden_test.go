package hog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/hogtest"
	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

func TestScriptTrees(t *testing.T) {
	hogtest.Run(t, "testdata", "out/tree", func(t *testing.T, s hogtest.Script) string {
		prog, diags := hog.ParseProgram(s.Source)
		for _, d := range diags {
			t.Error(d.Render(s.Source))
		}
		return ast.DumpIndented(prog)
	})
}

func TestScriptBytecode(t *testing.T) {
	hogtest.Run(t, "testdata", "out/bytecode", func(t *testing.T, s hogtest.Script) string {
		prog, diags := hog.Compile(s.Source, hog.Options{})
		if diags.Failed() {
			t.Error(diags[0].Render(s.Source))
			return ""
		}
		return prog.String()
	})
}

func TestScriptPrinted(t *testing.T) {
	hogtest.Run(t, "testdata", "out/printed", func(t *testing.T, s hogtest.Script) string {
		out, diags := hog.Format(s.Source)
		if diags.Failed() {
			t.Error(diags[0].Render(s.Source))
		}
		if again, _ := hog.Format(out); again != out {
			t.Errorf("printed once\n%s\nprinted twice\n%s", out, again)
		}
		return out
	})
}

// TestScriptStdout runs each script with the standard library, compiled as
// PostHog would and with the repairs: what is printed must be the same.
func TestScriptStdout(t *testing.T) {
	hogtest.Run(t, "testdata", "out/stdout", func(t *testing.T, s hogtest.Script) string {
		have := run(t, s.Source, hog.Options{Repair: true})
		if upstream := run(t, s.Source, hog.Options{}); upstream != have {
			t.Errorf("with PostHog's bytes\n%s\nrepaired\n%s", upstream, have)
		}
		return have
	})
}

func TestRepairedProgramsRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{`print(1, 5 between 1 and 10)`, "1 true\n"},
		{`let x := 5 between 1 and 10 print(x)`, "true\n"},
		{`print(1 between 0 and 2 and 2 between 1 and 3, null between 1 and 2)`, "true false\n"},
		{`let n := 0 fn f() { n := n + 1 return n } print(0, f() between 1 and 1, n, f() not between 5 and f(), n)`, "0 true 1 true 3\n"},
		{`try { throw RetryError('r') } catch (x: Other) { print('no') } catch (y: RetryError) { print(y.message) }`, "r\n"},
		{`try { try { throw Error('r') } catch (x: Other) { print('no') } } catch (z) { print('outer', z.message) }`, "outer r\n"},
	} {
		if have := run(t, tt.src, hog.Options{Repair: true}); have != tt.want {
			t.Errorf("%s\nhave %q\nwant %q", tt.src, have, tt.want)
		}
	}
}

// run compiles a program, runs it and returns what it prints.
func run(t *testing.T, src string, opt hog.Options) string {
	t.Helper()
	prog, diags := hog.Compile(src, opt)
	if diags.Failed() {
		t.Fatal(diags[0].Render(src))
	}
	loaded, err := vm.Load(prog, vm.LoadOptions{Library: stl.Library()})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	env := vm.Env{Print: func(line string) { out.WriteString(line + "\n") }}
	var m vm.Machine
	if _, err := m.Run(context.Background(), loaded, vm.NewDict(0), env, vm.Budget{Time: 10 * time.Second}); err != nil {
		t.Error(vm.Explain(err, src))
	}
	return out.String()
}
