package web

import (
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
type conn struct {
	net.Conn
	lingers atomic.Bool
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
