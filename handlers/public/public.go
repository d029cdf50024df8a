// Package public answers strangers: whoever watches over the server (health,
// readiness, metrics), and whoever posts to a source webhook. Nothing here needs
// a sign-in, so nothing here tells more than that the server lives, and what
// the program of a webhook wants to tell.
package public

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hogpen/cdp"
	"hogpen/web/respond"
)

// readyWithin bounds the checks of readiness.
const readyWithin = 5 * time.Second

// Webhooks runs source webhooks; the engine is one. Its errors are told apart
// by their code: NotFound, TooMany, Unavailable.
type Webhooks interface {
	Webhook(ctx context.Context, r cdp.WebhookRequest) (cdp.WebhookReply, error)
}

// Config is what a Handler is made of. Ready and Metrics are required.
type Config struct {
	Version string
	// Ready gives nil when the database answers, migrations are done and the
	// queue takes work, else the reason in one sentence.
	Ready func(ctx context.Context) error
	// Metrics are what /_metrics shows.
	Metrics prometheus.Gatherer
	// Webhooks is nil where no events are taken in: then there is none.
	Webhooks Webhooks
	Log      *slog.Logger // slog.Default when nil
}

// Handler answers strangers.
type Handler struct {
	c       Config
	metrics fiber.Handler
}

// New makes a Handler and refuses what is missing.
func New(c Config) (*Handler, error) {
	if c.Ready == nil || c.Metrics == nil {
		return nil, errors.New("public: a readiness check and metrics are required")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	// Fiber's adaptor is sound for a handler that only reads and answers.
	m := adaptor.HTTPHandler(promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{}))
	return &Handler{c: c, metrics: m}, nil
}

// Health says that the process serves, and its version.
func (h *Handler) Health(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	return respond.JSON(c, fiber.StatusOK, fiber.Map{"status": "ok", "version": h.c.Version})
}

// Ready says whether the server can do its work; 503 with the reason if not.
func (h *Handler) Ready(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	ctx, cancel := context.WithTimeout(c.UserContext(), readyWithin)
	defer cancel()
	if err := h.c.Ready(ctx); err != nil {
		return respond.JSON(c, fiber.StatusServiceUnavailable, fiber.Map{"status": "unavailable", "reason": err.Error()})
	}
	return respond.JSON(c, fiber.StatusOK, fiber.Map{"status": "ready"})
}

// Metrics shows the counters in Prometheus' text form.
func (h *Handler) Metrics(c *fiber.Ctx) error { return h.metrics(c) }
