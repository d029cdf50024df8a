package fetch

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// The plain way makes the requests that nearly all destinations make: straight
// to their host, a common method, no proxy. fasthttp writes the request and
// reads the answer, on connections that the guard dialled and that are kept
// here; a request costs a third of what it costs through net/http, which does
// all others.

const (
	readRoom  = 4 << 10  // for an answer's headers, at first
	writeRoom = 16 << 10 // most requests leave in one packet
	// mostKept bounds the idle connections to all hosts.
	mostKept = 1000
)

// plain keeps connections by origin.
type plain struct {
	guard     *guard
	perOrigin int
	writers   sync.Pool // of *bufio.Writer

	mu      sync.Mutex
	origins map[string]*origin // by scheme and host with port
	idle    int                // connections of all origins
	sweeper *time.Timer        // runs while there are some
	closed  bool
}

// origin is a scheme, host and port.
type origin struct {
	hostport string
	tls      *tls.Config // nil for http
	// room has a token for each connection in use.
	room chan struct{}

	// Under plain.mu.
	idle []*link
	used time.Time
}

// link is one connection.
type link struct {
	net.Conn
	r     *bufio.Reader
	since time.Time // when it became idle
}

func newPlain(g *guard, perOrigin int) *plain {
	p := &plain{guard: g, perOrigin: perOrigin, origins: map[string]*origin{}}
	p.writers.New = func() any { return bufio.NewWriterSize(nil, writeRoom) }
	return p
}

// takes reports whether a request is a plain one. What it does not know it
// leaves to net/http: user names in the URL, names that are not ASCII, and
// cookies, which fasthttp would write in its own way.
func (p *plain) takes(r *Request, u *url.URL) bool {
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return false
	}
	if u.User != nil || u.Opaque != "" {
		return false
	}
	for i := range len(u.Host) {
		if c := u.Host[i]; c <= ' ' || c >= 0x7f || c == '%' {
			return false
		}
	}
	for name := range r.Headers {
		if strings.EqualFold(strings.TrimSpace(name), "cookie") {
			return false
		}
	}
	return true
}

// begun is a fault after an answer had begun: the request arrived, and must not
// be made again.
type begun struct{ error }

func (b *begun) Unwrap() error { return b.error }

// do makes a request until the deadline, on a new connection if fresh is set.
func (p *plain) do(ctx context.Context, u *url.URL, req *fasthttp.Request, maxBytes int64, deadline time.Time, fresh bool) (Response, error) {
	o := p.origin(u)
	l, err := p.enter(ctx, o, deadline, fresh)
	if err != nil {
		return Response{}, err
	}
	defer func() { <-o.room }()
	keep := false
	defer func() { p.leave(o, l, keep) }()
	if err := l.SetDeadline(deadline); err != nil {
		return Response{}, err
	}
	// The end of ctx must not be waited for.
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	res, again, err := p.exchange(l, req, maxBytes)
	keep = stop() && err == nil && again
	return res, err
}

// enter takes a place among the requests to o and a connection. Nearly all find
// both at once, and need no timer. After an error the place is free again.
func (p *plain) enter(ctx context.Context, o *origin, deadline time.Time, fresh bool) (*link, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entered := false
	select {
	case o.room <- struct{}{}:
		entered = true
		if fresh {
			break
		}
		if l := p.kept(o); l != nil {
			return l, nil
		}
	default:
	}
	bounded, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if !entered {
		select {
		case o.room <- struct{}{}:
		case <-bounded.Done():
			return nil, bounded.Err()
		}
	}
	l, err := p.link(bounded, o, fresh)
	if err != nil {
		<-o.room
	}
	return l, err
}

// exchange writes a request and reads its answer; again tells that the
// connection can be used for another.
func (p *plain) exchange(l *link, req *fasthttp.Request, maxBytes int64) (got Response, again bool, err error) {
	w := p.writers.Get().(*bufio.Writer)
	w.Reset(l.Conn)
	if err = req.Write(w); err == nil {
		err = w.Flush()
	}
	w.Reset(nil)
	p.writers.Put(w)
	if err != nil {
		return got, false, err
	}
	res := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(res)
	res.SkipBody = req.Header.IsHead()
	res.Header.SetNoDefaultContentType(true)
	// fasthttp tells any fault before the first byte as the end of the stream.
	if _, err = l.r.Peek(1); err != nil {
		return got, false, err
	}
	err = res.ReadLimitBody(l.r, int(maxBytes))
	var small *fasthttp.ErrSmallBuffer
	if errors.As(err, &small) && l.r.Size() < maxHeaderBytes { // nothing was taken yet
		l.r = bufio.NewReaderSize(l.r, maxHeaderBytes)
		err = res.ReadLimitBody(l.r, int(maxBytes))
	}
	if err != nil {
		return got, false, answerError(err, maxBytes)
	}
	got = Response{Status: res.StatusCode(), Headers: headersOf(&res.Header), Body: append([]byte(nil), res.Body()...)}
	return got, !res.ConnectionClose() && l.r.Buffered() == 0, nil
}

// answerError tells what was wrong with an answer. fasthttp's own texts repeat
// parts of it, and are not passed on.
func answerError(err error, maxBytes int64) error {
	var network net.Error
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return tooLarge(maxBytes)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, fasthttp.ErrTimeout), errors.As(err, &network):
		return &begun{err}
	}
	return &Error{Name: RequestError, Detail: "the answer is not valid HTTP", Cause: err}
}

func headersOf(h *fasthttp.ResponseHeader) map[string]string {
	out := make(map[string]string, h.Len())
	for k, v := range h.All() {
		name := strings.ToLower(string(k))
		if have, ok := out[name]; ok {
			out[name] = have + ", " + string(v)
		} else {
			out[name] = string(v)
		}
	}
	return out
}

func tooLarge(limit int64) *Error {
	return &Error{Name: ResponseSizeError, Detail: fmt.Sprintf("Response body exceeds the limit of %d bytes", limit)}
}

// origin finds or makes the origin of a URL.
func (p *plain) origin(u *url.URL) *origin {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	key := u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.origins[key]
	if o == nil {
		o = &origin{hostport: net.JoinHostPort(u.Hostname(), port), room: make(chan struct{}, p.perOrigin)}
		if u.Scheme == "https" {
			o.tls = &tls.Config{ServerName: u.Hostname(), ClientSessionCache: tls.NewLRUClientSessionCache(0)}
		}
		p.origins[key] = o
	}
	o.used = time.Now()
	return o
}

// link gives the connection that was used last, or a new one.
func (p *plain) link(ctx context.Context, o *origin, fresh bool) (*link, error) {
	if !fresh {
		if l := p.kept(o); l != nil {
			return l, nil
		}
	}
	conn, err := p.guard.dial(ctx, "tcp", o.hostport)
	if err != nil {
		return nil, err
	}
	if o.tls != nil {
		secured := tls.Client(conn, o.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secured
	}
	return &link{Conn: conn, r: bufio.NewReaderSize(conn, readRoom)}, nil
}

func (p *plain) kept(o *origin) *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(o.idle)
	if n == 0 || time.Since(o.idle[n-1].since) >= keepAlive { // the others are older still
		return nil
	}
	l := o.idle[n-1]
	o.idle[n-1] = nil
	o.idle = o.idle[:n-1]
	p.idle--
	return l
}

// leave keeps a connection, or closes it.
func (p *plain) leave(o *origin, l *link, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !keep || p.closed || p.idle >= mostKept {
		l.Close()
		return
	}
	l.since = time.Now()
	o.idle = append(o.idle, l)
	p.idle++
	if p.sweeper == nil {
		p.sweeper = time.AfterFunc(keepAlive, p.sweep)
	}
}

// sweep closes connections that were idle for long, and forgets origins that
// nobody asks for.
func (p *plain) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for key, o := range p.origins {
		n := 0
		for n < len(o.idle) && now.Sub(o.idle[n].since) >= keepAlive {
			o.idle[n].Close()
			n++
		}
		p.idle -= n
		o.idle = append(o.idle[:0], o.idle[n:]...)
		if len(o.idle) == 0 && len(o.room) == 0 && now.Sub(o.used) >= keepAlive {
			delete(p.origins, key)
		}
	}
	if len(p.origins) == 0 || p.closed {
		p.sweeper = nil
		return
	}
	p.sweeper.Reset(keepAlive)
}

// close closes idle connections now and all others when they become idle.
func (p *plain) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.sweeper != nil {
		p.sweeper.Stop()
	}
	for _, o := range p.origins {
		for _, l := range o.idle {
			l.Close()
		}
		o.idle = nil
	}
	p.idle = 0
}
