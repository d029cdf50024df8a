package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Defaults of Config (runtime specification 6.2 and 14).
const (
	DefaultTimeout          = 3 * time.Second
	MaxTimeout              = 30 * time.Second
	DefaultMaxResponseBytes = 1 << 20
	DefaultConnsPerOrigin   = 100
	keepAlive               = 10 * time.Second
	maxHeaderBytes          = 256 << 10
)

// Config says how requests are made. The zero Config is safe: no private
// address is reached.
type Config struct {
	// Allow opens addresses and names that are blocked otherwise; Deny closes
	// further ones and is looked at first.
	Allow, Deny Rules
	// Timeout covers a whole request; DefaultTimeout when 0.
	Timeout time.Duration
	// MaxResponseBytes bounds an answer's body; DefaultMaxResponseBytes when 0.
	MaxResponseBytes int64
	// ConnsPerOrigin bounds connections to one host and port;
	// DefaultConnsPerOrigin when 0.
	ConnsPerOrigin int
	// UserAgent is sent when a program sets none: "Hogpen/<version>".
	UserAgent string
	// Proxy chooses a proxy for a request, as http.ProxyFromEnvironment does;
	// nil uses none. The proxy itself may stand anywhere; where a request goes
	// through it is judged as always.
	Proxy func(*http.Request) (*url.URL, error)
	// Lookup gives a name's addresses; the system's resolver when nil.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Request is one HTTP request.
type Request struct {
	Method  string // upper case; POST when empty
	URL     string
	Headers map[string]string
	Body    []byte // not sent with GET and HEAD
	// Timeout overrides the client's when it is not 0; at most MaxTimeout.
	Timeout time.Duration
}

// Response is an answer, whatever its status.
type Response struct {
	Status int
	// Headers have lower-case names; several values are joined with ", ".
	Headers map[string]string
	Body    []byte
}

// Client makes requests. It may be used by many goroutines at a time.
type Client struct {
	guard     *guard
	timeout   time.Duration
	maxBytes  int64
	userAgent string
	proxy     func(*http.Request) (*url.URL, error)
	plain     *plain
	// kept reuses connections; fresh makes a new one for each request, for the
	// one repetition after a stale connection.
	kept, fresh *http.Transport
}

// New makes a Client. Close it when it is no longer needed.
func New(cfg Config) *Client {
	g := &guard{allow: cfg.Allow, deny: cfg.Deny, lookup: cfg.Lookup}
	g.dialer = net.Dialer{KeepAlive: 15 * time.Second}
	if g.lookup == nil {
		g.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	c := &Client{guard: g, timeout: cfg.Timeout, maxBytes: cfg.MaxResponseBytes}
	if c.timeout <= 0 {
		c.timeout = DefaultTimeout
	}
	g.connect = c.timeout
	if c.maxBytes <= 0 {
		c.maxBytes = DefaultMaxResponseBytes
	}
	perOrigin := cfg.ConnsPerOrigin
	if perOrigin <= 0 {
		perOrigin = DefaultConnsPerOrigin
	}
	if c.userAgent = cfg.UserAgent; c.userAgent == "" {
		c.userAgent = "Hogpen"
	}
	c.proxy = cfg.Proxy
	c.plain = newPlain(g, perOrigin)
	c.kept = c.transport(perOrigin, false)
	c.fresh = c.transport(perOrigin, true)
	return c
}

func (c *Client) transport(perOrigin int, once bool) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            c.guard.dial,
		Proxy:                  c.proxy,
		Protocols:              &protocols,
		DisableKeepAlives:      once,
		DisableCompression:     true, // a program sees what was sent
		MaxConnsPerHost:        perOrigin,
		MaxIdleConnsPerHost:    perOrigin,
		MaxIdleConns:           1000,
		IdleConnTimeout:        keepAlive,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// Close drops the connections that are kept.
func (c *Client) Close() {
	c.plain.close()
	c.kept.CloseIdleConnections()
	c.fresh.CloseIdleConnections()
}

// Do makes one request and reads its answer. Every status is an answer, also
// 3xx: redirects are not followed. The error is an *Error when the request
// could not be made or answered in time, and wraps ErrInterrupted when ctx
// ended first.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	limit := c.timeout
	if r.Timeout > 0 {
		limit = min(r.Timeout, MaxTimeout)
	}
	u, err := c.check(r)
	if err != nil {
		return Response{}, err
	}
	if proxied, err := c.proxied(u); err != nil {
		return Response{}, err
	} else if proxied || !c.plain.takes(&r, u) {
		return c.doAny(ctx, r, limit)
	}
	return c.doPlain(ctx, r, u, limit)
}

// doPlain makes a request the plain way, and once more when its connection was
// closed at the far end.
func (c *Client) doPlain(ctx context.Context, r Request, u *url.URL, limit time.Duration) (Response, error) {
	req := fasthttp.AcquireRequest()
	defer fasthttp.ReleaseRequest(req)
	if err := c.fill(req, &r, u); err != nil {
		return Response{}, err
	}
	deadline := time.Now().Add(limit)
	resp, err := c.plain.do(ctx, u, req, c.maxBytes, deadline, false)
	var answered *begun
	if err != nil && ctx.Err() == nil && time.Now().Before(deadline) && stale(err) && !errors.As(err, &answered) {
		resp, err = c.plain.do(ctx, u, req, c.maxBytes, deadline, true)
	}
	if err == nil {
		return resp, nil
	}
	if !time.Now().Before(deadline) && ctx.Err() == nil {
		err = errors.Join(err, context.DeadlineExceeded)
	}
	return Response{}, classify(ctx, ctx, limit, err)
}

// fill writes r as a request of fasthttp.
func (c *Client) fill(req *fasthttp.Request, r *Request, u *url.URL) error {
	h := &req.Header
	h.SetNoDefaultContentType(true)
	h.SetMethod(cmp.Or(r.Method, http.MethodPost))
	h.SetRequestURI(u.RequestURI())
	h.SetHost(strings.TrimSuffix(u.Host, ":"))
	h.SetUserAgent(c.userAgent)
	for name, value := range r.Headers {
		name, err := headerName(name, value)
		switch {
		case err != nil:
			return err
		case name != "":
			h.Set(name, value)
		}
	}
	if len(r.Body) > 0 && !h.IsGet() && !h.IsHead() {
		req.SetBodyRaw(r.Body)
	}
	return nil
}

// proxied reports whether requests to a URL go through a proxy.
func (c *Client) proxied(u *url.URL) (bool, error) {
	if c.proxy == nil {
		return false, nil
	}
	p, err := c.proxy(&http.Request{URL: u})
	if err != nil {
		return false, &Error{Name: InvalidRequestError, Detail: "the proxy setting cannot be read", Cause: err}
	}
	return p != nil, nil
}

// doAny makes a request through net/http.
func (c *Client) doAny(ctx context.Context, r Request, limit time.Duration) (Response, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	resp, err := c.send(bounded, c.kept, r)
	if err != nil && bounded.Err() == nil && stale(err) {
		resp, err = c.send(bounded, c.fresh, r)
	}
	if err != nil {
		return Response{}, classify(bounded, ctx, limit, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBytes+1))
	if err != nil {
		return Response{}, classify(bounded, ctx, limit, err)
	}
	if int64(len(body)) > c.maxBytes {
		return Response{}, tooLarge(c.maxBytes)
	}
	return Response{Status: resp.StatusCode, Headers: flatten(resp.Header), Body: body}, nil
}

// check looks at the URL and, where the host is an address, at that address,
// before anything is sent.
func (c *Client) check(r Request) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(r.URL))
	if err != nil || u.Scheme == "" || u.Hostname() == "" {
		return nil, secure("URL must have HTTP or HTTPS protocol and a valid hostname")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, secure("Scheme must be either HTTP or HTTPS")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !c.guard.permitted(u.Hostname(), a) {
		return nil, secure(notAllowed)
	}
	return u, nil
}

// send makes one try on one transport. It is not given to http.Client, which
// would follow redirects and keep cookies.
func (c *Client) send(ctx context.Context, t *http.Transport, r Request) (*http.Response, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	if req, err = c.viaProxy(req); err != nil {
		return nil, err
	}
	return t.RoundTrip(req)
}

// viaProxy marks a request that goes through a proxy, so that its connection,
// which leads to the proxy, is not judged; the place it is meant for is judged
// here instead.
func (c *Client) viaProxy(req *http.Request) (*http.Request, error) {
	if c.proxy == nil {
		return req, nil
	}
	p, err := c.proxy(req)
	if err != nil {
		return nil, &Error{Name: InvalidRequestError, Detail: "the proxy setting cannot be read", Cause: err}
	}
	if p == nil {
		return req, nil
	}
	if _, err := c.guard.resolve(req.Context(), req.URL.Hostname()); err != nil {
		return nil, err
	}
	return req.WithContext(context.WithValue(req.Context(), toProxy{}, true)), nil
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	method := r.Method
	if method == "" {
		method = http.MethodPost
	}
	var body io.Reader
	if len(r.Body) > 0 && method != http.MethodGet && method != http.MethodHead {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSpace(r.URL), body)
	if err != nil {
		return nil, &Error{Name: InvalidRequestError, Detail: "invalid method or URL", Cause: err}
	}
	// A repetition is ours to decide; with GetBody set the transport would
	// make its own on top.
	req.GetBody = nil
	req.Header.Set("User-Agent", c.userAgent)
	for name, value := range r.Headers {
		if err := setHeader(req, name, value); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// setHeader adds one header that a program gave.
func setHeader(req *http.Request, name, value string) error {
	name, err := headerName(name, value)
	switch {
	case err != nil:
		return err
	case strings.EqualFold(name, "host"):
		req.Host = value
	case name != "":
		req.Header.Set(name, value)
	}
	return nil
}

// headerName checks a header that a program gave. Host is honoured; headers
// about the connection itself are ours and are dropped: their name is "".
func headerName(name, value string) (string, error) {
	name = strings.TrimSpace(name)
	if !validName(name) || !validValue(value) {
		return "", &Error{Name: InvalidRequestError, Detail: fmt.Sprintf("invalid header %q", name)}
	}
	switch strings.ToLower(name) {
	case "host":
		if value == "" || strings.ContainsAny(value, " \t/?#@\\") {
			return "", &Error{Name: InvalidRequestError, Detail: `invalid header "Host"`}
		}
	case "content-length", "connection", "transfer-encoding", "keep-alive",
		"proxy-connection", "proxy-authorization", "te", "trailer", "upgrade", "expect":
		return "", nil
	}
	return name, nil
}

// validName reports whether a header's name is a token (RFC 9110, 5.6.2).
func validName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return name != ""
}

// validValue reports whether a header's value stays on its line.
func validValue(value string) bool {
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func flatten(h http.Header) map[string]string {
	out := make(map[string]string, len(h))
	for name, values := range h {
		out[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out
}

// AsError gives the *Error in err, if there is one.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}
