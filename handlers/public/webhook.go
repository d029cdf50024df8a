package public

import (
	"encoding/json"
	"errors"
	"mime"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"hogpen/cdp"
	"hogpen/web/respond"
	"hogpen/web/session"
)

// hidden are headers that tell of proxies and browsers, not of the request.
var hidden = []string{
	"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "cookie", "x-csrftoken",
	"proxy-authorization", "referer", "forwarded", "x-real-ip", "true-client-ip",
}

// webhookMethods are the methods that reach a function.
var webhookMethods = []string{
	fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete,
}

// CORS lets any site's scripts call a webhook, and answers pre-flights.
func (h *Handler) CORS(c *fiber.Ctx) error {
	if origin := c.Get(fiber.HeaderOrigin); origin != "" {
		c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
		c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
		c.Set(fiber.HeaderAccessControlAllowMethods, strings.Join(webhookMethods, ", ")+", OPTIONS")
		if asked := c.Get(fiber.HeaderAccessControlRequestHeaders); asked != "" {
			c.Set(fiber.HeaderAccessControlAllowHeaders, asked)
		}
		c.Vary(fiber.HeaderOrigin)
	}
	if c.Method() == fiber.MethodOptions {
		return c.SendStatus(fiber.StatusOK)
	}
	return c.Next()
}

// Webhook gives a request to a source webhook and sends back its answer. The
// address may end with a file extension, which says nothing (runtime
// specification 11.1).
func (h *Handler) Webhook(c *fiber.Ctx) error {
	name, _, _ := strings.Cut(strings.TrimSuffix(c.Params("*"), "/"), ".")
	id, err := uuid.Parse(name)
	if err != nil || len(name) != 36 || h.c.Webhooks == nil || !slices.Contains(webhookMethods, c.Method()) {
		return refuse(c, fiber.StatusNotFound, "Not found")
	}
	if len(c.Request().Body()) > cdp.MaxWebhookBody {
		return refuse(c, fiber.StatusRequestEntityTooLarge, "Request entity too large")
	}
	reply, err := h.c.Webhooks.Webhook(c.UserContext(), requestOf(c, cdp.FunctionID(id.String())))
	if err != nil {
		return h.failed(c, err)
	}
	if reply.Own {
		c.Set("X-Content-Type-Options", "nosniff")
		c.Set("Content-Security-Policy", "default-src 'none'")
	}
	if reply.Invocation != "" {
		c.Set("X-Hogpen-Invocation-Id", string(reply.Invocation))
	}
	if strings.HasPrefix(reply.ContentType, "text/") {
		reply.ContentType += "; charset=utf-8"
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(reply.Status)
	c.Response().Header.SetContentType(reply.ContentType)
	c.Response().SetBodyRaw(reply.Body)
	return nil
}

func refuse(c *fiber.Ctx, status int, why string) error {
	return respond.JSON(c, status, fiber.Map{"error": why})
}

// failed answers an error of the engine. Our own go to the log, but for a full
// queue, of which the engine tells itself.
func (h *Handler) failed(c *fiber.Ctx, err error) error {
	var e *cdp.Error
	if errors.As(err, &e) {
		switch e.Code {
		case cdp.NotFound:
			return refuse(c, fiber.StatusNotFound, e.Message)
		case cdp.TooMany:
			return refuse(c, fiber.StatusTooManyRequests, e.Message)
		case cdp.Unavailable:
			h.c.Log.Error("a webhook was not stored", "request", session.RequestID(c), "error", e.Cause)
			c.Set(fiber.HeaderRetryAfter, "1")
			return refuse(c, fiber.StatusServiceUnavailable, "Internal error")
		}
	}
	h.c.Log.Error("a webhook failed", "request", session.RequestID(c), "error", err)
	return refuse(c, fiber.StatusInternalServerError, "Internal error")
}

// requestOf reads a request as programs see it.
func requestOf(c *fiber.Ctx, id cdp.FunctionID) cdp.WebhookRequest {
	r := cdp.WebhookRequest{
		Function: id, Method: c.Method(), IP: session.From(c).IP, Headers: map[string]string{}, Query: map[string]string{},
		Text: string(c.Request().Body()),
	}
	for key, value := range c.Request().Header.All() {
		name := strings.ToLower(string(key))
		if _, twice := r.Headers[name]; !twice && !slices.Contains(hidden, name) {
			r.Headers[name] = string(value)
		}
	}
	for key, value := range c.Request().URI().QueryArgs().All() {
		if before, twice := r.Query[string(key)]; twice {
			r.Query[string(key)] = before + "," + string(value)
		} else {
			r.Query[string(key)] = string(value)
		}
	}
	r.Body = bodyOf(c)
	return r
}

// bodyOf gives a form's fields as an object, and all else as it came if that
// is JSON; else {}.
func bodyOf(c *fiber.Ctx) json.RawMessage {
	kind, _, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	fields := map[string]any{}
	add := func(key string, values []string) {
		if len(values) == 1 {
			fields[key] = values[0]
		} else {
			fields[key] = values
		}
	}
	switch kind {
	case fiber.MIMEApplicationForm:
		all := map[string][]string{}
		for k, v := range c.Request().PostArgs().All() {
			all[string(k)] = append(all[string(k)], string(v))
		}
		for k, v := range all {
			add(k, v)
		}
	case fiber.MIMEMultipartForm:
		if form, err := c.MultipartForm(); err == nil {
			for k, v := range form.Value {
				add(k, v)
			}
		}
	default:
		if raw := c.Request().Body(); json.Valid(raw) {
			return json.RawMessage(raw)
		}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return json.RawMessage("{}")
	}
	return raw
}
