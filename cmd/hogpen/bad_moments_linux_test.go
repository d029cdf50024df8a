package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hogpen/app"
	"hogpen/app/apptest"
)

// The clock jumps back by a day while the server runs: what is sent then is
// delivered, what was to be tried again soon is not put off for a day, pages
// and sessions go on, and when the clock is right again so is everything.
func TestClockJumpsBack(t *testing.T) {
	t.Parallel()
	var back atomic.Int64
	h := apptest.New(t, func(c *app.Config) { c.Now = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) } })
	id := forward(t, h, "counted")
	var down atomic.Bool
	h.Sink.Answer(func(apptest.Request) (int, string) {
		if down.Load() {
			return 503, "down"
		}
		return 200, "{}"
	})
	h.Capture(t, "counted", "before", nil)
	h.Sink.Wait(t, 1)
	down.Store(true)
	h.Capture(t, "counted", "waits", nil)
	h.Sink.Wait(t, 2)
	back.Store(int64(24 * time.Hour))
	down.Store(false)
	h.Capture(t, "counted", "during", nil)
	apptest.Eventually(t, func() error {
		got := map[string]int{}
		for _, d := range delivered(t, h.Sink.Requests()) {
			got[d.Who]++
		}
		if got["before"] != 1 || got["waits"] < 2 || got["during"] != 1 {
			return fmt.Errorf("delivered: %v", got)
		}
		return nil
	})
	h.MustAPI(t, 200, "PATCH", h.Project("hog_functions/%s/", id), map[string]any{"name": "Saved meanwhile"}, nil)
	h.SignIn(t)
	back.Store(0)
	h.Capture(t, "counted", "after", nil)
	if n := settled(t, h, id, 4); n["succeeded"] != 4 {
		t.Errorf("totals are %v", n)
	}
}

// filesOf counts what a process has open.
func filesOf(t *testing.T, pid int) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// No file descriptor is left: whoever is connected is served, whoever comes
// waits, nothing acknowledged is lost, and all goes on once there are some
// again. Nobody is told that an event was stored that was not.
func TestNoFilesLeft(t *testing.T) {
	t.Parallel()
	dir, h, _ := prepared(t)
	server := serveIn(t, dir)
	p := &poster{others: map[int]int{}}
	for i := range 20 {
		p.one(server.url, h.Info.ProjectToken, fmt.Sprint("before", i))
	}
	pid := server.cmd.Process.Pid
	var was unix.Rlimit
	few := uint64(filesOf(t, pid) + 4)
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: few, Max: was.Max}, nil); err != nil {
		t.Fatal(err)
	}
	// Strangers take what is left, and keep it.
	var strangers []net.Conn
	for range 40 {
		c, err := net.Dial("tcp", strings.TrimPrefix(server.url, "http://"))
		if err != nil {
			break // the backlog is full, too
		}
		strangers = append(strangers, c)
	}
	t.Cleanup(func() {
		for _, c := range strangers {
			c.Close()
		}
	})
	apptest.Eventually(t, func() error {
		if n := filesOf(t, pid); uint64(n) < few {
			return fmt.Errorf("%d of %d files are open", n, few)
		}
		return nil
	})
	// The poster's connection of before is alive: its events are stored, though
	// no connection to the destination can be opened.
	for i := range 20 {
		p.one(server.url, h.Info.ProjectToken, fmt.Sprint("during", i))
	}
	for _, c := range strangers {
		c.Close()
	}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &was, nil); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	apptest.Eventually(t, func() error {
		if status, text := bodyOf(t, server.url+"/_ready"); status != 200 {
			return fmt.Errorf("/_ready answers %d %s", status, text)
		}
		return nil
	})
	if !strings.Contains(server.errs.String(), "new connections wait") {
		t.Errorf("the log does not tell: %s", server.errs)
	}
	apptest.Eventually(t, func() error {
		if status := p.one(server.url, h.Info.ProjectToken, fmt.Sprint("after", len(p.count()))); status != 200 {
			return fmt.Errorf("status %d, %s", status, server.errs)
		}
		return nil
	})
	p.delivers(t, h.Sink)
	t.Logf("%d acknowledged, others %v, %d delivered; the log: %s", len(p.acked), p.others, len(h.Sink.Requests()), server.errs)
	if code := server.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, server.errs)
	}
}

// A data folder that cannot be written to stops the start with one sentence
// that names it; made writable again, it has lost nothing.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir, h, _ := prepared(t)
	writable := readOnly(t, dir)
	cmd := exec.Command("hogpen", "serve", "--addr", "127.0.0.1:0", "--data", dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ended with %v", err)
	}
	if text := strings.TrimSpace(said.String()); !strings.HasPrefix(text, "hogpen: ") || !strings.Contains(text, dir) || strings.Contains(text, "\n") {
		t.Errorf("it said %q", text)
	}
	t.Log(said.String())
	writable()
	server := serveIn(t, dir)
	h.URL = server.url
	h.Capture(t, "counted", "after", nil)
	h.Sink.Wait(t, 1)
	server.end(t, syscall.SIGTERM)
}

// readOnly takes the right to write away from everybody: root is stopped by a
// mount only, others cannot mount and are stopped by modes.
func readOnly(t *testing.T, dir string) (writable func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			t.Fatalf("bind mount: %v", err)
		}
		writable = func() {
			if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
				t.Errorf("unmount: %v", err)
			}
		}
		if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			writable()
			t.Fatalf("remount: %v", err)
		}
		return writable
	}
	modes := func(folder, file os.FileMode) {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := os.Chmod(f, file); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, folder); err != nil {
			t.Fatal(err)
		}
	}
	modes(0o500, 0o400)
	return func() { modes(0o700, 0o600) }
}

// smallDisk moves a data folder onto a file system of its own, and gives what
// fills that and what makes room again. Only root can mount one.
func smallDisk(t *testing.T, dir string) (data string, full, room func()) {
	t.Helper()
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=32m"); err != nil {
		t.Fatalf("mount a tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	if out, err := exec.Command("cp", "-a", dir, filepath.Join(disk, "data")).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v %s", err, out)
	}
	ballast := filepath.Join(disk, "ballast")
	full = func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, size := range []int{1 << 20, 1 << 12} {
			for {
				if _, err := f.Write(make([]byte, size)); err != nil {
					break
				}
			}
		}
	}
	room = func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(disk, "data"), full, room
}

// bodyOf reads a page; only its status and text matter.
func bodyOf(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}
