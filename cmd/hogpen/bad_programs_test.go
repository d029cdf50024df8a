package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hogpen/app"
	"hogpen/app/apptest"
)

// logRow is one log entry of the API.
type logRow struct {
	InstanceID, Level, Message string
}

// logsOf reads the log entries of a function, oldest first.
func logsOf(t *testing.T, h *apptest.House, id string) []logRow {
	t.Helper()
	var page struct {
		Results []struct {
			InstanceID string `json:"instance_id"`
			Level      string
			Message    string
		}
	}
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/logs/?limit=500", id), nil, &page)
	var out []logRow
	for i := len(page.Results) - 1; i >= 0; i-- {
		r := page.Results[i]
		out = append(out, logRow{r.InstanceID, r.Level, r.Message})
	}
	return out
}

// totalsOf reads the totals of a function's metrics by name.
func totalsOf(t *testing.T, h *apptest.House, id string) map[string]int {
	t.Helper()
	var out struct{ Totals map[string]int }
	h.MustAPI(t, 200, "GET", h.Project("hog_functions/%s/metrics/totals/?breakdown_by=name", id), nil, &out)
	return out.Totals
}

// settled waits until so many runs of a function ended, and gives its totals.
// The metrics are written twice a second, and a key may ask eight times.
func settled(t *testing.T, h *apptest.House, id string, runs int) map[string]int {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; {
		n := totalsOf(t, h, id)
		if n["succeeded"]+n["failed"] >= runs {
			return n
		}
		if time.Now().After(end) {
			t.Fatalf("%d runs of function %s did not end within 40 s: %v", runs, id, n)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// destination makes an enabled destination of the named event with this source.
func destination(t *testing.T, h *apptest.House, event, hog string) string {
	t.Helper()
	return h.CreateFunction(t, map[string]any{
		"type": "destination", "name": event, "enabled": true, "hog": hog,
		"filters": map[string]any{"source": "events", "events": []map[string]any{{"id": event, "name": event, "type": "events", "order": 0}}},
	})
}

// Programs that misbehave end by themselves: with the specified text in the
// log, a failed run in the metrics, and no harm to the function beside them.
func TestBadPrograms(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	forward(t, h, "good")
	for _, c := range []struct {
		name, hog string
		want      string // a pattern of the last log entry
	}{
		{"loops for ever", "while (true) {}", `HogVMException: Execution timed out after 0\.55 seconds\. Performed \d+ ops\.$`},
		{"loops in vain attempts", "while (true) { try { throw Error('x') } catch (e) {} }", `Execution timed out after 0\.55 seconds\.`},
		{"recurses for ever", "fun f(n) { return f(n + 1) }\nreturn f(0)", `HogVMException: Call stack exceeded maximum length of 1000$`},
		{"recurses through a lambda", "let g := null\ng := x -> g(x)\nreturn g(1)", `(Call stack exceeded maximum length of 1000|timed out)`},
		{"eats memory by a list", "let l := []\nwhile (true) { l := arrayPushBack(l, '0123456789') }", `(Memory limit of 67108864 bytes exceeded\. Tried to allocate \d+ bytes\.|timed out)`},
		{"eats memory by a text", "let s := 'x'\nwhile (true) { s := concat(s, s) }", `HogVMException: Memory limit of 67108864 bytes exceeded\. Tried to allocate \d+ bytes\.$`},
		{"eats memory by a text that is replaced", "let s := replaceAll('aaaaaaaaaaaaaaaaaaaa', 'a', 'aaaaaaaaaaaaaaaaaaaa')\nwhile (true) { s := replaceAll(s, 'a', s) }", `(Memory limit of 67108864 bytes exceeded|timed out)`},
		{"eats memory by a value that holds itself over and over", "let a := ['0']\nlet i := 0\nwhile (i < 60) { a := [a, a]\ni := i + 1 }\nreturn length(jsonStringify(a))", `(The text of a value is longer than 16777216 bytes|timed out)`},
		{"throws", "throw Error('no such luck')", `Error\('no such luck'\)$`},
		{"fetches six times", "let i := 0\nwhile (i < 6) { fetch('" + h.Sink.URL + "/six', {'method': 'GET'})\n i := i + 1 }", `Exceeded maximum number of async steps: 5$`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, raw := h.API(t, "POST", h.Project("hog_functions/"), map[string]any{
				"type": "destination", "name": c.name, "enabled": true, "hog": c.hog,
				"filters": map[string]any{"events": []map[string]any{{"id": c.name, "name": c.name, "type": "events", "order": 0}}},
			})
			var f struct{ ID string }
			if err := json.Unmarshal(raw, &f); err != nil || status != http.StatusCreated {
				t.Fatalf("%d %s", status, raw)
			}
			before := len(h.Sink.Requests())
			began := time.Now()
			h.Capture(t, c.name, "u", nil)
			h.Capture(t, "good", "u", nil)
			h.Sink.Wait(t, before+1)
			if n := settled(t, h, f.ID, 1); n["failed"] != 1 || n["succeeded"] != 0 {
				t.Errorf("totals are %v, want one failed", n)
			}
			logs := logsOf(t, h, f.ID)
			if len(logs) == 0 {
				t.Fatal("nothing was logged")
			}
			last := logs[len(logs)-1]
			if last.Level != "ERROR" || last.InstanceID == "" || !strings.HasPrefix(last.Message, "Error executing function on event ") ||
				!regexp.MustCompile(c.want).MatchString(last.Message) {
				t.Errorf("the last entry is %+v, want %s", last, c.want)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A loop that is met by many events keeps the processors busy, but not for
// itself alone.
func TestLoopsDoNotStarveOthers(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	destination(t, h, "spin", "while (true) {}")
	forward(t, h, "good")
	for i := range 12 {
		h.Capture(t, "spin", fmt.Sprint("u", i), nil)
	}
	began := time.Now()
	h.Capture(t, "good", "u", nil)
	h.Sink.Wait(t, 1)
	t.Logf("delivered after %s", time.Since(began))
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("delivered after %s", took)
	}
}

// A program that prints megabytes: 24 lines, each cut at 10,000 characters,
// and one warning.
func TestPrintsMegabytes(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	id := destination(t, h, "chatty", `
let line := 'é'
while (length(line) < 40000) { line := concat(line, line) }
let i := 0
while (i < 60) { print(i, line)
i := i + 1 }
return true`)
	h.Capture(t, "chatty", "u", nil)
	if n := settled(t, h, id, 1); n["succeeded"] != 1 {
		t.Errorf("totals are %v, want one success", n)
	}
	logs := logsOf(t, h, id)
	if len(logs) != 26 {
		t.Fatalf("%d entries, want 24 lines, a warning and the end", len(logs))
	}
	for i, l := range logs[:24] {
		text, cut := strings.CutSuffix(l.Message, "... (truncated)")
		if l.Level != "INFO" || !cut || len([]rune(text)) != 10_000 || !strings.HasPrefix(text, fmt.Sprintf("%d, é", i)) {
			t.Errorf("entry %d: %s, %d characters, %.20s", i, l.Level, len([]rune(text)), text)
		}
	}
	if w := logs[24]; w.Level != "WARN" || !strings.HasPrefix(w.Message, "Function exceeded maximum log entries. No more logs will be collected. Event: ") {
		t.Errorf("the warning is %+v", w)
	}
	if !strings.HasPrefix(logs[25].Message, "Function completed in ") {
		t.Errorf("the end is %+v", logs[25])
	}
}

// Addresses that are not public are refused without a connection, in every
// spelling, and through redirects; there is no second attempt.
func TestFetchesPrivateAddresses(t *testing.T) {
	t.Parallel()
	h := apptest.New(t, func(c *app.Config) { c.FetchAllow = nil })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(h.Sink.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{
		h.Sink.URL, "http://localhost:" + port, "http://[::1]:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port,
		"http://127.1:" + port, "http://2130706433:" + port, "http://0x7f.0.0.1:" + port, "http://169.254.169.254/latest/meta-data/",
		"http://10.0.0.1/", "http://user:pass@127.0.0.1:" + port, "file:///etc/passwd", "gopher://127.0.0.1:" + port, "http://", "//127.0.0.1:" + port, h.URL,
	}
	ids := map[string]string{}
	for i, target := range targets {
		event := fmt.Sprint("private ", i)
		ids[target] = destination(t, h, event, fmt.Sprintf("let r := fetch('%s/x', {'method': 'GET'})\nprint(r.status, r.body)", target))
		h.Capture(t, event, "u", nil)
	}
	for target, id := range ids {
		if n := settled(t, h, id, 1); n["failed"] != 1 || n["succeeded"] != 0 {
			t.Errorf("%s: totals are %v, want one failed", target, n)
		}
		logs := logsOf(t, h, id)
		if len(logs) == 0 || !strings.HasPrefix(logs[0].Message, "HTTP fetch failed on attempt ") {
			t.Errorf("%s: logs are %+v", target, logs)
			continue
		}
		if u, err := url.Parse(target); err == nil && u.Port() == port && u.Hostname() == "127.0.0.1" && u.Scheme == "http" &&
			!strings.Contains(logs[0].Message, "attempt 1 with status code (none). Error: Hostname is not allowed.") {
			t.Errorf("%s: the first entry is %+v", target, logs[0])
		}
		if strings.Contains(fmt.Sprint(logs), "pass@") {
			t.Errorf("%s: the log shows the password: %+v", target, logs)
		}
	}
	if got := h.Sink.Requests(); len(got) != 0 {
		t.Errorf("%d requests arrived: %+v", len(got), got)
	}
}

// A destination that takes the connection and never answers: three attempts,
// each told as a timeout, then a failed run; its neighbour is not delayed.
func TestDestinationThatNeverAnswers(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	h := apptest.New(t)
	forward(t, h, "good")
	id := destination(t, h, "void", "let r := fetch('http://"+silent.Addr().String()+"/', {'body': {'a': 1}})\nprint(r.status, r.body)")
	for i := range 80 { // more than one function may have in hand
		h.Capture(t, "void", fmt.Sprint("u", i), nil)
	}
	began := time.Now()
	h.Capture(t, "good", "u", nil)
	h.Sink.Wait(t, 1)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the neighbour's event was delivered after %s", took)
	}
	if n := settled(t, h, id, 1); n["failed"] == 0 || n["succeeded"] != 0 {
		t.Errorf("totals are %v", n)
	}
	byRun := map[string][]string{}
	for _, l := range logsOf(t, h, id) {
		byRun[l.InstanceID] = append(byRun[l.InstanceID], l.Level+" "+l.Message)
	}
	for _, lines := range byRun {
		if len(lines) < 4 {
			continue
		}
		want := []string{
			"ERROR HTTP fetch failed on attempt 1 with status code (none). Error: timeout after 3000 ms. Retrying.",
			"ERROR HTTP fetch failed on attempt 2 with status code (none). Error: timeout after 3000 ms. Retrying.",
			"ERROR HTTP fetch failed on attempt 3 with status code (none). Error: timeout after 3000 ms.",
			"INFO 500, TimeoutError: timeout after 3000 ms",
		}
		for i, w := range want {
			if lines[i] != w {
				t.Errorf("entry %d is %q, want %q", i, lines[i], w)
			}
		}
		return
	}
	t.Errorf("no run has all its entries: %v", byRun)
}
