package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"hogpen/app/apptest"
)

// mostBacklogMB is what a server may hold in memory, however much waits.
const mostBacklogMB = 200

// What waits lies on the disk: memory is bounded while a backlog comes in, and
// while it is worked off. Beyond --max-inbox capture says so, and nothing is
// lost. 20,000 events here; two million with HOGPEN_SOAK=200.
func TestBacklogStaysOnDisk(t *testing.T) {
	dir, h, _ := prepared(t)
	arrived := forwardLoad(t, h)
	events := 10_000 * soak(t, 2)

	taking := serveIn(t, dir, "--roles", "web,capture", "--max-inbox", fmt.Sprint(events))
	l := &load{url: taking.url, token: h.Info.ProjectToken, padding: strings.Repeat("x", 1200)}
	began, most := time.Now(), 0
	for l.sent < events {
		l.batch(t)
		if l.sent%10_000 == 0 {
			most = max(most, resident(t, taking.cmd.Process.Pid))
		}
	}
	t.Logf("%d events came in within %s; %d MB resident at most", events, time.Since(began).Round(time.Second), most)
	if most > mostBacklogMB {
		t.Errorf("%d MB resident while a backlog comes in, want at most %d", most, mostBacklogMB)
	}
	if depth := queued(t, taking.url); depth != events {
		t.Errorf("%d messages wait, want %d", depth, events)
	}
	refused(t, l)
	if code := taking.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, taking.errs)
	}

	working := serveIn(t, dir, "--max-inbox", fmt.Sprint(events))
	began, most = time.Now(), 0
	for depth := events; depth > 0; depth = queued(t, working.url) {
		most = max(most, resident(t, working.cmd.Process.Pid))
		if time.Since(began) > time.Minute+time.Duration(events)*time.Millisecond {
			t.Fatalf("%d messages wait still after %s", depth, time.Since(began))
		}
		time.Sleep(50 * time.Millisecond) // between two samples of memory
	}
	t.Logf("worked off within %s; %d MB resident at most", time.Since(began).Round(time.Second), most)
	if most > mostBacklogMB {
		t.Errorf("%d MB resident while a backlog is worked off, want at most %d", most, mostBacklogMB)
	}
	apptest.Eventually(t, func() error {
		if n := arrived.Load(); n != int64(events/10) {
			return fmt.Errorf("%d of %d events were delivered", n, events/10)
		}
		return nil
	})
}

// refused posts one more batch, to a queue that is full.
func refused(t *testing.T, l *load) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"api_key": l.token, "batch": []any{map[string]any{"event": "late", "distinct_id": "u"}}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(l.url+"/batch/", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("a full queue answers %d, Retry-After %q; want 503 with it", res.StatusCode, res.Header.Get("Retry-After"))
	}
}

// queued is how many messages wait for a server, by its metrics.
func queued(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url + "/_metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "hogpen_queue_depth") {
			var n float64
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &n); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			sum += int(n)
		}
	}
	return sum
}
