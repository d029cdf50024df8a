package web_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/static"
	"hogpen/web"
)

// key makes a key of the owner's.
func (h *house) key(t *testing.T, r account.KeyRequest) string {
	t.Helper()
	r.Label = "k"
	_, clear, err := h.accounts.CreateKey(t.Context(), h.owner.User.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	return clear
}

func TestAPIAuthentication(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	foreign := h.store.AddProject(cdp.Project{Name: "Foreign", OrganizationID: "other"})
	full := h.owner.Key
	reader := h.key(t, account.KeyRequest{Scopes: []string{"hog_function:read"}})
	bound := h.key(t, account.KeyRequest{Scopes: []string{"*"}, ScopedProjects: []cdp.ProjectID{99}})
	organized := h.key(t, account.KeyRequest{Scopes: []string{"*"}, ScopedOrganizations: []string{"other"}})
	auth := func(key string) []string { return []string{"Authorization", "Bearer " + key} }
	for _, tt := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		kind, code, detail       string
	}{
		{"nothing", "GET", "/api/projects/1/hog_functions/", "", nil, 401, "authentication_error", "not_authenticated", "Authentication credentials were not provided."},
		{"a bad key", "GET", "/api/projects/1/hog_functions/", "", auth("phx_bad"), 401, "authentication_error", "authentication_failed", "Personal API key found in request Authorization header is invalid."},
		{"a bad key in the body", "POST", "/api/projects/1/hog_functions/", `{"personal_api_key":"phx_bad"}`, nil, 401, "authentication_error", "authentication_failed", "Personal API key found in request body is invalid."},
		{"a bad key in the query", "GET", "/api/projects/1/hog_functions/?personal_api_key=phx_bad", "", nil, 401, "authentication_error", "authentication_failed", "Personal API key found in request query string is invalid."},
		{"the first key found decides", "GET", "/api/projects/1/hog_functions/?personal_api_key=" + full, "", auth("phx_bad"), 401, "authentication_error", "authentication_failed", "Personal API key found in request Authorization header is invalid."},
		{"the scheme in small letters is none", "GET", "/api/projects/1/hog_functions/", "", []string{"Authorization", "bearer " + full}, 401, "authentication_error", "not_authenticated", "Authentication credentials were not provided."},
		{"no scope", "POST", "/api/projects/1/hog_functions/", "", auth(reader), 403, "authentication_error", "permission_denied", "API key missing required scope 'hog_function:write'"},
		{"closed to keys", "GET", "/api/projects/1/closed", "", auth(full), 403, "authentication_error", "permission_denied", "This action does not support Personal API Key access"},
		{"bound to another project", "GET", "/api/projects/1/hog_functions/", "", auth(bound), 403, "authentication_error", "permission_denied", "API key does not have access to the requested project: ID 1."},
		{"bound to another organization", "GET", "/api/projects/1/hog_functions/", "", auth(organized), 403, "authentication_error", "permission_denied", "API key does not have access to the requested organization: ID " + h.owner.Organization.ID + "."},
		{"bound and no project", "GET", "/api/organizations/", "", auth(bound), 403, "authentication_error", "permission_denied", "API keys with scoped projects are only supported on project-based endpoints."},
		{"no such project", "GET", "/api/projects/99/hog_functions/", "", auth(full), 404, "invalid_request", "not_found", "Project not found."},
		{"no number", "GET", "/api/environments/acme/hog_functions/", "", auth(full), 404, "invalid_request", "not_found", "Project not found."},
		{"not a member", "GET", fmt.Sprintf("/api/projects/%d/hog_functions/", foreign.ID), "", auth(full), 403, "authentication_error", "permission_denied", "You don't have access to the project."},
		{"a wrong method", "PUT", "/api/projects/1/hog_functions/", "", auth(full), 405, "invalid_request", "method_not_allowed", `Method "PUT" not allowed.`},
		{"a wrong method and no key", "PUT", "/api/projects/1/hog_functions/", "", nil, 401, "authentication_error", "not_authenticated", "Authentication credentials were not provided."},
		{"no such endpoint", "GET", "/api/nothing/", "", auth(full), 404, "invalid_request", "not_found", "Endpoint not found."},
		{"a fault of a field", "GET", "/api/projects/1/hog_functions/x", "", auth(full), 400, "validation_error", "invalid_input", "This field is required."},
		{"our own fault", "GET", "/api/projects/1/broken", "", auth(full), 500, "server_error", "error", "A server error occurred."},
		{"a panic", "GET", "/api/projects/1/panics", "", auth(full), 500, "server_error", "error", "A server error occurred."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := c.do(tt.method, tt.path, tt.body, tt.headers...)
			kind, code, detail, attr := a.apiError(t)
			if a.status != tt.status || kind != tt.kind || code != tt.code || detail != tt.detail {
				t.Errorf("%d %s\nwant %d %s %s %s", a.status, a.body, tt.status, tt.kind, tt.code, tt.detail)
			}
			if a.status == 401 != (a.header.Get("WWW-Authenticate") == "Bearer") {
				t.Errorf("WWW-Authenticate = %q", a.header.Get("WWW-Authenticate"))
			}
			if (attr != nil) != (tt.status == 400) || attr != nil && *attr != "inputs__url" {
				t.Errorf("attr in %s", a.body)
			}
			if strings.Contains(a.body, "secret cause") {
				t.Errorf("the cause leaks: %s", a.body)
			}
			if id := a.header.Get("X-Request-Id"); a.status == 500 && !strings.Contains(h.logged(), id) {
				t.Errorf("the log does not name request %s", id)
			}
		})
	}
	if !strings.Contains(h.logged(), "secret cause") {
		t.Error("the cause is not in the log")
	}
}

func TestAPIAccess(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	want := fmt.Sprintf(`{"project":1,"role":"owner","user":"%s"}`, email)
	bearer := []string{"Authorization", "Bearer   " + h.owner.Key + " "}
	for _, path := range []string{"/api/projects/1/hog_functions", "/api/projects/1/hog_functions/", "/api/environments/1/hog_functions/", "/api/projects/@current/hog_functions/"} {
		if a := c.do("GET", path, "", bearer...); a.status != 200 || a.body != want {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := c.do("POST", "/api/projects/1/hog_functions/", `{"personal_api_key":"`+h.owner.Key+`","name":"x"}`, "Content-Type", "application/json"); a.status != 200 {
		t.Errorf("a key in the body: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/api/projects/1/hog_functions/?personal_api_key="+h.owner.Key, ""); a.status != 200 {
		t.Errorf("a key in the query: %d %s", a.status, a.body)
	}
	bound := h.key(t, account.KeyRequest{Scopes: []string{"*"}, ScopedProjects: []cdp.ProjectID{1}})
	if a := c.do("GET", "/api/users/@me/", "", "Authorization", "Bearer "+bound); a.status != 200 {
		t.Errorf("@me by a bound key: %d %s", a.status, a.body)
	}
	if a := c.do("HEAD", "/api/projects/1/hog_functions/", "", bearer...); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %s", a.status, a.body)
	}
	if a := c.do("OPTIONS", "/api/projects/1/hog_functions/", "", bearer...); a.status != 200 {
		t.Errorf("OPTIONS: %d %s", a.status, a.body)
	}
}

func TestAPIByBrowser(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	token := c.signIn()
	if a := c.do("GET", "/api/projects/1/closed", ""); a.status != 200 {
		t.Errorf("reading: %d %s", a.status, a.body)
	}
	a := c.do("POST", "/api/projects/1/hog_functions/", "{}")
	if kind, code, detail, _ := a.apiError(t); a.status != 403 || kind != "authentication_error" || code != "permission_denied" || detail != "CSRF Failed: CSRF token missing." {
		t.Errorf("without a token: %d %s", a.status, a.body)
	}
	if a := c.do("POST", "/api/projects/1/hog_functions/", "{}", "X-CSRFToken", token); a.status != 200 {
		t.Errorf("with it: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/api/projects/1/hog_functions/", "", "Authorization", "Bearer phx_bad"); a.status != 401 {
		t.Errorf("a bad key beside a good session: %d", a.status)
	}
}

func TestAPICORS(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	a := c.do("OPTIONS", "/api/projects/1/hog_functions/", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "POST")
	if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "https://app.example.com" || a.header.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "authorization") {
		t.Errorf("pre-flight: %d %v", a.status, a.header)
	}
	a = c.do("GET", "/api/projects/1/hog_functions/", "", "Origin", "https://app.example.com")
	if a.status != 401 || a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("the answer: %d %v", a.status, a.header)
	}
}

func TestAPIThrottle(t *testing.T) {
	t.Parallel()
	h := start(t, func(c *web.Config) { c.Throttle = web.Throttle{PerMinute: 3, PerHour: 5} })
	c := h.client(t)
	bearer := []string{"Authorization", "Bearer " + h.owner.Key}
	get := func() answer { return c.do("GET", "/api/projects/1/hog_functions/", "", bearer...) }
	for range 3 {
		if a := get(); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	a := get()
	kind, code, detail, _ := a.apiError(t)
	if a.status != 429 || a.header.Get("Retry-After") != "60" || kind != "throttled_error" || code != "throttled" ||
		detail != "Request was throttled. Expected available in 60 seconds." {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a := c.do("GET", "/api/projects/1/hog_functions/", "", "Authorization", "Bearer "+h.key(t, account.KeyRequest{Scopes: []string{"*"}})); a.status != 200 {
		t.Errorf("another key: %d", a.status)
	}
	h.mu.Lock()
	h.now = noon.Add(60e9)
	h.mu.Unlock()
	for range 2 {
		if a := get(); a.status != 200 {
			t.Fatalf("a minute later: %d %s", a.status, a.body)
		}
	}
	if a := get(); a.status != 429 || a.header.Get("Retry-After") != "3540" {
		t.Errorf("the hour is used up: %d, retry after %s", a.status, a.header.Get("Retry-After"))
	}
}

func TestOpenAndCompressed(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	a := c.do("GET", "/api/public_hog_function_templates/", "", "Accept-Encoding", "gzip")
	if a.status != 200 || a.header.Get("Content-Encoding") != "gzip" || len(a.body) > 500 {
		t.Fatalf("%d %v, %d bytes", a.status, a.header, len(a.body))
	}
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || len(b) < 2000 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if a := c.do("GET", "/api/public_hog_function_templates/", "", "Accept-Encoding", "identity"); a.header.Get("Content-Encoding") != "" || len(a.body) < 2000 {
		t.Errorf("%v, %d bytes", a.header, len(a.body))
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	if a := c.do("GET", "/_health", ""); a.status != 200 || a.body != `{"status":"ok","version":"v1"}` {
		t.Errorf("health: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/_ready", ""); a.status != 200 {
		t.Errorf("ready: %d %s", a.status, a.body)
	}
	h.ready = errors.New("the queue is full")
	if a := c.do("GET", "/_ready", ""); a.status != 503 || !strings.Contains(a.body, "the queue is full") {
		t.Errorf("not ready: %d %s", a.status, a.body)
	}
	if a := c.do("GET", "/_metrics", ""); a.status != 200 || !strings.Contains(a.body, `hogpen_http_request_seconds_count{caller="public",status="2xx"} 2`) {
		t.Errorf("metrics: %d %s", a.status, a.body)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	style := static.URL("style.css")
	f, _ := static.Lookup(style)
	plain := c.do("GET", style, "", "Accept-Encoding", "identity")
	if plain.status != 200 || plain.body != string(f.Raw) || plain.header.Get("Content-Encoding") != "" || plain.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.HasPrefix(plain.header.Get("Content-Type"), "text/css") {
		t.Errorf("%d %v", plain.status, plain.header)
	}
	for coding, want := range map[string][]byte{"br, gzip": f.Brotli(), "gzip": f.Gzip()} {
		a := c.do("GET", style, "", "Accept-Encoding", coding)
		if a.body != string(want) || a.header.Get("Content-Encoding") != strings.Split(coding, ",")[0] || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%s: %v", coding, a.header)
		}
	}
	if a := c.do("GET", style, "", "If-None-Match", plain.header.Get("ETag")); a.status != 304 || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	if a := c.do("GET", "/_assets/../secret", ""); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	for _, tt := range []struct {
		path string
		size int
	}{
		{"/api/projects/1/hog_functions/", 20<<20 + 1},
		{"/login", 4<<20 + 1},
		{"/batch/", 20<<20 + 1},
	} {
		a := c.do("POST", tt.path, strings.Repeat("x", tt.size), "Authorization", "Bearer "+h.owner.Key)
		if a.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %d %.200s", tt.path, a.status, a.body)
		}
	}
}

// A request that is refused before it was read is answered, to each caller in
// its own way, although the client still sends; and it is named and counted.
func TestRequestsThatAreNotRead(t *testing.T) {
	t.Parallel()
	h := start(t)
	c := h.client(t)
	body := strings.Repeat("x", web.MaxBody+1<<20)
	for _, tt := range []struct{ path, kind, text string }{
		{"/batch/", "text/plain", "maximum event size exceeded"},
		{"/s/", "text/plain", "maximum event size exceeded"},
		{"/api/projects/1/hog_functions/", "application/json", `"code":"request_too_large"`},
		{"/login", "text/html", "What was sent is too large."},
	} {
		a := c.do("POST", tt.path, body)
		if a.status != http.StatusRequestEntityTooLarge || !strings.HasPrefix(a.header.Get("Content-Type"), tt.kind) || !strings.Contains(a.body, tt.text) {
			t.Errorf("%s: %d %s %.200s, want %s with %s", tt.path, a.status, a.header.Get("Content-Type"), a.body, tt.kind, tt.text)
		}
		if id := a.header.Get("X-Request-Id"); id == "" || !strings.Contains(h.logged(), id) {
			t.Errorf("%s: the log has no line for request %q", tt.path, id)
		}
	}
	metrics := c.do("GET", "/_metrics", "").body
	for _, line := range []string{`{caller="sdk",status="4xx"} 2`, `{caller="api",status="4xx"} 1`, `{caller="people",status="4xx"} 1`} {
		if !strings.Contains(metrics, "hogpen_http_request_seconds_count"+line) {
			t.Errorf("no metric %s", line)
		}
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	event := `{"api_key":"TOKEN","event":"a","distinct_id":"u"}`
	for _, tt := range []struct {
		name, forwarded, real string
		trusted               []string
		want                  string
	}{
		{"no proxy is trusted", "198.51.100.1", "198.51.100.2", nil, "127.0.0.1"},
		{"one hop", "198.51.100.1", "", []string{"127.0.0.0/8"}, "198.51.100.1"},
		{"the client's own claim is not believed", "6.6.6.6, 198.51.100.1, 10.0.0.1", "", []string{"127.0.0.0/8", "10.0.0.0/8"}, "198.51.100.1"},
		{"nonsense", "unknown", "", []string{"127.0.0.0/8"}, "127.0.0.1"},
		{"the real address alone", "", "198.51.100.2", []string{"127.0.0.0/8"}, "198.51.100.2"},
	} {
		h := start(t, func(c *web.Config) { c.TrustedProxies = tt.trusted })
		var headers []string
		if tt.forwarded != "" {
			headers = append(headers, "X-Forwarded-For", tt.forwarded)
		}
		if tt.real != "" {
			headers = append(headers, "X-Real-IP", tt.real)
		}
		a := h.client(t).do("POST", "/capture/", strings.Replace(event, "TOKEN", h.owner.Project.Token, 1), headers...)
		events := h.taken()
		if a.status != 200 || len(events) != 1 || !strings.Contains(string(events[0].Properties), `"$ip":"`+tt.want+`"`) {
			t.Errorf("%s: %d, %+v, want %s", tt.name, a.status, events, tt.want)
		}
	}
}

func TestNewRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := web.New(web.Config{}); err == nil {
		t.Error("an empty configuration was taken")
	}
}

func TestListenSaysWhyItCannot(t *testing.T) {
	t.Parallel()
	h := start(t)
	other := start(t)
	if err := other.server.Listen("127.0.0.1:0"); err == nil {
		t.Error("listening twice")
	}
	_ = h
}

// A request line or a header that is too long is never read whole; programs
// are told so in JSON all the same, people on a page.
func TestHeadersThatAreTooLong(t *testing.T) {
	t.Parallel()
	h := start(t)
	long := strings.Repeat("x", 40<<10)
	for _, tt := range []struct {
		request string
		status  string
		kind    string
	}{
		{"GET /api/projects/1/hog_functions/?search=" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", "application/json"},
		{"GET /api/projects/1/hog_functions/ HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431", "application/json"},
		{"GET http://x.example/api/users/@me/ HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431", "application/json"},
		{"POST /batch/ HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431", "text/plain"},
		{"GET /login HTTP/1.1\r\nHost: x\r\nX-Long: " + long + "\r\n\r\n", "431", "text/html"},
		{"GET /" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", "text/html"},
		// A connection that was used before remembers its newest request.
		{"GET /_health HTTP/1.1\r\nHost: x\r\n\r\n|GET /api/x?" + long + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", "application/json"},
		{"GET /api/users/@me/ HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n", "400", "application/json"},
	} {
		status, kind, body := raw(t, h.server.Addr(), tt.request)
		if status != tt.status || !strings.HasPrefix(kind, tt.kind) {
			t.Errorf("%.60q: %s %s %.120s, want %s %s", tt.request, status, kind, body, tt.status, tt.kind)
		}
		if tt.kind == "application/json" && !strings.HasPrefix(body, `{"type":"invalid_request","code":"`) {
			t.Errorf("%.60q: %s", tt.request, body)
		}
	}
}

// raw sends bytes (several requests are parted by |) and reads the last answer.
func raw(t *testing.T, addr, text string) (status, kind, body string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(c)
	for _, request := range strings.Split(text, "|") {
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%.60q: %v", request, err)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		status, kind, body = strconv.Itoa(res.StatusCode), res.Header.Get("Content-Type"), string(b)
	}
	return status, kind, body
}
