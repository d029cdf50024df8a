package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"hogpen/app/bench/api/rows"
)

// single is a question to Hogpen alone, one request at a time.
type single struct {
	name, method, path string
	body               func(i int) string // nil is none
	large              bool               // asked of the Hogpen with many rows
	worst              time.Duration      // goal for the median
	median             time.Duration      // of the least disturbed round
	cost               time.Duration      // processor time of an answer, on average
}

// terms are searches of every kind: with many hits, one, none; with none but
// similar ones; as short and as long as may be.
func terms() map[string]string {
	return map[string]string{
		"common": rows.Common, "rare": rows.Rare, "none": rows.None, "typing errors": "recevier nmuber 7777",
		"one letter": "e", "many hits": "receiver number", "200 characters": strings.Repeat("send signup ", 17)[:200],
	}
}

// kinds are the terms' names in the order of the table.
func kinds() []string {
	return []string{"common", "rare", "none", "typing errors", "one letter", "many hits", "200 characters"}
}

func (b *bench) singleQuestions() []single {
	const ms = time.Millisecond
	contained := url.QueryEscape(`{"events":[{"id":"signup"}]}`)
	nowhere := url.QueryEscape(`{"events":[{"id":"nowhere"}]}`)
	function := "/api/projects/1/hog_functions/" + b.ours.some + "/"
	out := []single{
		{name: "retrieve", method: "GET", path: function, worst: 2 * ms},
		{name: "PATCH, program and inputs compiled", method: "PATCH", path: function, worst: 2 * ms, body: func(i int) string {
			return fmt.Sprintf(`{"hog":"// %d\n%s","inputs":%s}`, i, strings.ReplaceAll(rows.Hog, "\n", `\n`), webhookInputs)
		}},
		{name: "filters, in every row", method: "GET", path: ourList + "&filters=" + contained, worst: 2 * ms},
		{name: "filters, nowhere", method: "GET", path: ourList + "&filters=" + nowhere, worst: 2 * ms},
	}
	for _, kind := range kinds() {
		out = append(out, single{name: "search, " + kind, method: "GET", path: ourSearch(terms()[kind]), worst: 2 * ms})
	}
	if b.large == nil {
		return out
	}
	for _, kind := range kinds() {
		out = append(out, single{name: fmt.Sprintf("%d rows: search, %s", b.o.many, kind), method: "GET", path: ourSearch(terms()[kind]), large: true, worst: 5 * ms})
	}
	return out
}

// alone asks one question after the other, round by round.
func (b *bench) alone(ctx context.Context) error {
	b.singles = b.singleQuestions()
	if b.large != nil {
		if err := b.large.warm(ctx); err != nil {
			return err
		}
	}
	count := 0
	for round := range b.o.rounds + 1 {
		for i := range b.singles {
			q := &b.singles[i]
			s := b.ours
			if q.large {
				s = b.large
			}
			median, cost, err := s.median(ctx, q, &count)
			if err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			q.cost += cost / time.Duration(b.o.rounds+1)
			if round == 1 || round > 1 && median < q.median {
				q.median = median
			}
		}
		fmt.Fprintf(os.Stderr, "alone, round %d of %d\n", round, b.o.rounds)
	}
	return nil
}

// median is that of 41 answers, with the processor time of one.
func (s *server) median(ctx context.Context, q *single, count *int) (median, cost time.Duration, err error) {
	const times = 41
	before, err := s.CPU()
	if err != nil {
		return 0, 0, err
	}
	client := &fasthttp.Client{MaxConnsPerHost: 1, NoDefaultUserAgentHeader: true}
	defer client.CloseIdleConnections()
	var took []time.Duration
	for range times {
		body := ""
		if *count++; q.body != nil {
			body = q.body(*count)
		}
		at := time.Now()
		if _, err := s.ask(client, q.method, q.path, body); err != nil {
			return 0, 0, err
		}
		took = append(took, time.Since(at))
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
	}
	after, err := s.CPU()
	return quantile(took, 0.5), (after - before) / times, err
}

// warm asks for a list until there is one: the first reads all rows, which may
// take longer on a busy machine than a request may.
func (s *server) warm(ctx context.Context) (err error) {
	client := &fasthttp.Client{MaxConnsPerHost: 1, NoDefaultUserAgentHeader: true}
	defer client.CloseIdleConnections()
	for range 10 {
		if _, err = s.ask(client, "GET", ourList, ""); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}
