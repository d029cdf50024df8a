package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"hogpen/app"
	"hogpen/app/apptest"
)

func TestOneServerADataFolder(t *testing.T) {
	t.Parallel()
	h := apptest.New(t)
	cfg := app.DefaultConfig()
	cfg.Data, cfg.Addr = h.Dir, "127.0.0.1:0"
	_, err := app.New(t.Context(), cfg)
	if err == nil || !strings.Contains(err.Error(), "another hogpen serves the data folder") {
		t.Fatalf("a second server on the same folder: %v", err)
	}
	h.Restart(t)
	res, err := http.Get(h.URL + "/_ready")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("after the restart /_ready answers %d", res.StatusCode)
	}
}

// Stop may come twice, and without Start.
func TestStopTwice(t *testing.T) {
	t.Parallel()
	cfg := app.DefaultConfig()
	cfg.Data, cfg.Addr = t.TempDir(), "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// A demo begins with functions and events, and refuses other people's folders.
func TestDemo(t *testing.T) {
	t.Parallel()
	cfg := app.DefaultConfig()
	cfg.Data, cfg.Addr, cfg.Demo, cfg.LogLevel = t.TempDir(), "127.0.0.1:0", true, "error"
	for round := range 2 { // the second start finds what the first one made
		a, err := app.New(t.Context(), cfg)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := a.Start(t.Context()); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		summary := a.Summary()
		if !strings.Contains(summary, "demo@hogpen.example") || !strings.Contains(summary, a.Addr()) {
			t.Errorf("the summary does not say how to sign in and where: %s", summary)
		}
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("round %d: stop: %v", round, err)
		}
	}

	h := apptest.New(t)
	h.Stop(t)
	cfg.Data = h.Dir
	if _, err := app.New(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "has users that no demo made") {
		t.Errorf("a demo on somebody's folder: %v", err)
	}
}
