package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	mathrand "math/rand/v2"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/web/session"
)

// Deadlines for the work of one request; streams have none.
const (
	readWithin  = 10 * time.Second
	writeWithin = 20 * time.Second
)

// outer is the first middleware of every request: it names it, finds out who
// called, and gives it a context with a deadline.
func (s *Server) outer(c *fiber.Ctx) error {
	began := s.now()
	s.introduce(c)
	within := writeWithin
	if m := c.Method(); m == fiber.MethodGet || m == fiber.MethodHead {
		within = readWithin
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	c.SetUserContext(ctx)

	err := c.Next()
	if err != nil {
		// Answer here, so that what is measured is what was sent.
		err = s.app.ErrorHandler(c, err)
	}
	s.meter.observe(c, s.now().Sub(began))
	return err
}

// introduce names a request and notes who called.
func (s *Server) introduce(c *fiber.Ctx) {
	id := requestID(s.now())
	session.SetRequestID(c, id)
	session.SetServer(c, s.running)
	session.SetFrom(c, s.caller(c))
	c.Set("X-Request-Id", id)
}

// requestID is a UUID of version 7 that nobody needs to be unable to guess, and
// that takes no system call.
func requestID(now time.Time) string {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:], uint64(now.UnixMilli())<<16|mathrand.Uint64()&0x0fff|0x7000)
	binary.BigEndian.PutUint64(u[8:], mathrand.Uint64()>>2|1<<63)
	return u.String()
}

// broken makes up for the middleware that a request never reached, because it
// could not be read: it is named and counted like any other, and its answer
// gets through to a client that still sends.
func (s *Server) broken(c *fiber.Ctx) {
	s.introduce(c)
	c.SetUserContext(s.running)
	if held, ok := c.Context().Conn().(*conn); ok {
		held.lingers.Store(true)
		if path := held.path(); path != "" {
			c.Locals(kindKey{}, kindOf(path))
		}
	}
}

// recovered turns a panic into an error that the error handler answers as a
// 500; the stack goes to the log with it.
func (s *Server) recovered(c *fiber.Ctx) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicked{value: v, stack: debug.Stack()}
		}
	}()
	return c.Next()
}

type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// caller believes X-Forwarded-For, -Proto and -Host from trusted proxies
// alone. Of the addresses in X-Forwarded-For, which the client may begin and
// every proxy extends at the right, it takes the right-most that is no
// trusted proxy.
func (s *Server) caller(c *fiber.Ctx) session.Caller {
	from := session.Caller{IP: c.Context().RemoteIP().String(), BaseURL: s.c.BaseURL}
	if from.BaseURL == "" {
		from.BaseURL = c.Protocol() + "://" + c.Hostname()
	}
	if !s.trusted(from.IP) {
		return from
	}
	hops := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		addr, err := netip.ParseAddr(hop)
		if err != nil {
			break
		}
		from.IP = addr.Unmap().String()
		if !s.trusted(from.IP) {
			return from
		}
	}
	if real, err := netip.ParseAddr(c.Get("X-Real-IP")); err == nil && len(hops) == 1 && hops[0] == "" {
		from.IP = real.Unmap().String()
	}
	return from
}

func (s *Server) trusted(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, p := range s.proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// policy is the content security policy (UI specification 3.3): no inline
// script, no foreign host but for pictures.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data: https:; " +
	"font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"

// secured sets the headers of pages for people.
func (s *Server) secured(c *fiber.Ctx) error {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return fmt.Errorf("make a nonce: %w", err)
	}
	nonce := base64.RawStdEncoding.EncodeToString(b)
	session.SetNonce(c, nonce)
	c.Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Referrer-Policy", "same-origin")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	c.Set("Cache-Control", "private, no-cache")
	if strings.HasPrefix(session.From(c).BaseURL, "https://") {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return c.Next()
}

// atMost refuses bodies over a limit.
func atMost(limit int) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if len(c.Request().Body()) > limit {
			return fiber.ErrRequestEntityTooLarge
		}
		return c.Next()
	}
}
