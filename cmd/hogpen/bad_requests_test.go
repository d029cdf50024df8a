package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"hogpen/app"
	"hogpen/app/apptest"
)

// operatorLog catches what the operator would read, at every level.
type operatorLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *operatorLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *operatorLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// keep is the change of a configuration that sends the log here.
func (l *operatorLog) keep(c *app.Config) { c.Log, c.LogLevel, c.LogFormat = l, "debug", "text" }

// post sends a body as it is and gives status, headers and text.
func post(t *testing.T, url string, body []byte, header ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("POST %s: %v", url, err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("POST %s: %v", url, err)
	}
	return res.StatusCode, res.Header, string(out)
}

// gzipped packs what r gives.
func gzipped(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros is an endless text.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// metricOf reads one line of /_metrics; a line that is not there is "".
func metricOf(t *testing.T, h *apptest.House, name string) string {
	t.Helper()
	res, err := http.Get(h.URL + "/_metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// What SDKs may send wrong: each is told in one line of plain text, is counted
// and stands in the log at level debug, and the next event goes through.
func TestBadCaptureRequests(t *testing.T) {
	t.Parallel()
	var log operatorLog
	h := apptest.New(t, log.keep)
	forward(t, h, "good")
	event := func(token, rest string) []byte {
		return []byte(fmt.Sprintf(`{"api_key":%q,"event":"bad","distinct_id":"u"%s}`, token, rest))
	}
	const megabytes = 1 << 20
	for i, c := range []struct {
		name   string
		path   string
		body   []byte
		header []string
		status int
		text   string
	}{
		{"an empty body", "/capture/", nil, nil, 400, "request missing data payload"},
		{"half of a JSON object", "/capture/", []byte(`{"api_key": "x", "event"`), nil, 400, "failed to parse request"},
		{"words", "/i/v0/e/", []byte(`hello, house`), nil, 400, "failed to parse request"},
		{"bytes that are no text", "/e/", []byte{0xff, 0xfe, 0x00, 0x01}, nil, 400, "invalid UTF8 in request payload"},
		{"JSON that is nested without end", "/batch/", bytes.Repeat([]byte(`[`), 4*megabytes), nil, 400, "failed to parse request"},
		{"no token", "/capture/", event("", ""), nil, 401, "API key is not valid"},
		{"another one's token", "/capture/", event("phc_notours", ""), nil, 401, "API key is not valid"},
		{"a personal API key for a token", "/capture/", event(h.Info.PersonalAPIKey, ""), nil, 401, "API key is not valid"},
		{"no event name", "/capture/", []byte(`{"api_key":"` + h.Info.ProjectToken + `","distinct_id":"u"}`), nil, 400, ""},
		{"more than 20 MB", "/batch/", bytes.Repeat([]byte(" "), 21*megabytes), nil, 413, "maximum event size exceeded"},
		{"more than the server reads", "/batch/", bytes.Repeat([]byte(" "), 26*megabytes), nil, 413, "maximum event size exceeded"},
		{"a bomb", "/batch/", gzipped(t, io.LimitReader(zeros{}, 200*megabytes)), []string{"Content-Encoding", "gzip"}, 413, "maximum event size exceeded"},
		{"a bomb without a hint", "/e/", gzipped(t, io.LimitReader(zeros{}, 200*megabytes)), nil, 413, "maximum event size exceeded"},
		{"gzip that is none", "/batch/", []byte("this is no gzip"), []string{"Content-Encoding", "gzip"}, 400, "invalid GZIP data"},
		{"gzip that breaks off", "/batch/", gzipped(t, bytes.NewReader(event(h.Info.ProjectToken, "")))[:30], []string{"Content-Encoding", "gzip"}, 400, "invalid GZIP data"},
	} {
		status, header, text := post(t, h.URL+c.path, c.body, append([]string{"Content-Type", "application/json"}, c.header...)...)
		if status != c.status || !strings.Contains(text, c.text) || len(text) > 300 || strings.Contains(text, "<") {
			t.Errorf("%s: %d %.300q, want %d with %q", c.name, status, text, c.status, c.text)
		}
		if id := header.Get("X-Request-Id"); !strings.Contains(log.String(), id) || id == "" {
			t.Errorf("%s: the log has no line for request %q", c.name, id)
		}
		h.Capture(t, "good", fmt.Sprint("u", i), nil)
	}
	if n := metricOf(t, h, `hogpen_http_request_seconds_count{caller="sdk",status="4xx"}`); n != "15" {
		t.Errorf("%s refused requests were counted, want 15", n)
	}
	for _, d := range delivered(t, h.Sink.Wait(t, 15)) {
		if d.Event != "good" {
			t.Errorf("the event %q was delivered", d.Event)
		}
	}
}

// What programs may send wrong: PostHog's error JSON, and nothing is changed.
func TestBadAPIRequests(t *testing.T) {
	t.Parallel()
	var log operatorLog
	h := apptest.New(t, log.keep)
	id := h.CreateFunction(t, map[string]any{"type": "destination", "name": "Stays", "hog": "return 1"})
	one, list := h.Project("hog_functions/%s/", id), h.Project("hog_functions/")
	key := "Bearer " + h.Info.PersonalAPIKey
	for _, c := range []struct {
		name, method, path, key, kind, body string
		status                              int
		want                                []string
	}{
		{"half of a JSON object", "PATCH", one, key, "application/json", `{"name":`, 400, []string{`"parse_error"`, "JSON parse error"}},
		{"a list", "PATCH", one, key, "application/json", `[1]`, 400, []string{`"invalid_input"`, "Expected a dictionary"}},
		{"nested without end", "POST", list, key, "application/json", strings.Repeat(`{"a":`, 200_000), 400, []string{`"parse_error"`}},
		{"another type of body", "PATCH", one, key, "text/csv", `a,b`, 415, []string{"unsupported_media_type"}},
		{"a name that is too long", "PATCH", one, key, "application/json", `{"name":"` + strings.Repeat("n", 500) + `"}`, 400, []string{`"attr":"name"`}},
		{"source that does not compile", "PATCH", one, key, "application/json", `{"hog":"let x := "}`, 400, []string{`"attr":"hog"`}},
		{"21 MB", "PATCH", one, key, "application/json", strings.Repeat(" ", 21<<20), 413, []string{"request_too_large"}},
		{"a wrong key", "GET", list, "Bearer phx_wrong", "", "", 401, []string{`"authentication_error"`}},
		{"no key", "GET", list, "", "", "", 401, []string{`"not_authenticated"`}},
		{"a project token for a key", "GET", list, "Bearer " + h.Info.ProjectToken, "", "", 401, []string{`"authentication_error"`}},
		{"no such function", "PATCH", h.Project("hog_functions/0190aaaa-0000-7000-8000-000000000000/"), key, "application/json", `{}`, 404, []string{`"not_found"`}},
		{"no such project", "GET", "/api/projects/999/hog_functions/", key, "", "", 404, []string{`"not_found"`}},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, h.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.key != "" {
			req.Header.Set("Authorization", c.key)
		}
		if c.kind != "" {
			req.Header.Set("Content-Type", c.kind)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		out, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != c.status || len(out) > 1000 {
			t.Errorf("%s: %d %.300s, want %d", c.name, res.StatusCode, out, c.status)
		}
		for _, w := range c.want {
			if !bytes.Contains(out, []byte(w)) {
				t.Errorf("%s: no %s in %.300s", c.name, w, out)
			}
		}
		if id := res.Header.Get("X-Request-Id"); id == "" || !strings.Contains(log.String(), id) {
			t.Errorf("%s: the log has no line for request %q", c.name, id)
		}
	}
	var f struct{ Name, Hog string }
	h.MustAPI(t, 200, "GET", one, nil, &f)
	if f.Name != "Stays" || f.Hog != "return 1" {
		t.Errorf("the function became %+v", f)
	}
	if strings.Contains(log.String(), h.Info.PersonalAPIKey) || strings.Contains(log.String(), "phx_wrong") {
		t.Error("the log shows a personal API key")
	}
}
