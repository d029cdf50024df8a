package fetch_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"hogpen/engine/fetch"
)

// TestAnswersOfAllForms: a plain request reads what servers may answer.
func TestAnswersOfAllForms(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("h", 60_000)
	for name, tt := range map[string]struct {
		answer, body string
		status       int
		headers      map[string]string
	}{
		"length":       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 200, map[string]string{"content-length": "2"}},
		"chunks":       {"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc", 201, nil},
		"to the end":   {"HTTP/1.1 200 OK\r\n\r\nall of it", "all of it", 200, nil},
		"1.0":          {"HTTP/1.0 404 Not Found\r\n\r\ngone", "gone", 404, nil},
		"interim":      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "", 204, nil},
		"packed":       {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", "\x1f\x8b", 200, map[string]string{"content-encoding": "gzip"}},
		"many values":  {"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nContent-Length: 0\r\n\r\n", "", 200, map[string]string{"x-a": "1, 2", "set-cookie": "a=1, b=2; Path=/"}},
		"long headers": {"HTTP/1.1 200 OK\r\nX-Long: " + long + "\r\nContent-Length: 2\r\n\r\nok", "ok", 200, map[string]string{"x-long": long}},
	} {
		url := raw(t, func(_ int, c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				fmt.Fprint(c, tt.answer)
			}
		})
		got, err := open(t, nil).Do(t.Context(), fetch.Request{URL: url, Body: []byte("x")})
		if err != nil || got.Status != tt.status || string(got.Body) != tt.body {
			t.Errorf("%s: %d %q, %v", name, got.Status, got.Body, err)
		}
		for k, v := range tt.headers {
			if got.Headers[k] != v {
				t.Errorf("%s: header %s is %.80q", name, k, got.Headers[k])
			}
		}
		if ct, ok := got.Headers["content-type"]; ok {
			t.Errorf("%s: a content type %q was made up", name, ct)
		}
	}
}

// TestBrokenAnswerIsNotAskedForAgain: the request arrived.
func TestBrokenAnswerIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"in its body":    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab",
		"in its headers": "HTTP/1.1 200 OK\r\nContent-Le",
		"in a chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nab",
		"no HTTP":        "hello, this is no HTTP at all\r\n\r\n",
	} {
		var conns atomic.Int32
		url := raw(t, func(_ int, c net.Conn) {
			conns.Add(1)
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				fmt.Fprint(c, answer)
			}
		})
		_, err := open(t, nil).Do(t.Context(), fetch.Request{URL: url, Body: []byte("x")})
		e, ok := fetch.AsError(err)
		if !ok || e.Name != fetch.RequestError || strings.Contains(e.Detail, "hello") || conns.Load() != 1 {
			t.Errorf("%s: error %v after %d connections", name, err, conns.Load())
		}
	}
}

// TestUncommonRequestsArriveToo: what the plain way does not take.
func TestUncommonRequestsArriveToo(t *testing.T) {
	t.Parallel()
	var method, cookie, query, body string
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		method, cookie, query, body = r.Method, r.Header.Get("Cookie"), r.URL.RawQuery, string(b)
	})
	_, err := open(t, nil).Do(t.Context(), fetch.Request{Method: "PROPFIND", URL: url + "/?a=b%20c", Body: []byte("x"), Headers: map[string]string{"Cookie": "a=b; c; =d"}})
	if err != nil || method != "PROPFIND" || cookie != "a=b; c; =d" || query != "a=b%20c" || body != "x" {
		t.Errorf("server saw %q %q %q %q, %v", method, cookie, query, body, err)
	}
}
