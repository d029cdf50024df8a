package site_test

import (
	"strings"
	"testing"
	"time"

	"hogpen/hog/javascript/site"
)

// TestDeepSources holds that a source nested very deep is answered, and in
// time. The largest takes a hundredth of the bound alone on a machine.
func TestDeepSources(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{
		"(", "[", "{", "!", "a?", "`${", "a=>", "{a:", "x(", "if(1)", "<a>", "()=>{", "a<", "a<{b;c:",
		"a.b[", "new ", "type A=", strings.Repeat("a<", 500) + strings.Repeat(">", 500) + ";",
	} {
		source := strings.Repeat(unit, 20480/len(unit))
		began := time.Now()
		if _, diags := site.Transpile(source); !diags.Failed() {
			t.Errorf("%q again and again is taken", unit)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%q again and again took %v", unit, took)
		}
	}
}
