// Package capture takes events from SDKs: the routes /i/v0/e, /e, /capture,
// /track, /engage, /batch and their neighbours, and /i/v1/analytics/events
// (v1.go), as PostHog's capture service answers them (runtime specification 1).
//
// A request walks through four steps. Its payload is found and decoded
// (decode.go: form, base64, gzip, LZ64, in the order that old SDKs need). The
// JSON is read once (scan.go, raw.go): every byte is validated, and the few
// members that matter are picked as spans of the payload, so that properties
// are never turned into Go values. Each raw event becomes a cdp.Event
// (event.go), its properties copied into one buffer that the request leaves
// behind. Then the Capturer stores them; 200 means that it has.
//
// One bad event rejects the whole request. Errors are plain text. A fault of
// ours is always 503, since SDKs retry 5xx and throw events away on any 4xx.
package capture

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/web/session"
)

// DefaultMaxBody is the largest payload, in bytes, before and after it is
// unpacked.
const DefaultMaxBody = 20 << 20

// Capturer stores events durably before it returns. It does not keep the
// slice, but may keep what the events hold.
type Capturer interface {
	Capture(ctx context.Context, events []cdp.Event) error
}

// Projects finds a project by its public token; absence is a cdp.Error with
// code NotFound.
type Projects interface {
	ProjectByToken(ctx context.Context, token string) (cdp.Project, error)
}

// room is memory that serves one request after the other.
type room struct {
	raws   []raw
	events []cdp.Event
	text   []byte // properties of events
}

// keepRoom is up to how many events a list goes back to its pool, keepText up to
// how many bytes of their properties.
const (
	keepRoom = 1000
	keepText = 512 << 10
)

// leave makes a room as nobody had been there, and gives it back.
func (h *Handler) leave(r *room) {
	clear(r.raws)
	clear(r.events)
	r.raws, r.events, r.text = r.raws[:0], r.events[:0], r.text[:0]
	if cap(r.raws) <= keepRoom && cap(r.events) <= keepRoom && cap(r.text) <= keepText {
		h.rooms.Put(r)
	}
}

// Sites gives the scripts of a project's enabled site functions, in the order
// in which browsers run them.
type Sites interface {
	SiteScripts(ctx context.Context, project cdp.ProjectID) ([]cdp.SiteScript, error)
}

// Config is what a Handler is made of. Capturer and Projects are required.
type Config struct {
	Capturer Capturer
	Projects Projects
	Sites    Sites // nil: no function runs in a site
	// MaxBody is DefaultMaxBody when 0.
	MaxBody int
	// Borrows tells that the Capturer keeps nothing of what the events hold
	// either, so that their memory serves the next request.
	Borrows bool
	// AcceptUnknown answers 200 to tokens of no project and drops their
	// events, as PostHog does; else they are refused with 401.
	AcceptUnknown bool
	Now           func() time.Time // time.Now when nil
	// NewUUID makes the UUIDs of events that came without; version 7 by
	// default.
	NewUUID func() string
	Log     *slog.Logger // slog.Default when nil
}

// Handler answers SDKs.
type Handler struct {
	c      Config
	tokens *tokens
	rooms  sync.Pool
	sites  *siteApps
	log    *slog.Logger
}

// New makes a Handler and refuses what is missing.
func New(c Config) (*Handler, error) {
	if c.Capturer == nil || c.Projects == nil {
		return nil, errors.New("capture: a capturer and projects are required")
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewUUID == nil {
		c.NewUUID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Handler{c: c, tokens: newTokens(c.Projects, c.Now), sites: newSiteApps(c.Sites, c.Now), log: c.Log}, nil
}

// CORS mirrors the origin and the asked headers, on every answer, and answers
// pre-flights.
func (h *Handler) CORS(c *fiber.Ctx) error {
	if origin := c.Get(fiber.HeaderOrigin); origin != "" {
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
		c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST, OPTIONS")
		if asked := c.Get(fiber.HeaderAccessControlRequestHeaders); asked != "" {
			c.Set(fiber.HeaderAccessControlAllowHeaders, asked)
		}
		c.Vary(fiber.HeaderOrigin)
	}
	switch c.Method() {
	case fiber.MethodOptions:
		return ok(c)
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodPost:
		return c.Next()
	}
	return fiber.ErrMethodNotAllowed
}

// Capture stores the events of one request.
func (h *Handler) Capture(c *fiber.Ctx) error {
	err := h.capture(c)
	var refused *refusal
	switch {
	case err == nil:
		if c.Query("beacon") == "1" {
			return c.SendStatus(fiber.StatusNoContent)
		}
		return ok(c)
	case errors.As(err, &refused):
		h.log.Debug("capture refused", "request", session.RequestID(c), "status", refused.status, "reason", refused.text)
	default:
		refused = h.failed(c, err)
	}
	if refused.retry {
		c.Set(fiber.HeaderRetryAfter, "1")
	}
	return c.Status(refused.status).SendString(refused.text)
}

// failed turns an error of the Capturer or the database into an answer that
// makes SDKs try again.
func (h *Handler) failed(c *fiber.Ctx, err error) *refusal {
	var e *cdp.Error
	if errors.As(err, &e) && e.Code == cdp.TooMany {
		return &refusal{status: fiber.StatusTooManyRequests, text: "rate limited", retry: true}
	}
	h.log.Error("events were not stored", "request", session.RequestID(c), "error", err)
	return &refusal{status: fiber.StatusServiceUnavailable, text: "transient error, please retry", retry: true}
}

func (h *Handler) capture(c *fiber.Ctx) error {
	now := h.c.Now().UTC()
	in := request{
		body:        c.Request().Body(),
		contentType: string(c.Request().Header.ContentType()),
		encoding:    c.Get(fiber.HeaderContentEncoding),
		data:        c.Query("data"),
		compression: c.Query("compression"),
		legacy:      legacy(c.Path()),
		limit:       h.c.MaxBody,
	}
	p, err := in.payload()
	if err != nil {
		return err
	}
	defer p.release()
	r, _ := h.rooms.Get().(*room)
	if r == nil {
		r = new(room)
	}
	defer h.leave(r)
	read, err := readInto(r.raws, p.text, trimSlash(c.Path()) == "/engage")
	if err != nil {
		return err
	}
	r.raws = read.events
	if read.sentAt.IsZero() {
		read.sentAt = clientClock(c.Query("_"), c.Query("sent_at"))
	}
	token, err := read.tokenOf()
	if err != nil {
		return err
	}
	project, err := h.tokens.find(c.UserContext(), token)
	if cdp.HasCode(err, cdp.NotFound) {
		if h.c.AcceptUnknown {
			return nil
		}
		return badToken("unknown")
	}
	if err != nil {
		return fmt.Errorf("project of the token: %w", err)
	}
	b := builder{project: project, now: now, sentAt: read.sentAt, ip: session.From(c).IP, newUUID: h.c.NewUUID, historical: read.historical}
	if h.c.Borrows {
		b.borrows, b.buf, b.made = true, r.text, r.events
	}
	events, err := b.events(read.events)
	if h.c.Borrows {
		r.text, r.events = b.buf, events
	}
	if err != nil || len(events) == 0 {
		return err
	}
	return h.c.Capturer.Capture(c.UserContext(), events)
}

// Recording takes session recordings, which Hogpen does not keep, so that
// SDKs do not try again.
func (h *Handler) Recording(c *fiber.Ctx) error { return ok(c) }

func ok(c *fiber.Ctx) error {
	c.Status(fiber.StatusOK)
	c.Response().Header.SetContentType("application/json")
	c.Response().SetBodyString(`{"status":"Ok"}`)
	return nil
}

// legacy tells the paths whose payload may be wrapped in base64 once more.
func legacy(path string) bool {
	switch trimSlash(path) {
	case "/e", "/capture", "/engage", "/track":
		return true
	}
	return false
}

func trimSlash(path string) string {
	if len(path) > 1 && path[len(path)-1] == '/' {
		return path[:len(path)-1]
	}
	return path
}

// clientClock reads the query's "_" or "sent_at": the client's clock in
// milliseconds. Seconds would be in 1970, so anything up to 2020 is ignored,
// and so is what is no number.
func clientClock(values ...string) time.Time {
	for _, v := range values {
		ms, err := strconv.ParseInt(v, 10, 64)
		if err != nil || ms > 253_402_300_799_999 {
			continue
		}
		if t := time.UnixMilli(ms).UTC(); t.Year() > 2020 {
			return t
		}
	}
	return time.Time{}
}

// refusal is an answer to a bad request.
type refusal struct {
	status int
	text   string
	retry  bool
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, text: fmt.Sprintf(format, args...)}
}

func undecodable(why string) error {
	return refuse(fiber.StatusBadRequest, "failed to decode request: %s", why)
}

func badToken(reason string) error {
	return refuse(fiber.StatusUnauthorized, "API key is not valid: %s", reason)
}

func tooLarge(format string, args ...any) error {
	return refuse(fiber.StatusRequestEntityTooLarge, "maximum event size exceeded: "+format, args...)
}
