// Package apptest gives tests a running Hogpen: the real house on a real
// port with a temporary data folder, an owner, a project and a personal API
// key, and a local HTTP server that catches what functions send.
package apptest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/app"
)

// House is a running Hogpen and what a test needs to talk to it.
type House struct {
	App  *app.App
	Dir  string
	URL  string // http://127.0.0.1:port
	Info app.SetupResult
	Sink *Sink

	Email, Password string
}

// New starts a house that the test's end stops. Changes adjust the
// configuration before it starts.
func New(t testing.TB, changes ...func(*app.Config)) *House {
	t.Helper()
	h := &House{Dir: t.TempDir(), Sink: NewSink(t), Email: "ada@example.com", Password: "correct horse battery"}
	cfg := h.config(t, changes)
	info, err := app.Setup(t.Context(), cfg, app.SetupRequest{Email: h.Email, Password: h.Password, Name: "Ada", Project: "Shop"})
	if err != nil {
		t.Fatalf("setup: %v", err)
	}
	h.Info = info
	h.start(t, cfg)
	return h
}

// Restart stops the house and starts it again on the same data folder.
func (h *House) Restart(t testing.TB, changes ...func(*app.Config)) {
	t.Helper()
	h.Stop(t)
	h.start(t, h.config(t, changes))
}

func (h *House) config(t testing.TB, changes []func(*app.Config)) app.Config {
	cfg := app.DefaultConfig()
	cfg.Addr = "127.0.0.1:0"
	cfg.Data = h.Dir
	cfg.FetchAllow = []string{"127.0.0.1/32"}
	cfg.LogLevel = "warn"
	cfg.Log = testWriter{t}
	for _, change := range changes {
		change(&cfg)
	}
	return cfg
}

func (h *House) start(t testing.TB, cfg app.Config) {
	t.Helper()
	a, err := app.New(context.Background(), cfg)
	if err != nil {
		t.Fatalf("app: %v", err)
	}
	if err := a.Start(context.Background()); err != nil {
		t.Fatalf("start: %v", err)
	}
	h.App, h.URL = a, "http://"+a.Addr()
	t.Cleanup(func() { h.Stop(t) })
}

// Stop stops the house; Restart starts it again.
func (h *House) Stop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.App.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// testWriter sends the server's log to the test's log.
type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("server: %s", bytes.TrimRight(p, "\n"))
	return len(p), nil
}

// API sends a request with the personal API key and a JSON body (nil for
// none) and gives status and body.
func (h *House) API(t testing.TB, method, path string, body any) (int, []byte) {
	t.Helper()
	var r io.Reader
	if body != nil {
		raw, ok := body.([]byte)
		if !ok {
			var err error
			if raw, err = json.Marshal(body); err != nil {
				t.Fatal(err)
			}
		}
		r = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.Info.PersonalAPIKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, out
}

// MustAPI is API for a request that has to end with the wanted status; the
// answer is decoded into out unless that is nil.
func (h *House) MustAPI(t testing.TB, want int, method, path string, body, out any) {
	t.Helper()
	status, raw := h.API(t, method, path, body)
	if status != want {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, status, want, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
}

// Project gives a path below the project's API.
func (h *House) Project(format string, args ...any) string {
	return fmt.Sprintf("/api/projects/%d/", h.Info.ProjectID) + fmt.Sprintf(format, args...)
}

// CreateFunction makes a function through the API and gives its id.
func (h *House) CreateFunction(t testing.TB, body map[string]any) string {
	t.Helper()
	var f struct{ ID string }
	h.MustAPI(t, http.StatusCreated, "POST", h.Project("hog_functions/"), body, &f)
	return f.ID
}

// Capture posts one event to /capture/ and wants 200.
func (h *House) Capture(t testing.TB, event, distinctID string, properties map[string]any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"api_key": h.Info.ProjectToken, "event": event, "distinct_id": distinctID, "properties": properties})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(h.URL+"/capture/", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("capture: %d %s", res.StatusCode, out)
	}
}

var csrfField = regexp.MustCompile(`name="_csrf" value="([^"]+)"`)

// SignIn gives an HTTP client that is signed in like a browser without
// script, and does not follow redirects.
func (h *House) SignIn(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.PostForm(h.URL+"/login", url.Values{"email": {h.Email}, "password": {h.Password}, "_csrf": {CSRF(t, c, h.URL+"/login")}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusSeeOther {
		out, _ := io.ReadAll(res.Body)
		t.Fatalf("sign-in: status %d: %s", res.StatusCode, out)
	}
	return c
}

// CSRF reads the token out of a page's form.
func CSRF(t testing.TB, c *http.Client, page string) string {
	t.Helper()
	res, err := c.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := csrfField.FindSubmatch(out)
	if m == nil {
		t.Fatalf("%s: no CSRF field in %s", page, out)
	}
	return string(m[1])
}

// Eventually asks until a condition holds, for at most 15 seconds; then the
// test fails with what the condition last said.
func Eventually(t testing.TB, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still not so after 15 s: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Request is one request that a function sent.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   string
}

// Sink is a local HTTP server that keeps what it gets.
type Sink struct {
	URL string

	mu       sync.Mutex
	arrived  chan struct{}
	requests []Request
	answer   func(Request) (status int, body string)
}

// NewSink starts a sink that answers 200 {} until Answer says otherwise.
func NewSink(t testing.TB) *Sink {
	s := &Sink{arrived: make(chan struct{}, 1)}
	srv := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

func (s *Sink) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	req := Request{r.Method, r.URL.Path, r.Header.Clone(), string(body)}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	answer := s.answer
	s.mu.Unlock()
	select {
	case s.arrived <- struct{}{}:
	default:
	}
	status, text := http.StatusOK, "{}"
	if answer != nil {
		status, text = answer(req)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// Answer sets what the sink answers from now on.
func (s *Sink) Answer(f func(Request) (status int, body string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Requests gives what arrived so far.
func (s *Sink) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Wait gives the requests once at least n arrived, or fails after 15 s.
func (s *Sink) Wait(t testing.TB, n int) []Request {
	t.Helper()
	timeout := time.After(15 * time.Second)
	for {
		if got := s.Requests(); len(got) >= n {
			return got
		}
		select {
		case <-s.arrived:
		case <-timeout:
			got := s.Requests()
			var paths []string
			for _, r := range got {
				paths = append(paths, r.Method+" "+r.Path)
			}
			t.Fatalf("%d requests arrived within 15 s, want %d: %s", len(got), n, strings.Join(paths, ", "))
		}
	}
}
