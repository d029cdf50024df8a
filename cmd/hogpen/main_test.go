package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"hogpen/views/viewstest/browser"
)

// TestMain lets scripts and tests call this very test binary as "hogpen".
func TestMain(m *testing.M) {
	testscript.Main(closing{m}, map[string]func(){
		"hogpen": main,
	})
}

// closing ends the tests' browser after the last of them.
type closing struct{ m *testing.M }

func (c closing) Run() int { return browser.Main(c.m) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}
