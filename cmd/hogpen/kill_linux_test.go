package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"hogpen/app/apptest"
)

// atOnce bounds how many deliveries one kill can repeat: what is in hand when
// the process dies, which is at most this many invocations of one function
// (the engine's share of a function) and what the queue finishes with them.
const atOnce = 64

// uuidOf is the UUID that an event of this name is sent with.
func uuidOf(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String()
}

// kill -9 at any moment: every event that was answered 200 is delivered at
// least once; what is delivered again is little, and is the same invocation; no
// metric counts more than was done; and the databases are whole. HOGPEN_SOAK=200
// sets the number of kills.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	dir, h, function := prepared(t)
	p := &poster{others: map[int]int{}}
	rounds := soak(t, 6)
	for round := range rounds {
		server := serveIn(t, dir)
		before := len(p.count())
		work := p.many(server.url, h.Info.ProjectToken, fmt.Sprint("kill", round), nil)
		for len(p.count()) < before+20 {
			time.Sleep(time.Millisecond)
		}
		// Not a wait for something: the moment of the kill is the experiment.
		time.Sleep(time.Duration(rand.IntN([]int{300, 300, 1500}[round%3])) * time.Millisecond)
		if code := server.end(t, syscall.SIGKILL); code != -1 {
			t.Fatalf("the server ended by itself with code %d: %s", code, server.errs)
		}
		work.Wait()
	}
	last := serveIn(t, dir)
	h.URL = last.url
	p.delivers(t, h.Sink)
	times := map[string]int{}
	for _, d := range delivered(t, h.Sink.Requests()) {
		times[d.Who]++
	}
	all := len(h.Sink.Requests())
	again := all - len(times)
	if again > rounds*atOnce {
		t.Errorf("%d of %d deliveries are repeated, after %d kills", again, all, rounds)
	}
	oneRunEach(t, h, times)
	totals := quiet(t, h, function)
	if n := totals["succeeded"] + totals["failed"]; n > all {
		t.Errorf("the metrics count %d runs, and %d were done: %v", n, all, totals)
	}
	t.Logf("%d kills, %d acknowledged, %d delivered, %d of them again; metrics: %v", rounds, len(p.acked), all, again, totals)
	if code := last.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, last.errs)
	}
	whole(t, dir)
}

// oneRunEach asks for the traces of what was delivered more than once: one
// invocation each. The record of an event, unlike the event, is lost if the
// process was killed before the next writing, twice a second.
func oneRunEach(t *testing.T, h *apptest.House, times map[string]int) {
	t.Helper()
	looked := 0
	for name, n := range times {
		if n < 2 || looked == 20 {
			continue
		}
		var trace struct {
			Runs []struct {
				InvocationID string `json:"invocation_id"`
			}
		}
		status, raw := h.API(t, "GET", h.Project("events/%s/trace/", uuidOf(name)), nil)
		if status == 404 {
			continue
		}
		if err := json.Unmarshal(raw, &trace); status != 200 || err != nil {
			t.Fatalf("trace: %d %s", status, raw)
		}
		looked++
		if len(trace.Runs) != 1 {
			t.Errorf("%s was delivered %d times, by the invocations %v", name, n, trace.Runs)
		}
	}
	t.Logf("%d traces of repeated deliveries looked at", looked)
}

// quiet gives a function's totals once they no longer change.
func quiet(t *testing.T, h *apptest.House, function string) (totals map[string]int) {
	t.Helper()
	apptest.Eventually(t, func() error {
		now := totalsOf(t, h, function)
		if fmt.Sprint(now) == fmt.Sprint(totals) && len(now) > 0 {
			return nil
		}
		totals = now
		time.Sleep(1500 * time.Millisecond) // three times as long as the recorder waits
		return fmt.Errorf("they still change: %v", now)
	})
	return totals
}

// whole asks SQLite whether each database of a data folder is whole.
func whole(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil || len(files) < 4 {
		t.Fatalf("databases are %v, %v", files, err)
	}
	for _, file := range files {
		d, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		var says string
		if err := d.QueryRowContext(t.Context(), "pragma integrity_check").Scan(&says); err != nil || says != "ok" {
			t.Errorf("%s: %s %v", filepath.Base(file), says, err)
		}
		var broken []string
		rows, err := d.QueryContext(t.Context(), "pragma foreign_key_check")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			broken = append(broken, file)
		}
		if err := rows.Close(); err != nil || len(broken) > 0 {
			t.Errorf("%s: %d references lead nowhere, %v", filepath.Base(file), len(broken), err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// kill -9 while a destination has a request in hand: the invocation, which
// nobody acknowledged, is done again by the next process.
func TestKilledDuringFetch(t *testing.T) {
	t.Parallel()
	dir, h, _ := prepared(t)
	arrived := make(chan struct{}, 4)
	var first atomic.Bool
	destination := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		if first.CompareAndSwap(false, true) {
			<-r.Context().Done() // never answers the one that will be killed
		}
	}))
	t.Cleanup(destination.Close)
	h.Restart(t)
	id := h.CreateFunction(t, map[string]any{
		"type": "destination", "name": "Slow", "enabled": true, "hog": "fetch('" + destination.URL + "')",
		"filters": map[string]any{"source": "events", "events": []any{map[string]any{"id": "slow", "type": "events"}}},
	})
	h.Stop(t)
	server := serveIn(t, dir)
	h.URL = server.url
	h.Capture(t, "slow", "u1", nil)
	await(t, arrived)
	if code := server.end(t, syscall.SIGKILL); code != -1 {
		t.Fatalf("the server ended by itself with code %d: %s", code, server.errs)
	}
	server = serveIn(t, dir)
	h.URL = server.url
	await(t, arrived)
	if n := settled(t, h, id, 1); n["succeeded"] != 1 || n["failed"] != 0 {
		t.Errorf("totals are %v", n)
	}
	server.end(t, syscall.SIGTERM)
}

func await(t *testing.T, arrived <-chan struct{}) {
	t.Helper()
	select {
	case <-arrived:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing arrived within 30 s")
	}
}
