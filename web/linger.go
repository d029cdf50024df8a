package web

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Bounds for the rest of a request that nobody wants any more.
const (
	lingerFor   = 2 * time.Second
	lingerBytes = 64 << 20
)

// lingering is a listener whose connections can be told to linger.
type lingering struct{ net.Listener }

// Accept satisfies net.Listener.
func (l lingering) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
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
