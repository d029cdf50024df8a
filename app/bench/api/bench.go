package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"hogpen/app/bench/api/rows"
)

const connections = 16

// bench is a run of everything.
type bench struct {
	o                   options
	ours, theirs, large *server
	pairs               []pair
	singles             []single
	sync                time.Duration // of one commit's pages, alone
}

// pair is a question to both servers.
type pair struct {
	name         string
	ours, theirs string  // paths
	rate         float64 // goal: times the peer's rate
	p99          float64 // goal: part of the peer's p99; 0 is none
	have, peer   best
}

// best are the least disturbed figures of a server's rounds.
type best struct {
	rate     float64 // answers a second
	p50, p99 time.Duration
	cost     time.Duration // processor time of an answer
	bytes    int           // of an answer
}

// take keeps what is better in another round.
func (b *best) take(r best) {
	if b.rate == 0 {
		*b = r
		return
	}
	b.rate = max(b.rate, r.rate)
	b.p50, b.p99, b.cost = min(b.p50, r.p50), min(b.p99, r.p99), min(b.cost, r.cost)
}

func (b *bench) stop() {
	for _, s := range []*server{b.ours, b.theirs, b.large} {
		if s != nil {
			s.Stop()
		}
	}
}

const (
	ourList   = "/api/projects/1/hog_functions/?limit=25"
	theirList = "/api/collections/" + rows.Collection + "/records?perPage=25&sort=-updated"
)

func ourSearch(term string) string { return ourList + "&search=" + url.QueryEscape(term) }

func theirSearch(term string) string {
	return theirList + "&skipTotal=1&filter=" + url.QueryEscape(fmt.Sprintf("name ~ '%s'", term))
}

func questions() []pair {
	return []pair{
		{name: "list of 25, with count", ours: ourList, theirs: theirList, rate: 6, p99: 0.25},
		{name: "search, rare term", ours: ourSearch(rows.Rare), theirs: theirSearch(rows.Rare), rate: 15},
		{name: "search, common term", ours: ourSearch(rows.Common), theirs: theirSearch(rows.Common), rate: 3},
	}
}

// sideBySide asks both servers the same, in turn.
func (b *bench) sideBySide(ctx context.Context) error {
	b.pairs = questions()
	for round := range b.o.rounds + 1 {
		for i := range b.pairs {
			p := &b.pairs[i]
			for _, ask := range []struct {
				of   *server
				path string
				into *best
			}{{b.ours, p.ours, &p.have}, {b.theirs, p.theirs, &p.peer}} {
				if ask.of == nil {
					continue
				}
				r, err := ask.of.load(ctx, ask.path, b.o.round)
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				if round > 0 { // the first is to warm up
					ask.into.take(r)
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round, b.o.rounds)
	}
	return nil
}

// load asks on all connections, each as fast as it is answered.
func (s *server) load(ctx context.Context, path string, during time.Duration) (best, error) {
	client := &fasthttp.Client{MaxConnsPerHost: connections, NoDefaultUserAgentHeader: true}
	defer client.CloseIdleConnections()
	before, err := s.CPU()
	if err != nil {
		return best{}, err
	}
	began := time.Now()
	took := make([][]time.Duration, connections)
	fails := make([]error, connections)
	size := 0
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			for time.Since(began) < during && ctx.Err() == nil {
				at := time.Now()
				n, err := s.ask(client, "GET", path, "")
				if err != nil {
					fails[i] = err
					return
				}
				took[i] = append(took[i], time.Since(at))
				if i == 0 {
					size = n
				}
			}
		})
	}
	wg.Wait()
	passed := time.Since(began)
	after, err := s.CPU()
	all := slices.Concat(took...)
	if err := errors.Join(errors.Join(fails...), err, ctx.Err()); err != nil {
		return best{}, err
	}
	if len(all) == 0 {
		return best{}, errors.New("nothing was answered")
	}
	return best{rate: float64(len(all)) / passed.Seconds(), p50: quantile(all, 0.5), p99: quantile(all, 0.99),
		cost: (after - before) / time.Duration(len(all)), bytes: size}, nil
}

// ask asks once and gives the size of the answer.
func (s *server) ask(client *fasthttp.Client, method, path, body string) (int, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(s.url + path)
	req.Header.SetMethod(method)
	for k, v := range s.header {
		req.Header.Set(k, v)
	}
	if body != "" {
		req.Header.SetContentType("application/json")
		req.SetBodyString(body)
	}
	if err := client.Do(req, res); err != nil {
		return 0, err
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return 0, fmt.Errorf("%s %s: status %d: %s", method, path, res.StatusCode(), res.Body())
	}
	return len(res.Body()), nil
}

// quantile gives the q-th part of durations.
func quantile(all []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(all))
	return s[min(int(q*float64(len(s))), len(s)-1)]
}
