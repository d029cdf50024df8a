package liquid_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"hogpen/cdp/liquid"
	"hogpen/hog/vm"
)

// at is the moment of all tests, the one testdata/generate.mjs uses.
var at = time.Date(2026, 3, 1, 10, 2, 3, 456e6, time.UTC)

func globals(t testing.TB) vm.Value {
	t.Helper()
	raw, err := os.ReadFile("testdata/globals.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := vm.ParseJSON(raw, vm.JSONOptions{Freeze: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func render(template string, globals vm.Value) (string, error) {
	tpl, err := liquid.Parse(template)
	if err != nil {
		return "", err
	}
	return tpl.Render(globals, liquid.NewBudget(at))
}

// row is what liquidjs made of a template.
type row struct {
	Template string  `json:"template"`
	Output   *string `json:"output"`
	Error    string  `json:"error"`
}

func rows(t testing.TB) []row {
	t.Helper()
	raw, err := os.ReadFile("testdata/liquidjs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var out []row
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// differences are the templates that are known to give something else than in
// liquidjs; each has its reason above it.
func differences(t testing.TB) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/differences.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	reason := ""
	for line := range strings.Lines(string(raw)) {
		switch line = strings.TrimSuffix(line, "\n"); {
		case strings.HasPrefix(line, "// "):
			reason = strings.TrimPrefix(line, "// ")
		case line != "":
			if reason == "" {
				t.Errorf("differences.txt: %q has no reason", line)
			}
			out[line] = reason
			reason = ""
		}
	}
	return out
}

// TestAsLiquidJS replays what liquidjs made of the templates.
func TestAsLiquidJS(t *testing.T) {
	t.Parallel()
	g, known := globals(t), differences(t)
	all := rows(t)
	if len(all) < 190 {
		t.Fatalf("%d recorded templates, want at least 190", len(all))
	}
	for _, r := range all {
		out, err := render(r.Template, g)
		same := err == nil && r.Output != nil && out == *r.Output || err != nil && r.Output == nil && err.Error() == r.Error
		_, listed := known[r.Template]
		delete(known, r.Template)
		switch {
		case same && listed:
			t.Errorf("%q is listed as different, but is not", r.Template)
		case same || listed:
		case r.Output == nil:
			t.Errorf("%q gives %q, %v\n\twant the error %q", r.Template, out, err, r.Error)
		default:
			t.Errorf("%q gives\n\t%q, %v\n\twant\n\t%q", r.Template, out, err, *r.Output)
		}
	}
	for template := range known {
		t.Errorf("differences.txt: %q was not recorded", template)
	}
}

// TestLimits: templates that would run or grow without end are stopped, each
// soon and with the limit's name.
func TestLimits(t *testing.T) {
	t.Parallel()
	g := globals(t)
	deep := func(open, inside, end string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
	}
	for _, tt := range []struct{ name, template, want string }{
		{"a long template", strings.Repeat("x", liquid.MaxLength+1), "liquid parse length limit exceeded (100000 characters)"},
		{"a huge range", `{{ (1..1000000000) | size }}`, "memory alloc limit exceeded, line:1, col:1"},
		{"a range to infinity", `{% assign n = 1 | divided_by: 0 %}{% for i in (1..n) %}x{% endfor %}`, "memory alloc limit exceeded, line:1, col:35"},
		{"nested loops", `{% for a in (1..900) %}{% for b in (1..900) %}{% for c in (1..900) %}{% endfor %}{% endfor %}{% endfor %}`, "limit exceeded"},
		{"empty nested loops over one list", `{% assign l = (1..1000) %}{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}`, "template render limit exceeded"},
		{"much output", `{% for a in (1..20) %}` + strings.Repeat("x", 60_000) + `{% endfor %}`, "liquid output limit exceeded (1000000 characters per invocation)"},
		{"a doubling text", strings.Repeat(`{% assign x = x | append: x | append: "a" %}`, 40), "memory alloc limit exceeded"},
		{"a doubling capture", `{% assign x = "ab" %}` + strings.Repeat(`{% capture x %}{{ x | raw }}{{ x | raw }}{% endcapture %}`, 40), "memory alloc limit exceeded"},
		{"a doubling list", `{% assign x = "" | split: "," %}` + strings.Repeat(`{% assign x = x | push: x | push: x %}`, 60) + `{{ x }}`, "limit exceeded"},
		{"comparing doubled lists", `{% assign x = "" | split: "," %}{% assign y = x %}` + strings.Repeat(`{% assign x = x | push: x | push: x %}{% assign y = y | push: y | push: y %}`, 60) + `{% if x == y %}{% endif %}`, "limit exceeded"},
		{"JSON of a doubled list", `{% assign x = "" | split: "," %}` + strings.Repeat(`{% assign x = x | push: x | push: x %}`, 60) + `{{ x | json }}`, "limit exceeded"},
		{"a deep list", `{% assign x = "a" %}{% for i in (1..3000) %}{% assign x = "" | split: "," | push: x %}{% endfor %}{{ x | join }}`, "value is nested too deeply"},
		{"a wide format", `{{ "now" | date: "%99999999Y" }}`, "memory alloc limit exceeded"},
		{"a format of no width", `{{ "now" | date: "%99999999999999999999Y" }}`, "memory alloc limit exceeded"},
		{"many fractions", `{{ "now" | date: "` + strings.Repeat(`%900000N`, 9) + `" }}`, "memory alloc limit exceeded"},
		{"deep blocks", deep(`{% if 1 %}`, "", `{% endif %}`, 4000), "template is nested deeper than 1000"},
		{"deep indexes", `{{ a` + deep(`[a`, "", `]`, 20000) + ` }}`, "expression is nested deeper than 1000"},
		{"a growing replacement", `{% assign x = "aaaaaaaaaa" %}` + strings.Repeat(`{% assign x = x | replace: "a", "aaaaaaaaaa" %}`, 9), "memory alloc limit exceeded"},
		{"encoding over and over", `{% assign x = "%%%%%%%%" %}{% for i in (1..100000) %}{% assign x = x | url_encode %}{% endfor %}`, "limit exceeded"},
		{"a long slice", `{{ "abc" | slice: 0, 99999999 }}`, "memory alloc limit exceeded"},
	} {
		began := time.Now()
		out, err := render(tt.template, g)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: gives %.40q, %v, want %q", tt.name, out, err, tt.want)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", tt.name, took)
		}
	}
}

// TestBudgetIsShared: time and output of an invocation are those of all its
// templates.
func TestBudgetIsShared(t *testing.T) {
	t.Parallel()
	g, b := globals(t), liquid.NewBudget(at)
	tpl, err := liquid.Parse(strings.Repeat("x", 60_000))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 17 {
		_, err = tpl.Render(g, b)
		if (err != nil) != (i == 16) {
			t.Fatalf("rendering %d gives %v", i, err)
		}
	}
	b = liquid.NewBudget(at)
	if tpl, err = liquid.Parse(`{% assign l = (1..1000) %}{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 20 {
		if _, err := tpl.Render(g, b); err == nil || !strings.Contains(err.Error(), "template render limit exceeded") {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("20 templates of one invocation took %v", took)
	}
}

// TestErrorTellsItsPlace: line and column count UTF-16 units from 1.
func TestErrorTellsItsPlace(t *testing.T) {
	t.Parallel()
	_, err := liquid.Parse("a\n😀 {% nosuch %}")
	var e *liquid.Error
	if !errors.As(err, &e) || e.Line != 2 || e.Column != 4 || e.Message != `tag "nosuch" not found` {
		t.Errorf("have %#v", err)
	}
}

// TestManyAtOnce: one template serves many goroutines.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	g := globals(t)
	tpl, err := liquid.Parse(`{% for p in event.people %}{% assign n = p.name | upcase %}{% increment i %}{{ n }}{% cycle "a", "b" %}{% endfor %}`)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	for range 8 {
		go func() {
			out, err := tpl.Render(g, liquid.NewBudget(at))
			if err != nil {
				out = err.Error()
			}
			done <- out
		}()
	}
	for range 8 {
		if out := <-done; out != "0ADAa1BOBb2CYa" {
			t.Errorf("have %q", out)
		}
	}
}

// FuzzRender: no text can crash the parser or the renderer, or take long.
func FuzzRender(f *testing.F) {
	for _, r := range rows(f) {
		f.Add(r.Template)
	}
	g := globals(f)
	f.Fuzz(func(t *testing.T, template string) {
		began := time.Now()
		out, err := render(template, g)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%q took %v", template, took)
		}
		var e *liquid.Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%q: error without a place: %v", template, err)
		}
		if vm.UTF16Len(out) > liquid.MaxOutput {
			t.Errorf("%q gives %d bytes", template, len(out))
		}
	})
}

func BenchmarkRender(b *testing.B) {
	g := globals(b)
	tpl, err := liquid.Parse(`Hello {{ person.properties.email | default: "there" }}: {{ event.event }} at {{ event.date | date: "%Y-%m-%d" }}`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tpl.Render(g, liquid.NewBudget(at)); err != nil {
			b.Fatal(err)
		}
	}
}
