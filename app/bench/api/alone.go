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
	syncs              bool               // waits for a commit
	behind             *single            // asked before each, and not timed; its cost is counted
	worst              time.Duration      // goal for the median
	median             time.Duration      // of the least disturbed round
	cost               time.Duration      // processor time of an answer, on average
}

// terms are searches of every kind: with many hits, one, none; with none but
// similar ones; as short and as long as may be.
func terms() map[string]string {
	return map[string]string{
		"common": rows.Common, "rare": rows.Rare, "none": rows.None, "typing errors": "recevier nmuber 7777",
		"one letter": "e", "a letter of none": "q", "many hits": "receiver number", "in every description": "customer service",
		"200 characters": strings.Repeat("send signup ", 17)[:200], "a long text, nearly": nearly[:200],
	}
}

// kinds are the terms' names in the order of the table.
func kinds() []string {
	return []string{"common", "rare", "none", "typing errors", "one letter", "a letter of none", "many hits", "in every description", "200 characters", "a long text, nearly"}
}

// nearly is nearly a description and a name.
const nearly = "Tells acount 7 of the custmer service about each sigup, when the plan is payed and the person has an adress; send signup to " +
	"reciever number, tells the customer service about each checkout when the trial ends"

func (b *bench) singleQuestions() []single {
	const ms = time.Millisecond
	contained := url.QueryEscape(`{"events":[{"id":"signup"}]}`)
	nowhere := url.QueryEscape(`{"events":[{"id":"nowhere"}]}`)
	of := func(s *server) []single {
		function := "/api/projects/1/hog_functions/" + s.some + "/"
		patch := single{name: "PATCH, program and inputs compiled", method: "PATCH", path: function, worst: 2 * ms, syncs: true, body: func(i int) string {
			return fmt.Sprintf(`{"hog":"// %d\n%s","inputs":%s}`, i, strings.ReplaceAll(rows.Hog, "\n", `\n`), webhookInputs)
		}}
		out := []single{
			{name: "list of 25, with count", method: "GET", path: ourList, worst: 2 * ms},
			{name: "retrieve", method: "GET", path: function, worst: 2 * ms},
			patch,
			{name: "list behind a PATCH", method: "GET", path: ourList, worst: 2 * ms, behind: &patch},
			{name: "filters, in every row", method: "GET", path: ourList + "&filters=" + contained, worst: 2 * ms},
			{name: "filters, nowhere", method: "GET", path: ourList + "&filters=" + nowhere, worst: 2 * ms},
		}
		for _, kind := range kinds() {
			out = append(out, single{name: "search, " + kind, method: "GET", path: ourSearch(terms()[kind]), worst: 2 * ms})
		}
		return out
	}
	out := of(b.ours)
	if b.large == nil {
		return out
	}
	for _, q := range of(b.large) {
		q.name, q.large, q.worst = fmt.Sprintf("%d rows: %s", b.o.many, q.name), true, 5*ms
		out = append(out, q)
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
		*count++
		if q.behind != nil {
			if _, err := s.ask(client, q.behind.method, q.behind.path, q.behind.text(*count)); err != nil {
				return 0, 0, err
			}
		}
		at := time.Now()
		if _, err := s.ask(client, q.method, q.path, q.text(*count)); err != nil {
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

// text is the i-th body.
func (q *single) text(i int) string {
	if q.body == nil {
		return ""
	}
	return q.body(i)
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
