package viewstest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"hogpen/views/viewstest/browser"
)

// Axe returns what axe-core (a development dependency from npm) finds wrong on
// the page a tab shows, by the rules of WCAG 2.2 AA: "rule: help (target)".
func Axe(t testing.TB, tab *browser.Tab) []string {
	t.Helper()
	browser.Eval[bool](tab, axeSource(t)+";true")
	found := browser.Eval[string](tab, `axe.run(document, {runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]})
		.then(r => JSON.stringify(r.violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.failureSummary.replace(/\s+/g, " ") + " (" + n.target.join(" ") + ")"))))`)
	var out []string
	if err := json.Unmarshal([]byte(found), &out); err != nil {
		t.Fatalf("axe: %v in %s", err, found)
	}
	return out
}

func axeSource(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "../../node_modules/axe-core/axe.min.js")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(fmt.Errorf("axe-core is missing, run npm ci: %w", err))
	}
	return string(text)
}
