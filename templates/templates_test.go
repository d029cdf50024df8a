package templates_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"hogpen/cdp"
	"hogpen/cdp/fields"
	"hogpen/templates"
)

func TestGallery(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, tpl := range templates.All() {
		ids = append(ids, tpl.ID)
		if tpl.Name == "" || tpl.Description == "" || len(tpl.Category) == 0 || tpl.Code == "" || tpl.Docs == "" {
			t.Errorf("%s: something is empty", tpl.ID)
		}
		if tpl.Code != strings.TrimSpace(tpl.Code) {
			t.Errorf("%s: the code is not trimmed", tpl.ID)
		}
		if !slices.Contains(cdp.Types, tpl.Type) {
			t.Errorf("%s: type %q", tpl.ID, tpl.Type)
		}
		schema, err := json.Marshal(tpl.InputsSchema)
		if err != nil {
			t.Fatal(err)
		}
		if _, faults := cdp.ReadInputsSchema(schema, fields.To("inputs_schema")); len(faults) > 0 {
			t.Errorf("%s: %v", tpl.ID, faults)
		}
		if _, faults := cdp.ReadFilters(tpl.Filters, fields.To("filters")); len(faults) > 0 {
			t.Errorf("%s: %v", tpl.ID, faults)
		}
		if got, ok := templates.Get(tpl.ID); !ok || got != tpl {
			t.Errorf("Get(%q) does not find it", tpl.ID)
		}
		icon, ok := templates.Icon(tpl.ID)
		if !ok || *tpl.IconURL != templates.IconPrefix+tpl.ID+".svg" {
			t.Errorf("%s: no icon at %v", tpl.ID, tpl.IconURL)
		}
		wellFormed(t, tpl.ID, icon)
	}
	for _, id := range []string{"template-webhook", "template-discord", "template-drop-events", "template-filter-properties", "template-hash-properties",
		"template-ip-anonymization", "template-url-normalization", "template-blank-transformation", "template-geoip", "template-blank-site-destination", "template-blank-site-app", "template-source-webhook"} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is missing", id)
		}
	}
	if _, ok := templates.Get("template-none"); ok {
		t.Error("an unknown template was found")
	}
	if _, ok := templates.Icon("../templates"); ok {
		t.Error("an icon outside the gallery was found")
	}
}

func wellFormed(t *testing.T, id string, svg []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("%s: icon: %v", id, err)
			return
		}
		if e, ok := tok.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "image") {
			t.Errorf("%s: the icon holds %s", id, e.Name.Local)
		}
	}
}

// Saving the template as it is drops nothing.
func TestDropEventsBeginsHarmless(t *testing.T) {
	t.Parallel()
	tpl, _ := templates.Get("template-drop-events")
	filters, faults := cdp.ReadFilters(tpl.Filters, fields.To("filters"))
	if len(faults) > 0 || len(filters.Events) != 1 || !strings.Contains(string(filters.Events[0]), "CHANGE-ME") {
		t.Errorf("filters %s (%v)", tpl.Filters, faults)
	}
}

func TestDocs(t *testing.T) {
	t.Parallel()
	for _, tpl := range templates.All() {
		html, err := templates.Docs(tpl)
		if err != nil || !strings.Contains(html, "<p>") {
			t.Errorf("%s: %v %.80q", tpl.ID, err, html)
		}
	}
	hook, _ := templates.Get("template-webhook")
	html, err := templates.Docs(hook)
	if err != nil || !strings.Contains(html, "<h3>What is sent</h3>") || !strings.Contains(html, "<table>") || !strings.Contains(html, `<code class="language-json">`) {
		t.Errorf("the webhook's documentation is %q (%v)", html, err)
	}
}

// What a template's author writes cannot run in a reader's browser.
func TestDocsAreSafe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ markdown, want string }{
		{"a <script>alert(1)</script> b", "<p>a alert(1) b</p>\n"},
		{"<img src=x onerror=alert(1)>", ""},
		{"<div onclick=\"x()\">hi</div>", ""},
		{"[x](javascript:alert(1))", "<p>x</p>\n"},
		{"[x](JaVaScRiPt:alert(1))", "<p>x</p>\n"},
		{"[x](data:text/html;base64,AAAA)", "<p>x</p>\n"},
		{"[x](vbscript:x)", "<p>x</p>\n"},
		{"![x](https://example.com/track.gif)", "<p></p>\n"},
		{"<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"},
		{"[x](/functions)", "<p><a href=\"/functions\" rel=\"noreferrer\">x</a></p>\n"},
		{"[x](https://example.com)", "<p><a href=\"https://example.com\" rel=\"noreferrer noopener\" target=\"_blank\">x</a></p>\n"},
		{"# A\n### B", "<h3>A</h3>\n<h4>B</h4>\n"},
		{"`<b>`", "<p><code>&lt;b&gt;</code></p>\n"},
		{"```js\"onload=\"x\n1\n```", "<pre><code>1\n</code></pre>\n"},
	} {
		have, err := templates.Markdown(tt.markdown)
		if err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(have) != strings.TrimSpace(tt.want) {
			t.Errorf("%q\nhave %q\nwant %q", tt.markdown, have, tt.want)
		}
		for _, bad := range []string{"<script", "onerror", "onclick", "href=\"javascript", "<img"} {
			if strings.Contains(strings.ToLower(have), bad) {
				t.Errorf("%q gives %q, which holds %s", tt.markdown, have, bad)
			}
		}
	}
}
