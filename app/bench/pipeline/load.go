package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

const connections = 32

// receiver is the local sink of all servers. It notes when each event came.
type receiver struct {
	server *fasthttp.Server
	addr   string
	slow   atomic.Int64 // nanoseconds that an answer takes

	mu      sync.Mutex
	arrived map[int]time.Time
	faults  []string
	want    int
	done    chan struct{}
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{addr: l.Addr().String()}
	r.expect(0)
	r.server = &fasthttp.Server{Handler: r.take, NoDefaultDate: true, NoDefaultServerHeader: true}
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

func (r *receiver) close() { _ = r.server.Shutdown() }

func (r *receiver) url() string { return "http://" + r.addr + "/hook" }

func (r *receiver) take(c *fasthttp.RequestCtx) {
	now := time.Now()
	body := c.PostBody()
	n := numberOf(body)
	wrong := ""
	if n < 0 {
		wrong = "a body without a number arrived"
	} else if f := fault(n, body); f != "" {
		wrong = fmt.Sprintf("event %d: %s", n, f)
	}
	if d := r.slow.Load(); d > 0 {
		time.Sleep(time.Duration(d))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.arrived[n]; again && wrong == "" {
		wrong = fmt.Sprintf("event %d came twice", n)
	}
	if wrong != "" && len(r.faults) < 5 {
		r.faults = append(r.faults, wrong)
	}
	r.arrived[n] = now
	if len(r.arrived) == r.want {
		close(r.done)
	}
}

// expect begins a round of n deliveries.
func (r *receiver) expect(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrived, r.faults, r.want, r.done = make(map[int]time.Time, n), nil, n, make(chan struct{})
}

// wait returns once all deliveries of the round are there.
func (r *receiver) wait(ctx context.Context, patience time.Duration) error {
	r.mu.Lock()
	done := r.done
	r.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patience):
		r.mu.Lock()
		defer r.mu.Unlock()
		return fmt.Errorf("%d of %d deliveries arrived", len(r.arrived), r.want)
	}
}

// check reports what went wrong in the round: numbers from first to first+n.
func (r *receiver) check(first, n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.arrived {
		if i < first || i >= first+n || i%onePasses != 0 {
			r.faults = append(r.faults, fmt.Sprintf("event %d should not have come", i))
			break
		}
	}
	if len(r.arrived) != r.want {
		r.faults = append(r.faults, fmt.Sprintf("%d deliveries, want %d", len(r.arrived), r.want))
	}
	if len(r.faults) > 0 {
		return fmt.Errorf("deliveries: %v", r.faults)
	}
	return nil
}

// load is what came of posting a round.
type load struct {
	acks  []time.Duration // how long each request waited for its answer
	acked []time.Time     // when, by request
	took  time.Duration   // until the last answer
}

// post sends the requests over 32 connections; with a rate above 0, so many a
// second at even steps, else each connection as fast as it is answered.
func post(ctx context.Context, url string, reqs [][]byte, rate float64) (load, error) {
	client := &fasthttp.Client{MaxConnsPerHost: connections, ReadTimeout: time.Minute, WriteTimeout: time.Minute, NoDefaultUserAgentHeader: true}
	defer client.CloseIdleConnections()
	out := load{acks: make([]time.Duration, len(reqs)), acked: make([]time.Time, len(reqs))}
	var next atomic.Int64
	began := time.Now()
	var wg sync.WaitGroup
	fails := make(chan error, connections)
	for range connections {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(reqs) {
					return
				}
				if rate > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(float64(i) / rate * float64(time.Second)))))
				}
				at := time.Now()
				if err := post1(client, url, reqs[i]); err != nil {
					fails <- err
					return
				}
				out.acked[i] = time.Now()
				out.acks[i] = out.acked[i].Sub(at)
			}
		})
	}
	wg.Wait()
	out.took = time.Since(began)
	close(fails)
	var errs []error
	for err := range fails {
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

func post1(client *fasthttp.Client, url string, body []byte) error {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(url)
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/json")
	req.SetBodyRaw(body)
	if err := client.Do(req, res); err != nil {
		return fmt.Errorf("post events: %w", err)
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return fmt.Errorf("post events: status %d: %s", res.StatusCode(), res.Body())
	}
	return nil
}

// quantile gives the q-th part of durations.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(int(q*float64(len(s))), len(s)-1)]
}
