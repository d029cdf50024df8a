package hog_test

import (
	"testing"

	"hogpen/hog"
	"hogpen/hog/ast"
	"hogpen/hog/hogtest"
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
