package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite"

	"hogpen/app/apptest"
)

// Another process holds the database: what must be written there waits, is
// then refused with a reason, and is welcome again later. Reading, taking
// events in and delivering them go on all the while.
func TestLockedDatabase(t *testing.T) {
	t.Parallel()
	var log operatorLog
	h := apptest.New(t, log.keep)
	forward(t, h, "good")
	id := h.CreateFunction(t, map[string]any{"type": "destination", "name": "Before", "hog": "return 1"})
	one := h.Project("hog_functions/%s/", id)
	browser := h.SignIn(t)
	token := apptest.CSRF(t, browser, h.URL+"/account/keys")

	other, err := sql.Open("sqlite", filepath.Join(h.Dir, "hogpen.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "begin exclusive"); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	if status, raw := h.API(t, "PATCH", one, map[string]any{"name": "During"}); status != 503 || !bytes.Contains(raw, []byte("The database is busy. Try again in a moment.")) {
		t.Errorf("a save: %d %s", status, raw)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a save was refused after %s", took)
	}
	if !strings.Contains(log.String(), "request failed") || !strings.Contains(log.String(), "SQLITE_BUSY") {
		t.Error("the log does not tell that the database is locked")
	}
	began = time.Now()
	var f struct{ Name string }
	h.MustAPI(t, 200, "GET", one, nil, &f)
	if took := time.Since(began); took > 2*time.Second || f.Name != "Before" {
		t.Errorf("reading took %s and gave %+v", took, f)
	}
	res, err := browser.PostForm(h.URL+fmt.Sprintf("/p/%d/_/functions/%s/enabled", h.Info.ProjectID, id), url.Values{"enabled": {"true"}, "_csrf": {token}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != 503 || !bytes.Contains(page, []byte("The database is busy. Try again in a moment.")) {
		t.Errorf("a switch in the browser: %d %v %.300s", res.StatusCode, err, page)
	}
	h.Capture(t, "good", "u", nil)
	h.Sink.Wait(t, 1)

	if _, err := conn.ExecContext(t.Context(), "rollback"); err != nil {
		t.Fatal(err)
	}
	h.MustAPI(t, 200, "PATCH", one, map[string]any{"name": "After"}, &f)
	if f.Name != "After" {
		t.Errorf("after the lock: %+v", f)
	}
}

// process is a server of its own, for what a server in the test's process
// could not survive.
type process struct {
	cmd  *exec.Cmd
	url  string
	rest chan string // what it printed after its address, once it ended
	errs *operatorLog
}

// serveIn starts a server on a data folder and waits for its address.
func serveIn(t *testing.T, dir string, flags ...string) *process {
	t.Helper()
	p := &process{rest: make(chan string, 1), errs: &operatorLog{}}
	flags = append([]string{"serve", "--addr", "127.0.0.1:0", "--data", dir, "--fetch-allow", "127.0.0.1/32", "--log-level", "warn"}, flags...)
	p.cmd = exec.Command("hogpen", flags...)
	p.cmd.Stderr = p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	lines := bufio.NewScanner(out)
	for p.url == "" && lines.Scan() {
		if address, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Open "); ok {
			p.url = strings.TrimSpace(address)
		}
	}
	if p.url == "" {
		t.Fatalf("the server did not start: %s", p.errs)
	}
	go func() {
		var rest strings.Builder
		for lines.Scan() {
			fmt.Fprintln(&rest, lines.Text())
		}
		p.rest <- rest.String()
	}()
	return p
}

// end sends a signal and gives the exit code, -1 when the signal killed it.
func (p *process) end(t *testing.T, s os.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	<-p.rest
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// prepared gives a data folder with an owner, and a destination that sends to
// the sink.
func prepared(t *testing.T) (dir string, h *apptest.House, function string) {
	t.Helper()
	h = apptest.New(t)
	function = forward(t, h, "counted")
	ctx := t.Context()
	if err := h.App.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	return h.Dir, h, function
}

// soak gives how often a test does its work: HOGPEN_SOAK times in the long
// form (make soak), a few times otherwise.
func soak(t *testing.T, times int) int {
	t.Helper()
	if s := os.Getenv("HOGPEN_SOAK"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("HOGPEN_SOAK is %q, want a number", s)
		}
		return n
	}
	return times
}

// poster posts events until it is told to end, or until the server is gone,
// and remembers those that were answered 200.
type poster struct {
	mu     sync.Mutex
	acked  []string
	others map[int]int
	header http.Header // of the last refusal
}

func (p *poster) one(url, token, name string) int {
	body, _ := json.Marshal(map[string]any{"api_key": token, "event": "counted", "distinct_id": name, "uuid": uuidOf(name)})
	res, err := http.Post(url+"/i/v0/e/", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if res.StatusCode == 200 {
		p.acked = append(p.acked, name)
	} else {
		p.others[res.StatusCode]++
		p.header = res.Header.Clone()
	}
	return res.StatusCode
}

// many posts from four clients until stop is closed or the server is gone.
func (p *poster) many(url, token, round string, stop <-chan struct{}) *sync.WaitGroup {
	var work sync.WaitGroup
	for c := range 4 {
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if p.one(url, token, fmt.Sprint(round, "-", c, "-", i)) == 0 {
					return
				}
			}
		})
	}
	return &work
}

// missing lists the acknowledged events that the sink did not get.
func missing(t *testing.T, acked []string, sink *apptest.Sink) (lost []string) {
	t.Helper()
	got := map[string]bool{}
	for _, d := range delivered(t, sink.Requests()) {
		got[d.Who] = true
	}
	for _, name := range acked {
		if !got[name] {
			lost = append(lost, name)
		}
	}
	return lost
}

// delivers waits until everything acknowledged has arrived.
func (p *poster) delivers(t *testing.T, sink *apptest.Sink) {
	t.Helper()
	var lost []string
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if lost = missing(t, p.acked, sink); len(lost) == 0 {
			return
		}
	}
	t.Errorf("%d of %d acknowledged events were not delivered, such as %v", len(lost), len(p.acked), lost[:min(len(lost), 5)])
}

// SIGTERM under load: the server ends with code 0 within its grace, and what
// it had taken in is delivered, by it or by the next one.
func TestTerminateUnderLoad(t *testing.T) {
	t.Parallel()
	dir, h, _ := prepared(t)
	info, sink := h.Info, h.Sink
	p := &poster{others: map[int]int{}}
	server := serveIn(t, dir)
	stop := make(chan struct{})
	work := p.many(server.url, info.ProjectToken, "term", stop)
	sink.Wait(t, 50)
	began := time.Now()
	if code := server.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, server.errs)
	}
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	close(stop)
	work.Wait()
	if len(p.others) > 0 {
		t.Errorf("refused: %v", p.others)
	}
	next := serveIn(t, dir)
	p.delivers(t, sink)
	t.Logf("%d acknowledged, %d delivered", len(p.acked), len(sink.Requests()))
	next.end(t, syscall.SIGTERM)
}

func (p *poster) count() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.acked
}

// A disk that takes nothing more: events are refused with a request to try
// again, none that was acknowledged is lost, and all goes on once there is
// room. The disk is a limit on the size of the server's files, which anybody
// may set, and for root a small file system too.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("limit", func(t *testing.T) {
		t.Parallel()
		dir, h, _ := prepared(t)
		server := serveIn(t, dir)
		limit := func(bytes uint64) func() {
			return func() {
				if err := unix.Prlimit(server.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		fullDisk(t, server, h, limit(4096), limit(unix.RLIM_INFINITY))
	})
	if os.Geteuid() != 0 {
		return
	}
	t.Run("tmpfs", func(t *testing.T) {
		t.Parallel()
		dir, h, _ := prepared(t)
		disk, full, room := smallDisk(t, dir)
		fullDisk(t, serveIn(t, disk), h, full, room)
		whole(t, disk)
	})
}

// fullDisk posts before, during and after.
func fullDisk(t *testing.T, server *process, h *apptest.House, full, room func()) {
	info, sink := h.Info, h.Sink
	p := &poster{others: map[int]int{}}
	for i := range 20 {
		p.one(server.url, info.ProjectToken, fmt.Sprint("before", i))
	}
	full()
	refused := 0
	for i := 0; i < 4000 && refused < 10; i++ {
		if p.one(server.url, info.ProjectToken, fmt.Sprint("during", i)) == 503 {
			refused++
		}
	}
	if refused == 0 || len(p.others) != 1 {
		t.Fatalf("on a full disk: %d acknowledged, others %v; want 503", len(p.acked), p.others)
	}
	if p.header.Get("Retry-After") == "" {
		t.Errorf("a refusal has the headers %v, want Retry-After", p.header)
	}
	if status, text := bodyOf(t, server.url+"/_ready"); status != 503 {
		t.Errorf("/_ready answers %d %s", status, text)
	}
	if status, text := bodyOf(t, server.url+"/login"); status != 503 || !strings.Contains(text, "disk") || strings.Contains(text, "is starting") {
		t.Errorf("/login answers %d %s", status, text)
	}
	if !strings.Contains(server.errs.String(), "events were not stored") {
		t.Errorf("the log does not tell: %s", server.errs)
	}
	room()
	again := 0
	for end := time.Now().Add(20 * time.Second); again < 10 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if p.one(server.url, info.ProjectToken, fmt.Sprint("after", len(p.acked))) == 200 {
			again++
		}
	}
	if again < 10 {
		t.Errorf("with room again: %v, %s", p.others, server.errs)
	}
	p.delivers(t, sink)
	if code := server.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d: %s", code, server.errs)
	}
}
