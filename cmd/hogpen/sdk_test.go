package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hogpen/app/apptest"
	"hogpen/views/viewstest/browser"
)

// forward makes an enabled destination that posts {event, person} of the named
// events to the house's sink.
func forward(t *testing.T, h *apptest.House, events ...string) string {
	t.Helper()
	var list []map[string]any
	for i, e := range events {
		list = append(list, map[string]any{"id": e, "name": e, "type": "events", "order": i})
	}
	return h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Forward", "template_id": "template-webhook", "enabled": true,
		"filters": map[string]any{"source": "events", "events": list},
		"inputs": map[string]any{
			"url":  map[string]any{"value": h.Sink.URL + "/hook"},
			"body": map[string]any{"value": map[string]any{"event": "{event.event}", "who": "{event.distinct_id}", "properties": "{event.properties}"}},
		},
	})
}

// delivered decodes what the sink got.
func delivered(t *testing.T, requests []apptest.Request) (out []struct {
	Event      string
	Who        string
	Properties map[string]any
}) {
	t.Helper()
	for _, r := range requests {
		out = append(out, struct {
			Event      string
			Who        string
			Properties map[string]any
		}{})
		if err := json.Unmarshal([]byte(r.Body), &out[len(out)-1]); err != nil {
			t.Fatalf("%v in %s", err, r.Body)
		}
	}
	return out
}

// The published posthog-node, unchanged, with its gzip batches.
func TestPostHogNode(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	forward(t, h, "sent by node")
	out, err := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "sdk", "posthog_node.mjs"), h.URL, h.Info.ProjectToken, "45").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "done" {
		t.Fatalf("posthog-node: %v\n%s", err, out)
	}
	var seen []string
	for _, d := range delivered(t, h.Sink.Wait(t, 45)) {
		seen = append(seen, d.Who)
		if d.Properties["$lib"] != "posthog-node" || d.Properties["plan"] != "team" {
			t.Errorf("%s: properties are %v", d.Who, d.Properties)
		}
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 45 {
		t.Errorf("%d different events arrived, want 45", len(slices.Compact(seen)))
	}
}

// site serves a page with the published posthog-js, at an origin of its own.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, file := range map[string]string{
		"/array.js":  filepath.Join("..", "..", "node_modules", "posthog-js", "dist", "array.full.no-external.js"),
		"/start.js":  filepath.Join("testdata", "sdk", "start.js"),
		"/from-host": filepath.Join("testdata", "sdk", "from_host.html"),
		"/":          filepath.Join("testdata", "sdk", "posthog_js.html"),
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// The published posthog-js in a real page of another origin.
func TestPostHogJS(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	forward(t, h, "sent by a page", "$pageview")
	page := browser.Open(t)
	page.Go(site(t) + "/?" + url.Values{"host": {h.URL}, "token": {h.Info.ProjectToken}}.Encode())
	got := delivered(t, h.Sink.Wait(t, 2))
	var names []string
	for _, d := range got {
		names = append(names, d.Event)
		if d.Properties["$lib"] != "web" {
			t.Errorf("%s: $lib is %v", d.Event, d.Properties["$lib"])
		}
	}
	slices.Sort(names)
	if want := []string{"$pageview", "sent by a page"}; !slices.Equal(names, want) {
		t.Errorf("arrived: %v, want %v", names, want)
	}
	if errs := page.Problems(); len(errs) > 0 {
		t.Errorf("the page's console has errors: %v", errs)
	}
}
