package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hogpen/engine/fetch"
)

// open gives a client that may reach this machine.
func open(t *testing.T, change func(*fetch.Config)) *fetch.Client {
	t.Helper()
	allow, err := fetch.ParseRules([]string{"127.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := fetch.Config{Allow: allow, UserAgent: "Hogpen/1.2.3"}
	if change != nil {
		change(&cfg)
	}
	c := fetch.New(cfg)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// raw serves each connection with a function of its own.
func raw(t *testing.T, handle func(n int, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); handle(n, c) }()
		}
	}()
	return "http://" + l.Addr().String()
}

func wantError(t *testing.T, err error, name, detail string) {
	t.Helper()
	e, ok := fetch.AsError(err)
	if !ok || e.Name != name || !strings.Contains(e.Detail, detail) {
		t.Fatalf("error = %v, want %s: …%s…", err, name, detail)
	}
}

func TestAllowedRequestArrivesAsWritten(t *testing.T) {
	t.Parallel()
	var method, agent, host, custom, body, connection string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		method, agent, host, custom, body = r.Method, r.UserAgent(), r.Host, r.Header.Get("X-One"), string(b)
		connection = r.Header.Get("Connection") + r.Header.Get("Te")
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.WriteHeader(201)
		fmt.Fprint(w, `{"ok":true}`)
	})
	got, err := open(t, nil).Do(t.Context(), fetch.Request{
		URL:  url + "/path?q=1",
		Body: []byte("hello"),
		Headers: map[string]string{"X-One": "1", "host": "shop.example.com", "Content-Length": "999",
			"Connection": "upgrade", "Transfer-Encoding": "chunked", "TE": "trailers"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if method != "POST" || agent != "Hogpen/1.2.3" || host != "shop.example.com" || custom != "1" || body != "hello" || connection != "" {
		t.Errorf("server saw %q %q %q %q %q %q", method, agent, host, custom, body, connection)
	}
	if got.Status != 201 || string(got.Body) != `{"ok":true}` || got.Headers["x-two"] != "a, b" {
		t.Errorf("response = %d %q %v", got.Status, got.Body, got.Headers)
	}
}

func TestBodyOfGetIsDropped(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "DELETE"} {
		var length int64
		url := serve(t, func(_ http.ResponseWriter, r *http.Request) { length = r.ContentLength })
		_, err := open(t, nil).Do(t.Context(), fetch.Request{Method: method, URL: url, Body: []byte("body"),
			Headers: map[string]string{"User-Agent": "mine"}})
		want := int64(0)
		if method == "DELETE" {
			want = 4
		}
		if err != nil || length != want {
			t.Errorf("%s: length = %d, %v; want %d", method, length, err, want)
		}
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	var reached atomic.Int32
	port := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	port = port[strings.LastIndex(port, ":"):]
	c := fetch.New(fetch.Config{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "private.example.com":
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		case "mixed.example.com":
			return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("127.0.0.1")}, nil
		}
		return net.DefaultResolver.LookupNetIP(t.Context(), "ip", host)
	}})
	defer c.Close()
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "169.254.169.254", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "[::1]", "[::]", "0.0.0.0",
		"10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]",
		"[fe80::1%25eth0]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::127.0.0.1]", "localhost", "private.example.com", "mixed.example.com",
	} {
		_, err := c.Do(t.Context(), fetch.Request{URL: "http://" + host + port})
		e, ok := fetch.AsError(err)
		if !ok || e.Error() != "SecureRequestError: Hostname is not allowed" || e.Retryable() {
			t.Errorf("%s: error = %v", host, err)
		}
	}
	if reached.Load() != 0 {
		t.Error("the server was reached")
	}
}

func TestDenyIsLookedAtFirst(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	deny, err := fetch.ParseRules([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, func(c *fetch.Config) { c.Deny = deny }).Do(t.Context(), fetch.Request{URL: url})
	wantError(t, err, fetch.SecureRequestError, "Hostname is not allowed")
}

func TestNamesCanBeAllowed(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) {})
	url = strings.Replace(url, "127.0.0.1", "hooks.example.com", 1)
	lookup := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	allow, err := fetch.ParseRules([]string{"Hooks.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	c := fetch.New(fetch.Config{Allow: allow, Lookup: lookup})
	defer c.Close()
	if _, err := c.Do(t.Context(), fetch.Request{URL: url}); err != nil {
		t.Error(err)
	}
	_, err = c.Do(t.Context(), fetch.Request{URL: strings.Replace(url, "hooks", "other", 1)})
	wantError(t, err, fetch.SecureRequestError, "Hostname is not allowed")
}

func TestBadRequestsAreNamed(t *testing.T) {
	t.Parallel()
	c := open(t, func(c *fetch.Config) {
		c.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") }
	})
	for _, tt := range []struct {
		req          fetch.Request
		name, detail string
	}{
		{fetch.Request{URL: ""}, fetch.SecureRequestError, "URL must have HTTP or HTTPS protocol and a valid hostname"},
		{fetch.Request{URL: "example.com/x"}, fetch.SecureRequestError, "URL must have HTTP"},
		{fetch.Request{URL: "http://"}, fetch.SecureRequestError, "URL must have HTTP"},
		{fetch.Request{URL: "http://[::1"}, fetch.SecureRequestError, "URL must have HTTP"},
		{fetch.Request{URL: "ftp://example.com/"}, fetch.SecureRequestError, "Scheme must be either HTTP or HTTPS"},
		{fetch.Request{URL: "file:///etc/passwd"}, fetch.SecureRequestError, "URL must have HTTP"},
		{fetch.Request{URL: "http://nowhere.example.com/"}, fetch.ResolutionError, "Unable to resolve nowhere.example.com"},
		{fetch.Request{URL: "http://127.0.0.1/", Method: "A B"}, fetch.InvalidRequestError, "method"},
		{fetch.Request{URL: "http://127.0.0.1/", Headers: map[string]string{"a b": "x"}}, fetch.InvalidRequestError, "invalid header"},
		{fetch.Request{URL: "http://127.0.0.1/", Headers: map[string]string{"a": "x\r\nb: y"}}, fetch.InvalidRequestError, "invalid header"},
		{fetch.Request{URL: "http://127.0.0.1/", Headers: map[string]string{"host": "a/b"}}, fetch.InvalidRequestError, "Host"},
	} {
		_, err := c.Do(t.Context(), tt.req)
		e, ok := fetch.AsError(err)
		if !ok || e.Name != tt.name || !strings.Contains(e.Detail, tt.detail) {
			t.Errorf("%+v: error = %v, want %s: %s", tt.req, err, tt.name, tt.detail)
		}
	}
}

func TestRedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	var hits atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	got, err := open(t, nil).Do(t.Context(), fetch.Request{URL: url})
	if err != nil || got.Status != 302 || got.Headers["location"] != "/elsewhere" || hits.Load() != 1 {
		t.Errorf("got %d %v, %v after %d requests", got.Status, got.Headers, err, hits.Load())
	}
}

func TestSlowServersTimeOut(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	never := raw(t, func(_ int, c net.Conn) { <-stop })
	drip := raw(t, func(_ int, c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}
	})
	c := open(t, func(c *fetch.Config) { c.Timeout = 150 * time.Millisecond })
	for name, url := range map[string]string{"never answers": never, "drips": drip} {
		began := time.Now()
		_, err := c.Do(t.Context(), fetch.Request{URL: url})
		wantError(t, err, fetch.TimeoutError, "timeout after 150 ms")
		if e, _ := fetch.AsError(err); !e.Retryable() || !e.Timeout() {
			t.Errorf("%s: not told as a timeout that may be retried", name)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("%s: took %s", name, d)
		}
	}
	_, err := c.Do(t.Context(), fetch.Request{URL: never, Timeout: 60 * time.Millisecond})
	wantError(t, err, fetch.TimeoutError, "timeout after 60 ms")
}

func TestSlowResolutionTimesOut(t *testing.T) {
	t.Parallel()
	c := fetch.New(fetch.Config{Timeout: 80 * time.Millisecond, Lookup: func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	defer c.Close()
	_, err := c.Do(t.Context(), fetch.Request{URL: "http://slow.example.com/"})
	wantError(t, err, fetch.TimeoutError, "timeout after 80 ms")
}

func TestInterruptedRequestIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	arrived := make(chan struct{})
	url := raw(t, func(_ int, c net.Conn) { close(arrived); <-stop })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := open(t, nil).Do(ctx, fetch.Request{URL: url})
	if !errors.Is(err, fetch.ErrInterrupted) || !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}

func TestHugeAnswersAreRefused(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		size := 1 << 20
		if r.URL.Path == "/over" {
			size++
		}
		w.Write(make([]byte, size))
	})
	c := open(t, nil)
	if got, err := c.Do(t.Context(), fetch.Request{URL: url}); err != nil || len(got.Body) != 1<<20 {
		t.Errorf("a body of 1 MiB: %d bytes, %v", len(got.Body), err)
	}
	_, err := c.Do(t.Context(), fetch.Request{URL: url + "/over"})
	wantError(t, err, fetch.ResponseSizeError, "Response body exceeds the limit of 1048576 bytes")
	endless := raw(t, func(_ int, c net.Conn) {
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := fmt.Fprintf(c, "X-%s: %s\r\n", strings.Repeat("a", 100), strings.Repeat("b", 1000)); err != nil {
				return
			}
		}
	})
	if _, err := c.Do(t.Context(), fetch.Request{URL: endless}); err == nil {
		t.Error("endless headers were read")
	}
}

func TestRefusedAndBrokenConnections(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c := open(t, nil)
	_, err = c.Do(t.Context(), fetch.Request{URL: "http://" + l.Addr().String()})
	wantError(t, err, fetch.ConnectError, "connect ECONNREFUSED 127.0.0.1:")
	var conns atomic.Int32
	reset := raw(t, func(_ int, c net.Conn) {
		conns.Add(1)
		c.(*net.TCPConn).SetLinger(0)
		c.Read(make([]byte, 1))
	})
	_, err = c.Do(t.Context(), fetch.Request{URL: reset, Body: []byte("x")})
	e, ok := fetch.AsError(err)
	if !ok || e.Name != fetch.RequestError || !e.Retryable() {
		t.Errorf("reset: error = %v", err)
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("reset: %d connections, want one and a single repetition", n)
	}
	garbage := raw(t, func(_ int, c net.Conn) { c.Read(make([]byte, 10)); fmt.Fprint(c, "not HTTP at all\r\n\r\n") })
	if _, err := c.Do(t.Context(), fetch.Request{URL: garbage}); err == nil {
		t.Error("garbage was taken for an answer")
	}
}

func TestStaleConnectionIsReplacedOnce(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	url := raw(t, func(n int, c net.Conn) {
		conns.Add(1)
		buf := make([]byte, 4096)
		if _, err := c.Read(buf); err != nil {
			return
		}
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if n == 0 {
			c.Read(buf) // takes the second request and closes without a word
		}
	})
	c := open(t, nil)
	for i := range 2 {
		got, err := c.Do(t.Context(), fetch.Request{URL: url, Body: []byte("x")})
		if err != nil || string(got.Body) != "ok" {
			t.Fatalf("request %d: %q, %v", i+1, got.Body, err)
		}
	}
	if n := conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }))
	s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			conns.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c := open(t, nil)
	for range 5 {
		if _, err := c.Do(t.Context(), fetch.Request{URL: s.URL, Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for 5 requests", n)
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	_, err := open(t, nil).Do(t.Context(), fetch.Request{URL: s.URL})
	wantError(t, err, fetch.RequestError, "certificate not accepted")
}

func TestProxyIsUsedAndTargetsAreJudged(t *testing.T) {
	t.Parallel()
	var asked []string
	proxy, err := url.Parse(serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		fmt.Fprint(w, "through the proxy")
	}))
	if err != nil {
		t.Fatal(err)
	}
	c := fetch.New(fetch.Config{Proxy: http.ProxyURL(proxy), Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "private.example.com" {
			return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	}})
	defer c.Close()
	got, err := c.Do(t.Context(), fetch.Request{URL: "http://hooks.example.com/x", Body: []byte("b")})
	if err != nil || string(got.Body) != "through the proxy" || len(asked) != 1 || asked[0] != "http://hooks.example.com/x" {
		t.Errorf("%q, %v; the proxy was asked for %v", got.Body, err, asked)
	}
	for _, private := range []string{"http://private.example.com/", "http://10.0.0.1/"} {
		_, err = c.Do(t.Context(), fetch.Request{URL: private})
		wantError(t, err, fetch.SecureRequestError, "Hostname is not allowed")
	}
	if len(asked) != 1 {
		t.Errorf("the proxy was asked for %v", asked)
	}
}

func TestRulesAreRead(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"10.0.0.0/99", "http://example.com", "a b", "example.com:80", "*.example.com"} {
		if _, err := fetch.ParseRules([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// Everything is denied here, so that no made-up address is called; what is
// left is that each URL has a clear answer.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1/", "http://[::1]/", "http://0x7f.1/", "http://2130706433/", "http://a@127.0.0.1", "//x", "http://127.0.0.1:99999", "http://[::ffff:7f00:1]/", "http://1.2.3.4#x"} {
		f.Add(s)
	}
	deny, err := fetch.ParseRules([]string{"0.0.0.0/0", "::/0"})
	if err != nil {
		f.Fatal(err)
	}
	c := fetch.New(fetch.Config{Deny: deny, Timeout: time.Second, Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	f.Fuzz(func(t *testing.T, url string) {
		_, err := c.Do(t.Context(), fetch.Request{URL: url})
		e, ok := fetch.AsError(err)
		if !ok || e.Name != fetch.SecureRequestError && e.Name != fetch.InvalidRequestError {
			t.Errorf("%q: %v", url, err)
		}
	})
}

// What the standard library knows to be local is blocked, however it is written.
func FuzzLocalAddresses(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "::1", "10.0.0.1", "fe80::1", "ff02::1", "::", "fd00::1", "8.8.8.8", "2606:4700::1111"} {
		f.Add(netip.MustParseAddr(s).AsSlice())
	}
	permitted := fetch.Permitted()
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		local := a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified()
		if local && permitted(a) {
			t.Errorf("%s is permitted", a)
		}
		if mapped := netip.AddrFrom16(a.As16()); permitted(mapped) != permitted(a) {
			t.Errorf("%s and %s differ", a, mapped)
		}
	})
}
