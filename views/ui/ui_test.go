package ui_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"hogpen/views/ui"
	"hogpen/views/ui/hx"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	ctx := ui.WithEnv(context.Background(), ui.Env{CSRF: "tok", Nonce: "non"})
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 99_999: "99,999", 100_000: "100 k", 318_000: "318 k",
		1_240_000: "1.24 M", 12_400_000: "12.4 M", 999_999_999: "1000 M", 3_000_000_000: "3.00 bn", -1234: "-1,234",
	} {
		if have := ui.Count(n); have != want {
			t.Errorf("Count(%d) = %q, want %q", n, have, want)
		}
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		part, whole int64
		want        string
	}{
		{0, 0, "–"}, {0, 5, "0 %"}, {5, 5, "100 %"}, {982, 1000, "98.2 %"},
		{999_999, 1_000_000, "99.9 %"}, {1, 1_000_000, "<0.1 %"},
	} {
		if have := ui.Share(tt.part, tt.whole); have != tt.want {
			t.Errorf("Share(%d, %d) = %q, want %q", tt.part, tt.whole, have, tt.want)
		}
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "just now", 12 * time.Second: "12 s ago", 4 * time.Minute: "4 min ago", 3 * time.Hour: "3 h ago",
		25 * time.Hour: "15 Nov", 400 * 24 * time.Hour: "12 Oct 2025", -time.Second: "just now",
	} {
		if have := ui.Ago(now, now.Add(-d)); have != want {
			t.Errorf("Ago(%s) = %q, want %q", d, have, want)
		}
	}
	if have := ui.Ago(now, time.Time{}); have != "never" {
		t.Errorf("Ago of no time = %q, want never", have)
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		8 * time.Microsecond: "8 µs", 118 * time.Millisecond: "118 ms", 10 * time.Second: "10.0 s", 90 * time.Second: "1m30s",
	} {
		if have := ui.Took(d); have != want {
			t.Errorf("Took(%s) = %q, want %q", d, have, want)
		}
	}
}

var rectWidth = regexp.MustCompile(`<rect class="series-[a-z-]+" x="([\d.]+)%" y="0" width="([\d.]+)%"`)

// The bar's parts fill it without overlap, and nothing that happened is too thin
// to see.
func TestOutcomesFillTheBar(t *testing.T) {
	t.Parallel()
	html := render(t, ui.Outcomes("o", "outcomes", []ui.Outcome{
		{Name: "succeeded", Class: "series-succeeded", Count: 1}, {Name: "failed", Class: "series-failed", Count: 2},
		{Name: "masked", Class: "series-masked", Count: 0}, {Name: "filtered", Class: "series-filtered", Count: 1_000_000},
	}))
	rects := rectWidth.FindAllStringSubmatch(html, -1)
	if len(rects) != 3 {
		t.Fatalf("%d parts drawn, want 3 (none of masked): %s", len(rects), html)
	}
	end := 0.0
	for _, r := range rects {
		x, _ := strconv.ParseFloat(r[1], 64)
		width, _ := strconv.ParseFloat(r[2], 64)
		if x < end-0.001 || width < 0.25 {
			t.Errorf("part at %.3f, %.3f wide, after one that ends at %.3f", x, width, end)
		}
		end = x + width
	}
	if end < 99.9 || end > 100.01 {
		t.Errorf("the parts end at %.3f %%", end)
	}
	if html := render(t, ui.Outcomes("o", "none", nil)); !strings.Contains(html, `width="100%"`) {
		t.Errorf("an empty bar is not drawn: %s", html)
	}
}

func TestChartOfNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []ui.ChartProps{
		{}, {Buckets: []ui.Bucket{{Label: "a"}}},
		{Buckets: make([]ui.Bucket, 3), Series: []ui.Series{{Name: "s", Values: []int64{1}}}, Markers: []ui.Marker{{Bucket: 9}}},
	} {
		if html := render(t, ui.Chart(p)); strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
			t.Errorf("a chart with holes: %s", html)
		}
	}
}

func TestFieldTiesItsTexts(t *testing.T) {
	t.Parallel()
	html := render(t, ui.Input(ui.InputProps{Name: "url", Value: `"<x>"`, Field: ui.FieldProps{ID: "url", Label: "Address", Help: "Where to.", Error: "The address has no host.", Required: true}}))
	for _, want := range []string{`for="url"`, `id="url"`, `aria-describedby="url-help url-error"`, `aria-invalid="true"`, `id="url-help"`, `id="url-error"`, ` required`, `&lt;x&gt;`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
	if html := render(t, ui.Input(ui.InputProps{Name: "n", Field: ui.FieldProps{ID: "n", Label: "N"}})); strings.Contains(html, "aria-") {
		t.Errorf("a plain field describes nothing: %s", html)
	}
}

// A value that begins with a line break keeps it.
func TestTextareaKeepsItsFirstLine(t *testing.T) {
	t.Parallel()
	html := render(t, ui.Textarea(ui.TextareaProps{Name: "t", Value: "\nsecond", Field: ui.FieldProps{ID: "t", Label: "T"}}))
	if !strings.Contains(html, ">\n\nsecond</textarea>") {
		t.Errorf("the first line break would be lost: %s", html)
	}
}

func TestSwitchWorksAsAForm(t *testing.T) {
	t.Parallel()
	html := render(t, ui.Switch(ui.SwitchProps{ID: "s", On: true, Label: "GeoIP", Action: "/x", Version: 7}))
	for _, want := range []string{`method="post"`, `action="/x"`, `name="_csrf" value="tok"`, `name="version" value="7"`, `name="enabled" value="false"`,
		`role="switch"`, `aria-checked="true"`, `aria-label="GeoIP"`, `type="submit"`, `hx-post="/x"`, `hx-swap="none"`} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
}

func TestEditorCarriesTheNonce(t *testing.T) {
	t.Parallel()
	html := render(t, ui.Editor(ui.EditorProps{ID: "hog", Name: "hog", Value: "return 1", Label: "Hog code", Check: "/check"}))
	for _, want := range []string{`<hog-editor`, `check="/check"`, `nonce="non"`, `<textarea`, `name="hog"`, "\nreturn 1</textarea>"} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
}

func TestToastTimes(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]ui.ToastProps{
		`data-hp-ttl="6000"`:  {Tone: ui.OK, Text: "Saved"},
		`data-hp-ttl="10000"`: {Tone: ui.OK, Text: "Paused", Undo: "/undo"},
		`data-hp-ttl="0"`:     {Tone: ui.Bad, Text: "Could not save"},
	} {
		if html := render(t, ui.Toast(p)); !strings.Contains(html, want) {
			t.Errorf("no %s in %s", want, html)
		}
	}
}

func TestEveryIconIsThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"check", "info", "triangle-alert", "circle-alert", "circle-check", "undo-2", "x"} {
		if html := render(t, ui.Icon(name)); !strings.Contains(html, "<path") && !strings.Contains(html, "<circle") {
			t.Errorf("icon %s is empty: %s", name, html)
		}
	}
}

// A request's attributes are a value: a step does not change what it came from.
func TestRequestsAreValues(t *testing.T) {
	t.Parallel()
	base := hx.Get("/a").Target("#list")
	one, two := base.Push(), base.Replace()
	for _, r := range []struct {
		req      hx.Request
		has, not string
	}{{one, "hx-push-url", "hx-replace-url"}, {two, "hx-replace-url", "hx-push-url"}} {
		keys := ""
		for _, item := range r.req.Items() {
			keys += item.Key + " "
		}
		if !strings.Contains(keys, r.has) || strings.Contains(keys, r.not) {
			t.Errorf("attributes %q, want %s and not %s", keys, r.has, r.not)
		}
	}
}

func TestCSRFIsQuoted(t *testing.T) {
	t.Parallel()
	have := hx.Body(`a"b`).Items()[0].Value
	if have != `{"X-CSRF-Token":"a\"b"}` {
		t.Errorf("header %v", have)
	}
}
