package app_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hogpen/app"
	"hogpen/app/apptest"
	"hogpen/cdp"
	"hogpen/db"
)

// killDir is where the child of TestMemoriesOutliveAKill finds its data.
const killDir = "HOGPEN_TEST_KILL_DIR"

// serveChild is a Hogpen that runs until it is killed.
func serveChild(t *testing.T, dir string) {
	cfg := app.DefaultConfig()
	cfg.Addr, cfg.Data, cfg.FetchAllow, cfg.LogLevel = "127.0.0.1:0", dir, []string{"127.0.0.1/32"}, "error"
	a, err := app.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("at http://" + a.Addr())
	<-t.Context().Done()
}

// startChild starts one and gives its address and what kills it at once.
func startChild(t *testing.T, dir string) (url string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestMemoriesOutliveAKill$", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "at "); ok {
			return at, kill
		}
	}
	t.Fatal("the child did not start")
	return "", nil
}

// TestMemoriesOutliveAKill kills a process that counted for masking and took
// an event in, and sends both again to the next process.
func TestMemoriesOutliveAKill(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		serveChild(t, dir)
		return
	}
	t.Parallel()
	h := apptest.New(t)
	for _, f := range []struct {
		name    string
		masking any
	}{{"plain", nil}, {"masked", map[string]any{"ttl": 3600, "threshold": nil, "hash": "{event.distinct_id}"}}} {
		h.CreateFunction(t, map[string]any{
			"type": "destination", "name": f.name, "enabled": true, "filters": map[string]any{"source": "events"}, "masking": f.masking,
			"hog": "fetch(f'" + h.Sink.URL + "/" + f.name + "/{event.uuid}')",
		})
	}
	h.Stop(t)
	const first, second = "0195a1f0-7d7e-7000-8000-000000000001", "0195a1f0-7d7e-7000-8000-000000000002"
	send := func(url, uuid string) {
		t.Helper()
		body := fmt.Sprintf(`{"api_key":%q,"event":"a","distinct_id":"u1","uuid":%q}`, h.Info.ProjectToken, uuid)
		res, err := http.Post(url+"/capture/", "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("capture: %d", res.StatusCode)
		}
	}
	url, kill := startChild(t, h.Dir)
	send(url, first)
	h.Sink.Wait(t, 2)
	written(t, h.Dir, first)
	kill()
	url, kill = startChild(t, h.Dir)
	defer kill()
	send(url, first)  // a client that had no answer tries again
	send(url, second) // the same person: masked
	h.Sink.Wait(t, 3)
	written(t, h.Dir, second)
	var got []string
	for _, r := range h.Sink.Requests() {
		got = append(got, r.Path)
	}
	slices.Sort(got)
	if want := []string{"/masked/" + first, "/plain/" + first, "/plain/" + second}; !slices.Equal(got, want) {
		t.Errorf("requests = %v, want %v", got, want)
	}
}

// written waits until an event and a window of masking are in the data folder.
func written(t *testing.T, dir, uuid string) {
	t.Helper()
	s, err := db.Open(t.Context(), db.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	apptest.Eventually(t, func() error {
		found := false
		err := s.NewestEvents(t.Context(), time.Time{}, 10, func(_ cdp.ProjectID, have string) { found = found || have == uuid })
		if err != nil {
			return err
		}
		w, err := s.Windows(t.Context(), time.Now(), 10)
		if err == nil && (!found || len(w) != 1) {
			err = errors.New("not written yet")
		}
		return err
	})
}
