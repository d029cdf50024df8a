// Package web is the HTTP server: every route on one page (routes.go), the
// middleware above each group of them, one error handler, and the embedded
// assets.
//
// A request walks through the outer middleware (request ID, caller, panics,
// metrics, deadline), then through its group's: SDKs meet none, programs meet
// CORS, key, project, scope and throttle in that order, people meet session,
// security policy, forgery check, project and role. The handler returns an
// answer or an error; errors leave through one door (errors.go), which speaks
// to each kind of caller in its own way.
//
// Fiber reuses its buffers once a handler returns. It therefore runs with
// Immutable, so that what a handler takes from the request is a copy, and
// every request carries a context with a deadline, as Fiber's own has none.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"hogpen/account"
	"hogpen/cdp"
	"hogpen/handlers/capture"
	"hogpen/handlers/public"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// MaxBody is the largest request body that is read at all, in bytes. Session
// recordings are the largest (runtime specification 1.1); other callers have
// lower limits of their own.
const MaxBody = 25 << 20

const (
	maxProgramBody = 20 << 20 // REST API specification 1.2
	maxPeopleBody  = 4 << 20
)

// Projects is what the server asks about projects; absence is a cdp.Error
// with code NotFound.
type Projects interface {
	Project(ctx context.Context, id cdp.ProjectID) (cdp.Project, error)
	Membership(ctx context.Context, p cdp.ProjectID, u cdp.UserID) (account.Role, error)
	SetCurrentProject(ctx context.Context, u cdp.UserID, p cdp.ProjectID) error
}

// Authenticator knows personal API keys; *account.Accounts is one.
type Authenticator interface {
	Authenticate(ctx context.Context, token string, where account.Where) (account.Principal, error)
}

// Config is what a Server is made of. Sessions, Projects, Accounts and Public
// are required; a kind of caller without a handler is not served.
type Config struct {
	Sessions *session.Manager
	Projects Projects
	Accounts Authenticator

	Capture *capture.Handler // nil where this process takes no events
	Public  *public.Handler
	API     API
	Admin   Admin

	// BaseURL is the address people use; from the request when empty.
	BaseURL string
	// TrustedProxies are the CIDRs whose X-Forwarded-* headers are believed.
	TrustedProxies []string
	// Throttle bounds the use of one personal API key; DefaultThrottle when
	// zero.
	Throttle Throttle
	// ErrorPage shows people what went wrong; the status is set already. A
	// page without the shell when nil.
	ErrorPage func(c *fiber.Ctx, f respond.Failure) error

	// Failed is told when the server ends by itself; nil is told nothing.
	Failed func(error)

	Metrics prometheus.Registerer // nil registers nothing
	Log     *slog.Logger          // slog.Default when nil
	Now     func() time.Time      // time.Now when nil
}

// Server serves HTTP.
type Server struct {
	c        Config
	app      *fiber.App
	log      *slog.Logger
	now      func() time.Time
	proxies  []netip.Prefix
	throttle *throttle
	meter    *meter

	// running ends when the server stops, and with it every stream.
	running context.Context
	stop    context.CancelFunc

	mu       sync.Mutex
	listener net.Listener
	served   chan error
}

// New makes a Server and refuses what is missing.
func New(c Config) (*Server, error) {
	switch {
	case c.Sessions == nil:
		return nil, errors.New("web: sessions are required")
	case c.Projects == nil || c.Accounts == nil:
		return nil, errors.New("web: projects and accounts are required")
	case c.Public == nil:
		return nil, errors.New("web: the public handler is required")
	}
	s := &Server{c: c, log: c.Log, now: c.Now}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("web: the base URL %q is not an address such as https://hogpen.example.com", c.BaseURL)
		}
		s.c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	}
	for _, text := range c.TrustedProxies {
		p, err := parsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("web: trusted proxy %q: %w", text, err)
		}
		s.proxies = append(s.proxies, p)
	}
	var err error
	if s.meter, err = newMeter(c.Metrics); err != nil {
		return nil, err
	}
	s.throttle = newThrottle(c.Throttle, s.now)
	s.running, s.stop = context.WithCancel(context.Background())
	s.app = fiber.New(fiber.Config{
		AppName:                 "Hogpen",
		Immutable:               true,
		CaseSensitive:           true,
		BodyLimit:               MaxBody,
		ReadBufferSize:          16 << 10,
		ReadTimeout:             30 * time.Second,
		IdleTimeout:             60 * time.Second, // and no WriteTimeout, which would cut streams
		EnableTrustedProxyCheck: true,
		TrustedProxies:          c.TrustedProxies,
		DisableStartupMessage:   true,
		ErrorHandler:            s.onError,
	})
	s.routes()
	return s, nil
}

// parsePrefix reads a CIDR, or a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// Listen binds the address (port 0 picks a free one) and serves it. It
// returns once connections are accepted, or with the reason they are not.
func (s *Server) Listen(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	if err := s.Serve(l); err != nil {
		return errors.Join(err, l.Close())
	}
	return nil
}

// Serve serves a listener that is bound already, and closes it at Shutdown.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return errors.New("web: already listening")
	}
	if s.running.Err() != nil {
		return errors.New("web: already stopped")
	}
	served := make(chan error, 1)
	s.listener, s.served = l, served
	go func() {
		err := s.app.Listener(lingering{l, s.running, s.log})
		if err != nil && s.running.Err() == nil {
			s.log.Error("the HTTP server ended", "error", err)
			if s.c.Failed != nil {
				s.c.Failed(fmt.Errorf("the HTTP server ended: %w", err))
			}
		}
		served <- err
	}()
	return nil
}

// Addr is the address in use, empty before Listen.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Shutdown ends the streams, takes no more requests, and waits for those
// under way until ctx ends. It may be called twice, and without Listen.
func (s *Server) Shutdown(ctx context.Context) error {
	// Streams first: a shutdown waits for them, and they wait for this.
	s.stop()
	s.mu.Lock()
	served := s.served
	listener := s.listener
	s.served = nil
	s.mu.Unlock()
	if served == nil {
		return nil
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		return fmt.Errorf("stop the HTTP server: %w", err)
	}
	// A server stopped before its goroutine came to accept would do so now.
	_ = listener.Close()
	select {
	case <-served:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the HTTP server: %w", ctx.Err())
	}
}
