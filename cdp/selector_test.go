package cdp_test

import (
	"encoding/json"
	"regexp"
	"testing"
)

// A selector becomes a pattern that finds its element in a chain.
func TestSelectors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const chain = `a.btn.large:attr__data-x="1"attr_id="buy"href="/x;y"nth-child="2"nth-of-type="1"text="Buy; \"now\"";` +
		`div.card:attr__class="card"nth-child="1"nth-of-type="1";body:nth-child="2"nth-of-type="1"`
	for _, tt := range []struct {
		selector string
		want     bool
	}{
		{`a`, true}, {`b`, false}, {`div`, true}, {`*`, true}, {`.btn`, true}, {`a.btn.large`, true}, {`a.large.btn`, true}, {`.bt`, false},
		{`#buy`, true}, {`#bu`, false}, {`a#buy.btn`, true}, {`div#buy`, false},
		{`[data-x="1"]`, true}, {`[data-x='1']`, true}, {`a[data-x]`, true}, {`[data-x="2"]`, false}, {`[href="/x;y"]`, true},
		{`a:nth-child(2)`, true}, {`a:nth-child(1)`, false}, {`div > a`, true}, {`body > a`, false}, {`body a`, true}, {`body > div > a`, true},
		{`a div`, false}, {`body div.card > a[href="/x;y"]:nth-of-type(1)`, true},
	} {
		key, _ := json.Marshal(tt.selector)
		f := b.compiled(`{"properties":[{"key":"selector","type":"element","value":` + string(key) + `}]}`)
		var code []any
		if err := json.Unmarshal(f.Bytecode, &code); err != nil {
			t.Fatalf("%s: %v %s", tt.selector, err, f.BytecodeError)
		}
		if have := regexp.MustCompile(code[3].(string)).MatchString(chain); have != tt.want {
			t.Errorf("%s matches: %v, want %v (%s)", tt.selector, have, tt.want, code[3])
		}
	}
}
