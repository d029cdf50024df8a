package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"hogpen/app"
	"hogpen/app/apptest"
)

// A house that was stopped leaves no goroutine and no open file behind, even
// if somebody was reading along. It must not run beside other tests.
func TestStoppedHouseLeavesNothing(t *testing.T) {
	h := apptest.New(t)
	destination(t, h, "x", "print('hello')\nreturn fetch('"+h.Sink.URL+"')")
	if err := h.App.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	cfg := app.DefaultConfig()
	cfg.Addr, cfg.Data, cfg.LogLevel, cfg.FetchAllow = "127.0.0.1:0", h.Dir, "error", []string{"127.0.0.1/32"}
	count := func() (goroutines, files int) {
		http.DefaultClient.CloseIdleConnections()
		runtime.GC()
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return runtime.NumGoroutine(), len(list)
	}
	live := func() {
		a, err := app.New(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		h.URL = "http://" + a.Addr()
		h.Capture(t, "x", "u", nil)
		stream := watch(t, h)
		began := time.Now()
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		t.Logf("stopped after %s", time.Since(began))
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("a stream held the stop up for %s", took)
		}
		if err := stream(); err != nil {
			t.Errorf("the stream did not end well: %v", err)
		}
	}
	live() // what is made once for the process
	goroutines, files := count()
	for range 3 {
		live()
	}
	apptest.Eventually(t, func() error {
		g, f := count()
		if g > goroutines+2 || f > files+1 {
			buf := make([]byte, 1<<20)
			return fmt.Errorf("%d goroutines and %d files, %d and %d before\n%s\n%s", g, f, goroutines, files, openFiles(), buf[:runtime.Stack(buf, true)])
		}
		return nil
	})
}

// openFiles names what the process has open.
func openFiles() string {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err.Error()
	}
	var names []string
	for _, f := range list {
		if name, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil {
			names = append(names, name)
		}
	}
	return strings.Join(names, "\n")
}

// watch opens the live log and gives a function that reads it to its end.
func watch(t *testing.T, h *apptest.House) (rest func() error) {
	t.Helper()
	c := h.SignIn(t)
	res, err := c.Get(fmt.Sprintf("%s/p/%d/_/logs/stream", h.URL, h.Info.ProjectID))
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != ": open" || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("the stream begins with %d %q", res.StatusCode, lines.Text())
	}
	return func() error {
		defer res.Body.Close()
		defer c.CloseIdleConnections()
		for lines.Scan() {
		}
		return lines.Err()
	}
}
