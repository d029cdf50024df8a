package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds for the rest of a request that nobody wants any more.
const (
	lingerFor   = 2 * time.Second
	lingerBytes = 64 << 20
)

// lingering is a listener whose connections can be told to linger.
type lingering struct {
	net.Listener
	running context.Context // ends with the server
	log     *slog.Logger
}

// Accept satisfies net.Listener.
func (l lingering) Accept() (net.Conn, error) {
	for pause := acceptAgain; ; pause = min(2*pause, acceptSeldom) {
		c, err := l.Listener.Accept()
		if err == nil {
			return &conn{Conn: c}, nil
		}
		if !passing(err) || l.running.Err() != nil {
			return nil, err
		}
		if pause == acceptAgain {
			l.log.Error("new connections wait", "error", err)
		}
		select {
		case <-time.After(pause):
		case <-l.running.Done():
			return nil, err
		}
	}
}

// How long the listener pauses after an error that passes, at first and at most.
const (
	acceptAgain  = 5 * time.Millisecond
	acceptSeldom = time.Second
)

// passing tells whether a later try to accept may go well: the process or the
// machine has no file descriptor or buffer left just now, or the caller left.
// The server would end for good at the first of them.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// conn is a connection that, once told to, reads on for a moment when it is
// closed. A request that is refused while it still arrives leaves bytes unread;
// the kernel answers these with a reset, which makes clients throw away the
// answer that explains the refusal, and try again for ever.
//
// It also remembers how the last request began, for a request whose line or
// headers are too long is never read whole, and who called decides how that is
// answered.
type conn struct {
	net.Conn
	lingers atomic.Bool
	began   []byte // by the goroutine that serves the connection
}

// maxBegan is how much of a request's line is remembered, in bytes.
const maxBegan = 256

// Read satisfies net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && p[0] >= 'A' && p[0] <= 'Z' { // as methods begin
		c.began = append(c.began[:0], p[:min(n, maxBegan)]...)
	}
	return n, err
}

// path is that of the last request's line, as far as it is remembered; ""
// when there was none.
func (c *conn) path() string {
	_, rest, ok := bytes.Cut(c.began, []byte(" "))
	if !ok {
		return ""
	}
	if end := bytes.IndexAny(rest, " ?#\r\n"); end >= 0 {
		rest = rest[:end]
	}
	if _, after, absolute := bytes.Cut(rest, []byte("://")); absolute {
		if slash := bytes.IndexByte(after, '/'); slash >= 0 {
			rest = after[slash:]
		}
	}
	return string(rest)
}

// Close satisfies net.Conn.
func (c *conn) Close() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && c.lingers.Swap(false) && half.CloseWrite() == nil {
		if c.SetReadDeadline(time.Now().Add(lingerFor)) == nil {
			// Whatever ends it, nothing of it is wanted.
			_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
		}
	}
	return c.Conn.Close()
}
