package executor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hogpen/cdp"
	"hogpen/engine/fetch"
	"hogpen/hog/vm"
)

// maxValue bounds, in bytes, what a program hands on: inputs, requests, events.
// It is as much as an event may bring along.
const maxValue = 20 << 20

// usualBody is room for most bodies that programs send.
const usualBody = 4 << 10

// maxDetail bounds the part of an answer that a log line repeats.
const maxDetail = 1000

// retried are the statuses after which a request is repeated.
var retried = map[int]bool{408: true, 429: true, 500: true, 502: true, 503: true, 504: true}

// attempt is what one try of a fetch gave.
type attempt struct {
	response fetch.Response
	failure  *fetch.Error // nil when there is a response
}

func (a attempt) status() string {
	if a.failure != nil {
		return "(none)"
	}
	return strconv.Itoa(a.response.Status)
}

func (a attempt) failing() bool { return a.failure != nil || a.response.Status >= 400 }

func (a attempt) mayRetry() bool {
	if a.failure != nil {
		return a.failure.Retryable()
	}
	return retried[a.response.Status]
}

// detail is the reason as the log tells it.
func (a attempt) detail() string {
	if a.failure != nil {
		return a.failure.Detail
	}
	text, _ := cut(strings.ToValidUTF8(string(a.response.Body), "\ufffd"), maxDetail)
	return text
}

func (a attempt) kind() string {
	switch {
	case a.failure != nil && a.failure.Timeout():
		return "timeout"
	case a.failure != nil || a.response.Status >= 500:
		return "http_5xx"
	}
	return "http_4xx"
}

// fetch makes the next attempt of the pending fetch. Its answer is a value for
// the program, or a pause after which the same request is made again.
func (r *run) fetch(ctx context.Context, args []vm.Value) (reply, error) {
	if len(args) > 1 && !vm.Fits(args[1], maxValue) {
		r.inv.Attempt++
		return r.judge(attempt{failure: &fetch.Error{Name: fetch.InvalidRequestError, Detail: fmt.Sprintf("Request exceeds the limit of %d bytes", maxValue)}}), nil
	}
	req := request(args)
	if r.trial != nil && r.trial.mock {
		return reply{value: r.trial.mockFetch(r, req, args)}, nil
	}
	if blocked := r.guardLoop(&req); blocked {
		return r.settle(attempt{failure: &fetch.Error{Name: fetch.SecureRequestError, Detail: loopError}}), nil
	}
	r.inv.Attempt++
	r.attempts = max(r.attempts, r.inv.Attempt)
	began := time.Now()
	resp, err := r.x.cfg.Fetch(ctx, req)
	took := time.Since(began)
	r.async += took
	r.timings = append(r.timings, Timing{Fetch: true, Took: took})
	got := attempt{response: resp}
	if err != nil {
		own, ok := fetch.AsError(err)
		if !ok || errors.Is(err, fetch.ErrInterrupted) {
			return reply{}, fmt.Errorf("fetch of invocation %s: %w", r.inv.ID, err)
		}
		got.failure = own
	}
	if r.trial != nil {
		r.trial.record(r, req, got, r.inv.Attempt, took)
	}
	return r.judge(got), nil
}

// judge decides what an attempt means: try again later, or answer the program.
func (r *run) judge(got attempt) reply {
	if !got.failing() {
		return r.settle(got)
	}
	excused := got.failure == nil && r.plan.excuses(r.inputs, got.response.Status)
	again := !excused && got.mayRetry() && r.inv.Attempt < r.x.cfg.Attempts
	level, text := cdp.LevelError, fmt.Sprintf("HTTP fetch failed on attempt %d with status code %s.", r.inv.Attempt, got.status())
	if excused {
		level = cdp.LevelInfo
	}
	if d := got.detail(); d != "" {
		text += " Error: " + d + "."
	}
	if again {
		text += " Retrying."
	}
	r.journal.add(level, text)
	if again {
		return reply{wait: r.delay(got), again: true}
	}
	if !excused && r.inv.FetchError == "" {
		r.inv.FetchError, r.kind = cutBytes(r.journal.clean(text), maxErrorText), got.kind()
		r.hopeful = got.mayRetry()
	}
	return r.settle(got)
}

// delay is the pause before the next attempt; the far side may ask for more.
func (r *run) delay(got attempt) time.Duration {
	d := r.x.cfg.Backoff(r.inv.Attempt)
	if asked := retryAfter(got.response.Headers["retry-after"], r.x.now()); asked > d {
		d = min(asked, maxRetryAfter)
	}
	return max(d, time.Millisecond)
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return time.Duration(min(max(n, 0), 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(s); err == nil {
		return at.Sub(now)
	}
	return 0
}

// settle gives the program its answer: status, body and headers. When there
// was no response the status is 500 and the body says why.
func (r *run) settle(got attempt) reply {
	r.fetches++
	answer := vm.NewDict(3)
	if got.failure != nil {
		answer.Set("status", vm.Int(500))
		answer.Set("body", vm.String(got.failure.Error()))
		answer.Set("headers", vm.NewDict(0))
		return reply{value: answer}
	}
	headers := vm.NewDict(len(got.response.Headers))
	for _, name := range sortedKeys(got.response.Headers) {
		headers.Set(name, vm.String(got.response.Headers[name]))
	}
	answer.Set("status", vm.Int(got.response.Status))
	answer.Set("body", parseBody(got.response.Body))
	answer.Set("headers", headers)
	return reply{value: answer}
}

// parseBody reads JSON where the text is JSON.
func parseBody(body []byte) vm.Value {
	if len(body) > 0 {
		if v, err := vm.ParseJSON(body, vm.JSONOptions{Ordered: true}); err == nil {
			return v
		}
	}
	return vm.String(strings.ToValidUTF8(string(body), "\ufffd"))
}

// request reads the arguments of a fetch (runtime specification 6.2).
func request(args []vm.Value) fetch.Request {
	req := fetch.Request{Method: "POST"}
	if len(args) > 0 {
		req.URL = args[0].Text()
	}
	var options vm.Value
	if len(args) > 1 {
		options = args[1]
	}
	if m := options.Path("method"); m.IsString() && m.Text() != "" {
		req.Method = strings.ToUpper(m.Text())
	}
	req.Headers = requestHeaders(options)
	if req.Method == http.MethodGet || req.Method == http.MethodHead {
		return req
	}
	switch body := options.Path("body"); {
	case body.IsString():
		req.Body = []byte(body.Text())
	case body.Truthy():
		req.Body = vm.AppendJSON(make([]byte, 0, usualBody), body)
	}
	return req
}

// requestHeaders are what the program gave, else the content type JSON.
func requestHeaders(options vm.Value) map[string]string {
	given, _ := options.Get("headers")
	if given.IsNull() {
		return map[string]string{"Content-Type": "application/json"}
	}
	headers := map[string]string{}
	keys, vals := given.Entries()
	for i, k := range keys {
		if k.IsString() && vals[i].IsString() {
			headers[k.Text()] = vals[i].Text()
		}
	}
	return headers
}

// excuses reports whether a status is one that an input of type
// non_failure_status_codes lists: a number, or 4xx or 5xx.
func (p *inputPlan) excuses(inputs vm.Value, status int) bool {
	if p.nonFailureKey == "" {
		return false
	}
	list, _ := inputs.Get(p.nonFailureKey)
	for i := range list.Len() {
		v := list.At(i)
		switch {
		case v.IsNumber() && int(v.Num()) == status:
			return true
		case v.IsString() && strings.EqualFold(v.Text(), strconv.Itoa(status/100)+"xx"), v.Text() == strconv.Itoa(status):
			return true
		}
	}
	return false
}
