package executor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/cdp"
	"hogpen/engine/executor"
	"hogpen/engine/fetch"
	"hogpen/hog"
)

// house is an executor with a client that may reach this machine, and a place
// that catches requests.
type house struct {
	t *testing.T
	x *executor.Executor
	// answer is what the sink does with request n, from 0.
	answer func(n int, w http.ResponseWriter)
	url    string

	mu   sync.Mutex
	seen []caught
}

type caught struct {
	method, path, contentType, body string
	headers                         http.Header
	at                              time.Time
}

func newHouse(t *testing.T, change func(*executor.Config)) *house {
	t.Helper()
	h := &house{t: t, answer: func(_ int, w http.ResponseWriter) { fmt.Fprint(w, `{"ok": true}`) }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		n := len(h.seen)
		h.seen = append(h.seen, caught{r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(body), r.Header, time.Now()})
		h.mu.Unlock()
		h.answer(n, w)
	}))
	t.Cleanup(s.Close)
	h.url = s.URL
	allow, err := fetch.ParseRules([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client := fetch.New(fetch.Config{Allow: allow, Timeout: 500 * time.Millisecond})
	t.Cleanup(client.Close)
	cfg := executor.Config{
		Fetch: client.Do, BaseURL: "https://hog.example.com/",
		Backoff: func(n int) time.Duration { return time.Duration(n) * time.Millisecond },
	}
	if change != nil {
		change(&cfg)
	}
	h.x, err = executor.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) requests() []caught {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]caught(nil), h.seen...)
}

func program(t *testing.T, src string) json.RawMessage {
	t.Helper()
	p, diags := hog.Compile(src, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	return asJSON(t, p)
}

func template(t *testing.T, text string) json.RawMessage {
	t.Helper()
	p, diags := hog.CompileTemplate(text, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", text, diags)
	}
	return asJSON(t, p)
}

func condition(t *testing.T, src string) json.RawMessage {
	t.Helper()
	p, diags := hog.CompileExpr(src, hog.Options{})
	if diags.Failed() {
		t.Fatalf("%s: %v", src, diags)
	}
	return asJSON(t, p)
}

func asJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var always = cdp.Filters{Source: "events", Bytecode: json.RawMessage(`["_H",1,29]`)}

// destination is a function with a program and inputs that are templates.
func (h *house) destination(src string, inputs ...string) *cdp.Function {
	name := "Hook"
	f := &cdp.Function{
		ID: "0195a1f0-7d7e-7000-8000-00000000000f", Project: 1, Type: cdp.Destination, Name: &name, Enabled: true,
		Hog: src, Bytecode: program(h.t, src), Filters: always, Version: 3,
	}
	for i := 0; i+1 < len(inputs); i += 2 {
		f.Inputs = append(f.Inputs, cdp.Input{Key: inputs[i], Value: asJSON(h.t, inputs[i+1]), Bytecode: template(h.t, inputs[i+1]), Order: i / 2})
		f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Key: inputs[i], Type: "string"})
	}
	return f
}

func (h *house) compile(f *cdp.Function) *executor.Function {
	h.t.Helper()
	c, err := h.x.Compile(f)
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

var shop = cdp.Project{ID: 1, Name: "Shop", Token: "phc_shop"}

func event(props string) cdp.Event {
	return cdp.Event{
		Project: 1, UUID: "0195a1f0-7d7e-7000-8000-000000000001", Name: "signed up", DistinctID: "u1",
		Timestamp: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), ReceivedAt: time.Date(2026, 3, 1, 10, 0, 0, 412e6, time.UTC),
		Properties: json.RawMessage(props),
	}
}

func (h *house) scope(ev cdp.Event) *executor.Scope {
	h.t.Helper()
	s, err := h.x.NewScope(shop, ev)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// story is all that a run led to, over all its steps.
type story struct {
	executor.Result
	logs    []string
	steps   int
	retries int
	waits   []time.Duration
}

func (s *story) has(t *testing.T, level, part string) {
	t.Helper()
	for _, l := range s.logs {
		if strings.HasPrefix(l, level+" ") && strings.Contains(l, part) {
			return
		}
	}
	t.Errorf("no %s log with %q in\n%s", level, part, strings.Join(s.logs, "\n"))
}

// run takes the only invocation of f through all its steps; between two of
// them it goes through JSON, as in the queue.
func (h *house) run(f *cdp.Function, ev cdp.Event) story {
	h.t.Helper()
	c := h.compile(f)
	m := h.x.Match(c, h.scope(ev))
	if len(m.Planned) != 1 {
		h.t.Fatalf("%d invocations, outcomes %v, logs %v", len(m.Planned), m.Outcomes, m.Logs)
	}
	return h.finish(c, m.Planned[0].Invocation)
}

func (h *house) finish(c *executor.Function, inv cdp.Invocation) story {
	h.t.Helper()
	var s story
	for s.steps = 1; ; s.steps++ {
		var next cdp.Invocation
		if err := json.Unmarshal(asJSON(h.t, inv), &next); err != nil {
			h.t.Fatal(err)
		}
		res, err := h.x.Run(context.Background(), shop, c, &next)
		if err != nil {
			h.t.Fatal(err)
		}
		inv = next
		s.Fetches += res.Fetches
		s.Captured = append(s.Captured, res.Captured...)
		for _, l := range res.Logs {
			s.logs = append(s.logs, string(l.Level)+" "+l.Message)
		}
		if res.Done {
			fetches, captured := s.Fetches, s.Captured
			s.Result = res
			s.Fetches, s.Captured = fetches, captured
			return s
		}
		if res.Retried {
			s.retries++
		}
		s.waits = append(s.waits, time.Until(res.ResumeAt))
	}
}

func TestDestinationDelivers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	f := h.destination(`
		let res := fetch(inputs.url, {'method': 'PUT', 'headers': {'X-A': inputs.name, 'X-N': 5}, 'body': {'event': event.event, 'p': inputs.props}})
		print('status', res.status, res.body, res.headers['content-type'])
		return 1`,
		"url", h.url+"/hook", "name", "Hi {person.name}", "props", "{event.properties}")
	s := h.run(f, event(`{"n":1.5,"$set":{"email":"ada@example.com"}}`))
	got := h.requests()
	if len(got) != 1 || got[0].method != "PUT" || got[0].path != "/hook" || got[0].body != `{"event":"signed up","p":{"n":1.5,"$set":{"email":"ada@example.com"}}}` {
		t.Fatalf("requests = %+v", got)
	}
	if got[0].headers.Get("X-A") != "Hi ada@example.com" || got[0].headers.Get("X-N") != "" || got[0].contentType != "" {
		t.Errorf("headers = %v", got[0].headers)
	}
	if s.Outcome != cdp.OutcomeSucceeded || s.Fetches != 1 || s.Attempts != 1 {
		t.Errorf("result = %+v", s.Result)
	}
	s.has(t, "info", `status, 200, {"ok":true}, text/plain`)
	s.has(t, "debug", "Function completed in ")
	if l := s.logs[len(s.logs)-1]; strings.Contains(l, "Sync: 0ms") || strings.Contains(l, "in 0ms") {
		t.Errorf("no time was measured: %s", l)
	}
	s.has(t, "debug", "Event: 'https://hog.example.com/project/1/events/0195a1f0-7d7e-7000-8000-000000000001/2026-03-01T10%3A00%3A00.000Z'")
}

// Rows of the acceptance table of the runtime specification, 15.3.
func TestExecutionTable(t *testing.T) {
	t.Parallel()
	status := func(codes ...int) func(int, http.ResponseWriter) {
		return func(n int, w http.ResponseWriter) {
			w.WriteHeader(codes[min(n, len(codes)-1)])
			fmt.Fprintf(w, "answer %d", n+1)
		}
	}
	for _, tt := range []struct {
		row      string
		src      string
		answer   func(int, http.ResponseWriter)
		change   func(*cdp.Function)
		outcome  cdp.Outcome
		requests int
		logs     []string
		never    string
		time     time.Duration
		check    func(t *testing.T, h *house, s story)
	}{
		{row: "9 fetch without options", src: "fetch(inputs.url)", outcome: cdp.OutcomeSucceeded, requests: 1,
			check: func(t *testing.T, h *house, _ story) {
				if r := h.requests()[0]; r.method != "POST" || r.contentType != "application/json" || r.body != "" {
					t.Errorf("request = %+v", r)
				}
			}},
		{row: "10 empty headers", src: "fetch(inputs.url, {'headers': {}, 'body': 'x'})", outcome: cdp.OutcomeSucceeded, requests: 1,
			check: func(t *testing.T, h *house, _ story) {
				if r := h.requests()[0]; r.contentType != "" || r.body != "x" {
					t.Errorf("request = %+v", r)
				}
			}},
		{row: "11 GET with a body", src: "fetch(inputs.url, {'method': 'get', 'body': 'x'})", outcome: cdp.OutcomeSucceeded, requests: 1,
			check: func(t *testing.T, h *house, _ story) {
				if r := h.requests()[0]; r.method != "GET" || r.body != "" {
					t.Errorf("request = %+v", r)
				}
			}},
		{row: "12 redirect", src: "print(fetch(inputs.url).status)", answer: func(_ int, w http.ResponseWriter) {
			w.Header().Set("Location", "/x")
			w.WriteHeader(302)
		}, outcome: cdp.OutcomeSucceeded, requests: 1, logs: []string{"info 302"}},
		{row: "13 500, 500, 200", src: "print(fetch(inputs.url).body)", answer: status(500, 500, 200), outcome: cdp.OutcomeSucceeded, requests: 3,
			logs: []string{
				"error HTTP fetch failed on attempt 1 with status code 500. Error: answer 1. Retrying.",
				"error HTTP fetch failed on attempt 2 with status code 500. Error: answer 2. Retrying.", "info answer 3"},
			check: func(t *testing.T, _ *house, s story) {
				if s.Fetches != 1 || s.retries != 2 || s.Attempts != 3 {
					t.Errorf("fetches %d, retries %d, attempts %d", s.Fetches, s.retries, s.Attempts)
				}
			}},
		{row: "14 500 three times, ignored", src: "print(fetch(inputs.url).status)", answer: status(500), outcome: cdp.OutcomeFailed, requests: 3,
			logs: []string{"info 500", "error HTTP fetch failed on attempt 3 with status code 500. Error: answer 3."}, never: "answer 3. Retrying",
			check: func(t *testing.T, _ *house, s story) {
				if s.ErrorKind != "http_5xx" || !strings.Contains(s.Error, "status code 500") {
					t.Errorf("error = %q %q", s.ErrorKind, s.Error)
				}
			}},
		{row: "15 404", src: "fetch(inputs.url)", answer: status(404), outcome: cdp.OutcomeFailed, requests: 1,
			logs: []string{"error HTTP fetch failed on attempt 1 with status code 404. Error: answer 1."}, never: "Retrying"},
		{row: "16 404 that is no failure", src: "fetch(inputs.url)", answer: status(404), outcome: cdp.OutcomeSucceeded, requests: 1,
			change: func(f *cdp.Function) {
				f.Inputs = append(f.Inputs, cdp.Input{Key: "ok", Value: json.RawMessage(`[404,"5xx"]`), Order: 9})
				f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Key: "ok", Type: "non_failure_status_codes"})
			},
			logs: []string{"info HTTP fetch failed on attempt 1 with status code 404."}, never: "Retrying"},
		{row: "18 private address", src: "let r := fetch('http://169.254.169.254/latest'); print(r.status, r.body)", outcome: cdp.OutcomeFailed, requests: 0,
			logs:  []string{"error HTTP fetch failed on attempt 1 with status code (none). Error: Hostname is not allowed.", "info 500, SecureRequestError: Hostname is not allowed"},
			never: "Retrying"},
		{row: "18 mapped address", src: "print(fetch('http://[::ffff:10.0.0.1]/').body)", outcome: cdp.OutcomeFailed, requests: 0,
			logs: []string{"info SecureRequestError: Hostname is not allowed"}, never: "Retrying"},
		{row: "20 six fetches", src: "for (let i := 0; i < 6; i := i + 1) { fetch(inputs.url) }", outcome: cdp.OutcomeFailed, requests: 5,
			logs: []string{"error Error executing function on event 0195a1f0-7d7e-7000-8000-000000000001: HogVMException: Exceeded maximum number of async steps: 5"}},
		{row: "21 thirty prints", src: "for (let i := 0; i < 30; i := i + 1) { print('line', i) }", outcome: cdp.OutcomeSucceeded,
			logs: []string{"info line, 23", "warn Function exceeded maximum log entries. No more logs will be collected. Event: 0195a1f0-7d7e-7000-8000-000000000001"}, never: "line, 24"},
		{row: "6.6 an error that is caught stays a failure", src: "try { let r := fetch(inputs.url); if (r.status >= 400) { throw Error('no') } } catch (e) { print('caught') }",
			answer: status(404), outcome: cdp.OutcomeFailed, requests: 1, logs: []string{"info caught"}},
		{row: "6.6 thrown", src: "let r := fetch(inputs.url); throw Error('it is bad', {'a': 1})", answer: status(400), outcome: cdp.OutcomeFailed, requests: 1,
			logs: []string{"error Error executing function on event 0195a1f0-7d7e-7000-8000-000000000001: Error('it is bad')"}},
		{row: "never answers", src: "print(fetch(inputs.url).body)", answer: func(_ int, w http.ResponseWriter) { time.Sleep(time.Second) },
			outcome: cdp.OutcomeFailed, requests: 3,
			logs: []string{"error HTTP fetch failed on attempt 1 with status code (none). Error: timeout after 500 ms. Retrying.", "info TimeoutError: timeout after 500 ms"},
			check: func(t *testing.T, _ *house, s story) {
				if s.ErrorKind != "timeout" {
					t.Errorf("kind = %q", s.ErrorKind)
				}
			}},
		{row: "huge answer", src: "print(fetch(inputs.url).body)", answer: func(_ int, w http.ResponseWriter) { w.Write(make([]byte, 2<<20)) },
			outcome: cdp.OutcomeFailed, requests: 1, logs: []string{"info ResponseSizeError: Response body exceeds the limit of 1048576 bytes"}},
		{row: "loops for ever", src: "while (true) { }", outcome: cdp.OutcomeFailed,
			logs: []string{"error Error executing function on event 0195a1f0-7d7e-7000-8000-000000000001: HogVMException: Execution timed out after 0.55 seconds. Performed "},
			check: func(t *testing.T, _ *house, s story) {
				if s.ErrorKind != "timeout" {
					t.Errorf("kind = %q", s.ErrorKind)
				}
			}},
		{row: "recurses for ever", src: "fn f(n) { return f(n + 1) } f(1)", outcome: cdp.OutcomeFailed, logs: []string{"HogVMException: Call stack exceeded maximum length of 1000"}},
		{row: "eats memory", src: "let a := []; while (true) { a := arrayPushBack(a, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx') a := [a, a] }", outcome: cdp.OutcomeFailed,
			logs: []string{"error Error executing function on event"}},
		{row: "doubles a text", src: "let s := 'xxxxxxxxxxxxxxxx'; while (true) { s := concat(s, s) }", outcome: cdp.OutcomeFailed, time: time.Minute,
			logs: []string{"HogVMException: Memory limit of 67108864 bytes exceeded. Tried to allocate "},
			check: func(t *testing.T, _ *house, s story) {
				if s.ErrorKind != "oom" {
					t.Errorf("kind = %q", s.ErrorKind)
				}
			}},
		{row: "prints megabytes", time: time.Minute, src: "let s := 'xxxxxxxxxxxxxxxx'; for (let i := 0; i < 17; i := i + 1) { s := concat(s, s) } print(s)", outcome: cdp.OutcomeSucceeded,
			logs: []string{"xxxx... (truncated)"},
			check: func(t *testing.T, _ *house, s story) {
				for _, l := range s.logs {
					if len(l) > 10_100 {
						t.Errorf("a log line of %d bytes", len(l))
					}
				}
			}},
		{row: "unknown function", src: "sendEmail({})", outcome: cdp.OutcomeFailed, logs: []string{"HogVMException: Unsupported function call: sendEmail"}},
		{row: "missing global", src: "print(nothing.here)", outcome: cdp.OutcomeFailed, logs: []string{"Global variable not found: nothing.here"}},
		{row: "address that is no text", src: "print(fetch(5).body)", outcome: cdp.OutcomeFailed,
			logs: []string{"info SecureRequestError: URL must have HTTP or HTTPS protocol and a valid hostname"}},
		{row: "fetch through a variable", src: "let f := fetch; print(f(inputs.url).status)", outcome: cdp.OutcomeSucceeded, requests: 1, logs: []string{"info 200"}},
	} {
		t.Run(tt.row, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(c *executor.Config) { c.Time = tt.time })
			if tt.answer != nil {
				h.answer = tt.answer
			}
			f := h.destination(tt.src, "url", h.url)
			if tt.change != nil {
				tt.change(f)
			}
			s := h.run(f, event(`{}`))
			if s.Outcome != tt.outcome {
				t.Errorf("outcome = %s (%s), want %s", s.Outcome, s.Error, tt.outcome)
			}
			if n := len(h.requests()); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			all := strings.Join(s.logs, "\n")
			for _, l := range tt.logs {
				if !strings.Contains(all, l) {
					t.Errorf("no log %q in\n%.2000s", l, all)
				}
			}
			if tt.never != "" && strings.Contains(all, tt.never) {
				t.Errorf("a log with %q in\n%s", tt.never, all)
			}
			if tt.check != nil {
				tt.check(t, h, s)
			}
		})
	}
}

func TestRefusedConnectionIsTriedThreeTimes(t *testing.T) { // 15.3, 17
	t.Parallel()
	h := newHouse(t, nil)
	dead := httptest.NewServer(nil)
	dead.Close()
	s := h.run(h.destination("let r := fetch(inputs.url); print(r.status, r.body)", "url", dead.URL), event(`{}`))
	if s.Outcome != cdp.OutcomeFailed || s.Attempts != 3 || s.retries != 2 {
		t.Errorf("result = %+v", s.Result)
	}
	s.has(t, "info", "500, ConnectError: connect ECONNREFUSED 127.0.0.1:")
}

func TestRetryAfterIsHonoured(t *testing.T) { // 15.3, 19
	t.Parallel()
	for _, tt := range []struct {
		header string
		least  time.Duration
		most   time.Duration
	}{
		{"2", 1900 * time.Millisecond, 2 * time.Second},
		{"86400", 299 * time.Second, 300 * time.Second},
		{time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 50 * time.Second, 61 * time.Second},
		{"soon", -time.Second, time.Second},
	} {
		h := newHouse(t, nil)
		h.answer = func(n int, w http.ResponseWriter) {
			if n == 0 {
				w.Header().Set("Retry-After", tt.header)
				w.WriteHeader(429)
			}
		}
		s := h.run(h.destination("fetch(inputs.url)", "url", h.url), event(`{}`))
		if s.Outcome != cdp.OutcomeSucceeded || len(s.waits) != 1 || s.waits[0] < tt.least || s.waits[0] > tt.most {
			t.Errorf("Retry-After %s: %s after waits of %v", tt.header, s.Outcome, s.waits)
		}
	}
}

func TestStateSurvivesTheQueue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.answer = func(n int, w http.ResponseWriter) {
		if n%2 == 0 {
			w.WriteHeader(503)
		}
	}
	f := h.destination(`
		let seen := []
		for (let i := 0; i < 3; i := i + 1) {
			let got := fetch(f'{inputs.url}/{i}')
			seen := arrayPushBack(seen, (i, got.status))
		}
		print(seen)`, "url", h.url)
	s := h.run(f, event(`{}`))
	if s.Outcome != cdp.OutcomeSucceeded || s.steps != 4 || s.Fetches != 3 {
		t.Errorf("%s after %d steps and %d fetches", s.Outcome, s.steps, s.Fetches)
	}
	s.has(t, "info", "[[0,200],[1,200],[2,200]]")
}

func TestSavedFunctionLeavesBegunRunsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.answer = func(n int, w http.ResponseWriter) {
		if n == 0 {
			w.WriteHeader(503)
		}
	}
	old := h.compile(h.destination("fetch(inputs.url); print('old code')", "url", h.url))
	fresh := h.compile(h.destination("print('new code')", "url", h.url))
	inv := h.x.Match(old, h.scope(event(`{}`))).Planned[0].Invocation
	if res, err := h.x.Run(t.Context(), shop, old, &inv); err != nil || res.Done {
		t.Fatalf("first step: %+v, %v", res, err)
	}
	s := h.finish(fresh, inv)
	s.has(t, "info", "old code")
}

func TestSleepSuspends(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := h.run(h.destination("print('a'); sleep(2); print('b'); sleep(900)"), event(`{}`))
	if s.Outcome != cdp.OutcomeSucceeded || len(s.waits) != 2 || s.retries != 0 || s.waits[0] < time.Second || s.waits[1] > time.Minute {
		t.Errorf("%s after waits of %v", s.Outcome, s.waits)
	}
	s.has(t, "info", "b")
}

func TestInterruptedFetchIsOurOwnFailure(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	h.answer = func(int, http.ResponseWriter) { cancel(); time.Sleep(100 * time.Millisecond) }
	c := h.compile(h.destination("fetch(inputs.url)", "url", h.url))
	inv := h.x.Match(c, h.scope(event(`{}`))).Planned[0].Invocation
	if _, err := h.x.Run(ctx, shop, c, &inv); err == nil {
		t.Error("no error")
	}
}

func TestSecretsAreRedacted(t *testing.T) { // 15.3, 22
	t.Parallel()
	h := newHouse(t, nil)
	h.answer = func(_ int, w http.ResponseWriter) {
		w.WriteHeader(400)
		fmt.Fprint(w, "you sent hush-1 and bearer-2")
	}
	f := h.destination(`
		print(inputs.api_key, inputs.headers, inputs.plain)
		fetch(f'{inputs.url}?k={inputs.api_key}')
		throw Error(concat('bad key ', inputs.api_key))`,
		"url", h.url, "api_key", "hush-1", "plain", "seen")
	f.Inputs = append(f.Inputs, cdp.Input{Key: "headers", Value: json.RawMessage(`{"Authorization":"Bearer bearer-2","X-Other":"open"}`), Order: 5})
	f.InputsSchema = append(f.InputsSchema, cdp.InputSchema{Key: "headers", Type: "dictionary"})
	s := h.run(f, event(`{}`))
	all := strings.Join(s.logs, "\n") + s.Error
	for _, secret := range []string{"hush-1", "bearer-2"} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is in\n%s", secret, all)
		}
	}
	s.has(t, "info", `***REDACTED***, {"Authorization":"***REDACTED***","X-Other":"open"}, seen`)
	s.has(t, "error", "Error('bad key ***REDACTED***')")
}

func TestLogTimesAreDistinct(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	h := newHouse(t, func(c *executor.Config) { c.Now = func() time.Time { return at } })
	c := h.compile(h.destination("print(1); print(2); print(3)"))
	inv := h.x.Match(c, h.scope(event(`{}`))).Planned[0].Invocation
	res, err := h.x.Run(t.Context(), shop, c, &inv)
	if err != nil || len(res.Logs) != 4 {
		t.Fatalf("%+v, %v", res, err)
	}
	for i := 1; i < len(res.Logs); i++ {
		if !res.Logs[i].Time.After(res.Logs[i-1].Time) {
			t.Errorf("entry %d is not later than the one before", i)
		}
	}
}
