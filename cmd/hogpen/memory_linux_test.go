package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hogpen/app/apptest"
)

// resident is a process's memory in MB, from /proc.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kb >> 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// load sends batches of 100 events, of which one in ten is forwarded.
type load struct {
	url, token, padding string
	sent                int
}

func (l *load) batch(t *testing.T) {
	t.Helper()
	var events []map[string]any
	for i := range 100 {
		l.sent++
		events = append(events, map[string]any{"event": name(i), "distinct_id": fmt.Sprint("u", l.sent%5000),
			"properties": map[string]any{"n": l.sent, "padding": l.padding}})
	}
	body, err := json.Marshal(map[string]any{"api_key": l.token, "batch": events})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(l.url+"/batch/", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("batch: %d", res.StatusCode)
	}
}

// forwardLoad makes the function that forwards one in ten events of a load, and
// counts what arrives; nothing is kept, for there is much.
func forwardLoad(t *testing.T, h *apptest.House) *atomic.Int64 {
	t.Helper()
	arrived := new(atomic.Int64)
	destination := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	t.Cleanup(destination.Close)
	h.Restart(t)
	h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Loaded", "enabled": true, "hog": "fetch('" + destination.URL + "', {'body': event})",
		"filters": map[string]any{"source": "events", "events": []any{map[string]any{"id": "loaded", "type": "events"}}},
	})
	h.Stop(t)
	return arrived
}

// At 70 % of the rate that one client reaches, memory grows to a level and
// stays there, and no file is left open. A few seconds here; an hour with
// HOGPEN_SOAK=200 (18 s each).
func TestMemoryStaysFlat(t *testing.T) {
	dir, h, _ := prepared(t)
	arrived := forwardLoad(t, h)
	server := serveIn(t, dir)
	l := &load{url: server.url, token: h.Info.ProjectToken, padding: strings.Repeat("x", 1200)}
	pid := server.cmd.Process.Pid

	began, first := time.Now(), l.sent
	for time.Since(began) < 3*time.Second {
		l.batch(t)
	}
	pace := time.Since(began) * 10 / 7 / time.Duration((l.sent-first)/100)

	span := 12 * time.Second
	if n := soak(t, 1); n > 1 {
		span = time.Duration(n) * 18 * time.Second
	}
	var memory, files []int
	began, first = time.Now(), l.sent
	tick := time.NewTicker(pace)
	defer tick.Stop()
	next := began
	for time.Since(began) < span {
		l.batch(t)
		if now := time.Now(); now.After(next) {
			memory, files = append(memory, resident(t, pid)), append(files, filesOf(t, pid))
			next = now.Add(span / 60)
		}
		<-tick.C
	}
	rate := float64(l.sent-first) / time.Since(began).Seconds()
	third := len(memory) / 3
	middle, last := median(memory[third:2*third]), median(memory[2*third:])
	t.Logf("%.0f events a second for %s; MB resident: %v; files: %d at first, %d at last", rate, span, memory, files[0], files[len(files)-1])
	if last > middle+middle/4+10 {
		t.Errorf("memory grows: %d MB in the middle third, %d MB in the last", middle, last)
	}
	if slices.Max(files[2*third:]) > slices.Max(files[:2*third])+5 {
		t.Errorf("open files grow: %v", files)
	}
	apptest.Eventually(t, func() error {
		if n := arrived.Load(); n < int64(l.sent/10) {
			return fmt.Errorf("%d of %d events were delivered", n, l.sent/10)
		}
		return nil
	})
	if code := server.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, server.errs)
	}
}

func median(list []int) int {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// name is that of a batch's event: one in ten is forwarded.
func name(i int) string {
	if i%10 == 0 {
		return "loaded"
	}
	return "other"
}
