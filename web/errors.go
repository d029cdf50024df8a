package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hogpen/cdp"
	"hogpen/views/pages"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// Problem is an error as a caller reads it.
type Problem struct {
	Status int
	// Type, Code and Attr are PostHog's members of an error (REST API
	// specification 3.1).
	Type string
	Code string
	Attr string
	// Detail is one sentence for programs, Text one for people.
	Detail string
	Text   string
	// RequestID leads to the cause in the server's log.
	RequestID string
	// RetryAfter is the pause to keep; 0 when there is none.
	RetryAfter time.Duration
}

// row is what the code of a cdp.Error becomes.
type row struct {
	status int
	kind   string // PostHog's type
	code   string // PostHog's code, where the error has none of its own
}

// table is the one place where codes become statuses. People get 422 instead
// of 400, as htmx and browsers tell a form with faults from a bad request.
func table(code cdp.Code) row {
	switch code {
	case cdp.Invalid:
		return row{fiber.StatusBadRequest, "validation_error", "invalid_input"}
	case cdp.NotFound:
		return row{fiber.StatusNotFound, "invalid_request", "not_found"}
	case cdp.Conflict:
		return row{fiber.StatusConflict, "server_error", "conflict"}
	case cdp.Forbidden:
		return row{fiber.StatusForbidden, "authentication_error", "permission_denied"}
	case cdp.Unsigned:
		return row{fiber.StatusUnauthorized, "authentication_error", "not_authenticated"}
	case cdp.TooLarge:
		return row{fiber.StatusRequestEntityTooLarge, "invalid_request", "request_too_large"}
	case cdp.TooMany:
		return row{fiber.StatusTooManyRequests, "throttled_error", "throttled"}
	case cdp.Unavailable:
		return row{fiber.StatusServiceUnavailable, "server_error", "unavailable"}
	}
	return row{fiber.StatusInternalServerError, "server_error", "error"}
}

// byAPICode are the codes whose status and type are not those of Invalid.
var byAPICode = map[string]row{
	"parse_error":            {fiber.StatusBadRequest, "invalid_request", "parse_error"},
	"unsupported_media_type": {fiber.StatusUnsupportedMediaType, "invalid_request", "unsupported_media_type"},
}

// onError is the one door through which errors leave. A cdp.Error tells the
// caller what is wrong; any other error says that something went wrong and
// under which ID its cause stands in the log.
func (s *Server) onError(c *fiber.Ctx, err error) error {
	if session.RequestID(c) == "" {
		s.broken(c)
		defer func() { s.meter.observe(c, 0) }()
	}
	p := problem(c, err)
	s.note(c, p, err)
	c.Response().ResetBody()
	if p.RetryAfter > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(seconds(p.RetryAfter)))
	}
	switch callerOf(c) {
	case sdk:
		return plain(c, p)
	case program, stranger:
		return forProgram(c, p)
	}
	return s.forPerson(c, p)
}

// note writes our own failures to the log, with their cause.
func (s *Server) note(c *fiber.Ctx, p Problem, err error) {
	args := []any{"request", p.RequestID, "method", c.Method(), "path", c.Path(), "status", p.Status, "error", err}
	var panicked *panicked
	switch {
	case errors.As(err, &panicked):
		s.log.Error("request panicked", append(args, "stack", string(panicked.stack))...)
	case p.Status >= 500:
		var e *cdp.Error
		if errors.As(err, &e) && e.Cause != nil {
			args = append(args, "cause", e.Cause)
		}
		s.log.Error("request failed", args...)
	default:
		s.log.Debug("request refused", args...)
	}
}

// problem reads an error.
func problem(c *fiber.Ctx, err error) Problem {
	p := Problem{RequestID: session.RequestID(c)}
	var ours *cdp.Error
	var fibers *fiber.Error
	switch {
	case errors.As(err, &ours):
		p.read(ours)
	case errors.As(err, &fibers):
		p.readFiber(c, fibers.Code)
	case errors.Is(err, context.DeadlineExceeded):
		p.read(&cdp.Error{Code: cdp.Unavailable, Message: "The server took too long to answer. Try again in a moment."})
	default:
		p.Status, p.Type, p.Code = fiber.StatusInternalServerError, "server_error", "error"
		p.Detail = "A server error occurred."
		p.Text = "Hogpen could not do this. The cause is in the server's log under " + p.RequestID + "."
	}
	return p
}

func (p *Problem) read(e *cdp.Error) {
	r := table(e.Code)
	if special, ok := byAPICode[e.APICode]; ok && e.Code == cdp.Invalid {
		r = special
	}
	p.Status, p.Type, p.Code = r.status, r.kind, r.code
	if e.APICode != "" {
		p.Code = e.APICode
	}
	p.Attr, p.Detail, p.Text = e.Field.String(), e.Message, e.Message
	var forged *session.Forged
	if errors.As(e.Cause, &forged) {
		p.Detail = forged.Error()
	}
	var wait interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(e.Cause, &wait):
		p.RetryAfter = wait.RetryAfter()
	case e.Code == cdp.Unavailable, e.Code == cdp.TooMany:
		p.RetryAfter = time.Second
	}
}

// readFiber puts the framework's errors in our words; its own may repeat
// bytes of the request.
func (p *Problem) readFiber(c *fiber.Ctx, status int) {
	p.Status, p.Type, p.Code = status, "invalid_request", "invalid_request"
	switch status {
	case fiber.StatusNotFound:
		p.Code, p.Detail, p.Text = "not_found", "Endpoint not found.", "There is no such page."
	case fiber.StatusMethodNotAllowed:
		p.Code, p.Detail = "method_not_allowed", fmt.Sprintf("Method %q not allowed.", c.Method())
		p.Text = "This page does not take such a request."
	case fiber.StatusRequestEntityTooLarge:
		p.Code, p.Detail, p.Text = "request_too_large", "The request is too large.", "What was sent is too large."
	case fiber.StatusRequestTimeout:
		p.Detail, p.Text = "The request took too long to arrive.", "The request took too long to arrive. Try again."
	case fiber.StatusRequestHeaderFieldsTooLarge:
		p.Detail, p.Text = "The request's headers are too large.", "The request's headers are too large. Clear this site's cookies and try again."
	default:
		if status >= 500 {
			p.Type, p.Code = "server_error", "error"
			p.Detail = "A server error occurred."
			p.Text = "Hogpen could not do this. The cause is in the server's log under " + p.RequestID + "."
			return
		}
		p.Detail, p.Text = "Bad request.", "The server did not understand this request."
	}
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// plain is how SDKs read errors.
func plain(c *fiber.Ctx, p Problem) error {
	text := p.Detail
	if p.Status == fiber.StatusRequestEntityTooLarge {
		text = fmt.Sprintf("maximum event size exceeded: %s", p.Detail)
	}
	if p.Status >= 500 {
		c.Set(fiber.HeaderRetryAfter, "1")
		p.Status, text = fiber.StatusServiceUnavailable, "transient error, please retry"
	}
	return c.Status(p.Status).SendString(text)
}

// errorJSON is PostHog's error, whose four members are always there.
type errorJSON struct {
	Type   string  `json:"type"`
	Code   string  `json:"code"`
	Detail string  `json:"detail"`
	Attr   *string `json:"attr"`
}

func forProgram(c *fiber.Ctx, p Problem) error {
	e := errorJSON{Type: p.Type, Code: p.Code, Detail: p.Detail}
	if p.Attr != "" && p.Attr != "non_field_errors" {
		e.Attr = &p.Attr
	}
	if p.Status == fiber.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	c.Status(p.Status)
	c.Response().Header.SetContentType("application/json")
	c.Response().SetBodyRaw(b)
	return nil
}

// forPerson shows a page, or to htmx a toast that leaves the target as it
// is. Whoever is not signed in goes to the sign-in page and comes back.
func (s *Server) forPerson(c *fiber.Ctx, p Problem) error {
	if p.Code == "invalid_input" && p.Status == fiber.StatusBadRequest {
		p.Status = fiber.StatusUnprocessableEntity
	}
	if p.Status == fiber.StatusUnauthorized && p.Code == "not_authenticated" {
		return signInFirst(c)
	}
	c.Status(p.Status)
	if respond.Partial(c) {
		return respond.ErrorToast(c, p.Text)
	}
	f := respond.Failure{Status: p.Status, Text: p.Text, RequestID: p.RequestID}
	show := s.c.ErrorPage
	if show == nil {
		show = errorFrame
	}
	err := guarded(show, c, f)
	if err == nil {
		return nil
	}
	// An error page that cannot be rendered must not loop.
	s.log.Error("error page failed", "request", p.RequestID, "error", err)
	c.Response().ResetBody()
	return respond.Bare(c.Status(p.Status), f)
}

// guarded shows an error page and makes an error of a panic: what recovers
// panics of handlers stands below this.
func guarded(show func(*fiber.Ctx, respond.Failure) error, c *fiber.Ctx, f respond.Failure) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return show(c, f)
}

// errorFrame is the error page without the shell, which needs no reader.
func errorFrame(c *fiber.Ctx, f respond.Failure) error {
	d := pages.ErrorData{Status: f.Status, Text: f.Text}
	if f.Status >= 500 {
		d.ID = f.RequestID
	}
	return respond.Page(c, pages.ErrorFrame(session.User(c).Theme, d))
}

// signInFirst sends people to the sign-in page, and says where to go after.
// A save by htmx is not repeated there, so it comes back to the page.
func signInFirst(c *fiber.Ctx) error {
	next := c.OriginalURL()
	if respond.Partial(c) {
		next = ""
		if u, err := url.Parse(c.Get("HX-Current-URL")); err == nil && u.Path != "" {
			next = u.RequestURI()
		}
	} else if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead {
		next = ""
	}
	to := "/login"
	if next != "" && next != "/" && strings.HasPrefix(next, "/") && !strings.HasPrefix(next, "//") {
		to += "?next=" + url.QueryEscape(next)
	}
	if respond.Partial(c) {
		c.Set("HX-Redirect", to)
		c.Status(fiber.StatusUnauthorized)
		return nil
	}
	return c.Redirect(to, fiber.StatusSeeOther)
}
