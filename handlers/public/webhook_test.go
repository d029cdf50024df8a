package public_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"hogpen/app/apptest"
)

// hook is a source webhook in a running house.
type hook struct {
	*apptest.House
	t  *testing.T
	id string
}

func newHook(t *testing.T, h *apptest.House, hog string) *hook {
	t.Helper()
	return &hook{House: h, t: t, id: h.CreateFunction(t, map[string]any{"type": "source_webhook", "name": "Hook", "enabled": true, "hog": hog})}
}

// call is one request.
type call struct {
	method, end, kind, body string
	header                  map[string]string
}

// send gives status, body and headers of the answer.
func (h *hook) send(c call) (int, string, http.Header) {
	h.t.Helper()
	if c.method == "" {
		c.method = "POST"
	}
	req, err := http.NewRequestWithContext(h.t.Context(), c.method, h.URL+"/public/webhooks/"+h.id+c.end, strings.NewReader(c.body))
	if err != nil {
		h.t.Fatal(err)
	}
	if c.kind != "" {
		req.Header.Set("Content-Type", c.kind)
	}
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

// logged waits until the function's log holds a line with the words.
func (h *hook) logged(words string) {
	h.t.Helper()
	apptest.Eventually(h.t, func() error {
		status, raw := h.API(h.t, "GET", h.Project("hog_functions/%s/logs/?limit=100", h.id), nil)
		if status != http.StatusOK {
			h.t.Fatalf("logs: %d %s", status, raw)
		}
		if !bytes.Contains(raw, []byte(words)) {
			return fmt.Errorf("no log says %q: %s", words, raw)
		}
		return nil
	})
}

func (h *hook) counted(want map[string]int64) {
	h.t.Helper()
	apptest.Eventually(h.t, func() error {
		var got struct{ Totals map[string]int64 }
		h.MustAPI(h.t, http.StatusOK, "GET", h.Project("hog_functions/%s/metrics/totals/?breakdown_by=name", h.id), nil, &got)
		if fmt.Sprint(got.Totals) != fmt.Sprint(want) {
			return fmt.Errorf("totals are %v, want %v", got.Totals, want)
		}
		return nil
	})
}

// TestWebhookReplies is the table of replies of runtime specification 11.1.
func TestWebhookReplies(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	for _, tt := range []struct {
		does, hog  string
		status     int
		kind, body string
	}{
		{"answers text whatever type it claims", `return {'httpResponse': {'status': 418, 'body': 'x', 'contentType': 'text/html'}}`, 418, "text/plain; charset=utf-8", "x"},
		{"answers a type that is allowed", `return {'httpResponse': {'status': 200, 'body': 'a,b', 'contentType': 'text/csv'}}`, 200, "text/csv; charset=utf-8", "a,b"},
		{"answers an object as JSON", `return {'httpResponse': {'status': 202, 'body': {'a': [1]}}}`, 202, "application/json", `{"a":[1]}`},
		{"answers base64", `return {'httpResponse': {'status': 200, 'body': 'R0lGODlh', 'contentType': 'image/gif', 'isBase64Encoded': true}}`, 200, "image/gif", "GIF89a"},
		{"answers base64 without a type", `return {'httpResponse': {'status': 200, 'body': 'R0lGODlh', 'isBase64Encoded': true}}`, 200, "application/octet-stream", "GIF89a"},
		{"answers 500 without a status", `return {'httpResponse': {'status': 'ok', 'body': 'x'}}`, 500, "text/plain; charset=utf-8", "x"},
		{"answers nothing without a body", `return {'httpResponse': {'status': 200}}`, 200, "text/plain; charset=utf-8", ""},
		{"answers ok without a result", `let a := 1`, 200, "application/json", `{"status": "ok"}`},
		{"answers ok to any other result", `return 'hello'`, 200, "application/json", `{"status": "ok"}`},
		{"answers 500 to an error", `throw Error('no')`, 500, "application/json", `{"status": "Unhandled error"}`},
	} {
		h := newHook(t, house, tt.hog)
		status, body, header := h.send(call{body: "{}"})
		if status != tt.status || body != tt.body || header.Get("Content-Type") != tt.kind {
			t.Errorf("%s: %d %s %q", tt.does, status, header.Get("Content-Type"), body)
		}
		fenced := header.Get("X-Content-Type-Options") == "nosniff" && header.Get("Content-Security-Policy") == "default-src 'none'"
		if own := strings.Contains(tt.hog, "httpResponse"); fenced != own {
			t.Errorf("%s: fenced is %v", tt.does, fenced)
		}
		if header.Get("X-Hogpen-Invocation-Id") == "" {
			t.Errorf("%s: no invocation", tt.does)
		}
		switch {
		case tt.status >= 400 && strings.Contains(tt.hog, "httpResponse"):
			h.logged(fmt.Sprintf("Responded with response status - %d, reason: %s", tt.status, tt.body))
		case strings.Contains(tt.hog, "httpResponse"):
			h.logged(fmt.Sprintf(`Responded with response status - %d"`, tt.status))
		}
	}
}

// TestWebhookRequest shows a program everything of a request.
func TestWebhookRequest(t *testing.T) {
	t.Parallel()
	h := newHook(t, apptest.New(t), `return {'httpResponse': {'status': 200, 'body': {
		'method': request.method, 'headers': request.headers, 'query': request.query, 'ip': request.ip, 'body': request.body,
		'text': request.stringBody, 'event': [event.event, event.distinct_id, event.properties, event.url], 'variables': variables,
		'source': source.name, 'project': project}}}`)
	for _, tt := range []struct {
		does string
		call call
		want []string
	}{
		{"reads JSON", call{end: ".json?a=1&a=2&b=x%20y", kind: "application/json", body: `{"distinct_id":"u1","$variables":{"v":1}}`,
			header: map[string]string{"Cookie": "secret=1", "X-Forwarded-For": "203.0.113.9", "Referer": "https://example.com", "X-Own": "1"}},
			[]string{`"method":"POST"`, `"x-own":"1"`, `"query":{"a":"1,2","b":"x y"}`, `"ip":"127.0.0.1"`, `"text":"{\"distinct_id\":\"u1\"`,
				`"event":["$incoming_webhook","u1",{},""]`, `"variables":{"v":1}`, `"source":"Hook"`, `"name":"","url":""`}},
		{"reads a form", call{method: "PUT", kind: "application/x-www-form-urlencoded", body: "a=1&b=2&b=3"},
			[]string{`"method":"PUT"`, `"body":{"a":"1","b":["2","3"]}`, `"text":"a=1&b=2&b=3"`}},
		{"reads what is no JSON as text", call{method: "DELETE", kind: "text/plain", body: "hello"}, []string{`"body":{}`, `"text":"hello"`}},
		{"takes a request without a body", call{method: "GET", end: ".gif/"}, []string{`"method":"GET"`, `"body":{}`, `"event":["$incoming_webhook",null`}},
	} {
		status, body, _ := h.send(tt.call)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", tt.does, status, body)
		}
		for _, w := range tt.want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %s is not in %s", tt.does, w, body)
			}
		}
		for _, hidden := range []string{"secret=1", "203.0.113.9", "example.com"} {
			if strings.Contains(body, hidden) {
				t.Errorf("%s: %s is in %s", tt.does, hidden, body)
			}
		}
	}
	if status, body, _ := h.send(call{method: "HEAD"}); status != http.StatusOK || body != "" {
		t.Errorf("HEAD: %d %q", status, body)
	}
	status, _, header := h.send(call{method: "OPTIONS", header: map[string]string{"Origin": "https://shop.example", "Access-Control-Request-Headers": "x-own"}})
	if status != http.StatusOK || header.Get("Access-Control-Allow-Origin") != "https://shop.example" ||
		header.Get("Access-Control-Allow-Headers") != "x-own" || !strings.Contains(header.Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("pre-flight: %d %v", status, header)
	}
}

// TestWebhookRefusals asks for what does not run.
func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	h := newHook(t, house, `return {'httpResponse': {'status': 200, 'body': 'ran'}}`)
	expect := func(what string, h *hook, c call, status int, body string) {
		t.Helper()
		if s, b, _ := h.send(c); s != status || b != body {
			t.Errorf("%s: %d %s", what, s, b)
		}
	}
	const none = `{"error":"Not found"}`
	other := &hook{House: house, t: t, id: house.CreateFunction(t, map[string]any{"type": "destination", "enabled": true, "hog": "return {'httpResponse': {'status': 200}}"})}
	expect("another type", other, call{}, 404, none)
	expect("an unknown id", &hook{House: house, t: t, id: "0195a1f0-7d7e-7000-8000-000000000001"}, call{}, 404, none)
	expect("a malformed id", &hook{House: house, t: t, id: "abc"}, call{}, 404, none)
	expect("a longer path", &hook{House: house, t: t, id: "dwh/" + h.id}, call{}, 404, none)
	expect("512,000 bytes", h, call{body: strings.Repeat("x", 512_000)}, 200, "ran")
	expect("512,001 bytes", h, call{body: strings.Repeat("x", 512_001)}, 413, `{"error":"Request entity too large"}`)
	state := func(n int) {
		house.MustAPI(t, http.StatusOK, "PATCH", house.Project("hog_functions/%s/status/", h.id), map[string]any{"state": n}, nil)
	}
	state(3)
	expect("stopped by the watcher", h, call{}, 429, `{"error":"Disabled"}`)
	state(12)
	expect("stopped by an administrator", h, call{}, 429, `{"error":"Disabled"}`)
	state(11)
	expect("slowed", h, call{}, 200, "")
	h.logged("Function scheduled for future execution due to degraded state")
	state(1)
	// Both that ran at once and the one that came later.
	h.counted(map[string]int64{"succeeded": 2})
	house.MustAPI(t, http.StatusOK, "PATCH", house.Project("hog_functions/%s/", h.id), map[string]any{"enabled": false}, nil)
	expect("switched off", h, call{}, 404, none)
}

// TestWebhookThatFetches is answered at once, and goes on from the queue.
func TestWebhookThatFetches(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	h := newHook(t, house, `print('before')
let res := fetch('`+house.Sink.URL+`/in', {'body': {'text': request.stringBody}})
print('after', res.status)
return {'httpResponse': {'status': 418}}`)
	if status, body, _ := h.send(call{body: "hello"}); status != http.StatusCreated || body != `{"status": "queued"}` {
		t.Errorf("%d %s", status, body)
	}
	if got := house.Sink.Wait(t, 1); got[0].Body != `{"text":"hello"}` {
		t.Errorf("the sink got %+v", got)
	}
	h.logged("before")
	h.logged("after, 200")
	h.counted(map[string]int64{"succeeded": 1, "fetch": 1})
}

// TestStockWebhook captures an event through the gallery's template, which a
// destination then sends on.
func TestStockWebhook(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	house.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Out", "enabled": true, "filters": map[string]any{"source": "events"},
		"hog": "fetch('" + house.Sink.URL + "/in', {'body': {'event': event.event, 'who': event.distinct_id, 'properties': event.properties}})",
	})
	h := &hook{House: house, t: t, id: house.CreateFunction(t, map[string]any{
		"type": "source_webhook", "name": "Stock", "template_id": "template-source-webhook", "enabled": true,
		"inputs": map[string]any{
			"event":       map[string]any{"value": "{request.body.event}"},
			"distinct_id": map[string]any{"value": "{request.body.distinct_id}"},
			"properties":  map[string]any{"value": map[string]any{"plan": "{request.body.plan}"}},
			"auth_header": map[string]any{"value": "Bearer s3cret"},
			"method":      map[string]any{"value": "POST"},
		},
	})}
	const body = `{"event": "signed up", "distinct_id": "u1", "plan": "pro"}`
	if status, text, _ := h.send(call{body: body, header: map[string]string{"Authorization": "Bearer wrong"}}); status != 401 || text != "Unauthorized" {
		t.Errorf("a wrong header: %d %s", status, text)
	}
	h.logged("Incoming request denied due to bad authorization header")
	right := map[string]string{"Authorization": "Bearer s3cret"}
	if status, text, _ := h.send(call{body: `{"event": "a"}`, header: right}); status != 400 || text != `{"error":"\"distinct_id\" could not be parsed correctly"}` {
		t.Errorf("nobody: %d %s", status, text)
	}
	if status, text, _ := h.send(call{body: body, header: right}); status != 200 || text != `{"status": "ok"}` {
		t.Errorf("the right header: %d %s", status, text)
	}
	got := house.Sink.Wait(t, 1)
	for _, want := range []string{`"event":"signed up"`, `"who":"u1"`, `"plan":"pro"`, `"$hog_function_execution_count":1`} {
		if !strings.Contains(got[0].Body, want) {
			t.Errorf("%s is not in %s", want, got[0].Body)
		}
	}
	h.counted(map[string]int64{"succeeded": 3})
}

// TestWebhookInputsThatFail is told as an error of the program.
func TestWebhookInputsThatFail(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	h := &hook{House: house, t: t, id: house.CreateFunction(t, map[string]any{
		"type": "source_webhook", "enabled": true, "hog": "return 1",
		"inputs_schema": []any{map[string]any{"key": "a", "type": "string"}},
		"inputs":        map[string]any{"a": map[string]any{"value": "{jsonParse(request.stringBody)}"}},
	})}
	if status, body, _ := h.send(call{body: "{"}); status != 500 || body != `{"status": "Unhandled error"}` {
		t.Errorf("%d %s", status, body)
	}
	h.counted(map[string]int64{"inputs_failed": 1})
}

// TestWebhookAddress is on the function's page, to copy.
func TestWebhookAddress(t *testing.T) {
	t.Parallel()
	house := apptest.New(t)
	h := newHook(t, house, "return 1")
	res, err := house.SignIn(t).Get(house.URL + fmt.Sprintf("/p/%d/functions/%s", house.Info.ProjectID, h.id))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{house.URL + "/public/webhooks/" + h.id, `data-hp-copy-from="webhook-address"`} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not show %s", want)
		}
	}
}
