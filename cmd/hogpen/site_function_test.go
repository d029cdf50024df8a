package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"hogpen/app/apptest"
	"hogpen/views/viewstest/browser"
)

// Site functions, in a real page of another origin that loads posthog-js from
// the server it sends to, as PostHog's snippet does. What they do is told by the events that they capture themselves.
func TestSiteFunctionsInAPage(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	forward(t, h, "app loaded", "destination ran")
	create := func(name, kind, source string, more map[string]any) string {
		body := map[string]any{"name": name, "type": kind, "hog": source, "enabled": true}
		for k, v := range more {
			body[k] = v
		}
		return h.CreateFunction(t, body)
	}
	create("Faulty", "site_app", `export function onLoad() { throw new Error("no such vendor") }`, nil)
	create("App", "site_app", `
		interface Arguments { inputs: { greeting: string }; posthog: any }
		export async function onLoad({ inputs, posthog }: Arguments) { posthog.capture("app loaded", { text: inputs.greeting }) }`,
		map[string]any{
			"inputs_schema": []any{map[string]any{"key": "greeting", "type": "string"}},
			"inputs":        map[string]any{"greeting": map[string]any{"value": "Hello, {upper('site')}"}},
		})
	create("Destination", "site_destination", `
		export function onEvent({ inputs, posthog }) { posthog.capture("destination ran", { text: inputs.plan + " " + inputs.level }) }`,
		map[string]any{
			"filters":       map[string]any{"events": []any{map[string]any{"id": "sent by a page", "type": "events"}}},
			"inputs_schema": []any{map[string]any{"key": "plan", "type": "string"}, map[string]any{"key": "level", "type": "number"}},
			"inputs":        map[string]any{"plan": map[string]any{"value": "plan {event.properties.plan}"}, "level": map[string]any{"value": 3}},
		})
	create("Off", "site_app", `export function onLoad({ posthog }) { posthog.capture("app loaded", { text: "off" }) }`, map[string]any{"enabled": false})

	page := browser.Open(t)
	page.Go(site(t) + "/from-host?" + url.Values{"host": {h.URL}, "token": {h.Info.ProjectToken}, "apps": {"1"}}.Encode())
	var told []string
	for _, d := range delivered(t, h.Sink.Wait(t, 2)) {
		told = append(told, d.Event+": "+d.Properties["text"].(string))
	}
	slices.Sort(told)
	if want := []string{"app loaded: Hello, SITE", "destination ran: plan scale 3"}; !slices.Equal(told, want) {
		t.Errorf("the page told %q, want %q", told, want)
	}
	// The faulty one is named, and nothing else went wrong.
	for _, problem := range page.Problems() {
		if !strings.Contains(problem, "no such vendor") {
			t.Errorf("the page's console has %q", problem)
		}
	}
}
