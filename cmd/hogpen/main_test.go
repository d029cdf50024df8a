package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hogpen/views/viewstest/browser"
)

// TestMain lets the scripts call this very test binary as "hogpen".
func TestMain(m *testing.M) {
	testscript.Main(closing{m}, map[string]func(){
		"hogpen": func() {
			os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.Environ()}))
		},
	})
}

// closing ends the tests' browser after the last of them.
type closing struct{ m *testing.M }

func (c closing) Run() int { return browser.Main(c.m) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
