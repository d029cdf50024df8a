package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// meter counts requests by kind of caller and class of status.
type meter struct {
	seconds *prometheus.HistogramVec
	// sdks are the observers of SDKs by class of status: finding one by its
	// labels takes longer than observing.
	sdks [6]atomic.Pointer[prometheus.Observer]
}

func newMeter(r prometheus.Registerer) (*meter, error) {
	m := &meter{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "hogpen_http_request_seconds",
		Help:    "Time to answer HTTP requests, by kind of caller and class of status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"caller", "status"})}
	if r == nil {
		return m, nil
	}
	if err := r.Register(m.seconds); err != nil {
		return nil, fmt.Errorf("register HTTP metrics: %w", err)
	}
	return m, nil
}

func (m *meter) observe(c *fiber.Ctx, took time.Duration) {
	k, class := callerOf(c), c.Response().StatusCode()/100
	if k != sdk || class < 0 || class >= len(m.sdks) {
		m.of(k, class).Observe(took.Seconds())
		return
	}
	at := &m.sdks[class]
	o := at.Load()
	if o == nil {
		made := m.of(k, class)
		o = &made
		at.Store(o)
	}
	(*o).Observe(took.Seconds())
}

func (m *meter) of(k kind, class int) prometheus.Observer {
	return m.seconds.WithLabelValues(string(k), strconv.Itoa(class)+"xx")
}

// kind is a kind of caller.
type kind string

const (
	sdk      kind = "sdk"
	program  kind = "api"
	stranger kind = "public"
	person   kind = "people"
)

// kindKey is where a group's middleware leaves the kind of its callers.
type kindKey struct{}

// calls marks the requests of a group.
func calls(k kind) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Locals(kindKey{}, k)
		return c.Next()
	}
}

// callerOf is the kind of caller, guessed from the path when the request
// reached no group.
func callerOf(c *fiber.Ctx) kind {
	if k, ok := c.Locals(kindKey{}).(kind); ok {
		return k
	}
	return kindOf(c.Path())
}

// kindOf guesses the kind of caller from a path.
func kindOf(path string) kind {
	switch {
	case slices.Contains(append(sdkPaths(), recordings, analytics), strings.TrimSuffix(path, "/")):
		return sdk
	case strings.HasPrefix(path, "/api/"):
		return program
	}
	return person
}
